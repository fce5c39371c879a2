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
    if all(map(_stands_alone, set(text))):
        return text
    out: list[str] = []
    marks = 0
    for given in text.replace("\r\n", "\n").replace("\r", "\n"):
        char = " " if given == "\t" or unicodedata.category(given) in {"Zs", "Zl", "Zp"} else given
        if _stands_alone(char):
            out.append(char)
            marks = 0
        elif visible(f"a{char}") == f"a{char}" and marks < _MARKS_IN_A_ROW and out[-1:] not in ([], ["\n"]):
            out.append(char)
            marks += 1
    return "".join(out)


@lru_cache(maxsize=4096)
def _stands_alone(char: str) -> bool:
    """Shown as it is wherever it stands; a mark is so only on a letter."""
    return char == "\n" or visible(char) == char


def said(text: str, columns: int = 0) -> str:
    """Words for a person, over as many lines as they have, each clean and all but the first further in: a stranger's
    word never begins a line. `columns` (0: as long as they are) is how wide lines may be. Ends in a line's end."""
    lines = [visible(line.expandtabs()) for line in redact(text).split("\n")]
    if columns > 2 * len(_FURTHER) and any(2 * len(line) > columns for line in lines):
        from finchat.ui.chat.filling import shown, wrapped

        lines = [shown(part) for line in lines for part in wrapped([(line, ())], columns - len(_FURTHER))]
    return "".join(f"{_FURTHER * bool(index)}{line}\n" for index, line in enumerate(lines))
