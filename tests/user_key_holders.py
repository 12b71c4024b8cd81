"""What holders of user keys do over `/v1`: ask for a text, sign it, send both."""

import base64
import hashlib
from typing import Any

import httpx

from accounts.models import User
from accounts.queries.user_keys import UserKey
from accounts.services import user_keys
from identity.crypto import ecdsa_p256, user_key
from identity.crypto.user_key import PrivateKey
from identity.scoping import current
from sessions_app.services import user_key_sign_in
from tests import acts
from tests.cast import World
from tests.faces.v1.client import BASE, Bearer, InProcess

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def key(name: str) -> PrivateKey:
    """The same private key for the same name."""
    return user_key.parse_private(hashlib.sha256(name.encode()).digest())


def bound(world: World, user: User, holder: PrivateKey) -> UserKey:
    """A user key of somebody's account, as if it had been added."""
    key = user_key_sign_in.wallet_of(holder.public)
    with current.in_scope(world.scope.id):
        return user_keys.add(user_id=user.id, key=key, by=world.system, now=acts.now())


def furnish(world: World, user: User) -> str:
    """The id of a user key of somebody's account."""
    return str(bound(world, user, key("subject")).id)


def signed(holder: PrivateKey, message: str) -> str:
    """A signature as devices send it."""
    return user_key.sign(holder, message.encode()).hex()


def other_signature(signature: str) -> str:
    """The second of the two signatures that mathematics allows: the same r, the other s."""
    raw = bytes.fromhex(signature)
    s = ORDER - int.from_bytes(raw[33:], "big")
    header = 27 + ((raw[0] - 27) ^ 1)
    return (bytes([header]) + raw[1:33] + s.to_bytes(32, "big")).hex()


def post(world: World, path: str, body: Any, *, address: str = "192.0.2.1") -> httpx.Response:
    """A request by nobody in particular."""
    http = httpx.Client(transport=InProcess(address))
    return http.post(f"{BASE}/s/{world.scope.slug}/v1{path}", json=body)


def message(world: World, path: str, body: Any) -> str:
    """The text to sign for what a path does."""
    answer = post(world, f"{path}/challenge", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["expires_in"] == 300
    text: str = answer.json()["message"]
    return text


def sign_in(world: World, holder: PrivateKey) -> httpx.Response:
    """Both steps."""
    text = message(world, "/sign-in/user-key", {"public_key": holder.public.text})
    body = {"message": text, "signature": signed(holder, text)}
    return post(world, "/sign-in/user-key", body)


def sign_up(
    world: World, holder: PrivateKey, username: str = "", *, bundle: Any = None, **more: Any
) -> httpx.Response:
    """Both steps; `bundle` is an invitation as it was issued."""
    secret = {"invite_string": bundle["invite_string"]} if bundle else {}
    asked = {"public_key": holder.public.text, "username": username, **secret, **more}
    text = message(world, "/sign-up/user-key", asked)
    body = {"message": text, "signature": signed(holder, text), **secret}
    if bundle:
        body["one_time_signature"] = one_time_signature(bundle, text)
    return post(world, "/sign-up/user-key", body)


def one_time_signature(bundle: Any, text: str) -> str:
    """The one-time key of an invitation over the text, in base64."""
    one_time = ecdsa_p256.parse_private(bundle["one_time_private_key"])
    return base64.b64encode(ecdsa_p256.sign(one_time, text.encode())).decode()


def session(world: World, answer: httpx.Response) -> Bearer:
    """The client with the tokens of an answer."""
    assert answer.status_code in {200, 201}, answer.text
    return Bearer.of(answer.json()["access_token"], world.scope.slug)
