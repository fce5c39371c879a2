"""`finchat.plan/1`: a plan to JSON and back. Reading refuses anything it cannot write again byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from finchat.books.documents import Coding, Direction, Organisation
from finchat.books.money import amount_text, parse_amount
from finchat.books.plan import (
    AccountBalance,
    AccountName,
    Answered,
    Ask,
    AskKind,
    Balances,
    BankBalance,
    Choice,
    Class,
    Control,
    CreditName,
    Effect,
    Evidence,
    Kind,
    Link,
    Plan,
    PlanLine,
    Precondition,
    Proposal,
    Rival,
    Write,
)  # fmt: skip
from finchat.canonical import plain_decimal
from finchat.clock import instant_text

SCHEMA = "finchat.plan/1"
# What a plan file names and a card prints as it is: no room for anything that a terminal acts on or a reader misreads.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_RATE_SOURCES = ("document", "organisation", "file", "bank_line", None)


def organisation_json(org: Organisation) -> dict[str, Any]:
    """The contract's `org`."""
    return {
        "server": org.server, "id": org.id, "name": org.name, "base_currency": org.base_currency,
        "timezone": org.timezone, "sandbox": org.sandbox,
    }  # fmt: skip


def balances_json(balances: Balances) -> dict[str, Any]:
    """The contract's `bal`."""
    c = balances.currency
    return {
        "bank": [
            {"account_id": b.account_id, "amount": amount_text(b.amount, b.currency), "currency": b.currency}
            for b in balances.bank
        ],
        "receivables": _amount(balances.receivables, c),
        "payables": _amount(balances.payables, c),
        "other": [
            {"account_id": o.account_id, "control": o.control, "amount": amount_text(o.amount, c), "currency": c}
            for o in balances.other
        ],
        "currency": c,
        "trial_balance_difference": _amount(balances.trial_balance_difference, c),
        "why_missing": balances.why_missing,
    }


def plan_body(plan: Plan) -> dict[str, Any]:
    """The plan's JSON without its hash."""
    return {
        "schema": SCHEMA,
        "id": plan.id,
        "created_at": instant_text(plan.created_at),
        "as_of": plan.as_of.isoformat(),
        "org": organisation_json(plan.organisation),
        "server_fingerprint": plan.server_fingerprint,
        "command": list(plan.command),
        "proposals": [proposal_json(p) for p in plan.proposals],
        "expected": balances_json(plan.expected),
        "accounts": [{"id": a.id, "name": a.name} for a in plan.accounts],
    }


def proposal_json(p: Proposal) -> dict[str, Any]:
    return {
        "id": p.id,
        "line_id": p.line_id,
        "line": None if p.line is None else _line_json(p.line),
        "kind": p.kind,
        "class": p.certainty,
        "confidence": plain_decimal(p.confidence),
        "evidence": [
            {"kind": e.kind, "text": e.text, "record": {"type": e.record_type, "id": e.record_id}} for e in p.evidence
        ],
        "rival": p.rival and {"documents": list(p.rival.documents), "text": p.rival.text, "why_lost": p.rival.why_lost},
        "links": [_link_json(link) for link in p.links],
        "writes": [write_json(w) for w in p.writes],
        "asks": [_ask_json(ask) for ask in p.asks],
    }


def _line_json(line: PlanLine) -> dict[str, Any]:
    return {
        "id": line.id, "date": line.date.isoformat(), "direction": line.direction,
        "amount": amount_text(line.amount, line.currency), "currency": line.currency, "account_id": line.account_id,
        "payee": line.payee, "narration": line.narration, "reference": line.reference,
        "fingerprints": list(line.fingerprints),
    }  # fmt: skip


