"""From verdicts to proposals: what the matcher found certain becomes writes, the rest is said and left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finchat.books.documents import Account, BankLine, Books, Credit, Document
from finchat.books.findings import findings
from finchat.books.matching.verdict import Allocation, Candidate, Settlement, Verdict
from finchat.books.money import spoken
from finchat.books.plan import Class, Evidence, Finding, Link, PlanLine, Proposal, Rival, Write
from finchat.providers.xero import CannotPropose, WriteContext, allocation_write, payment_write
from finchat.safety.unattended import known_counterparty

LineStatus = Literal["proposed", "review", "already_settled", "reported", "unmatched"]
# Ledger amounts of one account, debit positive, in base currency.
BalanceOf = Callable[[str], Decimal]


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


def draft(verdicts: Sequence[Verdict], books: Books, context: WriteContext, balance_of: BalanceOf) -> Draft:
    """Proposals p1, p2 … with writes w1, w2 …; deterministic for the same books and plan id.

    Certain verdicts are served first, so that nothing a person may still choose takes a document from them.
    """
    return _Drafting(books, context, balance_of).run(verdicts)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Cash and credit for one line, whichever of its answers it is."""

    settlements: tuple[Settlement, ...]
    allocations: tuple[Allocation, ...]
    confidence: Decimal
    evidence: tuple[Evidence, ...]
    rival: Rival | None


