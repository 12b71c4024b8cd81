"""`GET` and `PUT user/profile`, and pictures."""

import base64
import io

import pytest
from django.conf import settings
from PIL import Image

from tests import cast
from tests.faces.blocklet.browser import SERVICE, Browser, Signed, sign_in
from tests.faces.blocklet.test_passports import grant, issue

KEYS = {
    *("did", "locale", "avatar", "name", "fullName", "email", "phone", "url", "inviter"),
    *("generation", "emailVerified", "phoneVerified", "metadata", "address"),
}


def picture(kind: str = "JPEG", size: tuple[int, int] = (8, 6)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, (200, 10, 10)).save(written, kind, comment=b"secret place")
    return written.getvalue()


def data_uri(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def test_reads_everything(alice) -> None:
    answer = alice.get("user/profile")
    assert answer.status == 200
    assert answer.json.keys() == KEYS
    assert answer.json["did"] == alice.wallet.did
    assert answer.json["emailVerified"] is False


def test_needs_somebody(world) -> None:
    for answer in (Browser(world).get("user/profile"), Browser(world).put("user/profile", {})):
        assert (answer.status, answer.json) == (401, {"error": "not login"})


def test_changes_what_is_given(alice) -> None:
    body = {
        "fullName": "Alice <b>A</b>",
        "locale": "zh",
        "name": "alice",
        "metadata": {
            "bio": "hello<script>alert(1)</script>",
            "email": "Alice@Example.test",
            "phone": {"phoneNumber": "+49 (30) 12-34", "country": "de"},
            "links": [{"url": "https://example.test/a"}],
        },
    }
    told = alice.put("user/profile", body).json
    assert told.keys() == KEYS
    assert told["fullName"] == "Alice A"
    assert told["locale"] == "zh"
    assert told["name"] == "alice"
    assert told["metadata"]["bio"] == "hello"
    assert told["email"] == "alice@example.test"
    assert told["phone"] == "+49301234"
    assert told["emailVerified"] is False
    assert alice.get("user/profile").json == told


def test_lays_parts_over_what_is_there(alice) -> None:
    alice.put("user/profile", {"metadata": {"bio": "one", "timezone": "UTC"}})
    told = alice.put("user/profile", {"metadata": {"bio": "two\nlines"}}).json
    assert told["metadata"]["bio"] == "two\nlines"
    assert told["metadata"]["timezone"] == "UTC"


def test_takes_an_address_without_metadata(alice) -> None:
    told = alice.put("user/profile", {"address": {"city": "Bern", "postalCode": "3000"}}).json
    assert told["address"] == {"city": "Bern", "postalCode": "3000"}
    assert told["metadata"] == {"location": "Bern"}


def test_an_empty_body_changes_nothing(alice) -> None:
    before = alice.get("user/profile").json
    assert alice.put("user/profile", {}).json == before
    assert alice.put("user/profile", {"fullName": "", "locale": ""}).json == before


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"role": "owner"}, '"role" is not allowed'),
        ({"emailVerified": True}, '"emailVerified" is not allowed'),
        ({"phoneVerified": True}, '"phoneVerified" is not allowed'),
        ({"did": "z1"}, '"did" is not allowed'),
        ({"metadata": {"role": "x"}}, '"role" is not allowed'),
        ({"metadata": {"links": [{"url": "javascript:x"}]}}, None),
        ({"metadata": {"links": [{"url": "https://x.test"}] * 11}}, None),
        ({"metadata": {"bio": "x" * 201}}, None),
        ({"address": {"postalCode": "x" * 21}}, None),
        ({"email": "no address"}, None),
        ({"fullName": "x" * 201}, None),
    ],
)
def test_refuses_what_is_not_allowed(alice, body, text) -> None:
    before = alice.get("user/profile").json
    answer = alice.put("user/profile", body)
    assert answer.status == 400
    assert text is None or answer.json["error"] == text
    assert alice.get("user/profile").json == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"avatar": "gopher://example.test/x"}, "avatar"),
        ({"avatar": "data:text/html;base64,PGI+"}, "avatar"),
        ({"avatar": "data:image/png;base64,%%%"}, "avatar"),
        ({"avatar": "my face"}, "avatar"),
        ({"avatar": data_uri(b"no picture")}, "avatar"),
        ({"email": "no address"}, "email"),
        ({"metadata": {"email": "no address"}}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"locale": "\u4e2d"}, "locale"),
        ({"locale": "chinese"}, "locale"),
        ({"metadata": {"timezone": "Mars/Olympus"}}, "metadata.timezone"),
        ({"fullName": "x" * 201}, "fullName"),
        ({"name": "a\u202eb"}, "name"),
    ],
)
def test_names_the_field_that_is_wrong(alice, body, field) -> None:
    before = alice.get("user/profile").json
    answer = alice.put("user/profile", {"locale": "en"} | body)
    assert (answer.status, answer.json.get("field")) == (400, field), answer.text
    assert answer.json["code"]
    assert alice.get("user/profile").json == before


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "GMT+8", "UTC-03:30", ""])
def test_takes_the_words_of_its_clients_for_places(alice, zone) -> None:
    answer = alice.put("user/profile", {"locale": "zh_TW", "metadata": {"timezone": zone}})
    assert answer.status == 200, answer.text
    told = answer.json
    assert (told["locale"], told["metadata"]["timezone"]) == ("zh-TW", zone)


def shown(signed: Signed, path: str) -> int:
    bearer = f"Bearer {signed.access}"
    return signed.browser.ask("GET", path, authorization=bearer).status


