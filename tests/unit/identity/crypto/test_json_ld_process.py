"""Strangers' documents: read in a process that reaches nothing and ends in time."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest
from pyld import jsonld

from identity.crypto import json_ld, json_ld_cell, json_ld_contexts, json_ld_process
from identity.crypto.errors import (
    CredentialContextUnknown,
    CredentialTooComplex,
    JsonLdUnavailable,
)

BUNDLED = json_ld_contexts.bundled()
UNDEFINED = "https://www.w3.org/ns/credentials/undefined-terms/v2"
DOCUMENT: dict[str, Any] = {
    "@context": [json_ld_contexts.CREDENTIALS_V2],
    "id": "urn:x",
    "type": ["VerifiableCredential"],
    "name": "x\ty",
    "credentialSubject": {"id": "urn:y", "name": "z"},
}


def poison(size: int) -> dict[str, Any]:
    """Everything is linked with everything, in terms of a bundled context."""
    numbers = range(size)
    nodes = [
        {"id": f"_:e{one}", "p": [{"id": f"_:e{other}"} for other in numbers if other != one]}
        for one in numbers
    ]
    subject = {"id": "urn:y", "q": nodes}
    contexts = [json_ld_contexts.CREDENTIALS_V2, UNDEFINED]
    return {**DOCUMENT, "@context": contexts, "credentialSubject": subject}


@pytest.mark.parametrize("is_rdfc", [True, False])
def test_answers_what_is_answered_here(is_rdfc: bool) -> None:
    asked: list[Mapping[str, Any]] = [DOCUMENT, poison(3)]
    here = json_ld.canonical(asked, BUNDLED, is_rdfc=is_rdfc)
    assert json_ld_process.canonical(asked, BUNDLED, is_rdfc=is_rdfc) == here


def test_knows_contexts_that_are_given_along() -> None:
    contexts = {**BUNDLED, "urn:ctx": {"@context": {"rank": "urn:rank"}}}
    document = {**DOCUMENT, "@context": [*DOCUMENT["@context"], "urn:ctx"], "rank": "1"}
    (text,) = json_ld_process.canonical([document], contexts, is_rdfc=True)
    assert '<urn:x> <urn:rank> "1" .' in text


def test_refuses_poison_in_time() -> None:
    began = time.monotonic()
    with pytest.raises(CredentialTooComplex):
        json_ld_process.canonical([poison(10)], BUNDLED, is_rdfc=True)
    assert time.monotonic() - began < json_ld_process.SECONDS


def test_ends_what_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_ld_process, "SECONDS", 0.01)
    with pytest.raises(CredentialTooComplex):
        json_ld_process.canonical([DOCUMENT], BUNDLED, is_rdfc=True)


def test_refuses_more_at_once_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    full = threading.BoundedSemaphore(1)
    monkeypatch.setattr(json_ld_process, "CELLS", full)
    monkeypatch.setattr(json_ld_process, "WAIT_SECONDS", 0.01)
    with full, pytest.raises(JsonLdUnavailable):
        json_ld_process.canonical([DOCUMENT], BUNDLED, is_rdfc=True)
    assert json_ld_process.canonical([DOCUMENT], BUNDLED, is_rdfc=True)


BOUND = f"""
import sys
sys.path.insert(0, {str(json_ld_process.CELL.parent)!r})
import socket, os, json_ld_cell
json_ld_cell._bound()
"""


@pytest.mark.parametrize(
    "act",
    [
        "socket.socket()",
        "open('/etc/hostname')",
        "os.pipe()",
        "os.fork()",
        "bytearray(json_ld_cell.MEMORY * 2)",
    ],
)
def test_the_process_can_reach_nothing(act: str) -> None:
    program = (
        f"{BOUND}try:\n    {act}\nexcept (OSError, MemoryError):\n    os._exit(7)\nos._exit(8)"
    )
    command = [sys.executable, "-I", "-c", program]
    # Processes of root are not counted, so that root may start more of them.
    allowed = {7, 8} if act == "os.fork()" and _is_root() else {7}
    assert subprocess.run(command, env={}, check=False, timeout=60).returncode in allowed


def _is_root() -> bool:
    import os

    return os.geteuid() == 0


def test_the_kernel_ends_what_never_ends() -> None:
    command = [sys.executable, "-I", "-c", f"{BOUND}while True:\n    pass"]
    ended = subprocess.run(
        command, env={}, check=False, timeout=json_ld_cell.SECONDS * 20, capture_output=True
    )
    assert ended.returncode < 0


@pytest.fixture
def listening() -> Any:
    """A server that notes who calls."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def _calls(server: socket.socket) -> int:
    try:
        called, _ = server.accept()
        called.close()
    except TimeoutError:
        return 0
    return 1


@pytest.mark.parametrize("canonical", [json_ld.canonical, json_ld_process.canonical])
@pytest.mark.parametrize("place", ["@context", "import", "subject"])
def test_never_asks_the_network(canonical: Any, place: str, listening: socket.socket) -> None:
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/context"
    document = dict(DOCUMENT)
    if place == "@context":
        document["@context"] = [*DOCUMENT["@context"], address]
    elif place == "import":
        document["@context"] = [*DOCUMENT["@context"], {"@version": 1.1, "@import": address}]
    else:
        document["credentialSubject"] = {"id": "urn:y", "@context": address}
    with pytest.raises(CredentialContextUnknown):
        canonical([document], BUNDLED, is_rdfc=True)
    assert _calls(listening) == 0


def test_would_notice_a_call(listening: socket.socket) -> None:
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/context"

    def load(asked: str, options: Any) -> Any:
        socket.create_connection(listening.getsockname()).close()
        raise ValueError(asked)

    with pytest.raises(jsonld.JsonLdError):
        jsonld.expand({"@context": address, "a": "b"}, {"documentLoader": load})
    assert _calls(listening) == 1


def test_a_known_context_that_names_an_unknown_one_is_not_followed(
    listening: socket.socket,
) -> None:
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/context"
    contexts = {**BUNDLED, "urn:ctx": {"@context": [address, {"rank": "urn:rank"}]}}
    document = {**DOCUMENT, "@context": [*DOCUMENT["@context"], "urn:ctx"], "rank": "1"}
    with pytest.raises(CredentialContextUnknown):
        json_ld.canonical([document], contexts, is_rdfc=True)
    assert _calls(listening) == 0
