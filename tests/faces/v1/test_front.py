"""Bare addresses lead people to the pages for people."""

import pytest
from django.test import Client


def test_the_host_leads_to_the_admin() -> None:
    for answer in (Client().get("/"), Client().head("/")):
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert Client().put("/").status_code == 405


def test_a_scope_leads_to_its_sign_in() -> None:
    answer = Client().get("/s/acme/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/s/acme/login")


@pytest.mark.parametrize("path", ["/favicon.ico", "/s/acme/favicon.ico"])
def test_there_is_an_icon(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/static/countersign/icon")
