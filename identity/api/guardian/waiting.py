"""Commands that wait for the consent of others: a success of another shape."""

from identity.api.guardian import replies
from identity.web.lane import Answer
from invitations.services.governance import Pending


def waits(pending: Pending) -> Answer:
    """202 with the proposal that others decide."""
    content = {
        "statusCode": 202,
        "message": "This waits for approval.",
        "proposalId": str(pending.proposal_id),
    }
    return replies.json(content, status=202)
