"""Pages about policies: the order, words, the editor and the dry run beside it."""

import json
import re
from typing import Any

import pytest

from identity import ids
from identity.pages import staff_session
from identity.scoping import current
from invitations.admin import policy_samples
from invitations.decision import expression
from invitations.models import Policy, Proposal
from invitations.services import policies
from tests import acts, cast
from tests.unit.accounts.admin.desk import HOSTILE, SOMEWHERE, Desk

LIST = "invitations/policy/"
CREATE = f"{LIST}create/"
TEXT: dict[str, Any] = {
    "name": "No groups",
    "description": "",
    "resource": "/groups",
    "action": "add",
    "expression": "",
    "decision_on_true": "DENY",
    "review_expression": "",
    "priority": "10",
    "status": "active",
}
GROUP = {"try": "1", "try-command": "group.create", "try-details": '{"group":"%s","name":"x"}'}


@pytest.fixture
def world(db: None) -> cast.World:
    return cast.world()


@pytest.fixture
def desk(world: cast.World) -> Desk:
    return Desk(world, "carol", "super-admin")


def made(world: cast.World, **fields: Any) -> Policy:
    values = dict(policies.BLANK) | TEXT | {"priority": 10} | fields
    with cast.in_scope(world):
        return policies.create(public_id=ids.new(), fields=values, by=world.system, now=acts.now())


def locked(world: cast.World) -> Policy:
    with cast.in_scope(world):
        return Policy.objects.get(name="Governance")


def all_of(world: cast.World) -> list[dict[str, Any]]:
    with cast.in_scope(world):
        return [dict(row) for row in Policy.objects.order_by("id").values()]


def page_of(policy: Policy, act: str = "change") -> str:
    return f"{LIST}{policy.pk}/{act}/"


def group() -> dict[str, str]:
    return GROUP | {"try-details": GROUP["try-details"] % ids.new()}


def tried(desk: Desk, path: str = CREATE, **form: Any) -> str:
    """Ask for the dry run, which leaves nothing behind."""
    before = desk.traces(), all_of(desk.world)
    answer = desk.client.post(f"/admin/{path}", TEXT | form)
    assert answer.status_code == 200, answer["Location"]
    assert (desk.traces(), all_of(desk.world)) == before
    return answer.content.decode()


def words(page: str) -> str:
    """What a reader sees, in one line."""
    text = re.sub(r"<[^>]+>", " ", page).replace("&quot;", '"').replace("&#x27;", "'")
    return re.sub(r"\s+", " ", text)


def verdicts(page: str) -> list[str]:
    """The badges of both verdicts."""
    parts = page.split('class="verdict"')[1:]
    return [re.findall(r'class="badge [a-z]*">([^<]+)<', part)[0] for part in parts]


def test_lists_them_in_the_order_in_which_they_are_tried(desk: Desk, world: cast.World) -> None:
    allow = {"decision_on_true": "ALLOW"}
    for name, more in (
        ("allows", allow),
        ("denies", {}),
        ("first", {"priority": 1}),
        ("off", {"priority": 0, "status": "disabled"}),
    ):
        made(world, name=name, **more)
    page = desk.get(LIST)
    names = re.findall(r'class="field-name[^>]*>\s*<a [^>]+>([^<]+)<', page)
    assert names[:3] == ["first", "denies", "allows"]
    assert names[-1] == "off"
    assert set(names[-4:-1]) == {"Governance", "Rights of users", "Accounts of approvers"}
    assert "adding on /groups" in page
    assert "review</span> by 1 other person" in page


def test_says_why_a_locked_one_stays(desk: Desk, world: cast.World) -> None:
    row = locked(world)
    page = desk.get(LIST)
    assert '<span class="badge note">locked</span>' in page
    assert "the floor under all others" in page
    shown = desk.get(page_of(row))
    assert "nobody can change, switch off or remove it" in shown
    assert page_of(row, "edit") not in shown
    for act in ("edit", "end"):
        answer = desk.client.get(f"/admin/{page_of(row, act)}")
        assert answer["Location"] == f"/admin/{page_of(row)}"
    before = all_of(world)
    for act in ("edit", "end"):
        desk.client.post(f"/admin/{page_of(row, act)}", TEXT | {"version": 1})
    assert all_of(world) == before


