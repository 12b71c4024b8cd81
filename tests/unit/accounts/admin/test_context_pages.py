"""Pages about solutions, contexts and their members: everything goes through the one door."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Context, ContextMember, ContextShare, Solution
from identity import ids
from identity.crypto import user_key
from invitations.models import Proposal
from invitations.services import policies
from tests import cast
from tests.unit.accounts.admin.desk import HOSTILE, SOMEWHERE, Desk

SOLUTIONS = "accounts/solution/"
CONTEXTS = "accounts/context/"
RULES = {"visibility": "public", "contacts": "everyone", "joining": "closed"}
ACTS = ("edit", "policy", "disable", "end", "shares", "members/new")
MEMBER_ACTS = ("access-list", "key", "staff", "accounts", "remove")


def key() -> str:
    return user_key.generate().public.text


def solution(desk: Desk, name: str = "Main") -> Solution:
    told = desk.send(f"{SOLUTIONS}new/", name=name)
    assert told == ["The solution is made. Make a context in it next."]
    with cast.in_scope(desk.world):
        return Solution.objects.get(name=name)


def context(desk: Desk, name: str = "Circle", of: Solution | None = None, **rules: str) -> Context:
    row = of or solution(desk)
    given = {"name": name, "description": "", **RULES, **rules}
    told = desk.send(f"{CONTEXTS}new/{row.pk}/", **given)
    assert told == ["The context is made. Add its members on its page."]
    with cast.in_scope(desk.world):
        return Context.objects.get(name=name)


def member(desk: Desk, row: Context, name: str = "alice", **given: str) -> ContextMember:
    form = {"member": name, "public_key": key(), "acl": "ALLOW ALL", **given}
    told = desk.send(f"{CONTEXTS}{row.pk}/members/new/", **form)
    assert told == ["The user is a member of the context."]
    return living(desk, name)


def living(desk: Desk, name: str = "alice") -> ContextMember:
    with cast.in_scope(desk.world):
        return ContextMember.objects.get(member_id=name, ended_at__isnull=True)


def page(row: ContextMember, act: str = "") -> str:
    return f"{CONTEXTS}{row.context_id}/members/{row.pk}/{act}{'/' if act else ''}"


def test_says_what_to_do_first(desk: Desk) -> None:
    assert "There is no solution yet. Make one" in desk.get(SOLUTIONS)
    assert "Make a solution first" in desk.get(CONTEXTS)
    assert "Make one first" in desk.get(f"{CONTEXTS}new/")
    assert "It has no context yet." in desk.get(f"{SOLUTIONS}{solution(desk).pk}/change/")
    row = context(desk, of=solution(desk, "Other"), visibility="private")
    shown = desk.get(f"{CONTEXTS}{row.pk}/change/")
    for text in ("Add the users who shall know each other", "its own solution alone sees it"):
        assert text in shown


def test_makes_and_shows_solutions_and_contexts(desk: Desk) -> None:
    row = context(desk, description="For everybody", joining="open", contacts="staff")
    assert f"new/{row.solution_id}/" in desk.get(f"{CONTEXTS}new/", q="main")
    assert "Circle" in desk.get(CONTEXTS)
    assert "Circle" in desk.get(f"{SOLUTIONS}{row.solution_id}/change/")
    shown = desk.get(f"{CONTEXTS}{row.pk}/change/")
    for text in (row.public_id, "For everybody", "staff members only", "whoever shows", "carol"):
        assert text in shown
    assert "context.created" in shown
    assert "Users join with a signature" in shown


def test_changes_only_what_differs(desk: Desk) -> None:
    row = context(desk)
    path = f"{CONTEXTS}{row.pk}/edit/"
    same = {"name": "Circle", "description": "", **RULES}
    assert "Nothing is changed." in desk.refused(path, **same)
    assert desk.send(path, **{**same, "joining": "open"}) == ["The context is changed."]
    desk.refresh(row)
    assert (row.name, row.joining, row.contacts) == ("Circle", "open", "everyone")
    renamed = f"{SOLUTIONS}{row.solution_id}/edit/"
    assert desk.send(renamed, name="Shop") == ["The solution is renamed."]
    assert "Shop" in desk.get(SOLUTIONS)


def test_writes_a_policy_and_says_what_is_wrong_with_one(desk: Desk) -> None:
    row = context(desk)
    path = f"{CONTEXTS}{row.pk}/policy/"
    assert "no JSON: see line 2" in desk.refused(path, policy="{\n x")
    assert "Write an object" in desk.refused(path, policy="[1]")
    assert "policy has no key colour." in desk.refused(path, policy='{"colour": "red"}')
    written = {"create": "none", "thread": {"get": "user,manager"}}
    assert desk.send(path, policy=json.dumps(written)) == ["The policy is changed."]
    desk.refresh(row)
    assert row.policy == written
    assert "user,manager" in desk.get(f"{CONTEXTS}{row.pk}/change/")
    assert desk.send(path, policy="") == ["The policy is changed."]
    desk.refresh(row)
    assert row.policy == {}


def test_shares_and_takes_back(desk: Desk) -> None:
    row, other = context(desk), solution(desk, "Other")
    chosen = desk.get(f"{CONTEXTS}{row.pk}/shares/")
    add = f"{CONTEXTS}{row.pk}/shares/{other.pk}/add/"
    assert add in chosen
    assert f"shares/{row.solution_id}/add/" not in chosen
    assert desk.send(add) == ["It is shared."]
    assert add not in desk.get(f"{CONTEXTS}{row.pk}/shares/")
    assert "Circle" in desk.get(f"{SOLUTIONS}{other.pk}/change/")
    refused = desk.refused(f"{SOLUTIONS}{other.pk}/end/")
    assert "still has contexts of its own or borrows some" in refused
    private = {"name": "Circle", "description": "", **RULES, "visibility": "private"}
    assert "private" in desk.refused(f"{CONTEXTS}{row.pk}/edit/", **private)
    remove = f"{CONTEXTS}{row.pk}/shares/{other.pk}/remove/"
    assert remove in desk.get(f"{CONTEXTS}{row.pk}/change/")
    assert desk.send(remove) == ["It is shared no more."]
    with cast.in_scope(desk.world):
        assert not ContextShare.objects.exists()
    assert desk.send(f"{SOLUTIONS}{other.pk}/end/") == ["The solution is deleted."]


def test_stops_a_context_and_lets_it_go_on(desk: Desk) -> None:
    row = context(desk)
    assert desk.send(f"{CONTEXTS}{row.pk}/disable/") == ["The context is disabled."]
    shown = desk.get(f"{CONTEXTS}{row.pk}/change/")
    assert "Add a member" not in shown
    given = {"member": "alice", "public_key": key(), "acl": "ALLOW ALL"}
    assert "disabled" in desk.refused(f"{CONTEXTS}{row.pk}/members/new/", **given)
    assert desk.send(f"{CONTEXTS}{row.pk}/enable/") == ["The context is enabled."]
    member(desk, row)


def test_deletes_a_context_with_its_members(desk: Desk) -> None:
    row = context(desk)
    member(desk, row)
    shown = desk.get(f"{CONTEXTS}{row.pk}/end/")
    assert "members, with the history of their keys: 1" in shown
    assert desk.send(f"{CONTEXTS}{row.pk}/end/") == ["The context is deleted."]
    with cast.in_scope(desk.world):
        assert not Context.objects.exists()


def test_adds_shows_and_finds_members(desk: Desk) -> None:
    row = context(desk)
    alice = member(desk, row, is_staff="on")
    member(desk, row, "bob", acl="ALLOW thread/READ\r\nALLOW store/ALL\r\n")
    assert living(desk, "bob").acl == "ALLOW thread/READ\nALLOW store/ALL"
    address = f"{CONTEXTS}{row.pk}/change/"
    listed = desk.get(address).split("Audit trail")[0]
    assert "alice" in listed
    assert "bob" in listed
    assert "bob" not in desk.get(address, q="al").split("Audit trail")[0]
    by_key = desk.get(address, q=alice.public_key).split("Audit trail")[0]
    assert page(alice) in by_key
    assert "No member has such an id or key." in desk.get(address, q="nobody")
    shown = desk.get(page(alice))
    for text in (alice.public_key, "vouched for", "82 of 82", "Keys over time", "member.added"):
        assert text in shown
    assert "line 2: ALLOW store/ALL" in desk.get(page(living(desk, "bob")))


def test_leafs_through_members(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from accounts.admin import contexts

    monkeypatch.setattr(contexts, "MOST", 2)
    row = context(desk)
    for name in ("alice", "bob", "charlie"):
        member(desk, row, name)
    address = f"{CONTEXTS}{row.pk}/change/"
    first = desk.get(address)
    assert page(living(desk)) not in first
    more = first.split('href="?q=&amp;after=')[1].split('"')[0]
    second = desk.get(address, after=more)
    assert page(living(desk)) in second
    assert page(living(desk, "bob")) not in second
    for nonsense in ("x", "-1", "9" * 40, "\u0663"):
        assert desk.get(address, after=nonsense, q="a\u0000")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"public_key": "abc"}, "Copy the public key"),
        ({"public_key": user_key.generate().wif}, "This is a private key, which was not kept"),
        ({"member": ""}, "This field is required"),
        ({"acl": ""}, "This field is required"),
        ({"acl": "ALLOW ALL\nDENY thread/deleteThread"}, "Line 2: Unknown action"),
    ],
)
def test_refuses_what_is_no_member_and_says_why(
    desk: Desk, change: dict[str, str], said: str
) -> None:
    row = context(desk)
    form = {"member": "alice", "public_key": key(), "acl": "ALLOW ALL", **change}
    shown = desk.refused(f"{CONTEXTS}{row.pk}/members/new/", **form)
    assert said in shown
    if "private key" in said:
        assert change["public_key"] not in shown
    with cast.in_scope(desk.world):
        assert not ContextMember.objects.exists()


def test_refuses_the_key_of_another_member(desk: Desk) -> None:
    row = context(desk)
    taken = member(desk, row).public_key
    form = {"member": "bob", "public_key": taken, "acl": "ALLOW ALL"}
    shown = desk.refused(f"{CONTEXTS}{row.pk}/members/new/", **form)
    assert "belongs to another member" in shown
    assert 'value="bob"' in shown


def test_replaces_a_key_and_keeps_rights_and_history(desk: Desk) -> None:
    row = context(desk)
    old = member(desk, row, is_staff="on", acl="ALLOW READ")
    fresh = key()
    assert "private key" in desk.refused(page(old, "key"), public_key=user_key.generate().wif)
    assert desk.send(page(old, "key"), public_key=fresh) == ["The user id has the new key."]
    now = living(desk)
    assert (now.public_key, now.acl, now.is_staff) == (fresh, "ALLOW READ", True)
    shown = desk.get(page(now))
    assert old.public_key in shown
    assert "another key took its place" in shown
    over = desk.get(page(old))
    assert "This is over." in over
    assert page(now) in over
    for act in MEMBER_ACTS:
        assert desk.status(page(old, act)) == 404


def test_makes_staff_and_takes_it_away(desk: Desk) -> None:
    alice = member(desk, context(desk))
    assert desk.send(page(alice, "staff")) == ["The member is staff."]
    assert living(desk).is_staff
    assert "Take staff away" in desk.get(page(alice))
    assert desk.send(page(alice, "staff")) == ["The member is staff no more."]
    assert not living(desk).is_staff


def test_removes_a_member_and_keeps_the_history(desk: Desk) -> None:
    alice = member(desk, context(desk))
    assert desk.send(page(alice, "remove")) == ["The member is removed."]
    assert "This is over." in desk.get(page(alice))
    assert desk.status(page(alice, "remove")) == 404


def test_edits_an_access_list(desk: Desk) -> None:
    alice = member(desk, context(desk))
    path = page(alice, "access-list")
    assert "82 of 82 functions are allowed." in desk.get(path)
    refused = desk.refused(path, acl="ALLOW ALL\r\nDENY thread/deleteThread")
    assert "Did you mean “DENY thread/threadDelete”?" in refused
    assert "DENY thread/deleteThread" in refused
    assert living(desk).acl == "ALLOW ALL"
    told = desk.send(path, acl="ALLOW ALL\r\nDENY thread/threadDelete")
    assert told == ["The access list is changed."]
    assert living(desk).acl == "ALLOW ALL\nDENY thread/threadDelete"


def test_proposes_where_a_policy_asks_for_it(desk: Desk, world: cast.World) -> None:
    alice = member(desk, context(desk))
    world.member("bob", "super-admin")
    with cast.in_scope(world):
        policies.create(
            public_id=ids.new(),
            fields={
                "name": "Access lists",
                "description": "",
                "priority": 100,
                "expression": "",
                "status": "active",
                "resource": "/contexts/*/members/*",
                "action": "edit",
                "decision_on_true": "REVIEW",
                "review_expression": policies.ONE_OTHER_PERSON,
            },
            by=world.system,
            now=datetime.now(UTC),
        )
    (told,) = desk.send(page(alice, "access-list"), acl="DENY ALL")
    with cast.in_scope(world):
        assert f"/proposal/{Proposal.objects.get().pk}/change/" in told
    assert living(desk).acl == "ALLOW ALL"


def test_checks_and_fills_in_without_a_script_and_changes_nothing(desk: Desk) -> None:
    alice = member(desk, context(desk))
    before = desk.traces()
    path = page(alice, "access-list")

    def pressed(**form: str) -> str:
        answer = desk.client.post(f"/admin/{path}", form)
        assert answer.status_code == 200
        return answer.content.decode()

    shown = pressed(acl="ALLOW thread/READ", check="1")
    assert "6 of 82 functions are allowed." in shown
    assert "ALLOW thread/READ</textarea>" in shown
    assert 'role="alert"' not in shown
    shown = pressed(acl="ALLOW nothing at all", check="1")
    assert 'data-acl-fault="1"' in shown
    shown = pressed(acl="ALLOW thread/READ", preset="none")
    assert "DENY ALL</textarea>" in shown
    assert "0 of 82" in shown
    assert "6 of 82" in pressed(acl="ALLOW thread/READ", preset="unheard")
    add = f"/admin/{CONTEXTS}{alice.context_id}/members/new/"
    form = {"member": "bob", "public_key": "half a k", "acl": "ALLOW ALL", "preset": "read"}
    kept = desk.client.post(add, form).content.decode()
    assert 'value="bob"' in kept
    assert 'value="half a k"' in kept
    assert "ALLOW READ</textarea>" in kept
    assert desk.traces() == before


def test_explains_a_list_to_the_script(desk: Desk, world: cast.World) -> None:
    path = f"/admin/{CONTEXTS}access-lists/explain/"

    def explained(acl: str) -> str:
        return desk.client.post(path, {"acl": acl}).content.decode()

    assert "line 2: DENY thread/WRITE" in explained("ALLOW ALL\nDENY thread/WRITE")
    assert 'data-acl-fault="1"' in explained("")
    assert 'data-acl-fault="101"' in explained("\n".join(["ALLOW ALL"] * 102))
    assert 'data-acl-fault="1"' in explained("ALLOW ALL\n" * 9000)
    assert HOSTILE not in explained(f"ALLOW {HOSTILE}")
    assert desk.client.get(path).status_code == 405
    nobody = Desk(world, "erin", "member")
    assert nobody.client.post(path, {"acl": "ALLOW ALL"}).status_code == 403


@pytest.mark.parametrize("act", ACTS)
def test_lets_only_who_has_the_right_act(desk: Desk, world: cast.World, act: str) -> None:
    row = context(desk)
    alice = member(desk, row)
    auditor = Desk(world, "dave", "workspace-auditor")
    assert auditor.status(f"{CONTEXTS}{row.pk}/change/") == 200
    assert auditor.status(page(alice)) == 200
    before = auditor.traces()
    forbidden = [f"{CONTEXTS}{row.pk}/{act}/", f"{CONTEXTS}new/", f"{SOLUTIONS}new/"]
    forbidden += [page(alice, each) for each in MEMBER_ACTS]
    for address in forbidden:
        assert auditor.status(address) == 403, address
        assert auditor.client.post(f"/admin/{address}", {"name": "x"}).status_code == 403
    assert auditor.traces() == before
    assert "Make a context" not in auditor.get(CONTEXTS)
    nobody = Desk(world, "erin", "member")
    for address in (CONTEXTS, SOLUTIONS, page(alice)):
        assert nobody.status(address) == 403


def test_knows_nothing_of_another_scope(desk: Desk) -> None:
    elsewhere = Desk(cast.world(), "carol", "super-admin")
    foreign, own = context(elsewhere), context(desk)
    theirs, ours = member(elsewhere, foreign), member(desk, own)
    addresses = [f"{CONTEXTS}{foreign.pk}/{act}/" for act in ACTS]
    addresses += [page(theirs, act) for act in ("", *MEMBER_ACTS)]
    addresses += [
        f"{CONTEXTS}new/{foreign.solution_id}/",
        f"{CONTEXTS}{own.pk}/shares/{foreign.solution_id}/add/",
        f"{CONTEXTS}{own.pk}/members/{theirs.pk}/",
        f"{CONTEXTS}{SOMEWHERE}/members/{ours.pk}/",
        f"{SOLUTIONS}{foreign.solution_id}/edit/",
    ]
    for address in addresses:
        assert desk.status(address) == 404, address
        assert desk.client.post(f"/admin/{address}").status_code in {403, 404, 405}, address


def test_changes_nothing_by_looking(desk: Desk) -> None:
    row = context(desk)
    alice, other = member(desk, row), solution(desk, "Other")
    before = desk.traces()
    for act in (*ACTS, "change", "enable", f"shares/{other.pk}/add", f"shares/{other.pk}/remove"):
        desk.get(f"{CONTEXTS}{row.pk}/{act}/")
    for act in ("", *MEMBER_ACTS):
        desk.get(page(alice, act))
    assert desk.traces() == before


@pytest.mark.parametrize("name", ["..", "a/b", "a\u202eb"])
def test_adds_nobody_whom_no_path_names(desk: Desk, name: str) -> None:
    row = context(desk)
    form = {"member": name, "public_key": key(), "acl": "ALLOW ALL"}
    assert "member" in desk.refused(f"{CONTEXTS}{row.pk}/members/new/", **form)


def test_escapes_what_others_chose(desk: Desk) -> None:
    row = context(desk, HOSTILE, solution(desk, HOSTILE), description=HOSTILE)
    alice = member(desk, row, acl=f"ALLOW ALL\nDENY thread/threadGet threadId={TAG}")
    with cast.in_scope(desk.world):
        # As the protocol of another system brings it.
        ContextMember.objects.filter(id=alice.id).update(member_id=HOSTILE)
    shown: list[Any] = [
        *(SOLUTIONS, CONTEXTS, f"{CONTEXTS}new/", f"{SOLUTIONS}{row.solution_id}/change/"),
        *(f"{CONTEXTS}{row.pk}/{act}/" for act in (*ACTS, "change")),
        *(page(alice, act) for act in ("", *MEMBER_ACTS)),
    ]
    for address in shown:
        text = desk.get(address)
        assert HOSTILE not in text, address
        assert TAG not in text, address


TAG = "<i>evil</i>"
