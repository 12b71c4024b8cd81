"""A lambda is counted, judged, and signs with its owner's key as policies let it."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from django.db import connection

from accounts import errors
from accounts.lambdas import sandbox
from accounts.lambdas.requests import Answer, Request
from accounts.models import KeySignature, Lambda, User
from accounts.queries import lambdas as queries
from accounts.services import lambdas as services
from identity import errors as refusals
from identity import ids
from identity.actor import Actor, ActorKind
from identity.crypto import eip191, evm
from identity.models import AuditEvent
from identity.services import rates, scopes
from invitations.errors import PolicyDenied
from invitations.models import Policy, Proposal
from invitations.services import lambda_runs
from tests import cast, lambdas
from tests.account_holders import account, signer_of

pytestmark = pytest.mark.django_db(transaction=True)
API = "https://api.example.org/"


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need longer than a server grants."""
    monkeypatch.setattr(lambda_runs, "BOUNDS", lambdas.CALM)


@pytest.fixture
def queued() -> Any:
    """Calls that a task would make."""
    seen: list[Request] = []

    def queue(*named: Any) -> None:
        assert connection.in_atomic_block
        seen.append(named[-1])

    kept = list(lambda_runs.queues)
    lambda_runs.queues[:] = [queue]
    yield seen
    lambda_runs.queues[:] = kept


@pytest.fixture
def world() -> cast.World:
    world = cast.world(governance=False)
    lambdas.turn_on(world, "api.example.org")
    return world


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    bob = world.member("bob")
    account(world, bob)
    return bob


class Outside:
    """The other side; nobody calls it in a transaction."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        assert not connection.in_atomic_block
        self.asked.append(request)
        return self.answers.pop(0)


def opened(world: cast.World, owner: cast.Member, *parts: dict[str, Any], **more: Any) -> Lambda:
    return lambdas.made(world, owner, lambdas.config(*parts, authorization=lambdas.ANYBODY, **more))


def run(
    world: cast.World,
    row: Lambda,
    *inputs: Any,
    caller: Actor | None = None,
    outside: Outside | None = None,
    address: str = "192.0.2.9",
) -> lambda_runs.Ran:
    with cast.in_scope(world):
        return lambda_runs.run(
            lambda_id=row.id,
            inputs=list(inputs),
            caller=caller,
            address=address,
            call=outside or Outside(),
            now=datetime.now(UTC),
        )


def is_by(world: cast.World, member: cast.Member, signature: bytes | None, text: bytes) -> bool:
    """Whether this is the account's signature over a message."""
    assert signature is not None
    signed = evm.Signed(eip191.digest(text), signature)
    return signer_of(signed) == bytes(account(world, member).public_key)


def outcomes(world: cast.World, row: Lambda) -> list[tuple[str, str]]:
    with cast.in_scope(world):
        return [(run.outcome, run.reason) for run in queries.executions(row.id)]


def counts(world: cast.World, row: Lambda) -> tuple[int, int]:
    with cast.in_scope(world):
        found = queries.one(row.id)
        return found.total_executions, found.ok_executions


def policy(world: cast.World, **more: Any) -> None:
    now = datetime.now(UTC)
    fields = {
        "resource": "/managed-keys/*/signatures",
        "action": "add",
        "decision_on_true": "REVIEW",
        "review_expression": '{"all":[],"deny":1,"min":1}',
        **more,
    }
    with cast.in_scope(world):
        Policy.objects.create(
            scope_id=world.scope.id, name="signing", created_at=now, updated_at=now, **fields
        )


def test_signs_with_its_owners_key(world: cast.World, bob: cast.Member) -> None:
    row = opened(world, bob, lambdas.code("return <<inputs.0>> > 4"), data="at <<inputs.0>>")
    ran = run(world, row, 5)
    assert (ran.number, len(ran.signature or b"")) == (1, 65)
    assert is_by(world, bob, ran.signature, b"at 5")
    assert counts(world, row) == (1, 1)
    assert outcomes(world, row) == [("signed", "")]
    digest = eip191.digest(b"at 5").hex()
    with cast.in_scope(world):
        [found] = queries.executions(row.id)
        assert (found.digest, found.address) == (digest, "192.0.2.9")
        event = AuditEvent.objects.get(name="managed-key.signed")
        assert event.actor == {
            "kind": "lambda",
            "user": str(bob.user.public_id),
            "lambda": str(row.id),
        }
        assert event.facts["digest"] == digest
        assert KeySignature.objects.get().actor_kind == "lambda"


