"""Every way a bank line may settle something at QuickBooks, in real processes: what moved is read from outside.

Records are another client's, and so are their names; the lines of the bank's feed are in words of these tests alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests import forked, homes
from tests.outside_quickbooks import NOW, Company

ASKED = r"Approve\?[^:]*: "
D = Decimal


@dataclass(frozen=True)
class Kind:
    """A bank line of its own, and by how much it is to move what is watched."""

    direction: str
    amount: str
    text: str
    bank: str = "0"
    receivables: str = "0"
    payables: str = "0"
    undeposited: str = "0"

    def moves(self) -> dict[str, Decimal]:
        watched = ("bank", "receivables", "payables", "undeposited")
        return {"card": D(0), **{name: D(getattr(self, name)) for name in watched}}


KINDS = {
    "exact": Kind("RECEIVE", "310.25", "Wire in LARKSPUR TILE CO re Q-701", "310.25", "-310.25"),
    "several documents": Kind(
        "RECEIVE", "208.55", "Wire in FERROWING GLAZING INC re Q-702 and Q-703", "208.55", "-208.55"
    ),
    "part": Kind("RECEIVE", "500.00", "Wire in UMBERLEAF CATERING LLC first half of Q-704", "500", "-500"),
    "overpayment": Kind("RECEIVE", "230.00", "Wire in QUILLSTONE DENTAL PC re Q-705", "230", "-230"),
    "prepayment": Kind("RECEIVE", "125.00", "Wire in PETRICHOR GARDENS LLC deposit for order 88", "125", "-125"),
    "unapplied payment": Kind("RECEIVE", "410.00", "Wire in BRINDLECOVE YACHTS INC re Q-706"),
    "credit memo": Kind("RECEIVE", "900.00", "Wire in TAMARISK FOUNDRY CO re Q-707", "900", "-900"),
    "undeposited funds": Kind("RECEIVE", "2235.25", "Counter deposit", "2235.25", undeposited="-2235.25"),
    "bill": Kind("SPEND", "640.10", "Wire out GRISTMILL PACKAGING INC QB-1", "-640.10", payables="640.10"),
    "vendor credit": Kind("SPEND", "255.00", "Wire out HOLLOWPINE FREIGHT CO QB-2", "-255", payables="255"),
    "spend": Kind("SPEND", "101.25", "Recurring pmt PALMETTO WIRELESS DD NOV 26", "-101.25"),
    "receive": Kind("RECEIVE", "10000.00", "Orig CO Name: Janelle Okafor Funds introduced", "10000"),
    "transfer": Kind("SPEND", "918.28", "Transfer Pecan Bayou Savings"),
    # 500.00 EUR of an invoice at 1.10: two dollars of it are an exchange loss.
    "foreign currency": Kind("RECEIVE", "548.00", "Wire in ZWIRNER MOEBEL GMBH re Q-710 EUR 500.00", "548", "-550"),
}  # fmt: skip


def party(kind: str, name: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return kind, {"DisplayName": name, **more}


def sale(customer: str, number: str, amount: str, entity: str = "invoice", **more: Any) -> tuple[str, dict[str, Any]]:
    detail = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": float(amount), "TaxCodeRef": {"value": "NON"}}
    line = {"Amount": float(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    return entity, {"CustomerRef": {"value": customer}, "DocNumber": number, "TxnDate": "2026-10-05", "Line": [line],
                    **more}  # fmt: skip


def purchase(vendor: str, number: str, amount: str, entity: str = "bill") -> tuple[str, dict[str, Any]]:
    line = {
        "Amount": float(amount), "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "13"}},
    }  # fmt: skip
    return entity, {
        "VendorRef": {"value": vendor},
        "DocNumber": number,
        "TxnDate": "2026-10-06",
        "Line": [line],
    }


def paid(customer: str, amount: str, *invoices: str, **more: Any) -> tuple[str, dict[str, Any]]:
    lines = [{"Amount": float(amount), "LinkedTxn": [{"TxnId": id, "TxnType": "Invoice"}]} for id in invoices]
    return "payment", {"CustomerRef": {"value": customer}, "TotalAmt": float(amount), "TxnDate": "2026-11-18",
                       "Line": lines, **more}  # fmt: skip


def fill(company: Company) -> None:
    """What the lines are about, sent by another client."""
    customers = ("Larkspur Tile Co", "Ferrowing Glazing Inc", "Umberleaf Catering LLC", "Quillstone Dental PC",
                 "Brindlecove Yachts Inc", "Tamarisk Foundry Co", "Osprey Lantern Works",
                 "Petrichor Gardens LLC")  # fmt: skip
    larkspur, ferrowing, umberleaf, quillstone, brindlecove, tamarisk, osprey, _, zwirner, gristmill, hollowpine = (
        one["Id"]
        for one in company.send(
            *(party("customer", name) for name in customers),
            party("customer", "Zwirner Möbel GmbH", CurrencyRef={"value": "EUR"}),
            party("vendor", "Gristmill Packaging Inc"), party("vendor", "Hollowpine Freight Co"),
        )
    )  # fmt: skip
    waiting = company.send(sale(osprey, "Q-708", "1275.25"), sale(osprey, "Q-709", "960.00"))
    company.send(
        sale(larkspur, "Q-701", "310.25"),
        sale(ferrowing, "Q-702", "120.40"), sale(ferrowing, "Q-703", "88.15"),
        sale(umberleaf, "Q-704", "800.00"),
        sale(quillstone, "Q-705", "200.00"),
        sale(brindlecove, "Q-706", "410.00"), paid(brindlecove, "410.00", DepositToAccountRef={"value": "35"}),
        sale(tamarisk, "Q-707", "1000.00"), sale(tamarisk, "QC-1", "100.00", "creditmemo"),
        *(paid(osprey, str(one["TotalAmt"]), one["Id"]) for one in waiting),
        sale(zwirner, "Q-710", "500.00", CurrencyRef={"value": "EUR"}, ExchangeRate=1.1),
        purchase(gristmill, "QB-1", "640.10"),
        purchase(hollowpine, "QB-2", "300.00"), purchase(hollowpine, "QVC-1", "45.00", "vendorcredit"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def filled(quickbooks_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = homes.copied(quickbooks_home, tmp_path_factory.mktemp("filled") / "home")
    fill(Company(home))
    return home


@pytest.fixture
def company(filled: Path, tmp_path: Path) -> Company:
    return Company(homes.copied(filled, tmp_path / "home"))


def show(company: Company, kinds: Sequence[str]) -> None:
    """The bank's feed shows the lines of these kinds, all of today."""
    company.feed([
        {
            "id": f"made-up-{place}", "date": "2026-11-20", "type": kind.direction, "amount": kind.amount,
            "currency": "USD", "payee": "", "narration": kind.text, "reference": "", "counterparty_account": "",
            "fitid": f"9900{place}",
        }
        for place, kind in enumerate(KINDS[name] for name in kinds)
    ])  # fmt: skip


