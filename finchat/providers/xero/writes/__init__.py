"""The writes of the `xero` profile: whole payloads, what they rest on, what they change, how they are read back.

One module an operation; each builder returns the link a person reads and the write that is sent, or raises
CannotPropose.
"""

from finchat.providers.xero.writes.allocations import allocation_write, new_allocation_write
from finchat.providers.xero.writes.coded import codable, credit_note_write, money_write
from finchat.providers.xero.writes.contacts import NewContact, contact_write
from finchat.providers.xero.writes.context import CannotPropose, WriteContext
from finchat.providers.xero.writes.invoices import InvoiceLine, NewInvoice, invoice_write
from finchat.providers.xero.writes.kept import kept_write
from finchat.providers.xero.writes.parts import AnyLine, Named, Party, Place
from finchat.providers.xero.writes.payments import drafted_payment_write, payment_write, refund_write
from finchat.providers.xero.writes.rates import Rate, known_rate, vendor_rate
from finchat.providers.xero.writes.tokens import reference_text, retokened, write_token
from finchat.providers.xero.writes.transfers import transfer_write

__all__ = [
    "AnyLine",
    "CannotPropose",
    "InvoiceLine",
    "Named",
    "NewContact",
    "NewInvoice",
    "Party",
    "Place",
    "Rate",
    "WriteContext",
    "allocation_write",
    "codable",
    "contact_write",
    "credit_note_write",
    "drafted_payment_write",
    "invoice_write",
    "kept_write",
    "known_rate",
    "money_write",
    "new_allocation_write",
    "payment_write",
    "reference_text",
    "refund_write",
    "retokened",
    "transfer_write",
    "vendor_rate",
    "write_token",
]
