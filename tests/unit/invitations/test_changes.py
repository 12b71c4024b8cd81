"""A change is told in words, with what is there before and what would be afterwards."""

import re
from datetime import timedelta
from typing import Any

import pytest

from identity import ids
from identity.scoping import current
from invitations import queries
from invitations.commands import catalogue
from invitations.commands.command import registry
from invitations.queries import changes
from invitations.queries.wording import WORDS
from tests import acts, cast, lambdas

pytestmark = pytest.mark.django_db
catalogue.load()


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


@pytest.fixture
def bob(world: cast.World) -> cast.Member:
    return world.member("bob", "super-admin")


def told(world: cast.World, command_name: str, /, **details: Any) -> queries.Change:
    command = registry.get(command_name)
    with cast.in_scope(world):
        return queries.change(command, command.read(details))


def rows(change: queries.Change) -> dict[str, tuple[str | None, str]]:
    return {row.field: (row.before, row.after) for row in change.rows}


def test_every_command_has_words() -> None:
    assert set(WORDS) == set(registry.by_name)


@pytest.mark.parametrize("name", sorted(WORDS))
def test_words_name_fields_of_the_command(name: str) -> None:
    fields = {*registry.get(name).input.__struct_fields__, "recipient_group"}
    assert set(re.findall(r"\{(\w+)\}", WORDS[name])) <= fields


def test_every_edit_says_what_was_before() -> None:
    told_otherwise = {
        "api-key.disable",
        "api-key.enable",
        "api-key.rotate",
        "context.disable",
        "context.enable",
        "lambda.disable",
        "one-time-password.reset",
        "password.change",
        "server-key.rotate",
    }
    edits = {name for name, command in registry.by_name.items() if command.action == "edit"}
    assert edits - told_otherwise - set(changes.PRESENT) <= {"webhook.rotate-key"}


@pytest.mark.parametrize("name", sorted(WORDS))
def test_unknown_things_are_told_too(world: cast.World, name: str) -> None:
    command = registry.get(name)
    filled = {field: ids.new() for field in command.input.__struct_fields__}
    details = command.input(**filled)
    with cast.in_scope(world):
        change = queries.change(command, details)
    assert change.words
    assert "{" not in change.words


def test_says_whom_and_what(world: cast.World, alice: cast.Member, bob: cast.Member) -> None:
    grant = told(world, "role.grant", user=bob.uid, role="workspace-owner")
    assert grant.words == "Give bob@example.test the role workspace-owner"
    device = {"user": bob.uid, "device": str(bob.device.id)}
    revoke = told(world, "device.revoke", **device, reason="lost")
    assert revoke.words == ("Revoke bob@example.test's device “bob's device” (reason: lost)")
    rename = told(world, "device.edit", **device, name="phone")
    assert rows(rename) == {"name": ("bob's device", "phone")}
    scope = told(
        world, "scope.edit", scope=str(world.scope.id), settings={"accept_attested_votes": True}
    )
    assert rows(scope) == {"accept attested votes": ("no", "yes")}
    edit = told(world, "user.edit", user=bob.uid, email="new@example.test")
    assert rows(edit) == {"email": ("bob@example.test", "new@example.test")}


def test_hides_secrets_and_shows_keys_by_their_codes(world: cast.World, bob: cast.Member) -> None:
    change = told(world, "password.change", user=bob.uid, password_verifier="$argon2id$secret")
    assert rows(change)["password verifier"] == (None, changes.HIDDEN)
    assert "secret" not in str(change)
    keys = bob.session.keys
    program = told(
        world,
        "user.create",
        user=str(ids.new()),
        email="robot@example.test",
        signature_key=keys.signature_pubkey,
        encryption_key=keys.encryption_pubkey,
        roles=["support"],
    )
    assert program.words == "Make the program robot@example.test"
    assert "check code" in rows(program)["signature key"][1]
    assert rows(program)["roles"] == (None, "support")