@contextmanager
def reconciling(company: Company) -> Iterator[pexpect.spawn[str]]:
    environment = {**os.environ, "FINCHAT_HOME": str(company.home), "FINCHAT_NOW": NOW, "TERM": "xterm",
                   "NO_COLOR": "1"}  # fmt: skip
    child = forked.spawn(
        "reconcile", "--days", "1", "--server", "qb", encoding="utf-8", timeout=60, dimensions=(300, 120),
        env=environment,
    )  # fmt: skip
    try:
        yield child
    finally:
        child.close(force=True)


def plain(screen: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen).replace("\r", "\n")


def settle(company: Company, kinds: Sequence[str]) -> str:
    """Approve card by card; after each, what moved is what the line is worth, and nothing else. What was said last."""
    show(company, kinds)
    opening = before = company.balances()
    by_text = {KINDS[name].text: name for name in kinds}
    seen: list[str] = []
    with reconciling(company) as child:
        while child.expect([ASKED, pexpect.EOF]) == 0:
            if seen:
                before = moved(company, before, seen[-1])
            card = plain(str(child.before)).rpartition(" SANDBOX ")[2]
            (text,) = re.findall(r"narration: (.*?) *$", card, re.M)
            seen.append(by_text[text])
            names(company, card)
            child.sendline("y")
        said = plain(str(child.before))
        child.close()
    moved(company, before, seen[-1])
    assert child.exitstatus == 0, said
    assert sorted(seen) == sorted(kinds)
    assert company.rows("SELECT 1 FROM record a JOIN record v USING (id) WHERE a.entity = 'Account' AND v.name = ?",
                        "Hollowpine Freight Co")  # fmt: skip
    agrees(company, said, opening, kinds)
    return said


def names(company: Company, card: str) -> None:
    """A name beside an id on a card is that of the record: at QuickBooks a vendor may have the id of an account."""
    shown = re.findall(r"(Customer|Vendor|Account)Ref\.value +(\S+) +\((.*)\)", card)
    for kind, id, name in shown:
        record = company.record(kind, id)
        own = f"{record['AcctNum']} {record['Name']}" if kind == "Account" else record["DisplayName"]
        assert name == own, (kind, id)


