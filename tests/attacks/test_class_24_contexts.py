"""Class 24 of the known attacks, on the pages of contexts: ids, names and lists that are markup.

Programs choose the ids of users, and texts of access lists and policies; what they wrote is text on
every page, in what a script puts into one, and in what is refused.
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from accounts.admin import acl_words
from accounts.models import Context, ContextMember, Solution
from accounts.services import context_members, contexts, solutions
from identity.crypto import user_key
from tests import cast
from tests.attacks.test_class_24_pages import HOSTILE, strict
from tests.unit.accounts.admin.desk import Desk

pytestmark = pytest.mark.django_db
EVIL: Final = re.compile(r"<i class=evil|<b class=evil|<script>evil")
LISTS: Final = "accounts/context/"


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def desk(world: cast.World) -> Desk:
    return Desk(world, "carol", "super-admin")


def planted(world: cast.World, text: str) -> tuple[Context, ContextMember]:
    """A context in which everything that a program may choose is hostile."""
    by, now = world.system, datetime.now(UTC)
    with cast.in_scope(world):
        # Ids of earlier days hold anything.
        for each in ("1", "2"):
            made = solutions.create(name=text, public_id=each, by=by, now=now)
            Solution.objects.filter(id=made.id).update(public_id=f"{text}{each}")
        given = contexts.Given(f"{text}1", text, text, "public")
        context = contexts.create(given=given, public_id="1", by=by, now=now)
        Context.objects.filter(id=context.id).update(public_id=text)
        context.public_id = text
        key = user_key.generate().public.text
        context_members.add(context_id=text, member_id=text, public_key=key, by=by, now=now)
        member = ContextMember.objects.get()
        argument = text.replace(" ", "").replace("=", "").replace("\n", "")
        acl = f"ALLOW ALL\nDENY thread/threadGet threadId={argument}"
        ContextMember.objects.filter(pk=member.pk).update(acl=acl)
        Context.objects.update(policy={text: {text: text}})
        assert Solution.objects.count() == 2
    return context, member


def pages(context: Context, member: ContextMember) -> list[str]:
    one, inside = f"{LISTS}{context.pk}/", f"{LISTS}{context.pk}/members/{member.pk}/"
    acts = ("change", "edit", "policy", "disable", "enable", "end", "shares", "members/new")
    of_member = ("", "access-list/", "key/", "staff/", "remove/")
    return [
        *(LISTS, "accounts/solution/", f"{LISTS}new/"),
        *(f"accounts/solution/{context.solution_id}/{act}/" for act in ("change", "edit", "end")),
        *(f"{one}{act}/" for act in acts),
        *(f"{inside}{act}" for act in of_member),
    ]


def checked(answer: Any, page: str) -> str:
    assert answer.status_code == 200, page
    assert strict(answer), page
    said: str = answer.content.decode()
    assert not EVIL.search(said), page
    assert str(7777 * 7) not in said, page
    return said


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_programs_chose_is_text_on_every_page(
    world: cast.World, desk: Desk, kind: str
) -> None:
    text, seen = HOSTILE[kind], 0
    known = pages(*planted(world, text))
    for page in known:
        said = checked(desk.client.get(f"/admin/{page}"), page)
        seen += "evil" in said or "WWWW" in said
    assert seen > len(known) - 2, seen


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_refused_is_text_too(world: cast.World, desk: Desk, kind: str) -> None:
    context, member = planted(world, "plain")
    text, one = HOSTILE[kind], f"/admin/{LISTS}{context.pk}/"
    lists = (f"ALLOW {text}", text, f"ALLOW thread/threadGet threadId={text}", f"DENY ALL {text}")
    for acl in lists:
        asked = desk.client.post(f"/admin/{LISTS}access-lists/explain/", {"acl": acl})
        is_refused = acl_words.read(acl.rstrip()).fault is not None
        assert ("data-acl-fault" in checked(asked, "explain")) == is_refused
        edited = f"{one}members/{member.pk}/access-list/"
        checked(desk.client.post(edited, {"acl": acl, "check": "1"}), edited)
        form = {"member": text, "public_key": text[:64], "acl": acl}
        checked(desk.client.post(f"{one}members/new/", form), "new")
    checked(desk.client.post(f"{one}policy/", {"policy": text}), "policy")
    for page in (f"/admin/{LISTS}", f"{one}change/", f"{one}shares/", f"/admin/{LISTS}new/"):
        for query in ({"q": text}, {"after": text}, {text: text}):
            answer = desk.client.get(page, query, follow=True)
            assert answer.status_code == 200, (page, query)
            assert not EVIL.search(answer.content.decode()), (page, query)


def test_the_script_of_the_editor_runs_nothing_that_it_is_told(world: cast.World) -> None:
    """The answer for the script is a part of a page, and comes under the policy by itself."""
    desk = Desk(world, "dave", "super-admin")
    answer = desk.client.post(
        f"/admin/{LISTS}access-lists/explain/", {"acl": "DENY <script>evil()</script>"}
    )
    said = checked(answer, "explain")
    assert "&lt;script&gt;evil" in said
    assert "<script" not in said
    assert " on" not in re.sub(r">[^<]*<", "><", said)
    assert answer["Content-Type"].startswith("text/html")
    assert answer["X-Content-Type-Options"] == "nosniff"