def test_hides_a_picture_at_its_own_address(world, alice, bob) -> None:
    told = alice.put("user/profile", {"avatar": data_uri(picture())}).json
    path = told["avatar"].removeprefix(alice.browser.prefix)
    stranger = Browser(world)
    public = stranger.ask("GET", path)
    assert (public.status, public.headers["Cache-Control"]) == (200, "public, max-age=300")
    for value in (True, "private", "follower-only"):
        alice.post("user/privacy/config", {"avatar": value})
        assert stranger.ask("GET", path).status == 404
        assert shown(bob, path) == 404
        mine = alice.browser.ask("GET", path, **alice.bearer)
        assert (mine.status, mine.headers["Cache-Control"]) == (200, "no-store")
        # An image's request bears the cookie alone.
        assert Browser(world, cookies={"login_token": alice.access}).ask("GET", path).status == 200
    bob.post(f"user/follow/{alice.wallet.did}", {})
    assert shown(bob, path) == 200
    alice.post("user/privacy/config", {"avatar": True})
    assert shown(bob, path) == 404
    alice.post("user/privacy/config", {"avatar": False})
    assert stranger.ask("GET", path).status == 200


def test_shows_a_hidden_picture_to_who_manages_users_here(world, alice, bob) -> None:
    told = alice.put("user/profile", {"avatar": data_uri(picture())}).json
    path = told["avatar"].removeprefix(alice.browser.prefix)
    alice.post("user/privacy/config", {"avatar": True})
    elsewhere = cast.world(sign_up=True)
    boss = sign_in(elsewhere)
    grant(elsewhere, boss, "super-admin")
    issue(elsewhere, boss, "super-admin")
    boss = sign_in(elsewhere, wallet=boss.wallet, challenge="2")
    assert shown(boss, path) == 404
    grant(world, bob, "super-admin")
    issue(world, bob, "super-admin")
    # What counts is the role of the session.
    assert shown(bob, path) == 404
    bob = sign_in(world, wallet=bob.wallet, challenge="2")
    assert shown(bob, path) == 200


def test_an_inviter_counts_once_and_never_in_a_circle(alice, bob) -> None:
    told = alice.put("user/profile", {"inviter": bob.wallet.did}).json
    assert (told["inviter"], told["generation"]) == (bob.wallet.did, 1)
    assert bob.put("user/profile", {"inviter": alice.wallet.did}).json["inviter"] is None
    assert bob.put("user/profile", {"inviter": bob.wallet.did}).json["inviter"] is None
    assert bob.put("user/profile", {"inviter": "z1nobody"}).json["inviter"] is None


def test_a_name_is_one_persons(alice, bob) -> None:
    assert alice.put("user/profile", {"name": "ann"}).status == 200
    assert bob.put("user/profile", {"name": "ann"}).status == 409


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_encodes_a_picture_anew(alice, kind) -> None:
    told = alice.put("user/profile", {"avatar": data_uri(picture(kind))}).json
    assert told["avatar"].startswith(f"{alice.browser.prefix}{SERVICE}/user/avatar/")
    path = told["avatar"].removeprefix(alice.browser.prefix)
    answer = alice.browser.ask("GET", path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert b"secret place" not in answer.body
    with Image.open(io.BytesIO(answer.body)) as shown:
        assert (shown.format, shown.size) == ("PNG", (8, 6))
    # The one before goes.
    alice.put("user/profile", {"avatar": data_uri(picture("PNG", (3, 3)))})
    assert alice.browser.ask("GET", path).status == 404


def test_makes_large_photographs_small(alice) -> None:
    photograph = data_uri(picture("JPEG", (4000, 3000)))
    told = alice.put("user/profile", {"avatar": photograph}).json
    answer = alice.browser.ask("GET", told["avatar"].removeprefix(alice.browser.prefix))
    with Image.open(io.BytesIO(answer.body)) as shown:
        assert shown.size == (512, 384)


def test_tells_native_clients_the_whole_address(alice) -> None:
    alice.put("user/profile", {"avatar": data_uri(picture())})
    told = alice.get("user/profile", x_avatar_host="1", host="evil.example").json["avatar"]
    assert told.startswith(f"{settings.BASE_URL}{alice.browser.prefix}/")


def test_changes_all_or_nothing(alice) -> None:
    before = alice.get("user/profile").json
    for avatar in (data_uri(b"x"), "https://10.0.0.1/x"):
        assert alice.put("user/profile", {"fullName": "New", "avatar": avatar}).status == 400
    body = {"email": "no address", "avatar": data_uri(picture())}
    assert alice.put("user/profile", body).status == 400
    assert alice.get("user/profile").json == before


@pytest.mark.parametrize(
    "avatar",
    [
        data_uri(b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", "image/svg+xml"),
        data_uri(b"<html>", "image/png"),
        data_uri(picture("PNG", (9000, 1))),
        data_uri(picture("PNG", (3000, 3000))),
        data_uri(picture("BMP")),
        data_uri(picture("PNG")[:40]),
    ],
)
def test_takes_nothing_else_for_a_picture(alice, avatar) -> None:
    answer = alice.put("user/profile", {"avatar": avatar})
    assert answer.status == 400
    assert alice.get("user/profile").json["avatar"] is None


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://169.254.169.254/x", 400),
        ("https://10.0.0.1/x", 400),
        ("https://[fd00::1]/x", 400),
        ("gopher://example.test/x", 400),
        ("https://localhost/x", 200),  # a name is looked up by the task, which refuses it
    ],
)
def test_fetches_nothing_from_within(alice, url, status) -> None:
    assert alice.put("user/profile", {"avatar": url}).status == status
    assert alice.get("user/profile").json["avatar"] is None


@pytest.mark.parametrize("name", ["x", "..", "0" * 36 + ".png", "a.png"])
def test_has_no_other_files(alice, name) -> None:
    assert alice.browser.ask("GET", f"{SERVICE}/user/avatar/{name}").status == 404
