"""What each action of an exchange asks for to begin, does at its end, and tells the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from accounts.queries import profiles
from accounts.queries.profiles import RoleCredentialRow
from accounts.services import profiles as arriving
from accounts.services import role_credentials, wallets
from accounts.services.profiles import Newcomer
from identity.api.blocklet import application, begun, inputs, invitation, passports
from identity.api.blocklet.route import Asked
from identity.errors import NotSupported
from invitations.errors import InvitationWaits
from invitations.services import joining
from invitations.services.governance import Pending
from sessions_app.errors import ChallengeRefused, SignInRefused
from sessions_app.services import exchange_acts
from sessions_app.services.exchange_acts import Said
from sessions_app.services.exchanges import Exchanged
from sessions_app.services.role_switching import Role

Told = Mapping[str, Any]
_NOTHING: Final[Told] = {}


def _tells_nothing(asked: Asked, found: Exchanged) -> Told:
    del asked, found
    return _NOTHING


def _keeps_nothing(asked: Asked, given: Mapping[str, str]) -> Told:
    del asked, given
    return _NOTHING


def _asks_no_more(found: Exchanged, said: Said) -> bool:
    del found, said
    return False


@dataclass(frozen=True, slots=True)
class Action:
    """`of_session`: somebody signed in begins it, `is_fresh` with a proof of just now.

    `finish` does what the wallet's last answer leads to and says what the wallet is told; `tell`
    gives the page what came out of it, once. `opens` looks at what the page asks for before
    anything is begun, and says what is kept of it. `asks_more` tells after the first answer whether
    there is a second question.
    """

    finish: Callable[[Asked, Exchanged, Said], Told]
    tell: Callable[[Asked, Exchanged], Told] = field(default=_tells_nothing)
    opens: Callable[[Asked, Mapping[str, str]], Told] = field(default=_keeps_nothing)
    of_session: bool = False
    is_fresh: bool = False
    asks_more: Callable[[Exchanged, Said], bool] = field(default=_asks_no_more)


def _sign_in(asked: Asked, found: Exchanged, said: Said) -> Told:
    exchange_acts.sign_in(found, said, _newcomer(asked, found, said), now=asked.now)
    return _NOTHING


def _tokens(asked: Asked, found: Exchanged) -> Told:
    if found.user_id is None:
        return _NOTHING
    held = profiles.role_credentials(found.user_id, now=asked.now)
    # What joining noted, or what the page asked for.
    wanted = found.data.get(joining.CREDENTIAL) or found.data.get("passport", "")
    credential = begun.chosen(held, str(wanted))
    role, data = begun.role_of(credential)
    session = exchange_acts.begin_session(
        found,
        audience=application.permanent(now=asked.now),
        role=role,
        data=data,
        provider_name="wallet",
        now=asked.now,
    )
    if credential is not None:
        role_credentials.note_used(credential.id, now=asked.now)
    arriving.note_sign_in(user_id=session.user_id, address=found.origin.address, now=asked.now)
    return begun.told(begun.pair(asked, session), found.origin.visitor)


def _opened(asked: Asked, given: Mapping[str, str]) -> Told:
    """The invitation that a page's link names; its secret is kept nowhere. Raises Told for none."""
    held = invitation.open_one(asked, str(given.get("inviteId", "")))
    joining.require_open(held.id, now=asked.now)
    return {"invitation": str(held.id)}


def _join(asked: Asked, found: Exchanged, said: Said) -> Told:
    joined = joining.by_wallet(
        found,
        said,
        invitation_id=UUID(found.data["invitation"]),
        full_name=_full_name(said),
        now=asked.now,
    )
    if isinstance(joined, Pending):
        raise InvitationWaits
    if not joined.credentials:
        return _NOTHING
    return _attached(passports.own(joined.user_id, joined.credentials[0], now=asked.now), asked)


def _always(found: Exchanged, said: Said) -> bool:
    del found, said
    return True


def _bind(asked: Asked, found: Exchanged, said: Said) -> Told:
    exchange_acts.bind_wallet(found, said, now=asked.now)
    return _NOTHING


