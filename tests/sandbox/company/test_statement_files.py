"""Statement files say what the bank's lines say, in the shape each format's specification asks for.

What reads them here knows the style it reads, and nothing of finchat's own reader.
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from finchat.clock import Clock
from finchat.errors import UsageError
from finchat.sandbox.company import generate
from finchat.sandbox.company.statement_files import FORMATS, Statement, StatementLine, render
from finchat.sandbox.home import SandboxHome
from finchat.settings import Home

Row = tuple[date, Decimal]
LAST = date(2027, 1, 5)
ALL = [(name, style) for name, styles in FORMATS.items() for style in styles]


@cache
def whole(code: str) -> Statement:
    return Statement.of(generate(3, LAST).statements[code])


def month(code: str) -> Statement:
    return whole(code).between(LAST - timedelta(days=30), LAST)


def rows_of(statement: Statement) -> list[Row]:
    return [(line.day, line.amount) for line in statement.lines]


def number(text: str) -> Decimal:
    return Decimal(text or "0")


def comma(text: str) -> Decimal:
    return number(re.sub(r"[.\u202f]", "", text).replace(",", "."))


def table(data: bytes, encoding: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(encoding), newline=""), delimiter=delimiter))


def day(text: str, form: str) -> date:
    return datetime.strptime(text, form).replace(tzinfo=UTC).date()


def split(data: bytes) -> Iterator[Row]:
    for row in reversed(table(data, "utf-8")[1:]):
        assert bool(row[3]) != bool(row[4])
        yield day(row[0], "%d/%m/%Y"), number(row[4]) - number(row[3])


def euro(data: bytes) -> Iterator[Row]:
    head, *rows = table(data, "cp1252", ";")
    assert "Währung" in head
    yield from ((day(row[0], "%d.%m.%Y"), comma(row[6])) for row in rows)


def bare(data: bytes) -> Iterator[Row]:
    yield from ((day(row[0], "%d/%m/%Y"), number(row[1])) for row in table(data, "utf-8"))


def utf16(data: bytes) -> Iterator[Row]:
    assert data.startswith(b"\xff\xfe")
    yield from ((day(row[0], "%d %b %Y"), number(row[4])) for row in table(data, "utf-16", "\t")[1:])


def us(data: bytes) -> Iterator[Row]:
    for row in reversed(table(data, "utf-8")[1:]):
        amount = number(row[3].strip("()").replace(",", ""))
        yield day(row[0], "%m/%d/%Y"), -amount if row[3].startswith("(") else amount


def preamble(data: bytes) -> Iterator[Row]:
    rows = table(data, "utf-8")
    yield from ((day(row[0], "%Y/%m/%d"), number(row[5])) for row in rows[rows.index([]) + 2 :])


def french(data: bytes) -> Iterator[Row]:
    assert data.startswith(b"\xef\xbb\xbf")
    for row in table(data, "utf-8-sig", ";")[1:]:
        yield day(row[0], "%d/%m/%Y"), comma(row[4]) - comma(row[3])


def marked(data: bytes) -> Iterator[Row]:
    for row in table(data, "utf-8")[2:-1]:
        yield day(row[0], "%d-%m-%y"), number(row[3]) * (-1 if row[4] == "D" else 1)


def ofx(data: bytes) -> Iterator[Row]:
    for found in re.finditer(rb"<STMTTRN>.*?</STMTTRN>", data, re.DOTALL):
        (posted,) = re.findall(rb"<DTPOSTED>(\d{8})", found[0])
        (amount,) = re.findall(rb"<TRNAMT>([-\d.]+)", found[0])
        yield day(posted.decode(), "%Y%m%d"), number(amount.decode())


def camt(data: bytes) -> Iterator[Row]:
    for entry in ElementTree.fromstring(data).iterfind(".//{*}Ntry"):
        amount = number(entry.findtext("{*}Amt") or "")
        sign = {"CRDT": 1, "DBIT": -1}[entry.findtext("{*}CdtDbtInd") or ""]
        yield date.fromisoformat(entry.findtext("{*}BookgDt/{*}Dt") or ""), amount * sign


def mt940(data: bytes) -> Iterator[Row]:
    for found in re.finditer(r"^:61:(\d{6})(\d{4})([CD])(\d+,\d\d)NTRF", data.decode("ascii"), re.MULTILINE):
        assert found[1].endswith(found[2])
        yield day(found[1], "%y%m%d"), comma(found[4]) * (1 if found[3] == "C" else -1)


READERS: dict[str, Callable[[bytes], Iterator[Row]]] = {
    "split": split, "euro": euro, "bare": bare, "utf16": utf16, "us": us, "preamble": preamble, "french": french,
    "marked": marked, "ofx": ofx, "qfx": ofx, "camt053": camt, "camt052": camt, "camt054": camt, "mt940": mt940,
}  # fmt: skip


@pytest.mark.parametrize("code", ["090", "091", "092"])
@pytest.mark.parametrize(("name", "style"), ALL)
def test_every_line_is_in_the_file_on_its_day_with_its_amount(name: str, style: str, code: str) -> None:
    statement = month(code)
    read = READERS[style if name == "csv" else name]
    assert list(read(render(statement, name, style))) == rows_of(statement)
    assert len(statement.lines) > 3


def test_a_part_of_a_statement_begins_and_ends_with_its_own_balances() -> None:
    year = whole("090")
    first, second = LAST - timedelta(days=30), LAST - timedelta(days=10)
    earlier, later = year.between(year.first, first), year.between(first + timedelta(days=1), LAST)
    assert (earlier.opening, earlier.closing, later.closing) == (year.opening, later.opening, year.closing)
    assert earlier.lines + later.lines == year.lines
    assert [balance for _line, balance in later.balances()][-1] == later.closing
    overlap = year.between(second, LAST)
    assert overlap.lines == later.lines[-len(overlap.lines) :]
    assert year.between(date(1999, 1, 1), LAST) == year
    with pytest.raises(ValueError, match="covers"):
        year.between(LAST + timedelta(days=1), LAST + timedelta(days=2))


def test_the_balances_stand_where_each_format_has_a_place_for_them() -> None:
    statement = month("090")
    opening, closing = f"{statement.opening:.2f}", f"{statement.closing:.2f}"
    rows = table(render(statement, "csv", "preamble"), "utf-8")
    assert ["Opening Balance", opening] in rows
    assert ["Closing Balance", closing] in rows
    assert table(render(statement, "csv", "split"), "utf-8")[1][5] == closing
    assert comma(table(render(statement, "csv", "euro"), "cp1252", ";")[-1][8]) == statement.closing
    edges = table(render(statement, "csv", "marked"), "utf-8")
    assert (edges[1][3], edges[-1][3]) == (opening, closing)
    assert f"<LEDGERBAL>\r\n<BALAMT>{closing}\r\n".encode() in render(statement, "ofx", "sgml")
    for name, kinds in (("camt053", ["OPBD", "CLBD"]), ("camt052", ["OPBD", "ITBD"]), ("camt054", [])):
        tree = ElementTree.fromstring(render(statement, name))
        assert [e.text for e in tree.iterfind(".//{*}Bal/{*}Tp/{*}CdOrPrtry/{*}Cd")] == kinds
        assert [e.text for e in tree.iterfind(".//{*}Bal/{*}Amt")] == [opening, closing][: len(kinds)]
        assert {e.get("Ccy") for e in tree.iterfind(".//{*}Amt")} == {"NZD"}
    (plain,) = re.findall(r":60F:C\d{6}NZD([\d,]+)", render(statement, "mt940").decode())
    assert comma(plain) == statement.opening
    daily = render(statement, "mt940", "daily").decode()
    opened, closed = (re.findall(rf":{tag}:C(\d{{6}})NZD([\d,]+)", daily) for tag in ("60F", "62F"))
    assert [amount for _day, amount in opened[1:]] == [amount for _day, amount in closed[:-1]]
    assert len(opened) == len({line.day for line in statement.lines})
    assert re.findall(r":28C:(\d+)/1", daily) == [str(n) for n in range(1, len(opened) + 1)]


def test_an_overdrawn_account_and_an_empty_period_are_said() -> None:
    empty = Statement(
        "id", "1", "Account", "12", "Holder", "Bank", "NZD", LAST, LAST, Decimal("-9.50"), Decimal("-9.50"), ()
    )
    for name, style in ALL:
        assert list(READERS[style if name == "csv" else name](render(empty, name, style))) == []
    assert ":60F:D270105NZD9,50" in render(empty, "mt940", "daily").decode()
    assert b"<BALAMT>-9.50" in render(empty, "ofx")
    tree = ElementTree.fromstring(render(empty, "camt053"))
    assert [e.text for e in tree.iterfind(".//{*}Bal/{*}CdtDbtInd")] == ["DBIT", "DBIT"]


def test_no_text_breaks_out_of_its_field() -> None:
    """Delimiters, quotes, tags, field marks, accents and line ends in what a payer wrote."""
    text = 'A;B,"C"\t<D>&amp; ]]>\r\n:62F:C261120NZD9,99 \u20ac M\u0101nuka ?20X -} {4: =1+1'
    hostile = StatementLine(LAST, Decimal("-1.00"), text, f"-{text * 4}", text, ":86:" + text, "F1")
    statement = Statement("id", "1", "A", "12", "H", "B", "NZD", LAST, LAST, Decimal(5), Decimal(4), (hostile,))
    for name, style in ALL:
        data = render(statement, name, style)
        assert list(READERS[style if name == "csv" else name](data)) == [(LAST, Decimal("-1.00"))]
        if name == "mt940":
            lines = data.decode("ascii").split("\r\n")
            assert max(map(len, lines[1 if style == "daily" else 0 :])) <= 65
            assert sum(line.startswith(":62F:") for line in lines) == 1
            assert sum(line.startswith("-") for line in lines) == 1
        elif name in ("ofx", "qfx"):
            assert data.count(b"<D>") == 0
            assert data.count(b"\r\n:62F:") == 0


def test_a_line_keeps_the_banks_own_id_and_words() -> None:
    statement = month("090")
    fitids = [line.fitid for line in statement.lines]
    for style in FORMATS["ofx"]:
        assert re.findall(r"<FITID>(\d+)", render(statement, "ofx", style).decode("cp1252")) == fitids
        assert b"<INTU.BID>" in render(statement, "qfx", style)
        assert b"<INTU.BID>" not in render(statement, "ofx", style)
    for style in FORMATS["camt053"]:
        tree = ElementTree.fromstring(render(statement, "camt053", style))
        assert [e.findtext("{*}AcctSvcrRef") for e in tree.iterfind(".//{*}Ntry")] == fitids
        assert ["".join(u.text or "" for u in e.iterfind(".//{*}Ustrd")) for e in tree.iterfind(".//{*}Ntry")] == [
            line.narration for line in statement.lines
        ]
    ids = re.findall(r"^:61:.*//(\d+)\r$", render(statement, "mt940").decode(), re.MULTILINE)
    assert ids == fitids


def test_what_no_format_knows_is_refused() -> None:
    with pytest.raises(KeyError):
        render(month("091"), "pdf")
    with pytest.raises(KeyError):
        render(month("091"), "ofx", "split")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("home")
    SandboxHome(Home(directory), Clock()).reset(3, LAST).close()
    return directory


def statement_command(home: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "finchat", "sandbox", "statement", *arguments],
        env={"FINCHAT_HOME": str(home)}, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
    )  # fmt: skip


def test_the_command_writes_the_bytes_of_the_file_to_stdout(home: Path) -> None:
    done = statement_command(home, "--style", "utf16", "--account", "091", "--from", "2026-12-06")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == render(month("091"), "csv", "utf16")


def test_the_command_writes_a_file_of_the_last_month_and_says_so(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "statement.sta"
    done = statement_command(home, "--format", "MT940", "--out", str(file))
    assert done.returncode == 0
    assert file.read_bytes() == render(month("090"), "mt940")
    assert str(len(month("090").lines)).encode() in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "pdf"], "csv, ofx, qfx, camt053, camt052, camt054, mt940"),
        (["--style", "sgml"], "split, euro, bare"),
        (["--account", "200"], "091 Savings"),
        (["--from", "2027-01-05", "--to", "2027-01-01"], "before it begins"),
        (["--to", "2020-01-01"], "covers 2026-01-06 to 2027-01-05"),
    ],
)
def test_what_cannot_be_written_is_said_with_what_can(home: Path, arguments: list[str], said: str) -> None:
    done = statement_command(home, *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()


def test_the_accounts_without_a_feed_have_their_statement_files(home: Path) -> None:
    files = home / "sandbox" / "statements"
    assert sorted(file.name for file in files.iterdir()) == ["091.csv", "092.xml"]
    assert (files / "091.csv").read_bytes() == render(month("091"), "csv", "preamble")
    assert (files / "092.xml").read_bytes() == render(month("092"), "camt053")


def test_a_company_of_records_has_no_statements(tmp_path: Path) -> None:
    from tests.sandbox.company.test_home import recorded

    sandbox = SandboxHome(Home(tmp_path / "home"), Clock())
    sandbox.reset(3, LAST).close()
    sandbox.load(recorded(tmp_path / "records")).close()
    assert list(sandbox.statement_files.iterdir()) == []
    with pytest.raises(UsageError, match="no bank statements"):
        sandbox.statement()
