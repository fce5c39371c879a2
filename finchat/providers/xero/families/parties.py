"""Whose a record is: a contact of the ledger, or one that an earlier write of the same proposal makes."""

from __future__ import annotations

from collections.abc import Iterator

from finchat.books.plan import Link, Proposal, Write
from finchat.providers.xero import checking
from finchat.providers.xero.family import Check


def of_contact(proposal: Proposal, write: Write, link: Link) -> Iterator[Check]:
    """The contact that is sent is the one that is named, and active; or it is made just before, under that name."""
    contact = write.arguments["contact_id"]
    maker = checking.late(contact, "ContactID")
    if maker is None:
        yield "links.contact_id", isinstance(contact, str) and contact == link.contact_id != ""
        yield from checking.active(write, ("contact", str(contact), "status", "active"))
        return
    earlier = proposal.writes[: proposal.writes.index(write)]
    made = next((w for w in earlier if w.id == maker and w.operation == "contact.create"), None)
    yield "arguments.contact_id", made is not None and maker in write.depends_on
    assert made is not None
    yield "links.contact", (link.contact_id, link.contact) == ("", made.arguments["name"])
    yield "if_dependency_fails", write.if_dependency_fails == "skip"
