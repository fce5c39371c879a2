"""The line under the prompt: where one is, what may be written, and what is left. Pure.

What matters most stands first and goes last: the organisation with SANDBOX, then what may be written, then a start that
goes on or plans that await, then the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finchat.text.sanitise import one_line

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples

_APART = " · "
_LONGEST = 60  # characters of any one name
_LEAST_NAME = 12  # cells an organisation's name keeps
# Colours by the terminal's own names, so that light and dark themes both read; SANDBOX is loud without colour too.
STYLE = {
    "bottom-toolbar": "noreverse",
    "sandbox": "bg:ansiyellow fg:ansiblack bold",
    "organisation": "bold",
    "mode.read": "fg:ansigreen",
    "mode.write": "",
    "trouble": "fg:ansired bold",
    "starting": "fg:ansicyan",
    "awaiting": "fg:ansimagenta bold",
    "dim": "fg:ansigray",
    "prompt": "bold",
    "hint": "fg:ansicyan",
}
COLOURLESS = {**STYLE, "sandbox": "reverse bold"}


@dataclass
class ToolbarState:
    """What the line says. The app sets fields as they change, from any thread; the line follows at once.

    `cost` is what the session cost so far in `currency` (None: prices unknown). `api_left` is how many API calls the
    organisation's budget still allows in `api_window` ("today", "this minute"). `written` counts what this chat
    has written to the ledger, whatever a model says of it (None: not open yet). `starting` names the servers that
    start, `trouble` what is wrong in a few words.
    """

    organisation: str = ""
    sandbox: bool = False
    read_only: bool = False
    private: bool = False
    model: str | None = None
    tokens: int = 0
    cost: Decimal | None = None
    currency: str = ""
    api_left: int | None = None
    api_window: str = "today"
    awaiting: int = 0
    written: int | None = None
    starting: str = ""
    trouble: str = ""
    changed: Callable[[], None] | None = field(default=None, repr=False, compare=False)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        heard = self.__dict__.get("changed")
        if heard is not None and name != "changed":
            heard()


@dataclass(frozen=True)
class _Part:
    """One fact, said ever shorter; `forms[-1]` may be "" for a part that can go altogether."""

    style: str
    forms: tuple[str, ...]

    @property
    def matters(self) -> bool:
        return self.style != "class:dim"


def fragments(state: ToolbarState, width: int) -> StyleAndTextTuples:
    """The line in at most `width` cells, styled by class names of `STYLE`."""
    parts = _parts(state)
    said = [0] * len(parts)
    for whole_name in (True, False):  # the name is cut only when what matters less is gone
        for index in reversed(range(len(parts))):
            if whole_name and parts[index].matters:
                break
            while _cells(state, parts, said, whole_name) > width and said[index] + 1 < len(parts[index].forms):
                said[index] += 1
    return _line(state, parts, said, width)


def text(state: ToolbarState, width: int) -> str:
    """The same in plain words, for terminals that are not drawn on."""
    return "".join(part[1] for part in fragments(state, width)).strip()


def _parts(state: ToolbarState) -> list[_Part]:
    """Most important first. The organisation stands before them."""
    mode = _Part("class:mode.read", ("read-only", "read")) if state.read_only else _writing()
    parts = [mode]
    if state.written is not None:
        wrote = f"{state.written} written" if state.written else "nothing written"
        parts.append(_Part("class:mode.write", (wrote, f"{state.written} written", "")))
    if state.trouble:
        parts.append(_Part("class:trouble", (_name(state.trouble), one_line(state.trouble, 24), "trouble")))
    if state.starting:
        parts.append(_Part("class:starting", (f"starting {_name(state.starting)} …", "starting …", "…")))
    if state.awaiting:
        plans = "1 plan" if state.awaiting == 1 else f"{state.awaiting} plans"
        awaits = "awaits" if state.awaiting == 1 else "await"
        parts.append(_Part("class:awaiting", (f"{plans} {awaits} approval", f"{plans} {awaits}", plans, "")))
    if state.private:
        parts.append(_Part("class:dim", ("private", "")))
    parts.append(_Part("class:dim", (_name(state.model), one_line(state.model, 16), "")) if state.model else _NO_MODEL)
    if state.cost is not None:
        parts.append(_Part("class:dim", (f"{_cost(state.cost)} {one_line(state.currency, 3)}".strip(), "")))
    if state.api_left is not None:
        style = "class:trouble" if state.api_left <= 0 else "class:dim"
        left, window = f"{state.api_left:,} API", one_line(state.api_window, 16)
        parts.append(
            _Part(
                style,
                (f"{left} calls left {window}", f"{left} calls", left, ""),
            )
        )
    if state.tokens:
        parts.append(_Part("class:dim", (f"{_count(state.tokens)} tokens", f"{_count(state.tokens)} tok", "")))
    return parts


def _writing() -> _Part:
    return _Part("class:mode.write", ("writes on approval", "asks to write"))


_NO_MODEL = _Part("class:dim", ("no model: /model", "no model", ""))


def _line(state: ToolbarState, parts: list[_Part], said: list[int], width: int) -> StyleAndTextTuples:
    told = [(part.style, form) for part, index in zip(parts, said, strict=True) if (form := part.forms[index])]
    rest = sum(len(_APART) + cells(form) for _style, form in told)
    line: StyleAndTextTuples = []
    used = 0
    if state.sandbox:
        line.append(("class:sandbox", " SANDBOX "))
        used = 9
    name = _cut(_name(state.organisation), width - used - 1 - rest) if state.organisation else ""
    if name:
        line.append(("class:organisation", f" {name}"))
    for style, form in told:
        apart = _APART if name or line[1:] else " "
        line += [("class:dim", apart), (style, form)]
    return _clipped(line, width)


def _cells(state: ToolbarState, parts: list[_Part], said: list[int], whole_name: bool) -> int:
    """Cells of the line with the organisation's whole name, or as much as it needs to be known by."""
    name = cells(_name(state.organisation))
    least = (name if whole_name else min(name, _LEAST_NAME)) + 1 if name else 0
    told = sum(len(_APART) + cells(form) for p, i in zip(parts, said, strict=True) if (form := p.forms[i]))
    return 9 * state.sandbox + least + told


def _clipped(line: StyleAndTextTuples, width: int) -> StyleAndTextTuples:
    """For a terminal of a few columns: whatever still stands over is cut."""
    clipped: StyleAndTextTuples = []
    left = width
    for style, said, *_mouse in line:
        shown = _cut(said, left)
        if shown:
            clipped.append((style, shown))
        left -= cells(said)
        if left <= 0:
            break
    return clipped


def cells(said: str) -> int:
    """Columns of a text on a terminal."""
    if said.isascii():
        return len(said)
    from prompt_toolkit.utils import get_cwidth

    return get_cwidth(said)


def _cut(said: str, room: int) -> str:
    if cells(said) <= room:
        return said
    if room <= 1:
        return ""
    kept, used = "", 0
    for char in said:
        used += cells(char)
        if used > room - 1:
            break
        kept += char
    return f"{kept}…"


def _name(given: str) -> str:
    return one_line(given, _LONGEST)


def _count(number: int) -> str:
    """950, 12.4k, 1.2M."""
    if number < 1000:
        return str(number)
    if number < 999_950:
        return f"{number / 1000:.1f}k"
    return f"{number / 1_000_000:.1f}M"


def _cost(cost: Decimal) -> str:
    """Two decimals, four below a cent: a session that cost something never shows as nothing."""
    return f"{cost:,.4f}" if 0 < cost < Decimal("0.01") else f"{cost:,.2f}"
