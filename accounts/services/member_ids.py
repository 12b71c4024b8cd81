"""Which user ids a new member of a context may have, whatever door it comes by.

The doors of our own keep to it; the face `bridge`, which adds members as other systems name them,
does not (`context_fields.foreign_id`).
"""

import contextlib

from accounts.context_errors import MemberMissing
from accounts.queries import members
from accounts.services import context_fields
from identity.errors import Invalid
from identity.limits import Limits


def require_new(member_id: str) -> None:
    """Refuse an id that only the protocols of other systems give. Raises `Invalid`."""
    context_fields.own_id(member_id, name="member")


def require_usable(context_id: str, member_id: str, *, limits: Limits | None) -> None:
    """As `require_new`, unless a member has it already.

    Raises `identity.errors.Invalid`, `ContextMissing`, `OutsideLimits`.
    """
    try:
        require_new(member_id)
    except Invalid:
        with contextlib.suppress(MemberMissing):
            members.member(context_id, member_id, limits=limits)
            return
        raise
