"""Checks an audit log of finchat, and the evidence of its writes, with nothing but Python:

    python verifier.py audit.jsonl [audit.head] [--evidence DIR] [--policy policy.toml | --signers FILE]

Every line of the log carries its number (`seq`), the hash of the line before (`prev`) and its own (`hash`: SHA-256 over
the canonical JSON of the line without `hash`: keys sorted, no white space, UTF-8). `audit.head` names the last line, so
that a cut tail shows.

`--evidence DIR`: every evidence pack in DIR is recomputed and bound together: what was sent → the approval → the hash
of the plan (plan.json beside it) → the lines of the log; signatures are verified by RFC 8032 (Ed25519). `--policy` or
`--signers` (lines `NAME ed25519:BASE64`) says whose keys count.

Exit code 0: sound; 8: not; 2: the files cannot be read.
"""

from __future__ import annotations

import base64
import binascii
import errno
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, BinaryIO

START = "0" * 64
SMALL = 1024 * 1024  # bytes: no head, policy or list of signers comes near
LARGEST_FILE = 128 * 1024 * 1024  # bytes of a pack of evidence, or of the plan beside it
_LONGEST_LINE = 4 * 1024 * 1024  # bytes
_FIRST_KEYS = (
    "seq", "at", "prev", "hash", "run_id", "session_id", "actor", "event", "server", "org", "tool", "call_id",
    "effect", "decision", "decided_by", "plan_id", "write_id", "approval_id", "arguments_sha256", "idempotency_key",
    "outcome", "ledger_id", "amount", "currency", "text",
)  # fmt: skip
KEYS = (*_FIRST_KEYS, "approval_sha256")  # the first version of the log had no approval_sha256


@dataclass(frozen=True)
class Report:
    """What a check found: `records` sound lines, and the first that is not (`line` counts from 1)."""

    ok: bool
    records: int
    line: int | None
    seq: int | None
    text: str
    last_hash: str = START


def check(log: Path, head: Path, each: Callable[[dict[str, Any]], None] | None = None) -> Report:
    """Check a log against itself and its head; `each` is given every sound line. Raises OSError when a file cannot be
    read."""
    anchor = read_file(head, SMALL) if head.exists() else None
    if not log.exists():
        if anchor is None:
            return Report(True, 0, None, None, "There is no audit log yet.")
        return Report(False, 0, 1, 1, f"{log} is missing, but {head} says that there were records.")
    prev, records = START, 0
    with log.open("rb") as file:
        for number, raw in enumerate(lines_of(file), 1):
            line, why = read_line(raw, number, prev)
            if line is None:
                return Report(False, records, number, number, f"Line {number} is bad: {why}.")
            prev, records = line["hash"], number
            if each is not None:
                each(line)
    why = _head_mismatch(anchor, head, records, prev)
    if why:
        return Report(False, records, records + 1, records + 1, why)
    return Report(True, records, None, None, f"{records} records, an unbroken chain from first to last.", prev)


