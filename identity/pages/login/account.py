"""Who is signed in: goes on to the application, sees and changes how to sign in."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect

from accounts import queries as accounts
from accounts.queries import passkeys
from accounts.services import (
    external_identities,
    mail_addresses,
    passwords,
    profiles,
    wallets,
)
from identity import queries as ground
from identity.errors import DomainError, Invalid
from identity.pages.login import elsewhere, forms, visit
from identity.pages.login.visit import Visit
from identity.pages.passkey_forms import PasskeyNameForm
from identity.paging import After
from identity.scoping.session_doors import SessionDoor
from identity.services import passkey_policy
from invitations.services import account
from invitations.services.governance import Pending
from sessions_app.errors import StepUpNeeded, TokenRefused
from sessions_app.queries import providers
from sessions_app.services import provider_sign_in, step_up
from sessions_app.services.sessions import Checked

MOST_DEVICES = 20


def shown(seen: Visit, *, refusal: DomainError | None = None, **more: Any) -> HttpResponse:
    """The page of who is signed in; `more` is what its last act came to."""
    door = signed_in(seen).door
    try:
        others = elsewhere.of(seen, door)
    except DomainError:
        # A cursor that was altered: begin anew.
        return HttpResponseRedirect(f"{seen.issuer}/login")
    profile = profiles.of(door.user_id)
    return seen.shown(
        "signed_in",
        refusal=refusal,
        scope=ground.scope(),
        name=(profile.full_name if profile else "") or door.username,
        door=door,
        sessions=others,
        proof=forms.ProofForm(),
        **_ways_in(seen, door),
        **more,
    )


def _ways_in(seen: Visit, door: SessionDoor) -> dict[str, Any]:
    """How this account can be entered, and what may be changed of that now."""
    linked = external_identities.of(door.user_id)
    names = {each.provider for each in linked}
    active = {"user": door.user_public_id, "status": "active"}
    state, is_fresh = accounts.sign_in_state(door.user_id), _is_fresh(seen, door)
    held, is_here = passkeys.of(door.user_id), passkey_policy.is_for_own_pages()
    has_password = passwords.is_set(user_id=door.user_id)
    by_present = has_password and not state.has_one_time_password
    return {
        "linked": linked,
        "linkable": [each for each in providers.offered() if each.slug not in names],
        "is_fresh": is_fresh,
        "has_password": has_password,
        "may_set_password": is_fresh or by_present,
        "new_password": forms.NewPasswordForm(asks_for_present=not is_fresh),
        "one_time_passwords": state,
        "email": mail_addresses.verified_of(door.user_id),
        "passkeys": held,
        "has_usable_passkey": is_here and any(each.is_usable for each in held),
        "passkeys_here": is_here,
        "new_passkey": PasskeyNameForm(auto_id="passkey_%s"),
        "wallets": [each for each in wallets.of(door.user_id) if not each.is_keyless],
        "devices": accounts.devices_window(After(MOST_DEVICES, filters=active)).rows,
    }


@visit.sent
def prove(seen: Visit) -> HttpResponse:
    """Show once more who is there, by password or one-time password."""
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


@visit.sent
def password(seen: Visit) -> HttpResponse:
    """Set or change the own password; other sessions end with that."""
    session = signed_in(seen)
    is_fresh = _is_fresh(seen, session.door)
    form = forms.NewPasswordForm(seen.http.POST, asks_for_present=not is_fresh)
    if not form.is_valid():
        return shown(seen, refusal=Invalid("Type a new password."))
    try:
        answer = account.set_password(
            new=form.cleaned_data["new"],
            present=None if is_fresh else form.cleaned_data["present"],
            is_proven=is_fresh,
            by=session.actor(seen.origin.address),
            now=seen.now,
        )
    except DomainError as refusal:
        return shown(seen, refusal=refusal)
    told = "waits" if isinstance(answer, Pending) else "set"
    return shown(seen, password_told=told)


@visit.sent
def unlink(seen: Visit) -> HttpResponse:
    """Take an account at a provider away."""
    session = signed_in(seen)
    try:
        provider_sign_in.require_linkable(
            authenticated_at=session.door.authenticated_at, now=seen.now
        )
        external_identities.unlink(
            user_id=session.door.user_id,
            identity_id=id_in(seen.http.POST.get("identity", "")),
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


def id_in(text: str) -> UUID:
    """An id that a form sent; nobody's for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _is_fresh(seen: Visit, door: SessionDoor) -> bool:
    """Whether the latest proof is one of the last five minutes."""
    try:
        provider_sign_in.require_linkable(authenticated_at=door.authenticated_at, now=seen.now)
    except StepUpNeeded:
        return False
    return True
