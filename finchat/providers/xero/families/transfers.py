"""Transfers between own bank accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero import checking
from finchat.providers.xero.families.bank_records import Standalone, by_reference, reference_of
from finchat.providers.xero.family import Check, XeroReceipt, XeroSighting, XeroStanding

_GIVEN = frozenset({"from_account_id", "to_account_id", "amount", "date", "reference"})


class _Transfers:
    operations = frozenset({"bank_transfer.create"})

    def kind(self, write: Write) -> Kind | None:
        return "transfer"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, line = write.arguments, proposal.line
        assert line is not None
        yield "arguments", frozenset(given) == _GIVEN and checking.texts(given)
        yield "writes", len(proposal.writes) == 1
        source, target = given["from_account_id"], given["to_account_id"]
        yield "arguments.from_account_id", source != target
        yield "arguments", line.account_id == (source if line.direction == "spend" else target)
        yield from checking.of_amount(write, link)
        yield "line.amount", link.bank_amount == write.amount == line.amount
        yield "links.type", link.type == "transfer" and not (link.document_id or link.contact_id or link.credit)
        yield "currency", write.currency == line.currency == base
        yield from checking.active(
            write,
            *((("account", id, field, value)) for id in (source, target)
              for field, value in (("status", "active"), ("kind", "bank"), ("currency", base))),
        )  # fmt: skip
        moved = [(e.account_id, e.control, e.amount, e.currency) for e in write.effects]
        yield (
            "effects",
            moved
            == [
                (source, "bank", -write.amount, write.currency),
                (target, "bank", write.amount, write.currency),
            ],
        )
        yield from checking.effects(write, base, ("bank",))
        yield from checking.token(write, given["reference"])

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> XeroReceipt:
        return _RECORDS.receipt(write, reply)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> XeroSighting:
        return await _RECORDS.look_for(toolbox, write)

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        return _RECORDS.needs(id)

    def standing(self, write: Write, id: str, found: Found) -> XeroStanding:
        return _RECORDS.standing(write, id, found)


def _differs(write: Write, record: Record) -> str:
    given, day = write.arguments, record.optional_date("Date")
    sides = [record.child(name, "AccountID").text("AccountID", "") for name in ("FromBankAccount", "ToBankAccount")]
    return first_of(
        unlike("its amount", record.optional_decimal("Amount"), write.amount),
        unlike("its date", "" if day is None else day.isoformat(), given["date"]),
        unlike("the account it left", sides[0], given["from_account_id"]),
        unlike("the account it reached", sides[1], given["to_account_id"]),
    )


_RECORDS = Standalone("bank_transfer", _differs, reference_of, by_reference)
TRANSFERS = _Transfers()
