"""Verifiable credentials: issued by the scope, read, revoked and verified; their public lists."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from accounts.queries import credential_checks, credentials
from accounts.services import published_lists
from identity.api.v1 import route, shapes
from identity.api.v1.route import OPEN, SELF, Asked, Change, Reply
from identity.api.v1.shapes import Body, Items, Newest, Shown
from identity.errors import Forbidden
from identity.paging import After, Window

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Documents = Annotated[Sequence[dict[str, Any]], msgspec.Meta(max_length=8)]
Did = Annotated[str, msgspec.Meta(max_length=512)]
VC: Final = "application/vc"
_PUBLIC: Final = {
    # Everybody verifies, browsers of other origins included.
    "Access-Control-Allow-Origin": "*",
    "Vary": "X-Scope-Id",
}


class Credential(Shown, frozen=True):
    """A credential; `document` is of the data model 2.0, `document_1_1` the same in 1.1.

    `status` is valid or revoked, for ever; `status_list` is where everybody sees it. `publication`
    is new, published or failed: whether `document_1_1` stands on a ledger.
    """

    id: UUID
    user: UUID
    issuer: str
    type: str
    credential_hash: str
    context: str
    document: Mapping[str, Any]
    document_1_1: Mapping[str, Any]
    status: str
    status_list: str
    status_index: int
    publication: str
    topic_id: str
    message_id: str
    issued_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class Credentials(Newest, frozen=True):
    """Which credentials; `user` is the id of whom they are about."""

    user: UUID | None = None
    type: str | None = None
    status: Literal["valid", "revoked"] | None = None
    publication: Literal["new", "published", "failed"] | None = None


class NewCredential(Body, frozen=True):
    """What the scope says about a user: `fields`, defined by a context that is made of them.

    `type` is a word for what the user is in this; `subject` one of the user's DIDs, the first one
    unless given.
    """

    user: UUID
    type: str
    fields: dict[str, Any]
    subject: str = ""
    expires_at: Moment | None = None
    cryptosuite: Literal["eddsa-jcs-2022", "eddsa-rdfc-2022"] = "eddsa-jcs-2022"
    id: UUID | None = None


class CredentialRevocation(Body, frozen=True):
    """Why the credential ends; the record keeps it."""

    reason: str = ""


class CredentialToVerify(Body, frozen=True):
    """A credential as somebody showed it.

    `status_lists` are the lists that it names, as their addresses serve them: nothing is fetched.
    They count if its issuer signed them, or one of `status_issuers`.
    """

    credential: dict[str, Any]
    status_lists: Documents = ()
    status_issuers: Annotated[Sequence[Did], msgspec.Meta(max_length=8)] = ()
    expected_issuer: Did = ""
    expected_subject: Did = ""


class VerifiedCredential(Shown, frozen=True):
    """A credential that verifies and counts now.

    `issuer_is` says who vouches: the `scope`, a `user` of it, or somebody `outside`, of whom
    nothing is known but the key. `issued_here` is its id if it is one of this scope's, and `user`
    whom it is about then. `status` is checked, or none if the credential has none to check.
    """

    id: str
    version: str
    types: Sequence[str]
    issuer: str
    issuer_is: str
    subjects: Sequence[str]
    cryptosuite: str
    verification_method: str
    valid_from: datetime | None
    valid_until: datetime | None
    status: str
    issued_here: UUID | None
    user: UUID | None


@route.act(
    "GET",
    "/me/credentials",
    SELF,
    "my_credentials_list",
    "Your credentials",
    shows=Items[Credential],
)
def mine(asked: Asked) -> Items[Credential]:
    """The newest first, revoked ones too, at most 200."""
    actor = asked.caller.actor
    if actor.user_id is None or actor.public_id is None or actor.is_operator:
        raise Forbidden("Only who has an account in this scope has credentials here.")
    return Items([_shown(row) for row in credentials.of_user(actor.user_id)], None)


@route.listing(
    "/credentials",
    "credentials:list",
    "credentials_list",
    "Credentials of everybody in the scope",
    of=Credential,
    query=Credentials,
)
def everybodys(asked: Asked, after: After) -> Window[Any]:
    """By whom they are about, type and status."""
    del asked
    return credentials.window(after)


@route.act(
    "POST",
    "/credentials/verify",
    "credentials:verify",
    "credentials_verify",
    "Verify a credential of anybody",
    body=CredentialToVerify,
    shows=VerifiedCredential,
    also_refuses=(422,),
    is_alone=True,
    is_for_programs=True,
)
def verify(asked: Asked) -> VerifiedCredential:
    """What does not verify is refused with the reason; nothing is fetched or kept."""
    body: CredentialToVerify = asked.body
    checked = credential_checks.verify(
        body.credential,
        credential_checks.Expected(
            lists=body.status_lists,
            list_issuers=body.status_issuers,
            issuer=body.expected_issuer,
            subject=body.expected_subject,
        ),
        now=asked.now,
    )
    verified = checked.verified
    return VerifiedCredential(
        id=verified.id,
        version=verified.version,
        types=verified.types,
        issuer=verified.issuer,
        issuer_is=checked.issuer_is,
        subjects=verified.subjects,
        cryptosuite=verified.suite,
        verification_method=verified.method,
        valid_from=verified.valid_from,
        valid_until=verified.valid_until,
        status="checked" if checked.is_status_checked else "none",
        issued_here=checked.issued_here,
        user=checked.user,
    )


@route.act(
    "GET",
    "/credentials/status-lists/{number}",
    OPEN,
    "credentials_status_list",
    "A status list, as everybody may read it",
    shows=dict[str, Any],
    media_type=VC,
)
def status_list(asked: Asked) -> Reply:
    """A Bitstring Status List credential that the scope signs; copies may be kept for minutes."""
    found = published_lists.published(asked.ids["number"], now=asked.now)
    headers = {
        **_PUBLIC,
        "Content-Type": VC,
        "Cache-Control": f"public, max-age={published_lists.MAX_AGE}",
        "ETag": f'"{found.tag}"',
    }
    return _unless_known(asked, Reply(found.body, headers=headers))


@route.act(
    "GET",
    "/credentials/contexts/{cid}",
    OPEN,
    "credentials_context",
    "What the fields of credentials mean",
    shows=dict[str, Any],
    media_type="application/ld+json",
)
def context(asked: Asked) -> Reply:
    """A JSON-LD context by its CID, which is made of its bytes: it never changes."""
    headers = {
        **_PUBLIC,
        "Content-Type": "application/ld+json",
        "Cache-Control": "public, max-age=31536000, immutable",
        "ETag": f'"{asked.ids["cid"]}"',
    }
    return _unless_known(
        asked, Reply(credentials.context_of_cid(asked.ids["cid"]), headers=headers)
    )


@route.read(
    "/credentials/{credential}",
    "credentials:get",
    "credentials_get",
    "A credential",
    shows=Credential,
)
def one(asked: Asked) -> Credential:
    """One credential."""
    return _shown(credentials.one(asked.ids["credential"]))


def _unless_known(asked: Asked, reply: Reply) -> Reply:
    if asked.sent.headers.get("if-none-match", "") == reply.headers["ETag"]:
        return Reply(b"", status=304, headers=reply.headers)
    return reply


def _shown(row: Any) -> Credential:
    shown: Credential = shapes.of_row(Credential, row)
    return shown


def _present(result: Mapping[str, Any]) -> Credential:
    return _shown(credentials.one(UUID(result["credential"]["id"])))


ROUTES: Final = (
    mine,
    everybodys,
    verify,
    status_list,
    context,
    one,
    route.change(
        "POST",
        "/credentials",
        "credentials:create",
        "credentials_issue",
        "Issue a credential in the scope's name",
        Change("credential.issue", _present, made="credential"),
        body=NewCredential,
        shows=Credential,
    ),
    route.change(
        "DELETE",
        "/credentials/{credential}",
        "credentials:delete",
        "credentials_revoke",
        "Revoke a credential for ever",
        Change("credential.revoke", _present),
        body=CredentialRevocation,
        shows=Credential,
    ),
)
