"""Links are short, hold what a browser needs behind the mark, and draw as a plain picture."""

import base64

import pytest

from invitations import links
from tests import acts, cast

pytestmark = pytest.mark.django_db


def test_holds_what_the_holder_needs_behind_the_mark() -> None:
    world = cast.world()
    bundle = acts.invitation(world, "new@example.test")
    with cast.in_scope(world):
        link = links.link_of(bundle)
    address, fragment = link.split("#")
    assert address.endswith(f"/s/{world.scope.slug}/join")
    assert len(link) <= 250
    held = base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4))
    assert held[16:48].hex() == bundle["one_time_private_key"]
    assert held[80:].hex() == bundle["server_signature_key"]
    picture = links.qr_svg(link)
    assert picture.startswith("<svg")
    assert "style" not in picture
    assert "script" not in picture
