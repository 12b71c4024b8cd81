"""Class 22 of the known attacks: answers or their timing tell what exists.

Seen in Keycloak as CVE-2026-4633, CVE-2026-9794 and CVE-2026-37981, and in a penetration test of
authentik (L2), which was mended by hashing on a miss. Causes that nobody may tell apart get the
same status, headers and body, and take comparable time. The bound is generous: it finds a missing
hash or RSA operation, not a branch.
"""

import re
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import httpx
import pytest
from django.test import Client

from accounts.backends import StaffBackend
from accounts.services import devices, operators, passwords, users
from identity import ids
from identity.crypto import ecdsa_p256
from identity.sdk.channel import Channel
from identity.services import scopes
from invitations.models import Invitation
from tests import acts, cast
from tests import staff as staff_at
from tests.attacks import stopwatch, wire
from tests.faces.enterprise.desk import keys

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_hash")]

JSON = re.compile(rb'\{"status".*?\}')
ME = {"action": "get", "resource": "/me"}
RIGHT = "correct horse battery"


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    world.member("carol", "super-admin")
    return world.member("alice", "super-admin", "workspace-owner")


def shown(answer: httpx.Response) -> tuple[int, Mapping[str, str], int, list[bytes]]:
    """What of an answer does not depend on the request's digest, the time and the signature."""
    return (
        answer.status_code,
        dict(answer.headers),
        len(answer.content),
        JSON.findall(answer.content),
    )


def stranger(world: cast.World, member: cast.Member, **changes: object) -> Channel:
    """The member's channel with another device or key in it."""
    held = member.session.keys
    return Channel(
        device=changes.get("device", member.device.id),  # type: ignore[arg-type]
        signing_key=changes.get("key", held.signature),  # type: ignore[arg-type]
        private=held.encryption,
        server=world.server,
    )


def test_unknown_wrong_and_shut_out_devices_are_answered_alike(
    world: cast.World, alice: cast.Member
) -> None:
    eve = ecdsa_p256.generate()
    bob, third = world.member("bob"), world.member("third")
    elsewhere = cast.world()
    charlie = elsewhere.member("charlie")
    with cast.in_scope(world):
        devices.revoke(device_id=bob.device.id, reason="lost", by=world.system, now=acts.now())
        users.disable(user_id=third.user.id, by=world.system, now=acts.now())
    bundle = acts.invitation(world, "new@example.test")
    channels = {
        "unknown device": stranger(world, alice, device=ids.new()),
        "wrong key": stranger(world, alice, key=eve),
        "unknown device, wrong key": stranger(world, alice, device=ids.new(), key=eve),
        "revoked device": stranger(world, bob),
        "disabled user": stranger(world, third),
        "invitation, wrong key": stranger(
            world, alice, device=wire.offer(world, bundle).device, key=eve
        ),
        "another scope's device": stranger(world, charlie),
    }
    answers = {
        name: shown(wire.post(world, channel.seal(ME).body)) for name, channel in channels.items()
    }
    expected = answers["unknown device"]
    assert expected[0] == 401
    assert expected[3]
    for name, answer in answers.items():
        assert answer == expected, name


def test_a_suspended_scope_is_answered_like_an_unknown_device(
    world: cast.World, alice: cast.Member
) -> None:
    unknown = shown(wire.post(world, stranger(world, alice, device=ids.new()).seal(ME).body))
    with cast.in_scope(world):
        scopes.suspend(by=world.system, now=acts.now())
    # Its own address is gone with it; the credential alone tells nothing more than a stranger's.
    other = cast.world()
    answer = wire.post(other, wire.channel(alice).seal(ME).body)
    assert (answer.status_code, JSON.findall(answer.content)) == (unknown[0], unknown[3])


def end_by(world: cast.World, bundle: Mapping[str, str], how: str) -> None:
    with cast.in_scope(world):
        rows = Invitation.objects.filter(id=bundle["invitation"])
        if how == "expired":
            rows.update(expires_at=acts.now() - timedelta(hours=1))
        elif how == "locked":
            rows.update(state="locked", ended_at=acts.now())
        elif how == "used":
            acts.authorize(world, bundle, keys(0))