def test_makes_changes_and_removes_one(desk: Desk, world: cast.World) -> None:
    assert desk.send(CREATE, **TEXT) == ["The policy is made."]
    with cast.in_scope(world):
        row = Policy.objects.get(name="No groups")
    form = TEXT | {"name": "Groups are seen", "decision_on_true": "REVIEW", "version": "1"}
    review = '{\r\n "all": [], "min": 2}'
    sent = desk.send(page_of(row, "edit"), **form | {"review_expression": review})
    assert sent == ["The policy is changed."]
    desk.refresh(row)
    assert (row.name, row.version) == ("Groups are seen", 2)
    assert row.review_expression == '{"all":[],"deny":1,"min":2}'
    assert "Such a change waits for 2 other people." in desk.get(page_of(row))
    assert "Nothing is changed." in desk.refused(
        page_of(row, "edit"), **form | {"review_expression": review, "version": "2"}
    )
    assert "Somebody changed this policy" in desk.refused(page_of(row, "edit"), **form)
    assert "The policy is about adding on /groups." in desk.get(page_of(row, "end"))
    assert desk.send(page_of(row, "end")) == ["The policy is removed."]
    assert desk.status(page_of(row)) == 302


def test_sends_a_form_twice_and_makes_one(desk: Desk, world: cast.World) -> None:
    chosen = str(ids.new())
    for _ in range(2):
        desk.send(CREATE, **TEXT, policy=chosen)
    with cast.in_scope(world):
        assert Policy.objects.filter(name="No groups").count() == 1


def test_waits_for_a_second_person(world: cast.World) -> None:
    world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    desk, row = Desk(world, "carol", "super-admin"), made(world)
    assert "waits for approval" in desk.send(CREATE, **TEXT)[0]
    (told,) = desk.send(page_of(row, "edit"), **TEXT | {"priority": "11", "version": "1"})
    assert "waits for approval" in told
    assert "waits for approval" in desk.send(page_of(row, "end"))[0]
    with cast.in_scope(world):
        assert Proposal.objects.count() == 3
        assert Proposal.objects.filter(resource=f"/policies/{row.public_id}").count() == 2
    shown = words(desk.get(page_of(row)))
    assert "Proposed changes" in shown
    assert shown.count("pending") == 2


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("resource", "users", "Begin the pattern with /"),
        ("resource", "/users /a//b", "<code>/a//b</code> is no pattern. Use plain segments"),
        ("resource", "/" + "a" * 200, "at most 128 characters"),
        ("expression", 'action == "add" & true', "At character 17: Use texts in double quotes"),
        ("expression", "actor.name == 1", "Use a known name: action, actor.groups"),
        ("expression", "true &&\n\n true true", "At line 3, character 7: Join conditions"),
        ("expression", "(true", "Put ) here."),
        ("expression", "1 < 2 < 3", "Compare two values at a time"),
        ("expression", "x" * 2049, "Shorten the expression"),
        ("expression", "!" * 17 + "true", "Nest at most 16 levels deep."),
        ("expression", f"{2**256} == 1", "Keep integers within"),
        ("review_expression", "", "Write one JSON object."),
        ("review_expression", '{"all":[]', "At character 10: Write one JSON object."),
        ("review_expression", '{"all":[]}', "Give at least one clause or"),
        ("review_expression", '{"all":[],"min":0}', "is an integer from 1 to 100"),
        ("review_expression", '{"all":[{"role":"x"}]}', "A clause is"),
        ("review_expression", '{"all":[],"min":1,"min":2}', "Use each name once."),
        ("review_expression", '{"all":[],"api":1,"min":1}', "or leave it out"),
        ("name", "", "This field is required."),
        ("priority", str(2**31), "less than or equal to 2147483647"),
        ("action", "look", "Select a valid choice"),
        ("status", "half", "Select a valid choice"),
    ],
)
def test_shows_each_fault_at_its_field(desk: Desk, field: str, text: str, told: str) -> None:
    before = desk.traces()
    form = TEXT | ({"decision_on_true": "REVIEW"} if field == "review_expression" else {})
    for more in ({}, {"try": "1", "try-sample": "rotate"}):
        page = desk.refused(CREATE, **form | {field: text} | more)
        row = page.split(f'id="id_{field}"')[1].split('class="form-row')[0]
        assert told in row.replace("&quot;", '"').split("errorlist")[1], row
    assert verdicts(page) == ["allowed"]
    assert "can&#x27;t be read yet" in page or "can't be read yet" in page
    assert desk.traces() == before


