"""Records as they are kept: found, numbered, stored, and shown as the API shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sqlite3 import Row
from typing import TYPE_CHECKING, Any

from finchat.sandbox import exact_json
from finchat.sandbox.quickbooks import errors
from finchat.sandbox.quickbooks.entities import ENTITIES, Entity
from finchat.sandbox.quickbooks.values import dig, shown_instant

if TYPE_CHECKING:
    from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd

# The property that names a record, by the entity it names. EntityRef says its entity beside it.
REFERENCES: Mapping[str, str] = {
    "CustomerRef": "Customer",
    "VendorRef": "Vendor",
    "PrefVendorRef": "Vendor",
    "EmployeeRef": "Employee",
    "ItemRef": "Item",
    "GroupItemRef": "Item",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "SalesTermRef": "Term",
    "TermRef": "Term",
    "PaymentMethodRef": "PaymentMethod",
    "AgencyRef": "TaxAgency",
    "TaxRateRef": "TaxRate",
    **dict.fromkeys(
        (
            "AccountRef",
            "DepositToAccountRef",
            "ARAccountRef",
            "APAccountRef",
            "BankAccountRef",
            "CCAccountRef",
            "IncomeAccountRef",
            "ExpenseAccountRef",
            "AssetAccountRef",
            "FromAccountRef",
            "ToAccountRef",
            "DiscountAccountRef",
            "ItemAccountRef",
        ),
        "Account",
    ),
}
# Entities of which a company has exactly one.
SINGLE = ("CompanyInfo", "Preferences")
_LONGEST_NUMBER = 15


@dataclass(slots=True)
class Record:
    """A record of an entity. Amounts are hundredths of its currency; `home_*` of the company's."""

    entity: Entity
    id: str
    body: dict[str, Any]
    sync: int = 0
    active: bool = True
    deleted: bool = False
    voided: bool = False
    created: str = ""
    updated: str = ""
    name: str | None = None
    date: str | None = None
    due: str | None = None
    number: str | None = None
    party: str | None = None
    currency: str | None = None
    rate: str | None = None
    total: int = 0
    balance: int = 0
    home_total: int = 0
    home_balance: int = 0
    parent: str | None = None
    seq: int | None = field(default=None, compare=False)

    @property
    def source(self) -> str:
        """What the ledger's journals call it."""
        return f"{self.entity.name}:{self.id}"


_NAMES = """id sync active deleted voided created updated name date due number party currency rate total balance
    home_total home_balance parent"""
_COLUMNS = _NAMES.split()


