"""Where a seeded company trades: its currencies, taxes, banks and words. Everything else of it is drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Protocol

from finchat.sandbox.company import bank_words, chart, vocabulary, vocabulary_us
from finchat.sandbox.company.bank_words import Dialect
from finchat.sandbox.company.draws import stream

ONE = Decimal(1)
_CENT = Decimal("0.01")


class Vocabulary(Protocol):
    """A module of words."""

    @property
    def NUMBER_PREFIXES(self) -> Sequence[str]: ...
    @property
    def CUSTOMER_STEMS(self) -> Sequence[str]: ...
    @property
    def CUSTOMER_TRADES(self) -> Sequence[str]: ...
    @property
    def SUPPLIER_STEMS(self) -> Sequence[str]: ...
    @property
    def SUPPLIER_TRADES(self) -> Sequence[str]: ...
    @property
    def ENDINGS(self) -> Sequence[str]: ...
    @property
    def SIBLING_WORDS(self) -> Sequence[str]: ...
    @property
    def ABROAD(self) -> Mapping[str, Sequence[tuple[str, str]]]: ...
    @property
    def ABROAD_SUPPLIERS(self) -> Mapping[str, Sequence[tuple[str, str]]]: ...
    @property
    def TOWNS(self) -> Sequence[str]: ...
    @property
    def SHOPS(self) -> Sequence[str]: ...
    @property
    def STREETS(self) -> Sequence[str]: ...
    @property
    def SHOP_NAME(self) -> str: ...
    @property
    def OFFICE(self) -> Sequence[str]: ...
    @property
    def POWER_WORDS(self) -> str: ...
    @property
    def RENT_WORDS(self) -> str: ...
    @property
    def WAGES_WORDS(self) -> str: ...
    @property
    def TAX_RETURN(self) -> str: ...
    @property
    def TAX_WORDS(self) -> str: ...
    @property
    def GOODS(self) -> Sequence[tuple[str, int, int]]: ...
    @property
    def PURCHASES(self) -> Sequence[tuple[str, str, int, int]]: ...
    @property
    def PURCHASE_ORDERS(self) -> Sequence[str]: ...
    @property
    def OWNERS(self) -> Sequence[str]: ...
    @property
    def ACQUIRERS(self) -> Sequence[str]: ...
    @property
    def HOSTS(self) -> Sequence[str]: ...
    @property
    def SOFTWARE(self) -> Sequence[str]: ...
    @property
    def CARRIERS(self) -> Sequence[str]: ...
    @property
    def FUEL_STOPS(self) -> Sequence[str]: ...
    @property
    def HARDWARE(self) -> Sequence[str]: ...
    @property
    def ERRANDS(self) -> Sequence[str]: ...
    @property
    def ONCE(self) -> Sequence[str]: ...
    @property
    def NEWCOMERS(self) -> Sequence[str]: ...
    @property
    def STRANGERS(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Country:
    """`sales_tax` is charged to taxed customers, `counter_tax` is within counter sales and returns, `purchase_tax` on
    what is bought at home, `export_tax` on sales abroad and `import_tax` on purchases there: tax types of `Item`.

    `middle_rates`: foreign currency -> its usual rate in 1/100,000; home units for one foreign unit when
    `home_for_one`, else foreign units for one home unit. `held` is the foreign currency with an account of its own.
    `tax_on_total`: tax is of all that it applies to, not of each line, so that documents are made where both are one.
    `one_currency_each`: a contact deals in its own currency alone, so that the bank is two of them.
    `returns_while_open`: no credit note is in a closed period.
    `opening`: where opening balances stand against.
    `undeposited`: money received waits in a clearing asset until a deposit takes it to the bank, all of it together.
    `checks`: suppliers are paid by check, which the bank prints by its number alone, days later.
    """

    name: str
    currency: str
    held: str
    held_name: str
    bank_accounts: Mapping[str, str]
    middle_rates: Mapping[str, int]
    home_for_one: bool
    sales_tax: str
    counter_tax: str
    purchase_tax: str
    export_tax: str
    import_tax: str
    no_tax: str
    taxed_share: float
    year_end: tuple[int, int]
    opening: str
    tax_period_end: Callable[[date], date]
    tax_due_day: int
    words: Vocabulary
    banks: tuple[Dialect, ...]
    legal_forms: tuple[str, ...]
    account_number: Callable[[Random], str]
    town: str
    regions: tuple[str, ...]
    head_office: str
    tax_on_total: bool = False
    returns_while_open: bool = False
    one_currency_each: bool = False
    draws_as: tuple[str, ...] = ()
    undeposited: bool = False
    checks: bool = False

    def stream(self, *name: object) -> Random:
        """A random stream of this country's company: the same seed makes other draws in another country."""
        return stream(*self.draws_as, *name)

    def home_cents(self, cents: int, rate: Decimal) -> int:
        """Cents of another currency in the currency of the books, half up."""
        amount = Decimal(cents).scaleb(-2)
        home = amount * rate if self.home_for_one else amount / rate
        return int(home.quantize(_CENT, ROUND_HALF_UP).scaleb(2))


