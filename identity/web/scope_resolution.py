"""Which scope a request is about: its credential, its address, or the default (design §4)."""

import enum
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from identity.errors import DomainError, Kind
from identity.scoping import doors
from identity.services import host_names

T = TypeVar("T")
PREFIX: Final = "/s/"
_MOST_HOSTS: Final = 1024
_MOST_SLUGS: Final = 4096
_REMEMBERED: Final = timedelta(seconds=1)


class ScopeUnknown(DomainError):
    """The address names a scope that there is not, or none where one is needed."""

    kind = Kind.MISSING
    code = "scope.unknown"
    title = "There is no such scope."


class ScopeMismatch(DomainError):
    """A credential is of no use at another scope's address."""

    kind = Kind.UNAUTHENTICATED
    code = "scope.mismatch"
    title = "This credential is not valid here."


class ScopeAmbiguous(DomainError):
    """Header, host and path each may name a scope, but only the same one."""

    kind = Kind.INVALID
    code = "scope.ambiguous"
    title = "This address names two different scopes."


class ScopeNotActive(DomainError):
    """Suspended and closed scopes let nobody in."""

    kind = Kind.FORBIDDEN
    code = "scope.not-active"
    title = "This scope is not active."


class Source(enum.StrEnum):
    """What named the scope; the first of these that names one decides."""

    CREDENTIAL = "credential"
    HEADER = "header"
    HOST = "host"
    PATH = "path"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Named:
    """What a request's address says; empty where it says nothing. `path` is without the prefix."""

    header: str = ""
    host: str = ""
    slug: str = ""
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Resolved:
    """The scope that the request is about."""

    scope_id: UUID
    slug: str
    status: str
    source: Source


def of_environ(environ: Mapping[str, Any]) -> Named:
    """Read the address from a WSGI environment, or from Django's `request.META`."""
    slug, path = split_path(environ.get("PATH_INFO") or "/")
    return Named(
        header=environ.get("HTTP_X_SCOPE_ID", "").strip(),
        host=host_names.of_header(environ.get("HTTP_HOST", "")),
        slug=slug,
        path=path,
    )


def split_path(path: str) -> tuple[str, str]:
    """The slug in `/s/<slug>/…` and the path behind it; an empty slug for any other path."""
    if not path.startswith(PREFIX):
        return "", path
    slug, slash, rest = path[len(PREFIX) :].partition("/")
    return (slug, f"/{rest}") if slug and slash else ("", path)


def resolve(named: Named, *, now: datetime, credential: doors.ScopeDoor | None = None) -> Resolved:
    """The scope of the credential if there is one, else of the address, else the default.

    Everything that names a scope must name the same one; the default is asked only where nothing
    else does. Raises ScopeUnknown, ScopeAmbiguous, ScopeMismatch, ScopeNotActive.
    """
    if credential is None:
        return _active(*_by_address(named))
    if not _agrees(named, credential, now):
        raise ScopeMismatch
    _remember(named.slug, credential.scope_id)
    return _active(credential, Source.CREDENTIAL)


def at_once(
    named: Named,
    act: Callable[[UUID, str], T],
    *,
    now: datetime,
    refusals: tuple[type[Exception], ...] = (DomainError,),
) -> T:
    """What `act` gives with the id and the slug of the scope that the address names.

    For what asks a token's session by itself whether its scope is this one and is active: a scope
    never changes either, so that a slug that led to one before is not looked up. Where `act`
    refuses, the address is resolved, and what stands against that comes first. Raises what
    `resolve` and `act` raise.
    """
    known = remembered(named, now=now)
    if known is None:
        return act(*_looked_up(named, now))
    try:
        return act(known, named.slug)
    except refusals:
        scope_id, slug = _looked_up(named, now)
        if scope_id == known:
            raise
    return act(scope_id, slug)


def remembered(named: Named, *, now: datetime) -> UUID | None:
    """The scope to which the slug of the address led before, None where that is not known.

    Whether it is active, and whether the credential is of that scope, is not asked.
    """
    known = None if named.header else _slugs.get(named.slug)
    if known is None or not named.host:
        return known
    return known if _hosts.scope_of(named.host, now) in {None, known} else None


def _looked_up(named: Named, now: datetime) -> tuple[UUID, str]:
    resolved = resolve(named, now=now)
    _remember(named.slug, resolved.scope_id)
    return resolved.scope_id, resolved.slug


def _remember(slug: str, scope_id: UUID) -> None:
    if slug and _slugs.get(slug) != scope_id:
        if len(_slugs) >= _MOST_SLUGS:
            _slugs.clear()
        _slugs[slug] = scope_id


def _active(scope: doors.ScopeDoor, source: Source) -> Resolved:
    if scope.status != "active":
        raise ScopeNotActive
    return Resolved(scope.scope_id, scope.slug, scope.status, source)


def _by_address(named: Named) -> tuple[doors.ScopeDoor, Source]:
    found: list[tuple[doors.ScopeDoor, Source]] = []
    if named.header:
        found.append((_required(_by_header(named.header)), Source.HEADER))
    if named.host and (scope := doors.scope_by_host(named.host)):
        # A host that no scope has is the deployment's own.
        found.append((scope, Source.HOST))
    if named.slug:
        found.append((_required(doors.scope_by_slug(named.slug)), Source.PATH))
    if not found:
        default = doors.default_scope()
        if default is None:
            raise ScopeUnknown("Name a scope: call an address that begins with /s/<slug>/.")
        return default, Source.DEFAULT
    if len({scope.scope_id for scope, _ in found}) > 1:
        raise ScopeAmbiguous
    return found[0]


def _by_header(header: str) -> doors.ScopeDoor | None:
    scope_id = _uuid(header)
    return None if scope_id is None else doors.scope_by_id(scope_id)


def _required(scope: doors.ScopeDoor | None) -> doors.ScopeDoor:
    if scope is None:
        raise ScopeUnknown
    return scope


def _agrees(named: Named, credential: doors.ScopeDoor, now: datetime) -> bool:
    if named.header and _uuid(named.header) != credential.scope_id:
        return False
    if named.slug and named.slug != credential.slug:
        return False
    return not named.host or _hosts.scope_of(named.host, now) in {None, credential.scope_id}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class _Hosts:
    """Which scope a host name leads to, remembered for a second; a scope's status never is."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, UUID | None]] = {}
        self._lock = threading.Lock()

    def scope_of(self, host: str, now: datetime) -> UUID | None:
        known = self._known.get(host)
        if known is not None and timedelta() <= now - known[0] < _REMEMBERED:
            return known[1]
        scope = doors.scope_by_host(host)
        scope_id = None if scope is None else scope.scope_id
        with self._lock:
            if len(self._known) >= _MOST_HOSTS:
                # Anybody can send any host name: what was made of them is worth nothing.
                self._known.clear()
            self._known[host] = (now, scope_id)
        return scope_id

    def forget(self) -> None:
        self._known.clear()


_hosts = _Hosts()
_slugs: dict[str, UUID] = {}


def forget() -> None:
    """Ask the database anew about every host name and slug."""
    _hosts.forget()
    _slugs.clear()
