"""Class 15 of the known attacks, in the admin: every address with the ids of another scope.

Seen as for the API (`test_class_15_v1`). The best session of one's own scope gets for them what it
gets for ids that nobody has: the same status, the same place to go to, the same text up to the id;
reading and sending alike, and not a row of the other scope is another one afterwards.
"""

import re

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from accounts.models import User
from identity import ids
from tests import cast
from tests.attacks.test_class_15_v1 import everything
from tests.matrix.permissions_v1 import Line
from tests.matrix.scene import Scene, undone
from tests.matrix.test_permissions_admin import LINES, METHODS, address

pytestmark = pytest.mark.django_db

# Words that mean the same in every scope.
EVERYWHERE = re.compile(r"<(?:purpose|name)>")
NAMED = re.compile(r"<\w+>")
LINES_WITH_IDS = [line for line in LINES if NAMED.search(EVERYWHERE.sub("", line.path))]
# What differs from answer to answer whoever asks.
VOLATILE = re.compile(r'(?:csrfmiddlewaretoken" value|nonce|csrf-token" content)="[^"]*"')


@pytest.fixture(scope="module")
def browser(scenes: tuple[Scene, Scene]) -> Client:
    own = scenes[0]
    with cast.in_scope(own.world):
        alice = User.objects.get(username_folded="alice@example.test")
        User.objects.filter(id=alice.id).update(is_staff=True)
    return own.browser(alice)


def unknown(path: str) -> str:
    """The address with ids that nobody has, each of the same kind as the real one."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", lambda _: str(ids.new()), path)


def told(browser: Client, method: str, path: str) -> tuple[int, str, str]:
    """Status, where it leads and what it says, without the ids that were sent."""
    with undone():
        answer = browser.generic(method, path)
        said = answer.content.decode() if not answer.streaming else "stream"
        # The message that waits for the next page belongs to the answer.
        waiting = [str(message) for message in get_messages(answer.wsgi_request)]
        browser.cookies.pop("messages", None)
        shown = VOLATILE.sub("…", f"{said} {waiting}")
    place = answer.get("Location", "")
    for sent in sorted(path.strip("/").split("/"), key=len, reverse=True):
        if re.search("[0-9]", sent):
            shown, place = shown.replace(sent, "…"), place.replace(sent, "…")
    return answer.status_code, place, shown


def filled(scenes: tuple[Scene, Scene], line: Line, *, foreign: bool) -> str:
    return address(scenes[1] if foreign else scenes[0], line.path)


def test_ids_of_another_scope_are_those_of_nobody(
    scenes: tuple[Scene, Scene], browser: Client
) -> None:
    before = everything(scenes[1])
    for line in LINES_WITH_IDS:
        if line.word == "never" or "<kind>" in line.path:
            continue  # a kind is a word, and the same in every scope
        theirs = filled(scenes, line, foreign=True)
        nobodys = unknown(theirs)
        assert nobodys != theirs, line.path
        for method in METHODS[line.method]:
            found = told(browser, method, theirs)
            assert found == told(browser, method, nobodys), (method, line.path)
            assert found[0] in {302, 403, 404}, (method, line.path, found[0])
    assert everything(scenes[1]) == before


def test_the_walk_would_see_a_page(scenes: tuple[Scene, Scene], browser: Client) -> None:
    pages = [line for line in LINES_WITH_IDS if line.path.endswith("change/")]
    for line in pages:
        if line.word != "never":
            assert told(browser, "GET", filled(scenes, line, foreign=False))[0] == 200, line.path
