"""What holds after any sequence of calls: the books balance, and everything that shows a balance shows the books'."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.quickbooks.books import (
    AMY,
    BOB,
    CARD,
    CHECKING,
    EUROS,
    FREEMAN,
    HANS,
    KLAUS,
    LANE,
    PUMP,
    RENT,
    SERVICE,
    STOCK,
    UNDEPOSITED,
    Books,
    company,
    linked,
    ref,
    sold,
    spent,
    token,
)  # fmt: skip

OPEN = (
    ("Invoice", "CustomerRef", 1, "AR"),
    ("CreditMemo", "CustomerRef", -1, "AR"),
    ("Payment", "CustomerRef", -1, "AR"),
    ("Bill", "VendorRef", 1, "AP"),
    ("VendorCredit", "VendorRef", -1, "AP"),
    ("BillPayment", "VendorRef", -1, "AP"),
)
amounts = st.integers(0, 30000).map(lambda minor: Decimal(minor).scaleb(-2))
customers = st.sampled_from([AMY, FREEMAN, LANE, HANS])
days = st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 12, 31))


@st.composite
def forms(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A document that can be right, of one kind or another."""
    kind = draw(st.sampled_from(["Invoice", "CreditMemo", "SalesReceipt", "Bill", "VendorCredit", "Purchase"]))
    day = draw(days).isoformat()
    if kind in ("Invoice", "CreditMemo", "SalesReceipt"):
        lines = [sold(draw(amounts), draw(st.sampled_from([SERVICE, PUMP]))) for _ in range(draw(st.integers(1, 3)))]
        if draw(st.booleans()):
            lines.append(sold(30, PUMP, Qty=2, UnitPrice=15, TaxCodeRef=ref("TAX")))
        body = {"CustomerRef": ref(draw(customers)), "Line": lines, "TxnDate": day}
        return kind, body | ({"TxnTaxDetail": {"TxnTaxCodeRef": ref("2")}} if draw(st.booleans()) else {})
    body = {"Line": [spent(draw(amounts)), spent(draw(amounts), RENT)], "TxnDate": day}
    if kind == "Purchase":
        return kind, body | {"PaymentType": "CreditCard", "AccountRef": ref(CARD), "Credit": draw(st.booleans())}
    return kind, body | {"VendorRef": ref(draw(st.sampled_from([BOB, KLAUS])))}


def settle(draw: Any, books: Books) -> None:
    """Pay some of what is open of a party, by more or less than it is, at some rate."""
    incoming = draw(st.booleans())
    kind, name, credit = ("Invoice", "CustomerRef", "CreditMemo") if incoming else ("Bill", "VendorRef", "VendorCredit")
    open_ = books.query(f"select * from {kind} where Balance > '0'")
    if not open_:
        return
    first = draw(st.sampled_from(open_))
    party = first[name]
    lines = [
        {"Amount": draw(amounts), "LinkedTxn": [linked(kind, d)]}
        for d in open_
        if d[name] == party and draw(st.booleans())
    ]
    credits = books.query(f"select * from {credit}")
    lines += [
        {"Amount": draw(amounts), "LinkedTxn": [linked(credit, d)]}
        for d in credits
        if d[name] == party and draw(st.booleans())
    ]
    total = draw(amounts)
    body = {
        name: party,
        "TotalAmt": total,
        "Line": lines or [{}],
        "ExchangeRate": draw(st.sampled_from([1, 2, "2.37"])),
    }
    if incoming:
        foreign = first["CurrencyRef"]["value"] == "EUR"
        into = draw(st.sampled_from([UNDEPOSITED, EUROS if foreign else CHECKING]))
        books.call("POST", "payment", body | {"DepositToAccountRef": ref(into)})
    else:
        check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": ref(CHECKING)}}
        books.call("POST", "billpayment", body | check)


