"""Class 16 of the known attacks: who administers a part makes itself master of the whole.

Seen in Keycloak as CVE-2026-9099, CVE-2026-3121, CVE-2026-11986, CVE-2026-9795 and CVE-2026-9796 (a
race of renames). A model check: mallory holds one role and makes every move that her permissions
allow and that nobody else has to approve, again and again, until nothing changes. What all the
accounts that she controls by then may do must be within what she could do before.
"""

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from accounts import queries, rights
from accounts.models import Device, Group, Role, Rule, User
from accounts.services import groups, role_assignments, roles, rules
from identity import ids
from identity.errors import DomainError
from identity.permissions import PREDEFINED_ROLES
from identity.scoping import current
from invitations.commands.command import not_own, registry
from invitations.models import Policy, Proposal
from invitations.services import governance, proposals, votes
from invitations.services.evidence import Evidence
from invitations.services.governance import Done
from tests.faces.enterprise.desk import Desk, Person, keys

pytestmark = pytest.mark.django_db

SIGNED = Evidence(sign1=b"signed request")
Move = tuple[str, Mapping[str, Any]]
# The words of rules that would be worth having.
WORDS = (("/users", "delete"), ("/policies", "edit"), ("/proposals", "approve"), ("/audit", "list"))


def rights_of(user_id: UUID) -> rights.Rights:
    held = queries.grants_of(user_id)
    return rights.Rights(held.permissions, held.approves)


@dataclass
class Attack:
    """mallory in a scope of others, and the accounts that are hers by now."""

    desk: Desk
    mallory: Person
    friend: Person
    hers: set[UUID] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)
    _shut: set[str] = field(default_factory=set)
    _keys: Iterator[int] = field(default_factory=lambda: itertools.count(40))

    @classmethod
    def of(cls, role: str, **settings: Any) -> "Attack":
        desk = Desk.new("alice", **settings)
        with current.in_scope(desk.scope_id):
            attack = cls(desk, desk.person("mallory", role), desk.person("friend", "member"))
            desk.person("bob", "workspace-owner")
            attack.hers = {attack.mallory.user.id, attack.friend.user.id}
            attack.furnish()
        return attack

    def furnish(self) -> None:
        """A custom role of one rule and a group, both of which mallory is in."""
        by, before = self.desk.system, self.desk.now
        rule = rules.create(
            public_id=ids.new(),
            name="see groups",
            description="",
            resource="/groups",
            action="list",
            proposal_resource="",
            by=by,
            now=before,
        )
        role = roles.create(
            public_id=ids.new(),
            name="guest",
            description="",
            rule_ids=[rule.public_id],
            by=by,
            now=before,
        )
        group = groups.create(public_id=ids.new(), name="tea", description="", by=by, now=before)
        for person in (self.mallory, self.friend):
            user = person.user.id
            groups.add_member(public_id=group.public_id, user_id=user, by=by, now=before)
            role_assignments.grant(user_id=user, role=str(role.public_id), by=by, now=before)

    def may(self) -> rights.Rights:
        """Everything that the accounts in her hands may do."""
        return rights.together(rights_of(user) for user in self.hers)

    def moves(self) -> Iterator[Move]:
        yield from self.grants()
        yield from self.roles_and_rules()
        yield from self.people()
        yield from self.policies()
        yield from self.ground()

    def grants(self) -> Iterator[Move]:
        custom = [str(each) for each in Role.objects.values_list("public_id", flat=True)]
        for person in (self.mallory, self.friend):
            for role in (*PREDEFINED_ROLES, *custom):
                yield "role.grant", {"user": person.uid, "role": role}
            for group in Group.objects.values_list("public_id", flat=True):
                yield "group.add_member", {"group": str(group), "user": person.uid}

    def roles_and_rules(self) -> Iterator[Move]:
        for number, (resource, action) in enumerate(WORDS):
            made = {"rule": str(ids.new()), "name": f"rule {number} {ids.new()}"}
            yield "rule.create", {**made, "resource": resource, "action": action}
        every = [str(each) for each in Rule.objects.values_list("public_id", flat=True)]
        named = {"role": str(ids.new()), "name": f"master {ids.new()}"}
        yield "role.create", {**named, "rules": every}
        for role in Role.objects.values_list("public_id", flat=True):
            yield "role.edit", {"role": str(role), "rules": every}
            yield "role.edit", {"role": str(role), "name": "super-admin"}
        for rule, (resource, action) in itertools.product(every, WORDS):
            yield "rule.edit", {"rule": rule, "resource": resource, "action": action}
        for group in Group.objects.values_list("public_id", flat=True):
            yield "group.edit", {"group": str(group), "name": f"security {ids.new()}"}

    def people(self) -> Iterator[Move]:
        for role in PREDEFINED_ROLES:
            own = keys(next(self._keys) % 12 + 40)
            new = {"user": str(ids.new()), "email": f"{ids.new()}@example.test", "roles": [role]}
            public = {
                "signature_key": own.signature_pubkey,
                "encryption_key": own.encryption_pubkey,
            }
            yield "user.create", {**new, **public}
        yield "user.invite", {"user": str(ids.new()), "email": f"{ids.new()}@example.test"}
        for user in User.objects.exclude(id__in=self.hers):
            uid = str(user.public_id)
            yield "password.reset", {"user": uid}
            yield "password.change", {"user": uid, "password_verifier": "argon2$known"}
            yield "user.edit", {"user": uid, "email": "mallory@example.test"}
            yield "device.invite", {"user": uid}
            yield "user.invite", {"user": uid, "email": user.email}

    def policies(self) -> Iterator[Move]:
        free = {"name": "free", "resource": "*", "action": "*", "decision_on_true": "ALLOW"}
        yield "policy.create", {**free, "policy": str(ids.new()), "priority": -1}
        for policy in Policy.objects.values_list("public_id", flat=True):
            yield "policy.delete", {"policy": str(policy)}
            yield "policy.edit", {"policy": str(policy), "status": "disabled"}

    def ground(self) -> Iterator[Move]:
        """The scope itself, its keys, its staff and other people's devices."""
        scope = str(self.desk.scope_id)
        weaker = {"accept_attested_votes": True, "strict_standing": False, "vote_minutes": None}
        yield "scope.edit", {"scope": scope, "settings": weaker}
        for purpose in ("encryption", "signature"):
            yield "server-key.rotate", {"purpose": purpose}
        for user in User.objects.all():
            uid = str(user.public_id)
            yield "staff.admit", {"user": uid}
            yield "one-time-password.reset", {"user": uid}
        for device in Device.objects.select_related("user"):
            of = {"user": str(device.user.public_id), "device": str(device.id)}
            if device.user_id not in self.hers:  # without a device she could not go on
                yield "device.edit", {**of, "status": "suspended"}
            yield "device.edit", {**of, "status": "active"}

    def make(self, command: str, details: Mapping[str, Any]) -> None:
        """One move of mallory; what waits for others she tries to approve herself.

        A door whose word she has not is tried once in a round, whatever stands in the move.
        """
        if command in self._shut:
            return
        by = self.mallory.actor()
        try:
            answer = governance.submit(
                action=command,
                details=details,
                by=by,
                now=self.desk.now,
                evidence=SIGNED,
            )
        except DomainError:
            asked = registry.by_name[command]
            if asked.is_own is not_own and not by.may(asked.permission):
                self._shut.add(command)
            return
        if isinstance(answer, Done):
            self.taken.append(command)
            self.hers |= held_by_maker(command, answer.result, details)
        elif self.is_approved(answer.proposal_id):
            self.taken.append(command)
            self.hers |= held_by_maker(command, self.outcome(answer.proposal_id), details)

    def is_approved(self, proposal_id: UUID) -> bool:
        """Whether the votes of her own accounts are enough."""
        waiting = Proposal.objects.get(id=proposal_id)
        for person in (self.mallory, self.friend):
            with contextlib.suppress(DomainError):
                waiting = votes.approve(
                    proposal_id=proposal_id,
                    proposal_hash=waiting.hash,
                    reason="",
                    by=person.actor(),
                    now=self.desk.now,
                    evidence=SIGNED,
                ).proposal
        return waiting.state == Proposal.State.EXECUTED

    def outcome(self, proposal_id: UUID) -> Mapping[str, Any]:
        told = proposals.take_outcome(
            proposal_id=proposal_id, by=self.mallory.actor(), now=self.desk.now
        )
        return told[0] if told else {}

    def round(self) -> None:
        """Every move once."""
        self._shut.clear()
        for command, details in list(self.moves()):
            self.make(command, details)

    def exhaust(self) -> None:
        """Every move, until a second round gives nothing new."""
        for _ in range(4):
            before = self.may()
            self.round()
            if self.may() == before:
                return


