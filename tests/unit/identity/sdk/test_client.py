"""The client against a server in memory: results, refusals, silence, time, new keys."""

import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from identity import sdk
from identity.crypto import cose, cose_encrypt, cose_sign1, ecdsa_p256, rsa, strict_json
from identity.crypto.errors import (
    EnvelopeMalformed,
    EnvelopeReplayed,
    EnvelopeSealed,
    EnvelopeUnauthentic,
    EnvelopeUnsupported,
)
from identity.sdk.exchange import Exchange
from tests.unit.identity.sdk.memory_server import (
    KEYS,
    NOW,
    URL,
    Answering,
    Chunks,
    Server,
    honest,
)


def test_asks_and_gives_back_details_and_metadata(server: Server, client: sdk.Client) -> None:
    server.answer = lambda _: {
        "status": "success",
        "details": [{"uid": "bob"}],
        "metadata": {"total_count": 1},
    }
    result = client.request("list", "/users", {"limit": 10})
    assert result == sdk.Done([{"uid": "bob"}], {"total_count": 1})
    assert server.received == [{"action": "list", "resource": "/users", "details": {"limit": 10}}]


def test_details_may_be_left_out_and_metadata_be_null(server: Server, client: sdk.Client) -> None:
    server.answer = lambda _: {"status": "success", "details": {"a": 1}, "metadata": None}
    assert client.request("get", "/me") == sdk.Done({"a": 1}, {})
    assert server.received[0]["details"] == {}


def test_pending_is_a_result(server: Server, client: sdk.Client) -> None:
    server.answer = lambda _: {"status": "pending", "details": {"proposal_id": "p1"}}
    assert client.request("add", "/users/invite", {}) == sdk.Pending("p1", {"proposal_id": "p1"})
    server.answer = lambda _: {"status": "pending"}
    assert client.request("add", "/recipients", {}) == sdk.Pending(None)


@pytest.mark.parametrize("status", ["failed", "unauthorized", "rejected"])
def test_a_refusal_is_raised_with_all_that_the_server_said(
    server: Server, client: sdk.Client, status: str
) -> None:
    server.answer = lambda _: {"status": status, "error_code": "-9", "message": "no"}
    with pytest.raises(sdk.Refused) as refusal:
        client.request("add", "/users", {})
    said = refusal.value
    assert (said.status, said.error_code, said.message) == (status, "-9", "no")
    assert said.retry_after is None


def test_a_refusal_before_identity_is_believed_when_signed(
    server: Server, client: sdk.Client
) -> None:
    server.meddle = lambda body, _: server.refuse(body, "-13", 429, **{"Retry-After": "7"})
    with pytest.raises(sdk.Refused) as refusal:
        client.request("get", "/me")
    assert (refusal.value.error_code, refusal.value.retry_after) == ("-13", 7)
    assert len(server.bodies) == 1


def saying(content: dict[str, Any]) -> Answering:
    return lambda _: content


def with_body(change: Callable[[Server, bytes], bytes]) -> Callable[[Server], None]:
    """Replace the bytes of every response by what `change` makes of the request's."""

    def prepare(server: Server) -> None:
        def meddle(body: bytes, response: httpx.Response) -> httpx.Response:
            return httpx.Response(200, content=change(server, body))

        server.meddle = meddle

    return prepare


def in_the_clear(server: Server, body: bytes) -> bytes:
    outer = cose.read_outer(body)
    claims: cose_sign1.Claims = {3: str(outer.device), 6: NOW, 7: bytes(16), "req": outer.digest}
    return cose_sign1.sign(
        b'{"status":"success"}',
        message_type=cose.REPLY_TYPE,
        key_id=server.signature.public.kid,
        claims=claims,
        signing_key=server.signature,
    )


def of_version_2(server: Server, body: bytes) -> bytes:
    outer = cose.read_outer(body)
    claims: cose_sign1.Claims = {3: str(outer.device), 6: NOW, 7: bytes(16), "req": outer.digest}
    sign1 = cose_sign1.sign(
        b'{"status":"success"}',
        message_type="application/vnd.ecs.reply.v2+cose",
        key_id=server.signature.public.kid,
        claims=claims,
        signing_key=server.signature,
    )
    recipient = server.recipients[outer.device]
    return cose_encrypt.seal(sign1, device=outer.device, recipient=recipient)


def with_algorithm_1(server: Server, body: bytes) -> bytes:
    sealed = server.seal(body, {"status": "success"})
    assert sealed.count(b"\xa4\x01\x03\x03\x12") == 1
    return sealed.replace(b"\xa4\x01\x03\x03\x12", b"\xa4\x01\x01\x03\x12")


