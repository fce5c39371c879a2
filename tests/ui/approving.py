"""A program for the pseudo-terminal tests: reviews the sample plan and prints what was decided, one line a decision."""

import asyncio
import contextlib
import dataclasses
import sys

from finchat.__main__ import leave
from finchat.safety.approval import Approve, ReviewContext
from finchat.ui.answers import Answers
from finchat.ui.approval import TerminalApprover
from finchat.ui.sink import Sink
from finchat.workflows.choosing import Chart
from tests.ui.samples import ASKING, CHART, PLAN
from tests.ui.taping import tape_of


def given(flag: str) -> str:
    return next((a.partition("=")[2] for a in sys.argv if a.startswith(f"{flag}=")), "")


async def chart() -> Chart:
    """A small chart of accounts."""
    return CHART


async def review(foreign: bool, answers: Answers | None = None) -> None:
    approver = TerminalApprover(Sink(answers=answers), contextlib.nullcontext, chart)
    plan = ASKING if "--asks" in sys.argv else PLAN
    context = ReviewContext(
        proposal_ids=tuple(p.id for p in plan.proposals),
        foreign=foreign,
        account_names={"bank-1": "Business Bank"},
        decided=int(given("--decided") or 0),
        written=frozenset((p, w) for p, _, w in (name.partition("/") for name in given("--written").split(",")) if p),
    )
    if "--slow" in sys.argv:  # work before the first card, for typing ahead
        print("READY", flush=True)
        sys.stdin.readline()
        print("GO", flush=True)
    async for decision in approver.review(plan, context):
        if isinstance(decision, Approve):
            print(f"DECIDED Approve {decision.proposal_id}", flush=True)
        else:
            print(f"DECIDED {type(decision).__name__} {dataclasses.asdict(decision)}", flush=True)
    print("END", flush=True)


def main() -> None:
    asyncio.run(review("--foreign" in sys.argv, tape_of(sys.argv)))
    leave(0)
