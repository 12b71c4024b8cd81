"""DIDs: one's own made and ended, everybody's read by staff, and resolved for anybody."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from accounts.queries import dids as queries
from accounts.queries.dids import DidFacts
from accounts.services import own_dids
from identity.actor import Actor
from identity.api.v1 import route, shapes
from identity.api.v1.nouns.sessions import Nothing
from identity.api.v1.route import OPEN, SELF, Asked
from identity.api.v1.shapes import Body, Items, Newest, Query, Shown
from identity.errors import Forbidden, Invalid
from identity.paging import After, Window

Text = Annotated[str, msgspec.Meta(max_length=512)]


class Did(Shown, frozen=True):
    """A DID of a user. `method`: ledger, key or web; `status`: new, published or failed.

    `message_id` is the ledger's time of the message in `topic_id` that published it.
    """

    id: UUID
    did: str
    method: str
    status: str
    user: UUID
    username: str
    topic_id: str
    message_id: str
    created_at: datetime
    updated_at: datetime
    deactivated_at: datetime | None


class DidWithDocument(Did, frozen=True):
    """With its document, which is empty where the DID is deactivated and nothing was published."""

    document: Mapping[str, Any]


class DocumentMetadata(Shown, frozen=True, omit_defaults=True):
    """What is known of a document beside what stands in it (DID Core §7.3)."""

    deactivated: bool = False
    created: datetime | None = None
    updated: datetime | None = None


class ResolutionMetadata(Shown, frozen=True, rename="camel"):
    """How the document is written (DID Core §7.1.2)."""

    content_type: str = "application/did+ld+json"


class DidResolution(Shown, frozen=True, rename="camel"):
    """The result of a resolution; there is no document of a DID that is deactivated."""

    did_document: Mapping[str, Any] | None
    did_resolution_metadata: ResolutionMetadata
    did_document_metadata: DocumentMetadata


class Resolved(Query, frozen=True):
    """The DID to resolve, without a fragment."""

    did: Text


class Dids(Newest, frozen=True):
    """Which DIDs: all, the one of this text, those of a user, or those of a method."""

    did: Text | None = None
    user: UUID | None = None
    method: Literal["ledger", "key", "web"] | None = None


class NewDid(Body, frozen=True):
    """`web` makes the one of your account; `key` needs `did`, whose key is yours."""

    method: Literal["key", "web"]
    did: Text | None = None


@route.act(
    "GET",
    "/dids/resolve",
    OPEN,
    "dids_resolve",
    "Resolve a DID: any did:key, and those of this scope",
    query=Resolved,
    shows=DidResolution,
)
def resolve(asked: Asked) -> DidResolution:
    """Nothing is fetched from elsewhere."""
    found = queries.resolve(asked.query.did, now=asked.now)
    told = DocumentMetadata(found.is_deactivated, *_whole(found.created_at, found.updated_at))
    return DidResolution(found.document, ResolutionMetadata(), told)


@route.listing("/dids", "dids:list", "dids_list", "DIDs of the scope's users", of=Did, query=Dids)
def everybodys(asked: Asked, after: After) -> Window[Any]:
    """By their making."""
    del asked
    return queries.dids_window(after)


@route.read("/dids/{did_document}", "dids:get", "dids_get", "A DID", shows=DidWithDocument)
def one(asked: Asked) -> DidWithDocument:
    """With its document as of now."""
    return _shown(queries.did_document(asked.ids["did_document"], now=asked.now))


@route.act("GET", "/me/dids", SELF, "my_dids_list", "Your DIDs", shows=Items[DidWithDocument])
def mine(asked: Asked) -> Items[DidWithDocument]:
    """The oldest first, at most 50."""
    _, user_id = _actor(asked)
    return Items(_all_shown(queries.of_user(user_id, now=asked.now)), None)


@route.act(
    "POST",
    "/me/dids",
    SELF,
    "my_dids_add",
    "Take a DID: on the web, or that of a key of yours",
    body=NewDid,
    shows=DidWithDocument,
    also_refuses=(403, 409, 422),
)
def add(asked: Asked) -> DidWithDocument:
    """The same one every time."""
    actor, user_id = _actor(asked)
    given: NewDid = asked.body
    if (given.method == "key") != (given.did is not None):
        raise Invalid("Send did for the method key, and for no other.")
    if given.did is None:
        row = own_dids.add_web(user_id=user_id, by=actor, now=asked.now)
    else:
        row = own_dids.add_key(user_id=user_id, did=given.did, by=actor, now=asked.now)
    return _shown(queries.did_document(row.id, now=asked.now))


@route.act(
    "POST",
    "/me/dids/{did_document}/deactivate",
    SELF,
    "my_dids_deactivate",
    "End a DID of yours for ever",
    body=Nothing,
    shows=DidWithDocument,
    is_dangerous=True,
    also_refuses=(403, 409),
)
def deactivate(asked: Asked) -> DidWithDocument:
    """A DID of the ledger ends with the account alone."""
    actor, user_id = _actor(asked)
    document_id = asked.ids["did_document"]
    row = own_dids.end(user_id=user_id, document_id=document_id, by=actor, now=asked.now)
    return _shown(queries.did_document(row.id, now=asked.now))


def _actor(asked: Asked) -> tuple[Actor, UUID]:
    actor = asked.caller.actor
    if actor.user_id is None or actor.is_operator:
        raise Forbidden("Only who is a user of this scope has DIDs here.")
    return actor, actor.user_id


def _shown(row: DidFacts) -> DidWithDocument:
    shown: DidWithDocument = shapes.of_row(DidWithDocument, row)
    return shown


def _all_shown(rows: Sequence[DidFacts]) -> list[DidWithDocument]:
    return [_shown(row) for row in rows]


def _whole(*moments: datetime | None) -> list[datetime | None]:
    return [None if moment is None else moment.replace(microsecond=0) for moment in moments]


ROUTES: Final = (resolve, everybodys, one, mine, add, deactivate)
