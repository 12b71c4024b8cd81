"""Class 33: verifiable credentials whose proof, contexts, status or issuer is not looked at.

Seen as CVE-2024-21669 in ACA-Py. Everything is asked of `POST /v1/credentials/verify`, as a service
that decides by the answer would.
"""

import copy
import gzip
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from identity.crypto import (
    base64url,
    data_integrity,
    ed25519,
    ed25519_signature_2018,
    json_ld_contexts,
    json_ld_process,
    proofs,
    status_list,
    verification_methods,
)
from tests import cast
from tests.faces.v1.client import Signed

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.now(UTC)
UNDEFINED = "https://www.w3.org/ns/credentials/undefined-terms/v2"
Document = dict[str, Any]


def signer() -> proofs.Signer:
    key = ed25519.generate()
    return proofs.Signer(verification_methods.method_of_key(key.public), key)


EVE, ISSUER = signer(), signer()


def did(by: proofs.Signer) -> str:
    return by.method.partition("#")[0]


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def alice(world: cast.World) -> Signed:
    return Signed.of(world.member("alice", "super-admin"), world.scope.slug)


@pytest.fixture
def issued(world: cast.World, alice: Signed) -> Document:
    """Of the scope itself, about bob."""
    given = {"user": world.member("bob").uid, "type": "Employee", "fields": {"desk": "4"}}
    answer = alice.post("/credentials", given)
    assert answer.status_code == 201, answer.text
    told: Document = answer.json()
    return told


def document(**more: Any) -> Document:
    return {
        "@context": [json_ld_contexts.CREDENTIALS_V2],
        "id": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "type": ["VerifiableCredential"],
        "issuer": did(ISSUER),
        "credentialSubject": {"id": "did:example:bob", "name": "Bob"},
        **more,
    }


def signed(
    by: proofs.Signer = ISSUER,
    suite: str = data_integrity.JCS,
    more: Document | None = None,
    **members: Any,
) -> Document:
    return data_integrity.sign(
        document(**members, **(more or {})),
        suite=suite,
        signer=by,
        purpose="assertionMethod",
        created=NOW,
        contexts=json_ld_contexts.bundled(),
    )


def verify(by: Signed, shown: Any, **more: Any) -> httpx.Response:
    return by.post("/credentials/verify", {"credential": shown, **more})


def refused(answer: httpx.Response) -> str:
    assert answer.status_code in {400, 422}, answer.text
    return str(answer.json()["type"]).removeprefix("/problems/credential.")


def test_what_is_good_verifies(alice: Signed, issued: Document) -> None:
    assert verify(alice, signed()).status_code == 200
    assert verify(alice, issued["document"]).status_code == 200


def test_a_proof_of_one_does_not_fit_another(alice: Signed, issued: Document) -> None:
    swapped = {**issued["document"], "proof": signed()["proof"]}
    assert refused(verify(alice, swapped)) == "proof-refused"


def test_eve_can_not_sign_for_an_issuer(alice: Signed, issued: Document) -> None:
    # The proof is right and its key is Eve's own, but the issuer is another.
    bare = {name: value for name, value in issued["document"].items() if name != "proof"}
    contexts = {**json_ld_contexts.bundled()}
    forged = data_integrity.sign(
        bare,
        suite=data_integrity.JCS,
        signer=EVE,
        purpose="assertionMethod",
        created=NOW,
        contexts=contexts,
    )
    assert refused(verify(alice, forged)) == "proof-refused"
    # The method says that it is the issuer's, but the key is not.
    forged["proof"]["verificationMethod"] = issued["document"]["proof"]["verificationMethod"]
    assert refused(verify(alice, forged)) == "proof-refused"


def test_eve_can_not_be_taken_for_the_scope(alice: Signed, issued: Document) -> None:
    told = verify(alice, signed(EVE, issuer=did(EVE), id=issued["document"]["id"])).json()
    assert (told["issuer_is"], told["issued_here"]) == ("outside", None)


@pytest.mark.parametrize(
    "unknown", ["did:web:evil.example", "did:example:x", "https://evil.example"]
)
def test_an_issuer_that_is_not_known_is_not_looked_up(alice: Signed, unknown: str) -> None:
    shown = signed(proofs.Signer(f"{unknown}#key", EVE.key), issuer=unknown)
    assert refused(verify(alice, shown)) == "issuer-unknown"