class _Drafting:
    def __init__(self, books: Books, context: WriteContext, balance_of: BalanceOf) -> None:
        self.context = context
        self.books = books
        self.lines = {line.id: line for line in books.lines}
        self.accounts = {account.id: account for account in books.accounts}
        self.documents = {document.id: document for document in books.documents}
        self.credits = {credit.id: credit for credit in books.credits}
        self.coded_to = {transaction.id: transaction.coded_to for transaction in books.bank_transactions}
        self.due = {document.id: document.amount_due for document in books.documents}
        self.remaining = {credit.id: credit.remaining for credit in books.credits}
        self.clearing = {a.id: balance_of(a.id) for a in books.accounts if a.clearing}
        self.netted: dict[str, bool] = {}
        self.proposals: list[Proposal] = []
        self.answers: dict[str, LineAnswer] = {}
        self.findings: dict[str, list[Finding]] = {}

    def run(self, verdicts: Sequence[Verdict]) -> Draft:
        certain = [v for v in verdicts if v.status == "settle" and v.certain]
        self.netted = self._net_cleared(certain)
        for verdict in certain:
            self._settle(verdict, self._own(verdict), "certain")
        taken = {v.line_id for v in certain}
        for verdict in verdicts:
            if verdict.line_id not in taken:
                self._rest(verdict)
        return Draft(
            answers=tuple(self.answers[v.line_id] for v in verdicts),
            proposals=tuple(self.proposals),
            findings=tuple(f for v in verdicts for f in self.findings.get(v.line_id, ())),
        )

    def _rest(self, verdict: Verdict) -> None:
        if verdict.status in ("settle", "review") and (answer := self._choice(verdict)):
            self._settle(verdict, answer, "review")
            return
        status: LineStatus = "review" if verdict.status == "settle" else verdict.status
        self._answer(verdict, status, verdict.reason)
        self._report(verdict)

    def _settle(self, verdict: Verdict, answer: _Answer, certainty: Class) -> None:
        line = self.lines[verdict.line_id]
        lock = self.context.organisation.lock_date
        if lock is not None and line.date <= lock:
            text = f"the books are locked up to {lock}; this line is dated {line.date}"
            self._answer(verdict, "reported", text)
            self._note(verdict, "locked", text, "have the lock date moved by whoever set it, or record it by hand")
            return
        try:
            proposal = self._proposal(verdict, line, answer, certainty)
        except CannotPropose as error:
            self._answer(verdict, "reported" if certainty == "certain" else "review", error.message)
            self._note(verdict, error.code, error.message, error.next or "settle this line in the ledger by hand")
            return
        self.proposals.append(proposal)
        self._take(answer)
        status: LineStatus = "proposed" if certainty == "certain" else "review"
        self._answer(verdict, status, verdict.reason, (proposal.id,))
        self._report(verdict)

    def _proposal(self, verdict: Verdict, line: BankLine, answer: _Answer, certainty: Class) -> Proposal:
        id = f"p{len(self.proposals) + 1}"
        links: list[Link] = []
        writes: list[Write] = []
        due = dict(self.due)
        remaining = dict(self.remaining)

        def after() -> tuple[str, ...]:
            # Each write waits for the one before: a half-settled line is left as it is and said, not finished blindly.
            return (writes[-1].id,) if writes else ()

        for allocation in answer.allocations:
            document, credit = self._document(allocation.document_id), self._credit(allocation.credit_id)
            link, write = allocation_write(
                self.context,
                id=f"w{len(writes) + 1}",
                proposal_id=id,
                line=line,
                credit=credit,
                document=document,
                amount=allocation.amount,
                due=due[document.id],
                remaining=remaining[credit.id],
                depends_on=after(),
            )
            due[document.id] -= allocation.amount
            remaining[credit.id] -= allocation.amount
            links.append(link)
            writes.append(write)
        account = self._account(verdict, line) if answer.settlements else None
        for settlement in answer.settlements:
            assert account is not None
            document = self._document(settlement.document_id)
            link, write = payment_write(
                self.context,
                id=f"w{len(writes) + 1}",
                proposal_id=id,
                line=line,
                document=document,
                settlement=settlement,
                account=account,
                due=due[document.id],
                depends_on=after(),
            )
            due[document.id] -= settlement.amount
            links.append(link)
            writes.append(write)
        if not writes:
            raise CannotPropose("the answer holds neither cash nor credit")
        if account is not None and account.clearing:
            self._enough_cleared(account, writes)
        return Proposal(
            id=id,
            line_id=line.id,
            line=PlanLine.of(line),
            kind="payment" if answer.settlements else "allocation",
            certainty=certainty,
            confidence=answer.confidence,
            evidence=(*answer.evidence, *self._known(line, links)),
            rival=answer.rival,
            links=tuple(links),
            writes=tuple(writes),
        )

    def _known(self, line: BankLine, links: Sequence[Link]) -> tuple[Evidence, ...]:
        """That everybody paid here was paid before, under the name and account the line shows; else nothing."""
        found = [known_counterparty(self.books, line, id) for id in dict.fromkeys(link.contact_id for link in links)]
        return () if None in found else tuple(e for e in found if e is not None)

    def _account(self, verdict: Verdict, line: BankLine) -> Account:
        """Where the money is: the line's bank account, or the clearing account the receipt was booked to."""
        if verdict.via == "bank":
            return self.accounts[line.account_id]
        coded = [self.coded_to.get(ledger_id, ()) for ledger_id in verdict.ledger_ids]
        named = {code for codes in coded for code in codes}
        if len(named) != 1 or (account := self.accounts.get(named.pop())) is None or not account.clearing:
            raise CannotPropose("the receipt is not booked to one clearing account")
        return account

    def _enough_cleared(self, account: Account, writes: Iterable[Write]) -> None:
        """A clearing account holds what was booked to it and not settled yet: paying from it never overdraws it."""
        moved = sum((e.base_amount for w in writes for e in w.effects if e.account_id == account.id), Decimal(0))
        before = self.clearing[account.id]
        if not self.netted.get(account.id) and not _nearer_zero(before, before + moved):
            base = self.context.organisation.base_currency
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
        return {id: _nearer_zero(self.clearing.get(id, Decimal(0)), self.clearing.get(id, Decimal(0)) + change)
                for id, change in moved.items()}  # fmt: skip

    def _own(self, verdict: Verdict) -> _Answer:
        return _Answer(verdict.settlements, verdict.allocations, verdict.confidence, verdict.evidence, verdict.rival)

    def _choice(self, verdict: Verdict) -> _Answer | None:
        """The best answer a person may approve by itself: one that settles the whole line with what is still open."""
        line = self.lines[verdict.line_id]
        if verdict.settlements or verdict.allocations:
            own = self._own(verdict)
            return own if self._whole(own, line) else None
        for position, candidate in enumerate(verdict.suggestions):
            answer = _Answer(
                candidate.settlements,
                (),
                candidate.confidence,
                (*verdict.evidence, Evidence(kind="suggestion", text=candidate.reason)),
                _rival(verdict, position, self.documents),
            )
            if self._whole(answer, line):
                return answer
        return None

    def _whole(self, answer: _Answer, line: BankLine) -> bool:
        cash = sum((s.bank_amount for s in answer.settlements), Decimal(0))
        needed: dict[str, Decimal] = {}
        for id, amount in _parts(answer):
            needed[id] = needed.get(id, Decimal(0)) + amount
        return (not answer.settlements or cash == line.amount) and all(
            0 < amount <= self.due.get(id, Decimal(0)) for id, amount in needed.items()
        )

    def _take(self, answer: _Answer) -> None:
        for id, amount in _parts(answer):
            self.due[id] -= amount
        for allocation in answer.allocations:
            self.remaining[allocation.credit_id] -= allocation.amount

    def _document(self, id: str) -> Document:
        if id not in self.documents:
            raise CannotPropose(f"document {id} is not among the open documents")
        return self.documents[id]

    def _credit(self, id: str) -> Credit:
        if id not in self.credits:
            raise CannotPropose(f"credit {id} is not among the open credits")
        return self.credits[id]

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


def _parts(answer: _Answer) -> list[tuple[str, Decimal]]:
    """What the answer takes of each document, credit first."""
    credit = [(a.document_id, a.amount) for a in answer.allocations]
    return credit + [(s.document_id, s.amount) for s in answer.settlements]


def _nearer_zero(before: Decimal, after: Decimal) -> bool:
    return abs(after) <= abs(before) and after * before >= 0


def _rival(verdict: Verdict, position: int, documents: dict[str, Document]) -> Rival | None:
    """The next best suggestion, or the rival the matcher itself named."""
    others: list[Candidate] = [c for n, c in enumerate(verdict.suggestions) if n != position]
    if not others:
        return verdict.rival
    best = others[0]
    ids = tuple(s.document_id for s in best.settlements)
    named = ", ".join(documents[id].name for id in ids if id in documents)
    return Rival(documents=ids, text=named, why_lost=f"ranked below: {best.reason}")
