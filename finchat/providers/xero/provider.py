"""Reading a Xero organisation into books, with the fewest calls the API allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, TypeVar

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
from finchat.connections.toolbox import Tool, Toolbox
from finchat.errors import FinchatError
from finchat.events import Emit, Notice
from finchat.providers.balances import balances
from finchat.providers.fields import UnreadableRecord
from finchat.providers.provider import Chart, OrganisationUnclear, Row
from finchat.providers.reading import call, records
from finchat.providers.writing.context import WriteContext
from finchat.providers.writing.undoing import Found, Written
from finchat.providers.xero import parsing
from finchat.providers.xero.names import misnamed
from finchat.providers.xero.table import TABLE
from finchat.providers.xero.trial_balance import account_balances
from finchat.providers.xero.undoing import held
from finchat.providers.xero.writes import XERO_WRITERS

# A payment stands in the ledger a few days around its bank line, and an unpresented cheque for weeks before it.
_BEFORE, _AFTER = timedelta(days=45), timedelta(days=10)
# How long ago a document may have been paid for a line to be recognised as paying it again.
_PAID_AGAIN = timedelta(days=120)
# How far back receive and spend money tells how a payee is booked: a year, and a month for what comes once a year.
_CODED = timedelta(days=400)
_PAGE = 1000

if TYPE_CHECKING:
    from finchat.providers.xero.lookups import XeroLookups

T = TypeVar("T")


class XeroProvider:
    """One organisation behind one server. `toolbox` is the guard's: every call passes policy and audit.

    Reads raise FinchatError (authentication, limit, unavailable) or UnreadableRecord, which names the record.
    """

    def __init__(self, toolbox: Toolbox, *, clearing_accounts: Iterable[str] = (), emit: Emit) -> None:
        self._toolbox = toolbox
        self._clearing = frozenset(clearing_accounts)
        self._emit = emit
        self._organisation: Organisation | None = None
        self._accounts: dict[str, Account] | None = None
        self._allocation_ids: dict[str, tuple[str, ...]] = {}
        self._by_account: Mapping[str, Decimal] = {}
        self._contacts: Mapping[str, Contact] | None = None
        self._chart: Chart | None = None

    async def organisation(self, wanted: str | None = None) -> Organisation:
        """The organisation behind the server; `wanted` is the name or id a person gave (`--org`)."""
        if self._organisation is None:
            rows = await self.rows("organisation.list", {}, "the organisation")
            found = [parsing.organisation(row, self._toolbox.server) for row in rows]
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
        """The chart of accounts by id; those a human named as clearing are marked so."""
        if self._accounts is None:
            base = (await self.organisation()).base_currency
            rows = await self.rows("account.list", {}, "accounts")
            self._accounts = {a.id: a for a in (parsing.account(row, base, self._clearing) for row in rows)}
            for name in sorted(self._clearing - {n for a in self._accounts.values() for n in (a.id, a.code, a.name)}):
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
        """Everything a matcher may know about the lines of first…last: eight lists of 1,000 rows a call, read
        together. `consumed`: line fingerprint → ledger id of finchat's own earlier writes.

        Receive and spend money is read for 400 days, as `coded`; the matcher sees what is near."""
        base = (await self.organisation()).base_currency
        accounts = await self.accounts()
        near = f"Date>={where_day(first - _BEFORE)} AND Date<={where_day(last + _AFTER)}"
        coded = f"Date>={where_day(min(first - _BEFORE, last - _CODED))} AND Date<={where_day(last + _AFTER)}"
        paid = where_day(first - _PAID_AGAIN)
        open_now = {"where": 'Status=="AUTHORISED"'}
        invoices, contacts, payment_rows, moves, moved, notes, overpaid, prepaid = await together(
            self.rows(
                "invoice.list",
                {
                    "where": f'Status=="AUTHORISED" OR (Status=="PAID" AND FullyPaidOnDate!=null '
                    f"AND FullyPaidOnDate>={paid})"
                },
                "invoices and bills",
            ),
            self.rows("contact.list", {}, "contacts"),
            self.rows("payment.list", {"where": f'Status=="AUTHORISED" AND {near}'}, "payments"),
            self.rows(
                "bank_transaction.list", {"where": f'Status=="AUTHORISED" AND {coded}'}, "receive and spend money"
            ),
            self.rows("bank_transfer.list", {"where": near}, "transfers"),
            self.rows("credit_note.list", open_now, "credit notes"),
            self.rows("overpayment.list", open_now, "overpayments"),
            self.rows("prepayment.list", open_now, "prepayments"),
        )
        transfers = [parsing.transfer(row, accounts, base) for row in moved if parsing.stands(row)]
        sides = frozenset[str]().union(*(ids for _, ids in transfers))
        parsed = [(row, *parsing.bank_transaction(row, accounts, base)) for row in moves]
        # The matcher sees what is near, and a transfer as one: its two sides are not receipts of their own.
        booked = [
            (t, credit_id) for _, t, credit_id in parsed
            if first - _BEFORE <= t.date <= last + _AFTER and t.id not in sides
        ]  # fmt: skip
        sources = {credit_id: transaction.id for transaction, credit_id in booked if credit_id}
        credits: list[Credit] = []
        self._allocation_ids = {}
        kinds: tuple[tuple[parsing.CreditKind, Sequence[Row]], ...] = (
            ("credit_note", notes),
            ("overpayment", overpaid),
            ("prepayment", prepaid),
        )
        for kind, rows in kinds:
            for row in rows:
                credit = self.tolerant(partial(parsing.credit, kind=kind, base_currency=base), row)
                if credit is None or credit.remaining <= 0:
                    continue
                credits.append(_sourced(credit, sources, [t for t, _ in booked]))
                self._allocation_ids[credit.id] = _ids_of(row.get("Allocations") or (), "AllocationID")
        taken = dict(consumed or {})
        payments = tuple(_known_line(parsing.payment(row, accounts, base), taken) for row in payment_rows)
        documents = tuple(
            d for d in (self.tolerant(partial(parsing.document, base_currency=base), row) for row in invoices) if d
        )
        people = _contacts(contacts, documents)
        self._contacts = {row.id: row for row in (parsing.contact(row) for row in contacts)}
        return Books(
            base_currency=base,
            as_of=as_of,
            accounts=tuple(accounts.values()),
            contacts=people,
            documents=documents,
            credits=tuple(credits),
            payments=payments,
            batches=parsing.batches(payments),
            bank_transactions=tuple(transaction for transaction, _ in booked),
            transfers=tuple(transfer for transfer, _ in transfers),
            coded=tuple(c for row, t, _ in parsed if (c := parsing.coded(row, t, accounts)) is not None),
            lines=tuple(lines),
            history=_history(payments, {d.id: d for d in documents}),
            own_names=tuple(name for name in ((await self.organisation()).name,) if name),
            consumed=taken,
        )

    async def chart(self) -> Chart:
        """Tax codes, tracking categories and active contacts: two list calls, and one more for the contacts where the
        books were not read before."""
        if self._chart is None:
            wanted = [
                self.rows("tax_rate.list", {}, "tax rates"),
                self.rows("tracking_category.list", {}, "tracking categories"),
            ]
            if self._contacts is None:
                wanted.append(self.rows("contact.list", {}, "contacts"))
            rates, tracking, *contacts = await together(*wanted)
            if contacts:
                self._contacts = {row.id: row for row in (parsing.contact(row) for row in contacts[0])}
            self._chart = Chart(
                tax_rates=tuple(parsing.tax_rate(row) for row in rates),
                tracking=tuple(c for c in (parsing.tracking_category(row) for row in tracking) if c is not None),
                contacts=self._contacts or {},
            )
        elif self._contacts is None:
            rows = await self.rows("contact.list", {}, "contacts")
            self._contacts = {row.id: row for row in (parsing.contact(row) for row in rows)}
        # The contacts are those that were read last: the books may have been read again since.
        return replace(self._chart, contacts=self._contacts or {})

    async def balances(self, as_of: date) -> Balances:
        """Balances as of the end of a day: one read of the trial balance."""
        accounts = await self.accounts()
        rows = await self.rows("report.trial_balance", {"date": as_of.isoformat()}, "the trial balance")
        self._by_account = account_balances(rows)
        organisation = await self.organisation()
        since = financial_year_start(as_of, end_month=organisation.year_end_month, end_day=organisation.year_end_day)
        return replace(balances(self._by_account, accounts.values(), organisation.base_currency), gains_since=since)

    async def held(self, written: Sequence[Written]) -> Found:
        """What the ledger holds now of earlier writes: 20 records a call. Raises FinchatError."""
        return await held(self._toolbox, written)

    def ledger_balance(self, account_id: str) -> Decimal:
        """The debit-positive base balance of one account in the trial balance that was read last."""
        return self._by_account.get(account_id, Decimal("0.00"))

    @property
    def allocation_ids(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of the allocations each open credit had when the books were read last."""
        return dict(self._allocation_ids)

    async def write_context(self, plan_id: str, *, chart: bool = False, fresh: bool = False) -> WriteContext:
        """What the writes of one plan share: organisation, accounts, and the tools as the server now publishes them;
        with `chart` also what lines are coded with. `fresh`: contacts as they are now, not as this run read them."""
        if fresh:
            self._contacts = None
        tools: Mapping[str, Tool] = await self._toolbox.tools()
        known = await self.chart() if chart else Chart((), (), {})
        return WriteContext(
            plan_id=plan_id,
            organisation=await self.organisation(),
            tools=tools,
            operations=TABLE,
            writers=XERO_WRITERS,
            accounts=await self.accounts(),
            allocation_ids=self._allocation_ids,
            tax_rates={rate.type: rate for rate in known.tax_rates},
            tracking=known.tracking,
            contacts=known.contacts,
        )

    async def misnamed(self, plan: Plan) -> str | None:
        """The first record that a plan calls something else than the ledger does: 40 documents or contacts a call, 20
        credits."""
        return await misnamed(self._toolbox, plan)

    async def contact_records(self) -> list[Row]:
        """Every active contact as the ledger's own record: one call a thousand."""
        return await self.rows("contact.list", {}, "contacts")

    def lookups(self) -> XeroLookups:
        """Reads for answers."""
        from finchat.providers.xero.lookups import XeroLookups

        return XeroLookups(self)

    async def rows(self, operation: str, arguments: Mapping[str, object], what: str) -> list[Row]:
        """Every record of a list operation as the ledger has it, 1,000 a call. Raises FinchatError."""
        given = dict(arguments)
        if operation not in _UNPAGED and not operation.startswith("report."):
            given["page_size"] = _PAGE
        return await records(self._toolbox, TABLE[operation].tool, given, what=what, emit=self._emit)

    async def first_rows(self, operation: str, arguments: Mapping[str, object], count: int, what: str) -> list[Row]:
        """The first `count` records of a list operation: one call. Raises FinchatError."""
        given = {**arguments, "page_size": count}
        found = (await call(self._toolbox, TABLE[operation].tool, given, f"reading {what}")).structured or {}
        rows = found.get("records")
        if not isinstance(rows, list):
            raise FinchatError(f"reading {what}: the answer holds no list of records", code="unreadable_answer")
        return rows[:count]

    def tolerant(self, parse: Callable[[Row], T], row: Row) -> T | None:
        """A document or credit that cannot be understood is left alone, and said so: it can never be paid."""
        try:
            return parse(row)
        except UnreadableRecord as error:
            self._emit(Notice(text=error.message, severity="warning"))
            return None