def moved(company: Company, before: Mapping[str, Decimal], kind: str) -> Mapping[str, Decimal]:
    now = company.balances()
    assert {name: now[name] - was for name, was in before.items()} == KINDS[kind].moves(), kind
    return now


def agrees(company: Company, said: str, before: Mapping[str, Decimal], kinds: Sequence[str]) -> None:
    """finchat's own figures before, expected and after are those of outside, to the cent."""
    assert "NOT EQUAL" not in said
    told = {
        name: tuple(D(n.replace(",", "")) for n in numbers.split())
        for name, numbers in re.findall(r"^(.+?)  +((?:-?[\d,]+\.\d\d +){3})USD +equal", said, re.M)
    }
    after = company.balances()
    rows = {"receivables": ("Receivables",), "payables": ("Payables",), "undeposited": ("1200 Undeposited Funds",),
            "bank": ("1000 Checking", "1010 Savings", "1020 Toronto CAD"), "card": ("2100 Visa",)}  # fmt: skip
    for name, of in rows.items():
        sign = -1 if name == "payables" else 1  # what is owed to others is said above zero
        if name == "undeposited" and not told.keys() & set(of):  # it is shown where a deposit is proposed
            assert after[name] == before[name]
            continue
        stated = [sign * sum(told[row][column] for row in of) for column in range(3)]
        expected = before[name] + sum(KINDS[kind].moves()[name] for kind in kinds)
        assert stated == [before[name], expected, after[name]], name
        assert after[name] == expected
    assert told["Trial balance difference"] == (D(0), D(0), D(0))


def test_each_kind_of_settlement_moves_what_its_line_is_worth_and_nothing_else(company: Company) -> None:
    before = company.ids()
    settle(company, list(KINDS))
    made = sorted(company.ids() - before)
    kinds = [entity for entity, _ in made]
    assert {entity: kinds.count(entity) for entity in kinds} == {
        "BillPayment": 3, "Deposit": 2, "Payment": 10, "Purchase": 1, "Transfer": 1
    }  # fmt: skip
    for entity, id in made:
        record = company.record(entity, id)
        assert not record.get("ProcessPayment")
        if entity == "Payment":
            assert record["DepositToAccountRef"]["value"] == "35"  # never left in undeposited funds
        if entity == "BillPayment":
            assert record["PayType"] == "Check"
    again = forked.run(
        "reconcile", "--days", "1", "--server", "qb", "--json",
        environment={**os.environ, "FINCHAT_HOME": str(company.home), "FINCHAT_NOW": NOW},
    )  # fmt: skip
    assert '"proposals":[]' in again.stdout.replace(" ", "")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_settlement_alone_moves_what_its_line_is_worth(company: Company, kind: str) -> None:
    settle(company, [kind])


# Somebody else was faster


def pays_a_part(company: Company) -> tuple[str, dict[str, Any]]:
    one = next(row for row in company.unpaid("Invoice") if row["number"] == "Q-701")
    return paid(one["party_id"], "10.25", one["id"])


def annotates_the_payment(company: Company) -> tuple[str, dict[str, Any]]:
    row = company.one("SELECT id, sync, party FROM record WHERE entity = 'Payment' AND balance = 41000 AND deleted = 0")
    return "payment", {
        "Id": row["id"], "SyncToken": str(row["sync"]), "CustomerRef": {"value": row["party"]}, "sparse": True,
        "PrivateNote": "seen by another clerk",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "hand", "shown"),
    [
        pytest.param("exact", pays_a_part, ("is 300.00, and was 310.25",), marks=pytest.mark.slow),
        ("unapplied payment", annotates_the_payment, ("SyncToken", "is 1, and was 0", "seen by another clerk")),
    ],
)
def test_a_change_by_another_client_after_the_card_is_refused_and_shown(
    company: Company, kind: str, hand: Callable[[Company], tuple[str, dict[str, Any]]], shown: tuple[str, ...]
) -> None:
    show(company, [kind])
    with reconciling(company) as child:
        child.expect(ASKED)
        company.send(hand(company))
        before, ids = company.balances(), company.ids()
        child.sendline("y")
        child.expect(pexpect.EOF)
        said = " ".join(plain(str(child.before)).split())
        child.close()
    assert child.exitstatus == 4
    assert (company.balances(), company.ids()) == (before, ids)
    assert "the ledger changed since the approval" in said
    assert all(value in said for value in shown), said
