"""DID Connect: a page shows a code, a wallet scans and signs, the page learns what came of it."""

import base64
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import orjson

from identity.api.blocklet import (
    auth,
    errors,
    exchange_steps,
    exchange_words,
    inputs,
    replies,
    wording,
)
from identity.api.blocklet.exchange_steps import Action
from identity.api.blocklet.route import OPEN, Asked, Route
from identity.crypto import sealed_box
from identity.crypto.errors import KeyInvalid
from identity.errors import DomainError, Invalid, Missing
from identity.web import browser
from identity.web.lane import Answer
from sessions_app.errors import ChallengeRefused, SignInRefused, SignUpClosed
from sessions_app.services import exchange_acts, exchanges, step_up
from sessions_app.services.exchange_acts import Said
from sessions_app.services.exchanges import Beginner, Exchanged, State
from sessions_app.services.sessions import Origin

GONE: Final = "Session not found or expired"
UNNAMED: Final = "Session Id is required to check status"
_MISMATCH: Final = "Challenge mismatch"
_FORBIDDEN: Final = "This was begun for another wallet."
_WORDS: Final[Mapping[str, str]] = {
    State.CREATED: "created",
    State.SCANNED: "scanned",
    State.DONE: "succeed",
    State.FAILED: "error",
    State.BUSY: "busy",
    State.FORBIDDEN: "forbidden",
}


def begin(asked: Asked) -> Answer:
    """A new exchange for this browser, and what it shows to the wallet."""
    name, now = asked.ids["action"], asked.now
    action, given = exchange_steps.of(name), _given(asked)
    mark = browser.mark(asked.sent.cookies)
    wanted = _text(given, "forceConnected")
    beginner, kept = _beginner(asked, action, given, mark.digest), action.opens(asked, given)
    token = exchanges.begin(
        action=name,
        beginner=beginner,
        data={
            "locale": asked.locale,
            "inviter": _text(given, "inviter"),
            "passport": _text(given, "passportId"),
            "id": _text(given, "id"),
            **kept,
        },
        wanted_wallet="" if wanted in _TRUTH else inputs.address(wanted, name="did").text,
        now=now,
    )
    content = {
        "token": token,
        "status": "created",
        "url": exchange_words.scanned_url(asked.slug, name, token),
        "appInfo": exchange_words.app_info(asked.slug, now=now),
        "memberAppInfo": None,
        "extra": {"connectedDid": wanted, "saveConnect": True},
    }
    return replies.json(content, cookies=(mark.cookie,) if mark.cookie else ())


def status(asked: Asked) -> Answer:
    """How far it has come; at the end, for the browser that began or sealed, what came of it."""
    token = _token(asked)
    if not token:
        raise errors.said(UNNAMED, status=400)
    found = _found(asked, token)
    if found.state == State.FORBIDDEN:
        text = wording.said(found.fault or _FORBIDDEN, exchange_words.language(found))
        raise errors.said(text, status=403)
    content: dict[str, Any] = {
        "token": token,
        "action": found.action,
        "status": _WORDS[found.state],
        "currentStep": found.step,
    }
    if found.state in {State.FAILED, State.BUSY}:
        content["error"] = wording.said(found.fault, exchange_words.language(found))
    mark = browser.known(asked.sent.cookies)
    if found.state == State.DONE and exchanges.is_for(found, mark.digest if mark else ""):
        content |= _outcome(asked, found)
    return replies.json(content)


def give_up(asked: Asked) -> Answer:
    """The page waited long enough."""
    token = _token(asked)
    exchanges.give_up(token, action=asked.ids["action"], now=asked.now)
    return replies.json({"token": token})


def ask_wallet(asked: Asked) -> Answer:
    """A wallet scanned the code and learns what to sign."""
    token = _token(asked)
    try:
        found = exchanges.scan(token, action=asked.ids["action"], now=asked.now)
    except ChallengeRefused:
        return _fault(asked, GONE)
    return replies.json(exchange_words.request(found, slug=asked.slug, token=token, now=asked.now))


def answer_of_wallet(asked: Asked) -> Answer:
    """What a wallet signed. The answer is always 200, and signed; what went wrong stands in it."""
    token, now = _token(asked), asked.now
    name = asked.ids["action"]
    try:
        found = exchanges.look(token, action=name, now=now)
        said = exchange_acts.read(
            found,
            public_key=_text(asked.given, "userPk"),
            token=_text(asked.given, "userInfo"),
            wallet_os=exchange_words.wallet_os(asked.sent.user_agent),
            now=now,
        )
    except ChallengeRefused:
        return _fault(asked, GONE if _is_gone(asked, token) else _MISMATCH, token)
    except (SignInRefused, Invalid):
        return _fault(asked, "Invalid JWT token", token)
    return _answered(asked, token, found, said)


