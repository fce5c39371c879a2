"""What a statement that contradicts itself or another may lead to: nothing certain, nothing in bulk or unattended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from finchat.books.plan import Evidence
from finchat.workflows.bank_files.statement import Statement
from finchat.workflows.proposals import Draft


def doubted(draft: Draft, statements: Sequence[Statement]) -> Draft:
    """The draft with what the statements' checks found said first; proposals of what is in doubt are for review."""
    doubtful = {line.id for s in statements if not s.sound for line in s.lines}
    doubtful |= {id for s in statements for id in s.doubtful}
    said = Evidence(kind="statement", text="the statement file contradicts itself or another: ask the bank")
    proposals = tuple(
        replace(p, certainty="review", evidence=(*p.evidence, said)) if p.line_id in doubtful else p
        for p in draft.proposals
    )
    answers = tuple(
        replace(a, status="review") if a.line.id in doubtful and a.status == "proposed" else a for a in draft.answers
    )
    found = tuple(f for s in statements for f in s.findings)
    return replace(draft, proposals=proposals, answers=answers, findings=(*found, *draft.findings))
