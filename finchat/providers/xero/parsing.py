"""Xero's records to books types. Text stays data, untouched; amounts are exact; a `rate` is turned the books' way.

Xero writes CurrencyRate as units of the document's currency for one unit of base; books carry its inverse.
Each function raises UnreadableRecord, which names the record and the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, cast

from finchat.books.documents import (
    Account,
    AccountKind,
    BankTransaction,
    BatchPayment,
    CodedTransaction,
    Coding,
    Contact,
    Credit,
    Direction,
    Document,
    Organisation,
    Payment,
    TaxRate,
    TrackingCategory,
    Transfer,
)  # fmt: skip
from finchat.books.money import round_to_minor
from finchat.books.terms import PaymentTerms, TermKind
from finchat.providers.fields import Record, UnreadableRecord
from finchat.providers.xero.zones import iana_zone

_DOCUMENT_TYPES = {"ACCREC": "invoice", "ACCPAY": "bill"}
DOCUMENT_STATUSES = {
    "DRAFT": "draft",
    "SUBMITTED": "submitted",
    "AUTHORISED": "open",
    "PAID": "paid",
    "VOIDED": "void",
    "DELETED": "void",
}
CREDIT_TYPES = {
    "ACCRECCREDIT": "invoice",
    "ACCPAYCREDIT": "bill",
    "RECEIVE-OVERPAYMENT": "invoice",
    "SPEND-OVERPAYMENT": "bill",
    "RECEIVE-PREPAYMENT": "invoice",
    "SPEND-PREPAYMENT": "bill",
    "AROVERPAYMENT": "invoice",
    "APOVERPAYMENT": "bill",
    "ARPREPAYMENT": "invoice",
    "APPREPAYMENT": "bill",
}
# Which way the cash goes: a credit that is paid out is a refund, so it runs against its document's direction.
_PAYMENT_DIRECTIONS = {
    "ACCRECPAYMENT": "receive",
    "ACCPAYPAYMENT": "spend",
    "ARCREDITPAYMENT": "spend",
    "AROVERPAYMENTPAYMENT": "spend",
    "ARPREPAYMENTPAYMENT": "spend",
    "APCREDITPAYMENT": "receive",
    "APOVERPAYMENTPAYMENT": "receive",
    "APPREPAYMENTPAYMENT": "receive",
}
_BANK_KINDS = {
    "": "money",
    "OVERPAYMENT": "overpayment",
    "PREPAYMENT": "prepayment",
    "TRANSFER": "transfer",
}
_SYSTEM_ACCOUNTS: dict[str, AccountKind] = {
    "DEBTORS": "receivables",
    "CREDITORS": "payables",
    "GST": "tax",
    "REALISEDCURRENCYGAIN": "gain_loss",
}
_NOT_CODABLE = frozenset({
    "DEBTORS", "CREDITORS", "RETAINEDEARNINGS", "BANKTRANSFERS", "BANKCURRENCYGAIN", "REALISEDCURRENCYGAIN",
    "UNREALISEDCURRENCYGAIN", "TRACKINGTRANSFERS", "HISTORICAL",
})  # fmt: skip
_CLASSES: dict[str, AccountKind] = {
    "ASSET": "asset",
    "LIABILITY": "liability",
    "EQUITY": "equity",
    "REVENUE": "revenue",
    "EXPENSE": "expense",
}
# Where a chart of accounts leaves Class out, the Type says it.
_TYPES: dict[str, AccountKind] = {
    "CURRENT": "asset",
    "FIXED": "asset",
    "INVENTORY": "asset",
    "NONCURRENT": "asset",
    "PREPAYMENT": "asset",
    "CURRLIAB": "liability",
    "LIABILITY": "liability",
    "TERMLIAB": "liability",
    "PAYGLIABILITY": "liability",
    "SUPERANNUATIONLIABILITY": "liability",
    "WAGESPAYABLELIABILITY": "liability",
    "EQUITY": "equity",
    "REVENUE": "revenue",
    "SALES": "revenue",
    "OTHERINCOME": "revenue",
}


def organisation(data: Mapping[str, Any], server: str) -> tuple[Organisation, str | None]:
    """The organisation, and what to tell the person when its time zone had to be assumed."""
    record = Record(data, "Xero organisation", "OrganisationID")
    vendor_zone = record.text("Timezone", "")
    zone = iana_zone(vendor_zone) if vendor_zone else None
    notice = None
    if zone is None:
        named = f"has an unknown time zone ({vendor_zone})" if vendor_zone else "states no time zone"
        notice = f"{record.text('Name', 'the organisation')} {named}: finchat uses UTC for its days"
    return (
        Organisation(
            server=server,
            id=record.text("OrganisationID"),
            name=record.text("Name", ""),
            base_currency=record.currency("BaseCurrency"),
            timezone=zone or "UTC",
            sandbox=record.flag("IsDemoCompany"),
            period_lock=record.optional_date("PeriodLockDate"),
            year_end_lock=record.optional_date("EndOfYearLockDate"),
            year_end_month=int(record.decimal("FinancialYearEndMonth", Decimal(12))),
            year_end_day=int(record.decimal("FinancialYearEndDay", Decimal(31))),
            sales_terms=payment_terms(record, "Sales"),
            bill_terms=payment_terms(record, "Bills"),
        ),
        notice,
    )


def account(data: Mapping[str, Any], base_currency: str, clearing: frozenset[str]) -> Account:
    """`clearing`: names, codes or ids that a human gave in the connection's settings."""
    record = Record(data, "Xero account", "AccountID")
    kind = _account_kind(record)
    named = {record.text("AccountID"), record.text("Code", ""), record.text("Name", "")} - {""}
    return Account(
        id=record.text("AccountID"),
        code=record.text("Code", ""),
        name=record.text("Name", ""),
        kind=kind,
        currency=record.currency("CurrencyCode", base_currency),
        accepts_payments=kind == "bank" or record.flag("EnablePaymentsToAccount"),
        clearing=not named.isdisjoint(clearing),
        active=record.text("Status", "ACTIVE") == "ACTIVE",
        bank_account=record.text("BankAccountNumber", ""),
        tax_type=record.text("TaxType", ""),
        codable=_codable(record),
        card=record.text("BankAccountType", "") == "CREDITCARD",
        rounding=record.text("SystemAccount", "") == "ROUNDING",
        type=record.text("Type", ""),
    )


