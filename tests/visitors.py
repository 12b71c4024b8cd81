"""Browsers without a screen for the sign-in pages: forms are sent with their tokens."""

import itertools
import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from sessions_app.models import Provider
from sessions_app.services import providers
from tests import cast
from tests.stand_in import CLIENT_ID, SECRET, StandIn

HOST = urlsplit(settings.BASE_URL).netloc
_ADDRESSES = itertools.count(1)
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Visitor:
    """One browser at the sign-in pages of one scope."""

    def __init__(self, world: cast.World) -> None:
        self.base = f"/s/{world.scope.slug}"
        # Each from an address of its own: how often one may begin is limited.
        address = f"198.51.100.{next(_ADDRESSES) % 250}"
        self.client = Client(enforce_csrf_checks=True, HTTP_HOST=HOST, REMOTE_ADDR=address)

    def get(self, path: str = "/login", **query: Any) -> HttpResponse:
        return self.client.get(f"{self.base}{path}", query)  # type: ignore[return-value]

    def follow(self, address: str) -> HttpResponse:
        """Where the server, or a provider, sent the browser."""
        parts = urlsplit(address)
        assert parts.netloc == HOST, address
        return self.client.get(f"{parts.path}?{parts.query}")  # type: ignore[return-value]

    def post(self, path: str = "/login", /, query: str = "", **form: str) -> HttpResponse:
        """Send a form of the page, with the token that the page has."""
        page = self.client.get(f"{self.base}/login{'?' if query else ''}{query}")
        found = _TOKEN.search(page.content.decode())
        assert found is not None, page.content
        address = f"{self.base}{path}{'?' if query else ''}{query}"
        return self.client.post(address, {"csrfmiddlewaretoken": found[1], **form})  # type: ignore[return-value]

    def through(self, stand_in: StandIn, slug: str = "house", query: str = "") -> HttpResponse:
        """The whole way to the provider and back."""
        address = f"{self.base}/login/with/{slug}{'?' if query else ''}{query}"
        begun = self.client.get(address)
        assert begun.status_code == 302, begun.content
        return self.follow(stand_in.authorize(begun.headers["Location"]))

    def cookie(self, world: cast.World, which: str = "access") -> str:
        morsel = self.client.cookies.get(f"countersign-{which}-{world.scope.slug}")
        return morsel.value if morsel else ""


def house(world: cast.World, stand_in: StandIn, slug: str = "house", **more: Any) -> Provider:
    """The stand-in as a provider of a scope."""
    from datetime import UTC, datetime

    from identity import ids

    provider_id = ids.new()
    given = {
        "slug": slug,
        "name": slug.capitalize(),
        "kind": "oidc",
        "client_id": CLIENT_ID,
        "issuer": stand_in.issuer,
        **more,
    }
    return providers.create(
        provider_id=provider_id,
        given=given,
        sealed_secret=providers.sealed(SECRET, provider_id=provider_id, kind="oidc"),
        by=world.system,
        now=datetime.now(UTC),
    )
