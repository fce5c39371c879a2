"""Credits put against documents: an unapplied payment gets a line more, a credit is linked by a payment of nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.quickbooks.again import read_again, record_of
from finchat.providers.quickbooks.families import common
from finchat.providers.quickbooks.families.payments import means, stored_payment
from finchat.providers.quickbooks.payloads import (
    CREDITS,
    DOCUMENTS,
    SYNC_TOKEN,
    links_of,
    only_link,
    remaining_of,
    voided,
)
from finchat.providers.writing import checking
from finchat.providers.writing.family import Check, Receipt, Sighting, Standing
from finchat.providers.writing.undoing import Found, Need

_UPDATE = "payment.apply"


class _Applications:
    operations = frozenset({_UPDATE, "credit_memo.apply", "vendor_credit.apply"})

    def kind(self, write: Write) -> Kind | None:
        if write.operation == _UPDATE:
            return "apply_payment"
        # What only puts a credit of the same proposal against its document goes with the payment.
        return None if _maker(write) else "allocation"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        verify = write.verify or {}
        side = "bill" if write.operation == "vendor_credit.apply" else "invoice"
        yield "links.type", link.type == side
        yield "links.amount", link.amount == write.amount > 0 and link.currency == write.currency
        yield "links.bank_amount", link.bank_amount is None and link.rate is None and link.coding is None
        yield "effects", not [e for e in write.effects if e.control in ("bank", "clearing")]
        if write.effects:
            control = "receivables" if side == "invoice" else "payables"
            yield from checking.control_effects(write, link, control, [-link.amount, link.amount])
            yield from checking.effects(write, base, (control,))
        yield from checking.active(write, (link.type, link.document_id, "status", "open"))
        if write.operation == _UPDATE:
            yield from self._update(write, link)
        else:
            yield from self._payment(proposal, write, link, base, side)
        if _maker(write) is not None:
            return
        kind, id = str(verify["credit_kind"]), str(verify["credit_id"])
        yield "verify.credit_kind", kind == write.operation.partition(".")[0]
        yield "links.credit", link.credit is not None and link.credit.id == id
        remaining = checking.expected(write, kind, id, "remaining")
        yield "preconditions.remaining", remaining is not None and parse_amount(remaining) >= write.amount
        yield "preconditions.currency", checking.expected(write, kind, id, "currency") == write.currency
        yield "verify.remaining_before", verify.get("remaining_before") == remaining

    def _update(self, write: Write, link: Link) -> Iterator[Check]:
        """The version that was seen, every line it had as it was, and the document's line more."""
        given, verify = write.arguments, write.verify or {}
        yield "arguments", common.shape(given, {"id", "SyncToken", "Line"}) and common.texts(given, "id", "SyncToken")
        yield "verify.by", (verify.get("by"), verify.get("credit_id")) == ("line", given["id"])
        yield (
            "preconditions.SyncToken",
            (checking.expected(write, "payment", given["id"], SYNC_TOKEN) == given["SyncToken"]),
        )
        yield from checking.settles(write, link, link.document_id)
        before, after = parse_amount(verify["linked_before"]), parse_amount(verify["linked_after"])
        yield "verify.linked_after", after - before == write.amount and before >= 0
        kept: list[tuple[str, str, Decimal]] = []
        own: list[Decimal] = []
        for line in given["Line"]:
            (linked,) = line["LinkedTxn"]
            yield "arguments.Line", set(line) == {"Amount", "LinkedTxn"} and set(linked) == {"TxnId", "TxnType"}
            yield "arguments.Line", isinstance(line["Amount"], str) and isinstance(linked["TxnId"], str)
            amount, pair = parse_amount(line["Amount"]), only_link(line)
            if pair == (DOCUMENTS["invoice"], link.document_id):
                own.append(amount)
                if before:
                    kept.append((*pair, before))
            else:
                kept.append((*pair, amount))
        yield "arguments.Line", own == [after]
        told = checking.expected(write, "payment", given["id"], "contents")
        assert told is not None
        said = ", ".join(f"{amount} on {what} {id}" for what, id, amount in kept)
        yield "arguments.Line", f"with {said}" in told if kept else ", with " not in told

    def _payment(self, proposal: Proposal, write: Write, link: Link, base: str, side: str) -> Iterator[Check]:
        given = write.arguments
        account = yield from means(write)
        yield from common.dated(write)
        yield from common.marked(write)
        yield from common.currency(write, base)
        yield "arguments", given["CustomerRef" if side == "invoice" else "VendorRef"]["value"] == link.contact_id != ""
        yield "arguments.TotalAmt", isinstance(given["TotalAmt"], str) and parse_amount(given["TotalAmt"]) == 0
        yield from common.own_account(write, account)
        yield "effects.account_id", all(e.account_id != account for e in write.effects)
        document, credit = given["Line"]
        for line in (document, credit):
            yield "arguments.Line", set(line) == {"Amount", "LinkedTxn"}
            yield "arguments.Line", set(line["LinkedTxn"][0]) == {"TxnId", "TxnType"}
            yield "amount", parse_amount(line["Amount"]) == write.amount
        (what, id), (of, credit_id) = only_link(document), only_link(credit)
        yield "arguments.Line", (what, of) == (DOCUMENTS[side], CREDITS[side])
        yield from checking.settles(write, link, id)
        if (maker := _maker(write)) is None:
            yield "verify.credit_id", (write.verify or {}).get("credit_id") == credit_id
            return
        earlier = proposal.writes[: proposal.writes.index(write)]
        kind = write.operation.partition(".")[0]
        made = next((w for w in earlier if w.id == maker and w.operation == f"{kind}.create"), None)
        yield "arguments.Line", made is not None and maker in write.depends_on
        assert made is not None
        yield "links.credit", link.credit is not None and link.credit.id == ""
        who = made.arguments["CustomerRef" if side == "invoice" else "VendorRef"]
        yield "links.contact_id", who["value"] == link.contact_id
        yield "currency", made.currency == write.currency
        yield "amount", write.amount <= made.amount
        yield "if_dependency_fails", write.if_dependency_fails == "skip"
        yield "verify.credit_kind", (write.verify or {}).get("credit_kind") == kind

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> Receipt:
        if write.operation != _UPDATE:
            return stored_payment(write).receipt(write, reply)
        record = record_of("payment", reply)
        id = record.text("Id", "")
        wrong = "" if id == write.arguments["id"] else f"it says payment {id or '(none)'}"
        return Receipt(ledger_id=id or None, disagreement=wrong or _differs(write, record))

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> Sighting:
        verify = write.verify or {}
        due_before = parse_amount(str(verify["due_before"]))
        if write.operation != _UPDATE:
            return replace(await stored_payment(write).look_for(toolbox, write), due_before=due_before)
        need = ("payment", str(write.arguments["id"]))
        record = (await read_again(toolbox, [need]))[need]
        if record is None:
            return Sighting(found=False, certain=False, text="the payment is not in the ledger any more")
        if (linked := _linked(write, record)) != parse_amount(str(verify["linked_after"])):
            return Sighting(found=False, text=f"{linked} of the payment is put against the document")
        text = f"payment {need[1]} is put against the document"
        return Sighting(found=True, ledger_id=need[1], due_before=due_before, text=text)

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        yield "payment" if write.operation != "vendor_credit.apply" else "bill_payment", id
        yield common.document_need(write)
        if credit := _credit(write, id, found):
            yield credit

    def standing(self, write: Write, id: str, found: Found) -> Standing:
        due, odd = common.due_of(write, found)
        if write.operation == _UPDATE:
            record = found.get(("payment", id))
            if record is None or voided(record):
                return Standing(presence="missing" if record is None else "deleted", due=due)
            standing = Standing(presence="there", disagreement=_differs(write, record))
        else:
            standing = stored_payment(write).standing(write, id, found)
        need = _credit(write, id, found)
        credit = found.get(need) if need is not None else None
        told = "; ".join(text for text in (standing.disagreement, odd) if text)
        return replace(standing, due=due, disagreement=told, remaining=None if credit is None else remaining_of(credit))