def test_invitations_that_can_not_be_used_are_answered_alike(world: cast.World) -> None:
    refusals = {}
    for how in ("wrong secret", "expired", "locked", "used"):
        bundle = acts.invitation(world, f"{how.replace(' ', '-')}@example.test")
        end_by(world, bundle, how)
        secret = "inv_wrong" if how == "wrong secret" else bundle["invite_string"]
        held = wire.offer(world, bundle)
        asked = {
            "action": "add",
            "resource": "/account-management/authorize",
            "details": {
                "invite_string": secret,
                "device_name": "laptop",
                "device_signature_pubkey": keys(1).signature_pubkey,
                "device_encryption_pubkey": keys(1).encryption_pubkey,
            },
        }
        channel = wire.one_time_channel(held, keys(1))
        answer = wire.post(world, channel.seal(asked).body)
        refusals[how] = answer.status_code, channel.open(answer.content).content
    assert refusals["wrong secret"] == (
        200,
        {
            "status": "unauthorized",
            "error_code": "-11",
            "message": "The invitation is not valid. Ask for a new one.",
        },
    )
    # A locked one may be refused before its envelope is opened: that tells its holder only.
    for how in ("expired", "used"):
        assert refusals[how] == refusals["wrong secret"], how


def test_unknown_and_wrong_devices_take_comparable_time(
    world: cast.World, alice: cast.Member
) -> None:
    with cast.in_scope(world):
        bob = world.member("bob")
        devices.revoke(device_id=bob.device.id, reason="lost", by=world.system, now=acts.now())
    channels = {
        "unknown": stranger(world, alice, device=ids.new()),
        "wrong": stranger(world, alice, key=ecdsa_p256.generate()),
        "revoked": stranger(world, bob),
    }
    # Sealing is the attacker's time, not ours.
    sealed = {
        name: iter([channel.seal(ME).body for _ in range(41)]) for name, channel in channels.items()
    }

    def send(name: str) -> Callable[[], object]:
        return lambda: wire.post(world, next(sealed[name]))

    stopwatch.alike({name: send(name) for name in channels}, rounds=13)


@pytest.mark.django_db(transaction=True)
def test_unknown_and_known_names_take_comparable_time() -> None:
    world = cast.world()
    with cast.in_scope(world):
        for number in range(3):
            operators.add_staff(
                username=f"staff-{number}",
                password=RIGHT,
                email="",
                first_name="",
                last_name="",
                roles=[],
                by=world.system,
                now=acts.now(),
            )
    world.member("bob")
    backend = StaffBackend()

    def guess(name: str) -> Callable[[], object]:
        def once() -> object:
            found = backend.authenticate(
                None, username=name, password="wrong", scope=world.scope.slug
            )
            assert found is None
            return found

        return once

    # Three times three rounds stay below the limit of tries; a device's user has no password.
    names = ("nobody", "staff-0", "bob@example.test")
    stopwatch.alike({name: guess(name) for name in names}, rounds=3, clock=time.process_time)
    for _ in range(passwords.MOST_WRONG):
        guess("staff-0")()
    # Nor does an account that has no try left answer at once: it waits as long as a hash lately
    # took, which on a busy machine is not what the next one takes.
    stopwatch.alike({name: guess(name) for name in ("nobody", "staff-0")}, rounds=9, most=6)


@pytest.mark.django_db(transaction=True)
def test_the_sign_in_page_tells_no_causes_apart() -> None:
    world, other = cast.world(), cast.world()
    with_code = staff_at.add(world, "dora", "super-admin")
    staff_at.enrol(with_code)
    staff_at.add(world, "erin", "super-admin")
    with cast.in_scope(world):
        users.disable(user_id=staff_at.add(world, "fred").id, by=world.system, now=acts.now())
    world.member("bob")
    causes = {
        "wrong, with a generator": ("dora", world.scope.slug),
        "wrong, without": ("erin", world.scope.slug),
        "disabled": ("fred", world.scope.slug),
        "no staff": ("bob@example.test", world.scope.slug),
        "unknown": ("nobody", world.scope.slug),
        "another scope": ("dora", other.scope.slug),
        "no scope": ("dora", "nowhere"),
        "no operator": ("dora", ""),
    }
    told = set()
    for name, slug in causes.values():
        answer = staff_at.sign_in(Client(), name, slug, password="wrong horse battery")
        page = answer.content.decode()
        # What was typed comes back; the token of the form differs each time.
        page = re.sub(r'\s*value="[^"]*"', "", page)
        told.add((answer.status_code, page))
    assert len(told) == 1


@pytest.mark.django_db(transaction=True)
def test_the_choice_of_a_scope_tells_not_which_there_are() -> None:
    world, other = cast.world(), cast.world()
    staff_at.add(world, "dora", "super-admin")
    browser = Client()
    staff_at.sign_in(browser, "dora", world.scope.slug)
    told = set()
    for slug in (other.scope.slug, "nowhere", "", "\x00", "platform"):
        answer = browser.post("/admin/scope/", {"scope": slug})
        page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode())
        told.add((answer.status_code, page))
    assert len(told) == 1
