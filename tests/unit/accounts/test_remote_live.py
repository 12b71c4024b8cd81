"""Members are carried to a live server of ours, whose face for bridges is the remote."""

import json
import secrets
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from accounts import remote_calls
from accounts.models import Remote
from accounts.services import remote_asking, remote_secrets
from accounts.services import remotes as services
from identity.scoping import current
from tests import prepared, remotes
from tests.remotes import House
from tests.serving import Served

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class There:
    """The other side, a scope: what `connect` printed, and its members as it tells them."""

    served: Served
    slug: str
    facts: dict[str, str]
    house: House

    def members(self, context: str = "") -> dict[str, tuple[str, str]]:
        with current.in_scope(self.house.scope_id):
            remote = Remote.objects.get(id=self.house.remote_id)
            call = remote_calls.open_remote(remote, remotes.HURRIED)
        found: dict[str, tuple[str, str]] = {}
        skip = 0
        while rows := remote_asking.members(call, context or self.context, skip=skip).rows:
            found |= {row.member: (row.public_key, row.acl) for row in rows}
            skip += len(rows)
        return found

    @property
    def context(self) -> str:
        return self.facts["context_id"]

    @property
    def url(self) -> str:
        return self.facts["url"].replace("//localhost:", "//127.0.0.1:")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = prepared.home(tmp_path_factory.mktemp("there") / "home")
    with Served(home, {"COUNTERSIGN_WORKERS": "1"}) as served:
        yield served


@pytest.fixture
def there(server: Served) -> There:
    slug = f"theirs-{secrets.token_hex(4)}"
    server.manage("scopes", "create", slug, "--set", "governance=false")
    printed = server.manage("connect", "bridge", "--scope", slug, "--json", "--mint-key")
    return There(server, slug, json.loads(printed), House.build())


@pytest.fixture
def house(there: There) -> House:
    house, facts = there.house, there.facts
    given = {
        "name": "theirs",
        "url": there.url,
        "api_key_id": facts["api_key_id"],
        "solution_there": facts["solution_id"],
    }
    secret = remote_secrets.sealed(facts["api_key_secret"], remote_id=house.remote_id)
    services.link(
        remote_id=house.remote_id,
        given=given,
        sealed_secret=secret,
        by=house.by,
        now=remotes.now(),
    )
    return house


def wait(house: House) -> None:
    remotes.until(lambda: not remotes.settle() and set(house.states()) == {"done"}, 60)


def test_carries_compares_and_mends(house: House, there: There) -> None:
    for number in range(105):
        house.add(f"member {number}")
    house.carry(there.context)
    wait(house)
    assert there.members() == house.here()
    house.add("member 1")
    house.set_acl("member 2", "ALLOW READ")
    house.remove("member 3")
    wait(house)
    assert there.members() == house.here()
    drift = house.check()
    assert (drift["here"], drift["there"], drift["differences"]) == (104, 104, [])
    # Somebody there acts by hand.
    with current.in_scope(house.scope_id):
        call = remote_calls.open_remote(Remote.objects.get(id=house.remote_id), remotes.HURRIED)
    remote_asking.remove(call, there.context, "member 4")
    stranger = remote_asking.Seen("stranger", remotes.key(), "ALLOW ALL")
    remote_asking.add(call, there.context, stranger)
    drift = house.check()
    assert (drift["missing"], drift["unknown"]) == (1, 1)
    house.resync(removes_unknown=True)
    wait(house)
    assert there.members() == house.here()


def test_makes_a_context_there_and_keys_change_hands(house: House, there: There) -> None:
    first, second = house.add("alice"), house.add("bob")
    house.carry("")
    wait(house)
    made = house.linked().context_there
    assert made not in {"", there.context}
    assert there.members(made) == house.here()
    house.remove("alice")
    house.remove("bob")
    house.add("alice", second)
    house.add("bob", first)
    wait(house)
    assert there.members(made) == house.here()


def test_goes_on_when_the_server_there_was_down(house: House, there: There) -> None:
    house.carry(there.context)
    wait(house)
    there.served.stop(signal.SIGTERM)
    for number in range(3):
        house.add(f"member {number}")
    house.remove("member 0")
    for _ in range(5):
        remotes.sweep()
    assert house.row().failures > 0
    there.served.start()
    there.served.wait_until_ready()
    wait(house)
    assert there.members() == house.here()


def test_a_scope_that_is_suspended_there_pauses_the_remote(house: House, there: There) -> None:
    house.carry(there.context)
    wait(house)
    there.served.manage("scopes", "suspend", there.slug)
    house.add("alice")
    remotes.until(lambda: not remotes.settle() and house.row().status == "paused", 60)
    assert house.changes(member="alice")[0].state == "pending"
    there.served.manage("scopes", "activate", there.slug)
    house.resume()
    wait(house)
    assert there.members() == house.here()
