"""The seeded transactions in the shape in which QuickBooks answers, ready for the back end's loader.

What this generator calls by other words: a draft is an estimate or a purchase order; money ahead is a payment with an
unapplied part; an applied credit is a payment of nothing that links both; a payment into the clearing account stays in
Undeposited Funds until a deposit links it; a batch is one bill payment a vendor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any

from finchat.sandbox.company import chart
from finchat.sandbox.company.draws import business_day, days_before, decimal, month_end
from finchat.sandbox.company.parties import Party
from finchat.sandbox.company.quickbooks_lists import (
    COUNTER_ITEM,
    RETURNS_ITEM,
    TAX_CODE,
    TERMS,
    Json,
    Lists,
    metadata,
    ref,
)
from finchat.sandbox.company.records import (
    TAX_RATES,
    Allocation,
    BankTransaction,
    Credit,
    Document,
    Item,
    Payment,
)
from finchat.sandbox.company.us_chart import DEPRECIATION, LOAN, PLANT, WORN, UsChart, currency_ref
from finchat.sandbox.company.vocabulary_us import GOODS, SERVICES
from finchat.sandbox.company.world import World

_ORDER = (
    "JournalEntry", "Invoice", "Bill", "Estimate", "PurchaseOrder", "CreditMemo", "VendorCredit", "SalesReceipt",
    "RefundReceipt", "Purchase", "Payment", "BillPayment", "Deposit", "Transfer",
)  # fmt: skip
_GOODS = frozenset(name for name, *_rest in GOODS)
_CASH = ref("1", "Cash")
_CHECK = ref("2", "Check")
_ACH = ref("4", "ACH")
_CARD = ref("3", "Visa")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A transaction to be written; `made_of` are the generator's ids that it stands for."""

    day: date
    entity: str
    made_of: tuple[str, ...]
    write: Callable[[], Json]


