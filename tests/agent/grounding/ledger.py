"""A small set of books as facts: what the evidence of a session holds, made here by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from finchat.agent.facts import Fact, FactPeriod, Filter, Unit

AS_OF = date(2026, 11, 20)
YEAR_END = (3, 31)
NOW = FactPeriod(first=None, last=AS_OF)
Q2 = FactPeriod(first=date(2026, 4, 1), last=date(2026, 6, 30))
Q3 = FactPeriod(first=date(2026, 7, 1), last=date(2026, 9, 30))
OCTOBER = FactPeriod(first=date(2026, 10, 1), last=date(2026, 10, 31))
YTD = FactPeriod(first=date(2026, 4, 1), last=AS_OF)

_UNITS: dict[str, Unit] = {
    "number": "identifier", "date": "date", "due_date": "date", "fully_paid_on_date": "date", "days_overdue": "count",
    "quantity": "number", "document_count": "count", "gross_margin": "percent", "net_margin": "percent",
    "payment_terms_days": "number", "discount_percent": "percent",
}  # fmt: skip


def record(
    evidence: str, path: str, kind: str, entities: tuple[str, ...], *, currency: str | None = "NZD",
    period: FactPeriod | None = None, **fields: str,
) -> list[Fact]:  # fmt: skip
    """The facts of one record, by field."""
    found = []
    for name, text in fields.items():
        unit = _UNITS.get(name, "money")
        value: Decimal | date | str
        value = text if unit == "identifier" else date.fromisoformat(text) if unit == "date" else Decimal(text)
        found.append(
            Fact(
                evidence_id=evidence, path=f"{path}.{name}", record=f"{evidence}/{path}", field=name, value=value,
                unit=unit, currency=currency if unit == "money" else None, entities=frozenset(entities), kind=kind,
                period=period,
            )
        )  # fmt: skip
    return found


def document(
    position: int, number: str, contact: str, *, total: str, due: str, issued: str, payable: str, kind: str = "invoice",
    currency: str = "NZD", tax: str = "0.00",
) -> list[Fact]:  # fmt: skip
    late = (AS_OF - date.fromisoformat(payable)).days
    return record(
        "e1", f"{kind}s[{position}]", kind, (number, contact), currency=currency, period=NOW, number=number,
        date=issued, due_date=payable, days_overdue=str(late), total=total, total_tax=tax,
        sub_total=f"{Decimal(total) - Decimal(tax)}", amount_paid=f"{Decimal(total) - Decimal(due)}", amount_due=due,
    )  # fmt: skip


def computed(
    derivation: str, value: str, kind: str, unit: Unit = "money", *, entities: tuple[str, ...] = (),
    period: FactPeriod | None = None, filters: tuple[tuple[str, str, str], ...] = (), currency: str | None = "NZD",
) -> Fact:  # fmt: skip
    field = derivation.partition("(")[2].rstrip(")") if unit == "money" else "count"
    return Fact(
        evidence_id="e9", path=f"e9: {derivation}", record=f"e9/{derivation}{filters}{entities}{period}", field=field,
        value=Decimal(value), unit=unit, currency=currency if unit == "money" else None, entities=frozenset(entities),
        kind=kind, period=period, derivation=derivation,
        filters=tuple(Filter(field=f, operator=o, value=v) for f, o, v in filters),
    )  # fmt: skip


def _profit(period: FactPeriod, path: str, **fields: str) -> list[Fact]:
    return record("e3", path, "", (), period=period, **fields)


def _expense(period: FactPeriod, code: str, name: str, amount: str) -> list[Fact]:
    where = f"operating_expenses[{code}]" if period == Q3 else f"compare.operating_expenses[{code}]"
    return record("e3", where, "operating_expense", (code, name), period=period, amount=amount)


FACTS: list[Fact] = [
    *document(0, "INV-0042", "Acme Ltd", total="920.00", due="520.00",
              issued="2026-09-17", payable="2026-10-17", tax="120.00"),
    *document(1, "INV-0043", "Acme Ltd", total="310.50", due="310.50",
              issued="2026-11-01", payable="2026-12-01", tax="40.50"),
    *document(2, "INV-0077", "Beta Traders", total="747.50", due="747.50",
              issued="2026-10-05", payable="2026-11-04", tax="97.50"),
    *document(3, "INV-0081", "Ridgeway University", total="6187.50", due="6000.00",
              issued="2026-08-20", payable="2026-09-19"),
    *document(4, "INV-0085", "Delta GmbH", total="2500.00", due="2500.00",
              issued="2026-11-10", payable="2026-12-10", currency="EUR"),
    *document(0, "BILL-9", "Crown Supplies", total="1150.00", due="1150.00",
              issued="2026-11-02", payable="2026-11-30", kind="bill", tax="150.00"),
    *document(1, "RPT-551", "Capital Cab Co", total="242.00", due="242.00",
              issued="2026-10-28", payable="2026-11-10", kind="bill"),
    *record("e2", "contacts[0].receivables[0]", "receivable", ("Acme Ltd",), period=NOW, outstanding="830.50",
            overdue="520.00", document_count="2"),
    *record("e2", "contacts[1].receivables[0]", "receivable", ("Beta Traders",), period=NOW, outstanding="747.50",
            overdue="747.50", document_count="1"),
    *record("e2", "contacts[2].receivables[0]", "receivable", ("Ridgeway University",), period=NOW,
            outstanding="6000.00", overdue="6000.00", document_count="1"),
    *record("e2", "contacts[0]", "contact", ("Acme Ltd",), credit_limit="5000.00", payment_terms_days="30"),
    *record("e5", "payments[0]", "payment", ("Acme Ltd", "INV-0042"), amount="400.00", date="2026-10-20"),
    *record("e5", "payments[1]", "payment", ("Ridgeway University", "INV-0081"), amount="187.50", date="2026-09-25"),
    *record("e6", "documents[0].lines[0]", "line", ("INV-0081", "Ridgeway University", "CONSULT", "200", "Sales"),
            quantity="30", unit_amount="150.00", line_amount="4500.00"),
    *record("e6", "documents[0].lines[1]", "line", ("INV-0081", "Ridgeway University", "LICENCE", "200", "Sales"),
            quantity="3", unit_amount="562.50", line_amount="1687.50"),
    *_profit(Q3, "totals", revenue="50000.00", cost_of_sales="27155.00", gross_profit="22845.00",
             operating_expenses="12000.00", net_profit="10845.00"),
    *_profit(Q3, "ratios", gross_margin="45.69", net_margin="21.69"),
    *_profit(Q2, "compare.totals", revenue="40000.00", cost_of_sales="24000.00", gross_profit="16000.00",
             operating_expenses="17500.00", net_profit="-1500.00"),
    *_profit(Q2, "compare.ratios", gross_margin="40", net_margin="-3.75"),
    *_expense(Q3, "469", "Rent", "4500.00"),
    *_expense(Q3, "477", "Wages", "3600.50"),
    *_expense(Q3, "445", "Light & Power", "900.25"),
    *_expense(Q2, "469", "Rent", "4200.00"),
    *_expense(Q2, "477", "Wages", "3555.00"),
    *record("e7", "currencies[0]", "invoice", (), period=NOW, n_current="310.50", n_1_30="747.50", n_31_60="520.00",
            n_61_90="6000.00"),
    computed("sum(amount_due)", "7578.00", "invoice", period=NOW, filters=(("type", "=", "invoice"),)),
    computed("count(rows)", "4", "invoice", "count", period=NOW, filters=(("type", "=", "invoice"),)),
    computed("sum(amount_due)", "1392.00", "bill", period=NOW, filters=(("type", "=", "bill"),)),
    computed("count(rows)", "2", "bill", "count", period=NOW, filters=(("type", "=", "bill"),)),
    computed("sum(amount_due)", "6520.00", "invoice", period=NOW,
             filters=(("type", "=", "invoice"), ("min_days_overdue", "=", "31"))),
    computed("count(rows)", "2", "invoice", "count", period=NOW,
             filters=(("type", "=", "invoice"), ("min_days_overdue", "=", "31"))),
    computed("sum(total)", "2990.00", "invoice", entities=("Acme Ltd",), period=OCTOBER,
             filters=(("contact_name", "=", "Acme Ltd"), ("date", ">=", "2026-10-01"), ("date", "<=", "2026-10-31"))),
    computed("avg(total)", "2041.38", "invoice", filters=(("type", "=", "ACCREC"),)),
    computed("sum(amount)", "587.50", "payment", period=None),
]  # fmt: skip

VOCABULARY = {
    name: frozenset({kind})
    for kind, names in {
        "contact": (
            "acme ltd",
            "beta traders",
            "ridgeway university",
            "delta gmbh",
            "crown supplies",
            "capital cab co",
        ),
        "invoice": ("inv-0042", "inv-0043", "inv-0077", "inv-0081", "inv-0085"),
        "bill": ("bill-9", "rpt-551"),
        "account": ("469", "rent", "477", "wages", "445", "light & power", "200", "sales"),
        "item": ("consult", "licence"),
        "organisation": ("demo company (nz)",),
    }.items()
    for name in names
}
