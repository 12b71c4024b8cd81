"""Passkeys of staff in the admin: to get in, to show it again, and one's own.

A script asks for options, the browser asks the person, and a form carries the answer.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from identity.admin import access
from identity.admin.pages import asked
from identity.admin.signing_in import SignInForm
from identity.errors import DomainError, Missing
from identity.pages import passkey_forms, signing_in, staff_passkeys, staff_session
from identity.pages.passkey_forms import CredentialForm, PasskeyNameForm
from sessions_app.errors import ChallengeRefused, SignInRefused

View = Callable[..., HttpResponse]
_INDEX: Final = "admin:index"
_OWN: Final = "admin:own_sign_in"
_REFUSED: Final = (
    "This passkey does not sign you in here. It may have been removed or suspended, or belongs to "
    "another scope: name the right one, or sign in another way."
)
_LATE: Final = "That took too long. Use your passkey once more."
_OLDEST: Final = 254


def urls(site: admin.AdminSite) -> list[URLPattern]:
    """The addresses of these pages."""
    pages = PasskeyPages(site)
    signed_in, known = access.for_signed_in, access.for_known
    one = "sign-in/passkeys/<uuid:passkey_id>/"
    views: list[tuple[str, View, str]] = [
        ("login/passkey/", require_POST(pages.sign_in), "login_passkey"),
        ("login/passkey/options/", require_POST(options), "login_passkey_options"),
        ("one-time-password/passkey/", require_POST(pages.finish), "second_passkey"),
        ("one-time-password/passkey/options/", require_POST(second), "second_passkey_options"),
        ("reauthenticate/passkey/", known(require_POST(pages.prove)), "proof_passkey"),
        ("reauthenticate/passkey/options/", known(require_POST(proof)), "proof_passkey_options"),
        ("sign-in/passkeys/options/", signed_in(require_POST(own)), "own_passkey_options"),
        ("sign-in/passkeys/add/", signed_in(pages.add), "own_passkey_add"),
        (f"{one}rename/", signed_in(pages.rename), "own_passkey_rename"),
        (f"{one}remove/", signed_in(pages.remove), "own_passkey_remove"),
    ]
    return [path(address, never_cache(view), name=name) for address, view, name in views]


def options(request: HttpRequest) -> HttpResponse:
    """Options to sign in."""
    who = _who(request)
    return passkey_forms.ceremony(lambda: staff_passkeys.begin_sign_in(request, *who), _told)


def second(request: HttpRequest) -> HttpResponse:
    """Options for the second step."""
    return passkey_forms.ceremony(lambda: staff_passkeys.begin_second(request))


def proof(request: HttpRequest) -> HttpResponse:
    """Options to show it again."""
    return passkey_forms.ceremony(lambda: staff_passkeys.begin_proof(request))


def own(request: HttpRequest) -> HttpResponse:
    """Options to make another passkey of one's own."""
    return passkey_forms.ceremony(lambda: staff_passkeys.begin_own(request))


