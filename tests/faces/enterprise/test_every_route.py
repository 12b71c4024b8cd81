"""What holds for every route: rights, foreign ids, unknown fields, malformed ids."""

import pytest

from identity.api.enterprise import route as kinds
from identity.api.enterprise import routes
from identity.api.enterprise.route import Route
from identity.permissions import ALL, SELF_SERVICE
from identity.scoping import current
from invitations.commands.command import registry
from tests.faces.enterprise import examples
from tests.faces.enterprise.desk import Answer, Desk
from tests.faces.enterprise.examples import Things

MISSING = {
    "status": "failed",
    "error_code": "-8",
    "message": "There is no such resource, action or object.",
}
NAMES = [f"{known.action} {known.path}" for known in routes.ROUTES]
every_route = pytest.mark.parametrize("known", routes.ROUTES, ids=NAMES)
with_ids = pytest.mark.parametrize("known", [known for known in routes.ROUTES if "{" in known.path])
guarded = pytest.mark.parametrize(
    "known",
    [
        known
        for known in routes.ROUTES
        if known.permission not in kinds.NOT_PERMISSIONS | SELF_SERVICE
    ],
    ids=lambda known: f"{known.action} {known.path}",
)


@every_route
def test_declares_its_permission(known: Route) -> None:
    assert known.permission in ALL | kinds.NOT_PERMISSIONS


@every_route
def test_has_either_a_step_or_a_handler(known: Route) -> None:
    assert (known.step is None) != (known.run is kinds.through_the_door)


def test_no_two_routes_are_the_same() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_every_sensitive_command_has_a_route_with_its_resource_and_permission() -> None:
    declared = {(known.action, known.path): known.permission for known in routes.ROUTES}
    for command in registry.by_name.values():
        path = command.resource
        if command.name == "device.authorize":
            assert declared[command.action, path] == kinds.INVITED
        elif command.name == "password.change":
            assert declared[command.action, path] == kinds.SELF
        else:
            assert declared[command.action, path] == command.permission, command.name


@guarded
def test_is_refused_without_its_permission(desk: Desk, known: Route) -> None:
    things = Things.of(desk, desk.person("alice"))
    bob = desk.person("bob", "member")
    answer = bob.ask(known.action, things.path(known), examples.details(known, things))
    assert answer["status"] == "unauthorized", answer
    assert answer["error_code"] == "-9"
    assert "details" not in answer


@pytest.mark.parametrize(
    "known", [known for known in routes.ROUTES if known.permission == kinds.INVITED]
)
def test_a_registered_device_authorizes_nothing(desk: Desk, known: Route) -> None:
    answer = desk.person("alice").ask(
        known.action, known.path, examples.details(known, Things.unknown())
    )
    assert (answer["status"], answer["error_code"]) == ("unauthorized", "-9")


@with_ids
def test_foreign_ids_answer_as_unknown_ones(desk: Desk, other: Desk, known: Route) -> None:
    with current.in_scope(other.scope_id):
        foreign = Things.of(other, other.person("charlie"))
    alice = desk.person("alice")
    own = Things.of(desk, alice)
    # Details name things that are there, so that only the ids in the path are foreign.
    details = examples.details(known, own)
    answers = [
        alice.ask(known.action, things.path(known), details)
        for things in (foreign, Things.unknown())
    ]
    assert answers == [MISSING, MISSING]


FOREIGN_IN_DETAILS = (
    ("add", "/groups/{group}/users", lambda things: {"uid": things.user}),
    ("delete", "/groups/{group}/users", lambda things: {"uid": things.user}),
    ("add", "/recipient-groups/{group}/recipients", lambda things: {"id": things.recipient}),
    ("delete", "/recipient-groups/{group}/recipients", lambda things: {"id": things.recipient}),
    ("add", "/users/{user}/roles", lambda things: {"rid": things.role}),
    ("delete", "/users/{user}/roles", lambda things: {"rid": things.role}),
    (
        "add",
        "/roles",
        lambda things: {"rid": examples.new_id(), "name": "thief", "rules": [things.rule]},
    ),
    ("edit", "/roles/{role}", lambda things: {"rules": [things.rule]}),
)


@pytest.mark.parametrize(("action", "path", "naming"), FOREIGN_IN_DETAILS)
def test_foreign_ids_in_details_answer_as_unknown_ones(
    desk: Desk, other: Desk, action: str, path: str, naming: object
) -> None:
    with current.in_scope(other.scope_id):
        foreign = Things.of(other, other.person("charlie"))
    alice = desk.person("alice")
    own = Things.of(desk, alice)
    known = next(each for each in routes.ROUTES if (each.action, each.path) == (action, path))
    assert callable(naming)
    answers: list[Answer] = [
        alice.ask(action, own.path(known), naming(things)) for things in (foreign, Things.unknown())
    ]
    assert answers[0] == answers[1]
    assert answers[0]["status"] == "failed"


@every_route
def test_refuses_unknown_fields_by_name(desk: Desk, known: Route) -> None:
    alice = desk.person("alice")
    asker = desk.invited("new@example.test") if known.permission == kinds.INVITED else alice
    things = Things.unknown()
    details = examples.details(known, things) | {"is_admin": True}
    answer = asker.send(
        {"action": known.action, "resource": things.path(known), "details": details}
    )
    assert (answer["status"], answer["error_code"]) == ("failed", "-7")
    assert "is_admin" in answer["message"]


@with_ids
@pytest.mark.parametrize("spelling", ["upper", "braced", "plain", "cut", "sql"])
def test_a_malformed_id_is_an_unknown_resource(desk: Desk, known: Route, spelling: str) -> None:
    alice = desk.person("alice")
    ids = vars(Things.unknown())
    spelled = {
        "upper": {name: value.upper() for name, value in ids.items()},
        "braced": {name: f"{{{value[1:-1]}}}" for name, value in ids.items()},
        "plain": {name: value.replace("-", "") for name, value in ids.items()},
        "cut": {name: value[:-1] for name, value in ids.items()},
        "sql": dict.fromkeys(ids, "' OR 1=1 -- 0000000000000000000000000"),
    }[spelling]
    resource = known.path.format_map(spelled)
    assert alice.ask(known.action, resource, {}) == MISSING
    assert alice.ask("get", "/nothing", {}) == MISSING
