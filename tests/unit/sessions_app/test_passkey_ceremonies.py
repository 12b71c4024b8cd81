"""Ceremonies of passkeys: each challenge once, for one person, one kind, one minute."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from accounts.errors import LastWayIn, NameTaken, PasskeyRefused, PasskeyTaken, TooManyPasskeys
from accounts.models import Device, Passkey, User
from accounts.queries import passkeys as stored
from accounts.services import managed_keys, passkeys, sign_in_notices, users
from identity.crypto import base64url
from identity.errors import Missing
from identity.models import AuditEvent
from identity.scoping import current
from identity.services import mail, scopes
from sessions_app.errors import ChallengeRefused, SignInRefused, SignUpClosed
from sessions_app.services import passkey_ceremonies as ceremonies
from sessions_app.services import passkey_proofs
from tests import cast
from tests.authenticator import AAGUID, ELIGIBLE, PRESENT, VERIFIED, Authenticator, Maker

pytestmark = pytest.mark.django_db(transaction=True)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def world() -> Any:
    world = cast.world()
    with current.in_scope(world.scope.id):
        yield world


@pytest.fixture
def alice(world: cast.World) -> User:
    return world.member("alice").user


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


def choose(world: cast.World, **changes: Any) -> None:
    scopes.change_settings(changes=changes, by=world.system, now=now())


def register(world: cast.World, user: User, device: Authenticator, name: str = "Key") -> Passkey:
    begun = ceremonies.begin_registration(user=user, by=world.system, now=now())
    return complete(world, user, begun, device.create(begun.options), name)


def complete(world: Any, user: User, begun: Any, answer: Any, name: str = "Key") -> Passkey:
    return ceremonies.complete_registration(
        challenge_id=begun.challenge_id,
        user=user,
        credential=answer,
        name=name,
        by=world.system,
        now=now(),
    )


def prove(device: Authenticator, name: str | None = None, **more: Any) -> Passkey:
    begun = ceremonies.begin_authentication(name=name, now=now())
    proven = ceremonies.complete_authentication(
        challenge_id=begun.challenge_id,
        name=name,
        credential=device.get(begun.options, **more),
        now=now(),
    )
    return passkey_proofs.noted(proven, now=now())


def events(name: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(name=name))


def test_proves_a_registered_passkey_with_a_name_and_without(world, alice, device) -> None:
    row = register(world, alice, device)
    assert prove(device).id == row.id
    found = prove(device, alice.username.upper())
    assert (found.user_id, found.sign_count) == (alice.id, 2)
    assert Passkey.objects.get().last_used_at is not None
    assert len(events("passkey.added")) == 1


def test_asks_what_the_scope_asks(world, alice) -> None:
    choose(
        world,
        passkey_rp_id="example.org",
        passkey_rp_name="Example",
        passkey_origins="https://app.example.org",
        passkey_user_verification="preferred",
        passkey_discoverable=False,
    )
    options = ceremonies.begin_registration(user=alice, by=world.system, now=now()).options
    assert options["rp"] == {"id": "example.org", "name": "Example"}
    assert options["authenticatorSelection"] == {
        "residentKey": "discouraged",
        "requireResidentKey": False,
        "userVerification": "preferred",
    }
    row = register(world, alice, Authenticator(origin="https://app.example.org"))
    assert row.user_id == alice.id
    with pytest.raises(PasskeyRefused):
        register(world, alice, Authenticator(origin="https://other.example.org"))


def test_leaves_out_authenticators_that_have_a_passkey(world, alice, device) -> None:
    row = register(world, alice, device)
    options = ceremonies.begin_registration(user=alice, by=world.system, now=now()).options
    assert [entry["id"] for entry in options["excludeCredentials"]] == [row.credential_id]
    assert options["user"]["id"] == row.handle


def test_takes_only_listed_models(world, alice) -> None:
    maker = Maker()
    choose(world, passkey_aaguids=str(AAGUID), passkey_roots=maker.text)
    row = register(world, alice, Authenticator(attestation="packed", maker=maker))
    assert row.aaguid == AAGUID
    unlisted = Maker(alice.id)
    choose(world, passkey_roots=f"{maker.text} {unlisted.text}")
    for device in (
        Authenticator(attestation="none"),
        Authenticator(attestation="packed"),
        Authenticator(attestation="packed", maker=Maker()),
        Authenticator(attestation="packed", maker=unlisted),
        Authenticator(attestation="packed", maker=unlisted, aaguid=alice.id),
    ):
        with pytest.raises(PasskeyRefused):
            register(world, alice, device)


def test_takes_a_challenge_once_even_if_the_answer_was_wrong(world, alice, device) -> None:
    begun = ceremonies.begin_registration(user=alice, by=world.system, now=now())
    wrong = device.create(begun.options, origin="https://evil.example")
    with pytest.raises(PasskeyRefused):
        complete(world, alice, begun, wrong)
    with pytest.raises(ChallengeRefused):
        complete(world, alice, begun, device.create(begun.options))
    assert not Passkey.objects.exists()


def test_refuses_a_challenge_of_another_person(world, alice, device) -> None:
    bob = world.member("bob").user
    begun = ceremonies.begin_registration(user=alice, by=world.system, now=now())
    with pytest.raises(ChallengeRefused):
        complete(world, bob, begun, device.create(begun.options))


def test_refuses_a_challenge_after_a_minute(world, alice, device) -> None:
    register(world, alice, device)
    begun = ceremonies.begin_authentication(name=None, now=now() - timedelta(seconds=61))
    with pytest.raises(ChallengeRefused):
        ceremonies.complete_authentication(
            challenge_id=begun.challenge_id,
            name=None,
            credential=device.get(begun.options),
            now=now(),
        )


def test_refuses_a_challenge_of_another_kind(world, alice, device) -> None:
    register(world, alice, device)
    begun = ceremonies.begin_registration(user=alice, by=world.system, now=now())
    answer = device.get({**begun.options, "rpId": "localhost"}, device.credentials[0])
    with pytest.raises(ChallengeRefused):
        ceremonies.complete_authentication(
            challenge_id=begun.challenge_id, name=None, credential=answer, now=now()
        )


def test_refuses_a_challenge_under_the_id_of_another(world, alice, device) -> None:
    register(world, alice, device)
    one, other = (ceremonies.begin_authentication(name=None, now=now()) for _ in range(2))
    with pytest.raises(ChallengeRefused):
        ceremonies.complete_authentication(
            challenge_id=one.challenge_id,
            name=None,
            credential=device.get(other.options),
            now=now(),
        )


def test_refuses_a_passkey_of_somebody_else(world, alice, device) -> None:
    bob = world.member("bob").user
    row = register(world, bob, device)
    register(world, alice, Authenticator())
    used = device.credentials[0]
    with pytest.raises(SignInRefused):
        prove(device, alice.username, credential=used)
    with pytest.raises(SignInRefused):
        prove(device, alice.username, credential=used, handle="")
    assert prove(device, bob.username, credential=used).id == row.id


def test_refuses_no_name_and_no_handle(world, alice, device) -> None:
    register(world, alice, device)
    with pytest.raises(SignInRefused):
        prove(device, handle="")
    with pytest.raises(SignInRefused):
        prove(device, handle="AAAA")


def test_raises_an_alarm_when_the_counter_goes_backwards(world, alice, device) -> None:
    row = register(world, alice, device)
    prove(device)
    prove(device)
    device.credentials[0].counter = 0
    with pytest.raises(SignInRefused):
        prove(device)
    kept = Passkey.objects.get(id=row.id)
    assert (kept.sign_count, kept.alarmed_at is None) == (2, False)
    [event] = events("passkey.count-regressed")
    assert event.facts["sent"] == 1
    assert event.facts["stored"] == 2


def test_suspends_after_an_alarm_what_should_have_no_copy(world, alice, device) -> None:
    row = register(world, alice, device)
    prove(device)
    prove(device)
    device.credentials[0].counter = 0
    for _ in range(4):
        # From the third answer on the count is right again; the key may be the thief's.
        with pytest.raises(SignInRefused):
            prove(device)
    assert [kept.state for kept in stored.of(alice.id)] == [stored.SUSPENDED]
    assert not stored.has_usable(alice.id)
    # The same authenticator may make a new one in its place.
    options = ceremonies.begin_registration(user=alice, by=world.system, now=now()).options
    assert options["excludeCredentials"] == []
    passkeys.remove(user_id=alice.id, passkey_id=row.id, by=world.system, now=now())


def test_does_not_suspend_what_may_be_copied(world, alice) -> None:
    device = Authenticator(flags=PRESENT | VERIFIED | ELIGIBLE)
    register(world, alice, device)
    prove(device)
    prove(device)
    device.credentials[0].counter = 0
    with pytest.raises(SignInRefused):
        prove(device)
    [kept] = stored.of(alice.id)
    assert (kept.state, kept.alarmed_at is None) == (stored.USABLE, False)
    device.credentials[0].counter = 2
    assert prove(device).sign_count == 3


def test_a_passkey_that_opens_nothing_is_no_way_in(world, alice, device) -> None:
    row = register(world, alice, device)
    Device.objects.filter(user=alice).update(status="revoked", revoked_at=now())
    choose(world, passkey_rp_id="example.org", passkey_origins="https://app.example.org")
    assert [kept.state for kept in stored.of(alice.id)] == [stored.ELSEWHERE]
    with pytest.raises(SignInRefused):
        prove(device)
    other = register(world, alice, Authenticator(origin="https://app.example.org"))
    given = {"user_id": alice.id, "by": world.system, "now": now()}
    # Two passkeys, and only one of them is a way in.
    with pytest.raises(LastWayIn):
        passkeys.remove(passkey_id=other.id, **given)
    passkeys.remove(passkey_id=row.id, **given)
    assert [kept.rp_id for kept in stored.of(alice.id)] == ["example.org"]


def test_all_passkeys_of_somebody_have_one_handle(world, alice) -> None:
    one, two = (
        ceremonies.begin_registration(user=alice, by=world.system, now=now()) for _ in range(2)
    )
    assert one.options["user"]["id"] == two.options["user"]["id"]
    bob = world.member("bob").user
    other = ceremonies.begin_registration(user=bob, by=world.system, now=now())
    assert other.options["user"]["id"] != one.options["user"]["id"]
    complete(world, alice, one, Authenticator().create(one.options))
    # As after a change of the deployment's secret between the two.
    Passkey.objects.update(handle="another")
    with pytest.raises(PasskeyRefused):
        complete(world, alice, two, Authenticator().create(two.options))


def test_binds_a_ceremony_to_the_browser_that_began_it(world, alice, device) -> None:
    register(world, alice, device)
    for began, ends in (("one", "other"), ("one", ""), ("", "one")):
        begun = ceremonies.begin_authentication(name=None, now=now(), browser=began)
        with pytest.raises(ChallengeRefused):
            ceremonies.complete_authentication(
                challenge_id=begun.challenge_id,
                name=None,
                credential=device.get(begun.options),
                browser=ends,
                now=now(),
            )


def test_raises_an_alarm_when_the_counter_stops(world, alice, device) -> None:
    register(world, alice, device)
    prove(device)
    device.credentials[0].counter = None
    with pytest.raises(SignInRefused):
        prove(device)
    assert len(events("passkey.count-regressed")) == 1


def test_knows_authenticators_that_never_count(world, alice) -> None:
    device = Authenticator(counter=None)
    register(world, alice, device)
    assert prove(device).sign_count == prove(device).sign_count == 0


def test_refuses_a_key_that_became_copyable(world, alice, device) -> None:
    register(world, alice, device)
    device.flags |= ELIGIBLE
    with pytest.raises(SignInRefused):
        prove(device)


def test_answers_alike_for_names_that_nobody_has(world, alice, device) -> None:
    register(world, alice, device)
    one, again, other = (
        ceremonies.begin_authentication(name=name, now=now()).options
        for name in ("nobody", "NOBODY", "no-one")
    )
    known = ceremonies.begin_authentication(name=alice.username, now=now()).options
    assert one["allowCredentials"] == again["allowCredentials"]
    assert one["allowCredentials"] != other["allowCredentials"]
    assert one.keys() == known.keys()
    assert one["allowCredentials"][0].keys() == known["allowCredentials"][0].keys()


def test_shows_for_nobody_what_somebody_might_have(world) -> None:
    shown = [
        ceremonies.begin_authentication(name=f"nobody-{number}", now=now()).options[
            "allowCredentials"
        ]
        for number in range(60)
    ]
    assert {len(entries) for entries in shown} == {1}
    sizes = {len(base64url.decode(entry["id"])) for [entry] in shown}
    assert {16, 20, 32} <= sizes
    assert {"internal"} < {way for [entry] in shown for way in entry["transports"]}


def test_makes_newcomers_only_where_the_scope_lets_them(world, device) -> None:
    with pytest.raises(SignUpClosed):
        ceremonies.begin_newcomer(name="dora", display_name="", now=now())
    choose(world, passkey_sign_up=True)
    joined = join(device, "dora", "Dora")
    assert joined.user.username == "dora"
    assert joined.user.status == User.Status.ACTIVE
    assert prove(device, "dora").id == joined.passkey.id


def join(device: Authenticator, name: str, shown: str = "") -> ceremonies.Joined:
    begun = ceremonies.begin_newcomer(name=name, display_name=shown, now=now())
    return ceremonies.complete_newcomer(
        challenge_id=begun.challenge_id,
        name=name,
        display_name=shown,
        credential=device.create(begun.options),
        now=now(),
    )


def test_tells_at_the_end_that_a_name_is_taken(world, device) -> None:
    choose(world, passkey_sign_up=True)
    join(device, "dora")
    with pytest.raises(NameTaken):
        join(Authenticator(), "Dora")
    assert Passkey.objects.count() == 1


def test_makes_nobody_when_something_of_theirs_fails(world, device, monkeypatch) -> None:
    choose(world, passkey_sign_up=True)

    def fail(**_: Any) -> None:
        raise Missing

    # The last thing that a newcomer gets.
    monkeypatch.setattr(managed_keys, "create", fail)
    with pytest.raises(Missing):
        join(device, "dora")
    assert not User.objects.filter(username="dora").exists()
    assert not Passkey.objects.exists()


def test_registers_a_credential_once(world, alice, device) -> None:
    register(world, alice, device)
    bob = world.member("bob").user
    begun = ceremonies.begin_registration(user=bob, by=world.system, now=now())
    answer = device.attest(device.credentials[0], begun.options)
    with pytest.raises(PasskeyTaken):
        complete(world, bob, begun, answer)


def test_registers_so_many_and_no_more(world, alice, monkeypatch) -> None:
    monkeypatch.setattr(passkeys, "MOST", 2)
    register(world, alice, Authenticator())
    late = ceremonies.begin_registration(user=alice, by=world.system, now=now())
    register(world, alice, Authenticator())
    with pytest.raises(TooManyPasskeys):
        ceremonies.begin_registration(user=alice, by=world.system, now=now())
    with pytest.raises(TooManyPasskeys):
        complete(world, alice, late, Authenticator().create(late.options))


def test_renames_and_removes_but_never_the_last_way_in(world, alice, device) -> None:
    row = register(world, alice, device, "")
    assert row.name == passkeys.UNNAMED
    given = {"user_id": alice.id, "passkey_id": row.id, "by": world.system, "now": now()}
    assert passkeys.rename(name=" My  phone ", **given).name == "My phone"
    Device.objects.filter(user=alice).update(status="revoked", revoked_at=now())
    with pytest.raises(LastWayIn):
        passkeys.remove(**given)
    other = register(world, alice, Authenticator())
    passkeys.remove(**given)
    assert [kept.id for kept in stored.of(alice.id)] == [other.id]
    with pytest.raises(Missing):
        passkeys.remove(**given)


def test_goes_with_the_account(world, device) -> None:
    bob = world.member("bob").user
    register(world, bob, device)
    users.delete(user_id=bob.id, by=world.system, now=now())
    assert not Passkey.objects.exists()
    with pytest.raises(SignInRefused):
        prove(device)


def test_is_unknown_in_another_scope(world, alice, device) -> None:
    register(world, alice, device)
    other = cast.world()
    with current.in_scope(other.scope.id), pytest.raises(SignInRefused):
        prove(device)


def test_tells_the_owner_of_each_change(world, alice, device) -> None:
    User.objects.filter(id=alice.id).update(email="alice@example.test")
    alice.refresh_from_db()
    with mock.patch.object(mail, "send", wraps=mail.send) as sent:
        row = register(world, alice, device)
        prove(device)
        for _ in range(2):
            device.credentials[0].counter = 0
            with pytest.raises(SignInRefused):
                prove(device)
        passkeys.remove(user_id=alice.id, passkey_id=row.id, by=world.system, now=now())
    assert [each.kwargs["context"]["what"] for each in sent.call_args_list] == [
        sign_in_notices.PASSKEY_ADDED,
        sign_in_notices.PASSKEY_SUSPENDED,
        sign_in_notices.PASSKEY_REMOVED,
    ]
    assert {each.kwargs["to"] for each in sent.call_args_list} == {"alice@example.test"}
