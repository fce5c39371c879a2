"""Figures of one organisation that an answer gives to another: where several are open, each figure is held to whose it
is said to be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from finchat.agent.facts import Figure, Source
from finchat.text.sanitise import one_line

OwnersOf = Callable[[Source], frozenset[str]]
_END = re.compile(r"(?<=[.!?;])\s+|\n")


def called(name: str) -> tuple[str, ...]:
    """What an organisation is called: by its name, and by it without what stands in brackets after it."""
    return tuple(dict.fromkeys(part for part in (name, name.partition(" (")[0].strip()) if part))


def attributed(
    text: str, figures: Iterable[Figure], organisations: Iterable[str], owners_of: OwnersOf
) -> tuple[Figure, ...]:
    """The figures, those unverified that are of another organisation than the one they stand beside.

    A sentence that begins with an organisation gives each figure to the one named last before it; one that begins with
    a figure to the one named next. A line that names none goes by the last one that names exactly one.
    """
    figures = list(figures)
    mentions = _mentions(text, organisations)
    found: list[Figure] = []
    for start, end in _sentences(text):
        own = [one for one in figures if start <= one.start < end]
        here = [(at, name) for at, name in mentions if start <= at < end]
        before = _heading(mentions, start, text)
        for one in own:
            said = _said(one, own, here, before)
            found.append(_held(one, said, owners_of) if said else one)
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def _mentions(text: str, organisations: Iterable[str]) -> list[tuple[int, str]]:
    """Where organisations are named, each place once, by the longest name that fits there."""
    spelled: Mapping[str, str] = {short.casefold(): name for name in organisations for short in called(name)}
    if not spelled:
        return []
    pattern = "|".join(re.escape(short) for short in sorted(spelled, key=len, reverse=True))
    # Case is folded letter by letter: the places stay those of the text.
    folded = "".join(char.casefold() if len(char.casefold()) == 1 else char for char in text)
    return [(match.start(), spelled[match[0]]) for match in re.finditer(pattern, folded)]


def _sentences(text: str) -> list[tuple[int, int]]:
    cuts = [0, *(match.end() for match in _END.finditer(text)), len(text) + 1]
    return list(pairwise(cuts))


def _heading(mentions: list[tuple[int, str]], start: int, text: str) -> str:
    """The organisation that what stands before is about: that of the last line with one, and no other, in it."""
    earlier = [(at, name) for at, name in mentions if at < start]
    if not earlier:
        return ""
    line = text.rfind("\n", 0, earlier[-1][0])
    names = {name for at, name in earlier if at > line}
    return names.pop() if len(names) == 1 else ""


def _said(one: Figure, own: list[Figure], here: list[tuple[int, str]], before: str) -> str:
    """Whose a figure is said to be; "" where nothing says it."""
    if not here:
        return before
    if here[0][0] < own[0].start:
        return next((name for at, name in reversed(here) if at <= one.start), "")
    return next((name for at, name in here if at > one.start), here[-1][1])


def _held(one: Figure, said: str, owners_of: OwnersOf) -> Figure:
    whose = [owners_of(source) for source in one.sources] if one.verified else []
    if not whose or any(not names or said in names for names in whose):
        return one
    named = " and ".join(sorted({one_line(name, 60) for names in whose for name in names}))
    return replace(one, verified=False, why=f"it is of {named}, not of {one_line(said, 60)}")
