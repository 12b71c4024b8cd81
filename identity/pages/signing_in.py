"""Signing in in two steps: a first proof; a session begins when nothing else is due.

Between the steps there is a note in the session that grants nothing: who gave a right password,
or a passkey that is one factor, and when. It ends with a change of the account, a sign-in, or after
five minutes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import auth
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts import queries as accounts
from accounts.services import one_time_passwords, passwords, users
from identity.errors import DomainError
from identity.pages import staff_session
from identity.scoping import current

HALF: Final = "staff_half_signed_in"
PATIENCE: Final = timedelta(minutes=5)
_BACKEND: Final = "accounts.backends.StaffBackend"


class CodeForm(forms.Form):
    """A one-time password, or a recovery code in its place."""

    code = forms.CharField(
        label="One-time password",
        max_length=64,
        help_text="The six digits that your generator shows now, or one of your recovery codes.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )


class ProofForm(CodeForm):
    """Who is signed in shows it again; the code is asked of those who have a generator."""

    password = forms.CharField(
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    field_order = ("password", "code")

    def __init__(self, *arguments: Any, asks_code: bool, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["code"].widget.attrs.pop("autofocus", None)
        if not asks_code:
            del self.fields["code"]


@dataclass(frozen=True, slots=True)
class Half:
    """Where who gave a first proof wants to go; `passkey` is the id of the one that it was."""

    wanted: str
    passkey: UUID | None = None


def password_accepted(request: HttpRequest, user: Any, wanted: str) -> bool:
    """Begin a session, or note that a second step is due (False).

    Whatever the browser's session held before is forgotten, so nothing planted in it lives on.
    """
    auth.logout(request)
    with current.in_scope(user.scope_id):
        is_due = accounts.is_second_step_due(user)
    if is_due:
        note_half(request, user, Half(wanted))
        return False
    _begin(request, user)
    return True


def note_half(request: HttpRequest, user: Any, half: Half) -> None:
    """Note a first proof of a user; the browser's session held nothing before."""
    request.session[HALF] = {
        "user": str(user.id),
        "held_by": user.get_session_auth_hash(),
        "at": int(datetime.now(UTC).timestamp()),
        "next": half.wanted,
        "passkey": str(half.passkey) if half.passkey else "",
    }
    request.session.cycle_key()


def staff_of(user_id: UUID) -> Any | None:
    """The active member of staff of an active scope that a user is, None for anybody else."""
    return auth.load_backend(_BACKEND).get_user(user_id)


def passkey_of_half(request: HttpRequest) -> UUID | None:
    """The passkey that was the first proof, which can't be the second one too."""
    note = request.session.get(HALF)
    held = note.get("passkey", "") if isinstance(note, dict) else ""
    return UUID(held) if held else None


def begin(request: HttpRequest, user: Any, *, passkey: UUID, now: datetime) -> None:
    """Begin a session with a passkey and put the sign-in on record, in the user's scope.

    The session ends when the passkey does.
    """
    users.note_sign_in(user=user, by=_at_home(request, user), now=now)
    _begin(request, user, passkey)


def half_signed_in(request: HttpRequest) -> Any | None:
    """Who gave a first proof less than five minutes ago and has yet to give a second one."""
    note = request.session.get(HALF)
    if not isinstance(note, dict):
        return None
    age = datetime.now(UTC).timestamp() - note["at"]
    user = staff_of(UUID(note["user"]))
    if user is None or not -1 <= age < PATIENCE.total_seconds():
        return None
    is_same = constant_time_compare(note["held_by"], user.get_session_auth_hash())
    return user if is_same else None


def code_accepted(request: HttpRequest, user: Any, form: CodeForm) -> bool:
    """Check the code of who is half signed in and begin the session; False says why in the form."""
    now = datetime.now(UTC)
    with current.in_scope(user.scope_id):
        by = _at_home(request, user)
        try:
            one_time_passwords.check(
                user_id=user.id, code=form.cleaned_data["code"], by=by, now=now
            )
        except DomainError as refusal:
            form.add_error("code", str(refusal))
            return False
        users.note_sign_in(user=user, by=by, now=now)
    _begin(request, user, passkey_of_half(request))
    return True


def wanted(request: HttpRequest) -> object:
    """The address that was asked for before the sign-in."""
    note = request.session.get(HALF)
    return note.get("next") if isinstance(note, dict) else None


def proved_again(request: HttpRequest, form: ProofForm) -> bool:
    """Check password and code of who is signed in; False with the reason in the form."""
    user: Any = request.user
    now = datetime.now(UTC)
    with current.in_scope(user.scope_id):
        try:
            by = staff_session.at_home(request)
            passwords.check(
                user_id=user.id,
                password=form.cleaned_data["password"],
                now=now,
                address=by.address,
            )
            if "code" in form.fields:
                one_time_passwords.check(
                    user_id=user.id, code=form.cleaned_data["code"], by=by, now=now
                )
        except DomainError as refusal:
            form.add_error(None, _told(refusal))
            return False
    staff_session.prove(request, now)
    request.session.cycle_key()
    return True


def _told(refusal: DomainError) -> str:
    if refusal.code == "password.refused":
        return "This is not your password, or there were too many wrong tries."
    return str(refusal)


def _begin(request: HttpRequest, user: Any, passkey: UUID | None = None) -> None:
    request.session.pop(HALF, None)
    auth.login(request, user, backend=_BACKEND)
    if passkey is not None:
        staff_session.hold_by(request, passkey)
    staff_session.prove(request, datetime.now(UTC))


def _at_home(request: HttpRequest, user: Any) -> Any:
    return staff_session.with_address(accounts.staff_actor(user, scope_id=user.scope_id), request)
