"""What families check of a plan, whatever the vendor: amounts, facts, effects and tokens against the payload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from finchat.books.money import minor_digits, parse_amount
from finchat.books.plan import DRAFTED, Effect, Link, Proposal, Write
from finchat.providers.writing.family import Check
from finchat.providers.writing.tokens import is_token

FROM = "$from"
_DRAFTED_CONTACTS = frozenset({"contact.create", "customer.create", "vendor.create"})
_DRAFTED_REST = frozenset({"invoice.create", "bill.create", "payment.create", "bill_payment.create"})
_DRAFTED_CHANGES = frozenset({"invoice.update"})


def drafted(proposal: Proposal) -> bool:
    """Whether a proposal is such as a conversation drafts: about no bank line, of class review, asking nothing, saying
    where it comes from; one document, contact or payment, or a document and the contact it is for."""
    operations = [write.operation for write in proposal.writes]
    paid = {"payment.create", "bill_payment.create"} & set(operations)
    return (
        proposal.line is None
        and proposal.line_id == ""
        and proposal.certainty == "review"
        and not proposal.asks
        and any(evidence.kind == DRAFTED for evidence in proposal.evidence)
        and bool(operations)
        and operations[-1] in _DRAFTED_CONTACTS | _DRAFTED_REST | _DRAFTED_CHANGES
        and (len(operations) == 1 or (len(operations) == 2 and operations[0] in _DRAFTED_CONTACTS and not paid))
        and (len(operations) == 1 or operations[-1] in _DRAFTED_REST)
        and not any(write.reverses for write in proposal.writes)
    )


def expected(write: Write, type: str, id: str, field: str) -> str | None:
    """What the plan says a fact is, or None when it does not say it exactly once."""
    fitting = [c.expected for c in write.preconditions if (c.type, c.id, c.field) == (type, id, field)]
    return fitting[0] if len(fitting) == 1 else None


def texts(arguments: Mapping[str, Any]) -> bool:
    """Whether every argument is plain text."""
    return all(isinstance(value, str) for value in arguments.values())


def settles(write: Write, link: Link, document_id: object) -> Iterator[Check]:
    """A write that settles a document: which one, in what currency, and what is due before and after."""
    verify = write.verify or {}
    yield "links.document_id", link.document_id == document_id
    yield "links.type", link.type in ("invoice", "bill")
    # The currency of what is sent is the document's, and the guard reads both again before it sends.
    yield "currency", expected(write, link.type, link.document_id, "currency") == write.currency
    due = expected(write, link.type, link.document_id, "amount_due")
    yield "preconditions.amount_due", due is not None and parse_amount(due) >= write.amount
    assert due is not None
    yield "verify.document_id", verify.get("document_id") == document_id
    yield "verify.amount", parse_amount(verify["amount"]) == write.amount
    yield "verify.due_before", parse_amount(verify["due_before"]) == parse_amount(due)
    yield "verify.due_after", parse_amount(verify["due_after"]) == parse_amount(due) - write.amount


def of_amount(write: Write, link: Link, sent: str) -> Iterator[Check]:
    """The amount that is sent is the one that is said."""
    yield "amount", parse_amount(sent) == write.amount > 0
    yield "links.amount", link.amount == write.amount
    yield "links.currency", link.currency == write.currency


def token(write: Write, text: str) -> Iterator[Check]:
    """The token it is found by is in what is sent."""
    verify = write.verify or {}
    mark = str(verify.get("token", ""))
    yield "verify.by", verify.get("by") == "token"
    yield "verify.token", mark.startswith("fc-") and mark in text.split()


def only_token(write: Write, texts: Iterable[str]) -> Iterator[Check]:
    """What a person worded holds no other write's token: by that, another write would be found in this one."""
    found = [word for text in texts for word in text.split() if is_token(word)]
    yield "verify.token", found == [(write.verify or {}).get("token")]


def active(write: Write, *facts: tuple[str, str, str, str]) -> Iterator[Check]:
    """Facts that every honest plan has read again before it sends: (type, id, field, value)."""
    for type, id, field, value in facts:
        yield f"preconditions.{field}", expected(write, type, id, field) == value


def unlocked(write: Write, day: str) -> Iterator[Check]:
    """The lock date is read again, and the write is dated after it."""
    locks = [c.expected for c in write.preconditions if (c.type, c.field) == ("organisation", "lock_date")]
    yield "preconditions.lock_date", len(locks) == 1
    yield "preconditions.lock_date", locks[0] == "none" or day > locks[0]


def effects(write: Write, base: str, controls: Iterable[str]) -> Iterator[Check]:
    """Only these controls move, at most one gain or loss, and the whole comes to zero in base currency."""
    gains = [e for e in write.effects if e.control == "gain_loss"]
    yield "effects.control", all(e.control in {*controls, "gain_loss"} for e in write.effects) and len(gains) <= 1
    yield "effects.base_amount", sum((e.base_amount for e in write.effects), Decimal(0)) == 0
    yield "effects.base_amount", all(plain_in_base(e, base) for e in write.effects)


def cash_effect(write: Write, account_id: object, cash: Decimal, currency: str | None) -> Iterator[Check]:
    """Exactly one bank or clearing account moves, by exactly this (debit positive, in its own currency)."""
    moved = [e for e in write.effects if e.control in ("bank", "clearing")]
    yield "effects", len(moved) == 1
    yield "effects.account_id", moved[0].account_id == account_id
    yield "effects.amount", (moved[0].amount, moved[0].currency) == (cash, currency)


def control_effects(write: Write, link: Link, control: str, amounts: list[Decimal]) -> Iterator[Check]:
    """What receivables or payables do, in the document's currency."""
    moved = [e for e in write.effects if e.control == control]
    yield "effects.amount", sorted(e.amount for e in moved) == sorted(amounts)
    yield "effects.currency", all(e.currency == link.currency for e in moved)


def plain_in_base(effect: Effect, base: str) -> bool:
    """Base amounts have the sign of their amount, and are the same where the currency is the base currency."""
    if effect.control == "gain_loss" and effect.currency != base:
        return False
    same_sign = effect.amount * effect.base_amount >= 0
    return same_sign and (effect.currency != base or effect.amount == effect.base_amount)


def cash_in_base(write: Write) -> Decimal:
    """From a bank account in another currency the base amount is the plan's own word, which the rate must bear out."""
    return sum((abs(e.base_amount) for e in write.effects if e.control in ("bank", "clearing")), Decimal(0))


def cent(currency: str) -> Decimal:
    """The minor unit of a currency."""
    return Decimal(1).scaleb(-minor_digits(currency))


def late(value: object, name: str) -> str | None:
    """The write whose answer supplies an id (`{"$from": "w1.ContactID"}` is "w1"), when this is such a reference."""
    if not isinstance(value, Mapping) or set(value) != {FROM}:
        return None
    write, _, field = str(value[FROM]).partition(".")
    return write if field == name else None
