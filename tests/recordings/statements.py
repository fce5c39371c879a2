"""The small company's week as statement files of its bank, in the formats that finchat reads."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tests.recordings.company import FEED, Line, balance_before

ACCOUNT = "02-0427-0123456-00"


def balances(lines: Sequence[Line]) -> tuple[Decimal, Decimal]:
    """Before the first line and after the last."""
    opening = balance_before(lines[0].day)
    return opening, opening + sum(Decimal(line.amount) for line in lines)


def csv(lines: Sequence[Line] = FEED) -> str:
    """As exported by hand: a header, day first, a running balance."""
    balance, _ = balances(lines)
    rows = ["Date,Details,Reference,Amount,Balance"]
    for line in lines:
        balance += Decimal(line.amount)
        rows.append(f"{line.day:%d/%m/%Y},{line.narration},{line.reference},{line.amount},{balance:.2f}")
    return "\r\n".join([*rows, ""])


def mt940(lines: Sequence[Line] = FEED) -> str:
    def mark(amount: Decimal) -> str:
        return "D" if amount < 0 else "C"

    def money(amount: Decimal) -> str:
        return f"{abs(amount):.2f}".replace(".", ",")

    opening, closing = balances(lines)
    rows = [
        ":20:STATEMENT", f":25:{ACCOUNT}", ":28C:47/1",
        f":60F:{mark(opening)}{lines[0].day:%y%m%d}NZD{money(opening)}",
    ]  # fmt: skip
    for line in lines:
        amount = Decimal(line.amount)
        rows.append(f":61:{line.day:%y%m%d%m%d}{mark(amount)}{money(amount)}NTRF{line.reference or 'NONREF'}")
        rows.append(f":86:{line.narration}")
    rows.append(f":62F:{mark(closing)}{lines[-1].day:%y%m%d}NZD{money(closing)}")
    return "\r\n".join([*rows, "-", ""])


def camt053(lines: Sequence[Line] = FEED) -> str:
    def balance(code: str, amount: Decimal, day: str) -> str:
        return (
            f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="NZD">{abs(amount):.2f}</Amt>'
            f"<CdtDbtInd>{'DBIT' if amount < 0 else 'CRDT'}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
        )

    def entry(place: int, line: Line) -> str:
        side = "DBIT" if line.amount.startswith("-") else "CRDT"
        return (
            f'<Ntry><NtryRef>{place}</NtryRef><Amt Ccy="NZD">{line.amount.lstrip("-")}</Amt>'
            f"<CdtDbtInd>{side}</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{line.day}</Dt></BookgDt>"
            f"<ValDt><Dt>{line.day}</Dt></ValDt><AcctSvcrRef>T{place:05d}</AcctSvcrRef><NtryDtls><TxDtls>"
            f"<RmtInf><Ustrd>{line.narration.replace('&', '&amp;')} {line.reference}</Ustrd></RmtInf>"
            "</TxDtls></NtryDtls></Ntry>"
        )

    opening, closing = balances(lines)
    first, last = lines[0].day.isoformat(), lines[-1].day.isoformat()
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId>'
        f"<CreDtTm>{last}T18:00:00</CreDtTm></GrpHdr><Stmt><Id>S47</Id><CreDtTm>{last}T18:00:00</CreDtTm>"
        f"<Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id><Ccy>NZD</Ccy></Acct>"
        + balance("OPBD", opening, first)
        + balance("CLBD", closing, last)
        + "".join(entry(place, line) for place, line in enumerate(lines, 1))
        + "</Stmt></BkToCstmrStmt></Document>\n"
    )


def ofx(lines: Sequence[Line] = FEED) -> str:
    _, closing = balances(lines)
    entries = "".join(
        f"<STMTTRN><TRNTYPE>{'DEBIT' if line.amount.startswith('-') else 'CREDIT'}<DTPOSTED>{line.day:%Y%m%d}"
        f"<TRNAMT>{line.amount}<FITID>F{place:05d}<NAME>{line.narration.replace('&', '&amp;')}<MEMO>{line.reference}"
        "</STMTTRN>\n"
        for place, line in enumerate(lines, 1)
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:UTF-8\nCHARSET:NONE\nCOMPRESSION:NONE\n"
        "OLDFILEUID:NONE\nNEWFILEUID:NONE\n\n"
        "<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20261120<LANGUAGE>ENG</SONRS>"
        "</SIGNONMSGSRSV1><BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS>"
        f"<CURDEF>NZD<BANKACCTFROM><BANKID>020427<ACCTID>{ACCOUNT}<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST>"
        f"<DTSTART>{lines[0].day:%Y%m%d}<DTEND>{lines[-1].day:%Y%m%d}\n{entries}</BANKTRANLIST>"
        f"<LEDGERBAL><BALAMT>{closing:.2f}<DTASOF>{lines[-1].day:%Y%m%d}</LEDGERBAL>"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )
