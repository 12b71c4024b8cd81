"""Applications over `/v1`."""

from typing import Any

from tests import cast
from tests.faces.v1.client import Signed, problem

BACK = "https://shop.example.org/signed-in?from=countersign"
SHOP = {"name": "Shop", "return_addresses": [BACK]}


def made(alice: Signed, **more: Any) -> dict[str, Any]:
    answer = alice.post("/applications", {**SHOP, **more})
    assert answer.status_code == 201, answer.text
    application: dict[str, Any] = answer.json()
    return application


def test_makes_reads_edits_and_removes_an_application(alice: Signed) -> None:
    application = made(alice)
    path = f"/applications/{application['id']}"
    assert (application["return_addresses"], application["status"]) == ([BACK], "active")
    assert alice.get(path).json() == application
    assert alice.get("/applications").json() == {"items": [application], "next": None}
    problem(alice.send("PATCH", path, {"name": "x"}), 428, "precondition.needed")
    edited = alice.send("PATCH", path, {"status": "disabled"}, {"If-Match": '"1"'})
    assert (edited.json()["status"], edited.json()["version"]) == ("disabled", 2)
    assert alice.send("DELETE", path).json() == {"id": application["id"]}
    problem(alice.get(path), 404, "missing")


def test_takes_addresses_in_one_plain_form_alone(alice: Signed) -> None:
    for wrong in ([], ["https://shop.example.org"], ["http://shop.example.org/"], [BACK] * 21):
        problem(alice.post("/applications", {**SHOP, "return_addresses": wrong}), 400, "invalid")


def test_lets_nobody_in_without_the_permission(alice: Signed, bob: Signed) -> None:
    path = f"/applications/{made(alice)['id']}"
    for answer in (
        bob.get("/applications"),
        bob.get(path),
        bob.post("/applications", SHOP),
        bob.send("DELETE", path),
    ):
        problem(answer, 403, "forbidden")


def test_shows_nothing_of_another_scope(alice: Signed) -> None:
    other = cast.world(governance=False)
    charlie = Signed.of(other.member("charlie", "super-admin"), other.scope.slug)
    path = f"/applications/{made(alice)['id']}"
    assert charlie.get("/applications").json() == {"items": [], "next": None}
    for answer in (
        charlie.get(path),
        charlie.send("DELETE", path),
        charlie.send("PATCH", path, {"name": "x"}, {"If-Match": "*"}),
    ):
        problem(answer, 404, "missing")
