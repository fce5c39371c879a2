"""Looking things up in a QuickBooks company for an answer: open documents, a document, a contact, the profit and loss.

Each read asks for what it needs and no more; what does not change within a run (company, chart of accounts) is read
once by the provider. Reads raise FinchatError or UnreadableRecord.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from finchat.books.conversion import ExchangeRate
from finchat.books.details import ContactDetail, Detail, OpenCredit, Receivable
from finchat.books.documents import Document
from finchat.books.periods import Window
from finchat.books.profit import Basis, ProfitReport
from finchat.providers.balances import balances
from finchat.providers.fields import Record
from finchat.providers.provider import Side
from finchat.providers.quickbooks import details, parsing
from finchat.providers.quickbooks.provider import QuickBooksProvider, credits_of
from finchat.providers.quickbooks.queries import day, literal, together
from finchat.providers.quickbooks.settlements import Settlement, links, settlement
from finchat.providers.quickbooks.trial_balance import account_balances

Row = Mapping[str, Any]
Rows = list[Row]
_LONGEST_TEXT = 100
_EVEN_INACTIVE = "Active IN (true, false)"
_PAYER: Mapping[Side, str] = {"invoice": "payment", "bill": "bill_payment"}
_CREDIT: Mapping[Side, str] = {"invoice": "credit_memo", "bill": "vendor_credit"}
_PARTY: Mapping[Side, str] = {"invoice": "CustomerRef", "bill": "VendorRef"}
_AGED: Mapping[Side, str] = {"invoice": "aged_receivable_detail", "bill": "aged_payable_detail"}
_DOCUMENT_KINDS = ("invoice", "bill", "credit_memo", "vendor_credit")
_BOUGHT = frozenset({"bill", "vendor_credit"})


class QuickBooksLookups:
    """Reads for answers, behind the same guard as the provider's."""

    def __init__(self, provider: QuickBooksProvider) -> None:
        self._provider = provider

    async def open_on(
        self, side: Side | None, as_of: date, contact_id: str | None = None
    ) -> tuple[tuple[Receivable, ...], tuple[OpenCredit, ...]]:
        """The documents of a side (None: of both) that were open at the end of a day or are now, and every credit that
        was. Of each side: what is open now, the payments since, and the ledger's own list of what was open on the day,
        which tells the credits; then the payments, documents and credits that these name, by their ids."""
        sides: tuple[Side, ...] = ("invoice", "bill") if side is None else (side,)
        found = await together(*(self._open_of(one, as_of, contact_id) for one in sides))
        return tuple(d for documents, _ in found for d in documents), tuple(c for _, credits in found for c in credits)

    async def _open_of(
        self, side: Side, as_of: date, contact_id: str | None
    ) -> tuple[list[Receivable], list[OpenCredit]]:
        base = (await self._provider.organisation()).base_currency
        whose = f" AND {_PARTY[side]} = {literal(contact_id)}" if contact_id else ""
        payer, credit = _PAYER[side], _CREDIT[side]
        rows, since, aged = await together(
            self._provider.rows(side, f"Balance > '0' AND TxnDate <= {day(as_of)}{whose}", "open documents"),
            self._provider.rows(payer, f"TxnDate > {day(as_of)}", "later payments"),
            self._provider.report(_AGED[side], {"report_date": as_of.isoformat()}, "what was open on the day"),
        )
        settled = self._settlements(since, base)
        documents = _by_id(rows)
        closed = {s.id for one in settled.values() for s in one.shares if s.type.casefold() == side} - documents.keys()
        credit_ids = {id for one in settled.values() for s in one.shares for id, _ in s.credits}
        ahead = credits_of(aged, payer)
        left = credits_of(aged, credit)
        until = f"TxnDate <= {day(as_of)}"
        more, credits, unapplied = await together(
            self._provider.by_id(side, closed, "documents that were open"),
            self._provider.rows(credit, until, "credits") if left is None
            else self._provider.by_id(credit, left | credit_ids, "credits"),
            self._provider.rows(payer, until, "payments") if ahead is None
            else self._provider.by_id(payer, ahead - settled.keys(), "unapplied payments"),
        )  # fmt: skip
        documents |= _by_id(more)
        settled |= self._settlements(unapplied, base)
        # What open documents and credits had been settled by before, and the documents that took money ahead.
        before = {id for row in (*documents.values(), *credits) for id in _payers(row, payer)} - settled.keys()
        took = {s.id for row in unapplied if (one := settled.get(str(row.get("Id")))) for s in one.shares}
        earlier, taken = await together(
            self._provider.by_id(payer, before, "earlier payments"),
            self._provider.by_id(side, took - documents.keys(), "documents that took money ahead"),
        )
        settled |= self._settlements(earlier, base)
        parse = partial(parsing.invoice if side == "invoice" else parsing.bill, base_currency=base)
        known = documents | _by_id(taken)
        parsed = {id: document for id, row in known.items() if (document := self._provider.tolerant(parse, row))}
        days = {id: one.date for id, one in parsed.items()}
        self._provider.note(side, documents.values())
        shown = [
            details.receivable(one, settled.values(), days)
            for id, one in parsed.items()
            if id in documents and one.status != "void" and one.date <= as_of
            and contact_id in (None, one.contact_id)
        ]  # fmt: skip
        told = [
            c for row in _by_id(credits).values()
            if (c := self._provider.tolerant(
                partial(details.open_credit, base_currency=base, settlements=settled.values(), days=days), row
            ))
        ]  # fmt: skip
        told += [details.open_payment(one, days) for one in settled.values()]
        kept = [c for c in told if c.total > 0 and c.date <= as_of and contact_id in (None, c.contact_id)]
        return shown, kept

    async def control_balance(self, side: Side, as_of: date) -> Decimal | None:
        """What customers owed, or suppliers were owed, at the end of a day by the trial balance, in base currency: one
        call. None without a control account."""
        accounts = (await self._provider.accounts()).values()
        currency = (await self._provider.organisation()).base_currency
        held = balances(account_balances(await self._provider.trial_balance(as_of)), accounts, currency)
        return held.receivables if side == "invoice" else held.payables

    async def documents(self, named: str) -> tuple[Detail, ...]:
        """The invoices, bills, credit memos and vendor credits of a number, and of an id where no document has that
        number; voided ones last: four calls, or eight, and what they were settled by."""
        named = named.strip()
        if not named or len(named) > _LONGEST_TEXT:
            return ()
        found = await self._each(_DOCUMENT_KINDS, f"DocNumber = {literal(named)}", f"document {named}")
        if not any(found.values()) and named.isascii() and named.isdigit():
            found = await self._each(_DOCUMENT_KINDS, f"Id = {literal(named)}", f"document {named}")
        listed = await self._details(found)
        return tuple(sorted(listed, key=lambda d: (d.status == "void", d.type, d.date, d.id)))

    async def settleable(self, named: str) -> tuple[Receivable, ...]:
        """The invoices and bills of exactly this number, or of this id where no document has that number, in any
        status, with their payments: one call a kind, and one a kind for payments."""
        if not named or len(named) > _LONGEST_TEXT:
            return ()
        found = await self._each(("invoice", "bill"), f"DocNumber = {literal(named)}", "documents of this number")
        found = {kind: [row for row in rows if row.get("DocNumber") == named] for kind, rows in found.items()}
        if not any(found.values()) and named.isascii() and named.isdigit():
            found = await self._each(("invoice", "bill"), f"Id = {literal(named)}", "the document")
        base = (await self._provider.organisation()).base_currency
        settled = await self._settled_by(found)
        documents = self._parsed(found, base)
        return tuple(details.receivable(one, settled.values(), {}) for one in documents)

    async def documents_near(self, contact_id: str, first: date, last: date) -> tuple[Document, ...]:
        """The invoices and bills of a contact dated first…last, in any status: one call a kind."""
        near = f"TxnDate >= {day(first)} AND TxnDate <= {day(last)}"
        rows = await together(*(
            self._provider.rows(kind, f"{_PARTY[kind]} = {literal(contact_id)} AND {near}", "documents of this contact")
            for kind in _SIDES
        ))  # fmt: skip
        base = (await self._provider.organisation()).base_currency
        return self._parsed(dict(zip(_SIDES, rows, strict=True)), base)

    async def documents_numbered(self, number: str) -> tuple[Document, ...]:
        """The invoices and bills of a number, in any status: one call a kind."""
        found = await self._each(_SIDES, f"DocNumber = {literal(number[:_LONGEST_TEXT])}", "documents of this number")
        return self._parsed(found, (await self._provider.organisation()).base_currency)

    async def record(self, side: Side, id: str) -> Row | None:
        """An invoice or bill as QuickBooks' own record, whole, as it is now; None for one that is gone: one call."""
        rows = await self._provider.by_id(side, [id], f"the {side}")
        self._provider.note(side, rows)
        return rows[0] if rows else None

    async def numbers_like(self, text: str) -> tuple[str, ...]:
        """Document numbers that hold the longest number in a text, or all of it, the newest first: two calls of 100
        rows."""
        digits = max(re.findall(r"[1-9][0-9]*", text), key=len, default="") or text.strip()
        like = f"DocNumber LIKE {literal(_containing(digits))}"
        lists = await together(*(
            self._provider.first_rows(kind, like, order="TxnDate DESC", count=100, what="similar numbers")
            for kind in _SIDES
        ))  # fmt: skip
        numbers = (
            row.get("DocNumber")
            for kind, rows in zip(_SIDES, lists, strict=True)
            for row in rows
            if not parsing.voided(Record(row, f"QuickBooks {kind}", "Id"))
        )
        return tuple(dict.fromkeys(n for n in numbers if isinstance(n, str) and n))

    async def items(self) -> Mapping[str, str]:
        """How each item is described, by its name and by its SKU: one call."""
        rows = await self._provider.rows("item", "", "items")
        self._provider.note("item", rows)
        found: dict[str, str] = {}
        for row in rows:
            if row.get("Type") == "Category":
                continue
            said = str(row.get("Description") or row.get("Name") or "")
            for key in (row.get("Sku"), row.get("FullyQualifiedName"), row.get("Name")):
                if isinstance(key, str) and key:
                    found[key] = said
        return found

    async def exchange_rate(self, currency: str, on: date) -> ExchangeRate | None:
        """The company's own rate of a currency on a day, or the last before it that it has: one call."""
        organisation = await self._provider.organisation()
        where = f"SourceCurrencyCode = {literal(currency)} AND AsOfDate = {day(on)}"
        rows = await self._provider.rows("exchange_rate", where, f"the exchange rate of {currency}")
        for row in rows:
            record = Record(row, "QuickBooks exchange rate", "SourceCurrencyCode")
            rate = record.optional_decimal("Rate")
            if rate is not None and record.text("TargetCurrencyCode", "") == organisation.base_currency:
                return ExchangeRate(
                    currency=currency, base=organisation.base_currency, rate=rate, date=record.date("AsOfDate"),
                    source=f"the exchange rates of {organisation.name}",
                )  # fmt: skip
        return None

    async def contacts(self, text: str) -> tuple[ContactDetail, ...]:
        """Customers and vendors whose name holds a text, or whose id is it: two calls, four for an id; where there are
        none, those whose company, e-mail or account number holds it: two more, which read them all. Inactive ones
        last."""
        text = text.strip()
        if not text:
            return ()
        wanted = [f"DisplayName LIKE {literal(_containing(text[:_LONGEST_TEXT]))} AND {_EVEN_INACTIVE}"]
        if text.isascii() and text.isdigit():
            wanted.append(f"Id = {literal(text)} AND {_EVEN_INACTIVE}")
        lists, terms = await asyncio.gather(
            together(*(self._people(where) for where in wanted)), self._provider.terms()
        )
        people = [pair for part in lists for pair in part]
        if not people:
            people = [pair for pair in await self._people(_EVEN_INACTIVE) if _speaks_of(pair[1], text.casefold())]
        found = {c.id: c for kind, row in people for c in (details.contact(row, terms, customer=kind == "customer"),)}
        return tuple(sorted(found.values(), key=lambda c: (not c.active, c.name.casefold(), c.id)))

    async def contact_names(self) -> tuple[str, ...]:
        """The names of all active customers and vendors: two calls, one more for each thousand."""
        people = await self._people("")
        return tuple(name for _, row in people if isinstance(name := row.get("DisplayName"), str) and name)

    async def last_documents(self, contact_id: str, count: int) -> tuple[Detail, ...]:
        """The newest invoices and bills of a contact: one call a kind, and one a kind for payments."""
        lists = await together(*(
            self._provider.first_rows(
                kind, f"{_PARTY[kind]} = {literal(contact_id)}", order="TxnDate DESC", count=count,
                what="the contact's last documents",
            )
            for kind in _SIDES
        ))  # fmt: skip
        listed = await self._details(dict(zip(_SIDES, lists, strict=True)))
        standing = [one for one in listed if one.status != "void"]
        return tuple(sorted(standing, key=lambda d: (d.date, d.id), reverse=True)[:count])

    async def profit_and_loss(self, window: Window, basis: Basis) -> ProfitReport:
        """The ledger's profit and loss of a period: one call."""
        asked = {
            "start_date": window.first.isoformat(),
            "end_date": window.last.isoformat(),
            "accounting_method": "Cash" if basis == "cash" else "Accrual",
        }
        accounts = await self._provider.accounts()
        rows = await self._provider.report("profit_and_loss", asked, "the profit and loss")
        currency = (await self._provider.organisation()).base_currency
        return details.profit_report(rows, accounts, currency=currency, window=window, basis=basis)

    # -- what they share

    async def _each(self, kinds: Sequence[Any], where: str, what: str) -> dict[str, Rows]:
        lists = await together(*(self._provider.rows(kind, where, what) for kind in kinds))
        return dict(zip(kinds, lists, strict=True))

    async def _people(self, where: str) -> list[tuple[str, Row]]:
        kinds = ("customer", "vendor")
        found = await self._each(kinds, where, "contacts")
        return [(kind, row) for kind in kinds for row in found[kind]]

    def _parsed(self, found: Mapping[str, Rows], base: str) -> tuple[Document, ...]:
        """Invoices and bills as documents; the records are kept for what is written of them."""
        parsers = {"invoice": parsing.invoice, "bill": parsing.bill}
        made: list[Document] = []
        for kind, rows in found.items():
            self._provider.note(kind, rows)
            for row in rows:
                one = self._provider.tolerant(partial(parsers[kind], base_currency=base), row)
                made += [] if one is None else [one]
        return tuple(made)

    async def _details(self, found: Mapping[str, Rows]) -> list[Detail]:
        base = (await self._provider.organisation()).base_currency
        accounts = await self._provider.accounts()
        settled = await self._settled_by(found)
        numbers = await self._numbers(found, settled.values())
        return [
            details.detail(kind, row, base, accounts, settlements=settled.values(), numbers=numbers)
            for kind, rows in found.items()
            for row in rows
        ]

    async def _settled_by(self, found: Mapping[str, Rows]) -> dict[str, Settlement]:
        """The payments that documents and credits say they are linked to."""
        base = (await self._provider.organisation()).base_currency
        wanted: dict[str, set[str]] = {"payment": set(), "bill_payment": set()}
        for kind, rows in found.items():
            payer = "bill_payment" if kind in _BOUGHT else "payment"
            for row in rows:
                wanted[payer] |= _payers(row, payer)
        lists = await together(*(self._provider.by_id(kind, ids, "payments") for kind, ids in wanted.items()))
        return self._settlements([row for rows in lists for row in rows], base)

    async def _numbers(self, found: Mapping[str, Rows], settled: Iterable[Settlement]) -> dict[str, str]:
        """What the credits and documents are called that went into the same payments."""
        wanted: dict[str, set[str]] = {kind: set() for kind in _DOCUMENT_KINDS}
        for one in settled:
            for share in one.shares:
                if share.credits:
                    wanted[one.side].add(share.id)
                    wanted[_CREDIT[one.side]] |= {id for id, _ in share.credits}
        known = {str(row.get("Id")): row for rows in found.values() for row in rows}
        lists = await together(*(
            self._provider.by_id(kind, ids - known.keys(), "what they were settled with")
            for kind, ids in wanted.items()
        ))  # fmt: skip
        rows = [*known.values(), *(row for part in lists for row in part)]
        return {str(row.get("Id")): str(row.get("DocNumber") or "") for row in rows}

    def _settlements(self, rows: Iterable[Row], base: str) -> dict[str, Settlement]:
        parse = partial(settlement, base_currency=base)
        found = (self._provider.tolerant(parse, row) for row in rows)
        return {one.id: one for one in found if one is not None}


_SIDES: tuple[Side, Side] = ("invoice", "bill")


def _by_id(rows: Iterable[Row]) -> dict[str, Row]:
    return {str(row.get("Id")): row for row in rows}


def _payers(row: Row, payer: str) -> set[str]:
    """The payments of a kind that a document or credit says it is linked to."""
    called = "Payment" if payer == "payment" else "BillPayment"
    return {id for kind, id in links(Record(row, "QuickBooks document", "Id")) if kind == called}


def _containing(text: str) -> str:
    """A pattern that holds a text: % stands for anything, and cannot be escaped."""
    return f"%{text}%"


def _speaks_of(row: Row, text: str) -> bool:
    address = row.get("PrimaryEmailAddr")
    said = (
        row.get("DisplayName"), row.get("CompanyName"), row.get("AcctNum"),
        address.get("Address") if isinstance(address, Mapping) else None,
    )  # fmt: skip
    return any(isinstance(value, str) and text in value.casefold() for value in said)
