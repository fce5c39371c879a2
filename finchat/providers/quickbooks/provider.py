"""Reading a QuickBooks company into books, with the fewest calls the API allows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from finchat.books.documents import (
    Account,
    BankLine,
    BankTransaction,
    Books,
    ConfirmedLine,
    Contact,
    Credit,
    Document,
    Organisation,
    Payment,
)  # fmt: skip
from finchat.books.periods import financial_year_start
from finchat.books.plan import Balances, Plan
from finchat.books.terms import PaymentTerms
from finchat.connections.toolbox import Tool, Toolbox
from finchat.events import Emit, Notice
from finchat.providers.balances import balances
from finchat.providers.fields import UnreadableRecord
from finchat.providers.provider import Chart, OrganisationUnclear
from finchat.providers.quickbooks import movements, parsing, settlements
from finchat.providers.quickbooks.queries import all_rows, day, first_rows, id_lists, together
from finchat.providers.quickbooks.settlements import Settlement
from finchat.providers.quickbooks.table import TABLE
from finchat.providers.quickbooks.trial_balance import account_balances
from finchat.providers.reading import records
from finchat.providers.writing.context import WriteContext
from finchat.providers.writing.undoing import Found, Written

if TYPE_CHECKING:
    from finchat.providers.quickbooks.lookups import QuickBooksLookups

# A payment stands in the ledger a few days around its bank line, and an unpresented cheque for weeks before it.
_BEFORE, _AFTER = timedelta(days=45), timedelta(days=10)
# How long ago a document may have been paid for a line to be recognised as paying it again, and money received may
# wait to be taken to the bank.
_PAID_AGAIN = timedelta(days=120)
# How far back receive and spend money tells how a payee is booked: a year, and a month for what comes once a year.
_CODED = timedelta(days=400)

Row = Mapping[str, Any]
Key = tuple[str, str]  # what a record is, by the table's singular, and its id
T = TypeVar("T")


class QuickBooksProvider:
    """One company behind one server. `toolbox` is the guard's: every call passes policy and audit.

    Reads raise FinchatError (authentication, limit, unavailable) or UnreadableRecord, which names the record.
    """

    def __init__(self, toolbox: Toolbox, *, clearing_accounts: Iterable[str] = (), emit: Emit) -> None:
        self._toolbox = toolbox
        self._clearing = frozenset(clearing_accounts)
        self._emit = emit
        self._organisation: Organisation | None = None
        self._preferences: Row = {}
        self._accounts: dict[str, Account] | None = None
        self._by_account: Mapping[str, Decimal] = {}
        self._people: tuple[list[Row], list[Row]] | None = None
        self._terms: Mapping[str, PaymentTerms] | None = None
        self._chart: Chart | None = None
        # What was read, for payloads that need more of a record than books hold; every context sees the same.
        self._records: dict[Key, Row] = {}
        self._once = asyncio.Lock()

    async def organisation(self, wanted: str | None = None) -> Organisation:
        """The company behind the server, two calls; `wanted` is the name or id a person gave (`--org`)."""
        async with self._once:
            if self._organisation is None:
                infos, preferences = await together(
                    self.rows("company_info", "", "the company"), self.rows("preferences", "", "its preferences")
                )
                self._preferences = preferences[0] if preferences else {}
                self.note("preferences", preferences)
                found = [parsing.organisation(row, self._preferences, self._toolbox.server) for row in infos]
                fitting = [pair for pair in found if wanted in (None, pair[0].id, pair[0].name)]
                if len(fitting) != 1:
                    names = ", ".join(f"{org.name} ({org.id})" for org, _ in found) or "none"
                    raise OrganisationUnclear(
                        f"no organisation is called {wanted!r}" if not fitting else "which organisation is meant?",
                        field="--org",
                        next=f"the server has: {names}",
                        there=names,
                    )
                self._organisation, notice = fitting[0]
                if notice:
                    self._emit(Notice(text=notice, severity="warning"))
        return self._organisation

    async def accounts(self) -> Mapping[str, Account]:
        """The chart of accounts by id, inactive ones too; those a human named as clearing are marked so."""
        base = (await self.organisation()).base_currency
        async with self._once:
            if self._accounts is None:
                rows = await self.rows("account", "Active IN (true, false)", "accounts")
                self._accounts = {a.id: a for a in (parsing.account(row, base, self._clearing) for row in rows)}
                known = {n for a in self._accounts.values() for n in (a.id, a.code, a.name)}
                known |= {name.rpartition(":")[2] for name in known}
                for name in sorted(self._clearing - known):
                    self._emit(Notice(text=f"no account is called {name!r}, named as clearing", severity="warning"))
        return self._accounts

    async def read_books(
        self,
        first: date,
        last: date,
        lines: Sequence[BankLine],
        as_of: date,
        consumed: Mapping[str, str] | None = None,
    ) -> Books:
        """Everything a matcher may know about the lines of first…last: thirteen lists of 1,000 rows a call and what is
        open of both sides, read together; then the documents that payments name and that are no longer open, and money
        that has been unapplied for longer. `consumed`: line fingerprint → ledger id of finchat's own earlier writes.

        Receive and spend money is read for 400 days, as `coded`; the matcher sees what is near."""
        base = (await self.organisation()).base_currency
        accounts = await self.accounts()
        until = f"TxnDate <= {day(last + _AFTER)}"
        near = f"TxnDate >= {day(first - _BEFORE)} AND {until}"
        paid = f"TxnDate >= {day(first - _PAID_AGAIN)} AND {until}"
        coded = f"TxnDate >= {day(min(first - _BEFORE, last - _CODED))} AND {until}"
        through = max(as_of, last + _AFTER)
        (
            invoices, bills, memos, customers, vendors, received, spent, deposits, purchases, sales, refunds, moved,
            journals, open_sold, open_bought,
        ) = await together(
            self.rows("invoice", "Balance > '0'", "open invoices"),
            self.rows("bill", "Balance > '0'", "open bills"),
            self.rows("credit_memo", "Balance > '0'", "credit memos"),
            self.rows("customer", "", "customers"),
            self.rows("vendor", "", "vendors"),
            self.rows("payment", paid, "payments"),
            self.rows("bill_payment", paid, "bill payments"),
            self.rows("deposit", coded, "deposits"),
            self.rows("purchase", coded, "spending"),
            self.rows("sales_receipt", paid, "sales receipts"),
            self.rows("refund_receipt", near, "refund receipts"),
            self.rows("transfer", near, "transfers"),
            self.rows("journal_entry", near, "journal entries"),
            self.report("aged_receivable_detail", {"report_date": through.isoformat()}, "what is open of sales"),
            self.report("aged_payable_detail", {"report_date": through.isoformat()}, "what is open of purchases"),
        )  # fmt: skip
        self._people = (customers, vendors)
        settled = [one for row in (*received, *spent) if (one := self._settlement(row, base))]
        known = {one.id for one in settled} | {str(row.get("Id")) for row in memos}
        paid_days = settlements.paid_on(settled)
        still_open = {str(row.get("Id")) for row in (*invoices, *bills)}
        gone = {side: self._named(settled, side) - still_open for side in ("invoice", "bill")}
        more_invoices, more_bills, more_received, more_spent, more_credits = await together(
            self.by_id("invoice", gone["invoice"], "documents that were paid"),
            self.by_id("bill", gone["bill"], "documents that were paid"),
            self._unapplied("payment", open_sold, known, "unapplied payments"),
            self._unapplied("bill_payment", open_bought, known, "unapplied bill payments"),
            self._unapplied("vendor_credit", open_bought, known, "vendor credits"),
        )
        older = [one for row in (*more_received, *more_spent) if (one := self._settlement(row, base))]
        documents = self._documents((*invoices, *more_invoices), (*bills, *more_bills), base, paid_days)
        held = next((a.id for a in accounts.values() if a.undeposited), "")
        taken = dict(consumed or {})
        window = (first - _BEFORE, last + _AFTER)
        money = [self.tolerant(partial(settlements.cash, accounts=accounts, base_currency=base, undeposited=held), one)
                 for one in settled]  # fmt: skip
        cash = [one for one in money if one is not None]
        payments = tuple(_known_line(p, taken) for one in cash for p in one.payments)
        booked: list[tuple[Row, BankTransaction]] = [
            *self._moves(deposits, partial(movements.deposit, undeposited=held), accounts, base),
            *self._moves(purchases, movements.purchase, accounts, base),
            *self._moves(sales, movements.sale, accounts, base),
            *self._moves(refunds, partial(movements.sale, refund=True), accounts, base),
        ]
        entries = [
            t
            for row in journals
            for t in self.tolerant(partial(movements.journal, accounts=accounts, base_currency=base), row) or ()
        ]
        on_banks = [*(t for _, t in booked), *entries, *(one.transaction for one in cash if one.transaction)]
        waiting = [
            *(one.undeposited for one in cash if one.undeposited),
            *(s for row in sales if (s := self.tolerant(
                partial(movements.waiting_sale, accounts=accounts, base_currency=base), row))),
        ]  # fmt: skip
        credits = [
            *(c for row in (*memos, *more_credits)
              if (c := self.tolerant(partial(parsing.credit, base_currency=base), row)) and c.remaining > 0),
            *(c for one in (*settled, *older) if (c := settlements.kept_credit(one))),
        ]  # fmt: skip
        for kind, rows in (
            ("invoice", (*invoices, *more_invoices)), ("bill", (*bills, *more_bills)), ("credit_memo", memos),
            ("vendor_credit", more_credits), ("sales_receipt", sales), ("customer", customers), ("vendor", vendors),
        ):  # fmt: skip
            self.note(kind, rows)
        for one in (*settled, *older):
            self.note("payment" if one.side == "invoice" else "bill_payment", [one.record.data])
        return Books(
            base_currency=base,
            as_of=as_of,
            accounts=tuple(accounts.values()),
            contacts=self._contacts(documents),
            documents=documents,
            credits=tuple(_unique(credits)),
            payments=payments,
            batches=tuple(one.batch for one in cash if one.batch),
            bank_transactions=tuple(
                t for t in on_banks if window[0] <= t.date <= window[1] and _moves_bank(t, accounts)
            ),
            transfers=tuple(t for row in moved if (t := self.tolerant(
                partial(movements.transfer, accounts=accounts, base_currency=base), row))),
            undeposited=tuple(sorted(waiting, key=lambda u: (u.date, u.id))),
            coded=tuple(past for row, t in booked if _moves_bank(t, accounts)
                        and (past := self.tolerant(partial(movements.coded, moved=t, accounts=accounts), row))),
            lines=tuple(lines),
            history=_history(payments, {d.id: d for d in documents}),
            own_names=tuple(name for name in ((await self.organisation()).name,) if name),
            consumed=taken,
        )  # fmt: skip

    async def chart(self) -> Chart:
        """Tax codes, items, the classes and departments of a company that keeps them, and active contacts: five list
        calls, and two more for the contacts where the books were not read before."""
        if self._chart is None:
            await self.organisation()
            kept = self._preference("AccountingInfoPrefs")
            classes_kept = (
                kept.get("ClassTrackingPerTxn") is not False or kept.get("ClassTrackingPerTxnLine") is not False
            )
            codes, rates, items, classes, departments = await together(
                self.rows("tax_code", "", "tax codes"),
                self.rows("tax_rate", "", "tax rates"),
                self.rows("item", "", "items"),
                self.rows("class", "", "classes") if classes_kept else _nothing(),
                self.rows("department", "", "departments") if kept.get("TrackDepartments") is not False else _nothing(),
            )
            self.note("item", items)
            self.note("class", classes)
            self.note("department", departments)
            self._chart = Chart(
                tax_rates=parsing.tax_rates(codes, rates, _value(self._preference("TaxPrefs").get("TaxGroupCodeRef"))),
                tracking=parsing.tracking(classes, departments),
                contacts={},
            )
        if self._people is None:
            customers, vendors = await together(
                self.rows("customer", "", "customers"), self.rows("vendor", "", "vendors")
            )
            self.note("customer", customers)
            self.note("vendor", vendors)
            self._people = (customers, vendors)
        # The contacts are those that were read last: the books may have been read again since.
        return replace(self._chart, contacts={contact.id: contact for contact in self._contacts(())})

    async def balances(self, as_of: date) -> Balances:
        """Balances as of the end of a day: one read of the trial balance, on accrual basis whatever the company's
        reports are usually on."""
        accounts = await self.accounts()
        organisation = await self.organisation()
        self._by_account = account_balances(await self.trial_balance(as_of))
        since = financial_year_start(as_of, end_month=organisation.year_end_month, end_day=organisation.year_end_day)
        return replace(balances(self._by_account, accounts.values(), organisation.base_currency), gains_since=since)

    async def terms(self) -> Mapping[str, PaymentTerms]:
        """Payment terms by id: one call, once."""
        if self._terms is None:
            terms = await self.rows("term", "", "terms")
            self.note("term", terms)
            self._terms = parsing.terms(terms)
        return self._terms

    async def trial_balance(self, as_of: date) -> list[Row]:
        """The rows of the trial balance as of the end of a day: one call."""
        organisation = await self.organisation()
        since = financial_year_start(as_of, end_month=organisation.year_end_month, end_day=organisation.year_end_day)
        asked = {"start_date": since.isoformat(), "end_date": as_of.isoformat(), "accounting_method": "Accrual"}
        return await self.report("trial_balance", asked, "the trial balance")

    async def held(self, written: Sequence[Written]) -> Found:
        """What the ledger holds now of earlier writes: one query for hundreds of a kind. Raises FinchatError."""
        from finchat.providers.quickbooks.undoing import held

        return await held(self._toolbox, written)

    def ledger_balance(self, account_id: str) -> Decimal:
        """The debit-positive base balance of one account in the trial balance that was read last."""
        return self._by_account.get(account_id, Decimal("0.00"))

    @property
    def allocation_ids(self) -> Mapping[str, tuple[str, ...]]:
        """None: in QuickBooks a credit is put against a document by a payment, which has an id of its own."""
        return {}

    async def write_context(self, plan_id: str, *, chart: bool = False, fresh: bool = False) -> WriteContext:
        """What the writes of one plan share: organisation, accounts, and the tools as the server now publishes them;
        with `chart` also what lines are coded with. `fresh`: contacts as they are now, not as this run read them, with
        the terms of new documents, which nothing else asks for."""
        from finchat.providers.quickbooks.writes import QUICKBOOKS_WRITERS

        if fresh:
            self._people = None
        tools: Mapping[str, Tool] = await self._toolbox.tools()
        organisation = await self.organisation()
        if chart and fresh:
            default = _value(self._preference("SalesFormsPrefs").get("DefaultTerms"))
            organisation = replace(organisation, sales_terms=(await self.terms()).get(default))
        known = await self.chart() if chart else Chart((), (), {})
        return WriteContext(
            plan_id=plan_id,
            organisation=organisation,
            tools=tools,
            operations=TABLE,
            writers=QUICKBOOKS_WRITERS,
            accounts=await self.accounts(),
            tax_rates={rate.type: rate for rate in known.tax_rates},
            tracking=known.tracking,
            contacts=known.contacts,
            records=self._records,
        )

    async def misnamed(self, plan: Plan) -> str | None:
        """The first record that a plan calls something else than the ledger does: one query for hundreds of a kind."""
        from finchat.providers.quickbooks.names import misnamed

        return await misnamed(self._toolbox, plan)

    async def contact_records(self) -> Sequence[Row]:
        """Every active customer and vendor as QuickBooks' own record: two calls, one more for each thousand."""
        customers, vendors = await together(self.rows("customer", "", "customers"), self.rows("vendor", "", "vendors"))
        return [*customers, *vendors]

    def lookups(self) -> QuickBooksLookups:
        """Reads for answers."""
        from finchat.providers.quickbooks.lookups import QuickBooksLookups

        return QuickBooksLookups(self)

    # -- reading, for the lookups too

    async def rows(self, kind: str, where: str, what: str) -> list[Row]:
        """Every record of a kind (the table's singular) that meets a condition. Raises FinchatError."""
        return await all_rows(self._toolbox, f"{kind}.list", where, what, self._emit)

    async def first_rows(self, kind: str, where: str, *, order: str, count: int, what: str) -> list[Row]:
        """The first `count` records of a kind in an order: one call. Raises FinchatError."""
        return await first_rows(self._toolbox, f"{kind}.list", where, order=order, count=count, what=what)

    async def by_id(self, kind: str, ids: Iterable[str], what: str, *, also: str = "") -> list[Row]:
        """The records of these ids that there still are: one call for hundreds of them, none for none."""
        asked = [id for id in ids if id.isascii() and id.isalnum()]
        parts = await together(*(self.rows(kind, f"{part}{also}", what) for part in id_lists(asked)))
        return [row for rows in parts for row in rows]

    async def report(self, name: str, arguments: Mapping[str, Any], what: str) -> list[Row]:
        """The flat rows of a report: one call. Raises FinchatError."""
        return await records(self._toolbox, TABLE[f"report.{name}"].tool, arguments, what=what, emit=self._emit)

    def note(self, kind: str, rows: Iterable[Row]) -> None:
        """Keep records as they were read, for what is written of them."""
        for row in rows:
            if isinstance(id := row.get("Id"), str):
                self._records[kind, id] = row

    def tolerant(self, parse: Callable[[Any], T], row: Any) -> T | None:
        """A record that cannot be understood is left alone, and said so: it can never be paid."""
        try:
            return parse(row)
        except UnreadableRecord as error:
            self._emit(Notice(text=error.message, severity="warning"))
            return None

    def _settlement(self, row: Row, base: str) -> Settlement | None:
        return self.tolerant(partial(settlements.settlement, base_currency=base), row)

    def _documents(
        self, invoices: Iterable[Row], bills: Iterable[Row], base: str, paid_days: Mapping[str, date]
    ) -> tuple[Document, ...]:
        found = [
            *(self.tolerant(partial(parsing.invoice, base_currency=base), row) for row in invoices),
            *(self.tolerant(partial(parsing.bill, base_currency=base), row) for row in bills),
        ]
        return tuple(
            replace(one, paid_on=paid_days.get(one.id)) if one.status == "paid" else one
            for one in found
            if one is not None and one.status != "void"
        )

    def _moves(
        self, rows: Iterable[Row], parse: Callable[..., BankTransaction], accounts: Mapping[str, Account], base: str
    ) -> Iterator[tuple[Row, BankTransaction]]:
        for row in rows:
            moved = self.tolerant(partial(parse, accounts=accounts, base_currency=base), row)
            if moved is not None and moved.amount:
                yield row, moved

    @staticmethod
    def _named(settled: Iterable[Settlement], side: str) -> set[str]:
        """The documents that payments of a side name."""
        wanted = "Invoice" if side == "invoice" else "Bill"
        return {share.id for one in settled if one.side == side for share in one.shares if share.type == wanted}

    async def _unapplied(self, kind: str, aged: Sequence[Row], known: set[str], what: str) -> list[Row]:
        """The records of a kind among the credits that an ageing report lists and that are not known yet. QuickBooks
        cannot be asked which payments have something unapplied, nor which vendor credits are open: the report says."""
        open_ids = credits_of(aged, kind)
        if open_ids is None:  # a report in another form: all there are, then
            rows = await self.rows(kind, "", what)
            return [row for row in rows if str(row.get("Id")) not in known]
        return await self.by_id(kind, open_ids - known, what)

    def _contacts(self, documents: Iterable[Document]) -> tuple[Contact, ...]:
        """The customers and vendors, and whoever only documents name (an inactive one with something open)."""
        customers, vendors = self._people or ([], [])
        found = {c.id: c for c in (parsing.customer(row, self._terms or {}) for row in customers)}
        found |= {c.id: c for c in (parsing.vendor(row, self._terms or {}) for row in vendors)}
        for document in documents:
            if document.contact_id and document.contact_id not in found:
                found[document.contact_id] = Contact(id=document.contact_id, name=document.contact)
        return tuple(found.values())

    def _preference(self, name: str) -> Row:
        """A group of the company's preferences; empty when it is not told."""
        group = self._preferences.get(name)
        return group if isinstance(group, Mapping) else {}


