"""From verdicts to proposals: what is certain becomes writes, and what a person may choose is offered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finchat.books.documents import Account, BankLine, Books, Credit, Document, Undeposited
from finchat.books.findings import findings
from finchat.books.matching.verdict import Verdict
from finchat.books.money import spoken
from finchat.books.plan import Ask, Class, Evidence, Finding, Kind, Link, PlanLine, Proposal, Write
from finchat.providers.writing.context import CannotPropose, WriteContext
from finchat.providers.writing.parts import Party, Place, gathered_links
from finchat.safety.counterparties import known_counterparty
from finchat.workflows.proposals.payload import Payload
from finchat.workflows.proposals.rests import coding_ask, fee_ask, rest_of
from finchat.workflows.proposals.writing import Writing

LineStatus = Literal["proposed", "review", "already_settled", "reported", "unmatched"]
# Ledger amounts of one account, debit positive, in base currency.
BalanceOf = Callable[[str], Decimal]
# Where an unapplied payment is put against a document by changing the payment itself.
_APPLIED = frozenset({"payment.apply", "bill_payment.apply"})
HISTORY = "history"  # the kind of evidence that says how something like it was booked before


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAnswer:
    """What became of one bank line."""

    line: BankLine
    status: LineStatus
    proposal_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Every line with its answer, in the order of the books; certain proposals come before those to review."""

    answers: tuple[LineAnswer, ...]
    proposals: tuple[Proposal, ...]
    findings: tuple[Finding, ...]


def draft(
    verdicts: Sequence[Verdict],
    books: Books,
    context: WriteContext,
    balance_of: BalanceOf,
    earlier: Sequence[Verdict] = (),
) -> Draft:
    """Proposals p1, p2 … with writes w1, w2 …; deterministic for the same books and plan id.

    Certain verdicts are served first, so that nothing a person may still choose takes a document, a credit or a line
    from them. `earlier`: the answers for lines before these, which tell whom those paid.
    """
    return _Drafting(books, context, balance_of, earlier).run(verdicts)


def _settled(books: Books, verdicts: Sequence[Verdict]) -> dict[str, list[BankLine]]:
    """The lines that payments of one contact, in their direction, hold: by contact."""
    payments, lines = {p.id: p for p in books.payments}, {line.id: line for line in books.lines}
    found: dict[str, list[BankLine]] = {}
    for verdict in verdicts:
        line, held = lines.get(verdict.line_id), [payments.get(id) for id in verdict.ledger_ids]
        if verdict.status != "already_settled" or not verdict.certain or line is None:
            continue
        paid = {(p.contact_id, p.direction) if p is not None else ("", "") for p in held}
        if len(paid) == 1 and (contact_id := next(iter(paid))[0]) and next(iter(paid))[1] == line.direction:
            found.setdefault(contact_id, []).append(line)
    return found


