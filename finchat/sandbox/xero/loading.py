"""Loading recorded or generated Xero JSON into an empty company: one loader for both.

Totals, tax and statuses are taken as recorded; what is due is computed from the payments and allocations loaded and
must agree with what the record says. Every record that moves money is posted.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date as Day
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from finchat.errors import UsageError
from finchat.sandbox.ledger import Journal, Posting
from finchat.sandbox.xero import posting
from finchat.sandbox.xero.accounts import ACCOUNT_CLASS
from finchat.sandbox.xero.errors import Refusal
from finchat.sandbox.xero.lines import stored_line
from finchat.sandbox.xero.payment_types import payment_type
from finchat.sandbox.xero.posting import LinePosting, SystemAccounts
from finchat.sandbox.xero.values import amount as amount_digits
from finchat.sandbox.xero.values import (
    day,
    guid,
    guid_or_none,
    instant,
    minor,
    number,
    rate_of,
    stored_day,
    stored_instant,
    to_base,
)

if TYPE_CHECKING:
    from finchat.sandbox.xero.back_end import XeroBackEnd

Record = Mapping[str, Any]
_POSTED = ("AUTHORISED", "PAID")
_ID = {
    "Invoices": "InvoiceID",
    "CreditNotes": "CreditNoteID",
    "Prepayments": "PrepaymentID",
    "Overpayments": "OverpaymentID",
    "BankTransactions": "BankTransactionID",
}
_NUMBER = {"Invoices": "InvoiceNumber", "CreditNotes": "CreditNoteNumber"}
_OTHER = {
    "Items": "ItemID",
    "TrackingCategories": "TrackingCategoryID",
    "ManualJournals": "ManualJournalID",
    "BrandingThemes": "BrandingThemeID",
    "ContactGroups": "ContactGroupID",
}


@dataclass(slots=True)
class _Document:
    """A document being loaded; amounts in its own currency, `base_*` in the organisation's (hundredths)."""

    guid: str
    resource: str
    type: str
    status: str
    contact: str | None
    number: str | None
    reference: str
    date: Day | None
    due_date: Day | None
    currency: str
    rate: Decimal
    line_amount_types: str
    sub_total: int
    total_tax: int
    total: int
    base_total: int
    due: int
    base_due: int
    bank: str | None
    is_reconciled: bool
    sent: bool
    updated: str
    body: dict[str, Any]
    lines: list[LinePosting]
    paid: int = 0
    credited: int = 0
    fully_paid: Day | None = None
    twin: str | None = None

    @property
    def live(self) -> bool:
        return self.status in _POSTED

    @property
    def where(self) -> str:
        return f"{self.resource} {self.number or self.guid}"


def load(back_end: XeroBackEnd, collections: Mapping[str, Iterable[Record]]) -> None:
    """Load everything in one transaction. Raises UsageError naming the record and field that cannot be right."""
    known = {*_ID, *_OTHER, "Organisations", "BankTransfers", "Accounts", "TaxRates", "Contacts", "Payments"}
    if unknown := sorted(set(collections) - known):
        raise UsageError(f"unknown collections: {', '.join(unknown)}", field=unknown[0])
    with back_end.transaction():
        if not back_end.empty:
            raise UsageError("the sandbox company already holds records", next="run: finchat sandbox reset")
        _Loader(back_end, collections).run()
    # Only a statistics refresh: without it SQLite picks poor indexes on a fresh file.
    back_end.db.execute("PRAGMA optimize=0x10002")


