"""What a person is told that cannot be done, by whose books they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from finchat.app.tools.capabilities import rows


@pytest.mark.parametrize(("vendor", "other"), [("QuickBooks", "xero"), ("Xero", "quickbooks")])
async def test_what_cannot_be_done_is_said_of_the_vendor_whose_books_they_are(vendor: str, other: str) -> None:
    (capabilities,) = rows(vendor)
    answer: Any = await capabilities.run({})
    told = answer["not_possible"]
    text = json.dumps(told)
    assert vendor in text
    assert other not in text.casefold()
    assert "QuickBooks's" not in text
    drafts = [one for one in told if one["wish"] == "keep an invoice or a bill as a draft"]
    assert bool(drafts) == (vendor == "QuickBooks")
