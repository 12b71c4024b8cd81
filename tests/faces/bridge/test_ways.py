"""The five ways to say who calls (specification §4): each works, and nothing like it does."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from identity.crypto import call_signature
from identity.services import api_keys
from tests import cast
from tests.faces.bridge import client as clients
from tests.faces.bridge.client import Client, Stamped, basic, bearer, envelope, exchange, hmac_of
from tests.programs import Program

LIST = envelope("manager/listApiKeys", {})
UNAUTHORIZED = {"code": 0x612F, "message": "Unauthorized", "data": None}


def listed(authorization: str, **more: Any) -> clients.Answer:
    return clients.call("manager/listApiKeys", authorization=authorization, **more)


def is_refused(authorization: str, **more: Any) -> bool:
    answer = listed(authorization, **more)
    if "error" in answer.body:
        assert answer.error == UNAUTHORIZED
        assert answer.status == 200
    return "error" in answer.body


@pytest.fixture
def key(world: cast.World) -> Program:
    return clients.program(world.system, "apiKey")


def signed(key: Program, stamp: Stamped | None = None, **changed: Any) -> str:
    """The header of a call of `manager/listApiKeys`."""
    stamp = stamp or Stamped()
    given = {"body": LIST, "path": "/api", "method": "POST", **changed}
    data = stamp.data(given["body"], method=given["method"], path=given["path"])
    return stamp.header(key.row.key_id, hmac_of(key.secret, data))


def test_a_token_in_the_header(client: Client) -> None:
    assert not is_refused(bearer(client.token))


def test_a_key_and_its_secret(key: Program) -> None:
    assert not is_refused(basic(key.row.key_id, key.secret))


def test_a_signature_under_a_shared_secret(key: Program) -> None:
    assert not is_refused(signed(key))


def test_a_signature_by_a_key_of_the_programs_own(world: cast.World) -> None:
    program = clients.signer(world.system, "apiKey")
    assert not is_refused(program.header(LIST))


def test_a_token_in_the_envelope(client: Client) -> None:
    assert clients.call("manager/listApiKeys", token=client.token).result["list"]
    wrong = clients.call("manager/listApiKeys", token=client.token[:-4] + "AAAA")
    assert wrong.error == UNAUTHORIZED


def test_a_token_in_the_envelope_counts_before_a_header(client: Client) -> None:
    answer = clients.call(
        "manager/listApiKeys", token="nonsense", authorization=bearer(client.token)
    )
    assert answer.error == UNAUTHORIZED


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer  {token}",
        "bearer {token}",
        "BEARER {token}",
        "Bearer {token} ",
        "Bearer {token}, x",
        "Token {token}",
        "{token}",
        "Bearer {token}é",
    ],
)
def test_a_header_like_a_token_is_nobodys(client: Client, header: str) -> None:
    assert is_refused(header.format(token=client.token))


@pytest.mark.parametrize(
    "wrong",
    ["{id}", "{id}:", ":{secret}", "{id}:{secret} ", "{id}:{secret}x", "x{id}:{secret}", "\xff:"],
)
def test_a_wrong_secret_is_nobodys(key: Program, wrong: str) -> None:
    text = wrong.format(id=key.row.key_id, secret=key.secret)
    assert is_refused("Basic " + base64.b64encode(text.encode("latin-1")).decode())


def test_what_is_no_base64_is_nobodys(key: Program) -> None:
    assert is_refused("Basic %%%")
    assert is_refused(basic(key.row.key_id, key.secret).replace("Basic", "basic"))


def test_a_public_key_is_no_secret(world: cast.World) -> None:
    program = clients.signer(world.system, "apiKey")
    for secret in (program.pem, program.row.public_key, program.row.key_id):
        assert is_refused(basic(program.row.key_id, secret))


@pytest.mark.parametrize(
    "changed",
    [
        {"body": LIST + b" "},
        {"body": LIST.replace(b"128", b"129")},
        {"path": "/api/"},
        {"path": "/api?x=1"},
        {"path": ""},
        {"method": "GET"},
        {"method": "post"},
    ],
)
def test_a_signature_over_something_else_is_nobodys(key: Program, changed: Any) -> None:
    assert is_refused(signed(key, **changed))


def test_the_query_is_signed(key: Program) -> None:
    assert not is_refused(signed(key, path="/api?x=1"), query="x=1")
    assert is_refused(signed(key), query="x=1")


def test_the_prefix_of_the_scope_is_signed(world: cast.World, key: Program) -> None:
    slug = world.scope.slug
    assert not is_refused(signed(key, path=f"/s/{slug}/api"), slug=slug)
    assert is_refused(signed(key), slug=slug)


def test_any_part_that_is_changed_makes_it_nobodys(key: Program) -> None:
    stamp = Stamped()
    parts = signed(key, stamp).split(" ")[1].split(";")
    assert not is_refused("pmx-hmac-sha256 " + ";".join(parts))
    for place, wrong in [
        (0, parts[0][:-1] + "x"),
        (1, "2"),
        (1, ""),
        (2, str(stamp.milliseconds + 1)),
        (2, f"0{stamp.milliseconds}"),
        (2, f"{stamp.milliseconds}.0"),
        (2, "-1"),
        (2, "9" * 17),
        (3, parts[3] + "x"),
        (3, ""),
        (4, parts[4][:-4]),
        (4, ""),
        (4, "A" * 28),
        (4, parts[4] + "AAAA"),
        (4, "%"),
    ]:
        fresh = signed(key).split(" ")[1].split(";")
        mixed = [*fresh[:place], wrong, *fresh[place + 1 :]]
        assert is_refused("pmx-hmac-sha256 " + ";".join(mixed)), (place, wrong)
    for header in (
        "pmx-hmac-sha256 " + ";".join([*signed(key).split(" ")[1].split(";"), "x"]),
        signed(key).replace("pmx-hmac-sha256", "PMX-HMAC-SHA256"),
        signed(key).replace("pmx-hmac-sha256 ", "pmx-hmac-sha256  "),
        signed(key).replace("pmx-hmac-sha256 ", "Bearer "),
        "pmx-hmac-sha256",
        "pmx-hmac-sha256 ",
        "pmx-hmac-sha256 ;;;;",
    ):
        assert is_refused(header)


def test_a_signature_of_full_length_is_none(key: Program) -> None:
    """Exactly the first twenty bytes are sent."""
    import hashlib
    import hmac

    stamp = Stamped()
    whole = hmac.new(key.secret.encode(), stamp.data(LIST), hashlib.sha256).digest()
    assert is_refused(stamp.header(key.row.key_id, whole))
    assert is_refused(stamp.header(key.row.key_id, whole[:19]))
    assert not is_refused(stamp.header(key.row.key_id, whole[:20]))


def test_a_nonce_is_taken_once_for_as_long_as_it_could_come_again(key: Program) -> None:
    stamp = Stamped()
    header = signed(key, stamp)
    signed_at = datetime.fromtimestamp(stamp.milliseconds / 1000, tz=UTC)
    assert not is_refused(header, now=signed_at)
    for minutes in (0, 1, 9.99, 10.1, 19.9):
        assert is_refused(header, now=signed_at + timedelta(minutes=minutes))


def test_a_nonce_is_taken_by_one_key(world: cast.World, key: Program) -> None:
    stamp, other = Stamped(), clients.program(world.system, "apiKey")
    assert not is_refused(signed(key, stamp))
    assert not is_refused(signed(other, stamp))
    assert is_refused(signed(other, stamp))


def test_a_refused_signature_takes_no_nonce(key: Program) -> None:
    stamp = Stamped()
    assert is_refused(signed(key, stamp, body=b"other"))
    assert not is_refused(signed(key, stamp))


@pytest.mark.parametrize("size", [1, 128])
def test_a_nonce_may_have_up_to_128_characters(key: Program, size: int) -> None:
    assert not is_refused(signed(key, Stamped(nonce="n" * size)))
    assert is_refused(signed(key, Stamped(nonce="n" * 129)))


@pytest.mark.parametrize(
    ("minutes", "counts"), [(-9.9, True), (9.9, True), (-10, False), (10.01, False)]
)
def test_clocks_may_be_ten_minutes_off(key: Program, minutes: float, counts: bool) -> None:
    now = datetime.now(UTC)
    at = int((now + timedelta(minutes=minutes)).timestamp() * 1000)
    assert is_refused(signed(key, Stamped(milliseconds=at)), now=now) is not counts


@pytest.mark.parametrize("minutes", [-12, -9, 9])
def test_a_nonce_of_a_wrong_clock_is_remembered_long_enough(key: Program, minutes: int) -> None:
    """Whenever a request could be accepted again, its nonce is still known."""
    now = datetime.now(UTC)
    at = now + timedelta(minutes=minutes)
    header = signed(key, Stamped(milliseconds=int(at.timestamp() * 1000)))
    was_let_in = not is_refused(header, now=now)
    assert was_let_in is (abs(minutes) < 10)
    for later in (at - timedelta(minutes=9.9), at, at + timedelta(minutes=9.9)):
        if was_let_in and later >= now:
            assert is_refused(header, now=later)


def test_a_bad_header_is_no_error_where_nobody_needs_to_be_known(key: Program) -> None:
    for header in ("Bearer x", "Basic x", "pmx-hmac-sha256 x", "Other y"):
        assert clients.call("versions", authorization=header).result == ["v2.0"]
        params = {
            "grantType": "api_key_credentials",
            "apiKeyId": key.row.key_id,
            "apiKeySecret": key.secret,
        }
        assert clients.call("manager/auth", params, authorization=header).result["scope"]


def test_a_key_that_is_switched_off_is_nobodys_in_every_way(world: cast.World) -> None:
    client, now = clients.client(world), datetime.now(UTC)
    key, signer = client.program, clients.signer(world.system, "apiKey")
    ways = (
        lambda: bearer(client.token),
        lambda: basic(key.row.key_id, key.secret),
        lambda: signed(key),
        lambda: signer.header(LIST),
    )
    assert [is_refused(way()) for way in ways] == [False] * 4
    for row in (key.row, signer.row):
        api_keys.disable(key_id=row.id, by=world.system, now=now)
    assert [is_refused(way()) for way in ways] == [True] * 4
    assert clients.call("manager/listApiKeys", token=client.token).error == UNAUTHORIZED


def test_a_former_secret_counts_until_the_overlap_is_over(world: cast.World, key: Program) -> None:
    former, now = key.secret, datetime.now(UTC)
    hour = timedelta(hours=1)
    new = api_keys.rotate(key_id=key.row.id, overlap=hour, by=world.system, now=now)
    for secret in (former, new):
        key.secret = secret
        assert not is_refused(basic(key.row.key_id, secret))
        assert not is_refused(signed(key))
    later = now + hour
    key.secret = former
    at = int(later.timestamp() * 1000)
    assert is_refused(basic(key.row.key_id, former), now=later)
    assert is_refused(signed(key, Stamped(milliseconds=at)), now=later)
    key.secret = new
    assert not is_refused(signed(key, Stamped(milliseconds=at)), now=later)


def test_the_server_signs_nothing_it_would_not_take(key: Program) -> None:
    """The client of this house and an independent one agree."""
    stamp = Stamped()
    data = call_signature.request_data(
        call_signature.Stamp(stamp.milliseconds, stamp.nonce), method="POST", path="/api", body=LIST
    )
    assert call_signature.hmac_of(key.secret, data) == hmac_of(key.secret, stamp.data(LIST))
    status, _, _ = exchange(LIST, authorization=signed(key, stamp))
    assert status == 200