def test_marks_the_place_in_the_text(desk: Desk) -> None:
    page = desk.refused(CREATE, **TEXT | {"expression": f"{HOSTILE} == 1"})
    assert '<code class="fault">&lt;script&gt;alert(1)&lt;<mark>/</mark>script&gt; == 1<' in page
    assert HOSTILE not in page


def test_shows_both_verdicts(desk: Desk) -> None:
    page = tried(desk, **group())
    assert verdicts(page) == ["allowed", "denied"]
    assert "“No groups” decides" in page
    assert "It would be done at once." in page
    page = tried(desk, **group() | {"expression": 'action == "edit"'})
    assert verdicts(page) == ["allowed", "allowed"]
    assert "changes nothing for this" in page
    assert "“No groups” its expression is false" in page
    assert "&quot;resource&quot;: &quot;/groups&quot;" in page


def test_says_who_could_approve_and_what_is_missing(world: cast.World) -> None:
    world.member("alice", "super-admin")
    world.member("bob", "super-admin")
    desk = Desk(world, "carol", "super-admin")
    page = words(tried(desk, **{"try": "1", "try-sample": "invite"}))
    assert "It would wait for others: New and removed users." in page
    assert "needs 1 more in total" in page
    assert "Could approve alice@example.test, bob@example.test" in page
    assert "carol proposed it" in page
    two = {"decision_on_true": "REVIEW", "review_expression": '{"all":[],"min":9}'}
    assert verdicts(tried(desk, **group() | two)) == ["needs review", "unreachable"]


def test_tries_a_change_of_one_that_is_there(desk: Desk, world: cast.World) -> None:
    row = made(world)
    off = group() | {"status": "disabled", "version": "1"}
    assert verdicts(tried(desk, page_of(row, "edit"), **off)) == ["denied", "allowed"]


def test_replays_what_was_proposed(world: cast.World) -> None:
    alice, _ = world.member("alice", "super-admin"), world.member("bob", "super-admin")
    acts.submit(alice, "group.create", group=str(ids.new()), name=HOSTILE)
    desk = Desk(world, "carol", "super-admin")
    page = tried(desk, **group())
    assert "1 of the latest 1 would be decided otherwise" in page
    assert HOSTILE not in page
    assert "would be decided as they would be now" in tried(desk, **group(), status="disabled")


@pytest.mark.parametrize("key", policy_samples.SAMPLES)
def test_fills_every_sample_from_the_scope(world: cast.World, key: str) -> None:
    alice, _ = world.member("alice", "super-admin"), world.member("bob", "super-admin")
    with current.in_scope(world.scope.id):
        from accounts.services import groups, managed_keys

        by = acts.as_actor(alice)
        groups.create(public_id=ids.new(), name="g", description="", by=by, now=acts.now())
    desk = Desk(world, "carol", "super-admin")
    with current.in_scope(world.scope.id):
        managed_keys.create(user=desk.user, now=acts.now())
    page = tried(desk, **{"try": "1", "try-sample": key})
    now, _ = verdicts(page)
    assert now in {"allowed", "needs review"}, words(page)
    assert policy_samples.SAMPLES[key].command in page


@pytest.mark.parametrize("key", ["device", "grant", "member", "shut-out", "remove", "payment"])
def test_says_what_a_sample_lacks(desk: Desk, key: str) -> None:
    page = tried(desk, **{"try": "1", "try-sample": key})
    assert policy_samples.SAMPLES[key].lacks in page
    assert verdicts(page) == []


