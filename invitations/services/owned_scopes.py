"""Scopes that their owner makes and changes with a key, without an account here."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings as deployment
from django.db import transaction

from identity import actor
from identity.actor import Actor, ActorKind
from identity.errors import Unauthenticated
from identity.models import Scope
from identity.scoping import current, doors
from identity.services import (
    audit,
    configurations,
    developer_keys,
    refusals,
    scope_settings,
    scopes,
)
from identity.services.configurations import Signed
from invitations.services import attested, governance, scope_offers
from invitations.services.governance import Done, Pending, Step

OPEN: Final = "open"
BY_INVITATION: Final = "invitation"
OWNERS_KEY: Final = "Owner's key"
_ODD: Final = re.compile(r"[^a-z0-9]+")
_MOST_STEM: Final = 48


@dataclass(frozen=True, slots=True)
class Configuration:
    """What an owner asks of a scope: its passkeys, if there are to be any, and what it is called.

    `invitation` is a code of `scope_offers`, where the deployment asks for one.
    """

    rp_id: str = ""
    rp_name: str = ""
    origins: str = ""
    invitation: str = ""

    @property
    def changes(self) -> dict[str, Any]:
        """The settings that this asks for, as `identity.services.scope_settings` names them."""
        if not self.rp_id:
            return {}
        return {
            "passkey_rp_id": self.rp_id,
            "passkey_rp_name": self.rp_name,
            "passkey_origins": self.origins,
        }


def create(*, signed: Signed, asked: Configuration, now: datetime) -> Scope:
    """Make a scope that is owned by the key that signed this; it is a developer key of it, too.

    Where passkeys are asked for, whoever makes one may join. Anybody may do so, holders of an
    invitation, or nobody, as the deployment says. All or nothing; the same text makes one scope.
    Raises CreationClosed, ConfigurationUsed, SettingsInvalid, Unauthenticated, Invalid.
    """
    is_invited = deployment.SCOPE_CREATION == BY_INVITATION
    if deployment.SCOPE_CREATION != OPEN and not (is_invited and asked.invitation):
        raise refusals.CreationClosed
    configurations.proven(signed)
    changes = asked.changes | ({"passkey_sign_up": True} if asked.rp_id else {})
    name = scopes.checked_name(asked.rp_name or asked.rp_id or "Scope")

    def finish(scope: Scope) -> None:
        configurations.take(signed, now=now)
        developer_keys.add(
            name=OWNERS_KEY,
            public_key=signed.public_key,
            is_owner=True,
            by=actor.system(scope.id),
            now=now,
        )
        if is_invited:
            scope_offers.take(asked.invitation, scope=scope, now=now)

    return scopes.create(
        slug=_slug(asked.rp_id),
        name=name,
        settings=scope_settings.merged(scope_settings.DEFAULTS, changes),
        now=now,
        finish=finish,
    )


def update(
    *, scope_id: UUID, signed: Signed, asked: Configuration, address: str, now: datetime
) -> Done | Pending:
    """Change a scope as its owner's key says, where policy lets it; each signed text once.

    A scope that is not there and a key that is not its owner's are refused alike. Raises
    Unauthenticated, ConfigurationUsed, SettingsInvalid, Invalid, `invitations.errors.PolicyDenied`.
    """
    door = doors.scope_by_id(scope_id)
    if door is None or door.status != Scope.Status.ACTIVE:
        configurations.proven(signed)
        raise Unauthenticated
    with current.in_scope(scope_id):
        key = configurations.owner(signed)
        by = Actor(
            ActorKind.DEVELOPER,
            scope_id,
            developer_key_id=key.id,
            permissions=frozenset({"scopes:edit"}),
            address=address,
        )
        details: dict[str, Any] = {"scope": str(scope_id), "settings": asked.changes}
        if asked.rp_name:
            details["name"] = asked.rp_name
        step = Step("scope.edit", details)
        evidence = attested.of_steps(
            [step],
            by=by,
            configuration=signed.text,
            configuration_signature=signed.signature.hex(),
            configuration_key=signed.public_key,
        )
        with transaction.atomic(), audit.gathered():
            configurations.take(signed, now=now)
            return governance.submit(
                action=step.action, details=details, by=by, now=now, evidence=evidence
            )


def _slug(rp_id: str) -> str:
    """A slug that says what it is about, and that nobody has."""
    stem = _ODD.sub("-", rp_id)[:_MOST_STEM].strip("-") or "scope"
    return f"{stem}-{secrets.token_hex(4)}"
