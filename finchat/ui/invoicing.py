"""The lines of an invoice or bill as a person reads them: computed from what is sent, tax line by line."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import cast

from finchat.books.invoicing import LineAmounts, LineAmountTypes, line_amounts, totals
from finchat.books.money import parse_amount
from finchat.books.plan import Write
from finchat.text.sanitise import visible
from finchat.ui.amounts import money

_HOW = {"Exclusive": "before tax", "Inclusive": "with tax in it", "NoTax": "without tax"}


def document_rows(write: Write) -> Iterator[tuple[str, str]]:
    """(label, text): each line with its tax, then what they come to; nothing for a write of another kind."""
    if write.operation != "invoice.create" or "line_amount_types" not in write.arguments:
        return
    types = cast(LineAmountTypes, write.arguments["line_amount_types"])
    percents = {c.id: parse_amount(c.expected) for c in write.preconditions if c.field == "percent"}
    found: list[LineAmounts] = []
    for number, line in enumerate(write.arguments["line_items"], 1):
        percent = percents.get(str(line.get("TaxType", "")), Decimal(0))
        quantity, unit = parse_amount(line["Quantity"]), parse_amount(line["UnitAmount"])
        one = line_amounts(quantity, unit, percent, types)
        found.append(one)
        taxed = f", tax {money(one.tax, write.currency)} ({percent:f} %)" if types != "NoTax" else ""
        what = f"{line['Quantity']} × {line['UnitAmount']} = {money(one.amount, write.currency)} {_HOW[types]}"
        yield f"Line {number}", f"{what}{taxed}: {visible(str(line['Description']))}"
    whole = totals(found)
    parts = f"{money(whole.net, write.currency)} and tax {money(whole.tax, write.currency)}"
    yield "Total", f"{money(whole.total, write.currency)}: {parts}"
