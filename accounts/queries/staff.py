"""Reads about staff: who works in this scope's admin, and where a login may work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import OneTimePassword, RecoveryCode, RoleAssignment, StaffMembership, User
from accounts.models.user import fold
from accounts.queries import passkeys
from accounts.queries.grants import member_actor, staff_actor
from accounts.queries.rows import StaffRow
from identity import errors
from identity.actor import Actor
from identity.paging import After, Window
from identity.scoping import current, doors, keyset

_ACTIVE = "active"
_BY_NAME: Final = keyset.Key("username_folded", is_text=True)


@dataclass(frozen=True, slots=True)
class SignInState:
    """How somebody signs in: for the person's own page."""

    has_one_time_password: bool
    since: datetime | None
    recovery_codes_left: int


def staff_rows(*, after: str = "", most: int = 50) -> Sequence[StaffRow]:
    """Staff of the scope in force by user name, behind the one of the name `after`."""
    rows = _staff().filter(username_folded__gt=fold(after)).order_by("username_folded")
    return _rows(list(rows[:most]))


def staff_window(after: After) -> Window[StaffRow]:
    """Staff of the scope in force in the order of user names. Raises `Invalid`, `CursorInvalid`."""
    rows, following = keyset.window(_staff(), after, _BY_NAME)
    return Window(_rows(rows), following)


def staff_member(public_id: UUID) -> StaffRow:
    """One member of staff. Raises `Missing`."""
    found = _rows(list(_staff().filter(public_id=public_id)))
    if not found:
        raise errors.Missing("There is no such member of staff.")
    return found[0]


def staff_actor_in(login: User, slug: str) -> Actor | None:
    """The login as it acts in the scope of this slug now; None where it may not work.

    At home and elsewhere both the person's user and the scope must be active; an operator may work
    in every scope. Works in whatever scope is in force.
    """
    if login.is_operator:
        scope = doors.scope_by_slug(slug)
        return None if scope is None else staff_actor(login, scope_id=scope.scope_id)
    place = doors.staff_in_scope(login.id, slug)
    if place is None or (place.user_status, place.scope_status) != (_ACTIVE, _ACTIVE):
        return None
    return member_actor(place.user_id, scope_id=place.scope_id)


def sign_in_state(user_id: UUID) -> SignInState:
    """How this user of the scope in force signs in."""
    in_use = OneTimePassword.objects.filter(user_id=user_id, confirmed_at__isnull=False)
    since = in_use.values_list("confirmed_at", flat=True).first()
    return SignInState(since is not None, since, recovery_codes_left(user_id))


def is_second_step_due(user: Any) -> bool:
    """Whether a member of staff of the scope in force needs more than a password to sign in.

    Where staff must have a second factor, a passkey is one as much as a generator is: else a
    stolen password alone could set up the generator.
    """
    if user.one_time_password_id is not None:
        return True
    return bool(settings.STAFF_ONE_TIME_PASSWORDS and passkeys.has_usable(user.id))


def user_of_login(login_id: UUID) -> UUID | None:
    """The client-visible id of the user that a login was admitted as here, dismissed or not."""
    rows = StaffMembership.objects.filter(login_id=login_id)
    return rows.values_list("user__public_id", flat=True).first()


def user_of_login_name(name: str) -> UUID | None:
    """As `user_of_login`, by the name under which the login was admitted."""
    rows = StaffMembership.objects.filter(login_name=name)
    return rows.values_list("user__public_id", flat=True).first()


def _staff() -> QuerySet[User]:
    # A union, since no index answers "one or the other" and all users would be walked.
    linked = StaffMembership.objects.filter(dismissed_at__isnull=True).values("user_id")
    own = User.objects.filter(is_staff=True).values("id")
    return User.objects.filter(id__in=own.union(linked), deleted_at__isnull=True)


def _rows(found: Sequence[User]) -> list[StaffRow]:
    current.required_scope()
    ids = [user.id for user in found]
    memberships = StaffMembership.objects.filter(user_id__in=ids, dismissed_at__isnull=True)
    linked = {row.user_id: row for row in memberships}
    roles: dict[UUID, list[str]] = {user_id: [] for user_id in ids}
    held = RoleAssignment.objects.filter(user_id__in=ids)
    for user_id, predefined, custom in held.values_list("user_id", "predefined", "role__name"):
        roles[user_id].append(predefined or custom)
    return [_row(user, linked.get(user.id), roles[user.id]) for user in found]


def _row(user: User, linked: StaffMembership | None, roles: Sequence[str]) -> StaffRow:
    return StaffRow(
        id=user.public_id,
        username=user.username,
        status=user.status,
        login=linked.login_name if linked else "",
        roles=sorted(roles),
        has_one_time_password=None if linked else user.one_time_password_id is not None,
        admitted_at=linked.admitted_at if linked else None,
    )


def recovery_codes_left(user_id: UUID) -> int:
    """How many unused codes an account has."""
    return RecoveryCode.objects.filter(user_id=user_id, used_at__isnull=True).count()
