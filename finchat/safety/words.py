"""A write in a person's words: what is done to which document, for whom, how much. Ids belong to the journal."""

from __future__ import annotations

from finchat.books.money import spoken
from finchat.books.plan import Precondition, Proposal, Write

_UNDONE = {"delete": "deletion of", "void": "voiding of", "deallocate": "removal of"}
_DID = {"delete": "deleted", "void": "voided", "deallocate": "removed"}
_MADE = {"delete": "{}", "void": "{}", "deallocate": "{} allocation"}
_CREDITS = {"credit_note": "credit note", "prepayment": "prepayment", "overpayment": "overpayment"}


def amount_of(write: Write) -> str:
    """`create_a_xero_payment of 1,234.50 NZD`, for the record."""
    return f"{write.tool} of {spoken(write.amount, write.currency)}"


def deed(proposal: Proposal, write: Write) -> str:
    """`payment of SI-51717 Stewart & Vane Farms & Co, 523.77 NZD`."""
    subject, verb = _parts(write)
    if write.reverses:
        return f"{_UNDONE[verb]} the {_MADE[verb].format(subject.replace('_', ' '))} of {_object(proposal, write)}"
    if subject in _CREDITS and verb == "allocate":
        return f"{_CREDITS[subject]} put against {_object(proposal, write)}"
    what = "payment of" if (subject, verb) == ("payment", "create") else f"{subject.replace('_', ' ')} {verb}:"
    return f"{what} {_object(proposal, write)}"


def done(proposal: Proposal, write: Write) -> str:
    """`paid SI-51717 Stewart & Vane Farms & Co, 523.77 NZD`."""
    if _parts(write) == ("payment", "create"):
        return f"paid {_object(proposal, write)}"
    if write.reverses:
        subject, verb = _parts(write)
        return f"{_DID[verb]} the {_MADE[verb].format(subject.replace('_', ' '))} of {_object(proposal, write)}"
    return deed(proposal, write)


def of_line(proposal: Proposal, write: Write) -> str:
    """The same with the day of its bank line: `payment of …, 523.77 NZD, for the bank line of 2026-11-14`."""
    day = write.arguments.get("date")
    return deed(proposal, write) + (f", for the bank line of {day}" if isinstance(day, str) and day else "")


def record_name(proposal: Proposal, condition: Precondition) -> str:
    """What a person calls the record of a fact: `invoice SI-51717`; its id where it has no number."""
    numbers = (link.number for link in proposal.links if link.document_id == condition.id)
    return f"{condition.type.replace('_', ' ')} {next((n for n in numbers if n), condition.id)}"


def _parts(write: Write) -> tuple[str, str]:
    subject, _, verb = write.operation.partition(".")
    return subject, verb


def _object(proposal: Proposal, write: Write) -> str:
    links = [link for link in proposal.links if link.id in write.link_ids]
    names = ", ".join(f"{link.number or link.type} {link.contact}".strip() for link in links)
    amount = spoken(write.amount, write.currency)
    return f"{names}, {amount}" if names else amount
