"""A client of this face in this process: a browser with cookies, and the wallets of its owners."""

import io
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from identity.api.blocklet import desk, sent
from identity.crypto import did_address, wallet_jwt, wallet_keys
from identity.crypto.did_address import KeyKind
from tests import cast

SERVICE = "/.well-known/service"
_seeds = itertools.count(1)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Browser:
    """Keeps cookies as a browser does; `headers` go with every request."""

    world: cast.World
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    address: str = "192.0.2.10"
    prefix: str | None = None

    def __post_init__(self) -> None:
        self.headers.setdefault("user-agent", "Laptop/1")
        if self.prefix is None:
            self.prefix = f"/s/{self.world.scope.slug}"

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        now: datetime | None = None,
        **headers: str,
    ) -> Answer:
        """One request; keyword names are headers with `_` for `-`."""
        given = self.headers | {name.replace("_", "-"): text for name, text in headers.items()}
        raw = b"" if body is None else json.dumps(body).encode()
        return self._sent(method, path, raw, given, query or {}, now)

    def form(self, path: str, text: str) -> Answer:
        """A form, as a page of another site sends it: without cookies."""
        given = self.headers | {"content-type": "application/x-www-form-urlencoded"}
        kept, self.cookies = self.cookies, {}
        answer = self._sent("POST", path, text.encode(), given, {}, None)
        self.cookies = kept
        return answer

    def _sent(
        self,
        method: str,
        path: str,
        raw: bytes,
        given: dict[str, str],
        query: dict[str, str],
        now: datetime | None,
    ) -> Answer:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"{self.prefix}{path}",
            "QUERY_STRING": urlencode(query),
            "REMOTE_ADDR": self.address,
            "CONTENT_LENGTH": str(len(raw)),
            "CONTENT_TYPE": given.get("content-type", "application/json" if raw else ""),
            "HTTP_HOST": "localhost:8000",
        }
        environ |= {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in given.items() if v}
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        told = desk.answer(sent.of_environ(environ, io.BytesIO(raw)), now=now or datetime.now(UTC))
        self._keep(list(told.cookies))
        return Answer(told.status, dict(told.headers), told.body, list(told.cookies))

    def get(self, path: str, **more: Any) -> Answer:
        return self.ask("GET", f"{SERVICE}/api/{path}", **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.ask("POST", f"{SERVICE}/api/{path}", body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.ask("PUT", f"{SERVICE}/api/{path}", body, **more)

    def delete(self, path: str, **more: Any) -> Answer:
        return self.ask("DELETE", f"{SERVICE}/api/{path}", **more)

    def _keep(self, cookies: list[str]) -> None:
        for cookie in cookies:
            pair, *attributes = cookie.split("; ")
            name, _, value = pair.partition("=")
            if "Expires=Thu, 01 Jan 1970 00:00:00 GMT" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


@dataclass
class Wallet:
    """A wallet with a key of its own."""

    private: wallet_keys.PrivateKey

    @classmethod
    def of(cls, kind: KeyKind = KeyKind.ED25519) -> "Wallet":
        return cls(wallet_keys.private_of(kind, next(_seeds).to_bytes(32, "big")))

    @property
    def did(self) -> str:
        return self.private.public.address()

    def token(self, challenge: str, *, now: datetime | None = None, **claims: Any) -> str:
        return wallet_jwt.sign(
            self.private,
            {"challenge": challenge, **claims},
            issuer=did_address.parse(self.did),
            now=int((now or datetime.now(UTC)).timestamp()),
        )

    def body(self, challenge: str = "A1B2C3", **more: Any) -> dict[str, Any]:
        """What it sends to sign its owner in."""
        return {
            "userDid": self.did,
            "userPk": self.private.public.base58,
            "signature": self.token(challenge, now=more.pop("now", None)),
            "walletOS": "ios",
            "challenge": challenge,
            "componentId": "z8component",
            **more,
        }


@dataclass
class Signed:
    """Somebody who is signed in by a wallet, with a browser that has no cookies yet."""

    browser: Browser
    wallet: Wallet
    access: str
    refresh: str
    visitor: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.access}"}

    def get(self, path: str, **more: Any) -> Answer:
        return self.browser.get(path, **(self.bearer | more))

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.browser.post(path, body, **(self.bearer | more))

    def put(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.browser.put(path, body, **(self.bearer | more))

    def delete(self, path: str, **more: Any) -> Answer:
        return self.browser.delete(path, **(self.bearer | more))

    def renew(self, **more: Any) -> Answer:
        headers = {
            "authorization": f"Bearer {self.refresh}",
            "x_blocklet_visitor_id": self.visitor,
        }
        return self.browser.post("did/refreshSession", **(headers | more))


def sign_in(
    world: cast.World, kind: KeyKind = KeyKind.ED25519, wallet: Wallet | None = None, **more: Any
) -> Signed:
    """Sign in with a wallet."""
    browser, wallet = Browser(world), wallet or Wallet.of(kind)
    answer = browser.post("user/loginByWallet", wallet.body(**more))
    assert answer.status == 200, answer.text
    told = answer.json
    return Signed(browser, wallet, told["sessionToken"], told["refreshToken"], told["visitorId"])
