"""The contacts of the seeded company."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from finchat.sandbox.company.country import Country
from finchat.sandbox.company.draws import guid

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
    foreign: bool
    taxed: bool = True
    sibling: bool = False
    trades_as: str = ""
    bill_style: str = ""

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
    more: list[Party] = field(default_factory=list, kw_only=True)
    bank_abroad: Party = field(init=False)

    def __post_init__(self) -> None:
        self.bank_abroad = self.bank

    @property
    def office(self) -> list[Party]:
        return [
            self.bank, self.revenue, self.landlord, self.staff, self.till, self.power, self.owner, self.acquirer,
            self.host, self.software, self.carrier, self.fuel, self.hardware, self.errands, self.once,
        ]  # fmt: skip

    @property
    def all(self) -> list[Party]:
        return [*self.customers, *self.suppliers, *self.office, *self.more]


def make_parties(country: Country, seed: int) -> Parties:
    """Nearly sixty contacts, the same for a seed on any day."""
    draw, words = country.stream(seed, "parties"), country.words
    maker = Maker(country, draw)
    customers = [maker.local(stem, words.CUSTOMER_TRADES, "customer") for stem in draw.sample(words.CUSTOMER_STEMS, 24)]
    for elder, word in zip(customers[:2], words.SIBLING_WORDS, strict=False):
        customers.append(maker.sibling(elder, word))
    shop, street = draw.choice(words.SHOPS), draw.choice(words.STREETS)
    customers[4].trades_as = words.SHOP_NAME.format(shop=shop, street=street)
    suppliers = [maker.local(stem, words.SUPPLIER_TRADES, "supplier") for stem in draw.sample(words.SUPPLIER_STEMS, 10)]
    suppliers.append(maker.sibling(suppliers[0], words.SIBLING_WORDS[2]))
    for currency in country.middle_rates:
        for name, town in draw.sample(words.ABROAD[currency], 2):
            customers.append(maker.party(name, "customer", currency, town))
        for name, town in draw.sample(words.ABROAD_SUPPLIERS[currency], 1):
            suppliers.append(maker.party(name, "supplier", currency, town))
    for supplier in suppliers:
        supplier.bill_style = draw.choice(("{n}", "SI-{n}", "{n}/A", "T{n}", "B-{n}"))
    chosen = (
        words.OWNERS, words.ACQUIRERS, words.HOSTS, words.SOFTWARE, words.CARRIERS, words.FUEL_STOPS, words.HARDWARE,
        words.ERRANDS, words.ONCE,
    )  # fmt: skip
    office = [
        maker.party(name, "office", country.currency, country.town)
        for name in (*words.OFFICE, *(draw.choice(names) for names in chosen))
    ]
    for customer in customers:
        own = country.stream(seed, "taxed", customer.name)
        customer.taxed = not customer.foreign and own.random() < country.taxed_share
    parties = Parties(customers, suppliers, *office)
    if country.one_currency_each:
        abroad = Maker(country, country.stream(seed, "bank abroad"))
        parties.bank_abroad = abroad.party(f"{parties.bank.name} {country.held}", "office", country.held, country.town)
        parties.more.append(parties.bank_abroad)
    return parties


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


class Maker:
    """Makes parties of one country."""

    def __init__(self, country: Country, draw: Random) -> None:
        self._country = country
        self._draw = draw

    def local(self, stem: str, trades: Sequence[str], role: Role) -> Party:
        words = self._country.words
        name = f"{stem} {self._draw.choice(trades)} {self._draw.choice(words.ENDINGS)}"
        return self.party(name, role, self._country.currency, self._draw.choice(words.TOWNS))

    def sibling(self, elder: Party, word: str) -> Party:
        elder.sibling = True
        words = self._country.words
        trading = elder.name
        for ending in sorted(words.ENDINGS, key=len, reverse=True):
            trading = trading.removesuffix(f" {ending}")
        name = f"{trading} {word} {words.ENDINGS[0]}"
        younger = self.party(name, elder.role, self._country.currency, self._draw.choice(words.TOWNS))
        younger.sibling = True
        return younger

    def party(self, name: str, role: Role, currency: str, town: str) -> Party:
        account = self._country.account_number(self._draw)
        identity, habit = guid(self._draw), self._draw.choice((6, 13, 18, 24, 29, 36))
        return Party(identity, name, role, currency, account, town, habit, currency != self._country.currency)
