"""Codes that are sent by mail: six digits for one purpose, one address and one browser."""

import enum
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.services import guessing, mail_addresses
from accounts.services.guessing import Secret
from identity.scoping import current
from identity.services import mail, neighbourhoods, rates
from sessions_app.errors import ChallengeRefused, CodeRefused, CodeSentAlready
from sessions_app.models import Challenge
from sessions_app.services import challenges

LASTS: Final = timedelta(minutes=10)
RESEND: Final = timedelta(seconds=60)
TRIES: Final = 5
DIGITS: Final = 6
MOST_TO_ADDRESS: Final = ((10, 60 * 60), (30, 24 * 60 * 60))
"""How many codes one address gets in how many seconds, whoever asks for them."""
MOST_FROM_CLIENT: Final = (30, 60 * 60)
"""How many codes one neighbourhood of client addresses may ask for."""


LINK_PARAMETER: Final = "magicToken"
"""What a page that a mailed link leads to reads from its address."""
_LINK: Final = re.compile(r"([0-9a-f]{32})\.[0-9a-f]{64}")
_LINKS: Final = b"countersign mailed link\n"


class Purpose(enum.StrEnum):
    """What a code is for; each has a template `mail/code-<purpose>.txt`."""

    SIGN_IN = "sign-in"
    INVITE = "invite"
    VERIFY_ADDRESS = "verify-address"
    DESTROY_SELF = "destroy-self"
    STEP_UP = "step-up"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a code or brings one: the mark of the browser, and the client's address."""

    browser: str
    address: str


@dataclass(frozen=True, slots=True)
class Sent:
    """That a code is on its way, the same for every address."""

    address: str
    expires_at: datetime
    resend_after: int


def send(
    *,
    purpose: Purpose,
    address: str,
    asker: Asker,
    now: datetime,
    user_id: UUID | None = None,
    is_known: bool = True,
    page: str = "",
) -> Sent:
    """Mail a code to an address, whose-ever it is; an earlier one of this browser is void.

    `user_id` binds the code to an account that asks for itself. With `is_known` false everything is
    done but the mail. With a `page`, whose address is the caller's to judge, the mail holds a link
    to it too, that says the same as the code: see `redeem_link`. Not to be called in a transaction:
    askers are counted. Raises `identity.errors.Invalid`, CodeSentAlready within 60 seconds,
    `rates.RateLimited`.
    """
    to, subject = _counted(purpose, address, user_id, asker, now=now)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    with transaction.atomic():
        _open(purpose, subject, asker).update(used_at=now)
        issued = challenges.issue(
            purpose=_word(purpose),
            subject=subject,
            browser=asker.browser,
            data={"address": to},
            secret=code,
            tries=TRIES,
            lasts=LASTS,
            now=now,
        )
        link = _link(page, issued.id, purpose) if page else ""
        _mail(to if is_known else "", purpose, {"code": code, "link": link}, now=now)
    return Sent(to, now + LASTS, int(RESEND.total_seconds()))


@dataclass(frozen=True, slots=True)
class Latest:
    """The code that a browser asked for last; `is_used` where it was redeemed."""

    id: UUID
    address: str
    is_used: bool
    is_open: bool


def latest(
    *, purpose: Purpose, browser: str, now: datetime, user_id: UUID | None = None
) -> Latest | None:
    """The last code that a browser asked for, for clients that bring a code without its address."""
    rows = Challenge.objects.filter(purpose=_word(purpose), browser=browser)
    if user_id is not None:
        rows = rows.filter(subject__startswith=f"{user_id} ")
    row = rows.order_by("-created_at", "-id").first() if browser else None
    if row is None:
        return None
    # An earlier code is void when a new one is made, so the last one was used by being redeemed.
    return Latest(
        id=row.id,
        address=str(row.data.get("address", "")),
        is_used=row.used_at is not None,
        is_open=row.used_at is None and row.expires_at > now,
    )


def redeem(
    *,
    purpose: Purpose,
    address: str,
    code: str,
    asker: Asker,
    now: datetime,
    user_id: UUID | None = None,
) -> str:
    """Use up the code that was sent last; the normal address that it proves.

    A try is counted before the code is looked at: five for each code, and thirty for all codes
    of one client's neighbourhood in a quarter of an hour. Not to be called in a transaction. Raises
    CodeRefused, the same for every cause, and `accounts.errors.TooManyWrongPasswords`.
    """
    to = mail_addresses.normal(address)
    subject = _subject(to, user_id)
    guessing.reserve(asker.address, now=now, secret=Secret.CODE)
    latest = _open(purpose, subject, asker).order_by("-created_at").first()
    if latest is None:
        raise CodeRefused
    try:
        challenges.take_code(
            latest.id,
            "".join(code.split()),
            purpose=_word(purpose),
            subject=subject,
            browser=asker.browser,
            now=now,
        )
    except ChallengeRefused:
        raise CodeRefused from None
    guessing.give_back(asker.address, now=now, secret=Secret.CODE)
    return to


