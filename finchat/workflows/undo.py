"""Undo: from what the journal says a plan wrote, and what the ledger holds of it now, the plan that takes it back.

Nothing is written here. The new plan goes the road of every other: shown, asked, guarded, read back, balances proven.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from finchat.books.balances import expected, stated
from finchat.books.findings import CODES
from finchat.books.plan import Balances, Evidence, Finding, Kind, Plan, Proposal, Write
from finchat.books.plan_names import with_names
from finchat.errors import UsageError
from finchat.providers.provider import Provider
from finchat.providers.registry import vendor_of
from finchat.providers.writing.context import WriteContext
from finchat.providers.writing.undoing import Found, Obstacle, Written
from finchat.safety.counterparties import KNOWN_COUNTERPARTY
from finchat.safety.journal import BY_HAND, OPEN_STATES, WriteRecord
from finchat.safety.words import deed


class Records(Protocol):
    """The journal, as far as undoing needs it."""

    def plan(self, plan_id: str) -> Plan | None:
        """The plan as it was made or applied here."""

    def family(self, plan_id: str) -> tuple[str, ...]:
        """The plan and every plan that edits and answers made of it."""

    def writes(self, plan_id: str) -> Sequence[WriteRecord]:
        """The writes of a plan, in the order they were sent."""

    def knows(self, plan: Plan) -> bool:
        """Whether this very plan was made here."""

    def gone(self, record: WriteRecord, text: str) -> WriteRecord:
        """Remember that somebody took a write back in the ledger itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to undo, and what the new plan is called."""

    of: str
    as_of: date
    plan_id: str
    created_at: datetime
    server_fingerprint: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The reversal of a plan. `plan` may have no proposals; then `findings` say why.

    `whole`: everything that the plan wrote is taken back by now, or would be by this plan.
    """

    of: Plan
    plan: Plan
    before: Balances
    account_names: Mapping[str, str]
    findings: tuple[Finding, ...]
    whole: bool


def undo_sentence(write: Write, plan_id: str = "PLAN") -> str:
    """How a write is taken back once it is made, and what would prevent it: said before it is approved."""
    vendor = vendor_of(write.tool)
    if vendor is None:
        return "finchat does not know this tool and cannot take back what it does"
    return vendor.writers.undo_words(write, f"finchat undo {plan_id}")


def undoable(plan_id: str, records: Records) -> Plan:
    """The plan to undo, as the journal keeps it. Raises UsageError when it was never written here, or when it is
    itself an undo."""
    plan = records.plan(plan_id)
    known = [record for id in records.family(plan_id) for record in records.writes(id)]
    if plan is None:
        raise UsageError(
            f"the journal here knows no plan {plan_id}", code="not_written", field="PLAN",
            next="undo it with the FINCHAT_HOME it was applied with; finchat journal show --all lists what was written",
        )  # fmt: skip
    if any(write.reverses for proposal in plan.proposals for write in proposal.writes):
        raise UsageError(
            f"plan {plan_id} takes another plan back; an undo is not undone", code="undo_of_undo", field="PLAN",
            next="to write it again, make a new plan: finchat reconcile",
        )  # fmt: skip
    if not [r for r in known if r.state in ("committed", *OPEN_STATES)]:
        raise UsageError(
            f"nothing of plan {plan_id} was written here", code="not_written", field="PLAN",
            next="finchat journal show --all lists what was written",
        )  # fmt: skip
    return plan


