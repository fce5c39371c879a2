"""`reconcile` and `bank_lines`: the bank's lines of some days against the books, with or without a plan.

The model chooses days and an account and nothing else: what is matched and proposed is made by the workflow that
`finchat reconcile` runs, from the books and the bank lines alone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finchat.app.bank_lines import prepared
from finchat.app.tools.shape import DATE, Schema, money, period, text, tool
from finchat.books.periods import LONGEST, Window, parse_day, window

if TYPE_CHECKING:
    from finchat.agent.tray import Tray
    from finchat.app.desk import Desk
    from finchat.books.plan import Finding, Plan, Proposal
    from finchat.connections.own_tools import OwnTool
    from finchat.workflows.proposals import LineAnswer
    from finchat.workflows.reconcile import Reconciliation

_DAYS: Mapping[str, Schema] = {
    "days": {"type": "integer", "minimum": 1, "maximum": LONGEST}, "from": DATE, "to": DATE, "account": text(80),
}  # fmt: skip


def rows(desk: Desk, tray: Tray, as_of: date) -> list[OwnTool]:
    # Matching keeps what it read last in the provider: two of them side by side would take each other's.
    one_at_a_time = asyncio.Lock()

    async def read(arguments: Mapping[str, Any]) -> Reconciliation:
        days = _window(arguments, as_of)
        account = arguments.get("account")
        async with one_at_a_time:
            return await prepared(
                desk,
                days,
                as_of=as_of,
                account=None if account is None else str(account),
                command=_command(arguments),
            )

    async def reconcile(arguments: Mapping[str, Any]) -> dict[str, Any]:
        from finchat.agent.tray import ProposedPlan
        from finchat.workflows.forbidden import forbidden_findings

        found = await read(arguments)
        desk.saw(found.lines.values())
        plan = found.plan
        waiting = next((one.plan for one in tray.waiting() if _content(one.plan) == _content(plan)), None)
        if waiting is not None:  # asked twice: the person decides once
            found = replace(found, plan=waiting)
        elif plan.proposals:
            desk.keep(plan, by_model=True)
            tray.put(ProposedPlan(plan=plan, before=found.before, account_names=found.account_names))
        forbidden = desk.guard.forbidden(found.plan)
        findings = (*found.findings, *forbidden_findings(found.plan, forbidden))
        denied = frozenset(result.proposal_id for result in forbidden)
        return _with_plan(found, findings, denied)

    async def lines(arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = await read(arguments)
        return {**_head(found), "bank_lines": _unsettled(found.answers, planned=False)}

    return [
        tool("reconcile", reconcile, _DAYS, effect="propose"),
        tool("bank_lines", lines, _DAYS),
    ]


def _window(arguments: Mapping[str, Any], as_of: date) -> Window:
    return window(
        as_of,
        days=int(arguments["days"]) if "days" in arguments else None,
        first=parse_day(str(arguments["from"]), "from") if "from" in arguments else None,
        last=parse_day(str(arguments["to"]), "to") if "to" in arguments else None,
    )


def _command(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The words that would make the same plan at a shell."""
    given = {**arguments, **({"days": int(arguments["days"])} if "days" in arguments else {})}
    flags = (part for name in ("days", "from", "to", "account") if name in given for part in (f"--{name}", given[name]))
    return ("reconcile", *map(str, flags))


def _content(plan: Plan) -> list[Any]:
    """What a plan would do, without the ids and times that make it this one."""
    return [
        (
            p.line_id,
            p.kind,
            [(link.document_id, link.amount, link.currency) for link in p.links],
            [(w.operation, w.amount, w.currency) for w in p.writes],
            [(ask.kind, ask.amount, ask.answered) for ask in p.asks],
        )
        for p in plan.proposals
    ]


def _head(found: Reconciliation) -> dict[str, Any]:
    counts = Counter(answer.status for answer in found.answers)
    return {
        "period": period(found.window),
        "line_count": len(found.answers),
        "status_counts": {
            status: counts[status] for status in ("proposed", "review", "already_settled", "reported", "unmatched")
        },
        "unsettled_totals": _sums(found.answers),
    }


def _with_plan(found: Reconciliation, findings: Sequence[Finding], denied: frozenset[str]) -> dict[str, Any]:
    plan = found.plan
    return {
        **_head(found),
        "plan_id": plan.id if plan.proposals else None,
        "proposal_count": len(plan.proposals),
        "proposals": [_proposal(p, denied) for p in plan.proposals],
        "unsettled_lines": _unsettled(found.answers, planned=True),
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity,
                "text": finding.text,
                **(
                    {}
                    if finding.amount is None or finding.currency is None
                    else {"amount": money(finding.amount, finding.currency), "currency": finding.currency}
                ),
                "next": finding.next,
            }
            for finding in findings
        ],
        "next": "a person decides on each proposal after your answer; nothing is recorded yet"
        if plan.proposals
        else "nothing to record",
    }


def _proposal(proposal: Proposal, denied: frozenset[str]) -> dict[str, Any]:
    line = proposal.line
    contacts = dict.fromkeys(link.contact for link in proposal.links if link.contact)
    return {
        "proposal_id": proposal.id,
        "class": proposal.certainty,
        "kind": proposal.kind,
        "contact": ", ".join(contacts) or None,
        "line_date": None if line is None else line.date.isoformat(),
        "direction": None if line is None else line.direction,
        "amount": None if line is None else money(line.amount, line.currency),
        "currency": None if line is None else line.currency,
        "documents": [
            {
                "type": link.type,
                "number": link.number or None,
                "contact": link.contact,
                "amount": money(link.amount, link.currency),
                "currency": link.currency,
            }
            for link in proposal.links
        ],
        "evidence": "; ".join(each.text for each in proposal.evidence),
        **({"rival": proposal.rival.text} if proposal.rival else {}),
        **({"questions": [{"question": ask.text} for ask in proposal.open_asks]} if proposal.open_asks else {}),
        **({"forbidden_by_policy": True} if proposal.id in denied else {}),
    }


def _unsettled(answers: Iterable[LineAnswer], *, planned: bool) -> list[dict[str, Any]]:
    """The lines that the ledger does not hold yet; `planned`: with the proposals of the plan that was made of them."""
    return [
        {
            "date": answer.line.date.isoformat(),
            "direction": answer.line.direction,
            "amount": money(answer.line.amount, answer.line.currency),
            "currency": answer.line.currency,
            "payee": answer.line.payee or None,
            "narration": answer.line.narration or None,
            "reference": answer.line.reference or None,
            "status": answer.status,
            **({"proposal_ids": list(answer.proposal_ids)} if planned else {}),
            "reason": answer.reason,
        }
        for answer in answers
        if answer.status != "already_settled"
    ]


def _sums(answers: Iterable[LineAnswer]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[LineAnswer]] = {}
    for answer in answers:
        if answer.status != "already_settled":
            groups.setdefault((answer.line.currency, answer.line.direction), []).append(answer)
    return [
        {
            "currency": currency,
            "direction": direction,
            "line_count": len(listed),
            "amount": money(sum((a.line.amount for a in listed), Decimal(0)), currency),
        }
        for (currency, direction), listed in sorted(groups.items())
    ]
