"""Where the QuickBooks company of a FINCHAT_HOME lives: `sandbox/quickbooks/`, beside the Xero one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from finchat.sandbox.home import CompanyHome, Made

if TYPE_CHECKING:
    from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd

RESET = "finchat sandbox reset --vendor quickbooks"
TIMEZONE = "America/Chicago"
FIRST_REALM = 9130001


class QuickBooksHome(CompanyHome["QuickBooksBackEnd"]):
    """The seeded QuickBooks company. Its realm is 9130001 until one that was written to is replaced by another."""

    timezone = TIMEZONE
    reset_command = RESET
    _database = "quickbooks.sqlite3"

    @property
    def directory(self) -> Path:
        return super().directory / "quickbooks"

    def _back_end(self, path: Path | Literal[":memory:"]) -> QuickBooksBackEnd:
        from finchat.sandbox.quickbooks.back_end import QuickBooksBackEnd

        return QuickBooksBackEnd(path, self._clock)

    def _made(self, seed: int, anchor: date) -> Made:
        from finchat.sandbox.company import generate_quickbooks

        return generate_quickbooks(seed, anchor)

    def _identity(self, back_end: QuickBooksBackEnd) -> dict[str, str]:
        return {"organisation_id": back_end.realm_id, "name": str(back_end.company_info["CompanyName"])}

    def _fill(self, built: QuickBooksBackEnd, collections: dict[str, list[dict[str, Any]]], incarnation: int) -> None:
        built.load(collections, realm=str(FIRST_REALM + incarnation))
