"""The commands: parse, call the app, hand back the exit code. Nothing heavy is imported here.

Annotations are evaluated when the commands are made, so this module has no `from __future__ import annotations`.
"""

import functools
import inspect
import itertools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finchat.errors import ExitCode, FinchatError, UsageError

if TYPE_CHECKING:
    from finchat.app.invocation import Invocation

HELP = """Ask about your books in Xero or QuickBooks, match and record your bank lines, and write nothing you have
not approved.

On a machine with nothing set up, every command works on a sandbox company:  finchat reconcile --days 7"""


def _group(help_text: str, *, bare: bool = False, completes: bool = False) -> typer.Typer:
    """`bare`: without a command of its own it does something else than show its help. `completes`: it offers to
    complete command lines in the person's shell."""
    return typer.Typer(
        help=help_text,
        add_completion=completes,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=not bare,
        invoke_without_command=bare,
    )


cli = _group(HELP, completes=True)
sandbox = _group("A made-up company in a Xero or QuickBooks on this machine.")
audit = _group("The record of every call, proposal, decision and write.")
journal = _group("Writes that were intended, and what became of them.")
policy = _group("What may be read, asked for and approved unattended.")
plan = _group("Saved plans, and the signatures that a policy wants under them.")
key = _group("Your own keys, for signing plans.")
servers = _group("The configured servers, and what became of their tools.", bare=True)
memory = _group("What your decisions taught: names, accounts, fees, coding.", bare=True)
sessions = _group("Earlier questions and answers.", bare=True)
cassette = _group("Recordings: look at them, compare, check, cut and rehearse them.")
_GROUPS = {
    "sandbox": sandbox,
    "audit": audit,
    "journal": journal,
    "policy": policy,
    "plan": plan,
    "key": key,
    "memory": memory,
    "servers": servers,
    "sessions": sessions,
    "cassette": cassette,
}
for name, group in _GROUPS.items():
    cli.add_typer(group, name=name)

_COMMON: dict[str, tuple[Any, Any]] = {
    "json": (Annotated[bool, typer.Option("--json", help="Print exactly one JSON document; never ask.")], False),
    "quiet": (Annotated[bool, typer.Option("--quiet", "-q", help="Results and errors only.")], False),
    "org": (Annotated[str | None, typer.Option(metavar="NAME", help="The organisation, by name or id.")], None),
    "server": (Annotated[str | None, typer.Option(metavar="NAME", help="The configured server to use.")], None),
    "mcp_config": (
        Annotated[Path | None, typer.Option(metavar="FILE", help="MCP servers in the common JSON form.")],
        None,
    ),
    "config": (
        Annotated[Path | None, typer.Option(metavar="FILE", help="Instead of finchat.toml in FINCHAT_HOME.")],
        None,
    ),
    "policy": (
        Annotated[Path | None, typer.Option(metavar="FILE", help="Instead of policy.toml in FINCHAT_HOME.")],
        None,
    ),
    "as_of": (Annotated[str | None, typer.Option(metavar="DATE", help="The accounting date, e.g. 2026-11-20.")], None),
    # These two are taken from the command line before it is parsed; here they have their help.
    "record": (Annotated[Path | None, typer.Option(metavar="FILE", help="Record this run into a cassette.")], None),
    "record_mode": (
        Annotated[str | None, typer.Option(metavar="none|once|new|all", help="What a cassette that is there is for.")],
        None,
    ),
}
_OF_THE_RUN = ("record", "record_mode")

_Command = Callable[..., int]


def _with_common(command: _Command) -> _Command:
    """Add the flags every command has, and hand them over together as the first argument."""
    own = list(inspect.signature(command).parameters.values())[1:]
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for name, (annotation, default) in _COMMON.items()
    ]

    @functools.wraps(command)
    def run_command(*args: Any, **values: Any) -> int:
        from finchat.app import taping
        from finchat.app.invocation import Invocation

        flags = {name: values.pop(name) for name in _COMMON}
        for name in _OF_THE_RUN:
            del flags[name]
        call = Invocation(**flags, command=tuple(_arguments))
        taping.called(call)
        return command(call, *args, **values)

    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    run_command.__signature__ = inspect.Signature([*own, *common], return_annotation=int)  # type: ignore[attr-defined]
    run_command.__annotations__ = {p.name: p.annotation for p in [*own, *common]}
    del run_command.__wrapped__
    return run_command


