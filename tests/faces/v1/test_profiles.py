"""/v1/me/profile and /v1/users/{user}/profile: read, changed, shown to contacts."""

import base64
import io
import random
from typing import Any

import pytest
from PIL import Image

from accounts.models import Avatar, Profile, User, Wallet
from accounts.services import profile_editing, users
from accounts.services.profile_editing import Changes
from identity.models import AuditEvent
from identity.scoping import current
from tests import acts, cast, circles, user_key_holders
from tests.faces.v1.client import Bearer, Signed, problem
from tests.user_key_holders import key

ALICE = key("alice")
ALL: dict[str, Any] = {
    "name": "ally",
    "full_name": "Alice Adams",
    "email": "alice@example.test",
    "phone": "+49 (30) 12-34",
    "locale": "de",
    "metadata": {
        "bio": "hello",
        "timezone": "Europe/Berlin",
        "location": "Berlin",
        "status": {"label": "away", "date_range": ["2026-01-01", "2026-01-08"]},
        "links": [{"url": "https://example.test/alice", "favicon": "https://example.test/i"}],
    },
    "postal_address": {"country": "de", "city": "Berlin", "postal_code": "10115", "line1": "a 1"},
}
HIDDEN = {"full_name": "private", "bio": "follower-only"}


@pytest.fixture
def world(transactional_db: None) -> cast.World:
    return cast.world(governance=False, sign_up=True)


@pytest.fixture
def alice(world: cast.World) -> Bearer:
    """Somebody without any right, signed in by a user key."""
    return user_key_holders.session(world, user_key_holders.sign_up(world, ALICE, "alice"))


@pytest.fixture
def program(world: cast.World) -> Bearer:
    return circles.program(world, "users:get", "users:edit")


