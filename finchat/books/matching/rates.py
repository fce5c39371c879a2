"""At what rate a line in a foreign currency settles a document or credit of the same currency.

The money does not change currency, so the line has no rate of its own: the day's known rate counts, else the
document's. Both known and far apart is for a person to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finchat.books.documents import BankLine
from finchat.books.matching.facts import Facts

_FAR = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class OwnRate:
    """Base units for one unit of the line's currency, and where that is known from. `doubt`: why a person should look;
    `rate` None when nobody knows one."""

    rate: Decimal | None
    source: Literal["document", "file"] | None
    doubt: str = ""


def own_rate(facts: Facts, line: BankLine, currency: str, document_rate: Decimal | None) -> OwnRate | None:
    """The rate of `currency` on the line's day; None where none is needed: the line is in base currency, or pays in
    another than its own."""
    base = facts.books.base_currency
    if line.currency == base or currency != line.currency:
        return None
    known = facts.rates_on(currency, line)
    if known is None or known <= 0:
        if document_rate is None or document_rate <= 0:
            return OwnRate(None, None, f"no rate from {currency} to {base} is known")
        return OwnRate(document_rate, "document")
    if document_rate is not None and document_rate > 0:
        off = abs(known / document_rate - 1)
        if off > _FAR:
            text = f"the rate {known} is {off * 100:.1f} % off the document's {document_rate}"
            return OwnRate(known, "file", text)
    return OwnRate(known, "file")
