"""Class 16 of the known attacks, command by command: one word alone makes nobody more powerful.

Beside the moves of the model check these are the doors of later: staff, logins of other scopes,
devices, webhooks, and batches of invitations with roles. Every command that there is has a move
here or a reason why it has none, so that a new one has to be placed.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from accounts import rights
from accounts.models import Device, RegistryMembership, StaffMembership, User
from accounts.services import role_assignments, roles, rules, staff
from identity import ids
from identity import queries as ground
from identity.errors import DomainError
from identity.models import ApiKey
from identity.permissions import ALL, NOT_OF_KEYS, PREDEFINED_ROLES
from identity.scoping import current
from invitations import bulk_lines
from invitations.commands.command import registry
from invitations.models import Invitation
from invitations.services import bulk, bulk_work
from tests.attacks.test_class_16_escalation import SCOPES, Attack, Move
from tests.faces.enterprise.desk import Desk, keys
from tests.matrix.scene import PASSWORD_ROOM

pytestmark = pytest.mark.django_db

GIVES_NOTHING: Mapping[str, str] = {
    "device.authorize": "the holder of a one-time key does it: classes 12 and 13",
    "invitation.accept": "the holder of an invitation's secret does it: class 12",
    "device.rotate": "the device itself does it, with a proof by its old key",
    "api-key.revoke": "takes away",
    "api-key.disable": "takes away",
    "api-key.enable": "gives back no word that one does not hold: test_class_16_keys.py",
    "machine-session.end": "takes away",
    "developer-key.add": "its holder speaks for users without a way in, where no right counts",
    "developer-key.revoke": "takes away",
    "lambda.create": "signs with the key of whoever makes it, where no right counts",
    "lambda.disable": "takes away",
    "lambda.remove": "takes away",
    "key.sign": "signs with the own account alone: class 15",
    "user.onboard": "releases what was checked and stored; who may store is asked before: class 12",
    "member.join": "members of contexts hold no right here; who may join so: class 15",
    "passkey.remove": "takes away",
    "user-key.remove": "takes away",
    "profile.edit": "what a profile says opens no way in, and what was proven stays: class 9",
    **dict.fromkeys(
        (f"solution.{verb}" for verb in ("create", "edit", "delete")), "a name, no account"
    ),
    **dict.fromkeys(
        (
            f"context.{verb}"
            for verb in ("create", "edit", "delete", "disable", "enable", "share", "unshare")
        ),
        "what members' devices may do with one another gives no right over accounts here",
    ),
    **dict.fromkeys(
        (f"member.{verb}" for verb in ("add", "remove", "remove-key", "set-acl", "set-staff")),
        "membership of a circle gives no right over accounts here",
    ),
    "session.end": "takes away",
    "session.end-all": "takes away",
    "group.create": "a new group holds nothing and nobody",
    "group.delete": "takes away",
    "group.remove_member": "takes away",
    "invitation.revoke": "takes away",
    "role.delete": "takes away",
    "role.withdraw": "takes away",
    "rule.delete": "takes away",
    "user.delete": "takes away",
    "user.leave": "takes away",
    **dict.fromkeys(
        (f"recipient.{verb}" for verb in ("create", "edit", "delete")), "an address, no account"
    ),
    **dict.fromkeys(
        (
            f"recipient-group.{verb}"
            for verb in ("create", "edit", "delete", "add_recipient", "remove_recipient")
        ),
        "addresses, no accounts",
    ),
}
WORDS = sorted({each.permission for each in registry.by_name.values() if each.permission})


class Commands(Attack):
    """mallory, who also is staff of a scope of her own and signs in from there."""

    login = ""
    home: UUID

    def moves(self) -> Iterator[Move]:
        """Those of the model check, and these."""
        yield from super().moves()
        yield from self.staff()
        yield from self.devices()
        yield from self.webhooks()
        yield from self.remotes()
        yield from self.locks()
        yield from self.api_keys()
        yield from self.sign_in()
        yield from self.role_credentials()
        yield from self.credentials()
        yield from self.puppets()

    def staff(self) -> Iterator[Move]:
        """Her login with every role, as somebody new and as everybody who is here."""
        for role in PREDEFINED_ROLES:
            yield "staff.admit", {"user": str(ids.new()), "login": self.login, "roles": [role]}
        for user in User.objects.all():
            uid = str(user.public_id)
            yield "staff.admit", {"user": uid, "login": self.login}
            yield "staff.dismiss", {"user": uid}

    def devices(self) -> Iterator[Move]:
        """A device of her own for everybody, and everybody's devices taken away."""
        for user in User.objects.all():
            own = keys(next(self._keys) % 12 + 40)
            yield (
                "device.register",
                {
                    "user": str(user.public_id),
                    "name": "hers",
                    "signature_key": own.signature_pubkey,
                    "encryption_key": own.encryption_pubkey,
                    "registration": "",
                },
            )
        for device in Device.objects.exclude(user_id__in=self.hers).select_related("user"):
            yield "device.revoke", {"user": str(device.user.public_id), "device": str(device.id)}

    def webhooks(self) -> Iterator[Move]:
        """A listener to everything, changed, called and removed."""
        named = {"webhook": str(ids.new())}
        yield "webhook.create", {**named, "url": "https://hooks.example.org/", "events": ["*"]}
        yield "webhook.edit", {**named, "events": ["*"], "status": "active"}
        yield "webhook.rotate-key", {}
        yield "webhook.ping", named
        yield "webhook.replay", {**named, "delivery": str(ids.new())}
        yield "webhook.replay-failed", {**named, "since": "2026-01-01T00:00:00Z"}
        yield "webhook.delete", named

    def remotes(self) -> Iterator[Move]:
        """A server of hers to which everybody is carried."""
        named = {"remote": str(ids.new())}
        carried = {**named, "carried": str(ids.new())}
        told = {"name": "hers", "url": "https://bridge.example.org/api", "api_key_id": "1"}
        sealed = {"sealed_secret": "AAAA", "solution_there": "1"}
        yield "remote.link", {**named, **told, **sealed}
        yield "remote.edit", {**named, "url": "https://bridge.example.org/api"}
        yield "remote.carry", {**carried, "context": "circle"}
        for verb in ("check", "resync", "drop"):
            yield f"remote.{verb}", carried
        for verb in ("pause", "resume", "retry", "unlink"):
            yield f"remote.{verb}", named

    def locks(self) -> Iterator[Move]:
        """Everybody else shut out, so that nobody is left to ask."""
        for user in User.objects.exclude(id__in=self.hers):
            yield "user.lock", {"user": str(user.public_id)}

    def api_keys(self) -> Iterator[Move]:
        """A key for every word, of the backend and of everybody; and an older one made wider."""
        for word in sorted(ALL):
            yield "api-key.create", {"api_key": str(ids.new()), "name": "x", "permissions": [word]}
        words = sorted(ALL - NOT_OF_KEYS)
        for user in User.objects.all():
            named = {"api_key": str(ids.new()), "name": "all", "user": str(user.public_id)}
            yield "api-key.create", {**named, "permissions": words}
            yield "api-key.edit", {"api_key": named["api_key"], "permissions": words}
            yield "api-key.rotate", {"api_key": named["api_key"]}
        for key in ApiKey.objects.values_list("id", flat=True)[:20]:
            yield "api-key.edit", {"api_key": str(key), "permissions": words}
            yield "api-key.rotate", {"api_key": str(key)}

    def may(self) -> rights.Rights:
        """What the accounts in her hands may do, and the keys that they made or changed."""
        keys_of_hers = ApiKey.objects.filter(updated_by__in=self.hers)
        held = {word for key in keys_of_hers for word in key.permissions}
        return rights.together([super().may(), rights.Rights(frozenset(held))])

    def role_credentials(self) -> Iterator[Move]:
        """A role in a wallet's hands."""
        named = {"role_credential": str(ids.new())}
        yield "role-credential.issue", {**named, "user": str(ids.new()), "role": "member"}
        yield "role-credential.revoke", named

    def credentials(self) -> Iterator[Move]:
        """What the scope says about somebody, in its own name."""
        named = {"credential": str(ids.new())}
        said = {"user": str(ids.new()), "type": "Owner", "fields": {"rank": "admin"}}
        yield "credential.issue", {**named, **said}
        yield "credential.revoke", named

    def puppets(self) -> Iterator[Move]:
        """Accounts with a password that she chose."""
        for role in RegistryMembership.Role:
            told = {"username": f"puppet-{role}".lower(), "password_verifier": "argon2$hers"}
            yield "user.register", {"user": str(ids.new()), "role": str(role), **told}

    def sign_in(self) -> Iterator[Move]:
        """Who vouches for people, and where they are sent to."""
        named = {"provider": str(ids.new())}
        told = {"slug": "idp", "name": "IdP", "kind": "oidc", "client_id": "client"}
        yield "provider.create", {**named, **told, "issuer": "https://idp.example.org"}
        yield "provider.edit", {**named, "name": "Other", "status": "enabled"}
        yield "provider.delete", named
        named = {"application": str(ids.new())}
        addresses = ["https://shop.example.org/back"]
        yield "application.create", {**named, "name": "Shop", "return_addresses": addresses}
        yield "application.edit", {**named, "return_addresses": addresses, "status": "active"}
        yield "application.delete", named

    def make(self, command: str, details: Mapping[str, Any]) -> None:
        """One move; a login that was let in is hers, and so is every device in her name."""
        super().make(command, details)
        if command == "staff.admit" and details.get("login"):
            mine = StaffMembership.objects.filter(login_id=self.home)
            self.hers |= set(mine.values_list("user_id", flat=True))
        if command == "user.register":
            puppets = User.objects.filter(username__startswith="puppet-")
            self.hers |= set(puppets.values_list("id", flat=True))
        if command == "device.register":
            mine_too = Device.objects.filter(name="hers")
            self.hers |= set(mine_too.values_list("user_id", flat=True))

    def exhaust(self) -> None:
        """Every move, and a list with a line for every role; again, if the list let somebody in."""
        self.upload()
        super().exhaust()
        known = len(self.taken)
        self.upload()
        if len(self.taken) > known:
            super().exhaust()

    def upload(self) -> None:
        """A batch of people with roles; who takes the links is who they let in."""
        people = [
            {"email": f"{ids.new()}@batch.test", "roles": (role,), "first_name": role}
            for role in PREDEFINED_ROLES
        ]
        try:
            by = self.mallory.actor()
            batch = bulk.upload(lines=bulk_lines.entries(people), by=by, now=self.desk.now)
            self.work(batch.id)
            bulk.confirm(batch_id=batch.id, by=by, now=self.desk.now)
            self.work(batch.id)
            taken = bulk.take(batch_id=batch.id, by=by, now=self.desk.now)
        except DomainError:
            return
        for one in taken:
            invitation = Invitation.objects.get(id=one.result["invitation"])
            self.hers.add(invitation.user_id)
            self.taken.append("batch")

    def work(self, batch_id: UUID) -> None:
        """Until nothing is left to do."""

        def clock() -> datetime:
            return self.desk.now

        while bulk_work.work(batch_id, clock=clock):
            pass


