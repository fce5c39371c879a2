"""Looking things up in a Xero organisation for an answer: open documents, a document, a contact, the profit and loss.

Each read asks for what it needs and no more; what does not change within a run (organisation, chart of accounts) is
read once by the provider. Reads raise FinchatError or UnreadableRecord.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from finchat.books.conversion import PLACES, ExchangeRate
from finchat.books.details import ContactDetail, Detail, OpenCredit, Receivable
from finchat.books.documents import Document
from finchat.books.periods import Window
from finchat.books.profit import Basis, ProfitReport
from finchat.providers.balances import balances
from finchat.providers.provider import Side
from finchat.providers.xero import details, parsing
from finchat.providers.xero.provider import XeroProvider, together, where_day
from finchat.providers.xero.trial_balance import account_balances

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_LONGEST_TEXT = 200
_DOCUMENTS: Mapping[Side, str] = {"invoice": "ACCREC", "bill": "ACCPAY"}


class XeroLookups:
    """Reads for answers, behind the same guard as the provider's."""

    def __init__(self, provider: XeroProvider) -> None:
        self._provider = provider

    async def open_on(
        self, side: Side | None, as_of: date, contact_id: str | None = None
    ) -> tuple[tuple[Receivable, ...], tuple[OpenCredit, ...]]:
        """The documents of a side (None: of both) that were open at the end of a day or are now, and every credit that
        was: four calls. A document that was voided later was never owed, as in the ledger's own reports."""
        base = (await self._provider.organisation()).base_currency
        day = where_day(as_of)
        then = f'(Status=="AUTHORISED" OR (Status=="PAID" AND FullyPaidOnDate!=null AND FullyPaidOnDate>{day}))'
        ever = '(Status=="AUTHORISED" OR Status=="PAID")'
        whose = f' AND Contact.ContactID==Guid("{contact_id}")' if contact_id else ""
        type_ = "" if side is None else f'Type=="{_DOCUMENTS[side]}" AND '
        credit_type = "" if side is None else f'Type=="{_DOCUMENTS[side]}CREDIT" AND '
        invoices: dict[str, Any] = {"where": f"{type_}Date<={day} AND {then}"}
        if contact_id:
            invoices["contact_ids"] = [contact_id]
        documents, notes, overpaid, prepaid = await together(
            self._provider.rows("invoice.list", invoices, "open documents"),
            self._provider.rows("credit_note.list", {"where": f"{credit_type}{then}{whose}"}, "credit notes"),
            self._provider.rows("overpayment.list", {"where": f"{ever}{whose}"}, "overpayments"),
            self._provider.rows("prepayment.list", {"where": f"{ever}{whose}"}, "prepayments"),
        )
        kinds: tuple[tuple[parsing.CreditKind, list[Mapping[str, Any]]], ...] = (
            ("credit_note", notes), ("overpayment", overpaid), ("prepayment", prepaid),
        )  # fmt: skip
        credits = (
            self._provider.tolerant(partial(details.open_credit, kind=kind, base_currency=base), row)
            for kind, rows in kinds
            for row in rows
        )
        found = (self._provider.tolerant(partial(details.receivable, base_currency=base), row) for row in documents)
        return tuple(d for d in found if d), tuple(c for c in credits if c and side in (None, c.document_type))

    async def control_balance(self, side: Side, as_of: date) -> Decimal | None:
        """What customers owed, or suppliers were owed, at the end of a day by the trial balance, in base currency: one
        call. None without a control account."""
        accounts = (await self._provider.accounts()).values()
        day = {"date": as_of.isoformat()}
        rows = await self._provider.rows("report.trial_balance", day, "the trial balance")
        currency = (await self._provider.organisation()).base_currency
        held = balances(account_balances(rows), accounts, currency)
        return held.receivables if side == "invoice" else held.payables

    async def documents(self, named: str) -> tuple[Detail, ...]:
        """The invoices, bills and credit notes of a number or id, voided and deleted ones last: one call for each of
        the two resources."""
        base = (await self._provider.organisation()).base_currency
        named = named.strip()
        if _GUID.fullmatch(named.casefold()):
            invoices: dict[str, Any] = {"ids": [named.casefold()]}
            notes = f'CreditNoteID==Guid("{named.casefold()}")'
        elif '"' in named or "," in named:  # neither a filter nor a list of numbers can name it
            return ()
        else:
            invoices, notes = {"invoice_numbers": [named]}, f'CreditNoteNumber=="{named}"'
        found, credits = await together(
            self._provider.rows("invoice.list", {**invoices, "unitdp": 4}, f"document {named}"),
            self._provider.rows("credit_note.list", {"where": notes, "unitdp": 4}, f"credit note {named}"),
        )
        listed = [details.detail(row, base) for row in (*found, *credits)]
        return tuple(sorted(listed, key=lambda d: (d.status == "void", d.type, d.date, d.id)))

    async def settleable(self, named: str) -> tuple[Receivable, ...]:
        """The invoices and bills of exactly this number or id, in any status, with their payments: one call."""
        base = (await self._provider.organisation()).base_currency
        if _GUID.fullmatch(named.casefold()):
            rows = await self._provider.rows("invoice.list", {"ids": [named.casefold()]}, "the document")
        else:
            rows = await self._provider.rows("invoice.list", _numbered(named), "documents of this number")
            rows = [row for row in rows if row.get("InvoiceNumber") == named]
        found = (self._provider.tolerant(partial(details.receivable, base_currency=base), row) for row in rows)
        return tuple(one for one in found if one is not None)

    async def documents_near(self, contact_id: str, first: date, last: date) -> tuple[Document, ...]:
        """The invoices and bills of a contact dated first…last, in any status: one call."""
        near = {"contact_ids": [contact_id], "where": f"Date>={where_day(first)} AND Date<={where_day(last)}"}
        return await self._documents(near, "documents of this contact")

    async def documents_numbered(self, number: str) -> tuple[Document, ...]:
        """The invoices and bills of a number, in any status, and for a number with a comma those that hold it: one
        call."""
        return await self._documents(_numbered(number), "documents of this number")

    async def _documents(self, wanted: Mapping[str, Any], what: str) -> tuple[Document, ...]:
        base = (await self._provider.organisation()).base_currency
        rows = await self._provider.rows("invoice.list", wanted, what)
        found = (self._provider.tolerant(partial(parsing.document, base_currency=base), row) for row in rows)
        return tuple(one for one in found if one is not None)

    async def items(self) -> Mapping[str, str]:
        """How each item is described, by its code: one call."""
        rows = await self._provider.rows("item.list", {}, "items")
        return {str(row.get("Code", "")): str(row.get("Description") or row.get("Name") or "") for row in rows}

    async def record(self, side: Side, id: str) -> Mapping[str, Any] | None:
        """An invoice or bill as the ledger's own record: one call."""
        rows = await self._provider.rows("invoice.list", {"ids": [id]}, "the document again")
        return next((row for row in rows if row.get("InvoiceID") == id), None)

    async def numbers_like(self, text: str) -> tuple[str, ...]:
        """Document numbers that hold the longest number in a text, or all of it: one call of 100 rows."""
        digits = max(re.findall(r"[1-9][0-9]*", text), key=len, default="") or text.strip()
        rows = await self._provider.first_rows(
            "invoice.list", {"search_term": digits[:_LONGEST_TEXT], "summary_only": True}, 100, "similar numbers"
        )
        numbers = (row.get("InvoiceNumber") for row in rows if row.get("Status") not in ("VOIDED", "DELETED"))
        return tuple(dict.fromkeys(n for n in numbers if isinstance(n, str) and n))

    async def exchange_rate(self, currency: str, on: date) -> ExchangeRate | None:
        """The rate of the newest approved document in the currency: Xero lists none of its own. One call."""
        base = (await self._provider.organisation()).base_currency
        where = f'CurrencyCode=="{currency}" AND Date<={where_day(on)} AND (Status=="AUTHORISED" OR Status=="PAID")'
        wanted = {"where": where, "order": "Date DESC"}
        rows = await self._provider.first_rows("invoice.list", wanted, 1, f"the last document in {currency}")
        found = (self._provider.tolerant(partial(parsing.document, base_currency=base), row) for row in rows)
        document = next((one for one in found if one is not None and one.rate is not None), None)
        if document is None or document.rate is None:
            return None
        named = document.number or f"of {document.contact}"
        return ExchangeRate(
            currency=currency, base=base, rate=document.rate.quantize(PLACES).normalize(), date=document.date,
            source=f"{document.type} {named} in {(await self._provider.organisation()).name}", number=document.number,
        )  # fmt: skip

    async def contacts(self, text: str) -> tuple[ContactDetail, ...]:
        """Contacts whose name, e-mail or number holds a text, or whose account number or id is it, archived ones last:
        two calls, one for an id."""
        text = text.strip()
        if _GUID.fullmatch(text.casefold()):
            reads = [self._provider.rows("contact.list", {"ids": [text.casefold()]}, "the contact")]
        else:
            term = {"search_term": text[:_LONGEST_TEXT], "include_archived": True}
            reads = [self._provider.rows("contact.list", term, "contacts")]
            if '"' not in text:
                account = {"where": f'AccountNumber!=null AND AccountNumber=="{text}"', "include_archived": True}
                reads.append(self._provider.rows("contact.list", account, "contacts by account number"))
        found = {c.id: c for rows in await together(*reads) for c in map(details.contact, rows)}
        return tuple(sorted(found.values(), key=lambda c: (not c.active, c.name.casefold(), c.id)))

    async def contact_names(self) -> tuple[str, ...]:
        """The names of all active contacts: one call a thousand."""
        rows = await self._provider.rows("contact.list", {"summary_only": True}, "contact names")
        return tuple(name for row in rows if isinstance(name := row.get("Name"), str) and name)

    async def last_documents(self, contact_id: str, count: int) -> tuple[Detail, ...]:
        """The newest approved invoices and bills of a contact: one call."""
        base = (await self._provider.organisation()).base_currency
        wanted = {"contact_ids": [contact_id], "statuses": ["AUTHORISED", "PAID"], "order": "Date DESC"}
        rows = await self._provider.first_rows("invoice.list", wanted, count, "the contact's last documents")
        return tuple(details.detail(row, base) for row in rows)

    async def profit_and_loss(self, window: Window, basis: Basis) -> ProfitReport:
        """The ledger's profit and loss of a period: one call."""
        wanted: dict[str, Any] = {
            "from_date": window.first.isoformat(),
            "to_date": window.last.isoformat(),
            "standard_layout": True,
        }
        if basis == "cash":
            wanted["payments_only"] = True
        accounts = await self._provider.accounts()
        rows = await self._provider.rows("report.profit_and_loss", wanted, "the profit and loss")
        currency = (await self._provider.organisation()).base_currency
        return details.profit_report(rows, accounts, currency=currency, window=window, basis=basis)


def _numbered(number: str) -> dict[str, Any]:
    """The list of numbers cannot hold a comma."""
    return {"search_term": number[:_LONGEST_TEXT]} if "," in number else {"invoice_numbers": [number]}