def write_json(w: Write) -> dict[str, Any]:
    return {
        "id": w.id,
        "operation": w.operation,
        "resource": w.resource,
        "tool": w.tool,
        "tool_sha256": w.tool_sha256,
        "arguments": _thaw(w.arguments),
        "arguments_sha256": w.arguments_sha256,
        "link_ids": list(w.link_ids),
        "amount": amount_text(w.amount, w.currency),
        "currency": w.currency,
        "preconditions": [
            {"type": c.type, "id": c.id, "field": c.field, "expected": c.expected} for c in w.preconditions
        ],
        "effects": [
            {
                "account_id": e.account_id,
                "control": e.control,
                "amount": amount_text(e.amount, e.currency),
                "currency": e.currency,
                "base_amount": plain_decimal(e.base_amount),
            }
            for e in w.effects
        ],
        "verify": _thaw(w.verify),
        "depends_on": list(w.depends_on),
        "if_dependency_fails": w.if_dependency_fails,
        "reverses": w.reverses,
    }


def coding_json(coding: Coding) -> dict[str, Any]:
    """Account, tax code and tracking; tracking as [category, option] pairs."""
    return {
        "account_id": coding.account_id, "tax_type": coding.tax_type, "tracking": [list(t) for t in coding.tracking],
    }  # fmt: skip


def coding_from_json(data: Mapping[str, Any]) -> Coding:
    """Raises KeyError, TypeError or ValueError for anything else."""
    tracking = tuple((category, option) for category, option in data["tracking"])
    if not all(isinstance(text, str) for text in (data["account_id"], data["tax_type"], *sum(tracking, ()))):
        raise TypeError("a coding holds something that is not text")
    return Coding(data["account_id"], data["tax_type"], tracking)


def _ask_json(ask: Ask) -> dict[str, Any]:
    return {
        "id": ask.id, "kind": ask.kind, "amount": amount_text(ask.amount, ask.currency), "currency": ask.currency,
        "contact_id": ask.contact_id, "contact": ask.contact, "text": ask.text, "required": ask.required,
        "choices": [{"coding": coding_json(c.coding), "text": c.text} for c in ask.choices],
        "answered": ask.answered
        and {"coding": coding_json(ask.answered.coding), "writes": list(ask.answered.writes)},
    }  # fmt: skip


class OtherVersion(ValueError):
    """A plan that lacks what plans of this version carry."""


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """The plan of a saved file. Raises ValueError when the file was edited: wrong schema, hash or argument hash, or a
    name, kind or currency that no plan of finchat has (a foreign plan's hash proves nothing); OtherVersion when a
    part of it is missing."""
    try:
        plan = _plan(data)
        _typed("plan", plan)
        _check(plan)
        stated = [w["arguments_sha256"] for p in data["proposals"] for w in p["writes"]]
    except KeyError as error:
        raise OtherVersion(f"it says nothing of {error.args[0]!r}") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not a {SCHEMA} file: {error!r}") from error
    if stated != [w.arguments_sha256 for p in plan.proposals for w in p.writes]:
        raise ValueError("the arguments of a write are not those that were hashed")
    if plan.as_json() != _thaw(data):  # its hash is a part of both
        raise ValueError("the plan's hash does not match its content")
    return plan


def _check(plan: Plan) -> None:
    writes = [w for p in plan.proposals for w in p.writes]
    links = [link for p in plan.proposals for link in p.links]
    effects = [e for w in writes for e in w.effects]
    _unique_names("plan", [plan.id])
    if len({a.id for a in plan.accounts}) != len(plan.accounts):
        raise ValueError("an account is named twice")
    _unique_names("proposal", [p.id for p in plan.proposals])
    for proposal in plan.proposals:
        _unique_names("write", [w.id for w in proposal.writes])
        _unique_names("question", [ask.id for ask in proposal.asks])
        _answers(proposal)
    banks = [b.currency for b in plan.expected.bank]
    currencies = [plan.organisation.base_currency, plan.expected.currency, *banks]
    currencies += [*(w.currency for w in writes), *(link.currency for link in links), *(e.currency for e in effects)]
    currencies += [link.bank_currency for link in links if link.bank_currency is not None]
    asks = [ask for p in plan.proposals for ask in p.asks]
    currencies += [ask.currency for ask in asks]
    lines = [p.line for p in plan.proposals if p.line is not None]
    currencies += [line.currency for line in lines]
    for currency in currencies:
        if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
            raise ValueError(f"{currency!r} is not a currency code")
    _among("kind", (p.kind for p in plan.proposals), get_args(Kind))
    _among("direction", (line.direction for line in lines), get_args(Direction))
    _among("class", (p.certainty for p in plan.proposals), get_args(Class))
    _among("control", (e.control for e in effects), get_args(Control))
    _among("rate_source", (link.rate_source for link in links), _RATE_SOURCES)
    _among("if_dependency_fails", (w.if_dependency_fails for w in writes), ("skip", "continue"))
    _among("ask", (ask.kind for ask in asks), get_args(AskKind))
    _among("required", (ask.required for ask in asks), (True, False))
    _among("org.sandbox", (plan.organisation.sandbox,), (True, False))


