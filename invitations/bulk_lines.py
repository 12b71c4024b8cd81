"""Lists of people to invite, read from CSV strictly, and tables written as CSV safely."""

import csv
import dataclasses
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from invitations.errors import ListColumnUnknown, ListUnreadable

MOST_BYTES: Final = 512 * 1024
MOST_LINES: Final = 1000
MOST_HOURS: Final = 720
COLUMNS: Final = (
    "email",
    "first_name",
    "last_name",
    "mobile",
    "customer_id",
    "roles",
    "groups",
    "hours",
)
_DELIMITERS: Final = ",;\t"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Whom a line asks to invite; `roles` and `groups` are names and ids as written."""

    email: str
    first_name: str = ""
    last_name: str = ""
    mobile: str = ""
    customer_id: str = ""
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    hours: int | None = None

    def stored(self) -> dict[str, Any]:
        """As JSON values."""
        return dataclasses.asdict(self) | {
            "roles": list(self.roles),
            "groups": list(self.groups),
        }

    def texts(self) -> Iterator[str]:
        """Every text in it."""
        yield from (self.email, self.first_name, self.last_name, self.mobile, self.customer_id)
        yield from (*self.roles, *self.groups)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Entry":
        """From what `stored` made."""
        lists = {name: tuple(stored[name]) for name in ("roles", "groups")}
        return cls(**{**stored, **lists})


@dataclass(frozen=True, slots=True)
class Line:
    """One line by its number; `fault` says why it can't be understood.

    Numbers are those of a spreadsheet's rows, where the header is row 1. JSON counts from 1.
    """

    number: int
    entry: Entry
    fault: str = ""


_BLANK: Final = Entry("").stored()


def read(data: bytes) -> list[Line]:
    """The lines of a CSV file in UTF-8, with or without a byte-order mark.

    The first row holds our words, separated by commas, semicolons or tabs as all others. Empty
    rows are passed over. Cells are text, whatever they look like; roles and groups are separated
    by spaces. Raises `ListUnreadable`, `ListColumnUnknown`.
    """
    text = _text(data)
    rows = [pair for pair in enumerate(_rows(text, _delimiter(text)), 1) if any(pair[1])]
    header = _header(rows[0][1] if rows else [])
    lines = [_line(number, header, row) for number, row in rows[1:]]
    if not lines:
        raise ListUnreadable("The file names nobody: below the header there is no line.")
    if len(lines) > MOST_LINES:
        raise ListUnreadable(f"A list has at most {MOST_LINES} lines; this one has {len(lines)}.")
    return lines


def entries(values: Sequence[Mapping[str, Any]]) -> list[Line]:
    """The same from JSON objects whose types were checked before. Raises `ListUnreadable`."""
    if not 1 <= len(values) <= MOST_LINES:
        raise ListUnreadable(f"A list has 1 to {MOST_LINES} lines.")
    lines = [Line(number, Entry.of({**_BLANK, **value})) for number, value in enumerate(values, 1)]
    if any("\x00" in text for line in lines for text in line.entry.texts()):
        raise ListUnreadable("The list holds NUL bytes, which no database stores.")
    return lines


def write(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table as CSV (RFC 4180) with a byte-order mark, so that spreadsheets read it as UTF-8.

    No cell is a formula to a spreadsheet: those that would be one begin with an apostrophe.
    """
    kept = io.StringIO(newline="")
    writer = csv.writer(kept, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + kept.getvalue().encode()


def neutral(cell: str) -> str:
    """The cell as a text that no spreadsheet calculates; `meant` reads it back."""
    return f"'{cell}" if _is_dangerous(cell) else cell


def meant(cell: str) -> str:
    """The text of a cell that `neutral` may have made."""
    return cell[1:] if cell.startswith("'") and _is_dangerous(cell[1:]) else cell


def _is_dangerous(cell: str) -> bool:
    # An apostrophe in front of such a text is doubled, so that reading back is exact.
    return cell.lstrip("'").lstrip(" ").startswith(_FORMULA)


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise ListUnreadable(f"A list has at most {MOST_BYTES // 1024} KiB.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ListUnreadable("The file is UTF-16. Save it as CSV in UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ListUnreadable("The file is not UTF-8. Save it as CSV in UTF-8.") from None
    if "\x00" in text:
        raise ListUnreadable("The file holds NUL bytes: it is no CSV.")
    return text


def _delimiter(text: str) -> str:
    # No word of ours holds one of them, so the header alone tells, and never by a guess.
    first = text.lstrip("\r\n").splitlines()[:1]
    found = [sign for sign in _DELIMITERS if first and sign in first[0]]
    if len(found) > 1:
        raise ListUnreadable("The header mixes commas, semicolons or tabs. Use one of them.")
    return found[0] if found else ","


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ListUnreadable(f"Row {reader.line_num} is no CSV: {error}.") from None
        yield [meant(cell.strip(" ")) for cell in row]


def _header(row: Sequence[str]) -> list[str]:
    words = [word.strip().lower() for word in row]
    for word in words:
        if word not in COLUMNS:
            raise ListColumnUnknown(
                f"There is no column “{word[:64]}”. Known are: {', '.join(COLUMNS)}.",
                column=word[:64],
            )
    if len(set(words)) != len(words):
        raise ListUnreadable("A column is there twice.")
    if "email" not in words:
        raise ListUnreadable(f"The first row names the columns, “email” among them: {COLUMNS}.")
    return words


def _line(number: int, header: Sequence[str], row: Sequence[str]) -> Line:
    cells = dict.fromkeys(COLUMNS, "") | dict(zip(header, row, strict=False))
    hours, fault = _hours(cells["hours"])
    lists = {name: cells[name].split() for name in ("roles", "groups")}
    if len(row) != len(header):
        fault = f"The line has {len(row)} cells, the header {len(header)}."
    return Line(number, Entry.of({**cells, **lists, "hours": hours}), fault)


def _hours(cell: str) -> tuple[int | None, str]:
    if not cell:
        return None, ""
    if cell.isascii() and cell.isdigit() and len(cell) <= 4 and 1 <= int(cell) <= MOST_HOURS:
        return int(cell), ""
    return None, f"hours is a whole number from 1 to {MOST_HOURS}."
