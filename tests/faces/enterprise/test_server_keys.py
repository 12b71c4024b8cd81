"""`get /server-keys`."""

from identity import actor
from identity.crypto import ecdsa_p256, rsa
from identity.sdk import server_keys as sdk
from identity.services import server_keys
from tests.faces.enterprise.desk import Desk


def test_lists_the_keys_that_are_of_use(desk: Desk) -> None:
    answer = desk.person("bob", "member").ask("get", "/server-keys", {})
    assert answer["metadata"] == {"total_count": 2}
    by_purpose = {row["purpose"]: row for row in answer["details"]["keys"]}
    signature, encryption = by_purpose["signature"], by_purpose["encryption"]
    assert ecdsa_p256.parse_public(signature["public_key"]).kid.hex() == signature["kid"]
    assert rsa.parse_public(encryption["public_key"]).kid.hex() == encryption["kid"]
    assert signature["public_key"] == desk.client_keys().signature_hex
    assert signature["not_after"] is None
    assert signature["status"] == "active"
    assert "sealed" not in str(answer)


def test_the_client_reads_both_the_old_and_the_new_key(desk: Desk) -> None:
    alice = desk.person("alice")
    former = desk.client_keys().signature_hex
    server_keys.rotate(purpose=server_keys.SIGNATURE, by=actor.system(desk.scope_id), now=desk.now)
    keys = sdk.read(alice.done("get", "/server-keys"), now=int(desk.now.timestamp()))
    assert keys.signatures[0].hex == desk.client_keys().signature_hex
    assert {key.hex for key in keys.signatures} >= {former}


def test_takes_no_details(desk: Desk) -> None:
    answer = desk.person("alice").ask("get", "/server-keys", {"limit": 1})
    assert answer["error_code"] == "-7"