@cli.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version and exit.", is_eager=True)
    ] = False,
) -> None:
    if version:  # with other arguments beside it; alone it never comes this far
        from finchat import __version__

        print(f"finchat {__version__}")
        raise typer.Exit


@cli.command()
@_with_common
def reconcile(
    call: "Invocation",
    *,
    days: Annotated[
        int | None, typer.Option(metavar="N", help="The N calendar days ending with the as-of date.")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day of the window.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day of the window.")] = None,
    account: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only lines of this bank account, by code.")
    ] = None,
    rates: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Exchange rates as JSON, by date and currency.")
    ] = None,
    from_files: Annotated[Path | None, typer.Option(metavar="DIR", help="Match neutral files, offline.")] = None,
    plan: Annotated[Path | None, typer.Option(metavar="OUT", help="Save the plan here as well.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Approve what policy.toml allows unattended.")] = False,
    review: Annotated[bool, typer.Option("--review", help="Ask on the review screen, many lines at once.")] = False,
    statement: Annotated[
        list[Path] | None,
        typer.Option("--statement", metavar="FILE", help="A statement: CSV, OFX, QFX, CAMT.053 or MT940; repeatable."),
    ] = None,
    csv_dates: Annotated[
        str | None, typer.Option(metavar="dmy|mdy|ymd", help="What comes first in the dates of a CSV.")
    ] = None,
    csv_columns: Annotated[
        str | None, typer.Option(metavar="MAP", help='Columns of a CSV, like "date=1,amount=Betrag,narration=4+5".')
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the bank reconciliation statement as .csv, .html or .xlsx."),
    ] = None,
) -> int:
    """Match bank lines to invoices and bills; ask, write, read back.

    Without a terminal nothing is asked or written: the plan is saved and the exit code is 3.
    """
    from finchat.app import bank_lines
    from finchat.app.statements import StatementFlags

    return bank_lines.reconcile(
        call, days=days, first=first, last=last, account=account, rates=rates, from_files=from_files, out=plan, yes=yes,
        statement=StatementFlags(tuple(statement or ()), csv_dates, csv_columns, export), review=review,
    )  # fmt: skip


@cli.command()
@_with_common
def chat(
    call: "Invocation",
    *,
    resume: Annotated[str | None, typer.Option(metavar="ID", help="Go on with a saved session.")] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Let the model propose nothing.")] = False,
    private: Annotated[
        bool, typer.Option("--private", help="Send stand-ins for names and contact data to the model.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="No colour and nothing redrawn: for screen readers and logs.")
    ] = False,
    api: Annotated[
        str | None, typer.Option(metavar="chat|responses", help="Which of OpenAI's APIs the endpoint is spoken to by.")
    ] = None,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Take each answer whole, not as it comes.")] = False,
) -> int:
    """Talk to your books; finchat alone does the same.

    / lists the commands there. Ctrl-C stops an answer, Ctrl-D leaves.
    """
    from finchat.app import chat as app

    flags = app.ChatFlags(
        api=api, stream=not no_stream, read_only=read_only, private=private, resume=resume, plain=plain
    )
    return app.chat(call, flags)


@cli.command()
@_with_common
def ask(
    call: "Invocation",
    *,
    question: Annotated[str, typer.Argument(metavar="TEXT", help="The question, in quotes; - reads it from stdin.")],
    api: Annotated[
        str | None, typer.Option(metavar="chat|responses", help="Which of OpenAI's APIs the endpoint is spoken to by.")
    ] = None,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Take each answer whole, not as it comes.")] = False,
    events: Annotated[bool, typer.Option("--events", help="Print the events as JSON lines; never ask.")] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Let it propose nothing.")] = False,
    private: Annotated[
        bool, typer.Option("--private", help="Send stand-ins for names and contact data to the model.")
    ] = False,
    show_sent: Annotated[bool, typer.Option("--show-sent", help="List all that left for the model.")] = False,
) -> int:
    """Ask about the books, once, through a model.

    Figures are traced to the books; a write it proposes is asked about, and without a terminal saved with exit code 3.
    """
    from finchat.app import ask as app

    flags = app.AskFlags(
        api=api, stream=not no_stream, events=events, read_only=read_only, private=private, show_sent=show_sent
    )
    from finchat.app import taping

    asked = taping.local("question", sys.stdin.read) if question == "-" else question
    return app.ask(call, asked, flags)


@cli.command()
@_with_common
def apply(
    call: "Invocation",
    *,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id, or its file.")],
    yes: Annotated[bool, typer.Option("--yes", help="Approve what policy.toml allows unattended.")] = False,
) -> int:
    """Ask about a saved plan and write what you approve."""
    from finchat.app import bank_lines

    return bank_lines.apply(call, plan, yes=yes)


@cli.command()
@_with_common
def review(
    call: "Invocation",
    plan: Annotated[
        str | None, typer.Argument(metavar="PLAN", help="A plan's id, or its file; without it the newest that waits.")
    ] = None,
) -> int:
    """Decide a saved plan on one screen, by groups.

    Filters help to find; every decision is kept.

    Stop at any time; it goes on where it stood. Without a terminal it says where it stands, with exit code 3 while
    anything waits.
    """
    from finchat.app import review as app

    return app.review(call, plan)


@cli.command()
@_with_common
def undo(
    call: "Invocation",
    *,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="The plan whose writes are taken back.")],
    yes: Annotated[bool, typer.Option("--yes", help="Approve what policy.toml allows unattended.")] = False,
) -> int:
    """Take back what a plan wrote.

    Proposes, asks, deletes and proves the balances. What was reconciled, locked or used since stays,
    and is named. Without a terminal the new plan is saved and the exit code is 3.
    """
    from finchat.app import undo as app

    return app.undo(call, plan, yes=yes)


