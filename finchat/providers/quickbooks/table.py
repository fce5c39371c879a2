"""The `quickbooks` profile: tools of finchat's own QuickBooks server (and of Truto's, which uses the same names)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from finchat.providers.operations import Effect, Operation, OperationTable

# The entity in QuickBooks' own spelling, the resource as policy.toml names it, its singular, what the server does.
_EVERY = "list get create update delete void"
_NO_VOID = "list get create update delete"
_LIST = "list get create update"
_RESOURCES: tuple[tuple[str, str, str, str], ...] = (
    ("Invoice", "invoices", "invoice", _EVERY),
    ("Payment", "payments", "payment", _EVERY),
    ("CreditMemo", "credit_memos", "credit_memo", _NO_VOID),
    ("SalesReceipt", "sales_receipts", "sales_receipt", _EVERY),
    ("RefundReceipt", "refund_receipts", "refund_receipt", _NO_VOID),
    ("Estimate", "estimates", "estimate", _NO_VOID),
    ("Deposit", "deposits", "deposit", _NO_VOID),
    ("Bill", "bills", "bill", _NO_VOID),
    ("BillPayment", "bill_payments", "bill_payment", _EVERY),
    ("VendorCredit", "vendor_credits", "vendor_credit", _NO_VOID),
    ("PurchaseOrder", "purchase_orders", "purchase_order", _NO_VOID),
    ("Purchase", "purchases", "purchase", _NO_VOID),
    ("Transfer", "transfers", "transfer", _NO_VOID),
    ("JournalEntry", "journal_entries", "journal_entry", _NO_VOID),
    ("Budget", "budgets", "budget", "list get"),
    ("Customer", "customers", "customer", _LIST),
    ("Vendor", "vendors", "vendor", _LIST),
    ("Employee", "employees", "employee", _LIST),
    ("Account", "accounts", "account", _LIST),
    ("Item", "items", "item", _LIST),
    ("Department", "departments", "department", _LIST),
    ("Class", "classes", "class", _LIST),
    ("Term", "terms", "term", _LIST),
    ("PaymentMethod", "payment_methods", "payment_method", _LIST),
    ("TimeActivity", "time_activities", "time_activity", _NO_VOID),
    ("TaxCode", "tax_codes", "tax_code", "list get"),
    ("TaxRate", "tax_rates", "tax_rate", "list get"),
    ("TaxAgency", "tax_agencies", "tax_agency", "list get create"),
    ("ExchangeRate", "exchange_rates", "exchange_rate", "list"),
    ("Attachable", "attachables", "attachable", _NO_VOID),
    ("CompanyInfo", "company_info", "company_info", "list get"),
    ("Preferences", "preferences", "preferences", "list"),
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
# The first word of an operation → the entity a query names.
ENTITIES: Mapping[str, str] = {singular: entity for entity, _, singular, _ in _RESOURCES}


def _rows() -> Iterator[Operation]:
    for _, plural, singular, verbs in _RESOURCES:
        for verb in verbs.split():
            name, effect = _TOOLS[verb]
            yield Operation(f"{singular}.{verb}", name.format(plural=plural, singular=singular), effect, plural)
    for report in _REPORTS:
        yield Operation(f"report.{report}", f"list_all_quick_books_{report}", "read", "reports")


TABLE = OperationTable(_rows())
