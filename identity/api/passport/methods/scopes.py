"""Scopes that their owners make and change: a configuration in base64, signed as that text."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from identity.api.passport import inputs
from identity.api.passport.errors import Waits
from identity.api.passport.route import Asked, Method, Who
from identity.crypto import strict_json
from identity.crypto.errors import EnvelopeMalformed
from identity.errors import Invalid
from identity.services.configurations import Signed
from identity.web import client_ip, scope_resolution, storable
from identity.web.throttle import Throttle
from invitations.services import owned_scopes
from invitations.services.governance import Pending
from invitations.services.owned_scopes import Configuration

per_address = Throttle(count=20 if settings.REQUESTS_PER_ADDRESS else 0, seconds=3600)
"""A scope has an RSA key, which takes a while to make."""
_MOST_CONFIG: Final = 8 * 1024
_KNOWN: Final = frozenset({"rp", "invitation"})
_WAITS: Final = "Approval needed: the change is made when the proposal is approved"
_PARTY: Final = frozenset({"id", "origin", "name"})


def create(asked: Asked) -> dict[str, str]:
    """`createScope`: the key that signed owns the scope."""
    place = client_ip.neighbourhood(asked.sent.address)
    per_address.hit(place, now=int(asked.now.timestamp()))
    signed = _signed(asked)
    scope = owned_scopes.create(signed=signed, asked=_configuration(signed), now=asked.now)
    return {"scope_id": str(scope.id)}


def update(asked: Asked) -> dict[str, str]:
    """`updateScope`: by the owner's key alone."""
    scope_id, signed = _scope_id(asked), _signed(asked)
    configuration = _configuration(signed)
    if configuration.invitation:
        raise Invalid("An invitation is for a new scope.")
    done = owned_scopes.update(
        scope_id=scope_id,
        signed=signed,
        asked=configuration,
        address=asked.sent.address,
        now=asked.now,
    )
    if isinstance(done, Pending):
        raise Waits(done, _WAITS)
    return {"scope_id": str(scope_id)}


def _scope_id(asked: Asked) -> UUID:
    try:
        scope_id = UUID(inputs.text(asked, "scope_id"))
    except ValueError:
        raise Invalid("scope_id is needed, as it was given out.") from None
    header = asked.sent.named.header
    if header and header != str(scope_id):
        raise scope_resolution.ScopeAmbiguous
    return scope_id


def _signed(asked: Asked) -> Signed:
    text = inputs.text(asked, "config")
    signature = _decoded(inputs.text(asked, "signature"), "signature", most=128)
    return Signed(text, signature, inputs.text(asked, "public_key"))


def _configuration(signed: Signed) -> Configuration:
    try:
        given = strict_json.decode(_decoded(signed.text, "config", most=_MOST_CONFIG))
    except EnvelopeMalformed:
        raise Invalid("config is base64 of a JSON object.") from None
    storable.require(given)
    _require_known(given, _KNOWN)
    party = given.get("rp", {})
    if not isinstance(party, Mapping):
        raise Invalid("rp is an object with id, origin and name.")
    _require_known(party, _PARTY)
    if party and not _word(party, "id"):
        raise Invalid("rp has an id: the domain of your pages.")
    return Configuration(
        rp_id=_word(party, "id"),
        rp_name=_word(party, "name"),
        origins=_word(party, "origin").removesuffix("/"),
        invitation=_word(given, "invitation"),
    )


def _require_known(given: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise Invalid(f"config has names that mean nothing here: {', '.join(unknown)[:100]}.")


def _word(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or any(sign.isspace() for sign in value if name != "name"):
        raise Invalid(f"{name} is a text.")
    return value


def _decoded(text: str, name: str, *, most: int) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise Invalid(f"{name} is base64.") from None
    if len(data) > most:
        raise Invalid(f"{name} is too long.")
    return data


METHODS: Final = (
    Method("createScope", Who.NOBODY_YET, create, has_channel=False),
    Method("updateScope", Who.NOBODY_YET, update, has_channel=False),
)
