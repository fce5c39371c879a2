"""The resources as a table: how each is named, stored, filtered and ordered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, get_args

from finchat.sandbox.xero.errors import bad_query

if TYPE_CHECKING:
    from finchat.dialects.xero_where import Field, WhereCompiler

# property, column, kind ("?" marks a value that may be null)
_DOCUMENT = """
Type d.type String
Status d.status String
Reference d.reference String
Date d.date DateTime
SubTotal d.sub_total Decimal
TotalTax d.total_tax Decimal
Total d.total Decimal
CurrencyCode d.currency String
CurrencyRate (d.rate+0) Number?
LineAmountTypes d.line_amount_types String
UpdatedDateUTC d.updated DateTime?
Contact.ContactID c.guid Guid
Contact.Name c.name String
Contact.ContactNumber c.number String?
Contact.ContactStatus c.status String
Contact.EmailAddress c.email String?
"""
_SETTLED = """
AmountPaid d.paid Decimal?
AmountCredited d.credited Decimal?
FullyPaidOnDate d.fully_paid DateTime?
"""
_SPECS = {
    "Invoices": (
        _DOCUMENT
        + _SETTLED
        + "InvoiceID d.guid Guid\nInvoiceNumber d.number String?\nAmountDue d.due Decimal?\n"
        + "DueDate d.due_date DateTime?\nSentToContact d.sent Boolean?\n"
    ),
    "CreditNotes": (
        _DOCUMENT
        + _SETTLED
        + "CreditNoteID d.guid Guid\nCreditNoteNumber d.number String?\nRemainingCredit d.due Decimal?\n"
        + "DueDate d.due_date DateTime?\nSentToContact d.sent Boolean?\n"
    ),
    "Prepayments": _DOCUMENT + "PrepaymentID d.guid Guid\nRemainingCredit d.due Decimal?\n",
    "Overpayments": _DOCUMENT + "OverpaymentID d.guid Guid\nRemainingCredit d.due Decimal?\n",
    "BankTransactions": (
        _DOCUMENT
        + "BankTransactionID d.guid Guid\nIsReconciled d.is_reconciled Boolean?\nBankAccount.AccountID b.guid Guid\n"
        + "BankAccount.Code b.code String?\nBankAccount.Name b.name String\n"
    ),
    "Payments": """
PaymentID p.guid Guid
Date p.date DateTime
Amount p.amount Decimal
BankAmount p.bank_amount Decimal?
Reference p.reference String?
Status p.status String
PaymentType p.type String
CurrencyRate (p.rate+0) Number?
IsReconciled p.is_reconciled Boolean?
UpdatedDateUTC p.updated DateTime?
Account.AccountID b.guid Guid
Account.Code b.code String?
Account.Name b.name String
Invoice.InvoiceID d.guid Guid
Invoice.InvoiceNumber d.number String?
Invoice.Type d.type String
Invoice.CurrencyCode d.currency String
Invoice.Contact.ContactID c.guid Guid
Invoice.Contact.Name c.name String
""",
    "Accounts": """
AccountID a.guid Guid
Code a.code String?
Name a.name String
Type a.type String
Class a.class String
Status a.status String
TaxType a.tax_type String?
SystemAccount a.system String?
CurrencyCode a.currency String?
EnablePaymentsToAccount a.payments Boolean?
UpdatedDateUTC a.updated DateTime?
""",
    "Contacts": """
ContactID c.guid Guid
ContactNumber c.number String?
Name c.name String
AccountNumber c.account_number String?
EmailAddress c.email String?
FirstName c.first_name String?
LastName c.last_name String?
ContactStatus c.status String
IsSupplier c.is_supplier Boolean?
IsCustomer c.is_customer Boolean?
UpdatedDateUTC c.updated DateTime?
""",
    "BankTransfers": """
BankTransferID t.guid Guid
Status t.status String
Date h.date DateTime
Amount h.total Decimal
Reference h.reference String?
CurrencyRate (h.rate+0) Number?
CreatedDateUTC t.created DateTime?
FromBankAccount.AccountID a.guid Guid
FromBankAccount.Code a.code String?
FromBankAccount.Name a.name String
ToBankAccount.AccountID b.guid Guid
ToBankAccount.Code b.code String?
ToBankAccount.Name b.name String
FromBankTransactionID t.from_half Guid
ToBankTransactionID t.to_half Guid
FromIsReconciled h.is_reconciled Boolean?
ToIsReconciled o.is_reconciled Boolean?
HasAttachments (0) Boolean?
""",
    "TrackingCategories": """
TrackingCategoryID o.guid Guid
Name json_extract(o.body,'$.Name') String
Status coalesce(json_extract(o.body,'$.Status'),'ACTIVE') String
""",
    "TaxRates": """
Name t.name String
TaxType t.tax_type String
Status t.status String
EffectiveRate (t.rate+0) Number?
""",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One collection of the API. `source` is its FROM and WHERE, `columns` what a row carries."""

    name: str
    singular: str
    id_field: str
    columns: str
    source: str
    key: str
    seq: str
    updated: str | None
    paged: bool = True


