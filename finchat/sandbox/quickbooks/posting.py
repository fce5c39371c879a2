"""Which accounts each transaction moves. Debit positive, in hundredths of the home currency.

| transaction | debit | credit |
|---|---|---|
| Invoice | receivables | each line's income account, sales tax; a discount is a debit |
| SalesReceipt | its deposit account (undeposited funds when none is given) | as an invoice |
| CreditMemo, RefundReceipt | as an invoice, the other way round | receivables, the account refunded from |
| Payment | its deposit account (undeposited funds) | receivables, applied or not |
| Bill | each line's account or item's account, tax | payables |
| VendorCredit | payables | as a bill, the other way round |
| Purchase | each line's account | the bank or card; the other way round with Credit |
| BillPayment | payables | the bank or card |
| Deposit | its account, cash back | undeposited funds for what it gathers, each other line's account |
| Transfer | the account to | the account from |
| JournalEntry | as its lines say | |
| an inventory item sold | its expense account | its asset account, at the average cost of what is there |
| an inventory item with a quantity from the start | its asset account | opening balance equity |
| Estimate, PurchaseOrder, TimeActivity | nothing | |

A settlement takes out of receivables or payables the share of home currency the document put in; what cash differs by
is an exchange gain or loss. A void or deletion reverses; a change reverses and posts anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finchat.sandbox.ledger import Journal, Posting
from finchat.sandbox.quickbooks import errors
from finchat.sandbox.quickbooks.records import Record, Records
from finchat.sandbox.quickbooks.values import to_home


@dataclass(frozen=True, slots=True)
class About:
    """Who and what a split is for. `party` is (entity, id)."""

    line: str = ""
    party: tuple[str, str] | None = None
    class_: str | None = None
    department: str | None = None
    item: str | None = None
    memo: str | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """One account's share of a transaction: `amount` in home hundredths, `own` in the account's currency."""

    what: str
    account: str
    amount: int
    own: int
    about: About = About()


class Splits:
    """The splits of one transaction in its currency; `rate` is home units for one of it."""

    def __init__(self, records: Records, currency: str, rate: Decimal) -> None:
        self._records = records
        self._home = records.back_end.home_currency
        self.currency, self.rate = currency, rate
        self.made: list[Split] = []

    def add(self, what: str, account: str, amount: int, about: About | None = None, *, home: int | None = None) -> None:
        """`amount` of the transaction's currency, debit positive; `home` where it is not at the transaction's rate."""
        in_home = to_home(amount, self.rate) if home is None else home
        self.made.append(Split(what, account, in_home, self._own(account, amount, in_home), about or About()))

    def add_home(self, what: str, account: str, amount: int, about: About | None = None) -> None:
        """An amount that is in home currency whatever the transaction is in."""
        self.made.append(Split(what, account, amount, amount, about or About()))

    def settle(self) -> list[Split]:
        """The splits, balanced: what converting lost or won by a cent goes to the last line."""
        left = sum(split.amount for split in self.made)
        if left:
            index = next((i for i in range(len(self.made) - 1, -1, -1) if self.made[i].what != "control"), 0)
            last = self.made[index]
            own = last.own - left if last.own == last.amount else last.own
            self.made[index] = Split(last.what, last.account, last.amount - left, own, last.about)
        return self.made

    def _own(self, account: str, amount: int, in_home: int) -> int:
        row = self._records.db.execute(
            "SELECT currency FROM record WHERE entity = 'Account' AND id = ?", (account,)
        ).fetchone()
        currency = (row[0] if row else None) or self._home
        if currency == self._home:
            return in_home
        if currency != self.currency:
            raise errors.business(f"The account {account} is in {currency} and the transaction in {self.currency}.")
        return amount


class Poster:
    """Keeps splits and ledger in step, and remembers whose balance moved."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.db = records.db
        self.accounts: set[str] = set()
        self.parties: set[tuple[str, str]] = set()

    def post(self, record: Record, splits: Sequence[Split]) -> None:
        """Make `splits` what the record has posted; nothing is done when they are what it has."""
        day = record.date or ""
        wanted = [
            (day, s.what, s.account, s.amount, s.own, *(s.about.party or (None, None)), s.about.class_,
             s.about.department, s.about.item, s.about.memo, s.about.line)
            for s in splits if s.amount or s.own
        ]  # fmt: skip
        columns = "date, what, account, amount, own_amount, party_entity, party, class, department, item, memo, line"
        of = (record.entity.name, record.id)
        had = self.db.execute(
            f"SELECT {columns} FROM split WHERE entity = ? AND id = ? ORDER BY seq",  # noqa: S608 - the names above
            of,
        ).fetchall()
        if [tuple(row) for row in had] == wanted:
            return
        for row in (*had, *wanted):
            self.accounts.add(row[2])
            if row[5]:
                self.parties.add((row[5], row[6]))
        if had:
            self._records.back_end.ledger.reverse(record.source)
            self.db.execute("DELETE FROM split WHERE entity = ? AND id = ?", of)
        if wanted:
            self.db.executemany(
                f"INSERT INTO split(entity, id, {columns}) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                [(*of, *row) for row in wanted],
            )
            postings = [Posting(row[2], row[3], row[4]) for row in wanted]
            journal = Journal(record.source, record.entity.name, date.fromisoformat(day), postings)
            self._records.back_end.ledger.post([journal])
