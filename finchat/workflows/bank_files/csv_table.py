"""A CSV as a table: its delimiter, its header row if it has one, the rows of movements, and what stands around them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from finchat.books.matching.text import words
from finchat.canonical import sha256_of
from finchat.workflows.bank_files.amounts import looks_like_number
from finchat.workflows.bank_files.csv_words import role_of
from finchat.workflows.bank_files.dates import looks_like_date
from finchat.workflows.bank_files.errors import wrong

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 256 * 1024  # characters that decide the delimiter
_MOST_ROWS = 1_000_000
_MOST_COLUMNS = 200
Row = tuple[int, list[str]]  # line number in the file, cells


@dataclass(frozen=True, eq=False)
class Table:
    """`rows` are those from the first movement on; `around` those before the header, and empty cells are kept."""

    path: Path
    delimiter: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    around: tuple[Row, ...]
    width: int

    @property
    def shape(self) -> str:
        """What makes two files of one account alike: the words of the header; without one, width and delimiter."""
        if not self.header:
            return f"none-{self.width}-{self.delimiter}"
        return sha256_of([" ".join(words(cell)) for cell in self.header])[:32]

    def name(self, column: int) -> str:
        """What a person calls a column: its header, or its number from 1."""
        return (self.header[column] if column < len(self.header) else "") or f"column {column + 1}"

    def cells(self, column: int) -> list[str]:
        """The cells of a column, "" where a row is shorter."""
        return [row[column] if column < len(row) else "" for _, row in self.rows]

    @cached_property
    def movements(self) -> list[list[str]]:
        """The rows that hold both a date and an amount."""
        return [row for _, row in self.rows if _is_movement(row)]


def read_table(path: Path, text: str) -> Table:
    """Raises UsageError when no delimiter makes a table with dates and amounts of it."""
    hint, text, skipped = _hinted(text)
    sample = text[:_SAMPLE]
    if len(sample) < len(text):
        sample = sample[: sample.rfind("\n") + 1]
    scored = [(*_score(sample, d), -n, d) for n, d in enumerate((hint,) if hint else DELIMITERS)]
    movements, _width, _, delimiter = max(scored)
    if not movements:
        raise wrong(
            path, "", "holds no rows of movements, with a date and an amount: no CSV, OFX, CAMT or MT940",
            "export the statement as CSV, OFX, CAMT.053 or MT940",
        )  # fmt: skip
    rows = [(line + skipped, cells) for line, cells in _rows(path, text, delimiter)]
    first = next(n for n, (_, cells) in enumerate(rows) if _is_movement(cells))
    width = Counter(len(cells) for _, cells in rows[first:] if _is_movement(cells)).most_common(1)[0][0]
    # A row of the preamble may hold a date and a number too; the header, where it comes later, says where it ends.
    wide = next(n for n, (_, cells) in enumerate(rows) if len(cells) == width and _is_movement(cells))
    if (below := _header(rows[:wide], width)) is not None and below > first:
        first = wide
    header_at = _header(rows[:first], width)
    return Table(
        path=path,
        delimiter=delimiter,
        header=() if header_at is None else tuple(rows[header_at][1]),
        rows=tuple(rows[first:]),
        around=tuple(rows[: first if header_at is None else header_at]),
        width=width,
    )


def header_alone(path: Path, text: str) -> bool:
    """Whether the file is a header of dates and amounts with no row below it: a time without movements."""
    hint, text, _ = _hinted(text)
    for delimiter in (hint,) if hint else DELIMITERS:
        rows = _rows(path, text[:_SAMPLE], delimiter) if len(text) <= _SAMPLE else []
        roles = {role_of(" ".join(words(cell))) for cell in rows[-1][1]} if rows else set()
        if roles & {"date", "value_date"} and ("amount" in roles or {"debit", "credit"} <= roles):
            return True
    return False


def _hinted(text: str) -> tuple[str, str, int]:
    """A first line `sep=;`, as Excel writes it: the delimiter, the text without it, lines taken off."""
    first, _, rest = text.partition("\n")
    bare = first.strip().strip('"')
    return (bare[4], rest, 1) if bare.lower().startswith("sep=") and len(bare) == 5 else ("", text, 0)


def _score(sample: str, delimiter: str) -> tuple[int, int]:
    """How many rows look like movements, and how many columns they agree on."""
    widths: Counter[int] = Counter()
    try:
        for _, cells in zip(range(500), csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), strict=False):
            if len(cells) > 2 and _is_movement(_bare(cells)):
                widths[len(cells)] += 1
    except csv.Error:
        return 0, 0
    return (max(widths.values()), max(widths, key=lambda w: (widths[w], w))) if widths else (0, 0)


def _rows(path: Path, text: str, delimiter: str) -> list[Row]:
    found: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            bare = _bare(cells)
            if any(bare):
                found.append((reader.line_num, bare))
            if len(found) > _MOST_ROWS or len(bare) > _MOST_COLUMNS:
                raise wrong(path, f"line {reader.line_num}", "is beyond what a statement holds", "export less at once")
    except csv.Error as error:
        raise wrong(path, f"line {reader.line_num}", f"cannot be read as CSV ({error})") from None
    return found


def _bare(cells: list[str]) -> list[str]:
    """Cells without the spaces around them, and without the `="00123"` that keeps Excel from counting."""
    found = [cell.replace("\x00", "").strip() for cell in cells]
    return [c[2:-1] if c.startswith('="') and c.endswith('"') else c for c in found]


def _is_movement(cells: list[str]) -> bool:
    dates = {n for n, cell in enumerate(cells) if looks_like_date(cell)}
    return bool(dates) and any(n not in dates and looks_like_number(cell) for n, cell in enumerate(cells))


def _header(rows: list[Row], width: int) -> int | None:
    """The last row before the movements that names most columns and holds no figures."""
    for n in range(len(rows) - 1, max(len(rows) - 4, -1), -1):
        cells = rows[n][1]
        named = [c for c in cells if c]
        if len(named) >= max(2, (width + 1) // 2) and not any(
            looks_like_date(c) or looks_like_number(c) for c in named
        ):
            return n
    return None
