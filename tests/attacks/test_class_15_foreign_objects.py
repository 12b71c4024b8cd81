"""Class 15 of the known attacks: one scope's best credential reaches another scope's objects.

Seen in Keycloak as CVE-2025-14777, CVE-2026-4628, CVE-2026-4630, CVE-2026-4636 and CVE-2026-2366,
in Zitadel as CVE-2026-55670 (a recycled id landed in the tenant that had it before), in Casdoor as
CVE-2026-9094. Every route, with every id of the other scope, answers as for an id that nobody has,
and afterwards not a row of the other scope has changed.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from django.apps import apps

from accounts.models import Group, User
from identity.api.enterprise import routes
from identity.scoping import current
from identity.scoping.owned import ScopeOwned
from identity.sdk.client import Client
from identity.sdk.errors import NoAnswer, Refused
from identity.sdk.session import Session
from tests import cast
from tests.attacks import wire
from tests.faces.enterprise import examples, proposing
from tests.faces.enterprise.desk import Answer, Desk, Person
from tests.faces.enterprise.examples import Things

pytestmark = pytest.mark.django_db

Rows = dict[str, list[str]]


@pytest.fixture
def desk() -> Desk:
    return Desk.new()


@pytest.fixture
def other() -> Desk:
    return Desk.new("charlie")


def everything(desk: Desk) -> Rows:
    """Every row that the scope owns, column by column."""
    with current.in_scope(desk.scope_id):
        return {
            model._meta.label: sorted(repr(row) for row in model.objects.values_list())
            for model in apps.get_models()
            if issubclass(model, ScopeOwned)
        }


def things_of(desk: Desk) -> Things:
    """One of each in charlie's scope, a pending proposal among them."""
    with current.in_scope(desk.scope_id):
        charlie = desk.person("charlie")
        made = Things.of(desk, charlie)
        desk.person("dave", "workspace-owner")
        waiting = charlie.ask("add", "/groups", examples.group_details(examples.new_id()))
    return Things(**vars(made) | {"proposal": waiting["details"]["proposal_id"]})


def requests(foreign: Things, own: Things) -> list[dict[str, Any]]:
    """Every route with foreign ids in its path, and in its details."""
    listed = []
    for known in routes.ROUTES:
        if known.path.startswith("/account-management/"):
            continue
        if "{" in known.path:
            listed.append(asked(known.action, foreign.path(known), examples.details(known, own)))
        listed.append(asked(known.action, own.path(known), examples.details(known, foreign)))
    return listed


def asked(action: str, resource: str, details: Mapping[str, Any]) -> dict[str, Any]:
    return {"action": action, "resource": resource, "details": dict(details)}


def texts(answer: Answer) -> str:
    return repr(answer)


def test_no_request_reaches_a_foreign_object(desk: Desk, other: Desk) -> None:
    foreign = things_of(other)
    before = everything(other)
    with current.in_scope(desk.scope_id):
        alice = desk.person("alice")
        own = Things.of(desk, alice)
        for payload in requests(foreign, own):
            require_nothing_foreign(alice, payload, foreign)
    assert everything(other) == before


def require_nothing_foreign(alice: Person, payload: dict[str, Any], foreign: Things) -> None:
    told = texts(alice.send(payload))
    for name, value in vars(foreign).items():
        # What alice wrote herself may be repeated to her; nothing else of theirs is.
        if value not in repr(payload):
            assert value not in told, (name, payload)


def test_no_batch_reaches_a_foreign_object(desk: Desk, other: Desk) -> None:
    foreign = things_of(other)
    before = everything(other)
    with current.in_scope(desk.scope_id):
        alice = desk.person("alice")
        own = Things.of(desk, alice)
        batch = [payload for payload in requests(foreign, own) if "-" in payload["resource"]]
        for start in range(0, len(batch), 20):
            for kind in ("batch", "atomicBatch"):
                alice.send({kind: batch[start : start + 20]})
    assert everything(other) == before