@pytest.mark.parametrize("purpose", ["authentication", "keyAgreement", ""])
def test_a_proof_for_something_else_is_none(alice: Signed, purpose: str) -> None:
    shown = data_integrity.sign(
        document(),
        suite=data_integrity.JCS,
        signer=ISSUER,
        purpose=purpose,
        created=NOW,
        contexts=json_ld_contexts.bundled(),
    )
    assert refused(verify(alice, shown)) == "proof-refused"


def test_a_good_proof_beside_a_bad_one_does_not_help(alice: Signed) -> None:
    good = signed()
    for several in ([good["proof"], good["proof"]], [good["proof"], {}], []):
        assert refused(verify(alice, {**good, "proof": several})) == "proof-refused"


def test_the_suite_is_not_the_senders_choice(alice: Signed) -> None:
    for suite in ("eddsa-rdfc-2022", "ecdsa-jcs-2019", "none", "", None):
        shown = copy.deepcopy(signed())
        shown["proof"]["cryptosuite"] = suite
        assert refused(verify(alice, shown)) == "proof-refused"


def test_the_header_of_a_detached_signature_is_not_the_senders_choice(alice: Signed) -> None:
    bare = document(
        **{"@context": [json_ld_contexts.CREDENTIALS_V1], "issuanceDate": "2026-01-01T00:00:00Z"}
    )
    bare["credentialSubject"] = {"id": "did:example:bob"}
    shown = ed25519_signature_2018.sign(
        bare,
        signer=ISSUER,
        purpose="assertionMethod",
        created=NOW,
        contexts=json_ld_contexts.bundled(),
    )
    assert verify(alice, shown).status_code == 200
    _, _, signature = shown["proof"]["jws"].partition("..")
    for header in (
        '{"alg":"none"}',
        '{"alg":"EdDSA"}',
        '{"alg":"HS256","b64":false,"crit":["b64"]}',
    ):
        forged = copy.deepcopy(shown)
        forged["proof"]["jws"] = f"{base64url.encode(header.encode())}..{signature}"
        assert refused(verify(alice, forged)) == "proof-refused"


def test_a_term_can_not_be_added_to_a_signed_graph(alice: Signed) -> None:
    good = signed(suite=data_integrity.RDFC)
    assert verify(alice, good).status_code == 200
    added: list[Document] = [
        {"rank": "admin"},
        {"@included": [{"id": "urn:x"}]},
        {"termsOfUse": []},
    ]
    for more in added:
        assert refused(verify(alice, {**good, **more})) == "term-undefined"


def test_a_signed_value_can_not_be_shown_under_another_name(alice: Signed) -> None:
    # `rank` means what `name` means, says a context of the sender.
    good = signed(suite=data_integrity.RDFC)
    renamed = {**good, "credentialSubject": {"id": "did:example:bob", "rank": "Bob"}}
    for context in ({"rank": "https://schema.org/name"}, "https://evil.example/context", None):
        shown = {**renamed, "@context": [*good["@context"], context]}
        assert refused(verify(alice, shown)) == "context-unknown"
        inner = {**renamed["credentialSubject"], "@context": context}
        assert refused(verify(alice, {**renamed, "credentialSubject": inner})) == "context-unknown"


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def test_nothing_is_fetched(alice: Signed, listening: socket.socket) -> None:
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/x"
    port = listening.getsockname()[1]
    web = f"did:web:127.0.0.1%3A{port}"
    for shown in (
        signed(more={"@context": [json_ld_contexts.CREDENTIALS_V2, address]}),
        signed(credentialStatus=status_list.entry(address, 1)),
        signed(proofs.Signer(f"{web}#k", EVE.key), issuer=web),
        signed(credentialSchema={"id": address, "type": "JsonSchema"}),
    ):
        verify(alice, shown)
    with pytest.raises(TimeoutError):
        listening.accept()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"validUntil": "2020-01-01T00:00:00Z"}, "untimely"),
        ({"validFrom": "2999-01-01T00:00:00Z"}, "untimely"),
        ({"validUntil": "2999-01-01"}, "malformed"),
        ({"validUntil": "2999-01-01T00:00:00"}, "malformed"),
    ],
)
def test_what_is_over_does_not_count(alice: Signed, more: Document, code: str) -> None:
    assert refused(verify(alice, signed(**more))) == code


def listed(url: str, by: proofs.Signer, *indexes: int) -> Document:
    return data_integrity.sign(
        status_list.document(
            url=url,
            issuer=did(by),
            encoded=status_list.encode(indexes),
            valid_from=NOW,
            valid_until=NOW + timedelta(days=1),
        ),
        suite=data_integrity.JCS,
        signer=by,
        purpose="assertionMethod",
        created=NOW,
        contexts=json_ld_contexts.bundled(),
    )


