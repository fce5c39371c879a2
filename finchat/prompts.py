"""Where the texts under `prompts/` are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent
_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*")


@cache
def load(name: str) -> str:
    """The text `name` (such as "servers/xero"), stripped. Raises LookupError when there is none of that name."""
    if not _NAME.fullmatch(name):
        raise LookupError(f"not the name of a prompt: {name!r}")
    for folder in (_PACKAGE / "_prompts", _PACKAGE.parent / "prompts"):
        file = folder / f"{name}.md"
        if file.is_file():
            return file.read_text("utf-8").strip()
    raise LookupError(f"no prompt is called {name!r}")
