"""The `quickbooks` profile: tools of finchat's own QuickBooks server (and of Truto's, which uses the same names)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from finchat.providers.operations import Effect, Operation, OperationTable

_ALL = "list get create update delete"
_NAMED = "list get create update"
# What a query calls it, the resource as policy.toml names it, its singular, and what the server does with it.
_RESOURCES: tuple[tuple[str, str, str, str], ...] = (
    ("CompanyInfo", "company_info", "company_info", "list get"),
    ("Preferences", "preferences", "preferences", "list"),
    ("Account", "accounts", "account", _NAMED),
    ("Customer", "customers", "customer", _NAMED),
    ("Vendor", "vendors", "vendor", _NAMED),
    ("Employee", "employees", "employee", _NAMED),
    ("Item", "items", "item", _NAMED),
    ("Class", "classes", "class", _NAMED),
    ("Department", "departments", "department", _NAMED),
    ("Term", "terms", "term", _NAMED),
    ("PaymentMethod", "payment_methods", "payment_method", _NAMED),
    ("TaxCode", "tax_codes", "tax_code", "list get"),
    ("TaxRate", "tax_rates", "tax_rate", "list get"),
    ("TaxAgency", "tax_agencies", "tax_agency", "list get create"),
    ("ExchangeRate", "exchange_rates", "exchange_rate", "list"),
    ("Invoice", "invoices", "invoice", f"{_ALL} void"),
    ("Bill", "bills", "bill", _ALL),
    ("Payment", "payments", "payment", f"{_ALL} void"),
    ("BillPayment", "bill_payments", "bill_payment", f"{_ALL} void"),
    ("CreditMemo", "credit_memos", "credit_memo", _ALL),
    ("VendorCredit", "vendor_credits", "vendor_credit", _ALL),
    ("SalesReceipt", "sales_receipts", "sales_receipt", f"{_ALL} void"),
    ("RefundReceipt", "refund_receipts", "refund_receipt", _ALL),
    ("Deposit", "deposits", "deposit", _ALL),
    ("Purchase", "purchases", "purchase", _ALL),
    ("Transfer", "transfers", "transfer", _ALL),
    ("JournalEntry", "journal_entries", "journal_entry", _ALL),
    ("Estimate", "estimates", "estimate", _ALL),
    ("PurchaseOrder", "purchase_orders", "purchase_order", _ALL),
    ("TimeActivity", "time_activities", "time_activity", _ALL),
    ("Budget", "budgets", "budget", "list get"),
    ("Attachable", "attachables", "attachable", _ALL),
)
_TOOLS: Mapping[str, tuple[str, Effect]] = {
    "list": ("list_all_quick_books_{plural}", "read"),
    "get": ("get_single_quick_books_{singular}_by_id", "read"),
    "create": ("create_a_quick_books_{singular}", "write"),
    "update": ("update_a_quick_books_{singular}_by_id", "write"),
    "delete": ("delete_a_quick_books_{singular}_by_id", "destructive"),
    "void": ("void_a_quick_books_{singular}_by_id", "destructive"),
}
_REPORTS = (
    "profit_and_loss", "balance_sheet", "cash_flow", "trial_balance", "general_ledger", "aged_receivables",
    "aged_receivable_detail", "aged_payables", "aged_payable_detail", "customer_balance", "customer_balance_detail",
    "vendor_balance", "vendor_balance_detail", "transaction_list",
)  # fmt: skip
# What a query calls each kind of record.
ENTITIES: Mapping[str, str] = {singular: entity for entity, _, singular, _ in _RESOURCES}


def _rows() -> Iterator[Operation]:
    for _, plural, singular, verbs in _RESOURCES:
        for verb in verbs.split():
            name, effect = _TOOLS[verb]
            yield Operation(f"{singular}.{verb}", name.format(plural=plural, singular=singular), effect, plural)
    # An unapplied payment is put against a document by changing it, and freed again the same way.
    yield Operation("payment.apply", "update_a_quick_books_payment_by_id", "write", "payments")
    yield Operation("payment.unapply", "update_a_quick_books_payment_by_id", "destructive", "payments")
    # A credit is put against a document by a payment of nothing that links both.
    yield Operation("credit_memo.apply", "create_a_quick_books_payment", "write", "payments")
    yield Operation("vendor_credit.apply", "create_a_quick_books_bill_payment", "write", "bill_payments")
    for report in _REPORTS:
        yield Operation(f"report.{report}", f"list_all_quick_books_{report}", "read", "reports")


TABLE = OperationTable(_rows())
