"""What a line leaves open or over, which a person may settle too: the question, and the writes that answer it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast, get_args

from finchat.books.documents import Coding, Receipt, Undeposited
from finchat.books.money import parse_amount, spoken
from finchat.books.plan import Ask, AskKind, Choice, Link, Write
from finchat.providers.writing.parts import AnyLine, Named, Party
from finchat.workflows.proposals.payload import Payload
from finchat.workflows.proposals.writing import Writing

_WHAT: dict[AskKind, str] = {
    "fee": "a fee", "discount": "a discount", "withholding": "withheld tax", "rounding": "rounding", "rest": "the rest",
    "coding": "money",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rest:
    """Either what is still due on `document`, or (None) what of the bank line no document takes; `party`: whose."""

    kind: AskKind
    amount: Decimal
    currency: str
    party: Party
    document: Named | None

    def write(self, writing: Writing, coding: Coding) -> None:
        """The writes that settle it. Raises CannotPropose when the coding cannot be used."""
        if self.document is not None:
            writing.write_off(self.document, coding, self.kind, due=self.amount)
        else:
            writing.code(self.amount, self.party, coding)

    def ask(self) -> Ask:
        said, what = spoken(self.amount, self.currency), _WHAT[self.kind]
        if self.document is None:
            text = f"{said} more than is due was paid, {what}: to which account and tax code?"
        else:
            name = self.document.number or f"the {self.document.type}"
            text = f"{name} stays open by {said}, {what}: to which account and tax code would a credit note settle it?"
        return Ask(
            id="a1", kind=self.kind, amount=self.amount, currency=self.currency, contact_id=self.party.id,
            contact=self.party.name, text=text, required=False,
        )  # fmt: skip


def rest_of(
    kind: AskKind | None, line: AnyLine, links: Sequence[Link], writes: Sequence[Write], base_currency: str
) -> Rest | None:
    """The rest that writes leave, when it is one that can be settled: of one document in base currency, or of a line of
    the base currency. None otherwise: what is only named needs nothing here."""
    cash = [link for link in links if link.bank_amount is not None]
    paid = [link for link in cash if link.document_id]
    if kind is None or not paid or line.currency != base_currency:
        return None
    over = line.amount - sum((link.bank_amount or Decimal(0) for link in cash), Decimal(0))
    left = {link.id: _left(writes, link) for link in paid}
    short = [link for link in paid if left[link.id] > 0]
    if over > 0:  # only a fee on top of what was due: where something stays open, the rest of the line may belong there
        contacts = {link.contact_id: link.contact for link in paid}
        if short or len(contacts) != 1 or paid != cash or (kind, line.direction) != ("fee", "spend"):
            return None
        (party,) = (Party(id, name) for id, name in contacts.items())
        return Rest(kind, over, line.currency, party, None)
    if len(short) != 1 or short[0].currency != base_currency:
        return None
    link = short[0]
    return Rest(kind, left[link.id], link.currency, Party(link.contact_id, link.contact), Named.from_link(link))


def _left(writes: Sequence[Write], link: Link) -> Decimal:
    """What is due on the link's document after the last write on it."""
    after = [
        (write.verify or {})["due_after"]
        for write in writes
        if (write.verify or {}).get("document_id") == link.document_id
    ]
    return parse_amount(str(after[-1])) if after else Decimal(0)


def fee_ask(fee: Decimal, line: AnyLine) -> Ask | None:
    """The question of a deposit that is short of what it gathers: where what the bank kept is booked."""
    if not fee:
        return None
    said = spoken(fee, line.currency)
    return Ask(
        id="a1", kind="fee", amount=fee, currency=line.currency, contact_id="", contact="", required=True,
        text=f"{said} was kept of what the deposit gathers: to which account and tax code?",
    )  # fmt: skip


def gathered_of(links: Iterable[Link], account_id: str) -> tuple[Undeposited, ...]:
    """The receipts that the links of a deposit name. Of a saved plan nothing more is known of them; the guard reads
    them again."""
    return tuple(
        Undeposited(
            id=link.document_id, record=cast(Receipt, link.type), date=date.min, account_id=account_id,
            contact_id=link.contact_id, contact=link.contact, currency=link.currency, amount=link.amount,
            reference=link.number,
        )
        for link in links
        if link.type in get_args(Receipt)
    )  # fmt: skip


def coding_ask(payload: Payload, line: AnyLine) -> Ask | None:
    """The question of a line without a document whose coding nobody knows."""
    coded = payload.coded
    if coded is None or coded.coding is not None:
        return None
    said = spoken(line.amount, line.currency)
    who = f" for {coded.contact}" if coded.contact else ""
    way = "received" if line.direction == "receive" else "spent"
    asked = "to which account and tax code" + ("" if coded.contact_id else ", and whose is it")
    return Ask(
        id="a1", kind="coding", amount=line.amount, currency=line.currency, contact_id=coded.contact_id,
        contact=coded.contact, text=f"{said} {way}{who}, without a document: {asked}?", required=True,
        choices=tuple(Choice(coding=choice.coding, text=choice.text) for choice in coded.choices),
    )  # fmt: skip