LISTS = [known.path for known in routes.ROUTES if known.is_list and "{" not in known.path]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_shows_nothing_foreign(desk: Desk, other: Desk, path: str) -> None:
    foreign = things_of(other)
    with current.in_scope(desk.scope_id):
        told = texts(desk.person("alice").ask("list", path, {}))
    assert not [value for value in vars(foreign).values() if value in told]


def test_the_same_id_in_two_scopes_is_two_things(desk: Desk, other: Desk) -> None:
    # Ids are chosen by clients, so a recycled one must not land where it was before.
    uid, gid = examples.new_id(), examples.new_id()
    for place, owner, name in ((other, "charlie", "theirs"), (desk, "alice", "ours")):
        with current.in_scope(place.scope_id):
            person = place.person(owner)
            person.done("add", "/groups", {"gid": gid, "name": name})
            person.done("add", "/users/invite", examples.person_details(uid))
    with current.in_scope(desk.scope_id):
        desk.person("alice").done("edit", f"/groups/{gid}", {"name": "changed"})
        desk.person("alice").done("edit", f"/users/{uid}", {"first_name": "Changed"})
        assert Group.objects.get().name == "changed"
    with current.in_scope(other.scope_id):
        assert Group.objects.get().name == "theirs"
        assert User.objects.get(public_id=uid).first_name == "New"
        other.person("charlie").done("delete", f"/groups/{gid}")
    with current.in_scope(desk.scope_id):
        assert Group.objects.get().name == "changed"


def test_the_same_idempotency_key_in_two_scopes_is_two_intentions(desk: Desk, other: Desk) -> None:
    for place, owner in ((other, "charlie"), (desk, "alice")):
        with current.in_scope(place.scope_id):
            details = examples.group_details(examples.new_id())
            answer = place.person(owner).ask("add", "/groups", details, idempotency_key="one")
            assert answer["status"] == "success", answer
            assert answer["details"]["gid"] == details["gid"]


def test_a_foreign_vote_decides_nothing(desk: Desk, other: Desk) -> None:
    with current.in_scope(other.scope_id):
        other.person("alice", "super-admin")
        other.person("dave", "workspace-owner")
        waiting = proposing.propose(other)
    with current.in_scope(desk.scope_id):
        alice = desk.person("alice")
        for action in ("approve", "reject", "retract", "cancel", "get"):
            path, details = proposing.ballot(waiting, reason="mine")
            given = details if action == "reject" else {}
            answer = alice.ask(action, path, details if action == "approve" else given)
            assert answer["status"] != "success", (action, answer)
    with current.in_scope(other.scope_id):
        waiting.refresh_from_db()
        assert waiting.state == "pending"
        assert waiting.votes.count() == 0


def test_a_credential_that_names_another_scope_than_the_address_is_refused() -> None:
    ours, theirs = cast.world(), cast.world()
    alice = ours.member("alice", "super-admin", "workspace-owner")
    request = wire.channel(alice).seal({"action": "get", "resource": "/me"})
    answer = wire.post(ours, request.body, slug=theirs.scope.slug)
    assert (answer.status_code, wire.clear_code(answer)) == (401, "-4")
    # The refusal used nothing up: at home the same bytes are still good.
    assert wire.post(ours, request.body).status_code == 200


def test_a_device_does_not_speak_to_another_scopes_key() -> None:
    ours, theirs = cast.world(), cast.world()
    alice = ours.member("alice", "super-admin", "workspace-owner")
    alice.session = Session(
        user_id=alice.uid,
        device=alice.device.id,
        keys=alice.session.keys,
        server=theirs.server,
    )
    request = wire.channel(alice).seal({"action": "get", "resource": "/me"})
    for place in (ours, theirs):
        answer = wire.post(place, request.body)
        assert answer.status_code in {400, 401}
    stranger = Client(cast.URL, alice.session, http=theirs.http())
    with pytest.raises((NoAnswer, Refused)):
        stranger.request("get", "/me")
