"""A local stand-in of Fireblocks' API, as far as raw signing needs it.

A request is answered if its token verifies under the API user's key, is for this very address and
body, lives for less than 30 seconds and was not used before. One transaction is made for each
`externalTxId`; it is signed when it was looked at often enough.
"""

import base64
import hashlib
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from accounts.ledger.signing import LocalSigner
from identity.crypto import ed25519

API_KEY = "5b7b1c9e-0000-4000-8000-api-user"


class StandIn(ThreadingHTTPServer):
    """Tests set what happens.

    `looks` is how often a transaction is looked at before it ends as `ends`; `lose_answers` how
    many of the next answers get lost; `answer` (a status and a body) what everybody gets.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.api_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.vault = {("7", "COIN_TEST"): LocalSigner(ed25519.generate())}
        self.transactions: dict[str, dict[str, Any]] = {}
        self.nonces: set[str] = set()
        self.refusals: list[str] = []
        self.requests: list[str] = []
        self.looks = 1
        self.ends = "COMPLETED"
        self.lose_answers = 0
        self.answer: tuple[int, bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def pem(self) -> str:
        return self.api_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def key(self) -> LocalSigner:
        return self.vault["7", "COIN_TEST"]

    def config(self) -> dict[str, str]:
        return {
            "fireBlocksVaultId": "7",
            "fireBlocksAssetId": "COIN_TEST",
            "fireBlocksApiKey": API_KEY,
            "fireBlocksPrivateiKey": self.pem,
        }

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: StandIn

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _handle(self, body: bytes) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        if self.server.answer is not None:
            self._send(*self.server.answer)
            return
        fault = self._fault(body)
        if fault:
            self.server.refusals.append(fault)
            self._send(401, b'{"message":"Unauthorized","code":-7}')
            return
        status, told = self._made(json.loads(body)) if body else self._found()
        if self.server.lose_answers:
            self.server.lose_answers -= 1
            self.close_connection = True
            return
        self._send(status, json.dumps(told).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _fault(self, body: bytes) -> str:
        head, _, rest = self.headers.get("Authorization", "").removeprefix("Bearer ").partition(".")
        payload, _, signature = rest.partition(".")
        try:
            self.server.api_key.public_key().verify(
                decoded(signature),
                f"{head}.{payload}".encode(),
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except (InvalidSignature, ValueError):
            return "signature"
        claims, now = json.loads(decoded(payload)), time.time()
        nonce = claims["nonce"]
        is_new = nonce not in self.server.nonces
        self.server.nonces.add(nonce)
        checks = {
            "algorithm": json.loads(decoded(head)) == {"alg": "RS256", "typ": "JWT"},
            "uri": claims["uri"] == self.path,
            "body": claims["bodyHash"] == hashlib.sha256(body).hexdigest(),
            "user": claims["sub"] == API_KEY == self.headers.get("X-API-Key"),
            "time": claims["iat"] - 5 <= now < claims["exp"] < claims["iat"] + 30,
            "nonce": is_new,
        }
        return next((name for name, holds in checks.items() if not holds), "")

    def _made(self, asked: dict[str, Any]) -> tuple[int, Any]:
        key = self.server.vault.get((asked["source"]["id"], asked["assetId"]))
        if key is None or asked["operation"] != "RAW":
            return 400, {"message": "Source is invalid", "code": 1402}
        if asked["externalTxId"] in self.server.transactions:
            return 400, {"message": "The external tx id is taken", "code": 1438}
        ((message),) = asked["extraParameters"]["rawMessageData"]["messages"]
        made = {
            "id": str(uuid.uuid4()),
            "looks": self.server.looks,
            "content": message["content"],
            "key": key,
        }
        self.server.transactions[asked["externalTxId"]] = made
        return 200, {"id": made["id"], "status": "SUBMITTED"}

    def _found(self) -> tuple[int, Any]:
        name = self.path.rpartition("/")[2]
        kept = self.server.transactions
        made = kept.get(name) or next((one for one in kept.values() if one["id"] == name), None)
        if made is None:
            return 404, {"message": "Not found", "code": 1406}
        made["looks"] -= 1
        if made["looks"] >= 0:
            return 200, {"id": made["id"], "status": "PENDING_SIGNATURE", "signedMessages": []}
        told: dict[str, Any] = {"id": made["id"], "status": self.server.ends}
        if self.server.ends == "COMPLETED":
            signature = made["key"].sign(bytes.fromhex(made["content"])).hex()
            told["signedMessages"] = [
                {
                    "content": made["content"],
                    "algorithm": "MPC_EDDSA_ED25519",
                    "publicKey": made["key"].public_key.hex(),
                    "signature": {"fullSig": signature, "r": signature[:64], "s": signature[64:]},
                }
            ]
        return 200, told


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
