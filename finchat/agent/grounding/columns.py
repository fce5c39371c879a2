"""What the heads of a table say of its cells."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from finchat.agent.grounding.blocks import Claim
from finchat.agent.grounding.lexicon import COUNT_NOUNS, DATE, NUMBER, units_of, words_of
from finchat.agent.grounding.page import Page
from finchat.agent.grounding.scanning import Scan
from finchat.agent.grounding.shown import Shown

WHO = words_of("customer contact supplier vendor client name payee debtor creditor who company payer")
_WHAT = words_of("invoice bill document number line item description product service details category account")
# Heads that also stand over the names of what is summed.
_GROUPS = frozenset({"opex", "cogs", "revenue", "assets", "liabilities", "equity", "fee", "tax", "discount"})


def is_row_number(page: Page, claim: Claim, shown: Shown) -> bool:
    """The first column numbers the rows."""
    if claim.column != 0 or claim.head is None or shown.unit != "money" or [*shown.numbers] != [Decimal(claim.row + 1)]:
        return False
    return page.text[claim.head.start : claim.head.end].strip(" *_.").casefold() in {"", "#", "no", "nr", "rank"}


def counting(page: Page, claim: Claim, shown: Shown) -> Shown:
    """A whole number under the head "Lines" or "Invoices" counts them."""
    if claim.head is None or not shown.bare or shown.step != 1 or not shown.numbers or shown.unit != "money":
        return shown
    head = page.scan(claim.head)
    nouns = sorted(w for w in head.words & COUNT_NOUNS if w.endswith("s") or head.words & {"count", "number"})
    if not nouns or any(not term.weak for term in head.terms):
        return shown
    return replace(shown, unit="count", noun=nouns[0])


def misplaced(page: Page, claim: Claim, shown: Shown) -> str:
    """The head of a column that cannot be the figure's: an amount under "Customer", a date under "Total"."""
    if claim.head is None:
        return ""
    wrong = any(_misnamed(page, cell) for cell in page.cells(claim)) or _wrong(page.scan(claim.head), shown)
    return page.text[claim.head.start : claim.head.end] if wrong else ""


def _wrong(head: Scan, shown: Shown) -> bool:
    units = frozenset(unit for term in head.terms for concept in term.concepts for unit in units_of(concept))
    names = bool(head.words & (WHO | _WHAT)) and not units
    if shown.unit == "identifier":
        return bool(units) or bool(head.words & WHO - {"name"})
    if shown.unit == "date":
        return names or (bool(units) and DATE not in units)
    if shown.unit == "percent" or (shown.unit == "money" and not shown.bare):
        return names or units == {DATE} or (shown.unit == "money" and units == {NUMBER})
    return shown.unit == "money" and (units == {DATE} or (names and bool(head.words & WHO)))


def _misnamed(page: Page, cell: Claim) -> bool:
    """A name stands under the head of an amount: the columns are out of order."""
    if cell.head is None:
        return False
    scan, head = page.scan(cell), page.scan(cell.head)
    if scan.shown or not scan.mentions or not scan.alone(scan.mentions[0].start, scan.mentions[-1].end, page.text):
        return False
    held = frozenset(concept for term in head.terms for concept in term.concepts)
    return bool(held) and not held & _GROUPS and not head.words & (WHO | _WHAT)
