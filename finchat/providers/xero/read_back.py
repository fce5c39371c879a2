"""What Xero says of a write: in its reply, and when confirmed writes are read back in batches."""

from __future__ import annotations

from finchat.books.plan import Write
from finchat.connections.toolbox import CallResult
from finchat.errors import FinchatError
from finchat.providers.reading import single_record
from finchat.providers.writing.read_back import ReadBack
from finchat.providers.xero.again import read_all
from finchat.providers.xero.families import family_of
from finchat.providers.xero.family import XeroReceipt


def receipt(write: Write, result: CallResult) -> XeroReceipt:
    """What the reply says was done, compared with what was sent. Pure."""
    reply = single_record(result)
    if reply is None:
        return XeroReceipt(disagreement="the answer holds no record")
    family = family_of(write.operation)
    try:
        if family is not None:
            return family.receipt(write, reply, result)
    except FinchatError as error:
        return XeroReceipt(disagreement=error.message)
    ids = (value for key, value in reply.items() if key.endswith("ID") and isinstance(value, str) and value)
    id = next(ids, None)
    return XeroReceipt(ledger_id=id, disagreement="" if id else "the answer names no id")


READ_BACK = ReadBack(family_of, read_all)
read_back = READ_BACK.read_back
look_for = READ_BACK.look_for
