"""`manager/auth`: an API key, or a refresh token, for a pair of tokens (specification §4)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from identity.api.bridge import auth, guesses, inputs, outputs, scope_words
from identity.api.bridge.errors import Told, Wire
from identity.api.bridge.guesses import Wrong
from identity.api.bridge.inputs import Shape, integer, listed, one_of, shape, text
from identity.api.bridge.route import Asked, Method
from identity.api.bridge.scope_words import Words
from identity.crypto import call_signature
from identity.crypto.call_signature import Stamp
from identity.errors import Unauthenticated
from identity.scoping import current
from identity.scoping.key_doors import ApiKeyDoor
from sessions_app.errors import TokenRefused
from sessions_app.services import machine_renewals, machine_sessions, machine_starts, programs
from sessions_app.services.machine_sessions import Pair

SCOPE: Final = listed(text(scope_words.LONGEST, 1), scope_words.MOST)
_LATEST: Final = 2**53 - 1
_ID: Final = text(inputs.ID, 1)
_BY_SECRET: Final = shape(
    {"grantType": one_of("api_key_credentials"), "apiKeyId": _ID, "apiKeySecret": text(128, 1)},
    scope=SCOPE,
)
_BY_SIGNATURE: Final = shape(
    {
        "grantType": one_of("api_key_signature"),
        "apiKeyId": _ID,
        "signature": text(172, 1),
        "timestamp": integer(0, _LATEST),
        "nonce": text(64, 32),
    },
    scope=SCOPE,
    data=text(1024),
)
_BY_TOKEN: Final = shape({"grantType": one_of("refresh_token"), "refreshToken": text(2048, 1)})
_GRANTS: Final[Mapping[str, Shape]] = {
    "api_key_credentials": _BY_SECRET,
    "api_key_signature": _BY_SIGNATURE,
    "refresh_token": _BY_TOKEN,
}
_FAULT: Final = "Value doesn't match any spec"


def _takes(value: Any) -> dict[str, Any]:
    """The parameters of one of the grants; what is wrong is told by one text for all of them."""
    grant = value.get("grantType") if isinstance(value, dict) else None
    shape_of_grant = _GRANTS.get(grant) if isinstance(grant, str) else None
    if shape_of_grant is None:
        raise inputs.Wrong(_FAULT)
    try:
        return shape_of_grant(value)
    except inputs.Wrong:
        raise inputs.Wrong(_FAULT) from None


def _auth(asked: Asked) -> dict[str, Any]:
    if asked.params["grantType"] == "refresh_token":
        return _renewed(asked)
    door = auth.usable_key(asked.sent, asked.params["apiKeyId"], now=asked.now)
    if door is None:
        raise Told(Wire.API_KEY_DOES_NOT_EXIST)
    is_signed = asked.params["grantType"] == "api_key_signature"
    try:
        with guesses.counted(asked.sent.address, now=asked.now):
            _prove(asked, door)
    except Wrong:
        raise Told(Wire.INVALID_SIGNATURE if is_signed else Wire.INVALID_CREDENTIALS) from None
    return outputs.tokens(_begun(asked, door, asked.params.get("scope")))


def _prove(asked: Asked, door: ApiKeyDoor) -> None:
    """Check that the caller has this key. Raises Wrong."""
    params, now = asked.params, asked.now
    if params["grantType"] == "api_key_credentials":
        auth.require_secret(door, params["apiKeySecret"], now=now)
        return
    stamp = Stamp(params["timestamp"], params["nonce"])
    data = call_signature.grant_data(stamp, params.get("data", ""))
    auth.require_signature(door, stamp, data, params["signature"], now=now)


def _begun(asked: Asked, door: ApiKeyDoor, words: Sequence[str] | None) -> Pair:
    with current.in_scope(door.scope_id):
        held = programs.present_words(door, frozenset(door.permissions))
    said = _said(door, held, words) if words is not None else Words(permissions=held)
    wanted = machine_starts.Asked(
        permissions=said.permissions,
        solutions=said.solutions,
        name=said.name,
        address="".join(said.networks),
        lasts=_length(said),
        connection=_bound(asked, door) if said.is_connection else "",
    )
    try:
        return machine_starts.begin(door, wanted, origin=asked.sent.origin_of_tokens, now=asked.now)
    except Unauthenticated:
        # It ended between two statements.
        raise Told(Wire.API_KEY_DOES_NOT_EXIST) from None


def _said(door: ApiKeyDoor, held: frozenset[str], words: Sequence[str]) -> Words:
    """What the words ask for, which is no more than the key has. Raises Told."""
    try:
        said = scope_words.read(words)
    except scope_words.Unknown as unknown:
        raise _cannot(str(unknown)) from None
    wide = scope_words.beyond(words, held, door.limits)
    if wide is not None:
        raise _cannot(wide)
    if len(said.networks) > 1 or any("/" in each for each in said.networks):
        raise _cannot(next(each for each in words if each.startswith("ipAddr:")))
    return said


def _cannot(word: str) -> Told:
    return Told(Wire.INSUFFICIENT_SCOPE, f"Cannot use {word}")


def _length(said: Words) -> timedelta:
    return machine_sessions.ACCESS if said.lasts is None else timedelta(milliseconds=said.lasts)


def _bound(asked: Asked, door: ApiKeyDoor) -> str:
    """The socket that the session lasts as long as, which ends it when it is closed."""
    if asked.connection is None:
        raise _cannot("connection")
    asked.connection.scopes.add(door.scope_id)
    return asked.connection.id


def _renewed(asked: Asked) -> dict[str, Any]:
    token, origin = asked.params["refreshToken"], asked.sent.origin_of_tokens
    try:
        renewed = machine_renewals.refresh(
            token,
            origin=origin,
            now=asked.now,
            is_here=lambda key: auth.is_at_its_scope(asked.sent, key, now=asked.now),
        )
    except TokenRefused:
        raise Told(Wire.INVALID_TOKEN) from None
    return outputs.tokens(renewed)


METHODS: Final = (Method("manager/auth", _takes, _auth),)
