"""Signing in at a provider: on to it in a window of its own, back to a page that tells of it."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from accounts import social
from accounts.queries import profiles
from accounts.services import external_identities
from identity.api.blocklet import application, begun, errors, invitation, outputs, replies
from identity.api.blocklet.route import OPEN, SELF, Asked, Route
from identity.api.blocklet.sent import ROOT
from identity.errors import Invalid, Missing, NotSupported
from identity.web import browser
from identity.web.lane import Answer
from invitations.errors import InvitationWaits
from invitations.services import joining
from invitations.services.governance import Pending
from sessions_app.errors import ChallengeRefused, ProviderUnusable, SignInRefused, SignUpClosed
from sessions_app.queries import providers as queries
from sessions_app.services import provider_sign_in, tokens
from sessions_app.services.first_factor import Arrival, Passed, SecondFactorDue
from sessions_app.services.provider_sign_in import Asserted, Round, Wish
from sessions_app.services.sessions import Origin

_ANSWERED: Final = frozenset({"state", "code", "iss", "error"})
_MOST: Final = 16_384
_SCRIPT: Final = (
    "var q=location.search.slice(1),p=new URLSearchParams(q);"
    "if(window.opener){window.opener.postMessage({type:'authorization_response',"
    "response:{code:p.has('error')?null:btoa(q),state:p.get('state'),error:p.get('error')}},"
    "location.origin);window.close();}"
)
"""The opener of the same origin, and no other, learns what the provider answered, all in `code`."""
_DIGEST: Final = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_PAGE: Final = (
    f"<!doctype html><meta charset=utf-8><title>Signing in</title><script>{_SCRIPT}</script>"
)
_PAGE_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": f"default-src 'none'; script-src 'sha256-{_DIGEST}'",
}


class Returned(msgspec.Struct, rename="camel"):
    """`oauth/login`, `oauth/bind`: `code` is what the page of the callback told."""

    provider: str
    code: str
    action: str = "login"
    invite_id: str = ""


class Unbinding(msgspec.Struct, rename="camel"):
    """`oauth/unbind`: the provider, and the id there where there are two accounts of one."""

    provider: str
    id: str = ""


def offered(asked: Asked) -> Answer:
    """The scope's providers in order."""
    del asked
    return replies.json(outputs.providers(queries.offered()))


def begin(asked: Asked) -> Answer:
    """On to the provider; what comes back is of use in this browser alone."""
    mark, slug = browser.mark(asked.sent.cookies), asked.ids["provider"]
    try:
        begun_round = provider_sign_in.begin(
            slug=slug,
            wish=Wish(),
            browser=mark.digest,
            return_address=_return_address(asked, slug),
            now=asked.now,
        )
    except ProviderUnusable:
        raise errors.worded(f"Provider: {slug[:64]} is not supported", status=400) from None
    headers = {"Location": social.address(begun_round), "Cache-Control": "no-store"}
    return Answer(302, b"", headers, (mark.cookie,) if mark.cookie else ())


def callback(asked: Asked) -> Answer:
    """The page that the provider sends people back to."""
    del asked
    return Answer(200, _PAGE.encode(), _PAGE_HEADERS)


def callback_by_post(asked: Asked) -> Answer:
    """A provider that answers by POST (Apple): once around to where the page is.

    It comes from another site, so without the browser's cookies; nothing is believed here.
    """
    told = {name: text for name, text in asked.given.items() if name in _ANSWERED}
    if not all(isinstance(text, str) and len(text) <= _MOST for text in told.values()):
        raise Invalid("This is no answer of a provider.")
    address = f"{_return_address(asked, asked.ids['provider'])}?{urlencode(told)}"
    return Answer(303, b"", {"Location": address, "Cache-Control": "no-store"})


def look(asked: Asked) -> Answer:
    """Who the provider says is there, and the account that it opens here, if there is one.

    It uses the answer up and signs nobody in.
    """
    _, asserted = _returned(asked)
    user = external_identities.holder(asserted.issuer, asserted.subject)
    row = profiles.profile(user.id) if user else None
    told = {
        "provider": asked.body.provider,
        "sub": asserted.subject,
        "name": asserted.name,
        "email": asserted.email or None,
        "emailVerified": asserted.is_email_verified,
    }
    return replies.json({"info": told, "wallet": outputs.wallet(row) if row else None})


