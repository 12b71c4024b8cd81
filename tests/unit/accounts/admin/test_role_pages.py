"""Pages about roles and rules: what each role allows, and custom ones made of rules."""

import pytest

from accounts import rights
from accounts.admin import matrix
from accounts.models import Role, RoleAssignment, Rule
from accounts.services import rules
from identity import ids, permissions
from tests import acts, cast
from tests.unit.accounts.admin.desk import HOSTILE, Desk

ROLES, RULES = "accounts/role/", "accounts/rule/"


def rule(desk: Desk, name: str = "see groups", right: str = "/groups list", **more: str) -> Rule:
    form = {"name": name, "right": right, "proposal_resource": "", "description": "", **more}
    told = desk.send(f"{RULES}new/", **form)
    assert told == ["The rule is made. It gives nothing before a role has it."]
    with cast.in_scope(desk.world):
        return Rule.objects.get(name=name)


def role(desk: Desk, *held: Rule, name: str = "reader") -> Role:
    rules = [str(row.public_id) for row in held]
    told = desk.send(f"{ROLES}new/", name=name, description="Reads.", rules=rules)
    assert told == ["The role is made. Grant it on the page of a user."]
    with cast.in_scope(desk.world):
        return Role.objects.get(name=name)


def test_shows_every_word_of_a_role_and_no_other() -> None:
    for known in permissions.PREDEFINED_ROLES.values():
        shown = matrix.of(known.permissions, known.approves)
        granted = {
            f"{line.noun}:{verb}"
            for line in shown.lines
            for verb, cell in zip(shown.verbs, line.cells, strict=True)
            if cell
        }
        assert granted == known.permissions


def test_offers_every_right_once() -> None:
    words = [rights.of_rule(*pair).permissions for pair in rights.choices()]
    assert sorted(word for found in words for word in found) == sorted(permissions.ALL)


@pytest.mark.parametrize("name", permissions.PREDEFINED_ROLES)
def test_shows_predefined_roles_and_who_holds_them(desk: Desk, name: str) -> None:
    assert f"/admin/{ROLES}predefined/{name}/" in desk.get(ROLES)
    shown = desk.get(f"{ROLES}predefined/{name}/")
    assert "What it allows" in shown
    assert ("carol" in shown.split("Held by")[1]) is (name == "super-admin")


def test_knows_no_other_predefined_role(desk: Desk) -> None:
    assert desk.status(f"{ROLES}predefined/emperor/") == 404


def test_makes_a_rule_and_a_role_of_it(desk: Desk) -> None:
    made = role(desk, rule(desk), rule(desk, "decide", "/proposals approve"))
    shown = desk.get(f"{ROLES}{made.pk}/change/")
    for text in ("see groups", "Decides proposals about: everything.", "Nobody holds it."):
        assert text in shown
    assert "reader" in desk.get(ROLES)
    with cast.in_scope(desk.world):
        seen = Rule.objects.get(name="see groups")
    assert "reader" in desk.get(f"{RULES}{seen.pk}/change/")


def test_narrows_a_rule_to_proposals_about_one_resource(desk: Desk) -> None:
    made = rule(desk, "decide", "/proposals approve", proposal_resource="/users")
    assert made.proposal_resource == "/users"
    form = {"name": "wrong", "right": "/groups list", "proposal_resource": "/users"}
    assert "Only approving proposals" in desk.refused(f"{RULES}new/", **form)


def test_changes_a_rule(desk: Desk) -> None:
    made = rule(desk)
    path = f"{RULES}{made.pk}/edit/"
    same = {"name": made.name, "right": "/groups list", "proposal_resource": ""}
    assert "Nothing is changed." in desk.refused(path, **same)
    assert desk.send(path, **same | {"right": "/groups edit"}) == ["The rule is changed."]
    desk.refresh(made)
    assert (made.resource, made.action) == ("/groups", "edit")


def test_keeps_the_way_in_which_a_client_wrote_a_rule(desk: Desk, world: cast.World) -> None:
    with cast.in_scope(world):
        made = rules.create(
            public_id=ids.new(),
            name="one",
            description="",
            resource="/groups/{gid}",
            action="get",
            proposal_resource="",
            by=world.system,
            now=acts.now(),
        )
    path = f"{RULES}{made.pk}/edit/"
    assert 'value="/groups/{gid} get" selected' in desk.get(path)
    desk.send(path, name="other", right="/groups/{gid} get", proposal_resource="")
    desk.refresh(made)
    assert (made.name, made.resource, made.action) == ("other", "/groups/{gid}", "get")


