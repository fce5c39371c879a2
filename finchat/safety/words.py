"""A write in a person's words: what is done to which document, for whom, how much. Ids belong to the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from finchat.books.acts import act
from finchat.books.documents import Receipt
from finchat.books.money import spoken
from finchat.books.plan import Link, Precondition, Proposal, Write

_UNDONE = {"delete": "deletion of", "void": "voiding of", "deallocate": "removal of", "unapply": "removal of"}
_DID = {"delete": "deleted", "void": "voided", "deallocate": "removed", "unapply": "removed"}
_MADE = {"delete": "{}", "void": "{}", "deallocate": "{} allocation", "unapply": "{} allocation"}
_CREDITS = {
    "credit_note": "credit note", "credit_memo": "credit memo", "vendor_credit": "vendor credit",
    "payment": "unapplied payment", "bill_payment": "unapplied bill payment",
}  # fmt: skip


# By what a write is about: what it is called, and what was done once it is.
_TOLD: Mapping[str, tuple[str, str]] = {
    "payment": ("payment of", "paid"),
    "refund": ("refund of", "refunded"),
    "overpayment": ("overpayment of", "kept as an overpayment of"),
    "prepayment": ("prepayment of", "kept as a prepayment of"),
    "spend_money": ("spend money to", "recorded spend money to"),
    "receive_money": ("receive money from", "recorded receive money from"),
    "deposit": ("deposit of", "deposited"),
    "credit_note": ("credit note for", "made the credit note for"),
    "transfer": ("transfer from", "transferred from"),
    "contact": ("new contact", "made the contact"),
    "invoice": ("new invoice for", "made the invoice for"),
    "bill": ("new bill from", "entered the bill from"),
    "line": ("new line on", "added a line to"),
}


def amount_of(write: Write) -> str:
    """`create_a_xero_payment of 1,234.50 NZD`, for the record."""
    return f"{write.tool} of {spoken(write.amount, write.currency)}"


def deed(proposal: Proposal, write: Write) -> str:
    """`payment of SI-51717 Stewart & Vane Farms & Co, 523.77 NZD`."""
    subject, verb = _parts(write)
    if write.reverses:
        return f"{_UNDONE[verb]} the {_made(proposal, write)} of {_object(proposal, write)}"
    if act(write.operation) == "allocation":
        return f"{_CREDITS.get(subject, subject)} put against {_object(proposal, write)}"
    told = _told(proposal, write)
    what = told[0] if told else f"{subject.replace('_', ' ')} {verb}:"
    what = what.replace("new ", "new draft ") if write.arguments.get("status") == "DRAFT" else what
    return f"{what} {_object(proposal, write)}"


def done(proposal: Proposal, write: Write) -> str:
    """`paid SI-51717 Stewart & Vane Farms & Co, 523.77 NZD`."""
    if write.reverses:
        return f"{_DID[_parts(write)[1]]} the {_made(proposal, write)} of {_object(proposal, write)}"
    told = _told(proposal, write)
    return f"{told[1]} {_object(proposal, write)}" if told else deed(proposal, write)


def of_line(proposal: Proposal, write: Write) -> str:
    """The same with the day of its bank line: `payment of …, 523.77 NZD, for the bank line of 2026-11-14`; without one
    with its own day."""
    day = write.arguments.get("date")
    of = "for the bank line of" if proposal.line_id else "dated"
    return deed(proposal, write) + (f", {of} {day}" if isinstance(day, str) and day else "")


def record_name(proposal: Proposal, condition: Precondition) -> str:
    """What a person calls the record of a fact: `invoice SI-51717`, `contact Acme`; its id where it has no name."""
    links = proposal.links
    names = [link.number for link in links if link.document_id == condition.id]
    names += [link.credit.text for link in links if link.credit is not None and link.credit.id == condition.id]
    names += [link.contact for link in links if link.contact_id == condition.id]
    return f"{condition.type.replace('_', ' ')} {next((n for n in names if n), condition.id)}"


def _parts(write: Write) -> tuple[str, str]:
    subject, _, verb = write.operation.partition(".")
    return subject, verb


def _made(proposal: Proposal, write: Write) -> str:
    """What a write makes or takes back: a bill is made by the same operation as an invoice."""
    subject, verb = _parts(write)
    link = _link(proposal, write)
    if subject == "invoice" and link is not None and link.type == "bill":
        subject = "bill"
    return _MADE[verb].format(subject.replace("_", " "))


def _told(proposal: Proposal, write: Write) -> tuple[str, str] | None:
    """How a write that makes something is called, and how once it is done; None for one without words of its own."""
    link = _link(proposal, write)
    if write.operation == "invoice.update":
        return _TOLD["line"]
    made = act(write.operation)
    of = link.type if link is not None else ""
    if made in ("payment", "money") and link is not None and link.credit is not None:
        return _TOLD["refund"]
    if made == "money" and of in get_args(Receipt):  # what waits in undeposited funds
        return _TOLD["deposit"]
    kept = of in ("overpayment", "prepayment")
    return _TOLD.get(of if kept or made in ("money", "document") else made or "")


def _link(proposal: Proposal, write: Write) -> Link | None:
    return next((link for link in proposal.links if link.id in write.link_ids), None)


def _object(proposal: Proposal, write: Write) -> str:
    links = [link for link in proposal.links if link.id in write.link_ids]
    names = ", ".join(_named(link) for link in links)
    amount = spoken(write.amount, write.currency)
    if not write.amount:
        return names
    return f"{names}, {amount}" if names else amount


def _named(link: Link) -> str:
    """The document, credit or contact a link is about, with whose it is."""
    credit = link.credit.text if link.credit is not None and not link.document_id else ""
    own = link.number or credit or (link.type if link.document_id else "")
    return f"{own} {link.contact}".strip()
