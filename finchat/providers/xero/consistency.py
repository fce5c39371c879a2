"""Whether what a plan says of its Xero writes follows from what would be sent."""

from __future__ import annotations

from finchat.providers.writing.consistency import Consistency
from finchat.providers.xero.families import family_of
from finchat.providers.xero.reversal import OPERATIONS
from finchat.providers.xero.table import TABLE

CONSISTENCY = Consistency(TABLE, family_of, OPERATIONS, frozenset({"bank_transfer.create"}))
disagreement = CONSISTENCY.disagreement
kind_of = CONSISTENCY.kind_of
