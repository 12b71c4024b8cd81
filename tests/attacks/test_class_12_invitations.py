"""Class 12 of the known attacks: an invitation that is forged, reused, late or somebody else's.

Seen as CVE-2026-1529 (Keycloak: a forged invitation JWT led into a foreign organisation),
CVE-2025-64708 (authentik: expiry happened only when a cleanup job ran) and GHSA-fmh4 (Better Auth).
"""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from accounts.errors import NameTaken
from accounts.models import Device, User
from accounts.services import users
from identity import ids
from identity.api.enterprise import routes
from identity.crypto import ecdsa_p256
from identity.errors import Missing
from identity.sdk.session import Invitation as Offer
from identity.sdk.session import Session
from invitations import bulk_lines
from invitations.errors import InvitationInvalid
from invitations.models import Invitation
from invitations.services import bulk, invitations, resending
from invitations.services.governance import Done
from tests import acts, cast
from tests.attacks import wire
from tests.faces.enterprise import examples
from tests.faces.enterprise.desk import keys

pytestmark = pytest.mark.django_db

BOB, EVE = keys(0), keys(1)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def held(world: cast.World) -> Offer:
    """bob's invitation."""
    return wire.offer(world, acts.invitation(world, "bob@example.test"))


def devices(world: cast.World) -> int:
    with cast.in_scope(world):
        return Device.objects.count()


def found(world: cast.World) -> Invitation:
    with cast.in_scope(world):
        return Invitation.objects.order_by("created_at").first() or pytest.fail("no invitation")


def with_own_key(held: Offer) -> Offer:
    return dataclasses.replace(held, one_time_key=ecdsa_p256.generate())


def with_own_device(held: Offer) -> Offer:
    return dataclasses.replace(held, device=ids.new())


def all_made_up(held: Offer) -> Offer:
    return dataclasses.replace(with_own_key(with_own_device(held)), invite_string="inv_made-up")


@pytest.mark.parametrize("forge", [with_own_key, with_own_device, all_made_up])
def test_a_forged_invitation_is_refused_before_it_is_read(
    world: cast.World, held: Offer, forge: Callable[[Offer], Offer]
) -> None:
    assert wire.refusal(lambda: wire.join(world, forge(held), EVE)) == wire.UNAUTHENTIC
    assert devices(world) == 0
    # Strangers can't use up the tries of an invitation that they do not hold.
    assert found(world).wrong_tries == 0
    assert isinstance(wire.join(world, held, BOB), Session)


@pytest.mark.parametrize("secret", ["", "inv_", "inv_" + "A" * 43, "a secret of another"])
def test_the_secret_of_another_invitation_is_refused(
    world: cast.World, held: Offer, secret: str
) -> None:
    if secret == "a secret of another":
        secret = acts.invitation(world, "third@example.test")["invite_string"]
    wrong = dataclasses.replace(held, invite_string=secret)
    assert wire.refusal(lambda: wire.join(world, wrong, EVE)) in {
        wire.NOT_VALID,
        ("failed", "-7"),
    }
    assert devices(world) == 0


def test_an_invitation_leads_into_its_own_scope_only(world: cast.World, held: Offer) -> None:
    other = cast.world()
    at_home = dataclasses.replace(held, server=other.server)
    # With the other scope's keys, with the own keys at the other's address, and both.
    tries: tuple[tuple[cast.World, Offer], ...] = (
        (world, at_home),
        (other, held),
        (other, at_home),
    )
    for place, given in tries:
        assert wire.post(place, envelope(given)).status_code in {400, 401}
    assert devices(world) == devices(other) == 0
    assert isinstance(wire.join(world, held, BOB), Session)
    assert devices(other) == 0


def envelope(given: Offer) -> bytes:
    details = {
        "invite_string": given.invite_string,
        "device_name": "laptop",
        "device_signature_pubkey": EVE.signature_pubkey,
        "device_encryption_pubkey": EVE.encryption_pubkey,
    }
    asked = {"action": "add", "resource": "/account-management/authorize", "details": details}
    return wire.one_time_channel(given, EVE).seal(asked).body


