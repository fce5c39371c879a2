"""QuickBooks' lists and documents to books types. Text stays data, untouched; amounts are exact.

QuickBooks writes ExchangeRate as base units for one unit of the record's currency, as books do.
Each function raises UnreadableRecord, which names the record and the field.
"""

from __future__ import annotations

from calendar import month_name, monthrange
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from finchat.books.documents import (
    Account,
    AccountKind,
    Contact,
    Credit,
    Document,
    Organisation,
    TaxRate,
    TrackingCategory,
)
from finchat.books.terms import PaymentTerms
from finchat.providers.fields import Record

UNDEPOSITED = "UndepositedFunds"
Status = Literal["draft", "submitted", "open", "paid", "void"]
_ZERO = Decimal("0.00")
_KINDS: Mapping[str, AccountKind] = {
    "Bank": "bank", "Credit Card": "bank", "Accounts Receivable": "receivables", "Accounts Payable": "payables",
    "Other Current Asset": "asset", "Fixed Asset": "asset", "Other Asset": "asset",
    "Other Current Liability": "liability", "Long Term Liability": "liability", "Equity": "equity",
    "Income": "revenue", "Other Income": "revenue", "Cost of Goods Sold": "expense", "Expense": "expense",
    "Other Expense": "expense",
}  # fmt: skip
_SUB_KINDS: Mapping[str, AccountKind] = {
    "SalesTaxPayable": "tax", "GlobalTaxPayable": "tax", "GlobalTaxSuspense": "tax", "ExchangeGainOrLoss": "gain_loss",
}  # fmt: skip
_CLASSES: Mapping[str, AccountKind] = {
    "Asset": "asset", "Liability": "liability", "Equity": "equity", "Revenue": "revenue", "Expense": "expense",
}  # fmt: skip
# What QuickBooks keeps for itself: no line of a person's is booked there.
_OWN = frozenset({UNDEPOSITED, "RetainedEarnings", "UnappliedCashPaymentIncome", "UnappliedCashBillPaymentExpense"})
_NOT_CODABLE: frozenset[AccountKind] = frozenset({"bank", "receivables", "payables", "tax", "gain_loss"})
_MONTHS = {name: number for number, name in enumerate(month_name) if name}
# The two codes of lines where sales tax is worked out on the whole form, as in the United States.
TAXED, UNTAXED = "TAX", "NON"
CLASS, DEPARTMENT = "Class", "Department"


def ref(record: Record, field: str) -> tuple[str, str]:
    """Id and name of a reference, "" for what it does not say."""
    named = record.child(field, "value")
    return named.text("value", ""), named.text("name", "")


def currency_of(record: Record, base_currency: str) -> str:
    return record.child("CurrencyRef", "value").currency("value", base_currency)


def rate_of(record: Record, currency: str, base_currency: str) -> Decimal | None:
    """Base units for one unit of the record's currency; None when it is the base currency or unknown."""
    given = record.optional_decimal("ExchangeRate")
    return None if currency == base_currency or not given or given <= 0 else given


def organisation(info: Mapping[str, Any], preferences: Mapping[str, Any], server: str) -> tuple[Organisation, str]:
    """The organisation, and what to tell the person of its time zone ("" for nothing).

    RealmId is what finchat's own server says of the company it is connected to; QuickBooks does not. A company of
    finchat's own sandbox says so among its names and values.
    """
    record, prefs = Record(info, "QuickBooks company", "Id"), Record(preferences, "QuickBooks preferences", "Id")
    name = record.text("CompanyName", "")
    said = record.text("DefaultTimeZone", "")
    zone = _zone(said)
    told = f"has an unknown time zone ({said})" if said else "states no time zone"
    first = _MONTHS.get(record.text("FiscalYearStartMonth", "January").strip().capitalize(), 1)
    end = 12 if first == 1 else first - 1
    created = record.child("MetaData", "CreateTime").text("CreateTime", "")
    found = Organisation(
        server=server,
        id=record.text("RealmId", "") or f"{name} {created}".strip() or record.text("Id"),
        name=name,
        base_currency=prefs.child("CurrencyPrefs", "HomeCurrency").child("HomeCurrency", "value").currency(
            "value", _CURRENCY_OF.get(record.text("Country", "")) or "USD"
        ),
        timezone=zone or "UTC",
        sandbox=any(
            pair.text("Name", "") == "Sandbox" and pair.text("Value", "") == "true"
            for pair in record.children("NameValue", "Name")
        ),
        period_lock=prefs.child("AccountingInfoPrefs", "BookCloseDate").optional_date("BookCloseDate"),
        year_end_month=end,
        year_end_day=monthrange(2025, end)[1],
    )  # fmt: skip
    return found, "" if zone else f"{name or 'the company'} {told}: finchat uses UTC for its days"