def edit(who: Bearer | Signed, body: Any, path: str = "/me/profile", **headers: str) -> Any:
    answer = who.send("PATCH", path, body, headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def of(world: cast.World, name: str) -> str:
    with current.in_scope(world.scope.id):
        return f"/users/{User.objects.get(username=name).public_id}/profile"


def picture(kind: str = "PNG") -> str:
    return data_uri(Image.new("RGB", (8, 6), (200, 10, 10)), kind)


def noise(side: int) -> str:
    """A picture that can't be packed: three bytes for each point."""
    return data_uri(
        Image.frombytes("RGB", (side, side), random.Random(side).randbytes(3 * side**2))
    )


def data_uri(image: Image.Image, kind: str = "PNG") -> str:
    written = io.BytesIO()
    image.save(written, kind)
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"


def events(world: cast.World) -> list[Any]:
    with current.in_scope(world.scope.id):
        rows = AuditEvent.objects.filter(name="profile.edited").order_by("sequence")
        return [row.facts["changed"] for row in rows]


def test_a_user_reads_the_own_profile(world: cast.World, alice: Bearer) -> None:
    told = alice.get("/me/profile").json()
    assert told["address"] == ALICE.public.text
    assert told["user"] in of(world, "alice")
    assert (told["is_email_verified"], told["is_phone_verified"]) == (False, False)
    assert set(told["privacy"].values()) == {"all"}
    assert told["notifications"] == {"channels": {}, "webhooks": []}
    assert (told["avatar"], told["metadata"], told["inviter"]) == (None, {}, "")


def test_a_user_changes_what_is_given(world: cast.World, alice: Bearer) -> None:
    before = alice.get("/me/profile").json()
    told = edit(alice, ALL)
    expected = {**before, **ALL, "phone": "+49301234", "updated_at": told["updated_at"]}
    assert told == alice.get("/me/profile").json() == expected
    again = edit(alice, {"metadata": {"bio": ""}, "locale": "", "postal_address": {"city": "Ulm"}})
    assert again["metadata"] == {**ALL["metadata"], "bio": ""}
    assert again["postal_address"] == {**ALL["postal_address"], "city": "Ulm"}
    assert (again["locale"], again["full_name"]) == ("", "Alice Adams")
    assert edit(alice, {}) == again
    assert events(world) == [
        ["email", "full_name", "locale", "metadata", "name", "phone", "postal_address"],
        ["locale", "metadata", "postal_address"],
    ]


@pytest.mark.parametrize("bio", ["one\ntwo", "one\r\n\r\ntwo\n", "\u0928\u094d\u200d"])
def test_a_bio_keeps_its_lines(alice: Bearer, bio: str) -> None:
    assert edit(alice, {"metadata": {"bio": bio}})["metadata"]["bio"] == bio
    assert alice.get("/me/profile").json()["metadata"]["bio"] == bio


def test_is_kept_in_the_words_of_every_face(world: cast.World, alice: Bearer) -> None:
    edit(alice, {**ALL, "privacy": HIDDEN})
    with current.in_scope(world.scope.id):
        stored = Profile.objects.get()
        assert stored.metadata["status"]["dateRange"] == ["2026-01-01", "2026-01-08"]
        assert stored.postal_address["postalCode"] == "10115"
        assert stored.privacy == {"fullName": "private", "bio": "follower-only"}
        profile_editing.edit(
            user_id=stored.user_id,
            changes=Changes(
                metadata={"email": "x@example.test", "status": {"dateRange": [1, 2]}},
                privacy={"profile/avatar": True, "name": False},
            ),
            by=world.system,
            now=acts.now(),
        )
    told = alice.get("/me/profile").json()
    assert told["metadata"] == {**ALL["metadata"], "status": {"date_range": [1, 2]}}
    hidden = {name: who for name, who in told["privacy"].items() if who != "all"}
    assert hidden == {**HIDDEN, "avatar": "private"}


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"full_name": "Alice <alice@example.test>"}, "full_name"),
        ({"metadata": {"bio": "hi<script>alert(1)</script>"}}, "metadata.bio"),
        ({"postal_address": {"line1": "<b>a</b>"}}, "postal_address.line1"),
    ],
)
def test_rewrites_nothing_in_silence(
    world: cast.World, alice: Bearer, program: Bearer, body: dict[str, Any], part: str
) -> None:
    for who, path in ((alice, "/me/profile"), (program, of(world, "alice"))):
        answer = who.send("PATCH", path, body)
        problem(answer, 400, "invalid")
        assert answer.json()["detail"].startswith(f"{part} holds")
    assert edit(alice, {"full_name": "1 < 2"})["full_name"] == "1 < 2"


