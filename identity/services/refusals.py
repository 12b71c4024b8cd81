"""What the ground floor refuses about scopes and their keys."""

from identity.errors import DomainError, Kind


class SlugInvalid(DomainError):
    """The name of a scope in addresses: lower-case letters, digits and single hyphens."""

    kind = Kind.INVALID
    code = "scope.slug-invalid"
    title = "This is not a slug: use 1 to 63 of a-z, 0-9 and single hyphens."


class SlugTaken(DomainError):
    """Slugs are unique in the whole deployment."""

    kind = Kind.CONFLICT
    code = "scope.slug-taken"
    title = "Another scope has this slug."


class PlatformTaken(DomainError):
    """Operators belong to one scope, made once."""

    kind = Kind.CONFLICT
    code = "scope.platform-taken"
    title = "There is a platform scope already."


class HostInvalid(DomainError):
    """A DNS name without a port."""

    kind = Kind.INVALID
    code = "scope.host-invalid"
    title = "This is not a host name."


class HostTaken(DomainError):
    """A host name leads to one scope."""

    kind = Kind.CONFLICT
    code = "scope.host-taken"
    title = "This host name leads to a scope already."


class CreationClosed(DomainError):
    """The deployment says who may make scopes (`COUNTERSIGN_SCOPE_CREATION`)."""

    kind = Kind.FORBIDDEN
    code = "scope.creation-closed"
    title = "Scopes are made by invitation or by the operators of this server."


class ConfigurationUsed(DomainError):
    """What an owner signed is taken once: it says neither for which scope nor when it was meant."""

    kind = Kind.CONFLICT
    code = "scope.configuration-used"
    title = "This very text was signed and sent before. Change it and sign it anew."
