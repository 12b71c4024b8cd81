"""One name is registered once, however many registrations arrive at the same moment."""

from datetime import UTC, datetime

import pytest

from accounts.models import User
from identity.services import developer_keys
from tests import cast
from tests.faces.passport.client import Client, Developer
from tests.faces.passport.test_delegated_registration import METHOD, params
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 50


def test_fifty_registrations_of_one_name_are_one_user() -> None:
    world = cast.world()
    developer = Developer()
    developer_keys.add(
        name="Ours", public_key=developer.spki, by=world.system, now=datetime.now(UTC)
    )

    def ask(_: int) -> str:
        client = Client(world)
        body = client.call(METHOD, params(client, developer)).body
        return "done" if "result" in body else str(body["error"]["data"])

    ends = together.run(ask, count=THREADS)
    assert sorted(ends) == ["done"] + ["registration.duplicate"] * (THREADS - 1)
    with cast.in_scope(world):
        assert User.objects.count() == 1
