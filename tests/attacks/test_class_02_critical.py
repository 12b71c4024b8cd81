"""Class 2 of the known attacks: `crit` names what must be understood, and is passed over.

Seen as CVE-2025-59420 (Authlib) and CVE-2026-32597 (PyJWT). RFC 7515 §4.1.11: who does not
understand an extension refuses. Each token here has the scope's own signature.
"""

from typing import Any

import pytest

from tests import forging
from tests.attacks.tokens import Target

pytestmark = pytest.mark.django_db(transaction=True)
HEADERS: tuple[dict[str, Any], ...] = (
    {"crit": ["exp"], "exp": 1},
    {"crit": ["bork"], "bork": True},
    {"crit": ["b64"], "b64": False},
    {"crit": ["b64"], "b64": True},
    {"b64": False},
    {"crit": []},
    {"crit": "exp"},
    {"crit": None},
    {"crit": ["alg"]},
    {"zip": "DEF"},
    {"extra": 1},
)


@pytest.mark.parametrize("more", HEADERS, ids=str)
def test_what_must_be_understood_is_refused(more: dict[str, Any]) -> None:
    target = Target.new()
    for token in (target.held.access, target.held.telling):
        header, claims = forging.header_of(token), forging.claims_of(token)
        for altered in ({**header, **more}, {**more, **header}):
            target.require_refused(forging.own(target.world, altered, claims, alg=header["alg"]))


def test_the_same_header_in_another_text_is_refused() -> None:
    target = Target.new()
    key = forging.own_key(target.world).private
    kid = forging.header_of(target.held.access)["kid"]
    claims = forging.claims_of(target.held.access)
    for text in (
        f'{{"typ":"at+jwt","alg":"ES256","kid":"{kid}"}}',
        f'{{"alg": "ES256","kid":"{kid}","typ":"at+jwt"}}',
        f'{{"alg":"ES256","kid":"{kid.upper()}","typ":"at+jwt"}}',
        f'{{"alg":"ES256","kid":"{kid}","typ":"AT+JWT"}}',
        f'{{"alg":"ES256","kid":"{kid}","typ":"application/at+jwt"}}',
        f'{{"alg":"none","alg":"ES256","kid":"{kid}","typ":"at+jwt"}}',
        f'{{"alg":"ES256","kid":"{kid}"}}',
    ):
        target.require_refused(forging.signed(text.encode(), claims, key))
