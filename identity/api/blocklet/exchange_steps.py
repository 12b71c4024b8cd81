"""What each action of an exchange asks for to begin, does at its end, and tells the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from accounts.queries import profiles
from accounts.services import profiles as arriving
from accounts.services.profiles import Newcomer
from identity.api.blocklet import application, begun, inputs
from identity.api.blocklet.route import Asked
from identity.errors import NotSupported
from sessions_app.services import exchange_acts
from sessions_app.services.exchange_acts import Said
from sessions_app.services.exchanges import Exchanged

Told = Mapping[str, Any]
_NOTHING: Final[Told] = {}


def _tells_nothing(asked: Asked, found: Exchanged) -> Told:
    del asked, found
    return _NOTHING


@dataclass(frozen=True, slots=True)
class Action:
    """`of_session`: somebody signed in begins it, `is_fresh` with a proof of just now.

    `finish` does what the wallet's last answer leads to and says what the wallet is told; `tell`
    gives the page what came out of it, once.
    """

    finish: Callable[[Asked, Exchanged, Said], Told]
    tell: Callable[[Asked, Exchanged], Told] = field(default=_tells_nothing)
    of_session: bool = False
    is_fresh: bool = False
    knows_newcomers: bool = False


def _sign_in(asked: Asked, found: Exchanged, said: Said) -> Told:
    exchange_acts.sign_in(found, said, _newcomer(asked, found, said), now=asked.now)
    return _NOTHING


def _tokens(asked: Asked, found: Exchanged) -> Told:
    if found.user_id is None:
        return _NOTHING
    held = profiles.role_credentials(found.user_id, now=asked.now)
    credential = begun.chosen(held, str(found.data.get("passport", "")))
    role, data = begun.role_of(credential)
    session = exchange_acts.begin_session(
        found,
        audience=application.permanent(now=asked.now),
        role=role,
        data=data,
        provider_name="wallet",
        now=asked.now,
    )
    arriving.note_sign_in(user_id=session.user_id, address=found.origin.address, now=asked.now)
    return begun.told(begun.pair(asked, session), found.origin.visitor)


def _bind(asked: Asked, found: Exchanged, said: Said) -> Told:
    exchange_acts.bind_wallet(found, said, now=asked.now)
    return _NOTHING


def _prove(asked: Asked, found: Exchanged, said: Said) -> Told:
    exchange_acts.prove_again(found, said, now=asked.now)
    return _NOTHING


def _newcomer(asked: Asked, found: Exchanged, said: Said) -> Newcomer:
    profile = next(
        (each for each in _claims(said.body) if each.get("type") == "profile"),
        {},
    )
    name = profile.get("fullName")
    return Newcomer(
        full_name=inputs.plain(name)[:200] if isinstance(name, str) else "",
        source="wallet",
        locale=str(found.data.get("locale", "")),
        inviter=str(found.data.get("inviter", "")),
        address=asked.sent.address,
    )


def _claims(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    claims = body.get("requestedClaims")
    return [each for each in claims if isinstance(each, dict)] if isinstance(claims, list) else []


ACTIONS: Final[Mapping[str, Action]] = {
    "login": Action(_sign_in, _tokens, knows_newcomers=True),
    "bind-wallet": Action(_bind, of_session=True, is_fresh=True),
    "verify-elevated": Action(_prove, of_session=True),
}
_INSTEAD: Final[Mapping[str, str]] = {
    "invite": "An invitation is accepted with keys of a device, on the page that its letter links"
    " to. Bind this wallet to the account afterwards: did/bind-wallet.",
}
_ELSEWHERE: Final = "This server does not offer this conversation with a wallet."


def of(name: str) -> Action:
    """The action of this name. Raises NotSupported for those that there are not."""
    found = ACTIONS.get(name)
    if found is None:
        raise NotSupported(_INSTEAD.get(name, _ELSEWHERE))
    return found
