"""What reports read of a company: its accounts, the ledger's postings, and who and what each of them was for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from finchat.sandbox import exact_json
from finchat.sandbox.quickbooks.entities import ACCOUNT_TYPES, ENTITIES
from finchat.sandbox.quickbooks.reports.entries import Document, Entry, OpenItem, Party, type_name
from finchat.sandbox.quickbooks.reports.periods import EARLIEST, Period
from finchat.sandbox.quickbooks.reports.statements import PROFIT_TYPES, Account

if TYPE_CHECKING:
    from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd

_ON_ACCOUNT = ("Invoice", "CreditMemo", "Bill", "VendorCredit")
_DOCUMENT = "SELECT entity, id, date, due, number, body, created, updated FROM record"
_DIMENSIONS = {
    "Customers": "CASE party_entity WHEN 'Customer' THEN party END",
    "Vendors": "CASE party_entity WHEN 'Vendor' THEN party END",
    "Employees": "CASE party_entity WHEN 'Employee' THEN party END",
    "Classes": "class",
    "Departments": "department",
    "ProductsAndServices": "item",
}
_LIST_OF = {
    "Customers": "Customer",
    "Vendors": "Vendor",
    "Employees": "Employee",
    "Classes": "Class",
    "Departments": "Department",
    "ProductsAndServices": "Item",
}


@dataclass(frozen=True, slots=True)
class Only:
    """Which part of the books a report is about: ids by dimension (as `_DIMENSIONS` has them), accounts; cash basis."""

    wanted: tuple[tuple[str, tuple[str, ...]], ...] = ()
    accounts: tuple[str, ...] = ()
    cash: bool = False

    @property
    def everything(self) -> bool:
        return not self.wanted and not self.accounts

    def takes(self, entry: Entry) -> bool:
        if self.accounts and entry.account not in self.accounts:
            return False
        return all(_dimension(entry, dimension) in ids for dimension, ids in self.wanted)

    def sql(self) -> tuple[str, list[str]]:
        """A condition on `split` and its values."""
        parts: list[str] = []
        values: list[str] = []
        for dimension, ids in self.wanted:
            parts.append(f" AND {_DIMENSIONS[dimension]} IN ({','.join('?' * len(ids))})")
            values += ids
        if self.accounts:
            parts.append(f" AND account IN ({','.join('?' * len(self.accounts))})")
            values += self.accounts
        return "".join(parts), values


class Books:
    """The books of one request. Amounts are hundredths of the home currency, debit positive."""

    def __init__(self, back_end: QuickBooksBackEnd) -> None:
        self.back_end = back_end
        self.db = back_end.db
        self._documents: dict[tuple[str, str], Document] = {}

    @cached_property
    def accounts(self) -> list[Account]:
        """In the order of reports: by type as a balance sheet and then a profit and loss have them, then by name."""
        found = []
        for id, text in self.db.execute("SELECT id, body FROM record WHERE entity = 'Account' AND deleted = 0"):
            body = exact_json.read(text)
            parent = (body.get("ParentRef") or {}).get("value") if body.get("SubAccount") else None
            name, full = str(body.get("Name", "")), str(body.get("FullyQualifiedName") or body.get("Name", ""))
            found.append(Account(id, name, full, body["AccountType"], body.get("AccountSubType", ""), parent))
        order = list(ACCOUNT_TYPES)
        return sorted(found, key=lambda account: (order.index(account.type), account.full_name.casefold(), account.id))

    @cached_property
    def by_id(self) -> dict[str, Account]:
        return {account.id: account for account in self.accounts}

    def names(self, entity: str) -> dict[str, str]:
        rows = self.db.execute("SELECT id, coalesce(name, '') FROM record WHERE entity = ?", (entity,))
        return dict(rows.fetchall())

    def _ids(self, *types: str) -> list[str]:
        return [account.id for account in self.accounts if account.type in types]

    # -- amounts by account

    def moved(self, period: Period, only: Only) -> dict[str, int]:
        """What moved in a period, by account."""
        if only.cash:
            return _by_account(entry for entry in self.entries(period, only))
        if only.everything:
            held = self.back_end.ledger.balances(first=period.first, last=period.last)
            return {account: balance.amount for account, balance in held.items()}
        condition, values = only.sql()
        rows = self.db.execute(
            f"SELECT account, sum(amount) FROM split WHERE date BETWEEN ? AND ?{condition} GROUP BY account",  # noqa: S608
            [*_ends(period), *values],
        )
        return dict(rows.fetchall())

    def standing(self, as_of: date, only: Only) -> dict[str, int]:
        """What stood as of a day, by account, without any closing of years."""
        return self.moved(Period(EARLIEST, as_of), only)

    def closed(self, as_of: date, only: Only) -> dict[str, int]:
        """What stood as of a day when every year's profit went to retained earnings at its end."""
        year = Period(self.back_end.year_start(as_of), as_of)
        held, of_the_year = self.standing(as_of, only), self.moved(year, only)
        profit = self._ids(*PROFIT_TYPES)
        earlier = sum(held.get(id, 0) - of_the_year.get(id, 0) for id in profit)
        closed = {id: amount for id, amount in held.items() if id not in profit}
        closed |= {id: of_the_year[id] for id in profit if id in of_the_year}
        if (retained := self.retained_earnings) is not None:
            closed[retained.id] = closed.get(retained.id, 0) + earlier
        return closed

    def profit(self, as_of: date, only: Only) -> tuple[int, int]:
        """Net income of the financial year up to a day, and of all years before it; positive when earned."""
        year = self.moved(Period(self.back_end.year_start(as_of), as_of), only)
        ever = self.standing(as_of, only)
        profit = self._ids(*PROFIT_TYPES)
        now = -sum(year.get(id, 0) for id in profit)
        return now, -sum(ever.get(id, 0) for id in profit) - now

    @property
    def retained_earnings(self) -> Account | None:
        return next((account for account in self.accounts if account.sub_type == "RetainedEarnings"), None)

    def divided(self, period: Period, only: Only, dimension: str) -> dict[str | None, dict[str, int]]:
        """What moved, by the id of a customer, vendor, class …; None is what names none."""
        if only.cash:
            found: dict[str | None, dict[str, int]] = {}
            for entry in self.entries(period, only):
                held = found.setdefault(_dimension(entry, dimension), {})
                held[entry.account] = held.get(entry.account, 0) + entry.amount
            return found
        condition, values = only.sql()
        rows = self.db.execute(
            f"SELECT {_DIMENSIONS[dimension]} AS whose, account, sum(amount) FROM split"  # noqa: S608
            f" WHERE date BETWEEN ? AND ?{condition} GROUP BY whose, account",
            [*_ends(period), *values],
        )
        found = {}
        for whose, account, amount in rows:
            found.setdefault(whose, {})[account] = amount
        return found

    def whose(self, dimension: str) -> dict[str, str]:
        """The names of a dimension's members, by id."""
        return self.names(_LIST_OF[dimension])

    # -- documents

    def document(self, entity: str, id: str) -> Document:
        """A transaction, or an item whose first stock was posted with it."""
        found = self._documents.get((entity, id))
        if found is None:
            row = self.db.execute(f"{_DOCUMENT} WHERE entity = ? AND id = ?", (entity, id)).fetchone()
            found = self._documents[entity, id] = self._made(row)
        return found

    def _made(self, row: Sequence[Any]) -> Document:
        entity, id, on, due, number, text, created, updated = row
        body = exact_json.read(text)
        body["MetaData"] = {"CreateTime": created, "LastUpdatedTime": updated}
        return Document(
            entity=entity,
            id=id,
            type=type_name(entity, body),
            number=number or str(body.get("DocNumber") or body.get("PaymentRefNum") or ""),
            on=date.fromisoformat(on or body["InvStartDate"]),
            due=date.fromisoformat(due) if due else None,
            party=self._party_of(entity, body),
            memo=str(body.get("PrivateNote") or ""),
            body=body,
        )

    def _party_of(self, entity: str, body: Mapping[str, Any]) -> Party | None:
        prop = ENTITIES[entity].party
        ref = body.get(prop) or {}
        kind = str(ref.get("type") or "Vendor") if prop == "EntityRef" else prop.removesuffix("Ref")
        return self.party(kind, ref.get("value")) if prop else None

    def party(self, kind: str | None, id: str | None) -> Party | None:
        if not kind or not id:
            return None
        return Party(kind, id, self._parties.get((kind, id), ""))

    @cached_property
    def _parties(self) -> dict[tuple[str, str], str]:
        rows = self.db.execute(
            "SELECT entity, id, coalesce(json_extract(body, '$.FullyQualifiedName'), name, '') FROM record"
            " WHERE entity IN ('Customer', 'Vendor', 'Employee')"
        )
        return {(entity, id): name for entity, id, name in rows}

    def listed(self, period: Period) -> list[Document]:
        """The transactions dated in a period, by date."""
        kinds = [name for name, entity in ENTITIES.items() if entity.kind == "transaction" and name != "TimeActivity"]
        rows = self.db.execute(
            f"{_DOCUMENT} WHERE entity IN ({','.join('?' * len(kinds))}) AND deleted = 0 AND date BETWEEN ? AND ?"
            " ORDER BY date, seq",
            [*kinds, *_ends(period)],
        )
        return [self._documents.setdefault((row[0], row[1]), self._made(row)) for row in rows.fetchall()]

    def total(self, document: Document) -> int:
        """The home amount of a document, whether it posts or not."""
        row = self.db.execute(
            "SELECT home_total FROM record WHERE entity = ? AND id = ?", (document.entity, document.id)
        ).fetchone()
        return int(row[0])

    def entries(self, period: Period, only: Only) -> list[Entry]:
        """The postings of a period with who and what for, by date."""
        if only.cash:
            return [entry for entry in self._cash if period.first <= entry.on <= period.last and only.takes(entry)]
        condition, values = only.sql()
        return self._split(f"date BETWEEN ? AND ?{condition}", [*_ends(period), *values])

    def _split(self, condition: str, values: Sequence[str]) -> list[Entry]:
        rows = self.db.execute(
            "SELECT entity, id, date, account, amount, party_entity, party, class, department, item, memo FROM split"  # noqa: S608
            f" WHERE {condition} ORDER BY date, seq",
            values,
        )
        return [
            Entry(
                document=self.document(entity, id),
                on=date.fromisoformat(on),
                account=account,
                amount=amount,
                party=self.party(kind, party),
                memo=memo or "",
                classed=classed,
                department=department,
                item=item,
            )
            for entity, id, on, account, amount, kind, party, classed, department, item, memo in rows
        ]

    @cached_property
    def _cash(self) -> list[Entry]:
        """All postings on cash basis: what stands on account counts when and as far as it is settled.

        Every part of an invoice, bill or credit is taken in proportion to each settlement, on its day; what is rounded
        stays in the control account, so that every part balances and the parts of a settled document are the whole.
        """
        parts: dict[tuple[str, str], list[Entry]] = {}
        found: list[Entry] = []
        for entry in self._split("1", []):
            if entry.document.entity in _ON_ACCOUNT:
                parts.setdefault((entry.document.entity, entry.document.id), []).append(entry)
            else:
                found.append(entry)
        control = set(self._ids("Accounts Receivable", "Accounts Payable"))
        totals = {(entity, id): total for entity, id, total in self.db.execute("SELECT entity, id, total FROM record")}
        taken: dict[tuple[str, str], int] = {}
        for entity, id, amount, on in self.db.execute(
            "SELECT target_entity, target, amount, date FROM link WHERE source_entity IN ('Payment', 'BillPayment')"
            " ORDER BY date, seq"
        ):
            key = (entity, id)
            if key not in parts or not totals[key]:
                continue
            before = taken.get(key, 0)
            taken[key] = before + abs(amount)
            day = max(date.fromisoformat(on), parts[key][0].on)
            scaled = [
                replace(part, on=day, amount=share(part.amount, before, taken[key], totals[key])) for part in parts[key]
            ]
            off = sum(part.amount for part in scaled)
            first = next((n for n, part in enumerate(scaled) if part.account in control), 0)
            scaled[first] = replace(scaled[first], amount=scaled[first].amount - off)
            found += [part for part in scaled if part.amount]
        return sorted(found, key=lambda entry: entry.on)

    # -- what is open

    def open_items(self, *, receivable: bool, as_of: date, parties: Iterable[str] | None = None) -> list[OpenItem]:
        """Documents in the control accounts as of a day, settlements of later days undone; positive when owed.

        Their open amounts add up to the balance of the control accounts.
        """
        sign = 1 if receivable else -1
        control = self._ids("Accounts Receivable" if receivable else "Accounts Payable")
        marks = ",".join("?" * len(control))
        amounts: dict[tuple[str, str, str, str], int] = {}
        for entity, id, kind, party, amount in self.db.execute(
            "SELECT entity, id, coalesce(party_entity, ''), coalesce(party, ''), sum(amount) FROM split"  # noqa: S608
            f" WHERE account IN ({marks}) AND date <= ? GROUP BY entity, id, party_entity, party ORDER BY date, seq",
            [*control, as_of.isoformat()],
        ):
            amounts[entity, id, kind, party] = sign * amount
        whose: dict[tuple[str, str], list[tuple[str, str, str, str]]] = {}
        for key in amounts:
            whose.setdefault(key[:2], []).append(key)
        open_of = dict(amounts)
        for source_entity, source, entity, id, amount in self.db.execute(
            "SELECT source_entity, source, target_entity, target, home_amount FROM link"
            " WHERE date <= ? AND source_entity IN ('Payment', 'BillPayment') ORDER BY seq",
            (as_of.isoformat(),),
        ):
            settling, settled = whose.get((source_entity, source)), whose.get((entity, id))
            if settling and settled:
                payer = settling[0]
                # A journal entry may hold several parties: the payer's own part of it is settled.
                target = next((key for key in settled if key[2:] == payer[2:]), settled[0])
                taken = amount if amounts[target] > 0 else -amount
                open_of[target] -= taken
                open_of[payer] += taken
        wanted = None if parties is None else set(parties)
        nobody = Party("Customer" if receivable else "Vendor", "", "")
        return [
            OpenItem(self.document(key[0], key[1]), self.party(key[2], key[3]) or nobody, amount, open_of[key])
            for key, amount in amounts.items()
            if wanted is None or key[3] in wanted
        ]


def _by_account(entries: Iterable[Entry]) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in entries:
        found[entry.account] = found.get(entry.account, 0) + entry.amount
    return found


def _dimension(entry: Entry, dimension: str) -> str | None:
    kind = _LIST_OF[dimension]
    if kind in ("Customer", "Vendor", "Employee"):
        return entry.party.id if entry.party and entry.party.kind == kind else None
    return {"Class": entry.classed, "Department": entry.department, "Item": entry.item}[kind]


def share(amount: int, before: int, after: int, whole: int) -> int:
    """What of an amount belongs to the part of a whole from `before` to `after`.

    The parts of a whole add up to the amount: each is what is rounded up to its end, less what came before.
    """

    def until(end: int) -> int:
        size = (2 * abs(amount) * min(end, whole) + whole) // (2 * whole)
        return size if amount >= 0 else -size

    return until(after) - until(before)


def _ends(period: Period) -> tuple[str, str]:
    return period.first.isoformat(), period.last.isoformat()
