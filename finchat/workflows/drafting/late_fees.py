"""A late fee on an issued invoice: a separate invoice first; a line on the invoice itself only for who insists.

Changing an issued invoice is possible but not the advice: its customer has it as it was, and its tax may be filed. The
fee is computed here, half-up to the currency's minor unit, and stands on the draft with what it was computed from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from finchat.books.details import Detail
from finchat.books.documents import Account, Document, TaxRate
from finchat.books.invoicing import totals
from finchat.books.money import amount_text, round_to_minor, spoken
from finchat.books.plan import Evidence
from finchat.providers.writing.coding import Codable
from finchat.providers.writing.context import CannotPropose, ItemUnclear, WriteContext
from finchat.providers.writing.documents import InvoiceLine
from finchat.providers.writing.parts import Place
from finchat.workflows.drafting import lookups, meant
from finchat.workflows.drafting.documents import (
    LINE_AMOUNTS,
    DocumentFacts,
    WantedDocument,
    WantedLine,
    draft_document,
    item_asked,
)
from finchat.workflows.drafting.outcome import (
    Contradicted,
    Contradiction,
    Drafted,
    Gathering,
    Missing,
    Needs,
    Outcome,
)

Basis = Literal["due", "total"]
# What draft_document calls the parts of its one line, and what they are called here.
_FIELDS: Mapping[str, str] = {
    "lines[0].account_code": "account", "lines[0].tax_type": "tax", "lines[0].item_code": "item",
    "item_code": "item",
}  # fmt: skip
_BASES: Mapping[str, str] = {"due": "what is due", "total": "the total"}
_NOT_ISSUED = {
    "draft": "is a draft, which nobody has been sent: put the fee on it in the ledger before it is approved",
    "submitted": "waits for approval: put the fee on it in the ledger before it is approved",
    "void": "was voided or deleted: nothing is owed on it",
}
_SHOWN = 8
_NO_TAX = TaxRate(type="NONE", name="no tax", percent=Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLateFee:
    """A late fee as it was asked for; what was not said is empty or None. `percent` is 5 for 5 %; `item`: where the
    ledger's lines are of items; `rate`: of a separate invoice in a foreign currency; `change_invoice`: the person
    insists on a line of the invoice itself."""

    document: str = ""
    contact: str = ""
    percent: object = None
    amount: object = None
    basis: Literal["", "due", "total"] = ""
    account: str = ""
    tax: str = ""
    item: str = ""
    line_amounts: str = ""
    date: str = ""
    due_date: str = ""
    rate: object = None
    change_invoice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFeeFacts:
    """What the ledger says. `documents`: all of the number or id; `near`: numbers like it where none is; `earlier` and
    `items` as DocumentFacts has them; `detail`: the invoice that is meant, whole, where it is to be changed; `offered`:
    ids of invoices for which the separate one was offered already; `charged`: those a late fee was written for."""

    context: WriteContext
    as_of: date
    documents: tuple[Document, ...] = ()
    near: tuple[str, ...] = ()
    earlier: tuple[Document, ...] = ()
    items: Mapping[str, str] = field(default_factory=dict)
    detail: Detail | None = None
    offered: frozenset[str] = frozenset()
    charged: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Fee:
    amount: Decimal
    text: str  # as the line says it
    figures: Mapping[str, Decimal]
    facts: Mapping[str, str]


def draft_late_fee(wanted: WantedLateFee, facts: LateFeeFacts) -> Outcome:
    """Needs, contradiction, or one proposal: a separate invoice, and where that was offered before and the person
    insists, a line added to the invoice itself. Pure."""
    try:
        return _LateFee(wanted, facts).outcome()
    except Contradicted as no:
        return no.outcome
    except ItemUnclear as unclear:
        return _renamed(item_asked(unclear))
    except CannotPropose as error:
        return Contradiction(f"{error.message}{f': {error.next}' if error.next else ''}", "")


def invoice_meant(wanted: WantedLateFee, documents: Iterable[Document]) -> Document | None:
    """The one invoice that is meant, as far as that is clear."""
    return _meant(Gathering(), wanted, tuple(documents), ())


def _meant(
    gathering: Gathering, wanted: WantedLateFee, documents: tuple[Document, ...], near: tuple[str, ...]
) -> Document | None:
    return meant.meant(
        gathering, wanted.document, wanted.contact, found=[d for d in documents if d.type == "invoice"] or documents,
        near=near, what="invoice", ask="Which invoice is paid late? Give its number.",
    )  # fmt: skip


class _LateFee:
    def __init__(self, wanted: WantedLateFee, facts: LateFeeFacts) -> None:
        self.wanted, self.facts, self.context = wanted, facts, facts.context
        self.gathering = Gathering()

    def outcome(self) -> Outcome:
        document = _meant(self.gathering, self.wanted, self.facts.documents, self.facts.near)
        if document is None:
            return self._asked()
        self._issued(document)
        fee = self._fee(document)
        if self.wanted.change_invoice and document.id in self.facts.offered:
            return self._changed(document, fee)
        return self._separate(document, fee)

    def _asked(self) -> Needs:
        needs = self.gathering.needs()
        assert needs is not None
        return needs

    def _issued(self, document: Document) -> None:
        if document.type == "bill":
            raise self._no(document, "is a bill: a late fee on it is its supplier's to charge")
        if (why := _NOT_ISSUED.get(document.status)) is not None:
            raise self._no(document, why)

    def _no(self, document: Document, why: str) -> Contradicted:
        return Contradicted(
            f"{document.name} of {document.contact} {why}", "document",
            amounts={"total": document.total, "amount_due": document.amount_due}, currency=document.currency,
            facts=meant.named(document),
        )  # fmt: skip

    def _fee(self, document: Document) -> _Fee | None:
        """The fee and what it was computed from; None once it was asked for. Raises Contradicted."""
        wanted, currency = self.wanted, document.currency
        percent = lookups.amount(wanted.percent, "percent", 4)
        amount = lookups.amount(wanted.amount, "amount", 2)
        if percent is None and amount is None:
            self.gathering.ask("percent", f"What is the late fee on {document.name}: a percentage, or an amount?")
            return None
        if percent is not None and amount is not None:
            raise Contradicted("percent and amount are both given: which one is the fee?", "percent")
        on = f"invoice {document.name}" if document.number else document.name
        due = f", due {document.due_date}" if document.due_date else ""
        if amount is not None:
            if amount <= 0:
                raise Contradicted("the amount is not above zero", "amount")
            return _Fee(round_to_minor(amount, currency), f"Late fee on {on}{due}", {}, {})
        assert percent is not None
        if not 0 < percent <= 100:
            raise Contradicted("percent is not above 0 and up to 100, such as 5 for 5 %", "percent")
        basis = self._basis(document)
        if basis is None:
            return None
        of = document.amount_due if basis == "due" else document.total
        fee = round_to_minor(of * percent / 100, currency)
        if not fee:
            raise self._no(document, f"has {spoken(of, currency)} {'due' if basis == 'due' else 'in all'}: "
                           f"{percent:f} % of it is nothing")  # fmt: skip
        what = "due on" if basis == "due" else "of"
        return _Fee(
            fee, f"Late fee: {percent:f} % of {spoken(of, currency)} {what} {on}{due}", {"basis_amount": of},
            {"percent": f"{percent:f}", "basis": basis},
        )  # fmt: skip

    def _basis(self, document: Document) -> Basis | None:
        """What the percentage is of: as it was said, or where both are the same; None once it was asked for."""
        if self.wanted.basis:
            return self.wanted.basis
        due, total = document.amount_due, document.total
        if due == total:
            return "due"
        choices = [
            {"value": value, "name": f"{name}, {spoken(of, document.currency)}"}
            for (value, name), of in zip(_BASES.items(), (due, total), strict=True)
        ]
        self.gathering.ask("basis", f"Is the percentage of what is due on {document.name} or of its total?", choices)
        return None

    # A separate invoice

    def _separate(self, document: Document, fee: _Fee | None) -> Outcome:
        wanted = self.wanted
        if document.contact_id not in self.context.contacts:
            raise self._no(document, "is of a contact that is not active any more: no new invoice can be made for it")
        line = WantedLine(
            description="" if fee is None else fee.text, quantity=1, unit_amount=None if fee is None else fee.amount,
            account=wanted.account, tax_type=wanted.tax, item_code=wanted.item,
        )  # fmt: skip
        refers = bool(document.number) and "invoice" in self.context.writers.traits.references
        facts, reference = self.facts, f"Late fee on {document.number}" if refers else ""
        outcome = draft_document(
            WantedDocument(
                type="invoice", contact=document.contact_id, lines=(line,), date=wanted.date, due_date=wanted.due_date,
                currency=document.currency, rate=wanted.rate, line_amounts=wanted.line_amounts,
                reference=reference,
            ),
            DocumentFacts(context=self.context, as_of=facts.as_of, earlier=facts.earlier, items=facts.items),
        )  # fmt: skip
        if isinstance(outcome, Contradiction):
            return replace(outcome, field=_FIELDS.get(outcome.field, outcome.field))
        offer = self._offer(document)
        if isinstance(outcome, Needs):
            known = [one for one in outcome.missing if not (fee is None and _of_fee(one.field))]
            return Needs((*self.gathering.missing, *_renamed(Needs(tuple(known))).missing, self._either(offer)))
        if fee is None:
            return self._asked()
        return self._offered(document, fee, outcome, offer)

    def _offered(self, document: Document, fee: _Fee, drafted: Drafted, offer: str) -> Drafted:
        """The separate invoice, saying what it is a fee on and that the other is possible."""
        self._doubts(document)
        said = [Evidence(kind="filled_in", text=offer, record_type="invoice", record_id=document.id)]
        doubts = Gathering()
        doubts.doubts = self.gathering.doubts
        more = doubts.proposal("create", "", (), ()).evidence[1:]
        proposal = drafted.proposal
        return replace(
            drafted,
            proposal=replace(
                proposal,
                evidence=(*proposal.evidence, *said, *more),
                confidence=min(proposal.confidence, Decimal("0.5")) if more else proposal.confidence,
            ),
            amounts={**drafted.amounts, "late_fee": fee.amount, **fee.figures, "amount_due": document.amount_due},
            facts={**drafted.facts, "late_fee_on": document.name, **fee.facts, "alternative": offer},
        )

    def _offer(self, document: Document) -> str:
        how = "offered first" if self.wanted.change_invoice else "advised"
        return (
            f"a separate invoice is {how}: {document.name} can be changed instead where the person insists, but it is "
            "issued, so its customer has it as it was, and its tax may be filed"
        )

    def _either(self, offer: str) -> Missing:
        choices = [
            {"value": "false", "name": "a separate invoice, as advised"},
            {"value": "true", "name": "a line on the invoice itself"},
        ]
        return Missing("change_invoice", f"{offer[:1].upper()}{offer[1:]}. Which is it?", tuple(choices))

    # A line on the invoice itself

    def _changed(self, document: Document, fee: _Fee | None) -> Outcome:
        wanted, gathering = self.wanted, self.gathering
        if document.status == "paid":
            raise self._no(document, "is paid: a paid invoice is not changed, a separate one can be made")
        lock = self.context.organisation.lock_date
        if lock is not None and document.date <= lock:
            why = f"is dated {document.date}, and the books are locked up to {lock}: it is not changed any more"
            raise self._no(document, f"{why}, a separate invoice can be made")
        detail = self.facts.detail
        if detail is None:
            raise self._no(document, "cannot be read whole")
        if wanted.line_amounts not in ("", detail.amounts_are):
            raise Contradicted(
                f"the lines of {document.name} are {detail.amounts_are.replace('_', ' ')}", "line_amounts"
            )
        to, rate = self._coding(no_tax=detail.amounts_are == "no_tax")
        if needs := gathering.needs():
            return needs
        assert fee is not None
        assert to is not None
        assert rate is not None
        if wanted.item and wanted.item not in self.facts.items:
            choices = [{"code": one, "name": text} for one, text in self.facts.items.items()]
            raise Contradicted(f"there is no item {wanted.item!r}", "item", choices)
        line = InvoiceLine(
            description=fee.text, quantity=Decimal(1), unit_amount=fee.amount,
            to=Codable(lookups.coding(to, rate, ()), to, rate), item_code=wanted.item,
        )  # fmt: skip
        link, write = self.context.writers.invoice_lines_added(
            self.context, Place("p1", "w1"), document=document, lines=(line,)
        )
        self._told(document, detail)
        self._doubts(document)
        amounts, currency = totals([line.amounts(LINE_AMOUNTS[detail.amounts_are])]), document.currency
        what = f"a line on {document.name} of {document.contact}: {fee.text}, {spoken(link.amount, currency)}"
        return Drafted(
            proposal=gathering.proposal("update", what, [link], [write]),
            total=link.amount,
            currency=currency,
            amounts={
                "late_fee": fee.amount, **fee.figures, "net": amounts.net, "tax": link.amount - amounts.net,
                "amount_added": link.amount, "amount_due": document.amount_due,
                "amount_due_after": document.amount_due + link.amount, "invoice_total": document.total,
                "invoice_total_after": document.total + link.amount,
            },
            facts={**meant.named(document), **fee.facts, "account": to.label, "tax_type": rate.type},
        )  # fmt: skip

    def _coding(self, *, no_tax: bool) -> tuple[Account | None, TaxRate | None]:
        """Account and tax as they were said, the account's own tax where none was; None for what was asked."""
        wanted, context, gathering = self.wanted, self.context, self.gathering
        if not wanted.account:
            choices = lookups.account_choices(lookups.usual_accounts(context, "invoice"))
            gathering.ask("account", "Which account is the late fee coded to?", choices)
            return None, None
        to = lookups.account(context, "invoice", wanted.account, "account")
        if no_tax:
            return to, _NO_TAX
        if wanted.tax:
            return to, lookups.tax_rate(context, "invoice", to, wanted.tax, "tax")
        there = lookups.tax_rates(context, "invoice", to)
        own = next((rate for rate in there if rate.type == to.tax_type), None)
        if own is None:
            gathering.ask("tax", "Which tax type does the late fee have?", lookups.tax_choices(there))
        else:
            gathering.said.append(f"{own.type} ({own.name}) is account {to.label}'s own tax type")
        return to, own

    def _told(self, document: Document, detail: Detail) -> None:
        """What is kept, line by line, and how the fee counts."""
        currency = document.currency
        lines = [
            f"{' '.join(line.description.split()) or line.item or 'a line without text'} "
            f"{amount_text(line.line_amount, currency)}"
            for line in detail.lines
        ]
        more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
        kept = f"all {len(lines)} lines" if len(lines) > 1 else "the line"
        self.gathering.said.append(f"kept as it was: {kept} of {document.name}, {', '.join([*lines[:_SHOWN], *more])}")
        if detail.amounts_are != "no_tax":
            how = "before tax" if detail.amounts_are == "exclusive" else "with tax in it"
            self.gathering.said.append(f"the fee is {how}, as the lines of {document.name} are")
        self.gathering.doubts.append(
            f"{document.name} is issued: its customer has it as it was, and its tax may be filed; a separate invoice "
            "was offered, and the person insists"
        )
        for line in detail.lines:
            if "late fee" in line.description.casefold():
                self.gathering.doubts.append(f"{document.name} has a line {line.description!r} already")

    def _doubts(self, document: Document) -> None:
        if document.due_date is not None and document.due_date >= self.facts.as_of:
            self.gathering.doubts.append(f"{document.name} is not late: it is due on {document.due_date}")
        if document.status == "paid":
            self.gathering.doubts.append(f"{document.name} is paid")
        if document.id in self.facts.charged:
            self.gathering.doubts.append(f"a late fee on {document.name} was written already")


def _renamed(needs: Needs) -> Needs:
    """Questions about a document's line, as they are called here."""
    return Needs(tuple(Missing(_FIELDS.get(x.field, x.field), x.question, x.choices) for x in needs.missing))


def _of_fee(field: str) -> bool:
    """Whether a question is about what the fee itself is, which was asked in other words."""
    return field in ("lines[0].unit_amount", "lines[0].description")
