"""Tags of the admin's templates: components, times, the foot of lists."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django import forms, template
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.utils.safestring import SafeString, mark_safe

from identity.admin import components, lists

register = template.Library()

register.simple_tag(components.badge, name="badge")
register.simple_tag(components.copyable, name="copyable")


_LABEL: Final = re.compile(r'(?<= data-label=")[^"]')


@register.filter
def labelled(cell: SafeString) -> SafeString:
    """A cell of a list whose label, which phones show, begins as the head of its column does."""
    if not isinstance(cell, SafeString):
        raise TypeError("a cell of a list is markup")
    # Only the case of one letter of it changes.
    return mark_safe(_LABEL.sub(lambda found: found[0].upper(), cell, count=1))  # noqa: S308


@register.simple_tag
def moment(at: datetime | None) -> SafeString:
    """A time to the second in UTC, or a dash."""
    return components.moment(at)


@register.simple_tag
def pages_of(shown: ChangeList) -> lists.Pages:
    """The foot of a list."""
    return lists.pages_of(shown)


@register.simple_tag
def kept_parameters(shown: ChangeList) -> Sequence[tuple[str, str]]:
    """The filters that a search keeps."""
    return [
        (name, value)
        for name, values in shown.filter_params.items()
        if name != SEARCH_VAR
        for value in values
    ]


@register.filter
def in_a_sentence(name: str) -> str:
    """What a page is called, in a sentence: "the user", but "API keys" and names as they are."""
    return f"the {name[4:]}" if name.startswith("The ") else name


@register.filter
def is_choice(field: forms.BoundField) -> bool:
    """Whether a field is one box to tick."""
    return isinstance(field.field.widget, forms.CheckboxInput)