def _prove(asked: Asked, found: Exchanged, said: Said) -> Told:
    exchange_acts.prove_again(found, said, now=asked.now)
    return _NOTHING


def _destroying(asked: Asked, found: Exchanged) -> Told:
    """The session is proof of just now, which DELETE user asks for."""
    del asked
    return {"destroySessionId": str(found.session_id)}


def _is_new(found: Exchanged, said: Said) -> bool:
    """Those who are here already are asked for nothing more."""
    del found
    return wallets.holder(said.key.address) is None


def _names_none(found: Exchanged, said: Said) -> bool:
    """Where the page named no passport, the wallet shows one."""
    del said
    return not found.data.get("passport")


def _confirm_switch(asked: Asked, found: Exchanged, said: Said) -> Told:
    passport = str(found.data.get("passport", "")) or _shown(asked, found, said)
    if found.user_id is None:
        raise ChallengeRefused
    passports.own(found.user_id, passport, now=asked.now)
    exchange_acts.confirm(found, said, noted={"passport": passport}, now=asked.now)
    return _NOTHING


def _shown(asked: Asked, found: Exchanged, said: Said) -> str:
    """The id of the passport that a wallet presents, signed by its holder over this challenge."""
    claim = _claim(said, "verifiableCredential")
    return passports.presented(
        claim.get("presentation"), challenge=found.challenge, holder=said.key.address, asked=asked
    )


def _switched(asked: Asked, found: Exchanged) -> Told:
    if found.user_id is None:
        return _NOTHING
    row = passports.own(found.user_id, str(found.data.get("passport", "")), now=asked.now)
    role_credentials.note_used(row.id, now=asked.now)
    role = Role(row.role, row.credential_id)
    session = exchange_acts.switch_role(found, role, now=asked.now)
    return begun.told(begun.pair(asked, session), session.visitor)


def _hand_over(asked: Asked, found: Exchanged, said: Said) -> Told:
    """A passport goes to the wallet of who has the role, and to no other."""
    holder = wallets.holder(said.key.address)
    if holder is None:
        raise SignInRefused
    row = passports.own(holder.id, str(found.data.get("id", "")), now=asked.now)
    exchange_acts.identify(found, said, now=asked.now)
    return _attached(row, asked)


def _attached(row: RoleCredentialRow, asked: Asked) -> Told:
    """A passport as a wallet takes it in."""
    return {
        "type": "VerifiableCredential",
        "disposition": "attachment",
        "tag": application.permanent(now=asked.now),
        "vc": passports.document(row, asked),
    }


def _full_name(said: Said) -> str:
    name = _claim(said, "profile").get("fullName")
    return inputs.plain(name)[:200] if isinstance(name, str) else ""


def _newcomer(asked: Asked, found: Exchanged, said: Said) -> Newcomer:
    return Newcomer(
        full_name=_full_name(said),
        source="wallet",
        locale=inputs.language_if_any(str(found.data.get("locale", ""))),
        inviter=str(found.data.get("inviter", "")),
        address=asked.sent.address,
    )


def _claims(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    claims = body.get("requestedClaims")
    return [each for each in claims if isinstance(each, dict)] if isinstance(claims, list) else []


def _claim(said: Said, kind: str) -> dict[str, Any]:
    return next((each for each in _claims(said.body) if each.get("type") == kind), {})


ACTIONS: Final[Mapping[str, Action]] = {
    "login": Action(_sign_in, _tokens, asks_more=_is_new),
    "invite": Action(_join, _tokens, opens=_opened, asks_more=_always),
    "bind-wallet": Action(_bind, of_session=True, is_fresh=True),
    "verify-elevated": Action(_prove, of_session=True),
    "destroy-self": Action(_prove, _destroying, of_session=True),
    "switch-passport": Action(_confirm_switch, _switched, of_session=True, asks_more=_names_none),
    "issue-passport": Action(_hand_over),
}
_ELSEWHERE: Final = "This server does not offer this conversation with a wallet."


def of(name: str) -> Action:
    """The action of this name. Raises NotSupported for those that there are not."""
    found = ACTIONS.get(name)
    if found is None:
        raise NotSupported(_ELSEWHERE)
    return found
