"""Background work of the ground floor: mail, removal of what ran out, signed heads."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core import mail
from django.template import Context, Engine
from django_tasks import task

from identity.scoping import current
from identity.services import audit_checks, audit_heads
from identity.services import purge as purging


@task()
def send_mail(to: str, template: str, context: Mapping[str, Any]) -> int:
    """Send one message from `templates/mail/<template>.txt`, whose first line is the subject.

    Raises what the mail backend raises; the queue keeps the failure.
    """
    return deliver(to, template, context)


def deliver(to: str, template: str, context: Mapping[str, Any]) -> int:
    """Send one message now, from within a task. Raises what the mail backend raises."""
    source = Engine.get_default().get_template(f"mail/{template}.txt")
    # Plain text: escaping for HTML would spoil every name with an apostrophe.
    text = source.render(Context(dict(context), autoescape=False))
    subject, _, body = text.partition("\n")
    # Subjects are one line of one header (RFC 5322 §2.2): nothing in a name may add another.
    return mail.send_mail(" ".join(subject.split()), body.lstrip("\n"), None, [to])


def queue_mail(to: str, template: str, context: Mapping[str, Any]) -> None:
    """A transport of `identity.services.mail`: the row of the queue is part of the transaction."""
    send_mail.enqueue(to, template, dict(context))


@task()
def purge() -> dict[str, int]:
    """Remove what has run out in every scope."""
    return dataclasses.asdict(purging.purge(now=datetime.now(UTC)))


@task()
def sign_heads() -> int:
    """Sign the audit chain of every scope that went on."""
    return audit_heads.sign_every_head(now=datetime.now(UTC))


@task()
def verify_audit(scope: str, check: str) -> bool:
    """Verify the whole audit record of a scope; what came out is kept with the check."""
    with current.in_scope(UUID(scope)):
        return audit_checks.work(UUID(check), clock=lambda: datetime.now(UTC))


def queue_check(scope_id: UUID, check_id: UUID) -> None:
    """A queue of `audit_checks`: the row of the queue is part of the transaction."""
    verify_audit.enqueue(str(scope_id), str(check_id))
