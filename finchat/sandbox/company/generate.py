"""A believable New Zealand trading company for any seed and any day: its books, its bank's feed and the answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from finchat.sandbox.company import chart
from finchat.sandbox.company.answers import truth
from finchat.sandbox.company.draws import business_day, days_before, decimal, guid, text, vendor_dates, vendor_instant
from finchat.sandbox.company.feed import Line, Printer
from finchat.sandbox.company.parties import contact_record
from finchat.sandbox.company.records import BankTransaction, Item
from finchat.sandbox.company.vocabulary import NUMBER_PREFIXES
from finchat.sandbox.company.week import Week
from finchat.sandbox.company.world import World
from finchat.sandbox.company.xero_json import Writer
from finchat.sandbox.company.year import trade

_LOWEST_BALANCE = 1_200_000
_OPENING_SAVINGS = 4_000_000


@dataclass(frozen=True, slots=True)
class SeededCompany:
    """`collections`: Xero JSON for the back end's loader. `feed`: the bank's own feed of account 090, neutral, outside
    the API. `truth`: the answers of its lines. Amounts are Decimals in `collections`, strings in the other two."""

    collections: dict[str, list[dict[str, Any]]]
    feed: dict[str, Any]
    truth: dict[str, Any]


def generate(seed: int, anchor: date) -> SeededCompany:
    """The company of a seed as of a day: the same bytes for the same arguments, anywhere."""
    world = World(seed, anchor)
    week = Week(world)
    trade(world, week.quiet)
    week.happen()
    _number(world)
    statement = _statement(world)
    opening = _opening(world, statement)
    real = [line for line in statement if line.repeats is None]
    closing = opening + sum(line.signed for line in real)
    answers = truth(world, statement, opening, closing)
    world.ledger.bank_transactions[:0] = _opening_entries(world, opening)
    feed = {
        "account_code": chart.BANK,
        "account_id": world.chart.ids[chart.BANK],
        "currency": "NZD",
        "from": world.start.isoformat(),
        "to": anchor.isoformat(),
        "opening_balance": text(opening),
        "closing_balance": text(closing),
        "lines": [line.record for line in statement],
    }
    return SeededCompany(_collections(world), feed, answers)


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


def _statement(world: World) -> list[Line]:
    """The lines in the order of the statement, printed by the company's bank."""
    draw = world.stream("statement")
    numbers = frozenset(document.number for document in world.ledger.documents)
    printer = Printer(draw, numbers, bank=world.seed)
    order: dict[Line, int] = {line: draw.getrandbits(32) for line in world.lines}
    for line in world.lines:
        if line.repeats is not None:
            order[line] = max(order[line], order[line.repeats] + 1)
    statement = sorted(world.lines, key=lambda line: (line.day, order[line]))
    for line in statement:
        printer.print(line)
    return statement


def _opening(world: World, statement: list[Line]) -> int:
    """An opening balance with which the account never runs low."""
    lowest = balance = 0
    for line in statement:
        balance += line.signed
        lowest = min(lowest, balance)
    spare = world.stream("opening").randrange(0, 900_000)
    return _LOWEST_BALANCE - lowest + spare


def _opening_entries(world: World, opening: int) -> list[BankTransaction]:
    """The balances the year began with, the day before the feed begins; on no statement line."""
    draw = world.stream("opening entries")
    day = days_before(world.start, 1)
    owner = world.parties.bank
    return [
        BankTransaction(
            guid(draw), "RECEIVE", owner, day, (Item("Opening balance", 1, cents, "970", "NONE"),), account,
            "Opening balance", on_statement=day,
        )
        for account, cents in ((chart.BANK, opening), (chart.SAVINGS, _OPENING_SAVINGS))
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