def test_contacts_show_the_edited_profile_at_once(world: cast.World, alice: Bearer) -> None:
    circle = circles.circle(world)
    bob = user_key_holders.session(world, user_key_holders.sign_up(world, key("bob"), "bob"))
    with current.in_scope(world.scope.id):
        ids = {
            user.username: user.id for user in User.objects.filter(username__in=["alice", "bob"])
        }
    circle.add("alice", ALICE, user_id=ids["alice"])
    circle.add("bob", key("bob"), user_id=ids["bob"])

    def seen() -> tuple[str, str]:
        (contact,) = bob.get(f"/contexts/{circle.id}/contacts").json()["items"]
        assert not {"email", "phone", "metadata", "postal_address"} & set(contact)
        return contact["name"], contact["full_name"]

    assert seen() == ("", "")
    edit(alice, ALL)
    assert seen() == ("ally", "Alice Adams")
    edit(alice, {"privacy": HIDDEN})
    assert seen() == ("ally", "")
    edit(alice, {"privacy": {"full_name": "all", "name": "private"}, "full_name": "A"})
    assert seen() == ("", "A")
    problem(bob.get(of(world, "alice")), 403, "forbidden")
    problem(bob.send("PATCH", of(world, "alice"), {"full_name": "x"}), 403, "forbidden")
    problem(bob.get(f"{of(world, 'alice')}/avatar"), 403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        {"is_email_verified": True},
        {"is_phone_verified": True},
        {"email_proven_at": "2026-01-01T00:00:00Z"},
        {"address": "x"},
        {"user": "x"},
        {"generation": 0},
        {"updated_at": None},
        {"metadata": {"role": "x"}},
        {"metadata": {"email": "x@example.test"}},
        {"metadata": {"links": [{"url": "javascript:x"}]}},
        {"metadata": {"links": [{"url": "https://x.test"}] * 11}},
        {"metadata": {"bio": "x" * 201}},
        {"metadata": {"status": {"date_range": [1]}}},
        {"metadata": {"status": {"dateRange": [1, 2]}}},
        {"postal_address": {"postal_code": "x" * 21}},
        {"privacy": {"full_name": "nobody"}},
        {"privacy": {"email": "all"}},
        {"notifications": {"webhooks": [{"kind": "api", "url": "ftp://x.test"}]}},
        {"notifications": {"webhooks": [{"kind": "api", "url": "https://10.0.0.1/"}]}},
        {"notifications": {"channels": {"a b": True}}},
        {"email": "no address"},
        {"phone": "call me"},
        {"locale": "\u4e2d"},
        {"locale": "en_US"},
        {"metadata": {"bio": "a\rb"}},
        {"metadata": {"bio": "a\u2028b"}},
        {"metadata": {"bio": "a\n\u202eb"}},
        {"metadata": {"location": "a\nb"}},
        {"locale": "english"},
        {"metadata": {"timezone": "Mars/Olympus"}},
        {"metadata": {"timezone": "../UTC"}},
        {"metadata": {"timezone": "GMT+8"}},
        {"full_name": "x" * 201},
        {"name": "a\u202eb"},
        {"avatar": "my face"},
        {"avatar": "gopher://example.test/x"},
        {"avatar": "data:text/html;base64,PGI+"},
        {"avatar": "data:image/png;base64,%%%"},
        {"avatar": "data:image/png;base64,PGI+"},
        {"avatar": "https://10.0.0.1/x"},
        {"avatar": "https://169.254.169.254/x"},
    ],
    ids=str,
)
def test_refuses_what_is_not_allowed_and_changes_nothing(
    world: cast.World, alice: Bearer, program: Bearer, body: dict[str, Any]
) -> None:
    before = alice.get("/me/profile").json()
    sent = {"locale": "en", **body}
    for who, path in ((alice, "/me/profile"), (program, of(world, "alice"))):
        answer = who.send("PATCH", path, sent)
        assert answer.status_code == 400, answer.text
        assert answer.json()["type"] in {"/problems/invalid", "/problems/address.refused"}
    assert alice.get("/me/profile").json() == before
    assert events(world) == []


def test_a_name_is_somebodys_once(world: cast.World, alice: Bearer, program: Bearer) -> None:
    user_key_holders.sign_up(world, key("bob"), "bob")
    edit(alice, {"name": "ally"})
    problem(program.send("PATCH", of(world, "bob"), {"name": "ally"}), 409, "name.taken")


def test_what_was_proven_stays(world: cast.World, alice: Bearer, program: Bearer) -> None:
    edit(alice, {"email": "alice@example.test", "phone": "+4930"})
    with current.in_scope(world.scope.id):
        Profile.objects.update(is_email_verified=True, is_phone_verified=True)
    sent = {"email": "mallory@example.test", "phone": "+1555", "locale": "en"}
    for who, path in ((alice, "/me/profile"), (program, of(world, "alice"))):
        told = edit(who, sent, path)
        assert (told["email"], told["is_email_verified"]) == ("alice@example.test", True)
        assert (told["phone"], told["is_phone_verified"]) == ("+4930", True)
    told = edit(alice, {"email": "", "phone": ""})
    assert (told["email"], told["phone"]) == ("alice@example.test", "+4930")