def read_file(path: Path, most: int) -> bytes:
    """The bytes of a file. Raises OSError when it cannot be read, or is larger than `most`: it may be a device."""
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most // 1024 // 1024} MiB", str(path))
    return data


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a log; a longer one than finchat writes comes in pieces, of which none is a record."""
    return iter(lambda: file.readline(_LONGEST_LINE), b"")


def read_line(raw: bytes, seq: int, prev: str) -> tuple[dict[str, Any] | None, str]:
    """One line of the log, or None and what is wrong with it; `seq` and `prev` are what it must say."""
    if not raw.endswith(b"\n"):
        return None, "it is cut in the middle"
    try:
        text = raw[:-1].decode("utf-8")
        line = json.loads(text, object_pairs_hook=_unique)
    except ValueError as error:
        return None, f"it is not JSON ({error})"
    if not isinstance(line, dict) or tuple(line) not in (KEYS, _FIRST_KEYS):
        return None, "its fields are not those of an audit record"
    why = ""
    if all(json.dumps(line, ensure_ascii=ascii, separators=(",", ":")) != text for ascii in (False, True)):
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


# Canonical JSON (RFC 8785, as finchat writes it: amounts are text, numbers keep their digits)


class _Digits(str):
    """A JSON number as it was written."""

    __slots__ = ()


def read_json(text: str) -> Any:
    """JSON whose numbers keep their digits. Raises ValueError for a key that appears twice and for NaN or Infinity."""
    return json.loads(
        text, object_pairs_hook=_unique, parse_int=_Digits, parse_float=_Digits, parse_constant=_no_number
    )


def canonical(value: Any) -> str:
    """The canonical text of what `read_json` gave: keys sorted by UTF-16 code units, no white space."""
    if isinstance(value, _Digits):
        return str(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{encode_basestring(k)}:{canonical(v)}" for k, v in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value)


def canonical_sha256(value: Any) -> str:
    """Hex SHA-256 over the canonical text."""
    return hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


# Ed25519 signatures (RFC 8032, section 5.1)

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]  # extended homogeneous coordinates X, Y, Z, T: x = X/Z, y = Y/Z, xy = T/Z
_NEUTRAL: _Point = (0, 1, 1, 0)


def verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature holds: the equation of RFC 8032 without cofactor.

    Refused are S not below the order of the group, any encoding that is not the one of its point, and keys of small
    order, for which signatures can be made up.
    """
    if len(public_key) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    key = _decoded(public_key)
    if s >= _ORDER or key is None or _of_small_order(key) or _decoded(signature[:32]) is None:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _ORDER
    minus_key = (_P - key[0], key[1], key[2], _P - key[3])
    return _encoded(_sum_of_multiples(s, _BASE, k, minus_key)) == signature[:32]


def usable_ed25519_key(public_key: bytes) -> bool:
    """Whether these bytes are the one encoding of a point that signatures can be verified with."""
    point = _decoded(public_key) if len(public_key) == 32 else None
    return point is not None and not _of_small_order(point)


