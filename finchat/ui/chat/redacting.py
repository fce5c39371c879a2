"""Secrets taken out of text as it comes: nothing that looks like one is let through before it is known whether it is.

From a word that secrets go with, the rest of the line is held back until it ends, and masked as a whole.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from finchat.text.redact import redact

_TRIGGER = re.compile(
    r"(?i:bearer|basic)\s|eyJ|\b(?:sk|pk|rk|xox[abprs]|gh[opsu]|glpat|github_pat)[-_]"
    r"|(?i:api[_-]?key|secret|passwo?r?d|token|authorization|credential)|://|-----BEGIN"
)
_GOES_ON = re.compile(r"""(?i)(?:[=:]\s*["']?|bearer|basic)\s*\Z""")
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_KEY_ENDS = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_CONTEXT = 200  # characters of the line that stand before what is looked at
_MOST_HELD = 8_192
_PIECE = 4_096  # taken in at once
_LONGEST_TRIGGER = 16


class Redacting:
    """Text in, text without secrets out; `\\r\\n` becomes `\\n`. The same whatever pieces it comes in."""

    def __init__(self) -> None:
        self._line = ""  # what of the line was let through, or its end
        self._held = ""
        self._holding = False
        self._in_key = False
        self._lines = 0
        self._return = False
        self._in = self._out = 0  # characters taken in, and let through
        self._marks: list[tuple[int, int]] = [(0, 0)]  # (out, in) where the two went apart

    def feed(self, text: str) -> str:
        raw = ("\r" if self._return else "") + text
        self._return = raw.endswith("\r")
        raw = raw.removesuffix("\r") if self._return else raw
        out: list[str] = []
        for index, piece in enumerate(raw.split("\r\n")):
            if index:
                out.append(self._pass("\n", 2))
            for at in range(0, len(piece), _PIECE):
                part = piece[at : at + _PIECE]
                out.append(self._pass(part, len(part)))
        return "".join(out)

    def end(self) -> str:
        """What was still held back."""
        out = ""
        if self._return:
            self._return = False
            out = self._pass("\r", 1)
        return out + (self._release() if self._holding else "")

    def masked(self, rest: str) -> str:
        """All that follows what was let through, known whole: without its secrets."""
        return _behind(self._line, redact(self._line + rest))

    def taken_at(self, out: int) -> int:
        """How much of the text had been taken in for `out` characters let through."""
        let, taken = self._marks[bisect_right(self._marks, (out, self._in + 1)) - 1]
        return taken + out - let

    def _pass(self, text: str, taken: int) -> str:
        self._in += taken
        out: list[str] = []
        while text:
            if self._holding:
                text = self._hold(text, out)
                continue
            seen = self._line[-_LONGEST_TRIGGER:]
            found = _TRIGGER.search(seen + text)
            while found is not None and found.end() <= len(seen):
                found = _TRIGGER.search(seen + text, found.end())
            through = text if found is None else text[: found.end() - len(seen)]
            text = text[len(through) :]
            out.append(through)
            self._out += len(through)
            self._line = (self._line + through).rpartition("\n")[2][-_CONTEXT:]
            self._holding = found is not None
            self._lines = 0
        if not self._holding and self._in - self._out != self._marks[-1][1] - self._marks[-1][0]:
            self._marks.append((self._out, self._in))
        return "".join(out)

    def _hold(self, text: str, out: list[str]) -> str:
        """Holds back to the end of the line; answers with what comes behind it."""
        end = text.find("\n") + 1
        room = len(text) if self._in_key else _MOST_HELD - len(self._held)
        part = text[: min(end or len(text), room)]
        end = end if len(part) == end else 0
        self._held += part
        rest = text[len(part) :]
        if not self._in_key and self._key_begins():
            self._in_key = True
        if self._in_key:
            ends = bool(end) and _KEY_ENDS.search(self._held[-_CONTEXT:]) is not None
            if len(self._held) > 2 * _MOST_HELD:  # it is masked whole, however much comes
                self._held = self._held[:_CONTEXT] + self._held[-_CONTEXT:]
            if ends:
                out.append(self._release(len(rest)))
            return rest
        if end:
            self._lines += 1
            if self._lines > 1 or not _GOES_ON.search(self._line + self._held):
                out.append(self._release(len(rest)))
        elif len(self._held) >= _MOST_HELD:
            out.append(self._release(len(rest)))
        return rest

    def _key_begins(self) -> bool:
        return "-----BEGIN" in self._line + self._held and _KEY.search(self._line + self._held) is not None

    def _release(self, ahead: int = 0) -> str:
        """`ahead`: characters that were taken in and come behind what is let through."""
        whole = redact(self._line + self._held)
        through = _behind(self._line, whole)
        self._line = self._held.rpartition("\n")[2][-_CONTEXT:]
        self._held = ""
        self._holding = self._in_key = False
        self._out += len(through)
        self._marks.append((self._out, self._in - ahead))
        return through


def _behind(line: str, whole: str) -> str:
    """What of `whole` comes after what it has in common with `line`."""
    return whole[next((i for i, (a, b) in enumerate(zip(line, whole, strict=False)) if a != b), len(line)) :]
