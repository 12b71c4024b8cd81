"""Settings of a scope are typed, bounded and closed."""

import json
from typing import Any

import pytest

from identity.services import scope_settings
from identity.services.scope_settings import ScopeSettings, SettingsInvalid
from tests.authenticator import Maker


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


ROOT = Maker().text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("passkey_rp_id", "Example.org"),
        ("passkey_rp_id", "https://example.org"),
        ("passkey_rp_id", "org"),
        ("passkey_rp_id", 7),
        ("passkey_origins", "example.org"),
        ("passkey_origins", "http://example.org"),
        ("passkey_origins", "https://example.org/"),
        ("passkey_origins", "https://example.org:x"),
        ("passkey_origins", "https://user@example.org"),
        ("passkey_origins", "https://" + "a" * 8000),
        ("passkey_user_verification", "always"),
        ("passkey_attestation", "enterprise"),
        ("passkey_aaguids", "yubikey"),
        ("passkey_aaguids", "fbfc3007-154e-4ecc-8c0b-6e020557d7bd"),
        ("passkey_roots", "AAAA"),
        ("passkey_roots", "no base64"),
        ("passkey_rp_name", "x" * 101),
        ("passkey_discoverable", "yes"),
    ],
)
def test_refuses_unfit_wishes_about_passkeys(name: str, value: Any) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        scope_settings.of({name: value})
    assert list(caught.value.facts["settings"]) == [name]


def test_refuses_origins_beside_the_passkeys_domain() -> None:
    given = {"passkey_rp_id": "example.org", "passkey_origins": "https://a.example.org"}
    assert scope_settings.of(given).passkey_rp_id == "example.org"
    for origin in ("https://badexample.org", "https://example.org.evil.test"):
        with pytest.raises(SettingsInvalid):
            scope_settings.of({**given, "passkey_origins": origin})


@pytest.mark.parametrize(
    ("name", "strict", "loose"),
    [
        ("passkey_user_verification", "required", "preferred"),
        ("passkey_attestation", "direct", "none"),
        ("passkey_origins", "https://a.test", "https://a.test https://b.test"),
        ("passkey_origins", "https://a.test", ""),
        ("passkey_roots", "", ROOT),
        ("passkey_sign_up", False, True),
    ],
)
def test_knows_what_makes_passkeys_weaker(name: str, strict: Any, loose: Any) -> None:
    one, other = scope_settings.of({name: strict}), scope_settings.of({name: loose})
    assert scope_settings.weakened(one, other) == [name]


def test_takes_a_model_off_the_list_without_weakening_anything() -> None:
    models = ["fbfc3007-154e-4ecc-8c0b-6e020557d7bd", "6f1d1c7e-52f0-4a86-9a1d-0b5cf2f3a9d4"]
    both, one, every = (
        scope_settings.of({"passkey_roots": ROOT, "passkey_aaguids": text})
        for text in (" ".join(models), models[0], "")
    )
    assert scope_settings.weakened(both, one) == []
    assert scope_settings.weakened(one, both) == ["passkey_aaguids"]
    assert scope_settings.weakened(both, every) == ["passkey_aaguids"]


def test_calls_a_relying_party_whatever_people_like() -> None:
    one, other = (scope_settings.of({"passkey_rp_name": name}) for name in ("required", "Example"))
    assert scope_settings.weakened(one, other) == []
