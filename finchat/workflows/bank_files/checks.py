"""What is wrong with a statement, or worth knowing, before anything is proposed from it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from decimal import Decimal

from finchat.books.documents import BankLine
from finchat.books.findings import CODES
from finchat.books.known_lines import KnownLine, Recognised
from finchat.books.lines import RawLine
from finchat.books.money import spoken
from finchat.books.plan import Finding
from finchat.workflows.bank_files.imported import EarlierFile
from finchat.workflows.bank_files.statement import FileStatement, Problem
from finchat.workflows.bank_files.text import REPLACED

_QUIET = dt.timedelta(days=4)  # days without a line that are no gap: a long weekend


def as_findings(problems: Sequence[Problem], currency: str) -> tuple[Finding, ...]:
    """The grave ones first."""
    return tuple(
        Finding(
            code=p.code, severity=CODES[p.code], text=p.text, next=p.next, amount=p.amount,
            currency=None if p.amount is None else currency,
        )
        for p in sorted(problems, key=lambda p: not p.grave)
    )  # fmt: skip


def of_file(file: FileStatement, currency: str) -> list[Problem]:
    """Whether the file adds up, what its encoding lost, and lines it holds twice under one id."""
    found = list(file.problems)
    if file.opening is not None and file.closing is not None and not any(p.grave for p in found):
        moved = sum((x.amount if x.direction == "receive" else -x.amount for x in file.lines), Decimal(0))
        off = file.closing - file.opening - moved
        if off:
            found.append(
                Problem(
                    code="statement_does_not_add_up",
                    text=f"{file.path.name} does not add up: opening {spoken(file.opening, currency)} and its "
                    f"{len(file.lines)} lines give {spoken(file.opening + moved, currency)}, its closing balance is "
                    f"{spoken(file.closing, currency)}",
                    next="export the statement again: a line is missing, doubled or changed",
                    grave=True,
                    amount=abs(off),
                )
            )
    broken = [x for x in file.lines if REPLACED in x.payee + x.narration + x.reference]
    if broken:
        found.append(
            Problem(
                code="statement_encoding",
                text=f"{len(broken)} lines of {file.path.name} hold characters that were lost, first of "
                f"{broken[0].date}: “{(broken[0].payee or broken[0].narration)[:40]}”",
                next="export the file again in UTF-8; names and references may not be recognised",
            )
        )
    ids = Counter(
        (x.fitid, x.date, x.direction, x.amount, x.payee, x.narration, x.reference) for x in file.lines if x.fitid
    )
    doubled = [key for key, n in ids.items() if n > 1]
    if doubled:
        found.append(
            Problem(
                code="statement_duplicates",
                text=f"{file.path.name} holds {len(doubled)} lines more than once under one id of the bank, first "
                f"{doubled[0][0][:40]!r} of {doubled[0][1]}",
                next="each is one movement: record it once",
            )
        )
    return found


def beside_others(
    file: FileStatement,
    recognised: Sequence[Recognised],
    others: Sequence[EarlierFile],
    currency: str,
    unmet: Collection[dt.date] = (),
    *,
    fed: Collection[str] = (),
    read_then: Collection[str] | None = None,
) -> list[Problem]:
    """How the file stands to those read before: read before itself, overlapping, or with a gap between. `unmet`: days
    of lines known before that this file does not show; `fed`: ids of lines that only the bank's feed has shown;
    `read_then`: ids of the lines this very file had when it was read before."""
    found: list[Problem] = []
    before = next((o for o in others if o.sha256 == file.sha256), None)
    if before is not None:
        same = read_then is None or set(read_then) == {r.known.line.id for r in recognised}
        found.append(
            Problem(
                code="statement_read_before",
                text=f"{file.path.name} was read before ({before.read_at:%Y-%m-%d %H:%M} UTC); "
                + ("its lines are the same" if same else "its lines are read in another way now"),
                next="nothing is to be done: a line that was used is not used again"
                if same
                else "check what was recorded from the earlier reading",
            )
        )
    others = [o for o in others if o.sha256 != file.sha256]
    known = [r for r in recognised if not r.new]
    in_feed = [r for r in known if r.known.line.id in fed]
    for count, where in (
        (len(known) - len(in_feed), "stand in files read before"), (len(in_feed), "are lines of the bank feed"),
    ):  # fmt: skip
        if count and before is None:
            found.append(
                Problem(
                    code="statement_overlap",
                    text=f"{count} of the {len(recognised)} lines of {file.path.name} {where}",
                    next="nothing is to be done: a line that was used is not used again",
                )
            )
    late = [r.known.line for r in recognised if r.late]
    if late and before is None:
        found.append(
            Problem(
                code="statement_late_line",
                text=f"{len(late)} lines of {file.path.name} are of days that a file read before covers without them, "
                f"first {spoken(late[0].amount, currency)} on {late[0].date}",
                next="compare both files with the bank: one of them is incomplete",
            )
        )
    found += _cut_days(file, recognised, others, currency, unmet) if before is None else []
    if gap := _gap(file, others, currency):
        found.append(gap)
    return found


def contradictions(file: FileStatement, pairs: Sequence[tuple[RawLine, KnownLine]], currency: str) -> list[Problem]:
    """Lines of the file with the earlier reading of their id that is not theirs."""
    return [
        Problem(
            code="statement_id_conflict",
            text=f"the bank's id {line.fitid[:40]!r} is {_moved(line, currency)} in {file.path.name}, and "
            f"{_moved(one.line, currency)} in {one.line.source_id.rpartition(':')[0] or 'a file'} read before",
            next="ask the bank which is right: both stand as lines, and this one is never certain",
            amount=line.amount,
        )
        for line, one in pairs
    ]


def _moved(line: RawLine | BankLine, currency: str) -> str:
    return f"{spoken(line.amount, currency)} {'in' if line.direction == 'receive' else 'out'} on {line.date}"


def _cut_days(
    file: FileStatement,
    recognised: Sequence[Recognised],
    others: Sequence[EarlierFile],
    currency: str,
    unmet: Collection[dt.date],
) -> list[Problem]:
    """Days on which both this file and an earlier one begin or end, with lines only the text can tell apart: a second
    payment of the same amount and text on that day would be taken for the first."""
    edges = {d for o in others for d in (o.begins, o.ends)}
    days = {x.date for x in file.lines}
    cut = edges & {min(days, default=None), max(days, default=None)} - {None}
    found: list[Problem] = []
    for day in sorted(d for d in cut if d is not None):
        here = [r for r in recognised if r.known.line.date == day]
        alike = [r for r in here if not r.new and r.known.balance is None and not any(id for _, id in r.known.ids)]
        if alike and (len(alike) < len(here) or day in unmet):
            found.append(
                Problem(
                    code="statement_cut_day",
                    text=f"{len(alike)} lines of {day}, on which {file.path.name} and a file read before meet, are "
                    f"taken for lines of that file, first of {spoken(alike[0].known.line.amount, currency)}",
                    next="if one of them was paid twice that day, export that day as a whole",
                )
            )
    return found


def _gap(file: FileStatement, others: Sequence[EarlierFile], currency: str) -> Problem | None:
    """Days or money between the file and the one read before that ends last before it."""
    if file.first is None or not others:
        return None
    overlapping = [o for o in others if o.first <= file.first <= o.last]
    earlier = [o for o in others if o.last < file.first]
    if overlapping or not earlier:
        return None
    last = max(earlier, key=lambda o: (o.last, o.first))
    if file.opening is not None and last.closing is not None:
        if file.opening == last.closing:
            return None
        off = file.opening - last.closing
        text = (
            f"between {last.name}, which closes on {last.last} with {spoken(last.closing, currency)}, and "
            f"{file.path.name}, which opens on {file.first} with {spoken(file.opening, currency)}, "
            f"{spoken(abs(off), currency)} {'came in' if off > 0 else 'went out'} that no file shows"
        )
        return Problem(code="statement_gap", text=text, next=_EXPORT, amount=abs(off))
    days = (file.first - last.last) - dt.timedelta(days=1)
    if days <= _QUIET:
        return None
    text = f"no file covers the {days.days} days between {last.last} and {file.first}"
    return Problem(code="statement_gap", text=text, next=_EXPORT)


_EXPORT = "export the days between from the bank and read that file first"