@cli.command()
@_with_common
def serve(
    call: "Invocation",
    *,
    vendor: Annotated[str, typer.Argument(metavar="xero|quickbooks", help="Which API to serve over MCP.")],
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Serve the sandbox company.")] = False,
    methods: Annotated[str, typer.Option(help="Only these: read, write.")] = "",
    tags: Annotated[str, typer.Option(help="Only tools with one of these tags.")] = "",
    expires: Annotated[str | None, typer.Option(metavar="ISO", help="Refuse calls after this instant.")] = None,
    http: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Streamable HTTP instead of stdio.")] = None,
    token: Annotated[str | None, typer.Option(help="Bearer token that callers over HTTP must send.")] = None,
) -> int:
    """Run finchat's own MCP server for Xero or QuickBooks, on stdio or HTTP."""
    from finchat.app import serving

    return serving.serve(
        call, vendor, sandbox=sandbox, methods=methods, tags=tags, expires=expires, http=http, token=token
    )


@sandbox.command("run")
@_with_common
def sandbox_run(
    call: "Invocation",
    *,
    vendor: Annotated[str, typer.Argument(metavar="xero|quickbooks", help="Which back end.")],
    http: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0 picks one.")] = "127.0.0.1:0",
    limits: Annotated[
        str | None,
        typer.Option(help="Xero: calls/window, at once, a day. QuickBooks: calls/window, a second, batches"),
    ] = None,
    strict_auth: Annotated[bool, typer.Option("--strict-auth", help="Accept only the printed id and secret.")] = False,
    delay: Annotated[str | None, typer.Option(help="Delay writes, like before=0.2,after=0.5 (s).")] = None,
) -> int:
    """Serve the sandbox company over HTTP.

    With the vendor's own paths.
    """
    from finchat.app import serving

    return serving.sandbox_run(call, vendor, http=http, limits=limits, strict_auth=strict_auth, delay=delay)


@sandbox.command("reset")
@_with_common
def sandbox_reset(
    call: "Invocation",
    *,
    vendor: Annotated[str, typer.Option(metavar="xero|quickbooks", help="Whose company.")] = "xero",
    seed: Annotated[int, typer.Option(help="Which company; the same number gives the same company.")] = 1,
    anchor: Annotated[str | None, typer.Option(metavar="DATE", help="The last day of its trading.")] = None,
) -> int:
    """Make the demo company anew."""
    from finchat.app import company

    return company.sandbox_reset(call, vendor=vendor, seed=seed, anchor=anchor)


