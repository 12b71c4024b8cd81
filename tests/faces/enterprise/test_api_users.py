"""API users: `add /users`, and `add /users/invite` with `user_category` api."""

from typing import Any

import pytest

from accounts.models import Device, KnownKey, User
from identity.crypto import cose
from identity.scoping import current
from tests.faces.enterprise.desk import Desk, Person, keys, refused
from tests.faces.enterprise.examples import (
    new_id,
    program_details,
)


def create_program(owner: Person, uid: str, **more: Any) -> dict[str, object]:
    answer: dict[str, object] = owner.done("add", "/users", program_details(uid, **more))
    return answer


def test_creates_an_api_user_with_its_device(desk: Desk) -> None:
    alice, uid = desk.person("alice"), new_id()
    expiry = int(desk.now.timestamp()) + 86400
    details = create_program(
        alice, uid, roles=["workspace-auditor"], networks=["192.0.2.0/24"], expires_at=expiry
    )
    device = Device.objects.get(id=str(details["device_uuid"]))
    assert str(device.user.public_id) == uid
    assert device.status == "unverified"
    assert details["type"] == "api"
    assert details["roles"] == ["workspace-auditor"]
    assert details["networks"] == ["192.0.2.0/24"]
    assert details["expires_at"] == expiry
    assert details["created_by"] == alice.uid
    assert details["ecdsa_pubkey"] == keys(30).signature_pubkey
    assert details["rsa_pubkey"] == keys(30).encryption_pubkey
    assert details["server_ecdsa_pubkey"] == desk.client_keys().signature_hex
    assert details["server_rsa_pubkey"] == desk.client_keys().encryption_pem_base64


def test_keeps_the_request_that_brought_the_keys(desk: Desk) -> None:
    alice, uid = desk.person("alice"), new_id()
    details = create_program(alice, uid)
    known = KnownKey.objects.get(public=details["ecdsa_pubkey"])
    inner = cose.read_signed_request(bytes(known.registration or b""))
    cose.verify_signed_request(inner, alice.keys.signature.public)
    assert known.signer_key == alice.keys.signature_pubkey


def test_a_repeat_makes_the_same_api_user(desk: Desk) -> None:
    alice, uid = desk.person("alice"), new_id()
    assert create_program(alice, uid) == create_program(alice, uid)
    answer = alice.ask("add", "/users", program_details(uid, first_name="Another"))
    refused(answer, "-10")
    assert Device.objects.filter(user__public_id=uid).count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"user_category": "regular"}, "user_category"),
        ({"ecdsa_pubkey": "04" + "1" * 128}, "curve"),
        ({"ecdsa_pubkey": "zz"}, "hexadecimal"),
        ({"rsa_pubkey": "-----BEGIN PUBLIC KEY-----"}, "PEM"),
        ({"rsa_pubkey": "x" * 4097}, "rsa_pubkey"),
        ({"roles": "super-admin"}, "roles"),
        ({"roles": ["no-such-role"]}, "role"),
        ({"networks": ["192.0.2.1/24"]}, "network"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": 1}, "expire"),
        ({"password": "secret secret"}, "password"),
    ],
)
def test_refuses_other_details_of_an_api_user(
    desk: Desk, change: dict[str, object], field: str
) -> None:
    answer = desk.person("alice").ask("add", "/users", program_details(new_id()) | change)
    refused(answer, "-7", field)
    assert User.objects.count() == 1


def test_refuses_a_key_that_a_device_has(desk: Desk) -> None:
    alice, bob = desk.person("alice"), desk.person("bob")
    taken = program_details(new_id(), ecdsa_pubkey=bob.keys.signature_pubkey)
    refused(alice.ask("add", "/users", taken), "-10")


def test_gives_no_wider_roles_than_ones_own(db: None) -> None:
    free = Desk.new(governance=False)
    with current.in_scope(free.scope_id):
        carol = free.person("carol", "workspace-maintainer")
        answer = carol.ask("add", "/users", program_details(new_id(), roles=["super-admin"]))
        refused(answer, "-9")
        assert not User.objects.filter(kind="program").exists()
