"""The bare address of the server leads people to the admin."""

from django.test import Client


def test_leads_to_the_admin() -> None:
    for answer in (Client().get("/"), Client().head("/")):
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert Client().post("/").status_code == 405
