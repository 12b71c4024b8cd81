"""The staff's session: who acts in it, in which scope, and whether that was proved lately.

Admin pages and the API of our own ask here and nowhere else. What is kept in the session is on the
server; nothing of it is believed before the account, its scope and its membership are read anew.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import queries as accounts
from accounts.errors import ReauthenticationNeeded, UserInactive
from identity.actor import Actor
from identity.errors import Forbidden
from identity.scoping import doors

CHOSEN_SCOPE: Final = "admin_scope"
PROVED_AT: Final = "staff_proved_at"
RECENT: Final = timedelta(minutes=10)


def actor_of(request: HttpRequest) -> Actor | None:
    """The staff member in the scope that the session is about, with the rights it has now.

    None: nobody is signed in, a one-time password is still due, no scope is chosen, or the person
    may not work in the chosen one any more.
    """
    user: Any = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.is_active or not user.is_staff:
        return None
    scope_id = user.scope_id
    if user.is_operator:
        slug = request.session.get(CHOSEN_SCOPE, "")
        found = doors.scope_by_slug(slug) if slug else None
        if found is None:
            return None
        scope_id = found.scope_id
    try:
        return accounts.staff_actor(user, scope_id=scope_id)
    except (UserInactive, Forbidden):
        return None


def prove(request: HttpRequest, now: datetime) -> None:
    """Note that the person has just shown who it is: after a sign-in or a re-authentication."""
    request.session[PROVED_AT] = int(now.timestamp())


def is_recent(request: HttpRequest, now: datetime) -> bool:
    """Whether who is signed in has signed in or re-authenticated within ten minutes."""
    proved_at = request.session.get(PROVED_AT)
    if not isinstance(proved_at, int) or not request.user.is_authenticated:
        return False
    age = now.timestamp() - proved_at
    # A time that is yet to come proves nothing.
    return -1 <= age < RECENT.total_seconds()


def require_recent(request: HttpRequest) -> None:
    """Refuse dangerous acts of a session that was left alone.

    Raises `accounts.errors.ReauthenticationNeeded`.
    """
    if not is_recent(request, datetime.now(UTC)):
        raise ReauthenticationNeeded


def recently_proved(view: Callable[..., Any]) -> Callable[..., Any]:
    """For views (functions or methods) of dangerous acts: lead to the re-authentication and back.

    The form's own page (GET) asks first, so a POST seldom does; what it sent is not kept.
    """

    @wraps(view)
    def asked(*arguments: Any, **named: Any) -> HttpResponse:
        request = next(part for part in arguments if isinstance(part, HttpRequest))
        if is_recent(request, datetime.now(UTC)):
            answer: HttpResponse = view(*arguments, **named)
            return answer
        wanted = request.get_full_path() if request.method == "GET" else request.path
        query = urlencode({"next": wanted})
        return HttpResponseRedirect(f"{reverse('admin:reauthenticate')}?{query}")

    return asked


def local(address: str, otherwise: str) -> str:
    """The address if it is one of the admin's own pages, without a host; else `otherwise`."""
    is_path = address.startswith("/admin/") and "\\" not in address
    if is_path and url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return address
    return otherwise
