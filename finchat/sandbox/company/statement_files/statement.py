"""One account's statement over a period, before it takes the shape of any file format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class StatementLine:
    """`amount` is signed, money in positive, in the statement's currency; texts are as the bank prints them."""

    day: date
    amount: Decimal
    payee: str
    narration: str
    reference: str
    other_account: str
    fitid: str

    @property
    def text(self) -> str:
        """Everything it says, the payee first where it stands apart."""
        return " ".join(part for part in (self.payee, self.narration) if part)


@dataclass(frozen=True, slots=True)
class Statement:
    """`opening` is the balance before `first`, `closing` the one after `last`; lines in the order of the bank."""

    account_id: str
    code: str
    name: str
    number: str
    holder: str
    bank: str
    currency: str
    first: date
    last: date
    opening: Decimal
    closing: Decimal
    lines: tuple[StatementLine, ...]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Statement:
        """From the neutral record of a generated company (`SeededCompany.statements`)."""
        return cls(
            account_id=given["account_id"],
            code=given["account_code"],
            name=given["account_name"],
            number=given["account_number"],
            holder=given["holder"],
            bank=given["bank"],
            currency=given["currency"],
            first=date.fromisoformat(given["from"]),
            last=date.fromisoformat(given["to"]),
            opening=Decimal(given["opening_balance"]),
            closing=Decimal(given["closing_balance"]),
            lines=tuple(
                StatementLine(
                    day=date.fromisoformat(line["date"]),
                    amount=Decimal(line["amount"]) * (1 if line["type"] == "RECEIVE" else -1),
                    payee=line["payee"],
                    narration=line["narration"],
                    reference=line["reference"],
                    other_account=line["counterparty_account"],
                    fitid=line["fitid"],
                )
                for line in given["lines"]
            ),
        )

    def between(self, first: date, last: date) -> Statement:
        """The part of it from `first` to `last`, both included, with the balances at its own ends.

        Days that it does not cover are left out. Raises ValueError when it covers none of them.
        """
        begin, end = max(first, self.first), min(last, self.last)
        if begin > end:
            raise ValueError(f"the statement covers {self.first} to {self.last}")
        before = sum((line.amount for line in self.lines if line.day < begin), self.opening)
        kept = tuple(line for line in self.lines if begin <= line.day <= end)
        closing = sum((line.amount for line in kept), before)
        return replace(self, first=begin, last=end, opening=before, closing=closing, lines=kept)

    def balances(self) -> Iterator[tuple[StatementLine, Decimal]]:
        """Each line with the balance after it."""
        balance = self.opening
        for line in self.lines:
            balance += line.amount
            yield line, balance