def _decoded(data: bytes) -> _Point | None:
    """The point of 32 bytes; None when they encode none, or are another spelling of one."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * v**3 * pow(u * v**7, (_P - 5) // 8, _P) % _P
    if (v * x * x - u) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
        if (v * x * x - u) % _P:
            return None
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _encoded(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(32, "little")


def _add(p: _Point, q: _Point) -> _Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(p: _Point) -> _Point:
    a, b, c = p[0] * p[0] % _P, p[1] * p[1] % _P, 2 * p[2] * p[2] % _P
    h = a + b
    e = h - (p[0] + p[1]) * (p[0] + p[1]) % _P
    g = a - b
    f = c + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _sum_of_multiples(s: int, p: _Point, k: int, q: _Point) -> _Point:
    """[s]p + [k]q, both at once, two bits a step."""
    table: list[_Point] = []
    for j in range(4):
        first = _NEUTRAL if j == 0 else _add(table[(j - 1) * 4], q)
        table.append(first)
        for _ in range(3):
            table.append(_add(table[-1], p))
    result = _NEUTRAL
    for shift in range(max(s.bit_length(), k.bit_length()) // 2 * 2, -1, -2):
        result = _double(_double(result))
        if at := (k >> shift & 3) * 4 + (s >> shift & 3):
            result = _add(result, table[at])
    return result


def _of_small_order(point: _Point) -> bool:
    x, y, z, _ = _double(_double(_double(point)))
    return x % _P == 0 and (y - z) % _P == 0


def _base() -> _Point:
    point = _decoded((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    assert point is not None
    return point


_BASE = _base()
_PREFIX = "ed25519:"


def public_key_bytes(text: object) -> bytes | None:
    """The key of `ed25519:BASE64`; None for anything else, other spellings of the same base64 included."""
    if not isinstance(text, str) or not text.startswith(_PREFIX):
        return None
    data = strict_base64(text.removeprefix(_PREFIX), 32)
    return data if data is not None and usable_ed25519_key(data) else None


def strict_base64(text: object, length: int) -> bytes | None:
    """So many bytes from their one base64 spelling, else None."""
    if not isinstance(text, str):
        return None
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
    return data if len(data) == length and base64.b64encode(data).decode() == text else None


SIGNATURE_KEYS = ("schema", "plan_id", "plan_hash", "org_id", "server_fingerprint", "signer", "signed_at", "signature")


def signature_problem(document: object) -> str:
    """What is wrong with a `finchat.signature/1` in itself; "" when its signature holds over what it says."""
    if not isinstance(document, dict) or set(document) != set(SIGNATURE_KEYS):
        return "its fields are not those of a signature"
    if not all(isinstance(value, str) for value in document.values()) or document["schema"] != "finchat.signature/1":
        return "it is not a finchat.signature/1"
    key, signature = public_key_bytes(document["signer"]), strict_base64(document["signature"], 64)
    if key is None:
        return "its public key is none that can sign"
    if signature is None:
        return "its signature is not 64 bytes in base64"
    statement = canonical({name: value for name, value in document.items() if name != "signature"})
    return "" if verify_ed25519(key, statement.encode("utf-8"), signature) else "the signature does not hold"


# Evidence packs

EVIDENCE = "finchat.evidence/1"
MASK = "[secret]"
PLAN_FILE = "plan.json"
_PACK_KEYS = (
    "schema", "write", "org", "server_fingerprint", "plan", "signed_as", "proposal_id", "proposal_sha256", "write_id",
    "payload", "references", "approvals", "idempotency_key", "decided_by", "instants", "outcome", "ledger_id",
    "due_before", "due_after", "error", "read_back", "audit", "masked",
)  # fmt: skip
_ENDINGS = ("outcome", "read_back", "recovery")


@dataclass
class Lines:
    """The lines of a sound log that are about writes: by number, and the numbers of each write's."""

    by_seq: dict[int, dict[str, Any]] = field(default_factory=dict)
    of_write: dict[tuple[str, str], list[int]] = field(default_factory=dict)  # (approval id, write id)

    def add(self, line: dict[str, Any]) -> None:
        if line["approval_id"] is not None and line["write_id"] is not None:
            self.by_seq[line["seq"]] = line
            self.of_write.setdefault((line["approval_id"], line["write_id"]), []).append(line["seq"])


@dataclass(frozen=True)
class EvidenceReport:
    """What became of the packs of a directory: `problems` one sentence each, `notes` what a reader should know."""

    packs: int
    signatures: int
    signers: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def text(self) -> str:
        """One sentence."""
        packs = f"{self.packs} evidence pack{'s' * (self.packs != 1)}"
        if self.problems:
            return f"{packs}, {len(self.problems)} problem{'s' * (len(self.problems) != 1)}."
        signed = f", {self.signatures} signature{'s' * (self.signatures != 1)}" if self.signatures else ""
        by = f" by {', '.join(self.signers)}" if self.signers else ""
        return f"{packs}{signed}{by}: payloads, approvals, plans and log lines belong together."


def check_evidence(
    directory: Path, lines: Lines | None, signers: Mapping[str, bytes] | None = None, required: int = 0
) -> EvidenceReport:
    """Check every pack below a directory. `lines`: those of a log that was found sound; None when there is none.

    `signers`: the keys that count, by name; with them every signature must be of one of these, and a write whose plan
    was signed at all needs `required` of them. Raises OSError when a file cannot be read.
    """
    evidence = _Evidence(lines, signers, required)
    for path in sorted(directory.resolve().rglob("*.json")):
        if path.name != PLAN_FILE and not path.name.startswith("."):
            evidence.pack(path)
    return evidence.report()


class _Bad(Exception):
    """A pack, and what is wrong with it."""


