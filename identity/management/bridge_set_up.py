"""What a new application server of contexts needs: an API key, a solution and a context."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import uuid4, uuid5

from accounts.models import Context, Solution
from accounts.services import contexts, solutions
from accounts.services.contexts import Given
from identity import ids
from identity.actor import Actor
from identity.api.bridge import scope_words
from identity.errors import Invalid
from identity.services import api_key_secrets, api_keys

EVERY_WORD: Final = (
    *("context", "apiKey", "solution", "solution:*"),
    *("thread", "store", "inbox", "stream", "kvdb"),
)
"""What the first key of a server may do."""
_SOLUTION: Final = "Main"
_CONTEXT: Final = "MainContext"


@dataclass(frozen=True, slots=True)
class Minted:
    """A key of this protocol; `secret` is empty for one that has a public key."""

    key_id: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an application's users are, in the ids that programs know."""

    solution_id: str
    context_id: str


def mint(
    *, name: str, words: tuple[str, ...], by: Actor, now: datetime, public_key: str = ""
) -> Minted:
    """Make a key with these scope words, with a public key in PEM or a secret of its own.

    Raises `identity.errors.Invalid` for a word that there is not, and what
    `identity.services.api_keys.create` raises.
    """
    try:
        read = scope_words.of_key(words)
    except scope_words.Unknown as unknown:
        raise Invalid(f"There is no scope word “{unknown}” of keys.") from unknown
    secret = "" if public_key else api_key_secrets.new_hex_secret()
    key_id = uuid4().hex
    api_keys.create(
        key_id=ids.new(),
        name=name,
        credential=api_key_secrets.signing(public_key, algorithm="ed25519")
        if public_key
        else api_key_secrets.shared(secret),
        words=read.permissions,
        limits=read.limits,
        called=key_id,
        by=by,
        now=now,
    )
    return Minted(key_id, secret)


def place(*, by: Actor, now: datetime) -> Place:
    """The first solution and its context; they are made if there are none, once.

    They are known by an id that their scope makes, else by their names: renaming them makes no
    others.
    """
    wanted = str(uuid5(by.scope_id, _SOLUTION))
    solution = (
        Solution.objects.filter(public_id=wanted).first()
        or Solution.objects.filter(name=_SOLUTION).order_by("created_at", "id").first()
        or solutions.create(name=_SOLUTION, public_id=wanted, by=by, now=now)
    )
    wanted = str(uuid5(by.scope_id, f"{solution.public_id} {_CONTEXT}"))
    inside = Context.objects.filter(solution=solution)
    context = (
        inside.filter(public_id=wanted).first()
        or inside.filter(name=_CONTEXT).order_by("created_at", "id").first()
        or contexts.create(
            given=Given(solution_id=solution.public_id, name=_CONTEXT),
            public_id=wanted,
            by=by,
            now=now,
        )
    )
    return Place(solution.public_id, context.public_id)
