"""The rows of the slash commands, in the order that `/help` lists them. A workflow that is added later gets a row here.

The chat reads them before its prompt: what a command needs is imported when it runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from finchat.app.commands import Chat, SlashCommand, bank, connections, guide, model, plans, records, sessions, source
from finchat.app.commands.words import asks_how


def _row(
    name: str, arguments: str, help: str, run: Callable[[Chat, str], Awaitable[None]], *examples: tuple[str, str]
) -> SlashCommand:
    async def asked(chat: Chat, text: str) -> None:
        if asks_how(text):
            guide.explain(chat, row)
        else:
            await run(chat, text)

    row = SlashCommand(name=name, arguments=arguments, help=help, run=asked, examples=examples)
    return row


ROWS: tuple[SlashCommand, ...] = (
    _row(
        "reconcile", "[days N | from D to D] [account CODE]", "Match bank lines with the books, and ask.",
        bank.reconcile,
        ("/reconcile", "the last seven days"),
        ("/reconcile days 30", "the last thirty days"),
        ("/reconcile from 2026-11-01 to 2026-11-15", "these days, both included"),
        ("/reconcile days 7 account 090", "one bank account, by code or name"),
    ),
    _row(
        "plan", "[ID | all]", "Plans that wait for you; one plan's rows.", plans.plan,
        ("/plan", "what waits"), ("/plan all", "every saved plan"),
        ("/plan 4k2m9x7c", "one, by its id or an end of it"),
    ),
    _row(
        "apply", "[ID]", "Decide on a saved plan, card by card.", plans.apply,
        ("/apply", "the plan that waits, when there is one"), ("/apply 4k2m9x7c", "this one"),
    ),
    _row(
        "undo", "ID", "Take back what a plan wrote; you are asked first.", plans.undo,
        ("/undo 4k2m9x7c", "deletes what plan …4k2m9x7c wrote, proven by the balances"),
    ),
    _row(
        "source", "[N | TEXT | eN]", "Where a figure of the last answer comes from.", source.source,
        ("/source", "every figure of the last answer"), ("/source 2", "the second of them"),
        ("/source 1,250.00", "this figure"), ("/source e3", "a result that was read"),
        ("/source e3 12", "its twelfth record"),
    ),
    _row(
        "tools", "[WORDS]", "What the model can use; find more by words.", connections.tools,
        ("/tools", "finchat's own, and what is offered now"), ("/tools credit notes", "tools about credit notes"),
    ),
    _row(
        "servers", "[NAME]", "Servers, and tools that are held back.", connections.servers,
        ("/servers books", "what differs from the day it was first seen"),
    ),
    _row(
        "org", "[NAME]", "Whose books these are; open others.", connections.org,
        ("/org", "this one, and what else can be opened"), ("/org Harbour Ltd", "go there, in a new session"),
    ),
    _row(
        "policy", "[TOOL]", "What may be read and written.", connections.policy,
        ("/policy TOOL", "which rule decides about one tool"),
    ),
    _row("audit", "[N]", "The last calls and decisions, in sentences.", records.audit, ("/audit 50", "the last 50")),
    _row(
        "export", "[FILE] [markdown|json]", "This session as a file to hand on.", records.export,
        ("/export", "as Markdown, into this folder"), ("/export november.md", "into this file"),
        ("/export november.json", "as JSON"),
    ),
    _row(
        "sent", "[N | all]", "What left this machine for the model.", records.sent,
        ("/sent", "each request, and its size"), ("/sent 2", "the second, word for word"),
    ),
    _row(
        "resume", "[ID]", "Go on with an earlier session.", sessions.resume,
        ("/resume", "the latest"), ("/resume 20261120-k3", "this one, by the beginning of its id"),
    ),
    _row(
        "sessions", "[WORDS]", "Earlier sessions; find one by words.", sessions.sessions,
        ("/sessions harbour deposit", "those in which both words are"),
    ),
    _row("compact", "", "Make room: shorten what the model reads again.", sessions.compact),
    _row(
        "model", "[NAME]", "Which model answers; take another.", model.model,
        ("/model gpt-5.5", "this one from now on, in this session"),
    ),
    _row("cost", "", "Tokens, money and API calls: used and left.", model.cost),
    _row("help", "[NAME]", "This list, or one command.", guide.help_, ("/help plan", "what /plan takes")),
    _row("quit", "", "Leave; the session is kept.", guide.quit_),
)  # fmt: skip