def _two_months(day: date) -> date:
    """The first day of the last month of the two-month period of a day (it ends in odd months: January, March …)."""
    month = day.month if day.month % 2 else day.month + 1
    return date(day.year + 1, 1, 1) if month == 13 else date(day.year, month, 1)


def _quarter(day: date) -> date:
    """The first day of the last month of the day's calendar quarter."""
    return date(day.year, (day.month - 1) // 3 * 3 + 3, 1)


def _bank_account(draw: Random) -> str:
    return f"{draw.randrange(1, 39):02d}-{draw.randrange(100, 1900):04d}-{draw.randrange(10**6, 10**7)}-00"


def _aba_account(draw: Random) -> str:
    """Routing number and account number; the routing number passes its check."""
    digits = [int(digit) for digit in f"{draw.randrange(1, 13):02d}{draw.randrange(10**6):06d}"]
    weights = (3, 7, 1, 3, 7, 1, 3, 7)
    check = -sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 10
    return f"{''.join(map(str, digits))}{check}-{draw.randrange(10**8, 10**10)}"


NEW_ZEALAND = Country(
    name="NZ",
    currency="NZD",
    held="USD",
    held_name="US dollars",
    bank_accounts=chart.BANK_ACCOUNTS,
    middle_rates={"AUD": 91_500, "USD": 59_800},
    home_for_one=False,
    sales_tax="OUTPUT2",
    counter_tax="OUTPUT2",
    purchase_tax="INPUT2",
    export_tax="ZERORATED",
    import_tax="NONE",
    no_tax="NONE",
    taxed_share=1,
    year_end=(3, 31),
    opening=chart.OWNER_FUNDS,
    tax_period_end=_two_months,
    tax_due_day=28,
    words=vocabulary,
    banks=bank_words.NEW_ZEALAND,
    legal_forms=(" Limited", " Ltd", " Pty Ltd", " LLC", " Inc", " NZ Ltd"),
    account_number=_bank_account,
    town="WLG",
    regions=("North Island", "South Island"),
    head_office="Head Office",
)
UNITED_STATES = Country(
    name="US",
    currency="USD",
    held="CAD",
    held_name="Canadian dollars",
    bank_accounts={chart.BANK: "USD", chart.SAVINGS: "USD", chart.FOREIGN: "CAD"},
    middle_rates={"CAD": 73_200, "EUR": 109_400},
    home_for_one=True,
    sales_tax="TAX",
    counter_tax="NON",
    purchase_tax="NON",
    export_tax="NON",
    import_tax="NON",
    no_tax="NON",
    taxed_share=0.35,
    year_end=(12, 31),
    opening=chart.HISTORICAL,
    tax_period_end=_quarter,
    tax_due_day=20,
    words=vocabulary_us,
    banks=bank_words.UNITED_STATES,
    legal_forms=(" LLC", " Inc", " Corp", " Co", " Ltd", " GmbH", " SARL", " SpA"),
    account_number=_aba_account,
    town="AUSTIN TX",
    regions=("Dallas", "Houston"),
    head_office="Austin",
    tax_on_total=True,
    returns_while_open=True,
    one_currency_each=True,
    draws_as=("US",),
    undeposited=True,
    checks=True,
)
