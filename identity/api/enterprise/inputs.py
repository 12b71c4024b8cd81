"""Wire words into our words, strictly: the shapes of requests and of their details."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from identity.errors import Invalid
from identity.paging import MOST_ROWS, Page

MOST_ITEMS: Final = 50
_MOST_FAULT: Final = 300
# Neither NUL nor lone surrogates can be stored by every database.
_STORABLE: Final = r"\A[^\x00\ud800-\udfff]*\Z"

Word = Annotated[str, Meta(max_length=64, pattern=_STORABLE)]
Name = Annotated[str, Meta(max_length=256, pattern=_STORABLE)]
Note = Annotated[str, Meta(max_length=512, pattern=_STORABLE)]
Text = Annotated[str, Meta(max_length=8192, pattern=_STORABLE)]
Password = Annotated[str, Meta(max_length=1024)]
PublicKey = Annotated[str, Meta(max_length=4096, pattern=_STORABLE)]
Path = Annotated[str, Meta(max_length=256)]
Key = Annotated[str, Meta(min_length=1, max_length=128, pattern=_STORABLE)]

Kind = TypeVar("Kind", bound=msgspec.Struct)


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The payload of one envelope (specification §3.3): a single request, or batches of them."""

    action: Path = ""
    resource: Path = ""
    details: dict[str, Any] = {}
    batch: list[dict[str, Any]] | None = None
    atomic_batch: list[dict[str, Any]] | None = None
    idempotency_key: Key | None = msgspec.field(default=None, name="idempotency_key")


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One element of a batch."""

    action: Path
    resource: Path
    details: dict[str, Any] = {}


def message(payload: Mapping[str, Any]) -> Message:
    """The payload, known to have one of the two forms and no more than 50 elements.

    Raises `Invalid`, naming the field.
    """
    read = convert(payload, Message)
    sizes = [len(part) for part in (read.batch, read.atomic_batch) if part is not None]
    if not sizes:
        if not read.action or not read.resource:
            raise Invalid("Send action and resource, or batch, or atomicBatch.")
        return read
    if read.action or read.resource or read.details:
        raise Invalid("A request has action and resource, or batches, not both.")
    if not 1 <= sum(sizes) <= MOST_ITEMS:
        raise Invalid(f"A request has 1 to {MOST_ITEMS} batch items in all.")
    return read


def convert(value: Any, kind: type[Kind]) -> Kind:
    """A value in the shape of a type. Raises `Invalid`, naming the field and never its value."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Invalid(str(error)[:_MOST_FAULT]) from None


class Details(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all details. Fields bear our words; `rename` gives those of the wire."""

    def given(self) -> dict[str, Any]:
        """What was sent, in our words; absent and null fields are left out."""
        return given(self)


class Nothing(Details, frozen=True):
    """Requests whose path says everything."""


class Filters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the filters of lists, and those of lists that have none."""


Asked = TypeVar("Asked", bound=Filters)


class Listing(Details, Generic[Asked], frozen=True):
    """Which rows of a list (specification §1.1)."""

    limit: Annotated[int, Meta(ge=1, le=MOST_ROWS)] = 50
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    sort_by: Literal["created_at", "updated_at"] = "created_at"
    sort: Literal["asc", "desc"] = "asc"
    filters: Asked | None = None

    def page(self) -> Page:
        """The same in our words."""
        filters = self.filters
        return Page(
            limit=self.limit,
            offset=self.offset,
            sort_by=self.sort_by,
            is_descending=self.sort == "desc",
            filters={} if filters is None else given(filters),
        )


def given(read: msgspec.Struct) -> dict[str, Any]:
    """What was sent, in our words; absent and null fields are left out."""
    return {
        name: value for name in read.__struct_fields__ if (value := getattr(read, name)) is not None
    }
