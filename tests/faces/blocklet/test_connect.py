"""`manage.py connect blocklet`."""

import io
import json

from django.core.management import call_command

from identity.crypto import ed25519
from identity.models import ApiKey
from identity.scoping import current
from tests.faces.blocklet.browser import Browser


def connect(world, *more: str) -> dict:
    written = io.StringIO()
    call_command("connect", "blocklet", "--scope", world.scope.slug, *more, stdout=written)
    told: dict = json.loads(written.getvalue())
    return told


def test_prints_what_an_application_is_configured_with(world) -> None:
    told = connect(world, "--json")
    assert told.keys() == {"url", "app_pid", "app_pk", "component_id"}
    assert told["url"].endswith(f"/s/{world.scope.slug}/.well-known/service")
    about = Browser(world).ask("GET", "/__blocklet__.js", query={"type": "json"}).json
    assert (told["app_pid"], told["app_pk"]) == (about["appPid"], about["appPk"])


def test_mints_a_key_whose_public_half_alone_is_kept(world) -> None:
    told = connect(world, "--json", "--mint-app-key")
    secret = bytes.fromhex(told["app_sk"].removeprefix("0x"))
    private = ed25519.parse_private(secret[:32])
    assert private.public.raw == secret[32:]
    with current.in_scope(world.scope.id):
        (row,) = ApiKey.objects.all()
        values = [str(value) for value in ApiKey.objects.values_list().get()]
    assert (row.kind, row.purpose) == ("signature", "app")
    assert row.public_key == private.public.raw.hex()
    assert not any(secret[:32].hex() in value for value in values)
    assert connect(world, "--json", "--mint-app-key")["app_sk"] != told["app_sk"]


def test_prints_text_for_people(world) -> None:
    written = io.StringIO()
    call_command("connect", "blocklet", "--scope", world.scope.slug, stdout=written)
    assert "app_pid: zNK" in written.getvalue()