class Writer:
    """Turns a world into QuickBooks' JSON. Ids of transactions count up by date, across their kinds."""

    def __init__(self, world: World, books: UsChart) -> None:
        self._world = world
        self._books = books
        self._lists = Lists(world, books)
        self._draw = world.stream("json")
        entries = sorted(self._entries(), key=lambda entry: (entry.day, _ORDER.index(entry.entity)))
        self._entries_by_id = {str(count): entry for count, entry in enumerate(entries, 1)}
        self.ids = dict(self._lists.ids)
        self.entities: dict[str, str] = {}
        for identity, entry in self._entries_by_id.items():
            self.entities[identity] = entry.entity
            for old in entry.made_of:
                self.ids[old] = identity
        self._deposited = {
            received.id: self.ids[gathering.id]
            for gathering in world.ledger.bank_transactions
            for received in gathering.gathers
        }

    def collections(self) -> dict[str, list[Json]]:
        found = self._lists.collections() | {entity: [] for entity in _ORDER}
        for identity, entry in self._entries_by_id.items():
            record = entry.write()
            record |= {
                "domain": "QBO",
                "sparse": False,
                "Id": identity,
                "SyncToken": "0",
                "MetaData": metadata(entry.day, self._draw),
            }
            record["TxnDate"] = entry.day.isoformat()
            found[entry.entity].append(record)
        found["Attachable"] = [self._note(found["Invoice"][-1]["Id"])]
        return found

    # -- what there is

    def _entries(self) -> Iterable[_Entry]:
        ledger = self._world.ledger
        for document in ledger.documents:
            yield self._document_entry(document)
        groups: dict[tuple[str, str], list[Payment]] = defaultdict(list)
        for payment in ledger.payments:
            batch = payment.batch.id if payment.batch else payment.id
            groups[batch, payment.document.party.id].append(payment)
        for (batch, _party), payments in groups.items():
            sold = payments[0].document.side == "ACCREC"
            yield _Entry(
                payments[0].day,
                "Payment" if sold else "BillPayment",
                (*(payment.id for payment in payments), *((batch,) if payments[0].batch else ())),
                partial(self._payment if sold else self._bill_payment, payments),
            )
        for credit in ledger.credits:
            yield from self._credit_entries(credit)
        for transaction in ledger.bank_transactions:
            if transaction.credit is None and transaction.type != "RECEIVE-TRANSFER":
                yield self._bank_entry(transaction)
        yield from self._journals()

    def _document_entry(self, document: Document) -> _Entry:
        sold = document.side == "ACCREC"
        if document.status in ("DRAFT", "SUBMITTED"):
            entity, write = ("Estimate", self._estimate) if sold else ("PurchaseOrder", self._order)
        else:
            entity, write = ("Invoice", self._invoice) if sold else ("Bill", self._bill)
        return _Entry(document.day, entity, (document.id,), partial(write, document))

    def _credit_entries(self, credit: Credit) -> Iterable[_Entry]:
        if credit.source is not None:
            yield _Entry(credit.day, "Payment", (credit.id, credit.source.id), partial(self._ahead, credit))
            return
        sold = credit.side == "ACCREC"
        entity = "CreditMemo" if sold else "VendorCredit"
        yield _Entry(credit.day, entity, (credit.id,), partial(self._credit, credit))
        for day, group in groupby(credit.allocations, key=lambda allocation: allocation.day):
            allocations = list(group)
            yield _Entry(
                day,
                "Payment" if sold else "BillPayment",
                tuple(allocation.id for allocation in allocations),
                partial(self._applied, allocations),
            )

    def _bank_entry(self, entry: BankTransaction) -> _Entry:
        if entry.transfer_id:
            halves = [t for t in self._world.ledger.bank_transactions if t.transfer_id == entry.transfer_id]
            source, target = sorted(halves, key=lambda half: half.receives)
            made_of = (source.id, target.id)
            return _Entry(entry.day, "Transfer", made_of, partial(self._transfer, source, target))
        sale = entry.items[0].account == chart.SALES and entry.party is not None
        if entry.receives:
            counter = sale and entry.party is self._world.parties.till
            entity, write = ("SalesReceipt", self._sales_receipt) if counter else ("Deposit", self._deposit)
        else:
            back = sale and entry.party is not None and entry.party.role == "customer"
            entity, write = ("RefundReceipt", self._refund) if back else ("Purchase", self._purchase)
        return _Entry(entry.day, entity, (entry.id,), partial(write, entry))

    # -- sales

    def _invoice(self, document: Document) -> Json:
        record = self._sale(document.party, document.items, document.rate)
        voided = document.status == "VOIDED"
        if voided:
            for line in record["Line"]:
                line["Amount"] = Decimal(0)
                detail = line.get("SalesItemLineDetail")
                if detail:
                    detail |= {"UnitPrice": Decimal(0), "Qty": Decimal(0)}
            record |= {"TotalAmt": Decimal(0), "TxnTaxDetail": {"TotalTax": Decimal(0)}, "PrivateNote": "Voided"}
        if document.reference:
            record["CustomerMemo"] = {"value": f"Your order {document.reference}"}
        days = (document.due_day - document.day).days
        for count, (name, due_days) in enumerate(TERMS, 1):
            if days == due_days:
                record["SalesTermRef"] = ref(str(count), name)
        return {
            **record,
            "DocNumber": document.number,
            "DueDate": document.due_day.isoformat(),
            "AllowOnlinePayment": False,
            "AllowOnlineCreditCardPayment": False,
            "AllowOnlineACHPayment": False,
            "EmailStatus": "NotSet" if voided else "EmailSent",
            "Balance": decimal(0 if voided else document.due),
        }

    def _estimate(self, document: Document) -> Json:
        return {
            **self._sale(document.party, document.items, document.rate),
            "DocNumber": document.number,
            "ExpirationDate": document.due_day.isoformat(),
            "TxnStatus": "Accepted" if document.status == "SUBMITTED" else "Pending",
            "EmailStatus": "NotSet",
        }

    def _sales_receipt(self, entry: BankTransaction) -> Json:
        assert entry.party is not None
        return {
            **self._sale(entry.party, entry.items, entry.rate, COUNTER_ITEM),
            "DepositToAccountRef": self._books.ref(entry.account),
            "PaymentMethodRef": _CASH if entry.account == chart.CLEARING else _CARD,
            "EmailStatus": "NotSet",
            **self._noted(entry),
            **self._deposit_of(entry),
        }

    def _refund(self, entry: BankTransaction) -> Json:
        assert entry.party is not None
        return {
            **self._sale(entry.party, entry.items, entry.rate, RETURNS_ITEM),
            "DepositToAccountRef": self._books.ref(entry.account),
            "PaymentMethodRef": _CHECK,
            "EmailStatus": "NotSet",
            **self._noted(entry),
        }

    def _credit(self, credit: Credit) -> Json:
        if credit.side == "ACCPAY":
            return {
                **self._buying(credit.party, credit.items, credit.rate),
                "DocNumber": f"{credit.number}",
                "Balance": decimal(credit.remaining),
            }
        return {
            **self._sale(credit.party, credit.items, credit.rate, RETURNS_ITEM),
            "DocNumber": credit.number,
            "EmailStatus": "NotSet",
            "RemainingCredit": decimal(credit.remaining),
            "Balance": decimal(credit.remaining),
        }

    def _sale(self, party: Party, items: Sequence[Item], rate: Decimal, sold_as: str = "") -> Json:
        """What all sales forms share; `sold_as` is the item of lines that are none of the goods."""
        team = self._draw.choice((None, "Workshop", "Showroom", "On Site"))
        lines: list[Json] = []
        for count, item in enumerate(items, 1):
            name = item.description if item.description in _GOODS else sold_as
            detail: Json = {
                "ItemRef": self._lists.item(name),
                "UnitPrice": decimal(item.unit),
                "Qty": Decimal(item.quantity),
                "TaxCodeRef": {"value": "TAX" if item.tax else "NON"},
            }
            if team is not None:
                detail["ClassRef"] = ref(self._lists.classes[team], team)
            lines.append(
                {
                    "Id": str(count),
                    "LineNum": count,
                    "Description": item.description,
                    "Amount": decimal(item.amount),
                    "DetailType": "SalesItemLineDetail",
                    "SalesItemLineDetail": detail,
                }
            )
        net = sum(item.amount for item in items)
        lines.append({"Amount": decimal(net), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}})
        return {
            "CustomerRef": self._lists.party(party),
            **self._currency(party.currency, rate),
            "Line": lines,
            "TxnTaxDetail": _tax(items),
            "TotalAmt": decimal(sum(item.gross for item in items)),
            "ApplyTaxAfterDiscount": False,
            "PrintStatus": "NotSet",
        }

    # -- purchases

    def _bill(self, document: Document) -> Json:
        return {
            **self._buying(document.party, document.items, document.rate),
            "DocNumber": document.number,
            "DueDate": document.due_day.isoformat(),
            "Balance": decimal(document.due),
        }

    def _order(self, document: Document) -> Json:
        """Ordered by item: what is bought in for an installation."""
        stock = [name for name, *_rest in GOODS if name not in SERVICES]
        lines = [
            {
                "Id": str(count),
                "LineNum": count,
                "Description": item.description,
                "Amount": decimal(item.amount),
                "DetailType": "ItemBasedExpenseLineDetail",
                "ItemBasedExpenseLineDetail": {
                    "ItemRef": self._lists.item(self._draw.choice(stock)),
                    "UnitPrice": decimal(item.amount),
                    "Qty": Decimal(1),
                    "TaxCodeRef": {"value": "NON"},
                    "BillableStatus": "NotBillable",
                },
            }
            for count, item in enumerate(document.items, 1)
        ]
        return {
            **self._buying(document.party, document.items, document.rate),
            "Line": lines,
            "DocNumber": f"PO-{document.number}",
            "DueDate": document.due_day.isoformat(),
            "POStatus": "Open",
        }

    def _purchase(self, entry: BankTransaction) -> Json:
        """Money spent without a bill, from a bank account or by card."""
        by_card = entry.account == chart.CARD
        locations = [option for item in entry.items for name, option in item.tracking if name == "Region"]
        record: Json = {
            "AccountRef": self._books.ref(entry.account),
            "PaymentType": "CreditCard" if by_card else "Cash",
            "Credit": False,
            "TotalAmt": decimal(entry.cents),
            **self._currency(self._world.country.bank_accounts.get(entry.account, "USD"), entry.rate),
            "Line": self._expenses(entry.items),
            **self._noted(entry),
        }
        if entry.party is not None:
            kind = "Customer" if entry.party in self._lists.customers else "Vendor"
            record["EntityRef"] = {**self._lists.party(entry.party), "type": kind}
        for name in locations:
            record["DepartmentRef"] = ref(self._lists.locations[name], name)
        return record

    def _buying(self, party: Party, items: Sequence[Item], rate: Decimal) -> Json:
        return {
            "VendorRef": self._lists.party(party),
            **self._currency(party.currency, rate),
            "Line": self._expenses(items),
            "TotalAmt": decimal(sum(item.gross for item in items)),
        }

    def _expenses(self, items: Sequence[Item]) -> list[Json]:
        lines: list[Json] = []
        for count, item in enumerate(items, 1):
            detail: Json = {
                "AccountRef": self._books.ref(item.account),
                "BillableStatus": "NotBillable",
                "TaxCodeRef": {"value": "NON"},
            }
            for name, option in item.tracking:
                if name == "Team":
                    detail["ClassRef"] = ref(self._lists.classes[option], option)
            lines.append(
                {
                    "Id": str(count),
                    "LineNum": count,
                    "Description": item.description,
                    "Amount": decimal(item.amount),
                    "DetailType": "AccountBasedExpenseLineDetail",
                    "AccountBasedExpenseLineDetail": detail,
                }
            )
        return lines

    # -- money

    def _payment(self, payments: Sequence[Payment]) -> Json:
        first = payments[0]
        checked = first.account == chart.CLEARING or self._draw.random() < 0.4
        record: Json = {
            "CustomerRef": self._lists.party(first.document.party),
            "DepositToAccountRef": self._books.ref(first.account),
            "PaymentMethodRef": _CHECK if checked else _ACH,
            "TotalAmt": decimal(sum(payment.cents for payment in payments)),
            "UnappliedAmt": Decimal(0),
            "ProcessPayment": False,
            **self._currency(first.document.party.currency, first.rate),
            "Line": [_link(p.cents, "Invoice", self.ids[p.document.id]) for p in payments],
        }
        if checked:
            record["PaymentRefNum"] = str(self._draw.randrange(1001, 9999))
        return {**record, **self._deposit_of(first)}

    def _deposit_of(self, received: Payment | BankTransaction) -> Json:
        """The link to the deposit that took it to the bank, once there is one."""
        deposit = self._deposited.get(received.id)
        return {"LinkedTxn": [{"TxnId": deposit, "TxnType": "Deposit"}]} if deposit else {}

    def _bill_payment(self, payments: Sequence[Payment]) -> Json:
        first = payments[0]
        record: Json = {
            "VendorRef": self._lists.party(first.document.party),
            "TotalAmt": decimal(sum(payment.cents for payment in payments)),
            **self._currency(first.document.party.currency, first.rate),
            "Line": [_link(p.cents, "Bill", self.ids[p.document.id]) for p in payments],
        }
        if first.reference:
            record["DocNumber"] = first.reference
        return {**record, **self._paid_from(first.account)}

    def _paid_from(self, account: str) -> Json:
        if account == chart.CARD:
            return {"PayType": "CreditCard", "CreditCardPayment": {"CCAccountRef": self._books.ref(account)}}
        bank = {"BankAccountRef": self._books.ref(account), "PrintStatus": "NotSet"}
        return {"PayType": "Check", "CheckPayment": bank}

    def _ahead(self, credit: Credit) -> Json:
        """Money received before or beyond what it pays."""
        assert credit.source is not None
        lines = [_link(a.cents, "Invoice", self.ids[a.document.id]) for a in credit.allocations]
        return {
            "CustomerRef": self._lists.party(credit.party),
            "DepositToAccountRef": self._books.ref(credit.source.account),
            "PaymentMethodRef": _ACH,
            "TotalAmt": decimal(credit.total),
            "UnappliedAmt": decimal(credit.remaining),
            "ProcessPayment": False,
            **self._currency(credit.party.currency, credit.rate),
            "Line": lines,
            "PrivateNote": credit.reference,
        }

    def _applied(self, allocations: Sequence[Allocation]) -> Json:
        """A credit put against documents: no money moves."""
        credit = allocations[0].credit
        sold = credit.side == "ACCREC"
        total = sum(allocation.cents for allocation in allocations)
        documents = [_link(a.cents, "Invoice" if sold else "Bill", self.ids[a.document.id]) for a in allocations]
        record: Json = {
            "TotalAmt": Decimal(0),
            **self._currency(credit.party.currency, credit.rate),
            "Line": [*documents, _link(total, "CreditMemo" if sold else "VendorCredit", self.ids[credit.id])],
        }
        if not sold:
            return {"VendorRef": self._lists.party(credit.party), **record, **self._paid_from(chart.BANK)}
        return {
            "CustomerRef": self._lists.party(credit.party),
            **record,
            "UnappliedAmt": Decimal(0),
            "ProcessPayment": False,
        }

    def _deposit(self, entry: BankTransaction) -> Json:
        """Payments taken to the bank, or money received without a document."""
        lines: list[Json] = []
        for received in entry.gathers:
            identity = self.ids[received.id]
            linked = {"TxnId": identity, "TxnType": self.entities[identity], "TxnLineId": "0"}
            detail: Json = {"AccountRef": self._books.ref(chart.CLEARING)}
            lines.append(
                {
                    "Amount": decimal(received.cents),
                    "LinkedTxn": [linked],
                    "DetailType": "DepositLineDetail",
                    "DepositLineDetail": detail,
                }
            )
        for count, item in enumerate(() if entry.gathers else entry.items, 1):
            detail = {"AccountRef": self._books.ref(item.account), "PaymentMethodRef": _ACH}
            if entry.party is not None:
                kind = "CUSTOMER" if entry.party in self._lists.customers else "VENDOR"
                detail["Entity"] = {**self._lists.party(entry.party), "type": kind}
            lines.append(
                {
                    "Id": str(count),
                    "LineNum": count,
                    "Description": item.description,
                    "Amount": decimal(item.amount),
                    "DetailType": "DepositLineDetail",
                    "DepositLineDetail": detail,
                }
            )
        return {
            "DepositToAccountRef": self._books.ref(entry.account),
            "TotalAmt": decimal(entry.cents),
            **self._currency(self._world.country.bank_accounts[entry.account], entry.rate),
            "Line": lines,
            **self._noted(entry),
        }

    def _transfer(self, source: BankTransaction, target: BankTransaction) -> Json:
        return {
            "FromAccountRef": self._books.ref(source.account),
            "ToAccountRef": self._books.ref(target.account),
            "Amount": decimal(source.cents),
            **self._currency("USD", source.rate),
        }

    # -- journals and notes

    def _journals(self) -> Iterable[_Entry]:
        """Opening balances outside the bank, and depreciation at every month's end."""
        world = self._world
        plant, worn, loan = 5_800_000, 1_900_000, 2_600_000
        opened = business_day(days_before(world.start, 1))
        opening = (
            (PLANT, plant),
            (WORN, -worn),
            (LOAN, -loan),
            (chart.HISTORICAL, worn + loan - plant),
        )
        yield _Entry(opened, "JournalEntry", (), partial(self._journal, "Opening balances", opening))
        for months in range(12, 0, -1):
            day = month_end(world.anchor, months)
            if world.start <= day < world.week:
                worth = ((DEPRECIATION, 48_300), (WORN, -48_300))
                yield _Entry(day, "JournalEntry", (), partial(self._journal, "Depreciation", worth))

    def _journal(self, words: str, amounts: Sequence[tuple[str, int]]) -> Json:
        return {
            "PrivateNote": words,
            "Adjustment": False,
            "TotalAmt": decimal(sum(cents for _part, cents in amounts if cents > 0)),
            **self._currency("USD", Decimal(1)),
            "Line": [
                {
                    "Id": str(count),
                    "Description": words,
                    "Amount": decimal(abs(cents)),
                    "DetailType": "JournalEntryLineDetail",
                    "JournalEntryLineDetail": {
                        "PostingType": "Debit" if cents > 0 else "Credit",
                        "AccountRef": self._books.ref(part),
                    },
                }
                for count, (part, cents) in enumerate(amounts)
            ],
        }

    def _note(self, invoice: str) -> Json:
        return {
            "AttachableRef": [{"EntityRef": {"type": "Invoice", "value": invoice}, "IncludeOnSend": False}],
            "Note": "Signed delivery slip is in the binder",
            "domain": "QBO",
            "sparse": False,
            "Id": "1",
            "SyncToken": "0",
            "MetaData": metadata(self._world.anchor, self._draw),
        }

    # -- building blocks

    def _currency(self, currency: str, rate: Decimal) -> Json:
        return {"CurrencyRef": currency_ref(currency), "ExchangeRate": rate}

    def _noted(self, entry: BankTransaction) -> Json:
        return {"PrivateNote": entry.reference} if entry.reference else {}


def _link(cents: int, kind: str, identity: str) -> Json:
    return {"Amount": decimal(cents), "LinkedTxn": [{"TxnId": identity, "TxnType": kind}]}


def _tax(items: Sequence[Item]) -> dict[str, Any]:
    tax = sum(item.tax for item in items)
    if not tax:
        return {"TotalTax": Decimal(0)}
    return {
        "TxnTaxCodeRef": {"value": TAX_CODE},
        "TotalTax": decimal(tax),
        "TaxLine": [
            {
                "Amount": decimal(tax),
                "DetailType": "TaxLineDetail",
                "TaxLineDetail": {
                    "TaxRateRef": {"value": "1"},
                    "PercentBased": True,
                    "TaxPercent": Decimal(TAX_RATES["TAX"]).scaleb(-2),
                    "NetAmountTaxable": decimal(sum(item.amount for item in items if item.tax)),
                },
            }
        ],
    }
