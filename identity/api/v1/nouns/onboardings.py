"""Onboardings: begun with one call, watched step by step, tried again, cancelled; registries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from accounts.queries import onboardings as queries
from accounts.queries import registries
from accounts.services import onboardings
from accounts.services.onboardings import Request
from identity.api.v1 import route, shapes
from identity.api.v1.nouns.sessions import Nothing
from identity.api.v1.route import SELF, Asked, Reply
from identity.api.v1.shapes import Body, Newest, Shown
from identity.paging import After, Window
from invitations.services import governed_onboardings
from invitations.services.governance import Pending


class OnboardingStep(Shown, frozen=True):
    """A step; `state`: pending, running, completed, failed, skipped or compensated."""

    number: int
    name: str
    state: str
    attempts: int
    started_at: datetime | None
    ended_at: datetime | None


class Onboarding(Shown, frozen=True):
    """An onboarding; `state`: waiting, queued, running, completed, failed or cancelled.

    `attempts` counts workers since the last progress, `outages` how often in a row the ledger was
    away; `next_attempt_at` is when it goes on.
    """

    id: UUID
    action: str
    state: str
    username: str
    role: str
    parent: UUID | None
    user: UUID | None
    requested_by: UUID | None
    proposal: UUID | None
    error_code: str
    error: str
    reason: str
    attempts: int
    outages: int
    next_attempt_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class OnboardingWithSteps(Shown, frozen=True):
    """An onboarding and how far each of its steps is."""

    onboarding: Onboarding
    steps: Sequence[OnboardingStep]


class OwnOnboarding(Shown, frozen=True):
    """An onboarding that belongs to the caller; `result` is null until it is completed."""

    onboarding: Onboarding
    steps: Sequence[OnboardingStep]
    result: Mapping[str, Any] | None


class Registry(Shown, frozen=True):
    """A user's part; `did` is null until its onboarding has ended well."""

    user: UUID
    username: str
    role: str
    parent: UUID | None
    did: str | None
    topic_id: str
    account_id: str | None
    created_at: datetime


class DidKey(Body, frozen=True):
    """A private key of a verification method, whose full id is `id`."""

    id: str
    key: str


class RemoteSigning(Body, frozen=True):
    """A signer elsewhere: a vault account, and the API user who may sign with it."""

    vault_id: str
    asset_id: str
    api_key: str
    private_key: str


class NewOnboarding(Body, frozen=True):
    """A user to be made with a ledger account, a DID and, with `fields`, a credential.

    `parent` is the user name of the registry that a USER belongs to. Without `account_id` and
    `account_key` an account is made. `did_document` with `did_keys` replaces the DID document that
    would be made.
    """

    role: Literal["STANDARD_REGISTRY", "USER"]
    username: str
    password: str
    parent: str = ""
    account_id: str = ""
    account_key: str = ""
    fields: dict[str, Any] | None = None
    did_document: dict[str, Any] | None = None
    did_keys: Sequence[DidKey] = ()
    remote_signing: RemoteSigning | None = None


class Onboardings(Newest, frozen=True):
    """Which onboardings."""

    state: Literal["waiting", "queued", "running", "completed", "failed", "cancelled"] | None = None
    action: Literal["onboard", "connect", "random-key"] | None = None


class Registries(Newest, frozen=True):
    """Which parts; `parent` is the id of a registry's user."""

    role: Literal["STANDARD_REGISTRY", "USER", "AUDITOR"] | None = None
    parent: UUID | None = None


@route.listing(
    "/onboardings",
    "onboardings:list",
    "onboardings_list",
    "Onboardings of the scope",
    of=Onboarding,
    query=Onboardings,
)
def everybodys(asked: Asked, after: After) -> Window[Any]:
    """Never what was asked for or came of it."""
    del asked
    return queries.window(after)


