"""Which scope a request is about: credential, header, host, path, default; and who is refused."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from identity import actor, ids
from identity.errors import Unauthenticated
from identity.models import Scope
from identity.scoping import doors
from identity.services import scopes
from identity.web import scope_resolution
from identity.web.scope_resolution import Named, Source

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def forgotten_hosts() -> Iterator[None]:
    scope_resolution.forget()
    yield
    scope_resolution.forget()


@pytest.fixture
def acme(db: None) -> Scope:
    scope = scopes.create(slug="acme", name="Acme", now=NOW)
    scopes.add_host(host="acme.example", by=actor.system(scope.id), now=NOW)
    return scope


@pytest.fixture
def charlies(db: None) -> Scope:
    scope = scopes.create(slug="charlies", name="Charlie's", now=NOW)
    scopes.add_host(host="charlies.example", by=actor.system(scope.id), now=NOW)
    return scope


def _credential(scope: Scope) -> doors.ScopeDoor:
    found = doors.scope_by_id(scope.id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/s/acme/request", ("acme", "/request")),
        ("/s/acme/", ("acme", "/")),
        ("/s/acme/s/other/", ("acme", "/s/other/")),
        ("/s/acme", ("", "/s/acme")),
        ("/s//request", ("", "/s//request")),
        ("/s/", ("", "/s/")),
        ("/request", ("", "/request")),
        ("/", ("", "/")),
        ("/S/acme/x", ("", "/S/acme/x")),
    ],
)
def test_splits_the_prefix_from_the_path(path: str, expected: tuple[str, str]) -> None:
    assert scope_resolution.split_path(path) == expected


def test_reads_the_address_from_the_environment() -> None:
    environ = {
        "PATH_INFO": "/s/acme/request",
        "HTTP_HOST": "Acme.Example:8443",
        "HTTP_X_SCOPE_ID": " 01900000-0000-7000-8000-00000000000a ",
        "HTTP_X_FORWARDED_HOST": "charlies.example",
    }
    assert scope_resolution.of_environ(environ) == Named(
        header="01900000-0000-7000-8000-00000000000a",
        host="acme.example",
        slug="acme",
        path="/request",
    )
    assert scope_resolution.of_environ({}) == Named()


def test_finds_the_scope_by_each_part_of_the_address(acme: Scope) -> None:
    for named, source in (
        (Named(header=str(acme.id)), Source.HEADER),
        (Named(host="acme.example"), Source.HOST),
        (Named(slug="acme"), Source.PATH),
        (Named(header=str(acme.id), host="acme.example", slug="acme"), Source.HEADER),
        (Named(host="acme.example", slug="acme"), Source.HOST),
        (Named(host="unknown.example", slug="acme"), Source.PATH),
    ):
        resolved = scope_resolution.resolve(named, now=NOW)
        assert (resolved.scope_id, resolved.slug, resolved.status) == (acme.id, "acme", "active")
        assert resolved.source == source


@pytest.mark.parametrize("part", ["header", "host", "slug"])
def test_refuses_an_address_that_names_two_scopes(part: str, acme: Scope, charlies: Scope) -> None:
    parts = {"header": str(acme.id), "host": "acme.example", "slug": "acme"}
    others = {"header": str(charlies.id), "host": "charlies.example", "slug": "charlies"}
    parts[part] = others[part]
    with pytest.raises(scope_resolution.ScopeAmbiguous):
        scope_resolution.resolve(Named(**parts), now=NOW)


@pytest.mark.parametrize(
    "named",
    [
        Named(slug="nobody"),
        Named(header="01900000-0000-7000-8000-000000000000"),
        Named(header="acme"),
        Named(header="acme", slug="acme"),
        Named(slug="nobody", host="acme.example"),
        Named(host="unknown.example"),
        Named(slug="a\x00"),
        Named(),
    ],
)
def test_refuses_what_names_no_scope(named: Named, acme: Scope, settings: Settings) -> None:
    settings.DEFAULT_SCOPE = ""
    with pytest.raises(scope_resolution.ScopeUnknown):
        scope_resolution.resolve(named, now=NOW)


def test_takes_the_default_only_where_nothing_is_named(
    acme: Scope, charlies: Scope, settings: Settings
) -> None:
    settings.DEFAULT_SCOPE = "charlies"
    for host in ("", "unknown.example"):
        resolved = scope_resolution.resolve(Named(host=host), now=NOW)
        assert (resolved.slug, resolved.source) == ("charlies", Source.DEFAULT)
    assert scope_resolution.resolve(Named(slug="acme"), now=NOW).slug == "acme"
    with pytest.raises(scope_resolution.ScopeUnknown):
        scope_resolution.resolve(Named(slug="nobody"), now=NOW)


def test_follows_the_credential_where_the_address_agrees(
    acme: Scope, charlies: Scope, settings: Settings
) -> None:
    settings.DEFAULT_SCOPE = "charlies"
    for named in (
        Named(),
        Named(host="unknown.example"),
        Named(host="acme.example", slug="acme", header=str(acme.id)),
    ):
        resolved = scope_resolution.resolve(named, now=NOW, credential=_credential(acme))
        assert (resolved.scope_id, resolved.source) == (acme.id, Source.CREDENTIAL)


@pytest.mark.parametrize("part", ["header", "host", "slug", "unknown slug", "broken header"])
def test_refuses_a_credential_of_another_scope(part: str, acme: Scope, charlies: Scope) -> None:
    named = {
        "header": Named(header=str(charlies.id), slug="acme"),
        "host": Named(host="charlies.example", slug="acme"),
        "slug": Named(host="acme.example", slug="charlies"),
        "unknown slug": Named(slug="nobody"),
        "broken header": Named(header="acme"),
    }[part]
    with pytest.raises(scope_resolution.ScopeMismatch):
        scope_resolution.resolve(named, now=NOW, credential=_credential(acme))


def test_refuses_a_suspended_scope_at_once(acme: Scope) -> None:
    named = Named(slug="acme", host="acme.example")
    scope_resolution.resolve(named, now=NOW)
    scope_resolution.resolve(named, now=NOW, credential=_credential(acme))
    scopes.suspend(by=actor.system(acme.id), now=NOW)
    with pytest.raises(scope_resolution.ScopeNotActive):
        scope_resolution.resolve(named, now=NOW)
    with pytest.raises(scope_resolution.ScopeNotActive):
        scope_resolution.resolve(named, now=NOW, credential=_credential(acme))


def test_asks_nothing_more_when_a_credential_is_at_its_own_path(acme: Scope) -> None:
    credential = _credential(acme)
    with CaptureQueriesContext(connection) as statements:
        scope_resolution.resolve(Named(slug="acme"), now=NOW, credential=credential)
    assert len(statements) == 0


def test_remembers_a_host_for_less_than_a_second(acme: Scope, charlies: Scope) -> None:
    named, credential = Named(host="acme.example"), _credential(acme)
    scope_resolution.resolve(named, now=NOW, credential=credential)
    by = actor.system(acme.id)
    scopes.remove_host(host="acme.example", by=by, now=NOW)
    scopes.add_host(host="acme.example", by=actor.system(charlies.id), now=NOW)
    almost = NOW + timedelta(milliseconds=999)
    with CaptureQueriesContext(connection) as statements:
        scope_resolution.resolve(named, now=almost, credential=credential)
    assert len(statements) == 0
    with pytest.raises(scope_resolution.ScopeMismatch):
        scope_resolution.resolve(named, now=NOW + timedelta(seconds=1), credential=credential)


def test_remembers_a_bounded_number_of_hosts(acme: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope_resolution, "_MOST_HOSTS", 10)
    credential = _credential(acme)
    for number in range(50):
        named = Named(host=f"host-{number}.example")
        scope_resolution.resolve(named, now=NOW, credential=credential)
    assert len(scope_resolution._hosts._known) <= 10


def test_believes_no_memory_from_the_future(acme: Scope) -> None:
    named = Named(host="acme.example")
    scope_resolution.resolve(named, now=NOW, credential=_credential(acme))
    with CaptureQueriesContext(connection) as statements:
        earlier = NOW - timedelta(seconds=5)
        scope_resolution.resolve(
            named, now=earlier, credential=doors.ScopeDoor(acme.id, "acme", "active")
        )
    assert len(statements) == 1


def test_refuses_a_scope_that_is_closed() -> None:
    closed = doors.ScopeDoor(ids.new(), "gone", "closed")
    with pytest.raises(scope_resolution.ScopeNotActive):
        scope_resolution.resolve(Named(slug="gone"), now=NOW, credential=closed)


class TestAtOnce:
    """What asks its token's session for the scope is told where the address leads."""

    @staticmethod
    def told(scope_id: UUID, slug: str) -> tuple[UUID, str]:
        return scope_id, slug

    @staticmethod
    def refusing(*_: object) -> None:
        raise Unauthenticated

    def test_looks_a_slug_up_once(self, acme: Scope) -> None:
        named = Named(slug="acme")
        scope_resolution.at_once(named, self.told, now=NOW)
        with CaptureQueriesContext(connection) as captured:
            assert scope_resolution.at_once(named, self.told, now=NOW) == (acme.id, "acme")
        assert len(captured) == 0

    def test_follows_header_and_host_too(self, acme: Scope, charlies: Scope) -> None:
        scope_resolution.at_once(Named(slug="acme"), self.told, now=NOW)
        for named in (
            Named(slug="acme", host="acme.example"),
            Named(slug="acme", host="unknown.example"),
            Named(slug="acme", header=str(acme.id)),
        ):
            assert scope_resolution.at_once(named, self.told, now=NOW) == (acme.id, "acme")
        for named in (
            Named(slug="acme", host="charlies.example"),
            Named(slug="acme", header=str(charlies.id)),
        ):
            with pytest.raises(scope_resolution.ScopeAmbiguous):
                scope_resolution.at_once(named, self.told, now=NOW)

    def test_a_refusal_says_first_what_stands_against_the_scope(self, acme: Scope) -> None:
        named = Named(slug="acme")
        scope_resolution.at_once(named, self.told, now=NOW)
        with pytest.raises(Unauthenticated):
            scope_resolution.at_once(named, self.refusing, now=NOW)
        scopes.suspend(by=actor.system(acme.id), now=NOW)
        with pytest.raises(scope_resolution.ScopeNotActive):
            scope_resolution.at_once(named, self.refusing, now=NOW)
        with pytest.raises(scope_resolution.ScopeUnknown):
            scope_resolution.at_once(Named(slug="nobody"), self.told, now=NOW)

    def test_asks_anew_where_a_slug_leads_elsewhere(
        self, acme: Scope, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = UUID("01900000-0000-7000-8000-00000000000b")
        monkeypatch.setitem(scope_resolution._slugs, "acme", other)

        def act(scope_id: UUID, slug: str) -> str:
            if scope_id == other:
                raise Unauthenticated
            return slug

        assert scope_resolution.at_once(Named(slug="acme"), act, now=NOW) == "acme"
        assert scope_resolution._slugs["acme"] == acme.id
