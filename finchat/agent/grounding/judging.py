"""Whether one fact carries what is said of a figure: value, entity, field and period together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation

from finchat.agent.facts import Fact, FactPeriod, Filter
from finchat.agent.grounding.known import Knowledge, Known
from finchat.agent.grounding.lexicon import MONEY, NOUN_KINDS, RANKS, WEAK, concepts, units_of
from finchat.agent.grounding.names import Names
from finchat.agent.grounding.said import Said
from finchat.agent.grounding.shown import DOLLARS, Shown

_LOSS = re.compile(
    r"\b(?:loss|losses|deficit|negative|minus|credit|credits|refund|refunded|overpaid|overdrawn|decrease|decreased|decline"
    r"|declined|fell|fall|down|dropped|drop|less|lower|reduction|reduced|in credit|shortfall|below|shrank)\b",
    re.I,
)
_NET_LOSS = re.compile(r"\b(?:net loss|loss of|a loss|deficit)\b", re.I)
# Money that goes out is shown with or without a sign.
_EITHER_SIGN = frozenset(
    {"opex", "cogs", "paid", "spent", "tax", "deposited", "credited", "applied", "fee", "discount"}
)
_STATE = frozenset({"due", "overdue", "balance", "credit_limit", "terms", "credited"})
_DOCUMENT_WORDS = frozenset(
    [
        "invoice",
        "bill",
        "payment",
        "deposit",
        "transaction",
        "quote",
        "note",
        "receipt",
        "refund",
        "transfer",
        "document",
        "order",
        "paid",
        "received",
        "sent",
    ]
)
_LINE_WORDS = frozenset(
    [
        "line",
        "lines",
        "item",
        "items",
        "hour",
        "hours",
        "licence",
        "license",
        "unit",
        "units",
        "each",
        "quantity",
        "qty",
    ]
)
_MOST_FOUND = 40
_TRIVIAL = frozenset({"", "0", "0.0", "0.00", "false", "none", "null"})
_SALES_TYPES = frozenset({"accrec", "invoice", "sales", "sales_invoice", "receivable", "customer", "receive", "income"})
_PURCHASE_TYPES = frozenset({"accpay", "bill", "purchase", "purchases", "payable", "supplier", "spend", "expense"})
_OPEN_TYPES = frozenset(
    {"authorised", "authorized", "open", "unpaid", "submitted", "outstanding", "active", "sent", "approved"}
)
_STATUS_WORDS = {
    "paid": {"paid", "settled"}, "draft": {"draft", "propos", "prepare", "would", "plan", "suggest", "approv"}, "voided": {"voided", "void"}, "deleted": {"deleted"},
    "archived": {"archived"},
}  # fmt: skip
# The nearer to a proof a fact comes, the better it explains what is missing.
_STEPS = ("unit", "entity", "field", "side", "period", "currency", "filter", "sign", "rank", "")


@dataclass(slots=True)
class Verdict:
    """What a figure stands on: facts, or other figures of the answer (`derivation` says how)."""

    said: Said
    facts: tuple[Fact, ...] = ()
    derivation: str = ""
    inputs: tuple[Verdict, ...] = ()
    why: str = ""
    value: Decimal | None = None
    concepts: frozenset[str] = frozenset()
    verified: bool = False
    nameless: bool = False  # it stands on records that name nobody
    records: frozenset[str] = frozenset()
    periods: frozenset[FactPeriod | None] = frozenset()
    currencies: frozenset[str] = frozenset()

    names: frozenset[str] = frozenset()


@dataclass(slots=True)
class Judge:
    """Judges figures one by one against the facts."""

    knowledge: Knowledge
    names: Names
    as_of: date
    _conditions: dict[int, list[Said]] = field(default_factory=dict)

    def judge(self, said: Said, beside: Sequence[Said]) -> Verdict:
        """`beside`: the figures of the same claim, itself among them."""
        verdict = Verdict(said, value=said.shown.numbers[0] if said.shown.numbers else None)
        verdict.names = frozenset(name for names in said.required() for name in names)
        if said.open:
            verdict.why = said.open
            return verdict
        if said.misplaced:
            verdict.why = f"it stands under {_short(said.misplaced)}, which it is not"
            return verdict
        if said.shown.unit == "identifier":
            return self._identifier(verdict)
        if said.stranger:
            verdict.why = f"no record is called {_short(said.stranger)}"
            return verdict
        if said.each:
            return self._each(verdict, beside)
        found, why = self._find(said, said.names, beside)
        for names in self._variants(said):
            if found:
                break
            found, other = self._find(said, names, beside)
            if found:
                verdict.names = frozenset(n for sets in names.values() for one in sets for n in one)
            why = why or other
        if found:
            return self._proved(verdict, found)
        verdict.why = why or self._missing(said)
        return verdict

    def _variants(self, said: Said) -> Iterator[dict[str, tuple[frozenset[str], ...]]]:
        """Readings beside the plain one: everyday words meant as names, and a name that only the question lends left
        out where the words speak of the whole organisation."""
        if said.optional:
            merged = dict(said.names)
            for kind, names in said.optional.items():
                merged[kind] = (*merged.get(kind, ()), *names)
            yield merged
        if said.of_total:
            yield {}
        if said.lent and said.whole:
            yield {kind: names for kind, names in said.names.items() if kind not in said.lent}

    def _each(self, verdict: Verdict, beside: Sequence[Said]) -> Verdict:
        said = verdict.said
        found: list[Known] = []
        for kind, sets in said.names.items():
            if len(sets) < 2:
                continue
            for names in sets:
                one, why = self._find(said, {**said.names, kind: (names,)}, beside)
                if not one:
                    verdict.why = why or self._missing(said)
                    return verdict
                found += one[:1]
        return self._proved(verdict, found)

    def _proved(self, verdict: Verdict, found: list[Known]) -> Verdict:
        verdict.verified = True
        verdict.facts = tuple(known.fact for known in found[:3])
        verdict.concepts = frozenset().union(*(k.concepts for k in found))
        verdict.periods = frozenset(k.fact.period for k in found)
        verdict.nameless = all(k.level == "document" and not k.names for k in found)
        verdict.records = frozenset(k.fact.record for k in found)
        verdict.currencies = frozenset(k.fact.currency for k in found if k.fact.currency)
        return verdict

    # finding

    def _find(
        self, said: Said, names: dict[str, tuple[frozenset[str], ...]], beside: Sequence[Said]
    ) -> tuple[list[Known], str]:
        best, best_step = "", -1
        found: list[Known] = []
        shown = said.shown
        if shown.unit == "number" and shown.noun == "days":
            dated = self._by_dates(said, names)
            if dated:
                return dated, ""
        required = [one for sets in names.values() for one in sets]
        for known in self._candidates(said, required):
            step = self._step(known, said, names, beside)
            if step == "":
                found.append(known)
                if len(found) >= _MOST_FOUND:
                    break
            elif _STEPS.index(step) > best_step:
                best_step, best = _STEPS.index(step), self._explain(step, known, said)
        named = [known for known in found if known.names or known.level != "document"]
        return named or found, best

    def _candidates(self, said: Said, required: list[frozenset[str]]) -> Iterator[Known]:
        shown = said.shown
        if shown.dates:
            for day in shown.dates:
                yield from self.knowledge.on(day, required)
            return
        for number in shown.numbers:
            half = shown.step / 2
            seen = set()
            for low, high in ((number - half, number + half), (-number - half, -number + half)):
                for known in self.knowledge.between(low, high, required):
                    if id(known) not in seen and _same(known.number, number, shown):
                        seen.add(id(known))
                        yield known

    def _step(
        self, known: Known, said: Said, names: dict[str, tuple[frozenset[str], ...]], beside: Sequence[Said]
    ) -> str:  # fmt: skip
        """The first thing that a fact lacks to carry a figure; "" when it carries it."""
        checks = (
            ("unit", lambda: self._unit(known, said)),
            ("entity", lambda: self._entity(known, said, names, beside)),
            ("field", lambda: self._field(known, said)),
            ("side", lambda: _side(known, said)),
            ("period", lambda: self._period(known, said)),
            ("currency", lambda: self._currency(known, said)),
            ("filter", lambda: self._filters(known, said, names, beside)),
            ("sign", lambda: self._sign(known, said)),
            ("rank", lambda: _rank(known, said)),
        )
        return next((name for name, holds in checks if not holds()), "")

    def _unit(self, known: Known, said: Said) -> bool:
        shown, unit = said.shown, known.fact.unit
        if shown.unit == "date":
            return unit == "date"
        if shown.times or shown.points:
            return False
        if shown.unit == "percent":
            return unit == "percent"
        if shown.unit == "count":
            return unit in {"count", "number"} and self._counted(known, said)
        if shown.noun == "days":
            return unit in {"number", "count"}
        if shown.currencies:
            return unit == "money"
        if unit == "count":
            if shown.bare and said.fields & known.concepts:
                return True
            return (
                shown.bare and bool(said.statuses or said.words & set(NOUN_KINDS)) and said.fields <= {"due", "overdue"}
            )
        return unit in {"money", "number"}

    def _counted(self, known: Known, said: Said) -> bool:
        """The fact counts what the noun says."""
        noun = said.shown.noun
        kinds = NOUN_KINDS.get(noun, frozenset({noun.rstrip("s")}))
        if known.fact.kind in kinds or known.tokens & kinds or noun in known.tokens or noun.rstrip("s") in known.tokens:
            return True
        if known.tokens & {"document", "documents"}:
            return noun.rstrip("s") in {"invoice", "bill", "document", "note"}
        return noun.rstrip("s") in {"record", "row", "entry", "result", "line", "item"} and known.function == "count"

    # whom

    def _entity(
        self, known: Known, said: Said, names: dict[str, tuple[frozenset[str], ...]], beside: Sequence[Said] = ()
    ) -> bool:
        for sets in names.values():
            if not all(one & known.names for one in sets):
                return False
        return self._level(known, said, names) or self._pointed_at(known, said, beside)

    def _pointed_at(self, known: Known, said: Said, beside: Sequence[Said]) -> bool:
        """A record that has no name, such as a bank line: it is told by another of its figures in the same claim."""
        if known.names or known.level != "document" or known.fact.derivation:
            return False
        others = [
            other for other in self.knowledge.of_record(known.fact.record) if other.fact.field != known.fact.field
        ]
        return any(
            other.fact.value in one.shown.dates
            or (other.fact.unit != "date" and any(_same(other.number, n, one.shown) for n in one.shown.numbers))
            for one in beside
            if one is not said
            for other in others
        )

    def _level(self, known: Known, said: Said, names: dict[str, tuple[frozenset[str], ...]]) -> bool:
        """A figure of one document is not that of its contact, nor a contact's that of the organisation."""
        level = known.level
        named = any(names.values())
        if level == "org":
            return not named
        if level == "line":
            if not names.get("document") and not names.get("item") and not names.get("account"):
                return False
            return bool(
                names.get("item")
                or names.get("account")
                or said.words & _LINE_WORDS
                or said.fields & {"quantity", "unit_price", "line_amount", "tax", "discount", "subtotal", "tax_rate"}
                or (not said.fields and self._alone(known, names))
            )
        if level == "document":
            if names.get("document"):
                return True
            if not named:
                # Nobody's record: the figures of the claim must be of the same one, which is seen to afterwards.
                return not known.names and not said.aggregate and not said.whole
            if said.words & _DOCUMENT_WORDS or (said.claim.row >= 0 and said.shown.unit == "date"):
                return True
            return self._alone(known, names)
        if level == "label":
            return named and any(one & known.names for sets in names.values() for one in sets)
        return (
            bool(names.get(level))
            or bool(names.get("document"))
            or (level in {"account", "item"} and bool(names.get("account") or names.get("item")))
        )

    def _alone(self, known: Known, names: dict[str, tuple[frozenset[str], ...]]) -> bool:
        """No other record about the same names has such a figure that is not nought."""
        first = next((one for sets in names.values() for one in sets), frozenset())
        wanted = [one for sets in names.values() for one in sets]
        for name in first:
            for other in self.knowledge.about(name):
                if (
                    other.fact.record != known.fact.record
                    and other.level == known.level
                    and other.fact.unit == known.fact.unit
                    and other.concepts & known.concepts
                    and all(one & other.names for one in wanted)
                    and not (other.names == known.names and other.fact.value == known.fact.value)
                    and other.fact.value != 0
                ):
                    return False
        return not self.knowledge.exhausted

    # which field

    def _field(self, known: Known, said: Said) -> bool:
        if said.shown.unit == "count":
            return True
        if (known.function == "avg") != ("average" in said.fields):
            return "average" in said.fields & known.concepts
        fields = said.fields - {"average"}
        carried = known.concepts
        if said.buckets and said.shown.unit == "money":
            numbers = [set(bucket) for bucket in said.buckets]
            if fields and not fields & {"due", "overdue", "not_due", "balance"}:
                return False
            return any(
                bucket <= known.tokens or any(bucket <= set(re.findall(r"\d+", n)) for n in known.names)
                for bucket in numbers
            )
        if said.shown.unit == "percent" and any(c.endswith("_margin") for c in carried) and not _of_revenue(said):
            return False
        if not fields:
            return not _bucketed(known) and not (said.weakly and known.fact.unit == "number")
        if "overdue" in fields and "due" in carried and "overdue" not in carried and said.shown.unit == "money":
            return self._is_overdue(known)
        if "not_due" in fields and "due" in carried and said.shown.unit == "money":
            return known.level == "document" and self._is_overdue(known) is False and self._has_due_date(known)
        if fields & carried:
            if said.overdue and "overdue" not in carried and said.shown.unit == "money" and "due" in carried:
                return self._is_overdue(known)
            return not _bucketed(known) or ("overdue" in fields and "overdue" in known.tokens)
        if not carried and "?" not in fields:
            own = set(re.findall(r"[a-z]+", known.fact.field))
            return known.level == "account" or bool(own & said.words - {"amount", "total", "value"})
        return False

    def _is_overdue(self, known: Known) -> bool:
        if any(
            _dated_before(f, self.as_of) or (f.field.startswith("min_days") and _positive(f.value))
            for f in known.fact.filters
        ):
            return True
        if known.fact.derivation:
            return False
        for other in self.knowledge.of_record(known.fact.record):
            if isinstance(other.fact.value, date) and "due_date" in other.concepts:
                return other.fact.value < self.as_of
            if "days_overdue" in other.concepts and isinstance(other.fact.value, Decimal):
                return other.fact.value > 0
        return False

    def _has_due_date(self, known: Known) -> bool:
        return self.knowledge.day_of(known, "due_date") is not None

    def _by_dates(self, said: Said, names: dict[str, tuple[frozenset[str], ...]]) -> list[Known]:
        """34 days overdue: today less the due date of the record."""
        fields = said.fields
        days = int(said.shown.numbers[0])
        if not (names.get("document") or names.get("contact")) or abs(days) > 36500:
            return []
        back = bool(fields & {"days_overdue", "overdue"}) or not fields
        ahead = "days_until_due" in fields
        first = next((one for kind in ("document", "contact") for one in names.get(kind, ())), frozenset())
        found = []
        for name in first:
            for known in self.knowledge.about(name):
                day = known.fact.value
                if not isinstance(day, date) or "due_date" not in known.concepts:
                    continue
                late = (self.as_of - day).days
                if ((back and late == days) or (ahead and late == -days)) and self._entity(known, said, names):
                    found.append(known)
        return found

    # when

    def _period(self, known: Known, said: Said) -> bool:
        period = known.fact.period
        now = FactPeriod(first=None, last=self.as_of)
        if said.shown.unit == "date":
            return True
        if said.periods is None:
            if period is None or period == now:
                return True
            return not self.knowledge.rivals(known.fact)
        if period is not None:
            if period in said.periods:
                return True
            if period.first is None and said.lent_period and period == now and known.level == "document":
                return True
            return period.first is None and period.last == self.as_of and self._dated_in(known, said)
        if now in said.periods and not known.fact.derivation:
            return True
        if said.lent_period and not known.fact.derivation:
            return known.level in {"document", "line"} or bool(known.concepts & _STATE)
        return self._dated_in(known, said)

    def _dated_in(self, known: Known, said: Said) -> bool:
        """The record is of a day in the period that is named."""
        if known.fact.derivation or known.level not in {"document", "line"} or said.periods is None:
            return False
        paid = bool(known.concepts & {"paid"})
        day = self.knowledge.day_of(known, "payment_date" if paid else "issue_date")
        if day is None and paid:
            day = self.knowledge.day_of(known, "transaction_date")
        return day is not None and any(p.first is not None and p.first <= day <= p.last for p in said.periods)

    # in what currency

    def _currency(self, known: Known, said: Said) -> bool:
        if known.fact.unit != "money" or not said.currencies:
            return True
        if said.currencies == DOLLARS and len(self.knowledge.currencies & DOLLARS) > 1:
            return False
        currency = known.fact.currency
        if currency is None:
            return not self.knowledge.currencies or bool(said.currencies & self.knowledge.currencies)
        return currency in said.currencies

    # over what

    def _filters(
        self, known: Known, said: Said, names: dict[str, tuple[frozenset[str], ...]], beside: Sequence[Said]
    ) -> bool:
        fact = known.fact
        heard = f"{said.context} \n {said.question}"
        for one in fact.filters:
            if not self._filter(one, known, said, heard):
                return False
        statuses = said.statuses - {"open", "authorised"}
        if said.shown.unit == "count" and statuses:
            traces = " ".join(
                [*known.tokens, *(f.value.casefold() for f in fact.filters), *(f.field for f in fact.filters)]
            )
            for status in statuses:
                if status == "overdue":
                    if "overdue" in traces or any(_dated_before(f, self.as_of) for f in fact.filters):
                        if not any(f.field.startswith("min_days") and not _positive(f.value) for f in fact.filters):
                            continue
                    return False
                if status not in traces:
                    return False
        if (fact.derivation or known.level in {"org", "contact"}) and said.shown.unit in {"count", "money"}:
            for other in beside:
                if (
                    other.condition
                    and other is not said
                    and said.scan.segment(other.shown.start) == said.scan.segment(said.shown.start)
                ):
                    if not self._limited(known, other):
                        return False
        if said.buckets and said.shown.unit == "count":
            return any(set(bucket) <= known.tokens for bucket in said.buckets)
        return True

    def _limited(self, known: Known, condition: Said) -> bool:
        number = condition.shown.numbers[0] if condition.shown.numbers else None
        values = {f.value for f in known.fact.filters} | set(known.tokens)
        plain = {f"{number + shift:f}" for shift in (0, 1)} if number is not None else set()
        if values & plain:
            return True
        for one in known.fact.filters:
            if number is not None and _decimal(one.value) in {number, number + 1}:
                return True
            day = _day(one.value)
            if day is not None and number is not None and abs((self.as_of - day).days - int(number)) <= 1:
                return True
        return False

    def _filter(self, one: Filter, known: Known, said: Said, heard: str) -> bool:
        value, name = one.value.casefold().strip(), one.field
        if value in _TRIVIAL:
            return True
        last = name.split("_")[-1]
        if last in {"currency", "code"} and len(value) == 3 and name.endswith(("currency", "currency_code")):
            return known.fact.currency is None or known.fact.currency.casefold() == value
        if last == "type":
            return _type_fits(value, said)
        if last in {"status", "state"} or name == "statuses":
            return all(_status_fits(part.strip(), known, said, heard) for part in value.split(","))
        day = _day(value)
        if day is not None:
            if last in {"date", "from", "to", "on", "day"} and not name.startswith("due"):
                return self._dates_fit(known, said)
            if name.startswith("due"):
                return (
                    said.overdue
                    or "overdue" in said.statuses
                    or "overdue" in heard
                    or value in heard
                    or self._spelled(day, heard)
                )
            return value in heard or self._spelled(day, heard)
        if one.operator in {"=", "==", "in"} and self._pinned(value, said, heard):
            return True
        number = _decimal(value)
        if number is not None and "days" in name and number > 0:
            return _literal(value, heard) or _literal(f"{number - 1:f}", heard)
        if one.operator in {">", ">=", "!=", "<>"} and _decimal(value) == 0:
            return True
        return _literal(value, heard)

    def _pinned(self, value: str, said: Said, heard: str) -> bool:
        """The value names what the figure is said of."""
        named = {name for names in said.required() for name in names}
        named |= {name for sets in said.optional.values() for names in sets for name in names}
        parts = [part.strip() for part in value.split(", ")]
        return all(
            part in named or bool(self.names.full(part) & named) or (len(part) >= 3 and any(part in n for n in named))
            for part in parts
        )

    def _dates_fit(self, known: Known, said: Said) -> bool:
        """Bounds on the records' dates are the period; what they come to is compared with the period named."""
        if known.fact.period is not None:
            return True  # held as a period
        first = last = None
        for one in known.fact.filters:
            day = _day(one.value.casefold().strip())
            if day is None or one.field.startswith("due"):
                continue
            if one.operator.startswith(">"):
                first = day
            elif one.operator.startswith("<"):
                last = day
            else:
                first = last = day
        if said.periods is None:
            return False
        return any(
            (first is None or p.first == first) and (p.last == last if last is not None else p.last == self.as_of)
            for p in said.periods
        )

    @staticmethod
    def _spelled(day: date, heard: str) -> bool:
        return any(
            form in heard
            for form in (
                f"{day.day} {day:%B}".casefold(),
                f"{day.day} {day:%b}".casefold(),
                f"{day:%b} {day.day}".casefold(),
                f"{day:%B} {day.day}".casefold(),
            )
        )

    # which way

    def _sign(self, known: Known, said: Said) -> bool:
        if said.shown.unit in {"date", "count"} or not said.shown.numbers:
            return True
        value, number = known.number, said.shown.numbers[0]
        loss = bool(_LOSS.search(said.near)) or (said.claim.row >= 0 and bool(_LOSS.search(said.context)))
        if value == 0:
            return True
        if (value < 0) == (number < 0):
            profit = {"net_profit", "operating_profit", "gross_profit"}
            return not (value > 0 and _NET_LOSS.search(said.near) and known.concepts & profit)
        return bool(known.concepts & _EITHER_SIGN) or (value < 0 and loss)

    # words

    def _explain(self, step: str, known: Known, said: Said) -> str:
        shown, fact = said.shown.text, known.fact
        of = _said_field(fact)
        whose = ", ".join(sorted(fact.entities, key=str.casefold)[:3]) or "the whole organisation"
        who = said.who or "the whole organisation"
        if step == "entity":
            return f"{_short(shown)} is the {of} of {_short(whose)}, not of {_short(who)}"
        if step == "field":
            return f"{_short(shown)} is the {of} of {_short(whose)}, not the {_short(said.word) or 'field named'}"
        if step == "side":
            return f"{_short(shown)} is of {known.side}"
        if step == "period":
            return f"{_short(shown)} is the {of} {_period_words(fact.period)}"
        if step == "currency":
            return f"{_short(shown)} is in {fact.currency or 'no currency that is told'}; name the currency"
        if step == "filter":
            limits = "; ".join(f"{f.field} {f.operator} {f.value}" for f in fact.filters[:3])
            return f"{_short(shown)} is computed over other records ({_short(limits) or 'all of them'})"
        if step == "sign":
            return f"{_short(shown)} has the other sign in the evidence"
        if step == "rank" and said.compared:
            return f"{_short(shown)} is the {of} of {_short(whose)}, not a difference"
        if step == "rank":
            return f"{_short(shown)} is the {fact.derivation}"
        return ""

    def _missing(self, said: Said) -> str:
        who = said.who
        noun = "count" if said.shown.unit == "count" else said.word
        of = f" as {_short(noun)}" if noun else ""
        return f"no record{' of ' + _short(who) if who else ''} has {_short(said.shown.text)}{of}"

    # document numbers

    def _identifier(self, verdict: Verdict) -> Verdict:
        said = verdict.said
        name = said.shown.name.casefold()
        found = [k for k in self.knowledge.about(name)]
        if not found and name not in self.names:
            verdict.why = f"no record has the number {_short(said.shown.name)}"
            return verdict
        contacts = said.names.get("contact", ())
        if said.stranger:
            verdict.why = f"no record is called {_short(said.stranger)}"
            return verdict
        if contacts:
            fitting = [k for k in found if all(one & k.names for one in contacts)]
            if not fitting:
                verdict.why = f"no record of {_short(said.who)} has the number {_short(said.shown.name)}"
                return verdict
            found = fitting
        verdict.verified = True
        verdict.facts = tuple(k.fact for k in found[:1])
        return verdict