def test_changes_disables_enables_and_deletes_a_role(desk: Desk) -> None:
    held = rule(desk)
    made = role(desk, held)
    edit = f"{ROLES}{made.pk}/edit/"
    assert "Nobody holds it." in desk.get(edit)
    assert " checked" in desk.get(edit)
    assert desk.send(edit, name="onlooker", description="Reads.") == ["The role is changed."]
    desk.refresh(made)
    assert made.name == "onlooker"
    assert "The role has no rule" in desk.get(f"{ROLES}{made.pk}/change/")
    assert desk.send(f"{ROLES}{made.pk}/disable/") == ["The role is disabled."]
    desk.refresh(made)
    assert made.status == "disabled"
    assert desk.send(f"{ROLES}{made.pk}/enable/") == ["The role is enabled."]
    assert desk.send(f"{ROLES}{made.pk}/end/") == ["The role is deleted."]
    assert desk.send(f"{RULES}{held.pk}/end/") == ["The rule is deleted."]
    assert desk.status(edit) == 404


def test_deletes_nothing_that_is_in_use(desk: Desk, world: cast.World) -> None:
    held = rule(desk)
    made, bob = role(desk, held), world.member("bob").user
    grant = f"accounts/user/{bob.pk}/roles/grant/?role={made.public_id}"
    assert desk.send(grant) == ["The role is granted."]
    assert "bob@example.test" in desk.get(f"{ROLES}{made.pk}/change/")
    assert "One user holds it." in desk.get(f"{ROLES}{made.pk}/end/")
    desk.refused(f"{ROLES}{made.pk}/end/")
    assert "Take the rule out of every role first." in desk.refused(f"{RULES}{held.pk}/end/")
    with cast.in_scope(world):
        assert RoleAssignment.objects.filter(role=made).exists()


@pytest.mark.parametrize("act", ["edit", "disable", "enable", "end"])
def test_lets_only_who_has_the_right_change_roles(desk: Desk, world: cast.World, act: str) -> None:
    made = role(desk, rule(desk))
    auditor = Desk(world, "dave", "workspace-auditor")
    before = auditor.traces()
    assert auditor.status(f"{ROLES}{made.pk}/change/") == 200
    assert auditor.status(f"{ROLES}{made.pk}/{act}/") == 403
    assert auditor.client.post(f"/admin/{ROLES}{made.pk}/{act}/").status_code == 403
    assert auditor.status(f"{ROLES}new/") == 403
    assert auditor.traces() == before
    member = Desk(world, "erin", "member")
    assert member.status(ROLES) == 403
    assert member.status(f"{ROLES}predefined/member/") == 403


@pytest.mark.parametrize("act", ["edit", "end"])
def test_lets_only_who_has_the_right_change_rules(desk: Desk, world: cast.World, act: str) -> None:
    made = rule(desk)
    auditor = Desk(world, "dave", "workspace-auditor")
    assert auditor.status(f"{RULES}{made.pk}/change/") == 200
    assert auditor.status(f"{RULES}{made.pk}/{act}/") == 403
    assert auditor.client.post(f"/admin/{RULES}{made.pk}/{act}/").status_code == 403
    assert auditor.status(f"{RULES}new/") == 403


def test_knows_none_of_another_scope(desk: Desk) -> None:
    elsewhere = Desk(cast.world(), "carol", "super-admin")
    foreign = rule(elsewhere)
    strange = role(elsewhere, foreign)
    for act in ("edit", "disable", "enable", "end"):
        assert desk.status(f"{ROLES}{strange.pk}/{act}/") == 404
        assert desk.client.post(f"/admin/{ROLES}{strange.pk}/{act}/").status_code == 404
    for act in ("edit", "end"):
        assert desk.status(f"{RULES}{foreign.pk}/{act}/") == 404
    assert desk.status(f"accounts/user/{desk.user.pk}/roles/grant/?role={strange.public_id}") == 404
    form = {"name": "thief", "description": "", "rules": [str(foreign.public_id)]}
    desk.refused(f"{ROLES}new/", **form)


def test_changes_nothing_by_looking(desk: Desk) -> None:
    held = rule(desk)
    made = role(desk, held)
    before = desk.traces()
    for act in ("change", "edit", "disable", "enable", "end"):
        desk.get(f"{ROLES}{made.pk}/{act}/")
    for act in ("change", "edit", "end"):
        desk.get(f"{RULES}{held.pk}/{act}/")
    assert desk.traces() == before


def test_escapes_names_that_others_chose(desk: Desk, world: cast.World) -> None:
    held = rule(desk, HOSTILE)
    # No name of a role holds a slash.
    made = role(desk, held, name=HOSTILE.replace("/", ""))
    pages = [f"{ROLES}{made.pk}/{act}/" for act in ("change", "edit", "end")]
    pages += [f"{RULES}{held.pk}/{act}/" for act in ("change", "edit", "end")]
    for address in (ROLES, RULES, *pages, f"accounts/user/{desk.user.pk}/roles/"):
        assert "<script>alert" not in desk.get(address)
