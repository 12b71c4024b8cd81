"""The page of ours that a request comes from: where a mailed link may lead."""

import re
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from django.conf import settings

from identity.api.blocklet.route import Asked
from identity.scoping import doors
from identity.services import host_names
from identity.web import scope_resolution

# Browsers resolve "." and "..": what such a path begins with says nothing.
_PATH: Final = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]*)*")


def address(asked: Asked) -> str:
    """The page without its parameters, or "" for one that is not of this scope.

    What a request says of where it comes from is believed only as far as it names an address that
    is configured: the deployment's with the scope's prefix, or a host name of the scope.
    """
    page = _page(asked)
    if page is None:
        return ""
    return f"{page.scheme}://{page.netloc}{page.path or '/'}"


def invites(asked: Asked) -> bool:
    """Whether it is the page of an invitation."""
    page = _page(asked)
    try:
        return page is not None and "inviteId" in parse_qs(page.query, max_num_fields=64)
    except ValueError:
        return False


def _page(asked: Asked) -> SplitResult | None:
    try:
        page, base = urlsplit(asked.sent.headers.get("referer", "")), urlsplit(settings.BASE_URL)
    except ValueError:
        return None
    if page.scheme != base.scheme or not page.netloc or not _PATH.fullmatch(page.path):
        return None
    if page.netloc == base.netloc:
        is_ours = page.path.startswith(f"{scope_resolution.PREFIX}{asked.slug}/")
    else:
        found = doors.scope_by_host(host_names.of_header(page.netloc))
        is_ours = found is not None and found.scope_id == asked.scope_id
    return page if is_ours else None
