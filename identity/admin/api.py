"""The page about the API of a scope: addresses, keys to note, how programs sign, who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from accounts import queries as accounts
from accounts.models import Device, User
from identity import queries
from identity.admin.pages import Pages
from identity.admin.standing import actor_of
from identity.management import shell, snippets
from identity.paging import After

SHOWN: Final = 20
FACES: Final = (
    ("v1", "The API of its own: JSON, requests signed as HTTP messages"),
    ("request", "The envelope: COSE messages, signed and encrypted, by POST"),
)


@dataclass(frozen=True, slots=True)
class HeldDevice:
    """A device of a program."""

    url: str
    name: str
    status: str
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Program:
    """A program with its devices; `expires_at` is None where it has no end."""

    url: str
    name: str
    status: str
    roles: Sequence[str]
    networks: Sequence[str]
    expires_at: datetime | None
    devices: Sequence[HeldDevice]


class ApiPages(Pages):
    """One page to read, for everybody who works here."""

    def urls(self) -> list[URLPattern]:
        """Its address."""
        return [path("api/", self.framed(self.read), name="api")]

    def read(self, request: HttpRequest) -> HttpResponse:
        """What whoever writes a program for this scope needs."""
        actor = actor_of(request)
        slug = queries.scope().slug
        url = shell.face_url(slug, "v1")
        keys = {key.purpose: key for key in queries.active_server_keys()}
        may_see_programs = actor.may("users:list") and actor.may("devices:list")
        return self.shown(
            request,
            "api",
            title="API",
            url=url,
            openapi=f"{url}/openapi.json",
            docs=f"{url}/docs/",
            addresses=addresses(slug),
            key=keys.get("signature"),
            encryption=keys.get("encryption"),
            snippets=[
                ("See what the API can do, without a key", "curl", snippets.curl(url)),
                ("Ask in Python, with a device's session", "python", snippets.python(url)),
                ("Ask with curl and openssl alone", "shell", snippets.shell(url)),
            ],
            connect=f"manage.py connect v1 --scope {slug} --invite NAME@EXAMPLE --role member",
            per_device=settings.REQUESTS_PER_DEVICE,
            per_address=settings.REQUESTS_PER_ADDRESS,
            may_see_programs=may_see_programs,
            may_make=actor.may("users:create"),
            programs=programs() if may_see_programs else (),
        )


def addresses(slug: str) -> Sequence[tuple[str, str]]:
    """Each face under the path of the scope, and at the host names that are its own."""
    scheme = urlsplit(settings.BASE_URL).scheme or "https"
    found = []
    for face, about in FACES:
        found.append((shell.face_url(slug, face), about))
        found += [(f"{scheme}://{host}/{face}", about) for host in queries.hosts()]
    return found


def programs() -> Sequence[Program]:
    """The newest programs of the scope with their devices, in three statements or so."""
    rows = accounts.users_window(After(limit=SHOWN, filters={"kind": "program"})).rows
    known = [row.id for row in rows]
    pages = dict(User.objects.filter(public_id__in=known).values_list("public_id", "id"))
    held: dict[UUID, list[HeldDevice]] = {}
    for device in Device.objects.filter(user_id__in=pages.values()).order_by("-registered_at"):
        url = reverse("admin:accounts_device_change", args=[device.id])
        shown = HeldDevice(url, device.name, str(device.status), device.last_seen_at)
        held.setdefault(device.user_id, []).append(shown)
    return [
        Program(
            url=reverse("admin:accounts_user_change", args=[pages[row.id]]),
            name=row.username,
            status=row.status,
            roles=row.roles,
            networks=row.networks,
            expires_at=row.expires_at,
            devices=held.get(pages[row.id], ()),
        )
        for row in rows
    ]
