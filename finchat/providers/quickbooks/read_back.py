"""What QuickBooks says of a write: in its reply, and when confirmed writes are read back in batches."""

from __future__ import annotations

from finchat.providers.quickbooks.again import read_all
from finchat.providers.quickbooks.families import family_of
from finchat.providers.writing.read_back import ReadBack

READ_BACK = ReadBack(family_of, read_all)
