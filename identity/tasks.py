"""Background work of the ground floor: mail, removal of what ran out, signed heads."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from smtplib import SMTPResponseException
from typing import Any
from uuid import UUID

from django.core import mail
from django.template import Context, Engine
from django_tasks import task

from identity.scoping import current
from identity.services import audit_checks, audit_heads
from identity.services import mail as mail_log
from identity.services import purge as purging


@task()
def send_mail(scope: str, mail_id: str) -> bool:
    """Send one mail of the log; whether there was something to send and it was taken.

    The arguments name it only: what it says is opened here and kept nowhere.
    """
    with current.in_scope(UUID(scope)):
        letter = mail_log.letter(UUID(mail_id), now=datetime.now(UTC))
        if letter is None:
            return False
        try:
            deliver(letter.to, letter.template, letter.context)
        except Exception as error:  # noqa: BLE001 whatever the mail backend meets is on record
            mail_log.not_sent(UUID(mail_id), fault(error), now=datetime.now(UTC))
            return False
        mail_log.sent(UUID(mail_id), now=datetime.now(UTC))
    return True


def deliver(to: str, template: str, context: Mapping[str, Any]) -> int:
    """Send one message now, from within a task. Raises what the mail backend raises."""
    source = Engine.get_default().get_template(f"mail/{template}.txt")
    # Plain text: escaping for HTML would spoil every name with an apostrophe.
    text = source.render(Context(dict(context), autoescape=False))
    subject, _, body = text.partition("\n")
    # Subjects are one line of one header (RFC 5322 §2.2): nothing in a name may add another.
    return mail.send_mail(" ".join(subject.split()), body.lstrip("\n"), None, [to])


def queue_mail(scope_id: UUID, mail_id: UUID, seconds: int) -> None:
    """A queue of `identity.services.mail`: the row of the queue is part of the transaction."""
    later = send_mail
    if seconds and later.get_backend().supports_defer:
        later = later.using(run_after=datetime.now(UTC) + timedelta(seconds=seconds))
    later.enqueue(str(scope_id), str(mail_id))


def fault(error: Exception) -> str:
    """What may be kept of a failure to send: what a mail server says may quote addresses."""
    code = f" {error.smtp_code}" if isinstance(error, SMTPResponseException) else ""
    return f"{type(error).__name__}{code}"


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