def attack_of(role: str, *words: str, **settings: Any) -> Commands:
    """mallory with a predefined role, and a custom one of these words."""
    elsewhere = Desk.new("mallory")
    login = elsewhere.people["mallory"].user.id
    with current.in_scope(elsewhere.scope_id):
        staff.admit(user_id=login, by=elsewhere.system, now=elsewhere.now)
        slug = ground.scope().slug
    attack = Commands.of(role, **settings)
    assert isinstance(attack, Commands)
    attack.login, attack.home = f"{slug}/mallory@example.test", login
    with current.in_scope(attack.desk.scope_id):
        give(attack, words)
    return attack


def give(attack: Commands, words: tuple[str, ...]) -> None:
    """A role of exactly these words."""
    by, now = attack.desk.system, attack.desk.now
    made = []
    for word in words:
        noun, verb = word.split(":")
        rule = rules.create(
            public_id=ids.new(),
            name=word,
            description="",
            resource=PASSWORD_ROOM.get(noun, f"/{noun}"),
            action=verb,
            proposal_resource="",
            by=by,
            now=now,
        )
        made.append(rule.public_id)
    if made:
        role = roles.create(
            public_id=ids.new(), name="word", description="", rule_ids=made, by=by, now=now
        )
        held = str(role.public_id)
        role_assignments.grant(user_id=attack.mallory.user.id, role=held, by=by, now=now)


