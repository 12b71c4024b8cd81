"""Any bytes are a list or a typed refusal; what is written is read back and never calculates."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from identity.errors import DomainError
from invitations import bulk_lines

CELL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40
).map(lambda text: text.strip(" "))
FORMULA = st.tuples(st.sampled_from(["=", "+", "-", "@", "\t", "'=", "\uff1d"]), CELL).map("".join)


@given(st.binary(max_size=400))
def test_reads_or_refuses_any_bytes(data: bytes) -> None:
    try:
        lines = bulk_lines.read(b"email,first_name\n" + data)
    except DomainError:
        return
    assert 1 <= len(lines) <= bulk_lines.MOST_LINES
    assert len({line.number for line in lines}) == len(lines)


@given(st.text(max_size=200))
def test_reads_or_refuses_any_header(text: str) -> None:
    try:
        bulk_lines.read(text.encode("utf-8", "surrogatepass") + b"\nbob@example.test")
    except DomainError:
        return


@given(st.lists(st.one_of(CELL, FORMULA), min_size=1, max_size=20))
def test_reads_back_what_it_wrote(cells: list[str]) -> None:
    table = bulk_lines.write(["email", "last_name"], [["x", cell] for cell in cells])
    read = [line.entry.last_name for line in bulk_lines.read(table)]
    assert read == [cell.strip(" ") for cell in cells]


@given(st.one_of(CELL, FORMULA))
def test_writes_no_cell_that_a_spreadsheet_calculates(cell: str) -> None:
    table = bulk_lines.write(["email"], [[cell]])
    rows = list(csv.reader(io.StringIO(table.decode("utf-8-sig"), newline="")))
    (written,) = rows[1]
    assert not written.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
