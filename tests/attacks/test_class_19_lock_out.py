"""Class 19 of the known attacks: the limit on guesses is passed by a side door or a race.

Seen in Keycloak as CVE-2026-9798 and CVE-2026-9792, in django-allauth as a counter that was read,
changed and stored in three steps (nextcloud/appstore#1771) and as trust in `X-Forwarded-For`
(65.14.2), and in a penetration test of authentik (M1). `tests/races/test_wrong_passwords.py` sends
200 guesses at once; here are the side doors.
"""

import io
import itertools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import argon2
import pytest
from django.test import Client

from accounts import queries
from accounts.backends import StaffBackend
from accounts.models import User
from accounts.services import guessing, operators, passwords
from identity.actor import ActorKind
from identity.api.enterprise import views
from identity.errors import DomainError
from identity.web import client_ip
from identity.web.throttle import Throttle
from invitations.models import Invitation
from invitations.services import account
from sessions_app.models import Session
from sessions_app.services import sessions, tokens
from tests import acts, cast
from tests.attacks import wire
from tests.faces.enterprise.desk import keys
from tests.faces.v1.apps import App
from tests.races import together

RIGHT = "correct horse battery"
AT_ONCE = 20

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def staff(world: cast.World) -> User:
    """dora, who may sign in to the admin and has a password for her devices."""
    with cast.in_scope(world):
        return operators.add_staff(
            username="dora@example.test",
            password=RIGHT,
            email="dora@example.test",
            first_name="Dora",
            last_name="",
            roles=["workspace-auditor"],
            by=world.system,
            now=acts.now(),
        )


