"""A signed text and an invitation make one scope, however many calls arrive at the same moment."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from identity.models import Scope, SignedConfiguration
from identity.scoping import current
from identity.services import refusals
from identity.services.configurations import Signed
from invitations.services import owned_scopes, scope_offers
from invitations.services.owned_scopes import Configuration
from tests.faces.passport.client import Developer, b64
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 12  # each makes an RSA key


def signed(owner: Developer, config: Any) -> Signed:
    text = b64(json.dumps(config).encode())
    return Signed(text, base64.b64decode(owner.sign(text)), owner.spki)


def scopes_called(name: str) -> int:
    with current.across_scopes(why="a test counts"):
        return Scope.objects.filter(name=name).count()


def test_one_text_makes_one_scope(settings: Any) -> None:
    settings.SCOPE_CREATION = "open"
    order = signed(Developer(), {"rp": {"id": "one.test", "name": "One text"}})
    asked = Configuration(rp_id="one.test", rp_name="One text")
    ends = together.run(
        lambda _: owned_scopes.create(signed=order, asked=asked, now=datetime.now(UTC)),
        count=THREADS,
    )
    assert sum(isinstance(end, refusals.ConfigurationUsed) for end in ends) == THREADS - 1
    assert scopes_called("One text") == 1
    with current.across_scopes(why="a test counts"):
        assert SignedConfiguration.objects.count() == 1


def test_one_invitation_makes_one_scope(settings: Any) -> None:
    settings.SCOPE_CREATION = "invitation"
    code = scope_offers.make(now=datetime.now(UTC))
    asked = Configuration(rp_id="two.test", rp_name="One offer", invitation=code)
    orders = [signed(Developer(), {"n": number}) for number in range(THREADS)]
    ends = together.run(
        lambda number: owned_scopes.create(
            signed=orders[number], asked=asked, now=datetime.now(UTC)
        ),
        count=THREADS,
    )
    assert sum(isinstance(end, refusals.CreationClosed) for end in ends) == THREADS - 1
    assert scopes_called("One offer") == 1
