"""API keys in the admin: made with the secret shown once, and revoked."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts import queries as accounts
from accounts.admin import acting, related
from accounts.admin.acting import Act
from identity import ids
from identity.actor import Actor
from identity.admin import ReadOnlyAdmin, actor_of, components, site
from identity.admin.acts import ConfirmForm
from identity.admin.components import Action
from identity.errors import DomainError
from identity.models import ApiKey
from identity.pages import sent_once, staff_acts
from identity.pages.filters import JudgedFilter
from identity.pages.staff_session import recently_proved
from identity.permissions import NOT_OF_KEYS
from invitations.services.governance import Done
from sessions_app.queries import key_states

LIST: Final = "admin:identity_apikey_changelist"
PAGE: Final = "admin:identity_apikey_change"
_COMMAND: Final = "api-key.create"


class ApiKeyForm(forms.Form):
    """A new bearer key. `sent` is new each time the form is shown, so that it is done once."""

    name = forms.CharField(max_length=200, help_text="What uses it: an app, a server, a script.")
    permissions = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "choices is-grouped"}),
        help_text="No more than you hold yourself. sessions:introspect lets it look into tokens.",
    )
    user = forms.CharField(
        max_length=254,
        required=False,
        label="Acts for",
        help_text="A user name: the key then can't do more than that user. Empty: your backend.",
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=3650,
        required=False,
        label="Valid for (days)",
        help_text="Empty: until it is revoked.",
    )
    sent = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *given: Any, by: Actor, **named: Any) -> None:
        super().__init__(*given, **named)
        words = sorted(by.permissions - NOT_OF_KEYS)
        groups = itertools.groupby(words, key=lambda word: word.partition(":")[0])
        choices = [(noun, [(word, word) for word in group]) for noun, group in groups]
        self.fields["permissions"].choices = choices  # type: ignore[attr-defined]

    def clean_user(self) -> str:
        """The id of the user of this name."""
        name = self.cleaned_data["user"].strip()
        if not name:
            return ""
        found = accounts.user_by_name(name)
        if found is None:
            raise forms.ValidationError("There is no such user.")
        return str(found)

    def details(self, now: datetime) -> dict[str, Any]:
        """The input of the command."""
        data = self.cleaned_data
        given: dict[str, Any] = {
            "api_key": str(ids.new()),
            "name": data["name"],
            "permissions": data["permissions"],
        }
        if data["user"]:
            given["user"] = data["user"]
        if data["days"]:
            given["expires_at"] = (now + timedelta(days=data["days"])).isoformat()
        return given


class ApiKeyStates(JudgedFilter):
    """API keys by what their next request would meet."""

    words = key_states.WORDS

    def only(self, rows: "QuerySet[Any]", state: str, *, now: datetime) -> "QuerySet[Any]":
        """The keys of this state."""
        return key_states.only(rows, state, now=now)


@admin.register(ApiKey, site=site)
class ApiKeyAdmin(ReadOnlyAdmin):
    """API keys of this scope, the newest first."""

    view_permission = "api-keys:list"
    list_display = ("name", "state_now", "kind", "expires_at", "last_used_at", "created_at")
    list_filter = (ApiKeyStates, "kind")
    fields = (
        *("id", "name", "state_now", "kind", "public_key", "acts_for", "role", "words"),
        *("created_at", "made_by", "last_used_at", "expires_at", "revoked_at"),
    )
    readonly_fields = ("acts_for", "made_by", "state_now", "words")
    ordering = ("-created_at", "-id")
    audit_kind = "api-key"
    lead = "Credentials of programs. A secret is shown once; only its digest is kept."
    when_empty = "There is no API key. Make one for a program that asks the API."

    def _plural(self) -> str:
        return "API keys"

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
        """The end, while it is of use."""
        is_on = row.status == ApiKey.Status.ACTIVE
        if not is_on or not actor_of(request).may("api-keys:delete"):
            return ()
        return (
            Action("Revoke", reverse("admin:api_key_revoke", args=[row.pk]), is_dangerous=True),
        )

    @admin.display(description="acts for")
    def acts_for(self, row: ApiKey) -> str:
        """The user's name."""
        return related.maker(row.user_id) if row.user_id else "the scope's own backend"

    @admin.display(description="made by")
    def made_by(self, row: ApiKey) -> str:
        """Whoever made it."""
        return related.maker(row.created_by)

    @admin.display(description="permissions")
    def words(self, row: ApiKey) -> str:
        """The words that it holds."""
        return ", ".join(row.permissions) or "none"

    def get_urls(self) -> list[URLPattern]:
        """With the pages of acts."""
        wrap = self.admin_site.admin_view
        return [
            path("new/", wrap(never_cache(create)), name="api_key_create"),
            path("<uuid:api_key_id>/revoke/", wrap(never_cache(revoke)), name="api_key_revoke"),
            *super().get_urls(),
        ]


@recently_proved
def create(request: HttpRequest) -> HttpResponse:
    """Make a key and show its secret in this one answer."""
    by = acting.require(request, "api-keys:create")
    form = ApiKeyForm(request.POST or None, by=by)
    if request.method == "POST" and form.is_valid():
        try:
            return _made(request, form, by)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
    around = _around(request, title="Make an API key", form=form)
    return TemplateResponse(request, "admin/api_key_form.html", around)


def _made(request: HttpRequest, form: ApiKeyForm, by: Actor) -> HttpResponse:
    now = datetime.now(UTC)
    answer = sent_once.once(
        str(form.cleaned_data["sent"]),
        lambda: staff_acts.submit(command=_COMMAND, details=form.details(now), by=by, now=now),
        by=by,
        now=now,
    )
    if not isinstance(answer, Done):
        staff_acts.report(request, answer, done="")
        return HttpResponseRedirect(reverse(LIST))
    key, secret = answer.result["api_key"], answer.result["secret"]
    around = _around(
        request,
        title="API key",
        name=key["name"],
        secret=secret,
        page=reverse(PAGE, args=[key["id"]]),
    )
    return TemplateResponse(request, "admin/api_key_once.html", around)


@recently_proved
def revoke(request: HttpRequest, api_key_id: UUID) -> HttpResponse:
    """End a key for ever."""
    acting.require(request, "api-keys:delete")
    row: Any = acting.found(ApiKey.objects.all(), api_key_id)
    act = Act(
        command="api-key.revoke",
        title=f"Revoke {row.name}",
        button="Revoke the key",
        done="The API key is revoked.",
        back=reverse(PAGE, args=[row.pk]),
        back_name="The API key",
        about=("Its next request is refused. This can't be taken back; make another key instead.",),
        is_dangerous=True,
    )
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: {"api_key": str(api_key_id)})


def _around(request: HttpRequest, **more: Any) -> dict[str, Any]:
    return {
        **site.each_context(request),
        "back": reverse(LIST),
        "back_name": "API keys",
        **more,
    }
