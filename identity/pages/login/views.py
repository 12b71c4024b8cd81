"""The page `/login` and its steps."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from django import forms as django_forms
from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse

from accounts.services import wallets
from accounts.services.profiles import Newcomer
from identity import queries as ground
from identity.errors import DomainError
from identity.pages.login import forms, visit
from identity.pages.login.visit import Visit
from identity.services import passkey_policy, scopes
from identity.web import client_ip, problems
from identity.web.throttle import Throttle
from sessions_app.errors import CodeSentAlready, SignInRefused
from sessions_app.queries import providers
from sessions_app.services import (
    email_sign_in,
    first_factor,
    password_sign_in,
    sessions,
    wallet_messages,
    wallet_sign_in,
)
from sessions_app.services.first_factor import SecondFactorDue
from sessions_app.services.mailed_codes import Asker
from sessions_app.services.wallet_messages import Place

Step = Callable[[Visit], HttpResponse]
# Each text is a row; nobody needs one a second.
_TEXTS: Final = Throttle(60, 60)


@visit.page
def page(seen: Visit) -> HttpResponse:
    """The ways to sign in, or who is signed in; and each step of the way by POST."""
    if seen.http.method == "POST":
        step = _STEPS.get(seen.http.POST.get("step", ""))
        return step(seen) if step else offered(seen, refusal=SignInRefused())
    if seen.http.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    if seen.session is not None:
        from identity.pages.login import account  # noqa: PLC0415 - it goes back to this page

        return account.shown(seen)
    return offered(seen)


@visit.sent
def wallet_text(seen: Visit) -> HttpResponse:
    """A text for a wallet to sign, in this browser."""
    try:
        _TEXTS.hit(client_ip.neighbourhood(seen.origin.address), now=int(seen.now.timestamp()))
        text = wallet_messages.text_to_sign(
            address=seen.http.POST.get("address", "")[:200],
            chain=seen.http.POST.get("chain", "")[:41],
            place=Place(f"{seen.issuer}/login"),
            browser=seen.mark.digest,
            now=seen.now,
        )
    except DomainError as refusal:
        return JsonResponse({"title": str(refusal)}, status=problems.STATUS[refusal.kind])
    return JsonResponse({"message": text})


@visit.sent
def sign_out(seen: Visit) -> HttpResponse:
    """End the browser's session."""
    if seen.session is not None:
        by = seen.session.actor(seen.origin.address)
        session_id = seen.session.door.session_id
        sessions.end(session_id=session_id, reason="signed-out", by=by, now=seen.now)
    seen.live, seen.is_over = None, True
    return HttpResponseRedirect(f"{seen.issuer}/login")


def offered(
    seen: Visit,
    *,
    refusal: DomainError | None = None,
    filled: Mapping[str, django_forms.Form] | None = None,
    by_passkey: bool = False,
) -> HttpResponse:
    """The ways to sign in; `filled` are forms that were sent and are not right.

    `by_passkey`: it was a passkey that was refused, which people can do something about.
    """
    shown = {
        "password": forms.PasswordForm(),
        "address": forms.AddressForm(),
        "holder": forms.HolderForm(auto_id="passkey_%s"),
        **(filled or {}),
    }
    return seen.shown(
        "sign_in",
        refusal=refusal,
        scope=ground.scope(),
        providers=providers.offered(),
        forms=shown,
        settings=scopes.settings(),
        passkeys_here=passkey_policy.is_for_own_pages(),
        by_passkey=by_passkey,
    )


def finished(seen: Visit, begun: Any) -> HttpResponse:
    """After a first proof: a session and onward, or the question for a one-time password."""
    if isinstance(begun, SecondFactorDue):
        form = forms.SecondFactorForm(initial={"ticket": begun.ticket})
        return seen.shown("second_factor", form=form)
    visit.begin(seen, begun)
    return visit.onward(seen)