def contained(attack: Commands) -> None:
    """See that nothing was won."""
    with current.in_scope(attack.desk.scope_id):
        before = attack.may()
        attack.exhaust()
        after = attack.may()
    assert not after.exceed(before), (
        after.permissions - before.permissions,
        after.approves - before.approves,
        attack.taken,
    )


def test_every_command_has_a_move_or_a_reason_to_have_none() -> None:
    attack = attack_of("super-admin")
    with current.in_scope(attack.desk.scope_id):
        offered = {command for command, _ in attack.moves()}
    assert not offered & set(GIVES_NOTHING)
    assert offered | set(GIVES_NOTHING) == set(registry.by_name)
    assert set(WORDS) <= ALL


@pytest.mark.parametrize("kind", SCOPES)
@pytest.mark.parametrize("role", PREDEFINED_ROLES)
def test_no_role_wins_by_any_command(role: str, kind: str) -> None:
    contained(attack_of(role, **SCOPES[kind]))


@pytest.mark.parametrize("word", WORDS)
def test_one_word_wins_nothing(word: str) -> None:
    contained(attack_of("member", word))


def test_these_moves_are_real_ones() -> None:
    # Alone and ungoverned a super-admin does all of it; the login and the batch are counted.
    attack = attack_of("super-admin", governance=False)
    with current.in_scope(attack.desk.scope_id):
        User.objects.exclude(id__in=attack.hers).update(status="disabled")
        alone = set(attack.hers)
        attack.upload()
        assert "batch" in attack.taken
        assert len(attack.hers) > len(alone)
        known = len(attack.hers)
        for command, details in list(attack.staff()):
            attack.make(command, details)
        assert len(attack.hers) > known
        assert "staff.admit" in attack.taken
