"""The sandbox company comes to be on first use, follows today while untouched, and survives being killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pytest

from finchat.clock import Clock
from finchat.errors import UsageError
from finchat.sandbox import company as companies
from finchat.sandbox.home import SandboxHome
from finchat.settings import Home

# In Auckland it is already the 21st.
EVENING = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
MakeHome = Callable[..., SandboxHome]


@pytest.fixture(scope="module", autouse=True)
def _generated_once() -> Iterator[None]:
    """The same seed and day are the same company (test_company): it is worked out once for all homes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(companies, "generate", lru_cache(companies.generate))
        yield


@pytest.fixture
def at(tmp_path: Path) -> MakeHome:
    def make(now: datetime = EVENING) -> SandboxHome:
        return SandboxHome(Home(tmp_path), Clock(now))

    return make


def write_to(home: SandboxHome) -> None:
    back_end = home.ensure()
    with back_end.transaction():
        back_end.mark_written()
    back_end.close()


def organisation(home: SandboxHome) -> str:
    back_end = home.ensure()
    try:
        return back_end.tenant_id
    finally:
        back_end.close()


def test_first_use_makes_the_company_of_today_in_auckland(at: MakeHome) -> None:
    home = at()
    status = home.status()
    assert status["company"]["anchor"] == "2026-11-21"
    assert status["company"]["written_to"] is False
    assert status["bal"]["trial_balance_difference"] == "0.00"
    assert status["counts"]["Invoices"] > 380
    feed = json.loads(home.feed_path.read_text("utf-8"))
    assert feed["account_id"] == status["bal"]["bank"][0]["account_id"]
    assert feed["lines"][-1]["date"] == "2026-11-21"
    assert set(home.truth()["lines"]) == {line["id"] for line in feed["lines"]}
    assert home.age_notice() is None


def test_an_untouched_company_follows_today(at: MakeHome) -> None:
    first = at()
    before = first.status()["company"]
    first_feed = first.feed_path.read_bytes()
    later = at(EVENING + timedelta(days=3))
    after = later.status()["company"]
    assert (before["anchor"], after["anchor"]) == ("2026-11-21", "2026-11-24")
    assert later.feed_path.read_bytes() != first_feed
    assert after["organisation_id"] == before["organisation_id"]
    assert later.age_notice() is None


def test_a_process_that_has_the_company_open_sees_the_new_one(at: MakeHome) -> None:
    held = at().ensure()
    before = held.balances()
    at(EVENING + timedelta(days=3)).ensure().close()
    assert held.balances() != before
    held.close()


def test_a_company_that_was_written_to_is_kept_and_says_its_age(at: MakeHome) -> None:
    write_to(at())
    later = at(EVENING + timedelta(days=3))
    assert later.status()["company"]["anchor"] == "2026-11-21"
    notice = later.age_notice()
    assert notice is not None
    assert "3 days old" in notice
    assert "--as-of 2026-11-21" in notice
    assert "finchat sandbox reset" in notice


def test_a_chosen_anchor_is_never_moved(at: MakeHome) -> None:
    at().reset(7, date(2024, 2, 29)).close()
    later = at(EVENING + timedelta(days=3))
    company = later.status()["company"]
    assert (company["seed"], company["anchor"]) == (7, "2024-02-29")
    assert "--as-of 2024-02-29" in (later.age_notice() or "")


def test_a_chosen_seed_follows_today(at: MakeHome) -> None:
    at().reset(7).close()
    company = at(EVENING + timedelta(days=1)).status()["company"]
    assert (company["seed"], company["anchor"]) == (7, "2026-11-22")


def test_a_company_that_replaces_a_written_one_is_another_organisation(at: MakeHome) -> None:
    home = at()
    first = organisation(home)
    home.reset(1).close()
    assert organisation(home) == first
    write_to(home)
    home.reset(1).close()
    second = organisation(home)
    write_to(home)
    home.reset(1).close()
    assert len({first, second, organisation(home)}) == 3