class Records:
    """The records of one company; the caller owns the transaction."""

    def __init__(self, back_end: QuickBooksBackEnd) -> None:
        self.back_end = back_end
        self.db = back_end.db

    # -- finding

    def get(self, entity: Entity | str, id: str) -> Record | None:
        """The record, unless there is none or it was deleted."""
        name = entity if isinstance(entity, str) else entity.name
        row = self.db.execute("SELECT * FROM record WHERE entity = ? AND id = ? AND deleted = 0", (name, id)).fetchone()
        return None if row is None else self.made(row)

    def read(self, entity: Entity, given: str) -> Record:
        """The record that a path or a payload names. Raises Fault 2030 or 610."""
        if not given.isascii() or not (given.isdigit() or (entity.name == "TaxCode" and given.isalpha())):
            raise errors.bad_id(given)
        if (found := self.get(entity, given)) is None:
            raise errors.not_found()
        return found

    def find(self, entity: Entity, rest: tuple[str, ...], query: Mapping[str, str]) -> Record | None:
        """What a GET names: by id, the only one there is, or a rate by currency and day. None: no such path."""
        if entity.name in SINGLE:
            return self.single(entity.name) if len(rest) <= (entity.name == "CompanyInfo") else None
        if entity.name == "ExchangeRate" and not rest:
            given = {key.lower(): value for key, value in query.items()}
            return self.exchange_rate(given.get("sourcecurrencycode", ""), given.get("asofdate"))
        return self.read(entity, rest[0]) if len(rest) == 1 else None

    def single(self, entity: str) -> Record:
        row = self.db.execute("SELECT * FROM record WHERE entity = ?", (entity,)).fetchone()
        if row is None:
            raise errors.not_found()
        return self.made(row)

    def exchange_rate(self, currency: str, day: str | None) -> Record:
        """The rate of a currency on a day, or the last one before; the latest of all without one. Raises Fault 610."""
        if (found := self.rate_on(currency.upper(), day or "9999-12-31")) is None:
            raise errors.not_found()
        return found

    def rate_on(self, currency: str, day: str) -> Record | None:
        row = self.db.execute(
            "SELECT * FROM record WHERE entity = 'ExchangeRate' AND name = ? AND date <= ?"
            " ORDER BY date DESC, seq DESC LIMIT 1",
            (currency, day),
        ).fetchone()
        return None if row is None else self.made(row)

    def below(self, record: Record) -> Iterator[Record]:
        """What stands directly below a name."""
        return self.where("entity = ? AND parent = ?", (record.entity.name, record.id))

    def where(self, condition: str, values: tuple[Any, ...]) -> Iterator[Record]:
        """Live records under a condition that this package wrote."""
        for row in self.db.execute(
            f"SELECT * FROM record WHERE deleted = 0 AND {condition}",  # noqa: S608 - no outside text
            values,
        ).fetchall():
            yield self.made(row)

    def named(self, entity: str, id: str) -> str | None:
        """A record's name as references show it; None when there is no such record."""
        row = self.db.execute(
            "SELECT name FROM record WHERE entity = ? AND id = ? AND deleted = 0", (entity, id)
        ).fetchone()
        return None if row is None else str(row[0] or "")

    def is_active(self, entity: str, id: str) -> bool:
        row = self.db.execute("SELECT active FROM record WHERE entity = ? AND id = ?", (entity, id)).fetchone()
        return bool(row and row[0])

    def reference(self, entity: str, id: str) -> dict[str, str]:
        """{"value", "name"} of a record that is known to exist."""
        name = self.named(entity, id)
        return {"value": id, "name": name} if name else {"value": id}

    # -- keeping

    def next_id(self, sequence: str) -> str:
        """The next Id of a run of numbers."""
        row = self.db.execute(
            "INSERT INTO sequence VALUES(?, 1) ON CONFLICT(name) DO UPDATE SET last = last + 1 RETURNING last",
            (sequence,),
        ).fetchone()
        return str(row[0])

    def taken(self, sequence: str, id: str) -> None:
        """An Id that was given from outside is never given out again."""
        if id.isascii() and id.isdigit() and len(id) <= _LONGEST_NUMBER:
            self.db.execute(
                "INSERT INTO sequence VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET last = max(last, excluded.last)",
                (sequence, int(id)),
            )

    def insert(self, record: Record) -> None:
        cursor = self.db.execute(
            f"INSERT INTO record(entity, body, {', '.join(_COLUMNS)}) VALUES(?, ?{', ?' * len(_COLUMNS)})",
            (record.entity.name, exact_json.write(record.body), *_values(record)),
        )
        record.seq = cursor.lastrowid

    def save(self, record: Record) -> None:
        self.db.execute(
            f"UPDATE record SET body = ?, {', '.join(f'{name} = ?' for name in _COLUMNS)} WHERE seq = ?",  # noqa: S608
            (exact_json.write(record.body), *_values(record), record.seq),
        )

    def made(self, row: Row) -> Record:
        """A Record of a row of the table `record`."""
        found = {name: row[name] for name in _COLUMNS}
        for flag in ("active", "deleted", "voided"):
            found[flag] = bool(found[flag])
        return Record(ENTITIES[row["entity"]], body=exact_json.read(row["body"]), seq=row["seq"], **found)

    # -- showing

    @staticmethod
    def shown(record: Record) -> dict[str, Any]:
        """The object as the API shows it."""
        head: dict[str, Any] = {"domain": "QBO", "sparse": False, "Id": record.id, "SyncToken": str(record.sync)}
        times = {"CreateTime": shown_instant(record.created), "LastUpdatedTime": shown_instant(record.updated)}
        if record.entity.name == "ExchangeRate":
            del head["Id"]
            times.pop("CreateTime")
        return {**head, "MetaData": times, **record.body}

    @staticmethod
    def written(row: Row) -> exact_json.Raw:
        """The same of a row of the table, without reading its body: what a page of a thousand is made of."""
        entity, body = ENTITIES[row["entity"]], row["body"]
        bare = Record(entity, row["id"], {}, sync=row["sync"], created=row["created"], updated=row["updated"])
        head = exact_json.write(Records.shown(bare))
        return exact_json.Raw(head if body == "{}" else f"{head[:-1]},{body[1:]}")

    @staticmethod
    def tombstone(record: Record) -> dict[str, Any]:
        """A deleted object, as the answer to its deletion has it."""
        return {"domain": "QBO", "status": "Deleted", "Id": record.id}


def _values(record: Record) -> tuple[Any, ...]:
    record.parent = dig(record.body, "ParentRef", "value")
    return tuple(getattr(record, name) for name in _COLUMNS)
