"""What of a write a person may change on its card, in words that every vendor shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from finchat.books.acts import act
from finchat.books.plan import Write
from finchat.errors import WriteRefused

AMOUNT, DATE, REFERENCE = "amount", "date", "reference"
FOREIGN = "the amount of a foreign currency write cannot be changed on a card"
_TRANSFER = "a transfer is all of its bank line"
_TOTAL = "the amount is the total of its lines, which a card does not change"


@dataclass(frozen=True, slots=True)
class Editable:
    """`values`: what each field that may be changed is now, in the order a person is asked, of AMOUNT (in the write's
    currency), DATE and REFERENCE (the text that carries the token). `fixed`: why another one may not be, each a
    sentence."""

    values: Mapping[str, str]
    fixed: Mapping[str, str] = field(default_factory=dict)

    def without(self, name: str, why: str) -> Editable:
        """The same with one field that may not be changed."""
        kept = {other: value for other, value in self.values.items() if other != name}
        return Editable(kept, {**self.fixed, name: why})


def fixed_amount(write: Write) -> str:
    """Why an amount that is no argument by itself may not be changed; "" where a write has none to speak of."""
    if act(write.operation) == "transfer":
        return _TRANSFER
    return _TOTAL if act(write.operation) in ("money", "credit_note", "document") else ""


def check_due(day: str, due: object) -> None:
    """Raises WriteRefused for a document of a day after the one it is due on."""
    if isinstance(due, str) and date.fromisoformat(day) > date.fromisoformat(due):
        raise WriteRefused(f"{day} is after {due}, when it is due", field=DATE, next=f"give {due} or an earlier date")