_UNPAGED = frozenset({
    "organisation.list", "account.list", "tax_rate.list", "tracking_category.list", "bank_transfer.list",
})  # fmt: skip


async def together(*reads: Awaitable[list[Row]]) -> list[list[Row]]:
    """All reads at once; the first failure ends the others, so nothing runs on behind an error."""
    tasks = [asyncio.ensure_future(read) for read in reads]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def where_day(day: date) -> str:
    return f"DateTime({day.year}, {day.month:02}, {day.day:02})"


def _sourced(credit: Credit, sources: Mapping[str, str], transactions: Sequence[BankTransaction]) -> Credit:
    """The credit with the bank transaction that booked it: by the id the transaction names, or by being the same."""
    if credit.kind == "credit_note":
        return credit
    known = sources.get(credit.id) or next((t.id for t in transactions if t.id == credit.id), "")
    if not known:
        like = [
            t.id
            for t in transactions
            if t.kind == credit.kind
            and (t.contact_id, t.date, t.amount, t.currency)
            == (credit.contact_id, credit.date, credit.total, credit.currency)
        ]
        known = like[0] if len(like) == 1 else ""
    return replace(credit, source_id=known)


def _known_line(payment: Payment, consumed: Mapping[str, str]) -> Payment:
    """A payment that finchat wrote from a line says so: it cannot claim another line."""
    line = next((fingerprint for fingerprint, ledger_id in consumed.items() if ledger_id == payment.id), "")
    return replace(payment, matched_line=line) if line else payment


def _contacts(rows: Iterable[Row], documents: Iterable[Document]) -> tuple[Contact, ...]:
    """The contact list, and whoever only documents name (an archived contact with something open)."""
    found = {contact.id: contact for contact in (parsing.contact(row) for row in rows)}
    for document in documents:
        if document.contact_id and document.contact_id not in found:
            found[document.contact_id] = Contact(id=document.contact_id, name=document.contact)
    return tuple(found.values())


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


def _ids_of(rows: Iterable[Row], key: str) -> tuple[str, ...]:
    """The ids that a list of nested records carries."""
    return tuple(id for row in rows if isinstance(id := row.get(key), str) and id)
