"""Signing in as a user: by password or mailed code, and the second factor."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec

from identity.api.v1 import pairs, route
from identity.api.v1.route import OPEN, Asked, Reply
from identity.api.v1.shapes import Body, Shown
from identity.services import scopes
from identity.web import browser
from identity.web.browser import Mark
from sessions_app.errors import ChallengeRefused, CodeRefused
from sessions_app.services import (
    email_sign_in,
    first_factor,
    password_sign_in,
    sessions,
    tokens,
)
from sessions_app.services.first_factor import Arrival, Passed, SecondFactorDue
from sessions_app.services.mailed_codes import Asker

Visitor = Annotated[str, msgspec.Meta(max_length=80)]
Address = Annotated[str, msgspec.Meta(max_length=254)]
Code = Annotated[str, msgspec.Meta(max_length=64)]


class ByPassword(Body, frozen=True):
    """A user name, or the e-mail address where that is the user name, and the password.

    `visitor` is a label of the app's own for this browser; it is no secret.
    """

    username: Annotated[str, msgspec.Meta(max_length=254)]
    password: Annotated[str, msgspec.Meta(max_length=1024)]
    visitor: Visitor = ""


class SecondFactor(Body, frozen=True):
    """The ticket of the first step, and a one-time password or a recovery code."""

    ticket: Annotated[str, msgspec.Meta(max_length=64)]
    code: Code
    visitor: Visitor = ""


class ByEmail(Body, frozen=True):
    """Where the code goes."""

    email: Address


class EmailCode(Body, frozen=True):
    """The six digits of the latest mail; `full_name` is for who is new here."""

    email: Address
    code: Code
    full_name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    visitor: Visitor = ""


class SignedIn(Shown, frozen=True, omit_defaults=True):
    """Where a sign-in stands.

    `signed-in`: the tokens are there, `expires_in` is about the access token. `second-factor`: send
    `ticket` with a one-time password to /v1/sign-in/second-factor before `ticket_expires_at`.
    """

    status: Literal["signed-in", "second-factor"]
    access_token: str = ""
    refresh_token: str = ""
    token_type: str = ""
    expires_in: int = 0
    session: UUID | None = None
    ticket: str = ""
    ticket_expires_at: datetime | None = None


class CodeSent(Shown, frozen=True):
    """The same for every address: a code is on its way; the next one after `resend_after` s."""

    email: str
    expires_at: datetime
    resend_after: int


@route.act(
    "POST",
    "/sign-in/password",
    OPEN,
    "sign_in_password",
    "Sign in by user name and password",
    body=ByPassword,
    shows=SignedIn,
    is_of_scope=True,
    is_alone=True,
)
def by_password(asked: Asked) -> Reply:
    """Unknown, wrong and shut out are refused alike. The browser gets a mark for the next step."""
    mark = pairs.mark(asked.sent)
    found = password_sign_in.sign_in(
        username=asked.body.username,
        password=asked.body.password,
        arrival=arrival_of(asked, mark.digest),
        now=asked.now,
    )
    return reply(asked, found, mark)


@route.act(
    "POST",
    "/sign-in/second-factor",
    OPEN,
    "sign_in_second_factor",
    "Second step: a one-time password or a recovery code",
    body=SecondFactor,
    shows=SignedIn,
    is_alone=True,
)
def second_factor(asked: Asked) -> Reply:
    """In the browser of the first step, whose cookie comes back."""
    mark = browser.known(pairs.cookies(asked.sent))
    if mark is None:
        raise ChallengeRefused
    found = first_factor.complete(
        ticket=asked.body.ticket,
        code=asked.body.code,
        arrival=arrival_of(asked, mark.digest),
        now=asked.now,
    )
    return reply(asked, found, mark)


@route.act(
    "POST",
    "/sign-in/email",
    OPEN,
    "sign_in_email",
    "Have a sign-in code mailed",
    body=ByEmail,
    shows=CodeSent,
    status=202,
    is_alone=True,
)
def by_email(asked: Asked) -> Reply:
    """The answer is the same whether anybody here has the address; the browser gets a mark."""
    mark = pairs.mark(asked.sent)
    sent = email_sign_in.send(
        address=asked.body.email,
        asker=Asker(browser=mark.digest, address=asked.sent.address),
        now=asked.now,
    )
    shown = CodeSent(sent.address, sent.expires_at.replace(microsecond=0), sent.resend_after)
    return Reply(shown, status=202, headers=_cookie(mark))


@route.act(
    "POST",
    "/sign-in/email/code",
    OPEN,
    "sign_in_email_code",
    "Sign in, or join, with the code that was mailed",
    body=EmailCode,
    shows=SignedIn,
    is_alone=True,
)
def by_code(asked: Asked) -> Reply:
    """In the browser that had it sent, whose cookie comes back."""
    mark = browser.known(pairs.cookies(asked.sent))
    if mark is None:
        raise CodeRefused
    found = email_sign_in.sign_in(
        address=asked.body.email,
        code=asked.body.code,
        arrival=arrival_of(asked, mark.digest),
        full_name=asked.body.full_name,
        now=asked.now,
    )
    return reply(asked, found, mark)


def reply(asked: Asked, found: Passed, mark: Mark) -> Reply:
    """Where a sign-in stands, with the mark for a browser that had none."""
    if isinstance(found, SecondFactorDue):
        shown = SignedIn(
            status="second-factor",
            ticket=found.ticket,
            ticket_expires_at=found.expires_at.replace(microsecond=0),
        )
    else:
        live = sessions.live(found, scope_slug=asked.slug)
        minutes = scopes.settings().access_minutes
        pair = msgspec.structs.asdict(pairs.of(live, minutes=minutes, now=asked.now))
        shown = SignedIn(status="signed-in", **pair)
    return Reply(shown, headers=_cookie(mark))


def arrival_of(asked: Asked, mark: str) -> Arrival:
    """Where the caller comes from; the body has a `visitor`."""
    origin = dataclasses.replace(pairs.origin(asked.sent), visitor=asked.body.visitor)
    return Arrival(origin, tokens.issuer(asked.slug), mark)


def _cookie(mark: Mark) -> Mapping[str, str]:
    return {"Set-Cookie": mark.cookie} if mark.cookie else {}


ROUTES: Final = (by_password, second_factor, by_email, by_code)
