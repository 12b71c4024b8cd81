"""Which user ids a new member of a context may have."""

import contextlib

from accounts.context_errors import MemberMissing
from accounts.queries import members
from accounts.services import context_fields
from identity.errors import Invalid
from identity.limits import Limits


def require_usable(context_id: str, member_id: str, *, limits: Limits | None) -> None:
    """Refuse an id that only the protocols of other systems give, unless a member has it already.

    Raises `identity.errors.Invalid`, `ContextMissing`, `OutsideLimits`.
    """
    try:
        context_fields.own_id(member_id, name="member")
    except Invalid:
        with contextlib.suppress(MemberMissing):
            members.member(context_id, member_id, limits=limits)
            return
        raise
