"""Which command comes nearest to a question in words, for whoever has no model connected. Pure."""

from __future__ import annotations

import re

# What people call the work, and the command that does it. Words are compared by their beginnings.
_COMMANDS: tuple[tuple[str, str], ...] = (
    (
        "finchat reconcile --days 7",
        "reconcile match bank line deposit unreconciled statement feed payment receive week",
    ),
    ("finchat reconcile --statement FILE", "import file csv ofx camt mt940 upload"),
    ("finchat review", "review decide answer question screen waiting open"),
    ("finchat apply PLAN", "apply write record approve send"),
    ("finchat undo PLAN", "undo revert take back delete wrong mistake"),
    ("finchat plan list", "plan plans saved list pending"),
    ("finchat audit show", "audit log trail history"),
    ("finchat journal show", "journal unknown outcome intent"),
    ("finchat policy show", "policy allow deny limit unattended permission"),
    ("finchat memory show", "memory remember learned forget names"),
    ("finchat servers", "server servers connect connection mcp tool"),
    ("finchat sandbox status", "sandbox demo balance balances company cash account"),
)
_DEFAULT = _COMMANDS[0][0]


def nearest_command(question: str) -> str:
    """The command whose words the question shares most of; the main one when it shares none."""
    asked = set(re.findall(r"[a-z0-9]+", question.casefold()))

    def shared(words: str) -> int:
        return sum(any(_alike(word, other) for other in asked) for word in words.split())

    best = max(_COMMANDS, key=lambda row: shared(row[1]))
    return best[0] if shared(best[1]) else _DEFAULT


def _alike(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    return word == other or (len(short) >= 4 and long.startswith(short))
