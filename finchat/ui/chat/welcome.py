"""What the chat says first: one screen for somebody new, a few words for somebody who knows it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from finchat.text.sanitise import one_line

_LEAST, _MOST = 40, 100  # columns it is written for
_LONGEST_NAME = 48

_WITHOUT_MODEL = (
    ("/reconcile", "match last week's bank lines; answer y or n on each card"),
    ("/undo", "take back what you approved, proven to the cent"),
    ("/audit", "every call and decision, in plain sentences"),
)
_WITH_MODEL = (
    ("Who owes us the most?", "ask in your own words; /source shows where it is from"),
    ("Draft an invoice to …", "a card shows all of it before anything is written"),
    ("/reconcile", "match last week's bank lines; /undo takes back"),
)
_NO_MODEL = "export OPENAI_API_KEY=…; a local one: OPENAI_BASE_URL, OPENAI_MODEL"
# By the profile of a server: what a person calls the vendor, and how its books are connected.
_VENDORS = {
    "xero": (
        "Xero",
        "[servers.books.finchat] in finchat.toml, and Xero's XERO_CLIENT_ID and XERO_CLIENT_SECRET: see /servers",
    ),
    "quickbooks": (
        "QuickBooks",
        "[servers.books.finchat] in finchat.toml, and QuickBooks' QUICKBOOKS_CLIENT_ID and the like: see /servers",
    ),
}
_BOOKS = "/servers shows what is connected, /policy what may be written"


@dataclass(frozen=True, slots=True)
class Ledger:
    """A configured server that holds books: its profile, and whether they are those of the sandbox."""

    profile: str
    sandbox: bool


DEMO = (Ledger("xero", sandbox=True),)


def first_run(
    *, width: int = 80, model: str | None = None, organisation: str | None = None, ledgers: Sequence[Ledger] = DEMO
) -> str:
    """The screen of a first run, at most 20 lines at 80 columns. `ledgers`: whose books are about to be opened, at
    least one; `organisation` names one that is no sandbox."""
    columns = max(_LEAST, min(width, _MOST))
    made_up = organisation is None and all(one.sandbox for one in ledgers)
    lines = [
        *_wrapped(
            "finchat answers questions about your books, matches your bank lines and drafts what is missing. Figures "
            "come from your ledger; nothing is written before you have seen it and said yes.",
            columns,
        ),
        "",
        *(_sandbox(ledgers, columns) if made_up else _real(organisation, ledgers, columns)),
        "",
        "Three things to try:",
        *_rows(_WITH_MODEL if model else _WITHOUT_MODEL, columns),
        "",
        *_rows(
            [("A model", _answers(model)), ("Your books", _VENDORS[ledgers[0].profile][1] if made_up else _BOOKS)],
            columns,
        ),
        "",
        *_wrapped("/ lists the commands · Tab completes · Ctrl-C stops an answer · Ctrl-D leaves", columns),
    ]
    return "\n".join(lines) + "\n"


def greeting(
    *,
    organisation: str | None,
    sandbox: bool,
    model: str | None,
    awaiting: int = 0,
    width: int = 80,
) -> str:
    """The words of a later run: where one is, who answers, what waits. `organisation` None: not known yet."""
    columns = max(_LEAST, width)
    where = one_line(organisation, _LONGEST_NAME) if organisation else "finchat"
    who = one_line(model, _LONGEST_NAME) if model else "no model yet: /model says how to connect one"
    lines = _wrapped(f"{where}{'  SANDBOX' * sandbox} · {who}", columns)
    if awaiting:
        plans = "1 plan awaits" if awaiting == 1 else f"{awaiting} plans await"
        lines += _wrapped(f"{plans} your approval: /plan lists, /apply decides", columns)
    return "\n".join(lines) + "\n"


def _sandbox(ledgers: Sequence[Ledger], columns: int) -> list[str]:
    labels = _labels(ledgers)
    where = "a made-up company, in a" if len(ledgers) == 1 else "made-up companies, in"
    runs = "runs" if len(labels) == 1 else "run"
    return _wrapped(
        f"SANDBOX: you are in the books of {where} {' and '.join(labels)} that {runs} on this machine. Whatever you do "
        "here touches nobody's money.",
        columns,
    )


def _real(organisation: str | None, ledgers: Sequence[Ledger], columns: int) -> list[str]:
    if organisation is None:
        where = f"your own books in {' and '.join(_labels([one for one in ledgers if not one.sandbox]))}"
    else:
        where = f"the books of {one_line(organisation, _LONGEST_NAME)}"
    beside = " Beside them a SANDBOX is open." if any(one.sandbox for one in ledgers) and organisation is None else ""
    return _wrapped(f"You are in {where}. Reading is free; every write asks you.{beside}", columns)


def _labels(ledgers: Sequence[Ledger]) -> list[str]:
    return list(dict.fromkeys(_VENDORS[one.profile][0] for one in ledgers))


def _answers(model: str | None) -> str:
    return f"{one_line(model, _LONGEST_NAME)} answers; /model changes it" if model else _NO_MODEL


def _rows(rows: Sequence[tuple[str, str]], columns: int) -> list[str]:
    """Two columns; the second goes on below itself."""
    left = max(len(name) for name, _told in rows) + 2
    lines = []
    for name, told in rows:
        first, *more = wrap(told, columns - left - 2)
        lines.append(f"  {name:<{left}}{first}")
        lines += [" " * (left + 2) + line for line in more]
    return lines


def _wrapped(text: str, columns: int) -> list[str]:
    return wrap(text, columns, break_on_hyphens=False)
