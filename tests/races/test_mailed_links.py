"""Of a mailed code and its link, however often they come at once, one signs in once."""

from datetime import UTC, datetime

import pytest
from django.core import mail

from sessions_app.models import Session
from tests import cast
from tests.faces.blocklet.browser import Browser
from tests.faces.blocklet.test_mail_codes import by_link, code, link, login, page, send
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_links_and_codes_at_once_one_signs_in() -> None:
    world = cast.world(sign_up=True)
    browser = Browser(world)
    send(browser, referer=page(browser), now=datetime.now(UTC))
    assert len(mail.outbox) == 1
    text, token = code(), link()
    ends: list[int] = []

    def sign_in(number: int) -> None:
        # Four codes: one try each of the five that there are.
        mine = Browser(world, cookies=dict(browser.cookies))
        answer = login(mine, text) if number < 4 else by_link(mine, token)
        ends.append(answer.status)

    assert together.run(sign_in, count=16) == [None] * 16
    assert sorted(ends) == [200] + [400] * 15
    with cast.in_scope(world):
        assert Session.objects.count() == 1
