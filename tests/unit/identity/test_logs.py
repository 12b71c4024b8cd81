"""Logs are JSON, carry the request's id, and hold no secret whatever field it came in."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from identity import logs
from identity.web import request_id

CANARY = "canary-7f3a9c"
INVITATION = "inv_" + "A" * 40 + "-_9"
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"
PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----"
VERIFIER = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is written while the configuration of a deployment is in force."""
    stream = io.StringIO()
    before = structlog.get_config()
    configuration = logs.configuration("INFO", hidden=[CANARY, "", "tiny"])
    configuration["handlers"]["stderr"]["stream"] = stream
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logging.config.dictConfig(configuration)
    yield stream
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


def fail(secret: str) -> None:
    raise ValueError(f"cannot use {secret}")


def only(stream: io.StringIO) -> dict[str, Any]:
    (line,) = stream.getvalue().splitlines()
    entry: dict[str, Any] = json.loads(line)
    return entry


def test_writes_one_json_object_a_line(lines: io.StringIO) -> None:
    given = request_id.enter({"HTTP_X_REQUEST_ID": "from-the-proxy-1"})
    structlog.get_logger("countersign.test").warning("door closed", scope="acme", tries=3)
    entry = only(lines)
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "event": "door closed",
        "scope": "acme",
        "tries": 3,
        "level": "warning",
        "logger": "countersign.test",
        "request_id": given,
    }


def test_writes_what_libraries_log_in_the_same_way(lines: io.StringIO) -> None:
    logging.getLogger("django.request").error("Not Found: %s", "/nowhere\nforged line")
    entry = only(lines)
    assert entry["event"] == "Not Found: /nowhere\nforged line"
    assert entry["logger"] == "django.request"


def test_says_in_a_line_what_was_refused_before_any_code_of_ours(lines: io.StringIO) -> None:
    refused = (ValueError, ValueError("Invalid HTTP_HOST header"), None)
    log = logging.getLogger("django.security.DisallowedHost")
    log.error("Invalid HTTP_HOST header: 'evil.example'", exc_info=refused)
    entry = only(lines)
    assert "evil.example" in entry["event"]
    assert "exception" not in entry


@pytest.mark.parametrize(
    "name",
    [
        *("password", "newPassword", "secret", "client_secret", "token", "refreshToken"),
        *("oneTimePrivateKey", "invite_string", "Authorization", "cookie", "sessionid"),
        *("csrfmiddlewaretoken", "private_key", "api_key", "push_token", "kek"),
    ],
)
def test_hides_fields_by_their_name_however_deep(lines: io.StringIO, name: str) -> None:
    log = structlog.get_logger("countersign.test")
    log.info("asked", **{name: "hunter2"}, details={"inner": [{name: "hunter2"}]})
    assert "hunter2" not in lines.getvalue()
    entry = only(lines)
    assert entry[name] == entry["details"]["inner"][0][name] == logs.HIDDEN


@pytest.mark.parametrize(
    "secret", [CANARY, INVITATION, JWT, PEM, VERIFIER], ids=["known", "token", "jwt", "pem", "hash"]
)
@pytest.mark.parametrize("where", ["event", "field", "deep", "argument", "traceback"])
def test_hides_secrets_by_their_look_wherever_they_are(
    lines: io.StringIO, secret: str, where: str
) -> None:
    log = structlog.get_logger("countersign.test")
    if where == "event":
        log.error(secret)
    elif where == "field":
        log.error("refused", reason=f"bad {secret}")
    elif where == "deep":
        log.error("refused", facts={"reasons": [("bad", secret)]})
    elif where == "argument":
        logging.getLogger("library").error("refused %s", secret)
    else:
        try:
            fail(secret)
        except ValueError:
            log.exception("failed")
    written = lines.getvalue()
    assert logs.HIDDEN in written
    for part in secret.split("\n"):
        assert part not in written


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2",
        "{'password': 'hunter2', 'name': 'alice'}",
        '{"newPassword": "hunter2"}',
        "postgres://alice:hunter2@db.example.org/countersign",
        "Authorization: Bearer hunter2",
        "token: hunter2",
        "invite_string=hunter2&next=1",
    ],
)
def test_hides_assignments_in_texts_of_libraries(lines: io.StringIO, text: str) -> None:
    logging.getLogger("library").error(text)
    assert "hunter2" not in lines.getvalue()
    assert logs.HIDDEN in only(lines)["event"]


@pytest.mark.parametrize(
    "text",
    [
        "get /users/01a1f96e-6564-75b6-80c1-b43a6966491d",
        "proposal a3f1" + "0" * 60,
        "the tiny scope acme has 3 policies",
        "http://127.0.0.1:8000/s/acme/request",
    ],
)
def test_shows_what_is_no_secret(lines: io.StringIO, text: str) -> None:
    logging.getLogger("library").error(text)
    assert only(lines)["event"] == text


def test_shows_no_bytes_and_no_endless_texts(lines: io.StringIO) -> None:
    structlog.get_logger("countersign.test").info("read", body=b"sealed", text="x" * 50_000)
    entry = only(lines)
    assert entry["body"] == "[6 bytes]"
    assert len(entry["text"]) == logs.LONGEST_TEXT + 1
