"""What a route of this face is, and the few kinds of them."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec
from django.db import transaction
from django.http import HttpRequest

from identity import ids
from identity.api.v1 import shapes
from identity.api.v1.caller import Caller, Kind
from identity.api.v1.sent import ROOT, Sent
from identity.api.v1.shapes import Body, ProposalLink, Query, Waiting
from identity.paging import After, Window
from identity.scoping.foresight import Question
from identity.web import addresses
from identity.web.errors import PreconditionFailed, PreconditionNeeded
from invitations.services.governance import Done, Pending

SELF: Final = "self"
"""In place of a permission: it touches nothing but the caller's own account, votes, proposals."""
OPEN: Final = "open"
"""In place of a permission: whoever holds an invitation, or nobody in particular."""
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
NOT_PERMISSIONS: Final = frozenset({SELF, OPEN})
PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was found in the table, whose caller is known and whose input is read.

    `caller` is absent on open routes only; `slug`, the scope's, is there on these alone.
    """

    ids: Mapping[str, Any]
    sent: Sent
    now: datetime
    body: Any = None
    query: Any = None
    known: Caller | None = None
    slug: str = ""

    @property
    def caller(self) -> Caller:
        """Who asks. Only open routes have nobody."""
        if self.known is None:
            raise RuntimeError("an open route has no caller")
        return self.known

    @property
    def http(self) -> HttpRequest | None:
        """Django's request where there is a session."""
        return self.sent.http

    def link(self, path: str) -> str:
        """The address of another resource of the same scope, beside this one."""
        return addresses.encoded(f"{self.sent.prefix}{ROOT}{path}")

    def given(self) -> dict[str, Any]:
        """The fields of the body that were given, with the ids of the path."""
        return {**shapes.fields_of(self.body), **self.ids}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is bytes; `content` is a `Shown`, or an iterable of bytes."""

    content: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Run = Callable[[Asked], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path.

    `permission` is a word of `identity.permissions` or one of NOT_PERMISSIONS; `own` tells whose
    calls need none, with `is_own_by_token` those by access token, too. `command`: the one door asks
    for the permission. `shows` and `status` describe the answer, `also_refuses` further statuses.

    - `is_dangerous`: a session must be recent; `may_wait`: it may answer 202 as commands do;
    - `is_alone`: in no transaction; `is_streamed`: it sends lines of `media_type`;
    - `is_for_programs`: API keys may use it; `is_for_pages`: applications' pages (`cross_origin`);
    - `is_of_token`, `is_of_scope`: a token's session, or its settings, say if the scope is active;
    - `takes`: the body's media type, FORM takes JSON, too; `longest`: how many bytes it may have;
    - `refuses`: refusals in an RFC's words; `foresees`: what will be asked of the database next.
    """

    method: str
    path: str
    permission: str
    name: str
    summary: str
    run: Run
    body: type[Body] | None = None
    query: type[Query] | None = None
    shows: Any = None
    status: int = 200
    command: str = ""
    own: Callable[[Asked], bool] | None = None
    is_own_by_token: bool = False
    is_versioned: bool = False
    is_dangerous: bool = False
    is_streamed: bool = False
    is_alone: bool = False
    may_wait: bool = False
    is_for_programs: bool = False
    is_for_pages: bool = False
    is_of_token: bool = False
    is_of_scope: bool = False
    takes: str = "application/json"
    longest: int = 512 * 1024
    also_refuses: tuple[int, ...] = ()
    refuses: Any = None
    foresees: Callable[[Sent], Question | None] | None = None
    media_type: str = "application/json"

    @property
    def placeholders(self) -> list[str]:
        """The names of the ids in the path."""
        return PLACEHOLDER.findall(self.path)

    @property
    def kind(self) -> Kind:
        """What matters of it for who may use it."""
        if self.permission == SELF:
            return Kind.SELF
        is_easy = self.method == "GET" or self.command or self.is_for_programs
        return Kind.FOR_PROGRAMS if is_easy else Kind.FOR_PEOPLE


def etag(shown: Any) -> str:
    """The version of what is shown as an entity tag (RFC 9110 §8.8.3), or a digest of it all."""
    version = getattr(shown, "version", None)
    if version is None:
        version = hashlib.sha256(msgspec.json.encode(shown)).hexdigest()[:24]
    return f'"{version}"'


Handler = Callable[[Asked], Any]
Rows = Callable[[Asked, After], Window[Any]]


def read(
    path: str, permission: str, name: str, summary: str, *, shows: Any, **more: Any
) -> Callable[[Handler], Route]:
    """Decorates the handler of one object: `(asked) -> Shown`."""

    def routed(handler: Handler) -> Route:
        def run(asked: Asked) -> Reply:
            shown = handler(asked)
            headers = {"ETag": etag(shown)} if more.get("is_versioned") else {}
            return Reply(shown, headers=headers)

        return Route("GET", path, permission, name, summary, run, shows=shows, **more)

    return routed


