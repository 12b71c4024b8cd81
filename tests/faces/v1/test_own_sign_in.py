"""One's own ways in over `/v1`: step-up, one-time passwords, recovery codes, a verified address."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.mail import EmailMessage

from accounts.models import User, Wallet
from accounts.services import sign_in_notices, wallets
from identity.crypto import eip191, ethereum_address, secp256k1
from tests import cast, staff
from tests.faces.v1 import apps
from tests.faces.v1.apps import App, code_in
from tests.faces.v1.client import Signed, problem
from tests.faces.v1.test_sign_in import ALICE, enrolled, present

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world(governance=False)


@pytest.fixture
def member(world: cast.World) -> cast.Member:
    member = world.member("alice", "member")
    apps.protect(world, member.user)
    return member


@pytest.fixture
def alice(member: cast.Member) -> User:
    return member.user


@pytest.fixture
def app(world: cast.World, alice: User) -> App:
    app = App(world)
    app.enter(app.by_password(ALICE))
    return app


DANGEROUS = {
    "begin": lambda app: app.post("/me/one-time-password"),
    "confirm": lambda app: app.post("/me/one-time-password/confirm", {"code": "000000"}),
    "remove": lambda app: app.send("DELETE", "/me/one-time-password"),
    "renew": lambda app: app.post("/me/recovery-codes"),
    "send to an address": lambda app: app.post("/me/email", {"email": "a@home.example"}),
    "verify an address": lambda app: app.post(
        "/me/email/code", {"email": "a@home.example", "code": "000000"}
    ),
}


@pytest.mark.parametrize("act", DANGEROUS.values(), ids=list(DANGEROUS))
def test_a_dangerous_act_asks_for_a_fresh_proof(
    app: App, world: cast.World, act: Callable[[App], object]
) -> None:
    apps.left_alone(world)
    answer = act(app)
    told = problem(answer, 403, "session.step-up-needed")  # type: ignore[arg-type]
    assert told["seconds"] == 300
    proven = app.post("/me/step-up", {"password": apps.PASSWORD})
    assert proven.status_code == 200
    assert proven.json()["fresh_seconds"] == 300
    assert "step-up" not in str(act(app).text)  # type: ignore[attr-defined]


def test_a_wrong_proof_is_none(app: App, world: cast.World) -> None:
    apps.left_alone(world)
    problem(app.post("/me/step-up", {"password": "wrong"}), 401, "password.refused")
    two = {"password": apps.PASSWORD, "email_code": "000000"}
    problem(app.post("/me/step-up", two), 400, "invalid")
    problem(app.post("/me/step-up", {}), 400, "invalid")
    problem(app.post("/me/one-time-password"), 403, "session.step-up-needed")


def test_sets_up_one_time_passwords_and_takes_them_out_of_use(
    app: App, world: cast.World, alice: User, mailoutbox: list[EmailMessage]
) -> None:
    assert app.get("/me/one-time-password").json() == {
        "is_set": False,
        "since": None,
        "recovery_codes_left": 0,
    }
    begun = app.post("/me/one-time-password")
    assert begun.status_code == 201
    told = begun.json()
    assert told["uri"].startswith("otpauth://totp/")
    assert told["secret"] in told["uri"]
    assert told["qr"].lstrip().startswith("<?xml")
    assert "<script" not in told["qr"]
    generator = staff.Generator.of_text(told["secret"])
    wrong = app.post("/me/one-time-password/confirm", {"code": generator.wrong()})
    problem(wrong, 401, "one-time-password.refused")
    confirmed = app.post("/me/one-time-password/confirm", {"code": present(generator)})
    codes = confirmed.json()["recovery_codes"]
    assert len(set(codes)) == 10
    state = app.get("/me/one-time-password").json()
    assert (state["is_set"], state["recovery_codes_left"]) == (True, 10)
    other = App(world)
    step = other.by_password(ALICE).json()
    given = {"ticket": step["ticket"], "code": codes[0]}
    other.enter(other.post("/sign-in/second-factor", given))
    apps.left_alone(world)
    problem(app.send("DELETE", "/me/one-time-password"), 403, "session.step-up-needed")
    problem(app.post("/me/step-up", {"password": apps.PASSWORD}), 403, "forbidden")
    app_proof = {"one_time_password": codes[0]}
    problem(app.post("/me/step-up", app_proof), 401, "one-time-password.refused")
    assert app.post("/me/step-up", {"one_time_password": codes[1]}).status_code == 200
    renewed = app.post("/me/recovery-codes")
    assert renewed.status_code == 201
    assert not set(renewed.json()["recovery_codes"]) & set(codes)
    assert app.send("DELETE", "/me/one-time-password").json()["is_set"] is False
    problem(app.send("DELETE", "/me/one-time-password"), 404, "missing")
    App(world).enter(App(world).by_password(ALICE))
    told = [message.body.splitlines()[2] for message in mailoutbox]
    assert told == [sign_in_notices.GENERATOR_SET, sign_in_notices.GENERATOR_REMOVED]
    assert {tuple(message.to) for message in mailoutbox} == {(ALICE,)}


def test_verifies_an_address_and_proves_with_it(
    app: App, world: cast.World, mailoutbox: list[EmailMessage]
) -> None:
    problem(app.post("/me/step-up/email"), 404, "missing")
    sent = app.post("/me/email", {"email": "A@Home.example"})
    assert (sent.status_code, sent.json()["email"]) == (202, "a@home.example")
    code = code_in(mailoutbox[-1].body)
    # A code for one account's address is good for nobody else, and for nothing else.
    guest = App(world)
    problem(
        guest.post("/sign-in/email/code", {"email": "a@home.example", "code": code}),
        401,
        "code.refused",
    )
    verified = app.post("/me/email/code", {"email": "a@home.example", "code": code})
    assert verified.json() == {"email": "a@home.example"}
    apps.left_alone(world)
    assert app.post("/me/step-up/email").status_code == 202
    assert mailoutbox[-1].to == ["a@home.example"]
    proof = {"email_code": code_in(mailoutbox[-1].body)}
    assert app.post("/me/step-up", proof).status_code == 200
    problem(app.post("/me/step-up", proof), 401, "code.refused")


def test_a_wallet_of_the_account_is_a_proof(app: App, world: cast.World, alice: User) -> None:
    mine, other = (secp256k1.parse_private(bytes([number]) * 32) for number in (0x11, 0x12))
    with cast.in_scope(world):
        for key, user in ((mine, alice), (other, world.member("bob").user)):
            address = ethereum_address.of_key(key.public.uncompressed[1:])
            wallets.insert(
                user,
                wallets.Key(Wallet.Kind.ETHEREUM, address, key.public.uncompressed[1:].hex()),
                now=datetime.now(UTC),
            )
    apps.left_alone(world)
    for key, status in ((other, 401), (mine, 200), (mine, 200)):
        address = ethereum_address.of_key(key.public.uncompressed[1:])
        text = app.post("/me/step-up/wallet", {"address": address}).json()["message"]
        proof = {"wallet": {"message": text, "signature": eip191.sign(key, text.encode())}}
        assert app.post("/me/step-up", proof).status_code == status
    problem(app.post("/me/step-up", proof), 401, "challenge.refused")
    assert app.post("/me/one-time-password").status_code == 201


def test_a_signed_request_is_a_proof_of_its_own(
    world: cast.World, member: cast.Member, alice: User
) -> None:
    device = Signed.of(member, world.scope.slug)
    assert device.post("/me/one-time-password").status_code == 201
    problem(device.post("/me/step-up", {"password": apps.PASSWORD}), 400, "invalid")


def test_the_log_of_mail_is_for_who_may_read_it(
    app: App, world: cast.World, mailoutbox: list[EmailMessage]
) -> None:
    app.post("/me/email", {"email": "a@home.example"})
    problem(app.get("/mails"), 403, "forbidden")
    auditor = Signed.of(world.member("eve", "workspace-auditor"), world.scope.slug)
    listed = auditor.get("/mails?state=sent")
    (row,) = listed.json()["items"]
    assert (row["purpose"], row["recipient"], row["state"]) == (
        "verify-address",
        "a@home.example",
        "sent",
    )
    assert code_in(mailoutbox[-1].body) not in listed.text
    assert auditor.get("/mails?state=failed").json()["items"] == []


def test_staff_set_theirs_up_elsewhere(world: cast.World, alice: User) -> None:
    generator = enrolled(world, alice)
    with cast.in_scope(world):
        User.objects.filter(id=alice.id).update(is_staff=True)
    app = App(world)
    step = app.by_password(ALICE).json()
    given = {"ticket": step["ticket"], "code": present(generator)}
    app.enter(app.post("/sign-in/second-factor", given))
    problem(app.send("DELETE", "/me/one-time-password"), 403, "forbidden")
