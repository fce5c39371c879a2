"""What a person answers to a proposal's question completes it: a new plan, new hashes, and all rules again."""

from __future__ import annotations

from datetime import datetime

from finchat.books.plan import Plan
from finchat.errors import WriteRefused
from finchat.safety.approval import Answer


class Answers:
    """Completes proposals of one organisation."""

    def __call__(
        self, plan: Plan, answer: Answer, *, plan_id: str, created_at: datetime, keep: frozenset[str]
    ) -> Plan:
        """The plan of the proposals to `keep`, one completed. Raises WriteRefused naming the field that is wrong."""
        raise WriteRefused(f"{answer.proposal_id} has no question", field="ask")