def _codable(record: Record) -> bool:
    """Whether a line may be coded to the account: it has a code, is no bank account, and Xero does not keep it for
    itself (debtors, creditors, retained earnings, currency gains and the like; rounding is free to use)."""
    system = record.text("SystemAccount", "")
    return bool(record.text("Code", "")) and record.text("Type", "") != "BANK" and system not in _NOT_CODABLE


def tax_rate(data: Mapping[str, Any]) -> TaxRate:
    """A tax code. EffectiveRate is what a line pays in all; where a server leaves it out, the components' sum."""
    record = Record(data, "Xero tax rate", "TaxType")
    percent = record.optional_decimal("EffectiveRate")
    if percent is None:
        parts = record.children("TaxComponents", "Name")
        percent = sum((part.decimal("Rate", Decimal(0)) for part in parts), Decimal(0))
    return TaxRate(
        type=record.text("TaxType"),
        name=record.text("Name", ""),
        percent=percent,
        revenue=record.flag("CanApplyToRevenue", True),
        expenses=record.flag("CanApplyToExpenses", True),
        active=record.text("Status", "ACTIVE") == "ACTIVE",
    )


def tracking_category(data: Mapping[str, Any]) -> TrackingCategory | None:
    """A category with its active options; None for one that is archived."""
    record = Record(data, "Xero tracking category", "TrackingCategoryID")
    if record.text("Status", "ACTIVE") != "ACTIVE":
        return None
    options = record.children("Options", "TrackingOptionID")
    return TrackingCategory(
        id=record.text("TrackingCategoryID"),
        name=record.text("Name"),
        options=tuple(o.text("Name") for o in options if o.text("Status", "ACTIVE") == "ACTIVE"),
    )


def _account_kind(record: Record) -> AccountKind:
    type_ = record.text("Type", "")
    if type_ == "BANK":
        return "bank"
    if kind := _SYSTEM_ACCOUNTS.get(record.text("SystemAccount", "")):
        return kind
    return _CLASSES.get(record.text("Class", "")) or _TYPES.get(type_, "expense")