def _answers(proposal: Proposal) -> None:
    """What a question says it was answered with is what the writes of that answer book."""
    for answered in (ask.answered for ask in proposal.asks if ask.answered is not None):
        ids = {id for w in proposal.writes if w.id in answered.writes for id in w.link_ids}
        booked = {link.coding for link in proposal.links if link.id in ids and link.coding is not None}
        if booked != {answered.coding} or not {w.id for w in proposal.writes} >= {*answered.writes}:
            raise ValueError(f"{proposal.id} does not book what its question was answered with")


def _typed(name: str, value: Any) -> None:
    """Everything in the tree is of the type its field has: text is text. Raises ValueError naming the field."""
    for field, hint in _hints(value.__class__):
        held = getattr(value, field)
        if not _is(held, hint):
            raise ValueError(f"{name}.{field} is not what a plan holds there")
        for item in held if isinstance(held, tuple) else (held,):
            if is_dataclass(item):
                _typed(field, item)


@lru_cache(maxsize=32)
def _hints(kind: Any) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, hints[field.name]) for field in fields(kind))


def _is(value: object, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_is(value, one) for one in inner)
    if origin is Literal:
        return any(value is choice or (isinstance(value, str) and value == choice) for choice in inner)
    if origin is tuple:
        if not isinstance(value, tuple) or (inner[1:] != (...,) and len(value) != len(inner)):
            return False
        return all(_is(item, inner[0]) for item in value) if inner[1:] == (...,) else all(map(_is, value, inner))
    return isinstance(value, origin or hint)


def _unique_names(what: str, names: Sequence[object]) -> None:
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the id of a {what}")
    if len(set(names)) != len(names):
        raise ValueError(f"two have the same {what} id")


def _among(field: str, values: Iterable[object], known: Sequence[object]) -> None:
    for value in values:
        if not any(value is choice or (isinstance(value, str) and value == choice) for choice in known):
            raise ValueError(f"{field} cannot be {value!r}")


def _plan(data: Mapping[str, Any]) -> Plan:
    if data["schema"] != SCHEMA:
        raise ValueError(f"schema is {data['schema']!r}, not {SCHEMA}")
    return Plan(
        id=data["id"],
        created_at=datetime.fromisoformat(data["created_at"]),
        as_of=date.fromisoformat(data["as_of"]),
        organisation=Organisation(**data["org"]),
        server_fingerprint=data["server_fingerprint"],
        command=tuple(data["command"]),
        proposals=tuple(_proposal(p) for p in data["proposals"]),
        expected=_balances(data["expected"]),
        accounts=tuple(AccountName(**a) for a in data["accounts"]),
    )


def _proposal(p: Mapping[str, Any]) -> Proposal:
    rival = p["rival"]
    return Proposal(
        id=p["id"],
        line_id=p["line_id"],
        line=None if p["line"] is None else _line(p["line"]),
        kind=p["kind"],
        certainty=p["class"],
        confidence=parse_amount(p["confidence"]),
        evidence=tuple(
            Evidence(kind=e["kind"], text=e["text"], record_type=e["record"]["type"], record_id=e["record"]["id"])
            for e in p["evidence"]
        ),
        rival=rival and Rival(documents=tuple(rival["documents"]), text=rival["text"], why_lost=rival["why_lost"]),
        links=tuple(_link(link) for link in p["links"]),
        writes=tuple(_write(w) for w in p["writes"]),
        asks=tuple(_ask(ask) for ask in p["asks"]),
    )


