"""`draft_invoice`, `draft_late_fee`, `draft_contact`, `draft_payment`: what a person asks for becomes a plan that they
decide on, or questions, or what speaks against it. Nothing here writes to the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finchat.app.tools.shape import DATE, Schema, money, one_of, text, tool
from finchat.books.terms import TERM_KINDS

if TYPE_CHECKING:
    from finchat.agent.tray import Tray
    from finchat.app.desk import Desk
    from finchat.books.documents import BankLine
    from finchat.books.plan import Plan, Proposal
    from finchat.connections.own_tools import OwnTool
    from finchat.workflows.drafting import Contradiction, Drafted, Needs
    from finchat.workflows.drafting.reading import Draft

SANDBOX = "SANDBOX"
_AMOUNT: Schema = {"type": ["string", "number"], "examples": ["150.00"]}
_FLAG: Schema = {"type": "boolean"}
_LINE: Schema = {
    "type": "object",
    "properties": {
        "description": text(3900),
        "quantity": _AMOUNT,
        "unit_amount": _AMOUNT,
        "account_code": text(150),
        "tax_type": text(100),
        "item_code": text(30),
        "tracking": {"type": "array", "maxItems": 2, "items": {**text(), "examples": ["Region=North"]}},
    },
    "additionalProperties": False,
}
_TERMS: Schema = {
    "type": "object",
    "properties": {"kind": one_of(*TERM_KINDS), "day": {"type": "integer", "minimum": 0, "maximum": 999}},
    "required": ["kind", "day"],
    "additionalProperties": False,
}
_ADDRESS: Schema = {
    "type": "object",
    "properties": dict.fromkeys(("line1", "line2", "city", "region", "postal_code", "country"), text()),
    "additionalProperties": False,
}


_INVOICE: Mapping[str, Schema] = {
    "type": one_of("invoice", "bill"),
    "contact": text(255),
    "create_contact": _FLAG,
    "lines": {"type": "array", "minItems": 1, "maxItems": 100, "items": dict(_LINE)},
    "date": DATE,
    "due_date": DATE,
    "currency": text(3),
    "rate": _AMOUNT,
    "reference": text(100),
    "number": text(100),
    "status": one_of("DRAFT", "AUTHORISED"),
    "line_amounts": one_of("exclusive", "inclusive", "no_tax"),
}
_LATE_FEE: Mapping[str, Schema] = {
    **{"document": text(255), "contact": text(255), "percent": _AMOUNT, "amount": _AMOUNT},
    "basis": one_of("due", "total"),
    **{"account": text(150), "tax": text(100), "item": text(100)},
    "line_amounts": one_of("exclusive", "inclusive", "no_tax"),
    **{"date": DATE, "due_date": DATE, "rate": _AMOUNT},
    "change_invoice": _FLAG,
}
_CONTACT: Mapping[str, Schema] = {
    **{"name": text(255), "email": text(255), "first_name": text(255), "last_name": text(255), "phone": text(50)},
    "address": _ADDRESS,
    "tax_number": text(50),
    "currency": text(3),
    "role": one_of("customer", "supplier"),
    "sales_terms": _TERMS,
    "bill_terms": _TERMS,
    "although_similar": _FLAG,
}
_PAYMENT: Mapping[str, Schema] = {
    **{"document": text(255), "contact": text(255), "amount": _AMOUNT, "date": DATE},
    "bank_account": text(150),
    "bank_amount": _AMOUNT,
    "reference": text(100),
    "settles_in_full": _FLAG,
}


def rows(desk: Desk, tray: Tray, as_of: date) -> list[OwnTool]:
    """The rows of one open organisation; every draft is a plan of its own, saved and laid in the tray."""
    work = _Drafts(desk, tray, as_of)
    return [
        tool("draft_invoice", work.invoice, _INVOICE, effect="propose", required=("type",)),
        tool("draft_late_fee", work.late_fee, _LATE_FEE, effect="propose", required=("document",)),
        tool("draft_contact", work.contact, _CONTACT, effect="propose", required=("name",)),
        tool("draft_payment", work.payment, _PAYMENT, effect="propose", required=("document",)),
    ]


class _Drafts:
    def __init__(self, desk: Desk, tray: Tray, as_of: date) -> None:
        self._desk, self._tray, self._as_of = desk, tray, as_of
        # By invoice: the plans of late fees on it, once a separate invoice was offered; the newest waits, no other.
        self._late_fees: dict[str, list[str]] = {}

    async def invoice(self, given: Mapping[str, Any]) -> dict[str, Any]:
        from finchat.workflows.drafting import WantedDocument, WantedLine
        from finchat.workflows.drafting.reading import document

        lines = [
            WantedLine(
                account=line.get("account_code", ""), tracking=tuple(line.get("tracking", ())),
                **{key: value for key, value in line.items() if key not in ("account_code", "tracking")},
            )
            for line in given.get("lines", ())
        ]  # fmt: skip
        wanted = WantedDocument(**{**given, "lines": tuple(lines)})
        found = await document(self._desk.provider, wanted, plan_id=self._plan_id(), as_of=self._as_of)
        return await self._result(found)

    async def late_fee(self, given: Mapping[str, Any]) -> dict[str, Any]:
        from finchat.workflows.drafting import WantedLateFee
        from finchat.workflows.drafting.reading import late_fee

        found = await late_fee(
            self._desk.provider, WantedLateFee(**given), plan_id=self._plan_id(), as_of=self._as_of,
            offered=frozenset(self._late_fees), charged=frozenset(filter(self._fee_written, self._late_fees)),
        )  # fmt: skip
        if found.offered:
            self._late_fees.setdefault(found.offered, [])
        told = await self._result(found)
        if (plan_id := told.get("plan_id")) is not None and (invoice := found.about):
            plans = self._late_fees.setdefault(invoice, [])
            for other in {*plans} - {plan_id}:
                self._tray.withdraw(other)
            plans.append(plan_id)
        return told

    def _fee_written(self, invoice: str) -> bool:
        """Whether any late fee on an invoice was written in this session."""
        settled = self._tray.settled()
        applied = [settled[id] for id in self._late_fees[invoice] if id in settled]
        return any(result.outcome in ("committed", "unknown") for one in applied for result in one.results)

    async def contact(self, given: Mapping[str, Any]) -> dict[str, Any]:
        from finchat.workflows.drafting import WantedContact
        from finchat.workflows.drafting.contacts import WantedTerms
        from finchat.workflows.drafting.reading import contact

        terms = {side: WantedTerms(**given[side]) for side in ("sales_terms", "bill_terms") if side in given}
        wanted = WantedContact(**{**given, **terms})
        return await self._result(await contact(self._desk.provider, wanted, plan_id=self._plan_id()))

    async def payment(self, given: Mapping[str, Any]) -> dict[str, Any]:
        from finchat.workflows.drafting import WantedPayment
        from finchat.workflows.drafting.reading import payment

        found = await payment(
            self._desk.provider, WantedPayment(**given), plan_id=self._plan_id(), as_of=self._as_of,
            lines=await self._bank_lines(), consumed=self._desk.journal.consumed(self._desk.organisation.id),
        )  # fmt: skip
        return await self._result(found)

    def _plan_id(self) -> str:
        from finchat.workflows.plans import new_plan_id

        return new_plan_id(self._as_of)

    async def _bank_lines(self) -> tuple[BankLine, ...]:
        """What the bank's feed shows; nothing where it cannot be read, which is said: a payment rests on none of it."""
        from finchat.errors import FinchatError
        from finchat.events import Notice
        from finchat.workflows import feed

        if self._desk.feed is None:
            return ()
        try:
            return feed.bank_lines(feed.read(self._desk.feed), await self._desk.provider.accounts())
        except FinchatError as error:
            text = f"The bank feed could not be read, so no line of it is held against this payment: {error.message}"
            self._desk.progress(Notice(text=text, severity="warning"))
            return ()

    async def _result(self, draft: Draft) -> dict[str, Any]:
        """What the model is told; a proposal is saved first, for a person to decide on."""
        from finchat.workflows.drafting import Contradiction, Needs

        outcome = draft.outcome
        if isinstance(outcome, Needs):
            return self._told(_needs(outcome))
        if isinstance(outcome, Contradiction):
            return self._told(_contradiction(outcome))
        plan = self._same_waiting(outcome.proposal) or await self._kept(draft, outcome.proposal)
        return self._told(_proposed(outcome, plan), flagged=True)

    async def _kept(self, draft: Draft, proposal: Proposal) -> Plan:
        from finchat.agent.tray import ProposedPlan
        from finchat.workflows.drafting.reading import planned

        desk = self._desk
        before = await desk.provider.balances(self._as_of)
        plan = planned(
            proposal, draft.context, before, as_of=self._as_of, created_at=desk.journal.now(),
            server_fingerprint=desk.fingerprint, command=desk.call.command,
        )  # fmt: skip
        desk.keep(plan, by_model=True)
        names = {a.id: a.label for a in draft.context.accounts.values()}
        self._tray.put(ProposedPlan(plan=plan, before=before, account_names=names))
        return plan

    def _same_waiting(self, proposal: Proposal) -> Plan | None:
        """The plan that says the very same and waits already: asking twice drafts once."""
        wanted = _without_tokens(proposal)
        waiting = (one.plan for one in self._tray.waiting())
        return next((plan for plan in waiting if [_without_tokens(p) for p in plan.proposals] == [wanted]), None)

    def _told(self, result: dict[str, Any], *, flagged: bool = False) -> dict[str, Any]:
        """`flagged`: a draft, which says that it is of the sandbox."""
        sandbox = self._desk.organisation.sandbox
        words = f"{SANDBOX}: {result['text']}" if sandbox and flagged else result["text"]
        return {**result, "text": words, "sandbox": sandbox}


