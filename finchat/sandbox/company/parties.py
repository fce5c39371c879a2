"""The contacts of the seeded company."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from finchat.sandbox.company.draws import guid, stream
from finchat.sandbox.company.vocabulary import (
    ABROAD,
    ABROAD_SUPPLIERS,
    ACQUIRERS,
    CARRIERS,
    CUSTOMER_STEMS,
    CUSTOMER_TRADES,
    ENDINGS,
    ERRANDS,
    FUEL_STOPS,
    HARDWARE,
    HOSTS,
    ONCE,
    OWNERS,
    SIBLING_WORDS,
    SOFTWARE,
    SUPPLIER_STEMS,
    SUPPLIER_TRADES,
    TOWNS,
)

Role = Literal["customer", "supplier", "office"]


@dataclass(slots=True, eq=False)
class Party:
    """A contact. `trades_as` is the name its bank prints when that is not its own."""

    id: str
    name: str
    role: Role
    currency: str
    account: str
    town: str
    habit_days: int
    sibling: bool = False
    trades_as: str = ""
    bill_style: str = ""

    @property
    def foreign(self) -> bool:
        return self.currency != "NZD"

    @property
    def printed(self) -> str:
        return self.trades_as or self.name


@dataclass(slots=True)
class Parties:
    customers: list[Party]
    suppliers: list[Party]
    bank: Party
    revenue: Party
    landlord: Party
    staff: Party
    till: Party
    power: Party
    owner: Party
    acquirer: Party
    host: Party
    software: Party
    carrier: Party
    fuel: Party
    hardware: Party
    errands: Party
    once: Party

    @property
    def office(self) -> list[Party]:
        return [
            self.bank, self.revenue, self.landlord, self.staff, self.till, self.power, self.owner, self.acquirer,
            self.host, self.software, self.carrier, self.fuel, self.hardware, self.errands, self.once,
        ]  # fmt: skip

    @property
    def all(self) -> list[Party]:
        return [*self.customers, *self.suppliers, *self.office]


def make_parties(seed: int) -> Parties:
    """Nearly sixty contacts, the same for a seed on any day."""
    draw = stream(seed, "parties")
    stems = draw.sample(CUSTOMER_STEMS, 24)
    customers = [_local(draw, stem, CUSTOMER_TRADES, "customer") for stem in stems]
    for elder, word in zip(customers[:2], SIBLING_WORDS, strict=False):
        customers.append(_sibling(draw, elder, word))
    shop, street = draw.choice(("Larder", "Corner Shed", "Boatshed", "Red Gate")), draw.choice(("Hill", "King", "Weld"))
    customers[4].trades_as = f"The {shop} on {street} St"
    suppliers = [_local(draw, stem, SUPPLIER_TRADES, "supplier") for stem in draw.sample(SUPPLIER_STEMS, 10)]
    suppliers.append(_sibling(draw, suppliers[0], SIBLING_WORDS[2]))
    for currency in ("AUD", "USD"):
        for name, town in draw.sample(ABROAD[currency], 2):
            customers.append(_party(draw, name, "customer", currency, town))
        for name, town in draw.sample(ABROAD_SUPPLIERS[currency], 1):
            suppliers.append(_party(draw, name, "supplier", currency, town))
    for supplier in suppliers:
        supplier.bill_style = draw.choice(("{n}", "SI-{n}", "{n}/A", "T{n}", "B-{n}"))
    office = [
        _party(draw, name, "office", "NZD", "WLG")
        for name in (
            "Southern Cross Bank",
            "Inland Revenue",
            "Weka Street Properties",
            "Staff Wages",
            "Counter Sales",
            "Tui Power",
            *(draw.choice(names) for names in (OWNERS, ACQUIRERS, HOSTS, SOFTWARE, CARRIERS)),
            *(draw.choice(names) for names in (FUEL_STOPS, HARDWARE, ERRANDS, ONCE)),
        )
    ]
    return Parties(customers, suppliers, *office)


# What was agreed with a customer or supplier; with most nothing was, and each document says when it is due.
_TERMS = ((20, "OFFOLLOWINGMONTH"), (14, "DAYSAFTERBILLDATE"), None, None, None)


def contact_record(party: Party, updated: str) -> dict[str, Any]:
    """The contact in Xero's own shape."""
    slug = "".join(letter for letter in party.name.lower() if letter.isascii() and letter.isalpha())[:18]
    record: dict[str, Any] = {
        "ContactID": party.id,
        "ContactStatus": "ACTIVE",
        "Name": party.name,
        "EmailAddress": "" if party.role == "office" else f"accounts@{slug}.example",
        "BankAccountDetails": party.account if party.role == "supplier" else "",
        "DefaultCurrency": party.currency,
        "IsSupplier": party.role == "supplier",
        "IsCustomer": party.role == "customer",
        "Addresses": [{"AddressType": "POBOX", "City": party.town}],
        "Phones": [{"PhoneType": "DEFAULT"}],
        "UpdatedDateUTC": updated,
    }
    side = {"customer": "Sales", "supplier": "Bills"}.get(party.role)
    if side and (terms := _TERMS[int(party.id[:2], 16) % len(_TERMS)]):
        record["PaymentTerms"] = {side: {"Day": terms[0], "Type": terms[1]}}
    return record


def _local(draw: Random, stem: str, trades: tuple[str, ...], role: Role) -> Party:
    return _party(draw, f"{stem} {draw.choice(trades)} {draw.choice(ENDINGS)}", role, "NZD", draw.choice(TOWNS))


def _sibling(draw: Random, elder: Party, word: str) -> Party:
    elder.sibling = True
    trading = elder.name
    for ending in sorted(ENDINGS, key=len, reverse=True):
        trading = trading.removesuffix(f" {ending}")
    younger = _party(draw, f"{trading} {word} Ltd", elder.role, "NZD", draw.choice(TOWNS))
    younger.sibling = True
    return younger


def _party(draw: Random, name: str, role: Role, currency: str, town: str) -> Party:
    account = f"{draw.randrange(1, 39):02d}-{draw.randrange(100, 1900):04d}-{draw.randrange(10**6, 10**7)}-00"
    return Party(guid(draw), name, role, currency, account, town, draw.choice((6, 13, 18, 24, 29, 36)))
