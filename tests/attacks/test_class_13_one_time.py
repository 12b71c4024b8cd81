"""Class 13 of the known attacks: something that works once is made to work again.

Seen as CVE-2025-46815 (Zitadel: an identity provider's intent was redeemed twice) and
CVE-2026-37982 (Keycloak: an action token enrolled the attacker's passkey). Each one-time thing of
the house is redeemed twice in a row, at the same time by several, and again after a crash.
"""

from typing import Any

import pytest

from accounts.errors import KeyTaken
from accounts.models import Device, Group, KnownKey
from accounts.services import devices
from identity import ids
from identity.models import AuditEvent, SeenNonce
from identity.scoping import current
from identity.sdk.errors import Refused
from identity.sdk.results import Done as Answered
from identity.sdk.session import Session
from invitations.errors import InvitationInvalid
from invitations.models import Effect, Invitation, Vote
from invitations.services import proposals, votes
from invitations.services.governance import Done
from tests import acts, cast
from tests.attacks import death, wire
from tests.faces.enterprise import examples
from tests.faces.enterprise.desk import Desk, keys
from tests.races import together

AT_ONCE = 8

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


def group(name: str = "security") -> dict[str, Any]:
    details = {"gid": str(ids.new()), "name": name}
    return {"action": "add", "resource": "/groups", "details": details}


