"""The audit log, the journal, the policy and the servers, for a reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from finchat.safety.journal import OPEN_STATES, WriteRecord
from finchat.safety.policy import Explanation, Policy, SignatureRules
from finchat.settings import ServerSettings
from finchat.text.redact import redact, secrets_of
from finchat.text.sanitise import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_STATE_STYLE = {"unknown": "bold yellow", "sending": "yellow", "approved": "yellow", "failed": "red"}
_VERDICT_STYLE = {"allow": "green", "ask": "yellow", "deny": "red"}


def audit_lines(records: Iterable[Mapping[str, Any]]) -> RenderableType:
    """`12  2026-11-20 09:00:01  sentence`, one record a line."""
    from rich.console import Group
    from rich.text import Text

    return Group(
        *(
            Text.assemble((f"{r['seq']:>5}  {str(r['at'])[:19].replace('T', ' ')}  ", "dim"), one_line(str(r["text"])))
            for r in records
        )
    )


def journal_view(writes: Sequence[WriteRecord]) -> RenderableType:
    """One write after the other: its name (which `journal resolve` takes), its state in a word and what it was."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[RenderableType] = []
    for write in writes:
        state = "in flight" if write.state == "sending" else write.state.replace("_", " ")
        parts.append(Text.assemble((f"{state:<10}", _STATE_STYLE.get(write.state, "")), one_line(write.name)))
        details = [one_line(write.what)]
        if write.sent_at is not None:
            details.append(f"sent {write.sent_at:%Y-%m-%d %H:%M:%S} UTC")
        if write.ledger_id:
            details.append(f"ledger id {one_line(write.ledger_id)}")
        if write.error_text:
            details.append(one_line(write.error_text))
        parts.append(Padding(Text(" · ".join(details), style="dim"), (0, 0, 0, 10)))
    if names := [one_line(write.name) for write in writes if write.state in OPEN_STATES]:
        parts += [
            Text("next: run finchat reconcile or apply again: it reads the ledger and settles what is open"),
            Text(
                "  if it cannot, look in the ledger yourself and say what you found, for the record:\n"
                f"  finchat journal resolve {names[0]} --committed ID\n"
                f"  finchat journal resolve {names[0]} --not-sent"
            ),
        ]
    return Group(*parts)


def resolved_view(write: WriteRecord) -> RenderableType:
    """A write that a person has just settled, and what their word does."""
    from rich.console import Group
    from rich.text import Text

    said = (
        f"taken from you, not from the ledger: it counts as written under {one_line(write.ledger_id or '')}, and its "
        "bank line is used up"
        if write.state == "committed"
        else "taken from you, not from the ledger: it counts as never sent, and its bank line may be proposed again"
    )
    return Group(journal_view([write]), Text(f"{said}. That it was your word is in the audit log."))


def policy_view(policy: Policy, doubts: Sequence[str] = ()) -> str:
    """One sentence a line; last the names that meet nothing."""
    return "\n".join([*map(one_line, policy.describe()), *_warnings(doubts)])


def _warnings(doubts: Sequence[str]) -> list[str]:
    return [f"warning: {one_line(doubt)}" for doubt in doubts]


def explanation_view(
    explanation: Explanation, doubts: Sequence[str] = (), *, rules: SignatureRules | None = None
) -> RenderableType:
    """The decision first, then every rule that spoke, whose signatures a write needs besides, and last the names in
    the policy that meet nothing."""
    from rich.console import Group
    from rich.text import Text

    decision = explanation.decision
    head = Text.assemble(
        (decision.decision, _VERDICT_STYLE[decision.decision]),
        f"  {one_line(explanation.tool)} on {one_line(explanation.server)}: {_class_words(explanation)}"
        + (f"; resource {one_line(explanation.resource)}" if explanation.resource else ""),
    )
    said = [Text(f"  {m.verdict:<6} {one_line(m.rule)}: {one_line(m.reason)}") for m in explanation.matches]
    if rules is not None and explanation.effect != "read":
        said.append(Text(f"  {one_line(rules.sentence())}"))
    return Group(head, *said, *map(Text, _warnings(doubts)))


def _class_words(explanation: Explanation) -> str:
    """What kind of call it is and who says so."""
    if explanation.effect_rule == "unclassified":
        return "counts as a write, because nothing says what it does"
    if explanation.effect_rule == "profile":
        return f"a {explanation.effect}, says the server's profile"
    return f"a {explanation.effect}, says {one_line(explanation.effect_rule)}"


def servers_view(servers: Iterable[ServerSettings], quarantined: Mapping[str, int]) -> RenderableType:
    """Name, profile and where each server is, without its secrets; below, whose tools are left out, and how many."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("Server", "Profile", "Where", "Organisation"):
        table.add_column(title, overflow="fold")
    for server in servers:
        organisation = server.organisation or ("SANDBOX" if server.sandbox else "the only one")
        table.add_row(
            *(Text(one_line(cell)) for cell in (server.name, server.profile or "none", where(server), organisation))
        )
    held = [
        Text(
            f"{one_line(name)}: {count} tool{'s' * (count != 1)} left out, not as first seen; "
            f"see finchat servers changes {name}"
        )
        for name, count in quarantined.items()
    ]
    return Group(table, *held)


def schemas_view(sentences: Mapping[str, str]) -> Table:
    """The names of the published schemas, each with its sentence."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name, sentence in sentences.items():
        table.add_row(Text(name), Text(sentence))
    return table


def where(server: ServerSettings) -> str:
    """How a server is reached: its command or URL, secrets masked, or finchat's own in memory."""
    secrets = secrets_of(server.env, server.headers)
    if server.command is not None:
        return redact(" ".join((server.command, *server.args)), secrets)
    if server.url is not None:
        return redact(server.url.split("?")[0], secrets)
    return "finchat's own, in memory, on " + ("the sandbox company" if server.sandbox else "the live API")