class _Drafting:
    def __init__(
        self, books: Books, context: WriteContext, balance_of: BalanceOf, earlier: Sequence[Verdict] = ()
    ) -> None:
        self.context = context
        self.settled = _settled(books, earlier)
        self.books = books
        self.lines = {line.id: line for line in books.lines}
        self.documents = {document.id: document for document in books.documents}
        self.credits = {credit.id: credit for credit in books.credits}
        self.undeposited = {one.id: one for one in books.undeposited}
        self.coded_to = {transaction.id: transaction.coded_to for transaction in books.bank_transactions}
        self.due = {document.id: document.amount_due for document in books.documents}
        self.remaining = {credit.id: credit.remaining for credit in books.credits}
        self.clearing = {a.id: balance_of(a.id) for a in books.accounts if a.clearing}
        self.netted: dict[str, bool] = {}
        self.proposals: list[Proposal] = []
        self.answers: dict[str, LineAnswer] = {}
        self.findings: dict[str, list[Finding]] = {}
        self.moved: dict[str, str] = {}  # line -> the proposal of the transfer whose other side it is

    def run(self, verdicts: Sequence[Verdict]) -> Draft:
        sure = {v.line_id for v in verdicts if v.status == "settle" and v.certain}
        doubtful = {v.line_id for v in verdicts} - sure
        # A rest that is settled by habit is for review, and a transfer is as certain as its doubtful side.
        certain = [v for v in verdicts if v.line_id in sure and v.residual_coding is None and _other(v) not in doubtful]
        self.netted = self._net_cleared(certain)
        for verdict in certain:
            if not self._other_side(verdict):
                self._settle(verdict, Payload.of(verdict), "certain")
        taken = {v.line_id for v in certain}
        # What is certain but for its rest comes before what a person may choose at will.
        left = sorted((v for v in verdicts if v.line_id not in taken), key=lambda v: v.line_id not in sure)
        for verdict in left:
            if not self._other_side(verdict):
                self._rest(verdict)
        return Draft(
            answers=tuple(self.answers[v.line_id] for v in verdicts),
            proposals=tuple(self.proposals),
            findings=tuple(f for v in verdicts for f in self.findings.get(v.line_id, ())),
        )

    def _other_side(self, verdict: Verdict) -> bool:
        """A line that a transfer consumes as its other side has its answer already."""
        if (proposal_id := self.moved.get(verdict.line_id)) is None:
            return False
        proposal = next(p for p in self.proposals if p.id == proposal_id)
        status: LineStatus = "proposed" if proposal.certainty == "certain" else "review"
        self._answer(verdict, status, verdict.reason, (proposal_id,))
        self._report(verdict)
        return True

    def _rest(self, verdict: Verdict) -> None:
        if verdict.status != "already_settled" and (payload := self._choice(verdict)):
            self._settle(verdict, payload, "review")
            return
        status: LineStatus = "review" if verdict.status == "settle" else verdict.status
        self._answer(verdict, status, verdict.reason)
        self._report(verdict)

    def _settle(self, verdict: Verdict, payload: Payload, certainty: Class) -> None:
        line = self.lines[verdict.line_id]
        lock = self.context.organisation.lock_date
        if lock is not None and line.date <= lock:
            text = f"the books are locked up to {lock}; this line is dated {line.date}"
            self._answer(verdict, "reported", text)
            self._note(verdict, "locked", text, "have the lock date moved by whoever set it, or record it by hand")
            return
        try:
            proposal = self._proposal(verdict, line, payload, certainty)
        except CannotPropose as error:
            self._answer(verdict, "reported" if certainty == "certain" else "review", error.message)
            self._note(verdict, error.code, error.message, error.next or "settle this line in the ledger by hand")
            return
        self.proposals.append(proposal)
        self._take(payload)
        if payload.transfer is not None and payload.transfer.line_id:
            self.moved[payload.transfer.line_id] = proposal.id
        status: LineStatus = "proposed" if certainty == "certain" else "review"
        self._answer(verdict, status, verdict.reason, (proposal.id,))
        self._report(verdict)

    def _proposal(self, verdict: Verdict, line: BankLine, payload: Payload, certainty: Class) -> Proposal:
        id = f"p{len(self.proposals) + 1}"
        if ask := coding_ask(payload, line):
            return self._made(id, line, payload, certainty, asks=(ask,))
        writing = Writing(self.context, id, line)
        account = self._account(verdict, line) if payload.settlements or payload.refunds else None
        if payload.transfer is not None:
            if payload.transfer.line_id in self.answers:
                raise CannotPropose("the other side of the transfer has an answer of its own")
            other = self.lines.get(payload.transfer.line_id)
            writing.transfer(payload.transfer.account_id, other.fingerprints if other is not None else ())
        elif payload.gathered is not None:
            items = [self._receipt(id) for id in payload.gathered.item_ids]
            if ask := fee_ask(payload.gathered.fee, line):
                links = gathered_links(Place(id, "w1"), items)
                return self._made(id, line, payload, certainty, links=links, asks=(ask,))
            writing.deposit(items, self.context.bank_account(line.account_id, line.currency))
        elif payload.coded is not None and payload.coded.coding is not None:
            party = Party(payload.coded.contact_id, payload.coded.contact)
            writing.code(line.amount, party, payload.coded.coding)
        else:
            self._settled(writing, payload, account)
        if not writing.writes:
            raise CannotPropose("the answer holds neither cash nor credit")
        asks: tuple[Ask, ...] = ()
        rest = rest_of(payload.rest, line, writing.links, writing.writes, self.context.base_currency)
        if rest is not None and verdict.via == "bank":
            if payload.rest_coding is not None:
                rest.write(writing, payload.rest_coding.coding)
            else:
                asks = (rest.ask(),)
        if account is not None and account.clearing:
            self._enough_cleared(account, writing.writes)
        return self._made(id, line, payload, certainty, links=writing.links, writes=writing.writes, asks=asks)

    def _settled(self, writing: Writing, payload: Payload, account: Account | None) -> None:
        """Credit first, which moves no cash; then the cash, and last what is kept of it."""
        due, remaining = dict(self.due), dict(self.remaining)
        for allocation in payload.allocations:
            document, credit = self._document(allocation.document_id), self._credit(allocation.credit_id)
            writing.allocate(allocation, credit, document, due=due[document.id], remaining=remaining[credit.id])
            due[document.id] -= allocation.amount
            remaining[credit.id] -= allocation.amount
        for settlement in payload.settlements:
            assert account is not None
            document = self._document(settlement.document_id)
            writing.pay(settlement, document, account, due=due[document.id])
            due[document.id] -= settlement.amount
        for refund in payload.refunds:
            assert account is not None
            credit = self._credit(refund.credit_id)
            writing.refund(refund, credit, account, remaining=remaining[credit.id])
            remaining[credit.id] -= refund.amount
        if payload.excess is not None:
            paid = next((s for s in payload.settlements if s.rate is not None and s.rate_source is not None), None)
            own = account is not None and account.currency != self.context.base_currency
            known = (
                self.context.writers.known_rate(paid.rate, paid.rate_source)
                if own and paid and paid.rate and paid.rate_source
                else None
            )
            writing.keep(payload.excess, known)

    def _made(
        self,
        id: str,
        line: BankLine,
        payload: Payload,
        certainty: Class,
        *,
        links: Sequence[Link] = (),
        writes: Sequence[Write] = (),
        asks: tuple[Ask, ...] = (),
    ) -> Proposal:
        return Proposal(
            id=id,
            line_id=line.id,
            line=PlanLine.of(line),
            kind=_kind(payload, line, writes),
            certainty=certainty,
            confidence=payload.confidence,
            evidence=(*payload.evidence, *self._history(payload), *self._known(line, links)),
            rival=payload.rival,
            links=tuple(links),
            writes=tuple(writes),
            asks=asks,
        )

    def _history(self, payload: Payload) -> Iterator[Evidence]:
        """How money like it was booked before, where that fills something in."""
        said = {evidence.text for evidence in payload.evidence}
        choices = [c for c in payload.coded.choices if c.coding == payload.coding] if payload.coded else []
        for choice in (*choices, *((payload.rest_coding,) if payload.rest_coding else ())):
            if choice.text not in said:
                yield Evidence(kind=HISTORY, text=choice.text)

    def _known(self, line: BankLine, links: Sequence[Link]) -> tuple[Evidence, ...]:
        """That everybody paid here was paid before, under the name and account the line shows; else nothing."""
        ids = dict.fromkeys(link.contact_id for link in links)
        found = [known_counterparty(self.books, line, id, self.settled.get(id, ())) for id in ids]
        return () if None in found else tuple(e for e in found if e is not None)

    def _account(self, verdict: Verdict, line: BankLine) -> Account:
        """Where the money is: the line's bank account, or the clearing account the receipt was booked to."""
        if verdict.via == "bank":
            return self.context.account(line.account_id)
        coded = [self.coded_to.get(ledger_id, ()) for ledger_id in verdict.ledger_ids]
        named = {code for codes in coded for code in codes}
        if len(named) != 1 or (account := self.context.accounts.get(named.pop())) is None or not account.clearing:
            raise CannotPropose("the receipt is not booked to one clearing account")
        return account

    def _enough_cleared(self, account: Account, writes: Iterable[Write]) -> None:
        """A clearing account holds what was booked to it and not settled yet: paying from it never overdraws it."""
        moved = sum((e.base_amount for w in writes for e in w.effects if e.account_id == account.id), Decimal(0))
        before = self.clearing[account.id]
        if not self.netted.get(account.id) and not _nearer_zero(before, before + moved):
            base = self.context.base_currency
            raise CannotPropose(
                f"{account.name} holds {spoken(abs(before), base)}, less than this would take out of it",
                next=f"check what was booked to {account.name} before paying from it",
            )
        self.clearing[account.id] = before + moved

    def _net_cleared(self, verdicts: Iterable[Verdict]) -> dict[str, bool]:
        """Receipts and spendings booked to one clearing account net out in its balance: whether it covers them all."""
        moved: dict[str, Decimal] = {}
        for verdict in verdicts:
            if verdict.via == "clearing":
                line = self.lines[verdict.line_id]
                cash = sum((s.bank_amount for s in verdict.settlements), Decimal(0))
                for id in {code for ledger_id in verdict.ledger_ids for code in self.coded_to.get(ledger_id, ())}:
                    moved[id] = moved.get(id, Decimal(0)) + (cash if line.direction == "receive" else -cash)
        return {
            id: _nearer_zero(self.clearing.get(id, Decimal(0)), self.clearing.get(id, Decimal(0)) + change)
            for id, change in moved.items()
        }

    def _choice(self, verdict: Verdict) -> Payload | None:
        """The best answer a person may approve by itself: one that settles the whole line with what is still open."""
        line = self.lines[verdict.line_id]
        own = Payload.of(verdict)
        if not own.empty:
            return own if self._possible(own, line) else None
        for position in range(len(verdict.suggestions)):
            payload = Payload.suggested(verdict, position, self.documents)
            if self._possible(payload, line):
                return payload
        return None

    def _possible(self, payload: Payload, line: BankLine) -> bool:
        return (
            payload.whole(line)
            and _enough(payload.of_documents(), self.due)
            and _enough(payload.of_credits(), self.remaining)
            and (payload.gathered is None or self.undeposited.keys() >= set(payload.gathered.item_ids))
        )

    def _take(self, payload: Payload) -> None:
        for id in payload.gathered.item_ids if payload.gathered is not None else ():
            del self.undeposited[id]
        for id, amount in payload.of_documents():
            self.due[id] -= amount
        for id, amount in payload.of_credits():
            self.remaining[id] -= amount
        if payload.rest_coding is not None:  # the rest is settled as well: nothing is left for another line
            for settlement in payload.settlements:
                self.due[settlement.document_id] = Decimal(0)

    def _document(self, id: str) -> Document:
        if id not in self.documents:
            raise CannotPropose(f"document {id} is not among the open documents")
        return self.documents[id]

    def _credit(self, id: str) -> Credit:
        if id not in self.credits:
            raise CannotPropose(f"credit {id} is not among the open credits")
        return self.credits[id]

    def _receipt(self, id: str) -> Undeposited:
        if id not in self.undeposited:
            raise CannotPropose(f"receipt {id} is not among those in undeposited funds, or is in another deposit")
        return self.undeposited[id]

    def _answer(self, verdict: Verdict, status: LineStatus, reason: str, proposal_ids: tuple[str, ...] = ()) -> None:
        self.answers[verdict.line_id] = LineAnswer(
            line=self.lines[verdict.line_id], status=status, proposal_ids=proposal_ids, reason=reason
        )

    def _report(self, verdict: Verdict) -> None:
        self.findings.setdefault(verdict.line_id, []).extend(findings(self.books, [verdict]))

    def _note(self, verdict: Verdict, code: str, text: str, next: str) -> None:
        line = self.lines[verdict.line_id]
        self.findings.setdefault(verdict.line_id, []).append(
            Finding(
                code=code,
                severity="error",
                text=text,
                next=next,
                line_id=line.id,
                documents=tuple(s.document_id for s in verdict.settlements),
                amount=line.amount,
                currency=line.currency,
            )
        )


def _other(verdict: Verdict) -> str:
    """The line of a transfer's other side; "" when there is none."""
    return "" if verdict.transfer is None else verdict.transfer.line_id


def _kind(payload: Payload, line: BankLine, writes: Sequence[Write]) -> Kind:
    if payload.coded is not None:
        return "receive_money" if line.direction == "receive" else "spend_money"
    if payload.kind == "allocation" and any(write.operation in _APPLIED for write in writes):
        return "apply_payment"
    return payload.kind


def _enough(parts: Iterable[tuple[str, Decimal]], left: dict[str, Decimal]) -> bool:
    needed: dict[str, Decimal] = {}
    for id, amount in parts:
        if amount <= 0:
            return False
        needed[id] = needed.get(id, Decimal(0)) + amount
    return all(amount <= left.get(id, Decimal(0)) for id, amount in needed.items())


def _nearer_zero(before: Decimal, after: Decimal) -> bool:
    return abs(after) <= abs(before) and after * before >= 0
