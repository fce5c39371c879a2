"""What a person typed after a command's name, read; what is wrong with it, said with the step that helps."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from finchat.errors import UsageError
from finchat.text.sanitise import one_line

_LONGEST = 60  # characters of what was typed, said again


def asks_how(text: str) -> bool:
    """Whether somebody wants to know what a command takes."""
    return text in {"?", "-h", "--help"}


def shown(text: str) -> str:
    """What was typed, in quotes, for a sentence."""
    return f"'{one_line(text, _LONGEST)}'"


def nothing(text: str, command: str) -> None:
    """Raises UsageError for arguments of a command that takes none."""
    if text:
        raise UsageError(f"/{command} takes nothing after its name", field=one_line(text, _LONGEST), next=f"/{command}")


def whole_number(text: str, *, field: str, least: int, most: int, example: str) -> int:
    """A number as people write it. Raises UsageError naming the argument."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise UsageError(
            f"{field} is a whole number from {least} to {most:,}, not {shown(text)}", field=field, next=example
        )
    return int(text)


def unquoted(text: str) -> str:
    """A name that somebody put in quotes, without them."""
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like this one."""
    by_folded = {one.casefold(): one for one in known}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def one_of(word: str, known: Collection[str], *, what: str, field: str, example: str) -> str:
    """The known word that is meant: itself, or the only one that begins or ends so. Raises UsageError that names the
    nearest, or those that fit."""
    if word in known:
        return word
    fitting = [one for one in known if one.startswith(word) or one.endswith(word)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(
            f"{shown(word)} fits {len(fitting)} {what}s", field=field, next=f"name one: {', '.join(fitting[:4])}"
        )
    near = nearest(word, known)
    step = f"{example}; the nearest is {near}" if near else example
    raise UsageError(f"there is no {what} {shown(word)}", field=field, next=step)
