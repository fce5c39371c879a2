"""New contacts: they move nothing and consume no bank line, and are known again by their name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.xero import checking
from finchat.providers.xero.facts import contacts_called
from finchat.providers.xero.families.bank_records import unlike
from finchat.providers.xero.family import Check, Found, Need, XeroReceipt, XeroSighting, XeroStanding


class _Contacts:
    operations = frozenset({"contact.create"})

    def kind(self, write: Write) -> Kind | None:
        return None

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, verify = write.arguments, write.verify or {}
        yield "arguments", frozenset(given) == {"name"} and checking.texts(given)
        yield "links.contact", (link.contact_id, link.contact) == ("", given["name"]) and link.type == "contact"
        yield "amount", write.amount == link.amount == 0
        yield "links.bank_amount", link.bank_amount is None and not link.document_id
        yield "effects", not write.effects
        yield "verify.name", (verify.get("by"), verify.get("name")) == ("name", given["name"])
        yield "verify.fingerprints", "fingerprints" not in verify
        yield from checking.active(write, ("contact_name", given["name"], "status", "free"))
        later = proposal.writes[proposal.writes.index(write) + 1 :]
        used = (checking.late(w.arguments.get("contact_id"), "ContactID") for w in later)
        yield "writes", write.id in used

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> XeroReceipt:
        record = Record(reply, "Xero contact", "ContactID")
        id = record.text("ContactID", "") or None
        wrong = "the answer names no ContactID" if id is None else _differs(write, record)
        return XeroReceipt(ledger_id=id, disagreement=wrong)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> XeroSighting:
        name = str((write.verify or {})["name"])
        found = await contacts_called(toolbox, name)
        if not found:
            return XeroSighting(found=False, text="no contact has this name")
        id = found[0].text("ContactID")
        return XeroSighting(found=True, ledger_id=id, text=f"contact {id} has this name")

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        yield "contact", id

    def standing(self, write: Write, id: str, found: Found) -> XeroStanding:
        record = found.get(("contact", id))
        if record is None:
            return XeroStanding(presence="missing")
        return XeroStanding(presence="there", disagreement=_differs(write, record))


def _differs(write: Write, record: Record) -> str:
    return unlike("its name", record.text("Name", ""), write.arguments["name"])


CONTACTS = _Contacts()
