"""One's own one-time passwords: set up, shown as a QR code, recovery codes made anew."""

import io
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django import forms
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest

from accounts import queries as accounts
from accounts.queries import SignInState
from accounts.services import one_time_passwords, recovery_codes
from accounts.services.one_time_passwords import Begun
from identity.errors import DomainError
from identity.pages import staff_session
from identity.scoping import current

ISSUER = "Countersign"


class FirstCodeForm(forms.Form):
    """The first code shows that the generator has the secret."""

    code = forms.CharField(
        label="Code that the generator shows",
        max_length=16,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


def state(request: HttpRequest) -> SignInState:
    """How who is signed in signs in."""
    user: Any = request.user
    with current.in_scope(user.scope_id):
        return accounts.sign_in_state(user.id)


def begin(request: HttpRequest) -> None:
    """Make a new secret that waits for its first code."""
    user: Any = request.user
    with current.in_scope(user.scope_id):
        by = staff_session.at_home(request)
        one_time_passwords.begin(user_id=user.id, by=by, now=datetime.now(UTC))


def begun(request: HttpRequest) -> Begun | None:
    """The secret that waits, for its owner's eyes."""
    user: Any = request.user
    with current.in_scope(user.scope_id):
        return one_time_passwords.begun(user_id=user.id, now=datetime.now(UTC))


def confirmed(request: HttpRequest, form: FirstCodeForm) -> list[str] | None:
    """Take the generator into use; the recovery codes, or None with the reason in the form.

    All other sessions of the account end with it; this one gets a new id.
    """
    user: Any = request.user
    with current.in_scope(user.scope_id):
        try:
            codes = one_time_passwords.confirm(
                user_id=user.id,
                code=form.cleaned_data["code"],
                by=staff_session.at_home(request),
                now=datetime.now(UTC),
            )
        except DomainError as refusal:
            form.add_error("code", str(refusal))
            return None
        user.refresh_from_db()
    update_session_auth_hash(request, user)
    return codes


def renewed(request: HttpRequest) -> list[str]:
    """New recovery codes; the old ones are void. Raises what `recovery_codes.renew` raises."""
    user: Any = request.user
    with current.in_scope(user.scope_id):
        by = staff_session.at_home(request)
        return recovery_codes.renew(user_id=user.id, by=by, now=datetime.now(UTC))


def picture(request: HttpRequest, waiting: Begun) -> bytes:
    """The QR code as SVG, without scripts and styles, dark on white in every theme."""
    user: Any = request.user
    return drawn(address(waiting, f"{user.scope_slug}/{user.username}"))


def drawn(uri: str) -> bytes:
    """A text as a QR code in SVG."""
    picture = io.BytesIO()
    code = segno.make(uri, error="m")
    code.save(picture, kind="svg", scale=6, light="#fff", svgclass=None, lineclass=None)
    return picture.getvalue()


def address(waiting: Begun, account: str) -> str:
    """What generators read from the QR code (the Key URI format that all of them know)."""
    label = quote(f"{ISSUER}:{account}", safe="")
    query = {"secret": waiting.text, "issuer": ISSUER}
    return f"otpauth://totp/{label}?{urlencode(query)}"