def to_another_key(server: Server, body: bytes) -> bytes:
    pem = KEYS["other_device"]["rsa_private_pem"]
    recipient = rsa.load_private_pem(pem).public
    return server.seal(body, {"status": "success"}, recipient=recipient)


def not_json(server: Server, body: bytes) -> bytes:
    outer = cose.read_outer(body)
    return cose.seal_reply(
        b"[]",
        device=outer.device,
        recipient=server.recipients[outer.device],
        request_digest=outer.digest,
        signing_key=server.signature,
        now=NOW,
    )


def flipped(sealed: bytes) -> bytes:
    """The same with another last bit."""
    return sealed[:-1] + bytes([sealed[-1] ^ 1])


SUCCESS = {"status": "success"}
LIES: dict[str, tuple[type[Exception], Callable[[Server], None]]] = {
    "wrong server key": (
        EnvelopeUnauthentic,
        with_body(
            lambda server, body: server.seal(body, SUCCESS, signing_key=ecdsa_p256.generate())
        ),
    ),
    "reply to another request": (
        EnvelopeReplayed,
        with_body(lambda server, body: server.seal(body, SUCCESS, request_digest=bytes(32))),
    ),
    "reply in the clear": (EnvelopeUnsupported, with_body(in_the_clear)),
    "unknown type": (EnvelopeUnsupported, with_body(of_version_2)),
    "unknown algorithm": (EnvelopeUnsupported, with_body(with_algorithm_1)),
    "encrypted to another key": (EnvelopeSealed, with_body(to_another_key)),
    "content that is no object": (EnvelopeMalformed, with_body(not_json)),
    "plain JSON": (EnvelopeMalformed, with_body(lambda *_: b'{"status":"success"}')),
    "page of a proxy": (EnvelopeMalformed, with_body(lambda *_: b"<html>502</html>")),
    "nothing": (EnvelopeMalformed, with_body(lambda *_: b"")),
    "our own request": (EnvelopeSealed, with_body(lambda _, body: body)),
    "tampered": (
        EnvelopeSealed,
        with_body(lambda server, body: flipped(server.seal(body, SUCCESS))),
    ),
}


@pytest.mark.parametrize(("cause", "prepare"), LIES.values(), ids=LIES.keys())
def test_bytes_that_are_not_the_servers_answer_are_no_answer(
    server: Server,
    client: sdk.Client,
    cause: type[Exception],
    prepare: Callable[[Server], None],
) -> None:
    prepare(server)
    with pytest.raises(sdk.NoAnswer) as silence:
        client.request("add", "/users", {})
    assert type(silence.value.__cause__) is cause
    assert len(server.bodies) == 1


def test_a_replayed_reply_is_no_answer(server: Server, client: sdk.Client) -> None:
    earlier: list[bytes] = []

    def meddle(body: bytes, response: httpx.Response) -> httpx.Response:
        del body
        earlier.append(response.content)
        return httpx.Response(200, content=earlier[0])

    server.meddle = meddle
    assert isinstance(client.request("add", "/users", {}), sdk.Done)
    with pytest.raises(sdk.NoAnswer) as silence:
        client.request("add", "/users", {})
    assert type(silence.value.__cause__) is EnvelopeReplayed


def test_a_reply_with_an_unknown_status_is_no_answer(server: Server, client: sdk.Client) -> None:
    for content in ({"status": "maybe"}, {"status": None}, {}):
        server.answer = saying(content)
        with pytest.raises(sdk.NoAnswer):
            client.request("get", "/me")


def failing(times: int, server: Server) -> None:
    """The first responses are lost on the way back: the server has done its work."""
    left = [times]

    def meddle(body: bytes, response: httpx.Response) -> httpx.Response:
        del body
        if left[0] > 0:
            left[0] -= 1
            raise httpx.ReadTimeout("lost")
        return response

    server.meddle = meddle


def test_a_lost_reply_is_asked_for_again_with_the_same_idempotency_key(
    server: Server, client: sdk.Client
) -> None:
    failing(1, server)
    assert isinstance(
        client.request("add", "/users", {"uid": "bob"}, idempotency_key="k1"), sdk.Done
    )
    assert [payload["idempotency_key"] for payload in server.received] == ["k1", "k1"]
    first, second = server.bodies
    assert first != second
    devices = [
        cose.open_inner(cose.read_outer(body), server.encryption) for body in (first, second)
    ]
    assert devices[0].cti != devices[1].cti


