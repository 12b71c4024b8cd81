"""Ids of programs in paths: of any script, percent-encoded as UTF-8."""

import io
import json
from typing import Any
from urllib.parse import quote

import pytest

from identity.sdk import api as sdk
from identity.wsgi import application
from tests import cast, circles, user_key_holders
from tests.circles import Circle
from tests.faces.v1.client import Bearer, Signed, problem
from tests.user_key_holders import key

IDS = ["zoë", "é", "Ü", "π", "日本", "🎉", "a%C3%AB", "50%", "a b", "a?b#c", "Ã«", "a@b:c"]

PLAIN = "!$&'()*+,;=:@"
"""What needs no encoding in a segment (RFC 3986 §3.3), and must have none where a device signs."""


@pytest.fixture
def circle(world: cast.World) -> Circle:
    return circles.circle(world)


@pytest.fixture
def program(world: cast.World) -> Bearer:
    words = ("create", "get", "list", "edit", "delete")
    return circles.program(
        world,
        *(f"members:{word}" for word in words),
        *(f"contexts:{word}" for word in words),
        *(f"solutions:{word}" for word in words),
    )


@pytest.mark.parametrize("member", IDS)
def test_members_are_read_changed_and_removed(
    alice: Signed, circle: Circle, program: Bearer, member: str
) -> None:
    who: Any
    for who in (program, alice):
        given = {"member": member, "public_key": key("one").public.text}
        made = who.post(f"/contexts/{circle.id}/members", given)
        assert made.status_code == 200, made.text
        path = f"/contexts/{circle.id}/members/{quote(member, safe=PLAIN)}"
        assert who.get(path).json()["member"] == member
        assert who.send("PUT", f"{path}/staff", {"is_staff": True}).json()["changed"] == "edited"
        assert who.send("PUT", f"{path}/acl", {"acl": "ALLOW READ"}).json()["changed"] == "edited"
        periods = who.get(f"{path}/keys?public_key={key('one').public.text}").json()["items"]
        assert [each["valid_until"] for each in periods[:1]] == [None]
        assert who.send("DELETE", path).json()["changed"] == "removed"
        problem(who.get(path), 404, "member.missing")
        assert len(who.get(f"{path}/keys").json()["items"]) >= 1, "the history stays"


@pytest.mark.parametrize("name", IDS)
def test_addresses_of_what_was_made_can_be_asked(program: Bearer, name: str) -> None:
    made = program.post("/solutions", {"name": "Main", "id": name})
    where = made.headers["location"]
    assert where == f"{program.prefix}/solutions/{quote(name, safe=PLAIN)}"
    assert program.http.get(where, headers=authorization(program)).json()["id"] == name
    made = program.post("/contexts", {"solution": name, "name": "x", "id": name})
    where = made.headers["location"]
    assert where.isascii()
    assert program.http.get(where, headers=authorization(program)).json()["id"] == name
    for each in ("one", "two"):
        given = {"member": each, "public_key": key(each).public.text}
        assert program.http.post(
            f"{where}/members", json=given, headers=authorization(program)
        ).is_success
    page = program.http.get(f"{where}/members?limit=1", headers=authorization(program))
    following = page.links["next"]["url"]
    assert following.isascii()
    rest = program.http.get(following, headers=authorization(program)).json()["items"]
    assert len(rest) == 1
    assert rest != page.json()["items"]


def authorization(who: Bearer) -> dict[str, str]:
    return {"Authorization": f"Bearer {who.token}"}


def test_who_never_was_a_member_has_no_keys(circle: Circle, program: Bearer) -> None:
    circle.add("zoe", key("zoe"))
    path = f"/contexts/{circle.id}/members"
    for member in ("zoë", "nobody", "日本"):
        problem(program.get(f"{path}/{member}/keys"), 404, "member.missing")
        asked = f"{path}/{member}/keys?public_key={key('zoe').public.text}"
        problem(program.get(asked), 404, "member.missing")
    assert program.get(f"{path}/zoe/keys?public_key=1111").json()["items"] == []


@pytest.mark.parametrize(
    "path", ["/v1/contexts/x/members/zo\xeb", "/v1/\xff", "/\xc3", "/admin/\xe9/"]
)
def test_bytes_that_are_no_text_are_no_address(program: Bearer, path: str) -> None:
    told: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        told["status"], told["headers"] = status, dict(headers)

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"{program.prefix[: -len('/v1')]}{path}",
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_AUTHORIZATION": f"Bearer {program.token}",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }
    body = b"".join(application(environ, start))
    assert told["status"] == "400 Bad Request"
    assert told["headers"]["Content-Type"] == "application/problem+json"
    assert json.loads(body)["status"] == 400


DOTS = [".", ".."]
UNFIT = [*DOTS, "a/b", "/", "../x", "a\nb", "a\u202eb", "a\u200bb", "a\x7f", "\t"]


@pytest.mark.parametrize("name", UNFIT)
def test_no_id_is_made_that_no_path_holds(circle: Circle, program: Bearer, name: str) -> None:
    given = {"member": name, "public_key": key("one").public.text}
    told = problem(program.post(f"/contexts/{circle.id}/members", given), 400, "invalid")
    assert told["field"] == "member"
    told = problem(program.post("/solutions", {"name": "Main", "id": name}), 400, "invalid")
    assert told["field"] == "id"
    solution = program.post("/solutions", {"name": "Main"}).json()["id"]
    given = {"name": "x", "id": name, "solution": solution}
    assert problem(program.post("/contexts", given), 400, "invalid")["field"] == "id"
    assert program.get(f"/contexts/{circle.id}/members").json()["items"] == []