def _zone(name: str) -> str | None:
    try:
        return ZoneInfo(name).key if name else None
    except (ValueError, OSError, KeyError):
        return None


# A company that never turned multicurrency on may leave its home currency out.
_CURRENCY_OF = {
    "US": "USD", "USA": "USD", "CA": "CAD", "CAN": "CAD", "GB": "GBP", "GBR": "GBP", "AU": "AUD", "AUS": "AUD",
    "NZ": "NZD", "NZL": "NZD", "IN": "INR", "IND": "INR", "SG": "SGD", "SGP": "SGD",
}  # fmt: skip


def account(data: Mapping[str, Any], base_currency: str, clearing: frozenset[str]) -> Account:
    """`clearing`: names, codes or ids that a human gave in the connection's settings."""
    record = Record(data, "QuickBooks account", "Id")
    type_, sub_type = record.text("AccountType", ""), record.text("AccountSubType", "")
    kind = _SUB_KINDS.get(sub_type) or _KINDS.get(type_) or _CLASSES.get(record.text("Classification", ""), "expense")
    id, code, name = record.text("Id"), record.text("AcctNum", ""), record.text("Name", "")
    full = record.text("FullyQualifiedName", name)
    active = record.flag("Active", True)
    return Account(
        id=id,
        code=code,
        name=full,
        kind=kind,
        currency=currency_of(record, base_currency),
        accepts_payments=kind == "bank" or sub_type == UNDEPOSITED,
        clearing=not ({id, code, name, full} - {""}).isdisjoint(clearing),
        active=active,
        tax_type=ref(record, "TaxCodeRef")[0],
        codable=kind not in _NOT_CODABLE and sub_type not in _OWN,
        card=type_ == "Credit Card",
        undeposited=sub_type == UNDEPOSITED,
        type=type_,
    )


def tax_rates(
    codes: Iterable[Mapping[str, Any]], rates: Iterable[Mapping[str, Any]], default_group: str
) -> tuple[TaxRate, ...]:
    """What a line may be coded with. Where tax is worked out on the whole form, its lines have TAX or NON, and TAX is
    worth the organisation's own group of rates (`default_group`, "" for none); elsewhere each code is a line's."""
    percents = {
        record.text("Id"): record.optional_decimal("RateValue") or Decimal(0)
        for record in (Record(row, "QuickBooks tax rate", "Id") for row in rates)
    }
    listed = [Record(row, "QuickBooks tax code", "Id") for row in codes]
    by_id = {code.text("Id"): code for code in listed}

    def percent(code: Record, side: str) -> Decimal | None:
        details = code.child(side, "TaxRateDetail").children("TaxRateDetail", "TaxOrder")
        found = [percents.get(ref(detail, "TaxRateRef")[0]) for detail in details]
        return sum((one for one in found if one is not None), Decimal(0)) if found else None

    on_forms = TAXED in by_id and UNTAXED in by_id
    made: list[TaxRate] = []
    for id, code in by_id.items():
        sold, bought = percent(code, "SalesTaxRateList"), percent(code, "PurchaseTaxRateList")
        if on_forms:
            if id not in (TAXED, UNTAXED):
                continue
            group = by_id.get(default_group) if id == TAXED else None
            sold = (percent(group, "SalesTaxRateList") if group else None) or Decimal(0)
            bought = Decimal(0) if id == UNTAXED else None
        made.append(
            TaxRate(
                type=id,
                name=code.text("Name", id),
                percent=sold if sold is not None else bought or Decimal(0),
                revenue=sold is not None,
                expenses=bought is not None,
                active=code.flag("Active", True) and not code.flag("Hidden"),
            )
        )
    return tuple(made)


def tracking(
    classes: Iterable[Mapping[str, Any]], departments: Iterable[Mapping[str, Any]]
) -> tuple[TrackingCategory, ...]:
    """Classes and departments (locations) as the two dimensions QuickBooks has; without options there is none."""

    def names(rows: Iterable[Mapping[str, Any]], kind: str) -> tuple[str, ...]:
        listed = (Record(row, f"QuickBooks {kind.casefold()}", "Id") for row in rows)
        return tuple(r.text("FullyQualifiedName", "") or r.text("Name") for r in listed if r.flag("Active", True))

    pairs = ((CLASS, names(classes, CLASS)), (DEPARTMENT, names(departments, DEPARTMENT)))
    return tuple(TrackingCategory(id=kind, name=kind, options=options) for kind, options in pairs if options)


