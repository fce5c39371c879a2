"""One month in OFX, QFX, CAMT and MT940: the same lines, once, whatever comes first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from finchat.errors import UsageError
from tests.workflows.bank_files.files import (
    CLOSING,
    EXPECTED,
    IBAN,
    MONTH,
    OPENING,
    Reader,
    bank,
    camt,
    day,
    mt940,
    ofx,
    plain,
)  # fmt: skip

CSV = "Date,Payee,Description,Amount\n" + "".join(f'{m.day:%d/%m/%Y},"{m.who}","{m.text}",{m.amount}\n' for m in MONTH)
FILES = {
    "ofx": ofx(),
    "qfx": ofx(xml=True).replace("<OFX>", "<OFX><SIGNONMSGSRSV1><SONRS><INTU.BID>3000</SONRS></SIGNONMSGSRSV1>"),
    "camt.053.001.02": camt(version="053.001.02"),
    "camt.053.001.08": camt(),
    "camt.052.001.06": camt(version="052.001.06"),
    "camt.054.001.08": camt(version="054.001.08"),
    "mt940": mt940(),
}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    one = Reader(tmp_path, bank("090", number=IBAN), bank("091", number="NL91ABNA0417164300"))
    yield one
    one.database.close()


@pytest.mark.parametrize("name", FILES)
def test_each_format_gives_the_lines_of_the_month_and_finds_its_account(name: str, reader: Reader) -> None:
    statement = reader.read(FILES[name], name="download.txt")  # its content says what it is, not its suffix
    assert sorted(plain(statement)) == sorted(EXPECTED)
    assert (statement.account_id, statement.sound, statement.findings) == ("id-090", True, ())
    assert {x.payee for x in statement.lines} == {m.who for m in MONTH}
    assert all(m.text in {x.narration.removeprefix("BUCHUNG ") for x in statement.lines} for m in MONTH)
    if "054" not in name:
        assert (statement.opening, statement.closing) == (Decimal(OPENING) / 100, Decimal(CLOSING) / 100)


@pytest.mark.parametrize("order", list(itertools.permutations(["ofx", "camt.053.001.08", "mt940", "csv"]))[::3])
def test_a_line_is_one_line_in_whatever_order_its_files_come(order: tuple[str, ...], reader: Reader) -> None:
    ids: list[set[str]] = []
    for name in order:
        statement = reader.read({**FILES, "csv": CSV}[name], account="090")
        ids.append({x.id for x in statement.lines})
    assert all(i == ids[0] for i in ids)
    assert len(ids[0]) == len(MONTH)


def test_every_name_a_line_had_is_kept(reader: Reader) -> None:
    reader.read(CSV, account="090")
    twins = [x for x in reader.read(FILES["ofx"]).lines if x.amount == 49]
    names = [set(x.fingerprints) for x in twins]
    assert not names[0] & names[1]
    assert all(any(p.startswith("fitid:") for p in n) and any(p.startswith("hash:") for p in n) for n in names)


def test_the_pages_of_an_mt940_statement_are_one_and_must_follow_each_other(reader: Reader) -> None:
    first, second = MONTH[:4], MONTH[4:]
    between = OPENING + sum(m.cents for m in first)
    pages = mt940(first) + mt940(second, opening=between)
    statement = reader.read(pages)
    assert (len(statement.lines), statement.sound) == (len(MONTH), True)
    torn = reader.read(mt940(first) + mt940(second, opening=between + 1))
    assert not torn.sound
    assert torn.findings[0].code == "statement_does_not_add_up"


def test_pending_entries_are_left_out_and_reversals_go_the_way_they_say(reader: Reader) -> None:
    pending = camt().replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts><Cd>PDNG</Cd></Sts>", 1)
    pending = pending.replace(f"{Decimal(CLOSING) / 100:.2f}", f"{Decimal(CLOSING - MONTH[0].cents) / 100:.2f}")
    statement = reader.read(pending)
    assert len(statement.lines) == len(MONTH) - 1
    assert [f.code for f in statement.findings] == ["statement_pending"]
    reversal = ":61:2611021102RC12,00NTRFNONREF//R1\n:86:Storno\n:61:2611021102RD5,00NTRFNONREF//R2\n:86:Storno\n"
    text = f":20:X\n:25:{IBAN}\n:28C:1\n:60F:C261101EUR100,00\n{reversal}:62F:C261102EUR93,00\n-}}\n"
    assert plain(reader.read(text)) == [("2026-11-02", "-12.00"), ("2026-11-02", "5.00")]


def test_a_batch_entry_is_one_line_that_names_what_it_sums(reader: Reader) -> None:
    parts = "".join(
        f"<TxDtls><RltdPties><Dbtr><Nm>Payer {n}</Nm></Dbtr></RltdPties>"
        f"<RmtInf><Ustrd>INV {n}</Ustrd></RmtInf></TxDtls>"
        for n in (1, 2)
    )
    entry = (
        '<Ntry><Amt Ccy="EUR">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
        "<BookgDt><Dt>2026-11-03</Dt></BookgDt>"
        f"<NtryDtls>{parts}</NtryDtls></Ntry>"
    )
    text = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt><Acct><Id>'
        f"<IBAN>{IBAN}</IBAN></Id></Acct>{entry}</Stmt></BkToCstmrStmt></Document>"
    )
    (line,) = reader.read(text).lines
    assert (line.amount, line.narration) == (Decimal(30), "INV 1 Payer 1 INV 2 Payer 2")


def test_several_accounts_of_one_file_become_a_statement_each(reader: Reader) -> None:
    both = camt().replace("</BkToCstmrStmt></Document>", "")
    other = camt(MONTH[:2], number="NL91ABNA0417164300").partition("</GrpHdr>")[2]
    path = reader.write(both + other)
    found = reader.read_paths(path)
    assert [(s.account_id, len(s.lines)) for s in found] == [("id-090", len(MONTH)), ("id-091", 2)]
    (only,) = reader.read_paths(path, account="091")
    assert only.account_id == "id-091"


def test_a_file_of_an_account_the_ledger_lacks_is_refused(reader: Reader) -> None:
    with pytest.raises(UsageError, match="which is no bank account of the ledger"):
        reader.read(ofx(number="DE02120300000000202051"))
    with pytest.raises(UsageError, match="is of account 090"):
        reader.read(ofx(), account="091")
    with pytest.raises(UsageError, match="is in USD; account 090"):
        reader.read(ofx(currency="USD"))


def test_an_mt940_line_without_a_type_is_refused_as_the_library_would_lose_it(reader: Reader) -> None:
    text = f":20:X\n:25:{IBAN}\n:28C:1\n:60F:C261101EUR0,00\n:61:261102C5,00\n:61:261102C6,00\n:62F:C261102EUR11,00\n"
    with pytest.raises(UsageError, match="without a transaction type"):
        reader.read(text)


def test_the_text_after_the_closing_balance_is_of_no_line(reader: Reader) -> None:
    text = mt940().replace("\r\n-\r\n", "\r\n:86:/SUM/9/0/\r\n-\r\n")
    assert all("SUM" not in x.narration for x in reader.read(text).lines)


def test_what_banks_write_into_the_information_field_is_taken_apart(reader: Reader) -> None:
    coded = ":61:2611031103C12,00NTRFEREF//1\n:86:/EREF/E-1//IBAN/NL20INGB0001234567/NAME/A Company/REMI/USTD//INV 9/\n"
    free = ":61:2611041104D1,00NCHGNONREF//2\n:86:MONTHLY FEE " + "X" * 53 + "\nYZ and more\n"
    text = f":20:X\n:25:{IBAN}\n:28C:1\n:60F:C261101EUR0,00\n{coded}{free}:62F:C261104EUR11,00\n-\n"
    first, second = reader.read(text).lines
    assert (first.payee, first.counterparty_account, first.reference) == ("A Company", "NL20INGB0001234567", "E-1")
    assert "INV 9" in first.narration
    assert second.narration.endswith("XYZ and more")  # a full line was cut in the middle of a word


def test_ofx_in_windows_letters_and_with_a_decimal_comma(reader: Reader) -> None:
    text = ofx(MONTH[:3]).replace("ENCODING:UNICODE\nCHARSET:NONE", "ENCODING:USASCII\nCHARSET:1252")
    text = text.replace("<TRNAMT>1234.50", "<TRNAMT>1234,50").replace("<TRNAMT>-89.90", "<TRNAMT>-89,90")
    text = text.replace("<TRNAMT>49.00", "<TRNAMT>49,00").replace("6193.60", "6193,60")
    statement = reader.read(text, encoding="cp1252")
    assert statement.lines[-1].payee == "Café Zoë"
    assert sorted(plain(statement)) == sorted(EXPECTED[:3])


def test_a_card_statement_is_one_too(reader: Reader) -> None:
    text = ofx(MONTH[:2]).replace("STMTRS", "CCSTMTRS").replace("BANKACCTFROM", "CCACCTFROM")
    assert len(reader.read(text).lines) == 2


def test_the_day_is_the_banks_own(reader: Reader) -> None:
    late = ofx(MONTH[:2]).replace("20261102120000.000[+1:CET]", "20261102235959.000[+13:NZDT]")
    assert {x.date for x in reader.read(late).lines} == {day(2)}


def test_three_places_in_ofx_are_no_thousands(reader: Reader) -> None:
    rows = "".join(
        f"<STMTTRN><DTPOSTED>2026110{n}<TRNAMT>{amount}<FITID>{n}<NAME>A</STMTTRN>"
        for n, amount in enumerate(("-50.000", "15.500", "1200.250"), 2)
    )
    content = (
        f"OFXHEADER:100\n\n<OFX><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>{IBAN}</BANKACCTFROM>"
        f"<BANKTRANLIST>{rows}</BANKTRANLIST></STMTRS></OFX>"
    )
    assert [a for _, a in plain(reader.read(content))] == ["-50.00", "15.50", "1200.25"]
