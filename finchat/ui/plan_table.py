"""The plan as a table: one row a proposal, one more for every write when there are several.

Reads at 80 columns; wider terminals get the confidence and the reason. Colour repeats what words already say.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from finchat.books.documents import BankLine
from finchat.books.plan import Link, Plan, Proposal, Write
from finchat.text.sanitise import one_line
from finchat.ui.amounts import aligned, amount, money, short_day

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

WIDE = 110
_VERBS = {
    "payment": "pay", "allocation": "allocate", "overpayment": "overpayment", "prepayment": "prepayment",
    "refund": "refund", "spend_money": "spend money", "receive_money": "receive money", "deposit": "deposit",
    "apply_payment": "apply", "transfer": "transfer", "create": "create", "update": "update", "delete": "delete",
    "void": "void",
}  # fmt: skip
CLASS_STYLE = {"certain": "green", "review": "yellow"}


def plan_table(plan: Plan, lines: Mapping[str, BankLine], width: int) -> Table:
    """The table of a plan. `lines` are the bank lines by id; a plan read from a file may have none."""
    from rich.table import Table
    from rich.text import Text

    wide = width >= WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=False, header_style="bold")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("Date", no_wrap=True)
    table.add_column("Bank line", no_wrap=True, overflow="ellipsis", ratio=3 if wide else None, min_width=14)
    table.add_column("Amount", no_wrap=True)
    table.add_column("Settles", no_wrap=True, overflow="ellipsis", min_width=18)
    table.add_column("Class", no_wrap=True)
    if wide:
        table.add_column("Conf.", justify="right", no_wrap=True)
        table.add_column("Because", no_wrap=True, overflow="ellipsis")
    rows = [row for number, p in enumerate(plan.proposals, 1) for row in _rows(number, p, lines.get(p.line_id))]
    amounts = aligned([(row.amount, row.currency) for row in rows], signed=True)
    for row, text in zip(rows, amounts, strict=True):
        cells: list[Text | str] = [
            row.number,
            row.date,
            Text(row.line),
            Text(text, style="" if row.number else "dim"),
            Text(row.settles, style="" if row.number else "dim"),
            _class(row),
        ]
        if wide:
            cells += [row.confidence, Text(row.because, style="dim")]
        table.add_row(*cells)
    return table


def totals(plan: Plan, lines: Mapping[str, BankLine]) -> str:
    """`9 proposals: 8 certain, 1 to review · receives 12,345.60 NZD · spends 420.00 NZD`."""
    certain = sum(p.certainty == "certain" for p in plan.proposals)
    count = len(plan.proposals)
    parts = [f"{count} proposal{'s' * (count != 1)}: {certain} certain, {count - certain} to review"]
    for direction, verb in (("receive", "receives"), ("spend", "spends")):
        sums: dict[str, Decimal] = {}
        for proposal in plan.proposals:
            value, currency = cash(proposal, lines.get(proposal.line_id))
            if value and (value > 0) == (direction == "receive"):
                sums[currency] = sums.get(currency, Decimal(0)) + abs(value)
        if sums:
            parts.append(f"{verb} " + " and ".join(money(v, c) for c, v in sorted(sums.items())))
    return " · ".join(parts)


def cash(proposal: Proposal, line: BankLine | None) -> tuple[Decimal, str]:
    """What the bank line carries: positive for money received. Without the line: the proposal's own amounts."""
    if line is not None:
        return (line.amount if line.direction == "receive" else -line.amount), line.currency
    payments = [w for w in proposal.writes if not w.operation.endswith("allocate")] or list(proposal.writes)
    amount, currency = Decimal(0), payments[0].currency if payments else ""
    for write in payments:
        value, currency = _bank_share(proposal, write)
        amount += value
    return amount, currency


