"""Webhooks over `/v1`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from identity import ids
from tests import cast, letters
from tests.faces.v1.client import Signed, problem
from tests.mailbox import Mailbox

URL = "https://hooks.example.org/countersign"


def made(alice: Signed, url: str = URL, events: tuple[str, ...] = ("group.*",)) -> dict[str, Any]:
    answer = alice.post("/webhooks", {"url": url, "events": list(events)})
    assert answer.status_code == 201, answer.text
    webhook: dict[str, Any] = answer.json()
    return webhook


def test_makes_reads_edits_and_removes_a_webhook(alice: Signed) -> None:
    webhook = made(alice)
    path = f"/webhooks/{webhook['id']}"
    assert (webhook["url"], webhook["events"], webhook["status"]) == (URL, ["group.*"], "active")
    assert alice.get(path).json() == webhook
    assert alice.get("/webhooks").json() == {"items": [webhook], "next": None}
    problem(alice.send("PATCH", path, {"status": "disabled"}), 428, "precondition.needed")
    edited = alice.send("PATCH", path, {"status": "disabled"}, {"If-Match": '"1"'})
    assert (edited.json()["status"], edited.json()["reason"]) == ("disabled", "by-hand")
    problem(alice.post(f"{path}/ping"), 409, "webhook.disabled")
    assert alice.send("DELETE", path).json() == {"id": webhook["id"]}
    problem(alice.get(path), 404, "missing")


def test_tells_what_is_wrong_with_an_address(alice: Signed) -> None:
    for url in ("https://10.0.0.1/", "https://a:b@hooks.example.org/", "nonsense"):
        problem(alice.post("/webhooks", {"url": url, "events": ["*"]}), 400, "address.refused")
    problem(alice.post("/webhooks", {"url": URL, "events": ["**"]}), 400, "invalid")


def test_refuses_events_that_there_are_not(alice: Signed) -> None:
    given = {"url": URL, "events": ["group.*", "groups.*", "user.ended"]}
    told = problem(alice.post("/webhooks", given), 422, "webhook.events-unknown")
    assert told["events"] == ["groups.*", "user.ended"]
    assert "groups.*, user.ended" in told["detail"]
    path = f"/webhooks/{made(alice)['id']}"
    answer = alice.send("PATCH", path, {"events": ["nothing.*"]}, {"If-Match": '"1"'})
    problem(answer, 422, "webhook.events-unknown")


def test_shows_the_keys_and_rotates_them(alice: Signed) -> None:
    assert alice.get("/webhook-keys").json() == {"items": [], "next": None}
    made(alice)
    (first,) = alice.get("/webhook-keys").json()["items"]
    assert first["public"].startswith("whpk_")
    second = alice.post("/webhook-keys").json()
    listed = alice.get("/webhook-keys").json()["items"]
    assert [key["public"] for key in listed] == [second["public"], first["public"]]
    assert [key["status"] for key in listed] == ["active", "retiring"]


def test_shows_deliveries_and_sends_them_again(alice: Signed) -> None:
    with Mailbox() as mailbox:
        path = f"/webhooks/{made(alice, mailbox.url)['id']}"
        assert alice.post(f"{path}/ping").status_code == 200
        for name in ("one", "two"):
            assert alice.post("/groups", {"name": name}).status_code == 201
        letters.sweep()
        listed = alice.get(f"{path}/deliveries?limit=2").json()
        names = [row["event_name"] for row in listed["items"]]
        assert names == ["group.created", "group.created"]
        rest = alice.get(f"{path}/deliveries?after={listed['next']}").json()
        assert [row["event_name"] for row in rest["items"]] == ["webhook.pinged"]
        assert rest["next"] is None
        one = f"{path}/deliveries/{listed['items'][0]['id']}"
        detail = alice.get(one).json()
        assert detail["payload"].encode() in [message.body for message in mailbox.taken]
        assert [attempt["status"] for attempt in detail["attempts"]] == [204]
        assert alice.post(f"{one}/replay").json()["state"] == "pending"
        letters.sweep()
        assert len(mailbox.taken) == 4
        assert alice.get(f"{path}/deliveries?state=failed").json()["items"] == []
    problem(alice.get(f"{path}/deliveries?state=lost"), 400, "invalid")
    problem(alice.get(f"{path}/deliveries/{ids.new()}"), 404, "missing")


def test_sends_again_what_failed_since_a_time(alice: Signed) -> None:
    path = f"/webhooks/{made(alice)['id']}/replay"
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert alice.post(path, {"since": since}).json() == {"replayed": 0}
    for wrong in ("yesterday", "2026-11-28T12:00:00", None):
        problem(alice.post(path, {"since": wrong}), 400, "invalid")


def test_lets_nobody_in_without_the_permission(alice: Signed, bob: Signed) -> None:
    path = f"/webhooks/{made(alice)['id']}"
    for answer in (
        bob.get("/webhooks"),
        bob.get(path),
        bob.get("/webhook-keys"),
        bob.get(f"{path}/deliveries"),
        bob.post("/webhooks", {"url": URL, "events": ["*"]}),
        bob.post(f"{path}/ping"),
        bob.post("/webhook-keys"),
        bob.send("DELETE", path),
    ):
        problem(answer, 403, "forbidden")


def test_shows_nothing_of_another_scope(alice: Signed) -> None:
    other = cast.world(governance=False)
    charlie = Signed.of(other.member("charlie", "super-admin"), other.scope.slug)
    path = f"/webhooks/{made(alice)['id']}"
    assert charlie.get("/webhooks").json() == {"items": [], "next": None}
    for answer in (
        charlie.get(path),
        charlie.get(f"{path}/deliveries"),
        charlie.post(f"{path}/ping"),
        charlie.send("DELETE", path),
        charlie.send("PATCH", path, {"status": "disabled"}, {"If-Match": "*"}),
    ):
        problem(answer, 404, "missing")
