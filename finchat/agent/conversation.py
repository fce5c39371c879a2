"""What was said so far, as the next request carries it.

A conversation is the sum of its changes: each is told to a listener as it happens (a session log), and the same changes
make the same conversation again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from finchat import prompts
from finchat.agent.fencing import Fence
from finchat.agent.messages import AssistantText, Item, Reasoning, ToolCall, ToolOutput, UserText
from finchat.agent.tokens import estimate_item
from finchat.text.sanitise import one_line

_PLAIN_ID = re.compile(r"[!-~]{1,200}")
_MOST_TURNS = 40  # of a summary, the latest; the questions before them are counted
_MOST_TOOLS = 12  # of a turn in a summary
_LONGEST_QUESTION = 300
_LONGEST_ANSWER = 200
_LONGEST_NOTE = 400
_MOST_NOTES = 30  # lines, of a turn in a summary


# What can happen to a conversation


@dataclass(frozen=True, slots=True)
class Asked:
    """The person asked something."""

    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """finchat told the model something in the person's place. `gist`: what a summary keeps of it."""

    text: str
    gist: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """The items of one turn of the model."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A call has its output. `batch` counts the turns with calls; `evidence_id` names the whole result."""

    call_id: str
    text: str
    short: str = ""
    evidence_id: str | None = None
    batch: int = 0


@dataclass(frozen=True, slots=True)
class BatchEnded:
    """The calls of a turn are all answered."""


@dataclass(frozen=True, slots=True)
class Noted:
    """Something a summary has to say of this question; no request carries it before."""

    text: str


@dataclass(frozen=True, slots=True)
class PutAway:
    """The outputs at these places were put away for their short words."""

    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Summarised:
    """The first `items` items, of the first `turns` questions that still stood, were replaced by `text`."""

    items: int
    turns: int
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDropped:
    """Reasoning that no model may be given back any more was taken out."""


Change = Asked | Told | Said | Answered | BatchEnded | Noted | PutAway | Summarised | ReasoningDropped
Listener = Callable[[Change], None]


@dataclass(slots=True)
class _Long:
    """A tool's output that can be taken out: where it stands, and the short words for it."""

    index: int
    short: str
    batch: int


@dataclass(slots=True)
class _Turn:
    """One question and what came of it, as far as a summary tells of it."""

    start: int  # of its items
    question: str
    tools: list[tuple[str, str | None]] = field(default_factory=list)  # name, evidence
    answer: str = ""
    notes: list[str] = field(default_factory=list)

    def lines(self, number: int) -> list[str]:
        found = [f"{number}. The person: {one_line(self.question, _LONGEST_QUESTION)}"]
        if self.tools:
            named = dict.fromkeys(f"{name} ({held})" if held else name for name, held in self.tools)
            more = f" and {len(named) - _MOST_TOOLS} more" if len(named) > _MOST_TOOLS else ""
            found.append(f"   tools called: {', '.join(list(named)[:_MOST_TOOLS])}{more}")
        if first := next((line for line in self.answer.splitlines() if line.strip()), ""):
            found.append(f"   your answer began: {one_line(first, _LONGEST_ANSWER)}")
        notes = [line for note in self.notes for line in note.splitlines() if line.strip()]
        found += [f"   {one_line(line, _LONGEST_NOTE)}" for line in notes[:_MOST_NOTES]]
        if len(notes) > _MOST_NOTES:
            found.append(f"   and {len(notes) - _MOST_NOTES} lines more; see the plan")
        return found


