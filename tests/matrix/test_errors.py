"""Every refusal of the domain has its place in every face's table."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

from identity.api.bridge import errors as bridge
from identity.api.enterprise import errors
from identity.api.v1 import errors as v1
from identity.errors import Conflict, DomainError, Forbidden, Kind, Missing

ROOMS = ("identity", "accounts", "invitations", "sessions_app")
# Not code of the running server: migrations, wiring that other processes import, and the client.
PASSED_OVER = re.compile(r"\.(migrations|sdk|urls|wsgi|settings)(\.|$)")


def modules() -> Iterator[str]:
    for room in ROOMS:
        package = importlib.import_module(room)
        for found in pkgutil.walk_packages(package.__path__, f"{room}."):
            if not PASSED_OVER.search(found.name):
                yield found.name


def registered() -> list[type[DomainError]]:
    for name in modules():
        importlib.import_module(name)
    return [
        known
        for _, known in sorted(DomainError.registry.items())
        if known.__module__.split(".")[0] in ROOMS and not PASSED_OVER.search(known.__module__)
    ]


REGISTERED = registered()
every_error = pytest.mark.parametrize("known", REGISTERED, ids=lambda known: known.code)


def test_the_registry_was_walked() -> None:
    assert {Missing, Forbidden, Conflict} <= set(REGISTERED)
    assert len(REGISTERED) > 50


@every_error
def test_every_error_has_a_meaning(known: type[DomainError]) -> None:
    meaning = errors.MEANINGS[known.code]
    assert meaning.error_code in {str(-number) for number in range(1, 14)}
    assert meaning.status in {"failed", "unauthorized", "rejected"}
    assert meaning.http in {400, 401, 413, 415, 429, 503}


def test_no_meaning_is_left_over() -> None:
    assert set(errors.MEANINGS) == {known.code for known in REGISTERED}


def test_every_public_code_is_used() -> None:
    used = {meaning.error_code for meaning in errors.MEANINGS.values()}
    assert used == {str(-number) for number in range(1, 14)}


KINDS = {
    Kind.INVALID: {"-1", "-2", "-3", "-7"},
    Kind.UNPROCESSABLE: {"-7"},
    Kind.UNAUTHENTICATED: {"-4", "-5", "-6", "-11", "-12"},
    Kind.FORBIDDEN: {"-4", "-9"},
    Kind.MISSING: {"-8"},
    Kind.GONE: {"-8"},
    Kind.CONFLICT: {"-10"},
    Kind.LIMITED: {"-13"},
    Kind.UNAVAILABLE: {"-13"},
}


@every_error
def test_the_meaning_fits_the_kind(known: type[DomainError]) -> None:
    assert errors.MEANINGS[known.code].error_code in KINDS[known.kind]


@every_error
def test_the_public_text_is_fixed(known: type[DomainError]) -> None:
    told = errors.public_body(known("a secret detail"))
    assert told == errors.public_body(known())
    assert set(told) == {"status", "error_code", "message"}


@every_error
def test_a_known_caller_hears_details_of_its_own_input_only(known: type[DomainError]) -> None:
    told = errors.body(known("what to do"))
    is_told = "what to do" in told["message"]
    assert is_told == (
        known.kind in {Kind.INVALID, Kind.CONFLICT, Kind.FORBIDDEN}
        and told["error_code"] in {"-7", "-9", "-10"}
    )


@pytest.mark.parametrize("code", ["-1", "-2", "-3", "-4", "-5", "-6", "-8", "-11", "-12"])
def test_one_text_stands_for_every_cause(code: str) -> None:
    told = {
        errors.body(known("why"))["message"]
        for known in REGISTERED
        if errors.MEANINGS[known.code].error_code == code
    }
    assert len(told) == 1


def test_a_limit_says_when_to_come_back() -> None:
    limited = next(known for known in REGISTERED if known.kind is Kind.LIMITED)
    told = errors.body(limited(retry_after=7))
    assert (told["error_code"], told["details"]) == ("-13", {"retry_after": 7})
    assert errors.http_status(limited()) == 429


def test_a_proposal_that_was_voted_down_is_rejected() -> None:
    ended = DomainError.registry["proposal.ended"]
    assert errors.body(ended(state="rejected"))["status"] == "rejected"
    assert errors.body(ended(state="expired"))["status"] == "failed"


def test_a_code_without_a_meaning_is_found() -> None:
    class Unheard(DomainError):
        kind = Kind.CONFLICT
        code = "test.unheard-of"
        title = "Nobody mapped this."

    try:
        with pytest.raises(KeyError):
            errors.body(Unheard())
    finally:
        del DomainError.registry[Unheard.code]


@every_error
def test_every_error_has_a_problem(known: type[DomainError]) -> None:
    status, advice = v1.TOLD[known.code]
    assert status in PROBLEMS[known.kind]
    assert advice.endswith(".")


def test_no_problem_is_left_over() -> None:
    assert set(v1.TOLD) == {known.code for known in REGISTERED}


PROBLEMS = {
    Kind.INVALID: {400, 405, 406, 413, 415, 428},
    Kind.UNPROCESSABLE: {422},
    Kind.UNAUTHENTICATED: {401},
    Kind.FORBIDDEN: {403},
    Kind.MISSING: {404},
    Kind.GONE: {410},
    Kind.CONFLICT: {409, 412},
    Kind.LIMITED: {429},
    Kind.UNAVAILABLE: {503},
}


@every_error
def test_a_problem_explains_no_credential(known: type[DomainError]) -> None:
    told = v1.body(known("what to do", step=1))
    assert told["type"] == f"/problems/{known.code}"
    is_told = told.get("detail") == "what to do"
    assert is_told == (known.kind not in {Kind.UNAUTHENTICATED, Kind.UNAVAILABLE})
    assert "step" not in told


NUMBERS = {
    Kind.INVALID: {
        *("INVALID_PARAMS", "PARSE_ERROR", "UNAUTHORIZED", "INVALID_ACL"),
        "NO_MATCH_FOR_LAST_ID",
    },
    Kind.UNPROCESSABLE: {"INVALID_PARAMS", "INVALID_ACL"},
    Kind.UNAUTHENTICATED: {"UNAUTHORIZED", "INVALID_TOKEN"},
    Kind.FORBIDDEN: {"ACCESS_DENIED", "INSUFFICIENT_SCOPE", "UNAUTHORIZED"},
    Kind.MISSING: {
        *("ACCESS_DENIED", "UNAUTHORIZED", "USER_DOESNT_EXIST", "NO_MATCH_FOR_LAST_ID"),
        *("CONTEXT_DOES_NOT_EXIST", "SOLUTION_DOES_NOT_EXIST", "API_KEY_DOES_NOT_EXIST"),
    },
    Kind.CONFLICT: {
        *("ACCESS_DENIED", "PUB_KEY_ALREADY_IN_USE", "API_KEYS_LIMIT_EXCEEDED"),
        *("SOLUTION_HAS_CONTEXTS", "CANNOT_ASSIGN_PRIVATE_CONTEXT"),
        "CANNOT_UNASSIGN_CONTEXT_FROM_ITS_PARENT",
        *("CANNOT_SWITCH_CONNECTED_CONTEXT_TO_PRIVATE", "FIRST_API_KEY_ALREADY_EXISTS"),
        "API_KEY_DOES_NOT_EXIST",
    },
    Kind.GONE: {"ACCESS_DENIED"},
    Kind.LIMITED: {"TOO_MANY_REQUESTS"},
    Kind.UNAVAILABLE: {"INTERNAL_ERROR"},
}


@every_error
def test_every_error_has_a_number(known: type[DomainError]) -> None:
    assert bridge.wire(known()).name in NUMBERS[known.kind]
    assert bridge.status(known()) == {Kind.LIMITED: 429, Kind.UNAVAILABLE: 503}.get(known.kind, 200)


def test_no_number_is_left_over() -> None:
    assert set(bridge.BY_CODE) <= {known.code for known in REGISTERED}
    assert set(bridge.BY_KIND) == set(Kind)


EXPLAINED = {"INVALID_PARAMS", "ACCESS_DENIED", "INVALID_ACL"}


@every_error
def test_a_number_explains_no_credential(known: type[DomainError]) -> None:
    told = bridge.body(known("what to do"))
    is_told = told.get("data") == "what to do"
    assert is_told == (bridge.wire(known()).name in EXPLAINED)