@pytest.mark.parametrize(
    "step",
    [
        "_copy",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("bank_feed.json", "statements.json")),
        "truth.json",
        "company.json ready",
    ],
)
def test_a_creation_killed_half_way_is_done_again(at: MakeHome, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    class Killed(BaseException):
        pass

    original = SandboxHome._write_json

    def write_json(self: SandboxHome, name: str, data: dict[str, object]) -> None:
        if step in (name, f"{name} {data.get('state')}"):
            raise Killed
        original(self, name, data)

    def copy(self: SandboxHome, built: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(SandboxHome, "_write_json", write_json)
        if step == "_copy":
            patch.setattr(SandboxHome, "_copy", copy)
        with pytest.raises(Killed):
            at().ensure()
    home = at()
    status = home.status()
    assert status["company"]["anchor"] == "2026-11-21"
    bank = home.truth()["bank"]
    assert status["bal"]["bank"][0]["amount"] == bank["book_balance"]
    assert status["counts"]["FeedLines"] == len(home.truth()["lines"])


def test_processes_that_start_at_once_make_one_company(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from finchat.sandbox.home import SandboxHome; from finchat.settings import Home;"
        "from finchat.clock import Clock; h = SandboxHome(Home(pathlib.Path(sys.argv[1])), Clock());"
        "b = h.ensure(); print(b.tenant_id, b.counts(), b.balances())"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    answers = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], answers
    assert len({out for out, _err in answers}) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_maker_leaves_the_lock_free(tmp_path: Path, at: MakeHome) -> None:
    script = (
        "import sys, pathlib; from finchat.sandbox.home import SandboxHome; from finchat.settings import Home;"
        "from finchat.clock import Clock; h = SandboxHome(Home(pathlib.Path(sys.argv[1])), Clock());\n"
        "with h._lock():\n    print('held', flush=True); sys.stdin.read()"
    )
    maker = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert maker.stdout is not None
    assert maker.stdout.readline() == b"held\n"
    os.kill(maker.pid, signal.SIGKILL)
    maker.communicate(timeout=30)
    assert at().status()["counts"]["Invoices"] > 380


def recorded(directory: Path) -> Path:
    """A small recorded company: one invoice, paid in part."""
    directory.mkdir()
    day = "/Date(1298937600000+0000)/"
    contact = {"ContactID": "60d578d9-3e10-4aef-b5dc-9d9fd60a3633", "Name": "Rata & Sons"}
    invoice = {
        "InvoiceID": "673dd7cc-beb7-4697-83d4-0c47cb400cc2", "InvoiceNumber": "INV-1", "Type": "ACCREC",
        "Status": "AUTHORISED", "Date": day, "DueDate": day, "Contact": contact, "LineAmountTypes": "Exclusive",
        "CurrencyCode": "NZD", "SubTotal": 100.0, "TotalTax": 15.0, "Total": 115.0, "AmountDue": 115.0, "AmountPaid": 0,
        "LineItems": [
            {"AccountCode": "200", "LineAmount": 100.0, "TaxAmount": 15.0, "TaxType": "OUTPUT2",
             "Quantity": 1.0, "UnitAmount": 100.0},
        ],
    }  # fmt: skip
    files = {
        "Organisations": [{"Name": "Recorded", "BaseCurrency": "NZD", "CountryCode": "NZ"}],
        "Accounts": [
            {"AccountID": "13918178-849a-4823-9a31-57b7eac713d7", "Name": "Bank", "Type": "BANK", "Code": "090"},
            {"AccountID": "e2bacdc6-2006-43c2-a5da-3c0e5f43b452", "Name": "Sales", "Type": "REVENUE", "Code": "200"},
        ],
        "Contacts": [contact],
        "Invoices": [invoice],
    }
    for name, records in files.items():
        answer = {"Id": "1", "Status": "OK", name: records}
        (directory / f"{name}.json").write_text(json.dumps(answer), "utf-8")
    return directory


def test_recorded_json_is_loaded_whole_and_has_no_answers(at: MakeHome, tmp_path: Path) -> None:
    home = at()
    home.ensure().close()
    home.load(recorded(tmp_path / "records")).close()
    status = home.status()
    assert status["bal"]["receivables"] == "115.00"
    assert status["company"]["loaded_from"] == str(tmp_path / "records")
    assert status["counts"]["FeedLines"] == 0
    assert at(EVENING + timedelta(days=9)).status()["company"]["name"] == "Recorded"
    with pytest.raises(UsageError, match="no known answers"):
        home.truth()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Invoices.json", '{"Invoices": [', "Invoices.json: it is not JSON"),
        ("Invoices.json", '"words"', "Invoices.json is not an answer"),
        ("Invoices.json", '{"Invoices": [4]}', r"Invoices\[0\] is not a record"),
        ("Invoices.json", '{"Invoices": [{"InvoiceID": "x"}]}', "Invoices.json: Invoices"),
        ("Organisations.json", '{"Organisations": []}', "Organisations"),
    ],
)
def test_a_wrong_file_is_named_and_the_company_stays(
    at: MakeHome, tmp_path: Path, name: str, text: str, said: str
) -> None:
    home = at()
    before = organisation(home)
    directory = recorded(tmp_path / "records")
    (directory / name).write_text(text, "utf-8")
    with pytest.raises(UsageError, match=said):
        home.load(directory)
    assert organisation(home) == before
    assert home.truth()["lines"]


def test_a_missing_or_empty_folder_is_said(at: MakeHome, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no"):
        at().load(tmp_path / "empty")
    with pytest.raises(UsageError, match="is not a folder"):
        at().load(tmp_path / "nowhere")


def test_a_spoiled_database_is_replaced_by_a_reset(at: MakeHome) -> None:
    home = at()
    home.ensure().close()
    for path in home.directory.glob("xero.sqlite3*"):
        path.unlink()
    home.database_path.write_bytes(b"not a database at all, but long enough to look at" * 40)
    with pytest.raises(UsageError, match="sandbox"):
        home.ensure()
    home.reset().close()
    assert home.status()["counts"]["Invoices"] > 380


def test_the_recorded_demo_company_gives_its_known_answers(at: MakeHome, shared: Path) -> None:
    home = at()
    home.load(shared / "data" / "xero" / "demo_company_au").close()
    held = home.status()["bal"]
    assert (held["receivables"], held["payables"], held["trial_balance_difference"]) == ("15538.17", "9204.29", "0.00")


def test_deleting_the_answers_changes_nothing_else(at: MakeHome) -> None:
    home = at()
    before = home.status()
    home.truth_path.unlink()
    assert home.status() == before
    shutil.rmtree(home.directory)
    assert home.status() == before
