"""The change that a command makes, in words and as fields before and after."""

import contextlib
import hashlib
import string
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import orjson

from accounts import queries as accounts
from accounts.models import User
from accounts.queries import kept_profiles, remotes, role_credentials
from identity import permissions, webhook_queries
from identity import queries as ground
from identity.crypto import check_code
from identity.errors import DomainError
from identity.models import ApiKey
from identity.services import scopes
from invitations.commands.command import Command, Input
from invitations.models import Invitation, Policy
from invitations.queries import context_words, lambda_words, signing_words
from invitations.queries.wording import WORDS
from invitations.rows import Change, Difference
from invitations.services import policies
from sessions_app import queries as sessions
from sessions_app.queries import applications, providers

HIDDEN: Final = "(hidden)"
EMPTY: Final = "(empty)"


def change(command: Command[Any], details: Any) -> Change:
    """What a command with this input would change as things are now. Never raises a refusal."""
    if command.name == signing_words.COMMAND:
        return signing_words.change(details)
    if command.name == lambda_words.COMMAND:
        return lambda_words.change(details, words(command, details))
    given: dict[str, Any] = msgspec.to_builtins(details)
    nouns = _nouns(command)
    before = _before(command, details)
    rows = []
    for field, value in given.items():
        is_in_path = "{" + field + "}" in command.resource
        if is_in_path or field == _made(command):
            continue
        if field in command.secrets:
            rows.append(Difference(_label(field), None, HIDDEN))
        elif isinstance(value, dict):
            rows += _settings(value, before.get(field) or {})
        else:
            rows.append(_difference(field, value, before, nouns))
    return Change(command.name, _sentence(command, details, nouns), rows)


def _made(command: Command[Any]) -> str:
    """The field with the id of what is made: nobody knows it yet, so it says nothing."""
    is_making = command.action == "add" and "{" not in command.resource
    if command.name == "recipient-group.create":
        return "group"
    return command.name.partition(".")[0].replace("-", "_") if is_making else ""


def _difference(
    field: str, value: Any, before: Mapping[str, Any], nouns: "Mapping[str, Named]"
) -> Difference:
    old = _shown(field, before[field], nouns) if field in before else None
    return Difference(_label(field), old, _shown(field, value, nouns))


def _settings(values: Mapping[str, Any], before: Mapping[str, Any]) -> list[Difference]:
    return [
        Difference(_label(name), _plain(before[name]) if name in before else None, _plain(value))
        for name, value in sorted(values.items())
    ]


def words(command: Command[Any], details: Input) -> str:
    """The sentence alone, for lists: it looks up no more than it names."""
    return _sentence(command, details, _nouns(command))


def _sentence(command: Command[Any], details: Any, nouns: "Mapping[str, Named]") -> str:
    if command.name == signing_words.COMMAND:
        return signing_words.sentence(details)
    template = WORDS[command.name]
    wanted = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    if command.resource.startswith("/recipient-groups"):
        wanted.add("group")
    named = {
        field: _shown(field, getattr(details, field), nouns)
        for field in details.__struct_fields__
        if field in wanted
    }
    if command.resource.startswith("/recipient-groups"):
        named["recipient_group"] = named.get("group", "")
    sentence = template.format_map(named)
    reason = getattr(details, "reason", "")
    return f"{sentence} (reason: {reason})" if reason else sentence


Named = Callable[[Any], str]


def _nouns(command: Command[Any]) -> Mapping[str, Named]:
    if command.resource.startswith("/recipient-groups"):
        return {**NOUNS, "group": _recipient_group}
    return NOUNS


def _user(value: Any) -> str:
    found = User.objects.filter(public_id=UUID(str(value))).first()
    if found is None:
        return f"a user who is not there ({value})"
    return f"{found.username} (removed)" if found.deleted_at else found.username


def _role(value: Any) -> str:
    if value in permissions.PREDEFINED_ROLES:
        return str(value)
    return f"“{accounts.role(str(value)).name}”"


def _device(value: Any) -> str:
    return f"“{accounts.device(UUID(str(value))).name}”"


def _group(value: Any) -> str:
    return f"“{accounts.group(UUID(str(value))).name}”"


def _rule(value: Any) -> str:
    return f"“{accounts.rule(UUID(str(value))).name}”"


def _recipient(value: Any) -> str:
    return f"“{accounts.recipient(UUID(str(value))).name}”"


def _recipient_group(value: Any) -> str:
    return f"“{accounts.recipient_group(UUID(str(value))).name}”"


def _policy(value: Any) -> str:
    found = Policy.objects.filter(public_id=UUID(str(value))).first()
    return f"“{found.name}”" if found else _gone("policy", value)


def _invitation(value: Any) -> str:
    found = Invitation.objects.select_related("user").filter(id=UUID(str(value))).first()
    return f"the invitation of {found.user.username}" if found else _gone("invitation", value)