def test_says_that_a_condition_is_not_met(world: cast.World, bob: cast.Member) -> None:
    row = opened(world, bob, lambdas.code("return <<inputs.0>> > 4"))
    assert run(world, row, 4).signature is None
    # A run that began counts, also if it came to nothing.
    assert counts(world, row) == (1, 0)
    assert outcomes(world, row) == [("not-met", "")]
    with cast.in_scope(world):
        assert not KeySignature.objects.exists()


@pytest.mark.parametrize(
    ("code", "inputs"), [("throw 1", ()), ("for (;;);", ()), ("return <<inputs.0>>.x.y", ({},))]
)
def test_fails_in_one_text(
    monkeypatch: pytest.MonkeyPatch, world: cast.World, bob: cast.Member, code: str, inputs: Any
) -> None:
    monkeypatch.setattr(lambda_runs, "BOUNDS", sandbox.Bounds(seconds=0.2))
    row = opened(world, bob, lambdas.code(code))
    with pytest.raises(errors.LambdaFailed):
        run(world, row, *inputs)
    assert counts(world, row) == (1, 0)
    assert outcomes(world, row) == [("failed", "lambda.failed")]


def test_notes_that_the_code_did_not_compile(world: cast.World, bob: cast.Member) -> None:
    row = opened(world, bob, lambdas.code("return (<<inputs.0>>"))
    with pytest.raises(errors.LambdaFailed):
        run(world, row, 1)
    assert outcomes(world, row) == [("failed", "lambda.not-compiled")]


def test_calls_the_outside_with_no_transaction_open(world: cast.World, bob: cast.Member) -> None:
    call = lambdas.fetch(API + "price?of=<<inputs.0>>")
    row = opened(world, bob, call, lambdas.code("return <<conditions.0>>.output.usd > 3"))
    outside = Outside(Answer(200, b'{"usd":4}'))
    assert run(world, row, "a&b", outside=outside).signature is not None
    assert [request.url for request in outside.asked] == [API + "price?of=a%26b"]
    assert run(world, row, "x", outside=Outside(Answer(500, b""))).signature is None


def test_asks_the_scope_anew_whom_it_may_call(world: cast.World, bob: cast.Member) -> None:
    row = opened(world, bob, lambdas.fetch(API))
    lambdas.turn_on(world, "other.example.org")
    outside = Outside(Answer(200, b"1"))
    with pytest.raises(errors.LambdaFailed):
        run(world, row, outside=outside)
    assert outside.asked == []


def test_is_for_its_owner_alone_unless_it_is_open(
    world: cast.World, bob: cast.Member, alice: cast.Member
) -> None:
    row = lambdas.made(world, bob, lambdas.config())
    with pytest.raises(refusals.Unauthenticated):
        run(world, row)
    for stranger in (
        lambdas.owner(alice),
        world.system,
        Actor(ActorKind.API_KEY, world.scope.id, user_id=bob.user.id),
        Actor(ActorKind.SESSION, ids.new(), user_id=bob.user.id, public_id=bob.user.public_id),
    ):
        with pytest.raises(refusals.Missing):
            run(world, row, caller=stranger)
    assert counts(world, row) == (0, 0)
    assert run(world, row, caller=lambdas.owner(bob)).signature is not None


def test_is_unknown_in_another_scope(world: cast.World, bob: cast.Member) -> None:
    row = opened(world, bob)
    other = cast.world()
    lambdas.turn_on(other)
    with pytest.raises(refusals.Missing):
        run(other, row)
    assert counts(world, row) == (0, 0)


@pytest.mark.parametrize("end", ["stopped", "off", "disabled", "expired", "spent", "removed"])
def test_runs_no_more(world: cast.World, bob: cast.Member, end: str) -> None:
    row = opened(world, bob, max_executions=1)
    now = datetime.now(UTC)
    refusal: type[Exception] = errors.LambdaOver
    with cast.in_scope(world):
        if end == "stopped":
            services.disable(lambda_id=row.id, by=world.system, now=now)
        elif end == "off":
            scopes.change_settings(changes={"lambdas": False}, by=world.system, now=now)
            refusal = errors.LambdasOff
        elif end == "disabled":
            User.objects.filter(id=bob.user.id).update(status="disabled")
        elif end == "expired":
            User.objects.filter(id=bob.user.id).update(expires_at=now)
        elif end == "removed":
            services.remove(lambda_id=row.id, by=world.system, now=now)
            refusal = refusals.Missing
    if end == "spent":
        run(world, row)
    with pytest.raises(refusal):
        run(world, row)
    with cast.in_scope(world):
        assert KeySignature.objects.count() == int(end == "spent")


