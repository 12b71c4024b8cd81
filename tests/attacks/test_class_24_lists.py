"""Class 24 of the known attacks: text that becomes something else where staff read it.

Names, addresses and file names that are markup to a browser or a formula to a spreadsheet (CSV
injection, seen in many exports, for one CVE-2018-10504), or that look like another text.
"""

import csv
import io
import re

import pytest
from django.test import Client

from accounts.models import User
from invitations.models import InvitationBatchLine
from tests import cast
from tests.unit.invitations.test_admin import staff
from tests.unit.invitations.test_admin_batches import page, upload

pytestmark = pytest.mark.django_db
MARKUP = '"><img src=x onerror=alert(1)>'
FORMULAS = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\uff1d1+1"]


@pytest.fixture
def world() -> cast.World:
    return cast.world()


@pytest.fixture
def alice(world: cast.World) -> Client:
    return staff(world, "alice", "super-admin")


def table(*rows: list[str]) -> str:
    kept = io.StringIO(newline="")
    csv.writer(kept).writerows(rows)
    return kept.getvalue()


def test_markup_in_a_list_is_text_on_every_page(alice: Client) -> None:
    text = table(
        ["email", "first_name", "roles"],
        ["one@example.test", MARKUP, ""],
        [MARKUP, "", ""],
        ["two@example.test", "", MARKUP],
    )
    batch = upload(alice, text, name=f"{MARKUP}.csv")
    assert MARKUP not in page(alice, batch)
    alice.post(f"{batch}confirm/")
    for address in (batch, "/admin/invitations/invitation/many/", "/admin/accounts/user/"):
        assert "<img src=x" not in page(alice, address)
    shown = alice.post(f"{batch}links/", {"as": "page"}).content.decode()
    assert "<img src=x" not in shown
    assert "/join#" in shown


def test_markup_in_a_column_name_or_a_bad_row_is_text_too(alice: Client) -> None:
    for text in (f"email,{MARKUP}\na@example.test,x\n", 'email\n"<b>x\n'):
        file = io.BytesIO(text.encode())
        file.name = "people.csv"
        answer = alice.post("/admin/invitations/invitation/many/", {"file": file})
        assert answer.status_code == 200
        assert "<img src=x" not in answer.content.decode()
        assert "<b>x" not in answer.content.decode()


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_kept_as_text_and_never_exported_as_one(
    world: cast.World, alice: Client, formula: str
) -> None:
    address = "=1+1@example.test"
    batch = upload(alice, table(["email", "first_name"], [address, formula]))
    alice.post(f"{batch}confirm/")
    with cast.in_scope(world):
        line = InvitationBatchLine.objects.get()
        assert (line.state, line.entry["first_name"]) == ("issued", formula)
        assert User.objects.get(username=address).first_name == formula.strip()
    answer = alice.post(f"{batch}links/", {"as": "csv"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows[1][1] == f"'{address}"
    assert not any(re.match(r"\s*[=+\-@\uff1d]", cell) for row in rows for cell in row)
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "address",
    ["one@example.test\u202e", "o\u200bne@example.test", "one\uff20example.test", "o\x07ne@a.test"],
)
def test_an_address_that_looks_like_another_is_refused(
    world: cast.World, alice: Client, address: str
) -> None:
    batch = upload(alice, table(["email"], [address]))
    alice.post(f"{batch}confirm/")
    with cast.in_scope(world):
        assert InvitationBatchLine.objects.get().state == "refused"
        assert not User.objects.filter(email__contains="example").exclude(is_staff=True).exists()
