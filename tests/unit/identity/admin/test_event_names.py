"""The list of events that forms offer holds every event that the code records by a fixed name."""

import re

from identity.admin import event_names
from tests.serving import ROOT

RECORDED = re.compile(r"(?:record|_record|_told)\(\s*\"([a-z-]+\.[a-z-]+)\"")


def test_knows_every_event_that_the_code_names() -> None:
    known = {name for names in event_names.EVENTS.values() for name in names}
    written = {
        name
        for app in ("identity", "accounts", "invitations", "sessions_app")
        for path in (ROOT / app / "services").rglob("*.py")
        for name in RECORDED.findall(path.read_text())
    }
    assert len(written) > 30
    assert written <= known, written - known
