"""From an invitation to a session over `/v1`, in JSON: a challenge, then one signed text."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import httpx

from identity.crypto import ecdsa_p256, rsa
from identity.errors import DomainError
from identity.sdk import answers, key_statements
from identity.sdk.answers import Answer, Heard
from identity.sdk.api_exchange import ApiExchange, Asked
from identity.sdk.errors import NoAnswer
from identity.sdk.exchange import TIMEOUT
from identity.sdk.keys import DeviceKeys
from identity.sdk.results import Pending
from identity.sdk.session import Invitation, ServerKeys, Session

CHALLENGE: Final = "/invitations/challenge"
ACCEPT: Final = "/invitations/accept"
STATEMENT_TYPE: Final = "ecs-accept/1"
_JSON: Final = {"Accept": "application/json", "Content-Type": "application/json"}


def accept(  # noqa: PLR0913 - what the person gives, and what a test replaces
    url: str,
    invitation: Invitation,
    keys: DeviceKeys,
    device_name: str,
    password: str = "",
    *,
    push_token: str = "",
    http: httpx.Client | None = None,
    timeout: float = TIMEOUT,
    clock: Callable[[], float] = time.time,
) -> Session | Pending:
    """Register this device: the session to be stored, or `Pending` until others approve.

    `url` is the address up to and including `/v1`; the session serves both protocols. To learn the
    outcome of a pending one, call again with the same invitation and the same keys. Only answers
    that the server signed are believed. Raises ApiRefused, NotGenuine and NoAnswer.
    """
    exchange = ApiExchange(
        url,
        # Open routes ask for no signature, but the server's answer is bound to it.
        device=invitation.device,
        key=invitation.one_time_key,
        trusted=invitation.server.signatures,
        http=http,
        timeout=timeout,
        clock=clock,
    )
    try:
        return _Accepting(exchange, invitation, keys).run(device_name, password, push_token)
    finally:
        exchange.close()


class _Accepting:
    """The three requests of one acceptance."""

    def __init__(self, exchange: ApiExchange, invitation: Invitation, keys: DeviceKeys) -> None:
        self._exchange = exchange
        self._invitation = invitation
        self._keys = keys

    def run(self, device_name: str, password: str, push_token: str) -> Session | Pending:
        scope, server = self._server()
        self._exchange.trusted = server.signatures
        text = self._statement(scope, device_name, has_password=bool(password))
        body = {
            "statement": _text(text),
            "one_time_signature": _text(ecdsa_p256.sign(self._invitation.one_time_key, text)),
            "signature": _text(ecdsa_p256.sign(self._keys.signature, text)),
        }
        optional = {"password": password, "push_token": push_token}
        body |= {name: value for name, value in optional.items() if value}
        outcome = answers.read(self._ask(ACCEPT, body))
        return outcome if isinstance(outcome, Pending) else self._session(outcome, server)

    def _server(self) -> tuple[str, ServerKeys]:
        """Scope and present keys of the server: they may have changed since the invitation."""
        heard = self._exchange.ask(Asked("GET", key_statements.PATH))
        said = key_statements.read(_content(heard), known=self._invitation.server.signatures)
        return said.scope, ServerKeys(said.encryption, said.signatures)

    def _statement(self, scope: str, device_name: str, *, has_password: bool) -> bytes:
        """The exact text that both keys sign, with the challenge that the new RSA key opens."""
        public = {
            "signature_key": self._keys.signature_pubkey,
            "encryption_key": self._keys.encryption_pubkey,
        }
        heard = self._ask(CHALLENGE, public)
        try:
            sealed = base64.b64decode(_content(heard)["challenge"], validate=True)
            challenge = rsa.decrypt(self._keys.encryption, sealed)
        except (DomainError, KeyError, TypeError, ValueError) as error:
            raise NoAnswer("The answer holds no challenge for these keys.") from error
        said = {
            "type": STATEMENT_TYPE,
            "audience": scope,
            "subject": hashlib.sha256(self._invitation.invite_string.encode()).hexdigest(),
            "device_name": device_name,
            **public,
            "challenge": _text(challenge),
            # The server's own time, out of its signature: a wrong clock here does no harm.
            "issued_at": heard.signed_at,
            "has_password": has_password,
        }
        return json.dumps(said).encode()

    def _session(self, outcome: Answer, server: ServerKeys) -> Session:
        try:
            device = UUID(outcome.content["device"])
            user_id = str(UUID(outcome.content["user"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NoAnswer("The answer does not describe the registered device.") from error
        return Session(user_id=user_id, device=device, keys=self._keys, server=server)

    def _ask(self, path: str, body: Mapping[str, str]) -> Heard:
        content = json.dumps({"invite_string": self._invitation.invite_string, **body}).encode()
        asked = Asked("POST", path, headers=_JSON, body=content, is_verified=True)
        # The same keys are the natural key of these requests, so each may be sent again.
        return self._exchange.ask(asked)


def _content(heard: Heard) -> Any:
    outcome = answers.read(heard)
    return outcome.content if isinstance(outcome, Answer) else {}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
