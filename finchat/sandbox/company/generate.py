"""A believable New Zealand trading company for any seed and any day: its books, its statements and the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from finchat.sandbox.company import chart
from finchat.sandbox.company.answers import Statement, truth
from finchat.sandbox.company.draws import business_day, days_before, decimal, guid, text, vendor_dates, vendor_instant
from finchat.sandbox.company.feed import Line, Printer
from finchat.sandbox.company.habits import Habits
from finchat.sandbox.company.parties import contact_record
from finchat.sandbox.company.records import BankTransaction, Item
from finchat.sandbox.company.vocabulary import NUMBER_PREFIXES
from finchat.sandbox.company.week import Week
from finchat.sandbox.company.world import World
from finchat.sandbox.company.xero_json import Writer
from finchat.sandbox.company.year import trade

# Below this no account ever falls; cents of its currency.
_LOWEST_BALANCE = {chart.BANK: 1_200_000, chart.SAVINGS: 2_500_000, chart.USD_ACCOUNT: 350_000}


@dataclass(frozen=True, slots=True)
class SeededCompany:
    """`collections`: Xero JSON for the back end's loader. `feed`: the bank's own feed of account 090, neutral, outside
    the API. `statements`: what the bank printed for each of its accounts, by code, every line once and with the
    balances at both ends. `truth`: the answers of the lines. Amounts are Decimals in `collections`, strings elsewhere.
    """

    collections: dict[str, list[dict[str, Any]]]
    feed: dict[str, Any]
    statements: dict[str, dict[str, Any]]
    truth: dict[str, Any]


def generate(seed: int, anchor: date) -> SeededCompany:
    """The company of a seed as of a day: the same bytes for the same arguments, anywhere."""
    world = World(seed, anchor)
    week = Week(world)
    habits = Habits(world)
    habits.history()
    trade(world, week.quiet)
    week.happen()
    habits.week()
    _number(world)
    _print(world)
    statements = {code: _statement(world, code) for code in chart.BANK_ACCOUNTS}
    answers = truth(world, statements)
    world.ledger.bank_transactions[:0] = _opening_entries(world, statements)
    main = statements[chart.BANK]
    feed = _head(world, main) | {"lines": [line.record for line in main.lines]}
    printed = {code: _printed(world, statement) for code, statement in statements.items()}
    return SeededCompany(_collections(world), feed, printed, answers)


def _head(world: World, statement: Statement) -> dict[str, Any]:
    return {
        "account_code": statement.code,
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
    prefix = NUMBER_PREFIXES[world.seed % len(NUMBER_PREFIXES)]
    # Two different leading digits, the same for the whole year: swapped, they are no invoice of ours.
    first, second = draw.sample(range(1, 10), 2)
    next_invoice = first * 10_000 + second * 1000 + draw.randrange(100, 600)
    next_bill = {party.id: draw.randrange(1200, 88_000) for party in world.parties.suppliers}
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
        code: Printer(draw if code == chart.BANK else world.stream(f"statement {code}"), numbers, ids, bank=world.seed)
        for code in chart.BANK_ACCOUNTS
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
    return Statement(code, chart.BANK_ACCOUNTS[code], lines, opening, opening + closing)


def _opening_entries(world: World, statements: Mapping[str, Statement]) -> list[BankTransaction]:
    """The balances the year began with, the day before the statements begin; on no statement line."""
    draw = world.stream("opening entries")
    day = days_before(world.start, 1)
    return [
        BankTransaction(
            guid(draw), "RECEIVE", world.parties.owner, day,
            (Item("Opening balance", 1, statement.opening, chart.OWNER_FUNDS, "NONE"),), code, "Opening balance",
            rate=world.rates.at(statement.currency, day), on_statement=day,
        )
        for code, statement in statements.items()
    ]  # fmt: skip


def _collections(world: World) -> dict[str, list[dict[str, Any]]]:
    draw = world.stream("json")
    writer = Writer(world.chart, draw, world.week)
    written = writer.collections(world.ledger)
    return {
        "Organisations": [
            world.chart.organisation(
                created=days_before(world.start, 30),
                period_lock=world.period_lock,
                year_end_lock=world.year_end_lock,
            )
        ],
        "Accounts": world.chart.accounts(),
        "TaxRates": chart.tax_rates(),
        "TrackingCategories": world.chart.tracking_categories(),
        "Contacts": [contact_record(party, vendor_instant(world.start, draw)) for party in world.parties.all],
        **written,
        "ManualJournals": _journals(world, draw),
    }


def _journals(world: World, draw: Random) -> list[dict[str, Any]]:
    """Opening balances outside the bank, as one journal."""
    opened = business_day(days_before(world.start, 1))
    plant, stock, loan, worn = 6_400_000, 3_820_000, 3_000_000, 2_150_000
    entries = [
        (opened, "Opening balances", (("710", plant), ("630", stock), ("711", -worn), ("900", -loan),
                                      ("970", worn + loan - plant - stock))),
    ]  # fmt: skip
    return [
        {
            "ManualJournalID": guid(draw),
            "Narration": narration,
            "Status": "POSTED",
            "LineAmountTypes": "NoTax",
            **vendor_dates("Date", day),
            "UpdatedDateUTC": vendor_instant(day, draw),
            "JournalLines": [
                {
                    "AccountCode": code,
                    "LineAmount": decimal(cents),
                    "TaxType": "NONE",
                    "TaxAmount": Decimal("0.00"),
                    "Description": narration,
                }
                for code, cents in amounts
            ],
        }
        for day, narration, amounts in entries
    ]
