"""Commands about providers: who may vouch for users of the scope is as sensitive as it gets."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from identity.actor import Actor
from identity.errors import Invalid
from invitations.commands.command import Command, Input, Result, Target, registry
from sessions_app.queries import providers as queries
from sessions_app.queries import rows
from sessions_app.services import providers


class CreateProvider(Input, frozen=True):
    """A new provider. `sealed_secret` is base64 of what `providers.sealed` gave for this id."""

    provider: UUID
    slug: str
    name: str
    kind: str
    client_id: str
    sealed_secret: str = ""
    issuer: str = ""
    options: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each input
    position: int = 0


class EditProvider(Input, frozen=True):
    """A change of some fields; absent ones stay. `status` is enabled or disabled."""

    provider: UUID
    name: str | None = None
    client_id: str | None = None
    sealed_secret: str | None = None
    issuer: str | None = None
    options: dict[str, str] | None = None
    position: int | None = None
    status: str | None = None


class DeleteProvider(Input, frozen=True):
    """The removal of a provider."""

    provider: UUID


def create(details: CreateProvider, *, by: Actor, now: datetime) -> Result:
    """Make the provider."""
    providers.create(
        provider_id=details.provider,
        given=msgspec.structs.asdict(details),
        sealed_secret=_bytes(details.sealed_secret),
        by=by,
        now=now,
    )
    return _provider(details.provider)


def edit(details: EditProvider, *, by: Actor, now: datetime) -> Result:
    """Change the provider."""
    given = {
        name: value
        for name, value in msgspec.structs.asdict(details).items()
        if value is not None and name != "provider"
    }
    if "sealed_secret" in given:
        given["sealed_secret"] = _bytes(given["sealed_secret"])
    providers.edit(provider_id=details.provider, changes=given, by=by, now=now)
    return _provider(details.provider)


def delete(details: DeleteProvider, *, by: Actor, now: datetime) -> Result:
    """Remove the provider."""
    providers.delete(provider_id=details.provider, by=by, now=now)
    return {"provider": {"id": str(details.provider)}}


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("The sealed secret is not base64.", field="client_secret") from None


def _provider(provider_id: UUID) -> Result:
    return {"provider": rows.described(queries.provider(provider_id))}


def _target(details: EditProvider | DeleteProvider) -> Target:
    return Target("provider", str(details.provider), queries.provider(details.provider).version)


def _validate_new(details: CreateProvider) -> None:
    providers.checked(msgspec.structs.asdict(details))


def _facts(details: EditProvider | DeleteProvider) -> Mapping[str, Any]:
    row = queries.provider(details.provider)
    return {"kind": row.kind, "old_issuer": row.issuer}


_PROVIDER = "/providers/{provider}"
_SECRETS = frozenset({"sealed_secret"})

registry.add(
    Command(
        name="provider.create",
        action="add",
        resource="/providers",
        permission="providers:create",
        input=CreateProvider,
        execute=create,
        validate=_validate_new,
        secrets=_SECRETS,
    ),
    Command(
        name="provider.edit",
        action="edit",
        resource=_PROVIDER,
        permission="providers:edit",
        input=EditProvider,
        execute=edit,
        target=_target,
        facts=_facts,
        secrets=_SECRETS,
    ),
    Command(
        name="provider.delete",
        action="delete",
        resource=_PROVIDER,
        permission="providers:delete",
        input=DeleteProvider,
        execute=delete,
        target=_target,
        facts=_facts,
    ),
)
