"""What Tab offers: slash commands with their help, and names, numbers and codes that the session has seen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from prompt_toolkit.completion import CompleteEvent, Completer
from prompt_toolkit.completion import Completion as Offer
from prompt_toolkit.document import Document

from finchat.text.sanitise import one_line

_MOST_WORDS = 20_000  # kept of a session
_MOST_OFFERS = 50
_LONGEST = 100  # characters of one word
_LONGEST_NAME_WORDS = 6  # words before the cursor that may begin one name


class CommandRow(Protocol):
    """A slash command as the prompt knows it; `name` with or without its slash."""

    @property
    def name(self) -> str: ...
    @property
    def arguments(self) -> str: ...
    @property
    def help(self) -> str: ...


@dataclass(frozen=True)
class Completion:
    """A word of the ledger to be completed: "Kōwhai Fitout", kind "contact"; "INV-0042", "invoice"; "404", "account".

    Both texts may be a stranger's; what is inserted and shown is one clean line.
    """

    text: str
    kind: str = ""


class Words:
    """Words the session has seen, the latest first, found by their beginning or that of any word in them."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}  # oldest first

    def learn(self, words: Iterable[Completion]) -> None:
        for word in words:
            shown = one_line(word.text, _LONGEST)
            if shown:
                self._kinds.pop(shown, None)
                self._kinds[shown] = one_line(word.kind, 20)
        while len(self._kinds) > _MOST_WORDS:
            del self._kinds[next(iter(self._kinds))]

    def matching(self, typed: str) -> Iterator[tuple[str, str]]:
        """Word and kind: those that begin so, then those in which a later word does."""
        wanted = folded(typed)
        later = []
        for shown in reversed(list(self._kinds)):
            known = folded(shown)
            if known.startswith(wanted):
                yield shown, self._kinds[shown]
            elif f" {wanted}" in known:
                later.append(shown)
        for shown in later:
            yield shown, self._kinds[shown]


class ChatCompleter(Completer):
    """Commands while the line is `/` or `?` and a word; anywhere else the words of the session, when Tab asks."""

    def __init__(self, commands: Callable[[], Sequence[CommandRow]], words: Words) -> None:
        self._commands = commands
        self._words = words

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Offer]:
        before = document.text_before_cursor
        if is_command_word(before):
            yield from self._command_offers(before)
        elif complete_event.completion_requested:
            yield from self._word_offers(before)

    def _command_offers(self, typed: str) -> Iterator[Offer]:
        wanted = folded(typed[1:])
        rows = [(row.name.lstrip("/"), row) for row in self._commands()]
        begin = [(name, row) for name, row in rows if folded(name).startswith(wanted)]
        inside = [(name, row) for name, row in rows if wanted in folded(name) and not folded(name).startswith(wanted)]
        for name, row in begin + inside:
            arguments = one_line(row.arguments, 20)
            yield Offer(
                f"/{name} " if arguments else f"/{name}",
                start_position=-len(typed),
                display=f"/{name} {arguments}".rstrip(),
                display_meta=one_line(row.help, 100),
            )

    def _word_offers(self, before: str) -> Iterator[Offer]:
        """For the longest run of words before the cursor that begins some name; "Kōwhai Fi" is one."""
        for typed in beginnings(before):
            offered = 0
            for shown, kind in self._words.matching(typed):
                yield Offer(shown, start_position=-len(typed), display=shown, display_meta=kind)
                offered += 1
                if offered == _MOST_OFFERS:
                    break
            if offered:
                return


def is_command_word(text: str) -> bool:
    """The line so far is a slash command that is being typed, or asks for one with `?`."""
    return re.fullmatch(r"[/?][\w-]*", text) is not None


def beginnings(before: str) -> list[str]:
    """What of the text before the cursor could be the beginning of a name, the longest first."""
    line = before.rpartition("\n")[2]
    starts = [m.start() for m in re.finditer(r"(?<![^\s\"'(\[,;:/])[^\s\"'(\[,;:/]", line)]
    return [line[start:] for start in starts[-_LONGEST_NAME_WORDS:]]


@lru_cache(maxsize=2 * _MOST_WORDS)
def folded(text: str) -> str:
    """Without case and accents: "kowhai" finds "Kōwhai"."""
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if not unicodedata.category(char).startswith("M"))
