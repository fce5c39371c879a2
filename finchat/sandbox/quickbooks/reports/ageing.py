"""The layout of what customers owe and what vendors are owed: by age, by balance, in sum and document by document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from finchat.sandbox.quickbooks.reports.entries import OpenItem, Party
from finchat.sandbox.quickbooks.reports.layout import Cell, Column, Row, amounts, blanks, data, money, named, section


@dataclass(frozen=True, slots=True)
class Buckets:
    """Ages in days past due: current, then `count` periods of `days` each, then everything older."""

    days: int = 30
    count: int = 3

    def index(self, past_due: int) -> int:
        return 0 if past_due <= 0 else min((past_due - 1) // self.days + 1, self.count + 1)

    @property
    def titles(self) -> list[str]:
        spans = [f"{n * self.days + 1} - {(n + 1) * self.days}" for n in range(self.count)]
        return ["Current", *spans, f"{self.count * self.days + 1} and over"]

    def heading(self, index: int) -> str:
        if index == 0:
            return "Current"
        if index > self.count:
            return f"{self.count * self.days + 1} or more days past due"
        return f"{self.titles[index]} days past due"


def past_due(item: OpenItem, as_of: date) -> int:
    """Days since it was due; payments and credits age from their own date."""
    return (as_of - (item.document.due or item.document.on)).days


def aged_columns(who: str, buckets: Buckets) -> list[Column]:
    return [Column("", who), *(Column(title, "Money") for title in (*buckets.titles, "Total"))]


def aged_rows(items: Sequence[OpenItem], buckets: Buckets, as_of: date) -> list[Row]:
    """One row for each party with anything open, by name, and the grand total."""
    sums: dict[Party, list[int]] = {}
    for item in items:
        if item.open:
            held = sums.setdefault(item.party, [0] * (buckets.count + 2))
            held[buckets.index(past_due(item, as_of))] += item.open
    rows = []
    for party in sorted(sums, key=_by_name):
        values = [*(value or None for value in sums[party]), sum(sums[party])]
        rows.append({"ColData": [named(party.name, party.id), *amounts(values)]})
    if rows:
        totals = [sum(column) for column in zip(*sums.values(), strict=True)]
        rows.append(_grand_total([*totals, sum(totals)]))
    return rows


def balance_rows(items: Sequence[OpenItem]) -> list[Row]:
    """One row for each party with a balance, and the grand total."""
    sums: dict[Party, int] = {}
    for item in items:
        sums[item.party] = sums.get(item.party, 0) + item.amount
    rows = [
        {"ColData": [named(party.name, party.id), *amounts([sums[party]])]}
        for party in sorted(sums, key=_by_name)
        if sums[party]
    ]
    return [*rows, _grand_total([sum(sums.values())])] if rows else []


Detail = Callable[[OpenItem], Cell]
_DETAILS: Mapping[str, tuple[str, Detail]] = {
    "tx_date": ("Date", lambda item: named(item.document.on.isoformat())),
    "txn_type": ("Transaction Type", lambda item: named(item.document.type, item.document.id)),
    "doc_num": ("Num", lambda item: named(item.document.number)),
    "name": ("Name", lambda item: named(item.party.name, item.party.id)),
    "due_date": ("Due Date", lambda item: named(item.document.due.isoformat() if item.document.due else "")),
    "memo": ("Memo/Description", lambda item: named(item.document.memo)),
    "amount": ("Amount", lambda item: named(money(item.amount))),
    "open": ("Open Balance", lambda item: named(money(item.open))),
}


@dataclass(frozen=True, slots=True)
class Details:
    """The columns of a list of documents: how each is called for receivables (`sign` 1) or payables (-1)."""

    keys: Sequence[str]
    receivable: bool
    as_of: date

    @classmethod
    def aged(cls, *, receivable: bool, as_of: date) -> Details:
        keys = ("tx_date", "txn_type", "doc_num", "name", "due_date", "past_due", "amount", "open")
        return cls([key for key in keys if key != "past_due" or not receivable], receivable, as_of)

    @classmethod
    def of_balance(cls, *, receivable: bool, as_of: date) -> Details:
        return cls(("tx_date", "txn_type", "doc_num", "due_date", "amount", "open", "running"), receivable, as_of)

    @property
    def names(self) -> dict[str, str]:
        """The vendor's column keys, by ours."""
        neg = "" if self.receivable else "neg_"
        party = "cust_name" if self.receivable else "vend_name"
        own = {"name": party, "amount": f"subt_{neg}amount", "open": f"subt_{neg}open_bal"}
        own["running"] = f"rbal_{neg}open_bal"
        return {key: own.get(key, key) for key in self.keys}

    def chosen(self, columns: str | None) -> Details:
        """Only the columns asked for, by the vendor's keys; all when none of them is known."""
        wanted = [word.strip() for word in (columns or "").split(",")]
        ours = {theirs: key for key, theirs in self.names.items()}
        kept = [ours[word] for word in wanted if word in ours]
        return Details(kept or self.keys, self.receivable, self.as_of)

    def columns(self) -> list[Column]:
        party = "Customer" if self.receivable else "Vendor"
        special = {"name": party, "past_due": "Past Due", "running": "Balance"}
        return [Column(special.get(key) or _DETAILS[key][0], self.names[key]) for key in self.keys]

    def row(self, item: OpenItem, running: int = 0) -> Row:
        cells = []
        for key in self.keys:
            if key == "past_due":
                cells.append(named(str(past_due(item, self.as_of)) if item.document.due else ""))
            elif key == "running":
                cells.append(named(money(running)))
            else:
                cells.append(_DETAILS[key][1](item))
        return data(cells)

    def head(self, first: Cell) -> list[Cell]:
        return [first, *blanks(len(self.keys) - 1)]

    def summary(self, title: str, items: Sequence[OpenItem]) -> list[Cell]:
        sums = {"amount": sum(item.amount for item in items), "open": sum(item.open for item in items)}
        cells = [named(money(sums[key]) if key in sums else "") for key in self.keys]
        return [named(title), *cells[1:]]


