"""CSV files of real banks' habits that invite a wrong sign, date or line: read right, or asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from finchat.errors import UsageError
from tests.workflows.bank_files.files import Reader, bank, plain


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    one = Reader(tmp_path)
    yield one
    one.database.close()


def table(*rows: str) -> str:
    return "".join(row + "\n" for row in rows)


# A Brazilian bank's rows of balances have a date and an amount like every other row.
BALANCES_AT_THE_ENDS = table(
    '"Data","Dependencia Origem","Histórico","Data do Balancete","Número do documento","Valor",',
    '"30/10/2026","","Saldo Anterior","","0","1500.00",',
    '"03/11/2026","0000-0","Pix - Recebido","","31.101.000","250.00",',
    '"13/11/2026","0000-0","Tarifa Pacote de Serviços","","881.131.200","-12.50",',
    '"13/11/2026","","S A L D O","","0","1737.50",',
)
BALANCES_OF_EACH_DAY = table(
    "Data;Histórico;Documento;Valor",
    "03/11/2026;PIX RECEBIDO ANA;17;300,00",
    "03/11/2026;SALDO DO DIA;;1.300,00",
    "04/11/2026;PAGAMENTO LUZ;18;-120,50",
    "04/11/2026;SALDO DO DIA;;1.179,50",
    "16/11/2026;TARIFA;19;-19,90",
    "16/11/2026;SALDO DO DIA;;1.159,60",
)
BALANCES_WITHOUT_AN_AMOUNT = table(
    "data;lançamento;ag./origem;valor (R$);saldos (R$)",
    "30/10/2026;SALDO ANTERIOR;;;1.000,00",
    "03/11/2026;PIX TRANSF ANA;;300,00;",
    "03/11/2026;SALDO TOTAL DISPONÍVEL DIA;;;1.300,00",
    "16/11/2026;BOLETO PAGO ENEL;;-120,50;",
)
# The word and the sign say the same, but for a fee of nothing or a payment that came back.
SIGNED_WITH_A_WORD = table(
    "Date,Description,Type,Amount",
    "11/12/2026,Deposit ACME,Credit,500.00",
    "11/13/2026,GUSTO,Debit,-1200.00",
    "11/14/2026,Fee waived,Debit,0.00",
    "11/15/2026,GUSTO REVERSAL,Debit,1200.00",
    "11/16/2026,Rent,Debit,-900.00",
)
# "Receipt" is a picture of the bill, and empty; the money is in the last two columns.
RECEIPT_AND_MONEY_IN = table(
    "Transaction ID,Date,Type,Name,Amount,Currency,Local amount,Local currency,Receipt,Money Out,Money In",
    "tx1,12/11/2026,Card,Cafe,-9.10,EUR,-10.50,USD,,-9.10,",
    "tx2,16/11/2026,Transfer,Acme,500.00,EUR,500.00,EUR,,,500.00",
)
FEE_BESIDE_THE_AMOUNT = table(
    "Type,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance",
    "TOPUP,2026-11-03 10:00:00,2026-11-03 10:00:05,Top up,1000.00,0.00,EUR,COMPLETED,1000.00",
    "EXCHANGE,2026-11-04 10:00:00,2026-11-05 00:00:05,Exchanged,-100.00,1.00,EUR,COMPLETED,899.00",
    "CARD,2026-11-06 10:00:00,2026-11-08 09:00:05,Shop,-9.00,0.00,EUR,COMPLETED,890.00",
    "CARD,2026-11-09 10:00:00,,Shop,-9.00,0.00,EUR,PENDING,",
)
BOOKED_LATER = table(
    "Transaction Date,Post Date,Description,Category,Amount",
    "11/13/2026,11/16/2026,UBER,Travel,-23.40",
    "11/12/2026,11/13/2026,STAPLES,Office,-100.00",
)
PART_BEFORE_THE_AMOUNT = table(
    "Buchungstag;Verwendungszweck;Lastschrift Ursprungsbetrag;Beguenstigter;Betrag;Waehrung;Info",
    "16.11.26;Retoure;100,00;Kunde;-103,50;EUR;Umsatz gebucht",
    "05.11.26;RE 7;;Kunde AG;2500,00;EUR;Umsatz gebucht",
    "04.11.26;Karte;;Shop;-5,00;EUR;Umsatz vorgemerkt",
)
FOREIGN_BEFORE_THE_AMOUNT = table(
    "Date,Original amount,Original currency,Amount,Currency,Description",
    "16/11/2026,-10.50,USD,-9.10,EUR,CAFE",
    "17/11/2026,500.00,EUR,500.00,EUR,ACME",
)
NUMBERS_IN_THE_PREAMBLE = table(
    '"BLZ:";"12345678";;"Datum:";"20.11.2026"',
    '"Betrag in EUR:";;;"Sortiert nach:";"Buchungstag";"absteigend"',
    '"Buchungstag";"Valuta";"Empfänger";"Vorgang/Verwendungszweck";"Kundenreferenz";"Währung";"Umsatz";" "',
    '"16.11.2026";"16.11.2026";"Stadtwerke";"Abschlag";"";"EUR";"1.089,90";"S"',
    '"05.11.2026";"05.11.2026";"Kunde AG";"RE 7";"";"EUR";"2.500,00";"H"',
    '"01.11.2026";;;;"Anfangssaldo";"EUR";"1.000,00";"H"',
    '"20.11.2026";;;;"Endsaldo";"EUR";"2.410,10";"H"',
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (BALANCES_AT_THE_ENDS, ["2026-11-03 250.00", "2026-11-13 -12.50"]),
        (BALANCES_OF_EACH_DAY, ["2026-11-03 300.00", "2026-11-04 -120.50", "2026-11-16 -19.90"]),
        (BALANCES_WITHOUT_AN_AMOUNT, ["2026-11-03 300.00", "2026-11-16 -120.50"]),
        (
            SIGNED_WITH_A_WORD,
            ["2026-11-12 500.00", "2026-11-13 -1200.00", "2026-11-15 1200.00", "2026-11-16 -900.00"],
        ),
        (RECEIPT_AND_MONEY_IN, ["2026-11-12 -9.10", "2026-11-16 500.00"]),
        (FEE_BESIDE_THE_AMOUNT, ["2026-11-03 1000.00", "2026-11-05 -101.00", "2026-11-08 -9.00"]),
        (BOOKED_LATER, ["2026-11-13 -100.00", "2026-11-16 -23.40"]),
        (PART_BEFORE_THE_AMOUNT, ["2026-11-05 2500.00", "2026-11-16 -103.50"]),
        (FOREIGN_BEFORE_THE_AMOUNT, ["2026-11-16 -9.10", "2026-11-17 500.00"]),
        (NUMBERS_IN_THE_PREAMBLE, ["2026-11-05 2500.00", "2026-11-16 -1089.90"]),
    ],
)
def test_it_is_read_right(content: str, expected: list[str], reader: Reader) -> None:
    statement = reader.read(content)
    assert [f"{day} {amount}" for day, amount in plain(statement)] == expected
    assert statement.sound


def test_stated_balances_that_the_movements_do_not_make_are_said(reader: Reader) -> None:
    statement = reader.read(BALANCES_OF_EACH_DAY.replace("-120,50", "-129,50"))
    assert not statement.sound
    assert not reader.read(BALANCES_OF_EACH_DAY.replace("16/11/2026;SALDO DO DIA;;1.159,60\n", "").replace(
        "04/11/2026;SALDO DO DIA;;1.179,50\n", "")).sound  # fmt: skip


def test_a_row_that_only_reads_like_a_balance_is_a_movement_where_the_balance_says_so(reader: Reader) -> None:
    rows = table(
        "Fecha;Concepto;Importe;Saldo",
        "03/11/2026;PAGO CLIENTE;300,00;1.300,00",
        "14/11/2026;SALDO;-100,00;1.200,00",
        "16/11/2026;COMISION;-1,00;1.199,00",
    )
    assert [a for _, a in plain(reader.read(rows))] == ["300.00", "-100.00", "-1.00"]


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        (
            table("Date;Libellé;Montant", "16/11/2026;VIREMENT;2500,00", "31/11/2026;CB TOTAL;-50,00",
                  "17/11/2026;LOYER;-900,00"),
            "is not a date",
        ),
        (table("date,what,out,in", "08.11.04,power,12.50,", "08.11.04,shop,,25.00"), "no row decides it"),
        (
            table("Date,Description,Card Member,Amount", "11/16/2026,UBER,J DOE,23.40", "11/14/2026,SHOP,J DOE,100.00",
                  "11/13/2026,PAYMENT - THANK YOU,J DOE,-500.00"),
            "above zero",
        ),
        (
            table("Date,Text,DC,Amount", "16/11/2026,Rent,D,-9.00", "17/11/2026,Shop,D,10.00", "18/11/2026,Ann,C,1.00"),
            "below zero for as many rows as not",
        ),
        (table("Date,Amount A,Amount B,Text", "16/11/2026,-9.00,-8.00,x", "17/11/2026,10.00,9.00,y"), "the amount"),
    ],
)  # fmt: skip
def test_what_the_rows_leave_open_is_asked(content: str, asked: str, reader: Reader) -> None:
    with pytest.raises(UsageError, match=asked):
        reader.read(content)


def test_a_card_whose_charges_stand_above_zero_is_read_as_money_out_when_a_person_says_so(reader: Reader) -> None:
    content = table(
        "Date,Description,Card Member,Amount",
        "11/16/2026,UBER,J DOE,23.40",
        "11/14/2026,SHOP,J DOE,100.00",
        "11/13/2026,PAYMENT - THANK YOU,J DOE,-500.00",
    )
    read = reader.read(content, columns="date=Date,debit=Amount,narration=Description")
    assert [a for _, a in plain(read)] == ["500.00", "-100.00", "-23.40"]


def test_what_the_ledger_calls_a_credit_card_is_asked_about_whatever_the_header_says(tmp_path: Path) -> None:
    content = table(
        "Date,Description,Amount", "11/16/2026,UBER,23.40", "11/14/2026,SHOP,9.00", "11/13/2026,PAID,-50.00"
    )
    assert [a for _, a in plain(Reader(tmp_path).read(content))] == ["-50.00", "9.00", "23.40"]
    with pytest.raises(UsageError, match="above zero"):
        Reader(tmp_path, replace(bank("091"), card=True)).read(content)


def test_an_order_of_dates_that_no_row_showed_is_not_kept_for_the_next_file(reader: Reader) -> None:
    head = "Date,Description,Amount\n"
    reader.read(head + "11/11/2026,Rent,-900.00\n")
    with pytest.raises(UsageError, match="no row decides it"):
        reader.read(head + "11/05/2026,Foo,-10.00\n11/06/2026,Bar,-20.00\n")
    reader.read(head + "11/13/2026,Shop,-7.00\n")  # now a row has shown it
    read = reader.read(head + "11/05/2026,Foo,-10.00\n11/06/2026,Bar,-20.00\n")
    assert [day for day, _ in plain(read)] == ["2026-11-05", "2026-11-06"]


def test_a_file_that_contradicts_the_order_kept_is_asked_about(reader: Reader) -> None:
    head = "Date,Description,Amount\n"
    reader.read(head + "13/11/2026,Rent,-900.00\n")
    with pytest.raises(UsageError, match="earlier files wrote dates dmy"):
        reader.read(head + "11/12/2026,Foo,-10.00\n")  # the eleventh of December has not come
