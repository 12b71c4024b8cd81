"""What a client meets: refusals of the server, silence, and things it must not believe."""

from collections.abc import Mapping
from typing import Any


class SdkError(Exception):
    """Everything that the client raises on purpose."""


class Refused(SdkError):
    """The server said no, in a message that is proven to be its own.

    `status` is failed, unauthorized or rejected; `error_code` one of '-1' to '-13' or empty.
    `retry_after` are seconds from the HTTP header, which nobody signs: a hint.
    """

    def __init__(
        self,
        status: str,
        error_code: str = "",
        message: str = "",
        *,
        details: Any = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(" ".join(part for part in (status, error_code, message) if part))
        self.status = status
        self.error_code = error_code
        self.message = message
        self.details = details
        self.retry_after = retry_after


class ApiRefused(SdkError):
    """`/v1` said no, as problem details (RFC 9457).

    `type` leads to a page that explains it; `code` is its last part (`policy.denied`), empty for a
    problem that has none. `facts` are the problem's further members. `retry_after` are seconds.
    """

    def __init__(
        self,
        type: str,  # noqa: A002 the member's name in RFC 9457
        *,
        code: str,
        status: int,
        title: str = "",
        detail: str = "",
        facts: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(" ".join(part for part in (str(status), code, detail or title) if part))
        self.type = type
        self.code = code
        self.status = status
        self.title = title
        self.detail = detail
        self.facts = dict(facts or {})
        self.retry_after = retry_after


class NoAnswer(SdkError):
    """Nothing came back, or bytes that are not the server's answer to this request.

    The request may have taken effect. Its cause, if any, is the error that the bytes or the
    network gave. With an idempotency key the same call can be made again without harm.
    """


class TooManyOpenRequests(SdkError):
    """So many requests wait for their reply that no further one is made."""


class BundleInvalid(SdkError):
    """An invitation or a stored session that cannot be read; the text names the field."""


class NotGenuine(SdkError):
    """A proposal that is not what its proposer signed: do not vote on it."""