async def prepare(provider: Provider, request: Request, *, records: Records) -> Undo:
    """Reads what stands of a plan's writes and proposes the reversal: a proposal for each that was written, the last
    written first. Remembers what somebody took back by hand. Raises UsageError as `undoable`, FinchatError when the
    ledger cannot be read."""
    of = undoable(request.of, records)
    context = await provider.write_context(request.plan_id)
    accounts = await provider.accounts()
    before = await provider.balances(request.as_of)
    cases = list(_cases(request.of, records))
    wanted = [one for case in cases for one in case.standing]
    found = await provider.held(wanted)
    findings = list(_undone_before(cases))
    proposals: list[Proposal] = []
    whole = True
    for case in cases:
        findings += case.unsettled()
        whole = whole and not case.open
        writes, obstacles = _reversed(case, context, found)
        for one, obstacle in obstacles:
            text = f"The {deed(case.proposal, one.write)} {obstacle.text} ({one.ledger_id})."
            if obstacle.what == "gone":
                records.gone(case.record_of(one), text)
            whole = whole and obstacle.what != "cannot"
            code = {"gone": "undone_by_hand", "stays": "stays_in_ledger"}.get(obstacle.what, "cannot_undo")
            findings.append(case.finding(code, text, obstacle.next, one.write))
        if writes:
            proposals.append(case.proposal_of(f"p{len(proposals) + 1}", writes))
    plan = Plan(
        id=request.plan_id,
        created_at=request.created_at,
        as_of=request.as_of,
        organisation=of.organisation,
        server_fingerprint=request.server_fingerprint,
        command=request.command,
        proposals=tuple(proposals),
        expected=expected(before, stated(before, (w for p in proposals for w in p.writes))),
    )
    names = {a.id: a.label for a in accounts.values()}
    plan = with_names(plan, {**of.account_names, **names})
    return Undo(of=of, plan=plan, before=before, account_names=names, findings=tuple(findings), whole=whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One proposal of the plan, or of one made from it, with what the journal knows of its writes."""

    plan: Plan
    proposal: Proposal
    records: tuple[WriteRecord, ...]
    made_here: bool

    @property
    def standing(self) -> tuple[Written, ...]:
        """What was written and not taken back, the last first."""
        ids = {r.write_id: r.ledger_id or "" for r in self.records if r.state == "committed"}
        by_id = {r.write_id: r for r in self.records if r.state == "committed" and r.undone_by is None}
        return tuple(
            Written(
                name=by_id[write.id].name,
                write=write,
                ledger_id=by_id[write.id].ledger_id or "",
                links=tuple(link for link in self.proposal.links if link.id in write.link_ids),
                ids=ids,
            )
            for write in reversed(self.proposal.writes)
            if write.id in by_id
        )

    @property
    def open(self) -> tuple[WriteRecord, ...]:
        """Writes whose outcome is not known."""
        return tuple(r for r in self.records if r.state in OPEN_STATES)

    def record_of(self, one: Written) -> WriteRecord:
        return next(r for r in self.records if r.name == one.name)

    def unsettled(self) -> Iterator[Finding]:
        """What must be settled first: nobody knows whether there is anything to take back."""
        writes = {w.id: w for w in self.proposal.writes}
        for record in self.open:
            yield self.finding(
                "cannot_undo",
                f"The {deed(self.proposal, writes[record.write_id])}: whether it was written is not known yet.",
                f"look in the ledger, then: finchat journal resolve {record.name} --committed ID (or --not-sent)",
                writes[record.write_id],
            )

    def finding(self, code: str, text: str, step: str, write: Write) -> Finding:
        documents = (link.document_id for link in self.proposal.links if link.id in write.link_ids)
        return Finding(
            code=code,
            severity=CODES[code],
            text=text,
            next=step[:1].upper() + step[1:] + ("" if step.endswith((".", ")")) else "."),
            line_id=self.proposal.line_id or None,
            documents=tuple(dict.fromkeys(id for id in documents if id)),
            amount=write.amount,
            currency=write.currency,
        )

    def proposal_of(self, id: str, writes: Sequence[Write]) -> Proposal:
        """The proposal that takes this one back. What only another machine vouches for is for a person to review."""
        ids = {link_id for write in writes for link_id in write.link_ids}
        kind: Kind = "void" if all(w.operation.endswith(".void") for w in writes) else "delete"
        return Proposal(
            id=id,
            line_id=self.proposal.line_id,
            kind=kind,
            certainty="certain" if self.made_here else "review",
            confidence=Decimal(1),
            evidence=tuple(self._evidence(writes)),
            rival=None,
            links=tuple(link for link in self.proposal.links if link.id in ids),
            writes=tuple(writes),
            line=self.proposal.line,
        )

    def _evidence(self, writes: Sequence[Write]) -> Iterator[Evidence]:
        taken = {write.reverses for write in writes}
        for record in self.records:
            if record.name in taken and record.ledger_id is not None:
                day = "" if record.sent_at is None else f" on {record.sent_at:%Y-%m-%d}"
                yield Evidence(
                    kind="history",
                    text=f"finchat wrote {record.ledger_id}{day} ({record.name})",
                    record_type="write",
                    record_id=record.ledger_id,
                )
        yield from (e for e in self.proposal.evidence if e.kind == KNOWN_COUNTERPARTY)


def _cases(plan_id: str, records: Records) -> Iterator[_Case]:
    """Every proposal of the family that something was or may have been written of, the last written first."""
    found: list[tuple[WriteRecord, _Case]] = []
    for id in records.family(plan_id):
        plan = records.plan(id)
        kept = [r for r in records.writes(id) if r.state in ("committed", *OPEN_STATES)]
        for proposal in plan.proposals if plan is not None else ():
            own = tuple(r for r in kept if r.proposal_id == proposal.id)
            if own and plan is not None:
                case = _Case(plan=plan, proposal=proposal, records=own, made_here=records.knows(plan))
                found.append((own[-1], case))
    found.sort(key=lambda pair: (pair[0].sent_at is not None, pair[0].sent_at, pair[0].name), reverse=True)
    return (case for _, case in found)


def _undone_before(cases: Sequence[_Case]) -> Iterator[Finding]:
    """What was taken back already: one finding for each plan that did it, with the ids."""
    undone: dict[str, list[str]] = {}
    for record in (r for case in cases for r in case.records if r.undone_by is not None):
        who = record.undone_by or ""
        by = who if who == BY_HAND else f"plan {who.partition('/')[0]}"
        undone.setdefault(by, []).append(record.ledger_id or "?")
    for by, ids in undone.items():
        many = f"{len(ids)} writes were" if len(ids) > 1 else "One write was"
        yield Finding(
            code="undone_before",
            severity=CODES["undone_before"],
            text=f"{many} taken back before ({by}): {', '.join(ids)}.",
            next="Nothing is to be done for that; finchat reconcile proposes the bank lines anew.",
        )


def _reversed(case: _Case, context: WriteContext, found: Found) -> tuple[list[Write], list[tuple[Written, Obstacle]]]:
    """The writes that take a proposal back, in order, and what stands in the way of the others."""
    writes: list[Write] = []
    obstacles: list[tuple[Written, Obstacle]] = []
    freed: dict[str, Decimal] = {}
    ids: dict[str, str] = {}  # of the original writes: what takes them back
    for one in case.standing:
        needed = tuple(ids[w.id] for w in case.proposal.writes if one.write.id in w.depends_on and w.id in ids)
        number = f"w{len(writes) + 1}"
        answer = context.writers.taken_back(context, one, found, id=number, freed=freed, depends_on=needed)
        if isinstance(answer, Obstacle):
            obstacles.append((one, answer))
            continue
        writes.append(answer)
        ids[one.write.id] = answer.id
        verify = answer.verify or {}
        if "credit_id" in verify:
            credit = f"{verify['credit_kind']} {verify['credit_id']}"
            freed[credit] = freed.get(credit, Decimal(0)) + answer.amount
    return writes, obstacles
