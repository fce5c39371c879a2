"""`/reconcile`: bank lines against the books, by the workflow of `finchat reconcile`, at the desk that is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from finchat.app.commands import Chat
from finchat.app.commands.words import nearest, shown, whole_number
from finchat.errors import UsageError

if TYPE_CHECKING:
    from finchat.app.desk import Desk
    from finchat.app.run import Run
    from finchat.books.periods import Window

_DAYS = 7
_KEYS = ("days", "from", "to", "account", "org")
_EXAMPLE = "/reconcile days 7 account 090, or /reconcile from 2026-11-01 to 2026-11-15"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The days and the account, as they were typed."""

    days: int | None = None
    first: date | None = None
    last: date | None = None
    account: str | None = None
    org: str | None = None  # of several that are open: the key of its server

    def window(self, as_of: date) -> Window:
        """The days that are meant; the last seven when none are named. Raises UsageError."""
        from finchat.books.periods import window

        days = self.days
        if days is None and self.first is None and self.last is None:
            days = _DAYS
        try:
            return window(as_of, days=days, first=self.first, last=self.last)
        except UsageError as error:  # its words are those of the command line
            raise UsageError(error.message.replace("--", ""), field=error.field, next=_EXAMPLE) from error

    @property
    def words(self) -> tuple[str, ...]:
        """The words that would make the same plan at a shell."""
        given = {"days": self.days, "from": self.first, "to": self.last, "account": self.account}
        if self.days is None and self.first is None:
            given["days"] = _DAYS
        return ("reconcile", *(w for k, v in given.items() if v is not None for w in (f"--{k}", str(v))))


async def reconcile(chat: Chat, arguments: str) -> None:
    """Read, match, show what was found, and put the plan before the person."""
    asked = read(arguments)
    if asked.days is None and asked.first is not None and asked.last is not None:
        asked.window(asked.last)  # a wrong period is said before anything is waited for
    run = await chat.ready()
    from finchat.app.bank_lines import prepared
    from finchat.workflows.forbidden import forbidden_findings

    desk, read_only = _desk(run, asked.org), chat.flags.read_only
    as_of = chat.call.as_of_date or desk.today()
    found = await prepared(desk, asked.window(as_of), as_of=as_of, account=asked.account, command=asked.words)
    forbidden = desk.guard.forbidden(found.plan)
    found = replace(found, findings=(*found.findings, *forbidden_findings(found.plan, forbidden)))
    offered = bool(found.plan.proposals) and not read_only
    desk.show(found, denied={r.proposal_id for r in forbidden}, rows=not offered)
    if offered:
        desk.saw(found.lines.values())
        desk.keep(found.plan)
        await chat.offer(found.plan.id)
    elif found.plan.proposals:
        chat.say("This chat is read-only: the plan was not saved, and nothing of it can be approved.")


def _desk(run: Run, key: str | None) -> Desk:
    """The desk that is meant: of the organisation with that key, the first without one. Raises UsageError."""
    if key is None:
        return run.desk
    found = next((one for one in run.desk.all if one.settings.name == key), None)
    if found is None:
        keys = ", ".join(one.settings.name for one in run.desk.all)
        raise UsageError(f"no open organisation has the key {shown(key)}", field="org", next=f"open are: {keys}")
    return found


def read(arguments: str) -> Asked:
    """The arguments as they were typed, with or without dashes. Raises UsageError naming the one that is wrong."""
    given: dict[str, str] = {}
    words = arguments.split()
    if len(words) == 1 and words[0].isdigit():
        words = ["days", words[0]]
    while words:
        key = words.pop(0)
        name = key.removeprefix("--").casefold()
        if name not in _KEYS:
            near = nearest(name, _KEYS)
            told = f"the nearest is {near}: {_EXAMPLE}" if near else _EXAMPLE
            raise UsageError(f"/reconcile does not know {shown(key)}", field=shown(key), next=told)
        if name in given:
            raise UsageError(f"{name} is given twice", field=name, next=_EXAMPLE)
        value = _account(words) if name == "account" else words.pop(0) if words else ""
        if not value:
            raise UsageError(f"{name} lacks its value", field=name, next=_EXAMPLE)
        given[name] = value
    return _asked(given)


def _account(words: list[str]) -> str:
    """The words of a name up to the next argument."""
    taken: list[str] = []
    while words and not (words[0].removeprefix("--").casefold() in _KEYS and _is_next(words)):
        taken.append(words.pop(0))
    return " ".join(taken).strip("\"'")


def _is_next(words: Sequence[str]) -> bool:
    """Whether these words begin another argument, and not a name that holds such a word."""
    return len(words) > 1 and words[1][:1].isdigit()


def _asked(given: dict[str, str]) -> Asked:
    from finchat.books.periods import LONGEST

    if "days" in given and ("from" in given or "to" in given):
        raise UsageError("days and from … to exclude each other", field="days", next=_EXAMPLE)
    days = given.get("days")
    return Asked(
        days=None if days is None else whole_number(days, field="days", least=1, most=LONGEST, example=_EXAMPLE),
        first=_day(given, "from"),
        last=_day(given, "to"),
        account=given.get("account"),
        org=given.get("org"),
    )


def _day(given: dict[str, str], name: str) -> date | None:
    from finchat.books.periods import parse_day

    if name not in given:
        return None
    try:
        return parse_day(given[name], name)
    except UsageError as error:
        raise UsageError(f"{name} is not a date: {shown(given[name])}", field=name, next=error.next) from None
