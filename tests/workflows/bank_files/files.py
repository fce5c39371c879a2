"""Statement files written by hand, and the road that reads them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path

from finchat.books.documents import Account
from finchat.store.database import Database
from finchat.workflows.bank_files.csv_columns import Columns, Doubt
from finchat.workflows.bank_files.csv_table import Table
from finchat.workflows.bank_files.dates import Order
from finchat.workflows.bank_files.imported import Imported
from finchat.workflows.bank_files.statement import FileStatement, Statement
from finchat.workflows.statements import read_statements, wish

TODAY = dt.date(2026, 12, 3)
IBAN = "DE89370400440532013000"
OTHER_IBAN = "NL91ABNA0417164300"


def bank(code: str = "090", currency: str = "EUR", number: str = "") -> Account:
    return Account(id=f"id-{code}", code=code, name=f"Bank {code}", kind="bank", currency=currency, bank_account=number)


@dataclass
class Answers:
    """A person who answers as told and remembers what was asked."""

    order: Order | None = None
    right: bool = True
    account: str | None = None

    def __post_init__(self) -> None:
        self.asked: list[str] = []

    async def which_dates(self, table: Table, doubt: Doubt) -> Order | None:
        self.asked.append("dates")
        return self.order

    async def which_account(self, path: Path, accounts: Sequence[Account]) -> str | None:
        self.asked.append("account")
        return self.account

    async def columns_right(self, table: Table, columns: Columns, read: FileStatement) -> bool:
        self.asked.append("columns")
        return self.right


class Reader:
    """One organisation's memory of statements, and files to read into it."""

    def __init__(self, directory: Path, *accounts: Account) -> None:
        self.directory = directory
        self.accounts: Mapping[str, Account] = {a.id: a for a in accounts or (bank(),)}
        self._names = count(1)
        self.database = Database(directory / "state.sqlite3", durable=False)
        self.memory = Imported(self.database, "org")

    def write(self, content: str | bytes, name: str = "", encoding: str = "utf-8") -> Path:
        path = self.directory / (name or f"statement{next(self._names)}.txt")
        path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        return path

    def read_paths(
        self,
        *paths: Path,
        account: str | None = None,
        dates: str | None = None,
        columns: str | None = None,
        person: Answers | None = None,
        feed: Path | None = None,
    ) -> tuple[Statement, ...]:
        return asyncio.run(
            read_statements(
                wish(paths, account, dates, columns),
                self.accounts,
                memory=self.memory,
                today=TODAY,
                now=dt.datetime(2026, 12, 3, 9, tzinfo=dt.UTC),
                person=person,
                feed=feed,
            )
        ).statements

    def read(
        self,
        content: str | bytes,
        *,
        encoding: str = "utf-8",
        name: str = "",
        account: str | None = None,
        dates: str | None = None,
        columns: str | None = None,
        person: Answers | None = None,
    ) -> Statement:
        path = self.write(content, name, encoding)
        (one,) = self.read_paths(path, account=account, dates=dates, columns=columns, person=person)
        return one


Plain = tuple[str, str]


def plain(statement: Statement) -> list[Plain]:
    """Day and signed amount of each line, by day."""
    return [(x.date.isoformat(), f"{x.amount if x.direction == 'receive' else -x.amount}") for x in statement.lines]


@dataclass(frozen=True)
class Move:
    """One movement of a made-up month: cents, positive when money comes in."""

    day: dt.date
    cents: int
    who: str
    text: str

    @property
    def amount(self) -> str:
        return f"{Decimal(self.cents) / 100:.2f}"


def day(n: int) -> dt.date:
    return dt.date(2026, 11, n)


# A month with a pair of twins, an empty text, letters of several languages and days on both sides of the twelfth.
MONTH = (
    Move(day(2), 123450, "Müller & Söhne GmbH", "RE-1001"),
    Move(day(2), -8990, "Stadtwerke", "Strom Nov"),
    Move(day(5), 4900, "Café Zoë", "INV 77"),
    Move(day(5), 4900, "Café Zoë", "INV 77"),
    Move(day(9), -120000, "Vermieter KG", "Miete 11/2026"),
    Move(day(13), 250075, "Łódź Trading", "FV/12/2026"),
    Move(day(17), -1, "Bank", "Rundung"),
    Move(day(24), 99, "Ångström AB", "OCR 1234567890"),
    Move(day(27), -45000, "Finanzamt", "USt 10"),
)
OPENING = 500000
CLOSING = OPENING + sum(m.cents for m in MONTH)
EXPECTED = [(m.day.isoformat(), m.amount) for m in MONTH]


