"""The role of a session: taken from a credential, or laid down; its tokens are made anew."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import F

from accounts.services import writing
from identity.actor import Actor
from identity.errors import Forbidden
from identity.services import audit
from sessions_app.errors import TokenRefused
from sessions_app.models import Session
from sessions_app.services.sessions import Origin

CREDENTIAL: Final = "role_credential"
"""In a session's data: the id of the credential that its role comes from."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role by its name and the credential that gives it; both are empty for none."""

    name: str = ""
    credential: str = ""


NONE: Final = Role()


def switch(role: Role, *, origin: Origin, by: Actor, now: datetime) -> Session:
    """Give the actor's own session another role; that the user has it was checked before.

    The refresh token that was living is spent: the session goes on with those made next. Raises
    TokenRefused if the session has ended in the meantime, Forbidden for a role of a session that
    rests on the word of an application's server alone.
    """
    session_id = _own(by)
    with writing.of(by):
        row = Session.objects.select_for_update().filter(id=session_id).first()
        if row is None or row.status != Session.Status.ACTIVE or row.expires_at <= now:
            raise TokenRefused
        if role.name and row.method == Session.Method.BACKEND:
            raise Forbidden("An application's word makes guests: sign in yourself to take a role.")
        data: dict[str, Any] = {k: v for k, v in row.data.items() if k != CREDENTIAL}
        if role.credential:
            data[CREDENTIAL] = role.credential
        Session.objects.filter(id=session_id).update(
            role=role.name,
            data=data,
            refresh_serial=F("refresh_serial") + 1,
            refreshed_at=now,
            holder=origin.holder,
        )
        subject, facts = ("session", str(session_id)), {"role": role.name, "before": row.role}
        audit.record("session.role-switched", by=by, subject=subject, now=now, facts=facts)
        return Session.objects.select_related("user").get(id=session_id)


def _own(by: Actor) -> UUID:
    if by.session_id is None:
        raise Forbidden("This is for the session of an account.")
    return by.session_id
