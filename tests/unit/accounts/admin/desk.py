"""Somebody at the admin in tests: opens pages, sends forms, reads what was told."""

from typing import Any

from django.contrib.messages import get_messages
from django.test import Client

from identity.models import AuditEvent
from invitations.models import Proposal
from tests import cast, staff

HTML = {"accept": "text/html"}
SOMEWHERE = "01a1f985-0000-714b-8d8b-38ffc4e37c4f"
HOSTILE = "<script>alert(1)</script>"


class Desk:
    """A signed-in member of staff of a world."""

    def __init__(self, world: cast.World, name: str, *roles: str) -> None:
        self.world = world
        self.client = Client(headers=HTML)
        self.user = staff.add(world, name, *roles)
        staff.sign_in(self.client, name, world.scope.slug)

    def get(self, path: str, **query: str) -> str:
        """The page, which must be there."""
        answer = self.client.get(f"/admin/{path}", query)
        assert answer.status_code == 200, answer.content
        return answer.content.decode()

    def status(self, path: str) -> int:
        return self.client.get(f"/admin/{path}").status_code

    def send(self, path: str, **form: Any) -> list[str]:
        """Send a form that is accepted; the last thing that is told then."""
        answer = self.client.post(f"/admin/{path}", form)
        assert answer.status_code == 302, answer.content.decode()
        return [str(message) for message in get_messages(answer.wsgi_request)][-1:]

    def refused(self, path: str, **form: Any) -> str:
        """Send a form that is refused; the page that says why."""
        answer = self.client.post(f"/admin/{path}", form)
        assert answer.status_code == 200, answer["Location"]
        page = answer.content.decode()
        assert 'role="alert"' in page or "errorlist" in page, page
        return page

    def events(self, name: str) -> int:
        with cast.in_scope(self.world):
            return AuditEvent.objects.filter(name=name).count()

    def traces(self) -> tuple[int, int]:
        """What any change leaves behind: audit events and proposals."""
        with cast.in_scope(self.world):
            return AuditEvent.objects.count(), Proposal.objects.count()

    def refresh(self, row: Any) -> None:
        with cast.in_scope(self.world):
            row.refresh_from_db()
