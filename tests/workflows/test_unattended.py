"""`--yes`: what the policy lets pass is written, everything else waits for a person."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from finchat.errors import ExitCode
from finchat.events import Notice
from finchat.safety.policy import Policy
from finchat.settings import Home
from finchat.workflows.unattended import PolicyApprover
from tests.workflows.desk import back_end_of, company, open_desk, written_feed

ANCHOR = date(2026, 11, 20)
RULES = {
    "version": 1,
    "unattended": {
        "kinds": ["payment"],
        "max_amount": "600.00",
        "max_total_per_day": "900.00",
        "known_counterparties_only": False,
        "expires": date(2099, 12, 31),
    },
}


async def test_only_what_the_policy_allows_is_written(tmp_path: Path) -> None:
    seeded = company(1, ANCHOR)
    policy = Policy.from_data(RULES, source=tmp_path / "policy.toml")
    async with open_desk(back_end_of(seeded, ANCHOR), Home(tmp_path / "home"), ANCHOR, policy=policy) as desk:
        found = await desk.reconcile(written_feed(seeded, tmp_path / "feed.json"))
        applied = await desk.apply(found.plan, PolicyApprover(desk.guard, desk.events.append))
    written = [r for r in applied.results if r.outcome == "committed"]
    cash = {(p.id, w.id): w.effects[0].base_amount for p in found.plan.proposals for w in p.writes if w.effects}
    sizes = [abs(cash[r.proposal_id, r.write_id]) for r in written if (r.proposal_id, r.write_id) in cash]
    assert sizes
    assert max(sizes) <= Decimal(600)
    assert sum(sizes) <= Decimal(900)
    assert {r.decision for r in applied.results} == {"approved", "pending"}
    assert "unattended_limit" in {r.error.code for r in applied.results if r.error is not None}
    assert applied.differences == ()
    assert applied.exit_code == ExitCode.AWAITING_APPROVAL
    told = [e.text for e in desk.events if isinstance(e, Notice) and "for a person" in e.text]
    limited = [r.proposal_id for r in applied.results if r.error is not None and r.error.code == "unattended_limit"]
    (said,) = [text for text in told if "would pass the 900.00 a day" in text]
    assert all(id in said for id in limited)


async def test_without_rules_nothing_is_written(tmp_path: Path) -> None:
    seeded = company(1, ANCHOR)
    async with open_desk(back_end_of(seeded, ANCHOR), Home(tmp_path / "home"), ANCHOR) as desk:
        found = await desk.reconcile(written_feed(seeded, tmp_path / "feed.json"))
        applied = await desk.apply(found.plan, PolicyApprover(desk.guard, desk.events.append))
    assert {r.decision for r in applied.results} == {"pending"}
    assert applied.exit_code == ExitCode.AWAITING_APPROVAL
    (told,) = [e.text for e in desk.events if isinstance(e, Notice) and "for a person" in e.text]
    assert told.startswith(f"{len(found.plan.proposals)} proposals wait for a person: the policy has no [unattended]")
