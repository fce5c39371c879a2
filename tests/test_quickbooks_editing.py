"""A QuickBooks card that a person changes, at a terminal of a real process: what is then written, read from outside."""

from __future__ import annotations

import re
from decimal import Decimal as D
from pathlib import Path

import pexpect
import pytest

from tests import homes
from tests.outside_quickbooks import Company
from tests.test_quickbooks_settlements import ASKED, party, plain, reconciling, sale, show


@pytest.fixture
def company(quickbooks_home: Path, tmp_path: Path) -> Company:
    found = Company(homes.copied(quickbooks_home, tmp_path / "home"))
    (larkspur,) = found.send(party("customer", "Larkspur Tile Co"))
    found.send(sale(larkspur["Id"], "Q-701", "310.25"))
    return found


def test_an_edited_card_pays_what_was_typed_and_leaves_nothing_unapplied(company: Company) -> None:
    show(company, ["exact"])
    before, ids = company.balances(), company.ids()
    with reconciling(company) as child:
        child.expect(ASKED)
        first = plain(str(child.before))
        child.sendline("e")
        child.expect(r"amount \[310\.25\], Enter keeps it, q leaves the edit: ")
        child.sendline("310.26")
        child.expect(r"date \[2026-11-20\], Enter keeps it")
        child.sendline("2026-11-19")
        child.expect(r"reference \[.*\], Enter keeps it")
        child.sendline("")
        child.expect(r"that cannot stand: 310\.26 is more than 310\.25 USD")
        child.expect(r"amount \[310\.25\], Enter keeps it")
        child.sendline("300.00")
        child.expect(ASKED)
        second = plain(str(child.before))
        child.sendline("y")
        child.expect(pexpect.EOF)
        said = plain(str(child.before))
        child.close()
    assert child.exitstatus == 0, said
    assert "xero" not in (first + second + said).casefold()
    payload = r"Payload hash +([0-9a-f]{64})"
    assert re.findall(payload, first) != re.findall(payload, second) != []
    assert "a person changed the amount" in " ".join(second.split())
    now = company.balances()
    assert {name: now[name] - was for name, was in before.items() if now[name] != was} == {
        "bank": D("300.00"), "receivables": D("-300.00")
    }  # fmt: skip
    ((entity, id),) = company.ids() - ids
    record = company.record(entity, id)
    assert (entity, record["TxnDate"]) == ("Payment", "2026-11-19")
    assert D(str(record["TotalAmt"])) == D(str(record["Line"][0]["Amount"])) == D(300)
    assert record["Balance"] == 0  # nothing of it is unapplied
