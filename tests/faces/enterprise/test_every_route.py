"""What holds for every route: rights, foreign ids, unknown fields, malformed ids."""

import re
from pathlib import Path

import pytest

from identity.api.enterprise import route as kinds
from identity.api.enterprise import routes
from identity.api.enterprise.route import Route
from identity.errors import Missing
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
WITH_IDS = [known for known in routes.ROUTES if "{" in known.path]
GUARDED = [
    known for known in routes.ROUTES if known.permission not in kinds.NOT_PERMISSIONS | SELF_SERVICE
]


@every_route
def test_declares_its_permission(known: Route) -> None:
    assert known.permission in ALL | kinds.NOT_PERMISSIONS


@every_route
def test_has_either_a_step_or_a_handler(known: Route) -> None:
    assert (known.step is None) != (known.run is kinds.through_the_door)


def test_no_two_routes_are_the_same() -> None:
    assert len(set(NAMES)) == len(NAMES)


# What is done in a session or over the API of our own only.
ELSEWHERE = frozenset(
    {
        "passkey.remove",
        "user-key.remove",
        "profile.edit",
        "session.end-all",
        "user.lock",
        "device.edit",
        "invitation.accept",
        "device.register",
        "scope.edit",
        "server-key.rotate",
    }
)
NOUNS_ELSEWHERE = (
    *(
        "/api-keys",
        "/applications",
        "/contexts",
        "/credentials",
        "/developer-keys",
        "/lambdas",
        "/managed-keys",
        "/onboardings",
        "/providers",
        "/remotes",
        "/role-credentials",
        "/sessions",
        "/solutions",
    ),
    *("/staff", "/webhooks"),
)


def test_every_sensitive_command_has_a_route_with_its_resource_and_permission() -> None:
    declared = {(known.action, known.path): known.permission for known in routes.ROUTES}
    for command in registry.by_name.values():
        if command.name in ELSEWHERE or command.resource.startswith(NOUNS_ELSEWHERE):
            continue
        path = command.resource
        if command.name == "device.authorize":
            assert declared[command.action, path] == kinds.INVITED
        elif command.name == "password.change":
            assert declared[command.action, path] == kinds.SELF
        else:
            assert declared[command.action, path] == command.permission, command.name


def test_is_refused_without_its_permission(desk: Desk) -> None:
    things = Things.of(desk, desk.person("alice"))
    bob = desk.person("bob", "member")
    for known in GUARDED:
        answer = bob.ask(known.action, things.path(known), examples.details(known, things))
        assert (answer["status"], answer["error_code"]) == ("unauthorized", "-9"), (known, answer)
        assert "details" not in answer


@pytest.mark.parametrize(
    "known", [known for known in routes.ROUTES if known.permission == kinds.INVITED]
)
def test_a_registered_device_authorizes_nothing(desk: Desk, known: Route) -> None:
    answer = desk.person("alice").ask(
        known.action, known.path, examples.details(known, Things.unknown())
    )
    assert (answer["status"], answer["error_code"]) == ("unauthorized", "-9")


def test_foreign_ids_answer_as_unknown_ones(desk: Desk, other: Desk) -> None:
    with current.in_scope(other.scope_id):
        foreign = Things.of(other, other.person("charlie"))
    alice = desk.person("alice")
    own = Things.of(desk, alice)
    for known in WITH_IDS:
        # Details name things that are there, so that only the ids in the path are foreign.
        details = examples.details(known, own)
        for things in (foreign, Things.unknown()):
            answer = alice.ask(known.action, things.path(known), details)
            assert answer == MISSING, (known, answer)


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


def test_refuses_unknown_fields_by_name(desk: Desk) -> None:
    alice = desk.person("alice")
    holder = desk.invited("new@example.test")
    things = Things.unknown()
    for known in routes.ROUTES:
        details = examples.details(known, things) | {"is_admin": True}
        payload = {"action": known.action, "resource": things.path(known), "details": details}
        asker = holder if known.permission == kinds.INVITED else alice
        answer = asker.send(payload)
        assert (answer["status"], answer["error_code"]) == ("failed", "-7"), (known, answer)
        assert "is_admin" in answer["message"], (known, answer)


MISSPELLED = {
    "upper case": str.upper,
    "in braces": lambda value: f"{{{value[1:-1]}}}",
    "without hyphens": lambda value: value.replace("-", ""),
    "too short": lambda value: value[:-1],
    "a line more": lambda value: value[:-1] + "\n",
    "no id at all": lambda value: "' OR 1=1 -- 0000000000000000000000000",
}


@pytest.mark.parametrize("spelling", MISSPELLED)
def test_a_malformed_id_is_an_unknown_resource(spelling: str) -> None:
    misspell = MISSPELLED[spelling]
    ids = {name: misspell(value) for name, value in vars(Things.unknown()).items()}
    for known in WITH_IDS:
        with pytest.raises(Missing):
            routes.find(known.action, known.path.format_map(ids))


@pytest.mark.parametrize(
    "resource",
    ["", "/", "me", "/me/", "//me", "/ME", "/me?x=1", "/users/", "/wallets", "/users/{user}"],
)
def test_an_unknown_resource_is_missing(resource: str) -> None:
    with pytest.raises(Missing):
        routes.find("get", resource)


def test_an_unknown_action_is_missing() -> None:
    for action in ("", "GET", "create", "drop", "approve"):
        with pytest.raises(Missing):
            routes.find(action, "/me")


def test_lists_are_asked_for_with_get_and_with_list() -> None:
    for known in routes.ROUTES:
        if known.is_list:
            path = known.path.format_map(vars(Things.unknown()))
            assert routes.find("list", path)[0] is routes.find("get", path)[0] is known


def test_the_readme_lists_every_route() -> None:
    readme = Path(routes.__file__).with_name("README.md").read_text(encoding="utf-8")
    listed = [line for line in readme.splitlines() if re.match(r"\| [a-z, ]+ \| `/", line)]
    assert listed == [
        " ".join(
            (
                f"| {'get, list' if known.is_list else known.action}",
                f"| `{known.path}`",
                f"| {known.permission} |",
            )
        )
        for known in routes.ROUTES
    ]
