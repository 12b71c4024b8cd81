"""The list of proposals: whose turn it is comes first, and each line says the change in words."""

import re

import pytest
from django.test import Client

from identity import ids
from identity.scoping import current
from invitations.services.governance import Pending
from tests import acts, cast
from tests.cast import Member, World

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/invitations/proposal/"


@pytest.fixture
def world() -> World:
    return cast.world()


@pytest.fixture
def alice(world: World) -> Member:
    return world.member("alice", "super-admin")


@pytest.fixture
def bob(world: World) -> Member:
    return world.member("bob", "super-admin")


def signed_in(member: Member) -> Client:
    with current.in_scope(member.user.scope_id):
        member.user.is_staff = True
        member.user.save()
    client = Client()
    client.force_login(member.user, backend="accounts.backends.StaffBackend")
    return client


def lines(client: Client, query: str = "") -> list[str]:
    page = client.get(ADDRESS + query).content.decode()
    return re.findall(r'<th class="field-what[^>]*>\s*<a[^>]*>(.*?)</a>', page, re.DOTALL)


def group(member: Member, name: str) -> Pending:
    answer = acts.submit(member, "group.create", group=str(ids.new()), name=name)
    assert isinstance(answer, Pending)
    return answer


def test_shows_first_what_waits_for_who_decides(alice: Member, bob: Member) -> None:
    group(alice, "Readers")
    assert lines(signed_in(bob)) == ["Make the group “Readers”"]
    assert lines(signed_in(alice)) == []
    assert lines(signed_in(alice), "?show=mine") == ["Make the group “Readers”"]


def test_shows_a_decided_one_where_it_is_looked_for(alice: Member, bob: Member) -> None:
    acts.approve(bob, group(alice, "Readers").proposal_id)
    browser = signed_in(bob)
    assert lines(browser) == []
    assert "Choose “All” to see every proposal." in browser.get(ADDRESS).content.decode()
    assert lines(browser, "?show=decided") == lines(browser, "?show=all") != []
    assert lines(browser, "?show=pending") == []
    assert lines(browser, "?state=executed") == ["Make the group “Readers”"]


def test_counts_the_approvals_of_each(world: World, alice: Member, bob: Member) -> None:
    proposal = acts.proposal(world, group(alice, "Readers"))
    page = signed_in(bob).get(ADDRESS).content.decode()
    assert 'data-label="Approvals">0<' in page
    acts.approve(bob, proposal.id)
    page = signed_in(bob).get(f"{ADDRESS}?show=decided").content.decode()
    assert 'data-label="Approvals">1<' in page


def test_shows_those_who_decide_nothing_what_is_pending(
    world: World, alice: Member, bob: Member
) -> None:
    group(alice, "Readers")
    assert lines(signed_in(world.member("carol", "workspace-auditor"))) == [
        "Make the group “Readers”"
    ]


def test_an_unknown_choice_is_the_usual_one(alice: Member, bob: Member) -> None:
    group(alice, "Readers")
    assert lines(signed_in(bob), "?show=everything") == ["Make the group “Readers”"]


def test_says_so_where_nothing_was_ever_proposed(alice: Member) -> None:
    page = signed_in(alice).get(ADDRESS).content.decode()
    assert "No change has waited for approval yet." in page
