"""What a person typed or pasted, made plain: what is seen in the line is what is asked. Pure."""

from __future__ import annotations

import unicodedata

from finchat.text.sanitise import visible

LONGEST = 65_536  # characters of one input
_MARKS_IN_A_ROW = 3


def plain(text: str) -> str:
    """The text without what a terminal would act on or hide; lines stay lines, blanks of every kind are spaces.

    A paste can carry words that nobody sees (zero-width and tag characters, bidirectional overrides, escapes): they
    are left out rather than sent to the model unseen.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
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
