"""Deposits: what waits in undeposited funds gathered into one, and money received without a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
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

_KIND = "DepositLineDetail"
_GIVEN = frozenset({"DepositToAccountRef", "Line", "TxnDate", "PrivateNote"})
_RECEIPTS = {"Payment": "payment", "SalesReceipt": "sales_receipt"}
FEE = "fee"


class _Deposits:
    operations = frozenset({"deposit.create"})

    def kind(self, write: Write) -> Kind | None:
        return "deposit" if _gathers(write) else "receive_money"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, line = write.arguments, proposal.line
        assert line is not None
        yield "arguments", common.shape(given, _GIVEN, {"DepartmentRef", *CURRENCY})
        yield "arguments.DepositToAccountRef", common.plain_ref(given["DepositToAccountRef"])
        yield "arguments.DepartmentRef", "DepartmentRef" not in given or common.plain_ref(given["DepartmentRef"])
        account = given["DepositToAccountRef"]["value"]
        yield "line", line.direction == "receive" and account == line.account_id
        yield "currency", write.currency == line.currency
        yield "verify.amount", parse_amount((write.verify or {})["amount"]) == write.amount > 0
        yield from common.dated(write)
        yield from common.marked(write)
        yield from common.own_account(write, account)
        yield from checking.active(write, ("account", account, "currency", write.currency))
        banks = [(e.account_id, e.amount, e.currency) for e in write.effects if e.control == "bank"]
        yield "effects", banks == [(account, write.amount, write.currency)]
        if _gathers(write):
            yield from self._gathered(proposal, write, base)
        else:
            yield from self._coded(proposal, write, link, base)

    def _gathered(self, proposal: Proposal, write: Write, base: str) -> Iterator[Check]:
        """Each receipt whole and once, a fee that makes up the difference, and the bank moved by the line."""
        by_id = {link.id: link for link in proposal.links}
        links = [by_id[id] for id in write.link_ids]
        sent = write.arguments["Line"]
        yield "writes", len(proposal.writes) == 1
        yield "currency", write.currency == base and "CurrencyRef" not in write.arguments
        yield "arguments", "DepartmentRef" not in write.arguments
        receipts = [link for link in links if link.type != FEE]
        yield "links", [link.type for link in links[len(receipts) :]] in ([], [FEE]) and bool(receipts)
        yield "links", len(sent) == len(links)
        waits: dict[str, Decimal] = {}
        seen = set()
        for link, line in zip(receipts, sent, strict=False):
            (linked,) = line["LinkedTxn"]
            yield "arguments.Line", set(line) == {"Amount", "LinkedTxn"} and linked.get("TxnLineId") == "0"
            yield "arguments.Line", set(linked) == {"TxnId", "TxnType", "TxnLineId"}
            kind, id = _RECEIPTS[linked["TxnType"]], linked["TxnId"]
            yield "links.document_id", (link.type, link.document_id) == (kind, id) and (kind, id) not in seen
            seen.add((kind, id))
            yield "links.amount", parse_amount(line["Amount"]) == link.amount == link.bank_amount and link.amount > 0
            yield "links.currency", link.currency == link.bank_currency == base
            amount = checking.expected(write, kind, id, "amount")
            yield "preconditions.amount", amount is not None and parse_amount(amount) == link.amount
            yield from checking.active(write, (kind, id, "deposited", "no"), (kind, id, "currency", base))
            at = checking.expected(write, kind, id, "account")
            assert at is not None
            waits[at] = waits.get(at, Decimal(0)) + link.amount
        wanted = {id: -amount for id, amount in waits.items()}
        whole = sum(waits.values(), Decimal(0))
        if len(links) > len(receipts):
            fee, line = links[-1], sent[-1]
            yield "links.coding", (fee.document_id, fee.contact_id, fee.coding and fee.coding.tracking) == ("", "", ())
            assert fee.coding is not None
            yield "arguments.Line", set(line) == {"Description", "Amount", "DetailType", _KIND}
            yield "arguments.Line", line["DetailType"] == _KIND and isinstance(line["Description"], str)
            yield "arguments.Line", line[_KIND] == {"AccountRef": {"value": fee.coding.account_id}}
            yield "links.amount", parse_amount(line["Amount"]) == -fee.amount == fee.bank_amount and fee.amount > 0
            yield "links.currency", fee.currency == fee.bank_currency == base
            percent = checking.expected(write, "tax_rate", fee.coding.tax_type, "percent")
            yield "preconditions.percent", percent is not None and parse_amount(percent) == 0
            yield from checking.active(
                write,
                ("account", fee.coding.account_id, "status", "active"),
                ("account", fee.coding.account_id, "codable", "yes"),
                ("tax_rate", fee.coding.tax_type, "status", "active"),
            )
            wanted[fee.coding.account_id] = wanted.get(fee.coding.account_id, Decimal(0)) + fee.amount
            whole -= fee.amount
        yield "amount", whole == write.amount
        moved: dict[str, Decimal] = {}
        for effect in write.effects:
            if effect.control != "bank":
                moved[effect.account_id] = moved.get(effect.account_id, Decimal(0)) + effect.amount
        yield "effects.amount", moved == wanted
        cleared = {effect.account_id for effect in write.effects if effect.control == "clearing"}
        yield "effects.control", set(waits) <= cleared
        yield from checking.effects(write, base, ("bank", "other", "clearing"))

    def _coded(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        (line,) = write.arguments["Line"]
        entity = line[_KIND]["Entity"]
        yield "links", len(write.link_ids) == 1
        yield "links.type", link.type == "receive_money" and link.document_id == "" and link.credit is None
        yield "links.amount", link.amount == link.bank_amount == write.amount and link.currency == write.currency
        yield "arguments.Line", common.plain_ref(entity, "type") and entity["type"] in ("Customer", "Vendor")
        yield from common.of_contact(proposal, write, link, entity["value"], entity["type"].lower())
        yield from coded_line(write, link, line, _KIND, ("AccountRef", "Entity"))
        yield from coded_effects(write, link, base, 1, ("bank", (link.coding and write.effects[0].account_id) or ""))
        yield from common.rate(write, link, base, checking.cash_in_base(write))

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> Receipt:
        return _STORED.receipt(write, reply)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> Sighting:
        return await _STORED.look_for(toolbox, write)

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        return _STORED.needs(id)

    def standing(self, write: Write, id: str, found: Found) -> Standing:
        return _STORED.standing(write, id, found)


def _gathers(write: Write) -> bool:
    return any("LinkedTxn" in line for line in write.arguments["Line"])


def _differs(write: Write, record: Record) -> str:
    account = write.arguments["DepositToAccountRef"]["value"]
    return first_of(
        common.same_total(write, record),
        common.same_date(write, record),
        unlike("its account", reference(record, "DepositToAccountRef"), account),
        common.same_links(write, record) if _gathers(write) else line_differs(write, record, _KIND),
    )


_STORED = Stored("deposit", _differs, common.on_day)
DEPOSITS = _Deposits()
