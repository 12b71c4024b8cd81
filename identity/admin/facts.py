"""The facts of a row as its page shows them: ids to copy, keys in a box, times in UTC."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.admin.utils import flatten_fieldsets, lookup_field
from django.db.models import Field, ForeignKey, JSONField
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from identity.admin import components

_LONG_ID: Final = re.compile(r"[0-9a-f-]{32,}")


def of(page: Any, row: Any, *, request: HttpRequest) -> Sequence[tuple[str, str]]:
    """Names and values of the fields that a page about rows shows, in its order."""
    names = flatten_fieldsets(page.get_fieldsets(request, row))
    return [(page.label_of(name), _shown(page, row, name)) for name in names]


def _shown(page: Any, row: Any, name: str) -> str:
    field, _, value = lookup_field(name, row, page)
    if isinstance(value, SafeString):
        return value
    if isinstance(field, ForeignKey):
        return _linked(field, getattr(row, name))
    if isinstance(field, JSONField):
        return code_of(value, name)
    if isinstance(field, Field) and field.choices and value:
        return components.badge(str(value))
    return value_of(value, name)


def value_of(value: object, name: str) -> str:
    """One value as it is best read. `name` is unique on the page."""
    if value is None or value == "":
        return components.nothing()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return format_html("{} UTC", components.moment(value))
    if isinstance(value, UUID):
        return components.copyable(str(value))
    text = str(value)
    if _LONG_ID.fullmatch(text):
        return components.copyable(text)
    return _code(text, name) if "\n" in text.strip() else text


def code_of(value: object, name: str) -> str:
    """A value with parts, as JSON in a box. `name` is unique on the page."""
    return _code(json.dumps(value, indent=2, ensure_ascii=False, default=str), name)


def _linked(field: "ForeignKey[Any, Any]", other: Any) -> str:
    if other is None:
        return value_of(None, field.name)
    options = other._meta  # noqa: SLF001 Django's public name for it
    try:
        url = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[other.pk])
    except NoReverseMatch:
        return str(other)
    return format_html('<a href="{}">{}</a>', url, other)


def _code(text: str, name: str) -> str:
    # What it is stands beside it.
    context = {"text": text.strip(), "name": "", "id": f"value-{name}"}
    return render_to_string("admin/components/code.html", context)
