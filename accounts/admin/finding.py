"""Finding people, groups and solutions by how their names begin, a few at a time."""

from collections.abc import Sequence

from django.db.models import Q

from accounts.admin.acting import MOST_CHOICES
from accounts.models import Group, Solution, User
from accounts.models.user import fold
from identity import paging
from identity.scoping import keyset


def users(term: str) -> Sequence[User]:
    """Users who are not deleted whose user name begins so; the latest ones without a term."""
    rows = User.objects.filter(deleted_at__isnull=True)
    if not term:
        return list(rows.order_by("-created_at")[:MOST_CHOICES])
    if not paging.is_usable(term):
        return ()
    return list(keyset.beginning_with(rows, "username_folded", fold(term))[:MOST_CHOICES])


def groups(term: str) -> Sequence[Group]:
    """Groups whose name begins so; the latest ones without a term."""
    if not term:
        return list(Group.objects.order_by("-created_at")[:MOST_CHOICES])
    if not paging.is_usable(term):
        return ()
    return list(keyset.beginning_with(Group.objects.all(), "name", term)[:MOST_CHOICES])


def solutions(term: str) -> Sequence[Solution]:
    """Solutions of this id, or whose name holds the term; the newest ones without a term.

    A scope has few of them, so that no index is needed.
    """
    rows = Solution.objects.order_by("-created_at", "-id")
    if term:
        if not paging.is_usable(term):
            return ()
        rows = rows.filter(Q(public_id=term) | Q(name__icontains=term))
    return list(rows[:MOST_CHOICES])
