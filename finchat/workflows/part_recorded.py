"""Bank lines of which finchat itself recorded less than the bank moved: a person lowered the amount, or the run ended
half-way. Consumed evidence is never used again, so nothing else would speak of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from finchat.books.documents import BankLine
from finchat.books.money import amount_text
from finchat.books.plan import Finding, Plan
from finchat.safety.journal import WriteRecord
from finchat.workflows.proposals import Draft, LineAnswer


class Records(Protocol):
    """The journal, as far as this needs it."""

    def used_by(self, org_id: str) -> Mapping[str, Sequence[WriteRecord]]:
        """Fingerprint of a bank line → the writes it was used for."""

    def plan(self, plan_id: str) -> Plan | None:
        """The plan as it was made or applied here."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What of a line finchat recorded, and what it did not, in the line's currency. `again`: the plan whose writes
    would record the rest, when a later one of them failed or was not sent."""

    recorded: Decimal
    missing: Decimal
    again: str = ""


def rests(records: Records, org_id: str, lines: Iterable[BankLine]) -> dict[str, Rest]:
    """Line id → rest, for the lines of which finchat's writes record less than the line. Allocations move no cash, so
    a line that was only allocated is whole; a write whose outcome is not known yet counts as done."""
    used, found = records.used_by(org_id), dict[str, Rest]()
    for line in lines:
        writes = next((used[f] for f in (line.id, *line.fingerprints) if f in used), ())
        rest = _rest(records, writes, line) if writes else None
        if rest is not None and rest.missing > 0:
            found[line.id] = rest
    return found


def _rest(records: Records, writes: Sequence[WriteRecord], line: BankLine) -> Rest | None:
    """What the writes left of the line; None when their proposal took no cash at all or is not known any more."""
    plan = records.plan(writes[0].plan_id)
    proposal = next((p for p in plan.proposals if p.id == writes[0].proposal_id), None) if plan else None
    if plan is None or proposal is None or all(link.bank_amount is None for link in proposal.links):
        return None
    done = {w.write_id for w in writes}
    links = {id for w in proposal.writes if w.id in done for id in w.link_ids}
    cash = {link.id: link.bank_amount for link in proposal.links if link.bank_amount is not None}
    recorded = sum((amount for id, amount in cash.items() if id in links), Decimal(0))
    return Rest(recorded, line.amount - recorded, plan.id if cash.keys() - links else "")


def told(draft: Draft, rest_of: Mapping[str, Rest]) -> Draft:
    """The draft with those lines reported, each with a finding that names the rest and the next step."""
    found: list[Finding] = []
    answers: list[LineAnswer] = []
    for answer in draft.answers:
        rest = rest_of.get(answer.line.id)
        if rest is not None and answer.status == "already_settled":
            found.append(_finding(answer.line, rest))
            answers.append(replace(answer, status="reported", reason=found[-1].text))
        else:
            answers.append(answer)
    return replace(draft, answers=tuple(answers), findings=(*draft.findings, *found))


def _finding(line: BankLine, rest: Rest) -> Finding:
    recorded, whole, missing = (
        f"{amount_text(amount, line.currency)} {line.currency}" for amount in (rest.recorded, line.amount, rest.missing)
    )
    verb = "receive" if line.direction == "receive" else "spend"
    again = f"finchat apply {rest.again} sends only what is missing of its plan. Or record" if rest.again else "Record"
    return Finding(
        code="part_recorded",
        severity="warning",
        text=f"finchat recorded {recorded} of the {whole} of this line; {missing} of it is not recorded.",
        next=f"{again} the {missing} in the ledger by hand, as a payment of the document it is for, an overpayment of "
        f"the contact, or {verb} money to an account and tax code you choose; finchat never uses a line twice.",
        line_id=line.id,
        amount=rest.missing,
        currency=line.currency,
    )
