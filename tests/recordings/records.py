"""Recordings of what finchat keeps: plans, journal, audit log, memory, sessions, policy."""

from __future__ import annotations

from collections.abc import Callable

from tests.recordings.asking import OVERDUE
from tests.recordings.driving import World, line, with_model
from tests.recordings.row import ASKED, BULK, Recording, paid, planned, policy, the_plan
from tests.scripted.conversations import reports
from tests.scripted.server import ScriptedModel

_DAY = ("--from", "2026-11-16", "--to", "2026-11-16")


def _decided(world: World) -> None:
    """Certain payments that a person approved, a question answered, and one payment refused."""
    world.at_terminal(
        ("reconcile", "--days", "7"),
        (
            line(ASKED, "a"), line(BULK, lambda shown: f"{shown[1]} {shown[2]}"), line(ASKED, "n"), line(ASKED, "c"),
            line(r"[Aa]ccount[^\n]*: *$", "429"), line(r": *$", "INPUT2"), line(r": *$", "+Quill and Roll"),
            line(ASKED, "y"),
        ),
    )  # fmt: skip


def _fact(*words: str) -> Callable[[World], tuple[str, ...]]:
    """A command about the fact that says how a payee is booked, which stands for FACT."""

    def command(world: World) -> tuple[str, ...]:
        facts = world.document("memory", "show")["facts"]
        coding = next(one["id"] for one in facts if one["kind"] == "coding" and "Quill" in one["text"])
        return tuple(coding if word == "FACT" else word for word in words)

    return command


def _asked(world: World) -> None:
    """A question that was answered earlier."""
    with ScriptedModel(reports.unpaid) as model:
        world.finchat("ask", OVERDUE, **with_model(model))
    (saved,) = world.document("sessions")["sessions"]
    world.facts["session"] = saved["id"]


def _session(*words: str) -> Callable[[World], tuple[str, ...]]:
    """A command about that session, which stands for SESSION."""
    return lambda world: tuple(world.facts["session"] if word == "SESSION" else word for word in words)


ROWS = (
    Recording(name="plan-list", title="The saved plans", command=("plan", "list"), before=planned(*_DAY)),
    Recording(name="plan-show", title="A saved plan as its rows", command=the_plan("plan", "show", "PLAN"),
              before=planned(*_DAY)),
    Recording(
        name="plan-question-answered-by-a-script",
        title="A proposal's question answered without a terminal: account, tax code and payee; a new plan is saved",
        command=the_plan("plan", "code", "PLAN", "p2", "--account", "429", "--tax", "INPUT2", "--new-contact",
                         "Quill and Roll"),
        before=planned("--from", "2026-11-19", "--to", "2026-11-19"),
    ),
    Recording(name="journal-shown", title="Every write that was intended, and what became of it",
              command=("journal", "show", "--all"), before=paid(*_DAY)),
    Recording(name="memory-shown", title="What decisions taught", command=("memory", "show"), before=_decided),
    Recording(name="memory-edited", title="What was learned of a payee, set right by a person's word",
              command=_fact("memory", "edit", "FACT", "--account", "404", "--tax", "NONE"), before=_decided),
    Recording(name="memory-forgotten", title="All that decisions taught, forgotten",
              command=("memory", "forget", "--all"), before=_decided),
    Recording(name="audit-shown", title="The audit log as sentences", command=("audit", "show"), before=paid(*_DAY)),
    Recording(name="audit-evidence", title="The evidence packs of what was written",
              command=("audit", "evidence"), before=paid(*_DAY)),
    Recording(name="policy-shown", title="The policy in force, rule by rule", command=("policy", "show"),
              before=policy('version = 1\n[servers.books]\nresources = { invoices = "read" }\n')),
    Recording(name="policy-tested", title="What the policy says of a tool, and which rule decides",
              command=("policy", "test", "create_a_xero_invoice"),
              before=policy('version = 1\n[servers.books]\nresources = { invoices = "read" }\n')),
    Recording(name="schemas-listed", title="The documents whose JSON Schemas are published", command=("schema",)),
    Recording(name="servers-listed", title="The configured servers", command=("servers",)),
    Recording(name="sessions-listed", title="Earlier questions", command=("sessions",), before=_asked),
    Recording(name="sessions-searched", title="Sessions found by words",
              command=("sessions", "search", "overdue", "invoices"), before=_asked),
    Recording(name="session-renamed", title="A session called something else than its first question",
              command=_session("sessions", "rename", "SESSION", "November's late payers"), before=_asked),
    Recording(name="session-shown", title="An earlier session from its beginning",
              command=_session("sessions", "show", "SESSION"), before=_asked),
    Recording(name="session-exported", title="A session as Markdown, with the sources of its figures",
              command=_session("sessions", "export", "SESSION"), before=_asked),
    Recording(name="session-deleted", title="A session deleted, once a person said so",
              command=_session("sessions", "delete", "SESSION"), before=_asked,
              typed=(line(r"\[y/N\] *$", "y"),)),
)  # fmt: skip
