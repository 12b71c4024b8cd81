"""The navigation: who sees which page, and which one is current."""

from uuid import uuid4

from identity.actor import Actor, ActorKind
from identity.admin import navigation


def of(*permissions: str, path: str = "/admin/", **counts: str) -> list[navigation.Entry]:
    actor = Actor(kind=ActorKind.STAFF, scope_id=uuid4(), permissions=frozenset(permissions))
    groups = navigation.of(actor, path=path, counts=counts)
    return [entry for group in groups for entry in group.entries]


def names(*permissions: str) -> set[str]:
    return {entry.name for entry in of(*permissions)}


def test_shows_a_page_to_who_has_its_permission() -> None:
    assert "Users" not in names()
    assert "Users" in names("users:list")
    assert "Audit" not in names("users:list")


def test_shows_the_dashboard_and_ones_own_pages_to_everybody() -> None:
    assert {"Dashboard", "Your sign-in"} <= names()


def test_leaves_out_groups_without_a_page() -> None:
    actor = Actor(kind=ActorKind.STAFF, scope_id=uuid4())
    groups = navigation.of(actor, path="/admin/", counts={})
    assert all(group.entries for group in groups)
    assert "People" not in {group.name for group in groups}


def test_leaves_out_pages_that_are_not_mounted(monkeypatch) -> None:
    page = navigation.Page("Nowhere", "admin:nowhere", "help")
    monkeypatch.setattr(navigation, "PAGES", (("Work", (page,)),))
    assert not of()


def test_marks_the_page_that_an_address_lies_under() -> None:
    entries = of("users:list", path="/admin/accounts/user/0123/change/")
    assert [entry.name for entry in entries if entry.is_current] == ["Users"]


def test_marks_the_dashboard_only_where_nothing_else_fits() -> None:
    entries = of("users:list", path="/admin/password_change/")
    assert [entry.name for entry in entries if entry.is_current] == ["Dashboard"]


def test_puts_a_count_beside_its_page_alone() -> None:
    entries = of("proposals:list", "users:list", waiting="3")
    assert [entry.name for entry in entries if entry.count] == ["Proposals"]


def test_marks_roles_on_the_pages_of_rules() -> None:
    entries = of("roles:list", path="/admin/accounts/rule/0123/change/")
    assert [entry.name for entry in entries if entry.is_current] == ["Roles & rules"]
