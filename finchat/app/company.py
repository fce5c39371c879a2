"""The sandbox company: status, answers, another one in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from finchat.app.backends import company_home, sandbox_home
from finchat.app.desk import books_of_record, state_database
from finchat.app.invocation import Invocation
from finchat.app.statements import forget
from finchat.canonical import canonical_json
from finchat.errors import ExitCode, FinchatError, UsageError, plain

if TYPE_CHECKING:
    from finchat.sandbox.company.statement_files import Statement
    from finchat.sandbox.home import BackEnd, CompanyHome

AnyHome = TypeVar("AnyHome", bound="CompanyHome[Any]")


def sandbox_reset(call: Invocation, *, vendor: str, seed: int, anchor: str | None) -> int:
    from finchat.books.periods import parse_day

    day = None if anchor is None else parse_day(anchor, "--anchor")
    return _replace_company(call, vendor, company_home(call, vendor), lambda home: home.reset(seed, day))


def sandbox_load(call: Invocation, directory: Path) -> int:
    return _replace_company(call, "xero", sandbox_home(call), lambda home: home.load(directory))


def _replace_company(call: Invocation, vendor: str, home: AnyHome, replace_it: Callable[[AnyHome], BackEnd]) -> int:
    """Another company in the place of the present one, whose writes the journal need not settle any more."""
    before = home.status()["company"]["organisation_id"] if home.database_path.exists() else None
    replace_it(home).close()
    if before is not None:
        from finchat.workflows.memory import Memory

        with books_of_record(call, via="command") as (journal, *_), state_database(call.home) as database:
            journal.forget_sandbox(before)
            Memory(database, journal.now).forget_organisation(before)
        forget(call.home, before)
    return sandbox_status(call, vendor=vendor)


def sandbox_status(call: Invocation, *, vendor: str) -> int:
    from finchat.ui.sandbox import sandbox_view

    status = company_home(call, vendor).status()
    if call.as_of is not None:  # what the notice would say to add is there
        status["company"]["notice"] = None
    if call.json:
        call.sink.document({"schema": "finchat.sandbox/1", **status, "exit_code": 0})
    else:
        call.sink.data(sandbox_view(status))
    return ExitCode.DONE


def sandbox_truth(call: Invocation, *, vendor: str) -> int:
    call.sink.raw(canonical_json(company_home(call, vendor).truth()) + "\n")
    return ExitCode.DONE


STATEMENT_DAYS = 31  # of a statement whose first day is not named


def sandbox_statement(
    call: Invocation,
    *,
    vendor: str,
    format: str,
    style: str | None,
    account: str | None,
    first: str | None,
    last: str | None,
    out: Path | None,
) -> int:
    """A statement of the demo company's bank as a file of the format, to stdout or `out`.

    Raises UsageError for a format, style, account or day that there is none of.
    """
    from finchat.sandbox.company.statement_files import FORMATS, render

    chosen = format.strip().casefold().replace(".", "")
    if chosen not in FORMATS:
        raise UsageError(f"there is no format {format!r}", field="--format", next=f"name one of: {', '.join(FORMATS)}")
    styles = FORMATS[chosen]
    if style is not None and style not in styles:
        known = ", ".join(styles)
        raise UsageError(f"{chosen} has no style {style!r}", field="--style", next=f"name one of: {known}")
    if call.json and out is None:
        raise UsageError("--json and the file cannot share stdout", field="--out", next="add --out FILE")
    home = company_home(call, vendor)
    home.ensure().close()
    statement = _between(home.statement(account), first, last)
    file = render(statement, chosen, style)
    if out is None:
        call.sink.raw_bytes(file)
        return ExitCode.DONE
    try:
        out.write_bytes(file)
    except OSError as error:
        raise FinchatError(f"cannot write {out}: {plain(error)}", next="name another file with --out") from error
    if call.json:
        call.sink.document(_written(statement, out, chosen, style or styles[0]))
    else:
        period = f"{statement.first} to {statement.last}"
        call.sink.data(f"{len(statement.lines)} lines of {statement.code} {statement.name}, {period}: {out}")
    return ExitCode.DONE


def _between(statement: Statement, first: str | None, last: str | None) -> Statement:
    from datetime import timedelta

    from finchat.books.periods import parse_day

    end = statement.last if last is None else parse_day(last, "--to")
    begin = end - timedelta(days=STATEMENT_DAYS - 1) if first is None else parse_day(first, "--from")
    if begin > end:
        raise UsageError(f"the statement ends on {end}, before it begins on {begin}", field="--from")
    try:
        return statement.between(begin, end)
    except ValueError as error:
        raise UsageError(str(error), field="--from", next="name days within it") from error


def _written(statement: Statement, out: Path, format: str, style: str) -> dict[str, object]:
    return {
        "schema": "finchat.statement_file/1",
        "path": str(out.absolute()),
        "format": format,
        "style": style,
        "account_id": statement.account_id,
        "account_code": statement.code,
        "currency": statement.currency,
        "from": statement.first.isoformat(),
        "to": statement.last.isoformat(),
        "opening_balance": f"{statement.opening:.2f}",
        "closing_balance": f"{statement.closing:.2f}",
        "lines": len(statement.lines),
        "exit_code": 0,
    }