class _Evidence:
    def __init__(self, lines: Lines | None, signers: Mapping[str, bytes] | None, required: int) -> None:
        self.lines = lines
        self.names = None if signers is None else {key: name for name, key in reversed(list(signers.items()))}
        self.required = required
        self.packs = 0
        self.unsigned = 0
        self.problems: list[str] = []
        self.seen: set[tuple[str, str]] = set()
        self.plans: dict[Path, dict[str, Any]] = {}
        self.hashes: dict[Path, str] = {}  # of each plan, computed
        self.signed_hashes: dict[tuple[Path, str], str] = {}  # of each plan as it was signed, computed
        self.verified: dict[str, str] = {}  # canonical signature document → its problem

    def pack(self, path: Path) -> None:
        self.packs += 1
        try:
            pack = self.read(path)
            self.payload(pack, path)
            self.approvals(pack, path)
            self.audit(pack)
        except _Bad as bad:
            self.problems.append(f"{path}: {bad}.")
        except (KeyError, TypeError, AttributeError, IndexError):
            self.problems.append(f"{path}: it is not built the way finchat builds a pack.")

    def report(self) -> EvidenceReport:
        signed = [json.loads(text)["signer"] for text, problem in self.verified.items() if not problem]
        names = sorted({self.name(key) for key in signed}) if self.names is not None else []
        return EvidenceReport(self.packs, len(signed), tuple(names), tuple(self.problems), tuple(self.notes()))

    def notes(self) -> Iterator[str]:
        if self.lines is not None:
            done = [
                line for line in self.lines.by_seq.values()
                if line["event"] in _ENDINGS and line["outcome"] == "committed"
            ]  # fmt: skip
            bare = {(line["approval_id"], line["write_id"]): line for line in done}
            missing = [line for at, line in bare.items() if at not in self.seen]
            if missing:
                names = [f"{line['plan_id']} {line['write_id']} (record {line['seq']})" for line in missing[:5]]
                more = " and more" if len(missing) > 5 else ""
                yield f"{len(missing)} committed writes of the log have no pack here: {', '.join(names)}{more}."
        if self.unsigned and self.names is not None:
            yield f"{self.unsigned} packs are of plans that needed no signature when they were applied."

    def name(self, key: str) -> str:
        data = public_key_bytes(key)
        return (self.names or {}).get(data or b"") or key

    def read(self, path: Path) -> dict[str, Any]:
        pack = self.canonical_file(path)
        if not isinstance(pack, dict) or pack.get("schema") != EVIDENCE or set(pack) != set(_PACK_KEYS):
            raise _Bad(f"it is not a {EVIDENCE}")
        if path.name != pack_name(pack["proposal_id"], pack["write_id"]) or path.parent.name != pack["plan"]["id"]:
            raise _Bad("its name is not that of the write inside: it was moved or renamed")
        if pack["write"] != f"{pack['plan']['id']}/{pack['proposal_id']}/{pack['write_id']}":
            raise _Bad("it names another write than it holds")
        if pack["masked"]:
            names = ", ".join(pack["masked"])
            raise _Bad(f"secrets in it are masked ({names}), so nothing proves what was sent")
        return pack

    def canonical_file(self, path: Path) -> Any:
        raw = read_file(path, LARGEST_FILE)
        try:
            text = raw.decode("utf-8")
            value = read_json(text)
            same = canonical(value) + "\n" == text
        except (ValueError, RecursionError) as error:
            raise _Bad(f"{path.name} is not JSON ({error})") from None
        if not same:
            raise _Bad(f"{path.name} is not written the way finchat writes")
        return value

    def payload(self, pack: dict[str, Any], path: Path) -> None:
        write = pack["payload"]
        if canonical_sha256(write["arguments"]) != write["arguments_sha256"]:
            raise _Bad("the payload is not the one that was hashed")
        plan = self.plan(path.parent / PLAN_FILE, pack)
        proposal = next((p for p in plan["proposals"] if p["id"] == pack["proposal_id"]), None)
        if proposal is None or canonical_sha256(proposal) != pack["proposal_sha256"]:
            raise _Bad("its proposal is not the one of the plan")
        planned = next((w for w in proposal["writes"] if w["id"] == pack["write_id"]), None)
        if planned != write:
            raise _Bad("its write is not the one of the plan")
        for name in ("org", "server_fingerprint"):
            if pack[name] != plan[name]:
                raise _Bad(f"its {name} is not that of the plan")

    def plan(self, path: Path, pack: dict[str, Any]) -> dict[str, Any]:
        if path not in self.plans:
            if not path.exists():
                raise _Bad(f"{PLAN_FILE} is missing beside it, so nothing shows what plan was approved")
            plan = self.canonical_file(path)
            self.plans[path] = plan
            self.hashes[path] = canonical_sha256({key: value for key, value in plan.items() if key != "hash"})
        plan = self.plans[path]
        if not plan["hash"] == pack["plan"]["hash"] == self.hashes[path]:
            raise _Bad(f"{PLAN_FILE} is not the plan that was hashed")
        if plan["id"] != pack["plan"]["id"]:
            raise _Bad(f"{PLAN_FILE} is another plan")
        return plan

    def approvals(self, pack: dict[str, Any], path: Path) -> None:
        if not pack["approvals"]:
            raise _Bad("it holds no approval")
        write = pack["payload"]
        bound = {
            "write_id": pack["write_id"], "tool": write["tool"], "tool_sha256": write["tool_sha256"],
            "arguments_sha256": write["arguments_sha256"],
        }  # fmt: skip
        for approval in pack["approvals"]:
            stated = {
                "plan_id": pack["plan"]["id"], "plan_hash": pack["plan"]["hash"], "proposal_id": pack["proposal_id"],
                "proposal_sha256": pack["proposal_sha256"], "server_fingerprint": pack["server_fingerprint"],
                "server": pack["org"]["server"],
            }  # fmt: skip
            for name, value in stated.items():
                if approval[name] != value:
                    raise _Bad(f"an approval in it is of another {name}")
            if [w for w in approval["writes"] if w["write_id"] == pack["write_id"]] != [bound]:
                raise _Bad("the approval is of another payload")
            self.signed(pack, approval, path)

    def signed(self, pack: dict[str, Any], approval: dict[str, Any], path: Path) -> None:
        """The signatures that an approval rests on. Older approvals know of none."""
        documents = approval.get("signatures", [])
        wanted = int(approval.get("signatures_required", 0))
        plan_hash = self.signed_hash(pack, path) if documents else ""
        keys = set()
        for document in documents:
            text = canonical(document)
            if text not in self.verified:
                self.verified[text] = signature_problem(document)
            if why := self.verified[text]:
                raise _Bad(f"a signature in it is bad: {why}")
            stated = (document["plan_id"], document["plan_hash"], document["org_id"], document["server_fingerprint"])
            if stated != (pack["plan"]["id"], plan_hash, pack["org"]["id"], pack["server_fingerprint"]):
                raise _Bad("a signature in it is of another plan")
            key = public_key_bytes(document["signer"])
            if self.names is not None and key not in self.names:
                raise _Bad(f"it is signed by {document['signer']}, which is not among the signers")
            keys.add(key)
        if documents:
            wanted = max(wanted, self.required)
        else:
            self.unsigned += 1
        if len(keys) < wanted:
            raise _Bad(f"it has {len(keys)} different signers and needed {wanted}")

    def signed_hash(self, pack: dict[str, Any], path: Path) -> str:
        """The hash that was signed: the plan's, or that of the plan as it came from another machine, where the class
        of some proposals was another (here they were all put to review)."""
        given = pack["signed_as"]
        if given is None:
            return str(pack["plan"]["hash"])
        file = path.parent / PLAN_FILE
        at = (file, canonical(given))
        if at not in self.signed_hashes:
            plan = self.plans[file]
            proposals = [{**p, "class": given["classes"][p["id"]]} for p in plan["proposals"]]
            body = {**{key: value for key, value in plan.items() if key != "hash"}, "proposals": proposals}
            self.signed_hashes[at] = canonical_sha256(body)
        if self.signed_hashes[at] != given["plan_hash"]:
            raise _Bad("what was signed is not this plan")
        return str(given["plan_hash"])

    def audit(self, pack: dict[str, Any]) -> None:
        approvals = {approval["id"]: approval for approval in pack["approvals"]}
        lines = [_plain(line) for line in pack["audit"]]
        for line in lines:
            self.line(pack, line, approvals)
        events = {line["event"] for line in lines}
        if lines != sorted(lines, key=lambda line: line["seq"]) or len({line["seq"] for line in lines}) != len(lines):
            raise _Bad("its log lines are not in their order")
        if not {"decision", "intent"} <= events or not events & set(_ENDINGS):
            raise _Bad("it lacks the lines of the log that say approved, about to be sent, and what became of it")
        last = [line for line in lines if line["event"] in _ENDINGS][-1]
        if last["outcome"] != pack["outcome"]:
            raise _Bad(f"it says {pack['outcome']}, and the log says {last['outcome']}")
        known = {line["ledger_id"] for line in lines if line["event"] in _ENDINGS}
        if pack["ledger_id"] not in {None, *known} or (pack["outcome"] == "committed" and pack["ledger_id"] is None):
            raise _Bad(f"its ledger id {pack['ledger_id']} is not one that the log knows")
        intent = [line for line in lines if line["event"] == "intent"][-1]
        if intent["idempotency_key"] != pack["idempotency_key"]:
            raise _Bad("its idempotency key is not the one the log knows")
        back = [line for line in lines if line["event"] == "read_back"]
        told = None if pack["read_back"] is None else pack["read_back"]["text"]
        if back and told != back[-1]["text"]:
            raise _Bad("its read-back is not the one in the log")
        if self.lines is not None:
            self.complete(pack, lines, list(approvals))

    def line(self, pack: dict[str, Any], line: dict[str, Any], approvals: Mapping[str, Any]) -> None:
        seq = line["seq"]
        if line["hash"] != hash_of(line):
            raise _Bad(f"its copy of record {seq} was changed")
        if self.lines is not None and self.lines.by_seq.get(seq, {}).get("hash") != line["hash"]:
            raise _Bad(f"its record {seq} is not the one of the log")
        approval = approvals.get(line["approval_id"])
        about = (line["plan_id"], line["write_id"], line["tool"], line["arguments_sha256"])
        write = pack["payload"]
        if approval is None or about != (
            pack["plan"]["id"], pack["write_id"], write["tool"], write["arguments_sha256"]
        ):  # fmt: skip
            raise _Bad(f"its record {seq} is about something else")
        stated = line.get("approval_sha256")
        if stated is not None and stated != canonical_sha256(approval):
            raise _Bad(f"the approval is not the one that record {seq} of the log knows")
        approved = (line["event"], line["decision"]) == ("decision", "allow")
        if approved and stated is None and "signatures_required" in approval:
            raise _Bad(f"record {seq} of the log does not vouch for the approval")

    def complete(self, pack: dict[str, Any], lines: Sequence[dict[str, Any]], approvals: Sequence[str]) -> None:
        assert self.lines is not None
        held = {line["seq"] for line in lines}
        for approval in approvals:
            at = (approval, pack["write_id"])
            self.seen.add(at)
            if left_out := [seq for seq in self.lines.of_write.get(at, []) if seq not in held]:
                raise _Bad(f"it leaves out record {left_out[0]} of the log, which is about this write")


