"""POST /v1/sign-in/wallet/challenge and /v1/sign-in/wallet."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from accounts.models import Wallet
from identity.crypto import base58btc, ed25519, eip191, ethereum_address, secp256k1
from identity.scoping import current
from identity.services import scopes
from sessions_app.models import Application, Session, SignIn
from tests import cast, signed_in
from tests.faces.v1.client import BASE, InProcess

KEY = secp256k1.parse_private(b"\x11" * 32)
ADDRESS = ethereum_address.of_key(KEY.public.uncompressed[1:])
SEED = ed25519.parse_private(b"\x12" * 32)


@pytest.fixture
def welcoming(world: cast.World) -> cast.World:
    with current.in_scope(world.scope.id):
        now = datetime.now(UTC)
        scopes.change_settings(changes={"sign_up": True}, by=world.system, now=now)
    return world


def post(world: cast.World, path: str, body: dict[str, Any]) -> httpx.Response:
    http = httpx.Client(transport=InProcess())
    return http.post(f"{BASE}/s/{world.scope.slug}/v1/sign-in/wallet{path}", json=body)


def message(world: cast.World, address: str = ADDRESS, **more: str) -> str:
    answer = post(world, "/challenge", {"address": address, **more})
    assert answer.status_code == 200, answer.text
    text: str = answer.json()["message"]
    return text


def sign_in(world: cast.World, text: str, signature: str = "") -> httpx.Response:
    signature = signature or eip191.sign(KEY, text.encode())
    return post(world, "", {"message": text, "signature": signature})


def test_signs_a_wallet_of_ethereum_in(welcoming: cast.World) -> None:
    text = message(welcoming)
    assert text.startswith("localhost:8000 wants you to sign in with your Ethereum account:\n")
    answer = sign_in(welcoming, text)
    assert answer.status_code == 200, answer.text
    pair = answer.json()
    checked = signed_in.check(welcoming, pair["access_token"])
    assert str(checked.door.session_id) == pair["session"]
    with current.in_scope(welcoming.scope.id):
        assert Wallet.objects.get(user_id=checked.door.user_id).address == ADDRESS
        assert Session.objects.get().method == "wallet"
    again = sign_in(welcoming, message(welcoming, chain="eip155:137")).json()
    second = signed_in.check(welcoming, again["access_token"])
    assert second.door.user_id == checked.door.user_id


def test_signs_a_wallet_of_solana_in(welcoming: cast.World) -> None:
    address = base58btc.encode(SEED.public.raw)
    text = message(welcoming, address)
    signature = base58btc.encode(ed25519.sign(SEED, text.encode()))
    assert sign_in(welcoming, text, signature).status_code == 200


def test_takes_a_text_once(welcoming: cast.World) -> None:
    text = message(welcoming)
    assert sign_in(welcoming, text).status_code == 200
    answer = sign_in(welcoming, text)
    assert answer.status_code == 401
    assert answer.json()["type"].endswith("/problems/challenge.refused")


def test_takes_no_text_of_another_scope(welcoming: cast.World) -> None:
    other = cast.world("other")
    assert sign_in(welcoming, message(other)).status_code == 401


def test_takes_no_text_that_was_changed(welcoming: cast.World) -> None:
    text = message(welcoming)
    changed = text.replace("Chain ID: 1\n", "Chain ID: 2\n")
    answer = sign_in(welcoming, changed)
    assert answer.status_code == 401
    assert answer.json()["type"].endswith("/problems/sign-in.refused")


def test_takes_no_signature_of_another_account(welcoming: cast.World) -> None:
    text = message(welcoming)
    other = secp256k1.parse_private(b"\x13" * 32)
    assert sign_in(welcoming, text, eip191.sign(other, text.encode())).status_code == 401


def test_a_signature_of_another_account_stands_in_the_history_of_whose_it_is(
    welcoming: cast.World,
) -> None:
    other = secp256k1.parse_private(b"\x13" * 32)
    text = message(welcoming)
    sign_in(welcoming, text, eip191.sign(other, text.encode()))
    with current.in_scope(welcoming.scope.id):
        assert not SignIn.objects.exists()  # nobody has this wallet yet
    assert sign_in(welcoming, message(welcoming)).status_code == 200
    text = message(welcoming)
    assert sign_in(welcoming, text, eip191.sign(other, text.encode())).status_code == 401
    with current.in_scope(welcoming.scope.id):
        noted = SignIn.objects.get(outcome=SignIn.Outcome.REFUSED)
        assert noted.user_id == Wallet.objects.get().user_id
        assert (noted.method, noted.reason) == ("wallet", "sign-in.refused")


def test_lets_nobody_join_where_people_are_invited(world: cast.World) -> None:
    answer = sign_in(world, message(world))
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("/problems/sign-in.by-invitation-only")


def test_names_the_page_of_an_application(welcoming: cast.World) -> None:
    now = datetime.now(UTC)
    page = "https://shop.example.test/welcome"
    with current.in_scope(welcoming.scope.id):
        application = Application.objects.create(
            scope_id=welcoming.scope.id,
            name="Shop",
            return_addresses=[page],
            created_at=now,
            updated_at=now,
        )
    text = message(welcoming, application=str(application.id), uri=page)
    assert text.startswith("shop.example.test wants you to sign in")
    assert sign_in(welcoming, text).status_code == 200
    asked = {"address": ADDRESS, "application": str(application.id), "uri": page + "/x"}
    assert post(welcoming, "/challenge", asked).status_code == 400


@pytest.mark.parametrize("address", ["", "0x12", "did:key:zzz", "did:pkh:bip122:x:y", "x" * 200])
def test_refuses_what_is_no_account(welcoming: cast.World, address: str) -> None:
    assert post(welcoming, "/challenge", {"address": address}).status_code == 400