def test_an_inviter_counts_once(world: cast.World, alice: Bearer, program: Bearer) -> None:
    for name in ("bob", "carol"):
        user_key_holders.sign_up(world, key(name), name)
    told = edit(alice, {"inviter": key("bob").public.text})
    assert (told["inviter"], told["generation"]) == (key("bob").public.text, 1)
    assert edit(alice, {"inviter": key("carol").public.text})["generation"] == 1
    assert edit(alice, {"inviter": key("carol").public.text})["inviter"] == told["inviter"]
    body = {"inviter": key("carol").public.text}
    problem(program.send("PATCH", of(world, "bob"), body), 400, "invalid")


def test_says_where_to_be_notified(alice: Bearer) -> None:
    wanted: dict[str, Any] = {
        "channels": {"email": True},
        "webhooks": [{"kind": "slack", "url": "https://hooks.example.org/a", "enabled": False}],
    }
    assert edit(alice, {"notifications": wanted})["notifications"] == wanted
    told = edit(alice, {"notifications": {"channels": {}}})["notifications"]
    assert told == {**wanted, "channels": {}}


def test_shows_a_picture_and_none(world: cast.World, alice: Bearer, program: Bearer) -> None:
    path = of(world, "alice")
    for who, where in ((alice, "/me/profile"), (program, path)):
        problem(who.get(f"{where}/avatar"), 404, "missing")
        told = edit(who, {"avatar": picture("GIF")}, where)
        shown = {
            reader.get(f"{at}/avatar").content
            for reader, at in ((alice, "/me/profile"), (program, path))
        }
        (png,) = shown
        answer = who.get(f"{where}/avatar")
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["cache-control"] == "no-store"
        with Image.open(io.BytesIO(png)) as opened:
            assert (opened.format, opened.size) == ("PNG", (8, 6))
        assert edit(who, {"avatar": picture("WEBP")}, where)["avatar"] != told["avatar"]
        with current.in_scope(world.scope.id):
            assert Avatar.objects.count() == 1
        assert edit(who, {"avatar": ""}, where)["avatar"] is None
        problem(who.get(f"{where}/avatar"), 404, "missing")
        with current.in_scope(world.scope.id):
            assert not Avatar.objects.exists()


def test_takes_a_picture_as_large_as_is_documented(
    world: cast.World, alice: Bearer, program: Bearer
) -> None:
    large, too_large = noise(500), noise(540)
    assert len(large) > 750 * 1024 * 4 / 3 * 0.97
    assert edit(alice, {"avatar": large})["avatar"]
    answer = alice.send("PATCH", "/me/profile", {"avatar": too_large})
    problem(answer, 413, "http.too-large")
    assert answer.json()["detail"] == "A body has at most 1024 KiB here."
    answer = program.send("PATCH", of(world, "alice"), {"avatar": noise(160)})
    problem(answer, 400, "invalid")
    assert "65536" in answer.json()["detail"]
    assert "avatar" in answer.json()["detail"]


