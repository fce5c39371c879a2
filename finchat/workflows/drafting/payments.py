"""A payment of an invoice or bill from what a person asks for, held against what is due and what the bank shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from finchat.books.documents import Account, BankLine, Document
from finchat.books.matching.verdict import Settlement
from finchat.books.money import round_to_minor, spoken
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import Place
from finchat.workflows.drafting import lookups, meant
from finchat.workflows.drafting.outcome import Choice, Contradicted, Contradiction, Drafted, Gathering, Outcome

_NEAR = timedelta(days=10)
_ANY_CARD = frozenset({"card", "credit card", "creditcard", "the credit card", "company card"})
_CLOSED = {
    "draft": "is a draft: payments are recorded on approved documents only, so approve it in the ledger first",
    "submitted": "waits for approval: payments are recorded on approved documents only, so have it approved first",
    "paid": "is paid: nothing is due on it",
    "void": "was voided or deleted: nothing can be paid on it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPayment:
    """A payment as it was asked for; what was not said is empty or None. `bank_amount`: what the bank moved, where its
    account is in another currency than the document. `settles_in_full`: the person says that it pays all that is due.
    """

    document: str = ""
    contact: str = ""
    amount: object = None
    date: str = ""
    bank_account: str = ""
    bank_amount: object = None
    reference: str = ""
    settles_in_full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFacts:
    """What the ledger says. `documents`: all of the number or id; `near`: numbers like it where none is; `paid`:
    document id, day and amount of what was paid on them; `lines`: bank lines that no write of finchat's consumed."""

    context: WriteContext
    as_of: date
    documents: tuple[Document, ...] = ()
    near: tuple[str, ...] = ()
    paid: tuple[tuple[str, date, Decimal], ...] = ()
    lines: tuple[BankLine, ...] = ()


def draft_payment(wanted: WantedPayment, facts: PaymentFacts) -> Outcome:
    """Needs, contradiction, or the proposal of one payment. What contradicts the ledger is said before anything is
    asked. Pure."""
    try:
        return _Payment(wanted, facts).outcome()
    except Contradicted as no:
        return no.outcome
    except CannotPropose as error:
        return Contradiction(error.message, "")


