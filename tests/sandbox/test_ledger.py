"""The database itself refuses what would unbalance the books."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from finchat.sandbox.ledger import SCHEMA, Journal, Ledger, Posting

DAY = date(2026, 11, 1)


@pytest.fixture
def ledger() -> Ledger:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript("PRAGMA foreign_keys=ON;" + SCHEMA)
    return Ledger(db)


def journal(*postings: tuple[str, int]) -> Journal:
    return Journal("doc", "ACCREC", DAY, [Posting(account, amount) for account, amount in postings])


def keep(ledger: Ledger, *journals: Journal) -> None:
    ledger.db.execute("BEGIN")
    ledger.post(journals)
    ledger.db.execute("COMMIT")


def test_a_balanced_journal_is_kept_and_counted(ledger: Ledger) -> None:
    keep(ledger, journal(("ar", 100), ("sales", -100)))
    assert ledger.balances()["ar"].amount == 100
    assert ledger.difference() == 0


@pytest.mark.parametrize("postings", [[("ar", 100), ("sales", -99)], [("ar", 100)]])
def test_an_unbalanced_journal_is_refused(ledger: Ledger, postings: list[tuple[str, int]]) -> None:
    ledger.db.execute("BEGIN")
    with pytest.raises(sqlite3.IntegrityError, match="does not balance"):
        ledger.post([journal(*postings)])
    ledger.db.execute("ROLLBACK")
    assert ledger.balances() == {}


def test_a_posting_without_a_journal_cannot_be_committed(ledger: Ledger) -> None:
    ledger.db.execute("BEGIN")
    ledger.db.execute("INSERT INTO posting VALUES(7, 'ar', '2026-11-01', 100, 100)")
    with pytest.raises(sqlite3.IntegrityError):
        ledger.db.execute("COMMIT")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE posting SET amount = 1",
        "DELETE FROM posting",
        "UPDATE journal SET date = '2020-01-01'",
        "DELETE FROM journal",
        "INSERT INTO posting VALUES(1, 'ar', '2026-11-01', 5, 5)",
        "INSERT INTO posting VALUES(2, 'ar', '2026-11-01', 0.5, 1)",
    ],
)
def test_what_is_posted_is_never_changed(ledger: Ledger, statement: str) -> None:
    keep(ledger, journal(("ar", 100), ("sales", -100)))
    with pytest.raises(sqlite3.IntegrityError):
        ledger.db.execute(statement)


def test_a_reversal_takes_a_record_back_once(ledger: Ledger) -> None:
    keep(ledger, journal(("ar", 100), ("sales", -100)))
    ledger.db.execute("BEGIN")
    ledger.reverse("doc")
    ledger.reverse("doc")
    ledger.db.execute("COMMIT")
    assert ledger.balances()["ar"].amount == 0
    assert len(ledger.postings_of("doc")) == 4


def test_a_journal_of_nothing_is_not_written(ledger: Ledger) -> None:
    keep(ledger, journal(("ar", 0), ("sales", 0)))
    assert ledger.db.execute("SELECT count(*) FROM journal").fetchone() == (0,)
