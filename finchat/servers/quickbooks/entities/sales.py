"""What is sold: invoices, credit memos, receipts, estimates, and the money that comes in for them."""

from __future__ import annotations

from finchat.servers.quickbooks.arguments import (
    ADDRESS,
    DEPOSIT_LINES,
    EMAIL,
    MEMO,
    SALES_LINES,
    SETTLING_LINES,
    TAX_DETAIL,
    Field,
    an_object,
    day,
    flag,
    inner,
    lines,
    number,
    ref,
    text,
    words,
)
from finchat.servers.quickbooks.arguments import MONEY as AMOUNT
from finchat.servers.quickbooks.arguments import REF as REFERENCE
from finchat.servers.quickbooks.entities.entity import ALL, Entity, Verb
from finchat.servers.table import one_of

VOIDED: tuple[Verb, ...] = (*ALL, "void")
COMPUTED = frozenset(("Balance", "HomeBalance", "HomeTotalAmt", "RemainingCredit", "UnappliedAmt"))
TOTALLED = COMPUTED | {"TotalAmt"}
CURRENCY = (
    ref("CurrencyRef", "ISO code of the currency as value; the counterparty's own when left out."),
    number("ExchangeRate", "Units of the home currency for one unit of this currency."),
)
TAX = (
    inner("TxnTaxDetail", "Tax: TxnTaxCodeRef lets QuickBooks work it out, TotalTax states it.", "", TAX_DETAIL),
    text(
        "GlobalTaxCalculation",
        "Whether line amounts are before or with tax (companies outside the US).",
        "",
        one_of("TaxExcluded", "TaxInclusive", "NotApplicable"),
    ),
)
NUMBER = text("DocNumber", "Number; QuickBooks numbers it when left out.", "q", words(21))
NOTE = text("PrivateNote", "Memo for the books, not shown to the customer or supplier.")
DATED = day("TxnDate", "Date; today when left out.", "q")
TRACKING = (ref("DepartmentRef", "Location (department)."), ref("ClassRef", "Class, where one is kept a transaction."))
TOTAL = number("TotalAmt", "Sum of the lines with tax. Need not be given; when given it must equal the lines.", "q")


def _sales_form(*more: Field, opens: bool = True) -> tuple[Field, ...]:
    """`opens`: it has a balance that is asked for: something still due or unused."""
    return (
        ref("CustomerRef", "The customer.", "qr"),
        lines(SALES_LINES, "The lines, in QuickBooks' own field names."),
        NUMBER,
        DATED,
        *more,
        TOTAL,
        number("Balance", "What is still due or unused.", "qo" if opens else "o"),
        inner("CustomerMemo", "Message shown to the customer.", "", MEMO),
        NOTE,
        inner("BillAddr", "Billing address; the customer's when left out.", "", ADDRESS),
        inner("ShipAddr", "Shipping address.", "", ADDRESS),
        inner("BillEmail", "Where it would be sent. Nothing is sent by these tools.", "", EMAIL),
        *TAX,
        flag("ApplyTaxAfterDiscount", "Whether a discount comes off before tax."),
        *CURRENCY,
        *TRACKING,
    )