# Who has sent an account's mail to itself, or has taken a hurdle away, is on the way into it.
TAKES_OVER = {"user.edit", "password.reset", "password.change", "one-time-password.reset"}


def held_by_maker(command: str, result: Mapping[str, Any], details: Mapping[str, Any]) -> set[UUID]:
    """The account that this answer puts into the hands of who reads it."""
    is_handed_out = "one_time_private_key" in result or command == "user.create"
    if not is_handed_out and command not in TAKES_OVER:
        return set()
    return {User.objects.get(public_id=details["user"]).id}


SCOPES: Mapping[str, Mapping[str, Any]] = {"governed": {}, "ungoverned": {"governance": False}}


@pytest.mark.parametrize("role", ["workspace-maintainer", "support", "security-officer"])
def test_no_role_reaches_more_while_nobody_is_there_to_approve(role: str) -> None:
    # alice and bob have lost their devices: reviews step back, what one may give does not widen.
    attack = Attack.of(role)
    with current.in_scope(attack.desk.scope_id):
        Device.objects.exclude(user_id__in=attack.hers).update(status="suspended")
        before = attack.may()
        attack.exhaust()
        after = attack.may()
    assert not after.exceed(before), (after.permissions - before.permissions, attack.taken)


def test_the_check_can_fail() -> None:
    # A super-admin who is alone reaches everything: the moves are real ones.
    attack = Attack.of("super-admin")
    with current.in_scope(attack.desk.scope_id):
        User.objects.filter(id__in=[attack.desk.person("bob").user.id]).update(status="disabled")
        User.objects.filter(id=attack.desk.person("alice").user.id).update(status="disabled")
        friend = rights_of(attack.friend.user.id)
        attack.round()
        assert rights_of(attack.friend.user.id).exceed(friend)
        assert {"role.grant", "role.create", "rule.create", "user.create"} <= set(attack.taken)
