"""What a lambda would do, in rows that a person can judge before letting it sign."""

from collections.abc import Iterator
from typing import Final

import msgspec
import orjson

from accounts.lambdas.config import Action, Code, Config, Fetch
from accounts.models import User
from invitations.commands.lambdas import CreateLambda
from invitations.queries import hidden_signs
from invitations.rows import Change, Difference

COMMAND: Final = "lambda.create"
Rows = Iterator[tuple[str, str]]


def change(details: CreateLambda, sentence: str) -> Change:
    """Who runs it, each condition, what is signed; code as it was written, line by line."""
    rows = [Difference(name, None, hidden_signs.shown(told)) for name, told in _rows(details)]
    return Change(COMMAND, sentence, rows)


def _rows(details: CreateLambda) -> Rows:
    owner = User.objects.filter(public_id=details.user).first()
    yield "account", f"of {owner.username}" if owner else "of a user who is not there"
    try:
        config = msgspec.convert(details.config, Config)
    except msgspec.ValidationError:
        yield "configuration", "can't be read"
        return
    yield "run by", "anybody who knows its id" if config.is_open else "its owner, signed in"
    yield "runs", f"at most {config.max_executions:,}" if config.max_executions else "without end"
    for place, env in enumerate(config.envs):
        yield f"env {place}", orjson.dumps(env).decode()
    for place, each in enumerate(config.conditions):
        yield f"condition {place}", _code(each) if isinstance(each, Code) else _call(each)
    yield "signs", _signs(config.actions)
    if not config.post_hooks:
        yield "calls afterwards", "nobody"
    for place, hook in enumerate(config.post_hooks):
        yield f"call {place} afterwards", _call(hook)


def _code(code: Code) -> str:
    values = "with values" if code.substitution else "without values"
    return f"JavaScript, {values}, its answer of the type {code.output_type}:\n{code.code}"


def _call(fetch: Fetch) -> str:
    values = "with values filled in" if fetch.substitution else "as it stands"
    lines = [f"{fetch.protocol} {fetch.endpoint}, {values}"]
    lines += [f"{name}: {value}" for name, value in fetch.headers.items()]
    if fetch.body:
        lines.append(orjson.dumps(fetch.body).decode())
    return "\n".join(lines)


def _signs(action: Action) -> str:
    values = "with values filled in" if action.substitution else "as it stands"
    return f"a message, {values}:\n{action.data}"
