"""The QuickBooks company of a home: beside the Xero one, made on first use, replaced on request."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from finchat.clock import Clock
from finchat.errors import UsageError
from finchat.sandbox import company as companies
from finchat.sandbox.home import SandboxHome
from finchat.sandbox.quickbooks.home import QuickBooksHome
from finchat.sandbox.schemas import STATUS
from finchat.settings import Home
from tests import forked
from tests.sandbox.quickbooks.seeded import small_company

# In Chicago it is still the 20th.
NIGHT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
MakeHome = Callable[..., QuickBooksHome]


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    """The seeded company's own tests say that it loads: here a small one stands for it, with its feed and answers."""
    whole = lru_cache(companies.generate_quickbooks)

    def generate(seed: int, anchor: date) -> companies.SeededCompany:
        made = whole(seed, anchor)
        info = made.collections["CompanyInfo"]
        return companies.SeededCompany({**small_company(), "CompanyInfo": info}, made.feed, made.statements, made.truth)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(companies, "generate_quickbooks", generate)
        yield


@pytest.fixture
def at(tmp_path: Path) -> MakeHome:
    def make(now: datetime = NIGHT) -> QuickBooksHome:
        return QuickBooksHome(Home(tmp_path), Clock(now))

    return make


def write_to(home: QuickBooksHome) -> None:
    back_end = home.ensure()
    with back_end.transaction():
        back_end.mark_written()
    back_end.close()


def test_first_use_makes_the_company_of_today_where_it_is(at: MakeHome) -> None:
    home = at()
    status = home.status()
    assert status["company"]["anchor"] == "2026-11-20"
    assert status["company"]["organisation_id"] == "9130001"
    assert status["company"]["written_to"] is False
    assert status["bal"]["trial_balance_difference"] == "0.00"
    assert status["counts"]["Invoice"] == 1
    feed = json.loads(home.feed_path.read_text("utf-8"))
    assert status["counts"]["FeedLines"] == len(feed["lines"]) > 100
    assert set(home.truth()["lines"]) == {line["id"] for line in feed["lines"]}
    assert home.statement().code == feed["account_code"]
    assert home.age_notice() is None


def test_it_lies_beside_the_xero_company_and_leaves_it_alone(at: MakeHome, tmp_path: Path) -> None:
    home = at()
    home.ensure().close()
    xero = SandboxHome(Home(tmp_path), Clock(NIGHT))
    assert home.directory == xero.directory / "quickbooks"
    assert not xero.database_path.exists()
    assert {path.name for path in xero.directory.iterdir()} == {"quickbooks"}


def test_an_untouched_company_follows_today_and_a_written_one_says_its_age(at: MakeHome) -> None:
    at().ensure().close()
    assert at(NIGHT + timedelta(days=3)).status()["company"]["anchor"] == "2026-11-23"
    write_to(at(NIGHT + timedelta(days=3)))
    later = at(NIGHT + timedelta(days=5))
    assert later.status()["company"]["anchor"] == "2026-11-23"
    notice = later.age_notice()
    assert notice is not None
    assert "finchat sandbox reset --vendor quickbooks" in notice


def test_a_company_that_replaces_a_written_one_has_another_realm(at: MakeHome) -> None:
    home = at()
    home.reset(7, date(2025, 3, 31)).close()
    status = home.status()["company"]
    assert (status["seed"], status["anchor"], status["organisation_id"]) == (7, "2025-03-31", "9130001")
    write_to(home)
    made = home.reset(1)
    assert made.realm_id == "9130002"
    made.close()


def test_it_is_not_made_from_records(at: MakeHome) -> None:
    home = at()
    home.ensure().close()
    path = home.directory / "company.json"
    company = json.loads(path.read_text("utf-8")) | {"state": "making", "loaded_from": "/somewhere"}
    path.write_text(json.dumps(company), "utf-8")
    with pytest.raises(UsageError, match="cannot be loaded from records"):
        home.ensure()
    home.reset().close()
    assert home.status()["company"]["loaded_from"] is None


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return forked.run(*words, environment={**os.environ, "FINCHAT_HOME": str(home), "FINCHAT_NOW": NIGHT.isoformat()})


def test_the_commands_tell_of_the_company_of_the_vendor_named(at: MakeHome, tmp_path: Path) -> None:
    at().ensure().close()
    told = command(tmp_path, "sandbox", "status", "--vendor", "quickbooks", "--json")
    status = json.loads(told.stdout)
    assert status["company"]["organisation_id"] == "9130001"
    Draft202012Validator(STATUS).validate(status)
    assert "2 estimates" in command(tmp_path, "sandbox", "status", "--vendor", "quickbooks").stdout
    truth = command(tmp_path, "sandbox", "truth", "--vendor", "quickbooks")
    assert json.loads(truth.stdout) == at().truth()
    statement = command(tmp_path, "sandbox", "statement", "--vendor", "quickbooks", "--format", "ofx")
    assert "<CURDEF>USD" in statement.stdout


@pytest.mark.parametrize(
    "words", [("status", "--vendor", "sage"), ("reset", "--vendor", "sage"), ("truth", "--vendor", ""), ("run", "sage")]
)
def test_a_vendor_that_is_none_is_said(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = command(tmp_path, "sandbox", *words)
    assert said.returncode == 2
    assert "the vendor is: xero or quickbooks" in said.stderr


def test_limits_are_read_as_the_vendor_has_them(at: MakeHome, tmp_path: Path) -> None:
    at().ensure().close()
    said = command(tmp_path, "sandbox", "run", "quickbooks", "--limits", "60/60s,5")
    assert said.returncode == 2
    assert "500/60s,10,40" in said.stderr
