"""Of many copies of one envelope at the same time one is accepted."""

import collections
from uuid import UUID

import httpx
import orjson
import pytest

from accounts.models import Device, Group
from identity import ids
from identity.crypto import ecdsa_p256, strict_json
from identity.models import AuditEvent, SeenNonce
from identity.sdk.channel import Channel
from identity.sdk.keys import DeviceKeys
from tests import acts, cast
from tests.races import together

COUNT = 50
OCTETS = {"Content-Type": "application/octet-stream"}
AUTHORIZE = "/account-management/authorize"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


def channel_of(member: cast.Member) -> Channel:
    return Channel(
        device=member.device.id,
        signing_key=member.session.keys.signature,
        private=member.session.keys.encryption,
        server=member.session.server,
    )


def sent_together(world: cast.World, body: bytes) -> list[httpx.Response]:
    def send(_: int) -> httpx.Response:
        with world.http() as http:
            return http.post(cast.URL, content=body, headers=OCTETS)

    ends = together.run(send, count=COUNT)
    assert {type(end) for end in ends} == {httpx.Response}, ends
    return ends


def require_one_accepted(
    answers: list[httpx.Response], channel: Channel, request: bytes
) -> httpx.Response:
    statuses = collections.Counter(answer.status_code for answer in answers)
    assert statuses == {200: 1, 401: COUNT - 1}
    for answer in answers:
        if answer.status_code == 401:
            # A signed refusal in the clear: the array's third part is its JSON.
            assert b'"error_code":"-6"' in answer.content
    (accepted,) = [answer for answer in answers if answer.status_code == 200]
    assert channel.open(accepted.content, expected_request=request).content["status"] == "success"
    return accepted


def test_fifty_copies_of_a_change_make_it_once(world: cast.World) -> None:
    alice = world.member("alice", "super-admin", "workspace-owner")
    channel = channel_of(alice)
    request = channel.seal(
        {
            "action": "add",
            "resource": "/groups",
            "details": {"gid": str(ids.new()), "name": "security"},
        }
    )
    require_one_accepted(sent_together(world, request.body), channel, request.digest)
    with cast.in_scope(world):
        assert Group.objects.count() == SeenNonce.objects.count() == 1
        assert AuditEvent.objects.filter(name="group.created").count() == 1


def test_fifty_copies_of_a_read_are_answered_once(world: cast.World) -> None:
    channel = channel_of(world.member("alice", "super-admin"))
    request = channel.seal({"action": "get", "resource": "/me", "details": {}})
    require_one_accepted(sent_together(world, request.body), channel, request.digest)


def test_fifty_copies_of_an_authorization_register_one_device(world: cast.World) -> None:
    bundle, keys = acts.invitation(world, "bob@example.test"), DeviceKeys.generate()
    channel = Channel(
        device=UUID(bundle["temporary_device"]),
        signing_key=ecdsa_p256.parse_private(bundle["one_time_private_key"]),
        private=keys.encryption,
        server=world.server,
    )
    details = {
        "invite_string": bundle["invite_string"],
        "device_name": "laptop",
        "device_signature_pubkey": keys.signature_pubkey,
        "device_encryption_pubkey": keys.encryption_pubkey,
    }
    request = channel.seal({"action": "add", "resource": AUTHORIZE, "details": details})
    require_one_accepted(sent_together(world, request.body), channel, request.digest)
    with cast.in_scope(world):
        assert Device.objects.count() == 1


def test_a_new_envelope_of_the_same_command_repeats_the_outcome(world: cast.World) -> None:
    alice = world.member("alice", "super-admin", "workspace-owner")
    group, key = str(ids.new()), "the same intention"

    def create(_: int) -> str:
        channel = channel_of(alice)
        request = channel.seal(
            {
                "action": "add",
                "resource": "/groups",
                "details": {"gid": group, "name": "security"},
                "idempotency_key": key,
            }
        )
        with world.http() as http:
            answer = http.post(cast.URL, content=request.body, headers=OCTETS)
        opened = channel.open(answer.content, expected_request=request.digest)
        return orjson.dumps(opened.content, option=orjson.OPT_SORT_KEYS).decode()

    answers = together.run(create, count=COUNT)
    assert {type(answer) for answer in answers} == {str}, answers
    (outcome,) = set(answers)
    assert strict_json.decode(outcome.encode())["status"] == "success"
    with cast.in_scope(world):
        assert Group.objects.count() == 1
        assert AuditEvent.objects.filter(name="group.created").count() == 1
