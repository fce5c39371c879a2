"""A reconciliation on screen: first what was found, then what was done about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from finchat.books.documents import Organisation
from finchat.books.plan import Finding, Plan
from finchat.text.sanitise import one_line
from finchat.ui.amounts import day
from finchat.ui.findings import findings_view
from finchat.ui.plan_table import plan_table, totals
from finchat.ui.result import balances_view, confirm_sentence, outcomes_view
from finchat.ui.statement import statements_view, without_statements
from finchat.workflows.execute import Applied
from finchat.workflows.proposals import LineStatus
from finchat.workflows.reconcile import Reconciliation

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_STATUS_WORDS: Mapping[LineStatus, str] = {
    "proposed": "proposed", "review": "to review", "already_settled": "already in the ledger",
    "reported": "reported", "unmatched": "not matched",
}  # fmt: skip


def plan_view(found: Reconciliation, width: int, *, denied: Collection[str] = (), rows: bool = True) -> RenderableType:
    """Organisation and window, how many lines became what, the plan, its totals and the findings.

    `denied`: ids of the proposals that the policy forbids; without `rows` the plan itself is left to a screen.
    """
    from rich.console import Group
    from rich.text import Text

    counts = Counter(answer.status for answer in found.answers)
    lines = f"{len(found.answers)} bank line{'s' * (len(found.answers) != 1)}"
    summary = ", ".join(f"{counts[status]} {words}" for status, words in _STATUS_WORDS.items() if counts[status])
    first, last = found.window.first, found.window.last
    days = day(last) if first == last else f"{day(first)} to {day(last)}"
    window = f"{days} ({found.organisation.timezone})"
    parts: list[RenderableType] = [
        title(found.organisation),
        *([statements_view(found.statements, found.account_names)] if found.statements else ()),
        Text(f"{lines} of {window}" + (f": {summary}" if summary else "")),
    ]
    if found.plan.proposals and rows:
        parts += _plan(found.plan, width, denied, found.account_names)
    if findings := without_statements(found.findings, found.statements):
        parts += [Text(""), findings_view(findings, found.lines)]
    return Group(*parts)


def saved_plan_view(
    applied: Applied,
    findings: Sequence[Finding],
    width: int,
    *,
    foreign: bool,
    account_names: Mapping[str, str] | None = None,
) -> RenderableType:
    """A plan from a file: what is left of it, as it will be asked about, and how much was written earlier."""
    from rich.console import Group
    from rich.text import Text

    plan = applied.plan
    parts: list[RenderableType] = [
        title(plan.organisation),
        Text(f"plan {one_line(plan.id)} of {plan.created_at:%Y-%m-%d %H:%M} UTC, as of {day(plan.as_of)}"),
    ]
    if foreign:
        text = "This plan was not made on this machine: every proposal is for review, one by one."
        parts.append(Text(text, style="yellow"))
    open_ones = applied.left | applied.forbidden
    refused = {r.proposal_id: r for r in applied.results if r.decision == "refused" and r.outcome is None}
    if settled := len(plan.proposals) - len(open_ones):
        unclear = {r.proposal_id for r in applied.results if r.outcome == "unknown"} - open_ones
        void = {r.proposal_id for r in applied.results if r.decision == "void"} - open_ones
        undone = {r.proposal_id for r in applied.results if r.error is not None and r.error.code == "undone"}
        undone -= unclear | void | open_ones
        undone -= refused.keys()
        written = settled - len(unclear | void | undone | refused.keys())
        told = [f"{written} written earlier"] if written else []
        told += [f"{len(undone)} written and taken back since"] if undone else []
        told += [f"{len(unclear)} with an outcome that is not known yet"] if unclear else []
        told += [f"{len(void)} whose bank line was recorded otherwise"] if void else []
        told += [f"{len(refused)} refused earlier"] if refused else []
        count = f"{len(plan.proposals)} proposal{'s' * (len(plan.proposals) != 1)}"
        parts.append(Text(f"{count}: {', '.join(told)}, {len(open_ones) or 'none'} left"))
    for id, result in refused.items():
        parts.append(Text(f"{one_line(id)}: {one_line(result.error.message) if result.error else 'refused'}"))
    if open_ones:
        parts += _plan(plan.only(open_ones), width, applied.forbidden, account_names or {})
    if findings:
        parts += [Text(""), findings_view(findings, {})]
    return Group(*parts)


def _plan(plan: Plan, width: int, denied: Collection[str], names: Mapping[str, str]) -> list[RenderableType]:
    from rich.text import Text

    table = plan_table(plan, width, denied=denied, accounts=names)
    return [Text(""), table, Text(""), Text(totals(plan, denied=denied))]


def applied_view(
    applied: Applied, account_names: Mapping[str, str], *, saved: bool, vendor: str, here: bool = False
) -> RenderableType | None:
    """Outcomes of this run, balances and the next step; None when there was nothing to decide. `here`: it is typed at
    the chat's own prompt."""
    from rich.console import Group
    from rich.text import Text

    decided = [r for r in applied.now if r.decision != "pending" and r.proposal_id not in applied.forbidden]
    parts: list[RenderableType] = []
    if decided:
        parts += [Text(""), outcomes_view(applied.plan, decided)]
    if applied.after is not None:
        parts += [Text(""), balances_view(applied.before, applied.expected, applied.after, account_names)]
    if sentence := confirm_sentence(applied.plan, applied.now, vendor):
        parts += [Text(""), Text(sentence)]
    if applied.left and saved:  # the command follows, printed by itself
        many = f"{len(applied.left)} proposal{'s' * (len(applied.left) != 1)}"
        parts += [Text(""), Text(f"{many} waiting for your approval{'' if here else ', at a terminal'}:")]
    return Group(*parts) if parts else None


def answered_view(plan: Plan, proposal_id: str, width: int, account_names: Mapping[str, str]) -> RenderableType:
    """A plan that an answer made: the proposal as it is now, and that the rest waits with it."""
    from rich.console import Group
    from rich.text import Text

    table = plan_table(plan.only(frozenset({proposal_id})), width, accounts=account_names)
    count = f"{len(plan.proposals)} proposal{'s' * (len(plan.proposals) != 1)}"
    said = f"saved as plan {one_line(plan.id)}, {count} waiting for your approval, at a terminal:"
    return Group(table, Text(""), Text(said))


def title(organisation: Organisation) -> Text:
    """Whose books these are; SANDBOX beside it when they are not real."""
    from rich.text import Text

    name = (one_line(organisation.name), "bold")
    flag = ("  SANDBOX ", "bold black on yellow") if organisation.sandbox else ""
    return Text.assemble(name, f" on {one_line(organisation.server)}", flag)
