"""What a removed wallet, user key or passkey opened: its sessions end, its proofs are none."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Case, F, Q, Value, When

from accounts.services import proving_keys
from identity.actor import Actor
from identity.services import audit
from sessions_app.models import Session
from sessions_app.models.session import NEVER
from sessions_app.services import ending
from sessions_app.services.sessions import BEGUN_BY, PROVEN_BY, SECOND_HAND

REASON: Final = "key-removed"
_METHODS: Final = {
    proving_keys.WALLET: (Session.Method.WALLET, Session.Method.USER_KEY),
    proving_keys.PASSKEY: (Session.Method.PASSKEY,),
}


def end_what_it_opened(user_id: UUID, key: str, *, by: Actor, now: datetime) -> None:
    """End the sessions that a key began, the actor's own too; others lose the freshness it gave.

    What they had proven at their beginning they keep. Of sessions that began before keys were
    remembered all of the key's kind end. In the transaction that removes the key.
    """
    going_on = Session.objects.filter(user_id=user_id, status=Session.Status.ACTIVE)
    unknown = Q(method__in=_METHODS[proving_keys.kind_of(key)]) & ~Q(data__has_key=BEGUN_BY)
    begun = Q(**{f"data__{BEGUN_BY}": key}) | unknown
    proven = Q(**{f"data__{PROVEN_BY}": key})
    ending.hold(going_on.filter(begun | proven))
    ended = ending.all_of(going_on.filter(begun), REASON, now=now)
    at_first = Case(When(method__in=SECOND_HAND, then=Value(NEVER)), default=F("created_at"))
    faded = going_on.filter(proven).update(authenticated_at=at_first)
    if ended or faded:
        facts = {"count": ended, "faded": faded, "reason": REASON}
        subject = ("user", str(user_id))
        audit.record("user.signed-out", by=by, subject=subject, now=now, facts=facts)
