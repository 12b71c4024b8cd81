"""The list of events that forms offer holds every event that the code records by a fixed name."""

import re

from identity.services import event_names
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


def test_the_page_about_webhooks_lists_them() -> None:
    page = (ROOT / "docs/webhooks.md").read_text().partition("## Events")[2]
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", page, re.MULTILINE))
    told = {
        noun: [f"{noun}.{verb}" for verb in verbs.split(", ")] for noun, verbs in listed.items()
    }
    assert told == {noun: list(names) for noun, names in event_names.EVENTS.items()}
