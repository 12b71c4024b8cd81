"""`manage.py demo`: plays the main job against the running server, or one that it starts."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from identity.errors import DomainError
from identity.management import play
from identity.sdk.errors import SdkError

# The first start of a home prepares its database, which takes a busy machine a minute.
_PATIENCE: Final = 180.0


class Command(BaseCommand):
    """Exits 0 only if every step was seen to hold."""

    help = "Play the main job end to end over HTTP, telling each step."

    def handle(self, *_: Any, **__: Any) -> None:
        """Play here if a server of this home answers, else in a temporary home."""
        if _is_ready(settings.BASE_URL):
            self._play()
            return
        self.stdout.write("No server is running here: one is started in a temporary home …")
        sys.exit(_in_temporary_home())

    def _play(self) -> None:
        story = play.Play(say=self.stdout.write)
        try:
            seconds = play.timed(story)
        except play.StepFailed as failure:
            raise CommandError(str(failure)) from failure
        except (SdkError, DomainError) as failure:
            raise CommandError(f"Step {story.steps} failed: {failure}") from failure
        self.stdout.write(f"\nAll {story.steps} steps were seen to hold, in {seconds:.1f} s.")


def _is_ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/readyz", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _in_temporary_home() -> int:
    manage = str(settings.ROOT / "manage.py")
    with tempfile.TemporaryDirectory(prefix="countersign-demo-") as home:
        environment = _environment(home)
        base = f"http://localhost:{environment['PORT']}"
        with Path(home, "server.log").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 our own command
                [sys.executable, manage, "serve"], env=environment, stdout=log, stderr=log
            )
        try:
            _wait_until_ready(base, server, Path(home, "server.log"))
            return subprocess.run(  # noqa: S603 our own command
                [sys.executable, manage, "demo"], env=environment, check=False
            ).returncode
        finally:
            server.terminate()
            server.wait(timeout=30)


def _environment(home: str) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "DATABASE_OWNER_URL", "COUNTERSIGN_URL", "REDIS_URL"}
    }
    return kept | {"COUNTERSIGN_HOME": home, "HOST": "127.0.0.1", "PORT": str(port)}


def _wait_until_ready(base: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not _is_ready(base):
        if server.poll() is not None or time.monotonic() > deadline:
            raise CommandError(f"The server did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)