@sandbox.command("load")
@_with_common
def sandbox_load(
    call: "Invocation", directory: Annotated[Path, typer.Argument(metavar="DIR", help="Xero JSON as recorded.")]
) -> int:
    """Load recorded Xero JSON instead of the demo company."""
    from finchat.app import company

    return company.sandbox_load(call, directory)


@sandbox.command("status")
@_with_common
def sandbox_status(
    call: "Invocation",
    *,
    vendor: Annotated[str, typer.Option(metavar="xero|quickbooks", help="Whose company.")] = "xero",
) -> int:
    """Balances and counts of the sandbox company."""
    from finchat.app import company

    return company.sandbox_status(call, vendor=vendor)


@sandbox.command("truth")
@_with_common
def sandbox_truth(
    call: "Invocation",
    *,
    vendor: Annotated[str, typer.Option(metavar="xero|quickbooks", help="Whose company.")] = "xero",
) -> int:
    """The demo company's own answers, for checking finchat. Nothing else reads them."""
    from finchat.app import company

    return company.sandbox_truth(call, vendor=vendor)


@sandbox.command("statement")
@_with_common
def sandbox_statement(
    call: "Invocation",
    *,
    format: Annotated[
        str, typer.Option(metavar="FORMAT", help="csv, ofx, qfx, camt053, camt052, camt054 or mt940.")
    ] = "csv",
    style: Annotated[
        str | None, typer.Option(metavar="NAME", help="The habits of one bank; a wrong name lists those of the format.")
    ] = None,
    vendor: Annotated[str, typer.Option(metavar="xero|quickbooks", help="Whose company.")] = "xero",
    account: Annotated[
        str | None, typer.Option(metavar="CODE", help="Bank account: code, id or name; else the first.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day; else 31 days to the last.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day; else the company's last.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it here instead of stdout.")] = None,
) -> int:
    """A bank statement of the demo company.

    As the file that a bank hands out.
    """
    from finchat.app import company

    return company.sandbox_statement(
        call, vendor=vendor, format=format, style=style, account=account, first=first, last=last, out=out
    )


@audit.command("show")
@_with_common
def audit_show(call: "Invocation", last: Annotated[int, typer.Option(help="How many lines; 0 is all.")] = 40) -> int:
    """The audit log as sentences."""
    from finchat.app import records

    return records.audit_show(call, last)


@audit.command("verify")
@_with_common
def audit_verify(call: "Invocation") -> int:
    """Check the chain of the audit log and its anchor."""
    from finchat.app import records

    return records.audit_verify(call)


@audit.command("verifier")
@_with_common
def audit_verifier(call: "Invocation") -> int:
    """Print a verifier of one file that runs without finchat."""
    from finchat.app import records

    return records.audit_verifier(call)


@audit.command("evidence")
@_with_common
def audit_evidence(
    call: "Invocation", plan: Annotated[str | None, typer.Argument(metavar="PLAN", help="Only this plan's.")] = None
) -> int:
    """The evidence packs of what was written.

    Missing ones are made again.
    """
    from finchat.app import records

    return records.audit_evidence(call, plan)


@plan.command("show")
@_with_common
def plan_show(
    call: "Invocation", plan: Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id, or its file.")]
) -> int:
    """A saved plan, what became of it, and its signatures."""
    from finchat.app import plans

    return plans.plan_show(call, plan)


@plan.command("list")
@_with_common
def plan_list(
    call: "Invocation",
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that edits and answers replaced.")] = False,
) -> int:
    """The saved plans, the newest first."""
    from finchat.app import plans

    return plans.plan_list(call, everything=everything)


@plan.command("code")
@_with_common
def plan_code(
    call: "Invocation",
    *,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id, or its file.")],
    proposal: Annotated[str, typer.Argument(metavar="PROPOSAL", help="The proposal that asks, like p3.")],
    account: Annotated[str, typer.Option(metavar="CODE", help="The account, by code or name.")],
    tax: Annotated[str, typer.Option(metavar="TYPE", help="The tax code, by type or name.")],
    tracking: Annotated[
        list[str] | None, typer.Option(metavar="NAME=OPTION", help="A tracking option; repeatable.")
    ] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose it is, where that is asked: a contact of the ledger.")
    ] = None,
    new_contact: Annotated[str | None, typer.Option(metavar="NAME", help="A contact to be made for it.")] = None,
) -> int:
    """Answer a question: account and tax code.

    Saves a new plan; the old one stays as it is. What was answered can be answered again.
    """
    from finchat.app import coding

    return coding.plan_code(
        call, plan, proposal, account=account, tax=tax, tracking=tuple(tracking or ()), contact=contact or "",
        new_contact=new_contact or "",
    )  # fmt: skip