_ISSUED = (
    "Changing an issued invoice changes what the customer was told: a separate invoice is the better way to add a "
    "charge. "
)
INVOICE = Entity(
    name="Invoice",
    singular="invoice",
    plural="invoices",
    what="invoice",
    fields=_sales_form(
        day("DueDate", "Date by which it is to be paid; by the terms when left out.", "q"),
        ref("SalesTermRef", "Payment terms."),
        day("ShipDate", "Date of shipping."),
        text("TrackingNum", "Tracking number of the shipment."),
    ),
    examples=(
        "SELECT * FROM Invoice WHERE Balance > '0'",
        "SELECT * FROM Invoice WHERE CustomerRef = '12' AND TxnDate >= '2026-10-01' ORDERBY DueDate DESC",
        "SELECT COUNT(*) FROM Invoice WHERE DueDate < '2026-11-01' AND Balance > '0'",
    ),
    verbs=VOIDED,
    computed=TOTALLED,
    note="Balance is what is still due.",
    update_note=_ISSUED,
)
CREDIT_MEMO = Entity(
    name="CreditMemo",
    singular="credit_memo",
    plural="credit_memos",
    what="credit memo",
    fields=_sales_form(),
    examples=("SELECT * FROM CreditMemo WHERE Balance > '0'", "SELECT * FROM CreditMemo WHERE CustomerRef = '12'"),
    computed=TOTALLED,
    note="Balance is what is still unused. It is applied by a payment of 0.00 whose lines link it and the invoice.",
)
_MONEY_LANDS = ref("DepositToAccountRef", "The account the money lands in: a bank account, or Undeposited Funds.", "r")
_METHOD = (
    ref("PaymentMethodRef", "Payment method."),
    text("PaymentRefNum", "Reference of the payment, such as the check number.", "", words(21)),
)
SALES_RECEIPT = Entity(
    name="SalesReceipt",
    singular="sales_receipt",
    plural="sales_receipts",
    what="sales receipt",
    fields=_sales_form(_MONEY_LANDS, *_METHOD),
    examples=("SELECT * FROM SalesReceipt WHERE TxnDate >= '2026-11-01'",),
    verbs=VOIDED,
    computed=TOTALLED,
    note="A sale paid at once.",
)
REFUND_RECEIPT = Entity(
    name="RefundReceipt",
    singular="refund_receipt",
    plural="refund_receipts",
    what="refund receipt",
    fields=_sales_form(
        ref("DepositToAccountRef", "The account the money was refunded from.", "r"),
        *_METHOD,
        opens=False,
    ),
    examples=("SELECT * FROM RefundReceipt WHERE TxnDate >= '2026-11-01'",),
    computed=TOTALLED,
    note="Money given back to a customer. Recording it moves no money.",
)
ESTIMATE = Entity(
    name="Estimate",
    singular="estimate",
    plural="estimates",
    what="estimate",
    fields=_sales_form(
        day("ExpirationDate", "Until when it holds."),
        text("TxnStatus", "What became of it.", "", one_of("Pending", "Accepted", "Closed", "Rejected")),
        text("AcceptedBy", "Who accepted it."),
        day("AcceptedDate", "When it was accepted."),
        opens=False,
    ),
    examples=("SELECT * FROM Estimate WHERE TxnDate >= '2026-11-01'",),
    computed=TOTALLED,
    note="It posts nothing to the books.",
)
PAYMENT = Entity(
    name="Payment",
    singular="payment",
    plural="payments",
    what="customer payment",
    fields=(
        ref("CustomerRef", "The customer who paid.", "qr"),
        number("TotalAmt", "Money received, in the currency of the customer; 0 only applies a credit.", "qr"),
        ref(
            "DepositToAccountRef",
            "The account the money lands in: a bank account, or Undeposited Funds until it is deposited. Required "
            "unless TotalAmt is 0.",
        ),
        lines(
            SETTLING_LINES,
            "What it pays: an Amount and the one document it is for (TxnType Invoice), and the credits it uses "
            "(CreditMemo). What no line takes stays unapplied.",
            required=False,
        ),
        DATED,
        _METHOD[0],
        text("PaymentRefNum", "Reference of the payment, such as the check number.", "q", words(21)),
        ref("ARAccountRef", "The receivables account."),
        number("UnappliedAmt", "What no document has taken yet.", "o"),
        NOTE,
        *CURRENCY,
    ),
    examples=(
        "SELECT * FROM Payment WHERE TxnDate >= '2026-11-01'",
        "SELECT * FROM Payment WHERE CustomerRef = '12' ORDERBY TxnDate DESC",
    ),
    verbs=VOIDED,
    settles=True,
    computed=COMPUTED,
    note="UnappliedAmt is money no document has taken yet.",
    update_note="An unapplied payment is applied by adding the line that names the invoice; no money moves. ",
)
DEPOSIT = Entity(
    name="Deposit",
    singular="deposit",
    plural="deposits",
    what="deposit",
    fields=(
        ref("DepositToAccountRef", "The bank account it went to.", "r"),
        lines(
            DEPOSIT_LINES,
            "Payments taken out of Undeposited Funds (LinkedTxn with TxnType Payment or SalesReceipt and TxnLineId 0), "
            "and money from an account (DepositLineDetail).",
        ),
        DATED,
        NOTE,
        inner(
            "CashBack",
            "Money kept back in cash.",
            "",
            an_object({"AccountRef": REFERENCE, "Amount": AMOUNT, "Memo": words()}),
        ),
        TOTAL,
        *CURRENCY,
        TRACKING[0],
    ),
    examples=("SELECT * FROM Deposit WHERE TxnDate >= '2026-11-01'",),
    computed=TOTALLED,
    note="Payments left in Undeposited Funds are gathered into one deposit, so that the bank moves once.",
)
SALES = (INVOICE, PAYMENT, CREDIT_MEMO, SALES_RECEIPT, REFUND_RECEIPT, ESTIMATE, DEPOSIT)
