"""What an event of the record is about, in few words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from identity import ids
from identity.admin import trail
from identity.queries import AuditRow


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"is_proven": True, "is_staff": False}, "proven, not staff"),
        ({"has_listeners": True, "tries": 3}, "has listeners, tries 3"),
        ({"alarm": True, "reason": "lost", "id": "0" * 64}, "reason lost"),
        ({"until": "2026-05-04T12:00:09+00:00"}, "until 2026-05-04 12:00"),
    ],
)
def test_says_what_an_event_is_about(facts: dict[str, Any], words: str) -> None:
    row = AuditRow(
        sequence=1,
        at=datetime(2026, 5, 4, tzinfo=UTC),
        name="member.added",
        actor={"kind": "system"},
        subject_kind="context",
        subject_id="one",
        facts=facts,
        digest="",
        id=ids.new(),
    )
    (event,) = trail.events([row])
    assert event.about == words
    assert event.is_alarm == facts.get("alarm", False)
