"""Lists of people: CSV read strictly, formulas taken as text."""

import pytest

from invitations import bulk_lines
from invitations.errors import ListColumnUnknown, ListUnreadable


def test_reads_all_columns() -> None:
    (line,) = bulk_lines.read(
        b"email,first_name,last_name,mobile,customer_id,roles,groups,hours\r\n"
        b"bob@example.test,Bob,Example,+49 30 1,c-1,member support,,48\r\n"
    )
    assert line.number == 2
    assert not line.fault
    assert line.entry == bulk_lines.Entry(
        email="bob@example.test",
        first_name="Bob",
        last_name="Example",
        mobile="+49 30 1",
        customer_id="c-1",
        roles=("member", "support"),
        hours=48,
    )


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_takes_each_separator_with_or_without_a_mark(sign: str, mark: bytes) -> None:
    text = f"last_name{sign}email\nExample{sign}bob@example.test\n"
    (line,) = bulk_lines.read(mark + text.encode())
    assert (line.entry.email, line.entry.last_name) == ("bob@example.test", "Example")


def test_takes_a_file_with_one_column() -> None:
    lines = bulk_lines.read(b"Email\nbob@example.test\n\nalice@example.test")
    assert [(line.number, line.entry.email) for line in lines] == [
        (2, "bob@example.test"),
        (4, "alice@example.test"),
    ]


def test_keeps_quotes_separators_and_line_ends_in_cells() -> None:
    (line,) = bulk_lines.read(b'email,last_name\r\nbob@example.test,"O""Hara, \r\nBob"\r\n')
    assert line.entry.last_name == 'O"Hara, \r\nBob'


def test_names_an_unknown_column() -> None:
    with pytest.raises(ListColumnUnknown) as refused:
        bulk_lines.read(b"email,role\nbob@example.test,member\n")
    assert refused.value.facts["column"] == "role"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"email\n",
        b"first_name\nBob\n",
        b"email,email\na,b\n",
        b"email;first_name,last_name\n",
        "email\nbob@example.test".encode("utf-16"),
        b"email\nb\xffb@example.test\n",
        b"email\nbob@example.test\x00\n",
        b'email\n"bob@example.test\n',
        b'email\n"bob"@example.test\n',
        b"email\n" + b"a@example.test\n" * (bulk_lines.MOST_LINES + 1),
        b"email\n" + b"a" * bulk_lines.MOST_BYTES,
        b"email\n" + b"a" * 200_000,
    ],
)
def test_refuses_what_is_no_such_list(data: bytes) -> None:
    with pytest.raises(ListUnreadable):
        bulk_lines.read(data)


@pytest.mark.parametrize(
    "row", [b"a@example.test", b"a@example.test,1,2", b"a@example.test,0", b"a@example.test,1.5"]
)
def test_blames_a_line_that_does_not_fit(row: bytes) -> None:
    lines = bulk_lines.read(b"email,hours\n" + row + b"\nbob@example.test,5\n")
    assert [bool(line.fault) for line in lines] == [True, False]


def test_reads_back_what_it_neutralised() -> None:
    table = bulk_lines.write(
        ["email", "first_name"], [["bob@example.test", '=HYPERLINK("//x")'], ["a", "'-1"]]
    )
    assert b'"\'=HYPERLINK(""//x"")"' in table
    lines = bulk_lines.read(table)
    assert [line.entry.first_name for line in lines] == ['=HYPERLINK("//x")', "'-1"]
