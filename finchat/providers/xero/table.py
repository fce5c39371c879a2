"""The `xero` profile: tools of finchat's own Xero server (and of Truto's, which uses the same names)."""

from __future__ import annotations

from collections.abc import Iterator

from finchat.providers.operations import Effect, Operation, OperationTable

# The resource as policy.toml names it, its singular, and what the server does with it.
_RESOURCES: tuple[tuple[str, str, str], ...] = (
    ("organisations", "organisation", "list"),
    ("invoices", "invoice", "list get create update"),
    ("contacts", "contact", "list get create update"),
    ("accounts", "account", "list get create update delete"),
    ("tax_rates", "tax_rate", "list"),
    ("tracking_categories", "tracking_category", "list"),
    ("payments", "payment", "list get create delete"),
    ("bank_transactions", "bank_transaction", "list get create update delete"),
    ("bank_transfers", "bank_transfer", "list get create delete"),
    ("credit_notes", "credit_note", "list get create update"),
    ("prepayments", "prepayment", "list get"),
    ("overpayments", "overpayment", "list get"),
    ("items", "item", "list create update delete"),
)
_TOOLS: dict[str, tuple[str, Effect]] = {
    "list": ("list_all_xero_{plural}", "read"),
    "get": ("get_single_xero_{singular}_by_id", "read"),
    "create": ("create_a_xero_{singular}", "write"),
    "update": ("update_a_xero_{singular}_by_id", "write"),
    "delete": ("delete_a_xero_{singular}_by_id", "destructive"),
}
_ALLOCATED = ("credit_note", "prepayment", "overpayment")
_REPORTS = ("profit_and_loss", "balance_sheet", "trial_balance", "aged_receivables")


def _rows() -> Iterator[Operation]:
    for plural, singular, verbs in _RESOURCES:
        for verb in verbs.split():
            name, effect = _TOOLS[verb]
            yield Operation(f"{singular}.{verb}", name.format(plural=plural, singular=singular), effect, plural)
    for credit in _ALLOCATED:
        yield Operation(f"{credit}.allocate", f"create_a_xero_{credit}_allocation", "write", "allocations")
        tool = f"delete_a_xero_{credit}_allocation_by_id"
        yield Operation(f"{credit}.deallocate", tool, "destructive", "allocations")
    # Voiding has no tool of its own: it is the update whose `status` is VOIDED; of a draft, DELETED.
    yield Operation("credit_note.void", "update_a_xero_credit_note_by_id", "destructive", "credit_notes")
    yield Operation("invoice.void", "update_a_xero_invoice_by_id", "destructive", "invoices")
    yield Operation("invoice.delete", "update_a_xero_invoice_by_id", "destructive", "invoices")
    for report in _REPORTS:
        yield Operation(f"report.{report}", f"list_all_xero_{report}", "read", "reports")


TABLE = OperationTable(_rows())
