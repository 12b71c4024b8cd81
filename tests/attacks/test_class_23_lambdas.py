"""Class 23 of the known attacks, by lambdas: users name addresses, strangers parts of them.

Seen in Better Auth as GHSA-5rr4, in Keycloak as CVE-2026-4366 (a redirect). All calls go through
the one fetcher, to hosts that the scope listed.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from accounts import calls, errors, tasks
from accounts.lambdas.requests import Request
from accounts.models import LambdaExecution
from accounts.services import lambdas as services
from identity.services import outside
from identity.services.outside import Guard
from tests import cast, lambdas
from tests.attacks import receiver
from tests.attacks.receiver import Receiver
from tests.faces.passport import people
from tests.faces.passport.client import Answer, Client

pytestmark = pytest.mark.django_db(transaction=True)

INSIDE = (
    *("http://10.0.0.1/x", "http://169.254.169.254/latest/meta-data", "http://[fd00::1]/x"),
    *("http://192.168.1.1:8080/", "file:///etc/passwd", "gopher://127.0.0.1/", "http://0.0.0.0/"),
    *("http://100.64.0.1/", "http://user@127.0.0.1/", "http://[::ffff:10.0.0.1]/", "/relative", ""),
    *("https://api.example.org@169.254.169.254/", "https://169.254.169.254#@api.example.org/"),
    *("https://169.254.169.254\\@api.example.org/", "https://2130706433/", "https://0x7f.1/"),
    *("https://api.example.org.evil.test/", "https://evil.test/?api.example.org", "//evil.test/"),
    *("https://<<inputs.0>>/", "https://<<inputs.0>>@api.example.org/", "<<inputs.0>>"),
    *("https://api.example.org:<<inputs.0>>/", "https://api.example.org<<inputs.0>>"),
)


@pytest.fixture
def world() -> cast.World:
    world = cast.world()
    people.welcome(world)
    lambdas.turn_on(world, "api.example.org", "localhost", "127.0.0.1")
    return world


@pytest.fixture
def alice(world: cast.World) -> Client:
    person = people.registered(world)
    return replace(person.client, proof=person.enter())


@pytest.fixture
def let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """This deployment lets 127.0.0.1 be called, and nothing else within."""
    networks = outside.networks(["127.0.0.1/32"])
    allowed = Guard(networks=networks, ports=frozenset(), is_http_allowed=True)
    monkeypatch.setattr(outside, "guard", lambda: allowed)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in production, but for plain http, which the other side here speaks."""
    guard = Guard(ports=frozenset(), is_http_allowed=True)
    monkeypatch.setattr(outside, "guard", lambda: guard)


@pytest.fixture
def listening() -> Iterator[Receiver]:
    with receiver.listening() as found:
        yield found


def create(alice: Client, *parts: dict[str, Any], **more: Any) -> Answer:
    given = lambdas.config(*parts, authorization=lambdas.ANYBODY)
    return alice.call("createLambda", {"data": {**given, **more}})


def execute(world: cast.World, named: str, *params: Any) -> Answer:
    given = {"data": {"id": named, "params": list(params)}}
    return Client(world).call("executeLambda", given)


@pytest.mark.parametrize("endpoint", INSIDE)
def test_no_endpoint_leads_anywhere_but_to_the_list(alice: Client, endpoint: str) -> None:
    for more in (
        {"conditions": [lambdas.fetch(endpoint)]},
        {"conditions": [lambdas.fetch(endpoint, substitution=False)]},
        {"postHook": [lambdas.fetch(endpoint, protocol="POST")]},
    ):
        assert create(alice, **more).error["data"] in {"address.refused", "invalid"}, more


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_name_on_the_list_opens_no_private_address(
    world: cast.World,
    alice: Client,
    listening: Receiver,
    host: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = f"http://{host}:{listening.port}/"
    # It is refused when it is made, and again at each call if it was made at another time.
    assert create(alice, lambdas.fetch(url)).error["data"] == "address.refused"
    with monkeypatch.context() as earlier:
        networks = outside.networks(["127.0.0.0/8", "::1/128"])
        allowed = Guard(networks=networks, ports=frozenset(), is_http_allowed=True)
        earlier.setattr(outside, "guard", lambda: allowed)
        named = create(alice, lambdas.fetch(url)).result
    assert execute(world, named).error["data"] == "lambda.failed"
    assert listening.connections == 0


@pytest.mark.usefixtures("let_in")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(
    world: cast.World, alice: Client, listening: Receiver, status: int
) -> None:
    head = f"HTTP/1.1 {status} Go\r\nLocation: http://127.0.0.1:{listening.port}/\r\n"
    with receiver.listening(receiver.saying(f"{head}Content-Length: 0\r\n\r\n".encode())) as other:
        url = f"http://127.0.0.1:{other.port}/"
        named = create(alice, lambdas.fetch(url)).result
        assert execute(world, named).result == "Condition not met"
        assert other.connections == 1
    assert listening.connections == 0


@pytest.mark.usefixtures("let_in")
@pytest.mark.parametrize(
    "speak",
    [
        receiver.dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        receiver.dripping(b"HTTP/1.1 200 OK\r\nX-A: ", b"x"),
        receiver.saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (calls.BOUNDS.body_bytes + 1)),
        receiver.saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\xff"),
        receiver.saying(b"nonsense"),
    ],
)
def test_an_answer_without_end_or_sense_is_told_like_a_closed_door(
    world: cast.World, alice: Client, speak: receiver.Speak
) -> None:
    with receiver.listening(speak) as other:
        named = create(alice, lambdas.fetch(f"http://127.0.0.1:{other.port}/")).result
        begun = time.monotonic()
        answer = execute(world, named)
        assert time.monotonic() - begun < calls.BOUNDS.seconds + 3
    closed = execute(world, named)
    assert answer.error == closed.error
    assert answer.error["data"] == "lambda.failed"