@plan.command("sign")
@_with_common
def plan_sign(
    call: "Invocation",
    *,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id, or its file.")],
    key: Annotated[str | None, typer.Option(metavar="NAME", help="Which of your keys, when there are several.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Put the signature here, not beside the plan.")
    ] = None,
) -> int:
    """See a plan whole, and sign it.

    For a policy that wants more than one person.
    """
    from finchat.app import plans

    return plans.plan_sign(call, plan, key=key, out=out)


@key.command("make")
@_with_common
def key_make(
    call: "Invocation",
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Its name; without one, your user name.")] = None,
) -> int:
    """Make a key pair, and print the line for policy.toml."""
    from finchat.app import plans

    return plans.key_make(call, name)


@key.command("show")
@_with_common
def key_show(
    call: "Invocation", name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this one.")] = None
) -> int:
    """Your keys' public halves, as policy.toml lists them."""
    from finchat.app import plans

    return plans.key_show(call, name)


@journal.command("show")
@_with_common
def journal_show(
    call: "Invocation",
    *,
    everything: Annotated[bool, typer.Option("--all", help="Settled writes too, not only open ones.")] = False,
) -> int:
    """Writes whose outcome is open."""
    from finchat.app import records

    return records.journal_show(call, everything=everything)


@journal.command("resolve")
@_with_common
def journal_resolve(
    call: "Invocation",
    *,
    write: Annotated[str, typer.Argument(metavar="WRITE", help="The write's id.")],
    committed: Annotated[str | None, typer.Option(metavar="ID", help="It is in the ledger under this id.")] = None,
    not_sent: Annotated[bool, typer.Option("--not-sent", help="It is not in the ledger.")] = False,
) -> int:
    """Settle a write that cannot be read back.

    Look in the ledger yourself first: finchat does not check your word. It goes on the record as yours, and the bank
    line is used up or free again.
    """
    from finchat.app import records

    return records.journal_resolve(call, write, committed=committed, not_sent=not_sent)


@policy.command("show")
@_with_common
def policy_show(call: "Invocation") -> int:
    """The policy in force, rule by rule."""
    from finchat.app import records

    return records.policy_show(call)


@policy.command("test")
@_with_common
def policy_test(
    call: "Invocation", tool: Annotated[str, typer.Argument(metavar="TOOL", help="A tool's name on --server.")]
) -> int:
    """What the policy says of a tool, and which rule decides."""
    from finchat.app import records

    return records.policy_test(call, tool)


def _flags_after(context: typer.Context) -> None:
    """Raises UsageError for a flag between a group and its command: it would be lost."""
    if given := sorted(context.params.keys() & {n for n, v in context.params.items() if v not in (None, False)}):
        flag = "--" + given[0].replace("_", "-")
        raise UsageError(f"{flag} stands before the command", field=flag, next="put flags after it")


@servers.callback()
@_with_common
def _servers(call: "Invocation", context: typer.Context) -> int:
    if context.invoked_subcommand is not None:
        _flags_after(context)
        return int(ExitCode.DONE)
    from finchat.app import records

    return records.list_servers(call)


@servers.command("changes")
@_with_common
def servers_changes(
    call: "Invocation", name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this server's.")] = None
) -> int:
    """Tools that are not as first seen.

    Old and new, line by line, as the last listing showed them. They are left out until you accept them.
    """
    from finchat.app import servers

    return servers.changes(call, name)


@servers.command("accept")
@_with_common
def servers_accept(
    call: "Invocation",
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The server.")],
    tools: Annotated[list[str] | None, typer.Argument(metavar="TOOL", help="Only these; without one, all.")] = None,
) -> int:
    """See what changed of a server's tools, and take it.

    Each difference is shown and asked about at a terminal; what you take goes on the record.
    """
    from finchat.app import servers

    return servers.accept(call, name, tuple(tools or ()))


