"""New contacts: they move nothing and consume no bank line, and are known again by their name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.books.terms import PaymentTerms
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero import checking
from finchat.providers.xero.facts import contacts_called
from finchat.providers.xero.family import Check, XeroReceipt, XeroSighting, XeroStanding
from finchat.providers.xero.parsing import TERMS, payment_terms
from finchat.providers.xero.writes.contacts import ADDRESS, PHONE

# What a new contact may be said to have, as the tool takes it and as Xero calls it.
_TEXTS: Mapping[str, str] = {
    "name": "Name", "email_address": "EmailAddress", "first_name": "FirstName", "last_name": "LastName",
    "tax_number": "TaxNumber", "default_currency": "DefaultCurrency",
}  # fmt: skip
_PARTS = frozenset({"addresses", "phones", "payment_terms"})
_ADDRESS = frozenset({
    "AddressType", "AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City", "Region", "PostalCode",
    "Country",
})  # fmt: skip
_PHONE = frozenset({"PhoneType", "PhoneNumber"})


class _Contacts:
    operations = frozenset({"contact.create"})

    def kind(self, write: Write) -> Kind | None:
        return "create"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, verify = write.arguments, write.verify or {}
        yield "arguments", "name" in given and frozenset(given) <= {*_TEXTS, *_PARTS}
        yield "arguments", checking.texts({name: value for name, value in given.items() if name not in _PARTS})
        yield from _parts(given)
        yield "links.contact", (link.contact_id, link.contact) == ("", given["name"]) and link.type == "contact"
        yield "amount", write.amount == link.amount == 0
        yield "links.bank_amount", link.bank_amount is None and not link.document_id
        yield "effects", not write.effects
        yield "verify.name", (verify.get("by"), verify.get("name")) == ("name", given["name"])
        yield "verify.fingerprints", "fingerprints" not in verify
        yield from checking.active(write, ("contact_name", given["name"], "status", "free"))
        later = proposal.writes[proposal.writes.index(write) + 1 :]
        used = (checking.late(w.arguments.get("contact_id"), "ContactID") for w in later)
        yield "writes", write.id in used or (len(proposal.writes) == 1 and checking.drafted(proposal))

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


def _parts(given: Mapping[str, Any]) -> Iterator[Check]:
    """One postal address, one number, and terms: nothing else is in them."""
    for name, allowed, of in (
        ("addresses", _ADDRESS, ("AddressType", ADDRESS)), ("phones", _PHONE, ("PhoneType", PHONE)),
    ):  # fmt: skip
        if name in given:
            (one,) = given[name]
            yield f"arguments.{name}", frozenset(one) <= allowed and checking.texts(one) and of in one.items()
    for side, terms in given.get("payment_terms", {}).items():
        yield "arguments.payment_terms", side in ("Sales", "Bills") and set(terms) == {"Day", "Type"}
        yield "arguments.payment_terms", type(terms["Day"]) is int and terms["Type"] in TERMS


def _differs(write: Write, record: Record) -> str:
    """What the ledger's record says differently from what was sent, one field after the other."""
    given = write.arguments
    told = [
        unlike(f"its {name.replace('_', ' ')}", record.text(vendor, ""), given[name])
        for name, vendor in _TEXTS.items()
        if name in given
    ]
    for name, vendor, key in (("addresses", "Addresses", "AddressType"), ("phones", "Phones", "PhoneType")):
        for one in given.get(name, ()):
            kept = [r for r in record.children(vendor, key) if r.text(key, "") == one[key]]
            told += [
                unlike(f"its {part}", kept[0].text(part, "") if kept else "", value) for part, value in one.items()
            ]
    for side, terms in given.get("payment_terms", {}).items():
        sent = PaymentTerms(TERMS[terms["Type"]], terms["Day"])
        present = payment_terms(record, side)
        told.append(unlike("its terms", "" if present is None else present.words, sent.words))
    return first_of(*told)


CONTACTS = _Contacts()
