"""Class 24 of the known attacks: names that others chose run in the pages where people sign in.

Seen in Keycloak as CVE-2026-37980 (an organization's name) and in authentik as CVE-2026-42849.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from identity import ids
from sessions_app.models import Session
from sessions_app.services import applications, authorization_codes, sessions
from sessions_app.services.sessions import Origin, Proof
from tests import cast
from tests.stand_in import StandIn
from tests.visitors import Visitor, house

pytestmark = pytest.mark.django_db

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{31337*31}}'
BACK = "https://shop.example.org/back"
_TAGS = re.compile(r"<(script|img)\b[^>]*>")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as found:
        found.claims = {"sub": "<b>", "name": HOSTILE[:200], "email": "a@example.test"}
        yield found


@pytest.fixture
def world(stand_in: StandIn) -> cast.World:
    made = cast.world(governance=False, sign_up=True)
    house(made, stand_in, name=HOSTILE)
    return made


def query(world: cast.World) -> dict[str, str]:
    made = applications.create(
        application_id=ids.new(),
        name=HOSTILE,
        addresses=[BACK],
        by=world.system,
        now=datetime.now(UTC),
    )
    return {
        "client_id": str(made.id),
        "redirect_uri": BACK,
        "response_type": "code",
        "state": HOSTILE,
        "code_challenge": authorization_codes.challenge_of("v" * 43),
        "code_challenge_method": "S256",
    }


def require_tame(answer: object) -> None:
    content = answer.content.decode()  # type: ignore[attr-defined]
    headers = answer.headers  # type: ignore[attr-defined]
    assert "alert(1)</script>" not in content
    assert "971447" not in content
    for tag in _TAGS.finditer(content):
        assert "/static/" in tag[0], tag[0]
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"].startswith("max-age=0")


def test_names_are_texts_on_every_page(world: cast.World, stand_in: StandIn) -> None:
    visitor, asked = Visitor(world), query(world)
    require_tame(visitor.get(**asked))
    require_tame(visitor.get(client_id=HOSTILE, redirect_uri=HOSTILE))
    require_tame(visitor.post(step="password", username=HOSTILE, password="x"))
    require_tame(visitor.post(step="email", address=HOSTILE))
    require_tame(visitor.post(step="code", address=HOSTILE, code="123456"))
    require_tame(visitor.post(step="second", ticket=HOSTILE, code="123456"))
    require_tame(visitor.post(step=HOSTILE))
    require_tame(visitor.get("/login/back/house", state=HOSTILE, error=HOSTILE))
    assert visitor.through(stand_in).status_code == 302
    require_tame(visitor.get(**asked))
    with cast.in_scope(world):
        # A thief's browser calls itself as it likes, and is listed to the owner.
        sessions.start(
            user_id=Session.objects.get().user_id,
            proof=Proof(Session.Method.PASSWORD),
            origin=Origin(HOSTILE[:45], HOSTILE),
            audience=asked["client_id"],
            lasts=timedelta(days=7),
            now=datetime.now(UTC),
        )
    listed = visitor.get()
    assert "&lt;script&gt;" in listed.content.decode()
    require_tame(listed)
    require_tame(visitor.post("/login/sessions/end", session=HOSTILE))
    require_tame(visitor.post("/login/password", new=HOSTILE * 99))


def test_no_page_can_be_framed_or_stored(world: cast.World) -> None:
    answer = Visitor(world).get()
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "no-store" in answer.headers["Cache-Control"]


def test_an_address_adds_nothing_to_the_policy(world: cast.World) -> None:
    asked = query(world)
    answer = Visitor(world).get(**asked)
    policy = answer.headers["Content-Security-Policy"]
    assert "form-action 'self' https://shop.example.org; base-uri" in policy