def ofx(moves: Sequence[Move] = MONTH, *, xml: bool = False, number: str = IBAN, currency: str = "EUR") -> str:
    def leaf(tag: str, text: str) -> str:
        safe = text.replace("&", "&amp;").replace("<", "&lt;")
        return f"<{tag}>{safe}</{tag}>\n" if xml else f"<{tag}>{safe}\n"

    rows = "".join(
        "<STMTTRN>\n"
        + leaf("TRNTYPE", "CREDIT" if m.cents > 0 else "DEBIT")
        + leaf("DTPOSTED", f"{m.day:%Y%m%d}120000.000[+1:CET]")
        + leaf("TRNAMT", m.amount)
        + leaf("FITID", f"{m.day:%Y%m%d}-{n}")
        + leaf("NAME", m.who)
        + leaf("MEMO", m.text)
        + "</STMTTRN>\n"
        for n, m in enumerate(moves)
    )
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n'
        if xml
        else "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UNICODE\nCHARSET:NONE\n\n"
    )
    closing = f"{Decimal(OPENING + sum(m.cents for m in moves)) / 100:.2f}"
    last = max(m.day for m in moves)
    return (
        f"{head}<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>\n{leaf('CURDEF', currency)}<BANKACCTFROM>\n"
        f"{leaf('BANKID', '37040044')}{leaf('ACCTID', number)}{leaf('ACCTTYPE', 'CHECKING')}</BANKACCTFROM>\n"
        f"<BANKTRANLIST>\n{leaf('DTSTART', '20261101')}{leaf('DTEND', f'{last:%Y%m%d}')}{rows}</BANKTRANLIST>\n"
        f"<LEDGERBAL>\n{leaf('BALAMT', closing)}{leaf('DTASOF', f'{last:%Y%m%d}')}</LEDGERBAL>\n"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )


def camt(
    moves: Sequence[Move] = MONTH, *, version: str = "053.001.08", number: str = IBAN, opening: int = OPENING
) -> str:
    kind = {
        "053": ("BkToCstmrStmt", "Stmt"),
        "052": ("BkToCstmrAcctRpt", "Rpt"),
        "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    }
    message, part = kind[version[:3]]

    def balance(code: str, cents: int, on: dt.date) -> str:
        if version.startswith("054"):
            return ""
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="EUR">{Decimal(abs(cents)) / 100:.2f}</Amt>'
            f"<CdtDbtInd>{'CRDT' if cents >= 0 else 'DBIT'}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>"
        )

    def entry(n: int, m: Move) -> str:
        who = m.who.replace("&", "&amp;")
        role = "Dbtr" if m.cents > 0 else "Cdtr"
        party = (
            f"<{role}><Pty><Nm>{who}</Nm></Pty></{role}>"
            if version.endswith("08")
            else f"<{role}><Nm>{who}</Nm></{role}>"
        )
        status = "<Sts><Cd>BOOK</Cd></Sts>" if version.endswith("08") else "<Sts>BOOK</Sts>"
        return (
            f'<Ntry><NtryRef>{n}</NtryRef><Amt Ccy="EUR">{abs(Decimal(m.amount))}</Amt>'
            f"<CdtDbtInd>{'CRDT' if m.cents > 0 else 'DBIT'}</CdtDbtInd>{status}"
            f"<BookgDt><Dt>{m.day}</Dt></BookgDt><ValDt><Dt>{m.day}</Dt></ValDt><AcctSvcrRef>S{m.day:%m%d}{n:04}</AcctSvcrRef>"
            f"<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties>{party}</RltdPties>"
            f"<RmtInf><Ustrd>{m.text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        )

    entries = "".join(entry(n, m) for n, m in enumerate(moves))
    total = opening + sum(m.cents for m in moves)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{version}">'
        f"<{message}><GrpHdr><MsgId>1</MsgId></GrpHdr><{part}><Id>1</Id><Acct><Id><IBAN>{number}</IBAN></Id>"
        f"<Ccy>EUR</Ccy></Acct>{balance('OPBD', opening, moves[0].day)}{balance('CLBD', total, moves[-1].day)}"
        f"{entries}</{part}></{message}></Document>"
    )


def mt940(moves: Sequence[Move] = MONTH, *, number: str = IBAN, opening: int = OPENING) -> str:
    def value(cents: int) -> str:
        return f"{Decimal(abs(cents)) / 100:.2f}".replace(".", ",")

    total = opening + sum(m.cents for m in moves)
    rows = "".join(
        f":61:{m.day:%y%m%d}{m.day:%m%d}{'C' if m.cents > 0 else 'D'}{value(m.cents)}NTRFNONREF//B{m.day:%m%d}{n}\r\n"
        f":86:166?00BUCHUNG?20{m.text}?32{m.who}\r\n"
        for n, m in enumerate(moves)
    )
    return (
        f":20:STARTUMS\r\n:25:{number}\r\n:28C:11/1\r\n:60F:{'C' if opening >= 0 else 'D'}261101EUR{value(opening)}\r\n"
        f"{rows}:62F:{'C' if total >= 0 else 'D'}261130EUR{value(total)}\r\n-\r\n"
    )