def _by_password(seen: Visit) -> HttpResponse:
    form = forms.PasswordForm(seen.http.POST)
    if not form.is_valid():
        return offered(seen, filled={"password": form})
    try:
        begun = password_sign_in.sign_in(
            username=form.cleaned_data["username"],
            password=form.cleaned_data["password"],
            arrival=seen.arrival,
            now=seen.now,
        )
    except DomainError as refusal:
        again = forms.PasswordForm(initial={"username": form.cleaned_data["username"]})
        return offered(seen, refusal=refusal, filled={"password": again})
    return finished(seen, begun)


def _send_code(seen: Visit) -> HttpResponse:
    form = forms.AddressForm(seen.http.POST)
    if not form.is_valid():
        return offered(seen, filled={"address": form})
    address = form.cleaned_data["address"]
    asker = Asker(browser=seen.mark.digest, address=seen.origin.address)
    try:
        email_sign_in.send(address=address, asker=asker, now=seen.now)
    except CodeSentAlready as refusal:
        return _code_asked(seen, address, refusal=refusal)
    except DomainError as refusal:
        return offered(seen, refusal=refusal, filled={"address": form})
    return _code_asked(seen, address)


def _by_code(seen: Visit) -> HttpResponse:
    form = forms.MailedCodeForm(seen.http.POST)
    address = form.data.get("address", "")[:254]
    if not form.is_valid():
        return _code_asked(seen, address, form=form)
    try:
        begun = email_sign_in.sign_in(
            address=address, code=form.cleaned_data["code"], arrival=seen.arrival, now=seen.now
        )
    except DomainError as refusal:
        return _code_asked(seen, address, refusal=refusal)
    return finished(seen, begun)


def _code_asked(
    seen: Visit,
    address: str,
    *,
    refusal: DomainError | None = None,
    form: forms.MailedCodeForm | None = None,
) -> HttpResponse:
    form = form or forms.MailedCodeForm(initial={"address": address})
    return seen.shown("mailed_code", refusal=refusal, form=form, address=address)


def _second_factor(seen: Visit) -> HttpResponse:
    form = forms.SecondFactorForm(seen.http.POST)
    if not form.is_valid():
        return seen.shown("second_factor", form=form)
    try:
        session = first_factor.complete(
            ticket=form.cleaned_data["ticket"],
            code=form.cleaned_data["code"],
            arrival=seen.arrival,
            now=seen.now,
        )
    except DomainError as refusal:
        again = forms.SecondFactorForm(initial={"ticket": form.cleaned_data["ticket"]})
        return seen.shown("second_factor", form=again, refusal=refusal)
    return finished(seen, session)


def _by_wallet(seen: Visit) -> HttpResponse:
    form = forms.WalletForm(seen.http.POST)
    if not form.is_valid():
        return offered(seen, refusal=SignInRefused())
    # Browsers write line ends of forms as CRLF; the text that was signed has none.
    message = form.cleaned_data["message"].replace("\r\n", "\n")
    try:
        key = wallet_messages.prove(
            message,
            form.cleaned_data["signature"],
            browser=seen.mark.digest,
            origin=seen.origin,
            now=seen.now,
        )
        return finished(seen, _of_wallet(seen, key))
    except DomainError as refusal:
        return offered(seen, refusal=refusal)


def _of_wallet(seen: Visit, key: wallets.Key) -> Any:
    newcomer = Newcomer(source="wallet", address=seen.origin.address)
    user = wallet_sign_in.admitted(key, newcomer, origin=seen.origin, now=seen.now)
    return sessions.start(
        user_id=user.id,
        proof=wallet_sign_in.proof_of(key),
        origin=seen.origin,
        audience=seen.issuer,
        lasts=timedelta(days=scopes.settings().session_days),
        now=seen.now,
    )


def _continue(seen: Visit) -> HttpResponse:
    """On to the application, as who is signed in."""
    return visit.onward(seen) if seen.session is not None else offered(seen)


_STEPS: Final[Mapping[str, Step]] = {
    "password": _by_password,
    "email": _send_code,
    "code": _by_code,
    "second": _second_factor,
    "wallet": _by_wallet,
    "continue": _continue,
}
