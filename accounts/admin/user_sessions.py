"""A user's sessions and sign-ins on the user's page, and the acts that end them."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.admin import acting, related
from accounts.admin.acting import Act
from accounts.admin.related import Section
from accounts.admin.user_acts import PAGE, living
from accounts.models import User
from identity.actor import Actor
from identity.admin import components
from identity.admin.acts import ConfirmForm
from identity.admin.components import Action
from identity.pages.staff_session import recently_proved
from sessions_app.models import Session, SignIn

LATEST: Final = 10
ENDS: Final = (
    "Every session ends; tokens are refused from the next request on.",
    "API keys that act for the account are revoked for ever.",
    "Devices are refused, and nobody signs in as this user.",
    "Open invitations can't be used any more.",
    "Enabling the user opens the account again; sessions and API keys don't come back.",
)


def offered(user: User, *, by: Actor) -> Sequence[Action]:
    """The button that locks the account, while it is open."""
    if not by.may("users:lock") or user.status == User.Status.DISABLED:
        return ()
    return (Action("Lock now", reverse("admin:user_lock", args=[user.pk]), is_dangerous=True),)


def sessions(user: User, by: Actor) -> Section:
    """What goes on now."""
    rows = Session.objects.filter(user=user, status=Session.Status.ACTIVE).order_by("-created_at")
    cells = [
        (
            related.link(
                reverse("admin:sessions_app_session_change", args=[row.pk]),
                _way(row.provider_name, row.address),
            ),
            components.moment(row.created_at),
            components.moment(row.last_seen_at),
        )
        for row in rows[: related.MOST]
    ]
    url = reverse("admin:user_sessions_end", args=[user.pk])
    may_end = bool(cells) and by.may("sessions:end")
    return Section(
        title="Sessions",
        columns=("Signed in by", "Since", "Last seen"),
        rows=cells,
        when_empty="The user is not signed in.",
        actions=(Action("End all sessions", url, is_dangerous=True),) if may_end else (),
    )


def history(user: User) -> Section:
    """The latest tries to sign in."""
    rows = SignIn.objects.filter(user_id=user.pk).order_by("-at", "-id")[:LATEST]
    return Section(
        title="Latest sign-ins",
        columns=("When", "Outcome", "By"),
        rows=[
            (
                components.moment(row.at),
                components.badge(
                    row.outcome, "good" if row.outcome == SignIn.Outcome.SUCCEEDED else "bad"
                ),
                _way(row.provider_name, row.address),
            )
            for row in rows
        ],
        when_empty="Nobody has signed in as this user in the last 90 days.",
    )


def _way(provider: str, address: str) -> str:
    return f"{provider} from {address}" if address else provider


@recently_proved
def end_all(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """End every session of the user."""
    about = "The user is signed out everywhere and can sign in again. Devices are not touched."
    return _act(
        request,
        user_id,
        "sessions:end",
        ("session.end-all", "End all sessions of", "End all sessions", "The sessions are ended."),
        about=(about,),
    )


@recently_proved
def lock(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Lock the account."""
    return _act(
        request,
        user_id,
        "users:lock",
        ("user.lock", "Lock the account of", "Lock the account now", "The account is locked."),
        about=("For an account that somebody else may have got into. What ends by it:",),
        ends=ENDS,
    )


def _act(
    request: HttpRequest,
    user_id: UUID,
    permission: str,
    words: tuple[str, str, str, str],
    *,
    about: Sequence[str],
    ends: Sequence[str] = (),
) -> HttpResponse:
    acting.require(request, permission)
    user = living(user_id)
    command, title, button, done = words
    act = Act(
        command=command,
        title=f"{title} {user.username}",
        button=button,
        done=done,
        back=reverse(PAGE, args=[user.pk]),
        back_name="The user",
        about=about,
        ends=ends,
        is_dangerous=True,
    )
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    return acting.page(request, act, form, lambda _: {"user": str(user.public_id)})


VIEWS: Final[Mapping[str, tuple[str, Callable[..., HttpResponse]]]] = MappingProxyType(
    {
        "user_sessions_end": ("end-sessions", end_all),
        "user_lock": ("lock", lock),
    }
)