def sign_in(asked: Asked) -> Answer:
    """Sign in whoever the provider says is there, or join."""
    if asked.body.action not in {"login", "invite"}:
        raise NotSupported("At a provider people sign in, or accept an invitation.")
    visitor = asked.sent.new_visitor()
    origin = Origin(asked.sent.address, asked.sent.user_agent, visitor)
    arrival = Arrival(origin, application.permanent(now=asked.now), _mark(asked))
    try:
        found = _joined(asked, arrival) if asked.body.action == "invite" else _known(asked, arrival)
    except SignUpClosed as refusal:
        raise errors.said(refusal.title, status=403) from None
    except SignInRefused as refusal:
        raise errors.said(refusal.title, status=403) from None
    if isinstance(found, SecondFactorDue):
        raise errors.second_factor_due(found.ticket)
    if isinstance(found, Pending):
        raise InvitationWaits
    session = begun.in_role(asked, found)
    return replies.json(begun.told(begun.pair(asked, session), visitor))


def _known(asked: Asked, arrival: Arrival) -> Passed:
    back, asserted = _returned(asked)
    return provider_sign_in.sign_in(back, asserted, arrival=arrival, now=asked.now)


def _joined(asked: Asked, arrival: Arrival) -> Passed | Pending:
    held = invitation.open_one(asked, asked.body.invite_id)
    joining.require_open(held.id, now=asked.now)
    back, asserted = _returned(asked)
    return joining.by_provider(
        back, asserted, invitation_id=held.id, arrival=arrival, now=asked.now
    )


def bind(asked: Asked) -> Answer:
    """Link the account at the provider to the caller's own, after a proof of the last minutes."""
    door = asked.caller.door
    provider_sign_in.require_linkable(authenticated_at=door.authenticated_at, now=asked.now)
    back, asserted = _returned(asked)
    provider_sign_in.link(
        back,
        asserted,
        by=asked.caller.actor,
        authenticated_at=door.authenticated_at,
        now=asked.now,
    )
    return replies.json({})


def unbind(asked: Asked) -> Answer:
    """Let an account at a provider go, unless it is the last way in."""
    caller, body = asked.caller, asked.body
    provider_sign_in.require_linkable(authenticated_at=caller.door.authenticated_at, now=asked.now)
    row = profiles.profile(caller.user_id)
    mine = [each for each in row.identities if each.provider == body.provider] if row else []
    found = [each for each in mine if body.id in {"", each.subject}]
    if len(found) != 1:
        raise Missing("You have no such account.")
    external_identities.unlink(
        user_id=caller.user_id, identity_id=found[0].id, by=caller.actor, now=asked.now
    )
    return replies.json({})


def _returned(asked: Asked) -> tuple[Round, Asserted]:
    """Take the round that an answer belongs to, once, and ask the provider who is there."""
    answer, slug = _answer(asked.body.code), asked.body.provider
    try:
        back, _ = provider_sign_in.resume(
            slug=slug,
            state=answer.get("state", ""),
            browser=_mark(asked),
            expected_return=_return_address(asked, slug),
            now=asked.now,
        )
        return back, social.prove(back, answer)
    except ProviderUnusable:
        raise errors.said(f"Provider {slug[:64]} is not valid", status=400) from None
    except ChallengeRefused as refusal:
        raise errors.said(refusal.title, status=400) from None


def _answer(code: str) -> Mapping[str, str]:
    try:
        text = base64.b64decode(code[:_MOST], validate=True).decode()
        pairs: list[tuple[str, Any]] = parse_qsl(text, max_num_fields=16)
    except (binascii.Error, ValueError):
        raise Invalid('"code" is not what the page of the callback told') from None
    told = [pair for pair in pairs if pair[0] in _ANSWERED]
    if len(dict(told)) != len(told):
        raise Invalid('"code" says something twice')
    return dict(told)


def _mark(asked: Asked) -> str:
    found = browser.known(asked.sent.cookies)
    return found.digest if found else ""


def _return_address(asked: Asked, provider: str) -> str:
    return f"{tokens.issuer(asked.slug)}{ROOT}/oauth/callback/{provider}"


ROUTES: Final = (
    Route("GET", "/api/oauth/configs", OPEN, offered),
    Route("GET", "/oauth/login/{provider}", OPEN, begin),
    Route("GET", "/oauth/callback/{provider}", OPEN, callback),
    Route("POST", "/oauth/callback/{provider}", OPEN, callback_by_post, takes_form=True),
    Route("POST", "/api/oauth/getUser", OPEN, look, body=Returned),
    Route("POST", "/api/oauth/login", OPEN, sign_in, body=Returned),
    Route("POST", "/api/oauth/bind", SELF, bind, body=Returned),
    Route("POST", "/api/oauth/unbind", SELF, unbind, body=Unbinding),
)