def contact(data: Mapping[str, Any]) -> Contact:
    record = Record(data, "Xero contact", "ContactID")
    return Contact(
        id=record.text("ContactID"),
        name=record.text("Name", ""),
        bank_account=record.text("BankAccountDetails", ""),
        currency=record.text("DefaultCurrency", ""),
        sales_terms=payment_terms(record, "Sales"),
        bill_terms=payment_terms(record, "Bills"),
    )


# Xero's kinds of payment terms.
TERMS: Mapping[str, TermKind] = {
    "DAYSAFTERBILLDATE": "days_after_date",
    "DAYSAFTERBILLMONTH": "days_after_month_end",
    "OFCURRENTMONTH": "of_current_month",
    "OFFOLLOWINGMONTH": "of_following_month",
}


def payment_terms(record: Record, side: Literal["Sales", "Bills"]) -> PaymentTerms | None:
    """The terms of an organisation or contact; None where it has none, or such as finchat does not know: a due date is
    then asked for."""
    terms = record.data.get("PaymentTerms")
    given = terms.get(side) if isinstance(terms, Mapping) else None
    if not isinstance(given, Mapping) or given.get("Type") not in TERMS:
        return None
    try:
        return PaymentTerms(TERMS[str(given["Type"])], int(str(given.get("Day", "")).partition(".")[0]))
    except ValueError:
        return None


def document(data: Mapping[str, Any], base_currency: str) -> Document:
    record = Record(data, "Xero invoice", "InvoiceID")
    who = record.child("Contact", "ContactID")
    currency = record.currency("CurrencyCode", base_currency)
    return Document(
        id=record.text("InvoiceID"),
        type=cast(Literal["invoice", "bill"], record.choice("Type", _DOCUMENT_TYPES)),
        number=record.text("InvoiceNumber", ""),
        reference=record.text("Reference", ""),
        contact_id=who.text("ContactID", ""),
        contact=who.text("Name", ""),
        date=record.date("Date"),
        due_date=record.optional_date("DueDate"),
        currency=currency,
        total=record.decimal("Total"),
        amount_due=record.decimal("AmountDue"),
        status=cast(Literal["draft", "submitted", "open", "paid", "void"], record.choice("Status", DOCUMENT_STATUSES)),
        rate=_rate(record, currency, base_currency),
        paid_on=record.optional_date("FullyPaidOnDate"),
    )


CreditKind = Literal["credit_note", "overpayment", "prepayment"]
CREDIT_IDS: Mapping[CreditKind, str] = {
    "credit_note": "CreditNoteID",
    "overpayment": "OverpaymentID",
    "prepayment": "PrepaymentID",
}


def credit(data: Mapping[str, Any], kind: CreditKind, base_currency: str, source_id: str = "") -> Credit:
    """`source_id`: the bank transaction that booked an overpayment or prepayment."""
    record = Record(data, f"Xero {kind.replace('_', ' ')}", CREDIT_IDS[kind])
    who = record.child("Contact", "ContactID")
    currency = record.currency("CurrencyCode", base_currency)
    return Credit(
        id=record.text(CREDIT_IDS[kind]),
        kind=kind,
        type=cast(Literal["invoice", "bill"], record.choice("Type", CREDIT_TYPES)),
        number=record.text("CreditNoteNumber", ""),
        reference=record.text("Reference", ""),
        contact_id=who.text("ContactID", ""),
        contact=who.text("Name", ""),
        date=record.date("Date"),
        currency=currency,
        total=record.decimal("Total"),
        remaining=record.decimal("RemainingCredit"),
        rate=_rate(record, currency, base_currency),
        source_id=source_id,
    )


