"""Finding people and groups by how their names begin, a few at a time and by index."""

from collections.abc import Sequence

from accounts.admin.acting import MOST_CHOICES
from accounts.models import Group, User
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
