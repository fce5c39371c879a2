"""The items that lines of sales documents are of: QuickBooks posts such a line to its item's own account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finchat.books.documents import Account
from finchat.books.plan import Precondition
from finchat.providers.quickbooks.conditions import in_use
from finchat.providers.writing.context import CannotPropose, ItemUnclear, WriteContext

_NAMES = ("Id", "Sku", "FullyQualifiedName", "Name")
_SOLD = ("Service", "NonInventory", "Inventory")


@dataclass(frozen=True, slots=True)
class Item:
    """`income` and `expense`: the accounts its lines post to, "" for none."""

    id: str
    name: str
    type: str
    income: str
    expense: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Item:
        def account(name: str) -> str:
            return str((record.get(name) or {}).get("value", ""))

        stocked = record.get("Type") == "Inventory"
        return cls(
            id=str(record["Id"]),
            name=str(record.get("FullyQualifiedName") or record.get("Name", "")),
            type=str(record.get("Type", "")),
            income=account("IncomeAccountRef"),
            expense=account("AssetAccountRef" if stocked else "ExpenseAccountRef"),
        )

    @property
    def preconditions(self) -> tuple[Precondition, ...]:
        """It is in use, and posts where it did."""
        told = {"income_account": self.income, "expense_account": self.expense}
        return (
            in_use("item", self.id),
            *(Precondition(type="item", id=self.id, field=field, expected=id or "none") for field, id in told.items()),
        )


def item_named(context: WriteContext, code: str) -> Item:
    """The item of a name, SKU or id. Raises CannotPropose unless exactly one active one has it."""
    rows = [row for (kind, _), row in context.records.items() if kind == "item" and row.get("Active", True)]
    for name in _NAMES:
        found = [row for row in rows if str(row.get(name, "")).casefold() == code.casefold()]
        if len(found) == 1:
            return Item.of(found[0])
    raise CannotPropose(f"no item of QuickBooks is called {code}", next="name one of the items there")


def item_for(context: WriteContext, account: Account) -> Item:
    """The only item of services, or else of goods that are not stocked, whose sales post to an account. Raises
    CannotPropose when there is none or more than one: which is meant, only a person can say."""
    items = [Item.of(row) for (kind, _), row in context.records.items() if kind == "item" and row.get("Active", True)]
    fitting = [item for item in items if item.income == account.id]
    for type in ("Service", "NonInventory"):
        found = [item for item in fitting if item.type == type]
        if len(found) == 1:
            return found[0]
        if found:
            raise ItemUnclear(
                f"QuickBooks' sales lines are of items, and {len(found)} post to {account.label}",
                tuple(item.name for item in found),
            )
    raise CannotPropose(
        f"QuickBooks' sales lines are of items, and none posts to {account.label}",
        next="name an item, or an account that an item posts to",
    )