def listing(
    path: str, permission: str, name: str, summary: str, *, of: type[Any], **more: Any
) -> Callable[[Rows], Route]:
    """Decorates the reader of a list: `(asked, after) -> Window` of rows, shown as `of`."""

    def routed(rows: Rows) -> Route:
        def run(asked: Asked) -> Reply:
            window = rows(asked, _after(asked.query))
            items = [shapes.of_row(of, row) for row in window.rows]
            links = {"Link": _next(asked, window.next)} if window.next else {}
            return Reply(shapes.Items(items, window.next), headers=links)

        more.setdefault("query", shapes.Newest)
        return Route("GET", path, permission, name, summary, run, shows=shapes.Items[of], **more)  # type: ignore[valid-type]

    return routed


def _after(place: shapes.Place) -> After:
    is_descending = getattr(place, "order", "newest") == "newest"
    return After(place.limit, place.after, is_descending, place.filters())


def _next(asked: Asked, cursor: str) -> str:
    kept = [pair for pair in parse_qsl(asked.sent.query) if pair[0] != "after"]
    query = urlencode([*kept, ("after", cursor)])
    return f'<{asked.link(asked.sent.path)}?{query}>; rel="next"'


def act(
    method: str, path: str, permission: str, name: str, summary: str, **more: Any
) -> Callable[[Handler], Route]:
    """Decorates a handler of what is no single sensitive command."""

    def routed(handler: Handler) -> Route:
        def run(asked: Asked) -> Reply:
            answer = handler(asked)
            if isinstance(answer, Reply):
                return answer
            return Reply(answer, status=more.get("status", 200))

        return Route(method, path, permission, name, summary, run, **more)

    return routed


@dataclass(frozen=True, slots=True)
class Change:
    """A sensitive command as a route: what `run` needs to know.

    `made` is the input's name for an id that clients may choose, as `id_field` of the body; what
    was made is read at `at`, or below the address of the request. `prepare` makes the command's
    input of what was asked. `present` reads the object whose version If-Match names.
    `brings_keys`: the request itself is kept for ever beside the keys that it brings.
    """

    command: str
    shown: Callable[[Mapping[str, Any]], Any]
    made: str = ""
    id_field: str = "id"
    at: str = ""
    brings_keys: bool = False
    prepare: Callable[[Asked], dict[str, Any]] = Asked.given
    present: Callable[[Asked], Any] | None = None

    def run(self, asked: Asked) -> Reply:
        """Submit the command and show either success."""
        details = self.prepare(asked)
        if self.made:
            details[self.made] = details.pop(self.id_field, None) or ids.new()
        if self.present is None:
            return self._submitted(asked, details, None)
        with transaction.atomic():
            return self._submitted(asked, details, self._expected(asked))

    def _submitted(self, asked: Asked, details: dict[str, Any], expected: int | None) -> Reply:
        answer = asked.caller.submit(self.command, details, brings_keys=self.brings_keys)
        if isinstance(answer, Pending):
            return waiting(asked, answer)
        return self._done(asked, answer, expected)

    def _expected(self, asked: Asked) -> int | None:
        """The version that the caller has read, which must be the present one."""
        wanted = asked.sent.headers.get("if-match", "")
        if self.present is None or wanted == "*":
            return None
        if not wanted:
            raise PreconditionNeeded("Send If-Match with the ETag that you read.")
        shown = self.present(asked)
        if etag(shown) not in [tag.strip() for tag in wanted.split(",")]:
            raise PreconditionFailed
        version: int | None = getattr(shown, "version", None)
        return version

    def _done(self, asked: Asked, answer: Done, expected: int | None) -> Reply:
        shown = self.shown(answer.result)
        version = getattr(shown, "version", None)
        # Whoever came between the look and the change made it one version more: all is undone.
        if expected is not None and version not in {expected, expected + 1}:
            raise PreconditionFailed
        headers = {} if version is None else {"ETag": etag(shown)}
        if self.is_making:
            headers["Location"] = asked.link(f"{self.at or asked.sent.path}/{shown.id}")
        return Reply(shown, status=201 if self.is_making else 200, headers=headers)

    @property
    def is_making(self) -> bool:
        """Whether there is a new object afterwards, at an address of its own."""
        return bool(self.made or self.at)


def change(
    method: str, path: str, permission: str, name: str, summary: str, doing: Change, **more: Any
) -> Route:
    """A sensitive command: ids and body together are its input. No session left alone does one."""
    more.setdefault("status", 201 if doing.is_making else 200)
    return Route(
        *(method, path, permission, name, summary, doing.run),
        command=doing.command,
        is_dangerous=True,
        is_versioned=doing.present is not None,
        **more,
    )


def waiting(asked: Asked, answer: Pending) -> Reply:
    """The answer to a change that waits for others."""
    url = asked.link(f"/proposals/{answer.proposal_id}")
    shown = Waiting(proposal=ProposalLink(answer.proposal_id, url))
    return Reply(shown, status=202, headers={"Location": url})
