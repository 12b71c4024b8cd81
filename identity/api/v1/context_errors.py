"""What is said here of refusals about solutions, contexts and their members: status and advice."""

from collections.abc import Mapping
from typing import Final

TOLD: Final[Mapping[str, tuple[int, str]]] = {
    "acl.invalid": (400, "The detail names the line and what is wrong with it."),
    "context.disabled": (409, "Ask for the context to be enabled again."),
    "context.missing": (404, "List the contexts at /v1/contexts."),
    "context.parent-cannot-be-unshared": (409, "Delete the context instead."),
    "context.private-cannot-be-shared": (409, "Make the context public first."),
    "context.shared-cannot-be-private": (409, "Take it away from the other solutions first."),
    "context.too-many": (409, "Delete a context of this scope first."),
    "limits.outside": (403, "Use a key that is made for this solution or context."),
    "list.filter-invalid": (400, "Read the detail, correct the filter and send it again."),
    "list.filter-too-costly": (503, "Ask for whole ids or keys, or for fewer conditions."),
    "list.no-match-for-last-id": (400, "Begin the list anew."),
    "member.key-taken": (409, "Make a new key: in a context one key is one member's."),
    "member.missing": (404, "List the members of the context."),
    "remote.paused": (409, "Resume the remote first."),
    "remote.too-many": (409, "Unlink a remote of this scope first."),
    "member.taken": (409, "Join with a user id of your own."),
    "solution.has-contexts": (409, "Delete its contexts, and take away those that it borrows."),
    "solution.missing": (404, "List the solutions at /v1/solutions."),
    "solution.too-many": (409, "Delete a solution of this scope first."),
}