class Conversation:
    """The items of one conversation, append-only but for `compact`. One fence for all of it.

    Adding costs the same however long it is; `tokens` is kept along. `mark`: that of the fence of an earlier process.
    `listener` is told each change after it was made; whoever comes later is given `listen`.
    """

    def __init__(self, *, mark: str | None = None, listener: Listener | None = None) -> None:
        self.fence = Fence(mark)
        self.questions: list[str] = []
        self.tokens = 0  # estimated, of all items
        self._listener = listener
        self._items: list[Item] = []
        self._long: list[_Long] = []
        self._batch = 0
        self._call_ids: set[str] = set()
        self._names: dict[str, str] = {}  # of the tools called, by call
        self._turns: list[_Turn] = []  # that still stand as they were
        self._gone: list[_Turn] = []  # that a summary stands for

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(self._items)

    def listen(self, listener: Listener) -> None:
        """From now on this one is told of changes."""
        self._listener = listener

    def ask(self, question: str) -> None:
        """What the person wants to know."""
        self.make(Asked(question))

    def tell(self, text: str, *, gist: str = "") -> None:
        """What finchat tells the model in the person's place. `gist`: what a summary has to keep of it."""
        self.make(Told(text, gist))

    def said(self, items: Iterable[Item]) -> None:
        """What the model's turn held, in its order."""
        self.make(Said(tuple(items)))

    def output(self, call_id: str, text: str, *, short: str = "", evidence_id: str | None = None) -> None:
        """The answer to a call. `short` says the same in a line, for when the whole has to go."""
        self.make(Answered(call_id=call_id, text=text, short=short, evidence_id=evidence_id, batch=self._batch))

    def end_batch(self) -> None:
        """The calls of one turn are all answered."""
        self.make(BatchEnded())

    def note(self, text: str) -> None:
        """Something that a summary of this question has to say besides; no request carries it before."""
        self.make(Noted(text))

    def id_for(self, wanted: str) -> str:
        """The id that a call has in this conversation: its own, unless that is empty, odd or taken; then a new one."""
        id, number = wanted, len(self._call_ids)
        while not _PLAIN_ID.fullmatch(id) or id in self._call_ids:
            number += 1
            id = f"call_{number}"
        self._call_ids.add(id)
        return id

    def unanswered(self) -> tuple[str, ...]:
        """The calls without an output, oldest first: those that were under way when a process ended."""
        answered = {item.call_id for item in self._items if isinstance(item, ToolOutput)}
        return tuple(item.id for item in self._items if isinstance(item, ToolCall) and item.id not in answered)

    # Room

    def compact(self) -> bool:
        """One step of making it shorter; False when there is none left.

        First older outputs of tools go, each for its short words; then all questions but the last two, with what came
        of them, for a summary made in code; then the newest outputs; then the question before the last. Evidence holds
        the whole of everything, and figures are checked against that.
        """
        older = [one.index for one in self._long if one.batch < self._batch - 1]
        if older:
            self.make(PutAway(tuple(older)))
            return True
        if self._summarise(2):
            return True
        if self._long:
            self.make(PutAway(tuple(one.index for one in self._long)))
            return True
        return self._summarise(1)

    def fit(self, tokens: int) -> bool:
        """Steps of `compact` until all items are estimated at no more than `tokens`; whether any was taken."""
        before = self.tokens
        while self.tokens > tokens and self.compact():
            pass
        return self.tokens < before

    def drop_reasoning(self) -> None:
        """Take out what only an API understands: it speaks of stand-ins that have other meanings by now."""
        if any(isinstance(item, Reasoning) for item in self._items):
            self.make(ReasoningDropped())

    def _summarise(self, keep: int) -> bool:
        """Put a summary in the place of all questions but the last `keep`, where it is shorter than they are."""
        old = self._turns[:-keep]
        if not old:
            return False
        end = self._turns[-keep].start
        told = [*self._gone, *old]
        first = max(len(told) - _MOST_TURNS, 0)
        lines = [f"({first} earlier questions are not listed)"] if first else []
        lines += [line for number, turn in enumerate(told[first:], first + 1) for line in turn.lines(number)]
        fenced = self.fence.around("\n".join(lines), "finchat's summary")
        text = prompts.render("agent/summary", summary=fenced)
        if estimate_item(UserText(text)) >= sum(estimate_item(item) for item in self._items[:end]):
            return False
        self.make(Summarised(end, len(old), text))
        return True

    # Changes

    def make(self, change: Change) -> None:
        """Make one change, of this process or of an earlier one. Raises ValueError for one that does not fit."""
        match change:
            case Asked(text):
                self.questions.append(text)
                self._turns.append(_Turn(len(self._items), text))
                self._add(UserText(_sendable(text)))
            case Told(text, gist):
                self._add(UserText(_sendable(text)))
                self._keep(gist)
            case Said(items):
                for item in items:
                    self._say(item)
            case Answered():
                self._answer(change)
            case BatchEnded():
                self._batch += 1
            case Noted(text):
                self._keep(text)
            case PutAway(places):
                self._put_away(places)
            case Summarised():
                self._replace(change)
            case ReasoningDropped():
                self._forget_reasoning()
        if self._listener is not None:
            self._listener(change)

    def _say(self, item: Item) -> None:
        if isinstance(item, AssistantText):
            item = AssistantText(_sendable(item.text))
            if self._turns and item.text.strip():
                self._turns[-1].answer = item.text
        elif isinstance(item, ToolCall):
            self._call_ids.add(item.id)
            self._names[item.id] = item.name
        self._add(item)

    def _answer(self, change: Answered) -> None:
        self._add(ToolOutput(change.call_id, change.text))
        if change.short and len(change.short) < len(change.text):
            self._long.append(_Long(len(self._items) - 1, change.short, change.batch))
        if self._turns:
            self._turns[-1].tools.append((self._names.get(change.call_id, "unknown_tool"), change.evidence_id))

    def _keep(self, gist: str) -> None:
        if gist and self._turns:
            self._turns[-1].notes.append(gist)

    def _put_away(self, places: Sequence[int]) -> None:
        known = {one.index: one for one in self._long}
        for place in places:
            if place not in known:
                raise ValueError(f"there is no output to put away at {place}")
            item = self._items[place]
            assert isinstance(item, ToolOutput)
            self._swap(place, replace(item, text=known[place].short))
        self._long = [one for one in self._long if one.index not in set(places)]

    def _swap(self, place: int, item: Item) -> None:
        self.tokens += estimate_item(item) - estimate_item(self._items[place])
        self._items[place] = item

    def _replace(self, change: Summarised) -> None:
        if not 0 <= change.items <= len(self._items) or not 0 <= change.turns <= len(self._turns):
            raise ValueError("a summary stands for more than there was")
        self._gone += self._turns[: change.turns]
        self._take_out(range(change.items))
        del self._turns[: change.turns]
        summary = UserText(change.text)
        self._items.insert(0, summary)
        self.tokens += estimate_item(summary)
        self._shift(lambda place: place + 1)

    def _forget_reasoning(self) -> None:
        self._take_out([place for place, item in enumerate(self._items) if isinstance(item, Reasoning)])

    def _take_out(self, places: Sequence[int]) -> None:
        gone = set(places)
        self.tokens -= sum(estimate_item(self._items[place]) for place in gone)
        left = [place for place in range(len(self._items)) if place not in gone]
        self._items = [self._items[place] for place in left]
        self._long = [one for one in self._long if one.index not in gone]
        before = 0
        now: list[int] = []  # for each old place, and the end, how many items before it are left
        for place in range(len(left) + len(gone)):
            now.append(before)
            before += place not in gone
        now.append(before)
        self._shift(lambda place: now[place])

    def _shift(self, to: Callable[[int], int]) -> None:
        for one in self._long:
            one.index = to(one.index)
        for turn in self._turns:
            turn.start = to(turn.start)

    def _add(self, item: Item) -> None:
        self._items.append(item)
        self.tokens += estimate_item(item)


def _sendable(text: str) -> str:
    """Text that JSON over UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