def aged_detail_rows(items: Sequence[OpenItem], buckets: Buckets, details: Details) -> list[Row]:
    """The open documents, the oldest bucket first, and the grand total."""
    kept = sorted((item for item in items if item.open), key=_by_date)
    rows = []
    for index in range(buckets.count + 1, -1, -1):
        inside = [item for item in kept if buckets.index(past_due(item, details.as_of)) == index]
        if inside:
            heading = buckets.heading(index)
            listed = [details.row(item) for item in inside]
            summary = details.summary(f"Total for {heading}", inside)
            rows.append(section(details.head(named(heading)), listed, summary))
    if rows:
        rows.append(section(None, None, details.summary("TOTAL", kept), "GrandTotal"))
    return rows


def balance_detail_rows(items: Sequence[OpenItem], details: Details) -> list[Row]:
    """The open documents of each party with the balance running, and the grand total."""
    kept = [item for item in items if item.open]
    rows = []
    for party in sorted({item.party for item in kept}, key=_by_name):
        listed, running = [], 0
        own = sorted((item for item in kept if item.party == party), key=_by_date)
        for item in own:
            running += item.open
            listed.append(details.row(item, running))
        summary = details.summary(f"Total for {party.name}", own)
        rows.append(section(details.head(named(party.name, party.id)), listed, summary))
    if rows:
        rows.append(section(None, None, details.summary("TOTAL", kept), "GrandTotal"))
    return rows


def _grand_total(values: Sequence[int]) -> Row:
    return section(None, None, [named("TOTAL"), *amounts(values)], "GrandTotal")


def _by_name(party: Party) -> tuple[str, str]:
    return party.name.casefold(), party.id


def _by_date(item: OpenItem) -> tuple[date, int]:
    return item.document.on, int(item.document.id)