def test_of_a_proposal(world: cast.World, alice: cast.Member, bob: cast.Member) -> None:
    asked = acts.submit(alice, "user.invite", user=str(ids.new()), email="carol@example.test")
    waiting_one = acts.proposal(world, asked)
    with cast.in_scope(world):
        (change,) = queries.changes_of(waiting_one.id)
    assert change.words == "Invite carol@example.test"


def test_counts_what_waits_and_remembers_for_a_moment(
    world: cast.World, alice: cast.Member, bob: cast.Member, django_assert_num_queries: Any
) -> None:
    acts.submit(alice, "group.create", group=str(ids.new()), name="security")
    now = acts.now()
    by_bob, by_alice = acts.as_actor(bob), acts.as_actor(alice)
    with current.in_scope(world.scope.id):
        assert queries.waiting_count(by=by_bob, now=now) == 1
        assert queries.waiting_count(by=by_alice, now=now) == 0
        with django_assert_num_queries(1):
            assert queries.waiting_count(by=by_bob, now=now) == 1
    acts.submit(alice, "group.create", group=str(ids.new()), name="again")
    with current.in_scope(world.scope.id):
        assert queries.waiting_count(by=by_bob, now=now) == 2
        late = now + timedelta(days=30)
        assert queries.waiting_count(by=by_bob, now=late) == 0
    carol = world.member("carol", "member")
    with current.in_scope(world.scope.id), django_assert_num_queries(0):
        assert queries.waiting_count(by=acts_of(carol, by_bob), now=now) == 0


def acts_of(member: cast.Member, like: Any) -> Any:
    """An actor without a right to approve."""
    return type(like)(kind=like.kind, scope_id=like.scope_id, user_id=member.user.id)


def test_a_lambda_is_told_by_what_it_does(world: cast.World, bob: cast.Member) -> None:
    lambdas.turn_on(world, "api.example.org")
    call = lambdas.fetch("https://api.example.org/<<inputs.0>>", headers={"X-A": "b"})
    code = lambdas.code("// true\nreturn <<inputs.0>> > 1")
    config = lambdas.config(call, code, authorization=lambdas.ANYBODY, envs=["x"])
    found = told(world, "lambda.create", lambda_id=str(ids.new()), user=bob.uid, config=config)
    assert found.words == "Let a lambda of bob@example.test sign with that account's key"
    assert not found.is_of_something
    head = "JavaScript, with values, its answer of the type boolean:"
    assert rows(found) == {
        "account": (None, "of bob@example.test"),
        "run by": (None, "anybody who knows its id"),
        "runs": (None, "without end"),
        "env 0": (None, '"x"'),
        "condition 0": (
            None,
            "GET https://api.example.org/<<inputs.0>>, with values filled in\nX-A: b",
        ),
        "condition 1": (None, f"{head}\n// true\nreturn <<inputs.0>> > 1"),
        "signs": (None, "a message, with values filled in:\n0x68656c6c6f"),
        "calls afterwards": (None, "nobody"),
    }


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("// no\u2028return true", "// no\\u2028return true"),
        ("// no\rreturn true", "// no\\u000dreturn true"),
        ("return \u202e1", "return \\u202e1"),
        ("a\r\nb\tc", "a\nb\tc"),
    ],
)
def test_nothing_in_code_hides(world: cast.World, bob: cast.Member, code: str, seen: str) -> None:
    lambdas.turn_on(world)
    config = lambdas.config(lambdas.code(code))
    found = told(world, "lambda.create", lambda_id=str(ids.new()), user=bob.uid, config=config)
    assert rows(found)["condition 0"][1].endswith(f":\n{seen}")


def test_a_profile_is_told_part_by_part(world: cast.World, bob: cast.Member) -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    details = {"user": bob.uid, "full_name": "Bob B.", "avatar": picture}
    found = rows(told(world, "profile.edit", **details, metadata={"bio": "Ahoy"}))
    assert found == {
        "full name": ("Bob", "Bob B."),
        "avatar": ("(empty)", "a picture"),
        "bio": (None, "Ahoy"),
    }
