"""What a lambda is made of: who may run it, its conditions, what it signs and whom it tells.

Read strictly when a lambda is made, and never changed afterwards. What other servers of this
protocol offer and this one does not is refused then, and not when somebody waits for a signature.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec
import orjson

from accounts import errors
from accounts.lambdas import requests, sandbox, templates
from identity.errors import Invalid

MOST_BYTES: Final = 48 * 1024
MOST_CONDITIONS: Final = 8
MOST_FETCHES: Final = 3
MOST_HOOKS: Final = 3
MOST_ENVS: Final = 16
MOST_PLACEHOLDERS: Final = 64
"""Beside those in code: a value that stands often makes a long text of a short one."""
MOST_EXECUTIONS: Final = 2**31 - 1
MOST_INPUTS: Final = 16
MOST_INPUT_BYTES: Final = 16 * 1024
_MOST_VALUES: Final = 1000
_MOST_DEPTH: Final = 8
_SAFE_INTEGER: Final = 2**53 - 1

OutputType = Literal["boolean", "integer", "string", "json"]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all parts: strict, and JSON as it came."""


class Authorization(_Part, frozen=True):
    """Who may run it. `jwt`: its owner, signed in; `none`: whoever knows its id."""

    type: Literal["jwt", "none"]


class Verifications(_Part, frozen=True):
    """How many verifiers judge the conditions; here it is one, this server."""

    count: int = 1


class Trigger(_Part, frozen=True):
    """What makes it run. `hook`: a call that names its id; `account` is not supported."""

    type: Literal["hook", "account"]


class Code(_Part, frozen=True, tag_field="type", tag="code"):
    """JavaScript, the body of a function; met when it answers what JavaScript takes for true.

    The answer has to be of `output_type`; true and false are integers too. With `substitution`
    placeholders are names of what is given.
    """

    code: str
    output_type: OutputType = "boolean"
    substitution: bool = False


class Fetch(_Part, frozen=True, tag_field="type", tag="fetch"):
    """A call by HTTP; met when the answer is 2xx. `protocol` is the method.

    `body` is sent as JSON unless it is null or empty. With `substitution` placeholders in the
    address's path and query, in headers and in the body are filled in.
    """

    endpoint: str
    protocol: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: Any = None
    substitution: bool = False


class Action(_Part, frozen=True):
    """What is signed: `data` as an EIP-191 message, in hex (`0x…`) or as a text.

    `check` must be empty.
    """

    type: Literal["personal_sign", "eth_signTransaction"]
    data: str
    check: str = ""
    substitution: bool = False


