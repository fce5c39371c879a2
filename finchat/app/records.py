"""What is on record and in force: audit log, journal, policy, configured servers."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from finchat.app.desk import books_of_record, state_database
from finchat.app.invocation import Invocation
from finchat.app.policies import policy_in_force
from finchat.errors import ExitCode, UsageError, VerificationMismatch, plain
from finchat.events import Event, Notice
from finchat.text.redact import secrets_of

if TYPE_CHECKING:
    from finchat.connections.pins import PinnedServer
    from finchat.safety.policy import Explanation, Policy
    from finchat.settings import ServerSettings
    from finchat.store.database import Database

_PLAN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def audit_tail(call: Invocation, last: int) -> Sequence[Mapping[str, Any]]:
    """The last records of the audit log; 0 is all."""
    from finchat.safety import audit

    return deque(audit.lines(call.home), maxlen=last or None)


def audit_show(call: Invocation, last: int) -> int:
    from finchat.ui.records import audit_lines

    if last < 0:
        raise UsageError(f"--last is {last}", field="--last", next="give how many lines; 0 is all")
    records = audit_tail(call, last)
    if call.json:
        call.sink.document({"schema": "finchat.audit/1", "lines": list(records), "exit_code": 0})
    elif records:
        call.sink.data(audit_lines(records))
    else:
        call.sink.talk(f"the audit log is empty ({call.home.audit_log})")
    return ExitCode.DONE


def audit_verify(call: Invocation) -> int:
    from finchat import verifier
    from finchat.safety import audit
    from finchat.safety.evidence import Evidence

    lines = verifier.Lines()
    with state_database(call.home) as database:
        report = audit.verify(call.home, database, lines.add)
        Evidence(database, call.home, secrets=secrets_in(call)).catch_up()
    packs = verifier.check_evidence(call.home.evidence, lines if report.ok else None)
    code = ExitCode.DONE if report.ok and packs.ok else ExitCode.MISMATCH
    if call.json:
        call.sink.document(
            {
                "schema": "finchat.audit_verify/1",
                "ok": report.ok,
                "records": report.records,
                "line": report.line,
                "text": report.text,
                "last_hash": report.last_hash,
                "evidence": {
                    "ok": packs.ok,
                    "packs": packs.packs,
                    "signatures": packs.signatures,
                    "problems": list(packs.problems),
                    "notes": list(packs.notes),
                    "text": packs.text,
                },
                "exit_code": int(code),
            }
        )
    else:
        audit.require_sound(report)
        call.sink.data(report.text)
        if packs.packs:
            call.sink.data("\n".join([*packs.problems, packs.text, *packs.notes]))
        if not packs.ok:
            raise VerificationMismatch(
                f"{len(packs.problems)} of {packs.packs} evidence packs do not hold", code="audit",
                field=str(call.home.evidence),
                next="keep a copy of them as they are; a pack that is moved away is made again from the journal",
            )  # fmt: skip
    return code


def audit_evidence(call: Invocation, plan: str | None) -> int:
    """List the evidence packs, of one plan or all, after making those that are missing."""
    from finchat.safety.evidence import Evidence
    from finchat.ui.plans import packs_view

    if plan is not None and not _PLAN_ID.fullmatch(plan):
        raise UsageError(f"{plan!r} is not the id of a plan", field="PLAN", next="see finchat plan list")
    warnings: list[str] = []

    def emit(event: Event) -> None:
        if isinstance(event, Notice):
            warnings.append(event.text)

    with state_database(call.home) as database:
        evidence = Evidence(database, call.home, secrets=secrets_in(call), emit=emit)
        try:
            packs = evidence.packs(plan)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise VerificationMismatch(
                f"an evidence pack cannot be read: {plain(error)}", code="corrupt", field=str(call.home.evidence),
                next="finchat audit verify names it",
            ) from error  # fmt: skip
        if plan is not None and not packs and not _known(database, call, plan):
            raise UsageError(f"there is no plan {plan}", field="PLAN", next="see finchat plan list")
    if call.json:
        call.sink.document(
            {
                "schema": "finchat.evidence_list/1",
                "directory": str(call.home.evidence),
                "packs": [pack.as_json() for pack in packs],
                "warnings": warnings,
                "exit_code": 0,
            }
        )
    else:
        for text in warnings:
            call.sink.talk(f"warning: {text}")
        if packs:
            call.sink.data(packs_view(packs))
        else:
            call.sink.talk(f"there is no evidence of a write ({call.home.evidence})")
    return ExitCode.DONE


def _known(database: Database, call: Invocation, plan: str) -> bool:
    """Whether a plan was ever made, applied or saved here."""
    from finchat.workflows.plans import plan_path

    row = database.row("SELECT 1 FROM plans WHERE id = ?", (plan,))
    return row is not None or plan_path(call.home.plans, plan).is_file()


def secrets_in(call: Invocation) -> tuple[str, ...]:
    """What must not be in a log or a pack: the secrets of the servers and of the environment."""
    tables = [table for server in call.settings.servers.values() for table in (server.env, server.headers)]
    return tuple(secrets_of(*tables, os.environ))


def audit_verifier(call: Invocation) -> int:
    from importlib.resources import files

    source = (files("finchat") / "verifier.py").read_text("utf-8")
    if call.json:
        call.sink.document({"schema": "finchat.verifier/1", "source": source, "exit_code": 0})
    else:
        call.sink.raw(source)
    return ExitCode.DONE


def journal_show(call: Invocation, *, everything: bool) -> int:
    from finchat.safety.journal import OPEN_STATES
    from finchat.ui.records import journal_view

    with books_of_record(call, via="command") as (journal, *_):
        found = [w for w in journal.writes() if everything or w.state in OPEN_STATES]
    if call.json:
        call.sink.document({"schema": "finchat.journal/1", "writes": [w.as_json() for w in found], "exit_code": 0})
    elif found:
        call.sink.data(journal_view(found))
    else:
        call.sink.talk("nothing has been written yet" if everything else "no write is open")
    return ExitCode.DONE


def journal_resolve(call: Invocation, write: str, *, committed: str | None, not_sent: bool) -> int:
    from finchat.ui.records import resolved_view

    if committed is not None and not_sent:
        raise UsageError(
            "--committed and --not-sent exclude each other: only one of them may be given", field="--not-sent",
            next="say which of the two you found in the ledger",
        )  # fmt: skip
    if committed is None and not not_sent:
        raise UsageError(
            "say what you found in the ledger", field="--committed", next="add --committed ID, or --not-sent"
        )
    with books_of_record(call, via="command") as (journal, audit, _):
        record = journal.resolve(write, committed=committed)
        audit.evidence.keep([record])
    if call.json:
        call.sink.document({"schema": "finchat.journal/1", "writes": [record.as_json()], "exit_code": 0})
    else:
        call.sink.data(resolved_view(record))
    return ExitCode.DONE


def policy_show(call: Invocation) -> int:
    from finchat.ui.records import policy_view

    policy, doubts = policy_in_force(call)
    if call.json:
        call.sink.document({**policy.as_json(), "warnings": list(doubts), "exit_code": 0})
    else:
        call.sink.data(policy_view(policy, doubts))
    return ExitCode.DONE


def explained(policy: Policy, server: ServerSettings, tool: str) -> Explanation:
    """What a policy says of a tool on a configured server, by what its profile knows of it."""
    from finchat.providers.registry import PROFILES
    from finchat.providers.registry import profile as profile_of

    profile = profile_of(server.profile, server.name) if server.profile in PROFILES else None
    effect, resource = (profile.effect(tool), profile.resource(tool)) if profile else (None, None)
    return policy.explain(server.name, tool, effect, resource)


def policy_test(call: Invocation, tool: str) -> int:
    from finchat.ui.records import explanation_view

    policy, doubts = policy_in_force(call)
    explanation = explained(policy, call.settings.server(call.server), tool)
    if call.json:
        call.sink.document(
            {
                "schema": "finchat.policy_test/1",
                **explanation.as_json(),
                "signatures": policy.signatures and policy.signatures.as_json(),
                "warnings": list(doubts),
                "exit_code": 0,
            }
        )
    else:
        call.sink.data(explanation_view(explanation, doubts, rules=policy.signatures))
    return ExitCode.DONE


def quarantined(pinned: Mapping[str, PinnedServer]) -> dict[str, int]:
    """How many tools of which server are held back."""
    return {name: known.quarantined for name, known in pinned.items() if known.quarantined}


def list_servers(call: Invocation) -> int:
    from finchat.app.servers import pinned_servers
    from finchat.ui.records import servers_view, where

    servers = list(call.settings.servers.values())
    pinned = pinned_servers(call)
    if call.json:
        entries = [
            {
                "name": s.name,
                "profile": s.profile,
                "where": where(s),
                "organisation": s.organisation,
                "sandbox": s.sandbox,
                "clearing_accounts": list(s.clearing_accounts),
                "bank_feed": s.bank_feed,
                "pinned_tools": pinned[s.name].tools if s.name in pinned else None,
                "quarantined_tools": pinned[s.name].quarantined if s.name in pinned else 0,
            }
            for s in servers
        ]
        call.sink.document({"schema": "finchat.servers/1", "servers": entries, "exit_code": 0})
    else:
        call.sink.data(servers_view(servers, quarantined(pinned)))
    return ExitCode.DONE
