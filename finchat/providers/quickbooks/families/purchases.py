"""Money spent without a bill, and money that came back to a card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.quickbooks.families import common
from finchat.providers.quickbooks.families.coded import coded_effects, coded_line, line_differs
from finchat.providers.quickbooks.families.common import CURRENCY, Stored
from finchat.providers.quickbooks.payloads import reference
from finchat.providers.writing import checking
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.family import Check, Receipt, Sighting, Standing
from finchat.providers.writing.undoing import Found, Need

_KIND = "AccountBasedExpenseLineDetail"
_GIVEN = frozenset({"AccountRef", "PaymentType", "EntityRef", "Line", "TxnDate", "PrivateNote"})


class _Purchases:
    operations = frozenset({"purchase.create"})

    def kind(self, write: Write) -> Kind | None:
        return "receive_money" if "Credit" in write.arguments else "spend_money"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, line = write.arguments, proposal.line
        assert line is not None
        yield "arguments", common.shape(given, _GIVEN, {"Credit", "DepartmentRef", *CURRENCY})
        yield "arguments.AccountRef", common.plain_ref(given["AccountRef"])
        yield "arguments.DepartmentRef", "DepartmentRef" not in given or common.plain_ref(given["DepartmentRef"])
        yield "arguments.PaymentType", given["PaymentType"] in ("Cash", "CreditCard")
        back = given.get("Credit", False)
        yield "arguments.Credit", back is False or (back is True and given["PaymentType"] == "CreditCard")
        account, sign = given["AccountRef"]["value"], 1 if back else -1
        yield "line", account == line.account_id and line.direction == ("receive" if back else "spend")
        yield "currency", write.currency == line.currency
        yield "links.type", link.type == self.kind(write) and link.document_id == "" and link.credit is None
        yield "links.amount", link.amount == link.bank_amount == write.amount and link.currency == write.currency
        yield "verify.amount", parse_amount((write.verify or {})["amount"]) == write.amount
        yield from common.dated(write)
        yield from common.marked(write)
        yield from common.own_account(write, account)
        yield from checking.active(write, ("account", account, "currency", write.currency))
        who = given["EntityRef"]
        yield "arguments.EntityRef", common.plain_ref(who, "type") and who["type"] in ("Customer", "Vendor")
        yield from common.of_contact(proposal, write, link, who["value"], who["type"].lower())
        (sent,) = given["Line"]
        yield from coded_line(write, link, sent, _KIND, ("AccountRef", "TaxCodeRef"))
        yield from coded_effects(write, link, base, sign, ("bank", account))
        yield from common.rate(write, link, base, checking.cash_in_base(write))

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
    who = given["EntityRef"]["value"]
    return first_of(
        common.same_total(write, record),
        common.same_date(write, record),
        unlike("its account", reference(record, "AccountRef"), given["AccountRef"]["value"]),
        unlike("its payee", reference(record, "EntityRef"), who) if isinstance(who, str) else "",
        unlike("whether it is a refund", record.flag("Credit"), given.get("Credit", False)),
        line_differs(write, record, _KIND),
    )


_STORED = Stored("purchase", _differs, common.on_day)
PURCHASES = _Purchases()