def settles(proposal: Proposal) -> str:
    """What a proposal is for in a few words: `INV-0042 Acme Ltd`, `3 invoices of Acme Ltd`."""
    cash_links = _links(proposal, [w for w in proposal.writes if not _is_allocation(w)])
    links = cash_links or list(proposal.links)
    documents = {link.document_id: link for link in links if link.type in {"invoice", "bill"}} or {
        link.document_id: link for link in links
    }
    if not documents:
        return _VERBS[proposal.kind]
    contact = one_line(next(iter(documents.values())).contact, 40)
    if len(documents) == 1:
        link = next(iter(documents.values()))
        name = f"{one_line(link.number, 24) or link.type} {contact}"
        via = " (from clearing)" if via_clearing(proposal) else ""
        return (f"allocate to {name}" if proposal.kind == "allocation" else name) + via
    kinds = {link.type for link in documents.values()}
    noun = f"{kinds.pop()}s" if len(kinds) == 1 else "documents"
    return f"{len(documents)} {noun} of {contact}"


def via_clearing(proposal: Proposal) -> bool:
    return any(effect.control == "clearing" for write in proposal.writes for effect in write.effects)


def leaves_open(proposal: Proposal) -> list[tuple[Link, Decimal]]:
    """Documents that stay open after the proposal, with what remains due in the document's currency."""
    due: dict[str, Decimal] = {}
    for write in proposal.writes:
        for condition in write.preconditions:
            if condition.field == "amount_due" and condition.id not in due:
                due[condition.id] = Decimal(condition.expected)
    found = []
    for document_id, owed in due.items():
        links = [link for link in proposal.links if link.document_id == document_id]
        rest = owed - sum((link.amount for link in links), Decimal(0))
        if links and rest > 0:
            found.append((links[0], rest))
    return found


class _Row:
    """One line of the table."""

    def __init__(self, *, number: str = "", date: str = "", line: str = "", amount: Decimal, currency: str,
                 settles: str, certainty: str = "", confidence: str = "", because: str = "") -> None:  # fmt: skip
        self.number, self.date, self.line = number, date, line
        self.amount, self.currency, self.settles = amount, currency, settles
        self.certainty, self.confidence, self.because = certainty, confidence, because


def _rows(number: int, proposal: Proposal, line: BankLine | None) -> list[_Row]:
    value, currency = cash(proposal, line)
    rest = leaves_open(proposal)
    summary = settles(proposal)
    if rest and len(proposal.writes) == 1:
        summary = f"{summary}, {amount(rest[0][1], rest[0][0].currency)} stays open"
    because = " · ".join(one_line(e.text, 70) for e in proposal.evidence)
    rows = [
        _Row(
            number=str(number),
            date=short_day(line.date) if line else "",
            line=line_text(line) if line else "",
            amount=value,
            currency=currency,
            settles=summary,
            certainty=proposal.certainty,
            confidence=f"{proposal.confidence:.2f}",
            because=because,
        )
    ]
    if len(proposal.writes) > 1:
        for write in proposal.writes:
            links = _links(proposal, [write])
            sign = -1 if value < 0 else 1
            name = ", ".join(one_line(link.number, 24) or link.type for link in links)
            verb = "allocate" if _is_allocation(write) else "pay"
            rows.append(_Row(amount=write.amount * sign, currency=write.currency, settles=f"  {verb} {name}"))
    return rows


def line_text(line: BankLine) -> str:
    """The bank's own words, made safe and short."""
    return one_line(" ".join(part for part in (line.payee, line.narration, line.reference) if part), 80) or "(no text)"


def _class(row: _Row) -> Text:
    from rich.text import Text

    return Text(row.certainty, style=CLASS_STYLE.get(row.certainty, ""))


def _links(proposal: Proposal, writes: list[Write]) -> list[Link]:
    wanted = {link_id for write in writes for link_id in write.link_ids}
    return [link for link in proposal.links if link.id in wanted]


def _is_allocation(write: Write) -> bool:
    return write.operation.endswith("allocate") or write.operation.endswith("allocation")


def _bank_share(proposal: Proposal, write: Write) -> tuple[Decimal, str]:
    links = _links(proposal, [write])
    spends = any(link.type == "bill" for link in links)
    if links and all(link.bank_amount is not None for link in links):
        value = sum((link.bank_amount or Decimal(0) for link in links), Decimal(0))
        currency = links[0].bank_currency or write.currency
    else:
        value, currency = write.amount, write.currency
    return (-value if spends else value), currency
