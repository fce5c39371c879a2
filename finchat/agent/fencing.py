"""Text of strangers as a model gets it: between marks that nobody else knows, with nothing hidden in it.

What stands in a ledger, in a tool's answer, error or description was written by others. The fence tells the model where
such text begins and ends; it does not make the model obey. Nothing else rests on it: what a model may do is decided by
the guard.
"""

from __future__ import annotations

import re
import unicodedata

from finchat.chance import hex_text
from finchat.text.sanitise import one_line, visible

_SPACES = {0x00A0: " ", 0x202F: " ", 0x2007: " ", 0x2009: " "}  # fixed spaces, as some countries write amounts
_WITHHELD = "(withheld: this text imitates the mark that fences it)"
_LONGEST_SOURCE = 120
_MARK = re.compile(r"data-[0-9a-f]{16}")


class Fence:
    """The marks of one conversation. `mark` is random, so text that was there before it cannot hold it."""

    def __init__(self, mark: str | None = None) -> None:
        """`mark`: that of an earlier process, whose conversation goes on. Raises ValueError for what is none."""
        if mark is not None and not _MARK.fullmatch(mark):
            raise ValueError("not the mark of a fence")
        self.mark = mark or f"data-{hex_text('fence', 8)}"
        self._secret = self.mark.removeprefix("data-")

    def around(self, text: str, source: str) -> str:
        """A block: what `source` (a tool's name, say) gave, each line with its non-printing characters visible."""
        said = one_line(self._without_mark(source), _LONGEST_SOURCE).replace('"', "'").replace(">", "")
        lines = "\n".join(visible(line) for line in text.translate(_SPACES).replace("\r\n", "\n").split("\n"))
        return f'<{self.mark} from="{said}">\n{self._without_mark(lines)}\n</{self.mark}>'

    def within(self, text: str, limit: int) -> str:
        """The same in one line, at most `limit` characters of it: for a tool's description."""
        return f"<{self.mark}>{self._without_mark(one_line(text[: limit * 4].translate(_SPACES), limit))}</{self.mark}>"

    def short(self, text: str) -> str:
        """A few words inside something that is fenced as a whole: cleaned, and unable to close that fence."""
        return self._without_mark(one_line(text.translate(_SPACES)))

    def _without_mark(self, text: str) -> str:
        """No text closes its fence: not with the mark handed back by a tool that was told it, in whatever letters."""
        if self._secret not in text and self._secret not in _plain_letters(text):
            return text
        text = text.replace(self._secret, "…")
        return _WITHHELD if self._secret in _plain_letters(text) else text


def _plain_letters(text: str) -> str:
    """The text as a careless reader takes it: no width, case, accents or characters of no width."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Mn", "Me"))
