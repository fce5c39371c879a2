"""A second person's consent: signatures over the hash of a plan, and what a policy makes of them.

A signature (`finchat.signature/1`) is made over the canonical JSON of everything in it but itself: plan id and hash,
organisation, server fingerprint, public key and instant. They travel in a file beside the plan's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from finchat import verifier
from finchat.books.plan import Plan, Proposal, Write
from finchat.canonical import canonical_json
from finchat.clock import instant_text
from finchat.errors import FinchatError, UsageError, WriteRefused, plain
from finchat.safety.approval import plan_hash
from finchat.safety.keys import Key, Passphrase, sign
from finchat.safety.policy import SignatureRules
from finchat.safety.unattended import base_amounts
from finchat.store.files import write_private
from finchat.text.bounded import read_bounded
from finchat.text.sanitise import one_line

SCHEMA = "finchat.signature/1"
FILE_SCHEMA = "finchat.signatures/1"
SUFFIX = ".signatures"
_LARGEST = 1024 * 1024
_MOST = 200  # signatures looked at: each costs a verification
_MOST_TOLD = 3
_CREDITS = frozenset({"credit_note_id", "overpayment_id", "prepayment_id"})

Status = Literal["valid", "unknown_key", "same_signer", "other_plan", "invalid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One signature and what it is worth for a plan. `name`: the policy's, None for a key it does not list.

    `reason` says in one sentence why it does not count; "" for one that does.
    """

    status: Status
    name: str | None
    signer: str
    signed_at: str
    reason: str
    document: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "status": self.status, "name": self.name, "signer": self.signer, "signed_at": self.signed_at,
            "reason": self.reason,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a plan stands with signatures: `required` is 0 where the policy wants none of it."""

    plan_id: str
    required: int = 0
    entries: tuple[Entry, ...] = ()

    @property
    def signers(self) -> tuple[str, ...]:
        """The different signers that count, as the policy names them."""
        return tuple(entry.name or entry.signer for entry in self.entries if entry.status == "valid")

    @property
    def missing(self) -> int:
        return max(0, self.required - len(self.signers))

    @property
    def used(self) -> tuple[Mapping[str, Any], ...]:
        """The signatures that count, for the record."""
        return tuple(entry.document for entry in self.entries if entry.status == "valid")

    @property
    def sentence(self) -> str:
        """`plan X needs 2 signatures of different signers and has 1 (bo)`, with why others do not count."""
        have = f"{len(self.signers)} ({', '.join(self.signers)})" if self.signers else "none"
        text = (
            f"plan {self.plan_id} needs {self.required} signature{'s' * (self.required != 1)} of different signers "
            f"and has {have}"
        )
        against = list(dict.fromkeys(entry.reason for entry in self.entries if entry.reason))
        text += "".join(f"; one does not count: {reason}" for reason in against[:_MOST_TOLD])
        more = len(against) - _MOST_TOLD
        return f"{text}; nor do {more} more" if more > 0 else text

    def as_json(self) -> dict[str, Any]:
        return {
            "required": self.required,
            "missing": self.missing,
            "signers": list(self.signers),
            "entries": [entry.as_json() for entry in self.entries],
        }

    def refusal(self) -> WriteRefused:
        """Why nothing of the plan may be written yet."""
        return WriteRefused(
            self.sentence, code="needs_signatures", field="PLAN",
            next=f"have it signed: finchat plan sign {self.plan_id}; see finchat plan show {self.plan_id}",
        )  # fmt: skip


def plan_total(plan: Plan) -> Decimal | None:
    """What the writes of a plan move, in base currency, each write once; None where one cannot be told."""
    amounts = [amount for proposal in plan.proposals for amount in base_amounts(plan, proposal).values()]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def required(rules: SignatureRules | None, plan: Plan) -> int:
    """How many different signers a plan needs by the policy. A total that cannot be told counts as over any limit."""
    if rules is None:
        return 0
    if rules.kinds is not None and not any(kinds_in(proposal) & set(rules.kinds) for proposal in plan.proposals):
        return 0
    if rules.above is not None:
        total = plan_total(plan)
        if total is not None and total <= rules.above:
            return 0
    return rules.required


def kinds_in(proposal: Proposal) -> frozenset[str]:
    """What a proposal is called and what each of its writes is by itself: an overpayment that pays a document is a
    payment too, so that no rule for payments is passed by a cent that is kept."""
    return frozenset({proposal.kind, *(kind for write in proposal.writes if (kind := _kind_of(write)))})


def _kind_of(write: Write) -> str:
    subject, _, verb = write.operation.partition(".")
    if verb in ("allocate", "apply"):
        return "allocation"
    if verb in ("delete", "deallocate", "unapply"):
        return "delete"
    if verb == "void":
        return "void"
    if subject == "bank_transaction":
        way, _, kept = str(write.arguments.get("type", "")).lower().partition("-")
        return kept or f"{way}_money"
    if subject == "payment":
        return "refund" if _CREDITS & set(write.arguments) else "payment"
    return "transfer" if subject == "bank_transfer" else ""


def judge(
    rules: SignatureRules | None, plan: Plan, documents: Iterable[Any], *, signed_hash: str | None = None
) -> Standing:
    """What signatures are worth for a plan. Pure.

    `signed_hash`: the plan's hash as its maker had it, where this machine shows it otherwise (see `signed_form`).
    """
    names = rules.names if rules is not None else {}
    entries: list[Entry] = []
    for document in list(documents)[:_MOST]:
        entry = _entry(names, plan, signed_hash or plan_hash(plan), document)
        if entry.status == "valid" and any(e.status == "valid" and e.signer == entry.signer for e in entries):
            reason = f"{entry.name} signed more than once, and counts once"
            entry = replace(entry, status="same_signer", reason=reason)
        entries.append(entry)
    return Standing(plan_id=plan.id, required=required(rules, plan), entries=tuple(entries))


def _entry(names: Mapping[str, str], plan: Plan, hash_: str, document: Any) -> Entry:
    stated = document if isinstance(document, dict) else {}
    signer, signed_at = (one_line(str(stated.get(key, "")), 80) for key in ("signer", "signed_at"))
    name = names.get(signer)
    who = name or signer or "somebody"

    def entry(status: Status, reason: str = "") -> Entry:
        return Entry(
            status=status, name=name, signer=signer, signed_at=signed_at, reason=reason, document=stated
        )  # fmt: skip

    if problem := verifier.signature_problem(document):
        return entry("invalid", f"the signature of {who} is not valid ({problem})")
    if stated["plan_id"] != plan.id:
        return entry("other_plan", f"{who} signed plan {one_line(stated['plan_id'], 64)}, not this one")
    if stated["plan_hash"] != hash_:
        return entry("other_plan", f"{who} signed another version of this plan, which was changed since")
    if stated["org_id"] != plan.organisation.id or stated["server_fingerprint"] != plan.server_fingerprint:
        return entry("other_plan", f"{who} signed it for another organisation or server")
    if name is None:
        return entry("unknown_key", f"the policy lists no signer with the key {signer}")
    return entry("valid")


def signed_form(original: Plan, shown: Plan) -> bool:
    """Whether `shown` is `original` with nothing but the class of its proposals changed, as a plan that was made on
    another machine is shown: all of it for review."""

    def bare(plan: Plan) -> Plan:
        return replace(plan, proposals=tuple(replace(p, certainty="review") for p in plan.proposals))

    return bare(original) == bare(shown)


def sign_plan(plan: Plan, key: Key, at: datetime, passphrase: Passphrase) -> dict[str, Any]:
    """A signature over a plan. Raises what `keys.sign` raises."""
    statement = {
        "schema": SCHEMA,
        "plan_id": plan.id,
        "plan_hash": plan.hash,
        "org_id": plan.organisation.id,
        "server_fingerprint": plan.server_fingerprint,
        "signer": key.public,
        "signed_at": instant_text(at),
    }
    return {**statement, "signature": sign(key, canonical_json(statement).encode("utf-8"), passphrase)}


# Files: ID.signatures.json beside ID.json, and any other ID.signatures….json a signer sent


def file_for(plan_file: Path) -> Path:
    """Where the signatures of a plan file are gathered."""
    return plan_file.with_name(f"{plan_file.stem}{SUFFIX}.json")


def found_with(plan_files: Sequence[Path]) -> tuple[Path, ...]:
    """Every signature file beside these plan files, in order, each once."""
    found: dict[Path, None] = {}
    for plan_file in plan_files:
        name = f"{plan_file.stem}{SUFFIX}"
        if plan_file.parent.is_dir():
            there = [p for p in plan_file.parent.iterdir() if p.name.startswith(name) and p.suffix == ".json"]
            gathered_first = sorted(there, key=lambda path: (path.name != f"{name}.json", path.name))
            found |= dict.fromkeys(path.resolve() for path in gathered_first)
    return tuple(found)


def read(paths: Iterable[Path]) -> list[Any]:
    """The signatures of several files, each once. Raises UsageError naming a file that is none."""
    documents: dict[str, Any] = {}
    for path in paths:
        for document in _read(path):
            documents.setdefault(json.dumps(document, sort_keys=True, default=str), document)
    return list(documents.values())


def _read(path: Path) -> list[Any]:
    try:
        data = json.loads(read_bounded(path, _LARGEST))
        if not isinstance(data, dict) or data.get("schema") != FILE_SCHEMA:
            raise ValueError(f"it is not a {FILE_SCHEMA}")
        if not isinstance(data.get("signatures"), list):
            raise ValueError("it holds no list of signatures")
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{path} cannot be used: {plain(error)}", field=str(path), next="move it away, or have it sent again"
        ) from error
    return list(data["signatures"])


def add(path: Path, plan: Plan, document: Mapping[str, Any]) -> None:
    """Append a signature to a file (0600), which is written whole or stays as it was.

    Raises UsageError when what is there is no signature file, FinchatError when it cannot be written.
    """
    there = _read(path) if path.exists() else []
    content = {"schema": FILE_SCHEMA, "plan_id": plan.id, "plan_hash": plan.hash, "signatures": [*there, document]}
    try:
        write_private(path, (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode("utf-8"))
    except OSError as error:
        raise FinchatError(
            f"cannot save the signature to {path}: {error.strerror}", code="not_writable", field="--out",
            next="free space, or name another place with --out",
        ) from error  # fmt: skip
