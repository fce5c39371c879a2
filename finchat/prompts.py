"""Where the texts under `prompts/` are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent
_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*")
_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}")


@cache
def load(name: str) -> str:
    """The text `name` (such as "servers/xero"), stripped. Raises LookupError when there is none of that name."""
    if not _NAME.fullmatch(name):
        raise LookupError(f"not the name of a prompt: {name!r}")
    file = folder() / f"{name}.md"
    if file.is_file():
        return file.read_text("utf-8").strip()
    raise LookupError(f"no prompt is called {name!r}")


def folder() -> Path:
    """Where the texts are."""
    installed = _PACKAGE / "_prompts"
    return installed if installed.is_dir() else _PACKAGE.parent / "prompts"


def hashes() -> dict[str, str]:
    """The SHA-256 of each text by its file's name, like `agent/system.md`."""
    root = folder()
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*.md"))
    }


def render(name: str, **values: str) -> str:
    """The text `name` with each `{{placeholder}}` replaced by its value, which is not looked into again.

    Raises LookupError when there is no such text, ValueError when a placeholder has no value, a value no placeholder,
    or the text holds double braces that are no placeholder.
    """
    text = load(name)
    wanted = set(_PLACEHOLDER.findall(text))
    if missing := wanted - values.keys():
        raise ValueError(f"prompt {name!r} needs {', '.join(sorted(missing))}")
    if extra := values.keys() - wanted:
        raise ValueError(f"prompt {name!r} has no place for {', '.join(sorted(extra))}")
    if "{{" in (rest := _PLACEHOLDER.sub("", text)) or "}}" in rest:
        raise ValueError(f"prompt {name!r} holds braces that are no placeholder")
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)
