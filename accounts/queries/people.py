"""Reads about users and their devices."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Device, GroupMember, RoleAssignment, User
from accounts.models.user import fold
from accounts.queries import listing
from accounts.queries.rows import DEVICE_FIELDS, DeviceRow, UserRow
from identity import errors, permissions
from identity.paging import Listed, Page
from identity.scoping import prepared


def user(public_id: UUID) -> UserRow:
    """One user who is not deleted. Raises `Missing`."""
    row = living().filter(public_id=public_id).first()
    if row is None:
        raise errors.Missing("There is no such user.")
    return _user_rows([row])[0]


def users(page: Page) -> Listed[UserRow]:
    """Users who are not deleted; filters `status`, `kind`, `email`, `username`, `role`, `group`."""
    return listing.listed(
        living(),
        page,
        filters=USER_FILTERS,
        read=_user_rows,
    )


def user_id_of(public_id: UUID) -> UUID:
    """The row's id of a user who is not deleted. Raises `Missing`."""
    found = living().filter(public_id=public_id).values_list("id", flat=True).first()
    if found is None:
        raise errors.Missing("There is no such user.")
    return found


def public_id_of(user_id: UUID | None) -> UUID:
    """The client-visible id of a user, deleted ones included. Raises `Missing`."""
    rows = User.objects.values_list("public_id", flat=True)
    found = rows.filter(id=user_id).first() if user_id else None
    if found is None:
        raise errors.Missing("There is no such user.")
    return found


def user_by_name(username: str) -> UUID | None:
    """The client-visible id of the user of this name, however it is written."""
    rows = living().filter(username_folded=folded(username))
    return rows.values_list("public_id", flat=True).first()


def user_version(public_id: UUID) -> int:
    """Which version of the user there is now. Raises `Missing`."""
    found = living().filter(public_id=public_id).values_list("version", flat=True).first()
    if found is None:
        raise errors.Missing("There is no such user.")
    return found


def devices_of(public_id: UUID, page: Page) -> Listed[DeviceRow]:
    """Devices of a user by time of registration; filter `status`. Raises `Missing`."""
    rows = Device.objects.filter(user_id=user_id_of(public_id)).select_related("user")
    return _devices(rows, page)


def devices(page: Page) -> Listed[DeviceRow]:
    """Devices of all users by time of registration; filters `status` and `user`."""
    return _devices(Device.objects.select_related("user"), page)


_DEVICE: Final = prepared.prepare(
    lambda device: Device.objects.filter(id=device).values_list(
        *("user__public_id" if name == "user" else name for name in DEVICE_FIELDS)
    ),
    "device",
)


def device(device_id: UUID) -> DeviceRow:
    """One device, by a prepared statement. Raises `Missing`."""
    row = _DEVICE.one(device=device_id)
    if row is None:
        raise errors.Missing("There is no such device.")
    return DeviceRow(*row)


def device_of(public_id: UUID, device_id: UUID) -> DeviceRow:
    """One device of one user. Raises `Missing`, also when it is another user's."""
    found = device(device_id)
    if found.user != public_id:
        raise errors.Missing("There is no such device.")
    return found


def living() -> QuerySet[User]:
    """Users who are not deleted."""
    return User.objects.filter(deleted_at__isnull=True)


def folded(value: Any) -> str:
    """A user name from outside as names are compared. Raises `Invalid`."""
    return fold(listing.text(value))


def _with_role(rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
    role = listing.text(value)
    held = RoleAssignment.objects.all()
    if role in permissions.PREDEFINED_ROLES:
        held = held.filter(predefined=role)
    else:
        held = held.filter(role__public_id=listing.identifier(role))
    return rows.filter(id__in=held.values("user_id"))


def _in_group(rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
    members = GroupMember.objects.filter(group__public_id=listing.identifier(value))
    return rows.filter(id__in=members.values("user_id"))


USER_FILTERS: Final[Mapping[str, listing.Filter]] = MappingProxyType(
    {
        "status": listing.by_word("status", User.Status.values),
        "kind": listing.by_word("kind", User.Kind.values),
        "email": listing.by_text("email"),
        "username": lambda rows, value: rows.filter(username_folded=folded(value)),
        "role": _with_role,
        "group": _in_group,
    }
)


def _user_rows(found: Sequence[User]) -> list[UserRow]:
    ids = [row.id for row in found]
    roles: Mapping[UUID, list[str]] = _gathered(
        (user_id, predefined or custom)
        for user_id, predefined, custom in RoleAssignment.objects.filter(
            user_id__in=ids
        ).values_list("user_id", "predefined", "role__name")
    )
    groups: Mapping[UUID, list[UUID]] = _gathered(
        GroupMember.objects.filter(user_id__in=ids).values_list("user_id", "group__public_id")
    )
    authors = _public_ids({row.created_by for row in found} | {row.updated_by for row in found})
    return [_user_row(row, roles[row.id], groups[row.id], authors) for row in found]


def _user_row(
    row: User, roles: list[str], groups: list[UUID], authors: Mapping[UUID | None, UUID]
) -> UserRow:
    return UserRow(
        id=row.public_id,
        username=row.username,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        mobile=row.mobile,
        customer_id=row.customer_id,
        kind=row.kind,
        status=row.status,
        roles=sorted(roles),
        groups=sorted(groups),
        networks=row.networks,
        expires_at=row.expires_at,
        version=row.version,
        created_at=row.created_at,
        created_by=authors.get(row.created_by),
        updated_at=row.updated_at,
        updated_by=authors.get(row.updated_by),
    )


def _gathered(pairs: Iterable[tuple[UUID, Any]]) -> Mapping[UUID, list[Any]]:
    gathered: dict[UUID, list[Any]] = defaultdict(list)
    for user_id, value in pairs:
        gathered[user_id].append(value)
    return gathered


def _public_ids(user_ids: set[UUID | None]) -> Mapping[UUID | None, UUID]:
    wanted = {user_id for user_id in user_ids if user_id is not None}
    if not wanted:
        return {}
    return dict(User.objects.filter(id__in=wanted).values_list("id", "public_id"))


DEVICE_FILTERS: Final[Mapping[str, listing.Filter]] = MappingProxyType(
    {
        "status": listing.by_word("status", Device.Status.values),
        "user": listing.by_id("user__public_id"),
    }
)


def _devices(rows: QuerySet[Device], page: Page) -> Listed[DeviceRow]:
    return listing.listed(
        rows,
        page,
        filters=DEVICE_FILTERS,
        read=lambda found: [device_row(row) for row in found],
        columns={"created_at": "registered_at"},
    )


def device_row(row: Device) -> DeviceRow:
    """What readers see of a device; `user` is read already."""
    return DeviceRow(
        id=row.id,
        user=row.user.public_id,
        name=row.name,
        status=row.status,
        signature_key=row.signature_key,
        encryption_key=row.encryption_key,
        registered_at=row.registered_at,
        keys_changed_at=row.keys_changed_at,
        updated_at=row.updated_at,
        last_seen_at=row.last_seen_at,
        revoked_at=row.revoked_at,
        revoke_reason=row.revoke_reason,
    )
