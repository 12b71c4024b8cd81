"""Background work about people: pictures, tests of addresses, what follows a lambda's signature."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import orjson
import structlog
from django_tasks import task

from accounts import calls
from accounts.lambdas.requests import Request
from accounts.services import avatars, lambdas
from identity import actor
from identity.errors import DomainError
from identity.scoping import current
from identity.services import outside
from identity.web import fetcher
from identity.web.fetcher import Bounds

_PICTURE: Final = Bounds(seconds=10.0, body_bytes=avatars.MOST_BYTES)
_log = structlog.get_logger(__name__)


@task()
def fetch_avatar(scope: str, user: str, url: str) -> bool:
    """Fetch a picture and show it for a user; whether that worked."""
    scope_id = UUID(scope)
    try:
        answer = fetcher.get(
            url, headers={"Accept": "image/*"}, bounds=_PICTURE, guard=outside.guard()
        )
        if answer.status != 200 or answer.is_cut:
            return False
        picture = avatars.read(answer.body)
        with current.in_scope(scope_id):
            by, now = actor.system(scope_id), datetime.now(UTC)
            avatars.store(user_id=UUID(user), picture=picture, by=by, now=now)
    except DomainError as refusal:
        _log.info("a picture was not taken", code=refusal.code)
        return False
    return True


@task()
def try_webhook(url: str, kind: str) -> bool:
    """Send a test to an address of a user's; whether it was taken."""
    text = "This is a test of your notifications."
    content = {"text": text} if kind == "slack" else {"type": "test", "text": text}
    headers = {"Content-Type": "application/json"}
    try:
        answer = fetcher.post(
            url,
            body=orjson.dumps(content),
            headers=headers,
            bounds=Bounds(),
            guard=outside.guard(),
        )
    except DomainError as refusal:
        _log.info("a test of a webhook failed", code=refusal.code)
        return False
    return 200 <= answer.status < 300


@task()
def call_hook(scope: str, named: Mapping[str, str], headers: Mapping[str, str], body: str) -> bool:
    """Make a call that follows a lambda's signature; whether it was taken.

    `named` holds `lambda`, `execution`, `method` and `url`. A worker that is killed on the way
    leaves the call to the next one, so the other side may hear it twice.
    """
    request = Request(named["method"], named["url"], headers, body.encode())
    is_sent = False
    with current.in_scope(UUID(scope)):
        try:
            lambdas.require_hook(UUID(named["lambda"]), request.url)
            is_sent = calls.fetched(request).is_good
        except DomainError as refusal:
            _log.info("a call after a signature failed", code=refusal.code)
        lambdas.note_hook(UUID(named["execution"]), is_sent=is_sent)
    return is_sent


def queue_avatar(scope_id: UUID, user_id: UUID, url: str) -> None:
    """A queue of `accounts.services.avatars`."""
    fetch_avatar.enqueue(str(scope_id), str(user_id), url)


def queue_webhook_test(url: str, kind: str) -> None:
    """A queue of `accounts.services.notification_tests`."""
    try_webhook.enqueue(url, kind)


def queue_hook(scope_id: UUID, lambda_id: UUID, execution_id: UUID, request: Request) -> None:
    """A queue of `invitations.services.lambda_runs`."""
    named = {
        "lambda": str(lambda_id),
        "execution": str(execution_id),
        "method": request.method,
        "url": request.url,
    }
    call_hook.enqueue(str(scope_id), named, dict(request.headers), request.body.decode())
