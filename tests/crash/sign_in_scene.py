"""People who sign in at a server that may die under them, and the books of what they do there."""

import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx

from identity.crypto import eip191, ethereum_address, secp256k1
from tests.crash.books import Books
from tests.crash.scene import Deployment

SLUG: Final = "acme"
SESSIONS: Final[Mapping[str, str]] = {
    "each session has its one sign-in": (
        "SELECT count(*) FROM sessions_app_session s WHERE 1 <>"
        " (SELECT count(*) FROM sessions_app_signin i WHERE i.session_id = s.id)"
    ),
    "each sign-in that succeeded has its session": (
        "SELECT count(*) FROM sessions_app_signin i WHERE i.outcome = 'succeeded' AND NOT EXISTS"
        " (SELECT 1 FROM sessions_app_session s WHERE s.id = i.session_id)"
    ),
    "each session is on record, once": (
        "SELECT (SELECT count(*) FROM sessions_app_session) -"
        " (SELECT count(*) FROM identity_auditevent WHERE name = 'session.started')"
    ),
    "whatever ended has an end, and nothing else": (
        "SELECT count(*) FROM sessions_app_session"
        " WHERE (status = 'ended') <> (ended_at IS NOT NULL)"
    ),
    "each session that was ended alone is on record, once": (
        "SELECT (SELECT count(*) FROM sessions_app_session"
        " WHERE ended_reason IN ('signed-out', 'revoked', 'replaced')) -"
        " (SELECT count(*) FROM identity_auditevent WHERE name = 'session.ended')"
    ),
    "each theft is on record, once": (
        "SELECT (SELECT count(*) FROM sessions_app_session WHERE ended_reason = 'reuse') -"
        " (SELECT count(*) FROM identity_auditevent WHERE name = 'session.refresh-reused')"
    ),
}
SIGN_INS: Final[Mapping[str, str]] = {
    **SESSIONS,
    "each code has its mail": (
        "SELECT (SELECT count(*) FROM sessions_app_challenge WHERE purpose LIKE 'code:%') -"
        " (SELECT count(*) FROM identity_sentmail)"
    ),
    "each mail that waits has a task": (
        "SELECT (SELECT count(*) FROM identity_sentmail WHERE state = 'queued') -"
        " (SELECT count(*) FROM django_tasks_database_dbtaskresult WHERE status = 'READY'"
        " AND task_path LIKE '%mail%')"
    ),
    "nobody came by mail without a session": (
        "SELECT count(*) FROM accounts_user u JOIN accounts_profile p ON p.user_id = u.id"
        " WHERE p.source = 'email' AND NOT EXISTS"
        " (SELECT 1 FROM sessions_app_session s WHERE s.user_id = u.id)"
    ),
    "whoever came by a wallet has one": (
        "SELECT count(*) FROM accounts_profile p WHERE p.source = 'wallet' AND 1 <>"
        " (SELECT count(*) FROM accounts_wallet w WHERE w.user_id = p.user_id)"
    ),
    "whoever came by a provider has an account there": (
        "SELECT count(*) FROM accounts_profile p WHERE p.source = 'house' AND 1 <>"
        " (SELECT count(*) FROM accounts_externalidentity e WHERE e.user_id = p.user_id)"
    ),
    "everybody has a profile": (
        "SELECT count(*) FROM accounts_user u WHERE NOT u.is_staff AND NOT EXISTS"
        " (SELECT 1 FROM accounts_profile p WHERE p.user_id = u.id)"
    ),
}
_numbers = itertools.count(1)


class SignInBooks(Books):
    """The books of sign-ins; their users came by no invitation here.

    Each of the claims counts what is half done: the answer has to be 0.
    """

    def __init__(self, url: str, claims: Mapping[str, str] = SIGN_INS) -> None:
        super().__init__(url)
        self._claims = claims

    def require_whole(self) -> None:
        questions = ", ".join(f"({question})" for question in self._claims.values())
        (answers,) = self.rows(f"SELECT {questions}")
        told = dict(zip(self._claims, answers, strict=True))
        assert not any(answers), {claim: wrong for claim, wrong in told.items() if wrong}


@contextmanager
def unharmed(deployment: Deployment) -> Iterator[None]:
    """What is done inside is survived; the doom is for the request after it."""
    die_at, deployment.fated.die_at = deployment.fated.die_at, 0
    yield
    deployment.fated.die_at = die_at


class Visitor:
    """Somebody new at a browser with an address of its own, at the network and for mail."""

    def __init__(self, deployment: Deployment) -> None:
        number = next(_numbers)
        self.deployment = deployment
        self.base = f"{deployment.served.url}/s/{SLUG}"
        self.email = f"visitor-{number}@example.test"
        self.key = secp256k1.parse_private(number.to_bytes(32, "big"))
        # Each from elsewhere: how often one may ask is limited.
        headers = {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250}"}
        self.http = httpx.Client(transport=deployment.fated, headers=headers, timeout=60)

    def post(self, path: str, body: Any = None, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.post(f"{self.base}/v1{path}", json=body or {}, headers=headers)

    def delete(self, path: str, token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return self.http.delete(f"{self.base}/v1{path}", headers=headers)

    def ask_for_code(self) -> httpx.Response:
        return self.post("/sign-in/email", {"email": self.email})

    def mailed_code(self) -> str:
        """The code of the letter that the task worker sends now."""
        assert self.http.post(f"{self.deployment.served.url}/work").status_code == 204
        _, _, letter = self.deployment.served.output().rpartition(f"To: {self.email}\n")
        code = re.search(r"^ {4}(\d{6})$", letter, re.MULTILINE)
        assert code, letter
        return code[1]

    def give_code(self, code: str) -> httpx.Response:
        return self.post("/sign-in/email/code", {"email": self.email, "code": code})

    @property
    def account(self) -> str:
        """The address of the wallet."""
        return ethereum_address.of_key(self.key.public.uncompressed[1:])

    def text_to_sign(self) -> httpx.Response:
        return self.post("/sign-in/wallet/challenge", {"address": self.account})

    def signed(self, text: str) -> dict[str, str]:
        return {"message": text, "signature": eip191.sign(self.key, text.encode())}

    def sign_in(self) -> dict[str, Any]:
        """A pair of tokens by the wallet, whatever happens elsewhere."""
        with unharmed(self.deployment):
            text = self.text_to_sign().json()["message"]
            answer = self.post("/sign-in/wallet", self.signed(text))
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told
