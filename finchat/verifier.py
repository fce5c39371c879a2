"""Checks an audit log of finchat with nothing but Python: `python verifier.py audit.jsonl [audit.head]`.

Every line carries its number (`seq`), the hash of the line before (`prev`) and its own (`hash`: SHA-256 over the
canonical JSON of the line without `hash`: keys sorted, no white space, UTF-8). `audit.head` names the last line, so
that a cut tail shows. Exit code 0: sound; 8: not; 2: the files cannot be read.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START = "0" * 64
KEYS = (
    "seq", "at", "prev", "hash", "run_id", "session_id", "actor", "event", "server", "org", "tool", "call_id",
    "effect", "decision", "decided_by", "plan_id", "write_id", "approval_id", "arguments_sha256", "idempotency_key",
    "outcome", "ledger_id", "amount", "currency", "text",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What a check found: `records` sound lines, and the first that is not (`line` counts from 1)."""

    ok: bool
    records: int
    line: int | None
    seq: int | None
    text: str
    last_hash: str = START


def check(log: Path, head: Path) -> Report:
    """Check a log against itself and its head. Raises OSError when a file cannot be read."""
    anchor = head.read_bytes() if head.exists() else None
    if not log.exists():
        if anchor is None:
            return Report(True, 0, None, None, "There is no audit log yet.")
        return Report(False, 0, 1, 1, f"{log} is missing, but {head} says that there were records.")
    prev, records = START, 0
    with log.open("rb") as file:
        for number, raw in enumerate(file, 1):
            line, why = read_line(raw, number, prev)
            if line is None:
                return Report(False, records, number, number, f"Line {number} is bad: {why}.")
            prev, records = line["hash"], number
    why = _head_mismatch(anchor, head, records, prev)
    if why:
        return Report(False, records, records + 1, records + 1, why)
    return Report(True, records, None, None, f"{records} records, an unbroken chain from first to last.", prev)


def read_line(raw: bytes, seq: int, prev: str) -> tuple[dict[str, Any] | None, str]:
    """One line of the log, or None and what is wrong with it; `seq` and `prev` are what it must say."""
    if not raw.endswith(b"\n"):
        return None, "it is cut in the middle"
    try:
        text = raw[:-1].decode("utf-8")
        line = json.loads(text, object_pairs_hook=_unique)
    except ValueError as error:
        return None, f"it is not JSON ({error})"
    if not isinstance(line, dict) or tuple(line) != KEYS:
        return None, "its fields are not those of an audit record"
    why = ""
    if json.dumps(line, ensure_ascii=False, separators=(",", ":")) != text:
        why = "it is not written the way finchat writes"
    elif line["seq"] != seq or isinstance(line["seq"], bool):
        why = f"it has number {line['seq']} where {seq} belongs: a record was removed, added or moved"
    elif line["prev"] != prev:
        why = "it does not follow the record before it"
    elif line["hash"] != hash_of(line):
        why = "its content was changed after it was written"
    return (None, why) if why else (line, "")


def hash_of(line: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of a record without its hash."""
    rest = {key: value for key, value in line.items() if key != "hash"}
    text = json.dumps(rest, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _head_mismatch(anchor: bytes | None, head: Path, records: int, last: str) -> str:
    if anchor is None:
        return f"{head} is missing: nothing proves that the log ends where it should." if records else ""
    try:
        stated = json.loads(anchor)
        seq, hash_ = stated["seq"], stated["hash"]
    except (ValueError, KeyError, TypeError):
        return f"{head} cannot be understood."
    if seq > records:
        return f"The log ends after record {records}, but there were {seq}: its tail was cut off."
    if seq < records:
        return f"The log goes on after record {seq}, the last one that {head.name} knows."
    return "" if hash_ == last else f"The last record is not the one that {head.name} knows."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key appears twice")
    return dict(pairs)


def main(arguments: list[str]) -> int:
    if not arguments or len(arguments) > 2 or arguments[0].startswith("-"):
        print("usage: python verifier.py audit.jsonl [audit.head]", file=sys.stderr)
        return 2
    log = Path(arguments[0])
    head = Path(arguments[1]) if len(arguments) == 2 else log.with_name("audit.head")
    try:
        if len(arguments) == 2:
            head.read_bytes()
        report = check(log, head)
        if report.ok and not report.records:  # who names a log wants records checked
            log.read_bytes()
            raise OSError(0, "it holds no records", str(log))
    except OSError as error:
        print(f"cannot read {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    print(("OK: " if report.ok else "NOT SOUND: ") + report.text)
    return 0 if report.ok else 8


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
