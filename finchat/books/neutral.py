"""The neutral case files (invoices, contacts, bank lines, ledger) as Books, and verdicts in their proposals schema.

Input is parsed JSON; reading files is a workflow's work. Amounts are decimal strings, dates ISO.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from finchat.books.documents import (
    Account,
    AccountKind,
    BankLine,
    BankTransaction,
    BatchPayment,
    Books,
    ConfirmedLine,
    Contact,
    Credit,
    Direction,
    Document,
    Payment,
    Transfer,
)
from finchat.books.lines import RawLine, identify
from finchat.books.matching.verdict import Settlement, Verdict
from finchat.books.money import amount_text, parse_amount
from finchat.errors import UsageError

_STATUS: Mapping[str, Literal["draft", "submitted", "open", "paid", "void"]] = {
    "DRAFT": "draft",
    "SUBMITTED": "submitted",
    "AUTHORISED": "open",
    "PAID": "paid",
    "VOIDED": "void",
    "DELETED": "void",
}
_STATEMENT = "statement"  # the account of the lines when no ledger names one
_KINDS: Mapping[str, AccountKind] = {
    "bank": "bank",
    "liability": "liability",
    "income": "revenue",
    "expense": "expense",
    "asset": "asset",
    "equity": "equity",
}
CASE_FILES = ("contacts", "invoices", "bank", "history", "meta", "ledger")


def read_case(files: Mapping[str, Any]) -> Books:
    """Books of one case: `files` maps the names of CASE_FILES to their parsed JSON; history, meta and ledger may be
    absent. Raises UsageError naming the file and the field that is missing or malformed."""
    for name in ("invoices", "bank"):
        if name not in files:
            raise UsageError(f"{name}.json is missing", field=f"{name}.json", next="see SCHEMA of the neutral files")
    current = "meta"
    try:
        meta = files.get("meta") or {}
        current = "ledger"
        ledger = files.get("ledger") or {}
        settings = ledger.get("settings", {})
        statement = settings.get("statement_account", _STATEMENT)
        current = "contacts"
        contacts = files.get("contacts") or []
        names = {c["id"]: c["name"] for c in contacts}
        current = "bank"
        lines = feed_lines(files["bank"], statement)
        base = meta.get("base_currency") or (lines[0].currency if lines else "USD")
        current = "meta"
        as_of = _date(meta["as_of"]) if meta.get("as_of") else max((x.date for x in lines), default=dt.date(1970, 1, 1))
        current = "invoices"
        documents = tuple(_document(x, names) for x in files["invoices"])
        current = "history"
        history = tuple(_confirmed(x) for x in files.get("history") or [])
        current = "ledger"
        current = "meta"
        rates = {_date(day): {c: Decimal(r) for c, r in by.items()} for day, by in (meta.get("fx") or {}).items()}
        current = "ledger"
        return Books(
            base_currency=base,
            as_of=as_of,
            accounts=_accounts(ledger, statement, base),
            contacts=tuple(
                Contact(id=c["id"], name=c["name"], bank_account=c.get("bank_account", "")) for c in contacts
            ),
            documents=documents,
            credits=tuple(_credit(x, names) for x in ledger.get("credits", [])),
            payments=tuple(_payment(x) for x in ledger.get("payments", [])),
            batches=tuple(_batch(x) for x in ledger.get("batch_payments", [])),
            bank_transactions=tuple(_transaction(x, names) for x in ledger.get("bank_transactions", [])),
            transfers=tuple(_transfer(x) for x in ledger.get("transfers", [])),
            lines=lines,
            history=history,
            own_names=tuple(settings.get("own_names", ())),
            rates=rates,
        )
    except KeyError as error:
        raise UsageError(
            f"{current}.json lacks {error.args[0]}", field=f"{current}.json", next="add the field to every record"
        ) from None
    except (TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise UsageError(
            f"{current}.json is malformed: {error}",
            field=f"{current}.json",
            next="money as plain decimal strings, dates ISO",
        ) from None


def feed_lines(records: Sequence[Mapping[str, Any]], account_id: str) -> tuple[BankLine, ...]:
    """Bank lines of neutral records, in their order. Raises KeyError or ValueError for a malformed record."""
    raw = [
        RawLine(
            source="feed",
            source_id=str(x["id"]),
            date=_date(x["date"]),
            direction=_direction(x["type"]),
            amount=_money(x["amount"]),
            currency=x["currency"],
            payee=x.get("payee", ""),
            narration=x.get("narration", ""),
            reference=x.get("reference", ""),
            counterparty_account=x.get("counterparty_account", ""),
            fitid=x.get("fitid", ""),
        )
        for x in records
    ]
    return identify(raw, account_id)


def proposals(verdicts: Iterable[Verdict], books: Books, runtime_s: Decimal = Decimal(0)) -> dict[str, Any]:
    """The proposals document of the neutral schema: certain settlements as links, the rest as ranked suggestions."""
    source = {line.id: line.source_id for line in books.lines}
    currency = {d.id: d.currency for d in books.documents}
    credit_currency = {c.id: c.currency for c in books.credits}
    line_currency = {line.id: line.currency for line in books.lines}
    links: list[dict[str, Any]] = []
    suggestions: list[dict[str, Any]] = []
    allocated: list[dict[str, Any]] = []
    settled: list[dict[str, Any]] = []
    for v in verdicts:
        bank_id = source[v.line_id]
        cash = line_currency[v.line_id]
        if v.ledger_ids:
            settled.append({"bank_id": bank_id, "status": "already_settled", "ledger_id": v.ledger_ids[0]})
        if v.status == "settle" and v.certain:
            for s in v.settlements:
                link: dict[str, Any] = {
                    "bank_id": bank_id,
                    "invoice_id": s.document_id,
                    "amount": amount_text(s.bank_amount, cash),
                    "decision": "auto",
                    "confidence": str(v.confidence),
                    "reason": v.reason,
                }
                if v.via == "clearing":
                    link["via"] = "clearing"
                credits = [a for a in v.allocations if a.document_id == s.document_id]
                if credits:
                    link["credits"] = [
                        {"credit_id": a.credit_id, "amount": amount_text(a.amount, credit_currency[a.credit_id])}
                        for a in credits
                    ]
                links.append(link)
            if not v.settlements:
                allocated.extend(
                    {
                        "credit_id": a.credit_id,
                        "invoice_id": a.document_id,
                        "amount": amount_text(a.amount, currency[a.document_id]),
                        "decision": "auto",
                    }
                    for a in v.allocations
                )
        elif v.status != "already_settled":
            suggestions.extend(
                {
                    "bank_id": bank_id,
                    "rank": rank,
                    "links": [_suggested(s, cash) for s in c.settlements],
                    "reason": c.reason,
                }
                for rank, c in enumerate((c for c in v.suggestions if c.settlements), start=1)
            )
    document: dict[str, Any] = {"links": links, "suggestions": suggestions, "runtime_s": runtime_s}
    if settled or allocated:
        document["lines"] = settled
        document["allocations"] = allocated
    return document


def _suggested(s: Settlement, currency: str) -> dict[str, str]:
    return {"invoice_id": s.document_id, "amount": amount_text(s.bank_amount, currency)}


def _accounts(ledger: Mapping[str, Any], statement: str, base: str) -> tuple[Account, ...]:
    clearing = set(ledger.get("settings", {}).get("clearing_accounts", ()))
    records = ledger.get("accounts") or [{"id": statement, "name": "Bank", "kind": "bank"}]
    return tuple(
        Account(
            id=a["id"],
            code=a.get("code", a["id"]),
            name=a["name"],
            kind=_KINDS.get(a["kind"], "liability"),
            currency=a.get("currency", base),
            accepts_payments=a["kind"] == "bank" or a["id"] in clearing,
            clearing=a["id"] in clearing,
        )
        for a in records
    )


def _document(x: Mapping[str, Any], names: Mapping[str, str]) -> Document:
    return Document(
        id=x["id"],
        type="invoice" if x["type"] == "ACCREC" else "bill",
        number=x["number"],
        reference=x.get("reference", ""),
        contact_id=x["contact_id"],
        contact=names.get(x["contact_id"], ""),
        date=_date(x["date"]),
        due_date=_date(x["due_date"]) if x.get("due_date") else None,
        currency=x["currency"],
        total=_money(x["total"]),
        amount_due=_money(x["amount_due"]),
        status=_STATUS[x["status"]],
        rate=Decimal(x["rate"]) if x.get("rate") else None,
    )


def _credit(x: Mapping[str, Any], names: Mapping[str, str]) -> Credit:
    return Credit(
        id=x["id"],
        kind=x["kind"],
        type="invoice" if x["type"] == "ACCREC" else "bill",
        number=x.get("number", ""),
        reference="",
        contact_id=x["contact_id"],
        contact=names.get(x["contact_id"], ""),
        date=_date(x["date"]),
        currency=x["currency"],
        total=_money(x["total"]),
        remaining=_money(x["remaining"]),
        source_id=x.get("source", ""),
    )


def _payment(x: Mapping[str, Any]) -> Payment:
    return Payment(
        id=x["id"],
        date=_date(x["date"]),
        account_id=x["account_id"],
        direction=_direction(x["type"]),
        contact_id=x["contact_id"],
        document_id=x["invoice_id"],
        currency=x["currency"],
        amount=_money(x["amount"]),
        bank_amount=_money(x["bank_amount"]),
        batch_id=x.get("batch_id", ""),
        reference=x.get("reference", ""),
        matched_line=x.get("matched_line", ""),
    )


def _batch(x: Mapping[str, Any]) -> BatchPayment:
    return BatchPayment(
        id=x["id"],
        date=_date(x["date"]),
        account_id=x["account_id"],
        direction=_direction(x["type"]),
        amount=_money(x["amount"]),
        payment_ids=tuple(x["payment_ids"]),
    )


def _transaction(x: Mapping[str, Any], names: Mapping[str, str]) -> BankTransaction:
    kind = x["kind"]
    return BankTransaction(
        id=x["id"],
        date=_date(x["date"]),
        account_id=x["account_id"],
        direction=_direction(x["type"]),
        kind=kind if kind in ("overpayment", "prepayment", "transfer") else "money",
        currency=x["currency"],
        amount=_money(x["amount"]),
        coded_to=(x["coded_to"],) if x["coded_to"] else (),
        lines=int(x["lines"]),
        tax=_money(x["tax"]),
        contact_id=x.get("contact_id", ""),
        contact=names.get(x.get("contact_id", ""), ""),
        reference=x.get("reference", ""),
    )


def _transfer(x: Mapping[str, Any]) -> Transfer:
    return Transfer(
        id=x["id"],
        date=_date(x["date"]),
        from_account=x["from_account"],
        to_account=x["to_account"],
        amount=_money(x["amount"]),
        currency=x["currency"],
        reference=x.get("reference", ""),
    )


def _confirmed(x: Mapping[str, Any]) -> ConfirmedLine:
    return ConfirmedLine(
        id=x["id"],
        date=_date(x["date"]),
        direction=_direction(x["type"]),
        amount=_money(x["amount"]),
        currency=x["currency"],
        narration=x["narration"],
        counterparty_account=x.get("counterparty_account", ""),
        contact_id=x["contact_id"],
        document_ids=tuple(x.get("invoice_ids", ())),
    )


def _direction(kind: str) -> Direction:
    if kind not in ("RECEIVE", "SPEND"):
        raise ValueError(f"type is {kind!r}, not RECEIVE or SPEND")
    return "receive" if kind == "RECEIVE" else "spend"


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _money(text: Any) -> Decimal:
    if not isinstance(text, str):
        raise ValueError(f"money is {text!r}, not a decimal string")
    return parse_amount(text)
