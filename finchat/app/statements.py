"""`--statement`: reading the files of a command, and the bank reconciliation statement at its end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finchat.app.desk import Desk, state_database
from finchat.errors import ExitCode, FinchatError
from finchat.events import Notice
from finchat.settings import Home

if TYPE_CHECKING:
    from datetime import date

    from finchat.books.statement import BankReconciliation
    from finchat.workflows.bank_files.statement import Statement
    from finchat.workflows.execute import Applied
    from finchat.workflows.reconcile import Reconciliation
    from finchat.workflows.statements import Wish


@dataclass(frozen=True)
class StatementFlags:
    """The flags of `reconcile` that are about statement files, as given."""

    files: tuple[Path, ...] = ()
    csv_dates: str | None = None
    csv_columns: str | None = None
    export: Path | None = None

    def checked(self, account: str | None) -> Wish | None:
        """What they ask for; None without a file. Raises UsageError for a flag that is wrong, or has no file."""
        from finchat.errors import UsageError

        if not self.files:
            for flag, value in (
                ("--csv-dates", self.csv_dates), ("--csv-columns", self.csv_columns), ("--export", self.export),
            ):  # fmt: skip
                if value is not None:
                    raise UsageError(f"{flag} is about a statement file", field=flag, next="add --statement FILE")
            return None
        from finchat.workflows.statements import wish

        if self.export is not None:
            from finchat.workflows.export.sheet import check_place

            check_place(self.export)
        return wish(self.files, account, self.csv_dates, self.csv_columns)


async def read_files(desk: Desk, wish: Wish, as_of: date) -> tuple[Statement, ...]:
    """The statements of the files. Shows how a CSV is read when that is new; what is wrong is shown with the plan."""
    from finchat.ui.statement import TerminalPerson, columns_view
    from finchat.workflows.bank_files.imported import Imported
    from finchat.workflows.statements import read_statements

    sink = desk.call.sink
    accounts = await desk.provider.accounts()
    with state_database(desk.call.home) as database:
        read = await read_statements(
            wish,
            accounts,
            memory=Imported(database, desk.organisation.id),
            today=max(as_of, desk.today()),
            now=desk.journal.now(),
            person=TerminalPerson(sink, desk.progress.paused) if sink.interactive else None,
            feed=desk.feed,
        )
    for path, table, columns, new in read.tables:
        if new and not sink.interactive:
            file = next(f for s in read.statements for f in s.files if f.path == path)
            desk.progress.clear()
            sink.talk(columns_view(table, columns, file))
    return read.statements


async def finish(
    desk: Desk, found: Reconciliation, applied: Applied, *, as_of: date, export: Path | None
) -> tuple[tuple[BankReconciliation, ...], ExitCode]:
    """The bank reconciliation statement of every account a file was read of, as the ledger now is, written to `export`
    when a file is named; and the code of what failed, which is said: what the run wrote is still to be reported."""
    if not found.statements:
        return (), ExitCode.DONE
    banks: tuple[BankReconciliation, ...] = ()
    try:
        banks = await _statements(desk, found, applied, as_of)
        if export is not None:
            from finchat.workflows.export.bank_reconciliation import sheet
            from finchat.workflows.export.sheet import export as write

            write([sheet(one, found.organisation.name, sandbox=found.organisation.sandbox) for one in banks], export)
    except FinchatError as error:
        text = f"{error.message}; {error.next}" if error.next else error.message
        what = "written to a file" if banks else "made"
        desk.progress(Notice(text=f"the bank reconciliation statement was not {what}: {text}", severity="warning"))
        return banks, error.exit_code
    return banks, ExitCode.DONE


async def _statements(
    desk: Desk, found: Reconciliation, applied: Applied, as_of: date
) -> tuple[BankReconciliation, ...]:
    from finchat.workflows.bank_files.imported import Imported
    from finchat.workflows.bank_reconciliation import bank_reconciliations

    written = any(r.outcome in ("committed", "unknown") for r in applied.now)
    with state_database(desk.call.home) as database:
        return await bank_reconciliations(
            desk.provider,
            found,
            memory=Imported(database, desk.organisation.id),
            records=desk.journal,
            as_of=as_of,
            written=written,
        )


def forget(home: Home, org_id: str) -> None:
    """Nothing is remembered of the statements of an organisation whose ledger begins anew."""
    from finchat.workflows.bank_files.imported import Imported

    with state_database(home) as database:
        Imported(database, org_id).forget()
