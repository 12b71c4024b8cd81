"""The main job as a play: over HTTP, with real keys, each step said and seen to hold."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from identity import actor
from identity.api.enterprise import results
from identity.crypto import evidence
from identity.management import shell
from identity.sdk.api import Api
from identity.sdk.client import Client
from identity.sdk.errors import Refused
from identity.sdk.keys import DeviceKeys
from identity.sdk.onboarding import authorize
from identity.sdk.results import Done, Pending, Result
from identity.sdk.session import Invitation, Session
from identity.services import audit_trail, scopes
from invitations.services import onboarding


class StepFailed(Exception):
    """A step was not seen to hold; the text says which."""


@dataclass
class Play:
    """One run in a new scope of its own. `say` prints one line."""

    say: Callable[[str], None]
    slug: str = field(default_factory=lambda: f"demo-{uuid4().hex[:8]}")
    steps: int = 0

    def run(self) -> None:
        """Play all scenes. Raises StepFailed, or what the client raises."""
        self._tell(f"The operator makes the scope “{self.slug}” with its own server keys.")
        scopes.create(slug=self.slug, name="Demo", now=datetime.now(UTC))
        alice, bundle = self._first_owner()
        self._second_use(bundle)
        bob = self._second_owner(alice)
        newcomer = self._invited_with_approval(alice, bob)
        self._in_json(newcomer)
        self._revoked(alice, bob, newcomer)
        self._audited(alice)

    @property
    def url(self) -> str:
        """The address of the scope's endpoint."""
        return shell.face_url(self.slug, "request")

    def _first_owner(self) -> tuple[Client, dict[str, Any]]:
        self._tell("The operator prints an invitation for the first owner, valid for one hour.")
        with shell.scope(self.slug) as scope:
            by = actor.system(scope.scope_id)
            email = "alice@example.test"
            answer = onboarding.bootstrap_owner(email=email, by=by, now=datetime.now(UTC))
        bundle = results.bundle(answer)
        self._hold(str(bundle["invite_string"]).startswith("inv_"), "the bundle has a secret")
        self._tell("alice's client makes its own keys and authorizes the device with the bundle.")
        alice = self._join(bundle, "alice's laptop")
        me = self._done(alice.request("get", "/me")).details
        self._hold(me["username"] == "alice@example.test", "the device signs requests as alice")
        return alice, bundle

    def _second_use(self, bundle: dict[str, Any]) -> None:
        self._tell("Somebody else tries the same invitation with other keys.")
        invitation = Invitation.from_json(bundle)
        refused = self._refused(
            lambda: authorize(self.url, invitation, DeviceKeys.generate(), "a thief's laptop")
        )
        self._hold(refused.error_code == "-11", "it is refused, and an alarm is on record")

    def _second_owner(self, alice: Client) -> Client:
        self._tell("alice, still alone, invites bob and makes him an owner.")
        uid = str(uuid4())
        details = {"uid": uid, "email": "bob@example.test", "user_category": "regular"}
        bundle = self._done(alice.request("add", "/users/invite", details)).details
        bob = self._join(bundle, "bob's laptop")
        roles = f"/users/{uid}/roles"
        self._done(alice.request("add", roles, {"rid": "workspace-owner"}))
        me = self._done(bob.request("get", "/me")).details
        self._hold("workspace-owner" in me["roles"], "bob is an owner now")
        return bob

    def _invited_with_approval(self, alice: Client, bob: Client) -> Client:
        self._tell("alice invites a newcomer. There are two owners now, so policy asks the other.")
        details = {
            "uid": str(uuid4()),
            "email": "newcomer@example.test",
            "user_category": "regular",
        }
        waiting = self._pending(alice.request("add", "/users/invite", details))
        self._hold(True, f"the change waits as proposal {waiting.proposal_id}")
        self._tell("alice can't approve her own proposal.")
        own = alice.proposals.verify(alice.proposals.read(str(waiting.proposal_id)))
        refused = self._refused(lambda: alice.proposals.approve(own))
        self._hold(refused.error_code == "-9", "her vote is refused")
        self._tell("bob's client recomputes the hash, checks alice's signature and signs his yes.")
        self._approve(bob, waiting)
        read = self._done(alice.request("get", f"/proposals/{waiting.proposal_id}")).details
        self._hold(read["state"] == "executed", "the proposal was carried out")
        self._hold(read.get("outcome") is not None, "alice reads the invitation, once")
        self._evidence(bob, str(waiting.proposal_id))
        newcomer = self._join(read["outcome"][0], "newcomer's laptop")
        me = self._done(newcomer.request("get", "/me")).details
        self._hold(me["email"] == details["email"], "the newcomer's device signs requests")
        return newcomer

    def _evidence(self, client: Client, proposal_id: str) -> None:
        self._tell("The evidence of the decision is verified offline, with no server.")
        answer = self._done(client.request("get", f"/proposals/{proposal_id}/evidence"))
        newest = client.session.server.signatures[0]
        report = evidence.verify_bundle(answer.details, expected_server_key=newest.hex)
        signed = [vote.signed_by for vote in report.votes if vote.is_counted]
        self._hold(signed == ["device"], "one vote counts, signed by the voter's own device")

    def _in_json(self, newcomer: Client) -> None:
        self._tell("The newcomer's session serves the API in JSON too, which signs its answers.")
        url = shell.face_url(self.slug, "v1")
        with Api(url, newcomer.session, is_verifying=True) as api:
            is_newcomer = api.me()["user"]["email"] == "newcomer@example.test"
        self._hold(is_newcomer, "the answer is the server's own, to this very request")

    def _revoked(self, alice: Client, bob: Client, newcomer: Client) -> None:
        self._tell("alice has the newcomer's device revoked; bob approves it.")
        session = newcomer.session
        path = f"/users/{session.user_id}/devices/{session.device}"
        self._approve(bob, self._pending(alice.request("delete", path, {"reason": "lost"})))
        refused = self._refused(lambda: newcomer.request("get", "/me"))
        self._hold(refused.error_code == "-4", "its very next request is refused")

    def _audited(self, alice: Client) -> None:
        self._tell("Everything is in the scope's audit chain.")
        listed = self._done(alice.request("get", "/audit", {"limit": 200})).details
        names = {event["name"] for event in listed}
        wanted = {"invitation.used", "invitation.used-again", "proposal.executed", "device.revoked"}
        self._hold(wanted <= names, "the acts are there, the alarm among them")
        with shell.scope(self.slug):
            report = audit_trail.verify()
        intact = report.last_seq >= len(listed)
        self._hold(intact, f"the chain of {report.last_seq} events is intact")

    def _join(self, bundle: dict[str, Any], device_name: str) -> Client:
        outcome = authorize(
            self.url, Invitation.from_json(bundle), DeviceKeys.generate(), device_name
        )
        if not isinstance(outcome, Session):
            raise StepFailed(f"{device_name} should have been registered at once.")
        self._hold(True, f"{device_name} is registered as {outcome.device}")
        return Client(self.url, outcome)

    def _approve(self, client: Client, waiting: Pending) -> None:
        verified = client.proposals.verify(client.proposals.read(UUID(str(waiting.proposal_id))))
        state = self._done(client.proposals.approve(verified)).details["state"]
        self._hold(state == "executed", "the approval decides and the change is made")

    def _done(self, result: Result) -> Done:
        if not isinstance(result, Done):
            raise StepFailed("This should have been done at once.")
        return result

    def _pending(self, result: Result) -> Pending:
        if not isinstance(result, Pending):
            raise StepFailed("This should have waited for approval.")
        return result

    def _refused(self, act: Callable[[], object]) -> Refused:
        try:
            act()
        except Refused as refusal:
            return refusal
        raise StepFailed("This should have been refused.")

    def _tell(self, text: str) -> None:
        self.steps += 1
        self.say(f"\n{self.steps}. {text}")

    def _hold(self, is_so: bool, claim: str) -> None:  # noqa: FBT001 what was seen, not a switch
        if not is_so:
            raise StepFailed(f"Not so: {claim}.")
        self.say(f"   ✓ {claim}")


def timed(play: Play) -> float:
    """Run it; how many seconds it took."""
    started_at = time.monotonic()
    play.run()
    return time.monotonic() - started_at
