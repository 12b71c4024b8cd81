"""Runs the web sockets: granian with ASGI in a process of its own, beside the web server.

WSGI, which is several times faster for everything else, knows no sockets. One process holds
thousands of them: they are quiet most of the time.
"""

import logging
import os
from typing import Final

from django.conf import settings
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from identity.management import lifeline, web_server

_KILL_AFTER: Final = 5


def require_free_port() -> None:
    """Raise `web_server.PortTaken` if nobody could listen at the port of web sockets now."""
    port = settings.SOCKET_PORT
    if port:
        another = port + 1 if port < web_server.LAST_PORT else 8001
        web_server.require_free(port, advice=f"SOCKET_PORT={another} make run (0: no web sockets)")


def shown() -> str:
    """Where clients in front of this machine find them, or that there are none."""
    if not settings.SOCKET_PORT:
        return "none (SOCKET_PORT=0)"
    host = settings.SHOWN_HOST
    return f"ws://{host}:{settings.SOCKET_PORT}/api"


def run() -> None:
    """Serve until SIGTERM, then close what is open. A worker that dies is replaced."""
    os.environ[lifeline.PARENT_VARIABLE] = str(os.getpid())
    logging.getLogger("_granian").addFilter(web_server.is_news)
    Server(
        "identity.asgi:application",
        address=settings.LISTEN_HOST,
        port=settings.SOCKET_PORT,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=True,
        workers=1,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_AFTER,
        log_level=LogLevels[settings.LOG_LEVEL.lower()],
        log_dictconfig=settings.LOGGING,
    ).serve()