class _Payment:
    def __init__(self, wanted: WantedPayment, facts: PaymentFacts) -> None:
        self.wanted, self.facts, self.context = wanted, facts, facts.context
        self.gathering = Gathering()

    def outcome(self) -> Outcome:
        wanted, gathering = self.wanted, self.gathering
        document = self._document()
        if document is None:
            needs = gathering.needs()
            assert needs is not None
            return needs
        amount = self._amount(document)
        reference = lookups.words(wanted.reference, "reference", 100)
        on = self._day(document)
        account = self._account(document)
        at_bank = self._at_bank(document, account, amount)
        if on is None:
            days = dict.fromkeys([self.facts.as_of, *(line.date for line in self._shown(document, account, at_bank))])
            gathering.ask("date", "On which day did the money move?", [{"value": day.isoformat()} for day in days])
        if needs := gathering.needs():
            return needs
        assert amount is not None
        assert on is not None
        assert account is not None
        assert at_bank is not None
        self._doubts(document, account, amount, at_bank, on)
        return self._drafted(document, account, amount, at_bank, on, reference)

    def _drafted(  # noqa: PLR0917 - as they are read
        self, document: Document, account: Account, amount: Decimal, at_bank: Decimal, on: date, reference: str
    ) -> Drafted:
        known = document.rate if account.currency == document.currency else None
        settlement = Settlement(
            document_id=document.id,
            amount=amount,
            bank_amount=at_bank,
            rate=known,
            rate_source=None if known is None else "document",
        )
        link, write = self.context.writers.drafted_payment(
            self.context,
            Place("p1", "w1"),
            document=document,
            settlement=settlement,
            account=account,
            day=on,
            reference=reference,
        )
        way = "received from" if document.type == "invoice" else "paid to"
        what = f"{spoken(amount, document.currency)} {way} {document.contact} for {document.name}"
        after = document.amount_due - amount
        return Drafted(
            proposal=self.gathering.proposal("payment", what, [link], [write]),
            total=amount,
            currency=document.currency,
            amounts={"amount": amount, "amount_due": document.amount_due, "amount_due_after": after},
            facts={
                **meant.named(document),
                "date": on.isoformat(),
                "bank_account": account.label,
                "document_status_after": "paid" if not after else "open",
            },
        )

    def _document(self) -> Document | None:
        """The one document that is meant, open to payments. None once it was asked for; raises Contradicted."""
        wanted, facts = self.wanted, self.facts
        document = meant.meant(
            self.gathering, wanted.document, wanted.contact, found=facts.documents, near=facts.near,
            what="invoice or bill", ask="Which invoice or bill is paid? Give its number.",
        )  # fmt: skip
        if document is None:
            return None
        if (why := _CLOSED.get(document.status)) is not None:
            raise Contradicted(
                f"{document.name} of {document.contact} {why}",
                "document",
                amounts={"total": document.total, "amount_due": document.amount_due},
                currency=document.currency,
                facts=meant.named(document),
            )
        return document

    def _amount(self, document: Document) -> Decimal | None:
        due, currency = document.amount_due, document.currency
        amount = lookups.amount(self.wanted.amount, "amount", 2)
        if amount is None:
            if self.wanted.settles_in_full:
                self.gathering.said.append(f"all that is due on {document.name} is {spoken(due, currency)}")
                return due
            choices: list[Choice] = [{"value": f"{due:f}", "name": "all that is due"}]
            self.gathering.ask("amount", f"How much was paid? {spoken(due, currency)} is due on it.", choices)
            return None
        figures = {"amount": amount, "amount_due": due}
        if amount <= 0:
            raise Contradicted(
                "the amount is not above zero",
                "amount",
                amounts=figures,
                currency=currency,
                facts=meant.named(document),
            )
        if amount > due:
            over = amount - due
            raise Contradicted(
                f"{spoken(amount, currency)} is more than the {spoken(due, currency)} due on {document.name}: "
                f"finchat records no payment above what is due, and the {spoken(over, currency)} over it would be an "
                "overpayment of its own",
                "amount",
                amounts={**figures, "overpayment": over},
                currency=currency,
                facts=meant.named(document),
            )
        if self.wanted.settles_in_full and amount < due:
            rest = due - amount
            raise Contradicted(
                f"{spoken(amount, currency)} does not pay {document.name} in full: {spoken(due, currency)} is due, so "
                f"{spoken(rest, currency)} would stay due",
                "amount",
                amounts={**figures, "amount_due_after": rest},
                currency=currency,
                facts=meant.named(document),
            )
        return amount

    def _day(self, document: Document) -> date | None:
        on = lookups.day(self.wanted.date, "date")
        if on is None:
            return None
        lookups.unlocked(self.context, on, "date")
        if on > self.facts.as_of:
            raise Contradicted(f"{on} is after today ({self.facts.as_of}): the money has not moved yet", "date")
        if on < document.date:
            self.gathering.doubts.append(f"{on} is before {document.name} itself, which is dated {document.date}")
        return on

    def _account(self, document: Document) -> Account | None:
        """The bank account: as it was named, the only one that fits, or None once it was asked for."""
        banks = [a for a in self.context.accounts.values() if a.kind == "bank" and a.active]
        fitting = [a for a in banks if a.currency in (document.currency, self.context.base_currency)]
        choices = [_choice(a) for a in sorted(fitting, key=_by_code)]
        if wanted := lookups.folded(self.wanted.bank_account):
            found = [a for a in banks if wanted in (lookups.folded(n) for n in (a.code, a.name, a.label, a.id))]
            if not found and wanted in _ANY_CARD and (cards := [a for a in fitting if a.card]):
                return self._card(cards)
            if len(found) != 1 or found[0] not in fitting:
                why = f"is in {found[0].currency}" if len(found) == 1 else "is no bank account of the ledger"
                raise Contradicted(f"{self.wanted.bank_account!r} {why}", "bank_account", choices)
            return found[0]
        if len(fitting) == 1:
            self.gathering.said.append(f"{fitting[0].label} is the only bank account it can have gone through")
            return fitting[0]
        self.gathering.ask("bank_account", "Which bank account did it go through?", choices)
        return None

    def _card(self, cards: Sequence[Account]) -> Account | None:
        """The only credit card, or None once it was asked which of several."""
        if len(cards) == 1:
            self.gathering.said.append(f"{cards[0].label} is the only credit card it can have gone through")
            return cards[0]
        choices = [_choice(a) for a in sorted(cards, key=_by_code)]
        self.gathering.ask("bank_account", "Which credit card did it go through?", choices)
        return None

    def _at_bank(self, document: Document, account: Account | None, amount: Decimal | None) -> Decimal | None:
        """What the bank moved, in the account's currency."""
        given = lookups.amount(self.wanted.bank_amount, "bank_amount", 2)
        if account is None or amount is None:
            return None
        if account.currency == document.currency:
            if given not in (None, amount):
                raise Contradicted(
                    f"{account.label} is in the document's own currency, so the bank moved {amount}, not {given}",
                    "bank_amount",
                )
            return amount
        if given is None:
            self.gathering.ask("bank_amount", f"How much {account.currency} did the bank move?")
        elif given <= 0:
            raise Contradicted("bank_amount is not above zero", "bank_amount")
        return given if given is None else round_to_minor(given, account.currency)

    def _shown(self, document: Document, account: Account | None, at_bank: Decimal | None) -> Sequence[BankLine]:
        """Bank lines that show this money."""
        if at_bank is None:
            return []
        return [
            line
            for line in self.facts.lines
            if line.direction == document.direction
            and line.amount == at_bank
            and line.date >= document.date
            and (account is None or line.account_id == account.id)
        ]

    def _doubts(self, document: Document, account: Account, amount: Decimal, at_bank: Decimal, on: date) -> None:
        for line in self._shown(document, account, at_bank):
            if abs(line.date - on) <= _NEAR:
                told = " ".join(part for part in dict.fromkeys((line.payee, line.narration, line.reference)) if part)
                self.gathering.doubts.append(
                    f"the bank shows {spoken(line.amount, line.currency)} on {line.date} ({told or 'no text'}): "
                    "if that is this money, finchat reconcile matches the line itself, with it as evidence"
                )
        for id, day, paid in self.facts.paid:
            if id == document.id and paid == amount and abs(day - on) <= _NEAR:
                self.gathering.doubts.append(
                    f"a payment of {spoken(paid, document.currency)} on {day} is recorded on {document.name} already"
                )


def _choice(account: Account) -> dict[str, str]:
    card = {"type": "credit card"} if account.card else {}
    return {"code": account.code, "name": account.name, "currency": account.currency, **card}


def _by_code(account: Account) -> str:
    return account.code
