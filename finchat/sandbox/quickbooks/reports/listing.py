"""The layout of the general ledger and of the list of transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finchat.sandbox.quickbooks.reports.entries import Document, Entry
from finchat.sandbox.quickbooks.reports.layout import Cell, Column, Row, blanks, data, money, named, section
from finchat.sandbox.quickbooks.reports.statements import Account

SPLIT = "-Split-"
_LEDGER_COLUMNS = {
    "tx_date": "Date",
    "txn_type": "Transaction Type",
    "doc_num": "Num",
    "name": "Name",
    "memo": "Memo/Description",
    "split_acc": "Split",
    "subt_nat_amount": "Amount",
    "rbal_nat_amount": "Balance",
}
_LEDGER_EXTRA = {
    "account_name": "Account",
    "debt_amt": "Debit",
    "credit_amt": "Credit",
    "klass_name": "Class",
    "dept_name": "Location",
    "create_date": "Create Date",
    "last_mod_date": "Last Modified",
}
_LIST_COLUMNS = {
    "tx_date": "Date",
    "txn_type": "Transaction Type",
    "doc_num": "Num",
    "is_no_post": "Posting",
    "name": "Name",
    "memo": "Memo/Description",
    "account_name": "Account",
    "other_account": "Split",
    "subt_nat_amount": "Amount",
}
_LIST_EXTRA = {
    "due_date": "Due Date",
    "dept_name": "Location",
    "create_date": "Create Date",
    "last_mod_date": "Last Modified",
}
# What grows on the credit side, and is shown positive then.
_CREDIT_TYPES = frozenset(
    (
        "Accounts Payable", "Credit Card", "Other Current Liability", "Long Term Liability", "Equity", "Income",
        "Other Income",
    )
)  # fmt: skip


def natural(account: Account, amount: int) -> int:
    """An amount as the account's own kind has it: positive when it makes the account larger."""
    return -amount if account.type in _CREDIT_TYPES else amount


@dataclass(frozen=True, slots=True)
class Names:
    """What a list looks names up in: accounts, classes and departments by id."""

    accounts: Mapping[str, Account]
    classes: Mapping[str, str]
    departments: Mapping[str, str]

    def account(self, id: str | None) -> Cell:
        """Its name and id; two blanks when there is none, the word alone for several."""
        if id == SPLIT:
            return named(SPLIT, "")
        return named(self.accounts[id].name, id) if id is not None and id in self.accounts else named("", "")


