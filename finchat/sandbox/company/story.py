"""What every seeded company shares: a year of trading, a week of bank lines, what the bank printed, the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from finchat.sandbox.company import chart
from finchat.sandbox.company.answers import Statement, truth
from finchat.sandbox.company.draws import days_before, guid, text
from finchat.sandbox.company.feed import Line, Printer
from finchat.sandbox.company.habits import Habits
from finchat.sandbox.company.records import BankTransaction, Item
from finchat.sandbox.company.week import Week
from finchat.sandbox.company.world import World
from finchat.sandbox.company.year import trade

# Below this no account ever falls; cents of its currency.
_LOWEST_BALANCE = {chart.BANK: 1_200_000, chart.SAVINGS: 2_500_000, chart.FOREIGN: 350_000}


@dataclass(frozen=True, slots=True)
class SeededCompany:
    """`collections`: the vendor's JSON for the back end's loader. `feed`: the bank's own feed of the main account,
    neutral, outside the API. `statements`: what the bank printed for each of its accounts, by code, every line once and
    with the balances at both ends. `truth`: the answers of the lines. Amounts are Decimals in `collections`, strings
    elsewhere.
    """

    collections: dict[str, list[dict[str, Any]]]
    feed: dict[str, Any]
    statements: dict[str, dict[str, Any]]
    truth: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What lies outside the vendor's records; ids are the generator's own, of 36 characters."""

    feed: dict[str, Any]
    statements: dict[str, dict[str, Any]]
    truth: dict[str, Any]


def tell(world: World, besides: Callable[[World, frozenset[str]], None] | None = None) -> Told:
    """Write the company into its world. `besides` adds to the year what its country does otherwise; it gets the
    contacts (ids) that have to end the year with nothing open.
    """
    week = Week(world)
    habits = Habits(world)
    habits.history()
    trade(world, week.quiet)
    if besides is not None:
        besides(world, week.quiet)
    week.happen()
    habits.week()
    _number(world)
    _print(world)
    statements = {code: _statement(world, code) for code in world.country.bank_accounts}
    answers = truth(world, statements)
    world.ledger.bank_transactions[:0] = _opening_entries(world, statements)
    main = statements[chart.BANK]
    feed = _head(world, main) | {"lines": [line.record for line in main.lines]}
    printed = {world.chart.code(code): _printed(world, statement) for code, statement in statements.items()}
    return Told(feed, printed, answers)


def _head(world: World, statement: Statement) -> dict[str, Any]:
    return {
        "account_code": world.chart.code(statement.code),
        "account_id": world.chart.ids[statement.code],
        "currency": statement.currency,
        "from": world.start.isoformat(),
        "to": world.anchor.isoformat(),
        "opening_balance": text(statement.opening),
        "closing_balance": text(statement.closing),
    }


def _printed(world: World, statement: Statement) -> dict[str, Any]:
    return _head(world, statement) | {
        "account_name": world.chart.name(statement.code),
        "account_number": world.chart.numbers[statement.code],
        "holder": world.chart.legal_name,
        "bank": world.parties.bank.name,
        "lines": [line.record for line in statement.lines if line.repeats is None],
    }


def _number(world: World) -> None:
    """Our invoices count up in the order of their dates; each supplier numbers its own bills."""
    draw = world.stream("numbers")
    prefixes = world.country.words.NUMBER_PREFIXES
    prefix = prefixes[world.seed % len(prefixes)]
    # Two different leading digits, the same for the whole year: swapped, they are no invoice of ours.
    first, second = draw.sample(range(1, 10), 2)
    next_invoice = first * 10_000 + second * 1000 + draw.randrange(100, 600)
    next_bill = {party.id: draw.randrange(1200, 88_000) for party in (*world.parties.suppliers, *world.parties.more)}
    for document in sorted(world.ledger.documents, key=lambda d: d.day):
        if document.side == "ACCREC":
            document.number = f"{prefix}{next_invoice}"
            next_invoice += 1
        else:
            document.number = document.party.bill_style.format(n=next_bill[document.party.id])
            next_bill[document.party.id] += draw.randrange(3, 60)
    for count, credit in enumerate(
        sorted((c for c in world.ledger.credits if c.kind == "credit_note"), key=lambda c: c.day), 1
    ):
        credit.number = f"CN-{count:04d}"


def _print(world: World) -> None:
    """Put the lines in the order of the statement and have the company's bank print them."""
    draw = world.stream("statement")
    numbers = frozenset(document.number for document in world.ledger.documents)
    ids: set[str] = set()
    printers = {
        code: Printer(
            draw if code == chart.BANK else world.stream(f"statement {code}"),
            numbers,
            ids,
            country=world.country,
            bank=world.seed,
        )
        for code in world.country.bank_accounts
    }
    order: dict[Line, int] = {line: draw.getrandbits(32) for line in world.lines}
    for line in world.lines:
        if line.repeats is not None:
            order[line] = max(order[line], order[line.repeats] + 1)
    world.lines.sort(key=lambda line: (line.day, order[line]))
    for line in world.lines:
        printers[line.held_in].print(line)
        if line.copied_to is not None:
            line.copied_to.reference = line.record["narration"]


def _statement(world: World, code: str) -> Statement:
    """The printed lines of one account, between balances with which it never runs low."""
    lines = [line for line in world.lines if line.held_in == code]
    lowest = balance = closing = 0
    for line in lines:
        balance += line.signed
        lowest = min(lowest, balance)
        closing += 0 if line.repeats else line.signed
    opening = _LOWEST_BALANCE[code] - lowest + world.stream(f"opening {code}").randrange(0, 900_000)
    return Statement(code, world.country.bank_accounts[code], lines, opening, opening + closing)


def _opening_entries(world: World, statements: Mapping[str, Statement]) -> list[BankTransaction]:
    """The balances the year began with, the day before the statements begin; on no statement line."""
    draw = world.stream("opening entries")
    day = days_before(world.start, 1)
    return [
        BankTransaction(
            guid(draw), "RECEIVE", world.parties.owner, day,
            (Item("Opening balance", 1, statement.opening, world.country.opening, world.country.no_tax),), code,
            "Opening balance",
            rate=world.rates.at(statement.currency, day), on_statement=day,
        )
        for code, statement in statements.items()
    ]  # fmt: skip
