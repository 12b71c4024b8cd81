"""Runs the web server: granian with WSGI, a worker for each core, two requests at work in each."""

import logging
import os
import socket
from typing import Final

from django.conf import settings
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from accounts.services import hash_lane
from identity.management import lifeline

LAST_PORT: Final = 65535
_KEEP_THREADS: Final = 600
_KILL_AFTER: Final = 20


class PortTaken(Exception):
    """The address can't be listened at; the text says why and what to do."""


def require_free_port() -> None:
    """Raise PortTaken if nobody could listen at the configured address now."""
    port = settings.LISTEN_PORT
    require_free(port, advice=f"PORT={port + 1 if port < LAST_PORT else 8000} make run")


def require_free(port: int, *, advice: str) -> None:
    """Raise PortTaken if nobody could listen at this port now; `advice` is a command."""
    host = settings.LISTEN_HOST
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(found[0], found[1]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[4])
    except OSError as error:
        raise PortTaken(
            f"Can't listen at {host} port {port}: {error.strerror}. Stop what uses it, or choose "
            f"another one: {advice}"
        ) from error


def run() -> None:
    """Serve until SIGTERM, then let requests end. Workers that die are replaced."""
    os.environ[lifeline.PARENT_VARIABLE] = str(os.getpid())
    logging.getLogger("_granian").addFilter(is_news)
    Server(
        "identity.wsgi:application",
        address=settings.LISTEN_HOST,
        port=settings.LISTEN_PORT,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=settings.WEB_WORKERS or _cores(),
        blocking_threads=threads(),
        # A thread's database connection goes with it, so threads stay.
        blocking_threads_idle_timeout=_KEEP_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_AFTER,
        log_level=LogLevels[settings.LOG_LEVEL.lower()],
        log_dictconfig=settings.LOGGING,
    ).serve()


def threads() -> int:
    """Threads of one worker: those at work, and those that may wait for a password's hash."""
    most: int = settings.WEB_THREADS + hash_lane.LANE.most
    return most


def is_news(record: logging.LogRecord) -> bool:
    """Whether a line of the server's own tells the operator anything."""
    # Most of the threads only ever wait (`identity.services.turns`), so there are not too many.
    return not record.getMessage().startswith("Configuration allows spawning up to")


def _cores() -> int:
    # Cores that this process may use, where the system can tell (not on macOS).
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
