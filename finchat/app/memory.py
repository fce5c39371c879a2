"""`finchat memory`: what people's decisions taught, shown, forgotten, and set right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from finchat.app.desk import open_desk, state_database
from finchat.app.invocation import Invocation, run_to_exit
from finchat.clock import clock_from_environment
from finchat.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from finchat.workflows.memory import Memory, RememberedFact


def show(call: Invocation) -> int:
    """Every fact, by organisation; `--org` limits them to one."""
    from finchat.ui.memory import memory_view
    from finchat.workflows.memory_json import memory_document

    as_of = _day(call)
    with _memory(call) as memory:
        found = memory.facts(as_of, call.org)
    if call.json:
        call.sink.document(memory_document(found, as_of.isoformat()))
    elif found:
        call.sink.data(memory_view(found))
    else:
        call.sink.talk("nothing is remembered yet: what you approve, refuse and answer teaches")
    return ExitCode.DONE


def forget(call: Invocation, id: str | None, *, contact: str | None, everything: bool) -> int:
    """Drop one fact, all of one contact, or all. Raises UsageError when nothing or more than one thing is named."""
    given = [
        name
        for name, named in (("ID", id is not None), ("--contact", contact is not None), ("--all", everything))
        if named
    ]
    if len(given) != 1:
        several = f"{' and '.join(given)} exclude each other: only one of them may be given"
        raise UsageError(
            several if given else "say what to forget", field=given[-1] if given else "ID",
            next="give the id of one fact, or --contact NAME, or --all",
        )  # fmt: skip
    as_of = _day(call)
    with _memory(call) as memory:
        if id is not None:
            found: Sequence[RememberedFact] = [memory.fact(id, as_of, call.org)]
        else:
            found = [k for k in memory.facts(as_of, call.org) if everything or _of_contact(k, contact or "")]
        if not found and not everything:
            raise UsageError(
                f"nothing is remembered of {contact!r}", field="--contact", next="finchat memory lists the names"
            )
        gone = memory.forget(found)
    _told(call, found, as_of, forgotten=gone, words=f"forgotten: {gone}")
    return ExitCode.DONE


def forget_statement(call: Invocation, file: Path, *, alone: bool) -> int:
    """Drop the lines of a statement file, in every organisation it was read for. Raises UsageError when the file cannot
    be read or never was, or something else is named too."""
    from finchat.workflows.bank_files.imported import forget_file
    from finchat.workflows.bank_files.text import read_bytes

    if not alone:
        raise UsageError("say one thing to forget", field="--statement", next="give --statement FILE alone")
    sha256 = hashlib.sha256(read_bytes(file)).hexdigest()
    with state_database(call.home) as database:
        gone = forget_file(database, sha256)
    if not gone:
        raise UsageError(
            f"{file} was not read before", field="--statement", next="name the very file that was read, unchanged"
        )
    words = f"forgotten: the lines of {file.name}; what was recorded from them stays in the ledger"
    _told(call, [], _day(call), forgotten=gone, words=words)
    return ExitCode.DONE


def edit(
    call: Invocation,
    id: str,
    *,
    contact: str | None,
    account: str | None,
    tax: str | None,
    tracking: Sequence[str] = (),
) -> int:
    """Set a fact right: another contact for a name or an account, another coding for money or the rest of a payment.

    Names and codes are looked up in the ledger. What was said counts as two confirmations, sets earlier decisions on
    the same thing aside, and is kept as said. Raises UsageError for what the ledger does not have.
    """
    if (contact is None) == (account is None):
        raise UsageError("say what it should be", field="ID", next="give --contact NAME, or --account CODE --tax TYPE")
    as_of = _day(call)
    with _memory(call) as memory:
        known = memory.fact(id, as_of, call.org)
    coded = known.fact.coding is not None
    if coded != (account is not None):
        flag = "--account CODE --tax TYPE" if coded else "--contact NAME"
        raise UsageError(f"{id} is not about that", field="ID", next=f"give {flag}")

    async def main() -> int:
        from finchat.books.documents import Books
        from finchat.workflows import memory_edit

        async with open_desk(replace(call, org=call.org or known.org_id), via="command") as desk:
            if desk.organisation.id != known.org_id:
                raise UsageError(
                    f"{id} is of {known.org_name}, not of {desk.organisation.name}", field="ID",
                    next="name its server with --server, or its organisation with --org",
                )  # fmt: skip
            chart, accounts = await desk.provider.chart(), await desk.provider.accounts()
            day = call.as_of_date or desk.today()
            if contact is not None:
                who = memory_edit.contact(tuple(chart.contacts.values()), contact)
                desk.memory.say(known, contact=who)
            else:
                books = Books(
                    base_currency=desk.organisation.base_currency, as_of=day, accounts=tuple(accounts.values()),
                    tax_rates=chart.tax_rates, tracking=chart.tracking,
                )  # fmt: skip
                coding, text = memory_edit.coding(books, account or "", tax, tracking)
                desk.memory.say(known, coding=coding, coding_text=text)
            now = [k for k in desk.memory.facts(day, known.org_id) if _key(k) == _key(known)]
            desk.progress.clear()
            _told(call, now, day, words="")
            return ExitCode.DONE

    return run_to_exit(main())


def _key(known: RememberedFact) -> tuple[str, str]:
    return known.fact.kind, known.fact.key


def _of_contact(known: RememberedFact, name: str) -> bool:
    return name == known.fact.contact_id or known.fact.contact.casefold() == name.casefold()


def _told(
    call: Invocation, found: Sequence[RememberedFact], as_of: date, *, words: str, forgotten: int = 0
) -> None:  # fmt: skip
    from finchat.ui.memory import memory_view
    from finchat.workflows.memory_json import memory_document

    if call.json:
        call.sink.document(memory_document(found, as_of.isoformat(), forgotten=forgotten))
        return
    if words:
        call.sink.talk(words)
    if found:
        call.sink.data(memory_view(found))


def _day(call: Invocation) -> date:
    """The day in the organisation, as its books have it: of the one named, else of that with the newest plan."""
    if call.as_of_date is not None:
        return call.as_of_date
    from finchat.safety.journal import timezone_of

    with _memory(call) as memory, state_database(call.home) as database:
        zone = timezone_of(database, [call.org] if call.org else memory.organisations())
    return clock_from_environment().today(zone or "UTC")


@contextmanager
def _memory(call: Invocation) -> Iterator[Memory]:
    from finchat.workflows.memory import Memory

    with state_database(call.home) as database:
        yield Memory(database, clock_from_environment().now)