def test_a_lost_reply_is_asked_for_once_more_only(server: Server, client: sdk.Client) -> None:
    failing(2, server)
    with pytest.raises(sdk.NoAnswer) as silence:
        client.request("add", "/users", {}, idempotency_key="k1")
    assert isinstance(silence.value.__cause__, httpx.ReadTimeout)
    assert len(server.bodies) == 2


def test_a_change_without_a_key_is_never_repeated(server: Server, client: sdk.Client) -> None:
    failing(1, server)
    with pytest.raises(sdk.NoAnswer):
        client.request("add", "/users", {})
    assert len(server.bodies) == 1


@pytest.mark.parametrize("action", ["get", "list"])
def test_a_read_is_repeated_without_a_key(server: Server, client: sdk.Client, action: str) -> None:
    failing(1, server)
    assert isinstance(client.request(action, "/users"), sdk.Done)
    assert len(server.bodies) == 2
    assert "idempotency_key" not in server.received[0]


def test_no_server_is_no_answer(session: sdk.Session) -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with httpx.Client(transport=httpx.MockTransport(unreachable)) as http:
        client = sdk.Client(URL, session, http=http)
        with pytest.raises(sdk.NoAnswer):
            client.request("get", "/me")


def test_redirects_are_not_followed_and_packed_bodies_not_unpacked(
    server: Server, client: sdk.Client
) -> None:
    location = {"Location": "https://elsewhere.test/request"}
    server.meddle = lambda *_: httpx.Response(307, headers=location)
    with pytest.raises(sdk.NoAnswer):
        client.request("add", "/users")
    packed = {"Content-Encoding": "gzip"}
    server.meddle = lambda _, response: httpx.Response(
        200, headers=packed, stream=Chunks([gzip.compress(response.content)])
    )
    with pytest.raises(sdk.NoAnswer) as silence:
        client.request("add", "/users")
    assert type(silence.value.__cause__) is EnvelopeMalformed


def test_an_endless_body_is_not_read_to_its_end(server: Server, client: sdk.Client) -> None:
    body = Chunks([bytes(1024 * 1024)] * 64)
    server.meddle = lambda *_: httpx.Response(200, stream=body)
    with pytest.raises(sdk.NoAnswer):
        client.request("add", "/users")
    assert body.read <= 5 * 1024 * 1024


def test_a_body_that_drips_is_given_up(server: Server, session: sdk.Session) -> None:
    seconds = iter(range(0, 1000, 20))
    body = Chunks([b"\x00"] * 100)
    server.meddle = lambda *_: httpx.Response(200, stream=body)
    channel = sdk.Channel(
        device=session.device,
        signing_key=session.keys.signature,
        private=session.keys.encryption,
        server=session.server,
        clock=lambda: NOW,
    )
    exchange = Exchange(URL, channel, http=server.http, timeout=30, stopwatch=lambda: next(seconds))
    with pytest.raises(sdk.NoAnswer, match="too long"):
        exchange.ask({}, is_repeatable=False)
    assert body.read == 2


def test_silence_does_not_use_up_the_open_requests(session: sdk.Session) -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with httpx.Client(transport=httpx.MockTransport(unreachable)) as http:
        client = sdk.Client(URL, session, http=http)
        for _ in range(1030):
            with pytest.raises(sdk.NoAnswer):
                client.request("add", "/users")


def test_replies_cannot_be_exchanged_between_two_open_requests(
    server: Server, client: sdk.Client
) -> None:
    refused: list[BaseException | None] = []

    def meddle(body: bytes, response: httpx.Response) -> httpx.Response:
        del body
        server.meddle = lambda *_: httpx.Response(200, content=response.content)
        with pytest.raises(sdk.NoAnswer) as silence:
            client.request("add", "/groups")
        refused.append(silence.value.__cause__)
        return response

    server.meddle = meddle
    assert isinstance(client.request("add", "/users"), sdk.Done)
    assert [type(cause) for cause in refused] == [EnvelopeReplayed]


def test_corrects_its_clock_from_a_verified_refusal_and_tries_once_more(
    server: Server, session: sdk.Session
) -> None:
    server.now = NOW + 3600
    client = sdk.Client(URL, session, http=server.http, clock=lambda: NOW)
    assert isinstance(client.request("add", "/users", {"uid": "bob"}), sdk.Done)
    assert len(server.bodies) == 2
    assert len(server.received) == 1
    # The correction stays: the next request is in time at once.
    assert isinstance(client.request("add", "/users", {"uid": "charlie"}), sdk.Done)
    assert len(server.bodies) == 3


