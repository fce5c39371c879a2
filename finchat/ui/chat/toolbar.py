"""The line under the prompt: where one is, what may be written, and what is left. Pure.

What matters most stands first and goes last: the organisation with SANDBOX, then what may be written, then a start that
goes on or plans that await, then the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


Fragments = list[tuple[str, str]]
_APART = " · "
_LONGEST = 60  # characters of any one name
_LEAST_NAME = 12  # cells an organisation's name keeps


@dataclass
class ToolbarState:
    """What the line says. The app sets fields as they change, from any thread; the line follows at once.

    `cost` is what the session cost so far in `currency` (None: prices unknown). `api_left` is how many API calls the
    organisation's budget still allows in `api_window` ("today", "this minute"). `starting` names the servers that
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
    starting: str = ""
    trouble: str = ""
    changed: Callable[[], None] | None = field(default=None, repr=False, compare=False)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        heard = self.__dict__.get("changed")
        if heard is not None and name != "changed":
            heard()