class Sides:
    """Which account of each document stands against its lines: the one whose sign no other account has."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._moved: dict[tuple[str, str], dict[str, int]] = {}
        for entry in entries:
            held = self._moved.setdefault((entry.document.entity, entry.document.id), {})
            held[entry.account] = held.get(entry.account, 0) + entry.amount

    def header(self, document: Document) -> str | None:
        """None when there is no such account, as in a journal entry of many lines."""
        moved = {a: v for a, v in self._moved.get((document.entity, document.id), {}).items() if v}
        for sign in (1, -1):
            same = [account for account, value in moved.items() if value * sign > 0]
            if len(same) == 1 and (len(moved) > 2 or sign == 1):
                return same[0]
        return next(iter(moved), None) if moved else None

    def amount(self, document: Document, account: str) -> int:
        return self._moved.get((document.entity, document.id), {}).get(account, 0)

    def other(self, document: Document, account: str) -> str:
        """The account on the other side of an entry, or SPLIT when there are several."""
        others = [a for a in self._moved.get((document.entity, document.id), {}) if a != account]
        header = self.header(document)
        if len(others) == 1:
            return others[0]
        return header if header is not None and header != account and len(others) > 1 else SPLIT


@dataclass(frozen=True, slots=True)
class Ledger:
    """The general ledger of a period."""

    names: Names
    sides: Sides
    keys: Sequence[str]

    @classmethod
    def chosen(cls, columns: str | None, names: Names, sides: Sides) -> Ledger:
        return cls(names, sides, _chosen(columns, _LEDGER_COLUMNS, _LEDGER_EXTRA))

    def columns(self) -> list[Column]:
        return [Column((_LEDGER_COLUMNS | _LEDGER_EXTRA)[key], key) for key in self.keys]

    def rows(self, accounts: Sequence[Account], opening: Mapping[str, int], entries: Sequence[Entry]) -> list[Row]:
        """The accounts in order with their opening balance and entries, sub-accounts within their parents."""
        by_account: dict[str, list[Entry]] = {}
        for entry in entries:
            by_account.setdefault(entry.account, []).append(entry)
        ids = {account.id for account in accounts}
        children: dict[str | None, list[Account]] = {}
        for account in accounts:
            children.setdefault(account.parent if account.parent in ids else None, []).append(account)

        def build(account: Account) -> tuple[Row, int | None] | None:
            begin = natural(account, opening.get(account.id, 0))
            own = by_account.get(account.id, [])
            listed = self._entries(account, begin, own)
            below = [found for child in children.get(account.id, ()) if (found := build(child)) is not None]
            if not listed and not below:
                return None
            total = sum(natural(account, entry.amount) for entry in own) if own else None
            for _, inner in below:
                total = inner if total is None else total + (inner or 0)
            head = [named(account.name, account.id), *blanks(len(self.keys) - 1)]
            title = f"Total for {account.name}" + (" with sub-accounts" if listed and below else "")
            return section(head, [*listed, *(row for row, _ in below)], self._summary(title, total)), total

        return [found[0] for account in children.get(None, ()) if (found := build(account)) is not None]

    def _entries(self, account: Account, begin: int, entries: Sequence[Entry]) -> list[Row]:
        rows = []
        balance = begin
        if begin:
            cells = [named(money(begin) if key == "rbal_nat_amount" else "") for key in self.keys]
            rows.append(data([named("Beginning Balance"), *cells[1:]]))
        for entry in entries:
            balance += natural(account, entry.amount)
            rows.append(data([self._cell(key, account, entry, balance) for key in self.keys]))
        return rows

    def _cell(self, key: str, account: Account, entry: Entry, balance: int) -> Cell:
        if key == "account_name":
            return named(account.name, account.id)
        if key == "split_acc":
            return self.names.account(self.sides.other(entry.document, entry.account))
        if key == "name":
            return named(entry.party.name, entry.party.id) if entry.party else named("", "")
        found = {
            "memo": entry.memo,
            "subt_nat_amount": money(natural(account, entry.amount)),
            "rbal_nat_amount": money(balance),
            "debt_amt": money(entry.amount) if entry.amount > 0 else "",
            "credit_amt": money(-entry.amount) if entry.amount < 0 else "",
            "klass_name": self.names.classes.get(entry.classed or "", ""),
            "dept_name": self.names.departments.get(entry.department or "", ""),
        }
        return named(found[key]) if key in found else _of_document(key, entry.document)

    def _summary(self, title: str, total: int | None) -> list[Cell]:
        shown = "" if total is None else money(total)
        cells = [named(shown if key == "subt_nat_amount" else "") for key in self.keys]
        return [named(title), *cells[1:]]


@dataclass(frozen=True, slots=True)
class TransactionList:
    """The documents of a period, one row each."""

    names: Names
    sides: Sides
    keys: Sequence[str]

    @classmethod
    def chosen(cls, columns: str | None, names: Names, sides: Sides) -> TransactionList:
        return cls(names, sides, _chosen(columns, _LIST_COLUMNS, _LIST_EXTRA))

    def columns(self) -> list[Column]:
        return [Column((_LIST_COLUMNS | _LIST_EXTRA)[key], key) for key in self.keys]

    def rows(self, documents: Sequence[tuple[Document, int | None]]) -> list[Row]:
        """`documents` with the amount of those that move no account (an estimate, say), None for the others."""
        return [data([self._cell(key, document, total) for key in self.keys]) for document, total in documents]

    def _cell(self, key: str, document: Document, total: int | None) -> Cell:
        header = self.sides.header(document)
        if key == "name":
            return named(document.party.name, document.party.id) if document.party else named("", "")
        if key == "account_name":
            return self.names.account(header)
        if key == "other_account":
            return self.names.account(self.sides.other(document, header) if header else None)
        amount = total or 0
        if header is not None:
            amount = natural(self.names.accounts[header], self.sides.amount(document, header))
        department = (document.body.get("DepartmentRef") or {}).get("value", "")
        found = {
            "is_no_post": "Yes" if total is None else "No",
            "memo": document.memo,
            "subt_nat_amount": money(amount),
            "dept_name": self.names.departments.get(department, ""),
        }
        return named(found[key]) if key in found else _of_document(key, document)


def _of_document(key: str, document: Document) -> Cell:
    meta = document.body.get("MetaData") or {}
    found = {
        "tx_date": document.on.isoformat(),
        "doc_num": document.number,
        "due_date": document.due.isoformat() if document.due else "",
        "create_date": str(meta.get("CreateTime", "")),
        "last_mod_date": str(meta.get("LastUpdatedTime", "")),
    }
    return named(document.type, document.id) if key == "txn_type" else named(found[key])


def _chosen(columns: str | None, usual: Mapping[str, str], extra: Mapping[str, str]) -> list[str]:
    """The columns asked for that there are, in the order asked; the usual ones when none is known."""
    wanted = [word.strip() for word in (columns or "").split(",")]
    return [word for word in wanted if word in usual or word in extra] or list(usual)