def _ask(ask: Mapping[str, Any]) -> Ask:
    choices = tuple(Choice(coding=coding_from_json(c["coding"]), text=c["text"]) for c in ask["choices"])
    said = ask["answered"]
    answered = said and Answered(coding=coding_from_json(said["coding"]), writes=tuple(said["writes"]))
    return Ask(**{**ask, "amount": parse_amount(ask["amount"]), "choices": choices, "answered": answered})


def _line(line: Mapping[str, Any]) -> PlanLine:
    values = {**line, "fingerprints": tuple(line["fingerprints"])}
    if not all(isinstance(text, str) for v in values.values() for text in (v if isinstance(v, tuple) else (v,))):
        raise TypeError("a bank line holds something that is not text")
    return PlanLine(**{**values, "date": date.fromisoformat(line["date"]), "amount": parse_amount(line["amount"])})


def _write(w: Mapping[str, Any]) -> Write:
    return Write(
        id=w["id"],
        operation=w["operation"],
        resource=w["resource"],
        tool=w["tool"],
        tool_sha256=w["tool_sha256"],
        arguments=w["arguments"],
        link_ids=tuple(w["link_ids"]),
        amount=parse_amount(w["amount"]),
        currency=w["currency"],
        preconditions=tuple(Precondition(**c) for c in w["preconditions"]),
        effects=tuple(
            Effect(
                account_id=e["account_id"],
                control=e["control"],
                amount=parse_amount(e["amount"]),
                currency=e["currency"],
                base_amount=parse_amount(e["base_amount"]),
            )
            for e in w["effects"]
        ),
        verify=w["verify"],
        depends_on=tuple(w["depends_on"]),
        if_dependency_fails=w["if_dependency_fails"],
        reverses=w["reverses"],
    )


def _link_json(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "document_id": link.document_id,
        "type": link.type,
        "number": link.number,
        "contact_id": link.contact_id,
        "contact": link.contact,
        "amount": amount_text(link.amount, link.currency),
        "currency": link.currency,
        "bank_amount": _amount(link.bank_amount, link.bank_currency or link.currency),
        "bank_currency": link.bank_currency,
        "rate": link.rate if link.rate is None else plain_decimal(link.rate),
        "rate_source": link.rate_source,
        "credit": link.credit and {"id": link.credit.id, "text": link.credit.text},
        "coding": None if link.coding is None else coding_json(link.coding),
    }


def _link(link: Mapping[str, Any]) -> Link:
    values = dict(link)
    for name in ("amount", "bank_amount", "rate"):
        values[name] = None if values[name] is None else parse_amount(values[name])
    values["credit"] = link["credit"] and CreditName(**link["credit"])
    values["coding"] = None if link["coding"] is None else coding_from_json(link["coding"])
    return Link(**values)


def _balances(b: Mapping[str, Any]) -> Balances:
    def read(text: str | None) -> Decimal | None:
        return None if text is None else parse_amount(text)

    return Balances(
        bank=tuple(
            BankBalance(account_id=x["account_id"], amount=parse_amount(x["amount"]), currency=x["currency"])
            for x in b["bank"]
        ),
        receivables=read(b["receivables"]),
        payables=read(b["payables"]),
        currency=b["currency"],
        trial_balance_difference=read(b["trial_balance_difference"]),
        why_missing=b["why_missing"],
        other=tuple(
            AccountBalance(account_id=o["account_id"], control=o["control"], amount=parse_amount(o["amount"]))
            for o in b["other"]
        ),
    )


def _amount(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else amount_text(amount, currency)


def _thaw(value: Any) -> Any:
    """Plain dicts and lists, so that JSON data compares by content."""
    if isinstance(value, Mapping):
        return {k: _thaw(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_thaw(v) for v in value]
    return value