_DOCUMENT_COLUMNS = (
    "d.guid, d.type, d.status, d.contact, d.number, d.reference, d.date, d.due_date, d.currency, d.rate,"
    " d.line_amount_types, d.sub_total, d.total_tax, d.total, d.paid, d.credited, d.due, d.fully_paid, d.bank,"
    " d.is_reconciled, d.sent, d.twin, d.updated, d.body, c.name AS contact_name, b.code AS bank_code,"
    " b.name AS bank_name, d.resource, d.base_total, d.base_due"
)
_DOCUMENT_TABLES = "document d LEFT JOIN contact c ON c.guid = d.contact LEFT JOIN account b ON b.guid = d.bank"
_PAYMENT_COLUMNS = (
    "p.guid, p.document, p.account, p.date, p.amount, p.bank_amount, p.base_amount, p.control_base, p.rate,"
    " p.reference, p.is_reconciled, p.status, p.type, p.batch, p.updated, b.code AS account_code,"
    " b.name AS account_name, d.resource, d.type AS document_type, d.number, d.currency, d.contact,"
    " c.name AS contact_name"
)
_PAYMENT_TABLES = (
    "payment p JOIN document d ON d.guid = p.document LEFT JOIN contact c ON c.guid = d.contact"
    " JOIN account b ON b.guid = p.account"
)

_TRANSFER_COLUMNS = (
    "t.guid, t.status, t.created, t.updated, t.from_half, t.to_half, t.from_tracking, t.to_tracking, h.date, h.total,"
    " h.reference, h.rate, h.is_reconciled AS from_reconciled, o.is_reconciled AS to_reconciled, a.guid AS from_bank,"
    " a.code AS from_code, a.name AS from_name, b.guid AS to_bank, b.code AS to_code, b.name AS to_name"
)
# h is the half the money left, o the half it reached.
_TRANSFER_TABLES = (
    "transfer t JOIN document h ON h.guid = t.from_half JOIN document o ON o.guid = t.to_half"
    " JOIN account a ON a.guid = h.bank JOIN account b ON b.guid = o.bank"
)


def _document(name: str, singular: str) -> Resource:
    return Resource(
        name,
        singular,
        f"{singular}ID",
        _DOCUMENT_COLUMNS,
        f"{_DOCUMENT_TABLES} WHERE d.resource = '{name}'",
        "d.guid",
        "d.seq",
        "d.updated",
    )


RESOURCES: Mapping[str, Resource] = {
    resource.name: resource
    for resource in (
        _document("Invoices", "Invoice"),
        _document("CreditNotes", "CreditNote"),
        _document("Prepayments", "Prepayment"),
        _document("Overpayments", "Overpayment"),
        _document("BankTransactions", "BankTransaction"),
        Resource(
            "Payments",
            "Payment",
            "PaymentID",
            _PAYMENT_COLUMNS,
            f"{_PAYMENT_TABLES} WHERE 1",
            "p.guid",
            "p.seq",
            "p.updated",
        ),
        Resource("Accounts", "Account", "AccountID", "a.*", "account a WHERE 1", "a.guid", "a.seq", "a.updated", False),
        Resource("Contacts", "Contact", "ContactID", "c.*", "contact c WHERE 1", "c.guid", "c.seq", "c.updated"),
        Resource(
            "BankTransfers",
            "BankTransfer",
            "BankTransferID",
            _TRANSFER_COLUMNS,
            f"{_TRANSFER_TABLES} WHERE 1",
            "t.guid",
            "t.seq",
            "t.updated",
            False,
        ),
        Resource(
            "TrackingCategories",
            "TrackingCategory",
            "TrackingCategoryID",
            "o.guid, o.body",
            "other o WHERE o.resource = 'TrackingCategories'",
            "o.guid",
            "o.seq",
            None,
            False,
        ),
        Resource("TaxRates", "TaxRate", "TaxType", "t.*", "tax_rate t WHERE 1", "t.tax_type", "t.seq", None, False),
    )
}


@lru_cache(maxsize=32)
def fields_of(name: str) -> Mapping[str, Field]:
    """The properties of a resource that `where` and `order` know."""
    from finchat.dialects.xero_where import Field, Kind

    kinds: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    found: dict[str, Field] = {}
    for line in _SPECS[name].split("\n"):
        if line:
            spelling, column, kind = line.split(" ")
            found[spelling] = Field(column, kinds[kind.rstrip("?")], kind.endswith("?"))
    return found


@lru_cache(maxsize=32)
def where_compiler(name: str) -> WhereCompiler:
    """The compiler of a resource's filters, built when the first filter comes."""
    from finchat.dialects.xero_where import WhereCompiler

    return WhereCompiler(RESOURCES[name].singular, fields_of(name))


def where_sql(name: str, text: str) -> tuple[str, tuple[object, ...]]:
    """A filter as SQL and parameters. Raises ApiError 400 (QueryParseException) naming the field."""
    from finchat.dialects.xero_where import WhereError

    try:
        return where_compiler(name).compile(text)
    except WhereError as error:
        raise bad_query(error.message, f"where: {error.field}" if error.field else "where") from None


def order_sql(name: str, text: str) -> str:
    """ORDER BY terms. Raises ApiError 400 (QueryParseException) naming the field."""
    from finchat.dialects.xero_order import compile_order
    from finchat.dialects.xero_where import WhereError

    try:
        return compile_order(RESOURCES[name].singular, text, fields_of(name))
    except WhereError as error:
        raise bad_query(error.message, f"order: {error.field}" if error.field else "order") from None