def pack_name(proposal_id: str, write_id: str) -> str:
    """PROPOSAL-WRITE.json; a hyphen inside an id is written `=`, so that no two writes share a name."""
    return f"{proposal_id.replace('-', '=')}-{write_id.replace('-', '=')}.json"


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    """A line of the log from a pack, its number a number again."""
    return {**line, "seq": int(line["seq"])}


def read_signers(path: Path) -> dict[str, bytes]:
    """Names and keys from lines `NAME ed25519:BASE64` (also `NAME = "ed25519:BASE64"`; `#` begins a remark).

    Raises OSError when the file cannot be read, ValueError for a line that is neither.
    """
    found: dict[str, bytes] = {}
    for number, line in enumerate(read_file(path, SMALL).decode("utf-8").splitlines(), 1):
        words = line.partition("#")[0].replace("=", " ", 1 if " = " in line else 0).replace('"', " ").split()
        if not words:
            continue
        key = public_key_bytes(words[1]) if len(words) == 2 else None
        if key is None:
            raise ValueError(f"line {number} is not a name and an Ed25519 public key")
        found[words[0]] = key
    return found


def read_policy(path: Path) -> tuple[dict[str, bytes], int]:
    """Signers and how many are required, from [signatures] of a policy.toml. Raises OSError and ValueError."""
    import tomllib

    rules = tomllib.loads(read_file(path, SMALL).decode("utf-8")).get("signatures")
    if not isinstance(rules, dict) or not isinstance(rules.get("signers"), dict):
        raise ValueError("it has no [signatures.signers]")
    signers: dict[str, bytes] = {}
    for name, text in rules["signers"].items():
        if (key := public_key_bytes(text)) is None:
            raise ValueError(f"signatures.signers.{name} is no Ed25519 public key")
        signers[name] = key
    return signers, int(rules.get("required", 0))