def _short(text: str) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= 80 else folded[:79] + "…"


def _said_field(fact: Fact) -> str:
    return _short(fact.derivation or fact.field.replace("_", " ") or "figure")


def _period_words(period: FactPeriod | None) -> str:
    if period is None:
        return "of no period"
    return f"as of {period.last}" if period.first is None else f"of {period.first} to {period.last}"


def _same(value: Decimal, number: Decimal, shown: Shown) -> bool:
    """The value, rounded half up or half to even to the places shown, is the number; either sign."""
    if shown.unit == "count" or shown.noun:
        return value == number
    size, wanted = abs(value), abs(number)
    if size == wanted:
        return True
    if shown.step >= 1 and shown.bare and shown.step == 1 and wanted < 100:
        return False  # a small whole number is no rounding
    if shown.step > 1 and abs(size - wanted) * 20 > size:
        return False  # "1k" is no rounding of 830
    try:
        return any(
            (size / shown.step).quantize(Decimal(1), rounding) * shown.step == wanted
            for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN)
        )
    except InvalidOperation:
        return False


def _side(known: Known, said: Said) -> bool:
    if known.side == "sales":
        return said.sales or not said.purchases
    if known.side == "purchases" and not said.purchases and said.sales:
        return False
    return True


def _rank(known: Known, said: Said) -> bool:
    if said.compared:
        return False
    if known.function in {"max", "min"}:
        return bool(said.words & (RANKS | {"maximum", "minimum", "max", "min", "earliest"}))
    return True