def test_gives_up_after_one_correction(server: Server, client: sdk.Client) -> None:
    server.meddle = lambda body, _: server.refuse(body, "-5", 401)
    with pytest.raises(sdk.Refused) as refusal:
        client.request("add", "/users", {})
    assert refusal.value.error_code == "-5"
    assert len(server.bodies) == 2


@pytest.mark.parametrize("lie", ["forged", "for another request"])
def test_corrects_its_clock_from_nothing_else(
    server: Server, session: sdk.Session, lie: str
) -> None:
    is_forged = lie == "forged"
    client = sdk.Client(URL, session, http=server.http, clock=lambda: NOW)
    content = strict_json.encode({"status": "unauthorized", "error_code": "-5"})

    def meddle(body: bytes, response: httpx.Response) -> httpx.Response:
        del response
        digest = cose.read_outer(body).digest if is_forged else bytes(32)
        signer = ecdsa_p256.generate() if is_forged else server.signature
        error = cose.sign_error(content, request_digest=digest, signing_key=signer, now=NOW + 9999)
        return httpx.Response(401, content=error)

    server.meddle = meddle
    with pytest.raises(sdk.NoAnswer):
        client.request("add", "/users", {})
    server.meddle = honest
    client.request("get", "/me")
    inner = cose.open_inner(cose.read_outer(server.bodies[-1]), server.encryption)
    assert inner.issued_at == NOW
    assert len(server.bodies) == 2


def test_an_encrypted_minus_five_does_not_correct_the_clock(
    server: Server, client: sdk.Client
) -> None:
    server.answer = lambda _: {"status": "unauthorized", "error_code": "-5"}
    with pytest.raises(sdk.Refused):
        client.request("add", "/users", {})
    assert len(server.bodies) == 1


def test_batches_keep_the_order_and_hold_refusals(server: Server, client: sdk.Client) -> None:
    server.answer = lambda _: {
        "batch": [
            {"status": "success", "details": 1},
            {"status": "failed", "error_code": "-8", "message": "no"},
        ],
        "atomicBatch": [{"status": "pending", "details": {"proposal_id": "p"}}],
    }
    result = client.batch(
        [sdk.Item("get", "/me"), sdk.Item("get", "/nothing")],
        [sdk.Item("add", "/groups", {"gid": "g"})],
        idempotency_key="k",
    )
    done, refused = result.batch
    assert done == sdk.Done(1)
    assert isinstance(refused, sdk.Refused)
    assert refused.error_code == "-8"
    assert result.atomic_batch == (sdk.Pending("p", {"proposal_id": "p"}),)
    assert server.received == [
        {
            "batch": [
                {"action": "get", "resource": "/me", "details": {}},
                {"action": "get", "resource": "/nothing", "details": {}},
            ],
            "atomicBatch": [{"action": "add", "resource": "/groups", "details": {"gid": "g"}}],
            "idempotency_key": "k",
        }
    ]


def test_a_batch_that_was_refused_as_a_whole_is_raised(server: Server, client: sdk.Client) -> None:
    server.answer = lambda _: {"status": "failed", "error_code": "-1", "message": "too many"}
    with pytest.raises(sdk.Refused, match="too many"):
        client.batch([sdk.Item("get", "/me")])
    server.answer = lambda _: {"status": "success"}
    with pytest.raises(sdk.NoAnswer):
        client.batch([sdk.Item("get", "/me")])


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"batch": []},
        {"batch": "x"},
        {"batch": [{"status": "success"}, {"status": "success"}]},
        {"batch": [{"status": "success"}], "atomicBatch": [{"status": "success"}]},
        {"batch": ["success"]},
    ],
)
def test_a_batch_answered_by_other_numbers_is_no_answer(
    server: Server, client: sdk.Client, reply: dict[str, Any]
) -> None:
    server.answer = lambda _: reply
    with pytest.raises(sdk.NoAnswer):
        client.batch([sdk.Item("get", "/me")])


def test_a_batch_of_reads_is_repeated_and_one_with_a_change_is_not(
    server: Server, client: sdk.Client
) -> None:
    server.answer = lambda payload: {"batch": [{"status": "success"} for _ in payload["batch"]]}
    failing(1, server)
    client.batch([sdk.Item("get", "/me"), sdk.Item("list", "/users")])
    assert len(server.bodies) == 2
    failing(1, server)
    with pytest.raises(sdk.NoAnswer):
        client.batch([sdk.Item("get", "/me"), sdk.Item("add", "/users")])
    assert len(server.bodies) == 3


