"""`GET invitation`: what the holder of a link may know, without the inviter's address."""

import pytest

from accounts.models import User
from accounts.services import role_credentials
from invitations.models import Invitation
from tests import acts, cast
from tests.faces.blocklet.browser import Answer, Browser
from tests.faces.blocklet.test_passports import grant, issue


@pytest.fixture
def bundle(world: cast.World):
    return acts.invitation(world, "carol@example.com")


def ask(world: cast.World, invite_string: str, **more: str) -> Answer:
    return Browser(world).get("invitation", query={"inviteId": invite_string, **more})


def test_tells_what_it_is_about(world, bundle) -> None:
    answer = ask(world, bundle["invite_string"])
    assert answer.status == 200, answer.text
    told = answer.json
    assert told["inviteId"] == bundle["invite_string"]
    assert told["info"]["name"] == world.scope.name
    assert told["receiver"].endswith("@example.com")
    assert "carol" not in answer.text
    assert told["expireDate"] > 10**12


def test_tells_the_role_that_comes_with_it(world, bundle) -> None:
    assert ask(world, bundle["invite_string"]).json["role"]["name"] == "guest"
    other = acts.invitation(world, "dora@example.com", "support")
    role = ask(world, other["invite_string"]).json["role"]
    assert (role["name"], "query_users" in role["grants"]) == ("support", False)
    assert "list_users" in role["grants"]


def test_tells_of_a_passport_that_waits_for_its_wallet(world, alice) -> None:
    grant(world, alice)
    held = issue(world, alice, title="Support desk")
    told = ask(world, held.credential_id, mode="issue-passport").json
    assert (told["role"]["name"], told["role"]["title"]) == ("support", "Support desk")
    assert told["receiver"] == {"did": alice.wallet.did}
    assert ask(cast.world(), held.credential_id, mode="issue-passport").status == 404
    with cast.in_scope(world):
        role_credentials.revoke(credential_id=held.id, by=world.system, now=acts.now())
    assert ask(world, held.credential_id, mode="issue-passport").status == 404


def test_never_tells_the_inviters_address(world, bundle) -> None:
    inviter = world.member("boss", "super-admin")
    with cast.in_scope(world):
        User.objects.filter(id=inviter.user.id).update(username="boss@example.org")
        Invitation.objects.update(invited_by=inviter.user.id)
    answer = ask(world, bundle["invite_string"])
    assert answer.json["inviter"]["fullName"] == "boss"
    assert "example.org" not in answer.text


@pytest.mark.parametrize("text", ["", "nothing", "0" * 64])
def test_tells_nothing_of_what_there_is_not(world, text) -> None:
    answer = ask(world, text)
    assert answer.status == 404
    assert answer.text == "Invitation not found or invitation has been used"


def test_tells_nothing_in_another_scope_or_mode(world, bundle) -> None:
    assert ask(cast.world(), bundle["invite_string"]).status == 404
    assert ask(world, bundle["invite_string"], mode="issue-passport").status == 404
    assert ask(world, "", mode="issue-passport").status == 404
    assert ask(world, bundle["invite_string"], mode="other").status == 400
