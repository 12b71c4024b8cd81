"""The first page: what waits, how things stand, what went wrong, and what to do first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from accounts.models import Device
from identity import queries
from identity.actor import Actor
from identity.admin import charts, trail
from identity.admin.charts import Chart
from identity.admin.components import Tile
from identity.admin.trail import Event
from identity.models import ServerKey
from identity.paging import After
from identity.services import server_keys
from invitations import queries as invitations
from invitations.models import Invitation

WEEK: Final = timedelta(days=7)
_DEVICES: Final = "admin:accounts_device_changelist"
_INVITATIONS: Final = "admin:invitations_invitation_changelist"
_ALARMS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do first."""

    name: str
    text: str
    url: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """What the first page shows to one person."""

    waiting: int
    tiles: Sequence[Tile]
    charts: Sequence[Chart]
    alarms: Sequence[Event]
    steps: Sequence[Step]


def waiting_count(*, by: Actor, now: datetime) -> int:
    """How many proposals wait for this person's vote."""
    return invitations.waiting_count(by=by, now=now)


def of(*, by: Actor, waiting: int, now: datetime) -> Board:
    """The board of this person in the scope in force."""
    invited = _invited(now) if by.may("invitations:list") else {}
    devices = _devices(now) if by.may("devices:list") else {}
    alarms = _alarms() if by.may("audit:list") else []
    tiles = [
        *_waiting_tile(by, waiting),
        *_device_tiles(devices),
        *_invitation_tile(invited),
        *_alarm_tile(by, len(alarms)),
        *_key_tile(by, now),
        *_task_tile(by),
    ]
    return Board(
        waiting=waiting,
        tiles=tiles,
        charts=_charts(invited, devices),
        alarms=alarms,
        steps=_steps(by, invited),
    )


def _counted(rows: "QuerySet[Any]") -> int:
    # Bounded, because a scope may have a million rows: each is one short walk along an index.
    return rows.order_by()[: charts.MOST_COUNTED + 1].count()


def _invited(now: datetime) -> dict[str, int]:
    rows = Invitation.objects
    lasting = rows.filter(state=Invitation.State.OPEN, expires_at__gt=now)
    over = rows.filter(state=Invitation.State.OPEN, expires_at__lte=now)
    ended = [str(state) for state in Invitation.State.values if state != Invitation.State.OPEN]
    return {
        "open": _counted(lasting),
        **{state: _counted(rows.filter(state=state)) for state in ended},
        "expired": _counted(over),
    }


def _devices(now: datetime) -> dict[str, int]:
    rows = Device.objects
    states = [str(state) for state in Device.Status.values]
    return {
        **{state: _counted(rows.filter(status=state)) for state in states},
        "this_week": _counted(rows.filter(registered_at__gte=now - WEEK)),
    }


def _shown(count: int) -> str:
    return charts.number(count, charts.MOST_COUNTED)


def _alarms() -> Sequence[Event]:
    found = queries.audit_window(After(limit=_ALARMS_SHOWN, filters={"alarm": True}))
    return trail.events(found.rows)


def _waiting_tile(by: Actor, waiting: int) -> Sequence[Tile]:
    if not by.may("proposals:list"):
        return ()
    url = reverse("admin:invitations_proposal_changelist") + "?show=waiting"
    about = "Operators vote in no scope." if by.is_operator else "Your decision is asked for."
    tone = "attention" if waiting else ""
    return (Tile("Waiting for me", charts.number(waiting), about, url, tone),)


def _device_tiles(devices: dict[str, int]) -> Sequence[Tile]:
    if not devices:
        return ()
    new = _shown(devices["this_week"])
    active = _shown(devices["active"])
    return (Tile("Active devices", active, f"{new} registered this week", reverse(_DEVICES)),)


def _invitation_tile(invited: dict[str, int]) -> Sequence[Tile]:
    if not invited:
        return ()
    url = f"{reverse(_INVITATIONS)}?state=open"
    about = f"{_shown(invited['pending'])} wait for approval"
    return (Tile("Open invitations", _shown(invited["open"]), about, url),)


def _alarm_tile(by: Actor, alarms: int) -> Sequence[Tile]:
    if not by.may("audit:list"):
        return ()
    url = f"{reverse('admin:identity_auditevent_changelist')}?alarm=on"
    about = "Somebody tried what looks like an attack." if alarms else "Nothing looks wrong."
    value = charts.number(alarms, _ALARMS_SHOWN - 1)
    return (Tile("Alarms", value, about, url, "bad" if alarms else ""),)


def _key_tile(by: Actor, now: datetime) -> Sequence[Tile]:
    if not by.may("server-keys:get") or not by.may("audit:list"):
        return ()
    due = ServerKey.objects.filter(
        status=ServerKey.Status.ACTIVE, activated_at__lte=now - server_keys.ROTATE_AFTER
    ).count()
    url = reverse("admin:identity_serverkey_changelist")
    about = "They are older than a year." if due else "All keys are younger than a year."
    return (Tile("Keys to rotate", str(due), about, url, "attention" if due else ""),)


def _task_tile(by: Actor) -> Sequence[Tile]:
    if not by.is_operator:
        return ()
    failed = _counted(DBTaskResult.objects.filter(status="FAILED"))
    about = "In this deployment, mail included." if failed else "The queue is healthy."
    return (Tile("Failed tasks", _shown(failed), about, tone="bad" if failed else ""),)


def _charts(invited: dict[str, int], devices: dict[str, int]) -> Sequence[Chart]:
    drawn = []
    if any(invited.values()):
        counts = list(invited.items())
        url = reverse(_INVITATIONS)
        drawn.append(_bars("invitations", "Invitations by state", counts, url))
    if any(devices.values()):
        counts = [(name, count) for name, count in devices.items() if name != "this_week"]
        url = reverse(_DEVICES)
        drawn.append(_bars("devices", "Devices by state", counts, url))
    return drawn


def _bars(name: str, title: str, counts: Sequence[tuple[str, int]], url: str) -> Chart:
    return charts.bars(name=name, title=title, counts=counts, url=url, most=charts.MOST_COUNTED)


def _steps(by: Actor, invited: dict[str, int]) -> Sequence[Step]:
    steps = []
    if by.may("users:invite") and not any(invited.values()):
        text = (
            "Nobody has been invited yet. Whoever holds an invitation registers a device with keys "
            "that never leave it."
        )
        url = reverse("admin:invitation_issue")
        steps.append(Step("Invite the first person", text, url, "Issue an invitation"))
    if by.may("proposals:approve") and not by.is_operator and by.user_id is not None:
        has_device = Device.objects.filter(user=by.user_id, status=Device.Status.ACTIVE).exists()
        if not has_device:
            text = (
                "Your vote is a signature of your own device, and you have none. Until you "
                "register one, others decide without you."
            )
            url = reverse("admin:own_devices")
            steps.append(Step("Register your device", text, url, "Your devices"))
    return steps