def test_has_a_picture_fetched_by_a_task(
    world: cast.World, alice: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("accounts.services.avatars.queues", [lambda *given: asked.append(given)])
    told = edit(alice, {"avatar": "https://pictures.example.org/a.png"})
    assert told["avatar"] is None
    assert [each[2] for each in asked] == ["https://pictures.example.org/a.png"]


def test_a_program_keeps_profiles(world: cast.World, alice: Bearer, program: Bearer) -> None:
    path = of(world, "alice")
    told = edit(program, ALL, path)
    assert told == program.get(path).json()
    assert not {"notifications", "inviter", "generation"} & set(told)
    own = alice.get("/me/profile").json()
    assert {name: own[name] for name in told} == told
    assert {name: own[name] for name in ALL} == {**ALL, "phone": "+49301234"}
    with current.in_scope(world.scope.id):
        event = AuditEvent.objects.filter(name="profile.edited").get()
        assert event.actor["kind"] == "api-key"
    for part in ("privacy", "notifications", "inviter"):
        problem(program.send("PATCH", path, {part: {}}), 400, "invalid")


def test_a_program_needs_the_words(world: cast.World, alice: Bearer) -> None:
    path = of(world, "alice")
    reader, writer = circles.program(world, "users:get"), circles.program(world, "users:edit")
    assert reader.get(path).status_code == 200
    problem(reader.send("PATCH", path, {"locale": "en"}), 403, "forbidden")
    problem(writer.get(path), 403, "forbidden")
    problem(writer.get(f"{path}/avatar"), 403, "forbidden")
    problem(writer.get("/me/profile"), 403, "forbidden")
    problem(writer.send("PATCH", "/me/profile", {"locale": "en"}), 403, "forbidden")
    assert alice.get("/me/profile").json()["locale"] == ""


def test_a_device_keeps_the_own_profile_without_a_right(world: cast.World) -> None:
    bob = Signed.of(world.member("bob"), world.scope.slug)
    before = bob.get("/me/profile").json()
    assert (before["address"], before["updated_at"]) == ("", None)
    with current.in_scope(world.scope.id):
        assert not Profile.objects.exists()
    told = edit(bob, {"full_name": "Bob Brown"})
    assert told["full_name"] == "Bob Brown"
    assert told["address"]
    uid = told["user"]
    assert bob.get(f"/users/{uid}/profile").json()["full_name"] == "Bob Brown"
    problem(bob.send("PATCH", f"/users/{uid}/profile", {"locale": "en"}), 403, "forbidden")
    with current.in_scope(world.scope.id):
        assert not Wallet.objects.filter(is_keyless=False).exists()


def test_nothing_is_kept_for_who_has_not_joined(world: cast.World, program: Bearer) -> None:
    acts.invitation(world, "guest@example.test")
    path = of(world, "guest@example.test")
    assert program.get(path).json()["email"] == "guest@example.test"
    problem(program.send("PATCH", path, {"full_name": "Guest"}), 403, "user.inactive")
    with current.in_scope(world.scope.id):
        assert not Profile.objects.exists()
        guest = User.objects.get(username="guest@example.test")
        users.disable(user_id=guest.id, by=world.system, now=acts.now())
        users.enable(user_id=guest.id, by=world.system, now=acts.now())
        guest.refresh_from_db()
        assert guest.status == "invited"


def test_who_is_deleted_has_no_profile(world: cast.World, alice: Bearer, program: Bearer) -> None:
    path = of(world, "alice")
    edit(alice, ALL)
    with current.in_scope(world.scope.id):
        user = User.objects.get(username="alice")
        users.delete(user_id=user.id, by=world.system, now=acts.now())
    problem(alice.get("/me/profile"), 401, "unauthenticated")
    for answer in (program.get(path), program.send("PATCH", path, {"locale": "en"})):
        problem(answer, 404, "missing")


def test_the_same_key_changes_once(world: cast.World, alice: Bearer, program: Bearer) -> None:
    for who, path in ((alice, "/me/profile"), (program, of(world, "alice"))):
        headers = {"Idempotency-Key": "one"}
        first = who.send("PATCH", path, {"full_name": f"At {path}"}, headers)
        edit(alice, {"full_name": "Later"})
        again = who.send("PATCH", path, {"full_name": f"At {path}"}, headers)
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert alice.get("/me/profile").json()["full_name"] == "Later"
        other = who.send("PATCH", path, {"full_name": "Other"}, headers)
        assert other.status_code in {409, 422}


@pytest.mark.parametrize("favicon", ["javascript:1", "data:text/html,x", "//example.test/i"])
def test_a_links_picture_is_on_the_web(alice: Bearer, favicon: str) -> None:
    link = {"url": "https://example.test/alice", "favicon": favicon}
    answer = alice.send("PATCH", "/me/profile", {"metadata": {"links": [link]}})
    problem(answer, 400, "invalid")
    assert "favicon" in answer.json()["detail"]
