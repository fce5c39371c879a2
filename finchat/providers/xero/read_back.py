"""What Xero says of a write: in its reply, and when confirmed writes are read back in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from finchat.books.plan import Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.errors import FinchatError
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero.again import first, read_all
from finchat.providers.xero.families import family_of
from finchat.providers.xero.family import XeroReceipt, XeroStanding


def receipt(write: Write, result: CallResult) -> XeroReceipt:
    """What the reply says was done, compared with what was sent. Pure."""
    reply = first(result)
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


async def read_back(toolbox: Toolbox, written: Sequence[tuple[Write, str]]) -> list[XeroStanding]:
    """How confirmed writes stand, in the same order: each kind of record is read in one call for many writes.

    Raises FinchatError when the ledger cannot be read.
    """

    def wanted(found: Found) -> Iterator[Need]:
        for write, id in written:
            if (family := family_of(write.operation)) is not None:
                yield from family.needs(write, id, found)

    found = await read_all(toolbox, wanted)
    return [_standing(write, id, found) for write, id in written]


def _standing(write: Write, id: str, found: Found) -> XeroStanding:
    family = family_of(write.operation)
    return XeroStanding(presence="unreadable") if family is None else family.standing(write, id, found)
