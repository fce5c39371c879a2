"""Whether what a plan says of its QuickBooks writes follows from what would be sent."""

from __future__ import annotations

from finchat.providers.quickbooks.families import family_of
from finchat.providers.quickbooks.families.deposits import FEE
from finchat.providers.quickbooks.reversal import OPERATIONS
from finchat.providers.quickbooks.table import TABLE
from finchat.providers.writing.consistency import Consistency

CONSISTENCY = Consistency(
    TABLE, family_of, OPERATIONS, frozenset({"transfer.create"}), less=FEE,
    many=frozenset({"deposit.create", "deposit.delete"}), untold={"prepayment": "overpayment"},
)  # fmt: skip