def _needs(needs: Needs) -> dict[str, Any]:
    """Choices that several questions share are listed with the first of them."""
    missing: list[dict[str, Any]] = []
    listed: dict[str, str] = {}
    for one in needs.missing:
        choices = [dict(choice) for choice in one.choices]
        first = listed.setdefault(repr(choices), one.field)
        shared = bool(choices) and first != one.field
        missing.append({
            "field": one.field, "question": one.question, "choices": [] if shared else choices,
            **({"choices_as": first} if shared else {}),
        })  # fmt: skip
    return {
        "status": "needs",
        "text": needs.text,
        "missing": missing,
        "next": "Ask the person these questions, with the choices; never answer them yourself. Nothing was drafted.",
    }


def _contradiction(no: Contradiction) -> dict[str, Any]:
    figures = {name: money(value, no.currency) for name, value in no.amounts.items()}
    return {
        "status": "contradiction",
        "text": f"{no.text[:1].upper()}{no.text[1:]}. Nothing was drafted.",
        "field": no.field,
        "choices": [dict(choice) for choice in no.choices],
        **no.facts,
        **figures,
        **({"currency": no.currency} if figures else {}),
        "next": "Tell the person what speaks against it, with the choices; do not change what they asked for yourself.",
    }


def _proposed(drafted: Drafted, plan: Plan) -> dict[str, Any]:
    proposal, currency = plan.proposals[0], drafted.currency
    figures: dict[str, Decimal] = dict(drafted.amounts)
    if drafted.lines:
        figures |= {"total": drafted.total}
        figures |= {name: value for name, value in (("net", drafted.net), ("tax", drafted.tax)) if value is not None}
    said = [e.text for e in proposal.evidence if e.kind == "filled_in"]
    doubts = [e.text for e in proposal.evidence if e.kind == "doubtful"]
    words = [f"Drafted for approval: {proposal.evidence[0].text.partition(': ')[2]}."]
    words += [f"{one[:1].upper()}{one[1:]}." for one in said]
    words += [f"Check: {one}." if not one.endswith("?") else f"Check: {one}" for one in doubts]
    result: dict[str, Any] = {
        "status": "proposed",
        "text": " ".join(words),
        "plan_id": plan.id,
        "proposal_id": proposal.id,
        "class": proposal.certainty,
        **drafted.facts,
        **{name: money(value, currency) for name, value in figures.items()},
        "currency": currency,
    }
    if drafted.lines:
        result["lines"] = [
            {
                "description": line.description,
                "quantity": f"{line.quantity:f}",
                "unit_amount": money(line.unit_amount, currency),
                "account_code": line.account_code,
                "account": line.account,
                "tax_type": line.tax_type,
                "tax_percent": f"{line.tax_rate:f}",
                "line_amount": money(line.line_amount, currency),
                "net": money(line.net, currency),
                "tax": money(line.tax, currency),
                "currency": currency,
            }
            for line in drafted.lines
        ]
    return {**result, "doubts": doubts, "next": "A person decides on it. It is not in the ledger before they approve."}


def _without_tokens(proposal: Proposal) -> list[Any]:
    """What a draft says, without what tells it from another that says the same."""
    found: list[Any] = []
    for write in proposal.writes:
        token = str((write.verify or {}).get("token", ""))
        said = repr(sorted(write.arguments.items(), key=lambda item: item[0]))
        found.append((write.operation, said.replace(token, "") if token else said, write.effects))
    return found
