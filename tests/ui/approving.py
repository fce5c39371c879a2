"""A program for the pseudo-terminal tests: reviews the sample plan and prints what was decided, one line a decision."""

import asyncio
import contextlib
import dataclasses
import sys

from finchat.safety.approval import Approve, ReviewContext
from finchat.ui.approval import TerminalApprover
from finchat.ui.sink import Sink
from tests.ui.samples import PLAN


def given(flag: str) -> str:
    return next((a.partition("=")[2] for a in sys.argv if a.startswith(f"{flag}=")), "")


async def main(foreign: bool) -> None:
    approver = TerminalApprover(Sink(), contextlib.nullcontext)
    context = ReviewContext(
        proposal_ids=tuple(p.id for p in PLAN.proposals),
        foreign=foreign,
        account_names={"bank-1": "Business Bank"},
        decided=int(given("--decided") or 0),
        written=frozenset((p, w) for p, _, w in (name.partition("/") for name in given("--written").split(",")) if p),
    )
    if "--slow" in sys.argv:  # work before the first card, for typing ahead
        print("READY", flush=True)
        sys.stdin.readline()
        print("GO", flush=True)
    async for decision in approver.review(PLAN, context):
        if isinstance(decision, Approve):
            print(f"DECIDED Approve {decision.proposal_id}", flush=True)
        else:
            print(f"DECIDED {type(decision).__name__} {dataclasses.asdict(decision)}", flush=True)
    print("END", flush=True)


if __name__ == "__main__":
    asyncio.run(main("--foreign" in sys.argv))
