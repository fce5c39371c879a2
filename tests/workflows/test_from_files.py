"""`--from-files`: neutral files in, the neutral proposals out, without a connection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from finchat.canonical import canonical_json
from finchat.errors import UsageError
from finchat.workflows.from_files import match_directory

CASE: dict[str, Any] = {
    "contacts": [{"id": "C1", "name": "Zenith Kelp", "kind": "customer", "currency": "USD", "bank_account": ""}],
    "invoices": [
        {
            "id": "I1", "type": "ACCREC", "number": "ZK-90417", "reference": "", "contact_id": "C1",
            "date": "2026-05-02", "due_date": "2026-06-01", "currency": "USD", "total": "812.40",
            "amount_paid": "0.00", "amount_due": "812.40", "status": "AUTHORISED",
        }
    ],
    "bank": [
        {
            "id": "B1", "date": "2026-05-20", "type": "RECEIVE", "amount": "812.40", "currency": "USD",
            "payee": "ZENITH KELP", "narration": "ZK-90417", "reference": "", "counterparty_account": "", "fitid": "",
        }
    ],
    "meta": {"as_of": "2026-05-31", "base_currency": "USD", "fx": {}},
}  # fmt: skip


def written(tmp_path: Path, case: dict[str, Any]) -> Path:
    for name, data in case.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(data), "utf-8")
    return tmp_path


def test_a_named_document_is_linked(tmp_path: Path) -> None:
    document = json.loads(canonical_json(match_directory(written(tmp_path, CASE))))
    (link,) = document["links"]
    assert (link["bank_id"], link["invoice_id"], link["amount"], link["decision"]) == ("B1", "I1", "812.40", "auto")
    assert document["runtime_s"] >= 0


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a directory"):
        match_directory(tmp_path / "nowhere")
    case = written(tmp_path, {k: v for k, v in CASE.items() if k != "bank"})
    with pytest.raises(UsageError, match=r"bank\.json"):
        match_directory(case)
    (tmp_path / "bank.json").write_text("[{]", "utf-8")
    with pytest.raises(UsageError, match=r"bank\.json"):
        match_directory(case)
