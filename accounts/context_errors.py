"""Refusals about solutions, contexts, their members and what these may do."""

from identity.errors import DomainError, Forbidden, Invalid, Kind, Missing


class SolutionMissing(Missing):
    """Also one of another scope."""

    code = "solution.missing"
    title = "There is no such solution."


class ContextMissing(Missing):
    """Also one of another scope."""

    code = "context.missing"
    title = "There is no such context."


class MemberMissing(Missing):
    """No living member of this context has this id or key."""

    code = "member.missing"
    title = "There is no such member in this context."


class OutsideLimits(Forbidden):
    """The key was made for other solutions or contexts."""

    code = "limits.outside"
    title = "This is outside the solutions and contexts that this key is limited to."


class SolutionHasContexts(DomainError):
    """Its own or borrowed ones."""

    kind = Kind.CONFLICT
    code = "solution.has-contexts"
    title = "This solution still has contexts of its own or borrows some."


class TooManySolutions(DomainError):
    """Lists of them are read whole."""

    kind = Kind.CONFLICT
    code = "solution.too-many"
    title = "This scope has as many solutions as allowed. Delete one first."


class TooManyContexts(DomainError):
    """Lists say how many there are: so much work and no more."""

    kind = Kind.CONFLICT
    code = "context.too-many"
    title = "This scope has as many contexts as allowed. Delete one first."


class CannotSharePrivate(DomainError):
    """Only what is public is shared with other solutions."""

    kind = Kind.CONFLICT
    code = "context.private-cannot-be-shared"
    title = "A private context can't be shared with another solution."


class CannotUnshareParent(DomainError):
    """A context belongs to one solution for ever."""

    kind = Kind.CONFLICT
    code = "context.parent-cannot-be-unshared"
    title = "A context can't be taken away from the solution that it belongs to."


class CannotMakeSharedPrivate(DomainError):
    """Others would lose it without having been asked."""

    kind = Kind.CONFLICT
    code = "context.shared-cannot-be-private"
    title = "A context that other solutions share can't become private."


class ContextDisabled(DomainError):
    """Nobody is added, joins or is found until it is enabled again."""

    kind = Kind.CONFLICT
    code = "context.disabled"
    title = "This context is disabled."


class MemberKeyTaken(DomainError):
    """In a context one key is one member's."""

    kind = Kind.CONFLICT
    code = "member.key-taken"
    title = "This public key belongs to another member of this context."


class MemberTaken(DomainError):
    """Whose account a member is, no other account becomes; an account is one member of a context.

    The key of an account is nobody else's.
    """

    kind = Kind.CONFLICT
    code = "member.taken"
    title = "This user id belongs to another account in this context."


class AclInvalid(Invalid):
    """`facts` hold the number of the `line` and the `reason`."""

    code = "acl.invalid"
    title = "This access list can't be read."


class NoMatchForLastId(Invalid):
    """Nothing in the list has the id behind which the list was to go on."""

    code = "list.no-match-for-last-id"
    title = "There is nothing with this last id in the list."


class FilterInvalid(Invalid):
    """An unknown field or word, a value of the wrong type, or too much of it."""

    code = "list.filter-invalid"
    title = "This filter can't be read."


class FilterTooCostly(DomainError):
    """It looks at more rows than one request may."""

    kind = Kind.UNAVAILABLE
    code = "list.filter-too-costly"
    title = "This filter takes too long here. Ask for whole ids or keys."
