"""The staff's session: who acts in it, in which scope, and whether that was proved lately.

Admin pages and the API of our own ask here and nowhere else. What is kept in the session is on the
server; nothing of it is believed before the account, its scope and its membership are read anew.
"""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import queries as accounts
from accounts.errors import ReauthenticationNeeded, UserInactive
from accounts.queries import passkeys
from identity.actor import Actor
from identity.errors import Forbidden
from identity.scoping import current
from identity.web import client_ip

CHOSEN_SCOPE: Final = "admin_scope"
PROVED_AT: Final = "staff_proved_at"
HELD_BY: Final = "staff_passkey"
RECENT: Final = timedelta(minutes=10)


def is_signed_in(request: HttpRequest) -> bool:
    """Whether a member of staff has signed in with everything that is asked for here.

    Somebody who must set up one-time passwords first is not, nor who has yet to give one.
    """
    return is_known(request) and not is_enrolment_due(request)


def is_enrolment_due(request: HttpRequest) -> bool:
    """Whether the password was right and one-time passwords must be set up before anything else.

    Who has them already gave one: the account's generator is part of what a session is held by.
    Nor is it due of who used a passkey: that was two factors, or one of two.
    """
    user: Any = request.user
    if not settings.STAFF_ONE_TIME_PASSWORDS or HELD_BY in request.session:
        return False
    return is_known(request) and user.one_time_password_id is None


def is_known(request: HttpRequest) -> bool:
    """Whether this is the session of an active member of staff of an active scope.

    A session that a passkey opened is over when that passkey can't be used any more.
    """
    user: Any = getattr(request, "user", None)
    if user is None or not (user.is_authenticated and user.is_active and user.is_staff):
        return False
    held_by = request.session.get(HELD_BY)
    return held_by is None or _stands(request, user, held_by)


def hold_by(request: HttpRequest, passkey_id: UUID) -> None:
    """Note the passkey that opened this session."""
    request.session[HELD_BY] = str(passkey_id)


def actor_of(request: HttpRequest) -> Actor | None:
    """The staff member in the scope that the session is about, with the rights it has now.

    None: nobody is signed in, a one-time password is still due, no scope is chosen, or the person
    may not work in the chosen one any more.
    """
    if not is_signed_in(request):
        return None
    actor = _in_scope(request, scope_slug(request))
    return None if actor is None else with_address(actor, request)


def scope_slug(request: HttpRequest) -> str:
    """The scope that the session is about: the chosen one, else one's own; operators have none."""
    user: Any = request.user
    own = "" if getattr(user, "is_operator", False) else getattr(user, "scope_slug", "")
    chosen = request.session.get(CHOSEN_SCOPE)
    return chosen if isinstance(chosen, str) and chosen else own


def choose(request: HttpRequest, slug: str) -> bool:
    """Work in the scope of this slug from now on; False where the person may not.

    Other rights are a new session: its old id is of no use any more.
    """
    if not is_signed_in(request) or _in_scope(request, slug) is None:
        return False
    request.session[CHOSEN_SCOPE] = slug
    request.session.cycle_key()
    return True


def at_home(request: HttpRequest) -> Actor:
    """Who is signed in, in the scope of the account itself: for all that belongs to the account.

    Raises `accounts.errors.UserInactive`.
    """
    user: Any = request.user
    return with_address(accounts.staff_actor(user, scope_id=user.scope_id), request)


def with_address(actor: Actor, request: HttpRequest) -> Actor:
    """The actor with the client's address, as far as our own proxies tell it."""
    return dataclasses.replace(actor, address=client_ip.of(request.META))


def prove(request: HttpRequest, now: datetime) -> None:
    """Note that the person has just shown who it is: after a sign-in or a re-authentication."""
    request.session[PROVED_AT] = int(now.timestamp())


def is_recent(request: HttpRequest, now: datetime) -> bool:
    """Whether who is signed in has signed in or re-authenticated within ten minutes."""
    proved_at = request.session.get(PROVED_AT)
    if not isinstance(proved_at, int) or not is_known(request):
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
        return proof_of(request.get_full_path() if request.method == "GET" else request.path)

    return asked


def proof_of(wanted: str) -> HttpResponse:
    """To the page on which people show again who they are, and from there to the one wanted."""
    query = urlencode({"next": wanted})
    return HttpResponseRedirect(f"{reverse('admin:reauthenticate')}?{query}")


def local(address: object, otherwise: str) -> str:
    """The address if it is one of the admin's own pages, without a host; else `otherwise`."""
    if not isinstance(address, str) or not address.startswith(reverse("admin:index")):
        return otherwise
    is_plain = "\\" not in address and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if is_plain else otherwise


def _stands(request: HttpRequest, user: Any, held_by: str) -> bool:
    known: bool | None = getattr(request, "passkey_stands", None)
    if known is None:
        with current.in_scope(user.scope_id):
            known = passkeys.is_usable(user.id, UUID(held_by))
        request.passkey_stands = known  # type: ignore[attr-defined]
    return known


def _in_scope(request: HttpRequest, slug: str) -> Actor | None:
    user: Any = request.user
    try:
        if slug and slug == user.scope_slug and not user.is_operator:
            return accounts.staff_actor(user, scope_id=user.scope_id)
        return accounts.staff_actor_in(user, slug) if slug else None
    except (UserInactive, Forbidden):
        return None
