"""Secrets taken out of text before it is shown, logged or recorded.

Two nets: the values finchat was given (exact), and the shapes secrets have (tokens, keys, bearer strings, passwords
in URLs). Ledger identifiers (GUIDs), hashes and document numbers are left alone: an audit needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MASK = "[secret]"

# Each shape begins where a run of its characters begins, or gives up after a bounded length: the text is a stranger's,
# and the time must grow with its length alone.
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # First of all: the next one would take the name that tells a value to be secret for a part of the token before it.
    (
        re.compile(
            r"""(?ix)(["']?(?<![a-z0-9_-])[a-z0-9_-]*
            (?:api[_-]?key|secret|passwo?r?d|token|authorization|credential)s?["']?\s*[=:]\s*["']?)(?!\[secret\]|bearer\s|basic\s)[^\s"'&,;}]{4,}"""
        ),
        rf"\1{MASK}",
    ),
    # A token has a digit or a sign in it, or is long: "basic accounting" is not one.
    (re.compile(r"(?i)(bearer|basic)\s+(?=\S*[\d_~+/=]|\S{20})[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"eyJ[A-Za-z0-9_-]{8,4096}+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"), MASK),  # JSON web tokens
    (re.compile(r"\b(?:sk|pk|rk|xox[abprs]|gh[opsu]|glpat|github_pat)[-_][A-Za-z0-9_-]{8,}"), MASK),
    (re.compile(r"(?i)(?<![a-z0-9+.-])([a-z0-9+.-]++://)[^\s/@:]*:[^\s/@]+@"), rf"\1{MASK}@"),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        MASK,
    ),
)
_SECRET_NAME = re.compile(r"(?i)secret|token|password|passwd|api_?key|credential|authorization")


def redact(text: str, known: Iterable[str] = ()) -> str:
    """`text` with known secret values and anything shaped like a secret replaced by a mask."""
    for value in sorted({v for v in known if len(v) >= 6}, key=len, reverse=True):
        text = text.replace(value, MASK)
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def secrets_of(*tables: Mapping[str, str]) -> frozenset[str]:
    """The values of an environment or header table whose names say they are secret."""
    return frozenset(value for table in tables for name, value in table.items() if value and _SECRET_NAME.search(name))
