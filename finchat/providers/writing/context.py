"""What the writes of one plan share, and what they may rest on; the same for every vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finchat.books.documents import Account, AccountKind, Contact, Organisation, TaxRate, TrackingCategory
from finchat.connections.toolbox import Tool
from finchat.errors import FinchatError
from finchat.providers.operations import Operation, OperationTable

if TYPE_CHECKING:
    from finchat.providers.writing.writers import Writers


class CannotPropose(FinchatError):
    """The write cannot be put together safely; the line is reported with this reason instead."""

    code = "cannot_propose"


class ItemUnclear(CannotPropose):
    """Lines of this ledger are of items, and which one is meant only a person can say. `choices`: their names."""

    def __init__(self, message: str, choices: tuple[str, ...]) -> None:
        super().__init__(message, next="name the item")
        self.choices = choices


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteContext:
    """What all writes of one plan share. `tools`: the server's tools as they were read for this plan; `operations`:
    the profile's; `writers`: how this vendor's payloads are made.

    `tax_rates`, `tracking` and `contacts` are there once something is to be coded (`Provider.write_context` with
    `chart=True`); `rates` are a person's own, by day and currency, in base units for one unit. `records`: the ledger's
    own records as they were read for this plan, by what they are and id, where a payload needs more of one than books
    hold: the version that an update names and the lines it keeps, the account an item posts to.
    """

    plan_id: str
    organisation: Organisation
    tools: Mapping[str, Tool]
    operations: OperationTable
    writers: Writers
    accounts: Mapping[str, Account]
    allocation_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by credit, as they were read
    tax_rates: Mapping[str, TaxRate] = field(default_factory=dict)
    tracking: tuple[TrackingCategory, ...] = ()
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    rates: Mapping[date, Mapping[str, Decimal]] = field(default_factory=dict)
    records: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    @property
    def base_currency(self) -> str:
        return self.organisation.base_currency

    @property
    def vendor(self) -> str:
        """What a person calls whoever keeps the ledger."""
        return self.writers.traits.label

    def control_account(self, type: str, currency: str = "") -> str:
        """The account receivables ("invoice") or payables ("bill") are kept in, that of a `currency` where the ledger
        keeps one for each. Raises CannotPropose when the chart has none."""
        return self.system_account("receivables" if type == "invoice" else "payables", currency)

    def gain_loss_account(self, currency: str) -> str:
        """Where a realised exchange difference goes; "" for base currency, which has none."""
        return "" if currency == self.base_currency else self.system_account("gain_loss")

    def system_account(self, kind: AccountKind, currency: str = "") -> str:
        """The first of a kind, one in `currency` before others. Raises CannotPropose when the chart has none."""
        found = [account for account in self.accounts.values() if account.kind == kind]
        for account in (*(one for one in found if one.currency == currency), *found):
            return account.id
        raise CannotPropose(f"the chart of accounts has no system account for {kind.replace('_', ' and ')}")

    def undeposited_account(self) -> str:
        """Where money received waits for its deposit. Raises CannotPropose when the chart has no such account."""
        for account in self.accounts.values():
            if account.undeposited:
                return account.id
        raise CannotPropose("the chart of accounts has no undeposited funds")

    def account(self, id: str) -> Account:
        """Raises CannotPropose when the chart has none of this id."""
        if id not in self.accounts:
            raise CannotPropose(f"account {id} is not in the chart of accounts")
        return self.accounts[id]

    def bank_account(self, id: str, currency: str) -> Account:
        """An active bank account of this currency. Raises CannotPropose for anything else."""
        account = self.account(id)
        if account.kind != "bank" or not account.active:
            raise CannotPropose(f"account {account.code or account.name} is not an active bank account")
        if account.currency != currency:
            raise CannotPropose(f"account {account.code or account.name} is in {account.currency}, not {currency}")
        return account

    def operation(self, name: str) -> Operation:
        return self.operations[name]

    def tool(self, operation: str) -> Tool:
        row = self.operations[operation]
        if row.tool not in self.tools:
            raise CannotPropose(
                f"the server offers no tool {row.tool}", next="serve it with write methods: finchat serve"
            )
        return self.tools[row.tool]
