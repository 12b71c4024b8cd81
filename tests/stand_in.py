"""A stand-in for an OpenID Connect provider on a port of this machine; it can be told to misbehave.

It keeps what it was asked, so that tests see what is sent to providers.
"""

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

CLIENT_ID = "countersign"
SECRET = "canary-client-secret"


class StandIn:
    """Listens for the length of a `with` block; `claims` is who signs in there now."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.signing_key: Any = self.key
        self.kid = "one"
        self.claims: dict[str, Any] = {"sub": "alice-there"}
        self.token_claims: dict[str, Any] = {}
        self.headers: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.configuration: dict[str, Any] = {}
        self.status: dict[str, int] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def authorize(self, address: str) -> str:
        """What the browser does there: it is sent to `address` and back to the address returned."""
        parts = urlsplit(address)
        asked = dict(parse_qsl(parts.query))
        assert address.startswith(f"{self.issuer}/authorize?"), address
        assert asked["client_id"] == CLIENT_ID
        code = base64.urlsafe_b64encode(hashlib.sha256(address.encode()).digest()).decode()
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
            **self.token_claims,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        headers = {"kid": self.kid, **self.headers}
        return jwt.encode(kept, self.signing_key, algorithm="ES256", headers=headers)

    def answered(self, path: str, given: dict[str, str]) -> Any:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/jwks",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                **self.configuration,
            }
        if path == "/jwks":
            algorithm = jwt.get_algorithm_by_name("ES256")
            jwk = json.loads(algorithm.to_jwk(self.key.public_key()))
            return {"keys": [{**jwk, "kid": "one", "use": "sig", "alg": "ES256"}]}
        if path == "/userinfo":
            return self.userinfo if self.userinfo is not None else dict(self.claims)
        return self._token(given)

    def _token(self, given: dict[str, str]) -> Any:
        asked = self.codes.pop(given.get("code", ""), None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge:
            return None
        if (given["client_secret"], given["redirect_uri"]) != (SECRET, asked["redirect_uri"]):
            return None
        return {
            "access_token": "there",
            "token_type": "Bearer",
            "id_token": self.id_token(asked),
        }


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            given = parse_qs(self.rfile.read(length).decode())
            self._answer({name: values[0] for name, values in given.items()})

        def _answer(self, given: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            stand_in.asked.append((path, given))
            found = stand_in.answered(path, given)
            status = stand_in.status.get(path, 200 if found is not None else 400)
            body = found if isinstance(found, bytes) else json.dumps(found or {}).encode()
            self.send_response(status)
            if status in {301, 302, 307}:
                self.send_header("Location", f"{stand_in.issuer}/elsewhere")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