def redeem_link(token: str, *, purpose: Purpose, asker: Asker, now: datetime) -> str:
    """Use up the code by what its mailed link says; the normal address that this proves.

    As bound as the code itself, and one with it: of link and code at the same time one is taken,
    and a newer code makes both void. Raises CodeRefused.
    """
    found = _LINK.fullmatch(token)
    challenge_id = UUID(found[1]) if found else None
    if challenge_id is None or not hmac.compare_digest(token, _token(challenge_id, purpose)):
        raise CodeRefused
    rows = Challenge.objects.filter(
        id=challenge_id,
        purpose=_word(purpose),
        browser=asker.browser,
        used_at__isnull=True,
        expires_at__gt=now,
    )
    row = rows.first() if asker.browser else None
    if row is None or not rows.update(used_at=now):
        raise CodeRefused
    return str(row.data["address"])


def _mail(to: str, purpose: Purpose, said: Mapping[str, str], *, now: datetime) -> None:
    mail.send(
        to=to,
        template=f"code-{purpose}",
        context={**said, "minutes": LASTS // timedelta(minutes=1)},
        purpose=str(purpose),
        useful_until=now + LASTS,
        now=now,
    )


def _link(page: str, challenge_id: UUID, purpose: Purpose) -> str:
    mark = "&" if "?" in page else "?"
    return f"{page}{mark}{LINK_PARAMETER}={_token(challenge_id, purpose)}"


def _token(challenge_id: UUID, purpose: Purpose) -> str:
    """Nobody without the deployment's key can make one, and nothing of it is stored."""
    message = f"link {challenge_id.hex} {purpose} {current.required_scope()}".encode()
    digest = hmac.digest(settings.SECRET_KEY.encode(), _LINKS + message, hashlib.sha256)
    return f"{challenge_id.hex}.{digest.hex()}"


def _counted(
    purpose: Purpose, address: str, user_id: UUID | None, asker: Asker, *, now: datetime
) -> tuple[str, str]:
    to = mail_addresses.normal(address)
    subject = _subject(to, user_id)
    _require_pause(purpose, subject, asker, now=now)
    _count(to, asker, now=now)
    return to, subject


def _word(purpose: Purpose) -> str:
    return f"code:{purpose}"


def _subject(address: str, user_id: UUID | None) -> str:
    """What a code is bound to; for an account both are folded into one, which has no room else."""
    if user_id is None:
        return address
    return f"{user_id} {hashlib.sha256(address.encode()).hexdigest()}"


def _open(purpose: Purpose, subject: str, asker: Asker) -> QuerySet[Challenge]:
    return Challenge.objects.filter(
        purpose=_word(purpose), subject=subject, browser=asker.browser, used_at__isnull=True
    )


def _require_pause(purpose: Purpose, subject: str, asker: Asker, *, now: datetime) -> None:
    """Refuse a second code within 60 seconds, also to who asks many times at the same moment."""
    latest = _open(purpose, subject, asker).order_by("-created_at").first()
    if latest is not None and (passed := now - latest.created_at) < RESEND:
        raise CodeSentAlready(retry_after=_seconds(RESEND - passed))
    key = f"code again {current.required_scope()} {purpose} {subject} {asker.browser}"
    try:
        rates.hit(key, limit=1, window=int(RESEND.total_seconds()), now=int(now.timestamp()))
    except rates.RateLimited as refusal:
        raise CodeSentAlready(**refusal.facts) from None


def _count(to: str, asker: Asker, *, now: datetime) -> None:
    moment = int(now.timestamp())
    if asker.address:
        limit, window = MOST_FROM_CLIENT
        client = neighbourhoods.of(asker.address)
        rates.hit(f"codes from {client}", limit=limit, window=window, now=moment)
    for limit, window in MOST_TO_ADDRESS:
        key = f"codes to {current.required_scope()} {to}"
        rates.hit(key, limit=limit, window=window, now=moment)


def _seconds(span: timedelta) -> int:
    return max(1, -int(-span.total_seconds() // 1))
