"""The habits of banks in CSV: read right without a flag, or asked."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.errors import UsageError
from finchat.workflows.bank_files.amounts import NotANumber, decimal_mark, number
from finchat.workflows.bank_files.dates import Undecided, decide, read_all
from tests.workflows.bank_files.files import (
    CLOSING,
    EXPECTED,
    IBAN,
    MONTH,
    OPENING,
    TODAY,
    Answers,
    Move,
    Reader,
    bank,
    plain,
)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    one = Reader(tmp_path)
    yield one
    one.database.close()


def comma(cents: int) -> str:
    return f"{Decimal(abs(cents)) / 100:,.2f}".translate(str.maketrans(",.", ".,"))


def german() -> str:
    """Day first with points, decimal comma, semicolons, newest first, a preamble with the account, cp1252."""
    rows = [f"Kontoumsätze;;;;\nKonto;{IBAN};;;\n;;;;\n"]
    rows.append("Buchungstag;Wertstellung;Beguenstigter/Zahlungspflichtiger;Verwendungszweck;Betrag;Währung\n")
    for m in reversed(MONTH):
        who = m.who.replace("Łódź", "Lodz")  # which Windows-1252 lacks
        rows.append(
            f"{m.day:%d.%m.%y};{m.day:%d.%m.%Y};{who};{m.text};{'-' if m.cents < 0 else ''}{comma(m.cents)};EUR\n"
        )
    return "".join(rows)


def british() -> str:
    """Day first with strokes, money out and in apart, a running balance, thousands with a comma, quoted."""
    balance, rows = OPENING, ["Date,Type,Description,Paid out,Paid in,Balance\n"]
    for m in MONTH:
        balance += m.cents
        out, in_ = (f'"{abs(m.cents) / 100:,.2f}"', "") if m.cents < 0 else ("", f'"{m.cents / 100:,.2f}"')
        rows.append(f'{m.day:%d/%m/%Y},FPI,"{m.who} {m.text}",{out},{in_},"{balance / 100:,.2f}"\n')
    return "".join(rows)


def bare() -> str:
    """No header, tabs, amount and balance, apostrophes for thousands; written as UTF-16."""
    balance, rows = OPENING, []
    for m in MONTH:
        balance += m.cents
        value = f"{m.cents / 100:,.2f}".replace(",", "'")
        rows.append(f"{m.day:%d-%m-%Y}\t{m.who}\t{m.text}\t{value}\t{balance / 100:.2f}\n")
    return "".join(rows)


@pytest.mark.parametrize(
    ("written", "encoding"),
    [(german, "cp1252"), (british, "utf-8"), (british, "utf-8-sig"), (bare, "utf-16"), (bare, "utf-16-le")],
)
def test_the_month_of_each_bank_is_read_right_without_a_flag(
    written: Callable[[], str], encoding: str, reader: Reader
) -> None:
    statement = reader.read(written(), encoding=encoding)
    assert sorted(plain(statement)) == sorted(EXPECTED)
    assert "Café Zoë" in " ".join(x.payee + x.narration for x in statement.lines)
    assert len({x.id for x in statement.lines}) == len(MONTH)  # the twins are two
    assert statement.sound
    if written is not german:
        assert (statement.opening, statement.closing) == (Decimal(OPENING) / 100, Decimal(CLOSING) / 100)


def test_the_columns_are_what_their_headers_say(reader: Reader) -> None:
    said = [(x.payee, x.narration, x.reference) for x in reader.read(german(), encoding="cp1252").lines]
    assert ("Müller & Söhne GmbH", "RE-1001", "") in said


@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("Date,Description,Amount,Dr/Cr", "2026-11-03,A,10.00,DR", "2026-11-14,B,20.00,CR"),
        ("Datum,Omschrijving,Af Bij,Bedrag (EUR)", '20261103,A,Af,"10,00"', '20261114,B,Bij,"20,00"'),
        ("Date,Text,Debit,Credit", "03 Nov 2026,A,10.00,", "14 Nov 2026,B,,20.00"),
        ("Date,Text,Debit,Credit", "03 Nov 2026,A,-10.00,0.00", "14 Nov 2026,B,0.00,20.00"),
        ("Fecha,Concepto,Importe", "3/11/2026,A,(10.00)", "14/11/2026,B,20.00"),
        ("Data,Causale,Importo", "03/11/26,A,10.00-", "14/11/26,B,20.00"),
        ("Date,Memo,Amount", "11/3/2026,A,$-10.00", "11/14/2026,B,$20.00"),
        ("Date,Memo,Amount", '2026-11-03T08:00:00,A,"-10,00 EUR"', '2026-11-14T09:30:00,B,"20,00 EUR"'),
        ("Date;Memo;Amount", "3 novembre 2026;A;-10,00", "14 novembre 2026;B;20,00"),
    ],
)
def test_signs_dates_and_amounts_of_every_habit(header: str, first: str, second: str, reader: Reader) -> None:
    statement = reader.read(f"{header}\n{first}\n{second}\n")
    assert plain(statement) == [("2026-11-03", "-10.00"), ("2026-11-14", "20.00")]


UNDECIDED = "Date,Description,Amount\n03/11/2026,A,-10.00\n04/11/2026,B,20.00\n"


def test_dates_that_no_row_decides_are_asked_and_the_answer_is_remembered(reader: Reader) -> None:
    with pytest.raises(UsageError, match="3 November 2026 or 11 March 2026") as refused:
        reader.read(UNDECIDED)
    assert refused.value.exit_code == 2
    assert "--csv-dates" in (refused.value.next or "")
    person = Answers(order="dmy")
    assert plain(reader.read(UNDECIDED, person=person))[0] == ("2026-11-03", "-10.00")
    assert person.asked == ["dates", "columns"]
    later = "Date,Description,Amount\n05/12/2026,A,-10.00\n06/12/2026,B,20.00\n"
    assert plain(reader.read(later))[0][0] == "2026-12-05"  # nobody is asked again
    assert plain(reader.read(later, dates="mdy"))[0][0] == "2026-05-12"  # the flag changes it


def test_a_flag_answers_what_would_be_asked(reader: Reader) -> None:
    assert plain(reader.read(UNDECIDED, dates="mdy"))[0][0] == "2026-03-11"


def test_unsigned_amounts_are_asked_for_never_taken_for_receipts(reader: Reader) -> None:
    text = "Date,Description,Amount\n2026-11-03,A,10.00\n2026-11-04,B,20.00\n"
    with pytest.raises(UsageError, match="no amount is negative"):
        reader.read(text)
    named = reader.read(text, columns="date=Date,amount=3,narration=Description")
    assert [amount for _, amount in plain(named)] == ["10.00", "20.00"]


UNSIGNED = "03/11/2026,A,10.00,90.00\n14/11/2026,B,20.00,110.00\n15/11/2026,C,5.00,105.00\n"


def test_a_running_balance_gives_unsigned_amounts_their_sign_where_its_beginning_is_known(reader: Reader) -> None:
    with pytest.raises(UsageError, match=r"line 2, amount: nothing says whether '10.00' came in or went out"):
        reader.read("Date,Memo,Amount,Balance\n" + UNSIGNED)
    known = reader.read("Opening balance,100.00\nDate,Memo,Amount,Balance\n" + UNSIGNED)
    assert [amount for _, amount in plain(known)] == ["-10.00", "20.00", "-5.00"]


def test_a_no_to_the_mapping_reads_nothing_and_remembers_nothing(reader: Reader) -> None:
    with pytest.raises(UsageError, match="was not read"):
        reader.read(british(), person=Answers(right=False))
    assert reader.memory.files("id-090") == ()
    person = Answers()
    reader.read(british(), person=person)
    reader.read(british(), person=person)
    assert person.asked == ["columns"]  # once, on first use


def test_a_column_that_is_not_there_is_named_with_those_that_are(reader: Reader) -> None:
    with pytest.raises(UsageError, match="no single column 'Summe'") as refused:
        reader.read(british(), columns="date=Date,amount=Summe")
    assert "Paid out" in (refused.value.next or "")


@pytest.mark.parametrize("flag", ["date", "nonsense=1", "date=", "date=1+2"])
def test_a_mapping_that_is_none_is_refused(flag: str, reader: Reader) -> None:
    with pytest.raises(UsageError) as refused:
        reader.read(british(), columns=flag)
    assert refused.value.field == "--csv-columns"


def test_rows_around_the_movements_say_the_balances_and_are_no_movements(reader: Reader) -> None:
    text = (
        "My Bank\nAccount,12-3456-7890123-00\nOpening Balance,100.00\nClosing Balance,110.00\n\nDate,Details,Amount\n"
        "03/11/2026,A,-10.00\n14/11/2026,B,20.00\nTotal,,10.00\n"
    )
    statement = reader.read(text)
    assert (statement.opening, statement.closing) == (Decimal(100), Decimal(110))
    assert len(statement.lines) == 2
    dated = "Date,Text,Amount\n03-11-26,OPENING BALANCE,100.00\n03-11-26,A,-10.00\n14-11-26,CLOSING BALANCE,90.00\n"
    again = reader.read(dated, dates="dmy")
    assert (again.opening, again.closing, len(again.lines)) == (Decimal(100), Decimal(90), 1)


def test_a_row_that_cannot_be_read_is_named_by_its_line(reader: Reader) -> None:
    with pytest.raises(UsageError, match=r"line 3, date"):
        reader.read("Date,Description,Amount\n2026-11-03,A,-10.00\nsoon,B,20.00\n2026-11-05,C,1.00\n")
    with pytest.raises(UsageError, match=r"line 3, amount"):
        reader.read("Date,Description,Amount\n2026-11-03,A,-10.00\n2026-11-04,B,many\n2026-11-05,C,1.00\n" + ROWS)


ROWS = "".join(f"2026-11-{n:02},X,1.00\n" for n in range(6, 28))


def test_rows_that_are_pending_are_left_out_and_said(reader: Reader) -> None:
    text = "Date,Description,Amount,Status\n2026-11-03,A,-10.00,Booked\n2026-11-04,B,20.00,Pending\n"
    statement = reader.read(text)
    assert (len(statement.lines), [f.code for f in statement.findings]) == (1, ["statement_pending"])


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1.234,56", "1234.56"), ("-1'234.50", "-1234.50"), ("(12,30)", "-12.30"), ("12.30-", "-12.30"),
        ("1 234,5 EUR", "1234.5"), ("€ 12,00", "12.00"), ("12.00CR", "12.00"), ("12,00 S", "-12.00"),
        ("1,23,456.78", "123456.78"), ("−5,00", "-5.00"), (".50", "0.50"), ("1,234", "1234"), ("-$5.00", "-5.00"),
    ],
)  # fmt: skip
def test_an_amount_however_it_is_written(cell: str, value: str) -> None:
    assert number(cell, decimal_mark([cell])) == Decimal(value)


@pytest.mark.parametrize("cell", ["", "abc", "1.2.3", "--5", "1e5", "NaN", "12-11-2026", "+5.0 DR", "1,23", "9" * 40])
def test_what_is_no_amount_is_refused(cell: str) -> None:
    with pytest.raises(NotANumber):
        number(cell, ".")


@given(
    st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=8), st.sampled_from([",.", ".,", "', ", " ,", "',"])
)
def test_amounts_written_in_any_style_are_read_back_exactly(cents: list[int], style: str) -> None:
    thousands, point = style[0], "," if style[1] == " " else style[1]
    cells = [f"{Decimal(c) / 100:,.2f}".replace(",", "T").replace(".", point).replace("T", thousands) for c in cents]
    mark = decimal_mark(cells)
    assert [number(cell, mark) for cell in cells] == [Decimal(c) / 100 for c in cents]


@given(
    st.lists(st.dates(dt.date(2026, 1, 1), TODAY), min_size=1, max_size=30), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"])
)
def test_dates_are_read_right_or_asked_never_wrong(days: list[dt.date], style: str) -> None:
    cells = [f"{d:{style}}" for d in sorted(days)]
    try:
        order = decide(cells, today=TODAY)
    except Undecided:
        assert all(d.day <= 12 for d in days)  # a day above twelve decides
        return
    assert read_all(cells, order) == sorted(days)


def test_a_file_of_another_account_or_currency_is_refused(tmp_path: Path) -> None:
    reader = Reader(tmp_path, bank("090", number="NL91ABNA0417164300"), bank("091", number=IBAN), bank("092", "USD"))
    assert reader.read(german(), encoding="cp1252").account_id == "id-091"
    with pytest.raises(UsageError, match="is of account 091"):
        reader.read(german(), encoding="cp1252", account="090")
    with pytest.raises(UsageError, match="does not say which bank account") as refused:
        reader.read(british())
    assert "090 Bank 090" in (refused.value.next or "")
    with pytest.raises(UsageError, match="holds 9 lines of 091 Bank 091, not of 090") as refused:
        reader.read(british(), account="090")
    assert "--account 091" in (refused.value.next or "")
    assert reader.memory.forget_file(hashlib.sha256(german().encode("cp1252")).hexdigest()) == ("id-091",)
    assert reader.read(british(), account="090").account_id == "id-090"
    reader.memory.forget()
    person = Answers(account="091")
    assert reader.read(british().replace("FPI", "DD"), person=person).account_id == "id-091"
    with pytest.raises(UsageError, match="is in EUR; account 092"):
        reader.read("Date,Amount,Currency,Text\n2026-11-03,-1.00,EUR,A\n", account="092")
    reader.database.close()


def test_a_reading_no_person_has_seen_is_shown_once_at_a_terminal(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.read(british())
    person = Answers()
    reader.read(british(), person=person)
    reader.read(british())
    reader.read(british(), person=person)
    assert person.asked == ["columns"]
    reader.database.close()


def test_a_header_without_rows_is_a_time_without_movements(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    statement = reader.read("Date,Description,Amount\n")
    assert (statement.lines, statement.sound, statement.findings) == ((), True, ())
    with pytest.raises(UsageError, match=r"\.txt holds no rows of movements"):
        reader.read("Name,Town\nA,B\n")
    with pytest.raises(UsageError, match=r"pdf\.csv is a spreadsheet or PDF$"):
        reader.read(b"%PDF-1.7 ...", name="pdf.csv")
    reader.database.close()


def test_lines_of_a_move_hold_both_names() -> None:
    assert Move(dt.date(2026, 11, 1), -5, "A", "B").amount == "-0.05"
