"""Components and charts: what names that others chose become, and what is counted."""

from datetime import UTC, datetime

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string

from identity.admin import charts, components, facts

HOSTILE = '"><script>alert(1)</script>'


def test_says_a_state_in_words_beside_its_colour() -> None:
    assert components.badge("revoked") == '<span class="badge bad">revoked</span>'
    assert components.badge("unheard-of") == '<span class="badge ">unheard-of</span>'
    assert components.badge("revoked", "good") == '<span class="badge good">revoked</span>'


@pytest.mark.parametrize(
    "shown",
    [
        components.badge(HOSTILE, HOSTILE),
        components.copyable(HOSTILE),
        render_to_string("admin/components/code.html", {"text": HOSTILE, "name": HOSTILE}),
        render_to_string("admin/components/facts.html", {"facts": [(HOSTILE, HOSTILE)]}),
        render_to_string(
            "admin/components/difference.html",
            {"lines": components.difference({"a": HOSTILE}, {"a": ""}), "caption": HOSTILE},
        ),
        render_to_string("admin/components/alert.html", {"text": HOSTILE, "title": HOSTILE}),
        render_to_string("admin/components/empty.html", {"text": HOSTILE, "title": HOSTILE}),
        render_to_string(
            "admin/components/bars.html",
            {"chart": charts.bars(name="a", title=HOSTILE, counts=[(HOSTILE, 1)], url="")},
        ),
    ],
)
def test_lets_no_name_become_markup(shown: str) -> None:
    assert "<script" not in shown
    assert "&lt;script" in shown


def test_writes_no_style_into_a_page() -> None:
    chart = charts.bars(name="devices", title="Devices", counts=[("active", 2)], url="")
    shown = render_to_string("admin/components/bars.html", {"chart": chart})
    assert "style" not in shown


def test_draws_bars_as_long_as_their_counts() -> None:
    chart = charts.bars(
        name="devices",
        title="Devices",
        counts=[("active", 1000), ("revoked", 500), ("suspended", 1), ("unverified", 0)],
        url="",
    )
    assert [bar.width for bar in chart.bars] == [chart.track, chart.track // 2, 3, 0]
    assert chart.summary == "Devices: active 1,000, revoked 500, suspended 1, unverified 0."


def test_draws_nothing_where_nothing_is() -> None:
    assert charts.bars(name="none", title="None", counts=[], url="").height == 0


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0"), (9999, "9,999"), (10000, "10,000"), (10001, "10,000+")]
)
def test_counts_to_a_bound(count: int, shown: str) -> None:
    assert charts.number(count, 10_000) == shown


def test_shows_what_is_old_and_what_is_new() -> None:
    lines = components.difference(
        {"name": "readers", "members": ["alice", "bob"], "is_open": True},
        {"name": "readers", "members": ["alice"], "since": None},
    )
    assert [(line.name, line.old, line.new, line.is_changed) for line in lines] == [
        ("name", "readers", "readers", False),
        ("members", "alice, bob", "alice", True),
        ("is_open", "yes", "", True),
        ("since", "", "", False),
    ]


def test_shows_times_in_utc() -> None:
    at = datetime(2026, 3, 1, 9, 5, 7, 123, tzinfo=UTC)
    assert "2026-03-01 09:05:07" in components.moment(at)
    assert "2026-03-01 09:05:07 UTC" in facts.value_of(at, "at").replace("</time>", "")
    shown = Template("{{ at }}").render(Context({"at": at}))
    assert shown == "2026-03-01 09:05:07"


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("01a1f985-0000-714b-8d8b-38ffc4e37c4f", "data-copy="),
        ("ab" * 32, "data-copy="),
        ("-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----", "data-copy-from="),
        ("alice's laptop", "alice's laptop"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (None, "\N{EN DASH}"),
        ("", "\N{EN DASH}"),
    ],
)
def test_shows_each_value_as_it_is_best_read(value: object, part: str) -> None:
    assert part in facts.value_of(value, "value")
