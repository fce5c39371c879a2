"""The token a write carries in the text it sends, so that it can be found in the ledger alone."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from finchat.books.acts import act
from finchat.books.documents import BankLine
from finchat.books.plan import PlanLine, Write
from finchat.canonical import sha256_of

_TOKEN = re.compile(r"fc-[a-z2-7]{10}", re.ASCII)
LONGEST = 120  # of a reference: Xero shows and keeps far more; a card and a report do not


def write_token(plan_id: str, proposal_id: str, write_id: str, arguments: Mapping[str, Any]) -> str:
    """`fc-` and ten base32 characters (50 bits), the same for the same write of the same plan and for no other."""
    digest = hashlib.sha256(f"{plan_id}\n{proposal_id}\n{write_id}\n{sha256_of(arguments)}".encode()).digest()
    return "fc-" + base64.b32encode(digest)[:10].decode().lower()


def is_token(word: str) -> bool:
    """Whether a word is such as a write is found by."""
    return _TOKEN.fullmatch(word.casefold()) is not None


def reference_text(line: BankLine | PlanLine, token: str) -> str:
    """The bank's own text, cut to size, and the write token. What cannot be printed becomes a space."""
    return marked(bank_text(line), token)


def bank_text(line: BankLine | PlanLine) -> str:
    """What the bank says of a line, each thing once."""
    parts = dict.fromkeys(_printable(part) for part in (line.payee, line.reference, line.narration))
    return " ".join(part for part in parts if part)


def marked(text: str, token: str) -> str:
    """A text and the token after it, together no longer than a reference is."""
    cut = _printable(text)[: LONGEST - len(token) - 1].rstrip()
    return f"{cut} {token}" if cut else token


def led(text: str, token: str) -> str:
    """The token and a text of a person's own after it: what stands before a token is the bank's, and learned from."""
    return f"{token} {_printable(text)}"[:LONGEST].rstrip()


def with_token(text: str, token: str) -> str:
    """A text, whole, and the token after it."""
    return f"{text} {token}" if text else token


def description(line: BankLine | PlanLine) -> str:
    """The bank's text as the description of a line, which is never empty."""
    return bank_text(line)[:LONGEST].rstrip() or f"Bank line of {line.date.isoformat()}"


def retokened(
    write: Write, arguments: Mapping[str, Any], *, plan_id: str, proposal_id: str, text: str = "reference"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments and read-back of an edited write with a token of its own, in place of the one it had, wherever the
    arguments carry it. `text`: the argument with a person's or the bank's own words beside the token."""
    changed, verify = dict(arguments), dict(write.verify or {})
    if verify.get("by") == "token":
        old = str(verify["token"])
        bare = _each_text(changed, lambda text: " ".join(word for word in text.split() if word != old))
        token = write_token(plan_id, proposal_id, write.id, bare)
        said = bare.get(text)
        changed = _each_text(changed, lambda text: token.join(text.split(old)))
        if isinstance(said, str):
            # A payment of no bank line says nothing of the bank's, whoever words it.
            own = act(write.operation) == "payment" and not verify.get("fingerprints")
            changed[text] = led(said, token) if own else marked(said, token)
        verify["token"] = token
    return changed, verify


def _each_text(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each_text(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(item, change) for item in value]
    return value


def _printable(text: str) -> str:
    return " ".join("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text).split())
