"""Settings of a scope are typed, bounded and closed."""

import json
from typing import Any

import pytest

from identity.services import scope_settings
from identity.services.scope_settings import ScopeSettings, SettingsInvalid


def test_gives_defaults_for_an_empty_row() -> None:
    assert scope_settings.of({}) == scope_settings.of("{}") == ScopeSettings()


def test_reads_text_and_mapping_alike() -> None:
    saved = {"max_devices": 5, "vote_minutes": 1440, "governance": False}
    settings = scope_settings.of(saved)
    assert settings == scope_settings.of(json.dumps(saved))
    assert (settings.max_devices, settings.vote_minutes, settings.governance) == (5, 1440, False)


def test_parses_one_text_once() -> None:
    text = json.dumps({"max_devices": 7})
    assert scope_settings.of(text) is scope_settings.of(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nickname", "x"),
        ("governance", 1),
        ("governance", None),
        ("invitation_minutes", 4),
        ("invitation_minutes", 30 * 24 * 60 + 1),
        ("invitation_minutes", True),
        ("invitation_minutes", 60.0),
        ("invitation_minutes", None),
        ("proposal_minutes", 59),
        ("vote_minutes", 0),
        ("vote_minutes", "60"),
        ("max_devices", 21),
        ("max_devices", 0),
        ("max_open_invitations", 4),
        ("rsa_bits", 1024),
        ("rsa_bits", 2049),
        ("rsa_bits", 8192),
    ],
)
def test_refuses_unknown_names_and_unfit_values(name: str, value: Any) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        scope_settings.of({name: value})
    assert list(caught.value.facts["settings"]) == [name]


def test_names_every_fault_at_once() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        scope_settings.of({"rsa_bits": 1, "nickname": "", "max_devices": 3})
    assert set(caught.value.facts["settings"]) == {"rsa_bits", "nickname"}


@pytest.mark.parametrize("text", ["[]", "7", "null"])
def test_refuses_a_text_that_is_no_object(text: str) -> None:
    with pytest.raises(SettingsInvalid):
        scope_settings.of(text)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [(name, least, most) for name, (least, most) in scope_settings.RANGES.items()],
)
def test_takes_both_ends_of_each_range(name: str, least: int, most: int) -> None:
    for value in (least, most):
        assert getattr(scope_settings.of({name: value}), name) == value


def test_keeps_what_is_not_changed() -> None:
    before = ScopeSettings(max_devices=4, vote_minutes=60)
    after = scope_settings.merged(before, {"vote_minutes": None})
    assert after == ScopeSettings(max_devices=4)


def test_stores_only_what_differs_from_the_defaults() -> None:
    assert scope_settings.stored(ScopeSettings()) == {}
    assert scope_settings.stored(ScopeSettings(rsa_bits=3072)) == {"rsa_bits": 3072}
