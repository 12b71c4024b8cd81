"""What a device stores: keys, invitation, session."""

import json
from typing import Any

import pytest

from identity import sdk
from identity.crypto import ecdsa_p256
from tests.unit.identity.sdk.memory_server import KEYS

BUNDLE = {
    "invite_string": KEYS["invitation"]["invite_string"],
    "oneTimePrivateKey": KEYS["invitation"]["oneTimePrivateKey"],
    "deviceUuid": KEYS["invitation"]["deviceUuid"],
    "server_rsa_pub_key_pem_b64": KEYS["server"]["server_rsa_pub_key_pem_b64"],
    "server_ecdsa_pub_key": KEYS["server"]["server_ecdsa_pub_key"],
}


def test_new_keys_survive_being_stored() -> None:
    made = sdk.DeviceKeys.generate()
    read = sdk.DeviceKeys.from_json(json.loads(json.dumps(made.to_json())))
    assert read.signature_pubkey == made.signature_pubkey
    assert read.encryption_pubkey == made.encryption_pubkey
    assert made.encryption.key.key_size == 2048
    assert sdk.DeviceKeys.generate().signature_pubkey != made.signature_pubkey


@pytest.mark.parametrize("change", [{"ecdsa": "00"}, {"rsa": "text"}, {"ecdsa": None}, {"rsa": 1}])
def test_broken_keys_are_named(keys: sdk.DeviceKeys, change: dict[str, Any]) -> None:
    with pytest.raises(sdk.BundleInvalid):
        sdk.DeviceKeys.from_json(keys.to_json() | change)


@pytest.mark.parametrize("missing", ["ecdsa", "rsa"])
def test_a_missing_key_is_named(keys: sdk.DeviceKeys, missing: str) -> None:
    stored = keys.to_json()
    del stored[missing]
    with pytest.raises(sdk.BundleInvalid, match=missing):
        sdk.DeviceKeys.from_json(stored)


def test_reads_the_bundle_of_an_invitation() -> None:
    invitation = sdk.Invitation.from_json(BUNDLE)
    assert invitation.one_time_key.public.hex == KEYS["invitation"]["one_time_public"]
    assert str(invitation.device) == KEYS["invitation"]["deviceUuid"]
    assert invitation.server.encryption.kid.hex() == KEYS["server"]["rsa_kid"]
    assert invitation.server.signatures[0].kid.hex() == KEYS["server"]["ecdsa_kid"]


@pytest.mark.parametrize("name", BUNDLE)
@pytest.mark.parametrize("value", [None, "", 7, "nonsense", ["list"]])
def test_a_field_that_cannot_be_read_is_named(name: str, value: Any) -> None:
    if name == "invite_string" and value == "nonsense":
        assert sdk.Invitation.from_json(BUNDLE | {name: value}).invite_string == value
        return
    with pytest.raises(sdk.BundleInvalid, match=name):
        sdk.Invitation.from_json(BUNDLE | {name: value})


@pytest.mark.parametrize("name", BUNDLE)
def test_a_missing_field_is_named(name: str) -> None:
    bundle = {key: value for key, value in BUNDLE.items() if key != name}
    with pytest.raises(sdk.BundleInvalid, match=f"{name} is missing"):
        sdk.Invitation.from_json(bundle)


def test_a_session_survives_being_stored(session: sdk.Session) -> None:
    further = ecdsa_p256.generate().public
    server = sdk.ServerKeys(session.server.encryption, (*session.server.signatures, further))
    with_two = sdk.Session(session.user_id, session.device, session.keys, server)
    read = sdk.Session.from_json(json.loads(json.dumps(with_two.to_json())))
    assert read.to_json() == with_two.to_json()
    assert [key.hex for key in read.server.signatures][1] == further.hex
    assert (read.user_id, read.device) == (session.user_id, session.device)


def test_reads_the_session_that_the_onboarding_page_stores(keys: sdk.DeviceKeys) -> None:
    stored = {
        "userId": "alice",
        "deviceUuid": KEYS["device"]["uuid"],
        "sessionPrivateKeys": keys.to_json(),
        "serverPublicKeys": {
            "rsa": KEYS["server"]["rsa_public_pem"].replace("\n", "\r\n"),
            "ecdsa": KEYS["server"]["server_ecdsa_pub_key"],
        },
    }
    session = sdk.Session.from_json(stored)
    assert session.server.encryption.kid.hex() == KEYS["server"]["rsa_kid"]
    assert len(session.server.signatures) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"userId": ""},
        {"deviceUuid": "x"},
        {"sessionPrivateKeys": []},
        {"serverPublicKeys": "x"},
        {"serverPublicKeys": {"rsa": "", "ecdsa": ""}},
        {
            "serverPublicKeys": {
                "rsa": KEYS["server"]["rsa_public_pem"],
                "ecdsa": KEYS["server"]["server_ecdsa_pub_key"],
                "ecdsaFurther": "03",
            }
        },
    ],
)
def test_a_broken_session_is_refused(session: sdk.Session, change: dict[str, Any]) -> None:
    with pytest.raises(sdk.BundleInvalid):
        sdk.Session.from_json(session.to_json() | change)


def test_shows_no_private_key_when_printed(session: sdk.Session) -> None:
    shown = repr(session)
    assert session.keys.to_json()["ecdsa"] not in shown
    assert "PRIVATE" not in shown


def test_reads_the_bundle_of_the_json_api_alike() -> None:
    names = {
        "oneTimePrivateKey": "one_time_private_key",
        "deviceUuid": "temporary_device",
        "server_rsa_pub_key_pem_b64": "server_encryption_key",
        "server_ecdsa_pub_key": "server_signature_key",
    }
    renamed = {names.get(name, name): value for name, value in BUNDLE.items()}
    read, other = sdk.Invitation.from_json(renamed), sdk.Invitation.from_json(BUNDLE)
    assert (read.invite_string, read.device) == (other.invite_string, other.device)
    assert read.one_time_key.public == other.one_time_key.public
    assert read.server.encryption.kid == other.server.encryption.kid
