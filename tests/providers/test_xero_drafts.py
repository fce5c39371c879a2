"""A forged draft is refused, or its card shows what was changed: nothing of a payload is told otherwise than sent."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.books.plan import Effect, Plan, Proposal
from finchat.providers.xero import XERO_PROFILE
from finchat.settings import Home
from finchat.ui.card import card_lines
from finchat.workflows.drafting import WantedContact, WantedPayment
from finchat.workflows.drafting.contacts import WantedTerms
from tests.providers.test_xero_families import EVERY, given, said, written
from tests.workflows.desk import back_end_of, company, open_desk
from tests.workflows.drafted import ANCHOR, document, line, planned, proposal

BASE = "NZD"
OF = {
    "invoice": 0, "foreign": 0, "inclusive": 0, "untaxed": 0, "draft": 0, "bill": 0, "payment": 0, "contact": 0,
    "of_contact": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    return asyncio.run(_planned(tmp_path_factory.mktemp("drafts")))


async def _planned(place: Path) -> dict[str, Plan]:
    back_end = back_end_of(company(1, ANCHOR), ANCHOR)
    name = back_end.db.execute("SELECT name FROM contact WHERE is_customer = 1 ORDER BY seq").fetchone()["name"]
    open_one = back_end.db.execute(
        "SELECT number FROM document WHERE resource = 'Invoices' AND type = 'ACCREC' AND status = 'AUTHORISED'"
        " AND currency = 'NZD' AND due > 90000"
    ).fetchone()["number"]
    lines = (line("A", "10.01", "3"), line("B", "7.77", "1", "260", tracking=("Team=Workshop",)))
    approved = {"contact": name, "lines": lines, "status": "AUTHORISED"}
    wanted: dict[str, Any] = {
        "invoice": document(**approved, number="ZZ-9", reference="PO 1"),
        "foreign": document(**approved, currency="USD", rate="1.6"),
        "inclusive": document(**approved, line_amounts="inclusive"),
        "untaxed": document(**approved, line_amounts="no_tax"),
        "draft": document(contact=name, lines=lines),
        "bill": document("bill", contact=name, lines=(line("C", "5", "1", "453"),), status="AUTHORISED", number="K"),
        "payment": WantedPayment(document=open_one, amount="9.00", date="2026-11-19", bank_account="090"),
        "contact": WantedContact(
            name="Tuatara", email="a@b.example", phone="1", address={"city": "Napier"},
            sales_terms=WantedTerms(kind="days_after_date", day=7),
        ),
        "of_contact": document(contact="Tuatara", create_contact=True),
    }  # fmt: skip
    async with open_desk(back_end, Home(place / "home"), ANCHOR) as desk:
        return {what: await planned(desk, one, n) for n, (what, one) in enumerate(wanted.items(), 1)}


@pytest.mark.parametrize("of", OF)
def test_what_is_drafted_follows_from_its_payload(of: str, plans: dict[str, Plan]) -> None:
    assert XERO_PROFILE.disagreement(proposal(plans[of]), BASE) is None


@pytest.mark.parametrize("of", OF)
@pytest.mark.parametrize("what", EVERY)
def test_no_draft_is_told_otherwise_than_it_is_sent(what: str, of: str, plans: dict[str, Plan]) -> None:
    forged = EVERY[what](proposal(plans[of]), OF[of])
    assert XERO_PROFILE.disagreement(forged, BASE) is not None


# What only the payload says: the card shows it as it is sent.
_ONLY_SHOWN = ("Description", "date", "due_date", "reference", "email_address", "PhoneNumber", "City", "Day", "Type")


def scalars(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from scalars(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from scalars(item, (*path, index))
    else:
        yield path


def changed(value: object, path: tuple[Any, ...], token: str) -> object:
    """Another value of the same kind, and for a text the same token in it."""
    if isinstance(value, int):
        return value + 1
    text = str(value)
    if path[-1] in ("date", "due_date"):
        return date.fromisoformat(text).replace(day=28, month=12 if path[-1] == "due_date" else 11).isoformat()
    if path[-1] == "Type" and "DAYS" in text:
        return "DAYSAFTERBILLMONTH"
    if text.replace(".", "", 1).lstrip("-").isdecimal() and path[-1] not in ("AccountCode", "PhoneNumber"):
        return str(Decimal(text) + 1)
    return f"{text} more" if text == token else f"another {token}" if token and token in text else f"{text}9"


@pytest.mark.parametrize("of", OF)
def test_every_scalar_of_a_payload_is_borne_out_or_shown(of: str, plans: dict[str, Plan]) -> None:
    plan, at = plans[of], OF[of]
    honest = proposal(plan)
    write = honest.writes[at]
    token = str((write.verify or {}).get("token", ""))
    for path in scalars(write.arguments):
        arguments = copy.deepcopy(dict(write.arguments))
        where: Any = arguments
        for key in path[:-1]:
            where = where[key]
        was, where[path[-1]] = where[path[-1]], changed(where[path[-1]], path, token)
        assert was != where[path[-1]], path
        forged = written(honest, at, arguments=arguments)
        if XERO_PROFILE.disagreement(forged, BASE) is None:
            assert path[-1] in _ONLY_SHOWN, path
            lines = card_lines(replace(plan, proposals=(forged,)), forged, number=1, total=1, width=200)
            assert str(where[path[-1]]) in "\n".join(one.plain for one in lines), path


def more(p: Proposal, n: int, **changes: Any) -> Proposal:
    """The last line of a document with more in it."""
    items = copy.deepcopy(list(p.writes[n].arguments["line_items"]))
    items[-1] |= changes
    return given(p, n, line_items=items)


def without(p: Proposal, n: int, *names: str) -> Proposal:
    return written(p, n, arguments={k: v for k, v in p.writes[n].arguments.items() if k not in names})


def moving(p: Proposal, n: int, change: Callable[[Effect], Effect]) -> Proposal:
    return written(p, n, effects=tuple(change(e) for e in p.writes[n].effects))


SOME: dict[str, tuple[str, Callable[[Proposal, int], Proposal]]] = {
    "a draft that is approved": ("draft", lambda p, n: given(p, n, status="AUTHORISED")),
    "an approved one as a draft": ("invoice", lambda p, n: given(p, n, status="DRAFT")),
    "an approved one without effects": ("invoice", lambda p, n: written(p, n, effects=())),
    "paid at once": ("invoice", lambda p, n: given(p, n, status="PAID")),
    "a line more": (
        "invoice", lambda p, n: given(p, n, line_items=[*p.writes[n].arguments["line_items"]] * 2)
    ),
    "no line at all": ("draft", lambda p, n: given(p, n, line_items=[])),
    "a discount nobody sees": ("invoice", lambda p, n: more(p, n, DiscountRate="50")),
    "a tax amount of its own": ("invoice", lambda p, n: more(p, n, TaxAmount="0.00")),
    "a line amount of its own": ("invoice", lambda p, n: more(p, n, LineAmount="0.00")),
    "an item nobody reads again": ("invoice", lambda p, n: more(p, n, ItemCode="X")),
    "tracking nobody reads again": (
        "invoice", lambda p, n: more(p, n, Tracking=[{"Name": "Region", "Option": "Mars"}])
    ),
    "an amount finer than Xero takes": ("invoice", lambda p, n: more(p, n, UnitAmount="7.7749")),
    "an account that may be archived": ("invoice", lambda p, n: said(p, n, "status", None)),
    "an account that is another by then": ("invoice", lambda p, n: said(p, n, "code", None)),
    "a tax rate that may be another": ("invoice", lambda p, n: said(p, n, "percent", None)),
    "a tax rate told otherwise": ("invoice", lambda p, n: said(p, n, "percent", "0")),
    "receivables that may be another account": ("invoice", lambda p, n: said(p, n, "kind", None)),
    "a day that may be locked": ("invoice", lambda p, n: said(p, n, "lock_date", None)),
    "a day that is locked": ("invoice", lambda p, n: said(p, n, "lock_date", "2026-11-30")),
    "due before its day": ("invoice", lambda p, n: given(p, n, due_date="2020-01-01")),
    "a whole envelope": ("invoice", lambda p, n: given(p, n, Invoices=[{"Type": "ACCREC"}])),
    "no token": ("invoice", lambda p, n: given(p, n, reference="PO 1")),
    "a bill's token elsewhere": ("bill", lambda p, n: more(p, n, Description="C")),
    "a bill with a reference": ("bill", lambda p, n: given(p, n, reference=str((p.writes[n].verify or {})["token"]))),
    "moved at another account": (
        "invoice", lambda p, n: moving(p, n, lambda e: replace(e, account_id="x") if e.control == "other" else e)
    ),
    "tax told as income": (
        "invoice", lambda p, n: moving(p, n, lambda e: replace(e, control="other") if e.control == "tax" else e)
    ),
    "receivables told as payables": (
        "invoice", lambda p, n: moving(p, n, lambda e: replace(e, control="payables", account_id="x")
                                       if e.control == "receivables" else e)
    ),
    "converted at another rate": (
        "foreign", lambda p, n: moving(p, n, lambda e: replace(e, base_amount=e.base_amount * 2))
    ),
    "a rate that is not said": ("foreign", lambda p, n: without(p, n, "currency_rate")),
    "a foreign one without its rate": (
        "foreign", lambda p, n: replace(p, links=tuple(replace(x, rate=None) for x in p.links))
    ),
    "certain": ("invoice", lambda p, n: replace(p, certainty="certain")),
    "not from a conversation": ("invoice", lambda p, n: replace(p, evidence=())),
    "of a bank line": ("invoice", lambda p, n: replace(p, line_id="fitid:1")),
    "a payment of a bank line it does not show": ("payment", lambda p, n: replace(p, line_id="fitid:1")),
    "a payment worded as if by the bank": (
        "payment", lambda p, n: given(p, n, reference=f"ACME LTD {(p.writes[n].verify or {})['token']}")
    ),
    "a payment that holds another's token": (
        "payment", lambda p, n: given(p, n, reference=f"{(p.writes[n].verify or {})['token']} ACME fc-aaaaaaaaaa")
    ),
    "a line that holds another's token": ("invoice", lambda p, n: more(p, n, Description="B fc-aaaaaaaaaa")),
    "a payment that is certain": ("payment", lambda p, n: replace(p, certainty="certain")),
    "a payment from nowhere": ("payment", lambda p, n: replace(p, evidence=())),
    "a payment of more than is due": ("payment", lambda p, n: said(p, n, "amount_due", "1.00")),
    "a payment of what may be paid": ("payment", lambda p, n: said(p, n, "status", None)),
    "a payment to an account that may be no bank": ("payment", lambda p, n: said(p, n, "kind", None)),
    "a payment in another currency": ("payment", lambda p, n: said(p, n, "currency", None)),
    "a payment on a locked day": ("payment", lambda p, n: given(p, n, date="2019-01-01")),
    "a payment out of clearing": (
        "payment", lambda p, n: moving(p, n, lambda e: replace(e, control="clearing") if e.control == "bank" else e)
    ),
    "a payment of the other side": (
        "payment", lambda p, n: replace(p, links=tuple(replace(x, type="bill") for x in p.links))
    ),
    "a payment that consumes a line": (
        "payment", lambda p, n: written(p, n, verify={**(p.writes[n].verify or {}), "fingerprints": ["fitid:1"]})
    ),
    "two payments in one": ("payment", lambda p, n: replace(
        p, writes=(*p.writes, replace(p.writes[0], id="w2", link_ids=("l2",))),
        links=(*p.links, replace(p.links[0], id="l2")),
    )),
    "a contact with an account number": ("contact", lambda p, n: given(p, n, bank_account_details="1")),
    "a contact with two addresses": (
        "contact", lambda p, n: given(p, n, addresses=[*p.writes[n].arguments["addresses"]] * 2)
    ),
    "a contact with terms of no kind": (
        "contact", lambda p, n: given(p, n, payment_terms={"Sales": {"Day": 7, "Type": "NEVER"}})
    ),
    "a contact that is certain": ("contact", lambda p, n: replace(p, certainty="certain")),
    "of another new contact": (
        "of_contact", lambda p, n: given(p, n, contact_id={"$from": "w2.ContactID"})
    ),
    "sent without its contact": ("of_contact", lambda p, n: written(p, n, depends_on=())),
    "sent although its contact failed": ("of_contact", lambda p, n: written(p, n, if_dependency_fails="continue")),
}  # fmt: skip


@pytest.mark.parametrize("what", SOME)
def test_each_draft_is_what_its_card_says(what: str, plans: dict[str, Plan]) -> None:
    of, change = SOME[what]
    honest = proposal(plans[of])
    forged = change(honest, OF[of])
    assert forged != honest
    assert XERO_PROFILE.disagreement(forged, BASE) is not None
