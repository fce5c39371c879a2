"""The plan as a table: one row a proposal, one more for every write when there are several.

Reads at 80 columns; wider terminals get the confidence and the reason. Colour repeats what words already say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from finchat.books.documents import BankLine
from finchat.books.plan import Plan, PlanLine, Proposal, Write
from finchat.text.sanitise import one_line
from finchat.ui.amounts import aligned, money, short_day
from finchat.ui.settlement import does, is_allocation, links_of, settles, undoes
from finchat.workflows.situations import leaves_open

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

WIDE = 110
_GAP = 2
_NARROWEST = 9
# Bank line, what it settles, the reasons: the document says more than the bank's noise.
_WEIGHTS = (4, 6, 5)
CLASS_STYLE = {"certain": "green", "review": "yellow", "denied": "red"}


def plan_table(
    plan: Plan, width: int, *, denied: Collection[str] = (), accounts: Mapping[str, str] | None = None
) -> Table:
    """The table of a plan. `denied`: ids of the proposals that the policy forbids, which nobody is asked about;
    `accounts`: names by id, beside those that the plan holds."""
    from rich.table import Table
    from rich.text import Text

    names = {**plan.account_names, **(accounts or {})}
    rows = [row for p in plan.proposals for row in _rows(p, p.id in denied, names)]
    amounts = aligned([(row.amount, row.currency) for row in rows], signed=[row.moves for row in rows])
    wide = width >= WIDE
    dated, lined = any(row.date for row in rows), any(row.line for row in rows)
    fixed = [
        max(map(len, (row.number for row in rows)), default=1),
        6 if dated else 0,
        max(map(len, amounts), default=0),
        7,
        5 * wide,
    ]
    texts = [[row.line for row in rows] if lined else [], [row.settles for row in rows]]
    if wide:
        texts.append([row.because for row in rows])
    free = width - sum(fixed) - _GAP * (len([f for f in fixed if f]) + len([t for t in texts if t]) - 1)
    shares = _shares(texts, free)

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    table.add_column("#", justify="right", no_wrap=True, width=fixed[0])
    if dated:
        table.add_column("Date", no_wrap=True, width=fixed[1])
    if lined:
        table.add_column("Bank line", no_wrap=True, overflow="ellipsis", width=shares[0])
    table.add_column("Amount", no_wrap=True, width=fixed[2])
    table.add_column("Settles", no_wrap=True, overflow="ellipsis", width=shares[1])
    table.add_column("Class", no_wrap=True, width=7)
    if wide:
        table.add_column("Conf.", justify="right", no_wrap=True, width=5)
        table.add_column("Because", no_wrap=True, overflow="ellipsis", width=shares[2])
    for row, text in zip(rows, amounts, strict=True):
        style = "" if row.number else "dim"
        cells: list[Text | str] = [row.number]
        cells += [row.date] * dated + [Text(row.line)] * lined
        cells += [Text(text, style=style), Text(row.settles, style=style)]
        cells.append(Text(row.certainty, style=CLASS_STYLE.get(row.certainty, "")))
        if wide:
            cells += [row.confidence, Text(row.because, style="dim")]
        table.add_row(*cells)
    return table


def _shares(texts: Sequence[Sequence[str]], free: int) -> list[int]:
    """Widths for columns of text: what each needs where that fits, else a part of what is there by its weight."""
    from rich.cells import cell_len

    needs = [max((cell_len(text) for text in column), default=0) for column in texts]
    needs = [max(need, _NARROWEST) if need else 0 for need in needs]
    widths = [0] * len(needs)
    waiting = [i for i, need in enumerate(needs) if need]
    while waiting:
        weight = sum(_WEIGHTS[i] for i in waiting)
        fair = {i: max(free * _WEIGHTS[i] // weight, _NARROWEST) for i in waiting}
        small = [i for i in waiting if needs[i] <= fair[i]]
        for i in small or waiting:
            widths[i] = min(needs[i], fair[i])
        free -= sum(widths[i] for i in small)
        waiting = [i for i in waiting if i not in small] if small else []
    return widths


def totals(plan: Plan, *, denied: Collection[str] = ()) -> str:
    """`9 proposals: 8 certain, 1 to review · receives 12,345.60 NZD · spends 420.00 NZD`."""
    asked = [p for p in plan.proposals if p.id not in denied]
    certain = sum(p.certainty == "certain" for p in asked)
    count = len(plan.proposals)
    counts = [f"{certain} certain, {len(asked) - certain} to review"] if asked else []
    counts += [f"{count - len(asked)} forbidden by the policy"] if len(asked) < count else []
    parts = [f"{count} proposal{'s' * (count != 1)}: {', '.join(counts)}"]
    up, down = ("puts back", "takes out") if any(map(undoes, plan.proposals)) else ("receives", "spends")
    for direction, verb in (("receive", up), ("spend", down)):
        sums: dict[str, Decimal] = {}
        for proposal in plan.proposals:
            for currency, value in _moved(proposal).items():
                if value and (value > 0) == (direction == "receive"):
                    sums[currency] = sums.get(currency, Decimal(0)) + abs(value)
        if sums:
            parts.append(f"{verb} " + " and ".join(money(v, c) for c, v in sorted(sums.items())))
    if allocated := _allocated(plan):
        parts.append("allocates " + " and ".join(money(v, c) for c, v in sorted(allocated.items())))
    return " · ".join(parts)


def _moved(proposal: Proposal) -> dict[str, Decimal]:
    """What its writes move at the bank account of its line, by currency, in positive; without a line at any."""
    own = "" if proposal.line is None else proposal.line.account_id
    sums: dict[str, Decimal] = {}
    for effect in (e for w in proposal.writes for e in w.effects if e.control == "bank"):
        if own in ("", effect.account_id):
            sums[effect.currency] = sums.get(effect.currency, Decimal(0)) + effect.amount
    return sums


def _allocated(plan: Plan) -> dict[str, Decimal]:
    """What moves between documents, credits and clearing accounts without the bank, by currency. What is taken back is
    told by its rows."""
    sums: dict[str, Decimal] = {}
    for write in (w for p in plan.proposals for w in p.writes if not w.reverses):
        cleared = any(e.control == "clearing" for e in write.effects)
        if is_allocation(write) or (cleared and all(e.control != "bank" for e in write.effects)):
            sums[write.currency] = sums.get(write.currency, Decimal(0)) + write.amount
    return sums


def cash(proposal: Proposal) -> tuple[Decimal, str]:
    """What the bank line carries: positive for money received. Without a line: the proposal's own amounts. Of what
    takes an earlier proposal back, the opposite: that much leaves the books of the account again."""
    line = proposal.line
    if line is not None:
        inward = (line.direction == "receive") != undoes(proposal)
        return (line.amount if inward else -line.amount), line.currency
    payments = [w for w in proposal.writes if not is_allocation(w)] or list(proposal.writes)
    amount, currency = Decimal(0), payments[0].currency if payments else ""
    for write in payments:
        value, currency = _bank_share(proposal, write)
        amount += value
    return amount, currency


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line of the table. `moves`: cash moves, so the amount carries a sign."""

    amount: Decimal
    currency: str
    settles: str
    moves: bool = True
    number: str = ""
    date: str = ""
    line: str = ""
    certainty: str = ""
    confidence: str = ""
    because: str = ""