async def _nothing() -> list[Row]:
    """What a list holds that the company does not keep."""
    return []


def _value(reference: object) -> str:
    value = reference.get("value") if isinstance(reference, Mapping) else None
    return value if isinstance(value, str) else ""


# What an English report calls transactions; another language's words could be any of them.
_CALLED: Mapping[str, str] = {
    "Payment": "payment", "Vendor Credit": "vendor_credit", "Bill Payment (Check)": "bill_payment",
    "Bill Payment (Credit Card)": "bill_payment", "Bill Payment": "bill_payment", "Credit Memo": "credit_memo",
    "Journal Entry": "journal_entry",
}  # fmt: skip


def credits_of(aged: Sequence[Row], kind: str) -> set[str] | None:
    """The transactions of an ageing report that are open the other way round and may be of a kind; None for a report in
    another form. Ids are unique over all kinds of transaction."""
    found: set[str] = set()
    for row in aged:
        if row.get("row") != "line":
            continue
        id, left = row.get("transaction_type_id"), row.get("open_balance")
        if not isinstance(id, str) or not isinstance(left, str):
            return None
        if left.startswith("-") and _CALLED.get(str(row.get("transaction_type")), kind) == kind:
            found.add(id)
    return found


def _moves_bank(transaction: BankTransaction, accounts: Mapping[str, Account]) -> bool:
    account = accounts.get(transaction.account_id)
    return account is not None and account.kind == "bank"


