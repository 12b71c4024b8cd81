"""What a member of a registry has on the ledger: the DID with its document, the credential."""

from dataclasses import dataclass
from datetime import datetime

from accounts.queries import dids
from accounts.queries.dids import DidFacts
from accounts.queries.memberships import Member


@dataclass(frozen=True, slots=True)
class Profile:
    """A member with the DID of the ledger, None where there is none that lasts."""

    member: Member
    did: DidFacts | None


def of_member(member: Member, *, now: datetime) -> Profile:
    """The profile of a member of the scope in force."""
    held = [
        each
        for each in dids.of_user(member.id, now=now)
        if each.method == "ledger" and each.deactivated_at is None
    ]
    return Profile(member, held[-1] if held else None)
