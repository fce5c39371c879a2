"""New customers and suppliers: they move nothing and consume no bank line, and are known again by their name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.providers.fields import Record
from finchat.providers.quickbooks.again import WITH_INACTIVE, queried, record_of
from finchat.providers.quickbooks.families import common
from finchat.providers.quickbooks.payloads import ADDRESS
from finchat.providers.quickbooks.queries import literal
from finchat.providers.writing import checking
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.family import Check, Receipt, Sighting, Standing
from finchat.providers.writing.undoing import Found, Need

_TEXTS = ("DisplayName", "GivenName", "FamilyName", "TaxIdentifier")
# Objects of one text each, and references.
_PARTS = {"PrimaryEmailAddr": "Address", "PrimaryPhone": "FreeFormNumber"}
_REFS = ("CurrencyRef", "SalesTermRef", "TermRef")


class _Contacts:
    operations = frozenset({"customer.create", "vendor.create"})

    def kind(self, write: Write) -> Kind | None:
        return "create"

    def checks(self, proposal: Proposal, write: Write, link: Link, base: str) -> Iterator[Check]:
        given, verify = write.arguments, write.verify or {}
        name = given["DisplayName"]
        vendor = write.operation == "vendor.create"
        other = {"SalesTermRef"} if vendor else {"TermRef", "TaxIdentifier"}
        allowed = {*_TEXTS, *_PARTS, *_REFS, "BillAddr"} - other
        yield "arguments", common.shape(given, {"DisplayName"}, allowed) and common.texts(given, *_TEXTS)
        for part, inner in _PARTS.items():
            if part in given:
                yield f"arguments.{part}", set(given[part]) == {inner} and isinstance(given[part][inner], str)
        yield "arguments", all(common.plain_ref(given[name]) for name in _REFS if name in given)
        address = given.get("BillAddr", {})
        yield "arguments.BillAddr", set(address) <= {*ADDRESS.values()} and checking.texts(address)
        yield "links.contact", (link.contact_id, link.contact) == ("", name) and link.type == "contact"
        yield "amount", write.amount == link.amount == 0
        yield "links.bank_amount", link.bank_amount is None and not link.document_id
        yield "effects", not write.effects
        yield "verify.name", (verify.get("by"), verify.get("name")) == ("name", name)
        yield "verify.fingerprints", "fingerprints" not in verify
        yield from checking.active(write, ("contact_name", name, "status", "free"))
        later = proposal.writes[proposal.writes.index(write) + 1 :]
        used = {id for w in later for id in _made_by(w)}
        yield "writes", write.id in used or (len(proposal.writes) == 1 and checking.drafted(proposal))

    def receipt(self, write: Write, reply: Mapping[str, Any], result: CallResult) -> Receipt:
        record = record_of(_kind(write), reply)
        id = record.text("Id", "") or None
        return Receipt(ledger_id=id, disagreement="the answer names no Id" if id is None else _differs(write, record))

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> Sighting:
        kind, name = _kind(write), str((write.verify or {})["name"])
        where = f"DisplayName = {literal(name)} AND {WITH_INACTIVE}"
        found = await queried(toolbox, kind, where, f"{kind}s of this name")
        if not found:
            return Sighting(found=False, text=f"no {kind} has this name")
        id = found[0].text("Id")
        return Sighting(found=True, ledger_id=id, text=f"{kind} {id} has this name")

    def needs(self, write: Write, id: str, found: Found) -> Iterable[Need]:
        yield _kind(write), id

    def standing(self, write: Write, id: str, found: Found) -> Standing:
        record = found.get((_kind(write), id))
        if record is None:
            return Standing(presence="missing")
        return Standing(presence="there", disagreement=_differs(write, record))


def _kind(write: Write) -> str:
    return write.operation.partition(".")[0]


def _made_by(write: Write) -> Iterator[str | None]:
    """The earlier writes that make who a write is for."""
    given = write.arguments
    refs = [given.get(name) for name in ("CustomerRef", "VendorRef", "EntityRef")]
    lines = given.get("Line", ())
    refs += [line.get("DepositLineDetail", {}).get("Entity") for line in lines]
    return (checking.late(ref["value"], "Id") for ref in refs if isinstance(ref, Mapping) and "value" in ref)


def _differs(write: Write, record: Record) -> str:
    """What the ledger's record says differently from what was sent; a tax number is shown masked."""
    told = []
    for name, value in write.arguments.items():
        if name in _TEXTS and name != "TaxIdentifier":
            told.append(unlike(f"its {name}", record.text(name, ""), value))
        elif isinstance(value, Mapping):
            inner = record.child(name, "Id")
            told += [unlike(f"its {name} {part}", inner.text(part, ""), sent) for part, sent in value.items()]
    return first_of(*told)


CONTACTS = _Contacts()
