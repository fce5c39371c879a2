"""An invoice or bill from what a person asks for: every account, tax type and date the organisation's own, or asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from finchat.books.documents import Account, Contact, Document, TaxRate
from finchat.books.invoicing import LineAmountTypes
from finchat.books.money import spoken
from finchat.books.terms import PaymentTerms
from finchat.providers.writing.coding import Codable
from finchat.providers.writing.context import CannotPropose, ItemUnclear, WriteContext
from finchat.providers.writing.documents import InvoiceLine, NewContact, NewInvoice
from finchat.providers.writing.parts import Party, Place
from finchat.providers.writing.rates import Rate
from finchat.workflows.drafting import lookups
from finchat.workflows.drafting.outcome import (
    MOST_CHOICES,
    Choice,
    Contradicted,
    Contradiction,
    Drafted,
    DraftedLine,
    Gathering,
    Missing,
    Needs,
    Outcome,
)

Type = Literal["invoice", "bill"]
LINE_AMOUNTS: Mapping[str, LineAmountTypes] = {
    "exclusive": "Exclusive", "inclusive": "Inclusive", "no_tax": "NoTax",
}  # fmt: skip
NEAR = timedelta(days=30)  # how near a document of the same total is worth a second look
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_NO_TAX = TaxRate(type="NONE", name="no tax", percent=Decimal(0))
_HOW: tuple[Choice, ...] = (
    {"value": "exclusive", "name": "amounts are before tax"},
    {"value": "inclusive", "name": "amounts include tax"},
    {"value": "no_tax", "name": "no tax at all"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLine:
    """A line as it was asked for; what was not said is empty or None."""

    description: str = ""
    quantity: object = None
    unit_amount: object = None
    account: str = ""
    tax_type: str = ""
    item_code: str = ""
    tracking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDocument:
    """An invoice or bill as it was asked for; what was not said is empty or None. `rate`: base units for one unit."""

    type: Type
    contact: str = ""
    create_contact: bool = False
    lines: tuple[WantedLine, ...] = ()
    date: str = ""
    due_date: str = ""
    currency: str = ""
    rate: object = None
    reference: str = ""
    number: str = ""
    status: Literal["DRAFT", "AUTHORISED"] = "DRAFT"
    line_amounts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """What the ledger says. `earlier`: documents of the contact near the day, and all of the wanted number; `items`:
    what each item code is described by."""

    context: WriteContext
    as_of: date
    earlier: tuple[Document, ...] = ()
    items: Mapping[str, str] = field(default_factory=dict)


def draft_document(wanted: WantedDocument, facts: DocumentFacts) -> Outcome:
    """Needs, contradiction, or the proposal of one document (and of its contact before it, where that is new). Pure."""
    try:
        return _Document(wanted, facts).outcome()
    except Contradicted as no:
        return no.outcome
    except ItemUnclear as unclear:
        return item_asked(unclear)
    except CannotPropose as error:
        return Contradiction(error.message, "")


def item_asked(unclear: ItemUnclear) -> Needs:
    """The question which item a line is of."""
    choices: list[Choice] = [{"item_code": name} for name in unclear.choices[:MOST_CHOICES]]
    return Needs((Missing("item_code", f"{unclear.message}. Which item is it?", tuple(choices)),))


class _Document:
    def __init__(self, wanted: WantedDocument, facts: DocumentFacts) -> None:
        self.facts, self.context = facts, facts.context
        self.gathering = Gathering()
        if wanted.status == "DRAFT" and not self.context.writers.traits.drafts:
            self.gathering.said.append(f"{self.context.vendor} keeps no drafts: it is in the books once it is written")
            wanted = replace(wanted, status="AUTHORISED")
        self.wanted = wanted
        self.asked_tax = False

    def outcome(self) -> Outcome:
        wanted, gathering = self.wanted, self.gathering
        party, make = lookups.contact(self.context, gathering, wanted.contact, create=wanted.create_contact)
        contact = self.context.contacts.get(party.id) if party is not None else None
        if not wanted.lines:
            gathering.ask("lines", f"What is on the {wanted.type}: what for, how many, at how much each?")
        lines = [self._line(line, f"lines[{n}]") for n, line in enumerate(wanted.lines)]
        types = self._types()
        on = lookups.day(wanted.date, "date") or self._today()
        self._open_day(on)
        due = self._due(on, contact, party)
        currency, rate = self._currency(contact)
        number = lookups.words(wanted.number, "number", 100)
        reference = lookups.words(wanted.reference, "reference", 100)
        self._number_free(number)
        if needs := gathering.needs():
            return needs
        assert party is not None
        assert due is not None
        reference = self._reference(reference)
        new = NewInvoice(
            type=wanted.type, contact=party, date=on, due_date=due, currency=currency, rate=rate,
            lines=tuple(line for line in lines if line is not None), line_amount_types=types, status=wanted.status,
            number=number, reference=reference,
        )  # fmt: skip
        self._duplicates(new)
        return self._drafted(new, make=make)

    def _drafted(self, new: NewInvoice, *, make: bool) -> Drafted:
        links, writes = [], []
        if make:
            link, made = self.context.writers.contact(
                self.context, Place("p1", "w1"), name=new.contact.name, more=self._new_contact(new)
            )
            links.append(link)
            writes.append(made)
            self.gathering.said.append(f"the contact {link.contact} is made first")
            if near := lookups.near_contacts(self.context, link.contact):
                named = ", ".join(one.name for one in near)
                self.gathering.doubts.append(f"there are contacts with names like {link.contact}: {named}")
            new = replace(new, contact=Party("", link.contact), contact_from="w1")
        place = Place("p1", f"w{len(writes) + 1}", tuple(write.id for write in writes))
        link, written = self.context.writers.invoice(self.context, place, new)
        totals, who = new.totals, new.contact.name
        what = f"{new.type} {'for' if new.type == 'invoice' else 'from'} {who}, {spoken(totals.total, new.currency)}"
        return Drafted(
            proposal=self.gathering.proposal("create", what, [*links, link], [*writes, written]),
            total=totals.total,
            currency=new.currency,
            net=totals.net,
            tax=totals.tax,
            lines=tuple(
                DraftedLine(
                    description=line.description, quantity=line.quantity, unit_amount=line.unit_amount,
                    account_code=line.to.account.code, account=line.to.account.name, tax_type=line.to.rate.type,
                    tax_rate=line.to.rate.percent, line_amount=one.amount, net=one.net, tax=one.tax,
                )
                for line, one in zip(new.lines, new.amounts, strict=True)
            ),
            facts={
                "contact": who, "date": new.date.isoformat(), "due_date": new.due_date.isoformat(),
                "document_status": new.status, "line_amounts": new.line_amount_types.lower(),
                **({"number": new.number} if new.number else {}),
                **({"reference": new.reference} if new.reference else {}),
            },
        )  # fmt: skip

    def _new_contact(self, new: NewInvoice) -> NewContact | None:
        """More of a contact that is made first, where it must be told what it is wanted as."""
        if not self.context.writers.traits.roles:
            return None
        return NewContact(name=new.contact.name, role="customer" if new.type == "invoice" else "supplier")

    # What is on it

    def _line(self, line: WantedLine, where: str) -> InvoiceLine | None:
        gathering, type, context = self.gathering, self.wanted.type, self.context
        no_tax = self.wanted.line_amounts == "no_tax"
        quantity = lookups.amount(line.quantity, f"{where}.quantity", 4)
        unit = lookups.amount(line.unit_amount, f"{where}.unit_amount", 2)
        if quantity == 0:
            raise Contradicted(f"{where}.quantity is zero", f"{where}.quantity")
        item = self._item(line.item_code, f"{where}.item_code")
        text = lookups.words(line.description, f"{where}.description", 3900) or item
        pairs = lookups.tracking(context, line.tracking, f"{where}.tracking")
        said = f" ({text})" if text else ""
        if not text:
            gathering.ask(f"{where}.description", "What is it for?")
        if unit is None:
            gathering.ask(f"{where}.unit_amount", f"How much is it each{said}?")
        to = lookups.account(context, type, line.account, f"{where}.account_code") if line.account else None
        if to is None:
            choices = lookups.account_choices(lookups.usual_accounts(context, type))
            gathering.ask(f"{where}.account_code", f"Which account is it coded to{said}?", choices)
        rate = _NO_TAX if no_tax else self._tax(line, to, where, said)
        if to is None or rate is None or unit is None or not text:
            return None
        return InvoiceLine(
            description=text, quantity=Decimal(1) if quantity is None else quantity, unit_amount=unit,
            to=Codable(lookups.coding(to, rate, pairs), to, rate), item_code=line.item_code,
        )  # fmt: skip

    def _tax(self, line: WantedLine, to: Account | None, where: str, said: str) -> TaxRate | None:
        """The tax type that was said, else the account's own; asked where neither is known."""
        there = lookups.tax_rates(self.context, self.wanted.type, to)
        if line.tax_type and to is not None:
            return lookups.tax_rate(self.context, self.wanted.type, to, line.tax_type, f"{where}.tax_type")
        own = next((r for r in there if to is not None and r.type == to.tax_type), None)
        if line.tax_type:
            return None  # whether it goes with the account is seen once that is known
        if own is not None and to is not None:
            text = f"{own.type} ({own.name}) is account {to.label}'s own tax type"
            if text not in self.gathering.said:
                self.gathering.said.append(text)
            return own
        self.asked_tax = True
        self.gathering.ask(f"{where}.tax_type", f"Which tax type does it have{said}?", lookups.tax_choices(there))
        return None

    def _item(self, code: str, where: str) -> str:
        """How an item is described; "" without one. Raises Contradicted for an item the ledger does not have."""
        if not code:
            return ""
        if code not in self.facts.items:
            choices = [{"code": one, "name": text} for one, text in self.facts.items.items()]
            raise Contradicted(f"there is no item {code!r}", where, choices)
        return " ".join(self.facts.items[code].split())

    def _types(self) -> LineAmountTypes:
        given = self.wanted.line_amounts
        if given:
            return LINE_AMOUNTS[given]
        if self.asked_tax:
            self.gathering.ask("line_amounts", "Are the amounts before tax, or do they include it?", _HOW)
        else:
            self.gathering.said.append("the amounts are before tax, which is added")
        return "Exclusive"

    # When and in what

    def _today(self) -> date:
        self.gathering.said.append(f"it is dated {self.facts.as_of}, today")
        return self.facts.as_of

    def _open_day(self, on: date) -> None:
        lookups.unlocked(self.context, on, "date")
        if self.wanted.status == "AUTHORISED" and on > self.facts.as_of:
            raise Contradicted(
                f"{on} is after today ({self.facts.as_of}): what is approved is in the books at once", "date",
                [{"value": f"date {self.facts.as_of}, or status DRAFT"}],
            )  # fmt: skip

    def _due(self, on: date, contact: Contact | None, party: Party | None) -> date | None:
        due = lookups.day(self.wanted.due_date, "due_date")
        if due is not None:
            if due < on:
                raise Contradicted(f"the due date {due} is before its own date {on}", "due_date")
            return due
        whose, terms = self._terms(contact)
        due = None if terms is None else terms.due_on(on)
        if terms is not None and due is not None:
            self.gathering.said.append(f"it is due on {due}: {whose} terms are {terms.words}")
            return due
        name = party.name if party is not None else "the contact"
        why = f"neither {name} nor the organisation has payment terms" if terms is None else (
            f"{whose} terms ({terms.words}) give no day after {on}"
        )  # fmt: skip
        self.gathering.ask("due_date", f"When is it due? In the ledger {why}.")
        return None

    def _terms(self, contact: Contact | None) -> tuple[str, PaymentTerms | None]:
        own = organisation = None
        sales, here = self.wanted.type == "invoice", self.context.organisation
        if contact is not None:
            own = contact.sales_terms if sales else contact.bill_terms
        organisation = here.sales_terms if sales else here.bill_terms
        return ("the contact's", own) if own is not None else ("the organisation's", organisation)

    def _currency(self, contact: Contact | None) -> tuple[str, Rate | None]:
        base, currency = self.context.base_currency, self.wanted.currency.upper()
        if currency and not _CURRENCY.fullmatch(currency):
            raise Contradicted(f"{self.wanted.currency!r} is not a currency code such as {base}", "currency")
        usual = contact.currency if contact is not None else ""
        if not currency and usual not in ("", base):
            name = contact.name if contact is not None else "the contact"
            choices: list[Choice] = [{"value": usual}, {"value": base}]
            self.gathering.ask("currency", f"In which currency? {name} is usually dealt with in {usual}.", choices)
            return base, None
        currency = currency or base
        if currency == base:
            return base, None
        given = lookups.amount(self.wanted.rate, "rate", 10)
        if given is None:
            self.gathering.ask("rate", f"At which rate: how many {base} is one {currency}?")
            return currency, None
        if given <= 0:
            raise Contradicted("rate is not above zero", "rate")
        return currency, self.context.writers.known_rate(given, "document")

    # What it is called

    def _number_free(self, number: str) -> None:
        taken = [d for d in self.facts.earlier if number and d.type == "invoice" and d.number == number]
        if taken and self.wanted.type == "invoice":
            raise Contradicted(
                f"invoice number {number} is taken: {_told(taken[0])}",
                "number",
                [{"value": f"leave it to {self.context.vendor}"}],
            )

    def _reference(self, reference: str) -> str:
        if reference and self.wanted.type not in self.context.writers.traits.references:
            of = "a bill" if self.wanted.type == "bill" else "an invoice"
            self.gathering.said.append(
                f"{self.context.vendor} keeps no reference of {of}, so {reference!r} is left out"
            )
            return ""
        return reference

    def _duplicates(self, new: NewInvoice) -> None:
        """What may be this very document already."""
        for known in self.facts.earlier:
            if known.type != new.type or known.contact_id != new.contact.id or known.status == "void":
                continue
            same_total = (known.total, known.currency) == (new.totals.total, new.currency)
            if new.number and known.number == new.number:
                self.gathering.doubts.append(f"{_told(known)} has the same number: is it this one?")
            elif same_total and abs(known.date - new.date) <= NEAR:
                self.gathering.doubts.append(f"{_told(known)} is of the same total and near in time: is it this one?")


def _told(document: Document) -> str:
    """`the bill 4711 of Acme Ltd, 2026-11-02, 100.00 NZD, open`."""
    name = f"the {document.type} {document.number}".rstrip()
    total = spoken(document.total, document.currency)
    return f"{name} of {document.contact}, dated {document.date}, {total}, {document.status}"