@memory.callback()
@_with_common
def _memory(call: "Invocation", context: typer.Context) -> int:
    if context.invoked_subcommand is not None:
        _flags_after(context)
        return int(ExitCode.DONE)
    from finchat.app import memory

    return memory.show(call)


@memory.command("show")
@_with_common
def memory_show(call: "Invocation") -> int:
    """What is remembered, in sentences.

    Of whom, why, and until when it is used.
    """
    from finchat.app import memory

    return memory.show(call)


@memory.command("forget")
@_with_common
def memory_forget(
    call: "Invocation",
    *,
    id: Annotated[str | None, typer.Argument(metavar="ID", help="One fact, by the id that show prints.")] = None,
    contact: Annotated[str | None, typer.Option(metavar="NAME", help="All that is remembered of one.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of it; with --org, of one organisation.")] = False,
    statement: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A statement file that was read for the wrong account.")
    ] = None,
) -> int:
    """Forget what decisions taught.

    The decisions stay on the record in journal and audit log.
    """
    from finchat.app import memory

    if statement is not None:
        return memory.forget_statement(call, statement, alone=id is None and contact is None and not everything)
    return memory.forget(call, id, contact=contact, everything=everything)


@memory.command("edit")
@_with_common
def memory_edit(
    call: "Invocation",
    *,
    id: Annotated[str, typer.Argument(metavar="ID", help="One fact, by the id that show prints.")],
    contact: Annotated[str | None, typer.Option(metavar="NAME", help="Whose name or account it is.")] = None,
    account: Annotated[str | None, typer.Option(metavar="CODE", help="The account it is booked to.")] = None,
    tax: Annotated[str | None, typer.Option(metavar="TYPE", help="The tax code; without it the account's own.")] = None,
    tracking: Annotated[list[str] | None, typer.Option(metavar="NAME=OPTION", help="Tracking, as often.")] = None,
) -> int:
    """Set right what is remembered.

    Your word counts more than what was confirmed, and is kept as yours.
    """
    from finchat.app import memory

    return memory.edit(call, id, contact=contact, account=account, tax=tax, tracking=tuple(tracking or ()))


@sessions.callback()
@_with_common
def _sessions(call: "Invocation", context: typer.Context) -> int:
    if context.invoked_subcommand is not None:
        _flags_after(context)
        return int(ExitCode.DONE)
    from finchat.app import sessions

    return sessions.list_sessions(call)


_SESSION = Annotated[str, typer.Argument(metavar="ID", help="The session, or the beginning of its id.")]


@sessions.command("show")
@_with_common
def sessions_show(call: "Invocation", *, session: _SESSION) -> int:
    """One of them, from its beginning.

    What was asked, looked at, answered and proposed.
    """
    from finchat.app import sessions

    return sessions.show(call, session)


@sessions.command("search")
@_with_common
def sessions_search(
    call: "Invocation",
    *,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="Words that are all in it, in any case.")],
) -> int:
    """Find questions and answers by words."""
    from finchat.app import sessions

    return sessions.search(call, words)


@sessions.command("rename")
@_with_common
def sessions_rename(
    call: "Invocation",
    *,
    session: _SESSION,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is called from now on.")],
) -> int:
    """Call one something else than its first question."""
    from finchat.app import sessions

    return sessions.rename(call, session, title)


@sessions.command("export")
@_with_common
def sessions_export(
    call: "Invocation",
    *,
    session: _SESSION,
    format: Annotated[str | None, typer.Option(metavar="markdown|json", help="Markdown unless told.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it here instead of stdout.")] = None,
) -> int:
    """One of them to hand on, with the sources of its figures."""
    from finchat.app import sessions

    return sessions.export(call, session, format=format, out=out)


