"""One row in every column that is sealed, made as services make them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.db import transaction

from accounts import onboarding_secrets
from accounts.ledger.remote_signing import RemoteConfig
from accounts.models import DidDocument, LedgerAccount, Onboarding, Remote, User
from accounts.services import (
    dids,
    key_signatures,
    ledger_accounts,
    managed_keys,
    onboardings,
    one_time_passwords,
    opened_managed_keys,
    remote_secrets,
    remotes,
    users,
)
from accounts.services.key_signatures import Request
from identity import actor, ids
from identity.actor import Actor
from identity.crypto.evm import PersonalMessage
from identity.models import IdempotencyRecord, Scope, SentMail
from identity.scoping import current, key_doors
from identity.services import (
    api_key_secrets,
    api_keys,
    idempotency,
    mail,
    opened_keys,
    scopes,
    sealing,
    server_keys,
    webhook_keys,
)
from invitations.models import InvitationBatch, InvitationBatchLine, Proposal
from invitations.services import bulk, proposals
from sessions_app.models import Challenge, Provider
from sessions_app.services import challenges, providers

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HELLO = PersonalMessage(b"hello")
SECRET = "a secret of a client"
SECRET_ELSEWHERE = "a-secret-of-a-remote"
LEDGER_SEED = bytes(range(32))
REMOTE = RemoteConfig("1", "COIN", "name of the program", "key of the program")
ROOT_KEY = bytes(range(1, 33))
IDEMPOTENCY_KEY = "once"
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Filled:
    """A scope with a value in each column; `require_open` asks the services for all of them."""

    scope: Scope
    user_id: Any
    challenge: str
    signature_id: Any

    @property
    def by(self) -> Actor:
        return _self(self.scope, self.user_id)

    def require_open(self) -> None:
        """Each service reads what it sealed. The challenge, bundle and outcome are taken by it."""
        with current.in_scope(self.scope.id):
            assert server_keys.active_signing_key().public.hex
            assert len(server_keys.usable_encryption_keys(now=NOW)) == 1
            assert len(webhook_keys.signing_keys(now=NOW)) == 1
            door = key_doors.api_key_by_name(f"robot of {self.scope.slug}")
            assert door is not None
            assert len(api_key_secrets.unseal_secrets(door, now=NOW)) == 2
            assert one_time_passwords.begun(user_id=self.user_id, now=NOW)
            assert providers.secret_of(Provider.objects.get()) == SECRET
            assert remote_secrets.access(Remote.objects.get()).secret == SECRET_ELSEWHERE
            key = key_signatures.usable(by=self.by, now=NOW)
            kept = key_signatures.waiting_of(self.signature_id, key=key)
            signed = key_signatures.fetch(kept, by=self.by, now=NOW)
            # Deterministic (RFC 6979): the same key signs the same again.
            assert key_signatures.sign(Request(HELLO), key=key, by=self.by, now=NOW) == signed
            account = LedgerAccount.objects.get()
            goes_on, done = Onboarding.objects.order_by("-state")
            assert len(onboarding_secrets.unseal(goes_on).seed) == 64
            assert onboarding_secrets.unseal_result(done) == {"id": "0.0.1001"}
            assert ledger_accounts.open_key(account) == LEDGER_SEED
            assert ledger_accounts.remote_config(account) == REMOTE
            assert dids.signing_seed(DidDocument.objects.get()) == ROOT_KEY
            row = SentMail.objects.get()
            letter = mail.letter(row.id, now=NOW)
            assert letter is not None
            assert letter.context == {"code": "123456"}
            self._require_taken()

    def _require_taken(self) -> None:
        taken = challenges.take(self.challenge, purpose="second-factor", now=NOW)
        assert taken.sealed == b"half signed in"
        with transaction.atomic():
            assert _begun(self.user_id) == b"outcome"
        (bundle,) = bulk.take(batch_id=InvitationBatch.objects.get().id, by=self.by, now=NOW)
        assert bundle.result == {"bundle": 1}
        proposal = Proposal.objects.get(state="executed")
        outcome = proposals.take_outcome(proposal_id=proposal.id, by=self.by, now=NOW)
        assert outcome == [{"done": True}]


def forget_opened() -> None:
    """What this process has opened already."""
    opened_keys.forget_all()
    opened_managed_keys.forget_all()


def fill(slug: str = "acme") -> Filled:
    """A new scope with one row in each column, beside its server keys."""
    mail.queues.clear()
    scope = scopes.create(slug=slug, name=slug, now=NOW)
    system = actor.system(scope.id)
    with current.in_scope(scope.id):
        user = _user(system, slug)
        by = _self(scope, user.id)
        webhook_keys.ensure(by=system, now=NOW)
        _shared_key(system, slug)
        one_time_passwords.begin(user_id=user.id, by=by, now=NOW)
        _provider(system)
        _remote(system)
        signature_id = _signature(user, by)
        ledger_accounts.keep(
            network="local",
            account_id="0.0.1001",
            seed=LEDGER_SEED,
            user=user,
            remote=REMOTE,
            by=by,
            now=NOW,
        )
        dids.store_ledger_did(
            user=user, seed=ROOT_KEY, network="local", topic_id="0.0.7", by=by, now=NOW
        )
        _onboardings(system)
        mail.send(to="a@b.test", template="code", context={"code": "123456"}, now=NOW)
        with transaction.atomic():
            _begun(user.id)
            idempotency.finish(device_id=user.id, key=IDEMPOTENCY_KEY, outcome=b"outcome")
        secret = challenges.issue(
            purpose="second-factor", lasts=_HOUR, now=NOW, sealed=b"half signed in"
        ).secret
        _bundle(user)
        _outcome(user)
        assert Challenge.objects.exclude(sealed_data=b"").count() == 1
        assert IdempotencyRecord.objects.count() == 1
    return Filled(scope, user.id, secret, signature_id)


def _shared_key(by: Actor, slug: str) -> None:
    """One with its secret and the one before."""
    key_id = ids.new()
    credential = api_key_secrets.shared(api_key_secrets.new_hex_secret())
    api_keys.create(
        key_id=key_id,
        name="robot",
        credential=credential,
        called=f"robot of {slug}",
        by=by,
        now=NOW,
    )
    api_keys.rotate(key_id=key_id, overlap=_HOUR, by=by, now=NOW)


def _onboardings(by: Actor) -> None:
    """One that goes on and one that is done."""
    onboardings.make_key(by=by, now=NOW)
    row = onboardings.make_key(by=by, now=NOW)
    row.state, row.ended_at, row.next_attempt_at = row.State.COMPLETED, NOW, None
    row.sealed_request = None
    row.sealed_result = onboarding_secrets.seal_result({"id": "0.0.1001"}, row.id)
    row.save()


def _self(scope: Scope, user_id: Any) -> Actor:
    return Actor(
        kind=actor.ActorKind.STAFF,
        scope_id=scope.id,
        user_id=user_id,
        permissions=actor.system(scope.id).permissions,
    )


def _user(by: Actor, slug: str) -> User:
    user = users.create_invited(
        public_id=ids.new(),
        email=f"alice@{slug}.test",
        first_name="Alice",
        last_name="",
        mobile="",
        customer_id="",
        by=by,
        now=NOW,
    )
    users.activate(user=user, verifier="", by=by, now=NOW)
    return user


def _provider(by: Actor) -> None:
    provider_id = ids.new()
    given = {"slug": "hub", "name": "Hub", "kind": "github", "client_id": "countersign"}
    providers.create(
        provider_id=provider_id,
        given=given,
        sealed_secret=providers.sealed(SECRET, provider_id=provider_id, kind="github"),
        by=by,
        now=NOW,
    )


def _remote(by: Actor) -> None:
    remote_id = ids.new()
    given = {
        "name": "Elsewhere",
        "url": "https://bridge.example.org/api",
        "api_key_id": "0123456789abcdef",
        "solution_there": "theirs",
    }
    secret = remote_secrets.sealed(SECRET_ELSEWHERE, remote_id=remote_id)
    remotes.link(remote_id=remote_id, given=given, sealed_secret=secret, by=by, now=NOW)


def _signature(user: User, by: Actor) -> Any:
    managed_keys.create(user=user, now=NOW)
    asked = Request(HELLO)
    key = key_signatures.usable(by=by, now=NOW)
    key_signatures.wait(asked, key=key, proposal_id=ids.new(), by=by, now=NOW)
    key_signatures.sign_waiting(asked, key=key, by=by, now=NOW)
    return asked.id


def _begun(user_id: Any) -> bytes | None:
    return idempotency.begin(
        device_id=user_id, key=IDEMPOTENCY_KEY, request_digest="0" * 64, now=NOW
    )


def _bundle(user: User) -> None:
    batch = InvitationBatch.objects.create(
        scope_id=user.scope_id,
        digest="0" * 64,
        state="done",
        made_by=user.id,
        actor={},
        created_at=NOW,
        confirmed_at=NOW,
        ended_at=NOW,
    )
    line_id = ids.new()
    InvitationBatchLine.objects.create(
        id=line_id,
        scope_id=user.scope_id,
        batch=batch,
        number=1,
        entry={"email": "bob@acme.test"},
        state="issued",
        invitation_id=ids.new(),
        ended_at=NOW,
        sealed_bundle=sealing.seal(
            orjson.dumps({"bundle": 1}), purpose=bulk.PURPOSE, subject=str(line_id)
        ),
    )


def _outcome(user: User) -> None:
    proposal_id = ids.new()
    proposal(
        user,
        id=proposal_id,
        state="executed",
        decided_at=NOW,
        sealed_outcome=sealing.seal(
            orjson.dumps([{"done": True}]), purpose="proposal.outcome", subject=str(proposal_id)
        ),
    )


def proposal(user: User, **fields: Any) -> Proposal:
    """A proposal of this user's."""
    given = {
        "scope_id": user.scope_id,
        "commands": [],
        "action": "edit",
        "resource": "/x",
        "proposer_id": user.id,
        "actor": {"kind": "staff"},
        "request": b"",
        "policy_id": ids.new(),
        "policy_version": 1,
        "policy": {},
        "review_expression": "",
        "hash": "0" * 64,
        "created_at": NOW,
        "expires_at": NOW + _HOUR,
    }
    return Proposal.objects.create(**{**given, **fields})
