"""Sessions of one's own, ended one by one or all at once, and the account locked."""

from django.http import HttpResponse, HttpResponseRedirect

from identity.errors import DomainError, Missing
from identity.pages.login import account, visit
from identity.pages.login.visit import Visit
from sessions_app import queries
from sessions_app.services import locking, sessions


@visit.sent
def end(seen: Visit) -> HttpResponse:
    """End one of the own sessions."""
    session = account.signed_in(seen)
    asked = account.id_in(seen.http.POST.get("session", ""))
    if not queries.is_session_of(asked, session.door.user_id):
        return account.shown(seen, refusal=Missing("There is no such session."))
    by = session.actor(seen.origin.address)
    sessions.end(session_id=asked, reason="signed-out", by=by, now=seen.now)
    return HttpResponseRedirect(f"{seen.issuer}/login#sessions")


@visit.sent
def end_others(seen: Visit) -> HttpResponse:
    """End all of the own sessions but this browser's."""
    session = account.signed_in(seen)
    sessions.end_all_of(
        session.door.user_id,
        by=session.actor(seen.origin.address),
        now=seen.now,
        reason="ended-others",
        but=session.door.session_id,
    )
    return HttpResponseRedirect(f"{seen.issuer}/login#sessions")


@visit.sent
def lock(seen: Visit) -> HttpResponse:
    """Lock the own account: at once and without a further proof, since time may matter."""
    session = account.signed_in(seen)
    by = session.actor(seen.origin.address)
    try:
        locking.lock(user_id=session.door.user_id, by=by, now=seen.now)
    except DomainError as refusal:
        return account.shown(seen, refusal=refusal)
    seen.live, seen.is_over = None, True
    return seen.shown("locked")
