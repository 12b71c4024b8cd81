"""`manager/…` of web sockets: the token of a connection, and what is listened on.

Nothing is ever sent on the channels: what they tell of, encrypted containers, is not kept here. A
client that listens is answered as everywhere, and waits in vain.
"""

from typing import Final

from identity.api.bridge import auth, connection, inputs
from identity.api.bridge.connection import Connection
from identity.api.bridge.errors import Told, Wire
from identity.api.bridge.inputs import shape, text
from identity.api.bridge.route import Asked, Method

LONGEST_TOKEN: Final = 2048
_MOST: Final = 16
_NAMES: Final = inputs.listed(inputs.one_of(*connection.CHANNELS), _MOST)


def _socket(asked: Asked) -> Connection:
    if asked.connection is None:
        raise Told(Wire.METHOD_CALLABLE_WITH_WEBSOCKET_ONLY)
    return asked.connection


def _bind(asked: Asked) -> str:
    """Later calls of this connection are made with the token, unless they bring one."""
    socket, token = _socket(asked), asked.params["accessToken"]
    if auth.by_token(asked.sent, token, socket, now=asked.now) is None:
        raise Told(Wire.INVALID_TOKEN)
    socket.token = token
    return "OK"


def _listen(asked: Asked) -> str:
    socket, names = _allowed(asked)
    socket.channels |= names
    return "OK"


def _stop(asked: Asked) -> str:
    socket, names = _allowed(asked)
    socket.channels -= names
    return "OK"


def _allowed(asked: Asked) -> tuple[Connection, set[str]]:
    socket, names = _socket(asked), asked.params["channels"]
    # Who may listen is asked for each channel by itself.
    caller = asked.caller
    for name in names:
        if not caller.actor.may(f"channels:{name}"):
            raise Told(Wire.INSUFFICIENT_SCOPE, name)
    return socket, set(names)


_CHANNELS: Final = shape({"channels": _NAMES})
_TOKEN: Final = shape({"accessToken": text(LONGEST_TOKEN, 1)})
METHODS: Final[tuple[Method, ...]] = (
    Method("manager/bindAccessToken", _TOKEN, _bind),
    Method("manager/subscribeToChannel", _CHANNELS, _listen, is_of_programs=True),
    Method("manager/unsubscribeFromChannel", _CHANNELS, _stop, is_of_programs=True),
)
