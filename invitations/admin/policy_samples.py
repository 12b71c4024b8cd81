"""Commands to try policies with: common ones, filled from what the scope has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from accounts.models import Device, Group, ManagedKey, User
from identity import ids
from invitations.commands.command import registry
from invitations.models import Policy

Details = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """A command for people to choose; `lacks` says why it has no details where it has none."""

    name: str
    command: str
    details: Callable[[UUID, UUID | None], Details | None]
    lacks: str = ""


def _newcomer(own: UUID, edited: UUID | None) -> Details | None:
    del own, edited
    return {"user": str(ids.new()), "email": "newcomer@example.test"}


def _somebody(own: UUID) -> User | None:
    """The latest user beside who asks; people who joined come before those who were invited."""
    others = User.objects.filter(deleted_at__isnull=True).exclude(public_id=own)
    latest = others.order_by("-created_at")
    return latest.filter(status="active").first() or latest.first()


def _user(own: UUID, **more: Any) -> Details | None:
    found = _somebody(own)
    return {"user": str(found.public_id), **more} if found else None


def _device(own: UUID, edited: UUID | None) -> Details | None:
    del edited
    active = Device.objects.filter(status="active").order_by("-registered_at")
    latest = active.select_related("user")
    found = latest.exclude(user__public_id=own).first() or latest.first()
    if found is None:
        return None
    return {"user": str(found.user.public_id), "device": str(found.id), "reason": "lost"}


def _member(own: UUID, edited: UUID | None) -> Details | None:
    del edited
    group = Group.objects.order_by("-created_at").first()
    return _user(own, group=str(group.public_id)) if group else None


def _policy(own: UUID, edited: UUID | None) -> Details | None:
    del own
    others = Policy.objects.filter(is_locked=False).exclude(public_id=edited or ids.new())
    found = others.order_by("priority", "public_id").first()
    return {"policy": str(found.public_id), "priority": found.priority + 1} if found else None


def _webhook(own: UUID, edited: UUID | None) -> Details | None:
    del own, edited
    url = "https://receiver.example.test/events"
    return {"webhook": str(ids.new()), "url": url, "events": ["proposal.*"]}


def _payment(own: UUID, edited: UUID | None) -> Details | None:
    del edited
    key = ManagedKey.objects.filter(user__public_id=own).first()
    if key is None:
        return None
    pay = {"to": key.address, "value": hex(2 * 10**18), "chainId": "0x1", "nonce": "0x0"}
    fee = {"gas": "0x5208", "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x3b9aca00"}
    named = {"signature": str(ids.new()), "key": str(key.id), "kind": "transaction"}
    return {**named, "what": {**pay, **fee}}


_NOBODY: Final = "There is nobody else in this scope yet: invite a person first."
SAMPLES: Final[Mapping[str, Sample]] = {
    "invite": Sample("Invite a person", "user.invite", _newcomer),
    "device": Sample(
        "Revoke somebody's device", "device.revoke", _device, "No device is active here yet."
    ),
    "grant": Sample(
        "Grant the role workspace-owner",
        "role.grant",
        lambda own, _: _user(own, role="workspace-owner"),
        _NOBODY,
    ),
    "member": Sample(
        "Put somebody into a group",
        "group.add_member",
        _member,
        "There is no group, or nobody to put into one: make a group first.",
    ),
    "shut-out": Sample(
        "Shut a user out", "user.edit", lambda own, _: _user(own, status="disabled"), _NOBODY
    ),
    "remove": Sample("Remove a user", "user.delete", lambda own, _: _user(own), _NOBODY),
    "policy": Sample(
        "Change another policy",
        "policy.edit",
        _policy,
        "There is no other policy that could be changed.",
    ),
    "rotate": Sample(
        "Rotate a server key", "server-key.rotate", lambda _, __: {"purpose": "signature"}
    ),
    "webhook": Sample("Make a webhook", "webhook.create", _webhook),
    "payment": Sample(
        "Sign a payment of 2 ether with your account",
        "key.sign",
        _payment,
        "You have no account that signs: it comes with your first passkey.",
    ),
}


def choices() -> list[tuple[str, str]]:
    """The samples as a form offers them."""
    return [(key, sample.name) for key, sample in SAMPLES.items()]


def commands() -> Sequence[str]:
    """Every command that needs a right, by name; the others belong to holders of one-time keys."""
    return sorted(name for name, command in registry.by_name.items() if command.permission)