def payment(data: Mapping[str, Any], accounts: Mapping[str, Account], base_currency: str) -> Payment:
    record = Record(data, "Xero payment", "PaymentID")
    paid = next(
        (
            (record.child(field, id_field), id_field)
            for field, id_field in (("Invoice", "InvoiceID"), *((_credit_field(k), v) for k, v in CREDIT_IDS.items()))
            if record.data.get(field)
        ),
        (record.child("Invoice", "InvoiceID"), "InvoiceID"),
    )
    document_record, id_field = paid
    currency = document_record.currency("CurrencyCode", base_currency)
    amount = record.decimal("Amount")
    account_id = record.child("Account", "AccountID").text("AccountID", "")
    if not account_id:
        code = record.child("Account", "AccountID").text("Code", "")
        account_id = next((a.id for a in accounts.values() if code and a.code == code), "")
    return Payment(
        id=record.text("PaymentID"),
        date=record.date("Date"),
        account_id=account_id,
        direction=_payment_direction(record, document_record),
        contact_id=document_record.child("Contact", "ContactID").text("ContactID", ""),
        document_id=document_record.text(id_field, ""),
        currency=currency,
        amount=amount,
        bank_amount=_bank_amount(record, amount, currency, accounts.get(account_id), base_currency),
        batch_id=_batch_id(record),
        reference=record.text("Reference", ""),
        reconciled=record.flag("IsReconciled"),
    )


def _credit_field(kind: CreditKind) -> str:
    return {"credit_note": "CreditNote", "overpayment": "Overpayment", "prepayment": "Prepayment"}[kind]


def _payment_direction(record: Record, paid: Record) -> Direction:
    if record.text("PaymentType", "") not in _PAYMENT_DIRECTIONS and paid.text("Type", "") in _DOCUMENT_TYPES:
        return "receive" if paid.text("Type") == "ACCREC" else "spend"
    return cast(Direction, record.choice("PaymentType", _PAYMENT_DIRECTIONS))


def _bank_amount(
    record: Record, amount: Decimal, currency: str, account_: Account | None, base_currency: str
) -> Decimal:
    """What moved in the account's own currency: stated, or the amount at the payment's rate."""
    if (stated := record.optional_decimal("BankAmount")) is not None:
        return stated
    if account_ is None or account_.currency == currency:
        return amount
    vendor_rate = record.optional_decimal("CurrencyRate")
    if not vendor_rate or account_.currency != base_currency:
        raise UnreadableRecord(
            f"{record.what}: no BankAmount, and no CurrencyRate that would tell what moved in {account_.currency}",
            field="BankAmount",
        )
    return round_to_minor(amount / vendor_rate, base_currency)


def _batch_id(record: Record) -> str:
    if batch := record.text("BatchPaymentID", ""):
        return batch
    return record.child("BatchPayment", "BatchPaymentID").text("BatchPaymentID", "")


def batches(payments: Iterable[Payment]) -> tuple[BatchPayment, ...]:
    """Batches are known by the id their payments share; the amount is what they sum to."""
    groups: dict[tuple[str, str], list[Payment]] = {}
    for item in payments:
        if item.batch_id:
            groups.setdefault((item.batch_id, item.account_id), []).append(item)
    return tuple(
        BatchPayment(
            id=batch_id,
            date=min(p.date for p in members),
            account_id=account_id,
            direction=members[0].direction,
            amount=sum((p.bank_amount for p in members), Decimal(0)),
            payment_ids=tuple(sorted(p.id for p in members)),
        )
        for (batch_id, account_id), members in sorted(groups.items())
    )


def bank_transaction(
    data: Mapping[str, Any], accounts: Mapping[str, Account], base_currency: str
) -> tuple[BankTransaction, str]:
    """Receive or spend money, with the id of the overpayment or prepayment it booked ("" for neither)."""
    record = Record(data, "Xero bank transaction", "BankTransactionID")
    way, _, suffix = record.text("Type").partition("-")
    if way not in ("RECEIVE", "SPEND") or suffix not in _BANK_KINDS:
        known = ", ".join(f"{w}{'-' if s else ''}{s}" for w in ("RECEIVE", "SPEND") for s in _BANK_KINDS)
        record.choice("Type", {name: name for name in known.split(", ")})
    bank = record.child("BankAccount", "AccountID")
    by_code = {a.code: a.id for a in accounts.values() if a.code}
    bank_id = bank.text("AccountID", "") or by_code.get(bank.text("Code", ""), "")
    lines = record.children("LineItems", "LineItemID")
    currency = record.text("CurrencyCode", accounts[bank_id].currency if bank_id in accounts else base_currency)
    who = record.child("Contact", "ContactID")
    transaction = BankTransaction(
        id=record.text("BankTransactionID"),
        date=record.date("Date"),
        account_id=bank_id,
        direction="receive" if way == "RECEIVE" else "spend",
        kind=cast(Literal["money", "overpayment", "prepayment", "transfer"], _BANK_KINDS[suffix]),
        currency=currency,
        amount=record.decimal("Total"),
        coded_to=tuple(
            line.text("AccountID", "") or by_code.get(line.text("AccountCode", ""), line.text("AccountCode", ""))
            for line in lines
        ),
        lines=len(lines),
        tax=record.decimal("TotalTax", Decimal(0)),
        contact_id=who.text("ContactID", ""),
        contact=who.text("Name", ""),
        reference=record.text("Reference", ""),
        rate=_rate(record, currency, base_currency),
        reconciled=record.flag("IsReconciled"),
    )
    return transaction, record.text("OverpaymentID", "") or record.text("PrepaymentID", "")


