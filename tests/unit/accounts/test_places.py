"""Which words for languages and time zones are known."""

import pytest

from accounts.services import places
from identity.errors import Invalid


@pytest.mark.parametrize(
    "tag",
    [
        *("", "en", "zh", "zh-TW", "zh-Hans", "zh-Hant-HK", "pt-BR", "es-419", "yue", "zh-yue-HK"),
        *("sl-rozaj-biske", "de-CH-1996", "de-DE-u-co-phonebk", "en-x-private", "EN-us"),
    ],
)
def test_keeps_a_language_tag_as_it_was_written(tag: str) -> None:
    assert places.language(tag, name="locale") == tag


@pytest.mark.parametrize(
    "text",
    [
        *(
            "e",
            "en_US",
            "english",
            "en-",
            "-en",
            "en--US",
            "en-US ",
            "x",
            "x-private",
            "de-u",
            "en\n",
        ),
        *("\u4e2d", "en-x", "12", "de-1", "en;q=0.5", "en-" + "-".join(["abcde"] * 7)),
    ],
)
def test_says_what_to_send_for_what_is_no_language_tag(text: str) -> None:
    with pytest.raises(Invalid, match="send en, zh-Hans or pt-BR") as refused:
        places.language(text, name="locale")
    assert refused.value.facts == {"field": "locale"}


@pytest.mark.parametrize("name", ["", "UTC", "Europe/Berlin", "America/Argentina/Ushuaia"])
def test_knows_the_zones_of_the_database(name: str) -> None:
    assert places.zone(name, name="timezone") == name


@pytest.mark.parametrize(
    "text",
    ["Mars/Olympus", "europe/berlin", "../UTC", "/etc/passwd", "GMT+99", "UTC+8", "Europe", " UTC"],
)
def test_says_what_to_send_for_an_unknown_zone(text: str) -> None:
    with pytest.raises(Invalid, match="such as Europe/Berlin") as refused:
        places.zone(text, name="metadata.timezone")
    assert refused.value.facts == {"field": "metadata.timezone"}


def test_takes_offsets_where_clients_say_them() -> None:
    for text in ("GMT+8", "GMT+08:00", "UTC-5", "UTC+05:30", "Asia/Tokyo", ""):
        assert places.zone_or_offset(text, name="timezone") == text
    for text in ("GMT+15", "GMT8", "+8", "UTC+5:3"):
        with pytest.raises(Invalid):
            places.zone_or_offset(text, name="timezone")


def test_goes_by_the_form_where_there_is_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_zones", frozenset)
    assert places.zone("Europe/Berlin", name="timezone") == "Europe/Berlin"
    for text in ("../UTC", "Europe/Berlin/", "a b", "a/b/c/d"):
        with pytest.raises(Invalid):
            places.zone(text, name="timezone")