@pytest.mark.usefixtures("let_in")
def test_a_stranger_chooses_no_path_and_no_header(
    world: cast.World, alice: Client, listening: Receiver
) -> None:
    url = f"http://127.0.0.1:{listening.port}/of/<<inputs.0>>?key=<<envs.0>>"
    part = lambdas.fetch(url, headers={"X-For": "n<<inputs.1>>"})
    named = create(alice, part, envs=["secret"]).result
    hostile = "../../admin?key=&#/\r\nHost: evil.test\r\n\r\nGET / HTTP/1.1"
    assert execute(world, named, hostile, "1").result.startswith("0x")
    [seen] = listening.requests
    first, *rest = seen.decode().split("\r\n")
    assert first.startswith("GET /of/..%2F..%2Fadmin%3Fkey%3D%26%23%2F%0D%0AHost%3A")
    assert first.endswith("?key=secret HTTP/1.1")
    assert f"Host: 127.0.0.1:{listening.port}" in rest
    for path, header in (("..", "1"), (".", "1"), ("x", "1\r\nX-Evil: 1"), ("x", "ü")):
        assert execute(world, named, path, header).error["data"] == "lambda.failed"
    assert listening.connections == 1


def hook(world: cast.World, lambda_id: Any, url: str) -> LambdaExecution:
    """Let the task make a call that follows a signature; the run that it is noted with."""
    with cast.in_scope(world):
        begun = services.begin(lambda_id=lambda_id, address="", now=datetime.now(UTC))
    named = {
        "lambda": str(lambda_id),
        "execution": str(begun.execution_id),
        "method": "POST",
        "url": url,
    }
    tasks.call_hook.func(str(world.scope.id), named, {"X-A": "b"}, "{}")
    with cast.in_scope(world):
        return LambdaExecution.objects.get(id=begun.execution_id)


@pytest.mark.usefixtures("let_in")
def test_what_follows_is_called_for_as_long_as_it_may(
    world: cast.World, alice: Client, listening: Receiver
) -> None:
    named = create(alice).result
    url = f"http://127.0.0.1:{listening.port}/done"
    run = hook(world, named, url)
    assert (run.hooks_sent, run.hooks_failed) == (1, 0)
    assert listening.requests[0].startswith(b"POST /done HTTP/1.1")
    lambdas.turn_on(world, "other.example.org")
    run = hook(world, named, url)
    assert (run.hooks_sent, run.hooks_failed) == (0, 1)
    lambdas.turn_on(world, "127.0.0.1")
    with cast.in_scope(world):
        begun = services.begin(lambda_id=named, address="", now=datetime.now(UTC))
        services.disable(lambda_id=named, by=world.system, now=datetime.now(UTC))
    given = {"lambda": named, "execution": str(begun.execution_id), "method": "POST", "url": url}
    assert not tasks.call_hook.func(str(world.scope.id), given, {}, "")
    assert listening.connections == 1


@pytest.mark.usefixtures("strict")
def test_what_follows_is_guarded_too(world: cast.World, alice: Client, listening: Receiver) -> None:
    run = hook(world, create(alice).result, f"http://127.0.0.1:{listening.port}/done")
    assert (run.hooks_sent, run.hooks_failed) == (0, 1)
    assert listening.connections == 0


@pytest.mark.usefixtures("let_in")
def test_few_call_at_once_and_nobody_in_a_transaction(
    monkeypatch: pytest.MonkeyPatch, listening: Receiver
) -> None:
    request = Request("GET", f"http://127.0.0.1:{listening.port}/", {}, b"")
    assert calls.call(request).status == 200
    with transaction.atomic(), pytest.raises(RuntimeError):
        calls.call(request)
    monkeypatch.setattr(calls, "PATIENCE", 0.05)
    taken = [calls._LANE.acquire(blocking=False) for _ in range(calls.AT_ONCE)]
    try:
        assert all(taken)
        with pytest.raises(errors.LambdaUnavailable):
            calls.call(request)
    finally:
        for _ in taken:
            calls._LANE.release()
    assert calls.call(request).status == 200
