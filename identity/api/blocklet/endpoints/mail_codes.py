"""Codes by mail: to sign in, and to prove that an address is one's own."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from accounts.queries import profiles
from identity.api.blocklet import (
    application,
    auth,
    begun,
    errors,
    invitation,
    own_page,
    people,
    replies,
    wording,
)
from identity.api.blocklet.errors import Told
from identity.api.blocklet.route import OPEN, SELF, Asked, Route
from identity.errors import Conflict, DomainError, Invalid
from identity.web import browser
from identity.web.browser import Mark
from identity.web.lane import Answer
from invitations.errors import InvitationWaits
from invitations.services import joining
from invitations.services.governance import Pending
from sessions_app.errors import CodeRefused, CodeSentAlready, SignUpClosed
from sessions_app.services import (
    email_sign_in,
    first_factor,
    mailed_codes,
    own_address,
    step_up,
)
from sessions_app.services.first_factor import Arrival, SecondFactorDue
from sessions_app.services.mailed_codes import Asker, Purpose
from sessions_app.services.sessions import Origin

SENT: Final = "A code was sent. Look for it in your mail."
VERIFIED: Final = "The address is verified."
_WRONG: Final = "verify code invalid"
_PURPOSES: Final[Mapping[str, Purpose]] = {
    "login": Purpose.SIGN_IN,
    "invite": Purpose.INVITE,
    "destroy-self": Purpose.DESTROY_SELF,
}


class ToSend(msgspec.Struct, rename="camel"):
    """`user/email/sendCode`: a code is good for its own `action` alone.

    Pages of the original name none: theirs is the invitation of the page that asks, else a sign-in.
    """

    email: str = ""
    action: str = ""
    use_magic_link: bool = True


class Address(msgspec.Struct, rename="camel"):
    """`kyc/email/send`."""

    email: str = ""


class ToSignIn(msgspec.Struct, rename="camel"):
    """`user/email/login`; `ticket` is of a first answer that asks for a one-time password."""

    action: str = "login"
    code: str = ""
    magic_token: str = ""
    ticket: str = ""
    invite_id: str = ""


class ToVerify(msgspec.Struct, rename="camel"):
    """`kyc/email/verify`."""

    code: str = ""


def send(asked: Asked) -> Answer:
    """Mail a code; the answer is the same whoever reads that mail."""
    mark = browser.mark(asked.sent.cookies)
    action = asked.body.action or ("invite" if own_page.invites(asked) else "login")
    purpose = _purpose(action)
    try:
        _send(asked, purpose, _asker(asked, mark))
    except (Invalid, CodeSentAlready) as refusal:
        raise _not_sent(refusal) from None
    found = mailed_codes.latest(purpose=purpose, browser=mark.digest, now=asked.now)
    content = {"id": str(found.id) if found else ""}
    return replies.json(content, cookies=(mark.cookie,) if mark.cookie else ())


def _send(asked: Asked, purpose: Purpose, asker: Asker) -> None:
    body, now = asked.body, asked.now
    if purpose is Purpose.DESTROY_SELF:
        caller = auth.caller(asked.sent, asked.given, asked.query, now)
        email_sign_in.send_to_leave(by=caller.actor, asker=asker, now=now)
        return
    if purpose is Purpose.INVITE:
        mailed_codes.send(purpose=purpose, address=body.email, asker=asker, now=now)
        return
    page = own_page.address(asked) if body.use_magic_link else ""
    email_sign_in.send(address=body.email, asker=asker, page=page, now=now)


def status(asked: Asked) -> Answer:
    """Whether the code that this browser asked for last was used."""
    mark, code_id = _mark(asked), asked.query.get("codeId", "")
    last = (
        mailed_codes.latest(purpose=purpose, browser=mark.digest, now=asked.now)
        for purpose in _PURPOSES.values()
    )
    is_used = any(each.is_used for each in last if each and str(each.id) == code_id)
    return replies.json({"verified": is_used, "id": code_id})


def sign_in(asked: Asked) -> Answer:
    """Bring the code, or what the mailed link says, to the browser that asked for it."""
    body = asked.body
    _purpose(body.action)
    if body.magic_token and body.action != "login":
        raise errors.said(_WRONG, status=400)
    mark = _mark(asked)
    visitor = asked.sent.new_visitor()
    origin = Origin(asked.sent.address, asked.sent.user_agent, visitor)
    arrival = Arrival(origin, application.permanent(now=asked.now), mark.digest)
    try:
        found = _begun(asked, arrival)
    except CodeRefused:
        raise errors.said(_WRONG, status=400) from None
    except SignUpClosed as refusal:
        raise errors.said(refusal.title, status=403) from None
    if isinstance(found, SecondFactorDue):
        raise errors.second_factor_due(found.ticket)
    if isinstance(found, Pending):
        raise InvitationWaits
    session = begun.in_role(asked, found)
    content = begun.told(begun.pair(asked, session), visitor)
    if body.action == "destroy-self":
        # The session is proof of just now, which DELETE user asks for.
        content["destroySessionId"] = str(session.id)
    return replies.json(content)


def _begun(asked: Asked, arrival: Arrival) -> Any:
    body, now = asked.body, asked.now
    if body.ticket:
        return first_factor.complete(ticket=body.ticket, code=body.code, arrival=arrival, now=now)
    if body.action == "destroy-self":
        caller = auth.caller(asked.sent, asked.given, asked.query, now)
        return email_sign_in.sign_in_to_leave(
            code=body.code, by=caller.actor, arrival=arrival, now=now
        )
    if body.magic_token:
        return email_sign_in.sign_in_by_link(token=body.magic_token, arrival=arrival, now=now)
    purpose = _purpose(body.action)
    found = mailed_codes.latest(purpose=purpose, browser=arrival.browser, now=now)
    if found is None or not found.is_open:
        raise CodeRefused
    proof: dict[str, Any] = {"address": found.address, "code": body.code, "arrival": arrival}
    if purpose is Purpose.INVITE:
        held = invitation.open_one(asked, body.invite_id)
        joining.require_open(held.id, now=now)
        return joining.by_mail(invitation_id=held.id, now=now, **proof)
    return email_sign_in.sign_in(now=now, **proof)


def _purpose(action: str) -> Purpose:
    if action not in _PURPOSES:
        raise errors.said(f"action not exist: {action[:32]}", status=400)
    return _PURPOSES[action]


def send_to_verify(asked: Asked) -> Answer:
    """Mail a code to the address that the caller says is its own.

    A proven address signs in, so whoever adds one proves first who it is: neither a token that was
    stolen nor the word of an application's server is enough.
    """
    step_up.require_fresh(asked.caller.door.authenticated_at, now=asked.now)
    row = people.own(asked.caller, now=asked.now)
    address = asked.body.email
    if row.is_email_verified and row.email == address.strip().lower():
        raise _refused("This address is verified.", "email_already_verified")
    mark = browser.mark(asked.sent.cookies)
    try:
        own_address.send(
            address=address, by=asked.caller.actor, asker=_asker(asked, mark), now=asked.now
        )
    except (Invalid, CodeSentAlready) as refusal:
        raise _not_sent(refusal) from None
    return replies.json(
        {"message": wording.said(SENT, asked.locale)}, cookies=(mark.cookie,) if mark.cookie else ()
    )


def verify(asked: Asked) -> Answer:
    """Bring the code: the address is the caller's verified one."""
    caller, mark = asked.caller, browser.known(asked.sent.cookies)
    step_up.require_fresh(caller.door.authenticated_at, now=asked.now)
    found = mailed_codes.latest(
        purpose=Purpose.VERIFY_ADDRESS,
        browser=mark.digest if mark else "",
        user_id=caller.user_id,
        now=asked.now,
    )
    if mark is None or found is None or not found.is_open:
        raise errors.worded(_WRONG, status=400)
    try:
        own_address.verify(
            address=found.address,
            code=asked.body.code,
            by=caller.actor,
            asker=_asker(asked, mark),
            now=asked.now,
        )
    except CodeRefused:
        raise errors.worded(_WRONG, status=400) from None
    except Conflict:
        raise _refused("This address can't be used.", "email_not_allowed") from None
    return replies.json({"message": wording.said(VERIFIED, asked.locale)})


