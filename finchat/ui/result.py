"""What was written, what the ledger now says, and what is left for the person to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from finchat.books.acts import act
from finchat.books.plan import Balances, Plan, Proposal, Write
from finchat.safety.results import WriteResult
from finchat.safety.words import deed
from finchat.text.sanitise import one_line, visible
from finchat.ui.amounts import amount, money
from finchat.ui.settlement import does, settles

if TYPE_CHECKING:
    from rich.console import RenderableType

_LONGEST = 1_000  # characters of why a write failed
# The word says it; the colour repeats it.
_LOOK = {
    "committed": ("written", "green"), "failed": ("FAILED", "bold red"), "unknown": ("UNKNOWN", "bold yellow"),
    "not_sent": ("not sent", "yellow"), "pending": ("pending", "yellow"), "skipped": ("skipped", ""),
    "refused": ("refused", ""), "void": ("void", "bold yellow"),
}  # fmt: skip


def outcomes_view(plan: Plan, results: Sequence[WriteResult]) -> RenderableType:
    """One row a write: its outcome in a word, what it was, the ledger's id and what was due before and after."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    writes = {(p.id, w.id): (p, w) for p in plan.proposals for w in p.writes}
    parts: list[RenderableType] = []
    for result in results:
        proposal, write = writes[result.proposal_id, result.write_id]
        word, style = _LOOK[result.outcome or result.decision]
        if write.reverses and result.outcome == "committed":
            word = "removed"
        parts.append(Text.assemble((f"{word:<9}", style), _what(proposal, write)))
        details = []
        if result.ledger_id:
            details.append(f"ledger id {one_line(result.ledger_id, _LONGEST)}")
        if result.due_before is not None and result.due_after is not None:
            before, after = amount(result.due_before, write.currency), money(result.due_after, write.currency)
            details.append(f"due {before} before, {after} after")
        if details:
            parts.append(Padding(Text(" · ".join(details), style="dim"), (0, 0, 0, 9)))
        if result.decision == "void" and result.outcome == "committed":
            # The refusal was of a second writing; whose the first was is what a person needs.
            parts.append(Padding(Text("by another run of finchat; this one sent nothing"), (0, 0, 0, 9)))
        elif result.error is not None:
            parts.append(Padding(Text(one_line(result.error.message, _LONGEST)), (0, 0, 0, 9)))
            if result.error.next:
                parts.append(Padding(Text(f"next: {one_line(result.error.next, _LONGEST)}"), (0, 0, 0, 9)))
    return Group(*parts)


def balances_view(
    before: Balances, expected: Balances, after: Balances | None, account_names: Mapping[str, str]
) -> RenderableType:
    """Balances before, expected and (when something was sent) after: `equal`, or the difference to the cent."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    rows = _rows(before, expected, after, account_names)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Balances", overflow="fold", min_width=8)
    for title in ("before", "expected", "after") if after else ("before", "expected"):
        table.add_column(title, justify="right", overflow="fold")
    table.add_column("", no_wrap=True)  # the currency, once a row
    if after:
        table.add_column("", no_wrap=True)
    parts: list[RenderableType] = [table]
    for name, currency, *values in rows:
        cells: list[RenderableType] = [
            Text(name),
            *(Text(_cell(value, currency)) for value in values[: 3 if after else 2]),
            Text(visible(currency)),
        ]
        if after:
            cells.append(_verdict(values[1], values[2]))
        table.add_row(*cells)
        if after and values[1] is not None and values[2] is not None and values[1] != values[2]:
            # A line of its own: however narrow the terminal, the difference is never cut.
            off = money(values[2] - values[1], currency, signed=True)
            parts.append(Text(f"{name}: NOT EQUAL by {off}", style="bold red"))
    return Group(*parts)


def balances_hold(expected: Balances, after: Balances) -> bool:
    """After is what was expected, to the cent, wherever both are known, and the trial balance is zero."""
    rows = _rows(expected, expected, after, {})
    return all(e is None or a is None or e == a for _name, _currency, _before, e, a in rows) and not (
        after.trial_balance_difference
    )


def confirm_sentence(plan: Plan, results: Sequence[WriteResult], vendor: str) -> str | None:
    """What is left to the person; None when nothing was written."""
    written = {r.proposal_id for r in results if r.outcome == "committed"}
    if not written:
        return None
    lines = {p.line_id for p in plan.proposals if p.id in written} - {""}
    if not lines:  # asked for in conversation, or what was, taken back
        undone = any(write.reverses for p in plan.proposals if p.id in written for write in p.writes)
        paid = any(p.kind == "payment" for p in plan.proposals if p.id in written)
        if undone or not paid:
            return None
        return f"No bank line shows this payment yet; match it to its bank line in {vendor} once there is one."
    count = f"{len(lines)} bank line{'s' * (len(lines) != 1)}"
    if any(write.reverses for p in plan.proposals if p.id in written for write in p.writes):
        return f"finchat took back what it had recorded of {count}; each can be matched anew."
    return f"finchat matched and recorded {count}; confirm each match against the bank line in {vendor}."


def _what(proposal: Proposal, write: Write) -> str:
    links = [link for link in proposal.links if link.id in write.link_ids]
    name = ", ".join(f"{one_line(li.number, 24) or li.type} {one_line(li.contact, 40)}" for li in links)
    if write.reverses:
        return deed(proposal, write)
    if act(write.operation) in ("document", "contact"):
        return does(proposal, write) + (f", {money(write.amount, write.currency)}" if write.amount else "")
    verb = write.operation.replace(".create", "").replace("_", " ")
    verb = verb.replace(".allocate", " allocation").replace(".apply", " applied")
    return f"{verb} {money(write.amount, write.currency)} · {name or settles(proposal)}"


_Row = tuple[str, str, Decimal | None, Decimal | None, Decimal | None]


def _rows(before: Balances, expected: Balances, after: Balances | None, names: Mapping[str, str]) -> list[_Row]:
    def bank(balances: Balances | None, account_id: str) -> Decimal | None:
        return next((b.amount for b in balances.bank if b.account_id == account_id), None) if balances else None

    rows: list[_Row] = [
        (
            one_line(names.get(b.account_id, b.account_id), 30),
            b.currency,
            b.amount,
            bank(expected, b.account_id),
            bank(after, b.account_id),
        )
        for b in before.bank
    ]
    for o in before.other:
        now, then, at_last = (_other(b, o.account_id) for b in (before, expected, after))
        if now != then or at_last not in (None, then):  # only what this run moves is worth a row
            rows.append((one_line(names.get(o.account_id, o.account_id), 30), before.currency, now, then, at_last))
    for title, field in (
        ("Receivables", "receivables"),
        ("Payables", "payables"),
        ("Trial balance difference", "trial_balance_difference"),
    ):
        values = [getattr(b, field) if b else None for b in (before, expected, after)]
        rows.append((title, before.currency, values[0], values[1], values[2]))
    return rows


def _other(balances: Balances | None, account_id: str) -> Decimal | None:
    found = balances.other if balances else ()
    return next((o.amount for o in found if o.account_id == account_id), None)


def _cell(value: Decimal | None, currency: str) -> str:
    return "not known" if value is None else amount(value, currency)


def _verdict(expected: Decimal | None, after: Decimal | None) -> RenderableType:
    from rich.text import Text

    if expected is None or after is None:
        return Text("not compared", style="yellow")
    return Text("equal", style="green") if expected == after else Text("NOT EQUAL", style="bold red")
