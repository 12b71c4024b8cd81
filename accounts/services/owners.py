"""The owners of a scope: there is always one left who can act."""

from uuid import UUID

from accounts import errors
from accounts.models import Device, RoleAssignment, User

ROLES = frozenset({"super-admin", "workspace-owner"})
"""Who holds one of these is an owner. Programs are not: they decide nothing alone."""


def require_another_than(user_id: UUID) -> None:
    """Refuse to lose this owner if it is the last. Raises `accounts.errors.LastOwner`.

    Called before an owner is disabled or deleted; a user who is no active owner passes. Until the
    transaction ends no other owner can go: all assignments of owner roles are locked in one order.
    """
    owners = _active(_locked_holders())
    if user_id in owners and len(owners) == 1:
        raise errors.LastOwner


def require_another_role_than(assignment: RoleAssignment) -> None:
    """Refuse to take this role if nobody would be owner afterwards.

    Raises `accounts.errors.LastOwner`. As `require_another_than`, for one role of a user who may
    hold two.
    """
    if assignment.predefined not in ROLES:
        return
    holders = _locked_holders(but=assignment)
    if assignment.user_id in _active([assignment.user_id]) and not _active(holders):
        raise errors.LastOwner


def require_another_device_than(device_id: UUID) -> None:
    """Refuse to lose the last active device of those who hold an owner's role; others pass.

    Each of the two roles needs somebody who can act: owners who only decide can't invite anybody.
    Raises `accounts.errors.LastOwnerDevice`. Called before the device's row is locked: deleting a
    user locks roles first and devices then, and so does whoever calls this.
    """
    rows = RoleAssignment.objects.filter(predefined__in=ROLES).order_by("id").select_for_update()
    held = list(rows.values_list("predefined", "user_id"))
    for role in ROLES:
        owners = _active([user_id for name, user_id in held if name == role])
        devices = Device.objects.filter(user_id__in=owners, status=Device.Status.ACTIVE)
        if set(devices.values_list("id", flat=True)) == {device_id}:
            raise errors.LastOwnerDevice


def _locked_holders(but: RoleAssignment | None = None) -> list[UUID]:
    rows = RoleAssignment.objects.filter(predefined__in=ROLES).order_by("id").select_for_update()
    return [
        user_id for row_id, user_id in rows.values_list("id", "user_id") if _is_other(row_id, but)
    ]


def _is_other(row_id: int, but: RoleAssignment | None) -> bool:
    return but is None or row_id != but.pk


def _active(user_ids: list[UUID]) -> set[UUID]:
    users = User.objects.filter(
        id__in=set(user_ids), status=User.Status.ACTIVE, kind=User.Kind.PERSON
    )
    return set(users.values_list("id", flat=True))