def test_expiry_is_judged_when_read_and_by_no_job(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    late = found(world).expires_at
    with pytest.raises(InvitationInvalid):
        acts.authorize(world, bundle, EVE, at=late)
    # Nothing has marked it: the row still says open, and is worth nothing.
    assert found(world).state == "open"
    assert found(world).state_at(late) == "expired"
    with cast.in_scope(world):
        Invitation.objects.update(expires_at=acts.now() - timedelta(seconds=1))
    assert wire.refusal(lambda: wire.join(world, wire.offer(world, bundle), EVE)) == wire.NOT_VALID
    assert devices(world) == 0


def revoked(world: cast.World) -> None:
    invitations.revoke(invitation_id=Invitation.objects.get().id, by=world.system, now=acts.now())


def person_disabled(world: cast.World) -> None:
    users.disable(user_id=User.objects.get().id, by=world.system, now=acts.now())


def person_deleted(world: cast.World) -> None:
    users.delete(user_id=User.objects.get().id, by=world.system, now=acts.now())


def reissued(world: cast.World) -> None:
    acts.invitation(world, "bob@example.test")


@pytest.mark.parametrize("end", [revoked, person_disabled, person_deleted, reissued])
def test_an_ended_invitation_is_dead_at_the_next_request(
    world: cast.World, held: Offer, end: Callable[[cast.World], None]
) -> None:
    with cast.in_scope(world):
        end(world)
    refused = wire.refusal(lambda: wire.join(world, held, EVE))
    assert refused in {wire.UNAUTHENTIC, wire.NOT_VALID}
    assert devices(world) == 0


def test_a_used_invitation_is_worth_nothing_to_others_and_raises_the_alarm(
    world: cast.World, held: Offer
) -> None:
    assert isinstance(wire.join(world, held, BOB), Session)
    assert wire.refusal(lambda: wire.join(world, held, EVE)) == wire.NOT_VALID
    assert devices(world) == 1
    assert found(world).alarmed_at is not None


def test_the_same_secret_does_not_move_to_another_address(world: cast.World) -> None:
    # mis-owned: an invitation belongs to a user, and a user's name is not free for another.
    alice = world.member("alice", "super-admin")
    acts.invitation(world, "bob@example.test")
    with pytest.raises(NameTaken):
        acts.submit(alice, "user.invite", user=str(ids.new()), email="BOB@example.test")
    with pytest.raises(NameTaken):
        acts.submit(alice, "user.invite", user=alice.uid, email="eve@example.test")
    with pytest.raises(NameTaken):
        acts.submit(alice, "user.invite", user=str(ids.new()), email="alice@example.test")


def test_an_invitation_can_do_nothing_but_authorize(world: cast.World, held: Offer) -> None:
    things = examples.Things.unknown()
    channel = wire.one_time_channel(held, EVE)
    asked = 0
    for known in routes.ROUTES:
        if known.path.startswith("/account-management/"):
            continue
        payload = {
            "action": known.action,
            "resource": things.path(known),
            # The key to answer to, without which nothing is even read.
            "details": {"device_encryption_pubkey": EVE.encryption_pubkey},
        }
        request = channel.seal(payload)
        answer = channel.open(wire.post(world, request.body).content)
        assert answer.content["status"] in {"unauthorized", "failed"}, known
        assert answer.content["error_code"] in {"-7", "-8", "-9"}, (known, answer.content)
        assert "details" not in answer.content
        asked += 1
    assert asked > 40
    with cast.in_scope(world):
        assert (Device.objects.count(), User.objects.count()) == (0, 1)


@pytest.mark.parametrize("state", ["open", "expired", "revoked", "locked"])
def test_an_old_link_is_dead_once_a_new_one_was_sent(world: cast.World, state: str) -> None:
    alice = world.member("alice", "super-admin")
    old = acts.invitation(world, "bob@example.test")
    with cast.in_scope(world):
        row = Invitation.objects.get()
        if state == "expired":
            row.expires_at = acts.now() - timedelta(seconds=1)
        else:
            row.state = state
        row.save()
        step = resending.again(invitation_id=row.id, now=acts.now())
    answer = acts.submit(alice, step.action, **step.details)
    assert isinstance(answer, Done)
    before = devices(world)
    offer = wire.offer(world, old)
    for mine in (BOB, EVE):
        assert wire.refusal(partial(wire.join, world, offer, mine)) == wire.NOT_VALID
    assert devices(world) == before
    assert isinstance(wire.join(world, wire.offer(world, answer.result), BOB), Session)


def test_a_batch_gives_its_bundles_to_its_maker_alone_and_once(world: cast.World) -> None:
    alice, eve = world.member("alice", "super-admin"), world.member("eve", "support")
    with cast.in_scope(world):
        lines = bulk_lines.read(b"email\nnew@example.test\n")
        batch = bulk.upload(lines=lines, by=acts.as_actor(alice), now=acts.now())
        with pytest.raises(Missing):
            bulk.confirm(batch_id=batch.id, by=acts.as_actor(eve), now=acts.now())
        bulk.confirm(batch_id=batch.id, by=acts.as_actor(alice), now=acts.now())
        with pytest.raises(Missing):
            bulk.take(batch_id=batch.id, by=acts.as_actor(eve), now=acts.now())
        assert bulk.take(batch_id=batch.id, by=acts.as_actor(alice), now=acts.now())
        assert not bulk.take(batch_id=batch.id, by=acts.as_actor(alice), now=acts.now())
    stranger = cast.world().member("charlie", "super-admin")
    with cast.in_scope(world), pytest.raises(Missing):
        bulk.take(batch_id=batch.id, by=acts.as_actor(stranger), now=acts.now())