def _bucketed(known: Known) -> bool:
    """The fact is of one age bucket."""
    return "n" in known.tokens and any(token.isdigit() for token in known.tokens)


def _of_revenue(said: Said) -> bool:
    """A margin is a share of revenue, or the text does not say of what."""
    at = said.shown.end - said.scan.start
    match = re.match(r"[\s*_`)]{0,4}of (?:the |our |your |total |its )*([a-z ]{3,30})", said.scan.folded[at : at + 60])
    if match is None:
        return True
    named = {c for _, _, hit in concepts(match[1].split()) for c in hit if MONEY in units_of(c)}
    return not named or "revenue" in named


def _type_fits(value: str, said: Said) -> bool:
    if value in _SALES_TYPES:
        return said.sales or not said.purchases
    if value in _PURCHASE_TYPES:
        return said.purchases or not said.sales
    return _literal(value, said.context + " \n " + said.question)


def _status_fits(value: str, known: Known, said: Said, heard: str) -> bool:
    if value in _OPEN_TYPES:
        return "paid" not in said.statuses
    for status, words in _STATUS_WORDS.items():
        if value == status:
            return any(word in heard or (status == "draft" and word in said.earlier) for word in words)
    return _literal(value, heard)


def _literal(value: str, heard: str) -> bool:
    """The value stands in the words, as itself and not inside another."""
    number = _decimal(value)
    if number is not None:
        for match in re.finditer(r"\d[\d,.' ]*", heard):
            if _decimal(match.group().strip(" .,").replace(",", "")) == number:
                return True
        return False
    spaced = value.replace("_", " ")
    return bool(re.search(rf"(?<!\w){re.escape(spaced)}(?!\w)", heard))


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"-?\d{1,20}(?:\.\d{1,10})?", text, re.ASCII) else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if re.match(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def _positive(text: str) -> bool:
    number = _decimal(text)
    return number is not None and number > 0


def _dated_before(one: Filter, as_of: date) -> bool:
    day = _day(one.value)
    return one.field.startswith("due") and one.operator in {"<", "<="} and day is not None and day <= as_of


__all__ = ["WEAK", "Iterable", "Judge", "Verdict"]
