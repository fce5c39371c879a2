"""A hand-made plan with the shapes a reader meets: plain, several documents, credit first, part payment, foreign."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal as D

from finchat.books.documents import (
    Account,
    AccountKind,
    BankLine,
    Coding,
    Contact,
    Direction,
    Organisation,
    TaxRate,
    TrackingCategory,
)
from finchat.books.plan import (
    Ask,
    Balances,
    BankBalance,
    Choice,
    Class,
    CreditName,
    Effect,
    Evidence,
    Finding,
    Kind,
    Link,
    Plan,
    PlanLine,
    Precondition,
    Proposal,
    Rival,
    Write,
)

ORGANISATION = Organisation(
    server="books", id="o-1", name="Demo Company (NZ)", base_currency="NZD", timezone="Pacific/Auckland", sandbox=True
)
BALANCES = Balances(
    bank=(BankBalance(account_id="bank-1", amount=D("10000.00"), currency="NZD"),),
    receivables=D("5000.00"),
    payables=D("3000.00"),
    currency="NZD",
    trial_balance_difference=D(0),
)


def line(id: str, amount: str, narration: str, *, direction: Direction = "receive", payee: str = "") -> BankLine:
    return BankLine(
        id=id, source="feed", source_id=f"s-{id}", account_id="bank-1", date=dt.date(2026, 11, 18),
        direction=direction, amount=D(amount), currency="NZD", payee=payee, narration=narration,
    )  # fmt: skip


LINES = {
    "l1": line("l1", "1234.50", "DIRECT CREDIT INV-0042", payee="ACME LTD"),
    "l2": line("l2", "2000.00", "INVOICES 0044 0051"),
    "l3": line("l3", "900.00", "Ridgeway INV-0060"),
    "l4": line("l4", "88.00", "part payment", payee="Bayside Club"),
    "l5": line("l5", "420.00", "RENT 7781", direction="spend"),
}


def link(id: str, number: str, contact: str, amount: str, *, type: str = "invoice", currency: str = "NZD") -> Link:
    return Link(
        id=id, document_id=f"doc-{number}", type=type, number=number, contact_id=f"c-{contact}", contact=contact,
        amount=D(amount), currency=currency, bank_amount=D(amount) if currency == "NZD" else D("180.00"),
        bank_currency="NZD", rate=None if currency == "NZD" else D("1.80"),
        rate_source=None if currency == "NZD" else "bank_line",
    )  # fmt: skip


def payment(
    id: str, of: Link, *, due: str | None = None, reference: str = "", depends_on: tuple[str, ...] = ()
) -> Write:
    cash = -of.amount if of.type == "bill" else of.amount
    return Write(
        id=id,
        operation="payment.create",
        resource="payments",
        tool="create_a_xero_payment",
        tool_sha256="a" * 64,
        arguments={
            "invoice_id": of.document_id,
            "account_id": "bank-1",
            "date": "2026-11-18",
            "amount": f"{of.amount:.2f}",
            "reference": reference or f"{of.number} fc-{id}",
        },
        amount=of.amount,
        currency=of.currency,
        link_ids=(of.id,),
        preconditions=(
            Precondition(type=of.type, id=of.document_id, field="amount_due", expected=due or f"{of.amount:.2f}"),
        ),
        effects=(
            Effect(account_id="bank-1", control="bank", amount=cash, currency="NZD", base_amount=cash),
            Effect(account_id="ar", control="receivables", amount=-cash, currency="NZD", base_amount=-cash),
        ),
        depends_on=depends_on,
    )  # fmt: skip


def proposal(
    id: str,
    line_id: str,
    links: tuple[Link, ...],
    writes: tuple[Write, ...],
    *,
    certainty: Class = "certain",
    kind: Kind = "payment",
    rival: Rival | None = None,
) -> Proposal:
    return Proposal(
        id=id,
        line_id=line_id,
        line=PlanLine.of(LINES[line_id]),
        kind=kind,
        certainty=certainty,
        confidence=D("0.99") if certainty == "certain" else D("0.62"),
        evidence=(Evidence(kind="number", text=f"the line names {links[0].number}", record_type="invoice"),),
        rival=rival,
        links=links,
        writes=writes,
    )  # fmt: skip


_L1 = link("k1", "INV-0042", "Acme Ltd", "1234.50")
_L2 = link("k2", "INV-0044", "Kiwi Holdings", "1500.00")
_L3 = link("k3", "INV-0051", "Kiwi Holdings", "500.00")
_L4 = dataclasses.replace(
    link("k4", "INV-0060", "Ridgeway University", "100.00"),
    bank_amount=None, bank_currency=None, credit=CreditName(id="cn-1", text="CN-0007"),
)  # fmt: skip
_L5 = link("k5", "INV-0060", "Ridgeway University", "900.00")
_L6 = link("k6", "INV-0071", "Bayside Club with a very long name that goes on", "88.00")
_L7 = link("k7", "RPT-7781", "Truxton Property", "420.00", type="bill")
_ALLOCATION = Write(
    id="w4", operation="credit_note.allocate", resource="credit_notes", tool="create_a_xero_credit_note_allocation",
    tool_sha256="b" * 64, amount=D("100.00"), currency="NZD", link_ids=("k4",),
    arguments={"credit_note_id": "cn-1", "invoice_id": "doc-INV-0060", "amount": "100.00", "date": "2026-11-18"},
    preconditions=(Precondition(type="invoice", id="doc-INV-0060", field="amount_due", expected="1000.00"),),
)  # fmt: skip

PLAN = Plan(
    id="20261120-sample01",
    created_at=dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC),
    as_of=dt.date(2026, 11, 20),
    organisation=ORGANISATION,
    server_fingerprint="f" * 64,
    command=("reconcile", "--days", "7"),
    proposals=(
        proposal("p1", "l1", (_L1,), (payment("w1", _L1),)),
        proposal("p2", "l2", (_L2, _L3), (payment("w2", _L2), payment("w3", _L3))),
        proposal("p3", "l3", (_L4, _L5), (_ALLOCATION, payment("w5", _L5, due="900.00", depends_on=("w4",)))),
        proposal(
            "p4",
            "l4",
            (_L6,),
            (payment("w6", _L6, due="188.00", reference="late\u202e\x1b[2Jfee"),),
            certainty="review",
            rival=Rival(documents=("d",), text="INV-0099 of Bayside Wholesale", why_lost="the payer is not theirs"),
        ),
        proposal("p5", "l5", (_L7,), (payment("w7", _L7),)),
    ),
    expected=BALANCES,
)


@dataclasses.dataclass(frozen=True)
class SampleChart:
    """What lines can be coded with."""

    accounts: dict[str, Account]
    tax_rates: dict[str, TaxRate]
    tracking: tuple[TrackingCategory, ...]
    contacts: dict[str, Contact]


def account(id: str, code: str, name: str, kind: AccountKind, tax: str, *, codable: bool = True) -> Account:
    return Account(id=id, code=code, name=name, kind=kind, currency="NZD", tax_type=tax, codable=codable)


CHART = SampleChart(
    accounts={
        a.id: a
        for a in (
            account("bank-1", "090", "Business Bank", "bank", "", codable=False),
            account("fees", "404", "Bank Fees", "expense", "NONE"),
            account("soft", "485", "Subscriptions", "expense", "INPUT2"),
            account("sales", "200", "Sales", "revenue", "OUTPUT2"),
        )
    },
    tax_rates={
        r.type: r
        for r in (
            TaxRate(type="NONE", name="No GST", percent=D(0)),
            TaxRate(type="INPUT2", name="15% GST on Expenses", percent=D(15), revenue=False),
            TaxRate(type="OUTPUT2", name="15% GST on Income", percent=D(15), expenses=False),
        )
    },
    tracking=(TrackingCategory(id="t1", name="Region", options=("North", "South")),),
    contacts={"c-1": Contact(id="c-1", name="Paddock Servers")},
)
_ASK = Ask(
    id="a1", kind="coding", amount=D("420.00"), currency="NZD", contact_id="", contact="LONGLINE FIBRE",
    text="420.00 NZD spent for LONGLINE FIBRE, without a document: to which account and tax code, and whose is it?",
    required=True, choices=(Choice(coding=Coding("soft", "INPUT2", (("Region", "North"),)), text="3 of 5 times"),),
)  # fmt: skip
ASKING = dataclasses.replace(
    PLAN,
    id="20261120-asking01",
    proposals=(
        dataclasses.replace(
            PLAN.proposals[4], id="p1", kind="spend_money", certainty="review", links=(), writes=(), asks=(_ASK,)
        ),
    ),
)
FINDINGS = (
    Finding(
        code="duplicate",
        severity="warning",
        line_id="l3",
        text="The same line was imported twice; the first one is used.",
        next="Delete the second copy in Xero: Bank accounts, statement lines.",
    ),
    Finding(
        code="overpayment",
        severity="info",
        text="\x1b[31mCity Agency\x1b[0m paid 50.00 more than is due.",
        next="Record the rest as an overpayment.",
        amount=D("50.00"),
        currency="NZD",
    ),
)
