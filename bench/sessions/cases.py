"""What is measured beside the floor: checks, renewals and sign-ins of one scope."""

from collections.abc import Sequence

from bench import people, rehearsal
from bench.requests import SLICES, WARM, Builder, Case
from bench.sessions import guests
from bench.sessions.guests import Wallet

SESSIONS = 40
"""Among how many sessions or people the requests of one kind go round."""


def session_check(town: people.Town, count: int) -> Case:
    """`GET did/session` by the bearer of an access token."""
    wallets = [Wallet.number(1000 + number) for number in range(SESSIONS)]
    pairs = guests.wallet_sessions(town, wallets)
    sent = [guests.session_check(town, pairs[number % SESSIONS]) for number in range(count)]
    return Case("GET did/session", sent, goal=None)


def introspection(town: people.Town, count: int) -> Case:
    """`POST /v1/token/introspect` by an API key."""
    secret = guests.backend(town)
    user = people.person(town, "introspected")
    pairs = [guests.own_session(town, user) for _ in range(SESSIONS)]
    sent = [
        guests.about_token(town, "introspect", pairs[number % SESSIONS].access, secret)
        for number in range(count)
    ]
    for each in sent[:SESSIONS]:
        # The first use of a key, and once a minute, is noted: that is not what is measured.
        rehearsal.answered(each)
    return Case("POST /v1/token/introspect", sent, goal=None)


def renewal(town: people.Town, count: int) -> Case:
    """`POST did/refreshSession`, each of a session of its own."""
    wallets = [Wallet.number(10_000 + number) for number in range(count)]
    pairs = guests.wallet_sessions(town, wallets)
    sent = [guests.renewal(town, pair.refresh) for pair in pairs]
    return Case("POST did/refreshSession", sent, goal=None)


def own_renewal(town: people.Town, count: int) -> Case:
    """`POST /v1/token/refresh`, each of a session of its own."""
    user = people.person(town, "renewing")
    pairs = [guests.own_session(town, user) for _ in range(count)]
    sent = [guests.own_renewal(town, pair.refresh) for pair in pairs]
    return Case("POST /v1/token/refresh", sent, goal=None)


def wallet_sign_in(town: people.Town, count: int) -> Case:
    """`POST user/loginByWallet` of people who were here before."""
    wallets = [Wallet.number(1 + number) for number in range(SESSIONS)]
    guests.wallet_sessions(town, wallets)
    sent = [wallets[number % SESSIONS].sign_in(town) for number in range(count)]
    return Case("POST user/loginByWallet", sent, goal=2.5)


def password_sign_in(town: people.Town, count: int) -> Case:
    """`POST /v1/sign-in/password`, the hash included."""
    users = guests.persons(town, SESSIONS)
    for user in users:
        rehearsal.answered(guests.password_sign_in(town, user))
    sent = [
        guests.password_sign_in(town, users[number % SESSIONS], f"visit-{number}")
        for number in range(count)
    ]
    return Case("POST /v1/sign-in/password", sent, goal=None)


def plan(per_slice: int) -> Sequence[tuple[Builder, int]]:
    """Every case; the slow ones in smaller slices."""
    many, some, few = (WARM + SLICES * each for each in (per_slice, per_slice // 2, per_slice // 5))
    return (
        (session_check, many),
        (introspection, many),
        (renewal, some),
        (own_renewal, some),
        (wallet_sign_in, some),
        (password_sign_in, few),
    )
