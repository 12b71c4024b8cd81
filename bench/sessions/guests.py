"""Those who sign in: wallets, people with passwords, sessions with tokens, a backend's API key."""

import itertools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import User
from accounts.services import passwords
from bench import people, rehearsal
from bench.tape import Sent
from identity import actor, ids
from identity.crypto import did_address, wallet_jwt, wallet_keys
from identity.crypto.did_address import KeyKind
from identity.services import api_key_secrets, api_keys
from sessions_app.models import Session
from sessions_app.services import sessions, tokens
from sessions_app.services.sessions import Origin, Proof

PASSWORD = "correct horse battery staple"
VISITOR = "bench-visitor"
BROWSER = {"User-Agent": "Bench/1"}
"""What every request calls itself."""
_LIFE = 600
_challenges = itertools.count(1)


def town(slug: str) -> people.Town:
    """A scope in which newcomers are welcome and access tokens outlive the run."""
    return people.town(slug, sign_up=True, access_minutes=24 * 60)


@dataclass(frozen=True)
class Wallet:
    """A wallet of the usual kind."""

    key: wallet_keys.PrivateKey

    @classmethod
    def number(cls, number: int) -> "Wallet":
        return cls(wallet_keys.private_of(KeyKind.ED25519, number.to_bytes(32, "big")))

    def sign_in(self, town: people.Town) -> Sent:
        """`loginByWallet`, with a token that was never used."""
        challenge = f"challenge-{next(_challenges)}"
        did = self.key.public.address()
        token = wallet_jwt.sign(
            self.key,
            {"challenge": challenge},
            issuer=did_address.parse(did),
            now=int(datetime.now(UTC).timestamp()),
            life=_LIFE,
        )
        body = {
            "userDid": did,
            "userPk": self.key.public.base58,
            "signature": token,
            "walletOS": "ios",
            "challenge": challenge,
            "componentId": "bench",
            "visitorId": VISITOR,
        }
        return posted(f"{service(town)}/user/loginByWallet", body)


@dataclass(frozen=True)
class Tokens:
    """A pair of tokens."""

    access: str
    refresh: str


def service(town: people.Town) -> str:
    """Where the face for wallets answers."""
    return f"/s/{town.slug}/.well-known/service/api"


def posted(path: str, body: dict[str, Any], **headers: str) -> Sent:
    """A POST of JSON."""
    kind = {"Content-Type": "application/json", **BROWSER}
    return Sent(path=path, body=json.dumps(body).encode(), headers={**kind, **headers})


def wallet_sessions(town: people.Town, wallets: list[Wallet]) -> list[Tokens]:
    """One session of the face for each wallet, used once by its browser."""
    found = []
    for wallet in wallets:
        told = json.loads(rehearsal.answered(wallet.sign_in(town)))
        pair = Tokens(told["sessionToken"], told["refreshToken"])
        rehearsal.answered(session_check(town, pair))
        found.append(pair)
    return found


def session_check(town: people.Town, pair: Tokens) -> Sent:
    """`GET did/session`."""
    headers = {"Authorization": f"Bearer {pair.access}", **BROWSER}
    return Sent(path=f"{service(town)}/did/session", method="GET", headers=headers)


def renewal(town: people.Town, refresh: str) -> Sent:
    """`POST did/refreshSession`."""
    headers = {"Authorization": f"Bearer {refresh}", "X-Blocklet-Visitor-Id": VISITOR}
    path = f"{service(town)}/did/refreshSession"
    return Sent(path=path, headers={**BROWSER, **headers})


def persons(town: people.Town, count: int, called: str = "person") -> list[User]:
    """People with a password; each signed in before, so that everything of theirs is there."""
    named = [people.person(town, f"{called}-{number}") for number in range(count)]
    with town.inside():
        User.objects.filter(id__in=[each.id for each in named]).update(
            password=passwords.make_verifier(PASSWORD)
        )
    return named


def own_session(town: people.Town, user: User) -> Tokens:
    """A session for the API of our own."""
    now = datetime.now(UTC)
    with town.inside():
        session = sessions.start(
            user_id=user.id,
            proof=Proof(Session.Method.PASSWORD),
            origin=Origin(address="127.0.0.1", user_agent=BROWSER["User-Agent"]),
            audience=tokens.issuer(town.slug),
            lasts=timedelta(days=7),
            now=now,
        )
        live = sessions.live(session, scope_slug=town.slug)
        access = tokens.access(live, seconds=24 * 3600, now=now)
        return Tokens(access, tokens.refresh(live, now=now))


def password_sign_in(town: people.Town, user: User, visitor: str = VISITOR) -> Sent:
    """`POST /v1/sign-in/password`."""
    body = {"username": user.username, "password": PASSWORD, "visitor": visitor}
    return posted(f"/s/{town.slug}/v1/sign-in/password", body)


def backend(town: people.Town) -> str:
    """The secret of an API key that may look into tokens and end their sessions."""
    secret = api_key_secrets.new_secret()
    with town.inside():
        api_keys.create(
            key_id=ids.new(),
            name="backend",
            credential=api_key_secrets.bearer(secret),
            words=["sessions:introspect"],
            by=actor.system(town.scope_id),
            now=datetime.now(UTC),
        )
    return secret


def about_token(town: people.Town, act: str, token: str, secret: str) -> Sent:
    """`POST /v1/token/introspect` or `revoke` by the backend."""
    headers = {
        "Authorization": f"Bearer {secret}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return Sent(
        path=f"/s/{town.slug}/v1/token/{act}",
        body=f"token={token}".encode(),
        headers={**BROWSER, **headers},
    )


def own_renewal(town: people.Town, refresh: str) -> Sent:
    """`POST /v1/token/refresh`."""
    return posted(f"/s/{town.slug}/v1/token/refresh", {"refresh_token": refresh})
