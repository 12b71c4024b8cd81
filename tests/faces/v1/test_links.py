"""An invitation's link in the hands of a device's client."""

import httpx
import pytest

from identity.scoping import current
from identity.sdk.errors import BundleInvalid, NotGenuine, Refused
from identity.sdk.keys import DeviceKeys
from identity.sdk.onboarding import authorize
from identity.sdk.session import Invitation, Session
from identity.services import server_keys
from invitations import links
from tests import acts, cast
from tests.faces.v1.client import InProcess

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def http() -> httpx.Client:
    return httpx.Client(transport=InProcess())


def link(world: cast.World) -> str:
    bundle = acts.invitation(world, "bob@example.test")
    with current.in_scope(world.scope.id):
        return links.link_of(bundle)


def test_registers_a_device(world: cast.World, http: httpx.Client) -> None:
    url = link(world)
    assert len(url) <= 250
    invitation = Invitation.from_link(url, http=http)
    assert invitation.server == world.server
    keys = DeviceKeys.generate()
    session = authorize(cast.URL, invitation, keys, "laptop", http=world.http())
    assert isinstance(session, Session)


def test_learns_the_new_key_after_a_rotation(world: cast.World, http: httpx.Client) -> None:
    url = link(world)
    with current.in_scope(world.scope.id):
        server_keys.rotate(purpose=server_keys.SIGNATURE, by=world.system, now=acts.now())
        newest = server_keys.client_keys().signature_hex
    known = Invitation.from_link(url, http=http).server.signatures
    assert [key.hex for key in known] == [newest, world.server.signatures[0].hex]


def test_believes_no_other_server(world: cast.World, http: httpx.Client) -> None:
    url, other = link(world), link(cast.world())
    # The same invitation with the key of another server in its link.
    mine, theirs = url.split("#")[1], other.split("#")[1]
    forged = url.split("#", maxsplit=1)[0] + "#" + mine[:108] + theirs[108:]
    with pytest.raises((NotGenuine, BundleInvalid)):
        Invitation.from_link(forged, http=http)


def test_reads_the_link_of_an_invitation_that_ended(world: cast.World, http: httpx.Client) -> None:
    # So the same link serves to ask again for the outcome of a pending or unanswered acceptance.
    url = link(world)
    link(world)
    ended = Invitation.from_link(url, http=http)
    with pytest.raises(Refused) as refused:
        authorize(cast.URL, ended, DeviceKeys.generate(), "laptop", http=world.http())
    assert refused.value.error_code == "-11"


@pytest.mark.parametrize(
    "text",
    ["", "x", "https://a.test/join", "https://a.test/join#AA", "https://a.test/x#" + "A" * 151],
)
def test_refuses_what_is_no_link(text: str) -> None:
    with pytest.raises(BundleInvalid):
        Invitation.from_link(text)
