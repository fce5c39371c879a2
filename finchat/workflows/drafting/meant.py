"""Which document a person means: exactly one of the ledger, or a question."""

from __future__ import annotations

from collections.abc import Sequence

from finchat.books.documents import Document
from finchat.workflows.drafting import lookups
from finchat.workflows.drafting.outcome import Choice, Gathering


def meant(
    gathering: Gathering, named: str, contact: str, *, found: Sequence[Document], near: Sequence[str], what: str,
    ask: str,
) -> Document | None:  # fmt: skip
    """The one document of `found` that is meant, `contact` telling those of one number apart; voided ones only where
    there is no other. None once it was asked for: `ask` is the question where nothing was named, `what` what is looked
    for (`invoice or bill`), `near` numbers like the one that was named."""
    if not named:
        gathering.ask("document", ask)
        return None
    mine = list(found)
    if contact:
        whose = lookups.folded(contact)
        mine = [d for d in mine if whose in (lookups.folded(d.contact), d.contact_id.casefold())]
    standing = [d for d in mine if d.status != "void"] or mine
    if not standing:
        of = f" of {contact}" if contact else ""
        choices: list[Choice] = [{"value": number} for number in near]
        choices += [choice(d) for d in found]
        gathering.ask("document", f"There is no {what} {named!r}{of}. Which one is meant?", choices)
        return None
    if len(standing) > 1:
        question = f"{len(standing)} documents are called {named!r}. Which one is meant? Give its id."
        gathering.ask("document", question, map(choice, standing))
        return None
    return standing[0]


def named(document: Document) -> dict[str, str]:
    """What a document is called, as results name it."""
    return {"number": document.number, "document_type": document.type, "contact": document.contact}


def choice(document: Document) -> Choice:
    return {
        "document": document.id,
        "document_type": document.type,
        "number": document.number,
        "contact": document.contact,
        "date": document.date.isoformat(),
        "total": f"{document.total:f}",
        "amount_due": f"{document.amount_due:f}",
        "currency": document.currency,
        "status": document.status,
    }
