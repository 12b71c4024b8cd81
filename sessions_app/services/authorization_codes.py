"""Codes for applications (RFC 6749 §4.1 with RFC 7636): asked for, handed out, redeemed once."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts.models import User
from identity.actor import Actor, ActorKind
from identity.scoping import current
from identity.services import audit, scopes
from sessions_app import return_addresses
from sessions_app.errors import ChallengeRefused, ReturnRefused, SignInRefused
from sessions_app.models import Application, Challenge, Session
from sessions_app.services import challenges, ending, sessions
from sessions_app.services.sessions import Origin, Proof

LASTS: Final = timedelta(seconds=60)
PURPOSE: Final = "code"
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1
_MOST_STATE: Final = 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What an active application asked for; `redirect_uri` is one that it registered."""

    application_id: UUID
    name: str
    redirect_uri: str
    state: str
    code_challenge: str


class RequestFaulty(Exception):
    """The application is told, at its registered address, what is wrong with its request."""

    def __init__(self, error: str, address: str) -> None:
        super().__init__(error)
        self.error, self.address = error, address


def requested(given: Mapping[str, list[str]], *, issuer: str) -> Request | None:
    """The request in a page's parameters; None where there is none.

    Raises ReturnRefused as long as it is not certain where to send somebody (RFC 6749 §4.1.2.1),
    RequestFaulty for the rest.
    """
    if "client_id" not in given and "redirect_uri" not in given:
        return None
    # A parameter that is there twice is read differently by everybody (RFC 6749 §3.1).
    once = {name: values[0] for name, values in given.items() if len(values) == 1}
    application = _active(once.get("client_id", ""))
    address = once.get("redirect_uri", "")
    if application is None:
        raise ReturnRefused
    return_addresses.require_registered(address, application.return_addresses)
    state = once.get("state", "")
    fault = _fault(given, once, state)
    if fault:
        told = {"error": fault, "iss": issuer}  # RFC 9207 §2: refusals name who refuses, too
        if 0 < len(state) <= _MOST_STATE:
            told["state"] = state
        raise RequestFaulty(fault, return_addresses.with_answer(address, told))
    return Request(application.id, application.name, address, state, once["code_challenge"])


def issue(request: Request, *, user_id: UUID, session_id: UUID, issuer: str, now: datetime) -> str:
    """A code for the user of the browser's session: the address to send the browser to.

    The code is good for a minute, for this application, this address and whoever has the verifier.
    """
    issued = challenges.issue(
        purpose=PURPOSE,
        subject=str(request.application_id),
        data={
            "user": str(user_id),
            "session": str(session_id),
            "redirect_uri": request.redirect_uri,
            "code_challenge": request.code_challenge,
        },
        lasts=LASTS,
        now=now,
    )
    # RFC 9207: who answers is told, so that an application with several servers can't be fooled.
    answer = {"code": issued.secret, "iss": issuer}
    if request.state:
        answer["state"] = request.state
    return return_addresses.with_answer(request.redirect_uri, answer)


def redeem(
    *,
    code: str,
    client_id: str,
    redirect_uri: str,
    code_verifier: str,
    origin: Origin,
    now: datetime,
) -> Session:
    """Begin the application's session with a code, once; its audience is the application's id.

    A code that comes a second time ends the session that it began (RFC 6749 §4.1.2). Not to be
    called in a transaction. Raises ChallengeRefused, one for every cause, and SignInRefused.
    """
    application = _active(client_id)
    if application is None:
        raise ChallengeRefused
    subject = str(application.id)
    try:
        taken = challenges.take(code, purpose=PURPOSE, subject=subject, now=now)
    except ChallengeRefused:
        _end_what_it_began(code, subject, now=now)
        raise
    is_right = (
        hmac.compare_digest(taken.data["redirect_uri"].encode(), redirect_uri.encode())
        and _VERIFIER.fullmatch(code_verifier) is not None
        and hmac.compare_digest(taken.data["code_challenge"], challenge_of(code_verifier))
    )
    if not is_right:
        raise ChallengeRefused
    return _begun(taken.id, taken.data, subject, origin, now=now)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _fault(given: Mapping[str, list[str]], once: Mapping[str, str], state: str) -> str:
    if len(once) != len(given) or len(state) > _MOST_STATE:
        return "invalid_request"
    if once.get("response_type") != "code":
        return "unsupported_response_type" if "response_type" in once else "invalid_request"
    has_challenge = _CHALLENGE.fullmatch(once.get("code_challenge", ""))
    if once.get("code_challenge_method") != "S256" or not has_challenge:
        return "invalid_request"
    return ""


def _active(client_id: str) -> Application | None:
    try:
        application_id = UUID(client_id)
    except ValueError:
        return None
    if str(application_id) != client_id:
        return None
    rows = Application.objects.filter(id=application_id, status=Application.Status.ACTIVE)
    return rows.first()


def _begun(
    code_id: UUID, data: Mapping[str, Any], audience: str, origin: Origin, *, now: datetime
) -> Session:
    # The browser's session must still be there: whoever signed out in this minute is out.
    live = Session.objects.filter(
        id=data["session"], status=Session.Status.ACTIVE, expires_at__gt=now
    )
    with transaction.atomic(), audit.gathered():
        # Whoever signs out at the same time waits for this, and then ends it too. The account's row
        # comes first, as with everybody who ends all of its sessions.
        User.objects.select_for_update(no_key=True).filter(id=data["user"]).first()
        rows = live.select_for_update(of=("self",), no_key=True)
        browsers = rows.select_related("provider").first()
        if browsers is None or _is_shut(browsers):
            raise SignInRefused
        session = sessions.start(
            user_id=UUID(data["user"]),
            proof=Proof(
                Session.Method(browsers.method),
                provider_name=browsers.provider_name,
                provider_id=browsers.provider_id,
                wallet_os=browsers.wallet_os,
                key=browsers.data.get(sessions.BEGUN_BY, ""),
            ),
            origin=origin,
            audience=audience,
            lasts=timedelta(days=scopes.settings().session_days),
            role=browsers.role,
            data={
                **{k: v for k, v in browsers.data.items() if k == sessions.PROVEN_BY},
                "code": str(code_id),
                ending.BEGUN_FROM: data["session"],
            },
            now=now,
        )
        # The proof is as old as it is: a code makes nobody more present.
        session.authenticated_at = browsers.authenticated_at
        Session.objects.filter(id=session.id).update(authenticated_at=browsers.authenticated_at)
    return session


def _is_shut(session: Session) -> bool:
    return session.provider is not None and session.provider.status != "enabled"


def _end_what_it_began(code: str, subject: str, *, now: datetime) -> None:
    used = Challenge.objects.filter(
        purpose=PURPOSE,
        subject=subject,
        secret_digest=challenges.digest(code),
        used_at__isnull=False,
    ).first()
    if used is None:
        return
    begun = Session.objects.filter(
        user_id=used.data["user"], audience=subject, data__code=str(used.id)
    ).first()
    if begun is None:
        return
    by = Actor(ActorKind.SYSTEM, current.required_scope())
    sessions.end(session_id=begun.id, reason="code-reused", by=by, now=now)
