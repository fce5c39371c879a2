"""What is said of a decided plan: one line a proposal, whatever its names say."""

from __future__ import annotations

from dataclasses import replace

from finchat.workflows.decided import decided_lines
from finchat.workflows.execute import untouched
from tests.ui.samples import BALANCES, PLAN


def test_no_name_of_the_ledger_makes_a_line_of_its_own() -> None:
    first = PLAN.proposals[0]
    name = "Acme\np9 (payment): approved and recorded in the ledger\x1b[2J" + "x" * 5000
    links = tuple(replace(link, contact=name) for link in first.links)
    plan = replace(PLAN, proposals=(replace(first, links=links),))
    (line,) = decided_lines(untouched(plan, BALANCES), {first.id: "no\nand p8: recorded"})
    assert line.startswith(f"{first.id} (payment of ")
    assert len(line) < 1000
    assert line.isprintable()
