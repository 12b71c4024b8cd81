"""One-time passwords: set up by a first code, each code once, few wrong ones, removed by others."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth import hashers

from accounts import errors
from accounts.models import OneTimePassword, RecoveryCode, User
from accounts.queries import sign_in_state, staff_actor
from accounts.queries import staff as staff_queries
from accounts.services import one_time_passwords, recovery_codes, users
from identity import errors as refusals
from identity.actor import Actor
from identity.models import AuditEvent
from tests.staff import Generator
from tests.unit.accounts.people import Events, MakeUser

STEP = timedelta(seconds=one_time_passwords.STEP)


@pytest.fixture
def alice(member: MakeUser) -> User:
    user = member("alice", "workspace-auditor")
    User.objects.filter(id=user.id).update(
        is_staff=True, password=hashers.make_password("correct horse battery")
    )
    user.refresh_from_db()
    return user


@pytest.fixture
def by(alice: User) -> Actor:
    return staff_actor(alice, scope_id=alice.scope_id)


def begin(user: User, by: Actor, now: datetime) -> Generator:
    one_time_passwords.begin(user_id=user.id, by=by, now=now)
    begun = one_time_passwords.begun(user_id=user.id, now=now)
    assert begun is not None
    return Generator.of_text(begun.text)


def code_at(generator: Generator, at: datetime) -> str:
    return generator.at(int(at.timestamp()) // one_time_passwords.STEP)


@pytest.fixture
def generator(alice: User, by: Actor, now: datetime) -> Generator:
    made = begin(alice, by, now)
    one_time_passwords.confirm(user_id=alice.id, code=code_at(made, now), by=by, now=now)
    return made


def check(user: User, code: str, by: Actor, now: datetime) -> None:
    one_time_passwords.check(user_id=user.id, code=code, by=by, now=now)


def test_keeps_the_secret_sealed(alice: User, generator: Generator) -> None:
    row = OneTimePassword.objects.get()
    assert generator.secret not in bytes(row.sealed_secret)
    assert len(generator.secret) == 20


def test_asks_nothing_before_the_first_code(alice: User, by: Actor, now: datetime) -> None:
    made = begin(alice, by, now)
    alice.refresh_from_db()
    assert alice.one_time_password_id is None
    with pytest.raises(errors.OneTimePasswordRefused):
        check(alice, code_at(made, now), by, now)
    with pytest.raises(errors.OneTimePasswordRefused):
        one_time_passwords.confirm(user_id=alice.id, code=made.wrong(), by=by, now=now)


def test_gives_ten_recovery_codes_and_keeps_digests(
    alice: User, by: Actor, now: datetime, events: Events
) -> None:
    made = begin(alice, by, now)
    codes = one_time_passwords.confirm(user_id=alice.id, code=code_at(made, now), by=by, now=now)
    assert len(set(codes)) == 10
    stored = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert len(stored) == 10
    assert not stored & set(codes)
    state = sign_in_state(alice.id)
    assert (state.has_one_time_password, state.since, state.recovery_codes_left) == (True, now, 10)
    assert events()[-3:] == [
        "one-time-password.begun",
        "recovery-codes.renewed",
        "one-time-password.set",
    ]
    told = str(list(AuditEvent.objects.values_list("facts", flat=True)))
    assert not [code for code in codes if code in told or code.replace("-", "") in told]


def test_takes_a_code_once(alice: User, by: Actor, now: datetime, generator: Generator) -> None:
    with pytest.raises(errors.OneTimePasswordRefused):
        check(alice, code_at(generator, now), by, now)
    later = now + STEP
    check(alice, code_at(generator, later), by, later)
    with pytest.raises(errors.OneTimePasswordRefused):
        check(alice, code_at(generator, later), by, later)


@pytest.mark.parametrize(("steps", "is_taken"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_lets_clocks_differ_by_one_step(
    alice: User, by: Actor, now: datetime, generator: Generator, steps: int, is_taken: bool
) -> None:
    later = now + 10 * STEP
    code = code_at(generator, later + steps * STEP)
    if is_taken:
        check(alice, code, by, later)
    else:
        with pytest.raises(errors.OneTimePasswordRefused):
            check(alice, code, by, later)


def test_takes_no_earlier_code_after_a_later_one(
    alice: User, by: Actor, now: datetime, generator: Generator
) -> None:
    later = now + 10 * STEP
    check(alice, code_at(generator, later + STEP), by, later)
    with pytest.raises(errors.OneTimePasswordRefused):
        check(alice, code_at(generator, later), by, later)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "1" * 64])
def test_refuses_what_is_no_code(
    alice: User, by: Actor, now: datetime, generator: Generator, code: str
) -> None:
    with pytest.raises(errors.OneTimePasswordRefused):
        check(alice, code, by, now)


def test_looks_at_five_wrong_ones_and_then_at_none(
    alice: User, by: Actor, now: datetime, generator: Generator
) -> None:
    later = now + 10 * STEP
    for _ in range(one_time_passwords.MOST_WRONG):
        with pytest.raises(errors.OneTimePasswordRefused):
            check(alice, generator.wrong(), by, later)
    with pytest.raises(errors.OneTimePasswordRefused):
        check(alice, code_at(generator, later), by, later)
    much_later = later + one_time_passwords.WINDOW
    check(alice, code_at(generator, much_later), by, much_later)
    assert OneTimePassword.objects.get().wrong_codes == 0


def test_recovery_codes_share_the_limit(
    alice: User, by: Actor, now: datetime, generator: Generator
) -> None:
    codes = recovery_codes.renew(user_id=alice.id, by=by, now=now)
    for _ in range(one_time_passwords.MOST_WRONG):
        with pytest.raises(errors.OneTimePasswordRefused):
            check(alice, "AAAA-BBBB-CCCC-DDDD", by, now)
    with pytest.raises(errors.OneTimePasswordRefused):
        check(alice, codes[0], by, now)
    assert staff_queries.recovery_codes_left(alice.id) == 10


def test_uses_a_recovery_code_once_however_it_is_written(
    alice: User, by: Actor, now: datetime, generator: Generator, events: Events
) -> None:
    codes = recovery_codes.renew(user_id=alice.id, by=by, now=now)
    check(alice, f" {codes[0].lower().replace('-', ' ')} ", by, now)
    assert events()[-1] == "recovery-code.used"
    assert staff_queries.recovery_codes_left(alice.id) == 9
    with pytest.raises(errors.OneTimePasswordRefused):
        check(alice, codes[0], by, now)


def test_new_recovery_codes_void_the_old(
    alice: User, by: Actor, now: datetime, generator: Generator
) -> None:
    old = recovery_codes.renew(user_id=alice.id, by=by, now=now)
    new = recovery_codes.renew(user_id=alice.id, by=by, now=now)
    with pytest.raises(errors.OneTimePasswordRefused):
        check(alice, old[0], by, now)
    check(alice, new[0], by, now)


def test_a_code_opens_no_other_account(
    alice: User, by: Actor, now: datetime, generator: Generator, member: MakeUser
) -> None:
    codes = recovery_codes.renew(user_id=alice.id, by=by, now=now)
    bob = member("bob", "workspace-auditor")
    with pytest.raises(errors.OneTimePasswordRefused):
        check(bob, codes[0], by, now)


def test_another_generator_replaces_the_first(
    alice: User, by: Actor, now: datetime, generator: Generator
) -> None:
    later = now + 10 * STEP
    other = begin(alice, by, later)
    check(alice, code_at(generator, later), by, later)
    one_time_passwords.confirm(user_id=alice.id, code=code_at(other, later), by=by, now=later)
    much_later = later + 2 * STEP
    with pytest.raises(errors.OneTimePasswordRefused):
        check(alice, code_at(generator, much_later), by, much_later)
    check(alice, code_at(other, much_later), by, much_later)
    assert OneTimePassword.objects.count() == 1


def test_forgets_what_was_begun_after_half_an_hour(alice: User, by: Actor, now: datetime) -> None:
    made = begin(alice, by, now)
    later = now + one_time_passwords.LIFE_OF_BEGUN
    assert one_time_passwords.begun(user_id=alice.id, now=later) is None
    with pytest.raises(refusals.Conflict):
        one_time_passwords.confirm(user_id=alice.id, code=code_at(made, later), by=by, now=later)


def test_ends_sessions_when_set_and_when_reset(
    alice: User, by: Actor, now: datetime, generator: Generator, system: Actor, events: Events
) -> None:
    before = alice.get_session_auth_hash()
    alice.refresh_from_db()
    assert alice.get_session_auth_hash() != before
    one_time_passwords.reset(user_id=alice.id, by=system, now=now)
    alice.refresh_from_db()
    assert alice.get_session_auth_hash() == before
    assert not OneTimePassword.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert events()[-1] == "one-time-password.reset"
    with pytest.raises(refusals.Missing):
        one_time_passwords.reset(user_id=alice.id, by=system, now=now)


def test_nobody_resets_their_own_or_sets_up_anothers(
    alice: User, by: Actor, now: datetime, generator: Generator, member: MakeUser
) -> None:
    with pytest.raises(refusals.Forbidden):
        one_time_passwords.reset(user_id=alice.id, by=by, now=now)
    bob = member("bob")
    with pytest.raises(refusals.Forbidden):
        one_time_passwords.begin(user_id=bob.id, by=by, now=now)
    with pytest.raises(refusals.Forbidden):
        recovery_codes.renew(user_id=bob.id, by=by, now=now)


def test_nothing_is_left_of_a_deleted_user(
    alice: User, now: datetime, generator: Generator, system: Actor
) -> None:
    users.delete(user_id=alice.id, by=system, now=now)
    assert not OneTimePassword.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert User.objects.get(id=alice.id).one_time_password_id is None