def _rows(proposal: Proposal, denied: bool, accounts: Mapping[str, str]) -> list[_Row]:
    line = proposal.line
    value, currency = cash(proposal)
    moves = proposal.kind not in ("create", "update")
    rest = leaves_open(proposal)
    summary = settles(proposal, accounts=accounts)
    summary = f"undo: {summary}" if undoes(proposal) else summary
    if rest and len(proposal.writes) == 1:
        summary = f"part of {summary}; {money(rest[0][1], rest[0][0].currency)} stays open"
    because = " · ".join(one_line(e.text, 70) for e in proposal.evidence)
    rows = [
        _Row(
            number=proposal.id,
            date=short_day(line.date) if line else "",
            line=line_text(line) if line else "",
            amount=value if moves else abs(value),
            currency=currency,
            settles=summary,
            moves=moves,
            certainty="denied" if denied else proposal.certainty,
            confidence=f"{proposal.confidence:.2f}",
            because=because,
        )
    ]
    if len(proposal.writes) > 1:
        for write in proposal.writes:
            links = links_of(proposal, [write])
            sign = -1 if value < 0 else 1
            if write.reverses:
                own = _removes(proposal, write)
                amount = write.amount * sign if own[1] else write.amount
                rows.append(_Row(amount=amount, currency=write.currency, settles=own[0], moves=own[1]))
                continue
            moves = any(link.bank_amount is not None for link in links)
            amount = write.amount * sign if moves else write.amount
            told = f"  {does(proposal, write, accounts)}"
            rows.append(_Row(amount=amount, currency=write.currency, settles=told, moves=moves))
    return rows


def _removes(proposal: Proposal, write: Write) -> tuple[str, bool]:
    """What one write takes back, and whether that moves the bank account."""
    name = ", ".join(one_line(link.number, 24) or link.type for link in links_of(proposal, [write]))
    subject, _, verb = write.operation.partition(".")
    made = f"{subject.replace('_', ' ')}{' allocation' if verb == 'deallocate' else ''}"
    return f"  {verb.replace('deallocate', 'remove')} {made} {name}", verb == "delete"


def line_text(line: BankLine | PlanLine) -> str:
    """The bank's own words, made safe and short; what a bank says in two fields is said once."""
    said: list[str] = []
    for part in (line.payee, line.narration, line.reference):
        words = " ".join(part.split())
        told = " ".join(said).casefold()
        if words and words.casefold() not in told:
            said = [words] if told and told in words.casefold() else [*said, words]
    return one_line(" ".join(said), 80) or "(no text)"


def _bank_share(proposal: Proposal, write: Write) -> tuple[Decimal, str]:
    links = links_of(proposal, [write])
    spends = any(link.type == "bill" for link in links)
    if links and all(link.bank_amount is not None for link in links):
        value = sum((link.bank_amount or Decimal(0) for link in links), Decimal(0))
        currency = links[0].bank_currency or write.currency
    else:
        value, currency = write.amount, write.currency
    return (-value if spends else value), currency
