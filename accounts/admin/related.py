"""What stands below the facts of an object: the things that belong to it, each in its section."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from identity.admin import ReadOnlyAdmin, components
from identity.admin.components import Action

MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Section:
    """A table with a heading. An empty column heading is that of actions.

    `body` stands in place of a table; `more` leads to the rows behind the last one; `search` is
    None where there is none.
    """

    title: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    when_empty: str = ""
    actions: Sequence[Action] = ()
    more: str = ""
    search: str | None = None
    search_label: str = ""
    body: SafeString | str = ""

    def lines(self) -> list[list[tuple[str, str]]]:
        """Each row as its cells, each with the heading that a narrow page shows beside it."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


class WithRelated(ReadOnlyAdmin):
    """A page about rows that shows what belongs to each."""

    change_form_template = "admin/related.html"

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """The sections, the most important one first."""
        raise NotImplementedError

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 Django's signature
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """With the sections."""
        context["related"] = self.related(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)


def link(url: str, text: object) -> SafeString:
    """A link; the text is escaped."""
    return format_html('<a href="{}">{}</a>', url, text)


def act_link(url: str, name: str, about: object) -> SafeString:
    """A link to an act; those who can't see the row hear what it is about."""
    return format_html('<a href="{}">{}<span class="off-screen"> {}</span>…</a>', url, name, about)


def maker(user_id: UUID | None) -> str:
    """Who made something, by name."""
    if user_id is None:
        return "the platform"
    name = User.objects.filter(id=user_id).values_list("username", flat=True).first()
    return name or "an operator of the platform"


def many(count: int, most: int) -> str:
    """A number that is not counted further than a bound."""
    return f"{most:,}+" if count > most else f"{count:,}"


def status(word: str) -> SafeString:
    """A state as a badge."""
    return components.badge(word)
