"""Tags of the admin's templates: components, times, the foot of lists."""

from collections.abc import Sequence
from datetime import datetime

from django import forms, template
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.utils.safestring import SafeString

from identity.admin import components, lists

register = template.Library()

register.simple_tag(components.badge, name="badge")
register.simple_tag(components.copyable, name="copyable")


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
def is_choice(field: forms.BoundField) -> bool:
    """Whether a field is one box to tick."""
    return isinstance(field.field.widget, forms.CheckboxInput)
