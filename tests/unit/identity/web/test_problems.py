"""Refusals as problem details (RFC 9457)."""

import json

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from identity.errors import DomainError, Kind, Missing
from identity.web import problems

SECRET = "the answer to everything"


class Refused(DomainError):
    kind = Kind.LIMITED
    code = "test.refused"
    title = "This was refused."


def refuse(request: HttpRequest) -> HttpResponse:
    raise Refused("Wait.", retry_after=7)


def break_down(request: HttpRequest) -> HttpResponse:
    raise ValueError(SECRET)


urlpatterns = [path("refuse", refuse), path("break", break_down)]
handler404 = "identity.web.problems.not_found"
handler500 = "identity.web.problems.server_error"


def test_has_a_status_for_every_kind() -> None:
    assert set(problems.STATUS) == set(Kind)
    assert len(set(problems.STATUS.values())) == len(Kind)
    assert problems.STATUS[Kind.UNAVAILABLE] == 503


def test_says_code_title_status_detail_and_facts() -> None:
    assert problems.body(Refused("Wait.", retry_after=7, scope="acme")) == {
        "type": "/problems/test.refused",
        "title": "This was refused.",
        "status": 429,
        "detail": "Wait.",
        "retry_after": 7,
        "scope": "acme",
    }


def test_lets_no_fact_replace_a_fixed_member() -> None:
    body = problems.body(Refused(status=200, title="Fine.", type="about:blank"))
    assert body == {
        "type": "/problems/test.refused",
        "title": "This was refused.",
        "status": 429,
    }


@pytest.mark.urls(__name__)
class TestInDjango:
    def test_turns_a_refusal_of_a_view_into_a_problem(self, client: Client) -> None:
        response = client.get("/refuse")
        assert response.status_code == 429
        assert response["Content-Type"] == "application/problem+json"
        assert response["Retry-After"] == "7"
        assert response["Cache-Control"] == "no-store"
        assert response.json()["type"] == "/problems/test.refused"

    def test_answers_an_error_without_saying_what_it_was(self, caplog) -> None:
        response = Client(raise_request_exception=False).get("/break")
        assert response.status_code == 500
        assert response.json() == {
            "type": "about:blank",
            "title": "Internal Server Error",
            "status": 500,
        }
        assert SECRET not in response.content.decode()
        assert SECRET in caplog.text

    @pytest.mark.parametrize("accepted", ["application/json", "*/*", ""])
    def test_answers_programs_with_problems(self, client: Client, accepted: str) -> None:
        response = client.get("/nowhere", headers={"accept": accepted})
        assert response.status_code == 404
        assert json.loads(response.content)["status"] == 404

    def test_answers_people_with_a_page(self, client: Client) -> None:
        response = client.get("/nowhere", headers={"accept": "text/html,*/*;q=0.8"})
        assert response.status_code == 404
        assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("handler", "expected"), [(problems.forbidden, 403), (problems.bad_request, 400)]
)
def test_has_a_problem_for_every_handler_of_django(handler, expected: int) -> None:
    response = handler(RequestFactory().get("/"), Missing())
    assert response.status_code == expected
    assert json.loads(response.content)["status"] == expected
