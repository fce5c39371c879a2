"""A seeded company as a stranger sees it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finchat.sandbox.company import SeededCompany

ACCOUNTS = ("090", "091", "092")
CREDIT_IDS = {"CreditNotes": "CreditNoteID", "Prepayments": "PrepaymentID", "Overpayments": "OverpaymentID"}


class Reader:
    """A generated company and one of its bank accounts, looked at as a stranger would: JSON only."""

    def __init__(self, company: SeededCompany, code: str = "090") -> None:
        self.company = company
        self.accounts = {r["Code"]: r for r in company.collections["Accounts"]}
        self.invoices = {r["InvoiceID"]: r for r in company.collections["Invoices"]}
        self.payments = {r["PaymentID"]: r for r in company.collections["Payments"]}
        self.bank = {r["BankTransactionID"]: r for r in company.collections["BankTransactions"]}
        self.credits: dict[str, dict[str, Any]] = {}
        for name, key in CREDIT_IDS.items():
            self.credits |= {r[key]: r for r in company.collections[name]}
        given = company.feed if code == "090" else company.statements[code]
        self.lines: dict[str, dict[str, Any]] = {line["id"]: line for line in given["lines"]}
        self.truth = company.truth if code == "090" else company.truth | company.truth["accounts"][code]
        self.main = given["account_id"]

    @property
    def week(self) -> list[dict[str, Any]]:
        first = self.truth["week"]["from"]
        return [line for line in self.lines.values() if line["date"] >= first]

    def links_of(self, line_id: str) -> list[dict[str, Any]]:
        return [link for link in self.truth["links"] if link["bank_id"] == line_id]

    def residual_of(self, line_id: str) -> dict[str, Decimal]:
        return {r["kind"]: Decimal(r["amount"]) for r in self.truth["residuals"] if r["bank_id"] == line_id}

    def copies(self) -> set[str]:
        return {r["bank_id"] for r in self.truth["residuals"] if r["kind"] == "duplicate"}


def signed(line: dict[str, Any]) -> Decimal:
    return Decimal(line["amount"]) * (1 if line["type"] == "RECEIVE" else -1)


def day_of(record: dict[str, Any]) -> str:
    return str(record["DateString"])[:10]
