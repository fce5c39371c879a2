"""A believable New Zealand trading company for any seed and any day: its books, its statements and the answers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from finchat.sandbox.company import chart
from finchat.sandbox.company.chart import Chart
from finchat.sandbox.company.country import NEW_ZEALAND
from finchat.sandbox.company.draws import business_day, days_before, decimal, guid, vendor_dates, vendor_instant
from finchat.sandbox.company.parties import contact_record
from finchat.sandbox.company.story import SeededCompany, tell
from finchat.sandbox.company.world import YEAR, World
from finchat.sandbox.company.xero_json import Writer


def generate(seed: int, anchor: date) -> SeededCompany:
    """The company of a seed as of a day, in Xero's JSON: the same bytes for the same arguments, anywhere."""
    books = Chart(seed, days_before(anchor, YEAR))
    world = World(NEW_ZEALAND, seed, anchor, books)
    told = tell(world)
    return SeededCompany(_collections(world, books), told.feed, told.statements, told.truth)


def _collections(world: World, books: Chart) -> dict[str, list[dict[str, Any]]]:
    draw = world.stream("json")
    writer = Writer(books, draw, world.week)
    written = writer.collections(world.ledger)
    return {
        "Organisations": [
            books.organisation(
                created=days_before(world.start, 30),
                period_lock=world.period_lock,
                year_end_lock=world.year_end_lock,
            )
        ],
        "Accounts": books.accounts(),
        "TaxRates": chart.tax_rates(),
        "TrackingCategories": books.tracking_categories(),
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
