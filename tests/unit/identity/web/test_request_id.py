"""The id of a request: taken over if sane, made otherwise, on every line and in the answer."""

from uuid import UUID

import pytest
import structlog
from django.test import Client

from identity.web import request_id


@pytest.mark.parametrize("given", ["abcdefgh", "0b7c-42.d_9", "a" * 64])
def test_takes_over_a_sane_id(given: str) -> None:
    assert request_id.of({"HTTP_X_REQUEST_ID": given}) == given


@pytest.mark.parametrize(
    "given",
    ["", "short", "a" * 65, "with space", "a\nb-injected", '{"a":1}xx', "-leading-dash", "é" * 9],
)
def test_makes_a_new_one_instead_of_anything_else(given: str) -> None:
    made = request_id.of({"HTTP_X_REQUEST_ID": given})
    assert made != given
    assert UUID(made).version == 7


def test_binds_the_id_and_drops_what_the_last_request_bound() -> None:
    structlog.contextvars.bind_contextvars(user="alice")
    bound = request_id.enter({})
    assert structlog.contextvars.get_contextvars() == {"request_id": bound}


def test_is_in_every_answer_of_django(client: Client) -> None:
    response = client.get("/nowhere", headers={"x-request-id": "from-the-proxy-1"})
    assert response["X-Request-Id"] == "from-the-proxy-1"
    assert UUID(client.get("/nowhere")["X-Request-Id"]).version == 7
