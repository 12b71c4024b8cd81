"""API keys as services handle them: secrets, limits, rotation, the switch."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import x25519

from identity import ids, limits
from identity.actor import Actor, ActorKind
from identity.crypto import ecdsa_p256, ed25519
from identity.errors import Invalid, Unauthenticated
from identity.models import ApiKey, AuditEvent
from identity.scoping import current, key_doors
from identity.services import api_key_secrets, api_keys
from identity.services.api_key_errors import (
    ApiKeyRevoked,
    ApiKeyTooWide,
    ApiKeyWithoutSecret,
)
from tests import cast, programs
from tests.programs import Program

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def robot(world: cast.World) -> Program:
    return programs.make(world.system, "contexts:list", now=NOW)


def rotated(world: cast.World, robot: Program, overlap: timedelta, now: datetime = NOW) -> str:
    return api_keys.rotate(key_id=robot.row.id, overlap=overlap, by=world.system, now=now)


def accepts(robot: Program, secret: str, now: datetime) -> bool:
    """By name and by digest; both must say the same."""
    try:
        api_key_secrets.require_secret(robot.door, secret, now=now)
    except Unauthenticated:
        assert key_doors.api_key_by_secret(api_key_secrets.digest(secret), now=now) is None
        assert secret.encode() not in api_key_secrets.unseal_secrets(robot.door, now=now)
        return False
    found = key_doors.api_key_by_secret(api_key_secrets.digest(secret), now=now)
    assert found is not None
    assert found.id == robot.row.id
    assert secret.encode() in api_key_secrets.unseal_secrets(robot.door, now=now)
    return True


def test_keeps_a_shared_secret_sealed_and_its_digest(robot: Program) -> None:
    assert len(robot.secret) == 32
    assert accepts(robot, robot.secret, NOW)
    door = robot.door
    assert door.key_id == robot.row.id.hex
    assert robot.secret not in repr(door)
    assert door.sealed_secret is not None
    assert robot.secret.encode() not in door.sealed_secret
    for wrong in ("", robot.secret.upper(), robot.secret[:-1], f"{robot.secret} ", "é\ud800"):
        with pytest.raises(Unauthenticated):
            api_key_secrets.require_secret(door, wrong, now=NOW)


def test_a_key_that_signs_has_no_secret(world: cast.World) -> None:
    pem = ed25519.spki_pem(ed25519.generate().public)
    credential = api_key_secrets.signing(pem, algorithm="ed25519")
    row = api_keys.create(
        key_id=ids.new(), name="x", credential=credential, by=world.system, now=NOW
    )
    program = Program(row, "")
    assert api_key_secrets.unseal_secrets(program.door, now=NOW) == []
    for text in ("", pem, credential.public_key):
        with pytest.raises(Unauthenticated):
            api_key_secrets.require_secret(program.door, text, now=NOW)
    with pytest.raises(ApiKeyWithoutSecret):
        rotated(world, program, HOUR)


@pytest.mark.parametrize("algorithm", ["p256", "ed25519"])
def test_takes_public_keys_in_their_one_form(algorithm: str) -> None:
    points = {
        "p256": ecdsa_p256.generate().public.hex,
        "ed25519": ed25519.generate().public.raw.hex(),
    }
    point = points.pop(algorithm)
    assert api_key_secrets.signing(point, algorithm=algorithm).public_key == point
    small_order = "01" + "00" * 31
    for wrong in (*points.values(), "", "00", point[:-2], f" {point}", small_order, "-----"):
        with pytest.raises(Invalid):
            api_key_secrets.signing(wrong, algorithm=algorithm)


def test_reads_one_ed25519_key_in_pem() -> None:
    public = ed25519.generate().public
    pem = ed25519.spki_pem(public)
    for text in (pem, pem.strip(), f"\n {pem} \n", pem.replace("\n", "\r\n")):
        assert api_key_secrets.signing(text, algorithm="ed25519").public_key == public.raw.hex()
    other = x25519.X25519PrivateKey.generate().public_key()
    foreign = other.public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo)
    for wrong in (pem + pem, pem[:40], foreign.decode(), pem.replace("PUBLIC", "PRIVATE")):
        with pytest.raises(Invalid):
            api_key_secrets.signing(wrong, algorithm="ed25519")


def test_the_old_secret_counts_as_long_as_they_overlap(world: cast.World, robot: Program) -> None:
    new = rotated(world, robot, HOUR)
    soon, over = NOW + HOUR - timedelta(seconds=1), NOW + HOUR
    assert accepts(robot, new, soon)
    assert accepts(robot, robot.secret, soon)
    assert accepts(robot, new, over)
    assert not accepts(robot, robot.secret, over)


def test_no_more_than_two_secrets_count(world: cast.World, robot: Program) -> None:
    second = rotated(world, robot, HOUR)
    third = rotated(world, robot, HOUR)
    assert not accepts(robot, robot.secret, NOW)
    assert accepts(robot, second, NOW)
    assert accepts(robot, third, NOW)


def test_without_an_overlap_the_old_secret_is_over_at_once(
    world: cast.World, robot: Program
) -> None:
    second = rotated(world, robot, HOUR)
    third = rotated(world, robot, timedelta())
    for old in (robot.secret, second):
        assert not accepts(robot, old, NOW)
    assert accepts(robot, third, NOW)
    for wrong in (timedelta(seconds=-1), timedelta(days=30, seconds=1)):
        with pytest.raises(Invalid):
            rotated(world, robot, wrong)


def test_bearer_secrets_are_renewed_in_their_own_form(world: cast.World) -> None:
    secret = api_key_secrets.new_secret()
    row = api_keys.create(
        key_id=ids.new(),
        name="x",
        credential=api_key_secrets.bearer(secret),
        by=world.system,
        now=NOW,
    )
    new = api_keys.rotate(key_id=row.id, overlap=HOUR, by=world.system, now=NOW)
    assert api_key_secrets.is_secret(new)
    for text in (secret, new):
        found = key_doors.api_key_by_secret(api_key_secrets.digest(text), now=NOW)
        assert found is not None
        assert found.id == row.id
        assert found.sealed_secret is None


def test_no_secret_is_in_the_record(world: cast.World, robot: Program) -> None:
    new = rotated(world, robot, HOUR)
    with current.in_scope(world.scope.id):
        told = "".join(
            f"{event.name} {event.facts}"
            for event in AuditEvent.objects.filter(name__startswith="api-key.")
        )
    assert "api-key.rotated" in told
    for secret in (robot.secret, new):
        assert secret not in told
        assert api_key_secrets.digest(secret) not in told


def test_the_switch(world: cast.World, robot: Program) -> None:
    given: dict[str, Any] = {"key_id": robot.row.id, "by": world.system, "now": NOW}
    assert robot.door.is_usable(NOW)
    for _ in range(2):
        api_keys.disable(**given)
        assert not robot.door.is_usable(NOW)
    for _ in range(2):
        api_keys.enable(**given)
        assert robot.door.is_usable(NOW)
    api_keys.revoke(**given)
    assert not robot.door.is_usable(NOW)
    for act in (api_keys.enable, api_keys.disable, api_keys.edit):
        with pytest.raises(ApiKeyRevoked):
            act(**given)
    with pytest.raises(ApiKeyRevoked):
        rotated(world, robot, HOUR)
    with current.in_scope(world.scope.id):
        names = AuditEvent.objects.filter(subject_id=str(robot.row.id)).order_by("sequence")
        assert list(names.values_list("name", flat=True)) == [
            *("api-key.created", "api-key.disabled", "api-key.enabled", "api-key.revoked")
        ]


def test_a_switched_off_key_can_be_revoked(world: cast.World, robot: Program) -> None:
    given: dict[str, Any] = {"key_id": robot.row.id, "by": world.system, "now": NOW}
    api_keys.disable(**given)
    assert api_keys.revoke(**given).status == ApiKey.Status.REVOKED


def test_limits_are_changed_kind_by_kind(world: cast.World) -> None:
    robot = programs.make(world.system, now=NOW, solutions=["a"], networks=["192.0.2.0/24"])
    api_keys.edit(
        key_id=robot.row.id, limits=limits.Change(contexts=["c"]), by=world.system, now=NOW
    )
    assert robot.door.limits == limits.checked(
        solutions=["a"], contexts=["c"], networks=["192.0.2.0/24"]
    )
    assert robot.door.is_allowed_from("192.0.2.1")
    assert not robot.door.is_allowed_from("192.0.3.1")
    assert not robot.door.is_allowed_from("")


def test_whoever_loosens_limits_gives_all_words_anew(world: cast.World) -> None:
    robot = programs.make(world.system, "scopes:edit", now=NOW, solutions=["a", "b"])
    given: dict[str, Any] = {"key_id": robot.row.id, "now": NOW}
    held = frozenset({"api-keys:edit", "users:list"})
    keeper = Actor(ActorKind.STAFF, world.scope.id, user_id=ids.new(), permissions=held)
    api_keys.edit(**given, limits=limits.Change(solutions=["a"]), by=keeper)
    for wider in (["a", "b"], [], ["*"]):
        with pytest.raises(ApiKeyTooWide):
            api_keys.edit(**given, limits=limits.Change(solutions=wider), by=keeper)
    api_keys.disable(**given, by=keeper)
    with pytest.raises(ApiKeyTooWide):
        api_keys.enable(**given, by=keeper)
    with pytest.raises(ApiKeyTooWide):
        api_keys.rotate(**given, overlap=HOUR, by=keeper)