USAGE = "usage: python verifier.py audit.jsonl [audit.head] [--evidence DIR] [--policy policy.toml | --signers FILE]"


def main(arguments: list[str]) -> int:
    options: dict[str, str] = {}
    rest = list(arguments)
    for option in ("--evidence", "--policy", "--signers"):
        if option in rest[:-1]:
            at = rest.index(option)
            options[option] = rest[at + 1]
            del rest[at : at + 2]
    keyed = [name for name in ("--policy", "--signers") if name in options]
    if len(keyed) == 1 and "--evidence" not in options:
        print(f"{keyed[0]} {options[keyed[0]]} is about evidence packs: add --evidence DIR", file=sys.stderr)
    if not rest or len(rest) > 2 or any(word.startswith("-") for word in rest) or len(keyed) > 1 or (
        keyed and "--evidence" not in options
    ):  # fmt: skip
        print(USAGE, file=sys.stderr)
        return 2
    log = Path(rest[0])
    head = Path(rest[1]) if len(rest) == 2 else log.with_name("audit.head")
    lines = Lines()
    evidence = None
    try:
        if len(rest) == 2:
            read_file(head, SMALL)
        report = check(log, head, lines.add if "--evidence" in options else None)
        if report.ok and not report.records:  # who names a log wants records checked
            log.open("rb").close()
            raise OSError(0, "it holds no records", str(log))
        if "--evidence" in options:
            evidence = _checked(Path(options["--evidence"]), options, lines if report.ok else None)
    except OSError as error:
        print(f"cannot read {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"cannot use {options[keyed[0]] if keyed else log}: {error}", file=sys.stderr)
        return 2
    print(("OK: " if report.ok else "NOT SOUND: ") + report.text)
    if evidence is not None:
        for problem in evidence.problems:
            print(f"NOT SOUND: {problem}")
        print(("OK: " if evidence.ok else "NOT SOUND: ") + evidence.text)
        for note in evidence.notes:
            print(f"Note: {note}")
    return 0 if report.ok and (evidence is None or evidence.ok) else 8


def _checked(directory: Path, options: Mapping[str, str], lines: Lines | None) -> EvidenceReport:
    signers, required = None, 0
    if "--policy" in options:
        signers, required = read_policy(Path(options["--policy"]))
    elif "--signers" in options:
        signers = read_signers(Path(options["--signers"]))
    if not directory.is_dir():
        raise OSError(0, "there is no such directory", str(directory))
    found = check_evidence(directory, lines, signers, required)
    if not found.packs:
        raise OSError(0, "it holds no evidence packs", str(directory))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
