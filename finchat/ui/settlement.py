"""What a proposal and each of its writes do, in a few words for a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import get_args

from finchat.books.acts import act
from finchat.books.documents import Coding, Receipt
from finchat.books.plan import Kind, Link, Proposal, Write
from finchat.text.sanitise import one_line
from finchat.ui.amounts import money
from finchat.workflows.situations import via_clearing

Names = Mapping[str, str]
_NOBODY: Names = {}
_VERBS: Mapping[Kind, str] = {
    "payment": "pay", "allocation": "allocate", "overpayment": "overpayment", "prepayment": "prepayment",
    "refund": "refund", "spend_money": "spend money", "receive_money": "receive money", "deposit": "deposit",
    "apply_payment": "apply", "transfer": "transfer", "create": "create", "update": "update", "delete": "delete",
    "void": "void",
}  # fmt: skip
_DOCUMENTS = frozenset({"invoice", "bill"})
_KEPT = frozenset({"overpayment", "prepayment"})
_NO_TAX = frozenset({"", "NONE", "NOTAX", "TAX000"})


def settles(proposal: Proposal, limit: int | None = 40, accounts: Names = _NOBODY) -> str:
    """`INV-0042 Acme Ltd`, `3 invoices of Acme Ltd`, `404 Bank Fees, no tax`, `transfer to Savings`. `limit` cuts a
    name (None: never); `accounts` names accounts by id."""
    question = next((ask for ask in proposal.asks if ask.required), None)
    if question is not None and not proposal.writes and proposal.kind != "deposit":
        return "to be coded" + (f", {one_line(question.contact, limit)}" * bool(question.contact))
    told = _settled(proposal, limit) + ("" if undoes(proposal) else _rest(proposal, accounts))
    match proposal.kind:
        case _ if undoes(proposal):
            pass
        case "transfer":
            told = _transfer(proposal, limit, accounts)
        case "overpayment" | "prepayment":
            told = f"{proposal.kind}: {_and_kept(proposal, limit)}"
        case "refund":
            told = _refund(proposal, limit)
        case "spend_money" | "receive_money":
            told = _coded(proposal, limit, accounts)
        case "deposit":
            gathered = [link for link in proposal.links if link.type in get_args(Receipt)]
            told = f"deposit of {_receipts(gathered, limit)}{_rest(proposal, accounts)}"
        case "update":
            told = f"a line added to {told}"
        case "create":
            told = "; ".join(_created(proposal, write, limit) for write in proposal.writes)
    return told


def does(proposal: Proposal, write: Write, accounts: Names = _NOBODY) -> str:
    """`pay INV-0042`, `keep for Acme Ltd`, `credit note to 404 Bank Fees, no tax`: one write among several."""
    links = links_of(proposal, [write])
    name = ", ".join(one_line(link.number, 24) or link.type.replace("_", " ") for link in links)
    who = one_line(next((link.contact for link in links), ""), 40)
    coding = next((link.coding for link in links if link.coding is not None), None)
    refunded = next((link.credit for link in links if link.credit is not None), None)
    booked = coding_words(coding, accounts) if coding is not None else name
    made = act(write.operation)
    told = {
        "contact": f"new contact {who}",
        "document": _created(proposal, write, 40),
        "credit_note": f"credit note to {booked}",
        "transfer": "transfer",
        "allocation": f"allocate {name}",
    }.get(made or "", f"pay {name}")
    if made == "allocation":
        pass
    elif any(link.type in get_args(Receipt) for link in links):
        told = f"deposit {_receipts(links, 40)}"
    elif any(link.type in _KEPT and link.credit is None for link in links):
        told = f"keep for {who}"
    elif made == "money":
        told = f"book to {booked}"
    elif refunded is not None and made == "payment":
        told = f"refund {one_line(refunded.text, 40)}"
    return told


def coding_words(coding: Coding, accounts: Names) -> str:
    """`404 Bank Fees, no tax, Region: North`."""
    tax = "no tax" if coding.tax_type in _NO_TAX else one_line(coding.tax_type)
    parts = [one_line(accounts.get(coding.account_id, coding.account_id)), tax]
    return ", ".join([*parts, *(one_line(f"{name}: {option}") for name, option in coding.tracking)])


def undoes(proposal: Proposal) -> bool:
    """Whether it takes earlier writes back."""
    return any(write.reverses for write in proposal.writes)


def links_of(proposal: Proposal, writes: list[Write]) -> list[Link]:
    """The links that these writes are about."""
    wanted = {link_id for write in writes for link_id in write.link_ids}
    return [link for link in proposal.links if link.id in wanted]


def is_allocation(write: Write) -> bool:
    """Whether a write puts a credit against a document: no cash moves."""
    return act(write.operation) == "allocation"


def _settled(proposal: Proposal, limit: int | None) -> str:
    """The documents of a proposal."""
    cash = links_of(proposal, [w for w in proposal.writes if not is_allocation(w)])
    links = cash or list(proposal.links)
    documents = {link.document_id: link for link in links if link.type in _DOCUMENTS} or {
        link.document_id: link for link in links
    }
    if not documents:
        return _VERBS[proposal.kind]
    contact = one_line(next(iter(documents.values())).contact, limit)
    if len(documents) == 1:
        link = next(iter(documents.values()))
        name = f"{one_line(link.number, limit) or link.type.replace('_', ' ')} {contact}"
        via = " (from clearing)" if via_clearing(proposal) else ""
        return (f"allocate to {name}" if proposal.kind in ("allocation", "apply_payment") else name) + via
    kinds = {link.type for link in documents.values()}
    noun = f"{kinds.pop()}s" if len(kinds) == 1 else "documents"
    return f"{len(documents)} {noun} of {contact}"


def _receipts(links: Sequence[Link], limit: int | None) -> str:
    """`the payment 1042 from Acme Ltd`, `3 receipts of 1,790.75 USD`: what a deposit gathers."""
    if len(links) == 1:
        (link,) = links
        what = f"{link.type.replace('_', ' ')} {one_line(link.number, limit)}".rstrip()
        return f"the {what} from {one_line(link.contact, limit)}" if link.contact else f"the {what}"
    total = sum((link.amount for link in links), Decimal(0))
    return f"{len(links)} receipts" + (f" of {money(total, links[0].currency)}" if links else "")


def _created(proposal: Proposal, write: Write, limit: int | None) -> str:
    """`new draft invoice INV-0042 for Acme Ltd`, `new bill from Acme Ltd`, `new contact Acme Ltd`."""
    link = next(iter(links_of(proposal, [write])), None)
    if link is None:
        return _VERBS[proposal.kind]
    who = one_line(link.contact, limit)
    if link.type not in _DOCUMENTS:
        return f"new {link.type.replace('_', ' ')} {who}"
    draft = "" if write.arguments.get("status") == "AUTHORISED" else "draft "
    number = f" {one_line(link.number, limit)}" if link.number else ""
    return f"new {draft}{link.type}{number} {'for' if link.type == 'invoice' else 'from'} {who}"


def _and_kept(proposal: Proposal, limit: int | None) -> str:
    kept = [link for link in proposal.links if link.type in _KEPT and link.credit is None and not link.document_id]
    told = [f"{money(link.amount, link.currency)} kept for {one_line(link.contact, limit)}" for link in kept]
    paid = list({k.document_id: k for k in proposal.links if k.type in _DOCUMENTS}.values())
    if len(paid) == 1:
        told.insert(0, one_line(paid[0].number, limit) or paid[0].type)
    elif paid:
        told.insert(0, f"{len(paid)} documents")
    return " and ".join(told) if told else _VERBS[proposal.kind]


def _transfer(proposal: Proposal, limit: int | None, accounts: Names) -> str:
    line, link = proposal.line, next(iter(proposal.links), None)
    moved = {e.account_id for write in proposal.writes for e in write.effects if e.control == "bank"}
    others = [accounts[id] for id in sorted(moved) if id in accounts and (line is None or id != line.account_id)]
    if line is not None and len(others) == 1:
        return f"transfer {'to' if line.direction == 'spend' else 'from'} {one_line(others[0], limit)}"
    return f"transfer {one_line(link.contact, limit)}" if link is not None else "transfer"


def _refund(proposal: Proposal, limit: int | None) -> str:
    credits = [(link.credit, link) for link in proposal.links if link.credit is not None]
    if len(credits) == 1:
        credit, link = credits[0]
        return f"refund {one_line(credit.text, limit)} {one_line(link.contact, limit)}"
    who = one_line(proposal.links[0].contact, limit) if proposal.links else ""
    return f"refund of {len(credits)} credits of {who}" if credits else _settled(proposal, limit)


def _coded(proposal: Proposal, limit: int | None, accounts: Names) -> str:
    codings = [(link.coding, link) for link in proposal.links if link.coding is not None]
    if not codings:
        return _VERBS[proposal.kind]
    coding, link = codings[0]
    who = f", {one_line(link.contact, limit)}" if link.contact else ""
    return coding_words(coding, accounts) + who


def _rest(proposal: Proposal, accounts: Names) -> str:
    """The rest of a short payment, where it is settled too."""
    codings = {link.coding: link for link in proposal.links if link.coding is not None}
    if len(codings) != 1:
        return ""
    coding, link = next(iter(codings.items()))
    return f"; {money(link.amount, link.currency)} to {coding_words(coding, accounts)}"