def listed(
    *keys: tuple[rsa.PublicKey | ecdsa_p256.PublicKey, int | None], **changes: Any
) -> dict[str, Any]:
    entries = [
        {
            "kid": key.kid.hex(),
            "purpose": "encryption" if isinstance(key, rsa.PublicKey) else "signature",
            "public_key": key.pem_base64 if isinstance(key, rsa.PublicKey) else key.hex,
            "not_before": NOW,
            "not_after": not_after,
        }
        | changes
        for key, not_after in keys
    ]
    return {"status": "success", "details": {"keys": entries}}


def test_accepts_new_server_keys_through_a_reply_signed_by_the_old_one(
    server: Server, client: sdk.Client, session: sdk.Session
) -> None:
    old_signature, old_encryption = server.signature, server.encryption
    new_signature, new_encryption = ecdsa_p256.generate(), rsa.generate()
    server.answer = lambda _: listed(
        (old_encryption.public, NOW + 90),
        (new_encryption.public, None),
        (old_signature.public, NOW + 90),
        (new_signature.public, None),
    )
    stored = client.refresh_server_keys()
    assert server.received[-1] == {"action": "get", "resource": "/server-keys", "details": {}}
    assert stored is client.session
    assert stored.server.encryption == new_encryption.public
    assert [key.kid for key in stored.server.signatures] == [
        new_signature.public.kid,
        old_signature.public.kid,
    ]
    assert len(session.server.signatures) == 1

    server.answer = lambda _: SUCCESS
    server.encryption = new_encryption
    for signer in (new_signature, old_signature):
        server.signature = signer
        assert client.request("get", "/me") == sdk.Done()
    restored = sdk.Client(
        URL, sdk.Session.from_json(stored.to_json()), http=server.http, clock=lambda: NOW
    )
    server.signature = new_signature
    assert restored.request("get", "/me") == sdk.Done()


def test_leaves_out_keys_whose_time_is_over(server: Server, client: sdk.Client) -> None:
    over, still = ecdsa_p256.generate().public, ecdsa_p256.generate().public
    server.answer = saying(
        listed(
            (server.encryption.public, None),
            (server.signature.public, None),
            (over, NOW),
            (still, NOW + 1),
        )
    )
    kids = [key.kid for key in client.refresh_server_keys().server.signatures]
    assert kids == [server.signature.public.kid, still.kid]


def test_does_not_accept_a_new_key_by_its_own_word(server: Server, client: sdk.Client) -> None:
    new = ecdsa_p256.generate()
    keys = listed((server.encryption.public, None), (new.public, None))
    server.answer = lambda _: keys
    server.signature = new
    with pytest.raises(sdk.NoAnswer) as silence:
        client.refresh_server_keys()
    assert type(silence.value.__cause__) is EnvelopeUnauthentic
    with pytest.raises(sdk.NoAnswer):
        client.request("get", "/me")


def test_a_list_of_keys_that_cannot_be_read_changes_nothing(
    server: Server, client: sdk.Client, session: sdk.Session
) -> None:
    opening, signing = server.encryption.public, server.signature.public
    for reply in (
        SUCCESS,
        {"status": "success", "details": {"keys": "x"}},
        {"status": "success", "details": {"keys": ["x"]}},
        listed(),
        listed((opening, None)),
        listed((signing, None)),
        listed((opening, NOW), (signing, None)),
        listed((opening, None), (signing, NOW)),
        listed((opening, None), (signing, None), kid="00"),
        listed((opening, None), (signing, None), not_after="soon"),
        listed((opening, None), (signing, None), public_key="00"),
        listed((opening, None), (signing, None), public_key=None),
    ):
        server.answer = saying(reply)
        with pytest.raises(sdk.NoAnswer):
            client.refresh_server_keys()
    assert client.session is session


def test_many_threads_share_a_client(server: Server, client: sdk.Client) -> None:
    server.answer = lambda payload: {"status": "success", "details": payload["details"]}
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: client.request("get", "/me", {"n": n}), range(64)))
    assert [result.details for result in results] == [{"n": n} for n in range(64)]


def test_closes_its_own_connections_and_not_the_callers(
    server: Server, session: sdk.Session
) -> None:
    with sdk.Client(URL, session, http=server.http):
        pass
    assert not server.http.is_closed
    client = sdk.Client(URL, session)
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.request("add", "/users")