def test_signs_nothing_once_it_is_stopped_on_the_way(world: cast.World, bob: cast.Member) -> None:
    row = opened(world, bob, lambdas.fetch(API))

    class Stopping(Outside):
        def __call__(self, request: Request) -> Answer:
            services.disable(lambda_id=row.id, by=world.system, now=datetime.now(UTC))
            return super().__call__(request)

    with pytest.raises(errors.LambdaOver):
        run(world, row, outside=Stopping(Answer(200, b"1")))
    assert outcomes(world, row) == [("failed", "lambda.over")]
    with cast.in_scope(world):
        assert not KeySignature.objects.exists()


def test_has_an_account_to_sign_with(world: cast.World, alice: cast.Member) -> None:
    row = opened(world, alice)
    assert is_by(world, alice, run(world, row).signature, b"hello")


def test_obeys_the_policies_about_signing(world: cast.World, bob: cast.Member) -> None:
    world.member("carol", "super-admin")
    row = opened(world, bob, data="<<inputs.0>>")
    policy(world, expression='actor.type == "lambda" && details.message_text == "pay"')
    assert run(world, row, "0x" + b"hello".hex()).signature is not None
    with pytest.raises(errors.LambdaNeedsApproval):
        run(world, row, "0x" + b"pay".hex())
    with cast.in_scope(world):
        # Whoever may run it makes no proposals by that.
        assert not Proposal.objects.exists()
        assert KeySignature.objects.count() == 1
        Policy.objects.filter(name="signing").update(decision_on_true="DENY", review_expression="")
    with pytest.raises(PolicyDenied):
        run(world, row, "0x" + b"pay".hex())
    assert counts(world, row) == (3, 1)
    assert [outcome for outcome, _ in outcomes(world, row)] == ["failed", "failed", "signed"]


def test_has_calls_made_after_the_signature(
    world: cast.World, bob: cast.Member, queued: list[Request]
) -> None:
    hook = lambdas.fetch(
        API + "done", protocol="POST", body={"by": "<<signature>>", "of": "<<inputs.0>>"}
    )
    missing = lambdas.fetch(API + "<<inputs.7>>")
    row = opened(
        world,
        bob,
        lambdas.code("return <<inputs.0>> > 1"),
        post_hooks=[hook, missing],
    )
    assert run(world, row, 1).signature is None
    assert queued == []
    signature = run(world, row, 2).signature
    assert signature is not None
    [asked] = queued
    assert (asked.method, asked.url) == ("POST", API + "done")
    assert orjson.loads(asked.body) == {"by": "0x" + signature.hex(), "of": 2}
    with cast.in_scope(world):
        found = queries.executions(row.id)[0]
        assert (found.hooks_sent, found.hooks_failed) == (0, 1)


def test_bounds_how_often_one_address_asks(
    monkeypatch: pytest.MonkeyPatch, world: cast.World, bob: cast.Member
) -> None:
    monkeypatch.setattr(lambda_runs, "MOST_BY_ADDRESS", 3)
    monkeypatch.setattr(lambda_runs, "MOST_OF_LAMBDA", 4)
    monkeypatch.setattr(lambda_runs, "MOST_OF_SCOPE", 5)
    row, other = (opened(world, bob, lambdas.code("return false")) for _ in "12")
    closed = lambdas.made(world, bob, lambdas.config())
    # What runs nothing uses up nobody's runs but those of its own address.
    for unknown in (Lambda(id=ids.new()), closed, closed):
        with pytest.raises((refusals.Missing, refusals.Unauthenticated)):
            run(world, unknown, address="198.51.100.9")
    with pytest.raises(rates.RateLimited):
        run(world, row, address="198.51.100.9")
    for last in (1, 1, 1, 2):
        run(world, row, address=f"198.51.100.{last}")
    with pytest.raises(rates.RateLimited):
        run(world, other, address="198.51.100.1")
    with pytest.raises(rates.RateLimited):
        run(world, row, address="198.51.100.3")
    run(world, other, address="198.51.100.3")
    with pytest.raises(rates.RateLimited):
        run(world, other, address="198.51.100.4")
    assert counts(world, row) == (4, 0)
    assert counts(world, other) == (1, 0)


def test_refuses_inputs_without_counting_them(world: cast.World, bob: cast.Member) -> None:
    row = opened(world, bob)
    with pytest.raises(refusals.Invalid):
        run(world, row, *range(17))
    assert counts(world, row) == (0, 0)


def test_leaves_a_run_that_was_killed_as_begun(world: cast.World, bob: cast.Member) -> None:
    row = opened(world, bob, lambdas.fetch(API))

    class Killed(BaseException):
        pass

    def call(_: Request) -> Answer:
        raise Killed

    with cast.in_scope(world), pytest.raises(Killed):
        lambda_runs.run(
            lambda_id=row.id,
            inputs=[],
            caller=None,
            address="",
            call=call,
            now=datetime.now(UTC),
        )
    assert counts(world, row) == (1, 0)
    assert outcomes(world, row) == [("begun", "")]