@route.act(
    "POST",
    "/onboardings",
    "onboardings:create",
    "onboardings_start",
    "Onboard a user: account, DID, keys and credential in the background",
    body=NewOnboarding,
    shows=Onboarding,
    status=201,
    is_alone=True,
    is_dangerous=True,
    is_for_programs=True,
    may_wait=True,
    also_refuses=(409, 422, 503),
)
def start(asked: Asked) -> Reply:
    """At once, or after the approval that policy asks for; the task has its id in either case."""
    begun = governed_onboardings.start(
        request=_request(asked.body), by=asked.caller.actor, now=asked.now
    )
    if begun.proposal_id is not None:
        return route.waiting(asked, Pending(begun.proposal_id))
    shown = _shown(queries.one(begun.onboarding.id))
    location = asked.link(f"/onboardings/{shown.id}")
    return Reply(shown, status=201, headers={"Location": location})


@route.read(
    "/onboardings/{onboarding}",
    "onboardings:get",
    "onboardings_get",
    "An onboarding and its steps",
    shows=OnboardingWithSteps,
)
def one(asked: Asked) -> OnboardingWithSteps:
    """One onboarding."""
    task_id = asked.ids["onboarding"]
    return OnboardingWithSteps(_shown(queries.one(task_id)), _steps(queries.steps(task_id)))


@route.act(
    "POST",
    "/onboardings/{onboarding}/retry",
    "onboardings:edit",
    "onboardings_retry",
    "Try an onboarding that failed again, or one that waits for the ledger at once",
    body=Nothing,
    shows=Onboarding,
    is_dangerous=True,
    also_refuses=(409,),
)
def retry(asked: Asked) -> Onboarding:
    """It goes on at the step that failed."""
    task_id = asked.ids["onboarding"]
    onboardings.retry(onboarding_id=task_id, by=asked.caller.actor, now=asked.now)
    return _shown(queries.one(task_id))


@route.act(
    "POST",
    "/onboardings/{onboarding}/cancel",
    "onboardings:edit",
    "onboardings_cancel",
    "End an onboarding that has not been completed, for ever",
    body=Nothing,
    shows=Onboarding,
    is_dangerous=True,
    also_refuses=(409,),
)
def cancel(asked: Asked) -> Onboarding:
    """The user that was being made goes; a ledger account that was made stays."""
    task_id = asked.ids["onboarding"]
    onboardings.cancel(onboarding_id=task_id, by=asked.caller.actor, now=asked.now)
    return _shown(queries.one(task_id))


@route.read(
    "/me/onboardings/{onboarding}",
    SELF,
    "my_onboardings_get",
    "An onboarding that is yours, and what it came to",
    shows=OwnOnboarding,
)
def mine(asked: Asked) -> OwnOnboarding:
    """Whoever asked for it, until it is completed; then the new user."""
    found = queries.full(asked.ids["onboarding"], reader=asked.caller.actor)
    return OwnOnboarding(_shown(found.row), _steps(found.steps), found.result)


@route.listing(
    "/registries",
    "registries:list",
    "registries_list",
    "Registries of the scope, and who belongs to them",
    of=Registry,
    query=Registries,
)
def parts(asked: Asked, after: After) -> Window[Any]:
    """Active users alone."""
    del asked
    return registries.window(after)


@route.read(
    "/registries/{user}", "registries:get", "registries_get", "A user's part", shows=Registry
)
def part(asked: Asked) -> Registry:
    """By the user's id."""
    shown: Registry = shapes.of_row(Registry, registries.of_user(asked.ids["user"]))
    return shown


def _request(given: NewOnboarding) -> Request:
    remote = given.remote_signing
    return Request(
        role=given.role,
        username=given.username,
        password=given.password,
        parent=given.parent,
        account_id=given.account_id,
        account_key=given.account_key,
        fields=given.fields,
        did_document=given.did_document,
        did_keys=[shapes.fields_of(key) for key in given.did_keys],
        uses_remote_signing=remote is not None,
        remote_signing=None if remote is None else shapes.fields_of(remote),
    )


def _shown(row: queries.OnboardingRow) -> Onboarding:
    shown: Onboarding = shapes.of_row(Onboarding, row)
    return shown


def _steps(rows: Sequence[queries.StepRow]) -> list[OnboardingStep]:
    return [shapes.of_row(OnboardingStep, row) for row in rows]


ROUTES: Final = (everybodys, start, one, retry, cancel, mine, parts, part)
