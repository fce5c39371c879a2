"""A report as rows of cells, and those rows as CSV, HTML or XLSX.

Text in a cell is a stranger's: it is never a formula, a tag or a control character in any of the three.
"""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from finchat.books.money import amount_text, minor_digits
from finchat.errors import FinchatError, UsageError, plain
from finchat.store.files import write_private
from finchat.text.sanitise import visible

_FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the full-width ones where East Asian settings rule
_DATE = -2  # in place of the places of an amount
Style = Literal["title", "heading", "plain", "total"]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in its currency."""

    value: Decimal
    currency: str


Cell = str | int | dt.date | Money | None


@dataclass(frozen=True, slots=True)
class Line:
    """One row, and how it stands out."""

    cells: tuple[Cell, ...]
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report of one table."""

    title: str
    lines: tuple[Line, ...]

    @property
    def width(self) -> int:
        return max((len(line.cells) for line in self.lines), default=1)


def check_place(path: Path) -> None:
    """Raises UsageError when the suffix names no format, or the directory is not there."""
    if path.suffix.lower() not in _WRITERS:
        raise UsageError(f"--export {path} has no known suffix", field="--export", next=f"end it in {_SUFFIXES}")
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise UsageError(f"cannot write {path}", field="--export", next="name a file in a directory that exists")


def export(sheets: Sequence[Sheet], path: Path) -> None:
    """Write the sheets by the suffix of the path; the file is whole or not there, mode 0600. Raises FinchatError."""
    data = _WRITERS[path.suffix.lower()](sheets)
    try:
        write_private(path, data)
    except OSError as error:
        raise FinchatError(
            f"cannot write {path}: {plain(error)}", code="export_not_written", field="--export",
            next="free some space or name another file",
        ) from error  # fmt: skip


def as_csv(sheets: Sequence[Sheet]) -> bytes:
    """UTF-8 with a mark, so that spreadsheets read it; text that a spreadsheet would compute has a `'` before it.

    All text is quoted: where a spreadsheet parts cells at semicolons, a cell of ours stays one cell.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    for n, sheet in enumerate(sheets):
        if n:
            writer.writerow([])
        for line in sheet.lines:
            writer.writerow([_csv_cell(cell) for cell in line.cells])
    return out.getvalue().encode("utf-8-sig", "backslashreplace")


def as_html(sheets: Sequence[Sheet]) -> bytes:
    """One page without scripts, styles of its own only; it opens anywhere and prints on paper."""
    title = html.escape(visible(sheets[0].title if sheets else ""))
    parts = [_HEAD.format(title=title)]
    for sheet in sheets:
        parts.append("<table>")
        for line in sheet.lines:
            tag = "th" if line.style in ("title", "heading") else "td"
            cells = [*line.cells, *[None] * (sheet.width - len(line.cells))]
            row = "".join(_html_cell(tag, cell) for cell in cells)
            parts.append(f'<tr class="{line.style}">{row}</tr>')
        parts.append("</table>")
    parts.append("</body></html>\n")
    return "\n".join(parts).encode("utf-8", "backslashreplace")


def as_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """A workbook with a sheet each; amounts are numbers with the currency's places, text is never a formula or link."""
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    book = xlsxwriter.Workbook(out, options)
    bold = {"title", "heading", "total"}
    formats: dict[tuple[Style, int], object] = {}
    for n, sheet in enumerate(sheets, 1):
        name = _sheet_name(sheet.title)
        page = book.add_worksheet(f"{n} {name}"[:31] if len(sheets) > 1 else name)
        page.set_column(0, 0, 44)
        page.set_column(1, sheet.width, 18)
        for row, line in enumerate(sheet.lines):
            for column, cell in enumerate(line.cells):
                if cell is None:
                    continue
                places = minor_digits(cell.currency) if isinstance(cell, Money) else -1
                places = _DATE if isinstance(cell, dt.date) else places
                style = formats.get((line.style, places))
                if style is None:
                    number = {"num_format": "#,##0" + ("." + "0" * places if places else "")} if places >= 0 else {}
                    number = {"num_format": "yyyy-mm-dd"} if places == _DATE else number
                    style = book.add_format({"bold": line.style in bold, **number})
                    formats[line.style, places] = style
                if isinstance(cell, Money):
                    page.write_number(row, column, cell.value, style)
                elif isinstance(cell, dt.date):
                    page.write_datetime(row, column, cell, style)
                elif isinstance(cell, int):
                    page.write_number(row, column, cell, style)
                else:
                    page.write_string(row, column, _xlsx_text(cell), style)
    book.close()
    return out.getvalue()


_Writer = Callable[[Sequence[Sheet]], bytes]
_WRITERS: Mapping[str, _Writer] = {".csv": as_csv, ".html": as_html, ".xlsx": as_xlsx}
_SUFFIXES = ".csv, .html or .xlsx"
_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{{font:14px sans-serif;margin:2em}}table{{border-collapse:collapse;margin-bottom:2em}}
td,th{{padding:2px 12px 2px 0;text-align:left;vertical-align:top}}
.money{{text-align:right;white-space:nowrap}}
tr.title th{{font-size:130%}}tr.heading th{{padding-top:1em}}
tr.total td{{border-top:1px solid;font-weight:bold}}</style>
</head><body>"""


def _csv_cell(cell: Cell) -> str | int | Decimal:
    if isinstance(cell, Money):
        return Decimal(amount_text(cell.value, cell.currency))
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if not isinstance(cell, str):
        return "" if cell is None else cell
    shown = visible(cell)
    return "'" + shown if shown[:1] in _FORMULA or shown.lstrip()[:1] in _FORMULA else shown


def _xlsx_text(cell: str) -> str:
    """The writer takes a string in these tags for XML of its own making and passes it on as it is."""
    shown = visible(cell)[:32_000]
    return f"{shown} " if shown.startswith("<r>") and shown.endswith("</r>") else shown


def _html_cell(tag: str, cell: Cell) -> str:
    if isinstance(cell, Money):
        value = Decimal(amount_text(cell.value, cell.currency))
        return f'<{tag} class="money">{value:,f} {html.escape(visible(cell.currency))}</{tag}>'
    return f"<{tag}>{'' if cell is None else html.escape(visible(str(cell)))}</{tag}>"


def _sheet_name(title: str) -> str:
    return "".join(c for c in visible(title) if c not in "[]:*?/\\'")[:28].strip() or "report"