def terms(rows: Iterable[Mapping[str, Any]]) -> dict[str, PaymentTerms]:
    """Terms by id. Those that name a day of the month are left out: when such a document is due depends on how near
    that day is, so a due date is asked for."""
    found: dict[str, PaymentTerms] = {}
    for row in rows:
        record = Record(row, "QuickBooks term", "Id")
        days = record.optional_decimal("DueDays")
        if record.text("Type", "STANDARD") == "STANDARD" and days is not None and 0 <= days <= 999:
            found[record.text("Id")] = PaymentTerms("days_after_date", int(days))
    return found


def customer(data: Mapping[str, Any], known_terms: Mapping[str, PaymentTerms] | None = None) -> Contact:
    return _contact(Record(data, "QuickBooks customer", "Id"), "SalesTermRef", known_terms or {}, sold=True)


def vendor(data: Mapping[str, Any], known_terms: Mapping[str, PaymentTerms] | None = None) -> Contact:
    return _contact(Record(data, "QuickBooks vendor", "Id"), "TermRef", known_terms or {}, sold=False)


def _contact(record: Record, field: str, known: Mapping[str, PaymentTerms], *, sold: bool) -> Contact:
    own = known.get(ref(record, field)[0])
    return Contact(
        id=record.text("Id"),
        name=record.text("DisplayName", ""),
        currency=record.child("CurrencyRef", "value").text("value", ""),
        sales_terms=own if sold else None,
        bill_terms=None if sold else own,
    )


def voided(record: Record) -> bool:
    """A voided transaction stays with its number, at nothing, and its note begins with this word."""
    return not record.optional_decimal("TotalAmt") and record.text("PrivateNote", "").startswith("Voided")


def invoice(data: Mapping[str, Any], base_currency: str) -> Document:
    record = Record(data, "QuickBooks invoice", "Id")
    return _document(record, "invoice", "CustomerRef", _customers_own(record), base_currency)


def bill(data: Mapping[str, Any], base_currency: str) -> Document:
    return _document(Record(data, "QuickBooks bill", "Id"), "bill", "VendorRef", "", base_currency)


def _document(
    record: Record, type: Literal["invoice", "bill"], party: str, reference: str, base_currency: str
) -> Document:
    contact_id, name = ref(record, party)
    currency = currency_of(record, base_currency)
    due = record.decimal("Balance", _ZERO)
    return Document(
        id=record.text("Id"),
        type=type,
        number=record.text("DocNumber", ""),
        reference=reference,
        contact_id=contact_id,
        contact=name,
        date=record.date("TxnDate"),
        due_date=record.optional_date("DueDate"),
        currency=currency,
        total=record.decimal("TotalAmt"),
        amount_due=due,
        status=status(record, due),
        rate=rate_of(record, currency, base_currency),
    )


def status(record: Record, due: Decimal) -> Status:
    return "void" if voided(record) else "open" if due else "paid"


def _customers_own(record: Record) -> str:
    """The customer's own number for a sale: the field for it, one of the company's own fields that is called so, or
    the only number in the message on the form, which is where a company without such a field writes it."""
    if number := record.text("PONumber", ""):
        return number
    for field in record.children("CustomField", "DefinitionId"):
        words = field.text("Name", "").casefold().replace(".", "").split()
        if not {"po", "p/o", "order", "purchase", "reference", "ref"}.isdisjoint(words) and (
            value := field.text("StringValue", "")
        ):
            return value
    memo = record.child("CustomerMemo", "value").text("value", "")
    numbered = [word.strip(".,;:()") for word in memo.split() if any(c.isdigit() for c in word)]
    return numbered[0] if len(numbered) == 1 else ""


def credit(data: Mapping[str, Any], base_currency: str) -> Credit:
    """A credit memo or a vendor's credit with what is left of it."""
    sold = "CustomerRef" in data
    record = Record(data, "QuickBooks credit memo" if sold else "QuickBooks vendor credit", "Id")
    contact_id, name = ref(record, "CustomerRef" if sold else "VendorRef")
    currency = currency_of(record, base_currency)
    left = record.optional_decimal("Balance")
    return Credit(
        id=record.text("Id"),
        kind="credit_note",
        type="invoice" if sold else "bill",
        number=record.text("DocNumber", ""),
        reference="",
        contact_id=contact_id,
        contact=name,
        date=record.date("TxnDate"),
        currency=currency,
        total=record.decimal("TotalAmt"),
        remaining=record.decimal("RemainingCredit") if left is None else left,
        rate=rate_of(record, currency, base_currency),
    )
