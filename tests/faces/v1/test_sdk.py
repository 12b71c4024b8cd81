"""The sdk's client on `/v1`: done, refused, repeated, verified, on time."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from accounts.models import Group
from identity import ids, sdk
from identity.crypto import ecdsa_p256
from identity.crypto.errors import SignatureInvalid
from tests import cast
from tests.faces.v1.client import BASE, InProcess

Meddling = Callable[[httpx.Request, httpx.Response], httpx.Response]


class Network(InProcess):
    """A network with an attacker in it; counts what was sent."""

    def __init__(self, meddle: Meddling | None = None) -> None:
        super().__init__()
        self.meddle = meddle
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = super().handle_request(request)
        if self.meddle is None:
            return answer
        told = self.meddle(request, answer)
        # A response made of bytes counts as read already; one from a network does not.
        stream = httpx.ByteStream(told.read())
        return httpx.Response(told.status_code, headers=told.headers, stream=stream)


def client(
    world: cast.World, member: cast.Member, meddle: Meddling | None = None, **options: Any
) -> sdk.Api:
    http = httpx.Client(transport=Network(meddle))
    return sdk.Api(f"{BASE}/s/{world.scope.slug}/v1", member.session, http=http, **options)


def sent(api: sdk.Api) -> list[httpx.Request]:
    transport = api._exchange._http._transport
    assert isinstance(transport, Network)
    return transport.sent


@pytest.fixture
def owner(world: cast.World) -> cast.Member:
    return world.member("alice", "super-admin")


@pytest.fixture
def api(world: cast.World, owner: cast.Member) -> sdk.Api:
    return client(world, owner)


def test_reads_and_changes(api: sdk.Api) -> None:
    made = api.post("/groups", {"name": "treasury"})
    assert isinstance(made, sdk.Answer)
    assert (made.status, made.etag) == (201, '"1"')
    path = f"/groups/{made.content['id']}"
    assert made.location.endswith(path)
    assert api.get(path).content == made.content
    changed = api.patch(path, {"name": "vault"}, if_match=made.etag)
    assert isinstance(changed, sdk.Answer)
    assert changed.etag == '"2"'
    assert api.delete(path).content == {"id": made.content["id"]}  # type: ignore[union-attr]


def test_raises_problems_with_all_that_they_say(api: sdk.Api) -> None:
    path = f"/groups/{api.post('/groups', {'name': 'a'}).content['id']}"  # type: ignore[union-attr]
    api.patch(path, {"name": "b"}, if_match="*")
    with pytest.raises(sdk.ApiRefused) as refused:
        api.patch(path, {"name": "c"}, if_match='"1"')
    problem = refused.value
    assert (problem.code, problem.status) == ("precondition.failed", 412)
    assert problem.type == "/problems/precondition.failed"
    assert problem.title
    with pytest.raises(sdk.ApiRefused) as missing:
        api.get(f"/groups/{ids.new()}")
    assert (missing.value.code, missing.value.status, missing.value.facts) == ("missing", 404, {})


def test_pending_is_the_other_success(owner: cast.Member) -> None:
    world = cast.world()
    alice = world.member("alice", "super-admin", "workspace-owner")
    world.member("bob", "super-admin", "workspace-owner")
    outcome = client(world, alice).post("/groups", {"name": "treasury"})
    assert isinstance(outcome, sdk.Pending)
    assert outcome.proposal_id


def test_asks_for_a_lost_answer_once_more(world: cast.World, owner: cast.Member) -> None:
    lost: list[str] = []

    def lose(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if not lost:
            lost.append(str(request.url))
            raise httpx.ReadError("the line is dead")
        return answer

    api = client(world, owner, lose)
    made = api.post("/groups", {"name": "treasury"})
    assert isinstance(made, sdk.Answer)
    assert made.is_replayed
    first, second = sent(api)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["signature"] != second.headers["signature"]
    with cast.in_scope(world):
        assert Group.objects.count() == 1


def test_the_same_key_gives_the_same_answer_later(api: sdk.Api) -> None:
    first = api.post("/groups", {"name": "treasury"}, idempotency_key="make-treasury")
    again = api.post("/groups", {"name": "treasury"}, idempotency_key="make-treasury")
    assert isinstance(again, sdk.Answer)
    assert again.content == first.content  # type: ignore[union-attr]
    assert again.is_replayed


def test_believes_signed_answers(world: cast.World, owner: cast.Member) -> None:
    api = client(world, owner, is_verifying=True)
    assert api.get(f"/devices/{owner.device.id}").content["id"] == str(owner.device.id)
    with pytest.raises(sdk.ApiRefused):
        api.get(f"/groups/{ids.new()}")
    with pytest.raises(sdk.ApiRefused) as unknown:
        api.get("/nothing")
    assert unknown.value.status == 404


def changed_body(_: httpx.Request, answer: httpx.Response) -> httpx.Response:
    return httpx.Response(answer.status_code, headers=answer.headers, content=b"{}")


def changed_status(_: httpx.Request, answer: httpx.Response) -> httpx.Response:
    return httpx.Response(201, headers=answer.headers, content=answer.read())


def without_signature(_: httpx.Request, answer: httpx.Response) -> httpx.Response:
    kept = {name: value for name, value in answer.headers.items() if "signature" not in name}
    return httpx.Response(answer.status_code, headers=kept, content=answer.read())


def with_less_covered(_: httpx.Request, answer: httpx.Response) -> httpx.Response:
    headers = dict(answer.headers)
    headers["signature-input"] = headers["signature-input"].replace(' "content-digest"', "")
    return httpx.Response(answer.status_code, headers=headers, content=answer.read())


@pytest.mark.parametrize(
    "meddle", [changed_body, changed_status, without_signature, with_less_covered]
)
def test_refuses_what_is_not_the_servers_answer(
    world: cast.World, owner: cast.Member, meddle: Meddling
) -> None:
    api = client(world, owner, meddle, is_verifying=True)
    with pytest.raises(sdk.NoAnswer) as silence:
        api.get(f"/devices/{owner.device.id}")
    assert isinstance(silence.value.__cause__, SignatureInvalid)


def test_refuses_the_answer_to_another_request(world: cast.World, owner: cast.Member) -> None:
    kept: list[httpx.Response] = []

    def replay(_: httpx.Request, answer: httpx.Response) -> httpx.Response:
        answer.read()
        kept.append(answer)
        first = kept[0]
        return httpx.Response(first.status_code, headers=first.headers, content=first.content)

    api = client(world, owner, replay, is_verifying=True)
    path = f"/devices/{owner.device.id}"
    assert api.get(path).status == 200
    with pytest.raises(sdk.NoAnswer):
        api.get(path)


def test_refuses_another_servers_answer(world: cast.World, owner: cast.Member) -> None:
    api = client(world, owner, is_verifying=True)
    api._exchange.trusted = (ecdsa_p256.generate().public,)
    with pytest.raises(sdk.NoAnswer):
        api.get(f"/devices/{owner.device.id}")


@pytest.mark.parametrize("hours", [-24, 24])
def test_sets_a_wrong_clock_right_by_a_signed_answer(
    world: cast.World, owner: cast.Member, hours: int
) -> None:
    api = client(world, owner, clock=lambda: time.time() + hours * 3600)
    assert api.post("/groups", {"name": "treasury"}).content["version"] == 1  # type: ignore[union-attr]
    assert abs(api.now() - time.time()) < 5
    assert len(sent(api)) == 3
    api.get(f"/devices/{owner.device.id}")
    assert len(sent(api)) == 4


def test_no_unsigned_date_moves_the_clock(world: cast.World, owner: cast.Member) -> None:
    def refuse(_: httpx.Request, answer: httpx.Response) -> httpx.Response:
        headers = {"content-type": "application/problem+json", "date": "Fri, 01 Jan 2100 00:00 GMT"}
        problem = {"type": "/problems/unauthenticated", "title": "Who?", "status": 401}
        return httpx.Response(401, headers=headers, content=json.dumps(problem).encode())

    api = client(world, owner, refuse)
    with pytest.raises(sdk.ApiRefused) as refused:
        api.get(f"/devices/{owner.device.id}")
    assert refused.value.code == "unauthenticated"
    assert abs(api.now() - time.time()) < 5


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (502, {"content-type": "text/html"}, b"<h1>Bad Gateway</h1>"),
        (302, {"location": "http://evil.test/"}, b""),
        (200, {"content-type": "application/json"}, b"{"),
        (200, {"content-type": "application/json"}, b"x" * (4 * 1024 * 1024 + 1)),
        (202, {"content-type": "application/json"}, b"{}"),
        (400, {"content-type": "application/problem+json"}, b"[]"),
    ],
)
def test_takes_nothing_else_for_an_answer(
    world: cast.World, owner: cast.Member, status: int, headers: dict[str, str], body: bytes
) -> None:
    def say(_: httpx.Request, __: httpx.Response) -> httpx.Response:
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    with pytest.raises(sdk.NoAnswer):
        client(world, owner, say).get(f"/devices/{owner.device.id}")
