"""Reports as files: figures exact, and a stranger's text never more than text."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import stat
import zipfile
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from finchat.books.documents import Account
from finchat.books.statement import Movement, reconcile
from finchat.errors import FinchatError, UsageError
from finchat.workflows.export.bank_reconciliation import sheet
from finchat.workflows.export.sheet import Line, Money, Sheet, as_csv, as_html, as_xlsx, check_place, export

HOSTILE = [
    '=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0",
    "<script>alert(1)</script>", "a\x1b[2Jb\x00", "\ud800", "http://example.com",
    "\uff1d1+1", "PAYEE;=1+1;x",
]  # fmt: skip
SHEET = Sheet(
    title="Bank [090]: a/b",
    lines=(
        Line(("Report",), "title"),
        *(Line((text, 3, Money(Decimal("-1234.5"), "EUR"))) for text in HOSTILE),
        Line(("sum", None, Money(Decimal("100"), "JPY")), "total"),
    ),
)


def test_no_cell_of_the_csv_is_a_formula() -> None:
    data = as_csv([SHEET])
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows[1][1:] == ["3", "-1234.50"]
    assert rows[-1] == ["sum", "", "100"]
    for row in rows[1:-1]:
        assert row[0].isprintable()
        assert row[0].lstrip()[:1] not in tuple("=+-@\uff1d")
    parted = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";")
    apart = [cell for row in parted for cell in row]
    assert not [cell for cell in apart if cell.startswith("=")]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)


def test_the_page_holds_no_tag_of_a_stranger() -> None:
    page = as_html([SHEET]).decode()
    tags = Tags()
    tags.feed(page)
    assert tags.seen <= {"html", "head", "meta", "title", "style", "body", "table", "tr", "td", "th"}
    assert "&lt;script&gt;" in page
    assert "-1,234.50 EUR" in page
    assert "\x1b" not in page


def test_the_workbook_holds_text_and_numbers_alone() -> None:
    with zipfile.ZipFile(io.BytesIO(as_xlsx([SHEET, SHEET]))) as book:
        names = book.namelist()
        page = book.read("xl/worksheets/sheet1.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
    assert not [n for n in names if "vba" in n.lower() or "external" in n.lower()]
    assert "<f>" not in page
    assert "hyperlink" not in page.lower()
    cells = {c.get("r"): c for c in ElementTree.fromstring(page).iter() if c.tag.endswith("}c")}
    assert [v.text for v in cells["C2"]] == ["-1234.5"]
    assert cells["A2"].get("t") == "s"
    assert "HYPERLINK" in strings


@pytest.mark.parametrize("suffix", [".csv", ".html", ".xlsx", ".XLSX"])
def test_a_file_is_written_whole_and_for_its_owner_alone(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix}"
    check_place(path)
    export([SHEET], path)
    assert path.stat().st_size > 100
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_place_that_cannot_be_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no known suffix"):
        check_place(tmp_path / "out.pdf")
    with pytest.raises(UsageError, match="cannot write"):
        check_place(tmp_path / "none" / "out.csv")
    with pytest.raises(FinchatError, match=re.escape("cannot write")):
        export([SHEET], tmp_path / "gone" / "out.csv")


def test_the_statement_as_a_sheet_has_totals_days_and_says_that_it_is_a_sandbox() -> None:
    as_of = dt.date(2026, 11, 30)
    movements = [
        Movement(
            ids=(f"m{n}",), kind="payment", date=as_of, direction="spend", amount=Decimal(n), text="cheque",
            reconciled=False,
        )
        for n in (2, 3)
    ]  # fmt: skip
    one = reconcile(
        Account(id="bank", code="090", name="Bank", kind="bank", currency="EUR"), since=as_of, as_of=as_of,
        closing=Decimal(10), lines=[], claims={}, entries=movements, book=Decimal(5), reasons={},
    )  # fmt: skip
    made = sheet(one, "Demo", sandbox=True)
    assert made.lines[1].cells == ("Demo  SANDBOX",)
    (total,) = [x for x in made.lines if x.cells[0] == "Outstanding payments, total"]
    assert total.cells[-1] == Money(Decimal(-5), "EUR")
    assert b'"2026-11-30"' in as_csv([made])
    with zipfile.ZipFile(io.BytesIO(as_xlsx([made]))) as book:
        page = book.read("xl/worksheets/sheet1.xml").decode()
        assert b'formatCode="yyyy-mm-dd"' in book.read("xl/styles.xml")
    assert re.search(r'<c r="B5" s="\d+"><v>46356</v></c>', page)
