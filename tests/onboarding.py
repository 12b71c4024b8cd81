"""Registries and requests for tests of onboardings."""

from datetime import UTC, datetime
from typing import Any

from accounts.models import RegistryMembership, User
from accounts.services import registries
from accounts.services.onboardings import Request
from tests import cast

PASSWORD = "examplePassword123"
DID = "did:example:registry"


def registry(world: cast.World, name: str = "registry", *, topic_id: str = "0.0.7") -> cast.Member:
    """A user who is a registry that can take users, without a ledger account."""
    member = world.member(name, "standard-registry")
    now = datetime.now(UTC)
    with cast.in_scope(world):
        User.objects.filter(id=member.user.id).update(username=name, username_folded=name)
        member.user.refresh_from_db()
        role = RegistryMembership.Role.STANDARD_REGISTRY
        registries.enrol(user=member.user, role=role, by=world.system, now=now)
        registries.complete(
            user=member.user,
            parent=None,
            account=None,
            topic_id=topic_id,
            did=f"{DID}:{name}",
            by=world.system,
            now=now,
        )
    return member


def request(username: str = "newcomer", parent: str = "registry", **more: Any) -> Request:
    """A request for a user of a registry."""
    return Request(role="USER", username=username, password=PASSWORD, parent=parent, **more)
