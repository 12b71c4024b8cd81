"""Class 16 of the known attacks: whoever can change how an account is signed in to becomes it.

Seen in Keycloak as CVE-2026-9099 and CVE-2026-3121. Somebody with one strong word, above all an API
key, turns the address, the password, the status, the devices or the second factor of a mightier
account. In a scope without the usual policies nobody else is asked, so the rule stands by itself:
alone, nobody changes the ways in of an account that may more.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from accounts.errors import AccountHoldsMore
from accounts.models import User
from identity import ids
from identity.actor import Actor, ActorKind
from identity.permissions import ALL, NOT_OF_KEYS, SELF_SERVICE
from invitations.commands.command import nobody, registry
from invitations.errors import QuorumUnreachable
from invitations.services import governance
from invitations.services.evidence import Evidence
from invitations.services.governance import Done
from tests import acts, cast, passkey_holders, staff
from tests.faces.v1 import test_bearers
from tests.faces.v1.client import problem

pytestmark = pytest.mark.django_db

SIGNED = Evidence(sign1=b"signed request")
LETTERS = "mallory@example.test"
# What opens or changes a way in, with the word that it takes.
CHANGES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "address": ("user.edit", {"email": LETTERS}),
    "status": ("user.edit", {"status": "disabled"}),
    "password": ("password.reset", {}),
    "password known": ("password.change", {"password_verifier": "argon2$known"}),
    "second factor": ("one-time-password.reset", {}),
    "passkey": ("passkey.remove", {}),
    "device suspended": ("device.edit", {"status": "suspended"}),
    "device accepted": ("device.edit", {"status": "active"}),
    "further device": ("device.invite", {}),
}
SHUTS_OUT = {
    "user.lock": "an account that was broken into may be the mightiest",
    "user.delete": "nobody signs in afterwards",
    "user.leave": "as user.delete, for the own account alone",
    "session.end": "who signs in again does it with what it has",
    "session.end-all": "who signs in again does it with what it has",
    "device.revoke": "a stolen device is nobody's to keep",
    "staff.dismiss": "nobody signs in afterwards",
}
NO_WAY = {
    "profile.edit": "an address in a profile signs nobody in unless it was proven; then it stays",
}
OWN = {
    "device.authorize": "the holder of the one-time key does it",
    "device.register": "in one's own account only",
    "invitation.accept": "the holder of the invitation's secret does it",
    "device.rotate": "the device itself does it",
}


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


def target(world: cast.World, role: str) -> cast.Member:
    """Somebody with that role, a device, and a place among the staff."""
    member = world.member(f"her-{role}", role)
    with cast.in_scope(world):
        User.objects.filter(id=member.user.id).update(is_staff=True, password="argon2$old")
        member.user.refresh_from_db()
        staff.enrol(member.user)
    return member


def key_of(world: cast.World, *words: str, user: User | None = None) -> Actor:
    """A key of the scope's backend, or one that acts for somebody."""
    return Actor(
        kind=ActorKind.API_KEY,
        scope_id=world.scope.id,
        user_id=user.id if user else None,
        api_key_id=ids.new(),
        permissions=frozenset(words),
        is_program=True,
    )


def change(world: cast.World, which: str, member: cast.Member, by: Actor) -> Any:
    command, more = CHANGES[which]
    details = {"user": member.uid, **more}
    if command == "device.edit":
        details["device"] = str(member.device.id)
    if command == "passkey.remove":
        with cast.in_scope(world):
            row = passkey_holders.passkey(member.user, by=world.system)
        details["passkey"] = str(row.id)
    if command == "device.invite":  # of an account that asks for a password it opens nothing
        User.objects.filter(id=member.user.id).update(password="")
    with cast.in_scope(world):
        return governance.submit(
            action=command, details=details, by=by, now=acts.now(), evidence=SIGNED
        )


def is_done_alone(world: cast.World, which: str, member: cast.Member, by: Actor) -> bool:
    """Locked policies ask others about some of it, if there is somebody to ask."""
    try:
        return isinstance(change(world, which, member, by), Done)
    except (AccountHoldsMore, QuorumUnreachable):
        return False


