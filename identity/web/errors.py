"""What is refused about the manner of a request, before anybody asks what it wants."""

from identity.errors import DomainError, Kind


class MethodNotOffered(DomainError):
    kind = Kind.INVALID
    code = "http.method"
    title = "This address does not offer this method."


class NotAcceptable(DomainError):
    kind = Kind.INVALID
    code = "http.not-acceptable"
    title = "Answers are JSON here."


class MediaTypeWrong(DomainError):
    kind = Kind.INVALID
    code = "http.media-type"
    title = "Send JSON, announced as application/json."


class BodyTooLarge(DomainError):
    kind = Kind.INVALID
    code = "http.too-large"
    title = "The body is too large."


class BodyMalformed(DomainError):
    kind = Kind.INVALID
    code = "http.malformed"
    title = "The body is not well-formed JSON."


class PreconditionFailed(DomainError):
    kind = Kind.CONFLICT
    code = "precondition.failed"
    title = "The object has changed since you read it."


class PreconditionNeeded(DomainError):
    kind = Kind.INVALID
    code = "precondition.needed"
    title = "Say which version you are changing."


class CsrfRefused(DomainError):
    kind = Kind.FORBIDDEN
    code = "session.csrf"
    title = "This request does not come from one of our own pages."
