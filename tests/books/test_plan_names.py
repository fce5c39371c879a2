"""A plan says what a person calls its accounts, and a wrong name is found."""

from __future__ import annotations

from dataclasses import replace

from finchat.books.plan import AccountName
from finchat.books.plan_json import plan_from_json
from finchat.books.plan_names import misnamed_account, with_names
from tests.ui.samples import PLAN

LEDGER = {"bank-1": "090 Business Bank Account", "ar": "610 Accounts Receivable", "other": "404 Bank Fees"}


def test_the_accounts_that_proposals_move_are_named_and_hashed_with_the_plan() -> None:
    plan = with_names(PLAN, LEDGER)
    assert {"bank-1", "ar"} <= plan.account_names.keys() <= LEDGER.keys() - {"other"}
    assert plan.hash != PLAN.hash
    assert plan_from_json(plan.as_json()).account_names == plan.account_names


def test_a_name_that_the_ledger_does_not_give_an_account_is_told() -> None:
    plan = with_names(PLAN, LEDGER)
    assert misnamed_account(plan, LEDGER) is None
    forged = replace(plan, accounts=(AccountName(id="bank-1", name="404 Bank Fees"),))
    assert "bank-1 '404 Bank Fees', and the ledger '090 Business" in (misnamed_account(forged, LEDGER) or "")
    assert "not in the ledger" in (misnamed_account(plan, {}) or "")
