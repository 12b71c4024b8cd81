"""Pages about onboardings and registries: how far, what to do, acts; never a secret."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from accounts import onboarding_secrets
from accounts.models import Onboarding, RegistryMembership, User
from accounts.services import onboardings
from invitations.models import Proposal
from tests import acts, cast, onboarding
from tests.unit.accounts.admin.desk import HOSTILE, SOMEWHERE, Desk

LIST = "accounts/onboarding/"
REGISTRIES = "accounts/registrymembership/"
KEY = "00" * 31 + "07"
FORM = {
    "username": "newcomer",
    "role": "USER",
    "parent": "registry",
    "password": onboarding.PASSWORD,
    "again": onboarding.PASSWORD,
}


@pytest.fixture
def world(db: None) -> cast.World:
    world = cast.world(governance=False)
    onboarding.registry(world)
    return world


@pytest.fixture
def desk(world: cast.World) -> Desk:
    return Desk(world, "carol", "super-admin")


@pytest.fixture
def clock() -> onboarding.Clock:
    return onboarding.Clock(datetime.now(UTC) + timedelta(minutes=1))


def start(world: cast.World, name: str = "newcomer", **more: str) -> Onboarding:
    with cast.in_scope(world):
        request = onboarding.request(name, **more)
        return onboardings.start(request=request, by=world.system, now=datetime.now(UTC))


def page(row: Onboarding, act: str = "change") -> str:
    return f"{LIST}{row.pk}/{act}/"


def mismatched(world: cast.World, clock: onboarding.Clock) -> Onboarding:
    """One that failed: its key is not the account's."""
    row = start(world, account_id="0.0.424242", account_key=KEY)
    return onboarding.work(world, row, clock=clock)


def test_says_what_to_do_where_there_is_none(desk: Desk) -> None:
    shown = desk.get(LIST)
    assert "Nobody was onboarded yet" in shown
    assert f"{LIST}new/" in shown


def test_shows_one_that_waits_and_one_that_is_done(
    desk: Desk, world: cast.World, clock: onboarding.Clock
) -> None:
    row = start(world)
    shown = desk.get(page(row))
    for text in (
        "newcomer",
        "0</span> of 9",
        "Waits for a worker.",
        "9. Create roles",
        "Cancel it",
    ):
        assert text in shown
    assert "onboarding.js" in shown
    assert f"/s/{world.scope.slug}/onboarding/{row.pk}" in shown
    row = onboarding.work(world, row, clock=clock)
    assert row.state == "completed"
    shown = desk.get(page(row))
    assert "9</span> of 9" in shown
    assert "All is done." in shown
    assert "Cancel it" not in shown
    assert "onboarding.js" not in shown
    assert 'http-equiv="refresh"' not in shown
    assert str(row.user_id) in shown


def test_tells_the_page_how_far_it_is(
    desk: Desk, world: cast.World, clock: onboarding.Clock
) -> None:
    row = start(world)
    told = desk.client.get(f"/admin/{page(row, 'progress')}").json()
    assert (told["done"], told["lines"], told["is_busy"]) == (0, 9, True)
    assert [step["state"] for step in told["steps"]] == ["pending"] * 9
    onboarding.work(world, row, clock=clock, open_ledger=onboarding.Line(cut_at=3))
    told = desk.client.get(f"/admin/{page(row, 'progress')}").json()
    assert told["is_busy"]
    assert told["done"] >= 1
    assert "The ledger was not there, once in a row." in told["told"]
    began = [step["attempts"] for step in told["steps"] if step["state"] == "running"]
    assert began == ["1"]
    assert f"{told['done']}</span> of 9" in desk.get(page(row))


def test_says_that_no_worker_takes_it_up(desk: Desk, world: cast.World) -> None:
    row = start(world)
    with cast.in_scope(world):
        due = datetime.now(UTC) - timedelta(minutes=5)
        Onboarding.objects.filter(id=row.id).update(next_attempt_at=due)
    assert "no worker takes it up" in desk.get(page(row))


def test_a_failure_says_what_to_do(desk: Desk, world: cast.World, clock: onboarding.Clock) -> None:
    shown = desk.get(page(mismatched(world, clock)))
    assert "This is not the key of the ledger account." in shown
    assert "start another one with the account&#x27;s own key" in shown
    assert "(onboarding.account-mismatch)" in shown
    assert "retry/" in shown


