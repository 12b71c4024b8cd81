"""Server keys: one active per purpose, 90 days for the old one, private halves sealed."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from identity import errors, ids, queries
from identity.actor import Actor
from identity.crypto import ecdsa_p256, rsa
from identity.crypto.errors import SealBroken
from identity.models import AuditEvent, Scope, ServerKey
from identity.scoping import current
from identity.services import opened_keys, server_keys
from identity.services.server_keys import ENCRYPTION, SIGNATURE

DAY = timedelta(days=1)


def _active(purpose: ServerKey.Purpose) -> ServerKey:
    return ServerKey.objects.get(purpose=purpose, status="active")


def test_tells_clients_the_active_keys(inside: Scope) -> None:
    keys = server_keys.client_keys()
    opening, signing = _active(ENCRYPTION), _active(SIGNATURE)
    assert keys.encryption_pem_base64 == rsa.parse_public(opening.public).pem_base64
    assert (keys.signature_hex, keys.signature_key_id) == (signing.public, signing.id)
    assert queries.client_keys() == keys


def test_names_keys_by_the_digest_of_their_public_half(inside: Scope) -> None:
    opening, signing = _active(ENCRYPTION), _active(SIGNATURE)
    assert opening.kid == rsa.parse_public(opening.public).kid.hex()
    assert signing.kid == ecdsa_p256.parse_public(signing.public).kid.hex()


def test_opens_with_the_private_half_what_was_encrypted_to_the_public(inside: Scope) -> None:
    row = _active(ENCRYPTION)
    sealed = rsa.encrypt(rsa.parse_public(row.public), b"content key")
    assert rsa.decrypt(server_keys.encryption_key(row.id), sealed) == b"content key"


def test_signs_with_the_private_half_what_the_public_verifies(inside: Scope) -> None:
    key = server_keys.active_signing_key()
    signature = ecdsa_p256.sign(key, b"message")
    ecdsa_p256.verify(ecdsa_p256.parse_public(_active(SIGNATURE).public), signature, b"message")


def test_keeps_no_private_half_in_clear(inside: Scope) -> None:
    row = _active(SIGNATURE)
    scalar = bytes.fromhex(ecdsa_p256.private_hex(server_keys.active_signing_key()))
    assert scalar not in bytes(row.sealed_private)


def test_loads_a_private_key_once(inside: Scope) -> None:
    key_id = _active(ENCRYPTION).id
    first = server_keys.private(key_id)
    with CaptureQueriesContext(connection) as statements:
        assert server_keys.private(key_id) is first
    assert len(statements) == 0


def test_refuses_a_foreign_key_also_when_it_lies_in_memory(acme: Scope, charlies: Scope) -> None:
    with current.in_scope(acme.id):
        key_id = _active(ENCRYPTION).id
    with current.in_scope(charlies.id), pytest.raises(errors.Missing):
        server_keys.private(key_id)
    with current.in_scope(acme.id):
        server_keys.private(key_id)
    with current.in_scope(charlies.id), pytest.raises(errors.Missing):
        server_keys.private(key_id)
    with pytest.raises(current.NoScopeError):
        server_keys.private(key_id)


def test_refuses_a_key_of_the_other_purpose(inside: Scope) -> None:
    with pytest.raises(errors.Missing):
        server_keys.encryption_key(_active(SIGNATURE).id)
    with pytest.raises(errors.Missing):
        server_keys.signing_key(_active(ENCRYPTION).id)
    with pytest.raises(errors.Missing):
        server_keys.private(ids.new())


def test_refuses_a_private_half_from_another_row(inside: Scope, by: Actor, now: datetime) -> None:
    old = _active(ENCRYPTION)
    new = server_keys.rotate(purpose=ENCRYPTION, by=by, now=now)
    ServerKey.objects.filter(id=new.id).update(sealed_private=bytes(old.sealed_private))
    with pytest.raises(SealBroken):
        server_keys.private(new.id)


def test_keeps_a_bounded_number_of_keys_in_memory(
    inside: Scope, by: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened_keys, "MOST", 2)
    used, forgotten, newest = _active(ENCRYPTION).id, _active(SIGNATURE).id, None
    kept = server_keys.private(used)
    dropped = server_keys.private(forgotten)
    assert server_keys.private(used) is kept
    newest = server_keys.rotate(purpose=SIGNATURE, by=by, now=now).id
    server_keys.private(newest)
    assert server_keys.private(used) is kept
    assert server_keys.private(forgotten) is not dropped


def test_rotates_with_90_days_for_the_old_key(inside: Scope, by: Actor, now: datetime) -> None:
    old = _active(ENCRYPTION)
    new = server_keys.rotate(purpose=ENCRYPTION, by=by, now=now)
    old.refresh_from_db()
    assert (old.status, old.expires_at) == ("retiring", now + 90 * DAY)
    assert (_active(ENCRYPTION).id, _active(SIGNATURE).kid) == (new.id, _active(SIGNATURE).kid)
    event = AuditEvent.objects.get(name="server-key.rotated")
    assert (event.subject_id, event.facts["replaced"]) == (new.kid, old.kid)
    assert queries.client_keys().encryption_pem_base64 == rsa.parse_public(new.public).pem_base64


def test_uses_an_old_key_until_its_last_moment(inside: Scope, by: Actor, now: datetime) -> None:
    old = _active(ENCRYPTION)
    server_keys.rotate(purpose=ENCRYPTION, by=by, now=now)
    end = now + 90 * DAY
    assert server_keys.usable(kid=old.kid, now=end - timedelta(microseconds=1)).id == old.id
    with pytest.raises(errors.Missing):
        server_keys.usable(kid=old.kid, now=end)
    with pytest.raises(errors.Missing):
        server_keys.usable(kid="00" * 32, now=now)


def test_lists_the_keys_that_are_of_use(inside: Scope, by: Actor, now: datetime) -> None:
    old = _active(SIGNATURE)
    new = server_keys.rotate(purpose=SIGNATURE, by=by, now=now)
    listed = {row.kid: row for row in queries.server_keys(now=now)}
    assert (listed[old.kid].status, listed[old.kid].expires_at) == ("retiring", now + 90 * DAY)
    assert (listed[new.kid].status, listed[new.kid].activated_at) == ("active", now)
    assert len(listed) == 3
    later = {row.kid for row in queries.server_keys(now=now + 90 * DAY)}
    assert later == set(listed) - {old.kid}


def test_remembers_every_signature_key_for_verification(
    inside: Scope, by: Actor, now: datetime
) -> None:
    first = _active(SIGNATURE).public
    second = server_keys.rotate(purpose=SIGNATURE, by=by, now=now + DAY).public
    server_keys.retire_expired(now=now + 200 * DAY)
    assert server_keys.signature_keys() == [first, second]


def test_retires_and_destroys_when_the_time_is_over(
    inside: Scope, by: Actor, now: datetime
) -> None:
    old = _active(ENCRYPTION)
    server_keys.private(old.id)
    server_keys.rotate(purpose=ENCRYPTION, by=by, now=now)
    assert server_keys.retire_expired(now=now + 89 * DAY) == 0
    assert server_keys.retire_expired(now=now + 90 * DAY) == 1
    assert server_keys.retire_expired(now=now + 90 * DAY) == 0
    old.refresh_from_db()
    assert (old.status, bytes(old.sealed_private)) == ("retired", b"")
    assert AuditEvent.objects.get(name="server-key.retired").subject_id == old.kid
    with pytest.raises(errors.Missing):
        server_keys.private(old.id)
    with pytest.raises(errors.Missing):
        server_keys.usable(kid=old.kid, now=now)


def test_has_never_two_active_keys_of_one_purpose(inside: Scope, now: datetime) -> None:
    pair = server_keys.make_pair(purpose=SIGNATURE, rsa_bits=2048)
    with pytest.raises(IntegrityError), transaction.atomic():
        server_keys.insert(pair, scope_id=inside.id, now=now)


def test_hides_keys_from_other_scopes(acme: Scope, charlies: Scope) -> None:
    with current.in_scope(acme.id):
        kid = _active(ENCRYPTION).kid
    with current.in_scope(charlies.id):
        assert not ServerKey.objects.filter(kid=kid).exists()
        with pytest.raises(errors.Missing):
            server_keys.usable(kid=kid, now=charlies.created_at)
