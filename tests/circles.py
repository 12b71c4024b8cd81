"""A context with a member in it, as programs make them."""

from datetime import UTC, datetime
from uuid import uuid4

from accounts.services import context_members, contexts, solutions
from identity.crypto import user_key
from tests import cast


def made(world: cast.World, member: str = "somebody") -> dict[str, str]:
    """The ids that programs know, by what they are of: solution, context, member."""
    by, now = world.system, datetime.now(UTC)
    with cast.in_scope(world):
        solution = solutions.create(name="Shop", public_id=str(uuid4()), by=by, now=now)
        given = contexts.Given(solution.public_id, "Customers", visibility="public")
        context = contexts.create(given=given, by=by, now=now)
        key = user_key.generate().public.text
        context_members.add(
            context_id=context.public_id, member_id=member, public_key=key, by=by, now=now
        )
    return {"solution": solution.public_id, "context": context.public_id, "member": member}
