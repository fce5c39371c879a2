"""What a person typed or pasted, made plain: what is seen in the line is what is asked. Pure."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from finchat.text.redact import redact
from finchat.text.sanitise import visible

PROMPT = "finchat> "
CONTINUED = "     ... "
LEAVES = "Ctrl-D leaves; / lists the commands"
LONGEST = 65_536  # characters of one input
_FURTHER = "  "
_MARKS_IN_A_ROW = 3


def plain(text: str) -> str:
    """The text without what a terminal would act on or hide; lines stay lines, blanks of every kind are spaces.

    A paste can carry words that nobody sees (zero-width and tag characters, bidirectional overrides, escapes): they
    are left out rather than sent to the model unseen.
    """
    if all(map(_stays, set(text))):
        return text
    out: list[str] = []
    marks = 0
    for char in text.replace("\r\n", "\n").replace("\r", "\n"):
        category = unicodedata.category(char)
        marks = marks + 1 if category.startswith("M") else 0
        if char == "\n":
            out.append(char)
        elif char == "\t" or category in {"Zs", "Zl", "Zp"}:
            out.append(" ")
        elif marks <= _MARKS_IN_A_ROW and visible(f"a{char}") == f"a{char}":
            out.append(char)
    return "".join(out)


@lru_cache(maxsize=4096)
def _stays(char: str) -> bool:
    """Is what it is wherever it stands. Marks depend on their neighbours; variation selectors are marks that hide."""
    return char == "\n" or (visible(f"a{char}") == f"a{char}" and not unicodedata.category(char).startswith("M"))


def said(text: str, columns: int = 0) -> str:
    """Words for a person, over as many lines as they have, each clean and all but the first further in: a stranger's
    word never begins a line. `columns` (0: as long as they are) is how wide lines may be. Ends in a line's end."""
    lines = [visible(line.expandtabs()) for line in redact(text).split("\n")]
    if columns > 2 * len(_FURTHER) and any(2 * len(line) > columns for line in lines):
        from finchat.ui.chat.filling import shown, wrapped

        lines = [shown(part) for line in lines for part in wrapped([(line, ())], columns - len(_FURTHER))]
    return "".join(f"{_FURTHER * bool(index)}{line}\n" for index, line in enumerate(lines))
