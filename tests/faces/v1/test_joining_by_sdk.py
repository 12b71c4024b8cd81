"""From an invitation to a device with the sdk, over JSON alone; then votes of two people."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from identity import actor, sdk
from identity.crypto import ecdsa_p256, evidence
from identity.models import ServerKey
from identity.services import server_keys
from invitations import links
from invitations.services import onboarding
from tests import cast
from tests.faces.v1.client import BASE, InProcess

KEYS = sdk.DeviceKeys.generate()


def url(world: cast.World) -> str:
    return f"{BASE}/s/{world.scope.slug}/v1"


def http() -> httpx.Client:
    return httpx.Client(transport=InProcess())


def invited(world: cast.World, *roles: str) -> Any:
    with cast.in_scope(world):
        return onboarding.invite(
            email="newcomer@example.test",
            role_names=list(roles),
            by=actor.system(world.scope.id),
            now=datetime.now(UTC),
        )


def join(world: cast.World, invitation: sdk.Invitation) -> sdk.Session | sdk.Pending:
    return sdk.accept(url(world), invitation, KEYS, "a phone", http=http())


def joined(world: cast.World, invitation: sdk.Invitation) -> sdk.Session:
    session = join(world, invitation)
    assert isinstance(session, sdk.Session)
    return session


def test_joins_by_a_bundle(world: cast.World) -> None:
    session = joined(world, sdk.Invitation.from_json(invited(world, "member")))
    me = sdk.Api(url(world), session, http=http(), is_verifying=True).me()
    assert me["user"]["email"] == "newcomer@example.test"
    assert me["device"] == str(session.device)


def test_joins_by_a_link_and_speaks_both_protocols(world: cast.World) -> None:
    with cast.in_scope(world):
        link = links.link_of(invited(world, "member"))
    session = joined(world, sdk.Invitation.from_link(link, http=http()))
    stored = sdk.Session.from_json(session.to_json())
    with sdk.Client(cast.URL, stored, http=world.http()) as client:
        answer = client.request("get", "/me")
    assert isinstance(answer, sdk.Done)
    assert answer.details["email"] == "newcomer@example.test"


def test_the_same_keys_get_the_same_device(world: cast.World) -> None:
    invitation = sdk.Invitation.from_json(invited(world, "member"))
    assert joined(world, invitation).device == joined(world, invitation).device


def test_other_keys_are_refused(world: cast.World) -> None:
    invitation = sdk.Invitation.from_json(invited(world, "member"))
    joined(world, invitation)
    with pytest.raises(sdk.ApiRefused) as refused:
        sdk.accept(url(world), invitation, sdk.DeviceKeys.generate(), "a thief's", http=http())
    assert refused.value.code == "invitation.not-valid"


def test_believes_the_keys_that_came_after_the_invitation(world: cast.World) -> None:
    invitation = sdk.Invitation.from_json(invited(world, "member"))
    newest = rotate(world)
    session = joined(world, invitation)
    assert [key.hex for key in session.server.signatures] == [
        newest,
        invitation.server.signatures[0].hex,
    ]


def test_joins_at_no_other_server(world: cast.World) -> None:
    offered = invited(world, "member")
    stranger = ecdsa_p256.generate().public.hex
    invitation = sdk.Invitation.from_json({**offered, "server_signature_key": stranger})
    with pytest.raises(sdk.NotGenuine):
        join(world, invitation)


@pytest.fixture
def governed(transactional_db: None) -> cast.World:
    return cast.world()


def test_two_people_decide(governed: cast.World) -> None:
    alice, bob = (
        sdk.Api(
            url(governed),
            governed.member(name, "super-admin", "workspace-owner").session,
            http=http(),
            is_verifying=True,
        )
        for name in ("alice", "bob")
    )
    waiting = alice.post("/groups", {"name": "treasury"})
    assert isinstance(waiting, sdk.Pending)
    (line,) = bob.proposals.waiting()
    assert line["id"] == waiting.proposal_id
    verified = bob.proposals.verify(
        bob.proposals.read(line["id"]), expected_signer=alice.session.keys.signature.public
    )
    assert verified.device == alice.session.device
    assert verified.request["details"] == {"name": "treasury"}
    with pytest.raises(sdk.ApiRefused) as own:
        alice.proposals.approve(verified)
    assert own.value.code == "proposal.may-not-decide"
    assert bob.proposals.approve(verified).content["state"] == "executed"
    (result,) = alice.proposals.take_outcome(line["id"])
    assert result["group"]["name"] == "treasury"
    key = bob.session.server.signatures[0].hex
    report = evidence.verify_bundle(bob.proposals.evidence(line["id"]), expected_server_key=key)
    assert [vote.signed_by for vote in report.votes if vote.is_counted] == ["device"]


def test_rejects_retracts_and_cancels(governed: cast.World) -> None:
    members = [
        governed.member(name, "super-admin", "workspace-owner")
        for name in ("alice", "bob", "carol")
    ]
    alice, bob, _ = (sdk.Api(url(governed), each.session, http=http()) for each in members)
    first = alice.post("/groups", {"name": "one"})
    assert isinstance(first, sdk.Pending)
    assert first.proposal_id
    assert alice.proposals.cancel(first.proposal_id).content["state"] == "cancelled"
    second = alice.post("/groups", {"name": "two"})
    assert isinstance(second, sdk.Pending)
    assert second.proposal_id
    verified = bob.proposals.verify(bob.proposals.read(second.proposal_id))
    assert bob.proposals.reject(verified, "not today").content["state"] in {"pending", "rejected"}


def rotate(world: cast.World) -> str:
    """New keys of the server; the signature key in hex."""
    with cast.in_scope(world):
        for purpose in ServerKey.Purpose.SIGNATURE, ServerKey.Purpose.ENCRYPTION:
            server_keys.rotate(purpose=purpose, by=world.system, now=datetime.now(UTC))
        return server_keys.client_keys().signature_hex


def test_learns_new_keys_because_a_known_one_says_so(world: cast.World) -> None:
    owner = world.member("alice", "super-admin")
    api = sdk.Api(url(world), owner.session, http=http(), is_verifying=True)
    newest, before = rotate(world), owner.session.server.signatures[0].hex
    with pytest.raises(sdk.NoAnswer):
        api.me()
    learnt = api.refresh_server_keys()
    assert [key.hex for key in learnt.server.signatures] == [newest, before]
    assert api.me()["device"] == str(owner.device.id)
    again = sdk.Api(url(world), learnt, http=http(), is_verifying=True).refresh_server_keys()
    assert again.server.signatures == learnt.server.signatures


def test_learns_nothing_from_a_stranger(world: cast.World) -> None:
    owner = world.member("alice", "super-admin")
    known = sdk.ServerKeys(owner.session.server.encryption, (ecdsa_p256.generate().public,))
    session = dataclasses.replace(owner.session, server=known)
    with pytest.raises(sdk.NotGenuine):
        sdk.Api(url(world), session, http=http()).refresh_server_keys()
