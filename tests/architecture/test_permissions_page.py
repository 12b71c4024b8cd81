"""The page about permissions tells every word, no other, and who holds it."""

import re

from identity.permissions import ALL, NOUNS, PREDEFINED_ROLES
from tests.architecture import house

ROW = re.compile(r"^\| `([a-z-]+:[a-z]+)` \| (.+) \| (.+) \|$", re.MULTILINE)


def rows() -> list[tuple[str, str, str]]:
    return ROW.findall((house.ROOT / "docs" / "permissions.md").read_text())


def test_tells_every_word_once_and_in_the_order_of_the_code() -> None:
    told = [word for word, _, _ in rows()]
    assert told == [f"{noun}:{verb}" for noun, verbs in NOUNS.items() for verb in verbs]
    assert set(told) == ALL


def test_says_what_each_allows() -> None:
    assert all(len(allows.strip()) >= 3 for _, allows, _ in rows())


def test_says_which_roles_hold_it() -> None:
    for word, _, told in rows():
        holders = [
            name
            for name, role in PREDEFINED_ROLES.items()
            if word in role.permissions and name != "super-admin"
        ]
        assert re.findall(r"`([a-z-]+)`", told) == holders, word
    assert PREDEFINED_ROLES["super-admin"].permissions == ALL
