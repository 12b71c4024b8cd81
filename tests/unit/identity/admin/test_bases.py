"""Bases of the pages about rows: bounded lists, searches by prefix, trails, acts."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client, RequestFactory

from accounts.models import Device, User
from accounts.services import operators
from identity.admin import acts, charts, lists, site, trail
from identity.admin.standing import actor_of
from identity.errors import Forbidden
from identity.models import AuditEvent
from tests import cast
from tests.acts import as_actor

PASSWORD = "correct horse battery"
HTML = {"accept": "text/html"}


@pytest.fixture
def world(db: None) -> cast.World:
    return cast.world()


def staff(world: cast.World, *roles: str) -> Client:
    with cast.in_scope(world):
        operators.add_staff(
            username="carol",
            password=PASSWORD,
            email="",
            first_name="",
            last_name="",
            roles=roles,
            by=world.system,
            now=datetime.now(UTC),
        )
    client = Client(headers=HTML)
    form = {"scope": world.scope.slug, "username": "carol", "password": PASSWORD}
    client.post("/admin/login/", form | {"next": "/admin/"})
    return client


def test_counts_no_further_than_its_bound(
    world: cast.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("alice", "bob", "charlie"):
        world.member(name)
    monkeypatch.setattr(lists, "MOST_COUNTED", 2)
    monkeypatch.setattr(charts, "MOST_COUNTED", 2)
    page = staff(world, "workspace-auditor").get("/admin/accounts/user/")
    assert page.context["cl"].result_count == 3
    assert "2+ users" in page.content.decode()


def test_leafs_through_a_list(world: cast.World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("alice", "bob", "charlie"):
        world.member(name)
    monkeypatch.setattr(site.get_model_admin(User), "list_per_page", 3)
    client = staff(world, "workspace-auditor")
    first = client.get("/admin/accounts/user/").content.decode()
    assert "1 to 3 of 4 users" in first
    assert ">Next<" in first
    assert ">Previous<" not in first
    last = client.get("/admin/accounts/user/?p=2").content.decode()
    assert "4 to 4 of 4 users" in last
    assert ">Next<" not in last
    assert ">Previous<" in last


@pytest.mark.parametrize(
    ("term", "found"),
    [("ALI", ["alice"]), ("alice", ["alice"]), ("lice", []), ("al%", []), ("", None)],
)
def test_searches_by_how_a_name_begins(
    world: cast.World, term: str, found: list[str] | None
) -> None:
    for name in ("alice", "bob"):
        world.member(name)
    page = staff(world, "workspace-auditor").get("/admin/accounts/user/", {"q": term})
    names = [user.username.split("@")[0] for user in page.context["cl"].result_list]
    assert len(names) == 3 if found is None else names == found


def test_bears_a_text_that_no_column_can_hold(world: cast.World) -> None:
    client = staff(world, "workspace-auditor")
    for path in ("accounts/user", "accounts/device", "identity/auditevent"):
        page = client.get(f"/admin/{path}/?q=a%00b")
        assert "Null characters are not allowed." in page.content.decode()


def test_finds_events_by_a_whole_id_or_a_beginning(world: cast.World) -> None:
    member = world.member("alice")
    client = staff(world, "workspace-auditor")
    with cast.in_scope(world):
        event = AuditEvent.objects.filter(subject_kind="device").first()
    assert event is not None
    for term in (event.subject_id, event.name, event.name[:7]):
        page = client.get("/admin/identity/auditevent/", {"q": term})
        assert event.sequence in [row.sequence for row in page.context["window"].rows], term
    page = client.get("/admin/identity/auditevent/", {"q": str(member.device.id)[:34]})
    assert not page.context["window"].rows


def test_shows_the_trail_of_an_object(world: cast.World) -> None:
    member = world.member("alice", "workspace-auditor")
    other = world.member("bob", "support")
    with cast.in_scope(world):
        found = trail.of("device", str(member.device.id), by=as_actor(member))
        assert trail.of("device", str(member.device.id), by=as_actor(other)) is None
        nothing = trail.of("device", "unheard-of", by=as_actor(member))
    assert found is not None
    assert found.events
    assert str(member.device.id) in found.url
    assert not found.is_cut
    assert nothing is not None
    assert not nothing.events


def test_names_who_acted(world: cast.World) -> None:
    member = world.member("alice")
    known = {"kind": "device", "user": str(member.user.public_id), "address": "192.0.2.7"}
    with cast.in_scope(world):
        names = trail.names_of([known, {"kind": "system"}])
    assert trail.who(known, names) == "alice@example.test, with a device"
    assert trail.who({"kind": "system"}, names) == "the platform"
    assert trail.who({"kind": "staff", "user": "gone"}, names) == "gone, in the admin"


def test_keeps_no_request_on_a_page_that_all_threads_share(world: cast.World) -> None:
    client = staff(world, "workspace-auditor")
    assert client.get("/admin/accounts/device/").status_code == 200
    page: Any = site.get_model_admin(Device)
    assert page.request is None
    assert not page.media._css
    assert not page.media._js


def test_puts_a_refusal_into_the_form(world: cast.World) -> None:
    member = world.member("alice", "super-admin")

    def refuse(data: dict[str, Any]) -> Any:
        raise Forbidden(f"Not because of {data['reason']}.")

    request = RequestFactory().post("/", {"reason": "boredom"})
    request.user = member.user
    request.session = {}  # type: ignore[assignment]
    request.actor = as_actor(member)  # type: ignore[attr-defined]
    form = acts.ReasonForm(request.POST)
    ask = acts.Ask("Revoke", "admin/act.html", back="/", back_name="Devices", done="Done.")
    with cast.in_scope(world):
        answer = acts.page(request, ask, form, refuse)
    assert actor_of(request) == request.actor  # type: ignore[attr-defined]
    assert answer.status_code == 200
    assert form.non_field_errors() == ["Not because of boredom."]