def verified(asked: Asked) -> Answer:
    """Whether the caller's own address is verified; always 200, as clients expect."""
    caller = auth.caller_if_any(asked)
    if caller is None:
        return replies.json({"verified": False, "error": errors.NOT_SIGNED_IN})
    row = profiles.profile(caller.user_id)
    return replies.json({"verified": row is not None and row.is_email_verified})


def _asker(asked: Asked, mark: Mark) -> Asker:
    return Asker(browser=mark.digest, address=asked.sent.address)


def _mark(asked: Asked) -> Mark:
    found = browser.known(asked.sent.cookies)
    if found is None:
        raise errors.said(_WRONG, status=400)
    return found


def _not_sent(refusal: DomainError) -> Told:
    if isinstance(refusal, CodeSentAlready):
        return _refused(refusal.title, "email_already_sent")
    return _refused("Invalid email format", "email_invalid")


def _refused(text: str, code: str) -> Told:
    return Told({"error": text, "code": code}, status=400)


ROUTES: Final = (
    Route("POST", "/api/user/email/sendCode", OPEN, send, body=ToSend),
    Route("GET", "/api/user/email/status", OPEN, status),
    Route("POST", "/api/user/email/login", OPEN, sign_in, body=ToSignIn),
    Route("POST", "/api/kyc/email/send", SELF, send_to_verify, body=Address),
    Route("POST", "/api/kyc/email/verify", SELF, verify, body=ToVerify),
    Route("POST", "/api/kyc/status", OPEN, verified),
)