def _unique(credits: Iterable[Credit]) -> list[Credit]:
    return list({credit.id: credit for credit in credits}.values())


def _known_line(payment: Payment, consumed: Mapping[str, str]) -> Payment:
    """A payment that finchat wrote from a line says so: it cannot claim another line."""
    own = {payment.id, payment.batch_id} - {""}
    line = next((fingerprint for fingerprint, ledger_id in consumed.items() if ledger_id in own), "")
    return replace(payment, matched_line=line) if line else payment


def _history(payments: Iterable[Payment], documents: Mapping[str, Document]) -> tuple[ConfirmedLine, ...]:
    """Lines settled earlier through finchat: their payments carry the bank's text before the write token."""
    return tuple(
        ConfirmedLine(
            id=payment.id,
            date=payment.date,
            direction=payment.direction,
            amount=payment.bank_amount,
            currency=payment.currency,
            narration=text,
            counterparty_account="",
            contact_id=payment.contact_id,
            document_ids=(payment.document_id,) if payment.document_id in documents else (),
        )
        for payment in payments
        if payment.contact_id and (text := _bank_text(payment.reference))
    )


def _bank_text(reference: str) -> str:
    """The bank's own text of a reference that finchat wrote, "" for any other."""
    text, _, token = reference.rpartition(" ")
    return text if token.startswith("fc-") and len(token) == 13 else ""