def stands(data: Mapping[str, Any]) -> bool:
    """Whether a record was not deleted. Where a server does not say, it was not: Xero lists no deleted transfers."""
    return data.get("Status") in (None, "", "AUTHORISED")


def coded(
    data: Mapping[str, Any], transaction: BankTransaction, accounts: Mapping[str, Account]
) -> CodedTransaction | None:
    """Receive or spend money with the coding of its lines, tax included; None for overpayments, prepayments and
    transfers, which say nothing of accounts, and where a line names no account of the chart."""
    if transaction.kind != "money" or not transaction.coded_to:
        return None
    record = Record(data, "Xero bank transaction", "BankTransactionID")
    inclusive = record.text("LineAmountTypes", "Exclusive") == "Inclusive"
    codings: list[tuple[Coding, Decimal]] = []
    texts = [transaction.reference]
    for line, account_id in zip(record.children("LineItems", "LineItemID"), transaction.coded_to, strict=True):
        if account_id not in accounts:
            return None
        tags = line.children("Tracking", "TrackingCategoryID")
        tracking = sorted((t.text("Name", ""), t.text("Option", "")) for t in tags if t.text("Option", ""))
        amount = line.decimal("LineAmount", Decimal(0))
        whole = amount if inclusive else amount + line.decimal("TaxAmount", Decimal(0))
        codings.append((Coding(account_id, line.text("TaxType", "NONE"), tuple(tracking)), whole))
        texts.append(line.text("Description", ""))
    return CodedTransaction(
        id=transaction.id,
        date=transaction.date,
        account_id=transaction.account_id,
        direction=transaction.direction,
        contact_id=transaction.contact_id,
        contact=transaction.contact,
        text="\n".join(dict.fromkeys(text for text in texts if text)),
        amount=transaction.amount,
        currency=transaction.currency,
        codings=tuple(codings),
    )


def transfer(data: Mapping[str, Any], accounts: Mapping[str, Account], base_currency: str) -> tuple[Transfer, set[str]]:
    """A transfer, with the ids of the two bank transactions that are its sides."""
    record = Record(data, "Xero bank transfer", "BankTransferID")
    by_code = {a.code: a.id for a in accounts.values() if a.code}
    banks = [record.child(name, "AccountID") for name in ("FromBankAccount", "ToBankAccount")]
    from_, to = (bank.text("AccountID", "") or by_code.get(bank.text("Code", ""), "") for bank in banks)
    found = Transfer(
        id=record.text("BankTransferID"),
        date=record.date("Date"),
        from_account=from_,
        to_account=to,
        amount=record.decimal("Amount"),
        currency=accounts[from_].currency if from_ in accounts else base_currency,
        reference=record.text("Reference", ""),
        from_reconciled=record.flag("FromIsReconciled"),
        to_reconciled=record.flag("ToIsReconciled"),
    )
    sides = {record.text(name, "") for name in ("FromBankTransactionID", "ToBankTransactionID")}
    return found, sides - {""}


def _rate(record: Record, currency: str, base_currency: str) -> Decimal | None:
    """Base units for one unit of the record's currency; None when it is the base currency or unknown."""
    vendor_rate = record.optional_decimal("CurrencyRate")
    if currency == base_currency or not vendor_rate:
        return None
    return Decimal(1) / vendor_rate
