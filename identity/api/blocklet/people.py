"""The profile behind a session, with what gives it a role."""

from collections.abc import Collection
from datetime import datetime

from accounts import queries as accounts
from accounts.queries import profiles
from accounts.queries.profiles import ProfileRow, RoleCredentialRow
from accounts.services import profiles as making
from identity import permissions
from identity.api.blocklet import inputs
from identity.api.blocklet.caller import Caller
from identity.errors import Invalid, Missing
from identity.paging import Page


def own(caller: Caller, *, now: datetime) -> ProfileRow:
    """The caller's profile, made for somebody who came by an invitation and has none yet."""
    public_id = caller.door.user_public_id
    row = profiles.profile_of(public_id)
    if row is None:
        making.ensure(user_id=caller.user_id, by=caller.actor, now=now)
        row = profiles.profile_of(public_id)
    if row is None or not row.is_active:
        raise Missing("User not found")
    return row


def credentials(caller: Caller, *, now: datetime) -> list[RoleCredentialRow]:
    """The role credentials that the caller has now."""
    return profiles.role_credentials(caller.user_id, now=now)


def rights(caller: Caller) -> Collection[str]:
    """What the role of this session allows, as words of ours; nothing for a guest."""
    name = caller.door.role
    known = permissions.PREDEFINED_ROLES.get(name)
    if known is not None:
        return known.permissions
    found = accounts.roles(Page(limit=1, filters={"name": name})).rows if name else ()
    return found[0].permissions if found else ()


def asked_for(*, did: str, name: str) -> ProfileRow | None:
    """The active user of a DID or of a name. Raises Invalid where neither is given."""
    if not did and not name:
        raise Invalid("Invalid user did or name")
    row = profiles.profile_at(did) if did else profiles.profile_named(name)
    return row if row is not None and row.is_active else None


def followed(did: str) -> ProfileRow:
    """The user whom an address names. Raises Missing, Invalid."""
    row = profiles.profile_at(inputs.address(did, name="userDid").text)
    if row is None or not row.is_active:
        raise Missing("User not found")
    return row