def change(draw: Any, books: Books) -> None:
    """Change, void or delete something that is there."""
    kind = draw(st.sampled_from(["Invoice", "CreditMemo", "Payment", "Bill", "BillPayment", "SalesReceipt", "Deposit"]))
    there = books.query(f"select * from {kind}")
    if not there:
        return
    record = draw(st.sampled_from(there))
    operation = draw(st.sampled_from(["delete", "void", "full", "sparse", "gather"]))
    if operation in ("delete", "void"):
        books.call("POST", kind.lower(), token(record), operation=operation)
    elif operation == "full":
        books.call("POST", kind.lower(), record | {"TxnDate": draw(days).isoformat()})
    elif operation == "sparse" and kind in ("Invoice", "CreditMemo"):
        body = token(record) | {"sparse": True, "Line": [sold(draw(amounts))], "CustomerRef": ref(draw(customers))}
        books.call("POST", kind.lower(), body)
    elif operation == "gather":
        waiting = [p for p in books.query("select * from Payment") if not p["LinkedTxn"]]
        lines = [{"LinkedTxn": [linked("Payment", p)]} for p in waiting]
        books.call("POST", "deposit", {"DepositToAccountRef": ref(CHECKING), "Line": lines})


@given(st.data())
@settings(max_examples=12, deadline=None)
def test_the_books_hold_after_any_sequence_of_calls(data: st.DataObject) -> None:
    with company() as books:
        for _ in range(data.draw(st.integers(1, 12))):
            step = data.draw(st.sampled_from(["form", "form", "settle", "settle", "change"]))
            if step == "form":
                kind, body = data.draw(forms())
                status, found = books.call("POST", kind.lower(), body)
                assert status == 200, found
            elif step == "settle":
                settle(data.draw, books)
            else:
                change(data.draw, books)
            hold(books)


def hold(books: Books) -> None:
    db = books.back_end.db
    assert books.back_end.ledger.difference() == 0
    posted = {id: (h.amount, h.account_amount) for id, h in books.back_end.ledger.balances().items()}
    split = db.execute("SELECT account, sum(amount), sum(own_amount) FROM split GROUP BY account").fetchall()
    assert {id: both for id, both in posted.items() if any(both)} == {r[0]: (r[1], r[2]) for r in split if r[1] or r[2]}
    for account in books.query("select * from Account maxresults 1000"):
        balance_sheet = account["Classification"] in ("Asset", "Liability", "Equity")
        held = posted.get(account["Id"], (0, 0))[1] if balance_sheet else 0
        assert Decimal(account["CurrentBalance"]).scaleb(2) == held, account["Name"]
    open_: dict[tuple[str, str], int] = {}
    home = {"AR": 0, "AP": 0}
    for kind, name, sign, control in OPEN:
        for row in db.execute("SELECT * FROM record WHERE entity = ? AND deleted = 0", (kind,)):
            assert 0 <= row["balance"] <= row["total"], (kind, row["body"])
            key = (name.removesuffix("Ref"), row["party"])
            open_[key] = open_.get(key, 0) + sign * row["balance"]
            home[control] += sign * row["home_balance"]
    for entity in ("Customer", "Vendor"):
        for party in books.query(f"select * from {entity}"):
            owed = Decimal(open_.get((entity, party["Id"]), 0)).scaleb(-2)
            settled_below = entity == "Customer" and party["Id"] in (FREEMAN, LANE)
            assert settled_below or Decimal(party["Balance"]) == owed, party["DisplayName"]
    found = books.back_end.balances()
    assert Decimal(found["receivables"]).scaleb(2) == home["AR"]
    assert Decimal(found["payables"]).scaleb(2) == home["AP"]
    stock = db.execute("SELECT coalesce(sum(value), 0) FROM stock").fetchone()[0]
    assert posted.get(STOCK, (0, 0))[0] == stock


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_a_sparse_update_changes_what_it_names_alone(data: st.DataObject) -> None:
    with company() as books:
        kind, body = data.draw(forms())
        made = books.post(kind, body | {"PrivateNote": "mine", "DepartmentRef": ref("1")})
        sent = {"PrivateNote": data.draw(st.text(alphabet="abc", min_size=1))}
        sent |= {name: made[name] for name in ("VendorRef", "PaymentType", "AccountRef") if name in made}
        found = books.post(kind, token(made) | {"sparse": True, **sent})
        moving = ("SyncToken", "MetaData", "PrivateNote")
        assert {k: v for k, v in found.items() if k not in moving} == {k: v for k, v in made.items() if k not in moving}
        assert found["PrivateNote"] == sent["PrivateNote"]
        # What was read can be sent back whole, and is then the same.
        again = books.post(kind, found)
        assert {k: v for k, v in again.items() if k not in moving} == {
            k: v for k, v in found.items() if k not in moving
        }
