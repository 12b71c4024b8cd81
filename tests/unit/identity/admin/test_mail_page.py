"""The admin's page of the log of mail: who sees it, what it shows, and what it does not."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from identity.models import SentMail
from identity.services import mail
from tests import cast, staff

pytestmark = pytest.mark.django_db
LIST = "/admin/identity/sentmail/"
CANARY = "canary-text"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> cast.World:
    world, other = cast.world(governance=False), cast.world()
    monkeypatch.setattr(mail, "queues", [])
    for place, to in ((world, "alice@example.test"), (other, "charlie@example.test")):
        with cast.in_scope(place):
            mail.send(
                to=to,
                template="sign-in-changed",
                context={"what": CANARY},
                purpose="sign-in",
                now=datetime.now(UTC),
                useful_until=datetime.now(UTC) + timedelta(minutes=10),
            )
    return world


def page(world: cast.World, role: str, path: str = LIST) -> tuple[int, str]:
    staff.add(world, role, role)
    browser = Client()
    staff.sign_in(browser, role, world.scope.slug)
    answer = browser.get(path)
    return answer.status_code, answer.content.decode()


def test_lists_the_mail_of_the_scope(world: cast.World) -> None:
    status, shown = page(world, "workspace-auditor")
    assert status == 200
    assert "alice@example.test" in shown
    assert "charlie@example.test" not in shown
    assert CANARY not in shown


def test_filters_by_state(world: cast.World) -> None:
    _, failed = page(world, "workspace-auditor", f"{LIST}?state__exact=failed")
    assert "alice@example.test" not in failed


def test_shows_one_without_its_text(world: cast.World) -> None:
    with cast.in_scope(world):
        row = SentMail.objects.get()
    status, shown = page(world, "workspace-auditor", f"{LIST}{row.id}/change/")
    assert status == 200
    assert "sign-in" in shown
    assert CANARY not in shown
    assert "sealed" not in shown.replace("unsealed", "")


def test_is_closed_to_who_may_not_read_it(world: cast.World) -> None:
    assert page(world, "support", LIST)[0] == 403