def _webhook(value: Any) -> str:
    return webhook_queries.webhook(UUID(str(value))).url


def _api_key(value: Any) -> str:
    found = ApiKey.objects.filter(id=UUID(str(value))).first()
    return f"“{found.name}”" if found else _gone("API key", value)


def _session(value: Any) -> str:
    found = sessions.session(UUID(str(value)))
    return f"a session of {_user(found.user)} by {found.provider}, begun {_plain(found.created_at)}"


def _provider(value: Any) -> str:
    return f"“{providers.provider(UUID(str(value))).name}”"


def _application(value: Any) -> str:
    return f"“{applications.application(UUID(str(value))).name}”"


def _remote(value: Any) -> str:
    return f"“{remotes.remote(UUID(str(value))).name}”"


def _role_credential(value: Any) -> str:
    found = role_credentials.one(UUID(str(value)))
    return f"of {_user(found.user)} for the role {found.role}"


def _point(value: Any) -> str:
    return f"key with the check code {check_code.of_key(str(value))}"


def _rsa(value: Any) -> str:
    return f"RSA key, SHA-256 {hashlib.sha256(str(value).encode()).hexdigest()[:16]}…"


NOUNS: Final[Mapping[str, Named]] = {
    "user": _user,
    "role": _role,
    "roles": _role,
    "rules": _rule,
    "device": _device,
    "group": _group,
    "rule": _rule,
    "recipient": _recipient,
    "policy": _policy,
    "invitation": _invitation,
    "webhook": _webhook,
    "api_key": _api_key,
    "session": _session,
    "provider": _provider,
    "application": _application,
    "remote": _remote,
    "role_credential": _role_credential,
    "signature_key": _point,
    "avatar": lambda value: str(value) if str(value).startswith("http") else "a picture",
    "solution": context_words.solution,
    "context": context_words.context,
    "encryption_key": _rsa,
}


def _shown(field: str, value: Any, nouns: Mapping[str, Named]) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_shown(field, each, nouns) for each in value) or EMPTY
    if field in nouns and value is not None and value != "":
        try:
            return nouns[field](value)
        except (DomainError, ValueError):
            return _gone(field, value)
    return _plain(value)


def _gone(noun: str, value: Any) -> str:
    return f"a {noun.rstrip('s')} that is not there ({value})"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, dict):
        return orjson.dumps(value, default=str).decode()
    return EMPTY if value is None or value == "" else str(value)


def _label(field: str) -> str:
    return field.replace("_", " ")


def _before(command: Command[Any], details: Input) -> Mapping[str, Any]:
    """What is there now, of a thing that is edited."""
    read = PRESENT.get(command.name)
    if read is None:
        return {}
    with contextlib.suppress(DomainError, ValueError):
        return read(details)
    return {}


def _present_policy(details: Any) -> Mapping[str, Any]:
    found = Policy.objects.filter(public_id=details.policy).first()
    return policies.present(found) if found else {}


def _present_api_key(details: Any) -> Mapping[str, Any]:
    known = ApiKey.objects.filter(id=details.api_key)
    limited = ("solutions", "contexts", "networks")
    return known.values("name", "permissions", "expires_at", *limited).first() or {}


def _present_scope(_: Any) -> Mapping[str, Any]:
    return {"name": ground.scope().name, "settings": asdict(scopes.settings())}


PRESENT: Final[Mapping[str, Callable[[Any], Mapping[str, Any]]]] = {
    "api-key.edit": _present_api_key,
    "application.edit": lambda details: asdict(applications.application(details.application)),
    "device.edit": lambda details: asdict(accounts.device(details.device)),
    "device.rotate": lambda details: asdict(accounts.device(details.device)),
    "group.edit": lambda details: asdict(accounts.group(details.group)),
    "policy.edit": _present_policy,
    "profile.edit": lambda details: asdict(kept_profiles.of_user(details.user)),
    "provider.edit": lambda details: asdict(providers.provider(details.provider)),
    "recipient-group.edit": lambda details: asdict(accounts.recipient_group(details.group)),
    "recipient.edit": lambda details: asdict(accounts.recipient(details.recipient)),
    **{
        f"remote.{verb}": lambda details: asdict(remotes.remote(details.remote))
        for verb in ("edit", "pause", "resume")
    },
    "role.edit": lambda details: asdict(accounts.role(str(details.role))),
    "rule.edit": lambda details: asdict(accounts.rule(details.rule)),
    "scope.edit": _present_scope,
    "user.edit": lambda details: asdict(accounts.user(details.user)),
    "user.lock": lambda details: asdict(accounts.user(details.user)),
    **context_words.PRESENT,
    "webhook.edit": lambda details: asdict(webhook_queries.webhook(details.webhook)),
}
"""Every command that edits a thing of several fields, and how the thing is read now."""