def test_an_envelope_twice(world: cast.World) -> None:
    alice = world.member("alice", "super-admin", "workspace-owner")
    request = wire.channel(alice).seal(group())
    answers = [wire.post(world, request.body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert {wire.clear_code(answer) for answer in answers[1:]} == {"-6"}
    with cast.in_scope(world):
        assert Group.objects.count() == 1


def test_an_envelope_at_the_same_time(world: cast.World) -> None:
    alice = world.member("alice", "super-admin", "workspace-owner")
    request = wire.channel(alice).seal(group())
    answers = together.run(lambda _: wire.post(world, request.body), count=AT_ONCE)
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * (AT_ONCE - 1)


def test_an_envelope_after_a_crash(world: cast.World) -> None:
    # Who crashes after the nonce was stored has used the envelope up; before, it was not used.
    alice = world.member("alice", "super-admin", "workspace-owner")
    request = wire.channel(alice).seal(group())

    def look() -> None:
        with cast.in_scope(world):
            assert Group.objects.count() == 0

    answer, deaths = death.at_each_statement(lambda: wire.post(world, request.body), look)
    assert deaths >= 2
    assert answer.status_code == 401
    assert wire.clear_code(answer) == "-6"
    with cast.in_scope(world):
        assert (Group.objects.count(), SeenNonce.objects.count()) == (0, 1)


def test_an_invitation_twice(world: cast.World) -> None:
    held = wire.offer(world, acts.invitation(world, "bob@example.test"))
    first = wire.join(world, held, keys(0))
    assert isinstance(first, Session)
    # The same keys hear the same answer; other keys hear nothing.
    again = wire.join(world, held, keys(0))
    assert isinstance(again, Session)
    assert again.device == first.device
    assert wire.refusal(lambda: wire.join(world, held, keys(1))) == wire.NOT_VALID
    with cast.in_scope(world):
        assert Device.objects.count() == 1


def test_an_invitation_at_the_same_time(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    ends = together.run(lambda number: acts.authorize(world, bundle, keys(number)), count=AT_ONCE)
    assert sum(isinstance(end, Done) for end in ends) == 1
    assert sum(isinstance(end, InvitationInvalid) for end in ends) == AT_ONCE - 1
    with cast.in_scope(world):
        assert Device.objects.count() == 1


def test_an_invitation_after_a_crash(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")

    def look() -> None:
        with cast.in_scope(world):
            assert (Device.objects.count(), KnownKey.objects.count()) == (0, 0)
            assert Invitation.objects.get().state == "open"

    answer, deaths = death.at_each_statement(
        lambda: acts.authorize(world, bundle, keys(0), password="correct horse"), look
    )
    assert deaths > 5
    assert isinstance(answer, Done)
    with cast.in_scope(world):
        assert (Device.objects.count(), KnownKey.objects.count()) == (1, 2)
        assert AuditEvent.objects.filter(name="invitation.used").count() == 1
    with pytest.raises(InvitationInvalid):
        acts.authorize(world, bundle, keys(1))


def test_a_one_time_key_does_not_outlive_its_use(world: cast.World) -> None:
    held = wire.offer(world, acts.invitation(world, "bob@example.test"))
    wire.join(world, held, keys(0))
    channel = wire.one_time_channel(held, keys(1))
    for payload in ({"action": "get", "resource": "/me"}, group()):
        answer = channel.open(wire.post(world, channel.seal(payload).body).content)
        assert answer.content["status"] in {"unauthorized", "failed"}
    with cast.in_scope(world):
        assert Group.objects.count() == 0


def waiting_group(world: cast.World) -> tuple[cast.Member, cast.Member, Any]:
    alice = world.member("alice", "super-admin", "workspace-owner")
    bob = world.member("bob", "workspace-owner")
    answer = acts.submit(alice, "group.create", group=str(ids.new()), name="security")
    return alice, bob, acts.proposal(world, answer)


def test_a_vote_twice_and_at_the_same_time(world: cast.World) -> None:
    _, bob, waiting = waiting_group(world)
    by = acts.as_actor(bob)

    def vote(_: int) -> str:
        with cast.in_scope(world):
            return votes.approve(
                proposal_id=waiting.id,
                proposal_hash=waiting.hash,
                reason="",
                by=by,
                now=acts.now(),
                evidence=acts.SIGNED,
            ).proposal.state

    assert together.run(vote, count=AT_ONCE) == ["executed"] * AT_ONCE
    assert vote(0) == "executed"
    with cast.in_scope(world):
        assert Vote.objects.count() == Effect.objects.count() == Group.objects.count() == 1


def test_an_outcome_is_told_once(world: cast.World) -> None:
    alice = world.member("alice", "super-admin", "workspace-owner")
    bob = world.member("bob", "workspace-owner")
    answer = acts.submit(alice, "user.invite", user=str(ids.new()), email="new@example.test")
    waiting = acts.proposal(world, answer)
    acts.approve(bob, waiting.id)
    by = acts.as_actor(alice)

    def take(_: int) -> Any:
        with cast.in_scope(world):
            return proposals.take_outcome(proposal_id=waiting.id, by=by, now=acts.now())

    told = [outcome for outcome in together.run(take, count=AT_ONCE) if outcome is not None]
    assert len(told) == 1, told
    assert told[0][0]["invite_string"].startswith("inv_")
    assert take(0) is None


def test_a_proof_of_new_keys_works_once() -> None:
    desk = Desk.new()
    with current.in_scope(desk.scope_id):
        alice = desk.person("alice")
        fresh, later = keys(26), keys(27)
        proof = examples.rotation(alice, fresh)
        path = f"/users/{alice.uid}/devices/{alice.did}"
        assert alice.ask("edit", path, proof)["status"] == "success"
        # With other keys in it the proof gives nothing, and once the keys have changed again it
        # does not bring the old ones back.
        mixed = proof | {
            "ecdsa_pubkey": later.signature_pubkey,
            "rsa_pubkey": later.encryption_pubkey,
        }
        assert alice.ask("edit", path, mixed)["error_code"] == "-7"
        assert alice.ask("edit", path, examples.rotation(alice, later))["status"] == "success"
        assert alice.ask("edit", path, proof)["error_code"] == "-10"
        alice.device.refresh_from_db()
        assert alice.device.signature_key == later.signature_pubkey


def test_a_public_key_is_used_once(world: cast.World) -> None:
    first = acts.invitation(world, "bob@example.test")
    acts.authorize(world, first, keys(0))
    with cast.in_scope(world):
        device = Device.objects.get()
    second = acts.invitation(world, "third@example.test")
    with pytest.raises(KeyTaken):
        acts.authorize(world, second, keys(0))
    # Not even after the device that had it is gone.
    with cast.in_scope(world):
        devices.revoke(device_id=device.id, reason="lost", by=world.system, now=acts.now())
    with pytest.raises(KeyTaken):
        acts.authorize(world, second, keys(0))


def test_an_idempotency_key_gives_one_outcome(world: cast.World) -> None:
    alice = world.member("alice", "super-admin", "workspace-owner")
    asked = group()
    client = alice.client
    answers = [
        client.request("add", "/groups", asked["details"], idempotency_key="one intention")
        for _ in range(3)
    ]
    assert all(isinstance(answer, Answered) for answer in answers)
    assert answers[0] == answers[1] == answers[2]
    with pytest.raises(Refused) as refused:
        client.request("add", "/groups", group("other")["details"], "one intention")
    assert refused.value.error_code == "-10"
    with cast.in_scope(world):
        assert Group.objects.count() == 1
