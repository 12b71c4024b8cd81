"""Passkeys at the sign-in pages: signing in, joining, and one's own.

A script asks for options, the browser asks the person, and a form carries the answer; each
ceremony is bound to the mark of the browser that began it.
"""

from typing import Final

from django import forms as django_forms
from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect

from accounts.services import passkeys
from identity import queries as ground
from identity.actor import Actor
from identity.errors import DomainError
from identity.pages import passkey_forms
from identity.pages.login import account, forms, views, visit
from identity.pages.login.visit import Visit
from identity.pages.passkey_forms import CredentialForm, PasskeyNameForm
from identity.services import passkey_policy, scopes
from identity.web import client_ip
from identity.web.throttle import Throttle
from sessions_app.errors import SignInRefused, SignUpClosed
from sessions_app.services import passkey_ceremonies, passkey_sign_in, step_up
from sessions_app.services.passkey_options import Ceremony

# Each challenge is a row; a page that waits asks for one a minute.
_CHALLENGES: Final = Throttle(120, 60)


@visit.sent
def options(seen: Visit) -> HttpResponse:
    """Options to sign in, with the user name that was typed or without one."""

    def begin() -> Ceremony:
        _brake(seen)
        return passkey_ceremonies.begin_authentication(
            name=_name(seen), browser=seen.mark.digest, now=seen.now
        )

    return passkey_forms.ceremony(begin)


@visit.sent
def sign_in(seen: Visit) -> HttpResponse:
    """Sign in with the passkey, and go on as from any other way."""
    form = CredentialForm(seen.http.POST)
    if not form.is_valid():
        return views.offered(seen, refusal=SignInRefused(), by_passkey=True)
    try:
        begun = passkey_sign_in.sign_in(
            **form.cleaned_data,
            name=_name(seen),
            arrival=seen.arrival,
            browser=seen.mark.digest,
            now=seen.now,
        )
    except DomainError as refusal:
        return views.offered(seen, refusal=refusal, by_passkey=True)
    return views.finished(seen, begun)


@visit.page
def new(seen: Visit) -> HttpResponse:
    """An account of one's own with a first passkey, where the scope lets people join so."""
    if not (scopes.settings().passkey_sign_up and passkey_policy.is_for_own_pages()):
        raise SignUpClosed
    if seen.http.method == "POST":
        return _join(seen)
    if seen.http.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    if seen.session is not None:
        return HttpResponseRedirect(seen.link())
    return _asked_who(seen, forms.NewPersonForm())


@visit.sent
def new_options(seen: Visit) -> HttpResponse:
    """Options to make the first passkey of somebody new."""
    form = forms.NewPersonForm(seen.http.POST)

    def begin() -> Ceremony:
        _brake(seen)
        form.full_clean()
        return passkey_ceremonies.begin_newcomer(
            name=form.cleaned_data.get("username", ""),
            display_name=form.cleaned_data.get("full_name", ""),
            browser=seen.mark.digest,
            now=seen.now,
        )

    return passkey_forms.ceremony(begin)


@visit.sent
def own_options(seen: Visit) -> HttpResponse:
    """Options to make another passkey of one's own."""

    def begin() -> Ceremony:
        return passkey_sign_in.begin_own(by=_fresh(seen), now=seen.now)

    return passkey_forms.ceremony(begin)


@visit.sent
def add(seen: Visit) -> HttpResponse:
    """Keep the passkey that was made."""
    credential, name = CredentialForm(seen.http.POST), PasskeyNameForm(seen.http.POST)
    if not (credential.is_valid() and name.is_valid()):
        return HttpResponseRedirect(_list(seen))
    try:
        passkey_sign_in.complete_own(
            **credential.cleaned_data,
            name=name.cleaned_data["name"],
            by=_fresh(seen),
            now=seen.now,
        )
    except DomainError as refusal:
        return account.shown(seen, refusal=refusal)
    return HttpResponseRedirect(_list(seen))


@visit.sent
def rename(seen: Visit) -> HttpResponse:
    """Call one of one's own passkeys something else."""
    try:
        passkeys.rename(
            user_id=account.signed_in(seen).door.user_id,
            passkey_id=account.id_in(seen.http.POST.get("passkey", "")),
            name=seen.http.POST.get("name", ""),
            by=_fresh(seen),
            now=seen.now,
        )
    except DomainError as refusal:
        return account.shown(seen, refusal=refusal)
    return HttpResponseRedirect(_list(seen))


@visit.sent
def remove(seen: Visit) -> HttpResponse:
    """Let one of one's own passkeys go, but for the last way in."""
    try:
        passkeys.remove(
            user_id=account.signed_in(seen).door.user_id,
            passkey_id=account.id_in(seen.http.POST.get("passkey", "")),
            by=_fresh(seen),
            now=seen.now,
        )
    except DomainError as refusal:
        return account.shown(seen, refusal=refusal)
    return HttpResponseRedirect(_list(seen))


@visit.sent
def proof_options(seen: Visit) -> HttpResponse:
    """Options to show once more who one is."""

    def begin() -> Ceremony:
        by = account.signed_in(seen).actor(seen.origin.address)
        return step_up.begin_passkey(by=by, now=seen.now)

    return passkey_forms.ceremony(begin)


@visit.sent
def prove(seen: Visit) -> HttpResponse:
    """Show once more who one is."""
    by = account.signed_in(seen).actor(seen.origin.address)
    form = CredentialForm(seen.http.POST)
    if not form.is_valid():
        return account.shown(seen, refusal=SignInRefused())
    try:
        step_up.by_passkey(**form.cleaned_data, by=by, now=seen.now)
    except DomainError as refusal:
        return account.shown(seen, refusal=refusal)
    return HttpResponseRedirect(f"{seen.issuer}/login")


def _join(seen: Visit) -> HttpResponse:
    person, credential = forms.NewPersonForm(seen.http.POST), CredentialForm(seen.http.POST)
    if not (person.is_valid() and credential.is_valid()):
        return _asked_who(seen, person)
    try:
        begun = passkey_sign_in.join(
            **credential.cleaned_data,
            name=person.cleaned_data["username"],
            display_name=person.cleaned_data["full_name"],
            arrival=seen.arrival,
            browser=seen.mark.digest,
            now=seen.now,
        )
    except DomainError as refusal:
        return _asked_who(seen, person, refusal=refusal)
    return views.finished(seen, begun)


def _asked_who(
    seen: Visit, form: django_forms.Form, *, refusal: DomainError | None = None
) -> HttpResponse:
    return seen.shown("new_account", form=form, refusal=refusal, scope=ground.scope())


def _fresh(seen: Visit) -> Actor:
    """Who is signed in and showed it lately. Raises TokenRefused, StepUpNeeded."""
    session = account.signed_in(seen)
    step_up.require_fresh(session.door.authenticated_at, now=seen.now)
    return session.actor(seen.origin.address)


def _brake(seen: Visit) -> None:
    place = client_ip.neighbourhood(seen.origin.address)
    _CHALLENGES.hit(place, now=int(seen.now.timestamp()))


def _name(seen: Visit) -> str | None:
    return seen.http.POST.get("username", "")[:255] or None


def _list(seen: Visit) -> str:
    return f"{seen.issuer}/login#passkeys"
