"""Credit memos and suppliers' credits that settle the rest of a short payment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.quickbooks.families import common
from finchat.providers.quickbooks.families.coded import coded_effects, coded_line, line_differs
from finchat.providers.quickbooks.families.common import Stored
from finchat.providers.writing import checking
from finchat.providers.writing.comparing import first_of
from finchat.providers.writing.family import Check, Receipt, Sighting, Standing
from finchat.providers.writing.undoing import Found, Need

_GIVEN = frozenset({"Line", "TxnDate", "PrivateNote"})
_SALES, _BOUGHT = "SalesItemLineDetail", "AccountBasedExpenseLineDetail"


class _Credits:
    operations = frozenset({"credit_memo.create", "vendor_credit.create"})

    def kind(self, write: Write) -> Kind | None:
        return None

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, sales = write.arguments, write.operation == "credit_memo.create"
        name, role = ("CustomerRef", "customer") if sales else ("VendorRef", "vendor")
        yield "arguments", common.shape(given, _GIVEN | {name}, {"DepartmentRef"}) and common.plain_ref(given[name])
        yield "arguments.DepartmentRef", "DepartmentRef" not in given or common.plain_ref(given["DepartmentRef"])
        yield "links.type", link.type == "credit_note" and link.document_id == ""
        yield "links.contact_id", given[name]["value"] == link.contact_id != ""
        yield "links.amount", link.amount == write.amount and link.bank_amount is None and link.rate is None
        yield "currency", write.currency == link.currency == base
        yield "verify.amount", parse_amount((write.verify or {})["amount"]) == write.amount
        yield from common.dated(write)
        yield from common.marked(write)
        yield from checking.active(write, (role, link.contact_id, "status", "active"))
        (line,) = given["Line"]
        kind, of = (_SALES, "ItemRef") if sales else (_BOUGHT, "AccountRef")
        yield from coded_line(write, link, line, kind, (of, "TaxCodeRef"))
        sign, control = (-1, "receivables") if sales else (1, "payables")
        yield from coded_effects(write, link, base, sign, (control, ""))
        # A credit of its own would stay open: it goes with the payment that leaves its document short.
        later = proposal.writes[proposal.writes.index(write) + 1 :]
        used = [w for w in later if write.id in _used(w)]
        yield "writes", [w.amount for w in used] == [write.amount]
        paid = {other.contact_id for other in proposal.links if other.document_id}
        yield "links.contact_id", link.contact_id in paid

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> Receipt:
        return _stored(write).receipt(write, reply)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> Sighting:
        return await _stored(write).look_for(toolbox, write)

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        return _stored(write).needs(id)

    def standing(self, write: Write, id: str, found: Found) -> Standing:
        return _stored(write).standing(write, id, found)


def _used(write: Write) -> set[str | None]:
    links = (link for line in write.arguments.get("Line", ()) for link in line.get("LinkedTxn", ()))
    return {checking.late(link.get("TxnId"), "Id") for link in links}


def _differs(write: Write, record: Record) -> str:
    kind = _SALES if write.operation == "credit_memo.create" else _BOUGHT
    return first_of(
        common.same_total(write, record),
        common.same_date(write, record),
        common.same_party(write, record),
        line_differs(write, record, kind),
    )


def _stored(write: Write) -> Stored:
    return Stored(write.operation.partition(".")[0], _differs, common.of_customer)


CREDITS = _Credits()
