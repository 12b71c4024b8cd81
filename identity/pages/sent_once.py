"""Forms whose answer is shown once: a page that is loaded again does nothing again."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from django.db import transaction

from identity.actor import Actor
from identity.errors import Conflict
from identity.services import idempotency

Answer = TypeVar("Answer")
_SAME: Final = hashlib.sha256(b"a form that was sent").hexdigest()


def once(key: str, act: Callable[[], Answer], *, by: Actor, now: datetime) -> Answer:
    """Do what a form asks for, unless this very form was sent before.

    `key` is a hidden field of the form, new each time the form is shown. The claim commits with
    the act, so of two at the same time one acts. Raises `Conflict`, and what `act` raises.
    """
    device_id = by.user_id or by.scope_id
    with transaction.atomic():
        earlier = idempotency.begin(
            device_id=device_id, key=f"form {key}", request_digest=_SAME, now=now
        )
        if earlier is not None:
            raise Conflict("This form was sent before. What it answered was shown once.")
        answer = act()
        idempotency.finish(device_id=device_id, key=f"form {key}", outcome=b"{}")
    return answer