class PasskeyPages:
    """The pages with the frame of one site around them."""

    def __init__(self, site: admin.AdminSite) -> None:
        self.site = site

    def sign_in(self, request: HttpRequest) -> HttpResponse:
        """Sign in, or go on to the one-time password."""
        wanted = _wanted(request)
        slug, name = _who(request)
        try:
            answer = _answer(request)
            has_begun = staff_passkeys.signed_in(request, slug, name, answer, wanted=wanted)
        except DomainError as refusal:
            form = SignInForm(request, initial={"scope": slug, "username": name})
            return access.sign_in_page(self.site, request, form, wanted, _told(refusal))
        return HttpResponseRedirect(wanted if has_begun else reverse("admin:one_time_password"))

    def finish(self, request: HttpRequest) -> HttpResponse:
        """The second step of who gave a password."""
        if signing_in.half_signed_in(request) is None:
            return HttpResponseRedirect(reverse("admin:login"))
        wanted = staff_session.local(signing_in.wanted(request), reverse(_INDEX))
        try:
            staff_passkeys.finished(request, _answer(request))
        except DomainError as refusal:
            form = signing_in.CodeForm()
            return access.second_step_page(self.site, request, form, _told(refusal))
        return HttpResponseRedirect(wanted)

    def prove(self, request: HttpRequest) -> HttpResponse:
        """Show it again."""
        wanted = _wanted(request)
        try:
            staff_passkeys.proved(request, _answer(request))
        except DomainError as refusal:
            user: Any = request.user
            form = signing_in.ProofForm(asks_code=user.one_time_password_id is not None)
            return access.proof_page(self.site, request, form, wanted, _told(refusal))
        return HttpResponseRedirect(wanted)

    @staff_session.recently_proved
    def add(self, request: HttpRequest) -> HttpResponse:
        """Make another passkey of one's own."""
        form = PasskeyNameForm(request.POST if request.method == "POST" else None)

        def act(given: dict[str, Any]) -> HttpResponse:
            staff_passkeys.add(request, _answer(request), given["name"])
            return _back(request, "The passkey is added. It signs you in from now on.")

        return asked(form, act) or self._below(
            request, "own_passkey_add", form, title="Add a passkey"
        )

    @staff_session.recently_proved
    def rename(self, request: HttpRequest, passkey_id: UUID) -> HttpResponse:
        """Call one of one's own something else."""
        row = _own(request, passkey_id)
        initial = {"name": row.name}
        form = PasskeyNameForm(request.POST if request.method == "POST" else None, initial=initial)

        def act(given: dict[str, Any]) -> HttpResponse:
            staff_passkeys.rename(request, passkey_id, given["name"])
            return _back(request, "The passkey has another name.")

        title = f"Rename {row.name}"
        return asked(form, act) or self._below(request, "own_passkey_rename", form, title=title)

    @staff_session.recently_proved
    def remove(self, request: HttpRequest, passkey_id: UUID) -> HttpResponse:
        """Ask once, then let one of one's own go."""
        row = _own(request, passkey_id)
        form = forms.Form(request.POST if request.method == "POST" else None)

        def act(_: dict[str, Any]) -> HttpResponse:
            staff_passkeys.remove(request, passkey_id)
            return _back(request, "The passkey is removed.")

        title = f"Remove {row.name}"
        return asked(form, act) or self._below(
            request, "own_passkey_remove", form, title=title, row=row
        )

    def _below(
        self, request: HttpRequest, template: str, form: forms.Form, **more: Any
    ) -> HttpResponse:
        around = {"form": form, "back": reverse(_OWN), "back_name": "Your sign-in"}
        return access.shown(self.site, request, template, **around, **more)


def _who(request: HttpRequest) -> tuple[str, str]:
    """Scope and user name as they were typed on the page of the first step."""
    return request.POST.get("scope", "").strip(), request.POST.get("username", "")[:_OLDEST]


def _wanted(request: HttpRequest) -> str:
    return staff_session.local(request.POST.get("next"), reverse(_INDEX))


def _answer(request: HttpRequest) -> dict[str, Any]:
    """What the authenticator said. Raises SignInRefused for what is nothing of the kind."""
    form = CredentialForm(request.POST)
    if not form.is_valid():
        raise SignInRefused
    given: dict[str, Any] = form.cleaned_data
    return given


def _own(request: HttpRequest, passkey_id: UUID) -> Any:
    try:
        return staff_passkeys.one(request, passkey_id)
    except Missing:
        raise Http404 from None


def _back(request: HttpRequest, told: str) -> HttpResponse:
    messages.success(request, told)
    return HttpResponseRedirect(reverse(_OWN))


def _told(refusal: DomainError) -> str:
    if isinstance(refusal, ChallengeRefused):
        return _LATE
    return _REFUSED if isinstance(refusal, SignInRefused) else str(refusal)
