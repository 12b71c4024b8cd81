"""Methods, media types, sizes, JSON, queries: refused as problems before anything is done."""

import httpx
import pytest
from django.test import Client

from identity.api.v1 import desk
from identity.web.throttle import Throttle
from tests.faces.v1.client import BASE, InProcess, Signed, problem


def send(method: str, path: str, **more: object) -> httpx.Response:
    with httpx.Client(base_url=BASE, transport=InProcess()) as http:
        return http.request(method, path, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path", ["/v1/", "/v1/nothing", "/v1/groups/x", "/v1/groups//", "/v1/groups/{}", "/v1//groups"]
)
def test_knows_no_such_address(alice: Signed, path: str) -> None:
    problem(send("GET", path), 404, "missing")


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "HEAD", "NOTHING"])
def test_offers_only_declared_methods(alice: Signed, method: str) -> None:
    answer = send(method, f"{alice.prefix}/groups")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


def test_answers_json_alone(alice: Signed) -> None:
    path = f"/devices/{alice.device}"
    answer = alice.get(path, headers={"Accept": "text/html"})
    problem(answer, 406, "http.not-acceptable")
    assert alice.get(path, headers={"Accept": "application/*"}).status_code == 200


def test_reads_json_alone(alice: Signed) -> None:
    answer = send("POST", f"{alice.prefix}/groups", content=b"name=x")
    problem(answer, 415, "http.media-type")


def test_reads_no_encoded_body(alice: Signed) -> None:
    path = f"{alice.prefix}/groups"
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    problem(send("POST", path, content=b"{}", headers=headers), 415, "http.media-type")
    plain = {**headers, "Content-Encoding": "identity"}
    assert send("POST", path, content=b"{}", headers=plain).status_code == 401


def test_refuses_a_large_body(alice: Signed) -> None:
    for path, most in (("/groups", 512), ("/me/profile", 1024)):
        method = "POST" if path == "/groups" else "PATCH"
        for size in (most * 1024 + 1, 1024 * 1024 + 1):
            answer = send(method, f"{alice.prefix}{path}", content=b"x" * size)
            problem(answer, 413, "http.too-large")
            assert answer.json()["detail"] == f"A body has at most {most} KiB here."


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "a", "name": "b"}',
        b"[1]",
        b"{",
        b'{"name": NaN}',
        b'{"a":' * 20 + b"1" + b"}" * 20,
    ],
)
def test_refuses_json_that_may_be_read_in_two_ways(alice: Signed, body: bytes) -> None:
    from identity.sdk.http_signatures import DeviceAuth

    answer = alice.http.post(
        f"{alice.prefix}/groups",
        content=body,
        headers={"content-type": "application/json"},
        auth=DeviceAuth(alice.device, alice.key),
    )
    problem(answer, 400, "http.malformed")


def test_refuses_unknown_fields_and_parameters(alice: Signed) -> None:
    assert (
        "color"
        in problem(alice.post("/groups", {"name": "x", "color": 1}), 400, "invalid")["detail"]
    )
    problem(alice.get(f"/devices/{alice.device}?a=1"), 400, "invalid")


def test_asks_for_a_signature_or_a_session(alice: Signed) -> None:
    answer = send("GET", f"{alice.prefix}/devices/{alice.device}")
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Signature, Bearer"


def test_limits_each_address(alice: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "per_address", Throttle(count=1, seconds=60))
    alice.get("/x")
    answer = alice.get("/x")
    problem(answer, 429, "too-many-requests")
    assert int(answer.headers["retry-after"]) <= 60


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/problems/", "/problems/missing", "/s/acme/problems/invalid"])
def test_shows_people_what_a_problem_is(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert "text/html" in answer["Content-Type"]


@pytest.mark.django_db
def test_knows_no_page_of_an_unknown_problem() -> None:
    assert Client().get("/problems/nothing").status_code == 404