@pytest.mark.parametrize("role", ["super-admin", "workspace-owner", "security-officer"])
@pytest.mark.parametrize("which", CHANGES)
def test_a_key_with_every_word_but_a_vote_takes_no_mightier_account(
    world: cast.World, which: str, role: str
) -> None:
    with cast.in_scope(world):
        member = target(world, role)
        before = User.objects.filter(id=member.user.id).values().get()
        assert not is_done_alone(world, which, member, key_of(world, *(ALL - NOT_OF_KEYS)))
        after = User.objects.filter(id=member.user.id).values().get()
    unchanged = {name: after[name] for name in ("email", "status", "one_time_password_id")}
    assert unchanged.items() <= before.items()


@pytest.mark.parametrize("which", CHANGES)
def test_a_key_of_that_word_changes_an_account_of_no_rights(world: cast.World, which: str) -> None:
    # The refusals above are about the account's rights and nothing else.
    word = registry.get(CHANGES[which][0]).permission
    with cast.in_scope(world):
        assert change(world, which, target(world, "member"), key_of(world, word))


@pytest.mark.parametrize("which", CHANGES)
def test_a_key_does_not_take_the_account_it_acts_for(world: cast.World, which: str) -> None:
    word = registry.get(CHANGES[which][0]).permission
    with cast.in_scope(world):
        member = target(world, "super-admin")
        with pytest.raises(AccountHoldsMore):
            change(world, which, member, key_of(world, word, user=member.user))


@pytest.mark.parametrize("kind", [ActorKind.DEVICE, ActorKind.STAFF])
@pytest.mark.parametrize("which", CHANGES)
def test_nor_does_a_person_of_that_word(world: cast.World, which: str, kind: ActorKind) -> None:
    word = registry.get(CHANGES[which][0]).permission
    mallory = acts.as_actor(world.member("mallory"))
    by = replace(mallory, kind=kind, permissions=frozenset({word}) | SELF_SERVICE)
    with cast.in_scope(world):
        with pytest.raises(AccountHoldsMore):
            change(world, which, target(world, "workspace-auditor"), by)
        assert change(world, which, target(world, "member"), by)


def test_a_right_to_decide_counts_as_more(world: cast.World) -> None:
    mallory = acts.as_actor(world.member("mallory"))
    by = replace(mallory, permissions=ALL | SELF_SERVICE)
    with cast.in_scope(world):
        owner = target(world, "super-admin")
        with pytest.raises(AccountHoldsMore):
            change(world, "address", owner, by)
        assert change(world, "address", owner, replace(by, approves=frozenset({"*"})))


def test_an_operator_is_nobodys_to_take(world: cast.World) -> None:
    by = acts.as_actor(world.member("alice", "super-admin"))
    with cast.in_scope(world):
        member = target(world, "member")
        User.objects.filter(id=member.user.id).update(is_operator=True)
        with pytest.raises(AccountHoldsMore):
            change(world, "address", member, by)
        assert change(world, "address", member, replace(by, is_operator=True))


def test_what_stays_as_it_is_is_no_change(world: cast.World) -> None:
    # A form of an edit brings the address along.
    by = key_of(world, "users:edit")
    with cast.in_scope(world):
        owner = target(world, "super-admin")
        email = User.objects.get(id=owner.user.id).email
        given = {"user": owner.uid, "first_name": "Ali", "email": email}
        answer = governance.submit(
            action="user.edit", details=given, by=by, now=acts.now(), evidence=SIGNED
        )
        assert isinstance(answer, Done)
        assert User.objects.get(id=owner.user.id).first_name == "Ali"


def test_every_command_about_an_account_has_its_place() -> None:
    about_accounts = {
        name
        for name, command in registry.by_name.items()
        if command.resource.startswith(("/users", "/staff", "/account-management", "/sessions"))
    }
    guarded = {name for name, each in registry.by_name.items() if each.ways_in_of is not nobody}
    gives_rights = {"role.grant", "role.withdraw", "user.create"}  # the model check walks these
    assert about_accounts == guarded | set(SHUTS_OUT) | set(NO_WAY) | set(OWN) | gives_rights
    assert not guarded & (set(SHUTS_OUT) | set(NO_WAY) | set(OWN))


def test_the_api_says_why(world: cast.World) -> None:
    with cast.in_scope(world):
        owner = target(world, "super-admin")
    key = test_bearers.key_of(world, "users:edit", "users:get", "passwords:delete")
    path = f"/users/{owner.uid}"
    tag = {"If-Match": key.get(path).headers["etag"]}
    problem(key.send("PATCH", path, {"email": LETTERS}, tag), 403, "user.holds-more")
    problem(key.send("DELETE", f"{path}/password"), 403, "user.holds-more")
