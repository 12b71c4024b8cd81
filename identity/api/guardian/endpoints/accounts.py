"""Accounts: registered, listed, and what their ledger accounts hold."""

from typing import Any, Final, Literal

from accounts.errors import NameTaken
from accounts.queries import memberships, registry_profiles
from identity.api.guardian import outputs, profile_outputs, replies
from identity.api.guardian.errors import Told
from identity.api.guardian.inputs import Body
from identity.api.guardian.route import REGISTRY, REGISTRY_OR_DEMO, SELF, Asked, Route
from identity.api.guardian.waiting import waits
from identity.errors import Invalid, Missing
from identity.web.lane import Answer
from invitations.services import governed_registrations
from invitations.services.governance import Pending

TAKEN: Final = "Username '{}' is already taken"
MISMATCH: Final = "Passwords do not match"


class Registering(Body, frozen=True):
    """`POST accounts/register`."""

    username: str
    password: str
    password_confirmation: str
    role: Literal["STANDARD_REGISTRY", "USER", "AUDITOR"]


def register(asked: Asked) -> Answer:
    """An account with a password and nothing on the ledger yet."""
    body = asked.body
    if body.password != body.password_confirmation:
        raise Told([MISMATCH], status=422)
    try:
        made = governed_registrations.register(
            username=body.username,
            role=body.role,
            password=body.password,
            by=asked.actor,
            now=asked.now,
        )
    except NameTaken:
        raise Told(TAKEN.format(body.username[:254]), status=409) from None
    except Invalid as refusal:
        raise Told([str(refusal)], status=422) from None
    if isinstance(made, Pending):
        return waits(made)
    member = memberships.of_user(made)
    if member is None:
        raise Missing
    return replies.json(outputs.account(member), status=201)


def users(asked: Asked) -> Answer:
    """Users of the registries of this scope by user name, at most 1,000 behind `after`."""
    return _list(asked, memberships.users(after=asked.query.get("after", "")), outputs.user)


def registries(asked: Asked) -> Answer:
    """Registries of this scope, as `users`."""
    found = memberships.registries(after=asked.query.get("after", ""))
    return _list(asked, found, outputs.registry)


def aggregated(asked: Asked) -> Answer:
    """The same with what each says of itself."""
    found = registry_profiles.registries(after=asked.query.get("after", ""))
    return replies.json([profile_outputs.aggregated(*each) for each in found])


def _list(_: Asked, found: Any, shown: Any) -> Answer:
    return replies.json([shown(each) for each in found])


ROUTES: Final = (
    Route("POST", "/accounts/register", REGISTRY_OR_DEMO, register, body=Registering),
    Route("GET", "/accounts", REGISTRY, users),
    Route("GET", "/accounts/standard-registries", SELF, registries),
    Route("GET", "/accounts/standard-registries/aggregated", SELF, aggregated),
)
