"""Class 3 of the known attacks, endpoint by endpoint: a token for somebody else opens none of them.

Seen as CVE-2026-55669 (Zitadel) and CVE-2026-37979 (Keycloak). Each token here is real, alive and
of the mightiest user, and is made out to another reader: an application, the other face, a scope
next door, or the place that renews.
"""

import pytest

from identity.api.blocklet.route import SELF
from identity.api.blocklet.table import TABLE
from identity.api.v1 import route
from identity.web.route_table import PLACEHOLDER
from tests import cast, signed_in
from tests.faces.blocklet.browser import SERVICE, Browser, sign_in
from tests.faces.v1.client import Bearer
from tests.matrix.permissions_v1 import LINES
from tests.matrix.scene import Scene

pytestmark = pytest.mark.django_db

CLOSED = [line for line in LINES if line.word != route.OPEN]
OF_FACE = [each for each in TABLE.routes if each.permission == SELF]
READERS = ("application", "face", "scope next door", "renewal")


@pytest.fixture(scope="module")
def tokens(scene: Scene) -> dict[str, str]:
    """A token for each reader, and what opens the door that they are tried at."""
    world, elsewhere = scene.world, cast.world(sign_up=True)
    owner = world.member("carla", "super-admin", "workspace-owner")
    own = signed_in.start(world, owner)
    stranger = signed_in.start(elsewhere, elsewhere.member("erik", "super-admin"))
    return {
        "own": own.access,
        "application": signed_in.start(world, owner, audience=str(scene.world.scope.id)).access,
        "face": signed_in.start(world, owner, audience="zNKapp").access,
        "scope next door": stranger.access,
        "renewal": own.refresh,
    }


@pytest.mark.parametrize("reader", READERS)
def test_opens_no_route_of_the_api(scene: Scene, tokens: dict[str, str], reader: str) -> None:
    slug = scene.world.scope.slug
    assert Bearer.of(tokens["own"], slug).get("/me").status_code == 200
    client = Bearer.of(tokens[reader], slug)
    told = set()
    for line in CLOSED:
        body = scene.body(line.method, line.path)
        answer = client.send(line.method, scene.path(line.path), body, {"If-Match": "*"})
        told.add((answer.status_code, answer.json()["type"]))
    assert told == {(401, "/problems/unauthenticated")}


def test_opens_no_route_of_the_face(scene: Scene, tokens: dict[str, str]) -> None:
    welcoming, elsewhere = cast.world(sign_up=True), cast.world(sign_up=True)
    alice, stranger = sign_in(welcoming), sign_in(elsewhere)
    own = signed_in.start(welcoming, welcoming.member("carla", "super-admin"))
    foreign = {**tokens, "of the API": own.access, "face": stranger.access}
    assert alice.get("user/profile").status == 200
    for token in (*foreign.values(), alice.refresh):
        for each in OF_FACE:
            path = SERVICE + PLACEHOLDER.sub("x", each.path)
            browser = Browser(welcoming, address="192.0.2.200")
            answer = browser.ask(each.method, path, {}, authorization=f"Bearer {token}")
            assert (answer.status, answer.json) == (401, {"error": "not login"}), each.path
    assert alice.get("user/profile").status == 200