@dataclass(slots=True)
class _Loader:
    back_end: XeroBackEnd
    collections: Mapping[str, Iterable[Record]]
    db: sqlite3.Connection = field(init=False)
    stamp: str = field(init=False)
    currency: str = ""
    accounts: dict[str, str] = field(default_factory=dict)  # GUID or code -> GUID
    account_currency: dict[str, str | None] = field(default_factory=dict)
    contacts: dict[str, str] = field(default_factory=dict)  # GUID -> name
    contact_rows: list[tuple[Any, ...]] = field(default_factory=list)
    documents: dict[str, _Document] = field(default_factory=dict)
    journals: list[Journal] = field(default_factory=list)
    where: str = "records"

    def __post_init__(self) -> None:
        self.db, self.stamp = self.back_end.db, self.back_end.stamp()

    def run(self) -> None:
        try:
            self._organisation()
            self._accounts()
            self._tax_rates()
            for contact in self.collections.get("Contacts", ()):
                self._contact(contact, embedded=False)
            self._other()
            system = self.back_end.system_accounts()
            for resource in _ID:
                for record in self.collections.get(resource, ()):
                    self._document(resource, record)
            self._twins()
            self._transfers()
            self._post_documents(system)
            self._payments(system)
            self._allocations(system)
            self._manual_journals(system)
            self._check_and_write()
        except Refusal as refusal:
            message, name = refusal.errors[0]
            raise UsageError(f"{self.where}: {message}", field=name) from refusal
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{self.where}: {error!r} is missing or of the wrong kind", field=str(error)) from error
        except sqlite3.IntegrityError as error:
            raise UsageError(f"{self.where}: {error}", field="records") from error

    def _organisation(self) -> None:
        records = list(self.collections.get("Organisations", ()))
        if len(records) != 1:
            raise Refusal("exactly one Organisation is needed", "Organisations")
        record = dict(records[0])
        self.currency = record["BaseCurrency"]
        identity = guid_or_none(record.get("OrganisationID")) or str(uuid5(NAMESPACE_URL, f"xero:{record['Name']}"))
        record["OrganisationID"] = identity
        record.setdefault("Timezone", "UTC")
        record.setdefault("IsDemoCompany", True)
        self.db.execute(
            "INSERT INTO organisation(id, guid, currency, body) VALUES(1, ?, ?, ?)",
            (identity, self.currency, _json(record)),
        )

    def _accounts(self) -> None:
        from finchat.sandbox.xero.back_end import SYSTEM_ACCOUNTS

        rows: list[tuple[Any, ...]] = []
        codes: set[str] = set()
        systems: set[str] = set()
        for record in self.collections.get("Accounts", ()):
            self.where = f"Accounts {record.get('Code') or record['Name']}"
            identity = guid(record["AccountID"], "AccountID")
            code, system = record.get("Code"), record.get("SystemAccount")
            if record["Type"] not in ACCOUNT_CLASS:
                raise Refusal(f"{record['Type']} is not an account type", "Type")
            currency = record.get("CurrencyCode") if record["Type"] == "BANK" else None
            rows.append(self._account_row(identity, code or None, record, system or None, currency))
            self._know_account(identity, code, currency)
            codes.add(code or "")
            systems.add(system or "")
        for system, wanted, name, kind in SYSTEM_ACCOUNTS:
            if system not in systems:
                code = next(c for c in (wanted, *(f"{wanted}.{n}" for n in range(1, 100))) if c not in codes)
                identity = str(uuid5(NAMESPACE_URL, f"xero:{self.currency}:{system}"))
                record = {"Name": name, "Type": kind, "TaxType": "NONE", "Status": "ACTIVE"}
                rows.append(self._account_row(identity, code, record, system, None))
                self._know_account(identity, code, None)
        self.db.executemany("INSERT INTO account VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?,?)", rows)

    def _account_row(
        self, identity: str, code: str | None, record: Record, system: str | None, currency: str | None
    ) -> tuple[Any, ...]:
        return (
            identity,
            code,
            record["Name"],
            record["Type"],
            ACCOUNT_CLASS[record["Type"]],
            record.get("Status", "ACTIVE"),
            record.get("TaxType") or "NONE",
            system,
            currency,
            int(bool(record.get("EnablePaymentsToAccount", False))),
            self._updated(record),
            _json({k: record[k] for k in ("Description", "BankAccountNumber", "BankAccountType") if record.get(k)}),
        )

    def _know_account(self, identity: str, code: str | None, currency: str | None) -> None:
        self.accounts[identity] = identity
        self.account_currency[identity] = currency
        if code:
            self.accounts[code] = identity

    def _tax_rates(self) -> None:
        rows = []
        for record in self.collections.get("TaxRates", ()):
            self.where = f"TaxRates {record['TaxType']}"
            rate = format(number(record["EffectiveRate"], "EffectiveRate"), "f")
            rows.append((record["TaxType"], record["Name"], rate, record.get("Status", "ACTIVE"), _json(dict(record))))
        self.db.executemany("INSERT OR REPLACE INTO tax_rate VALUES(NULL,?,?,?,?,?)", rows)

    def _contact(self, record: Record, *, embedded: bool) -> str:
        if not embedded:
            self.where = f"Contacts {record.get('Name', '')}"
        identity = guid(record["ContactID"], "ContactID")
        if identity in self.contacts:
            return identity
        self.contacts[identity] = record["Name"]
        columns = {"ContactID", "ContactNumber", "Name", "AccountNumber", "EmailAddress", "FirstName", "LastName"}
        columns |= {"ContactStatus", "IsSupplier", "IsCustomer", "UpdatedDateUTC"}
        self.contact_rows.append(
            (
                identity,
                record.get("ContactNumber") or None,
                record["Name"],
                record.get("AccountNumber") or None,
                record.get("EmailAddress") or None,
                record.get("FirstName") or None,
                record.get("LastName") or None,
                record.get("ContactStatus", "ACTIVE"),
                int(bool(record.get("IsSupplier"))),
                int(bool(record.get("IsCustomer"))),
                self._updated({} if embedded else record),
                _json({} if embedded else {k: v for k, v in record.items() if k not in columns}),
            )
        )
        return identity

    def _other(self) -> None:
        rows = []
        for resource, key in _OTHER.items():
            for index, record in enumerate(self.collections.get(resource, ())):
                identity = guid_or_none(record.get(key)) or str(uuid5(NAMESPACE_URL, f"xero:{resource}:{index}"))
                rows.append((resource, identity, _json({**record, key: identity})))
        self.db.executemany("INSERT INTO other VALUES(NULL,?,?,?)", rows)

    def _document(self, resource: str, record: Record) -> None:
        self.where = resource
        identity = guid(record[_ID[resource]], _ID[resource])
        self.where = f"{resource} {record.get('InvoiceNumber') or record.get('CreditNoteNumber') or identity}"
        if identity in self.documents:
            raise Refusal("the same record is listed twice", _ID[resource])
        bank = record.get("BankAccount")
        bank_id = self._account(bank) if bank else None
        currency = record.get("CurrencyCode") or (bank_id and self.account_currency[bank_id]) or self.currency
        base = currency == self.currency
        rate = Decimal(1) if base or record["Status"] not in _POSTED else rate_of(record.get("CurrencyRate"))
        types = record.get("LineAmountTypes", "Exclusive")
        lines = [stored_line(line, types, f"LineItems[{n}]") for n, line in enumerate(record.get("LineItems") or ())]
        for n, line in enumerate(lines):
            line.setdefault("LineItemID", str(uuid5(NAMESPACE_URL, f"xero:line:{identity}:{n}")))
        total = minor(record["Total"], "Total")
        contact = record.get("Contact")
        status = record["Status"]
        live = status in _POSTED
        on = record.get("Date") or record.get("DateString")
        due_on = record.get("DueDate") or record.get("DueDateString")
        base_total = to_base(total, rate)
        posted = live or status in ("DRAFT", "SUBMITTED")
        self.documents[identity] = _Document(
            guid=identity,
            resource=resource,
            type=record["Type"],
            status=status,
            contact=self._contact(contact, embedded=True) if contact and contact.get("ContactID") else None,
            number=record.get(_NUMBER.get(resource, "")) or None,
            reference=record.get("Reference") or "",
            date=day(on, "Date") if on else None,
            due_date=day(due_on, "DueDate") if due_on else None,
            currency=currency,
            rate=rate,
            line_amount_types=types,
            sub_total=minor(record.get("SubTotal", 0), "SubTotal"),
            total_tax=minor(record.get("TotalTax", 0), "TotalTax"),
            total=total,
            base_total=base_total,
            due=total if posted and resource != "BankTransactions" else 0,
            base_due=base_total if live and resource != "BankTransactions" else 0,
            bank=bank_id,
            is_reconciled=bool(record.get("IsReconciled", False)),
            sent=bool(record.get("SentToContact", False)),
            updated=self._updated(record),
            body={"LineItems": lines, **{k: record[k] for k in ("Url", "BrandingThemeID") if record.get(k)}},
            lines=[self._line(line) for line in lines] if live else [],
        )

    def _line(self, line: Mapping[str, Any]) -> LinePosting:
        wanted = line.get("AccountID") or line.get("AccountCode")
        if (account := self.accounts.get(wanted or "")) is None:
            # An over- or prepayment's line may go without: its whole total sits in the control account.
            account = ""
        tax = line["TaxAmount"]
        return LinePosting(account, line["LineAmount"] - (tax if line["Inclusive"] else 0), tax)

    def _account(self, given: Mapping[str, Any]) -> str:
        wanted = given.get("AccountID") or given.get("Code")
        found = self.accounts.get(guid_or_none(wanted) or str(wanted))
        if found is None:
            raise Refusal(f"account {wanted} is not among the Accounts", "Account")
        return found

    def _twins(self) -> None:
        """Pair every overpayment and prepayment with the bank transaction that made it; add the one that is missing."""
        made = [d for d in self.documents.values() if d.resource == "BankTransactions"]
        given_ones = self.collections.get("BankTransactions", ())
        sources = {guid(record["BankTransactionID"], "BankTransactionID"): record for record in given_ones}
        for document in made:
            for suffix, resource in (("OVERPAYMENT", "Overpayments"), ("PREPAYMENT", "Prepayments")):
                if not document.type.endswith(suffix):
                    continue
                self.where = document.where
                given = sources[document.guid].get(_ID[resource])
                identity = guid_or_none(given) or str(uuid5(NAMESPACE_URL, f"xero:{resource}:{document.guid}"))
                twin = self.documents.get(identity)
                if twin is None:
                    twin = _twin(document, identity, resource)
                    self.documents[identity] = twin
                document.twin, twin.twin, twin.bank = twin.guid, document.guid, document.bank
        for document in [d for d in self.documents.values() if d.resource in ("Overpayments", "Prepayments")]:
            if document.twin is None:
                self.where = document.where
                if document.bank is None:
                    raise Refusal("its bank transaction is not among the BankTransactions", _ID[document.resource])
                identity = str(uuid5(NAMESPACE_URL, f"xero:BankTransactions:{document.guid}"))
                twin = _twin(document, identity, "BankTransactions")
                twin.due = twin.base_due = 0
                document.twin, twin.twin = identity, document.guid
                self.documents[identity] = twin

    def _transfers(self) -> None:
        """Transfers as listed, their halves made where they are not among the bank transactions.

        Halves that no listed transfer names are two sides of one when day, amount and currency agree, in the order
        listed: recorded companies often come without their BankTransfers.
        """
        rows: list[tuple[Any, ...]] = []
        named: set[str] = set()
        for record in self.collections.get("BankTransfers", ()):
            identity = guid(record["BankTransferID"], "BankTransferID")
            self.where = f"BankTransfers {identity}"
            halves = [self._half(record, identity, side) for side in ("From", "To")]
            named |= {half.guid for half in halves}
            status = record.get("Status", "AUTHORISED")
            created = record.get("CreatedDateUTC")
            rows.append(
                (
                    identity,
                    *(half.guid for half in halves),
                    status,
                    stored_instant(instant(created, "CreatedDateUTC")) if created else halves[0].updated,
                    self._updated(record),
                    *(_json(list(record.get(key) or ())) for key in ("FromTracking", "ToTracking")),
                )
            )
        rows += self._paired(named)
        self.where = "BankTransfers"
        self.db.executemany("INSERT INTO transfer VALUES(NULL,?,?,?,?,?,?,?,?)", rows)

    def _half(self, record: Record, transfer: str, side: str) -> _Document:
        """One side of a listed transfer; it carries whether it is reconciled."""
        key, kind = f"{side}BankTransactionID", "SPEND-TRANSFER" if side == "From" else "RECEIVE-TRANSFER"
        identity = guid_or_none(record.get(key)) or str(uuid5(NAMESPACE_URL, f"xero:{key}:{transfer}"))
        if (found := self.documents.get(identity)) is None:
            self._document(
                "BankTransactions",
                {
                    "BankTransactionID": identity,
                    "Type": kind,
                    "Status": record.get("Status", "AUTHORISED"),
                    "BankAccount": record[f"{side}BankAccount"],
                    "Date": record.get("Date") or record.get("DateString"),
                    "Reference": record.get("Reference"),
                    "LineAmountTypes": "NoTax",
                    "SubTotal": record["Amount"],
                    "Total": record["Amount"],
                    "CurrencyRate": record.get("CurrencyRate"),
                    "IsReconciled": record.get(f"{side}IsReconciled", False),
                    "UpdatedDateUTC": record.get("UpdatedDateUTC") or record.get("CreatedDateUTC"),
                },
            )
            found = self.documents[identity]
        self.where = f"BankTransfers {transfer}"
        if found.type != kind:
            raise Refusal(f"{identity} is not a {kind} among the BankTransactions", key)
        return found

    def _paired(self, named: set[str]) -> Iterable[tuple[Any, ...]]:
        loose = [d for d in self.documents.values() if d.type.endswith("-TRANSFER") and d.guid not in named and d.live]
        received = [d for d in loose if d.type == "RECEIVE-TRANSFER"]
        for spent in loose:
            if spent.type != "SPEND-TRANSFER":
                continue
            key = (spent.date, spent.total, spent.currency)
            half = next((d for d in received if (d.date, d.total, d.currency) == key and d.bank != spent.bank), None)
            if half is not None:
                received.remove(half)
                identity = str(uuid5(NAMESPACE_URL, f"xero:BankTransfers:{spent.guid}"))
                yield (identity, spent.guid, half.guid, "AUTHORISED", spent.updated, spent.updated, "[]", "[]")

    def _post_documents(self, system: SystemAccounts) -> None:
        for document in self.documents.values():
            if not document.live or document.resource in ("Overpayments", "Prepayments"):
                continue
            self.where = document.where
            # Some recorded documents carry no date: they are posted on the day they were last changed.
            on = document.date or Day.fromisoformat(document.updated[:10])
            if document.type in ("ACCREC", "ACCPAY", "ACCRECCREDIT", "ACCPAYCREDIT", "RECEIVE", "SPEND"):
                for line in document.lines:
                    if not line.account:
                        raise Refusal("a line names no account of the chart", "AccountCode")
            if document.resource == "BankTransactions":
                bank = document.bank
                if bank is None:
                    raise Refusal("BankAccount is missing", "BankAccount")
                self.journals.append(
                    posting.bank_journal(
                        source=document.guid,
                        kind=document.type,
                        on=on,
                        lines=document.lines,
                        total=document.total,
                        base_total=document.base_total,
                        rate=document.rate,
                        bank=bank,
                        own=self._own_amount(bank),
                        system=system,
                    )
                )
            else:
                self.journals.append(
                    posting.document_journal(
                        source=document.guid,
                        kind=document.type,
                        on=on,
                        lines=document.lines,
                        base_total=document.base_total,
                        rate=document.rate,
                        system=system,
                    )
                )

    def _own_amount(self, account: str) -> Callable[[int, int], int]:
        """How much of the account's own currency a (document, base) pair of amounts is."""
        own = self.account_currency[account]
        return (lambda _d, b: b) if own in (None, self.currency) else (lambda d, _b: d)

    def _payments(self, system: SystemAccounts) -> None:
        rows: list[tuple[Any, ...]] = []
        listed: set[str] = set()
        for record in self.collections.get("Payments", ()):
            listed.add(guid(record["PaymentID"], "PaymentID"))
            rows.append(self._payment(record, self._paid_document(record), system))
        for resource in ("Invoices", "CreditNotes", "Prepayments", "Overpayments"):
            for owner in self.collections.get(resource, ()):
                for record in owner.get("Payments") or ():
                    if guid(record["PaymentID"], "PaymentID") not in listed:
                        self.where = f"Payments {record['PaymentID']}"
                        raise Refusal("it is shown on a document but is not among the Payments", "PaymentID")
        self.db.executemany("INSERT INTO payment VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)

    def _paid_document(self, record: Record) -> _Document:
        self.where = f"Payments {record['PaymentID']}"
        for key, name in (
            ("Invoice", "InvoiceID"),
            ("CreditNote", "CreditNoteID"),
            ("Prepayment", "PrepaymentID"),
            ("Overpayment", "OverpaymentID"),
        ):
            if given := record.get(key):
                if (found := self.documents.get(guid(given[name], name))) is None:
                    raise Refusal(f"{name} {given[name]} was not loaded", key)
                return found
        raise Refusal("it names no document", "Invoice")

    def _payment(self, record: Record, document: _Document, system: SystemAccounts) -> tuple[Any, ...]:
        identity, account = guid(record["PaymentID"], "PaymentID"), self._account(record["Account"])
        on = day(record.get("Date") or record.get("DateString"), "Date")
        amount = minor(record["Amount"], "Amount")
        status = record.get("Status", "AUTHORISED")
        rate = Decimal(1)
        base_amount = amount
        if document.currency != self.currency:
            rate = rate_of(record["CurrencyRate"]) if record.get("CurrencyRate") else document.rate
            base_amount = to_base(amount, rate)
        own_currency = self.account_currency[account] in (None, self.currency)
        if own_currency and document.currency != self.currency and record.get("BankAmount") is not None:
            base_amount = minor(record["BankAmount"], "BankAmount")
        bank_amount = self._own_amount(account)(amount, base_amount)
        control = 0
        if status != "DELETED":
            if amount > document.due or not document.live:
                raise Refusal("it is more than what is due on its document", "Amount")
            control = posting.settled_base(amount, document.due, document.base_due, document.rate)
            document.due -= amount
            document.base_due -= control
            document.paid += amount
            document.fully_paid = max(document.fully_paid or on, on)
            self.journals.append(
                posting.payment_journal(
                    source=identity,
                    kind=payment_type(document.type),
                    on=on,
                    document_type=document.type,
                    bank=account,
                    bank_amount=bank_amount,
                    base_amount=base_amount,
                    control_base=control,
                    system=system,
                )
            )
        batch = record.get("BatchPayment")
        return (
            identity,
            document.guid,
            account,
            stored_day(on),
            amount,
            bank_amount,
            base_amount,
            control,
            format(rate, "f"),
            record.get("Reference") or "",
            int(bool(record.get("IsReconciled", False))),
            status,
            record.get("PaymentType") or payment_type(document.type),
            _json(batch) if batch else None,
            self._updated(record),
        )

    def _allocations(self, system: SystemAccounts) -> None:
        """From the credits' own Allocations, then from what invoices show of credits (listed twice in real records)."""
        rows: list[tuple[Any, ...]] = []
        pairs: set[tuple[str, str]] = set()
        for resource in ("CreditNotes", "Prepayments", "Overpayments"):
            for record in self.collections.get(resource, ()):
                credit = self.documents[guid(record[_ID[resource]], _ID[resource])]
                for n, given in enumerate(record.get("Allocations") or ()):
                    invoice = self._invoice(given["Invoice"])
                    pairs.add((credit.guid, invoice.guid))
                    rows.append(
                        self._allocation(given, given.get("Amount"), n, credit=credit, invoice=invoice, system=system)
                    )
        for record in self.collections.get("Invoices", ()):
            for resource in ("CreditNotes", "Prepayments", "Overpayments"):
                for given in record.get(resource) or ():
                    invoice = self._invoice(record)
                    found = self.documents.get(guid(given[_ID[resource]], _ID[resource]))
                    if found is None:
                        raise Refusal(f"{_ID[resource]} {given[_ID[resource]]} was not loaded", resource)
                    if (found.guid, invoice.guid) not in pairs:
                        pairs.add((found.guid, invoice.guid))
                        amount = given.get("AppliedAmount", given.get("Total"))
                        rows.append(
                            self._allocation(given, amount, len(rows), credit=found, invoice=invoice, system=system)
                        )
        self.db.executemany("INSERT INTO allocation VALUES(NULL,?,?,?,?,?,?,?,0)", rows)

    def _invoice(self, given: Record) -> _Document:
        found = self.documents.get(guid(given["InvoiceID"], "InvoiceID"))
        if found is None:
            raise Refusal(f"InvoiceID {given['InvoiceID']} was not loaded", "Allocations")
        return found

    def _allocation(
        self, given: Record, value: Any, n: int, *, credit: _Document, invoice: _Document, system: SystemAccounts
    ) -> tuple[Any, ...]:
        self.where = f"allocation of {credit.where} to {invoice.where}"
        identity = guid_or_none(given.get("AllocationID")) or str(
            uuid5(NAMESPACE_URL, f"xero:allocation:{credit.guid}:{invoice.guid}:{n}")
        )
        amount = minor(value, "Amount")
        if amount > min(credit.due, invoice.due):
            raise Refusal("it is more than what is left of the credit or due on the invoice", "Amount")
        given_on = given.get("Date") or given.get("DateString")
        on = day(given_on, "Date") if given_on else (credit.date or invoice.date)
        if on is None:
            raise Refusal("Date is missing", "Date")
        bases: list[int] = []
        for document in (credit, invoice):
            base = posting.settled_base(amount, document.due, document.base_due, document.rate)
            document.due -= amount
            document.base_due -= base
            document.credited += amount
            document.fully_paid = max(document.fully_paid or on, on)
            bases.append(base)
        self.journals.append(
            posting.allocation_journal(
                source=identity,
                on=on,
                credit_type=credit.type,
                credit_base=bases[0],
                invoice_base=bases[1],
                system=system,
            )
        )
        return (identity, credit.guid, invoice.guid, stored_day(on), amount, *bases)

    def _manual_journals(self, system: SystemAccounts) -> None:
        for record in self.collections.get("ManualJournals", ()):
            self.where = f"ManualJournals {record.get('Narration', '')}"
            if record.get("Status") != "POSTED":
                continue
            on = day(record.get("Date") or record.get("DateString"), "Date")
            taxed = record.get("LineAmountTypes", "NoTax")
            postings: list[Posting] = []
            for n, line in enumerate(record["JournalLines"]):
                net = minor(line["LineAmount"], f"JournalLines[{n}].LineAmount")
                tax = minor(line.get("TaxAmount", 0), f"JournalLines[{n}].TaxAmount") if taxed != "NoTax" else 0
                account = self._account({"AccountID": line.get("AccountID"), "Code": line.get("AccountCode")})
                postings.append(Posting(account, net - (tax if taxed == "Inclusive" else 0)))
                postings.append(Posting(system.tax, tax))
            if sum(p.amount for p in postings):
                raise Refusal("its debits do not equal its credits", "JournalLines")
            self.journals.append(Journal(str(record.get("ManualJournalID")), "MANJOURNAL", on, postings))

    def _check_and_write(self) -> None:
        given = {
            guid(record[_ID[resource]], _ID[resource]): record
            for resource in _ID
            for record in self.collections.get(resource, ())
        }
        for document in self.documents.values():
            self.where = document.where
            if document.live and document.resource != "BankTransactions":
                document.status = "PAID" if document.due == 0 and document.total else "AUTHORISED"
                record = given.get(document.guid, {})
                for key in ("AmountDue", "RemainingCredit"):
                    if key in record and minor(record[key], key) != document.due:
                        left = amount_digits(document.due)
                        raise Refusal(f"{key} is {record[key]}, but payments and credits leave {left}", key)
                if record and record["Status"] != document.status:
                    raise Refusal(f"Status is {record['Status']}, but its amounts make it {document.status}", "Status")
            if document.status != "PAID":
                document.fully_paid = None
        self.where = "records"
        self.db.executemany("INSERT INTO contact VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?,?)", self.contact_rows)
        self.db.executemany(
            "INSERT INTO document VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [_row(document) for document in self.documents.values()],
        )
        self.back_end.ledger.post(self.journals)

    def _updated(self, record: Record) -> str:
        given = record.get("UpdatedDateUTC")
        return stored_instant(instant(given, "UpdatedDateUTC")) if given else self.stamp


def _row(d: _Document) -> tuple[Any, ...]:
    return (
        d.guid,
        d.resource,
        d.type,
        d.status,
        d.contact,
        d.number,
        d.reference,
        stored_day(d.date) if d.date else None,
        stored_day(d.due_date) if d.due_date else None,
        d.currency,
        format(d.rate, "f"),
        d.line_amount_types,
        d.sub_total,
        d.total_tax,
        d.total,
        d.paid,
        d.credited,
        d.due,
        d.base_total,
        d.base_due,
        stored_day(d.fully_paid) if d.fully_paid else None,
        d.bank,
        int(d.is_reconciled),
        int(d.sent),
        d.twin,
        d.updated,
        _json(d.body),
    )


def _twin(of: _Document, identity: str, resource: str) -> _Document:
    from dataclasses import replace

    return replace(of, guid=identity, resource=resource, due=of.total, base_due=of.base_total, twin=of.guid)


def _json(value: Any) -> str:
    """Compact JSON with amounts as their digits in text."""
    return json.dumps(value, default=_digits, separators=(",", ":"))


def _digits(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} is not JSON data")
