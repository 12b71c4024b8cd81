"""Refusals of OAuth's endpoints in the words of RFC 6749 §5.2, whatever it is that refuses.

Every OAuth library reads these, and none reads problem details.
"""

import re
from collections.abc import Mapping
from typing import ClassVar, Final

from identity.api.v1.route import Reply
from identity.api.v1.shapes import Shown
from identity.errors import DomainError, Kind
from identity.web import problems

# What a description may not hold (§5.2).
_NOT_SAID: Final = re.compile(r"[^ !#-\[\]-~]")
# A client that hears `invalid_grant` throws its tokens away, but those of a suspended scope are of
# use again when it is resumed. For a server that is busy §5.2 has no word, §4.1.2.1 has one.
_WORDS: Final[Mapping[Kind, str]] = {
    Kind.FORBIDDEN: "unauthorized_client",
    Kind.LIMITED: "temporarily_unavailable",
    Kind.UNAVAILABLE: "temporarily_unavailable",
}


class TokenRefusal(Shown, frozen=True, omit_defaults=True):
    """Why there is nothing (§5.2): a word for programs, and one sentence for their authors."""

    error: str
    error_description: str = ""

    # §5.2 has 400 for everything; when to ask again is HTTP's to say (RFC 9110 §10.2.3).
    STATUSES: ClassVar = (400, 429, 503)

    @staticmethod
    def told(refusal: DomainError) -> Reply:
        """What was refused before the endpoint's own code, or by something that it needs."""
        status = problems.STATUS[refusal.kind]
        about = problems.body(refusal).get("detail") or refusal.title
        reply = refused(_WORDS.get(refusal.kind, "invalid_request"), about)
        if status not in TokenRefusal.STATUSES:
            return reply
        headers = problems.headers(refusal) | {"Content-Type": "application/json"}
        return Reply(reply.content, status=status, headers=headers)


def refused(error: str, about: str = "") -> Reply:
    """What the endpoint itself refuses, with 400."""
    return Reply(TokenRefusal(error, _NOT_SAID.sub("'", about)), status=400)