def _maker(write: Write) -> str | None:
    """The earlier write that makes the credit, where it is not one of the ledger yet."""
    lines = write.arguments.get("Line", ())
    found = [checking.late(link.get("TxnId"), "Id") for line in lines for link in line.get("LinkedTxn", ())]
    return next((maker for maker in found if maker is not None), None)


def _credit(write: Write, id: str, found: Found) -> Need | None:
    """The credit that was used: of one that was just made, the one its payment links."""
    verify = write.verify or {}
    kind = str(verify["credit_kind"])
    if "credit_id" in verify:
        return kind, str(verify["credit_id"])
    payment = found.get(("payment" if kind == "credit_memo" else "bill_payment", id))
    wanted = "CreditMemo" if kind == "credit_memo" else "VendorCredit"
    linked = [] if payment is None else [of for what, of, _ in links_of(payment) if what == wanted]
    return (kind, linked[0]) if linked else None


def _linked(write: Write, record: Record) -> Decimal:
    """What of a payment is put against the write's document."""
    of = (DOCUMENTS["invoice"], str((write.verify or {})["document_id"]))
    return sum((amount for what, id, amount in links_of(record) if (what, id) == of), Decimal(0))


def _differs(write: Write, record: Record) -> str:
    wanted = parse_amount(str((write.verify or {})["linked_after"]))
    present = _linked(write, record)
    return "" if present == wanted else f"{present} of it is put against the document, not {wanted}"


APPLICATIONS = _Applications()