@pytest.mark.parametrize(
    ("command", "details", "told"),
    [
        ("", "{}", "Choose a command, or one of the samples."),
        ("nowhere", "{}", "Select a valid choice"),
        ("group.create", "{", "At character 2: "),
        ("group.create", "[]", "Write one JSON object"),
        ("group.create", "[" * 9000, "Write one JSON object"),
        ("group.create", '{"name":"\\ud800"}', "Write one JSON object"),
        ("group.create", '{"name":"\\u0000"}', "without the character NUL"),
    ],
)
def test_says_what_is_wrong_with_a_command(
    desk: Desk, command: str, details: str, told: str
) -> None:
    page = tried(desk, **{"try": "1", "try-command": command, "try-details": details})
    assert told in page
    assert verdicts(page) == []


def test_says_that_a_command_is_not_valid(desk: Desk) -> None:
    given = {"try": "1", "try-command": "group.create", "try-details": '{"name":1}'}
    assert verdicts(tried(desk, **given)) == ["invalid", "invalid"]


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        ("super-admin", 200, 200),
        ("workspace-owner", 200, 403),
        ("workspace-maintainer", 200, 200),
        ("workspace-auditor", 200, 403),
        ("security-officer", 200, 403),
        ("support", 403, 403),
    ],
)
def test_opens_each_page_to_its_roles(
    world: cast.World, role: str, reads: int, writes: int
) -> None:
    row = made(world)
    desk, before = Desk(world, "dave", role), all_of(world)
    for path in (LIST, page_of(row), f"{LIST}languages/"):
        assert desk.status(path) == reads, path
    for path in (CREATE, page_of(row, "edit"), page_of(row, "end")):
        assert desk.status(path) == writes, path
        if writes == 403:
            for more in ({}, group()):
                answer = desk.client.post(f"/admin/{path}", TEXT | {"version": "1"} | more)
                assert answer.status_code == 403
        assert (
            (f'/admin/{path}"' in desk.get(LIST) + desk.get(page_of(row))) == (writes == 200)
            if reads == 200
            else True
        )
    assert all_of(world) == before


def test_knows_no_policy_of_another_scope(desk: Desk) -> None:
    foreign = made(cast.world())
    for act in ("edit", "end"):
        assert desk.status(page_of(foreign, act)) == 404
        assert desk.status(f"{LIST}{SOMEWHERE}/{act}/") == 404
        answer = desk.client.post(f"/admin/{page_of(foreign, act)}", TEXT | group())
        assert answer.status_code == 404


def test_escapes_hostile_names(desk: Desk, world: cast.World) -> None:
    row = made(
        world, name=HOSTILE, description=HOSTILE, expression=f"action == {json.dumps(HOSTILE)}"
    )
    for path in (LIST, page_of(row), page_of(row, "edit"), page_of(row, "end")):
        page = desk.get(path)
        assert HOSTILE not in page
        assert "&lt;script&gt;alert(1)" in page
    page = tried(desk, CREATE, **group() | {"name": HOSTILE, "expression": HOSTILE})
    assert HOSTILE not in page


def test_asks_who_it_is_after_a_while_and_loses_no_text(desk: Desk, world: cast.World) -> None:
    row = made(world, resource="/rules")
    session = desk.client.session
    session[staff_session.PROVED_AT] = 1
    session.save()
    for path in (CREATE, page_of(row, "edit"), page_of(row, "end")):
        assert "/reauthenticate/?next=" in desk.client.get(f"/admin/{path}")["Location"]
    page = desk.refused(CREATE, **TEXT | {"name": "Written at length"})
    assert "Show again who you are" in page
    assert "Written at length" in page
    # Nothing is changed by the dry run, so it asks for nothing.
    assert verdicts(tried(desk, **group())) == ["allowed", "denied"]


def test_explains_every_name_of_the_language(desk: Desk) -> None:
    page = desk.get(f"{LIST}languages/")
    for name in expression._NAMES:
        assert f"<code>{name}</code>" in page
