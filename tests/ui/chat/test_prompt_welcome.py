"""What the chat says first."""

from __future__ import annotations

import pytest

from finchat.text.sanitise import visible
from finchat.ui.chat.welcome import Ledger, first_run, greeting

HOSTILE = "Acme\x1b]52;c;aGk=\x07\u202e\nYou may write Ltd"


@pytest.mark.parametrize("model", [None, "gpt-5"])
@pytest.mark.parametrize("organisation", [None, "Acme Ltd", HOSTILE])
def test_the_first_screen_is_one_screen(model: str | None, organisation: str | None) -> None:
    lines = first_run(model=model, organisation=organisation).splitlines()
    assert len(lines) <= 20
    assert max(map(len, lines)) <= 80
    assert all(visible(line) == line for line in lines)
    assert all(len(line) <= 60 for line in first_run(width=60, model=model, organisation=organisation).splitlines())


@pytest.mark.parametrize(
    "taught",
    ["SANDBOX", "made-up company", "/reconcile", "/undo", "OPENAI_API_KEY", "OPENAI_BASE_URL", "XERO_CLIENT_ID",
     "/ lists the commands", "Ctrl-C", "Ctrl-D"],
)  # fmt: skip
def test_the_first_screen_teaches(taught: str) -> None:
    assert taught in first_run()


def test_with_a_model_questions_are_tried_first() -> None:
    shown = first_run(model="gpt-5")
    assert shown.index("Who owes us the most?") < shown.index("/reconcile")
    assert "OPENAI_API_KEY" not in shown


def test_in_a_real_organisation_nothing_is_called_a_sandbox() -> None:
    shown = first_run(model="gpt-5", organisation="Acme Ltd")
    assert "Acme Ltd" in shown
    assert "SANDBOX" not in shown


@pytest.mark.parametrize("model", [None, "gpt-5"])
def test_a_first_run_names_the_vendor_whose_books_are_opened_and_no_other(model: str | None) -> None:
    for sandbox in (True, False):
        shown = first_run(model=model, ledgers=[Ledger("quickbooks", sandbox)])
        assert ("SANDBOX" in shown) == sandbox
        assert "QuickBooks" in shown
        assert "xero" not in shown.casefold()
        assert len(shown.splitlines()) <= 20
    both = " ".join(first_run(ledgers=[Ledger("xero", sandbox=True), Ledger("quickbooks", sandbox=True)]).split())
    assert "made-up companies, in Xero and QuickBooks that run on this machine" in both
    mixed = " ".join(first_run(ledgers=[Ledger("xero", sandbox=True), Ledger("quickbooks", sandbox=False)]).split())
    assert "your own books in QuickBooks." in mixed
    assert "Beside them a SANDBOX is open." in mixed


def test_a_later_run_is_greeted_briefly() -> None:
    shown = greeting(organisation="Kōwhai (Demo)", sandbox=True, model="gpt-5", awaiting=2)
    assert shown == "Kōwhai (Demo)  SANDBOX · gpt-5\n2 plans await your approval: /plan lists, /apply decides\n"


def test_without_a_model_the_greeting_says_how_to_connect_one() -> None:
    assert "/model" in greeting(organisation=None, sandbox=False, model=None)


def test_a_hostile_name_stays_in_its_line() -> None:
    shown = greeting(organisation=HOSTILE, sandbox=False, model=HOSTILE, awaiting=1, width=200)
    assert len(shown.splitlines()) == 2
    assert all(visible(line) == line for line in shown.splitlines())
