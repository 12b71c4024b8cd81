"""Access keys: handed over to a program, both types used, and what they don't open."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Profile
from accounts.services import role_assignments, users
from identity.crypto import access_key, base64url, sealed_box
from identity.models import ApiKey
from identity.scoping import current
from identity.services import api_keys
from sessions_app.models import Exchange, Session
from tests import cast
from tests.faces.blocklet.browser import Answer, Browser, Signed
from tests.faces.blocklet.test_passports import grant, issue, switch, user_id

PRIVATE = bytes(range(1, 33))
VECTOR = json.loads((Path(__file__).parents[2] / "vectors/blocklet.json").read_text())["access_key"]


def begin(world: cast.World) -> str:
    ek = base64url.encode(sealed_box.public_of(PRIVATE))
    answer = Browser(world).post("access-key/session", {"_ek_": ek})
    assert answer.status == 200, answer.text
    sid: str = answer.json["sid"]
    return sid


def poll(world: cast.World, sid: str) -> Answer:
    return Browser(world).get("access-key/session", query={"sid": sid})


def made(world: cast.World, signed: Signed, **more: Any) -> tuple[str, str]:
    """The id and the secret of a new key."""
    sid = begin(world)
    answer = signed.post("access-key/authorize", {"sid": sid, "source": "cli", **more})
    assert answer.status == 200, answer.text
    told = poll(world, sid).json
    assert told["accessKeyId"] == answer.json["accessKeyId"]
    sealed = base64url.decode(told["accessKeySecret"])
    return told["accessKeyId"], sealed_box.open_sealed(sealed, PRIVATE).decode()


def by_bearer(world: cast.World, secret: str, path: str = "did/session", **more: Any) -> Answer:
    return Browser(world).get(path, authorization=f"Bearer {secret}", **more)


def by_stamp(
    world: cast.World, key_id: str, secret: str, at: datetime | None = None, **change: str
) -> Answer:
    stamp = int((at or datetime.now(UTC)).timestamp() * 1000)
    signature = access_key.sign_stamp(access_key.parse_secret(secret), key_id=key_id, stamp=stamp)
    headers = {
        "x_access_key_id": key_id,
        "x_access_stamp": str(stamp),
        "x_access_signature": signature,
    }
    return Browser(world).get("did/session", **(headers | change))


def test_reads_the_forms_of_the_vector() -> None:
    public = access_key.parse_secret(VECTOR["authType_signature_secret"]).public
    text = access_key.bearer_text(public, prefix="blocklet-")
    assert text == VECTOR["authType_simple_token"]
    assert access_key.id_of_bearer(text, prefix="blocklet-") == VECTOR["accessKeyId"]


def test_a_bearer_acts_for_its_maker(world, alice) -> None:
    key_id, secret = made(world, alice)
    assert secret.startswith("blocklet-z")
    assert access_key.id_of_bearer(secret, prefix="blocklet-") == key_id
    told = by_bearer(world, secret).json
    assert told["user"]["did"] == alice.wallet.did
    assert told["provider"] == "accessKey"
    assert told["user"]["role"] == "guest"
    assert by_bearer(world, secret, "user/profile").json["did"] == alice.wallet.did
    with current.in_scope(world.scope.id):
        row = ApiKey.objects.get()
        assert row.last_used_at is not None
        assert row.permissions == []
        assert secret not in str(list(ApiKey.objects.values()) + list(Exchange.objects.values()))


def test_a_stamp_acts_once(world, alice) -> None:
    key_id, secret = made(world, alice, authType="signature")
    now = datetime.now(UTC)
    assert by_stamp(world, key_id, secret, now).json["user"]["did"] == alice.wallet.did
    assert by_stamp(world, key_id, secret, now).status == 401
    assert by_stamp(world, key_id, secret, now + timedelta(milliseconds=1)).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"x_access_stamp": "1"},
        {"x_access_stamp": str(10**12)},
        {"x_access_signature": "0x00"},
        {"x_access_signature": ""},
        {"x_access_key_id": "z1nobody"},
        {"authorization": "Bearer a.b.c"},
    ],
    ids=["no time", "old", "wrong", "none", "other", "two"],
)
def test_refuses_what_the_key_did_not_sign(world, alice, change) -> None:
    key_id, secret = made(world, alice, authType="signature")
    answer = by_stamp(world, key_id, secret, **change)
    assert (answer.status, answer.json) == (401, {"error": "not login"})


def test_a_late_stamp_is_refused(world, alice) -> None:
    key_id, secret = made(world, alice, authType="signature")
    late = datetime.now(UTC) - timedelta(minutes=6)
    assert by_stamp(world, key_id, secret, late).status == 401


def test_takes_the_role_of_the_session_and_loses_it_with_the_role(world, alice) -> None:
    grant(world, alice)
    switch(alice, issue(world, alice).credential_id)
    _, secret = made(world, alice, requiredRoles="support,owner")
    assert by_bearer(world, secret).json["user"]["role"] == "support"
    role_assignments.withdraw(
        user_id=user_id(world, alice), role="support", by=world.system, now=datetime.now(UTC)
    )
    assert by_bearer(world, secret).status == 401


def test_gives_no_role_that_the_session_has_not(world, alice) -> None:
    grant(world, alice)
    body = {"sid": begin(world), "requiredRoles": "support"}
    assert alice.post("access-key/authorize", body).status == 403


def test_opens_nothing_that_takes_somebody_signed_in(world, alice) -> None:
    _, secret = made(world, alice)
    bearer = {"authorization": f"Bearer {secret}"}
    browser = Browser(world)
    sid = begin(world)
    for answer in (
        browser.put("user/profile", {"fullName": "Mallory"}, **bearer),
        browser.delete("user", **bearer),
        browser.post("oauth/switch", {}, **bearer),
        browser.post("access-key/authorize", {"sid": sid}, **bearer),
        browser.get("user-session/myself", **bearer),
    ):
        assert answer.status == 403, answer.text
    assert browser.get("did/bind-wallet/token", **bearer).status == 401


def test_ends_with_itself_its_owner_and_its_time(world, alice) -> None:
    _, first = made(world, alice)
    key_id, second = made(world, alice)
    with current.in_scope(world.scope.id):
        row = ApiKey.objects.get(key_id=key_id)
    late = datetime.now(UTC) + timedelta(days=91)
    assert by_bearer(world, first, now=late).status == 401
    api_keys.revoke(key_id=row.id, by=world.system, now=datetime.now(UTC))
    assert by_bearer(world, second).status == 401
    assert by_bearer(world, first).status == 200
    with current.in_scope(world.scope.id):
        owner = Profile.objects.get().user_id
    users.disable(user_id=owner, by=world.system, now=datetime.now(UTC))
    assert by_bearer(world, first).status == 401


def test_is_of_its_scope(world, alice) -> None:
    _, secret = made(world, alice)
    assert by_bearer(cast.world(), secret).status == 401


def test_whoever_knows_the_session_reads_nothing(world, alice) -> None:
    """The original encrypts with what the same answer tells; here the asker's key alone opens."""
    sid = begin(world)
    assert poll(world, sid).json == {"status": "created"}
    alice.post("access-key/authorize", {"sid": sid})
    told = poll(world, sid).json
    assert told.keys() == {"status", "accessKeyId", "accessKeySecret", "expireAt"}
    assert "blocklet-" not in json.dumps(told)
    assert Browser(world).post("access-key/session", {}).status == 400


def test_makes_one_key_for_one_session(world, alice, bob) -> None:
    sid = begin(world)
    assert alice.post("access-key/authorize", {"sid": sid}).status == 200
    for each in (alice, bob):
        assert each.post("access-key/authorize", {"sid": sid}).status == 404
    with current.in_scope(world.scope.id):
        assert ApiKey.objects.count() == 1


def test_takes_a_fresh_proof(world, alice) -> None:
    with current.in_scope(world.scope.id):
        Session.objects.update(authenticated_at=datetime.now(UTC) - timedelta(hours=1))
    answer = alice.post("access-key/authorize", {"sid": begin(world)})
    assert (answer.status, answer.json["code"]) == (403, "session.step-up-needed")


def test_the_program_gives_up(world, alice) -> None:
    sid = begin(world)
    assert Browser(world).delete("access-key/session", query={"sid": sid}).status == 204
    assert poll(world, sid).status == 404
    assert alice.post("access-key/authorize", {"sid": sid}).status == 404
