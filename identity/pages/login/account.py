"""Who is signed in: goes on to the application, links accounts at providers, signs out."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect

from accounts.services import external_identities, profiles
from identity import queries as ground
from identity.errors import DomainError
from identity.pages.login import forms, visit
from identity.pages.login.visit import Visit
from identity.scoping.session_doors import SessionDoor
from sessions_app.errors import StepUpNeeded, TokenRefused
from sessions_app.queries import providers
from sessions_app.services import provider_sign_in, step_up
from sessions_app.services.sessions import Checked


def shown(seen: Visit, *, refusal: DomainError | None = None) -> HttpResponse:
    """The page of who is signed in."""
    door = signed_in(seen).door
    linked = external_identities.of(door.user_id)
    names = {each.provider for each in linked}
    profile = profiles.of(door.user_id)
    return seen.shown(
        "signed_in",
        refusal=refusal,
        scope=ground.scope(),
        name=(profile.full_name if profile else "") or door.username,
        door=door,
        linked=linked,
        linkable=[each for each in providers.offered() if each.slug not in names],
        is_fresh=is_fresh(seen, door),
        proof=forms.ProofForm(),
    )


@visit.page
def prove(seen: Visit) -> HttpResponse:
    """Show once more who is there, by password or one-time password."""
    if seen.http.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    by = signed_in(seen).actor(seen.origin.address)
    form = forms.ProofForm(seen.http.POST)
    form.full_clean()
    try:
        if form.cleaned_data.get("code"):
            step_up.by_one_time_password(code=form.cleaned_data["code"], by=by, now=seen.now)
        else:
            password = form.cleaned_data.get("password", "")
            step_up.by_password(password=password, by=by, now=seen.now)
    except DomainError as refusal:
        return shown(seen, refusal=refusal)
    return HttpResponseRedirect(f"{seen.issuer}/login")


@visit.page
def unlink(seen: Visit) -> HttpResponse:
    """Take an account at a provider away."""
    if seen.http.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    session = signed_in(seen)
    try:
        provider_sign_in.require_linkable(
            authenticated_at=session.door.authenticated_at, now=seen.now
        )
        external_identities.unlink(
            user_id=session.door.user_id,
            identity_id=_id(seen.http.POST.get("identity", "")),
            by=session.actor(seen.origin.address),
            now=seen.now,
        )
    except DomainError as refusal:
        return shown(seen, refusal=refusal)
    return HttpResponseRedirect(f"{seen.issuer}/login")


def signed_in(seen: Visit) -> Checked:
    """The session of the browser. Raises TokenRefused."""
    if seen.session is None:
        raise TokenRefused
    return seen.session


def is_fresh(seen: Visit, door: SessionDoor) -> bool:
    """Whether the latest proof is one of the last five minutes."""
    try:
        provider_sign_in.require_linkable(authenticated_at=door.authenticated_at, now=seen.now)
    except StepUpNeeded:
        return False
    return True


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
