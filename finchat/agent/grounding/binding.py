"""Which name, or which phrase of time, each figure of a claim is said of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from finchat.agent.grounding.scanning import Scan, coordinated

T = TypeVar("T", bound=Hashable)
How = Literal["none", "one", "all", "each", "open"]


@dataclass(frozen=True, slots=True)
class Bound(Generic[T]):
    """`how`: said of nothing here, of one thing, of all of `things` together, of each of them, or it stays open."""

    how: How
    things: tuple[T, ...] = ()
    beside: bool = False  # it stands in the same clause as the thing


NOTHING: Bound[Hashable] = Bound("none")


@dataclass(frozen=True, slots=True)
class Place(Generic[T]):
    start: int
    end: int
    thing: T


def bind(
    scan: Scan,
    text: str,
    things: Sequence[Place[T]],
    figures: Sequence[tuple[int, int]],
    aggregate: Callable[[int], bool],
) -> list[Bound[T]]:
    """For each figure (a span) what it is said of, by clause and order. `aggregate(figure)`: it is a total over what is
    listed beside it."""
    distinct = list(dict.fromkeys(place.thing for place in things))
    none: Bound[T] = Bound("none")
    if not distinct:
        return [none] * len(figures)
    if len(distinct) == 1:
        only = distinct[0]
        found = []
        for index, (start, _) in enumerate(figures):
            first, last = scan.piece(start)
            beside = any(first <= p.start < last for p in things)
            ahead = not any(p.start < start for p in things)
            found.append(none if aggregate(index) and not beside and ahead else Bound("one", (only,), beside))
        return found
    return _Several(scan, text, things, figures, aggregate).bind()


class _Several(Generic[T]):
    """Several things and several figures in one claim."""

    def __init__(
        self, scan: Scan, text: str, things: Sequence[Place[T]], figures: Sequence[tuple[int, int]],
        aggregate: Callable[[int], bool],
    ) -> None:  # fmt: skip
        self.scan, self.text, self.things, self.figures, self.aggregate = scan, text, things, figures, aggregate
        self.found: list[Bound[T]] = [Bound("open")] * len(figures)
        self.strong = sorted(scan.strong)
        self.all = sorted([*scan.strong, *scan.weak])

    def bind(self) -> list[Bound[T]]:
        segments: dict[int, tuple[list[Place[T]], list[int]]] = {}
        for place in self.things:
            segments.setdefault(bisect_right(self.strong, place.start), ([], []))[0].append(place)
        for index, (start, _) in enumerate(self.figures):
            segments.setdefault(bisect_right(self.strong, start), ([], []))[1].append(index)
        carried: Place[T] | None = None
        for number in sorted(segments):
            places, indexes = segments[number]
            distinct = {place.thing for place in places}
            if not places:
                for index in indexes:
                    if self.aggregate(index) or carried is None:
                        self.found[index] = Bound("none")
                    else:
                        self.found[index] = Bound("one", (carried.thing,))
            elif len(distinct) == 1:
                for index in indexes:
                    self.found[index] = Bound("one", (places[0].thing,), self._beside(index, places))
            else:
                self._segment(places, indexes)
            if places:
                carried = places[-1] if len(distinct) == 1 else None
        return self.found

    def _piece(self, at: int) -> int:
        return bisect_right(self.all, at)

    def _beside(self, index: int, places: Sequence[Place[T]]) -> bool:
        piece = self._piece(self.figures[index][0])
        return any(self._piece(place.start) == piece for place in places)

    def _segment(self, places: list[Place[T]], indexes: list[int]) -> None:
        groups = self._groups(places)
        if any(len(group) > 1 for group in groups):
            self._coordinated(groups, indexes)
            return
        pieces: dict[int, tuple[list[Place[T]], list[int]]] = {}
        for place in places:
            pieces.setdefault(self._piece(place.start), ([], []))[0].append(place)
        for index in indexes:
            pieces.setdefault(self._piece(self.figures[index][0]), ([], []))[1].append(index)
        order = sorted(pieces)
        anchored = any(pieces[n][0] and pieces[n][1] for n in order)
        # 500, Acme, 700, Beta: figure and name by turns, the figure first.
        following = not anchored and bool(pieces[order[0]][1]) and bool(pieces[order[-1]][0])
        last: Place[T] | None = None
        for position, number in enumerate(order):
            here, figures = pieces[number]
            if len({p.thing for p in here}) > 1:
                self._within(here, figures)
                last = here[-1]
                continue
            for index in figures:
                if here:
                    self.found[index] = Bound("one", (here[0].thing,), beside=True)
                elif self.aggregate(index):
                    self.found[index] = Bound("none")
                elif following:
                    ahead = next((pieces[n][0][0] for n in order[position + 1 :] if pieces[n][0]), None)
                    self.found[index] = Bound("one", (ahead.thing,)) if ahead else Bound("open")
                elif last is not None:
                    self.found[index] = Bound("one", (last.thing,))
                else:
                    self.found[index] = Bound("none")  # it heads what follows: "1,200 is due: 500 from Acme, …"
            if here:
                last = here[0]

    def _within(self, places: list[Place[T]], indexes: list[int]) -> None:
        """Several things in one clause: by turns they pair off, otherwise the figure is said of all of them."""
        things = tuple(dict.fromkeys(place.thing for place in places))
        if len(indexes) < len(places):
            for index in indexes:
                glued = self._glued(places, index)
                self.found[index] = (
                    Bound("one", (glued.thing,), beside=True)
                    if glued is not None and len(indexes) > 1
                    else Bound("all", things, beside=True)
                )
            return
        first_thing, last_thing = places[0].start, places[-1].start
        first, last = self.figures[indexes[0]][0], self.figures[indexes[-1]][0]
        for index in indexes:
            at = self.figures[index][0]
            before = [p for p in places if p.start < at]
            after = [p for p in places if p.start > at]
            if first_thing < first and last_thing < last:
                self.found[index] = Bound("one", (before[-1].thing,), beside=True)
            elif first < first_thing and last < last_thing:
                self.found[index] = Bound("one", (after[0].thing,), beside=True)
            else:
                glued = self._glued(places, index)
                self.found[index] = (
                    Bound("one", (glued.thing,), beside=True) if glued else Bound("all", things, beside=True)
                )

    def _glued(self, places: Sequence[Place[T]], index: int) -> Place[T] | None:
        """The thing that a preposition ties to a figure: "500 from Acme"."""
        start, end = self.figures[index]
        for place in places:
            gap = self.text[end : place.start].casefold().strip(" *_`(") if place.start >= end else None
            if gap in {
                "in",
                "for",
                "from",
                "by",
                "of",
                "on",
                "during",
                "owed by",
                "due from",
                "to",
                "at",
                "is from",
                "",
            }:
                return place
        for place in places:
            gap = self.text[place.end : start].casefold().strip(" *_`('’s") if place.end <= start else None
            if gap in {"owes", ":", "=", "i", "is", "was", "at", "paid", "owe", "has", ""}:
                return place
        return None

    def _groups(self, places: list[Place[T]]) -> list[list[Place[T]]]:
        groups: list[list[Place[T]]] = []
        for place in places:
            if groups:
                gap = self.text[groups[-1][-1].end : place.start]
                if coordinated(gap) and place.thing not in {p.thing for p in groups[-1]}:
                    groups[-1].append(place)
                    continue
            groups.append([place])
        return groups

    def _coordinated(self, groups: list[list[Place[T]]], indexes: list[int]) -> None:
        """Acme and Beta owe 500 and 700 respectively: runs of figures as long as the run of names pair off."""
        if not indexes:
            return
        runs: list[list[int]] = []
        for index in indexes:
            if runs:
                end = self.figures[runs[-1][-1]][1]
                if coordinated(self.text[end : self.figures[index][0]]):
                    runs[-1].append(index)
                    continue
            runs.append([index])
        leading = self.figures[indexes[0]][0] < groups[0][0].start
        for run in runs:
            at = self.figures[run[0]][0]
            before = [group for group in groups if group[0].start <= at]
            after = [group for group in groups if group[0].start > at]
            group = (after or before)[0] if leading and after else (before[-1] if before else after[0])
            things = tuple(place.thing for place in group)
            for position, index in enumerate(run):
                if len(things) in {1, len(run)}:
                    self.found[index] = Bound("one", (things[position % len(things)],), beside=True)
                elif len(run) == 1:
                    each = "each" in self.scan.words or "apiece" in self.scan.words or "both" in self.scan.words
                    self.found[index] = Bound("each" if each else "all", things, beside=True)
                else:
                    self.found[index] = Bound("open")
