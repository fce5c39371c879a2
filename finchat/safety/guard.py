"""The one road to a tool: policy, approval, intent on disk, call, outcome on disk, read-back, audit.

Everybody else gets `Guard.toolbox(server)`, which reads. Only `Guard.execute` writes, and only what was approved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from finchat.books.documents import Organisation
from finchat.books.plan import Plan, Proposal
from finchat.books.plan_json import organisation_json
from finchat.chance import uuid_text
from finchat.clock import Clock, sleep
from finchat.connections.toolbox import Toolbox
from finchat.errors import FinchatError, UsageError, WriteRefused
from finchat.events import Emit, Notice, silent
from finchat.safety import approval as approvals
from finchat.safety import signatures
from finchat.safety.approval import Approval, plan_hash
from finchat.safety.attempt import Attempt, approved_hash
from finchat.safety.audit import AuditLog, AuditRecord
from finchat.safety.journal import Journal, Reservation, WriteRecord
from finchat.safety.own import OwnProfile
from finchat.safety.payload import check
from finchat.safety.policy import Decision, Policy
from finchat.safety.preconditions import Facts
from finchat.safety.profile_protocol import Profile
from finchat.safety.read_back import Confirmed, read_back
from finchat.safety.reads import AskRead, Door, GuardedToolbox, arguments_hash, decide, text_hash
from finchat.safety.recovery import Recovery, Sleep, recover
from finchat.safety.results import WriteDecision, WriteError, WriteOutcome, WriteResult
from finchat.safety.runs import Run
from finchat.safety.sending import Sending, forbids, permit
from finchat.safety.signatures import Standing
from finchat.safety.unattended import UnattendedVerdict, base_amounts, judge
from finchat.settings import ServerSettings
from finchat.text.sanitise import one_line

_LONGEST_NAME = 120  # of a tool in the record, as a model wrote it


class Guard:
    """The guard of one run. `sessions`, `profiles` and `settings` are by configured server name.

    Nobody else may hold the sessions. `ask` lets a person allow a read that the policy wants asked for; without it
    such a read is refused. `sleep` and the real clock measure waits; `clock` gives the sandbox its day.
    """

    def __init__(
        self,
        *,
        sessions: Mapping[str, Toolbox],
        profiles: Mapping[str, Profile],
        settings: Mapping[str, ServerSettings],
        policy: Policy,
        journal: Journal,
        audit: AuditLog,
        run: Run,
        clock: Clock,
        emit: Emit = silent,
        ask: AskRead | None = None,
        sleep: Sleep = sleep,
    ) -> None:
        self._doors = {name: Door(toolbox, profiles.get(name)) for name, toolbox in sessions.items()}
        self._settings = settings
        self._policy = policy
        self._journal = journal
        self._audit = audit
        self._run = run
        self._clock = clock
        self._emit = emit
        self._ask = ask
        self._sleep = sleep
        self._facts: dict[str, Facts] = {}
        self._confirmed: dict[str, list[Confirmed]] = {}  # by server: committed, and not read back yet
        self._signed: dict[str, tuple[Standing, Plan]] = {}  # by the hash of the plan as it is shown
        self._writing = asyncio.Lock()

    @property
    def policy(self) -> Policy:
        """The rules that this guard goes by."""
        return self._policy

    def toolbox(self, server: str) -> Toolbox:
        """The tools of a server, for everyone: reads only. Raises UsageError when no such session is open."""
        return GuardedToolbox(self._door(server), self._policy, self._audit, self._run, ask=self._ask)

    def add_own(self, toolbox: Toolbox, organisation: Organisation) -> None:
        """Take finchat's own tools in as a server, so that their calls pass policy and audit like any other's.

        By their profile each only reads: one that proposes makes a plan, which nobody but a person approves. Raises
        UsageError when a configured server has their name.
        """
        if toolbox.server in self._doors:
            raise UsageError(
                f"a server is called {toolbox.server}, which is the name of finchat's own tools",
                field=f"servers.{toolbox.server}", next="give that server another name in the settings",
            )  # fmt: skip
        self._doors[toolbox.server] = Door(toolbox, OwnProfile(), organisation)

    def add_reader(self, toolbox: Toolbox) -> None:
        """Take in a server without a profile: what a person's policy calls a read can be read there, and no more.

        Raises UsageError when something of that name is open already.
        """
        if toolbox.server in self._doors:
            raise UsageError(f"{toolbox.server} is open already", field=f"servers.{toolbox.server}")
        self._doors[toolbox.server] = Door(toolbox, None)

    def decision(self, server: str, tool: str) -> Decision:
        """The policy's word on a call of a tool, and the class it rests on; nothing is called. Raises UsageError for
        a server that is not open."""
        return decide(self._policy, self._door(server), tool)

    def note_attempt(
        self, *, server: str | None, tool: str | None, arguments: Mapping[str, Any] | str, reason: str,
        executed_before: bool = False,
    ) -> None:  # fmt: skip
        """Put on the record a call that a model attempted and that reached no toolbox, with the reason in plain words.

        `tool` and `arguments` are as they came, whatever they are; `arguments` is text where they could not be read.
        `executed_before`: it was answered with what the same call had given before, so it was not refused.
        """
        door = self._doors.get(server) if server is not None else None
        effect = None if door is None or tool is None else decide(self._policy, door, tool).effect
        org = None if door is None or door.organisation is None else organisation_json(door.organisation)
        shown = one_line(tool, _LONGEST_NAME) if tool is not None else None
        ending = "was answered as before" if executed_before else "reached nothing"
        what = f"the call of {shown} that the model asked for" if shown is not None else "a turn of the model"
        self._audit.note(
            AuditRecord(
                event="call", text=f"{what} {ending}: {reason}", server=server, org=org, tool=shown,
                call_id=uuid_text("call"), effect=effect, decision="allow" if executed_before else "deny",
                decided_by="default",
                arguments_sha256=arguments_hash(arguments) if isinstance(arguments, Mapping) else text_hash(arguments),
                outcome=None if executed_before else "not_sent",
            )
        )  # fmt: skip

    def drafted(self, plan: Plan) -> None:
        """Put on the record that a model asked for a plan: only a person can approve it, and what is made from it.

        Raises StorageError when that cannot be stored.
        """
        self._journal.plan_made(plan, by_model=True)

    async def open_organisation(self, server: str, organisation: Organisation) -> Recovery:
        """Settle what earlier runs left open in this organisation; then it may be read and written.

        Call it after reading the organisation and before anything else there. Raises StorageError when the journal
        cannot be used.
        """
        door = self._door(server)
        if behind := self._journal.clock_set_back_s():
            text = f"The clock is {behind:.0f} s behind an earlier run; limits and expiries go by the later time."
            self._emit(Notice(text=text, severity="warning"))
        own = self._recovering(door)
        found = await recover(
            self._journal, self._run, organisation, door.profile, own, emit=self._emit, sleep=self._sleep
        )
        self._audit.evidence.catch_up(organisation.id)
        door.organisation = organisation
        self._facts[server] = Facts()
        return found

    def forbidden(self, plan: Plan) -> tuple[WriteResult, ...]:
        """The writes of every proposal that the policy does not let through: nobody need be asked about them."""
        door = self._door(plan.organisation.server)
        found: list[WriteResult] = []
        for proposal in plan.proposals:
            refusal = next((r for w in proposal.writes if (r := forbids(self._policy, door, w))), None)
            if refusal is not None:
                why = WriteError(code=refusal.code, message=refusal.message, field=refusal.field, next=refusal.next)
                found += [
                    WriteResult(
                        proposal_id=proposal.id, write_id=write.id, decision="refused", outcome="not_sent", error=why
                    )
                    for write in proposal.writes
                ]
        return tuple(found)

    def accept_signatures(self, plan: Plan, documents: Iterable[Any], *, signed: Plan | None = None) -> Standing:
        """Take the signatures that came with a plan, and say what they are worth by the policy.

        `signed`: the plan as its maker had it, where this one shows all of it for review. Raises UsageError when that
        is another plan.
        """
        original = signed or plan
        if not signatures.signed_form(original, plan):
            raise UsageError("what was signed is not the plan that is shown", field="PLAN", next="sign this plan")
        standing = signatures.judge(self._policy.signatures, plan, documents, signed_hash=plan_hash(original))
        self._signed[plan_hash(plan)] = (standing, original)
        return standing

    def signatures(self, plan: Plan) -> Standing:
        """How a plan stands with the signatures taken so far. One that was changed on a card is another plan."""
        known = self._signed.get(plan_hash(plan))
        return known[0] if known is not None else signatures.judge(self._policy.signatures, plan, ())

    def unattended(self, plan: Plan, proposal: Proposal) -> UnattendedVerdict:
        """Whether `--yes` may approve a proposal; the day's total is held when it is executed."""
        return judge(
            self._policy.unattended, plan, proposal,
            today=self._today(plan.organisation), foreign=not self._journal.knows(plan),
            by_model=self._journal.by_model(plan.id),
        )  # fmt: skip

    def approve_unattended(self, plan: Plan, proposal: Proposal) -> Approval:
        """The policy's own approval. Raises WriteRefused with the reason when `--yes` may not approve it."""
        verdict = self.unattended(plan, proposal)
        if not verdict.approved:
            raise WriteRefused(
                verdict.reason, code="needs_approval", next=f"approve it at a terminal: finchat apply {plan.id}"
            )
        return approvals.bind(plan, proposal, by="policy:unattended")

    async def execute(
        self, plan: Plan, proposal: Proposal, approval: Approval, *, upcoming: Sequence[Proposal] = (),
        more_follow: bool = False,
    ) -> tuple[WriteResult, ...]:  # fmt: skip
        """Send the approved writes of one proposal, one by one; what became of each, in order.

        Each reply is checked at once and its outcome is on disk before the next send. Then the ledger is read back;
        with `more_follow` that waits for `read_back()` after the last proposal of those approved together, so that
        it takes a few calls for all of them. Refusals, failures and unclear outcomes are results, not exceptions.
        `upcoming`: proposals executed next, whose facts are read in the same batch. When cancelled, the write under
        way is finished or recorded as unknown first. Raises nothing else but UsageError for a server that is not open.
        """
        results = await self._execute(plan, proposal, approval, upcoming)
        if more_follow:
            return results
        read = {(r.proposal_id, r.write_id): r for r in await self.read_back()}
        return tuple(read.get((r.proposal_id, r.write_id), r) for r in results)

    async def read_back(self) -> tuple[WriteResult, ...]:
        """Read the ledger again for everything committed since the last time; the results that this settles anew.

        Batched over all of it. A write that the ledger does not show as it was sent comes back with an error (see
        WriteResult), is told, and is never sent again. What could not be read is told and read by the next start.
        """
        async with self._writing:
            found: list[WriteResult] = []
            for server in list(self._confirmed):
                door, confirmed = self._door(server), self._confirmed.pop(server)
                assert door.profile is not None  # only a profile confirms
                found += await read_back(
                    confirmed, profile=door.profile, toolbox=self._recovering(door), journal=self._journal,
                    emit=self._emit,
                )  # fmt: skip
                self._audit.evidence.keep(one.record for one in confirmed)
            return tuple(found)

    async def _execute(
        self, plan: Plan, proposal: Proposal, approval: Approval, upcoming: Sequence[Proposal]
    ) -> tuple[WriteResult, ...]:
        async with self._writing:
            attempt = Attempt(plan, proposal, approval, self._door(plan.organisation.server), tuple(upcoming))
            try:
                await self._admit(attempt)
            except FinchatError as error:
                return self._not_admitted(attempt, error)
            server = plan.organisation.server
            sending = Sending(
                attempt, settings=self._settings[server], policy=self._policy, journal=self._journal,
                facts=self._facts[server], own=self._recovering(attempt.door), emit=self._emit, sleep=self._sleep,
            )  # fmt: skip
            try:
                for write in proposal.writes:
                    await sending.write(write)
            finally:
                sending.release()
                self._confirmed.setdefault(server, []).extend(attempt.confirmed())
                # What is confirmed has its evidence written once it was read back.
                self._audit.evidence.keep(r for r in attempt.records.values() if r.state != "committed")
            return tuple(attempt.results[write.id] for write in proposal.writes)

    def close(self) -> None:
        """Write out the audit lines of the last reads."""
        self._audit.close()

    # Before anything is sent

    async def _admit(self, attempt: Attempt) -> None:
        """All that can be said no to before the approval is used; then use it. Raises FinchatError."""
        plan, proposal = attempt.plan, attempt.proposal
        org = attempt.door.organisation
        if org is None:
            raise WriteRefused("the plan is of another organisation than the open one", code="other_organisation")
        same_organisation(plan, org)
        if why := approvals.mismatch(attempt.approval, plan, proposal):
            raise WriteRefused(f"the approval does not hold: {why}", code="approval_void", next="approve it again")
        if self._settings[org.server].fingerprint(org.id) != plan.server_fingerprint:
            raise WriteRefused(
                "the server is configured differently than when the plan was made", code="server_changed",
                next="make a new plan",
            )  # fmt: skip
        if proposal not in plan.proposals or len({w.id for w in proposal.writes}) != len(proposal.writes):
            raise WriteRefused("the proposal is not one of this plan", code="approval_void")
        self._require_signatures(attempt)
        profile = attempt.door.profile
        if profile is not None and (why := profile.disagreement(proposal, org.base_currency)):
            raise WriteRefused(why, code="payload_changed", next="make a new plan")
        tools = await attempt.door.toolbox.tools()
        for write in proposal.writes:
            attempt.effects[write.id] = permit(self._policy, attempt.door, write, tools)
            check(write, approved_hash(attempt.approval, write))
        reservation = self._reservation(attempt) if attempt.approval.decided_by != "human" else None
        attempt.records = self._journal.claim(
            plan, proposal, attempt.approval, effects=attempt.effects, reservation=reservation,
            signed=self._signed.get(plan_hash(plan), (None, plan))[1],
        )  # fmt: skip

    def _require_signatures(self, attempt: Attempt) -> None:
        """Enough different signers by the policy, whoever approved; they go into the approval's record."""
        standing = self.signatures(attempt.plan)
        if standing.missing:
            raise standing.refusal()
        if standing.required:
            attempt.approval = replace(
                attempt.approval, signatures_required=standing.required, signatures=standing.used
            )

    def _reservation(self, attempt: Attempt) -> Reservation:
        plan, proposal, rules = attempt.plan, attempt.proposal, self._policy.unattended
        verdict = self.unattended(plan, proposal)
        amounts = {id: amount for id, amount in base_amounts(plan, proposal).items() if amount is not None}
        if rules is None or not verdict.approved:
            raise WriteRefused(verdict.reason, code="needs_approval", next=f"finchat apply {plan.id}")
        return Reservation(day=self._today(plan.organisation), limit=rules.max_total_per_day, base_amounts=amounts)

    def _not_admitted(self, attempt: Attempt, error: FinchatError) -> tuple[WriteResult, ...]:
        """Nothing was sent. What an earlier apply of the same plan has done is told with it."""
        with suppress(FinchatError):
            decided_by = error.field if error.code == "denied" and error.field else "default"
            self._journal.refused(
                attempt.plan, attempt.proposal, attempt.approval, error.message, decided_by=decided_by
            )
            self._audit.flush()
        decision: WriteDecision = "refused" if error.code == "denied" else "void"
        problem = WriteError(code=error.code, message=error.message, field=error.field, next=error.next)
        known: dict[str, WriteRecord] = {}
        with suppress(FinchatError):
            known = {
                r.write_id: r
                for r in self._journal.writes(attempt.plan.id)
                if r.proposal_id == attempt.proposal.id and r.state in ("committed", "unknown")
            }
        results = []
        for write in attempt.proposal.writes:
            before = known.get(write.id)
            outcome: WriteOutcome = "not_sent" if before is None else before.result().outcome or "not_sent"
            results.append(
                WriteResult(
                    proposal_id=attempt.proposal.id, write_id=write.id, decision=decision, outcome=outcome,
                    ledger_id=before.ledger_id if before is not None else None, error=problem,
                )
            )  # fmt: skip
        return tuple(results)

    # Small things

    def _door(self, server: str) -> Door:
        if server not in self._doors:
            raise UsageError(f"server {server!r} is not connected", field="--server")
        return self._doors[server]

    def _recovering(self, door: Door) -> Toolbox:
        return GuardedToolbox(door, self._policy, self._audit, self._run, ask=self._ask, recovering=True)

    def _today(self, organisation: Organisation) -> date:
        """The organisation's day: by the pinned clock on the sandbox, else never earlier than the journal knows."""
        now = self._clock.now() if organisation.sandbox else self._journal.now()
        return now.astimezone(ZoneInfo(organisation.timezone)).date()


def same_organisation(plan: Plan, open_one: Organisation) -> None:
    """Raises WriteRefused when a plan describes its organisation otherwise than the server does: a card that says
    SANDBOX, or another name, is not an approval for this one. Ask before the plan is shown, and again before a write.
    """
    planned, present = organisation_json(plan.organisation), organisation_json(open_one)
    for field in planned:
        if planned[field] != present[field]:
            raise WriteRefused(
                f"the plan is of another organisation than the open one: its {field} is {planned[field]!r}, "
                f"not {present[field]!r}", code="other_organisation", field=f"org.{field}", next="make a new plan",
            )  # fmt: skip
