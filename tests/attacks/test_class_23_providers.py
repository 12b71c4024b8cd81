"""Class 23 of the known attacks, by providers: their documents name addresses inside.

Seen in Keycloak as CVE-2026-1180 (`jwks_uri`) and CVE-2026-4366 (a redirect), in Better Auth as
GHSA-5rr4 (discovery). All calls go through the one fetcher.
"""

import itertools
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings as SettingsWrapper

from accounts.models import User
from identity.services.outside import AddressRefused
from tests import cast
from tests.stand_in import StandIn
from tests.visitors import Visitor, house

pytestmark = pytest.mark.django_db

INSIDE = (
    *("http://10.0.0.1/x", "http://169.254.169.254/latest/meta-data", "http://[fd00::1]/x"),
    *("http://192.168.1.1:8080/", "file:///etc/passwd", "gopher://127.0.0.1/", "http://0.0.0.0/"),
    *("http://100.64.0.1/", "http://user@127.0.0.1/", "http://[::ffff:10.0.0.1]/", "/relative", ""),
)
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    cache.clear()
    with StandIn() as found:
        yield found
    cache.clear()


@pytest.fixture
def world(stand_in: StandIn) -> cast.World:
    made = cast.world(governance=False, sign_up=True)
    house(made, stand_in)
    return made


def attempt(world: cast.World, stand_in: StandIn) -> int:
    visitor = Visitor(world)
    begun = visitor.get("/login/with/house")
    if begun.status_code != 302:
        return begun.status_code
    return visitor.follow(stand_in.authorize(begun.headers["Location"])).status_code


@pytest.mark.parametrize(
    ("endpoint", "address"),
    # A provider may have no userinfo endpoint at all.
    [pair for pair in itertools.product(ENDPOINTS, INSIDE) if pair != ("userinfo_endpoint", "")],
)
def test_no_endpoint_leads_inside(
    world: cast.World, stand_in: StandIn, endpoint: str, address: str
) -> None:
    stand_in.configuration[endpoint] = address
    assert attempt(world, stand_in) == 422
    with cast.in_scope(world):
        assert not User.objects.exists()


@pytest.mark.parametrize(
    "path", ["/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"]
)
@pytest.mark.parametrize("status", [301, 302, 307, 500, 204])
def test_no_redirect_is_followed(
    world: cast.World, stand_in: StandIn, path: str, status: int
) -> None:
    stand_in.status[path] = status
    expected = {422} if status != 204 else {302, 422}
    assert attempt(world, stand_in) in expected
    assert "/elsewhere" not in [asked for asked, _ in stand_in.asked]


def test_this_machine_is_called_only_where_the_deployment_says_so(
    world: cast.World, stand_in: StandIn, settings: SettingsWrapper
) -> None:
    settings.FETCH_ALLOW = []
    assert attempt(world, stand_in) == 422
    assert not stand_in.asked
    with pytest.raises(AddressRefused):
        house(world, stand_in, slug="other")


def test_a_configuration_of_another_issuer_is_none(world: cast.World, stand_in: StandIn) -> None:
    stand_in.configuration["issuer"] = "https://accounts.google.com"
    assert attempt(world, stand_in) == 422


def test_an_endless_answer_is_cut_off(world: cast.World, stand_in: StandIn) -> None:
    stand_in.configuration["padding"] = "x" * (300 * 1024)
    assert attempt(world, stand_in) == 422
