"""What is bought and what is paid for it, moved between own accounts, or journalled by hand."""

from __future__ import annotations

from finchat.servers.quickbooks.arguments import (
    ADDRESS,
    BUDGET_LINES,
    EXPENSE_LINES,
    JOURNAL_LINES,
    REF,
    SETTLING_LINES,
    WHO,
    Field,
    an_object,
    day,
    flag,
    inner,
    lines,
    number,
    ref,
    text,
)
from finchat.servers.quickbooks.entities.entity import READ, Entity
from finchat.servers.quickbooks.entities.sales import (
    COMPUTED,
    CURRENCY,
    DATED,
    NOTE,
    NUMBER,
    TAX,
    TOTAL,
    TOTALLED,
    TRACKING,
    VOIDED,
)
from finchat.servers.table import one_of

_LINES = lines(EXPENSE_LINES, "The lines, in QuickBooks' own field names.")


def _purchase_form(*more: Field) -> tuple[Field, ...]:
    return (
        ref("VendorRef", "The supplier.", "qr"),
        _LINES,
        NUMBER,
        DATED,
        *more,
        ref("APAccountRef", "The payables account."),
        TOTAL,
        inner("VendorAddr", "Address of the supplier.", "", ADDRESS),
        NOTE,
        *TAX,
        *CURRENCY,
        TRACKING[0],
    )


BILL = Entity(
    name="Bill",
    singular="bill",
    plural="bills",
    what="bill",
    fields=_purchase_form(
        day("DueDate", "Date by which it is to be paid; by the terms when left out.", "q"),
        ref("SalesTermRef", "Payment terms.", "q"),
        number("Balance", "What is still due.", "qo"),
    ),
    examples=(
        "SELECT * FROM Bill WHERE Balance > '0'",
        "SELECT * FROM Bill WHERE VendorRef = '31' AND DueDate <= '2026-11-30' ORDERBY DueDate",
    ),
    computed=TOTALLED,
    note="Balance is what is still due.",
)
VENDOR_CREDIT = Entity(
    name="VendorCredit",
    singular="vendor_credit",
    plural="vendor_credits",
    what="credit from a supplier",
    fields=_purchase_form(number("Balance", "What is still unused.", "o")),
    examples=("SELECT * FROM VendorCredit WHERE VendorRef = '31'",),
    computed=TOTALLED,
    note="It is applied by a bill payment whose lines link it and the bill.",
)
PURCHASE_ORDER = Entity(
    name="PurchaseOrder",
    singular="purchase_order",
    plural="purchase_orders",
    what="purchase order",
    fields=_purchase_form(
        day("DueDate", "Date of delivery."),
        inner("ShipAddr", "Where to deliver.", "", ADDRESS),
        text("POStatus", "Open or Closed.", "", one_of("Open", "Closed")),
        text("Memo", "Message to the supplier."),
    ),
    examples=("SELECT * FROM PurchaseOrder WHERE TxnDate >= '2026-11-01'",),
    computed=TOTALLED,
    note="It posts nothing to the books.",
)
BILL_PAYMENT = Entity(
    name="BillPayment",
    singular="bill_payment",
    plural="bill_payments",
    what="bill payment",
    fields=(
        ref("VendorRef", "The supplier who was paid.", "qr"),
        text("PayType", "Check: from a bank account. CreditCard: by card.", "r", one_of("Check", "CreditCard")),
        number("TotalAmt", "Money paid, in the currency of the supplier; 0 only applies a credit.", "qr"),
        inner(
            "CheckPayment",
            "With PayType Check: the bank account.",
            "",
            an_object(
                {"BankAccountRef": REF, "PrintStatus": one_of("NotSet", "NeedToPrint", "PrintComplete")},
                "BankAccountRef",
            ),
        ),
        inner(
            "CreditCardPayment",
            "With PayType CreditCard: the card's account.",
            "",
            an_object({"CCAccountRef": REF}, "CCAccountRef"),
        ),
        lines(
            SETTLING_LINES,
            "What it pays: an Amount and the one document it is for (TxnType Bill), and the credits it uses "
            "(VendorCredit).",
        ),
        NUMBER,
        DATED,
        ref("APAccountRef", "The payables account."),
        NOTE,
        *CURRENCY,
        TRACKING[0],
    ),
    examples=(
        "SELECT * FROM BillPayment WHERE TxnDate >= '2026-11-01'",
        "SELECT * FROM BillPayment WHERE VendorRef = '31'",
    ),
    verbs=VOIDED,
    settles=True,
    computed=COMPUTED,
    note="It records what was paid elsewhere; no money moves.",
)
PURCHASE = Entity(
    name="Purchase",
    singular="purchase",
    plural="purchases",
    what="expense paid at once",
    fields=(
        ref("AccountRef", "The bank or credit card account it was paid from.", "r"),
        text("PaymentType", "How it was paid.", "qr", one_of("Cash", "Check", "CreditCard")),
        _LINES,
        ref("EntityRef", "Who was paid; `type` says whether a Customer, Vendor or Employee.", "", WHO),
        DATED,
        NUMBER,
        flag("Credit", "True for a refund to a credit card."),
        ref("PaymentMethodRef", "Payment method."),
        TOTAL,
        NOTE,
        *TAX,
        *CURRENCY,
        TRACKING[0],
    ),
    examples=(
        "SELECT * FROM Purchase WHERE TxnDate >= '2026-11-01'",
        "SELECT * FROM Purchase WHERE PaymentType = 'CreditCard'",
    ),
    computed=TOTALLED,
    note="Checks, card charges and cash: spending without a bill.",
)
TRANSFER = Entity(
    name="Transfer",
    singular="transfer",
    plural="transfers",
    what="transfer between own accounts",
    fields=(
        ref("FromAccountRef", "The account the money left.", "r"),
        ref("ToAccountRef", "The account the money reached.", "r"),
        number("Amount", "In the currency of the accounts.", "r"),
        DATED,
        NOTE,
        *CURRENCY,
    ),
    examples=("SELECT * FROM Transfer WHERE TxnDate >= '2026-11-01'",),
    computed=COMPUTED,
    note="It records a transfer; no money moves.",
)
JOURNAL_ENTRY = Entity(
    name="JournalEntry",
    singular="journal_entry",
    plural="journal_entries",
    what="journal entry",
    fields=(
        lines(JOURNAL_LINES, "The postings: debits equal credits. Receivables and payables lines name an Entity."),
        NUMBER,
        DATED,
        flag("Adjustment", "Whether it is an adjusting entry."),
        NOTE,
        *CURRENCY,
    ),
    examples=("SELECT * FROM JournalEntry WHERE TxnDate >= '2026-11-01'",),
    computed=TOTALLED,
)
BUDGET = Entity(
    name="Budget",
    singular="budget",
    plural="budgets",
    what="budget",
    fields=(
        text("Name", "Name.", "qo"),
        day("StartDate", "First day.", "o"),
        day("EndDate", "Last day.", "o"),
        flag("Active", "Whether it is in use.", "qo"),
        Field("BudgetDetail", "Amounts by account and month.", "object", BUDGET_LINES, writable=False),
    ),
    examples=("SELECT * FROM Budget",),
    verbs=READ,
)
SPENDING = (BILL, BILL_PAYMENT, VENDOR_CREDIT, PURCHASE_ORDER, PURCHASE, TRANSFER, JOURNAL_ENTRY, BUDGET)
