"""Every page of the admin, and a deployment in which each one has something to show."""

from dataclasses import dataclass

from tests.browser.people import House, Person

OPEN_TO_ALL = {"sign-in": "login/"}
LISTS = {
    "users": "accounts/user/",
    "devices": "accounts/device/",
    "groups": "accounts/group/",
    "roles": "accounts/role/",
    "role-credentials": "accounts/rolecredential/",
    "credentials": "accounts/credential/",
    "onboardings": "accounts/onboarding/",
    "registries": "accounts/registrymembership/",
    "rules": "accounts/rule/",
    "solutions": "accounts/solution/",
    "contexts": "accounts/context/",
    "invitations": "invitations/invitation/",
    "proposals": "invitations/proposal/",
    "policies": "invitations/policy/",
    "audit": "identity/auditevent/",
    "webhooks": "webhooks/",
    "sessions": "sessions_app/session/",
    "sign-ins": "sessions_app/signin/",
    "api-keys": "identity/apikey/",
    "providers": "providers/",
    "remotes": "remotes/",
    "applications": "applications/",
    "developer-keys": "identity/developerkey/",
    "lambdas": "accounts/lambda/",
    "passkeys": "accounts/passkey/",
    "server-keys": "identity/serverkey/",
    "managed-keys": "accounts/managedkey/",
    "dids": "accounts/diddocument/",
}
EMPTY = {"dashboard": "", "scope": "scope/", **LISTS, "issue": "invitations/invitation/issue/"}
_OBJECTS = {
    "user": "accounts/user/{user}/change/",
    "edit-user": "accounts/user/{user}/edit/",
    "disable-user": "accounts/user/{user}/disable/",
    "delete-user": "accounts/user/{user}/end/",
    "reset-password": "accounts/user/{user}/reset-password/",
    "choose-role": "accounts/user/{user}/roles/",
    "grant-role": "accounts/user/{user}/roles/grant/?role=workspace-owner",
    "choose-group": "accounts/user/{user}/groups/",
    "invite-further": "invitations/invitation/further/{user}/",
    "lock-user": "accounts/user/{user}/lock/",
    "end-sessions": "accounts/user/{user}/end-sessions/",
    "session": "sessions_app/session/{session}/change/",
    "end-session": "sessions_app/session/{session}/end/",
    "sign-in-of-somebody": "sessions_app/signin/{signin}/change/",
    "api-key": "identity/apikey/{apikey}/change/",
    "revoke-api-key": "identity/apikey/{apikey}/revoke/",
    "rotate-api-key": "identity/apikey/{apikey}/rotate/",
    "bind-api-key": "identity/apikey/{apikey}/bind/",
    "disable-api-key": "identity/apikey/{apikey}/disable/",
    "enable-api-key": "identity/apikey/{apikey}/enable/",
    "end-machine-session": "identity/apikey/{apikey}/sessions/{machinesession}/end/",
    "developer-key": "identity/developerkey/{developerkey}/change/",
    "revoke-developer-key": "identity/developerkey/{developerkey}/revoke/",
    "lambda": "accounts/lambda/{lambda}/change/",
    "stop-lambda": "accounts/lambda/{lambda}/disable/",
    "remove-lambda": "accounts/lambda/{lambda}/remove/",
    "passkey": "accounts/passkey/{passkey}/change/",
    "remove-passkey": "accounts/passkey/{passkey}/remove/",
    "remove-user-key": "accounts/user/{user}/user-keys/{userkey}/remove/",
    "managed-key": "accounts/managedkey/{managedkey}/change/",
    "did": "accounts/diddocument/{diddocument}/change/",
    "group": "accounts/group/{group}/change/",
    "edit-group": "accounts/group/{group}/edit/",
    "choose-member": "accounts/group/{group}/members/",
    "add-member": "accounts/group/{group}/members/{user}/add/",
    "delete-group": "accounts/group/{group}/end/",
    "role": "accounts/role/{role}/change/",
    "edit-role": "accounts/role/{role}/edit/",
    "disable-role": "accounts/role/{role}/disable/",
    "role-credential": "accounts/rolecredential/{rolecredential}/change/",
    "credential": "accounts/credential/{credential}/change/",
    "revoke-credential": "accounts/credential/{credential}/revoke/",
    "revoke-role-credential": "accounts/rolecredential/{rolecredential}/revoke/",
    "onboarding": "accounts/onboarding/{onboarding}/change/",
    "retry-onboarding": "accounts/onboarding/{onboarding}/retry/",
    "cancel-onboarding": "accounts/onboarding/{onboarding}/cancel/",
    "progress-of-onboarding": "../s/{slug}/onboarding/{onboarding}",
    "registry": "accounts/registrymembership/{registrymembership}/change/",
    "rule": "accounts/rule/{rule}/change/",
    "edit-rule": "accounts/rule/{rule}/edit/",
    "solution": "accounts/solution/{solution}/change/",
    "rename-solution": "accounts/solution/{solution}/edit/",
    "delete-solution": "accounts/solution/{solution}/end/",
    "context": "accounts/context/{context}/change/",
    "make-context-in": "accounts/context/new/{solution}/",
    "edit-context": "accounts/context/{context}/edit/",
    "context-policy": "accounts/context/{context}/policy/",
    "share-context": "accounts/context/{context}/shares/",
    "disable-context": "accounts/context/{context}/disable/",
    "delete-context": "accounts/context/{context}/end/",
    "add-context-member": "accounts/context/{context}/members/new/",
    "context-member": "accounts/context/{context}/members/{contextmember}/",
    "access-list": "accounts/context/{context}/members/{contextmember}/access-list/",
    "replace-key": "accounts/context/{context}/members/{contextmember}/key/",
    "staff-of-context": "accounts/context/{context}/members/{contextmember}/staff/",
    "choose-account": "accounts/context/{context}/members/{contextmember}/accounts/",
    "link-account": "accounts/context/{context}/members/{contextmember}/accounts/{user}/",
    "remove-context-member": "accounts/context/{context}/members/{contextmember}/remove/",
    "device": "accounts/device/{device}/change/",
    "suspend-device": "accounts/device/{device}/suspend/",
    "rename-device": "accounts/device/{device}/rename/",
    "revoke-device": "accounts/device/{device}/revoke/",
    "invitation": "invitations/invitation/{invitation}/change/",
    "revoke-invitation": "invitations/invitation/{invitation}/revoke/",
    "issue-again": "invitations/invitation/{invitation}/again/",
    "proposal": "invitations/proposal/{proposal}/change/",
    "locked-policy": "invitations/policy/{policy}/change/",
    "policy": "invitations/policy/{openpolicy}/change/",
    "edit-policy": "invitations/policy/{openpolicy}/edit/",
    "delete-policy": "invitations/policy/{openpolicy}/end/",
    "audit-event": "identity/auditevent/{auditevent}/change/",
    "server-key": "identity/serverkey/{serverkey}/change/",
    "webhook-delivery": "webhooks/{webhook}/deliveries/{webhookdelivery}/",
    **{
        f"{noun}-{name or 'page'}": f"{noun}s/{{{noun}}}/{name}/".replace("//", "/")
        for noun in ("provider", "application")
        for name in ("", "edit", "switch", "delete")
    },
    "remote-context": "remotes/{remote}/contexts/{remotecontext}/",
    "resync-remote-context": "remotes/{remote}/contexts/{remotecontext}/resync/",
    "drop-remote-context": "remotes/{remote}/contexts/{remotecontext}/drop/",
    **{
        f"remote-{name or 'page'}": f"remotes/{{remote}}/{name}/".replace("//", "/")
        for name in ("", "edit", "switch", "delete", "carry", "changes")
    },
    **{
        f"webhook-{name or 'page'}": f"webhooks/{{webhook}}/{name}/".replace("//", "/")
        for name in ("", "edit", "switch", "delete", "deliveries", "replay")
    },
}
_OTHERS = {
    "make-program": "accounts/user/programs/new/",
    "make-group": "accounts/group/new/",
    "onboard": "accounts/onboarding/new/",
    "make-api-key": "identity/apikey/new/",
    "write-policy": "invitations/policy/create/",
    "policy-languages": "invitations/policy/languages/",
    "make-role": "accounts/role/new/",
    "make-rule": "accounts/rule/new/",
    "make-solution": "accounts/solution/new/",
    "choose-solution": "accounts/context/new/",
    "predefined-role": "accounts/role/predefined/workspace-maintainer/",
    "rotate-key": "identity/serverkey/rotate/signature/",
    "dashboard": "",
    "recovery-codes": "sign-in/recovery-codes/",
    "reauthenticate": "reauthenticate/",
    "problems": "../problems/",
    "change-password": "password_change/",
    "password-changed": "password_change/done/",
    "issue": "invitations/invitation/issue/",
    "invite-many": "invitations/invitation/many/",
    "own-devices": "own-devices/",
    "app": "accounts/",
    "users-page-2": "accounts/user/?p=2",
    "users-found": "accounts/user/?q=a-person",
    "users-not-found": "accounts/user/?q=nobody-of-this-name",
    "invitations-open": "invitations/invitation/?state=open",
    "forbidden": "accounts/user/add/",
    "scopes": "scope/",
    "not-found": "nowhere/",
    "audit-filtered": "identity/auditevent/?q=device.&begin=2026-01-01T00:00&user=nobody",
    "audit-chain": "identity/auditevent/chain/",
    "audit-export": "identity/auditevent/export/",
    "api": "api/",
    "settings": "settings/",
    "settings-edit": "settings/edit/",
    "issue-role-credential": "accounts/rolecredential/new/",
    "issue-credential": "accounts/credential/new/",
    "verify-credential": "accounts/credential/verify/",
    "webhook-create": "webhooks/create/",
    "provider-choose": "providers/create/",
    "remote-create": "remotes/create/",
    "provider-create": "providers/create/apple/",
    "application-create": "applications/create/",
    "add-developer-key": "identity/developerkey/new/",
    "webhook-rotate-key": "webhooks/rotate-key/",
    "staff": "staff/",
    "staff-admit": "staff/admit/",
    "own-sign-in": "sign-in/",
    "add-own-passkey": "sign-in/passkeys/add/",
    "set-up-one-time-password": "sign-in/one-time-password/",
}
_SEED = """
import time
from accounts.services import onboarding_work, onboardings
from accounts.services.onboardings import Request
from uuid import UUID
from datetime import UTC, datetime, timedelta
from accounts.services import credential_statements, credentials
from accounts.services import operators, devices, role_credentials, users
from accounts.models import Device, Group, GroupMember, Passkey, Role
from accounts.models import RoleAssignment, RoleRule, Rule, User
from identity import actor, ids
from identity.models import Scope
from identity.scoping import current
from invitations.models import Invitation
from accounts.models.user import fold
from identity.services import api_key_secrets, api_keys, audit_checks, webhook_keys, webhooks
from sessions_app.models import Session
from sessions_app.services import history, sessions
from identity.services import audit_checks, webhook_keys, webhooks
from sessions_app.services import applications, machine_starts, providers
from identity import limits
from identity.scoping import key_doors
from identity.crypto import ecdsa_p256
from identity.services import developer_keys, scopes
from accounts.services import dids, lambdas, managed_keys, own_dids
from accounts.models import Solution
from accounts.services import context_members, contexts, solutions
from identity.crypto import evm, user_key
from invitations.models import Policy
from invitations.services import signing
from accounts.models import RemoteChange, RemoteContext
from accounts.services import profile_editing, user_keys
from sessions_app.services import user_key_sign_in
from accounts.services import remote_contexts, remote_secrets, remotes

with current.across_scopes(why="seeding pictures"):
    scope = Scope.objects.get(slug="{slug}")
now = datetime.now(UTC)
with current.in_scope(scope.id):
    for number in range(120):
        name = "a-person-with-a-long-name-%03d@subsidiary.example.test" % number
        user = User.objects.create(
            scope_id=scope.id, username=name, username_folded=fold(name), email=name,
            first_name="A first name and another", last_name="A last name with-a-hyphen",
            status=["active", "invited", "disabled"][number % 3],
            created_at=now - timedelta(hours=number), updated_at=now,
        )
        Device.objects.create(
            scope_id=scope.id, user=user, name="Workstation %d in the counting house" % number,
            signature_key="02" + "%064x" % (number + 7), encryption_key="-", status="active",
            registered_at=now - timedelta(hours=3 * number), keys_changed_at=now, updated_at=now,
        )
    group = Group.objects.create(
        scope_id=scope.id, name="Signers of the quarterly report", created_at=now, updated_at=now,
        description="Whoever signs the report that goes to the auditors each quarter",
    )
    for user in User.objects.order_by("-created_at")[:60]:
        GroupMember.objects.create(scope_id=scope.id, group=group, user=user, joined_at=now)
    role = Role.objects.create(
        scope_id=scope.id, name="Onlookers", description="See groups and decide about users",
        created_at=now, updated_at=now,
    )
    for name, resource, action in (
        ("See the groups", "/groups", "list"), ("Decide about users", "/proposals", "approve"),
    ):
        rule = Rule.objects.create(
            scope_id=scope.id, name=name, resource=resource, action=action, created_at=now,
            proposal_resource="/users" if action == "approve" else "", updated_at=now,
        )
        RoleRule.objects.create(scope_id=scope.id, role=role, rule=rule)
    RoleAssignment.objects.create(
        scope_id=scope.id, user=user, role=role, granted_at=now, granted_by=None
    )
    by = actor.system(scope.id)
    for expires_at in (None, now + timedelta(days=30)):
        made = role_credentials.issue(
            role_credentials.Granted(user.id, "Onlookers", "Onlooker of the house", expires_at),
            credential_id=ids.new(), by=by, now=now,
        )
    role_credentials.revoke(credential_id=made.id, reason="a wallet was lost", by=by, now=now)
    for expires_at in (None, now + timedelta(days=30)):
        said = credential_statements.Said(
            user.id, "Caretaker", {"house": "The old mill", "floors": [1, 2]}, "",
            "eddsa-rdfc-2022" if expires_at else "eddsa-jcs-2022", expires_at,
        )
        kept = credential_statements.issue(said, credential_id=ids.new(), by=by, now=now)
    credentials.revoke(credential_id=kept.id, reason="moved away", by=by, now=now)
    for url, events, about in (
        ("http://127.0.0.1:9/hooks/of-a-rather-long-name/for-the-counting-house", ["*"], "Ledger"),
        ("https://receiver.example/", ["invitation.*", "proposal.executed"], ""),
        ("https://archive.example/?tag=old", ["device.*"], "What was there before"),
    ):
        made = webhooks.create(
            public_id=ids.new(), url=url, events=events, description=about, by=by, now=now
        )
        if about:
            webhooks.ping(public_id=made.public_id, by=by, now=now)
    webhooks.edit(public_id=made.public_id, status="disabled", by=by, now=now)
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0"
    for number, user in enumerate(User.objects.filter(status="active").order_by("id")[:12]):
        begun = sessions.start(
            user_id=user.id, proof=sessions.Proof(Session.Method.EMAIL if number % 2 else
            Session.Method.PASSWORD), audience="app", lasts=timedelta(days=7), now=now,
            origin=sessions.Origin("2001:db8:85a3::8a2e:370:7334", agent, "a-visitor"),
        )
        if number % 3 == 0:
            sessions.end(session_id=begun.id, reason="signed-out", by=by, now=now)
        history.refused(
            user_id=user.id, method=Session.Method.PASSWORD, provider_name="password",
            reason="password.refused", address="192.0.2.7", user_agent=agent, now=now,
        )
    for name, words in (
        ("Backend of the counting house, which looks into tokens", ["sessions:introspect"]),
        ("Nightly export", ["audit:list", "users:list"]),
    ):
        made = api_keys.create(
            key_id=ids.new(), name=name, words=words, by=by, now=now,
            credential=api_key_secrets.bearer(api_key_secrets.new_secret()),
            expires_at=now + timedelta(days=90),
            limits=limits.checked(solutions=["018f7d3a-5d1c-7c39-9f8e-3a5d1c7c399f", "main"],
                networks=["2001:db8:85a3::/48", "192.0.2.0/24"]),
        )
        if len(words) == 1:
            machine_starts.begin(
                key_doors.api_key_by_name(made.key_id), machine_starts.Asked(name="nightly"),
                origin=sessions.Origin("2001:db8:85a3::8a2e:370:7334", agent), now=now,
            )
    api_keys.revoke(key_id=made.id, by=by, now=now)
    webhook_keys.rotate(by=by, now=now)
    for slug, kind, name in (
        ("google", "google", "Google"),
        ("house", "oidc", "The very long name of an identity provider of a subsidiary"),
    ):
        chosen = ids.new()
        given = dict(slug=slug, kind=kind, name=name, client_id="client-of-" + slug,
            issuer="https://id.example.org/realms/subsidiary" if kind == "oidc" else "")
        sealed = providers.sealed("secret", provider_id=chosen, kind=kind)
        providers.create(provider_id=chosen, given=given, sealed_secret=sealed, by=by, now=now)
    providers.edit(provider_id=chosen, changes=dict(status="disabled"), by=by, now=now)
    applications.create(application_id=ids.new(), name="Shop of a subsidiary", by=by, now=now,
        addresses=["https://shop.subsidiary.example.test/signed-in", "http://127.0.0.1:3000/back"])
    for name, is_owner in (("A server of the counting house", True), ("Old", False)):
        made = developer_keys.add(name=name, public_key=ecdsa_p256.generate().public.hex, by=by,
            now=now, is_owner=is_owner)
    developer_keys.revoke(key_id=made.id, by=by, now=now)
    scopes.change_settings(
        changes=dict(lambdas=True, lambda_hosts="api.example.org"), by=by, now=now
    )
    price = dict(type="fetch", endpoint="https://api.example.org/simple/price?ids=<<inputs.0>>",
        headers={"Accept": "application/json"}, substitution=True)
    judge = dict(type="code", substitution=True, output_type="integer",
        code="let price = <<conditions.0>>;\\n"
            "return price.output.usd >= parseFloat('<<inputs.1>>')")
    signed = dict(type="personal_sign", data="0x68656c6c6f")
    for user in User.objects.filter(status="active").order_by("id")[:3]:
        made = lambdas.create(
            lambda_id=ids.new(), user_id=user.id, now=now,
            given=dict(conditions=[price, judge], actions=signed, max_executions=100,
                authorization=dict(type="none")),
            by=actor.Actor(actor.ActorKind.SESSION, scope.id, user.id, user.public_id),
        )
        for outcome, reason in (("not-met", ""), ("failed", "lambda.failed"), ("", "")):
            begun = lambdas.begin(lambda_id=made.id, address="2001:db8::8a2e:370:7334", now=now)
            if outcome:
                lambdas.end_unsigned(begun, outcome, reason=reason, now=now)
    lambdas.disable(lambda_id=made.id, by=by, now=now)
    for number, user in enumerate(User.objects.filter(status="active").order_by("id")[:7]):
        Passkey.objects.create(
            scope_id=scope.id, user=user, name=("Passkey", "A security key, blue")[number % 2],
            credential_id="credential-%032d" % number, public_key=b"-", handle="h%d" % number,
            rp_id="old.example.org" if number == 5 else "localhost", attestation="none",
            aaguid="ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4" if number % 2 else UUID(int=0),
            transports=["hybrid", "internal"] if number % 2 else ["usb"],
            is_backup_eligible=number % 2 == 1, is_backed_up=number == 3,
            was_verified=True, added_at=now - timedelta(days=number),
            last_used_at=now - timedelta(hours=number) if number else None,
            alarmed_at=now if number in (2, 3) else None, suspended_at=now if number == 2 else None,
        )
    Policy.objects.create(public_id=ids.new(), scope_id=scope.id, name="Payments above one ether",
        resource="/managed-keys/**", action="add", decision_on_true="REVIEW", priority=50,
        expression='details.kind == "transaction" && details.value_wei > 1000000000000000000',
        review_expression='{"all":[],"deny":1,"min":1}', created_at=now, updated_at=now)
    pay = dict(to="0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB", nonce="0x7", gas="0x186a0",
        maxFeePerGas="0x77359400", maxPriorityFeePerGas="0x3b9aca00", chainId="0x1",
        data="0xa9059cbb" + "00" * 12 + "35" * 20 + "00" * 24 + "0de0b6b3a7640000")
    for user in User.objects.filter(status="active").order_by("id")[:2]:
        managed_keys.create(user=user, now=now)
        signer = actor.Actor(actor.ActorKind.SESSION, scope.id, user_id=user.id,
            public_id=user.public_id, session_id=ids.new())
        for what in (
            evm.PersonalMessage("Sign in to the shop of a subsidiary with this account.".encode()),
            evm.Transaction.read({**pay, "value": "1000000000000000"}),
            evm.Transaction.read({**pay, "value": "2500000000000000000"}),
        ):
            signing.sign(what=what, by=signer, now=now)
    for number, user in enumerate(User.objects.filter(status="active").order_by("id")[:3]):
        made = dids.store_ledger_did(user=user, seed=bytes([number + 1]) * 32, network="local",
            topic_id="0.0.1002", by=by, now=now)
        if number == 0:
            dids.note_failed(did_document=made, by=by, now=now)
        if number == 1:
            web = own_dids.add_web(user_id=user.id, by=by, now=now)
            dids.deactivate(did_document=web, by=by, now=now)
        if number == 2:
            own_dids.add_web(user_id=user.id, by=by, now=now)
            dids.note_published(did_document=made, message_id="1790000000.000000012",
                by=by, now=now)
    registry = "registry-of-the-counting-house@subsidiary.example.test"
    for given in (
        dict(username=registry, role="STANDARD_REGISTRY"),
        dict(username="newcomer-of-the-counting-house@subsidiary.example.test", parent=registry),
        dict(username="mismatched@subsidiary.example.test", parent=registry,
            account_id="0.0.424242", account_key="7" * 64),
    ):
        asked = Request(**{"role": "USER", "password": "a long enough password", **given})
        row = onboardings.start(request=asked, by=by, now=datetime.now(UTC))
        onboarding_work.work(row.id, clock=lambda: datetime.now(UTC), holder="seed")
        for _ in range(300):
            row.refresh_from_db()
            if row.is_ended:
                break
            time.sleep(0.1)
        assert row.state == ("failed" if "account_id" in given else "completed"), row.state
    asked = Request(role="USER", username="waiting@subsidiary.example.test", parent=registry,
        password="a long enough password")
    onboardings.keep_waiting(onboardings.check(request=asked, by=by), by=by, now=now)
    audit_checks.start(by=by, clock=lambda: now)
    for name in ("Shop of a subsidiary", "Help desk"):
        solution = solutions.create(name=name, by=by, now=now)
    circle = contexts.create(
        given=contexts.Given(solution.public_id, "Customers of the help desk",
            "Whoever asked for help at least once", "public", {"thread": {"update": "manager"}}),
        by=by, now=now,
    )
    shop = Solution.objects.exclude(id=solution.id).get()
    contexts.share(context_id=circle.public_id, solution_id=shop.public_id, by=by, now=now)
    for number in range(60):
        context_members.add(
            context_id=circle.public_id, member_id="customer-%d@subsidiary.example.test" % number,
            public_key=user_key.generate().public.text, by=by, now=now, is_staff=number % 20 == 0,
            acl="ALLOW ALL\\nDENY thread/threadDelete\\nDENY thread/threadGet threadId=7",
            proven=number % 2 == 0,
        )
    context_members.add(
        context_id=circle.public_id, member_id="customer-0@subsidiary.example.test",
        public_key=user_key.generate().public.text, by=by, now=now,
    )
    solutions.create(name="The messenger of a subsidiary", public_id="messenger", by=by, now=now)
    remote_id = ids.new()
    remotes.link(
        remote_id=remote_id, by=by, now=now,
        sealed_secret=remote_secrets.sealed("not-a-real-secret", remote_id=remote_id),
        given=dict(name="The encrypted bridge of a subsidiary", solution_there="messenger-there",
            url="http://127.0.0.1:9/instances/of-a-rather-long-name/api", api_key_id="0" * 32),
    )
    for number in range(2):
        given = contexts.Given(solution_id="messenger", name="Counting house %d" % number)
        contexts.create(given=given, public_id="counting-house-%d" % number, by=by, now=now)
    link = remote_contexts.carry(link_id=ids.new(), remote_id=remote_id, by=by, now=now,
        context="counting-house-0", context_there="7a1f5c9e-0000-4000-8000-000000000000")
    for number in range(5):
        context_members.add(context_id="counting-house-0", by=by, now=now,
            member_id="a-member-with-a-rather-long-name-%d" % number,
            public_key=user_key.generate().public.text)
    keys = [user_key.generate().public.text for _ in range(2)]
    RemoteContext.objects.filter(id=link.id).update(checked_at=now, drift=dict(
        here=5, there=6, waiting=1, missing=1, extra=1, unknown=1, other_key=1, other_acl=1,
        is_resync=False, differences=[
            dict(kind="missing", member="a-member-with-a-rather-long-name-1"),
            dict(kind="extra", member="gone@example.test"), dict(kind="unknown", member="a guest"),
            dict(kind="other_key", member="bob", here=keys[0], there=keys[1]),
            dict(kind="other_acl", member="dora", here="ALLOW ALL", there="ALLOW READ"),
        ]))
    holder, point = User.objects.order_by("id").first(), user_key.generate().public
    held = user_key_sign_in.wallet_of(point)
    user_keys.add(user_id=holder.id, key=held, by=by, now=now)
    context_members.add(context_id="counting-house-1", by=by, now=now, user_id=holder.id,
        member_id="a-person-with-a-long-name@subsidiary.example.test", public_key=point.text)
    profile_editing.edit(user_id=holder.id, by=by, now=now, changes=profile_editing.Changes(
        name="a-shown-name-that-is-rather-long-for-a-name", full_name="A first and a last name",
        phone="+49301234567", locale="de", metadata={"bio": "A bio of some words.\\n" * 9},
        privacy={"fullName": "private", "bio": "follower-only", "location": "private"}))
    RemoteChange.objects.filter(member__endswith="-0").update(state="done", ended_at=now)
    RemoteChange.objects.filter(member__endswith="-1").update(state="failed", ended_at=now,
        last_error="Another member has this key there, who is unknown here: “a guest”.", attempts=1)
"""


@dataclass(frozen=True)
class Seeded:
    """A scope with people, devices, a proposal and long names, and one in which nothing is."""

    scope: str
    empty: str
    owner: Person


def seed(house: House) -> Seeded:
    scope = house.scope(accept_attested_votes=True)
    owner = house.elector(scope, "alice", "super-admin")
    other = house.elector(scope, "bob", "super-admin")
    house.served.manage("shell", "-c", _SEED.replace("{slug}", scope))
    for number in range(3):
        house.invite(scope, f"a-rather-long-name-of-a-newcomer-{number}@department.example.test")
    assert other.client is not None
    for name in ("Readers of the quarterly report", "Signers"):
        identity = f"01a1f985-3333-714b-8d8b-38ffc4e37c{len(name):02x}"
        other.client.request("add", "/groups", {"gid": identity, "name": name})
    return Seeded(scope=scope, empty=house.scope(), owner=owner)


def of(house: House, seeded: Seeded) -> dict[str, str]:
    """Name and address of each page that staff of the seeded scope can open."""
    ids = {**house.ids(seeded.scope), "slug": seeded.scope}
    objects = {name: path.format_map(ids) for name, path in _OBJECTS.items()}
    return {**_OTHERS, **LISTS, **objects}
