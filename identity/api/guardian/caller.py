"""Who asks: the bearer of an access token of this face."""

from dataclasses import dataclass, replace
from uuid import UUID

from accounts import queries as accounts
from accounts.queries import grants
from accounts.queries.memberships import Member
from identity.actor import Actor, ActorKind
from identity.scoping.session_doors import SessionDoor


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified session, and what its user is here as of now."""

    actor: Actor
    door: SessionDoor
    member: Member

    @property
    def user_id(self) -> UUID:
        """Whose session it is."""
        return self.door.user_id

    @property
    def ranked(self) -> Actor:
        """The caller with what its roles allow of onboarding. In the scope in force."""
        held = grants.of_registries(accounts.grants_of(self.user_id))
        return replace(
            self.actor,
            kind=ActorKind.REGISTRY,
            permissions=held.permissions,
            roles=held.roles,
            groups=held.groups,
        )