@pytest.mark.parametrize("name", UNFIT)
def test_nobody_joins_under_such_an_id(circle: Circle, program: Bearer, name: str) -> None:
    given = {"member": name, "public_key": key("one").public.text}
    asked = program.post(f"/contexts/{circle.id}/join/challenge", given)
    if name not in DOTS:
        text = asked.json()["message"]
        said = {"message": text, "signature": user_key_holders.signed(key("one"), text)}
        asked = program.post(f"/contexts/{circle.id}/join", said)
    assert problem(asked, 400, "invalid")["field"] == "member"
    assert program.get(f"/contexts/{circle.id}/members").json()["items"] == []


@pytest.mark.parametrize("name", [*UNFIT[:4], "a\u200db"])
def test_nobody_signs_up_under_such_a_name(transactional_db: None, name: str) -> None:
    world = cast.world(governance=False, sign_up=True)
    given = {"public_key": key("one").public.text, "username": name}
    answer = user_key_holders.post(world, "/sign-up/user-key/challenge", given)
    assert problem(answer, 400, "invalid")["field"] == "username"


@pytest.mark.parametrize("name", ["a/b", "a\nb"])
def test_what_other_systems_brought_can_be_changed(
    circle: Circle, program: Bearer, name: str
) -> None:
    circle.add(name, key("one"))
    given = {"member": name, "public_key": key("one").public.text, "is_staff": True}
    path = f"/contexts/{circle.id}/members"
    assert program.post(path, given).json()["changed"] == "edited"
    (shown,) = program.get(f"{path}?member={quote(name, safe='')}").json()["items"]
    assert (shown["member"], shown["is_staff"]) == (name, True)


@pytest.mark.parametrize("name", ["a/b", "/", "../x", "a/keys", "a/../b", "a\nb", "a%2Fb", "zoë"])
def test_what_other_systems_brought_can_be_removed(
    alice: Signed, circle: Circle, program: Bearer, name: str
) -> None:
    path = f"/contexts/{circle.id}/members"
    for each in (program, alice):
        circle.add(name, key("one"))
        circle.add("a", key("two"))
        gone = each.send("DELETE", f"{path}?member={quote(name, safe='')}")
        assert gone.json() == {"context": circle.id, "member": name, "changed": "removed"}
        assert [one["member"] for one in program.get(path).json()["items"]] == ["a"]
        again = each.send("DELETE", f"{path}?member={quote(name, safe='')}")
        problem(again, 404, "member.missing")


@pytest.mark.parametrize("name", ["a/b", "/", "../x", "a/keys", "keys", "a\nb", "a%2Fb", "zoë"])
def test_the_keys_of_what_other_systems_brought_can_be_read(
    alice: Signed, circle: Circle, program: Bearer, name: str
) -> None:
    one, two = key("one"), key("two")
    circle.add(name, one)
    circle.add(name, two)
    circle.add("a", key("three"))
    path = f"/contexts/{circle.id}/member-keys?member={quote(name, safe='')}"
    for who in (program, alice):
        first = who.get(f"{path}&limit=1")
        (newest,) = first.json()["items"]
        assert (newest["public_key"], newest["valid_until"]) == (two.public.text, None)
        rest = who.get(f"{path}&limit=1&after={first.json()['next']}").json()["items"]
        assert [each["public_key"] for each in rest] == [one.public.text]
        (then,) = who.get(f"{path}&public_key={one.public.text}").json()["items"]
        assert then["ended_reason"] == "replaced"
    assert quote(name, safe="") in first.links["next"]["url"].replace("+", "%20")
    program.send("DELETE", path.replace("member-keys", "members"))
    assert len(program.get(path).json()["items"]) == 2, "the history stays"


@pytest.mark.parametrize("asked", ["", "?member=", "?member", "?Member=a", "?member=a&member=b"])
def test_no_keys_are_shown_of_whom_nobody_named(
    circle: Circle, program: Bearer, asked: str
) -> None:
    circle.add("a", key("one"))
    path = f"/contexts/{circle.id}/member-keys"
    problem(program.get(f"{path}{asked}"), 400, "invalid")
    problem(program.get(f"{path}?member=nobody"), 404, "member.missing")


@pytest.mark.parametrize("asked", ["", "?member=", "?member", "?Member=a", "?member=a&member=b"])
def test_nobody_is_removed_who_is_not_named(circle: Circle, program: Bearer, asked: str) -> None:
    circle.add("a", key("one"))
    path = f"/contexts/{circle.id}/members"
    problem(program.send("DELETE", f"{path}{asked}"), 400, "invalid")
    for dots in ("", *DOTS):
        problem(program.send("DELETE", f"{path}?member={dots}x"), 404, "member.missing")
    for nobody in ("/", "/a%2F..", "/.%2F", "%2F", "%3Fmember=a"):
        assert program.send("DELETE", f"{path}{nobody}").status_code in {404, 405}
    assert [one["member"] for one in program.get(path).json()["items"]] == ["a"]
    assert program.get(f"/contexts/{circle.id}").status_code == 200


def test_a_role_is_no_dots(alice: Signed) -> None:
    for name in (*DOTS, "a/b"):
        given = {"name": name, "description": "", "rules": []}
        assert problem(alice.post("/roles", given), 400, "invalid")["field"] == "name"


def test_the_sdk_makes_no_address_of_dots() -> None:
    assert sdk.segment("a/b é@") == "a%2Fb%20%C3%A9@"
    for name in DOTS:
        with pytest.raises(ValueError, match="dots"):
            sdk.segment(name)
