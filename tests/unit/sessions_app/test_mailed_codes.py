"""Codes by mail: bound to purpose, address, browser and account; few tries, used once, soon."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage

from accounts.errors import TooManyWrongPasswords
from accounts.services import guessing
from identity import ids
from identity.errors import Invalid
from identity.models import SentMail
from identity.services import rates
from sessions_app.errors import CodeRefused, CodeSentAlready
from sessions_app.models import Challenge
from sessions_app.services import mailed_codes
from sessions_app.services.mailed_codes import Asker, Purpose
from tests import cast

ADDRESS = "alice@example.com"
HERE = Asker(browser="a" * 64, address="192.0.2.7")
THERE = Asker(browser="b" * 64, address="192.0.2.8")
NOW = datetime.now(UTC).replace(microsecond=0)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Any:
    world = cast.world()
    with cast.in_scope(world):
        yield world


def send(at: datetime = NOW, **changes: Any) -> mailed_codes.Sent:
    given: dict[str, Any] = {"purpose": Purpose.SIGN_IN, "address": ADDRESS, "asker": HERE}
    return mailed_codes.send(**(given | changes), now=at)


def redeem(code: str, at: datetime = NOW, **changes: Any) -> str:
    given: dict[str, Any] = {"purpose": Purpose.SIGN_IN, "address": ADDRESS, "asker": HERE}
    return mailed_codes.redeem(**(given | changes), code=code, now=at)


def code_in(message: EmailMessage) -> str:
    found = re.search(r"\b\d{6}\b", str(message.body))
    assert found
    return found[0]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_a_code_proves_the_address_once(world: cast.World, mailoutbox: list[EmailMessage]) -> None:
    sent = send(address=" Alice@EXAMPLE.com ")
    assert (sent.address, sent.resend_after) == (ADDRESS, 60)
    (message,) = mailoutbox
    assert message.to == [ADDRESS]
    code = code_in(message)
    assert redeem(f" {code[:3]} {code[3:]}", address="ALICE@example.com") == ADDRESS
    with pytest.raises(CodeRefused):
        redeem(code)


def test_no_row_holds_the_code(world: cast.World, mailoutbox: list[EmailMessage]) -> None:
    send()
    code = code_in(mailoutbox[0])
    rows = [*Challenge.objects.values(), *SentMail.objects.values()]
    assert len(rows) == 2
    assert code not in repr(rows)


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": Purpose.STEP_UP},
        {"address": "bob@example.com"},
        {"asker": THERE},
        {"asker": Asker(browser="", address="192.0.2.7")},
        {"user_id": ids.new()},
        {"at": NOW + mailed_codes.LASTS},
    ],
)
def test_a_code_is_good_for_what_it_was_sent_for(
    world: cast.World, mailoutbox: list[EmailMessage], changes: dict[str, Any]
) -> None:
    send()
    code = code_in(mailoutbox[0])
    with pytest.raises(CodeRefused):
        redeem(code, **changes)
    assert redeem(code, NOW + mailed_codes.LASTS - timedelta(seconds=1)) == ADDRESS


def test_a_code_of_an_account_is_good_for_that_account(
    world: cast.World, mailoutbox: list[EmailMessage]
) -> None:
    mine, other = ids.new(), ids.new()
    send(user_id=mine)
    code = code_in(mailoutbox[0])
    for user_id in (None, other):
        with pytest.raises(CodeRefused):
            redeem(code, user_id=user_id)
    assert redeem(code, user_id=mine) == ADDRESS


def test_five_wrong_ones_end_it(world: cast.World, mailoutbox: list[EmailMessage]) -> None:
    send()
    code = code_in(mailoutbox[0])
    for _ in range(mailed_codes.TRIES):
        with pytest.raises(CodeRefused):
            redeem(wrong(code))
    with pytest.raises(CodeRefused):
        redeem(code)


def test_the_next_one_waits_a_minute_and_replaces_the_first(
    world: cast.World, mailoutbox: list[EmailMessage]
) -> None:
    send()
    with pytest.raises(CodeSentAlready) as refusal:
        send(NOW + timedelta(seconds=15))
    assert refusal.value.facts == {"retry_after": 45}
    later = NOW + mailed_codes.RESEND
    send(later)
    first, second = (code_in(message) for message in mailoutbox)
    if first != second:
        with pytest.raises(CodeRefused):
            redeem(first, later)
    assert redeem(second, later) == ADDRESS


def test_an_address_gets_ten_an_hour_whoever_asks(world: cast.World) -> None:
    for number in range(10):
        asker = Asker(browser=f"{number:064x}", address=f"198.51.100.{number}")
        send(asker=asker)
    with pytest.raises(rates.RateLimited):
        send(asker=HERE)
    send(address="bob@example.com")


def test_a_client_asks_for_thirty_an_hour_whatever_addresses(world: cast.World) -> None:
    for number in range(30):
        send(address=f"person-{number}@example.com")
    with pytest.raises(rates.RateLimited):
        send()


def test_wrong_codes_count_as_wrong_passwords_of_the_client(world: cast.World) -> None:
    for _ in range(guessing.MOST_WRONG):
        with pytest.raises(CodeRefused):
            redeem("000000")
    with pytest.raises(TooManyWrongPasswords):
        redeem("000000")


def test_what_is_no_address_gets_none(world: cast.World) -> None:
    with pytest.raises(Invalid):
        send(address="alice\uff20example.com")
    assert not Challenge.objects.exists()


@pytest.mark.parametrize("purpose", Purpose)
def test_each_purpose_has_its_letter(
    world: cast.World, mailoutbox: list[EmailMessage], purpose: Purpose
) -> None:
    send(purpose=purpose)
    (message,) = mailoutbox
    code = code_in(message)
    # Phones show subjects to whoever is near.
    assert code in message.body
    assert code not in message.subject
    assert "10 minutes" in message.body
    assert "://" not in message.body
    row = SentMail.objects.get()
    assert (row.purpose, row.state) == (str(purpose), "sent")
