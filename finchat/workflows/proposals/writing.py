"""The writes of one proposal, one after the other: each waits for the one before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from finchat.books.documents import Account, Coding, Credit, Document, Undeposited
from finchat.books.matching.verdict import Allocation, Excess, Refund, Settlement
from finchat.books.plan import AskKind, Link, Write
from finchat.providers.writing.context import WriteContext
from finchat.providers.writing.parts import AnyLine, Named, Party, Place
from finchat.providers.writing.rates import Rate

REST_WORDS: dict[AskKind, str] = {
    "fee": "Fee taken off",
    "discount": "Discount taken off",
    "withholding": "Tax withheld",
    "rounding": "Rounding",
    "rest": "Rest written off",
    "coding": "Coded",
}


class Writing:
    """Links and writes of one proposal so far. Every method raises CannotPropose for what cannot be written safely; a
    half-settled line is left as it is and said, never finished blindly, so each write needs the one before it."""

    def __init__(
        self,
        context: WriteContext,
        proposal_id: str,
        line: AnyLine,
        links: Iterable[Link] = (),
        writes: Iterable[Write] = (),
    ) -> None:
        self._context = context
        self._write = context.writers
        self._proposal_id = proposal_id
        self._line = line
        self.links = list(links)
        self.writes = list(writes)

    def allocate(
        self, allocation: Allocation, credit: Credit, document: Document, *, due: Decimal, remaining: Decimal
    ) -> None:
        self._add(
            self._write.allocation(
                self._context,
                self._place(),
                line=self._line,
                credit=credit,
                document=document,
                amount=allocation.amount,
                due=due,
                remaining=remaining,
            )
        )

    def pay(self, settlement: Settlement, document: Document, account: Account, *, due: Decimal) -> None:
        self._add(
            self._write.payment(
                self._context,
                self._place(),
                line=self._line,
                document=document,
                settlement=settlement,
                account=account,
                due=due,
            )
        )

    def refund(self, refund: Refund, credit: Credit, account: Account, *, remaining: Decimal) -> None:
        self._add(
            self._write.refund(
                self._context,
                self._place(),
                line=self._line,
                credit=credit,
                refund=refund,
                account=account,
                remaining=remaining,
            )
        )

    def keep(self, excess: Excess, rate: Rate | None = None) -> None:
        """`rate`: of what of the same line was paid, on a foreign bank account."""
        self._add(self._write.kept(self._context, self._place(), line=self._line, excess=excess, known=rate))

    def transfer(self, account_id: str, also: Iterable[str] = ()) -> None:
        """`also`: the names of the other side's line."""
        self._add(
            self._write.transfer(self._context, self._place(), line=self._line, other_account_id=account_id, also=also)
        )

    def deposit(self, gathered: Sequence[Undeposited], account: Account, fee: Coding | None = None) -> None:
        """One deposit of what waits in undeposited funds; `fee` codes what the line is short of it."""
        links, write = self._write.deposit(
            self._context, self._place(), line=self._line, gathered=gathered, account=account, fee=fee
        )
        self.links += links
        self.writes.append(write)

    def code(self, amount: Decimal, party: Party, coding: Coding) -> None:
        """Receive or spend money; a party without an id is a contact that is made first."""
        maker = ""
        if not party.id:
            maker = self._place().id
            self._add(self._write.contact(self._context, self._place(), name=party.name))
            party = Party("", str(self.writes[-1].arguments["name"]))
        self._add(
            self._write.money(
                self._context,
                self._place(),
                line=self._line,
                amount=amount,
                party=party,
                coding=coding,
                contact_from=maker,
            )
        )

    def write_off(self, document: Named, coding: Coding, kind: AskKind, *, due: Decimal) -> None:
        """All that is still due on a document, by a credit note coded to where a person or habit says."""
        text = f"{REST_WORDS[kind]} {document.number}".rstrip()
        self._add(
            self._write.credit_note(
                self._context, self._place(), line=self._line, document=document, amount=due, coding=coding, text=text
            )
        )
        self._add(
            self._write.new_allocation(
                self._context, self._place(), line=self._line, made=self.writes[-1], document=document, due=due
            )
        )

    def _place(self) -> Place:
        after = (self.writes[-1].id,) if self.writes else ()
        return Place(self._proposal_id, f"w{len(self.writes) + 1}", after)

    def _add(self, written: tuple[Link, Write]) -> None:
        link, write = written
        self.links.append(link)
        self.writes.append(write)
