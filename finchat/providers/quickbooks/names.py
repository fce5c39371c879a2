"""Whether a plan calls documents, credits, contacts, classes and departments what the ledger calls them.

A card shows beside each id what a person calls the record. Of a plan that was made elsewhere those names are the
file's own word: they are compared with the ledger before any of it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from finchat.books.documents import Credit
from finchat.books.plan import Link, Plan, Proposal, Write
from finchat.connections.toolbox import Toolbox
from finchat.providers.fields import Record
from finchat.providers.quickbooks import parsing
from finchat.providers.quickbooks.again import read_again
from finchat.providers.quickbooks.parsing import ref
from finchat.providers.quickbooks.settlements import settlement, whole_credit
from finchat.providers.quickbooks.writes.applications import credit_text
from finchat.providers.writing.undoing import Found, Need

_What = Literal["document", "contact", "credit", "class", "department"]
_Name = tuple[_What, tuple[str, ...], str, str]  # what it is, the kinds of record it may be, its id, what it is called
_NUMBERS: Mapping[str, str] = {"payment": "PaymentRefNum"}
_TAGS: Mapping[str, Literal["class", "department"]] = {"ClassRef": "class", "DepartmentRef": "department"}
_PARTIES = ("CustomerRef", "VendorRef")
_KINDS: Mapping[str, tuple[str, ...]] = {
    "invoice": ("invoice",), "bill": ("bill",), "payment": ("payment",), "sales_receipt": ("sales_receipt",),
}  # fmt: skip
_ANY = ("invoice", "bill", "payment", "bill_payment", "credit_memo", "vendor_credit", "sales_receipt")
_CREDITS = ("credit_memo", "vendor_credit", "payment", "bill_payment")


async def misnamed(toolbox: Toolbox, plan: Plan) -> str | None:
    """The first record that the plan calls something else than the ledger does, in plain words; None without one. One
    query for hundreds of a kind. Raises FinchatError when the ledger cannot be read."""
    said = list(dict.fromkeys(name for p in plan.proposals for link in p.links for name in _names(link)))
    said += dict.fromkeys(name for p in plan.proposals for write in p.writes for name in _tags(p, write))
    found = await read_again(toolbox, dict.fromkeys((kind, id) for _, kinds, id, _ in said for kind in kinds))
    for what, kinds, id, name in said:
        present = _called(what, kinds, id, found, plan.organisation.base_currency)
        if present is None:
            return f"the {what} {id}, there called {name!r}, is not in the ledger"
        own = found.get((what, id))
        if present != name and not (what in _TAGS.values() and own is not None and name == own.text("Name", "")):
            return f"it calls {what} {id} {name!r}, and the ledger {present!r}"
    return None


def _names(link: Link) -> Iterator[_Name]:
    if link.document_id:
        yield "document", _KINDS.get(link.type, _ANY), link.document_id, f"{link.number} {link.contact}".strip()
    if link.contact_id:
        yield "contact", ("customer", "vendor"), link.contact_id, link.contact
    if link.credit is not None and link.credit.id:
        yield "credit", _CREDITS, link.credit.id, link.credit.text


def _tags(proposal: Proposal, write: Write) -> Iterator[_Name]:
    """The class and department that a payload names by id, and what its coding calls them."""
    codings = [link.coding for link in proposal.links if link.id in write.link_ids and link.coding is not None]
    called = {category: option for coding in codings for category, option in coding.tracking}
    lines = write.arguments.get("Line", ())
    details = [write.arguments, *(line.get(line.get("DetailType")) for line in lines if isinstance(line, Mapping))]
    for detail in details:
        for field, what in _TAGS.items():
            if isinstance(detail, Mapping) and isinstance(chosen := detail.get(field), Mapping):
                yield what, (what,), str(chosen.get("value")), called.get(what.capitalize(), "")


def _called(what: _What, kinds: tuple[str, ...], id: str, found: Found, base_currency: str) -> str | None:
    # Ids are unique over all kinds of transaction, and over customers and vendors.
    needs: list[Need] = [(kind, id) for kind in kinds]
    kind, record = next(((k, r) for k, _ in needs if (r := found.get((k, id))) is not None), ("", None))
    if record is None:
        return None
    if what == "contact":
        return record.text("DisplayName", "")
    if what in _TAGS.values():
        return record.text("FullyQualifiedName", "") or record.text("Name", "")
    if what == "credit":
        return credit_text(_credit(kind, record, base_currency))
    who = next((name for field in _PARTIES if (name := ref(record, field)[1])), "")
    return f"{_number(kind, record)} {who}".strip()


def _number(kind: str, record: Record) -> str:
    number = record.text(_NUMBERS.get(kind, "DocNumber"), "")
    return record.text("PaymentRefNum", "") or number if kind == "sales_receipt" else number


def _credit(kind: str, record: Record, base_currency: str) -> Credit:
    if kind in ("credit_memo", "vendor_credit"):
        return parsing.credit(record.data, base_currency)
    return whole_credit(settlement(record.data, base_currency))
