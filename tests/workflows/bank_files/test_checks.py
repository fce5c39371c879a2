"""What is said of a file before anything is proposed from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from finchat.errors import UsageError
from tests.workflows.bank_files.files import CLOSING, IBAN, MONTH, OPENING, Reader, bank, camt, mt940, ofx


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    one = Reader(tmp_path, bank("090", number=IBAN))
    yield one
    one.database.close()


def codes(reader: Reader, text: str | bytes) -> list[str]:
    return [f.code for f in reader.read(text, account="090").findings]


def test_a_file_that_does_not_add_up_says_by_how_much(reader: Reader) -> None:
    short = camt().replace(f"{Decimal(CLOSING) / 100:.2f}", f"{Decimal(CLOSING + 1234) / 100:.2f}")
    statement = reader.read(short)
    (finding,) = statement.findings
    assert (finding.code, finding.severity, finding.amount) == ("statement_does_not_add_up", "error", Decimal("12.34"))
    assert not statement.sound


def test_a_missing_row_breaks_the_running_balance_at_the_line_after_it(reader: Reader) -> None:
    balance, rows = OPENING, ["Date,Description,Amount,Balance\n"]
    for m in MONTH:
        balance += m.cents
        rows.append(f"{m.day},{m.text},{m.amount},{balance / 100:.2f}\n")
    del rows[5]
    for order in (rows, [rows[0], *rows[:0:-1]]):
        statement = reader.read("".join(order))
        assert not statement.sound
        assert "breaks at line" in statement.findings[0].text
    assert reader.read("".join(rows)).findings[0].text.endswith("less than the row before leaves")


def test_rows_in_any_order_still_add_up(reader: Reader) -> None:
    balance, rows = OPENING, []
    for m in MONTH:
        balance += m.cents
        rows.append(f"{m.day},{m.text},{m.amount},{balance / 100:.2f}\n")
    mixed = rows[1::2] + rows[::2]
    statement = reader.read("Date,Description,Amount,Balance\n" + "".join(mixed))
    assert (statement.sound, statement.opening, statement.closing) == (
        True, Decimal(OPENING) / 100, Decimal(CLOSING) / 100,
    )  # fmt: skip


def test_a_file_read_before_and_one_that_overlaps_are_told(reader: Reader) -> None:
    assert codes(reader, ofx()) == []
    assert codes(reader, ofx()) == ["statement_read_before"]
    assert codes(reader, mt940()) == ["statement_overlap"]


def test_money_or_days_that_no_file_shows_are_a_gap(reader: Reader) -> None:
    first, second, third = MONTH[:3], MONTH[4:6], MONTH[6:]
    assert codes(reader, mt940(first).replace("261130", "261105")) == []
    missing = OPENING + sum(m.cents for m in MONTH[:4])
    found = reader.read(
        mt940(second, opening=missing).replace("261130", "261113").replace(":60F:C261101", ":60F:C261108")
    )
    assert [(f.code, f.amount) for f in found.findings] == [("statement_gap", Decimal("49.00"))]
    whole = missing + sum(m.cents for m in second)
    assert codes(reader, mt940(third, opening=whole)) == []


def test_days_are_a_gap_where_no_balance_bridges_them(reader: Reader) -> None:
    rows = [f"{m.day},{m.text},{m.amount}\n" for m in MONTH]
    head = "Date,Description,Amount\n"
    assert codes(reader, head + "".join(rows[:2])) == []
    assert codes(reader, head + "".join(rows[6:])) == ["statement_gap"]


def test_a_day_on_which_two_files_meet_is_told_where_only_the_text_tells_lines_apart(reader: Reader) -> None:
    head = "Date,Description,Amount\n"
    assert codes(reader, head + "2026-11-03,A,-1.00\n2026-11-04,COFFEE,-4.90\n") == []
    found = codes(reader, head + "2026-11-04,COFFEE,-4.90\n2026-11-04,LATE,-2.00\n2026-11-05,B,-1.00\n")
    assert found == ["statement_overlap", "statement_cut_day"]


def test_an_mt940_without_its_closing_balance_was_cut_short(reader: Reader) -> None:
    whole = mt940()
    statement = reader.read(whole[: whole.index(":62F:")])
    assert [(f.code, f.severity) for f in statement.findings] == [("statement_cut_short", "error")]
    assert not statement.sound
    assert reader.read(whole).sound


def test_one_id_with_two_amounts_in_two_files_is_said_and_never_certain(reader: Reader) -> None:
    reader.read(ofx())
    changed = reader.read(ofx().replace("<TRNAMT>-89.90", "<TRNAMT>-98.90"))
    (finding,) = [f for f in changed.findings if f.code == "statement_id_conflict"]
    assert finding.severity == "error"
    assert "98.90 EUR out on 2026-11-02" in finding.text
    assert "89.90 EUR out on 2026-11-02" in finding.text
    (line,) = [x for x in changed.lines if x.amount == Decimal("98.90")]
    assert changed.doubtful == {line.id}
    moved = reader.read(ofx().replace("<DTPOSTED>20261109", "<DTPOSTED>20261123"))
    assert "statement_id_conflict" in [f.code for f in moved.findings]


def test_lines_the_feed_has_shown_are_no_repeat_of_a_file(reader: Reader) -> None:
    rows = [
        {"id": f"f{n}", "date": m.day.isoformat(), "type": "RECEIVE" if m.cents > 0 else "SPEND",
         "amount": m.amount.lstrip("-"), "payee": m.who, "narration": m.text}
        for n, m in enumerate(MONTH)
    ]  # fmt: skip
    feed = reader.write(json.dumps({"account_code": "090", "currency": "EUR", "lines": rows}), "feed.json")
    (statement,) = reader.read_paths(reader.write(mt940()), account="090", feed=feed)
    assert [f.text.partition(" of the 9 lines ")[0] for f in statement.findings] == ["9"]
    assert statement.findings[0].text.endswith("are lines of the bank feed")
    reader.accounts = {**reader.accounts, "id-091": bank("091")}
    rows_of_it = "Date,Payee,Description,Amount\n" + "".join(f"{m.day},{m.who},{m.text},{m.amount}\n" for m in MONTH)
    with pytest.raises(UsageError, match="of 090 Bank 090, not of 091"):
        reader.read_paths(reader.write(rows_of_it), account="091", feed=feed)


def test_one_id_on_two_rows_is_said_and_stays_one_movement(reader: Reader) -> None:
    doubled = ofx(MONTH[:2])
    row = doubled[doubled.index("<STMTTRN>") : doubled.index("</STMTTRN>") + 11]
    statement = reader.read(doubled.replace(row, row + row, 1))
    assert "statement_duplicates" in [f.code for f in statement.findings]
    prints = [set(x.fingerprints) for x in statement.lines if x.amount == Decimal("1234.50")]
    assert prints[0] == prints[1]


def test_letters_that_were_lost_before_are_said(reader: Reader) -> None:
    assert codes(reader, "Date,Description,Amount\n2026-11-03,Caf\ufffd,-1.00\n") == ["statement_encoding"]


def test_what_a_wrong_reading_said_is_gone_when_the_file_is_read_again(reader: Reader) -> None:
    text = "Date,Description,Amount\n03/11/2026,A,-10.00\n04/11/2026,B,20.00\n"
    reader.read(text, dates="mdy")
    again = reader.read(text, dates="dmy")
    assert [x.date.month for x in again.lines] == [11, 11]
    known = reader.memory.lines("id-090", again.first.replace(month=1), again.last)
    assert {k.line.date.month for k in known} == {11}


def test_what_is_remembered_can_be_forgotten(reader: Reader) -> None:
    reader.read(ofx())
    reader.memory.forget()
    assert codes(reader, ofx()) == []
