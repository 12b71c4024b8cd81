"""Class 29 of the known attacks: a broken part lets everybody in.

Seen as GHSA-8fpg (Auth.js: a broken configuration failed open). Without its key-encryption key, its
keys or its database the house refuses, in words that tell nothing, and works again afterwards.
"""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from pytest_django import Settings

from accounts.backends import StaffBackend
from accounts.models import Group
from accounts.services import operators
from identity import ids
from identity.crypto import token_keys
from identity.crypto.errors import SealUnavailable
from identity.crypto.sealing import LocalKeyEncryptionKey
from identity.models import ServerKey
from identity.sdk.results import Done as Answered
from identity.services import opened_keys
from identity.wsgi import application
from tests import acts, cast
from tests.attacks import wire
from tests.serving import ROOT
from tests.soft_hsm import SoftHsm, soft_hsm  # noqa: F401 a fixture

pytestmark = pytest.mark.django_db

RIGHT = "correct horse battery"


class UnreachableKey(LocalKeyEncryptionKey):
    """A key-management service that does not answer."""

    def unwrap(self, wrapped: bytes, *, kek_id: str, context: bytes) -> bytes:
        raise SealUnavailable("no route to 10.1.2.3")


def unreachable() -> LocalKeyEncryptionKey:
    """What KEK_PROVIDER names here."""
    return UnreachableKey(b"u" * 32)


@pytest.fixture
def world() -> Iterator[cast.World]:
    yield cast.world()
    opened_keys.forget_all()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin", "workspace-owner")


def lose_the_key(settings: Settings) -> None:
    settings.KEY_ENCRYPTION_KEYS = (os.urandom(32),)


def lose_the_provider(settings: Settings) -> None:
    settings.KEK_PROVIDER = f"{__name__}.unreachable"
    settings.KEY_ENCRYPTION_KEYS = ()


def spoil_the_rows(settings: Settings) -> None:
    ServerKey.objects.update(sealed_private=b"\1spoilt")


BREAKAGES: dict[str, Callable[[Settings], None]] = {
    "another key-encryption key": lose_the_key,
    "no answer from the provider": lose_the_provider,
    "spoilt server keys": spoil_the_rows,
}


def posted(world: cast.World, body: bytes) -> tuple[int, bytes, dict[str, str]]:
    """The answer of the whole application, fast lane and last resort included."""
    heard: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        heard.append((int(status[:3]), dict(headers)))

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/s/{world.scope.slug}/request",
        "CONTENT_TYPE": "application/octet-stream",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "192.0.2.1",
        "SERVER_NAME": "countersign.test",
        "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
    }
    content = b"".join(application(environ, start))
    return heard[0][0], content, heard[0][1]


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_without_its_keys_the_house_refuses(
    world: cast.World, alice: cast.Member, settings: Settings, breakage: str
) -> None:
    channel = wire.channel(alice)
    status, _, _ = posted(world, channel.seal({"action": "get", "resource": "/me"}).body)
    assert status == 200
    with cast.in_scope(world):
        BREAKAGES[breakage](settings)
    opened_keys.forget_all()
    status, content, _ = posted(world, channel.seal({"action": "get", "resource": "/me"}).body)
    assert status == 503, content
    for secret in (b"10.1.2.3", b"local:", b"Traceback", alice.uid.encode()):
        assert secret not in content


def test_a_change_without_keys_changes_nothing(
    world: cast.World, alice: cast.Member, settings: Settings
) -> None:
    lose_the_key(settings)
    opened_keys.forget_all()
    asked = {
        "action": "add",
        "resource": "/groups",
        "details": {"gid": str(ids.new()), "name": "security"},
    }
    status, _, _ = posted(world, wire.channel(alice).seal(asked).body)
    assert status == 503
    with cast.in_scope(world):
        assert not Group.objects.exists()


def test_it_works_again_when_the_keys_are_back(
    world: cast.World, alice: cast.Member, settings: Settings
) -> None:
    before = settings.KEY_ENCRYPTION_KEYS
    lose_the_key(settings)
    opened_keys.forget_all()
    request = wire.channel(alice).seal({"action": "get", "resource": "/me"})
    assert posted(world, request.body)[0] == 503
    settings.KEY_ENCRYPTION_KEYS = before
    opened_keys.forget_all()
    # The failed request used nothing up, so the same bytes may be sent again.
    assert posted(world, request.body)[0] == 200
    assert isinstance(alice.client.request("get", "/me"), Answered)


def test_a_token_that_is_pulled_out_shuts_and_one_put_back_opens(
    soft_hsm: SoftHsm,  # noqa: F811
    settings: Settings,
) -> None:
    soft_hsm.make("kek-1")
    settings.KEK_TOKEN = soft_hsm.place("kek-1")
    settings.KEY_ENCRYPTION_KEYS = ()
    world = cast.world()
    alice = world.member("alice", "super-admin", "workspace-owner")
    opened_keys.forget_all()
    request = wire.channel(alice).seal({"action": "get", "resource": "/me"})
    soft_hsm.unplug()
    status, body, _ = posted(world, request.body)
    assert status == 503
    assert b"kek-1" not in body
    assert b"countersign" not in body.lower()
    soft_hsm.plug_in()
    # A moment passes before the token is asked again; the failed request used nothing up.
    time.sleep(token_keys.PAUSE)
    assert posted(world, request.body)[0] == 200


FAILURES: tuple[type[DatabaseError] | type[InterfaceError], ...] = (
    OperationalError,
    InterfaceError,
)


@pytest.mark.parametrize("failure", FAILURES)
def test_without_its_database_the_house_refuses(
    world: cast.World, alice: cast.Member, failure: type[Exception]
) -> None:
    channel = wire.channel(alice)

    def fail(*_: Any) -> Any:
        raise failure("connection to 10.1.2.3 as countersign failed")

    with connection.execute_wrapper(fail):
        status, content, headers = posted(
            world, channel.seal({"action": "get", "resource": "/me"}).body
        )
    assert status == 503
    assert b"10.1.2.3" not in content
    assert int(headers["Retry-After"]) > 0
    status, _, _ = posted(world, channel.seal({"action": "get", "resource": "/me"}).body)
    assert status == 200


def test_nobody_signs_in_while_the_database_is_away(world: cast.World) -> None:
    with cast.in_scope(world):
        operators.add_staff(
            username="dora",
            password=RIGHT,
            email="",
            first_name="",
            last_name="",
            roles=[],
            by=world.system,
            now=acts.now(),
        )

    def fail(*_: Any) -> Any:
        raise OperationalError("away")

    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        StaffBackend().authenticate(None, username="dora", password=RIGHT, scope=world.scope.slug)


def test_a_home_without_its_key_does_not_start(tmp_path: Path) -> None:
    # Production has no keys of its own making: without them it does not start.
    environment = {
        "PATH": os.environ["PATH"],
        "COUNTERSIGN_HOME": str(tmp_path / "home"),
        "COUNTERSIGN_MODE": "production",
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "COUNTERSIGN_KEK" in done.stderr
    assert "Traceback" not in done.stderr