def test_tries_again_and_cancels(desk: Desk, world: cast.World, clock: onboarding.Clock) -> None:
    row = mismatched(world, clock)
    assert "goes on at the step" in desk.get(page(row, "retry"))
    assert desk.send(page(row, "retry")) == ["The onboarding goes on."]
    assert desk.events("onboarding.retried") == 1
    assert desk.send(page(row, "cancel")) == ["The onboarding is cancelled."]
    desk.refresh(row)
    assert row.state == "cancelled"
    assert "has ended" in desk.refused(page(row, "cancel"))
    assert "can be tried again" in desk.refused(page(row, "retry"))
    assert desk.events("onboarding.cancelled") == 1


def test_a_name_that_somebody_else_has_is_told(
    desk: Desk, world: cast.World, clock: onboarding.Clock
) -> None:
    row = start(world)
    onboarding.work(world, row, clock=clock, open_ledger=onboarding.Line(cut_at=2))
    with cast.in_scope(world):
        parent = RegistryMembership.objects.get(user__username="registry").user
        User.objects.filter(id=parent.id).update(status="disabled")
    clock.forward(minutes=5)
    row = onboarding.work(world, row, clock=clock)
    assert row.state == "failed"
    assert "registry was disabled or deleted" in desk.get(page(row))
    other = world.member("other").user
    with cast.in_scope(world):
        User.objects.filter(id=other.id).update(username="newcomer", username_folded="newcomer")
    assert "Somebody else has this user name" in desk.refused(page(row, "retry"))


def test_onboards_somebody(desk: Desk, world: cast.World, clock: onboarding.Clock) -> None:
    shown = desk.get(f"{LIST}new/")
    assert '<option value="registry">' in shown
    told = desk.send(f"{LIST}new/", **FORM)
    assert told == ["The onboarding has begun. This page shows how far it is."]
    with cast.in_scope(world):
        row = Onboarding.objects.get()
        verifier = onboarding_secrets.unseal(row).verifier
    assert verifier.startswith("argon2")
    assert row.requested_by == desk.user.public_id
    assert onboarding.PASSWORD not in desk.get(page(row)) + desk.get(LIST)
    row = onboarding.work(world, row, clock=clock)
    with cast.in_scope(world):
        assert row.user is not None
        assert row.user.check_password(onboarding.PASSWORD)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"again": "another"}, "not the same password"),
        ({"parent": ""}, "Choose the registry"),
        ({"role": "STANDARD_REGISTRY"}, "belongs to no other one"),
        ({"username": "REGISTRY"}, "This user name is taken."),
        ({"parent": "carol"}, "Select a valid choice"),
        ({"password": "x", "again": "x"}, "password"),
    ],
)
def test_refuses_what_is_wrong(desk: Desk, more: dict[str, str], why: str) -> None:
    before = desk.traces()
    shown = desk.refused(f"{LIST}new/", **{**FORM, **more})
    assert why in shown
    assert onboarding.PASSWORD not in shown
    assert desk.traces() == before


def test_leads_to_the_proposal_while_others_are_asked(db: None) -> None:
    world = cast.world()
    onboarding.registry(world)
    owner = world.member("alice", "super-admin")
    acts.submit(
        owner,
        "policy.create",
        policy=str(uuid4()),
        name="onboardings",
        resource="/onboardings",
        action="add",
        decision_on_true="REVIEW",
        review_expression='{"all":[],"deny":1,"min":1}',
    )
    desk = Desk(world, "carol", "super-admin")
    desk.send(f"{LIST}new/", **FORM)
    with cast.in_scope(world):
        row = Onboarding.objects.get()
        proposal = Proposal.objects.get()
    assert row.state == "waiting"
    assert row.proposal_id == proposal.id
    shown = desk.get(page(row))
    assert f"/admin/invitations/proposal/{proposal.id}/change/" in shown
    assert "Waits for the approval of others." in shown