def _answered(asked: Asked, token: str, found: Exchanged, said: Said) -> Answer:
    now = asked.now
    if found.wanted_wallet not in {"", said.key.address}:
        exchanges.stop(found, state=State.FORBIDDEN, fault=_FORBIDDEN, now=now)
        return _fault(asked, _FORBIDDEN, token)
    if stopped := _STOPS.get(str(said.body.get("action"))):
        exchanges.stop(found, state=stopped[0], fault=stopped[1], now=now)
        return replies.json(exchange_words.done({}, slug=asked.slug, now=now))
    action = exchange_steps.of(found.action)
    try:
        if found.step == 0 and action.asks_more(found, said):
            further = exchanges.go_on(found, said.key, now=now)
            return replies.json(
                exchange_words.request(further, slug=asked.slug, token=token, now=now)
            )
        response = action.finish(asked, found, said)
    except ChallengeRefused:
        return _fault(asked, GONE)
    except DomainError as refusal:
        text = _refusal(refusal, exchange_words.language(found))
        exchanges.stop(found, state=State.FAILED, fault=text, now=now)
        return _fault(asked, text)
    return replies.json(exchange_words.done(response, slug=asked.slug, now=now))


_STOPS: Final[Mapping[str, tuple[State, str]]] = {
    "declineAuth": (State.FAILED, "The wallet's owner declined."),
    "busy": (State.BUSY, "The wallet is busy."),
}
_TRUTH: Final = frozenset({"", "true", "false", "1", "0"})
"""What pages say of a wish without naming a wallet."""


def _refusal(refusal: DomainError, language: str) -> str:
    if isinstance(refusal, SignUpClosed):
        return wording.said(refusal.title, language)
    return errors.message(refusal, language)


def _outcome(asked: Asked, found: Exchanged) -> dict[str, Any]:
    action = exchange_steps.of(found.action)
    own = {"did": found.wallet, "pk": exchange_words.public_key(found)}
    try:
        told = action.tell(asked, found)
    except (ChallengeRefused, SignInRefused, Missing):
        # Handed out already, or the user was shut out in the meantime.
        return own
    return own | (_sealed(told, found.sealed_for) if found.sealed_for else dict(told))


def _sealed(told: Mapping[str, Any], recipient: bytes) -> dict[str, str]:
    return {
        name: base64.b64encode(sealed_box.seal(orjson.dumps(value), recipient)).decode()
        for name, value in told.items()
    }


def _beginner(asked: Asked, action: Action, given: Mapping[str, Any], mark: str) -> Beginner:
    sent = asked.sent
    visitor = sent.new_visitor(_text(given, "visitorId"))
    origin = Origin(address=sent.address, user_agent=sent.user_agent, visitor=visitor)
    sealed_for = recipient(_text(given, "_ek_"))
    if not action.of_session:
        return Beginner(origin, mark, sealed_for)
    caller = auth.caller(sent, asked.given, asked.query, asked.now)
    if action.is_fresh:
        step_up.require_fresh(caller.door.authenticated_at, now=asked.now)
    return Beginner(origin, mark, sealed_for, caller.user_id, caller.door.session_id)


def recipient(text: str) -> bytes:
    """The X25519 key that something is sealed for; nothing for none. Raises Invalid."""
    if not text:
        return b""
    try:
        key = sealed_box.parse_recipient(text)
        sealed_box.seal(b"", key)
    except KeyInvalid:
        raise Invalid('"_ek_" is no X25519 public key in base64url') from None
    return key


def _given(asked: Asked) -> Mapping[str, Any]:
    return {**asked.query, **asked.given}


def _token(asked: Asked) -> str:
    return _text(_given(asked), "_t_")


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    return value if isinstance(value, str) else ""


def _found(asked: Asked, token: str) -> Exchanged:
    try:
        return exchanges.look(token, action=asked.ids["action"], now=asked.now)
    except ChallengeRefused:
        raise errors.said(GONE, status=400) from None


def _is_gone(asked: Asked, token: str) -> bool:
    try:
        return exchanges.look(token, action=asked.ids["action"], now=asked.now).state not in {
            State.CREATED,
            State.SCANNED,
        }
    except ChallengeRefused:
        return True


def _fault(asked: Asked, text: str, token: str = "") -> Answer:
    """The last word to a wallet, in the language of the page where that is known."""
    language = asked.locale
    with suppress(ChallengeRefused):
        found = exchanges.look(token, action=asked.ids["action"], now=asked.now)
        language = exchange_words.language(found)
    said = wording.said(text, language)
    return replies.json(exchange_words.fault(said, slug=asked.slug, now=asked.now))


ROUTES: Final = tuple(
    Route(method, f"/api/did/{{action}}/{name}", OPEN, run)
    for name, run_by_method in (
        ("token", {"GET": begin, "POST": begin}),
        ("status", {"GET": status, "POST": status}),
        ("timeout", {"GET": give_up, "POST": give_up}),
        ("auth", {"GET": ask_wallet, "POST": answer_of_wallet}),
    )
    for method, run in run_by_method.items()
)
