"""Invitations of many over `/v1`: a dry run, then each line once, then the links once."""

from typing import Any

from tests.faces.v1.client import Signed, problem


def checked(alice: Signed, *lines: dict[str, Any]) -> dict[str, Any]:
    answer = alice.post("/invitations/batches", {"lines": list(lines), "name": "a list"})
    assert answer.status_code == 201, answer.text
    batch: dict[str, Any] = answer.json()
    return batch


def test_shows_each_fate_and_then_issues(alice: Signed) -> None:
    batch = checked(
        alice,
        {"email": "one@example.test", "hours": 5},
        {"email": "nobody"},
        {"email": "ONE@example.test"},
    )
    assert (batch["state"], batch["is_checked"]) == ("draft", True)
    assert [line["fate"] for line in batch["lines"]] == ["new", "refused", "duplicate"]
    assert batch["fates"] == {"new": 1, "refused": 1, "duplicate": 1}
    path = f"/invitations/batches/{batch['id']}"
    assert alice.get(path).json() == batch
    assert alice.post(f"{path}/confirm").status_code == 200
    done = alice.get(path).json()
    assert [line["state"] for line in done["lines"]] == ["issued", "refused", "refused"]
    assert (done["state"], done["to_take"]) == ("done", 1)
    (offer,) = alice.post(f"{path}/links").json()["invitations"]
    assert offer["id"] == done["lines"][0]["invitation"]
    assert alice.post(f"{path}/links").json() == {"invitations": []}
    assert alice.post(f"{path}/confirm").status_code == 409


def test_shows_a_batch_to_its_maker_alone(alice: Signed, bob: Signed) -> None:
    batch = checked(alice, {"email": "one@example.test"})
    answer = bob.get(f"/invitations/batches/{batch['id']}")
    assert answer.status_code in {403, 404}


def test_refuses_what_is_no_list(alice: Signed) -> None:
    bodies: tuple[Any, ...] = (
        {"lines": []},
        {"lines": [{"email": 1}]},
        {"lines": [{"mail": "x@y.test"}]},
    )
    for body in bodies:
        assert alice.post("/invitations/batches", body).status_code == 400
    nul = alice.post("/invitations/batches", {"lines": [{"email": "a\x00@example.test"}]})
    assert nul.status_code == 400, nul.text


def test_refuses_links_by_mail_where_the_scope_does(alice: Signed) -> None:
    body = {"lines": [{"email": "one@example.test"}], "mails_links": True}
    problem(alice.post("/invitations/batches", body), 409, "invitation.links-by-mail-off")