def test_never_shows_a_secret(desk: Desk, world: cast.World, clock: onboarding.Clock) -> None:
    row = start(world, account_id="0.0.424242", account_key=KEY)
    with cast.in_scope(world):
        sealed = bytes(Onboarding.objects.get(id=row.id).sealed_request or b"")
        verifier = onboarding_secrets.unseal(Onboarding.objects.get(id=row.id)).verifier
    shown = [desk.get(page(row)), desk.get(LIST), desk.get(LIST, q="newcomer")]
    shown.append(desk.client.get(f"/admin/{page(row, 'progress')}").content.decode())
    done = onboarding.work(world, start(world, "another"), clock=clock)
    shown.append(desk.get(page(done)))
    for secret in (KEY, onboarding.PASSWORD, verifier, sealed.hex(), "sealed", "argon2"):
        assert not [text for text in shown if secret in text]


def test_finds_one_by_its_id_and_by_user_name(desk: Desk, world: cast.World) -> None:
    row, other = start(world), start(world, "another")
    for term in (str(row.id), f" {row.id} ", "NEWC"):
        shown = desk.get(LIST, q=term)
        assert str(row.id) in shown
        assert str(other.id) not in shown
    assert "Nothing fits" in desk.get(LIST, state__exact="failed")
    chosen = {"state__exact": "queued", "action__exact": "onboard", "role__exact": "USER"}
    assert str(row.id) in desk.get(LIST, **chosen)


def test_a_hostile_name_is_text(desk: Desk, world: cast.World) -> None:
    row = start(world, HOSTILE)
    for shown in (desk.get(LIST), desk.get(page(row)), desk.get(page(row, "cancel"))):
        assert HOSTILE not in shown
        assert "&lt;script&gt;" in shown


def test_nothing_of_another_scope_is_there(desk: Desk, world: cast.World) -> None:
    elsewhere = cast.world(governance=False)
    onboarding.registry(elsewhere)
    row = start(elsewhere)
    for act in ("retry", "cancel", "progress"):
        assert desk.status(page(row, act)) == 404
        assert desk.client.post(f"/admin/{page(row, act)}").status_code == 404
        assert desk.status(f"{LIST}{SOMEWHERE}/{act}/") == 404
    unknown = desk.client.get(f"/admin/{LIST}{SOMEWHERE}/change/")
    foreign = desk.client.get(f"/admin/{page(row)}")
    assert (foreign.status_code, foreign["Location"]) == (302, unknown["Location"])
    assert "newcomer" not in desk.get(LIST)
    assert "Nothing fits" in desk.get(LIST, q=str(row.id))
    desk.refresh(desk.user)
    with cast.in_scope(elsewhere):
        assert Onboarding.objects.get().state == "queued"


def test_those_who_only_read_get_no_buttons(world: cast.World) -> None:
    row = start(world)
    desk = Desk(world, "eve", "workspace-auditor")
    for shown in (desk.get(page(row)), desk.get(LIST)):
        assert "Cancel it" not in shown
        assert "Onboard somebody" not in shown
    for path in (page(row, "retry"), page(row, "cancel"), f"{LIST}new/"):
        assert desk.status(path) == 403


def test_says_who_is_a_registry_and_who_belongs_to_it(
    desk: Desk, world: cast.World, clock: onboarding.Clock
) -> None:
    made = onboarding.work(world, start(world), clock=clock)
    with cast.in_scope(world):
        parts = {row.user.username: row for row in RegistryMembership.objects.all()}
        did = parts["newcomer"].did or ""
    shown = desk.get(REGISTRIES)
    assert "a registry" in shown
    assert "a user of a registry" in shown
    registry = desk.get(f"{REGISTRIES}{parts['registry'].pk}/change/")
    assert "Users of this registry" in registry
    assert f"/admin/accounts/user/{made.user_id}/change/" in registry
    assert did in registry
    assert did in desk.get(f"{REGISTRIES}{parts['newcomer'].pk}/change/")
    user = desk.get(f"accounts/user/{made.user_id}/change/")
    assert did in user
    assert f"/admin/accounts/user/{parts['registry'].user_id}/change/" in user
    assert "Registries</h2>" not in desk.get(f"accounts/user/{desk.user.pk}/change/")
    assert str(parts["registry"].pk) not in desk.get(REGISTRIES, q="newcomer")


def test_says_what_to_do_where_there_is_no_registry(db: None) -> None:
    desk = Desk(cast.world(governance=False), "carol", "super-admin")
    assert "There is no registry yet." in desk.get(REGISTRIES)
