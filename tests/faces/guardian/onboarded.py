"""People who are onboarded as clients do it, with the worker at their side."""

from typing import Any

from accounts.models import Onboarding
from accounts.services import minted_registries, onboarding_work
from tests import acts, cast
from tests.faces.guardian.client import Client, registering


def minted(world: cast.World, username: str = "acme") -> Client:
    """A registry that is ready, signed in."""
    with cast.in_scope(world):
        made = minted_registries.mint(username=username, by=world.system, clock=acts.now, pause=int)
    return Client(world, made.username, made.password).sign_in()


def worked(world: cast.World) -> None:
    """What a worker does with all that is due."""
    with cast.in_scope(world):
        for task in Onboarding.objects.filter(state="queued"):
            onboarding_work.work(task.id, clock=acts.now, holder="test")


def begun(registry: Client, username: str = "alice", **more: Any) -> str:
    """The id of a task that has begun."""
    body = registering(username) | {"parent": registry.username} | more
    answer = registry.post("/accounts/push/onboard", body)
    assert answer.status == 202, answer.text
    return str(answer.json["taskId"])


def onboarded(registry: Client, username: str = "alice", **more: Any) -> tuple[Client, str]:
    """A user who was onboarded and is signed in, and the task."""
    task = begun(registry, username, **more)
    worked(registry.world)
    return Client(registry.world, username).sign_in(), task
