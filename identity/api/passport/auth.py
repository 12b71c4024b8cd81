"""Whose pages may call, and the channel of a request."""

from collections.abc import Collection
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from identity.api.passport import envelope, sent
from identity.api.passport.envelope import Channel
from identity.api.passport.sent import Sent
from identity.services import server_keys


def origins() -> Collection[str]:
    """The origins of the pages that may call the scope in force."""
    parts = urlsplit(settings.BASE_URL)
    return {f"{parts.scheme}://{parts.netloc}"}


def channel(asked: Sent, *, now: datetime) -> Channel:
    """The channel of a request; without a header one under which nothing opens."""
    wrapped = asked.headers.get(sent.WRAPPED_KEY, "")
    keys = server_keys.usable_encryption_keys(now=now) if wrapped else []
    return envelope.unwrap(wrapped, keys)
