"""At what rate a write converts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

RateSource = Literal["document", "organisation", "file", "bank_line"]
RATE_PLACES = Decimal("1E-10")  # what a plan file can carry


@dataclass(frozen=True, slots=True)
class Rate:
    """`base`: base units for one unit of the currency; `vendor`: the same as the vendor is told it (Xero: units for one
    base unit; QuickBooks: base units for one)."""

    base: Decimal
    vendor: str
    source: RateSource

    @property
    def shown(self) -> Decimal:
        """As a plan carries it."""
        return self.base.quantize(RATE_PLACES).normalize()
