"""The writes of the `xero` profile: whole payloads, what they rest on, what they change, how they are read back.

One module an operation; each builder returns the link a person reads and the write that is sent, or raises
CannotPropose.
"""

from finchat.books.plan import Link, Write
from finchat.providers.writing.context import CannotPropose
from finchat.providers.writing.traits import Traits
from finchat.providers.xero.undoing import taken_back, undo_words
from finchat.providers.xero.writes.allocations import allocation_write, new_allocation_write
from finchat.providers.xero.writes.coded import credit_note_write, money_write
from finchat.providers.xero.writes.contacts import contact_write
from finchat.providers.xero.writes.editing import changed, editable
from finchat.providers.xero.writes.invoices import invoice_write
from finchat.providers.xero.writes.kept import kept_write
from finchat.providers.xero.writes.lines_added import lines_added_write
from finchat.providers.xero.writes.payments import drafted_payment_write, payment_write, refund_write
from finchat.providers.xero.writes.rates import known_rate
from finchat.providers.xero.writes.transfers import transfer_write


class XeroWriters:
    """Implements Writers."""

    traits = Traits(label="Xero", drafts=True, references=frozenset({"invoice"}), roles=False)

    allocation = staticmethod(allocation_write)
    new_allocation = staticmethod(new_allocation_write)
    payment = staticmethod(payment_write)
    drafted_payment = staticmethod(drafted_payment_write)
    refund = staticmethod(refund_write)
    kept = staticmethod(kept_write)
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

    def deposit(self, *_: object, **__: object) -> tuple[tuple[Link, ...], Write]:
        """Raises CannotPropose: Xero keeps no undeposited funds."""
        raise CannotPropose("Xero keeps no undeposited funds")


XERO_WRITERS = XeroWriters()
