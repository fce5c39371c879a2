"""Transfers between own bank accounts and cards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.quickbooks.families import common
from finchat.providers.quickbooks.families.common import Stored
from finchat.providers.quickbooks.payloads import reference
from finchat.providers.writing import checking
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.family import Check, Receipt, Sighting, Standing
from finchat.providers.writing.undoing import Found, Need

_GIVEN = frozenset({"FromAccountRef", "ToAccountRef", "Amount", "TxnDate", "PrivateNote"})


class _Transfers:
    operations = frozenset({"transfer.create"})

    def kind(self, write: Write) -> Kind | None:
        return "transfer"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, line = write.arguments, proposal.line
        assert line is not None
        yield "arguments", common.shape(given, _GIVEN) and common.texts(given, "Amount")
        yield "arguments", common.plain_ref(given["FromAccountRef"]) and common.plain_ref(given["ToAccountRef"])
        yield "writes", len(proposal.writes) == 1
        source, target = given["FromAccountRef"]["value"], given["ToAccountRef"]["value"]
        yield "arguments.FromAccountRef", source != target
        yield "arguments", line.account_id == (source if line.direction == "spend" else target)
        yield from checking.of_amount(write, link, given["Amount"])
        yield "line.amount", link.bank_amount == write.amount == line.amount
        yield "links.type", link.type == "transfer" and not (link.document_id or link.contact_id or link.credit)
        yield "currency", write.currency == line.currency == base
        yield from common.dated(write)
        yield from common.marked(write)
        yield from checking.active(
            write,
            *((("account", id, field, value)) for id in (source, target)
              for field, value in (("status", "active"), ("kind", "bank"), ("currency", base))),
        )  # fmt: skip
        moved = [(e.account_id, e.control, e.amount, e.currency) for e in write.effects]
        wanted = [
            (source, "bank", -write.amount, write.currency),
            (target, "bank", write.amount, write.currency),
        ]
        yield "effects", moved == wanted
        yield from checking.effects(write, base, ("bank",))

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> Receipt:
        return _STORED.receipt(write, reply)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> Sighting:
        return await _STORED.look_for(toolbox, write)

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        return _STORED.needs(id)

    def standing(self, write: Write, id: str, found: Found) -> Standing:
        return _STORED.standing(write, id, found)


def _differs(write: Write, record: Record) -> str:
    given = write.arguments
    return first_of(
        common.same_total(write, record),
        common.same_date(write, record),
        unlike("the account it left", reference(record, "FromAccountRef"), given["FromAccountRef"]["value"]),
        unlike("the account it reached", reference(record, "ToAccountRef"), given["ToAccountRef"]["value"]),
    )


_STORED = Stored("transfer", _differs, common.on_day)
TRANSFERS = _Transfers()
