"""Statements of single calls at the face `bridge`: who asks, and what is asked for, no more."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client, Stamped, basic, bearer, envelope, hmac_of

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = {"skip": 0, "limit": 100, "sortOrder": "asc"}


@pytest.fixture
def client() -> Client:
    return clients.client(cast.world(), "context", "solution", solutions=["*"])


def header(client: Client, way: str, body: bytes) -> str:
    key = client.program
    if way == "bearer":
        return bearer(client.token)
    if way == "basic":
        return basic(key.row.key_id, key.secret)
    stamp = Stamped()
    return stamp.header(key.row.key_id, hmac_of(key.secret, stamp.data(body)))


@pytest.mark.parametrize(
    ("way", "proving"),
    [
        ("bearer", 1),
        ("basic", 1),
        # The nonce is taken.
        ("hmac", 2),
    ],
)
@pytest.mark.parametrize(
    ("method", "working"),
    [("context/getUserFromContext", 1), ("context/listUsersFromContext", 2)],
)
def test_a_read_costs_its_proof_and_itself(
    client: Client, way: str, proving: int, method: str, working: int
) -> None:
    context = client.context()
    client.member(context, "alice")
    user = {"contextId": context, "userId": "alice"}
    params = user if method.endswith("getUserFromContext") else {**PAGE, "contextId": context}
    body = envelope(method, params)
    for _ in range(2):  # What a process remembers, and when a key was used last.
        assert clients.call(method, params, authorization=header(client, way, body)).result
    with CaptureQueriesContext(connection) as asked:
        answer = clients.call(method, params, authorization=header(client, way, body))
    assert answer.result
    assert len(asked) == proving + working, [each["sql"] for each in asked.captured_queries]
