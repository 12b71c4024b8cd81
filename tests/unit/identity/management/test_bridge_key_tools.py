"""`manage.py bridge genkeypair`: keys that devices of members make, too."""

import io

import pytest
from django.core.management import CommandError, call_command

from identity.crypto import derived_keys, user_key

# Computed by the devices' own library.
PASSWORD = "has\u0142o-\u0105\u0107\u0119"
SALT = "za\u017c\u00f3\u0142\u0107"
WORDS = "segment machine okay tank speak giraffe exercise mixed awkward welcome carry wisdom"


def made(monkeypatch: pytest.MonkeyPatch, text: str, *arguments: str) -> dict[str, str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    out = io.StringIO()
    call_command("bridge", "genkeypair", *arguments, stdout=out)
    return dict(line.split("=", 1) for line in out.getvalue().splitlines())


def test_makes_a_random_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (made(monkeypatch, "") for _ in range(2))
    assert set(first) == {"PRIV_WIF", "PUB_58"}
    assert first["PRIV_WIF"] != second["PRIV_WIF"]
    assert user_key.parse_wif(first["PRIV_WIF"]).public.text == first["PUB_58"]


@pytest.mark.parametrize(
    ("rounds", "expected"),
    [
        (
            derived_keys.ROUNDS,
            {
                "PRIV_WIF": "KwbLzkoAbBsYUzjutFCn1rFAgPEuVcitssknYdRDDS6w8f7bs1KX",
                "PUB_58": "7B5c7pMtXcRi1PStS8AfRKZ19VqYBWpGQTJYZJSRhTUFJzKo3J",
            },
        ),
        (
            derived_keys.OLDER_ROUNDS,
            {
                "PRIV_WIF": "Ky1nTCh7581anEb84abGWjhTx9AMq9qDZP2eprc8N6oDFG9Emf5H",
                "PUB_58": "5ykvuzgASwFpqeHhADaZ4S45suQ1hMzzcou7oufKNbngSQfEqb",
            },
        ),
    ],
)
def test_makes_the_pair_of_a_password(
    monkeypatch: pytest.MonkeyPatch, rounds: int, expected: dict[str, str]
) -> None:
    text = f"{PASSWORD}\n{SALT}\n"
    assert made(monkeypatch, text, "--from-password", "--rounds", str(rounds)) == expected


def test_makes_the_pair_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(monkeypatch, f"{WORDS}\n\n", "--from-words") == {
        "PRIV_WIF": "KxX2bH4XnMYto7sxSKn14gKCyKFGbTGrfE2WfCyjeDNS5ukWsY12",
        "PUB_58": "6rgRbncgySWuEuQVkHzREMftrqXT6cqWyKWCZbsBXbTgM6KKPT",
    }


@pytest.mark.parametrize(
    ("text", "option"),
    [("\n\n", "--from-password"), ("secret\n", "--from-password"), ("one two\n", "--from-words")],
)
def test_refuses_what_makes_no_key(monkeypatch: pytest.MonkeyPatch, text: str, option: str) -> None:
    with pytest.raises(CommandError) as refused:
        made(monkeypatch, text, option)
    assert "secret" not in str(refused.value)
