"""An exchange in tests: a page that begins it and polls, a wallet that scans and signs."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from identity.crypto import base64url, sealed_box, wallet_jwt, wallet_keys
from tests.faces.blocklet.browser import Answer, Browser, Wallet

WALLET_AGENT = "arcwallet/4.1.0 iPhone iOS/17"


@dataclass
class Page:
    """A page in a browser. `private` opens what is sealed for it."""

    browser: Browser
    action: str = "login"
    token: str = ""
    url: str = ""
    private: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def begin(self, **given: str) -> Answer:
        if self.private:
            given["_ek_"] = base64url.encode(sealed_box.public_of(self.private))
        answer = self.browser.get(f"did/{self.action}/token", query=given, **self.headers)
        if answer.status == 200:
            self.token, self.url = answer.json["token"], answer.json["url"]
        return answer

    def status(self, browser: Browser | None = None, **more: Any) -> Answer:
        return (browser or self.browser).get(
            f"did/{self.action}/status", query={"_t_": self.token}, **more
        )

    def opened(self, value: str) -> Any:
        return json.loads(sealed_box.open_sealed(base64.b64decode(value), self.private))


@dataclass
class Phone:
    """A wallet's app: it knows a page's token and nothing else."""

    browser: Browser
    wallet: Wallet
    page: Page
    asked: dict[str, Any] = field(default_factory=dict)

    def scan(self) -> dict[str, Any]:
        answer = self.browser.get(
            f"did/{self.page.action}/auth",
            query={"_t_": self.page.token},
            user_agent=WALLET_AGENT,
        )
        return self._read(answer)

    def sign(self, *, token: str = "", **claims: Any) -> dict[str, Any]:
        body = {"action": "responseAuth", "requestedClaims": [{"type": "authPrincipal"}]}
        challenge = claims.pop("challenge", self.asked.get("challenge", ""))
        given = {
            "userPk": claims.pop("user_pk", self.wallet.private.public.base58),
            "userInfo": token or self.wallet.token(challenge, **(body | claims)),
        }
        answer = self.browser.post(
            f"did/{self.page.action}/auth",
            given,
            query={"_t_": self.page.token},
            user_agent=WALLET_AGENT,
        )
        return self._read(answer)

    def answer(self) -> dict[str, Any]:
        """Scan and sign until the last word."""
        said = self.scan()
        if "requestedClaims" in said:
            said = self.sign()
        if "requestedClaims" in said:
            said = self.sign(requestedClaims=[{"type": "profile", "fullName": "Ada"}])
        return said

    def _read(self, answer: Answer) -> dict[str, Any]:
        assert answer.status == 200, answer.text
        told = answer.json
        key = wallet_keys.parse_public(told["appPk"])
        issuer = wallet_jwt.peek_issuer(told["authInfo"])
        wallet_keys.verify_owner(issuer, key)
        header, body, _ = told["authInfo"].split(".")
        self.asked = json.loads(base64url.decode(body))
        assert json.loads(base64url.decode(header)) == {"alg": "Ed25519", "type": "JWT"}
        return self.asked
