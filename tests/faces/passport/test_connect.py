"""`manage.py connect passport`: what it prints is what the SDK is made of."""

import base64
import json
from io import StringIO

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.core.management import call_command

from tests import cast


def printed(world: cast.World, *more: str) -> str:
    out = StringIO()
    call_command("connect", "passport", "--scope", world.scope.slug, *more, stdout=out)
    return out.getvalue()


def test_tells_address_scope_and_key(world: cast.World) -> None:
    told = json.loads(printed(world, "--json"))
    assert set(told) == {"url", "scope_id", "rsa_public_key", "snippet"}
    assert told["url"].endswith(f"/s/{world.scope.slug}/passport")
    assert told["scope_id"] == str(world.scope.id)
    key = load_der_public_key(base64.b64decode(told["rsa_public_key"], validate=True))
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.public_numbers() == world.server.encryption.key.public_numbers()
    for fact in ("url", "scope_id", "rsa_public_key"):
        assert f'"{told[fact]}"' in told["snippet"]


def test_prints_the_program_for_people(world: cast.World) -> None:
    shown = printed(world)
    assert "new Passport({" in shown
    assert "scopeId:" in shown
