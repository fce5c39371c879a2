"""The writes of the `quickbooks` profile: whole payloads, what they rest on, what they change, how they are read back.

One module an operation; each builder returns the link a person reads and the write that is sent, or raises
CannotPropose.
"""

from finchat.providers.quickbooks.undoing import taken_back, undo_words
from finchat.providers.quickbooks.writes.applications import allocation_write, new_allocation_write
from finchat.providers.quickbooks.writes.coded import credit_note_write, money_write
from finchat.providers.quickbooks.writes.contacts import contact_write
from finchat.providers.quickbooks.writes.deposits import deposit_write
from finchat.providers.quickbooks.writes.editing import changed, editable
from finchat.providers.quickbooks.writes.invoices import invoice_write
from finchat.providers.quickbooks.writes.lines_added import lines_added_write
from finchat.providers.quickbooks.writes.payments import (
    drafted_payment_write,
    kept_write,
    payment_write,
    refund_write,
)
from finchat.providers.quickbooks.writes.rates import known_rate
from finchat.providers.quickbooks.writes.transfers import transfer_write
from finchat.providers.writing.traits import Traits


class QuickBooksWriters:
    """Implements Writers."""

    traits = Traits(
        label="QuickBooks",
        drafts=False,
        references=frozenset(),
        roles=True,
        feed="QuickBooks has no bank feed in its API: the bank lines are those of the file named as bank_feed, or of "
        "--statement FILE",
    )

    allocation = staticmethod(allocation_write)
    new_allocation = staticmethod(new_allocation_write)
    payment = staticmethod(payment_write)
    drafted_payment = staticmethod(drafted_payment_write)
    refund = staticmethod(refund_write)
    kept = staticmethod(kept_write)
    deposit = staticmethod(deposit_write)
    transfer = staticmethod(transfer_write)
    money = staticmethod(money_write)
    credit_note = staticmethod(credit_note_write)
    contact = staticmethod(contact_write)
    invoice = staticmethod(invoice_write)
    invoice_lines_added = staticmethod(lines_added_write)
    known_rate = staticmethod(known_rate)
    editable = staticmethod(editable)
    changed = staticmethod(changed)
    taken_back = staticmethod(taken_back)
    undo_words = staticmethod(undo_words)


QUICKBOOKS_WRITERS = QuickBooksWriters()
