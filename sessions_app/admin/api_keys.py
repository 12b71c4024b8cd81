"""API keys in the admin: what they may do, the sessions begun with them, and keys they made."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache

from accounts.admin import related
from accounts.admin.related import Section
from identity.admin import actor_of, components, site
from identity.admin.components import Action
from identity.models import ApiKey
from identity.pages.filters import JudgedFilter
from sessions_app.admin import api_key_acts
from sessions_app.admin.api_key_acts import PAGE
from sessions_app.models import MachineSession
from sessions_app.queries import key_states, machine_sessions

_SESSIONS: Final = ("Name", "State", "Ends", "")
_KEYS: Final = ("Name", "State", "Permissions", "Made")


class ApiKeyStates(JudgedFilter):
    """API keys by what their next request would meet."""

    words = key_states.WORDS

    def only(self, rows: "QuerySet[Any]", state: str, *, now: datetime) -> "QuerySet[Any]":
        """The keys of this state."""
        return key_states.only(rows, state, now=now)


@admin.register(ApiKey, site=site)
class ApiKeyAdmin(related.WithRelated):
    """API keys of this scope, the newest first."""

    view_permission = "api-keys:list"
    list_display = ("name", "state_now", "kind", "expires_at", "last_used_at", "created_at")
    list_filter = (ApiKeyStates, "kind")
    fields = (
        *("id", "key_id", "name", "state_now", "kind", "algorithm", "public_key", "acts_for"),
        *("role", "words", "of_solutions", "of_contexts", "from_networks", "created_at"),
        *("made_by", "last_used_at", "expires_at", "previous_until", "revoked_at"),
    )
    readonly_fields = (
        *("acts_for", "made_by", "state_now", "words"),
        *("of_solutions", "of_contexts", "from_networks"),
    )
    ordering = ("-created_at", "-id")
    audit_kind = "api-key"
    lead = "Credentials of programs. A secret is shown once; no page shows it again."
    when_empty = "There is no API key. Make one for a program that asks the API."

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """With what tells whether whom a key acts for may act."""
        return key_states.judged(super().get_queryset(request), now=datetime.now(UTC))

    @admin.display(description="state")
    def state_now(self, row: Any) -> str:
        """What its next request would meet."""
        return components.badge(key_states.of(row, now=datetime.now(UTC)))

    def list_actions(self, request: HttpRequest) -> Sequence[Action]:
        """The way to a new one."""
        if not actor_of(request).may("api-keys:create"):
            return ()
        return (Action("Make an API key", reverse("admin:api_key_create")),)

    def object_actions(self, request: HttpRequest, row: ApiKey) -> Sequence[Action]:
        """What can be done with it, while it is of use."""
        by = actor_of(request)
        if row.status == ApiKey.Status.REVOKED:
            return ()

        def to(name: str, act: str, **more: Any) -> Action:
            return Action(name, reverse(f"admin:api_key_{act}", args=[row.pk]), **more)

        found: list[Action] = []
        if by.may("api-keys:edit"):
            if row.kind != ApiKey.Kind.SIGNATURE:
                found.append(to("New secret", "rotate"))
            found.append(to("Limits", "bind"))
            if row.status == ApiKey.Status.DISABLED:
                found.append(to("Switch on", "enable"))
            else:
                found.append(to("Switch off", "disable", is_dangerous=True))
        if by.may("api-keys:delete"):
            found.append(to("Revoke", "revoke", is_dangerous=True))
        return found

    @admin.display(description="acts for")
    def acts_for(self, row: ApiKey) -> str:
        """The user's name."""
        return related.maker(row.user_id) if row.user_id else "the scope's own backend"

    @admin.display(description="made by")
    def made_by(self, row: ApiKey) -> str:
        """Whoever made it, or the key that did."""
        if row.made_by_key is None:
            return related.maker(row.created_by)
        maker = ApiKey.objects.filter(id=row.made_by_key).first()
        if maker is None:
            return "an API key"
        return related.link(reverse(PAGE, args=[maker.pk]), f"API key {maker.name}")

    @admin.display(description="permissions")
    def words(self, row: ApiKey) -> str:
        """The words that it holds."""
        return ", ".join(row.permissions) or "none"

    @admin.display(description="solutions")
    def of_solutions(self, row: ApiKey) -> str:
        """The solutions that it is bound to."""
        bound = row.limits.bound_solutions
        return "all" if bound is None else ", ".join(row.solutions)

    @admin.display(description="contexts")
    def of_contexts(self, row: ApiKey) -> str:
        """The contexts that it is bound to."""
        return ", ".join(row.contexts) or "all"

    @admin.display(description="may call from")
    def from_networks(self, row: ApiKey) -> str:
        """The networks that it is bound to."""
        return ", ".join(row.networks) or "anywhere"

    def related(self, request: HttpRequest, row: Any) -> Sequence[Section]:
        """Its sessions, and the keys that its program made."""
        by, now = actor_of(request), datetime.now(UTC)
        found = []
        if by.may("sessions:view"):
            found.append(_sessions(row, may_end=by.may("sessions:end"), now=now))
        return [*found, _made(row, now=now)]

    def get_urls(self) -> list[URLPattern]:
        """With the pages of acts."""
        wrap = self.admin_site.admin_view
        acts = ("revoke", "rotate", "bind", "disable", "enable")
        return [
            path("new/", wrap(never_cache(api_key_acts.create)), name="api_key_create"),
            *(
                path(
                    f"<uuid:api_key_id>/{act}/",
                    wrap(never_cache(getattr(api_key_acts, act))),
                    name=f"api_key_{act}",
                )
                for act in acts
            ),
            path(
                "<uuid:api_key_id>/sessions/<uuid:machine_session_id>/end/",
                wrap(never_cache(api_key_acts.end_session)),
                name="api_key_session_end",
            ),
            *super().get_urls(),
        ]


def _sessions(row: ApiKey, *, may_end: bool, now: datetime) -> Section:
    rows = MachineSession.objects.filter(api_key_id=row.pk).order_by("-created_at", "-id")
    return Section(
        title="Sessions",
        columns=_SESSIONS,
        rows=[_session(each, may_end=may_end, now=now) for each in rows[: related.MOST]],
        when_empty="No program has tokens for this key.",
    )


def _session(row: MachineSession, *, may_end: bool, now: datetime) -> Sequence[str]:
    state = machine_sessions.state(row, now=now)
    url = reverse("admin:api_key_session_end", args=[row.api_key_id, row.pk])
    can_end = may_end and state == machine_sessions.ACTIVE
    bound = f"on {row.address}" if row.address else "on one connection" if row.connection else ""
    name, renewed = row.name or "without a name", components.moment(row.refreshed_at)
    return (
        format_html("{}<div>renewed {} {}</div>", name, renewed, bound),
        components.badge(state),
        components.moment(row.ended_at or row.expires_at),
        related.act_link(url, "End", "the session") if can_end else "",
    )


def _made(row: ApiKey, *, now: datetime) -> Section:
    made = ApiKey.objects.filter(made_by_key=row.pk).order_by("-created_at", "-id")
    return Section(
        title="Keys that its program made",
        columns=_KEYS,
        rows=[
            (
                related.link(reverse(PAGE, args=[each.pk]), each.name or each.key_id),
                components.badge(key_states.of(each, now=now)),
                ", ".join(each.permissions) or "none",
                components.moment(each.created_at),
            )
            for each in key_states.judged(made, now=now)[: related.MOST]
        ],
        when_empty="None.",
    )
