"""The channel: replies are believed once, for open requests only."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from identity import sdk
from identity.crypto import cose, ecdsa_p256
from identity.errors import DomainError
from tests.unit.identity.sdk.memory_server import KEYS, NOW


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def channel(session: sdk.Session, stopwatch: Stopwatch) -> sdk.Channel:
    return sdk.Channel(
        device=session.device,
        signing_key=session.keys.signature,
        private=session.keys.encryption,
        server=session.server,
        clock=lambda: NOW,
        stopwatch=stopwatch,
    )


@pytest.fixture
def signer() -> ecdsa_p256.PrivateKey:
    return ecdsa_p256.parse_private(KEYS["server"]["ecdsa_private"])


Replying = Callable[[bytes], bytes]


@pytest.fixture
def reply(session: sdk.Session, signer: ecdsa_p256.PrivateKey) -> Replying:
    def sealed(request_digest: bytes) -> bytes:
        return cose.seal_reply(
            b'{"status":"success"}',
            device=session.device,
            recipient=session.keys.encryption.public,
            request_digest=request_digest,
            signing_key=signer,
            now=NOW + 7,
        )

    return sealed


def test_opens_the_reply_to_its_request_once(channel: sdk.Channel, reply: Replying) -> None:
    request = channel.seal({"action": "get", "resource": "/me", "details": {}})
    body = reply(request.digest)
    assert channel.open(body) == sdk.Reply({"status": "success"}, False, NOW + 7)
    for again in (body, reply(request.digest)):
        with pytest.raises(cose.EnvelopeReplayed):
            channel.open(again)


def test_opens_replies_in_any_order(channel: sdk.Channel, reply: Replying) -> None:
    requests = [channel.seal({"number": number}) for number in range(3)]
    for request in reversed(requests):
        assert channel.open(reply(request.digest)).content == {"status": "success"}


def test_a_used_request_has_no_further_reply_on_its_own_connection(
    channel: sdk.Channel, reply: Replying
) -> None:
    request = channel.seal({})
    channel.open(reply(request.digest), expected_request=request.digest)
    with pytest.raises(cose.EnvelopeReplayed):
        channel.open(reply(request.digest), expected_request=request.digest)


def test_a_reply_on_the_connection_of_another_request_is_refused(
    channel: sdk.Channel, reply: Replying
) -> None:
    first, second = channel.seal({"a": 1}), channel.seal({"a": 2})
    with pytest.raises(cose.EnvelopeReplayed):
        channel.open(reply(first.digest), expected_request=second.digest)
    assert channel.open(reply(first.digest), expected_request=first.digest).content == {
        "status": "success"
    }


def test_refuses_replies_to_requests_it_never_made(
    channel: sdk.Channel, reply: Replying, session: sdk.Session
) -> None:
    channel.seal({})
    elsewhere = sdk.Channel(
        device=session.device,
        signing_key=session.keys.signature,
        private=session.keys.encryption,
        server=session.server,
    )
    with pytest.raises(cose.EnvelopeReplayed):
        channel.open(reply(elsewhere.seal({}).digest))


def test_waits_ten_minutes_and_no_longer(
    channel: sdk.Channel, reply: Replying, stopwatch: Stopwatch
) -> None:
    first, second = channel.seal({"a": 1}), channel.seal({"a": 2})
    stopwatch.seconds += 599
    assert channel.open(reply(first.digest)).content == {"status": "success"}
    stopwatch.seconds += 1
    with pytest.raises(cose.EnvelopeReplayed):
        channel.open(reply(second.digest))


def test_keeps_at_most_1024_requests_open(channel: sdk.Channel, stopwatch: Stopwatch) -> None:
    requests = [channel.seal({"number": number}) for number in range(1024)]
    with pytest.raises(sdk.TooManyOpenRequests):
        channel.seal({})
    channel.forget(requests[500].digest)
    channel.seal({})
    with pytest.raises(sdk.TooManyOpenRequests):
        channel.seal({})
    stopwatch.seconds += 600
    channel.seal({})


def test_a_forgotten_request_has_no_reply(channel: sdk.Channel, reply: Replying) -> None:
    request = channel.seal({})
    channel.forget(request.digest)
    with pytest.raises(cose.EnvelopeReplayed):
        channel.open(reply(request.digest))


def test_of_equal_replies_in_many_threads_one_is_accepted(
    channel: sdk.Channel, reply: Replying
) -> None:
    request = channel.seal({})
    body = reply(request.digest)

    def accepted(_: int) -> bool:
        try:
            channel.open(body)
        except cose.EnvelopeReplayed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(accepted, range(64))) == 1


def test_a_damaged_reply_does_not_use_the_request_up(channel: sdk.Channel, reply: Replying) -> None:
    request = channel.seal({})
    good = reply(request.digest)
    not_json = good.replace(b"\x84", b"\x85", 1)
    for wrong in (b"", b"<html>", good[:-1], not_json):
        with pytest.raises(DomainError):
            channel.open(wrong)
    assert channel.open(good).content == {"status": "success"}


def test_takes_the_servers_time_over(
    channel: sdk.Channel, reply: Replying, session: sdk.Session
) -> None:
    channel.correct_clock(channel.open(reply(channel.seal({}).digest)))
    inner = cose.read_signed_request(channel.seal({}).sign1)
    assert inner.issued_at == NOW + 7
    assert inner.expires_at == NOW + 67
    assert inner.device == session.device


def test_believes_a_new_key_only_when_told(
    channel: sdk.Channel, session: sdk.Session, signer: ecdsa_p256.PrivateKey
) -> None:
    new = ecdsa_p256.generate()

    def error(digest: bytes) -> bytes:
        return cose.sign_error(b"{}", request_digest=digest, signing_key=new, now=NOW)

    request = channel.seal({})
    with pytest.raises(cose.EnvelopeUnauthentic):
        channel.open(error(request.digest))
    channel.trust(sdk.ServerKeys(session.server.encryption, (new.public, signer.public)))
    assert channel.open(error(request.digest)).is_in_the_clear