@sessions.command("delete")
@_with_common
def sessions_delete(
    call: "Invocation",
    *,
    names: Annotated[list[str], typer.Argument(metavar="ID", help="Which; several are taken.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Delete sessions with the results kept in them.

    Plans, journal and audit log stay as they are.
    """
    from finchat.app import sessions

    return sessions.delete(call, names, yes=yes)


@cli.command()
@_with_common
def replay(
    call: "Invocation",
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A cassette.")],
    speed: Annotated[
        float | None, typer.Option(metavar="N", help="Slow enough to watch: 1 to read along, 4 four times as fast.")
    ] = None,
) -> int:
    """Run a recording again, with no network and no key.

    Prints what the run printed. Exit code 0 when it is the same byte for byte, 8 when it is not.
    """
    from finchat.app.cassettes import replaying

    return replaying.replay(call, file, _once, speed=speed)


@cli.command()
@_with_common
def demo(
    call: "Invocation",
    *,
    speed: Annotated[float | None, typer.Option(metavar="N", help="4 is four times as fast.")] = None,
) -> int:
    """Watch a recorded session, with nothing set up.

    The model in it is scripted; the rest is finchat as it runs.
    """
    from finchat.app.cassettes import demo as app

    return app.demo(call, _once, speed=speed)


_CASSETTE = Annotated[Path, typer.Argument(metavar="FILE", help="A cassette.")]
_OUT = Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="Write it here; FILE itself may be named.")]


@cassette.command("lint")
@_with_common
def cassette_lint(
    call: "Invocation", *, files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Cassettes.")]
) -> int:
    """All that is wrong with cassettes, by line.

    The chain of lines, members that are not known, what looks like a secret, and a replay that is not the same.
    """
    from finchat.app.cassettes import linting

    return linting.lint(call, files, _once)


@cassette.command("show")
@_with_common
def cassette_show(
    call: "Invocation",
    *,
    file: _CASSETTE,
    rows: Annotated[bool, typer.Option("--rows", help="A line for each row instead of the story.")] = False,
) -> int:
    """What a cassette is of, and the story of its run.

    Questions, calls, answers, what a person typed at which card, writes.
    """
    from finchat.app.cassettes import showing

    return showing.show(call, file, rows=rows)


@cassette.command("diff")
@_with_common
def cassette_diff(
    call: "Invocation",
    *,
    a: Annotated[Path, typer.Argument(metavar="A", help="A cassette.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
) -> int:
    """How two cassettes differ, by what was asked.

    Time and chance do not count. Exit code 0 when they are the same, 8 when not.
    """
    from finchat.app.cassettes import comparing

    return comparing.diff(call, a, b)


@cassette.command("verify")
@_with_common
def cassette_verify(
    call: "Invocation",
    *,
    file: _CASSETTE,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the configured servers its reads again: what changed since?")
    ] = False,
) -> int:
    """Check chain and seal, and that it replays the same.

    With --live also what the servers answer today; nothing is ever written.
    """
    from finchat.app.cassettes import verifying

    return verifying.verify(call, file, _once, live=live)


@cassette.command("trim")
@_with_common
def cassette_trim(
    call: "Invocation",
    *,
    file: _CASSETTE,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="OUT", help="Else FILE.trim.jsonl; FILE itself may be named.")
    ] = None,
) -> int:
    """Leave out what the replay does not need.

    Each cut is kept only when the replay still prints the same.
    """
    from finchat.app.cassettes import trimming

    return trimming.trim(call, file, _once, out=out)


@cassette.command("fault")
@_with_common
def cassette_fault(
    call: "Invocation",
    *,
    file: _CASSETTE,
    on: Annotated[list[int], typer.Option(metavar="ROW", help="Which exchange: see show --rows; repeatable.")],
    fault: Annotated[list[str], typer.Option(metavar="drop|delay|429|garbage", help="What it meets; one for each.")],
    out: _OUT,
    seconds: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Of a delay or a 429: once for all, or one for each.")
    ] = None,
) -> int:
    """Let exchanges go wrong, and rehearse the run.

    What the rehearsal prints is sealed.
    """
    from finchat.app.cassettes import faulting

    return faulting.fault(call, file, _once, on=on, kinds=fault, seconds=tuple(seconds or ()), out=out)


@cassette.command("anonymise")
@_with_common
def cassette_anonymise(call: "Invocation", *, file: _CASSETTE, out: _OUT) -> int:
    """Replace names and addresses, scale amounts.

    Replays the result before it is written, and refuses when the run no longer follows.
    """
    from finchat.app.cassettes import anonymising

    return anonymising.anonymise(call, file, _once, out=out)


@cli.command("schema")
@_with_common
def schema(
    call: "Invocation",
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Whose schema; without it: all names.")] = None,
) -> int:
    """The JSON Schema of what finchat prints and reads."""
    from finchat.app import schemas

    return schemas.schema(call, name)


# The words of the command line of this process, for the plan's record of what made it.
_arguments: list[str] = []


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Never raises: a fault of finchat's own is one line and a log."""
    if any(word.startswith("--record") for word in arguments):
        return _caught(arguments, _recorded)
    return _once(arguments)


def _once(arguments: Sequence[str]) -> int:
    """Run one command line that is not to be recorded, or is already."""
    _arguments[:] = arguments
    return _caught(arguments, lambda given: _run(_whole(given)))


def _recorded(arguments: Sequence[str]) -> int:
    from finchat.app.cassettes.modes import recorded, without_flags

    given, file, mode = without_flags(arguments)
    return _once(given) if file is None else recorded(given, file, mode, _once)


def _caught(arguments: Sequence[str], command: Callable[[Sequence[str]], int]) -> int:
    as_json = "--json" in arguments
    try:
        return command(arguments)
    except FinchatError as error:
        return _report(error, as_json)
    except KeyboardInterrupt:
        return _report_interrupt(as_json)
    except BrokenPipeError:  # the reader of our output has left
        return int(ExitCode.DONE)
    except Exception as bug:
        return _bug(bug, arguments, as_json)


_OF_NO_COMMAND = ("--help", "--version", "-V", "--install-completion", "--show-completion")


def _whole(arguments: Sequence[str]) -> Sequence[str]:
    """The command line with its command: without one it is the chat."""
    if arguments and (not arguments[0].startswith("-") or arguments[0].startswith(_OF_NO_COMMAND)):
        return arguments
    return ["chat", *arguments]


def _bug(bug: Exception, arguments: Sequence[str], as_json: bool) -> int:
    from finchat.app import invocation

    return invocation.report_bug(bug, arguments, as_json=as_json)


def _run(arguments: Sequence[str]) -> int:
    from typer._click.exceptions import ClickException, NoArgsIsHelpError

    command = typer.main.get_command(cli)
    try:
        result = command.main(args=list(arguments), prog_name="finchat", standalone_mode=False)
    except NoArgsIsHelpError as help_text:
        print(help_text.ctx.get_help() if help_text.ctx else "")
        return int(ExitCode.DONE if not arguments else ExitCode.USAGE)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except ClickException as issue:
        raise _usage_error(issue) from None
    if result == ExitCode.INTERRUPTED:  # typer has turned the Ctrl-C into its code
        raise KeyboardInterrupt
    return int(result or 0)


def _usage_error(issue: Any) -> UsageError:
    context = getattr(issue, "ctx", None)
    where = context.command_path if context else "finchat"
    field = getattr(issue, "param_hint", None) or getattr(issue, "option_name", None)
    if field is None and (parameter := getattr(issue, "param", None)) is not None:
        name: str = parameter.opts[-1]
        field = name if name.startswith("-") else parameter.metavar or name.upper()
    return UsageError(_plain_message(issue), field=field, next=f"see {where} --help")


def _plain_message(issue: Any) -> str:
    """The parser's sentence without a programmer's words."""
    message: str = issue.format_message()
    parameter = getattr(issue, "param", None)
    if "valid integer" not in message or parameter is None:
        return message
    flag = parameter.opts[-1]
    given = [b for a, b in itertools.pairwise(_arguments) if a == flag]
    given += [a.partition("=")[2] for a in _arguments if a.startswith(f"{flag}=")]
    return f"{flag} takes a whole number" + (f", not {given[0]!r}" if given else "")


def _report(error: FinchatError, as_json: bool) -> int:
    from finchat.app import invocation

    return invocation.report_error(error, as_json=as_json)


def _report_interrupt(as_json: bool) -> int:
    from finchat.app import invocation

    return invocation.report_interrupt(as_json=as_json)


def main() -> None:
    """For callers that import the commands: run sys.argv and raise SystemExit."""
    raise SystemExit(run(sys.argv[1:]))
