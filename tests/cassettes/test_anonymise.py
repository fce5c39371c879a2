"""An anonymised cassette names nobody, multiplies every amount alike, and is still a run that can be followed."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.app.cassettes.recording import keep
from finchat.books.learning import account_digest
from finchat.cassettes import anonymise as anonymise_module
from finchat.cassettes.amounts import amounts_in, unequal
from finchat.cassettes.anonymise import CannotAnonymise, anonymise
from finchat.cassettes.reading import read
from finchat.cassettes.rows import Cassette, Row
from finchat.cli import run

RECORDINGS = Path(__file__).parents[2] / "recordings"
KEY = b"k" * 32
INVOICE: dict[str, Any] = {
    "InvoiceID": "5b3f0c2e-8a51-4c77-9d52-0b1f6a7e4c11", "InvoiceNumber": "INV-56517", "Status": "AUTHORISED",
    "Contact": {"ContactID": "c1", "Name": "Ōhope Zquarters Ltd", "EmailAddress": "jo@zquarters.example"},
    "LineItems": [{"Quantity": Decimal("3.0"), "UnitAmount": Decimal("100.10"), "LineAmount": Decimal("300.30"),
                   "TaxType": "OUTPUT2"}],
    "SubTotal": Decimal("300.30"), "TotalTax": Decimal("45.05"), "Total": Decimal("345.35"),
    "CurrencyRate": Decimal("1.084300"),
    "AmountDue": Decimal("345.35"), "AmountPaid": 0, "AmountCredited": 0, "Date": "2026-11-02",
}  # fmt: skip


def of(*rows: dict[str, Any], **header: Any) -> Cassette:
    return Cassette(Row({"kind": "header", "command": ["ask", "who owes?"], **header}), tuple(map(Row, rows)))


def books(*invoices: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "mcp",
        "method": "tools/call",
        "server": "books",
        "result": {"structuredContent": {"Invoices": list(invoices)}},
    }


def bank(text: str) -> dict[str, Any]:
    return {"kind": "file", "path": "home/feed.json", "text": json.dumps([{"narration": text, "amount": "345.35"}])}


def anonymous(*rows: dict[str, Any], near: bool = False, factor: int = 3) -> list[dict[str, Any]]:
    return anonymise(of(*rows), factor=factor, near=near, key=KEY)[1:]


def test_names_become_other_names_of_their_length_and_stay_the_same_everywhere() -> None:
    (ledger, feed) = anonymous(books(INVOICE), bank("CR FROM OHOPE ZQUARTERS LTD INV 56517"))
    invoice = ledger["result"]["structuredContent"]["Invoices"][0]
    name, narration = invoice["Contact"]["Name"], json.loads(feed["text"])[0]["narration"]
    assert re.fullmatch(r"\w{5} \w{9} Ltd", name)
    assert "ōhope" not in name.casefold()
    assert "zquarters" not in name.casefold()
    folded = name.upper().translate(str.maketrans("ĀĒĪŌŪ", "AEIOU"))
    assert folded in narration
    assert narration.startswith("CR FROM ")
    assert invoice["Contact"]["EmailAddress"] == f"jo@{folded.split()[1].lower()}.example"


def test_a_reference_is_another_and_still_found_in_what_the_bank_wrote() -> None:
    (ledger, feed) = anonymous(books(INVOICE), bank("CR FROM OHOPE ZQUARTERS LTD INV 56517"))
    number = ledger["result"]["structuredContent"]["Invoices"][0]["InvoiceNumber"]
    assert re.fullmatch(r"INV-\d{5}", number)
    assert number != "INV-56517"
    assert json.loads(feed["text"])[0]["narration"].endswith(f"INV {number[4:]}")


def test_a_name_that_was_cut_is_the_beginning_of_the_whole_one_and_with_near_a_typo_stays_one() -> None:
    def words(near: bool) -> list[str]:
        found = anonymous(books(INVOICE), bank("ZQUARTERS ZQUART ZQAURTERS"), near=near)
        return list(json.loads(found[1]["text"])[0]["narration"].split())

    whole, cut, _ = words(near=False)
    assert whole.startswith(cut)
    whole, cut, typo = words(near=True)
    assert whole.startswith(cut)
    assert sorted(whole) == sorted(typo) != sorted("ZQUARTERS")


def test_amounts_are_multiplied_and_rates_counts_dates_and_ids_are_not() -> None:
    (ledger,) = anonymous(books(INVOICE))
    (after,) = ledger["result"]["structuredContent"]["Invoices"]
    assert [str(after[name]) for name in ("SubTotal", "TotalTax", "Total", "AmountDue", "AmountPaid")] == [
        "900.90", "135.15", "1036.05", "1036.05", "0",
    ]  # fmt: skip
    assert [str(value) for value in after["LineItems"][0].values()] == ["3.0", "300.30", "900.90", "OUTPUT2"]
    for name in ("InvoiceID", "Status", "CurrencyRate", "Date"):
        assert after[name] == INVOICE[name]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("owes 1,234.50 NZD, 12.5% or 3 documents", "owes 3,703.50 NZD, 12.5% or 3 documents"),
        ("736.00 NZD and 736.00", "2,208.00 NZD and 2208.00"),
        ("on 20.11.2026 at 1.2345, margin 42.31%", "on 20.11.2026 at 1.2345, margin 42.31%"),
        ("-0.35 and $400 or 500 NZD", "-1.05 and $1200 or 1,500 NZD"),
        (
            'asked for {"unit_amount":"2500","min_days_overdue":31}',
            'asked for {"unit_amount":"7500","min_days_overdue":31}',
        ),
    ],
)
def test_amounts_in_a_text(text: str, after: str) -> None:
    for start, end, instead in sorted(amounts_in(text, 3), reverse=True):
        text = text[:start] + instead + text[end:]
    assert text == after


def test_amounts_of_a_statement_with_commas() -> None:
    text = ":61:2611031103C1120,50NTRFINV\n:62F:C261119EUR2.220,50\n"
    (found,) = anonymous({"kind": "file", "path": "work/a.sta", "text": text})
    assert found["text"] == ":61:2611031103C3361,50NTRFINV\n:62F:C261119EUR6.661,50\n"


def test_a_name_in_the_pieces_of_a_stream_is_replaced_also_where_it_is_escaped() -> None:
    arguments = json.dumps({"contact": "Ōhope Zquarters Ltd", "amount": "345.35"})
    assert "\\u014c" in arguments
    events = [
        ["d", {"type": "d", "item_id": "m", "delta": arguments[at : at + 3]}] for at in range(0, len(arguments), 3)
    ]
    ledger, model = anonymous(books(INVOICE), {"kind": "model", "path": "/x", "body": {}, "events": events})
    said = json.loads("".join(data["delta"] for _, data in model["events"]))
    assert said == {
        "contact": ledger["result"]["structuredContent"]["Invoices"][0]["Contact"]["Name"], "amount": "1036.05",
    }  # fmt: skip


def test_it_refuses_when_a_sum_of_a_document_does_not_hold_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    total = INVOICE["Total"]
    number = INVOICE["InvoiceID"]
    assert not unequal(INVOICE)
    assert unequal({**INVOICE, "Total": total + 1}) == {f"{number}: total", f"{number}: due"}
    assert unequal({**INVOICE, "SubTotal": Decimal(300), "TotalTax": Decimal("45.35")}) == {f"{number}: lines"}
    anonymous(books({**INVOICE, "Total": total + 1}))  # it did not hold before either
    monkeypatch.setattr(anonymise_module, "scaled", lambda value, factor: value if value == total else value * factor)
    with pytest.raises(CannotAnonymise, match="a sum does not hold any more: 5b3f0c2e"):
        anonymous(books(INVOICE))


@pytest.mark.skipif(not (RECORDINGS / "ask-lines-of-an-invoice.jsonl").exists(), reason="no recordings here")
def test_an_anonymised_recording_is_a_run_that_can_be_followed(tmp_path: Path) -> None:
    before = read(RECORDINGS / "ask-lines-of-an-invoice.jsonl")
    header, *rows = anonymise(before, factor=3, key=KEY, digest=account_digest)
    played = keep(tmp_path / "a.jsonl", header, [Row(row) for row in rows], run, expected=before.output["exit_code"])  # type: ignore[index]
    assert played.problems == ()
    left = (tmp_path / "a.jsonl").read_text("utf-8").casefold()
    for word in ("harbourlight", "bindery"):
        assert word in json.dumps([*before.rows], default=str).casefold()
        assert word not in left
