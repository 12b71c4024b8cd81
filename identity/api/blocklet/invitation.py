"""The invitation that a link's secret names, where it can be accepted."""

from identity.api.blocklet import errors
from identity.api.blocklet.route import Asked
from invitations.errors import InvitationInvalid
from invitations.services import acceptance
from invitations.services.acceptance import Held


def open_one(asked: Asked, invite_string: str) -> Held:
    """The open invitation of this scope. Raises Told, one for every cause."""
    try:
        held = acceptance.look_up(invite_string=invite_string, now=asked.now)
    except InvitationInvalid:
        raise errors.worded(errors.INVITATION_GONE, status=404) from None
    if held.scope_id != asked.scope_id:
        raise errors.worded(errors.INVITATION_GONE, status=404)
    return held
