"""Whether what a plan says of its writes follows from what would be sent.

A hash proves that a file is as it was hashed, and whoever changes a plan can hash it again. A person approves what the
table and the card say, so all that can be told from the payload must be said of it: amount, currency, effects, links,
preconditions and the way it is read back. A write that finchat does not make itself is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from finchat.books.money import minor_digits, parse_amount
from finchat.books.plan import Effect, Link, Precondition, Proposal, Write
from finchat.providers.xero.table import TABLE

_PAYMENT = frozenset({"invoice_id", "account_id", "date", "amount", "reference"})
_RATE = "currency_rate"
_CREDITS = ("credit_note", "prepayment", "overpayment")
_MADE = frozenset({"payment.create", *(f"{kind}.allocate" for kind in _CREDITS)})

Check = tuple[str, bool]


def disagreement(proposal: Proposal, base_currency: str) -> str | None:
    """The first thing a proposal says of its writes that their payloads contradict, in plain words; None when there is
    none. Pure; never raises, whatever the plan holds."""
    try:
        wrong = next((name for name, holds in _checks(proposal, base_currency) if not holds), None)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError) as error:
        wrong = f"a value ({error})"
    return None if wrong is None else f"{proposal.id}: {wrong} is not what the payload says"


def _checks(proposal: Proposal, base: str) -> Iterator[Check]:
    line = proposal.line
    yield "line", line is not None and line.id == proposal.line_id and line.amount > 0
    owned = [id for write in proposal.writes for id in write.link_ids]
    yield "links", sorted(owned) == sorted(link.id for link in proposal.links) and len(set(owned)) == len(owned)
    links = {link.id: link for link in proposal.links}
    for write in proposal.writes:
        yield f"{write.id}.operation", write.operation in _MADE
    cash = any(write.operation == "payment.create" for write in proposal.writes)
    yield "kind", bool(proposal.writes) and proposal.kind == ("payment" if cash else "allocation")
    for write in proposal.writes:
        row = TABLE[write.operation]
        yield f"{write.id}.tool", (write.tool, write.resource) == (row.tool, row.resource)
        yield f"{write.id}.link_ids", len(write.link_ids) == 1
        each = _payment if write.operation == "payment.create" else _allocation
        for name, holds in each(proposal, write, links[write.link_ids[0]], base):
            yield f"{write.id}.{name}", holds
    if line is not None and cash:
        yield "line.amount", proposal.cash <= line.amount


def _payment(proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
    given, line = write.arguments, proposal.line
    yield "arguments", frozenset(given) - {_RATE} == _PAYMENT and _texts(given)
    assert line is not None
    yield "links.type", link.type == ("invoice" if line.direction == "receive" else "bill")
    yield from _on_document(write, link)
    yield "links.bank_currency", link.bank_currency == line.currency
    bank = link.bank_amount
    yield "links.bank_amount", bank is not None and bank > 0
    assert bank is not None
    same = link.currency == line.currency
    yield "links.bank_amount", bank == link.amount or not same
    yield "arguments.currency_rate", (_RATE in given) == (link.currency != base)
    yield "links.rate", (link.rate is not None) == (_RATE in given)
    in_base = bank if line.currency == base else _cash_in_base(write)
    if _RATE in given and link.rate is not None:
        cent = Decimal(1).scaleb(-minor_digits(base))
        yield "arguments.currency_rate", abs(link.amount / parse_amount(given[_RATE]) - in_base) <= cent
        yield "links.rate", abs(link.amount * link.rate - in_base) <= cent
    inward = link.type == "invoice"
    yield from _cash_effects(write, link, line.account_id, bank if inward else -bank, in_base if inward else -in_base)
    yield from _control_effects(write, link, [-link.amount if inward else link.amount], base)
    verify = write.verify or {}
    token = str(verify.get("token", ""))
    yield "verify.by", verify.get("by") == "token"
    yield "verify.token", token.startswith("fc-") and token in given["reference"].split()


def _allocation(proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
    kind = write.operation.partition(".")[0]
    given, id = write.arguments, f"{kind}_id"
    yield "arguments", frozenset(given) == {id, "invoice_id", "amount", "date"} and _texts(given)
    yield from _on_document(write, link)
    yield "links.bank_amount", link.bank_amount is None and link.rate is None
    yield "links.credit", link.credit is not None and link.credit.id == given[id]
    remaining = _expected(write, kind, given[id], "remaining")
    yield "preconditions.remaining", remaining is not None and parse_amount(remaining) >= write.amount
    yield "effects", not [e for e in write.effects if e.control in ("bank", "clearing")]
    if write.effects:
        yield from _control_effects(write, link, [-link.amount, link.amount], base)
    verify = write.verify or {}
    yield "verify.by", verify.get("by") == "new_ids"
    yield "verify.credit_id", (verify.get("credit_kind"), verify.get("credit_id")) == (kind, given[id])
    yield "verify.remaining_before", verify.get("remaining_before") == remaining


def _on_document(write: Write, link: Link) -> Iterator[Check]:
    given, verify = write.arguments, write.verify or {}
    yield "amount", parse_amount(given["amount"]) == write.amount > 0
    yield "links.amount", link.amount == write.amount
    yield "links.currency", link.currency == write.currency
    yield "links.document_id", link.document_id == given["invoice_id"]
    yield "links.type", link.type in ("invoice", "bill")
    # The currency of what is sent is the document's, and the guard reads both again before it sends.
    yield "currency", _expected(write, link.type, link.document_id, "currency") == write.currency
    due = _expected(write, link.type, link.document_id, "amount_due")
    yield "preconditions.amount_due", due is not None and parse_amount(due) >= write.amount
    assert due is not None
    yield "verify.document_id", verify.get("document_id") == given["invoice_id"]
    yield "verify.amount", parse_amount(verify["amount"]) == write.amount
    yield "verify.due_before", parse_amount(verify["due_before"]) == parse_amount(due)
    yield "verify.due_after", parse_amount(verify["due_after"]) == parse_amount(due) - write.amount


def _cash_effects(write: Write, link: Link, account_id: str, cash: Decimal, in_base: Decimal) -> Iterator[Check]:
    moved = [e for e in write.effects if e.control in ("bank", "clearing")]
    yield "effects", len(moved) == 1
    effect = moved[0]
    yield "effects.account_id", effect.account_id == write.arguments["account_id"]
    yield "effects.control", (effect.account_id == account_id) == (effect.control == "bank")
    yield "effects.amount", (effect.amount, effect.currency) == (cash, link.bank_currency)
    yield "effects.base_amount", effect.base_amount == in_base


def _control_effects(write: Write, link: Link, amounts: list[Decimal], base: str) -> Iterator[Check]:
    """What receivables or payables do, and that the rest is exchange gain or loss and the whole comes to zero."""
    control = "receivables" if link.type == "invoice" else "payables"
    moved = [e for e in write.effects if e.control == control]
    gains = [e for e in write.effects if e.control == "gain_loss"]
    known = {"bank", "clearing", control, "gain_loss"}
    yield "effects.control", all(e.control in known for e in write.effects) and len(gains) <= 1
    yield "effects.amount", sorted(e.amount for e in moved) == sorted(amounts)
    yield "effects.currency", all(e.currency == link.currency for e in moved)
    yield "effects.base_amount", sum((e.base_amount for e in write.effects), Decimal(0)) == 0
    yield "effects.base_amount", all(_plain_in_base(e, base) for e in write.effects)


def _plain_in_base(effect: Effect, base: str) -> bool:
    if effect.control == "gain_loss" and effect.currency != base:
        return False
    same_sign = effect.amount * effect.base_amount >= 0
    return same_sign and (effect.currency != base or effect.amount == effect.base_amount)


def _cash_in_base(write: Write) -> Decimal:
    """From a bank account in another currency the base amount is the plan's own word, which the rate must bear out."""
    return sum((abs(e.base_amount) for e in write.effects if e.control in ("bank", "clearing")), Decimal(0))


def _expected(write: Write, type: str, id: str, field: str) -> str | None:
    fitting = [c.expected for c in write.preconditions if _fact(c) == (type, id, field)]
    return fitting[0] if len(fitting) == 1 else None


def _fact(condition: Precondition) -> tuple[str, str, str]:
    return condition.type, condition.id, condition.field


def _texts(arguments: Mapping[str, Any]) -> bool:
    return all(isinstance(value, str) for value in arguments.values())