@pytest.fixture
def compared(world: cast.World, staff: User, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Passwords that the Argon2 library was really asked to compare with dora's."""
    seen: list[str] = []
    verify = argon2.PasswordHasher.verify

    def observed(self: argon2.PasswordHasher, hashed: Any, password: Any) -> Any:
        seen.extend([str(password)] if str(hashed) in staff.password else [])
        return verify(self, hashed, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", observed)
    return seen


def sign_in(world: cast.World, password: str, name: str = "dora@example.test") -> bool:
    slug = "" if "/" in name else world.scope.slug
    found = StaffBackend().authenticate(None, username=name, password=password, scope=slug)
    return found is not None


def guess_by_sign_in(world: cast.World, staff: User, number: int) -> None:
    assert not sign_in(world, f"guess {number}")


def guess_by_form(world: cast.World, staff: User, number: int) -> None:
    form = {
        "username": "dora@example.test",
        "password": f"guess {number}",
        "scope": world.scope.slug,
    }
    answer = Client().post(
        "/admin/login/", form, headers={"x-forwarded-for": f"203.0.113.{number}"}
    )
    assert answer.status_code in {200, 429}


def guess_by_change(world: cast.World, staff: User, number: int) -> None:
    with cast.in_scope(world):
        by = queries.actor_of_user(user_id=staff.id, kind=ActorKind.STAFF)
        with pytest.raises(DomainError):
            account.change_password(
                old=f"guess {number}",
                new="another password",
                by=by,
                now=acts.now(),
                evidence=acts.SIGNED,
            )


def guess_by_invitation(world: cast.World, staff: User, number: int) -> None:
    # Each guess has an invitation of its own, so no invitation's limit is in the way.
    bundle = acts.invitation(world, "dora@example.test")
    with pytest.raises(DomainError):
        acts.authorize(world, bundle, keys(0), password=f"guess {number}")


def guess_by_re_authentication(world: cast.World, staff: User, number: int) -> None:
    browser = Client()
    with cast.in_scope(world):
        browser.force_login(staff, backend="accounts.backends.StaffBackend")
    answer = browser.post("/admin/reauthenticate/", {"password": f"guess {number}"})
    assert answer.status_code == 200


def guess_by_api(world: cast.World, staff: User, number: int) -> None:
    answer = Client().post(
        f"/s/{world.scope.slug}/v1/sign-in/password",
        {"username": "dora@example.test", "password": f"guess {number}"},
        content_type="application/json",
        headers={"x-forwarded-for": f"203.0.113.{number}"},
    )
    assert answer.status_code == 401


def guess_by_step_up(world: cast.World, staff: User, number: int) -> None:
    # Whoever stole a token guesses the password that would open dangerous acts.
    with cast.in_scope(world):
        session = sessions.start(
            user_id=staff.id,
            proof=sessions.Proof(Session.Method.WALLET),
            origin=sessions.Origin(),
            audience=tokens.issuer(world.scope.slug),
            lasts=timedelta(days=1),
            now=acts.now(),
        )
        live = sessions.live(session, scope_slug=world.scope.slug)
        token = tokens.access(live, seconds=600, now=acts.now())
    answer = Client().post(
        f"/s/{world.scope.slug}/v1/me/step-up",
        {"password": f"guess {number}"},
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 401


PATHS: Mapping[str, Callable[[cast.World, User, int], None]] = {
    "the admin's backend": guess_by_sign_in,
    "the admin's form": guess_by_form,
    "a change of the password": guess_by_change,
    "a re-authentication": guess_by_re_authentication,
    "new invitations": guess_by_invitation,
    "the API's sign-in": guess_by_api,
    "a step-up of a session": guess_by_step_up,
}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_alone_allows_ten(
    world: cast.World, staff: User, compared: list[str], path: str
) -> None:
    for number in range(15):
        PATHS[path](world, staff, number)
    assert len(compared) == passwords.MOST_WRONG
    # The right one comes too late by every path.
    assert not sign_in(world, RIGHT)


def test_all_paths_together_allow_ten(world: cast.World, staff: User, compared: list[str]) -> None:
    paths = itertools.cycle(PATHS.values())
    for number in range(24):
        next(paths)(world, staff, number)
    assert len(compared) == passwords.MOST_WRONG
    assert not sign_in(world, RIGHT)
    with pytest.raises(DomainError):
        acts.authorize(world, acts.invitation(world, "dora@example.test"), keys(0), password=RIGHT)


@pytest.mark.parametrize(
    "spelling",
    [
        "DORA@EXAMPLE.TEST",
        "Dora@example.test",
        "\uff44\uff4f\uff52\uff41@example.test",
        "{slug}/dora@example.test",
    ],
)
def test_another_spelling_of_the_name_is_the_same_account(
    world: cast.World, staff: User, compared: list[str], spelling: str
) -> None:
    name = spelling.format(slug=world.scope.slug)
    for number in range(passwords.MOST_WRONG):
        sign_in(world, f"guess {number}", name if number % 2 else "dora@example.test")
    assert not sign_in(world, RIGHT)
    assert not sign_in(world, RIGHT, name)


def test_guesses_at_the_same_time_are_all_counted(
    world: cast.World, staff: User, compared: list[str]
) -> None:
    together.run(lambda number: quiet(sign_in, world, f"guess {number}"), count=AT_ONCE)
    together.run(lambda number: quiet(sign_in, world, f"again {number}"), count=AT_ONCE)
    assert len(compared) <= passwords.MOST_WRONG
    with cast.in_scope(world):
        assert User.objects.get(id=staff.id).wrong_passwords == len(compared)


def quiet(act: Callable[..., Any], *arguments: Any) -> None:
    try:
        act(*arguments)
    except DomainError:
        # The lane is full: that guess was not compared at all.
        return


def test_waiting_at_the_border_of_a_window_gives_no_second_ten(
    world: cast.World, staff: User, compared: list[str]
) -> None:
    start = acts.now()
    for number in range(10):
        refuse_at(world, staff, f"early {number}", start + timedelta(minutes=14))
    for number in range(10):
        refuse_at(world, staff, f"late {number}", start + timedelta(minutes=16))
    assert len(compared) == passwords.MOST_WRONG
    refuse_at(world, staff, "much later", start + timedelta(minutes=30))
    assert len(compared) == passwords.MOST_WRONG + 1


def refuse_at(world: cast.World, staff: User, password: str, at: datetime) -> None:
    with cast.in_scope(world), pytest.raises(DomainError):
        passwords.check(user_id=staff.id, password=password, now=at)


def test_another_accounts_success_gives_no_try_back(
    world: cast.World, staff: User, compared: list[str]
) -> None:
    with cast.in_scope(world):
        operators.add_staff(
            username="mallory",
            password=RIGHT,
            email="",
            first_name="",
            last_name="",
            roles=[],
            by=world.system,
            now=acts.now(),
        )
    for number in range(12):
        guess_by_sign_in(world, staff, number)
        assert sign_in(world, RIGHT, "mallory")
    assert not sign_in(world, RIGHT)
    assert len(compared) == passwords.MOST_WRONG


def test_wrong_secrets_of_an_invitation_are_five_by_every_address(world: cast.World) -> None:
    bundle = acts.invitation(world, "bob@example.test")
    held = wire.offer(world, bundle)
    for number in range(8):
        asked = {
            "action": "add",
            "resource": "/account-management/authorize",
            "details": {
                "invite_string": f"inv_{number}",
                "device_name": "laptop",
                "device_signature_pubkey": keys(0).signature_pubkey,
                "device_encryption_pubkey": keys(0).encryption_pubkey,
            },
        }
        body = wire.one_time_channel(held, keys(0)).seal(asked).body
        wire.post(world, body, address=f"203.0.113.{number}")
    with cast.in_scope(world):
        invitation = Invitation.objects.get()
    assert (invitation.state, invitation.wrong_tries) == ("locked", 5)
    assert wire.refusal(lambda: wire.join(world, held, keys(0))) in {
        wire.NOT_VALID,
        wire.UNAUTHENTIC,
    }


def test_mailed_codes_of_one_client_are_counted_apart_from_its_passwords(
    world: cast.World, staff: User
) -> None:
    app = App(world, "192.0.2.77")
    # A browser without a mark has no code to guess.
    assert app.post("/sign-in/email", {"email": "mallory@example.test"}).status_code == 202
    told = []
    for number in range(guessing.MOST_WRONG + 2):
        mailed = {"email": f"person-{number}@example.test", "code": "000000"}
        told.append(app.post("/sign-in/email/code", mailed).status_code)
    assert told == [401] * guessing.MOST_WRONG + [429, 429]
    told = [
        app.by_password(f"nobody-{number}", "wrong").status_code
        for number in range(guessing.MOST_WRONG + 2)
    ]
    assert told == [401] * guessing.MOST_WRONG + [429, 429]


SPOOFED = (
    "203.0.113.{number}",
    "203.0.113.{number}, 192.0.2.1",
    "192.0.2.1, 203.0.113.{number}",
    "::ffff:203.0.113.{number}",
    "203.0.113.{number}:4711",
    "unknown, 203.0.113.{number}",
    ",,,203.0.113.{number}",
)


def environ(header: str) -> dict[str, Any]:
    return {
        "REMOTE_ADDR": "192.0.2.9",
        "HTTP_X_FORWARDED_FOR": header,
        "HTTP_X_REAL_IP": header,
        "HTTP_FORWARDED": f"for={header}",
        "HTTP_CLIENT_IP": header,
        "HTTP_CF_CONNECTING_IP": header,
    }


@pytest.mark.parametrize("spoofed", SPOOFED)
def test_a_spoofed_address_is_not_believed(spoofed: str) -> None:
    # No proxy is trusted by default: whatever is written there, the connection counts.
    seen = {client_ip.of(environ(spoofed.format(number=number))) for number in range(9)}
    assert seen == {"192.0.2.9"}


@pytest.mark.parametrize("spoofed", SPOOFED)
def test_behind_a_proxy_only_what_the_proxy_wrote_is_believed(spoofed: str) -> None:
    headers = [f"{spoofed.format(number=number)}, 198.51.100.7" for number in range(9)]
    seen = {client_ip.behind(environ(header), trusted_proxies=1) for header in headers}
    assert seen == {"198.51.100.7"}


def test_the_brake_of_the_face_counts_spoofed_requests_as_one(
    world: cast.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "per_address", Throttle(count=5, seconds=60))
    statuses = []
    for number in range(12):
        request = environ(f"203.0.113.{number}") | {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": f"/s/{world.scope.slug}/request",
            "CONTENT_TYPE": "application/octet-stream",
            "CONTENT_LENGTH": "4",
            "wsgi.input": io.BytesIO(b"nope"),
            "wsgi.url_scheme": "http",
            "SERVER_NAME": "countersign.test",
            "SERVER_PORT": "80",
        }
        statuses.append(views.handle(request).status)
    # A window may end in the middle of the twelve.
    assert statuses.count(429) >= 2
    assert set(statuses) == {400, 429}


def names_of_many(world: cast.World, count: int) -> list[str]:
    """Accounts that share a password that somebody guesses."""
    names = [f"staff-{number}" for number in range(count)]
    for name in names:
        with cast.in_scope(world):
            operators.add_staff(
                username=name,
                password=RIGHT,
                email="",
                first_name="",
                last_name="",
                roles=[],
                by=world.system,
                now=acts.now(),
            )
    return names


def guess_at(world: cast.World, name: str, number: int, address: str) -> str:
    form = {"username": name, "password": f"guess {number}", "scope": world.scope.slug}
    answer = Client().post(
        "/admin/login/",
        form,
        REMOTE_ADDR=address,
        headers={
            "x-forwarded-for": f"203.0.113.{number}",
            "x-real-ip": f"203.0.113.{number}",
            "forwarded": f"for=203.0.113.{number}",
        },
    )
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_one_guess_at_each_of_many_accounts_is_held_by_the_address(
    world: cast.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    verify = argon2.PasswordHasher.verify

    def observed(self: argon2.PasswordHasher, hashed: Any, password: Any) -> Any:
        seen.append(str(password))
        return verify(self, hashed, password)

    names = names_of_many(world, 8)
    monkeypatch.setattr(argon2.PasswordHasher, "verify", observed)
    told = [
        guess_at(world, names[number % 8], number, "192.0.2.44")
        for number in range(guessing.MOST_WRONG + 10)
    ]
    assert len(seen) == guessing.MOST_WRONG
    assert "Too many wrong passwords or codes came from this address." in told[-1]
    # The right password waits too, there; elsewhere it is taken.
    form = {"username": names[0], "password": RIGHT, "scope": world.scope.slug}
    assert Client().post("/admin/login/", form, REMOTE_ADDR="192.0.2.44").status_code == 200
    assert Client().post("/admin/login/", form, REMOTE_ADDR="192.0.2.45").status_code == 302


def test_addresses_of_one_subscriber_are_one(world: cast.World) -> None:
    (name,) = names_of_many(world, 1)
    with cast.in_scope(world):
        for number in range(guessing.MOST_WRONG):
            with pytest.raises(DomainError):
                passwords.check(
                    user_id=None,
                    password="wrong",
                    now=acts.now(),
                    address=f"2001:db8:1:2::{number:x}",
                )
    form = {"username": name, "password": RIGHT, "scope": world.scope.slug}
    for address, status in (("2001:db8:1:2:ffff::1", 200), ("2001:db8:1:3::1", 302)):
        assert Client().post("/admin/login/", form, REMOTE_ADDR=address).status_code == status


def test_the_address_counts_behind_a_trusted_proxy(world: cast.World, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    (name,) = names_of_many(world, 1)
    form = {"username": name, "scope": world.scope.slug}
    for number in range(guessing.MOST_WRONG):
        Client().post(
            "/admin/login/",
            {**form, "username": f"nobody-{number}", "password": "wrong"},
            headers={"x-forwarded-for": f"203.0.113.{number}, 198.51.100.7"},
        )
    right = {**form, "password": RIGHT}
    for address, status in (("198.51.100.7", 200), ("198.51.100.8", 302)):
        answer = Client().post(
            "/admin/login/", right, headers={"x-forwarded-for": f"192.0.2.200, {address}"}
        )
        assert answer.status_code == status
