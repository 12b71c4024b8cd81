"""What is measured beside the floor: each of the requests of joining, signing in and signing."""

from collections.abc import Callable, Sequence

from bench import people
from bench.passkeys.holders import Holder, Line, holder
from bench.requests import SLICES, WARM, Builder, Case
from bench.tape import Sent

GOAL = 2.5
SESSIONS = 40


def _known(name: str, called: str, sent: Callable[[Holder], Sent]) -> Builder:
    """A request of people who have a passkey, each of another one."""

    def case(town: people.Town, count: int) -> Case:
        holders = [holder(town, f"{called}-{number}") for number in range(count)]
        return Case(name, [sent(each) for each in holders], goal=GOAL)

    return case


def _new(name: str, called: str, sent: Callable[[Holder], Sent]) -> Builder:
    """A request of people who join."""

    def case(town: people.Town, count: int) -> Case:
        names = [f"{called}-{number}" for number in range(count)]
        return Case(name, [sent(Holder(town, each)) for each in names], goal=GOAL)

    return case


def personal_sign(town: people.Town, count: int) -> Case:
    """`personal_sign` by the session of a passkey."""
    sessions = [Line(holder(town, f"signer-{number}")).session() for number in range(SESSIONS)]
    sent = [sessions[number % SESSIONS].sign(number) for number in range(count)]
    return Case("personal_sign", sent, goal=GOAL)


def plan(per_slice: int) -> Sequence[tuple[Builder, int]]:
    """Every case."""
    count = WARM + SLICES * per_slice
    builders = (
        _new("POST /v1/passkeys/joining", "first", Holder.begin_joining),
        _new("POST /v1/passkeys/joining/complete", "second", Holder.join),
        _known("POST /v1/passkeys/authentication", "third", Holder.begin_sign_in),
        _known("POST /v1/passkeys/authentication/complete", "fourth", Holder.sign_in),
        _new("initiateRegistration", "fifth", lambda one: Line(one).begin_registration()),
        _new("completeRegistration", "sixth", lambda one: Line(one).registration()),
        _known("initiateAuthentication", "seventh", lambda one: Line(one).begin_authentication()),
        _known("completeAuthentication", "eighth", lambda one: Line(one).authentication()),
        personal_sign,
    )
    return [(builder, count) for builder in builders]