def test_the_holder_can_not_bring_a_list_of_its_own(alice: Signed) -> None:
    url = "https://issuer.example/1"
    shown = signed(credentialStatus=status_list.entry(url, 1))
    assert verify(alice, shown, status_lists=[listed(url, ISSUER)]).status_code == 200
    assert refused(verify(alice, shown, status_lists=[listed(url, EVE)])) == "status-unknown"
    other = listed("https://issuer.example/2", ISSUER)
    assert refused(verify(alice, shown, status_lists=[other])) == "status-unknown"
    assert refused(verify(alice, shown, status_lists=[])) == "status-unknown"


def test_a_revoked_one_does_not_live_by_a_list_or_without_one(
    alice: Signed, issued: Document
) -> None:
    # A list from before it was revoked.
    path = issued["status_list"].partition("/v1")[2]
    before = alice.get(path).json()
    alice.send("DELETE", f"/credentials/{issued['id']}")
    shown = issued["document"]
    assert refused(verify(alice, shown, status_lists=[before])) == "revoked"
    without = {name: value for name, value in shown.items() if name != "credentialStatus"}
    assert refused(verify(alice, without)) == "proof-refused"
    # The other form names no list, and counts no more either.
    assert refused(verify(alice, issued["document_1_1"])) == "revoked"


def test_a_place_in_the_scopes_list_is_not_for_others(alice: Signed, issued: Document) -> None:
    entry = issued["document"]["credentialStatus"]
    shown = signed(EVE, issuer=did(EVE), credentialStatus=entry)
    own = listed(entry["statusListCredential"], EVE)
    assert refused(verify(alice, shown, status_lists=[own])) == "status-unknown"


def test_the_list_of_another_scope_says_nothing(alice: Signed, issued: Document) -> None:
    other = cast.world(governance=False)
    charlie = Signed.of(other.member("charlie", "super-admin"), other.scope.slug)
    given = {"user": other.member("dave").uid, "type": "Guest", "fields": {"a": 1}}
    foreign = charlie.post("/credentials", given).json()
    their_list = charlie.get("/credentials/status-lists/1").json()
    # It says something about credentials of that scope alone.
    answer = verify(alice, foreign["document"], status_lists=[their_list])
    assert (answer.json()["issuer_is"], answer.json()["issued_here"]) == ("outside", None)
    our_list = alice.get("/credentials/status-lists/1").json()
    assert refused(verify(alice, foreign["document"], status_lists=[our_list])) == "status-unknown"
    shown = signed(credentialStatus=foreign["document"]["credentialStatus"])
    assert refused(verify(alice, shown, status_lists=[their_list])) == "status-unknown"
    assert issued["status_list"] != foreign["status_list"]


def clique(size: int) -> Document:
    numbers = range(size)
    nodes = [
        {"id": f"_:e{one}", "p": [{"id": f"_:e{other}"} for other in numbers if other != one]}
        for one in numbers
    ]
    return document(
        **{"@context": [json_ld_contexts.CREDENTIALS_V2, UNDEFINED]},
        credentialSubject={"id": "did:example:bob", "q": nodes},
    )


def test_a_poisoned_graph_is_refused_in_time(alice: Signed) -> None:
    proof = signed(suite=data_integrity.RDFC)["proof"]
    began = time.monotonic()
    assert refused(verify(alice, {**clique(10), "proof": proof})) == "too-complex"
    assert time.monotonic() - began < json_ld_process.SECONDS


def test_a_bomb_is_not_unpacked(alice: Signed) -> None:
    url = "https://issuer.example/1"
    shown = signed(credentialStatus=status_list.entry(url, 1))
    bomb = listed(url, ISSUER)
    del bomb["proof"]
    packed = gzip.compress(bytes(64 * 1024 * 1024))
    bomb["credentialSubject"]["encodedList"] = "u" + base64url.encode(packed)
    bomb = data_integrity.sign(
        bomb,
        suite=data_integrity.JCS,
        signer=ISSUER,
        purpose="assertionMethod",
        created=NOW,
        contexts=json_ld_contexts.bundled(),
    )
    assert refused(verify(alice, shown, status_lists=[bomb])) == "status-unknown"


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "more",
    [{"a": deep(14)}, {"a": ["x"] * 5000}, {"a": "x" * 200_000}, {"a": 2**60}],
    ids=["deep", "many", "long", "a number beyond doubles"],
)
def test_too_much_is_refused_before_any_work(alice: Signed, more: Document) -> None:
    answer = alice.post("/credentials/verify", {"credential": {**signed(), **more}})
    assert answer.status_code in {400, 413, 422}