class Config(_Part, frozen=True):
    """A whole lambda. `max_executions` 0: without end. `post_hooks` are called after a signature.

    `envs` are values that code and templates may use. They are no secrets: whoever may read the
    lambda reads them.
    """

    conditions: tuple[Code | Fetch, ...]
    actions: Action
    authorization: Authorization = Authorization("jwt")
    verifications: Verifications = Verifications()
    triggers: tuple[Trigger, ...] = (Trigger("hook"),)
    envs: tuple[Any, ...] = ()
    max_executions: int = 0
    post_hooks: tuple[Fetch, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether anybody may run it who knows its id."""
        return self.authorization.type == "none"

    @property
    def fetches(self) -> list[Fetch]:
        """Every call that it may make, those afterwards too."""
        calls = [each for each in self.conditions if isinstance(each, Fetch)]
        return [*calls, *self.post_hooks]

    @property
    def hosts(self) -> list[str]:
        """The hosts that it may call, in order."""
        return sorted({requests.host_of(each.endpoint) for each in self.fetches})


def read(given: Mapping[str, Any], *, hosts: Collection[str]) -> Config:
    """The configuration in what somebody sent; `hosts` are those that the scope lets it call.

    Raises `identity.errors.Invalid` for what is not one, `accounts.errors.LambdaUnsupported` for
    what is one elsewhere.
    """
    _require_plain(given)
    try:
        config = msgspec.convert(given, Config)
    except msgspec.ValidationError as error:
        raise Invalid(f"config: {error}", field="config") from None
    if len(orjson.dumps(stored(config))) > MOST_BYTES:
        raise _invalid(f"it has at most {MOST_BYTES // 1024} KiB.")
    _require_counts(config)
    _require_supported(config)
    _require_few_placeholders(config)
    for each in config.conditions:
        if isinstance(each, Code) and len(each.code.encode()) > sandbox.DEFAULT.code_bytes:
            raise _invalid("code has at most 16 KiB.")
    for fetch in config.fetches:
        requests.require_callable(fetch, hosts=hosts)
    templates.require_message(config.actions.data, is_template=config.actions.substitution)
    return config


def stored(config: Config) -> dict[str, Any]:
    """As it is kept and shown."""
    plain: dict[str, Any] = orjson.loads(msgspec.json.encode(config))
    return plain


def loaded(kept: Mapping[str, Any]) -> Config:
    """What `stored` kept."""
    return msgspec.convert(kept, Config)


def require_inputs(inputs: Any) -> list[Any]:
    """The inputs of a run as they may be used. Raises `identity.errors.Invalid`."""
    if not isinstance(inputs, list) or len(inputs) > MOST_INPUTS:
        raise Invalid(f"The inputs are a list of at most {MOST_INPUTS} values.", field="inputs")
    try:
        size = len(orjson.dumps(inputs))
    except (TypeError, ValueError):
        raise Invalid("The inputs are JSON values.", field="inputs") from None
    if size > MOST_INPUT_BYTES:
        raise Invalid("The inputs have at most 16 KiB.", field="inputs")
    return inputs


def _require_counts(config: Config) -> None:
    fetches = [each for each in config.conditions if isinstance(each, Fetch)]
    if not 1 <= len(config.conditions) <= MOST_CONDITIONS:
        raise _invalid(f"there are 1 to {MOST_CONDITIONS} conditions.")
    if len(fetches) > MOST_FETCHES or len(config.post_hooks) > MOST_HOOKS:
        raise _invalid(f"there are at most {MOST_FETCHES} calls before and {MOST_HOOKS} after.")
    if len(config.envs) > MOST_ENVS:
        raise _invalid(f"there are at most {MOST_ENVS} envs.")
    if not 0 <= config.max_executions <= MOST_EXECUTIONS:
        raise _invalid(f"max_executions is 0 to {MOST_EXECUTIONS}; 0 is without end.")


def _require_few_placeholders(config: Config) -> None:
    told = orjson.dumps([stored(config)["actions"], msgspec.to_builtins(config.fetches)]).decode()
    if len(templates.PLACEHOLDER.findall(told)) > MOST_PLACEHOLDERS:
        raise _invalid(f"there are at most {MOST_PLACEHOLDERS} placeholders outside of code.")


def _require_supported(config: Config) -> None:
    if [each.type for each in config.triggers] != ["hook"]:
        raise errors.LambdaUnsupported("The one trigger is hook: a call that names the lambda.")
    if config.verifications.count != 1:
        raise errors.LambdaUnsupported("verifications.count is 1: this server is the one verifier.")
    if config.actions.type != "personal_sign":
        raise errors.LambdaUnsupported("The one action is personal_sign.")
    if config.actions.check:
        raise errors.LambdaUnsupported("actions.check is empty: write a condition instead.")


def _require_plain(given: Mapping[str, Any]) -> None:
    """Refuse what a database or a proposal would not keep as it is."""
    left: list[tuple[Any, int]] = [(dict(given), 1)]
    for count, (value, depth) in enumerate(_walk(left), 1):
        if count > _MOST_VALUES or depth > _MOST_DEPTH:
            raise _invalid("it is nested too deeply or has too many values.")
        if isinstance(value, float):
            raise _invalid("write a number with a fraction as a text.")
        if isinstance(value, int) and abs(value) > _SAFE_INTEGER:
            raise _invalid("write a number beyond 2^53 as a text.")
        if isinstance(value, str) and any(s == "\0" or "\ud800" <= s <= "\udfff" for s in value):
            raise _invalid("a text has a character in it that can't be stored.")


def _walk(left: list[tuple[Any, int]]) -> Iterator[tuple[Any, int]]:
    while left:
        value, depth = left.pop()
        yield value, depth
        if isinstance(value, Mapping):
            left += [(inner, depth + 1) for inner in (*value.keys(), *value.values())]
        elif isinstance(value, list | tuple):
            left += [(inner, depth + 1) for inner in value]


def _invalid(fault: str) -> Invalid:
    return Invalid(f"config: {fault}", field="config")
