"""Refusals about API keys."""

from identity.errors import DomainError, Kind


class TooManyApiKeys(DomainError):
    """Each of them is a way in that somebody has to look after."""

    kind = Kind.CONFLICT
    code = "api-key.too-many"
    title = "The scope has as many API keys as allowed. Revoke one first."


class ApiKeyRevoked(DomainError):
    """A revoked key stays as it is."""

    kind = Kind.CONFLICT
    code = "api-key.revoked"
    title = "This API key is revoked for ever. Make another one."


class ApiKeyWithoutSecret(DomainError):
    """Only what the server made can be made anew by it."""

    kind = Kind.CONFLICT
    code = "api-key.without-secret"
    title = "This API key has no secret of the server's making. Make another key."


class ApiKeyTooWide(DomainError):
    """`facts` say what is beyond the maker: `permissions`, `solutions`, `contexts`, `networks`.

    An entry `*` means that the maker is bound to some of these and the key would not be;
    `expires_at` that it would live longer, `user` that it would act for somebody else.
    """

    kind = Kind.FORBIDDEN
    code = "api-key.too-wide"
    title = "An API key can't be given these rights by you."
