"""The admin's site: who comes in, as whom, in which scope, and what its pages refuse."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from accounts.services import hash_lane, operators
from identity.models import AuditEvent
from identity.scoping import current
from tests import cast

PASSWORD = "correct horse battery"
HTML = {"accept": "text/html"}


@pytest.fixture
def world(db: None) -> cast.World:
    return cast.world()


@pytest.fixture
def operator(db: None) -> str:
    password = operators.ensure_first(now=datetime.now(UTC))
    assert password is not None
    return password


def staff(world: cast.World, name: str, *roles: str) -> User:
    with cast.in_scope(world):
        return operators.add_staff(
            username=name,
            password=PASSWORD,
            email="",
            first_name="",
            last_name="",
            roles=roles,
            by=world.system,
            now=datetime.now(UTC),
        )


def sign_in(client: Client, username: str, password: str, scope: str = "") -> Any:
    form = {"scope": scope, "username": username, "password": password, "next": "/admin/"}
    return client.post("/admin/login/?next=/admin/", form)


def every_page() -> list[str]:
    """Names of all addresses of the admin."""

    def walk(patterns: list[Any]) -> list[str]:
        found: list[str] = []
        for entry in patterns:
            if isinstance(entry, URLResolver):
                found += walk(entry.url_patterns)
            elif isinstance(entry, URLPattern):
                found.append(str(entry.name))
        return found

    (admin,) = [entry for entry in get_resolver().url_patterns if str(entry.pattern) == "admin/"]
    assert isinstance(admin, URLResolver)
    return walk(admin.url_patterns)


def test_signs_staff_in_by_scope(client: Client, world: cast.World) -> None:
    staff(world, "alice", "workspace-auditor")
    answer = sign_in(client, "alice", PASSWORD, world.scope.slug)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    page = client.get("/admin/")
    assert page.context["scope_name"] == world.scope.slug
    assert page.context["standing"] == "workspace-auditor"


@pytest.mark.parametrize("scope", ["", "nowhere", "No Slug"])
def test_keeps_staff_out_of_other_scopes(client: Client, world: cast.World, scope: str) -> None:
    staff(world, "alice", "super-admin")
    assert sign_in(client, "alice", PASSWORD, scope).status_code == 200
    assert client.get("/admin/").status_code == 302


def test_says_so_when_too_many_sign_in(
    client: Client, world: cast.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts.errors import Busy

    def refuse() -> None:
        raise Busy(retry_after=1)

    monkeypatch.setattr(hash_lane.LANE, "turn", refuse)
    answer = sign_in(client, "alice", PASSWORD, world.scope.slug)
    assert answer.status_code == 200
    assert "The server is busy. Try again shortly." in answer.content.decode()


def test_shows_operators_no_page_before_they_choose_a_scope(
    client: Client, world: cast.World, operator: str
) -> None:
    sign_in(client, "operator", operator)
    answer = client.get("/admin/accounts/user/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/scope/")
    wrong = client.post("/admin/scope/", {"scope": "nowhere"})
    assert "Choose one of these scopes." in wrong.content.decode()
    assert client.get("/admin/accounts/user/").status_code == 302
    client.post("/admin/scope/", {"scope": world.scope.slug})
    assert client.get("/admin/accounts/user/").status_code == 200


def test_lets_staff_choose_no_scope_that_did_not_admit_them(
    client: Client, world: cast.World
) -> None:
    staff(world, "alice", "super-admin")
    sign_in(client, "alice", PASSWORD, world.scope.slug)
    other = cast.world()
    answer = client.post("/admin/scope/", {"scope": other.scope.slug}, headers=HTML)
    unknown = client.post("/admin/scope/", {"scope": "nowhere"}, headers=HTML)
    for refused in (answer, unknown):
        assert "Choose one of these scopes." in refused.content.decode()
        assert other.scope.slug not in refused.content.decode()
    assert client.get("/admin/").context["scope_name"] == world.scope.slug


def test_shows_nothing_of_a_scope_that_was_put_into_the_session(
    client: Client, world: cast.World
) -> None:
    staff(world, "alice", "super-admin")
    sign_in(client, "alice", PASSWORD, world.scope.slug)
    other = cast.world()
    cast_member = other.member("charlie")
    session = client.session
    session["admin_scope"] = other.scope.slug
    session.save()
    page = client.get("/admin/accounts/user/", follow=True)
    assert page.redirect_chain == [("/admin/scope/", 302)]
    assert cast_member.user.username not in page.content.decode()
    client.post("/admin/scope/", {"scope": world.scope.slug})
    page = client.get("/admin/accounts/user/")
    assert page.context["scope_name"] == world.scope.slug


def test_leaves_no_scope_in_force_behind(client: Client, world: cast.World) -> None:
    staff(world, "alice", "super-admin")
    sign_in(client, "alice", PASSWORD, world.scope.slug)
    for path in ("/admin/", "/admin/accounts/user/", "/admin/nowhere/"):
        client.get(path)
        assert current.scope_in_force() is None


def test_refuses_strangers_on_every_page(client: Client, world: cast.World) -> None:
    some = "01a1f985-0000-714b-8d8b-38ffc4e37c4f"
    names = every_page()
    assert len(names) > 40
    by_passkey = {"login_passkey", "login_passkey_options"}
    by_passkey |= {"second_passkey", "second_passkey_options"}
    open_to_all = {"login", "logout", "None", *by_passkey}
    for name in sorted({*names} - open_to_all):
        for arguments in ((), (some,), (1, some), ("accounts",)):
            try:
                address = reverse(f"admin:{name}", args=arguments)
            except NoReverseMatch:  # another number of arguments
                continue
            for answer in (client.get(address), client.post(address)):
                assert answer.status_code == 302, address
                assert "/admin/login/" in answer["Location"], address


def test_shows_a_reader_by_role_what_the_role_reads(client: Client, world: cast.World) -> None:
    staff(world, "alice", "support")
    sign_in(client, "alice", PASSWORD, world.scope.slug)
    statuses = {
        path: client.get(f"/admin/{path}/", headers=HTML).status_code
        for path in (
            "accounts/user",
            "accounts/device",
            "invitations/invitation",
            "invitations/invitation/issue",
            "invitations/proposal",
            "invitations/policy",
            "identity/auditevent",
        )
    }
    assert [path for path, status in statuses.items() if status == 403] == [
        "invitations/proposal",
        "invitations/policy",
        "identity/auditevent",
    ]
    assert {*statuses.values()} == {200, 403}


def test_shows_no_private_key(client: Client, world: cast.World, operator: str) -> None:
    sign_in(client, "operator", operator)
    client.post("/admin/scope/", {"scope": world.scope.slug})
    from identity.models import ServerKey

    with cast.in_scope(world):
        keys = list(ServerKey.objects.all())
    for key in keys:
        page = client.get(f"/admin/identity/serverkey/{key.id}/change/").content.decode()
        assert key.kid in page
        assert "sealed" not in page.lower()
        assert bytes(key.sealed_private).hex() not in page


@pytest.mark.django_db(transaction=True)
def test_changes_a_password_through_the_service() -> None:
    client, world = Client(), cast.world()
    staff(world, "alice", "workspace-auditor")
    sign_in(client, "alice", PASSWORD, world.scope.slug)
    new = "another good password"
    wrong = {"old": "wrong horse", "new": new, "again": new}
    assert "This is not your password" in (
        client.post("/admin/password_change/", wrong).content.decode()
    )
    answer = client.post("/admin/password_change/", wrong | {"old": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert [str(text) for text in get_messages(answer.wsgi_request)] == [
        "Your password is changed."
    ]
    assert client.get("/admin/").status_code == 200
    with cast.in_scope(world):
        assert AuditEvent.objects.filter(name="password.changed").count() == 1
    assert sign_in(Client(), "alice", PASSWORD, world.scope.slug).status_code == 200
    assert sign_in(Client(), "alice", new, world.scope.slug).status_code == 302


def test_adds_staff_from_the_shell(
    client: Client, world: cast.World, capsys: pytest.CaptureFixture[str]
) -> None:
    slug = world.scope.slug
    named = ("--scope", slug, "--username", "alice@example.test")
    call_command("staff", "add", *named, "--role", "workspace-auditor")
    password = capsys.readouterr().out.split("password\n  ")[1].split("\n")[0]
    assert len(password) >= 24
    assert sign_in(client, "alice@example.test", password, slug).status_code == 302
    with pytest.raises(CommandError, match="taken"):
        call_command("staff", "add", *named)
    with pytest.raises(CommandError, match="no such role"):
        call_command("staff", "add", "--scope", slug, "--username", "bob", "--role", "king")
    with cast.in_scope(world):
        assert not User.objects.filter(username="bob").exists()

    call_command("staff", "password", *named)
    renewed = capsys.readouterr().out.split("password\n  ")[1].split("\n")[0]
    assert sign_in(Client(), "alice@example.test", password, slug).status_code == 200
    assert sign_in(Client(), "alice@example.test", renewed, slug).status_code == 302
    with pytest.raises(CommandError, match="There is no user"):
        call_command("staff", "password", "--scope", slug, "--username", "nobody")
