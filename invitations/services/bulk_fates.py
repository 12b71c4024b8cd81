"""What a line of a batch asks for in commands, and what the one door would say of it now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import queries as accounts
from accounts.models import GroupMember, RoleAssignment, User
from accounts.models.user import fold
from accounts.services import role_assignments
from identity import errors
from identity.actor import Actor
from invitations.bulk_lines import Entry
from invitations.models import InvitationBatchLine
from invitations.services import governance
from invitations.services.governance import Step

Fate = InvitationBatchLine.Fate

DOABLE: Final = frozenset({Fate.NEW, Fate.AGAIN, Fate.FURTHER, Fate.WAITS})
"""Lines of other fates are left alone when the batch is confirmed."""
_WORDS: Final = {
    Fate.NEW: "New person.",
    Fate.AGAIN: "Invited before, but has no device yet: the older invitation ends.",
    Fate.FURTHER: "Has joined: this is for a further device. Name and numbers stay as they are.",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The commands for one line, and whom they are about."""

    kind: str
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Foretold:
    """The fate of a line, with a sentence for the reader."""

    fate: str
    reason: str
    kind: str = ""


def plan(entry: Entry, *, user: UUID, mails_link: bool) -> Plan:
    """The commands: an invitation, then roles and groups that the person does not have.

    `user` is the id of a new person. Raises what naming roles and groups raises.
    """
    known = User.objects.filter(username_folded=fold(entry.email.strip())).first()
    offer: dict[str, Any] = {}
    if entry.hours is not None:
        offer["life_minutes"] = entry.hours * 60
    if mails_link:
        offer["mails_link"] = True
    if known is None or (known.public_id == user and not known.devices.exists()):
        details = {"user": str(user), **_person(entry), **offer}
        return Plan(Fate.NEW, [Step("user.invite", details), *_extras(entry, user, None)])
    steps = [Step("device.invite", {"user": str(known.public_id), **offer})]
    kind = Fate.FURTHER if known.devices.exists() else Fate.AGAIN
    return Plan(kind, [*steps, *_extras(entry, known.public_id, known)])


def foretell(
    entry: Entry, *, user: UUID, mails_link: bool, has_room: bool, by: Actor, now: datetime
) -> Foretold:
    """What would become of the line now, by the very code that would do it.

    `has_room`: whether the maker may have one more open proposal.
    """
    try:
        planned = plan(entry, user=user, mails_link=mails_link)
        review = governance.foresee(steps=planned.steps, by=by, now=now)
    except errors.Forbidden as refusal:
        return Foretold(Fate.FORBIDDEN, sentence(refusal))
    except errors.DomainError as refusal:
        is_right = refusal.kind is errors.Kind.FORBIDDEN
        return Foretold(Fate.FORBIDDEN if is_right else Fate.REFUSED, sentence(refusal))
    words = _WORDS[Fate(planned.kind)]
    if review is None:
        return Foretold(planned.kind, words, planned.kind)
    if not has_room:
        return Foretold(Fate.REFUSED, "You would have more open proposals than allowed.")
    name = review.snapshot["name"]
    return Foretold(
        Fate.WAITS, f"{words} Waits for approval by the policy “{name}”."[:512], planned.kind
    )


def sentence(refusal: errors.DomainError) -> str:
    """A refusal in words that fit the column."""
    return str(refusal)[:512]


def _person(entry: Entry) -> dict[str, str]:
    return {
        "email": entry.email,
        "first_name": entry.first_name,
        "last_name": entry.last_name,
        "mobile": entry.mobile,
        "customer_id": entry.customer_id,
    }


def _extras(entry: Entry, user: UUID, known: User | None) -> list[Step]:
    grants = [
        Step("role.grant", {"user": str(user), "role": role})
        for role in dict.fromkeys(entry.roles)
        if not _holds(known, role)
    ]
    joins = [
        Step("group.add_member", {"user": str(user), "group": str(group)})
        for group in dict.fromkeys(_group(name) for name in entry.groups)
        if not _is_in(known, group)
    ]
    return [*grants, *joins]


def _holds(known: User | None, role: str) -> bool:
    named = role_assignments.resolve(role)
    if known is None:
        return False
    held = RoleAssignment.objects.filter(user=known)
    if named.custom is None:
        return held.filter(predefined=named.predefined).exists()
    return held.filter(role=named.custom).exists()


def _group(name: str) -> UUID:
    try:
        group = UUID(name)
    except ValueError:
        raise errors.Invalid("Groups are named by their ids.", field="groups") from None
    accounts.group(group)
    return group


def _is_in(known: User | None, group: UUID) -> bool:
    if known is None:
        return False
    return GroupMember.objects.filter(user=known, group__public_id=group).exists()
