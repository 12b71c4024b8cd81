"""Staff at the admin in tests: made, with generators of one-time passwords, signing in."""

import base64
import time
from typing import Any

from django.test import Client
from django_otp.oath import TOTP

from accounts import queries
from accounts.models import User
from accounts.services import one_time_passwords, operators
from identity.actor import Actor
from identity.models import Scope
from identity.scoping import current
from tests import acts, cast

PASSWORD = "correct horse battery"
ADDRESS = "/admin/login/"


class Generator:
    """An authenticator app: a fresh code each time, as far as the server's patience goes."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.step = int(time.time()) // one_time_passwords.STEP - 1

    @classmethod
    def of_text(cls, text: str) -> "Generator":
        return cls(base64.b32decode(text))

    def code(self) -> str:
        """The code of a step that was not shown before; three of them without waiting."""
        shown = self.at(self.step)
        self.step += 1
        return shown

    def at(self, step: int) -> str:
        generator = TOTP(self.secret, step=one_time_passwords.STEP)
        generator.time = step * one_time_passwords.STEP
        return f"{generator.token():06}"

    def wrong(self) -> str:
        """A code that no step near now shows."""
        now = int(time.time()) // one_time_passwords.STEP
        near = {self.at(now + offset) for offset in range(-3, 6)}
        return next(code for code in ("000000", "111111", "222222") if code not in near)


def add(world: cast.World, name: str, *roles: str, password: str = PASSWORD) -> User:
    """Somebody who signs in to the scope's admin."""
    with cast.in_scope(world):
        return operators.add_staff(
            username=name,
            password=password,
            email="",
            first_name="",
            last_name="",
            roles=roles,
            by=world.system,
            now=acts.now(),
        )


def add_operator(password: str = PASSWORD) -> User:
    platform: Scope = operators.ensure_platform(now=acts.now())
    from identity import actor

    return operators.add_operator(
        username="operator", password=password, by=actor.system(platform.id), now=acts.now()
    )


def as_actor(user: User) -> Actor:
    return queries.staff_actor(user, scope_id=user.scope_id)


def enrol(user: User) -> tuple[Generator, list[str]]:
    """The user's generator, taken into use, and the recovery codes."""
    with current.in_scope(user.scope_id):
        by = as_actor(user)
        one_time_passwords.begin(user_id=user.id, by=by, now=acts.now())
        begun = one_time_passwords.begun(user_id=user.id, now=acts.now())
        assert begun is not None
        generator = Generator(begun.secret)
        codes = one_time_passwords.confirm(
            user_id=user.id, code=generator.code(), by=by, now=acts.now()
        )
        user.refresh_from_db()
    return generator, codes


def sign_in(
    client: Client, username: str, scope: str = "", password: str = PASSWORD, **more: Any
) -> Any:
    """The first step."""
    form = {"scope": scope, "username": username, "password": password, "next": "/admin/"}
    return client.post(ADDRESS, form | more)


def give_code(client: Client, code: str) -> Any:
    """The second step."""
    return client.post("/admin/one-time-password/", {"code": code})


def is_in(client: Client) -> bool:
    """Whether the admin's first page is shown."""
    return bool(client.get("/admin/").status_code == 200)
