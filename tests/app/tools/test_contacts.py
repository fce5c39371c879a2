"""A contact with its balance, computed and equal to the ledger's rows; several are listed and none is guessed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.app.tools.room import TODAY, hundredths, room

TERMS = {"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}}


@pytest.mark.parametrize("seed", [1, 7])
async def test_the_balance_of_a_contact_is_that_of_its_documents(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    async with room(own_home, monkeypatch, seed) as here:
        ((name, guid, due, overdue, currency),) = here.sql(
            "SELECT c.name, c.guid, sum(d.due), sum(CASE WHEN d.due_date < ? THEN d.due ELSE 0 END), min(d.currency)"
            " FROM document d JOIN contact c ON c.guid = d.contact WHERE d.type = 'ACCREC' AND d.status = 'AUTHORISED'"
            " GROUP BY c.guid HAVING count(DISTINCT d.currency) = 1 ORDER BY 3 DESC LIMIT 1",
            TODAY.isoformat(),
        )
        told = await here.call("find_contact", search=f" {name.upper()} ")
        assert await here.call("find_contact", search=guid) == told
        assert await here.call("open_documents", type="invoice", contact=name)
    (found,) = told["contacts"]
    (balance,) = [each for each in found["receivables"] if each["currency"] == currency]
    assert (found["contact"], found["contact_id"]) == (name, guid)
    assert Decimal(balance["outstanding"]) == hundredths(due) > 0
    assert Decimal(balance["overdue"]) == hundredths(overdue)
    assert 0 < len(found["last_documents"]) <= 5


async def test_terms_and_account_number_are_told_in_words(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with room(own_home, monkeypatch) as here:
        here.database.execute(
            "UPDATE contact SET account_number = 'CUST-77', body = json_set(body, '$.PaymentTerms', json(?))"
            " WHERE seq = (SELECT min(seq) FROM contact WHERE is_customer)",
            ('{"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}}',),
        )
        here.database.commit()
        told = await here.call("find_contact", search="CUST-77")
    (found,) = told["contacts"]
    assert found["account_number"] == "CUST-77"
    assert found["payment_terms"] == {"sales": "day 20 of the month after the document's"}


async def test_several_that_fit_are_listed_and_a_near_name_is_named(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room(own_home, monkeypatch) as here:
        ((name,),) = here.sql("SELECT name FROM contact WHERE is_customer AND length(name) > 12 ORDER BY seq LIMIT 1")
        several = await here.call("find_contact", search="e")
        misspelt = await here.call("find_contact", search=name[:3] + name[4:])
        nobody = await here.call("open_documents", type="invoice", contact='"; DROP')
    assert several["contacts"] == []
    assert len(several["fitting_contacts"]) > 1
    assert misspelt["contacts"] == []
    assert {"contact": name} in misspelt["near_contacts"]
    assert nobody["invoices"] == []
    assert "currencies" not in nobody
