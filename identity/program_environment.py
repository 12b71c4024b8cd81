"""Reads from the environment how programs come in: by a scope's first key, and from pages."""

from typing import Final, NamedTuple

from identity.environment import Environment

INITIALIZATION_TOKEN: Final = "COUNTERSIGN_BRIDGE_INITIALIZATION_TOKEN"  # noqa: S105 a name
CORS: Final = "COUNTERSIGN_BRIDGE_CORS"
SHORTEST: Final = 32


class ProgramSettings(NamedTuple):
    """`initialization_token` is the word for a scope's first API key, "" for nobody's."""

    initialization_token: str
    cors: bool


def read(environment: Environment) -> ProgramSettings:
    """The settings; mistakes are kept in the environment."""
    advice = f"Set it to {SHORTEST} random characters or more."
    token = environment.secret(INITIALIZATION_TOKEN, lambda: "", advice)
    if 0 < len(token) < SHORTEST:
        environment.mistake(
            INITIALIZATION_TOKEN, f"is too short: use at least {SHORTEST} characters."
        )
    cors = environment.read(environment.env.bool, CORS, default=False, advice="true or false")
    return ProgramSettings(token, cors)
