"""Refusals in the words of this face: one table from our error codes to status and advice.

`/problems/<code>` shows a problem's title, status and advice to people.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from identity.api.v1 import context_errors
from identity.errors import DomainError
from identity.web import problems


class Told(NamedTuple):
    """What a refusal is here: the HTTP status, and what somebody who meets it does about it."""

    status: int
    advice: str


_OTHER_FACE: Final = "This belongs to the protocol of sealed envelopes; this API never answers it."
_READ_TITLE: Final = "Read the detail, correct the input and send it again."
_SIGN_AGAIN: Final = (
    "Sign the request with the key of an active device, with a fresh nonce and the present time, "
    "over the address exactly as you call it; or sign in. All causes are told alike."
)
_NEW_CHALLENGE: Final = (
    "Ask for a new challenge and sign it with the wallet, for this address. All causes are told "
    "alike."
)
_OWN_KEY: Final = "Sign with a wallet that holds its own key."
_ANOTHER: Final = "Choose another one."
_OPERATOR: Final = "Tell the operator of this server; its log has the cause."

TOLD: Final[Mapping[str, Told]] = {
    "address.refused": Told(
        400, "Give a public https address in its plain form; the detail says what is wrong."
    ),
    "api-key.first-exists": Told(409, "Sign in and make another key."),
    "api-key.revoked": Told(409, "Make another key."),
    "api-key.too-many": Told(409, "Revoke a key of this scope first."),
    "api-key.too-wide": Told(403, "Ask for what you hold yourself; a vote is for no key."),
    "api-key.without-secret": Told(409, "Make another key in its place."),
    "application.return-refused": Told(400, "Register the address with the application first."),
    "batch.rolled-back": Told(409, _OTHER_FACE),
    "busy": Told(503, "Wait as long as Retry-After says and send the request again."),
    "challenge.failed": Told(
        400, "Ask for a new challenge for the same two keys, open it, and answer within 5 minutes."
    ),
    "challenge.refused": Told(401, "Begin anew: a challenge, a link or a code is good once."),
    "code.refused": Told(401, "Type the code of the latest mail, in the same browser or app."),
    "code.sent-already": Told(429, "Wait as long as Retry-After says."),
    "conflict": Told(409, "Read the object again; the detail says what does not fit."),
    "decryption.failed": Told(400, _OTHER_FACE),
    "device.key-invalid": Told(
        400, "Send a P-256 point in hexadecimal and an RSA public key in PEM, newly made."
    ),
    "developer-key.taken": Told(409, "Make a new pair: a key is registered once, for ever."),
    "developer-key.too-many": Told(409, "Revoke a developer key first."),
    "device.key-taken": Told(409, "Make new keys: a key belongs to one device for ever."),
    "device.last-of-last-owner": Told(409, "Register another device of an owner first."),
    "device.proof-invalid": Told(
        400, "Sign the statement about the new keys with the new signature key itself."
    ),
    "did.deactivated": Told(410, "Use another DID: this one does not come back."),
    "did.invalid": Told(400, _READ_TITLE),
    "did.taken": Told(409, "Use the DID that there is, or deactivate it first."),
    "did.unproven": Told(422, "Register a device or bind a wallet that has this key first."),
    "did-document.refused": Told(422, _READ_TITLE),
    "device.too-many": Told(409, "Revoke a device of this user first."),
    "envelope.cannot-open": Told(400, _OTHER_FACE),
    "envelope.malformed": Told(400, _OTHER_FACE),
    "envelope.media-type": Told(415, _OTHER_FACE),
    "envelope.replayed": Told(401, _SIGN_AGAIN),
    "envelope.too-large": Told(413, _OTHER_FACE),
    "envelope.unauthentic": Told(401, _SIGN_AGAIN),
    "envelope.unsupported": Told(400, _OTHER_FACE),
    "envelope.untimely": Told(401, _SIGN_AGAIN),
    "external-identity.taken": Told(409, "Sign in to the other account and let it go there."),
    "fetch.failed": Told(503, "Look at the other side: it did not answer as it should."),
    "forbidden": Told(403, "Ask somebody who may grant you a role with this permission."),
    "http.malformed": Told(
        400, "Send one JSON object in UTF-8: no repeated keys, no more than 16 levels."
    ),
    "http.media-type": Told(415, "Send Content-Type: application/json and no Content-Encoding."),
    "http.method": Told(405, "The header Allow lists the methods of this address."),
    "http.not-acceptable": Told(406, "Send Accept: application/json, or none."),
    "http.too-large": Told(413, "Send less: the detail says how much a body has at most here."),
    "idempotency.conflict": Told(409, "Use a new Idempotency-Key for every new request."),
    "invalid": Told(400, _READ_TITLE),
    "invitation-batch.column-unknown": Told(400, "The detail lists the columns that are known."),
    "invitation-batch.unreadable": Told(400, "The detail says what a list looks like."),
    "invitation.links-by-mail-off": Told(
        409, "Hand the link over yourself, or have the scope's setting changed."
    ),
    "invitation.needs-device": Told(409, "Open the invitation's link and register a device."),
    "invitation.not-valid": Told(401, "Ask whoever invited you for a new invitation."),
    "invitation.person-has-joined": Told(
        409, "Ask for an invitation for a further device of this person."
    ),
    "invitation.too-many": Told(409, "Revoke an open invitation of this user first."),
    "invitation.waits": Told(409, "Wait for the approval, then sign in with the same proof."),
    "key.invalid": Told(422, _READ_TITLE),
    "key-signature.ended": Told(410, "Ask anew; the proposal says why it ended."),
    "key-signature.waits": Told(409, "Fetch it again when the proposal was carried out."),
    "address.invalid": Told(422, _READ_TITLE),
    "sign-in-message.malformed": Told(400, _READ_TITLE),
    "sign-in-message.refused": Told(401, _NEW_CHALLENGE),
    "wallet.contract-unsupported": Told(400, _OWN_KEY),
    "credential.invalid": Told(401, _NEW_CHALLENGE),
    "credential.malformed": Told(
        400, "Send one credential of the data model 1.1 or 2.0, as its issuer signed it."
    ),
    "credential.too-complex": Told(
        422, "A credential needs few nameless objects: give those that are linked an `id`."
    ),
    "credential.context-unknown": Told(
        422,
        "Contexts that came with this server, and those of this scope, are known; none is fetched.",
    ),
    "credential.term-undefined": Told(
        422, "Have the issuer define every member in a context, so that the proof covers it."
    ),
    "credential.proof-refused": Told(
        422, "It was changed, or not signed by a key that its issuer uses for this. Trust it not."
    ),
    "credential.issuer-unknown": Told(
        422, "Only issuers whose DID is a key, or has a document in this scope, are known."
    ),
    "credential.unexpected": Told(
        422, "Ask the holder for a credential of that issuer about that subject."
    ),
    "credential.untimely": Told(422, "Ask the issuer for a credential that is valid now."),
    "credential.revoked": Told(422, "Trust it not: its issuer has taken it back."),
    "credential.status-unknown": Told(
        422, "Send the status list that it names along, as its address serves it."
    ),
    "json-ld.unavailable": Told(503, "Wait a moment and send the request again."),
    "lambda.failed": Told(422, "Have the code answer sooner, with less memory and fewer words."),
    "lambda.unavailable": Told(
        503, "Try again; an operator sees whether this system can run code."
    ),
    "lambda.needs-approval": Told(
        403, "Sign it yourself and have it approved, or have the policy let this lambda sign."
    ),
    "lambda.off": Told(403, "Ask somebody who may change the scope's settings for `lambdas`."),
    "lambda.over": Told(410, "Make a new lambda; a stopped one does not come back."),
    "lambda.too-many": Told(409, "Remove a lambda of this account first."),
    "lambda.unsupported": Told(422, "Leave out what the detail names."),
    "ledger-account.taken": Told(409, "Give another account: this one belongs to somebody here."),
    "ledger.lapsed": Told(409, "Begin anew: this attempt never reached the ledger."),
    "ledger.refused": Told(422, "Correct what the detail names."),
    "ledger.unavailable": Told(503, "Try again: the ledger, or who signs for it, did not answer."),
    "missing": Told(404, "Check the id: it may also belong to a scope that is not yours."),
    "name.taken": Told(409, _ANOTHER),
    "not-supported": Told(404, "Look in /v1/openapi.json for what there is."),
    "object.in-use": Told(409, "Take it out of use first; the detail says where it is used."),
    "onboarding.account-id-invalid": Told(422, "Send the account as 0.0.1001, with its key."),
    "onboarding.account-key-invalid": Told(
        422, "Send the private key of this account; other kinds of keys can't sign DIDs."
    ),
    "onboarding.account-mismatch": Told(422, "Send the key that the ledger has for the account."),
    "onboarding.already-done": Told(409, "Nothing is left to do: this user is set up."),
    "onboarding.ledger-away": Told(503, "Try the onboarding again when the ledger is back."),
    "onboarding.parent-not-ready": Told(400, "Finish the registry's own onboarding first."),
    "onboarding.parent-required": Told(400, "Send the registry's user name as `parent`."),
    "onboarding.parent-unknown": Told(400, "GET /v1/registries lists the registries."),
    "onboarding.remote-account-required": Told(400, "Send `account_id` and `account_key`, too."),
    "onboarding.remote-signing-incomplete": Told(400, "Send all parts of `remote_signing`."),
    "onboarding.unexpected": Told(503, "Try the onboarding again; an operator reads the log."),
    "one-time-password.refused": Told(401, "Wait for the next code of your authenticator."),
    "paging.cursor-invalid": Told(
        400, "Take the cursor from `next` of the same list, or begin anew."
    ),
    "password.refused": Told(401, "Check the password, or have it reset."),
    "password.too-many-wrong": Told(429, "Wait as long as Retry-After says."),
    "password.unfit": Told(400, "Choose a longer password that is not widely known."),
    "policy.denied": Told(403, "The detail names the policy; only a change of it allows this."),
    "policy.evaluation-failed": Told(422, "Correct the policy's expression."),
    "policy.expression-invalid": Told(400, _READ_TITLE),
    "policy.locked": Told(409, "Make a policy of your own beside it; it can only add to this."),
    "policy.pattern-invalid": Told(400, _READ_TITLE),
    "policy.resource-invalid": Told(400, _READ_TITLE),
    "policy.review-invalid": Told(400, _READ_TITLE),
    "precondition.failed": Told(
        412, "Read the object again, look at what changed, and send If-Match with its new ETag."
    ),
    "precondition.needed": Told(428, "Send If-Match with the ETag that you read, or `*`."),
    "profile.too-many-generations": Told(400, "Leave the inviter out."),
    "proposal.already-voted": Told(409, "Retract your vote, then vote again."),
    "proposal.ended": Told(409, "Read the proposal: it says how it ended."),
    "proposal.hash-differs": Told(400, "Read the proposal again and sign the hash that it has."),
    "proposal.may-not-decide": Told(403, "The proposal lists who may decide and why not you."),
    "proposal.quorum-unreachable": Told(409, "Make more people able to approve this first."),
    "proposal.reason-needed": Told(400, "Send a reason with the rejection."),
    "proposal.too-many": Told(409, "Cancel one of your proposals, or wait for decisions."),
    "rate-limited": Told(429, "Wait as long as Retry-After says."),
    "role.grant-too-wide": Told(403, "Ask somebody who holds these rights to grant them."),
    "user.holds-more": Told(403, "Ask somebody who may as much as this account does."),
    "role.unknown": Told(400, "List the roles at /v1/roles."),
    "rule.unknown": Told(400, "List the rights at /v1/rules."),
    "scope.ambiguous": Told(400, "Name the scope once: by header, by host or by path."),
    "scope.configuration-used": Told(409, "Change the configuration and sign it anew."),
    "scope.creation-closed": Told(403, "Ask the operator of this server for an invitation."),
    "scope.has-owner": Told(409, "Ask the owner for an invitation."),
    "scope.host-invalid": Told(400, _READ_TITLE),
    "scope.host-taken": Told(409, _ANOTHER),
    "scope.mismatch": Told(401, _SIGN_AGAIN),
    "scope.not-active": Told(403, "Ask the operator of this server to resume the scope."),
    "scope.platform-taken": Told(409, "There can be one only."),
    "scope.settings-invalid": Told(400, _READ_TITLE),
    "scope.slug-invalid": Told(400, _READ_TITLE),
    "scope.slug-taken": Told(409, _ANOTHER),
    "scope.unknown": Told(404, "Check the address: the slug behind /s/, or the host name."),
    "seal.broken": Told(503, _OPERATOR),
    "seal.unavailable": Told(503, _OPERATOR),
    "provider.unusable": Told(422, "Try later, or another way to sign in; staff see the cause."),
    "session.csrf": Told(403, "Send the header X-CSRFToken with the token of the page."),
    "session.reauthentication-needed": Told(403, "Re-authenticate in the admin, then try again."),
    "signature.invalid": Told(401, _SIGN_AGAIN),
    "statement.differs": Told(400, "Sign a statement that says exactly what you send beside it."),
    "token.invalid": Told(401, _SIGN_AGAIN),
    "too-many-requests": Told(429, "Wait as long as Retry-After says."),
    "unauthenticated": Told(401, _SIGN_AGAIN),
    "session.step-up-needed": Told(403, "Prove who you are with POST /v1/me/step-up, then repeat."),
    "sign-in.by-invitation-only": Told(403, "Ask somebody here for an invitation."),
    "sign-in.refused": Told(
        401, "Check what you sent, or use another way. All causes are told alike."
    ),
    "token.refused": Told(401, "Renew the access token with the refresh token, or sign in anew."),
    "user.inactive": Told(403, "Ask for the account to be enabled again."),
    "passkey.refused": Told(
        400, "Begin anew; the scope's settings say which origins and authenticators it takes."
    ),
    "passkey.taken": Told(409, "Make another passkey: a credential is registered once."),
    "passkey.too-many": Told(409, "Remove a passkey of this account first."),
    "user-key.too-many": Told(409, "Remove a user key of this account first."),
    "user.last-way-in": Told(409, "Add another way to sign in first."),
    "user.last-owner": Told(409, "Make somebody else an owner first."),
    "application.too-many": Told(409, "Delete an application of this scope first."),
    "provider.declined": Told(403, "Begin anew, and agree at the provider."),
    "provider.too-many": Told(409, "Delete a provider of this scope first."),
    "webhook.events-unknown": Told(
        422, "Choose from the names of events that docs/webhooks.md lists, `noun.*` or `*`."
    ),
    "webhook.disabled": Told(409, "Set its status to active first."),
    "webhook.too-many": Told(409, "Delete a webhook of this scope first."),
    "wallet.taken": Told(
        409, "Sign in to the other account and let the wallet or user key go there."
    ),
    **{code: Told(*said) for code, said in context_errors.TOLD.items()},
}

# One text for every cause, so that nobody learns which part of a credential was wrong.
_NEVER_EXPLAINED: Final = frozenset({401})
_INNER_FACTS: Final = frozenset({"step", "allow"})


def body(refusal: DomainError) -> dict[str, Any]:
    """The problem details of a refusal."""
    status = TOLD[refusal.code].status
    shown = problems.body(refusal) | {"status": status}
    if status in _NEVER_EXPLAINED:
        shown.pop("detail", None)
    return {name: value for name, value in shown.items() if name not in _INNER_FACTS}
