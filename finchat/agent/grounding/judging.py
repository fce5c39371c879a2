"""Whether one fact carries what is said of a figure: value, entity, field and period together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finchat.agent.facts import FactPeriod
from finchat.agent.grounding.explaining import lacking, missing, no_number, short
from finchat.agent.grounding.filtering import filters_fit, is_late_by_filter
from finchat.agent.grounding.known import Knowledge, Known
from finchat.agent.grounding.lexicon import MONEY, NOUN_KINDS, RANKS, concepts, units_of, words_of
from finchat.agent.grounding.names import Names
from finchat.agent.grounding.said import NameSets, Said
from finchat.agent.grounding.shown import DOLLARS
from finchat.agent.grounding.verdicts import Verdict, same

_LOSS = re.compile(
    r"\b(?:loss|losses|deficit|negative|minus|credit|credits|refund|refunded|overpaid|overdrawn|decrease|decreased"
    r"|decline|declined|fell|fall|down|dropped|drop|less|lower|reduction|reduced|in credit|shortfall|below|shrank)\b",
    re.IGNORECASE,
)
_NET_LOSS = re.compile(r"\b(?:net loss|loss of|a loss|deficit)\b", re.IGNORECASE)
_OF_WHAT = re.compile(r"[\s*_`)]{0,4}of (?:the |our |your |total |its )*([a-z ]{3,30})")
# Money that goes out is shown with or without a sign.
_EITHER_SIGN = words_of("opex cogs paid spent tax deposited credited applied fee discount")
_PROFITS = words_of("net_profit operating_profit gross_profit")
_STATE = words_of("due overdue balance credit_limit terms credited")  # stands as of now, whatever period is asked for
_OWED = words_of("due overdue not_due balance")
_DOCUMENT_WORDS = words_of(
    "invoice bill payment deposit transaction quote note receipt refund transfer document order paid received sent"
)
_LINE_WORDS = words_of("line lines item items hour hours licence license unit units each quantity qty")
_LINE_FIELDS = words_of("quantity unit_price line_amount tax discount subtotal tax_rate")
_MOST_FOUND = 40
_MOST_DAYS = 36_500
# The nearer to a proof a fact comes, the better it explains what is missing.
_STEPS = ("unit", "entity", "field", "side", "period", "currency", "filter", "sign", "rank")


@dataclass(frozen=True, slots=True)
class _Reading:
    """One figure under one reading of whose it is, with the figures of the same claim."""

    said: Said
    names: NameSets
    beside: Sequence[Said]

    @property
    def required(self) -> list[frozenset[str]]:
        return [one for sets in self.names.values() for one in sets]


class Judge:
    """Judges figures one by one against the facts."""

    def __init__(self, knowledge: Knowledge, names: Names, as_of: date) -> None:
        self.knowledge, self.names, self.as_of = knowledge, names, as_of
        self._checks: tuple[tuple[str, Callable[[Known, _Reading], bool]], ...] = (
            ("unit", lambda known, reading: _unit_fits(known, reading.said)),
            ("entity", lambda known, reading: self.carries(known, reading.said, reading.names)),
            ("field", lambda known, reading: self._field_fits(known, reading.said)),
            ("side", lambda known, reading: _side_fits(known, reading.said)),
            ("period", lambda known, reading: self._period_fits(known, reading.said)),
            ("currency", lambda known, reading: self._currency_fits(known, reading.said)),
            ("filter", lambda known, r: filters_fit(known, r.said, r.beside, self.names, self.as_of)),
            ("sign", lambda known, reading: _sign_fits(known, reading.said)),
            ("rank", lambda known, reading: _rank_fits(known, reading.said)),
        )

    def judge(self, said: Said, beside: Sequence[Said]) -> Verdict:
        """`beside`: the figures of the same claim, itself among them."""
        verdict = Verdict(said, said.named, said.shown.numbers[0] if said.shown.numbers else Decimal(0))
        if said.open or said.misplaced or said.stranger:
            verdict.why = said.open or (
                f"it stands under {short(said.misplaced)}, which it is not"
                if said.misplaced
                else f"no record is called {short(said.stranger)}"
            )
        elif said.shown.unit == "identifier":
            self._number(verdict)
        else:
            self._figure(verdict, beside)
        return verdict

    def _figure(self, verdict: Verdict, beside: Sequence[Said]) -> None:
        for names in _readings(verdict.said):
            reading = _Reading(verdict.said, names, beside)
            found, why = self._each(reading) if verdict.said.each else self._find(reading)
            verdict.why = verdict.why or why
            if found:
                verdict.names = frozenset(name for one in reading.required for name in one)
                _prove(verdict, found)
                return
        verdict.why = verdict.why or missing(verdict.said)

    def _each(self, reading: _Reading) -> tuple[list[Known], str]:
        """Acme and Beta each owe 500: a fact for either."""
        kind, sets = next(((k, s) for k, s in reading.names.items() if len(s) > 1), ("", ()))
        found: list[Known] = []
        for names in sets:
            one, why = self._find(_Reading(reading.said, {**reading.names, kind: (names,)}, reading.beside))
            if not one:
                return [], why or missing(reading.said)
            found += one[:1]
        return found, ""

    def _find(self, reading: _Reading) -> tuple[list[Known], str]:
        """The facts that carry a figure, or what the nearest lacks."""
        if reading.said.shown.noun == "days" and (dated := self._by_dates(reading)):
            return dated, ""
        found: list[Known] = []
        why, nearest = "", -1
        for known in self._candidates(reading):
            step = next((name for name, fits in self._checks if not fits(known, reading)), "")
            if not step:
                found.append(known)
            elif _STEPS.index(step) > nearest:
                nearest, why = _STEPS.index(step), lacking(step, known, reading.said)
            if len(found) >= _MOST_FOUND:
                break
        named = [known for known in found if known.names or known.level != "document"]
        return named or found, why

    def _candidates(self, reading: _Reading) -> Iterator[Known]:
        """The facts whose value the figure can show."""
        shown, required = reading.said.shown, reading.required
        for day in shown.dates:
            yield from self.knowledge.on(day, required)
        seen: set[int] = set()
        for number in shown.numbers:
            half = shown.step / 2
            for low, high in ((number - half, number + half), (-number - half, -number + half)):
                for known in self.knowledge.between(low, high, required):
                    if id(known) not in seen and same(known.number, number, shown):
                        seen.add(id(known))
                        yield known

    # whom

    def carries(self, known: Known, said: Said, names: NameSets) -> bool:
        """The fact is about all that the figure is said of, and about nothing less: a figure of one document is not
        that of its contact, nor a contact's that of the organisation."""
        if not all(one & known.names for sets in names.values() for one in sets):
            return False
        if known.level == "org":
            return not any(names.values())
        if known.level == "line":
            return self._is_of_line(known, said, names)
        if known.level == "document":
            return self._is_of_document(known, said, names)
        if known.level == "label":
            return any(one & known.names for sets in names.values() for one in sets)
        here = {"account", "item"} if known.level in {"account", "item"} else {known.level}
        return any(names.get(kind) for kind in here | {"document"})

    def _is_of_line(self, known: Known, said: Said, names: NameSets) -> bool:
        if names.get("item") or names.get("account"):
            return True
        if not names.get("document"):
            return False
        if said.words & _LINE_WORDS or said.fields & _LINE_FIELDS:
            return True
        return not said.fields and self._alone(known, names)

    def _is_of_document(self, known: Known, said: Said, names: NameSets) -> bool:
        if names.get("document"):
            return True
        if not any(names.values()):
            # Nobody's record: the figures of the claim must be of the same one, which is seen to afterwards.
            return not known.names and not said.aggregate and not said.whole
        if said.words & _DOCUMENT_WORDS or (said.claim.row >= 0 and said.shown.unit == "date"):
            return True
        return self._alone(known, names)

    def _alone(self, known: Known, names: NameSets) -> bool:
        """No other record about the same names has such a figure that is not nought."""
        wanted = [one for sets in names.values() for one in sets]
        rivals = (other for name in wanted[0] for other in self.knowledge.about(name))
        rival = any(
            other.fact.record != known.fact.record
            and other.level == known.level
            and other.fact.unit == known.fact.unit
            and bool(other.concepts & known.concepts)
            and all(one & other.names for one in wanted)
            and not (other.names == known.names and other.fact.value == known.fact.value)
            and other.fact.value != 0
            for other in rivals
        )
        return not rival and not self.knowledge.exhausted

    # which field

    def _field_fits(self, known: Known, said: Said) -> bool:
        shown, held, fields = said.shown, known.concepts, said.fields - {"average"}
        if shown.unit == "count":
            return True
        if (known.function == "avg") != ("average" in said.fields):
            return "average" in said.fields & held
        if shown.unit == "money" and said.buckets:
            return (not fields or bool(fields & _OWED)) and _of_bucket(known, said)
        if shown.unit == "percent" and any(c.endswith("_margin") for c in held) and not _is_of_revenue(said):
            return False
        if fields:
            return self._is_field(known, said, fields)
        return not _bucketed(known) and not (said.weakly and known.fact.unit == "number")

    def _is_field(self, known: Known, said: Said, fields: frozenset[str]) -> bool:
        """The fact is one of the fields that the words name; one amount due is overdue or not by its date."""
        held = known.concepts
        if said.shown.unit == "money" and "due" in held and "overdue" not in held:
            if said.overdue:
                return self.is_overdue(known)
            if "not_due" in fields:
                return self._is_not_due(known)
        if fields & held:
            return not _bucketed(known) or ("overdue" in fields and "overdue" in known.tokens)
        own = set(re.findall(r"[a-z]+", known.fact.field)) - {"amount", "total", "value"}
        return not held and "?" not in fields and (known.level == "account" or bool(own & said.words))

    def is_overdue(self, known: Known) -> bool:
        """What a fact is about is overdue today, by its filters or the dates of its record."""
        if any(is_late_by_filter(one, self.as_of) for one in known.fact.filters):
            return True
        days = self._days_overdue(known)
        return days is not None and days > 0

    def _is_not_due(self, known: Known) -> bool:
        days = self._days_overdue(known)
        return days is not None and days <= 0

    def _days_overdue(self, known: Known) -> Decimal | None:
        if known.fact.derivation:
            return None
        for other in self.knowledge.of_record(known.fact.record):
            if isinstance(other.fact.value, date) and "due_date" in other.concepts:
                return Decimal((self.as_of - other.fact.value).days)
            if isinstance(other.fact.value, Decimal) and "days_overdue" in other.concepts:
                return other.fact.value
        return None

    def _by_dates(self, reading: _Reading) -> list[Known]:
        """34 days overdue: today less the due date of the record."""
        fields, days, names = reading.said.fields, int(reading.said.shown.numbers[0]), reading.names
        sets = [*names.get("document", ()), *names.get("contact", ())]
        if not sets or abs(days) > _MOST_DAYS:
            return []
        wanted = {days} if not fields or fields & {"days_overdue", "overdue"} else set[int]()
        wanted |= {-days} if "days_until_due" in fields else set()
        return [
            known
            for name in sets[0]
            for known in self.knowledge.about(name)
            if "due_date" in known.concepts
            and isinstance(known.fact.value, date)
            and (self.as_of - known.fact.value).days in wanted
            and self.carries(known, reading.said, names)
        ]

    # when

    def _period_fits(self, known: Known, said: Said) -> bool:
        period, now = known.fact.period, FactPeriod(first=None, last=self.as_of)
        if said.shown.unit == "date":
            return True
        if said.periods is None:
            return period in {None, now} or not self.knowledge.rivals(known.fact)
        if period in said.periods or (period in {None, now} and self._dated_in(known, said)):
            return True
        if period is not None or known.fact.derivation:
            return period == now and said.lent_period and known.level == "document"
        if said.lent_period:
            return known.level in {"document", "line"} or bool(known.concepts & _STATE)
        return now in said.periods

    def _dated_in(self, known: Known, said: Said) -> bool:
        """The record is of a day in the period that is named."""
        if known.fact.derivation or known.level not in {"document", "line"}:
            return False
        wanted = ("payment_date", "transaction_date") if "paid" in known.concepts else ("issue_date",)
        day = next((day for concept in wanted if (day := self.knowledge.day_of(known, concept))), None)
        return day is not None and any(p.first is not None and p.first <= day <= p.last for p in said.periods or ())

    # in what currency

    def _currency_fits(self, known: Known, said: Said) -> bool:
        held, currency = self.knowledge.currencies, known.fact.currency
        if known.fact.unit != "money" or not said.currencies:
            return True
        if said.currencies == DOLLARS and len(held & DOLLARS) > 1:
            return False
        if currency is None:
            return not held or bool(said.currencies & held)
        return currency in said.currencies

    # document numbers

    def _number(self, verdict: Verdict) -> None:
        said = verdict.said
        name = said.shown.name.casefold()
        contacts = said.names.get("contact", ())
        found = [known for known in self.knowledge.about(name) if all(one & known.names for one in contacts)]
        if not found and (contacts or name not in self.names):
            known = name in self.names or any(True for _ in self.knowledge.about(name))
            verdict.why = no_number(said.who if known else "", said)
            return
        verdict.verified = True
        verdict.facts = tuple(known.fact for known in found[:1])


def _readings(said: Said) -> Iterator[NameSets]:
    """Whose a figure can be: as it is plainly said; with everyday words meant as names; the whole organisation's, where
    the words speak of it and only an earlier sentence or the question names somebody."""
    yield said.names
    if said.optional:
        yield {
            kind: (*said.names.get(kind, ()), *said.optional.get(kind, ())) for kind in {*said.names, *said.optional}
        }
    if said.of_total:
        yield {}
    if said.lent and said.whole:
        yield {kind: names for kind, names in said.names.items() if kind not in said.lent}


def _prove(verdict: Verdict, found: Sequence[Known]) -> None:
    verdict.verified, verdict.why = True, ""
    verdict.facts = tuple(known.fact for known in found[:3])
    verdict.concepts = frozenset().union(*(known.concepts for known in found))
    verdict.periods = frozenset(known.fact.period for known in found)
    verdict.currencies = frozenset(known.fact.currency for known in found if known.fact.currency)
    verdict.records = frozenset(known.fact.record for known in found)
    verdict.nameless = all(known.level == "document" and not known.names for known in found)


def _unit_fits(known: Known, said: Said) -> bool:
    shown, unit = said.shown, known.fact.unit
    if shown.times or shown.points:
        return False
    if shown.unit == "count":
        return unit in {"count", "number"} and _counted(known, shown.noun)
    if shown.unit in {"date", "percent"}:
        return unit == shown.unit
    if shown.noun == "days":
        return unit in {"number", "count"}
    if shown.currencies or unit != "count":
        return unit == "money" or (unit == "number" and not shown.currencies)
    counts = bool(said.statuses or said.words & set(NOUN_KINDS)) and said.fields <= {"due", "overdue"}
    return shown.bare and (counts or bool(said.fields & known.concepts))


def _counted(known: Known, noun: str) -> bool:
    """The fact counts what the noun says."""
    single = noun.rstrip("s")
    kinds = NOUN_KINDS.get(noun, frozenset({single}))
    if known.fact.kind in kinds or known.tokens & {*kinds, noun, single}:
        return True
    if known.tokens & {"document", "documents"}:
        return single in {"invoice", "bill", "document", "note"}
    return single in {"record", "row", "entry", "result", "line", "item"} and known.function == "count"


def _side_fits(known: Known, said: Said) -> bool:
    if known.side == "sales":
        return said.sales or not said.purchases
    return not known.side or said.purchases or not said.sales


def _sign_fits(known: Known, said: Said) -> bool:
    """A figure has the sign of the fact; the other one where the words turn it round: "a net loss of 1,500"."""
    if said.shown.unit in {"date", "count"} or not said.shown.numbers or known.number == 0:
        return True
    if (known.number < 0) == (said.shown.numbers[0] < 0):
        return known.number < 0 or not (_NET_LOSS.search(said.near) and known.concepts & _PROFITS)
    loss = bool(_LOSS.search(said.near)) or (said.claim.row >= 0 and bool(_LOSS.search(said.context)))
    return bool(known.concepts & _EITHER_SIGN) or (known.number < 0 and loss)


def _rank_fits(known: Known, said: Said) -> bool:
    """The largest of some is said to be that; a difference is no fact."""
    if said.compared:
        return False
    return known.function not in {"max", "min"} or bool(
        said.words & (RANKS | {"maximum", "minimum", "max", "min", "earliest"})
    )


def _bucketed(known: Known) -> bool:
    """The fact is of one age bucket."""
    return "n" in known.tokens and any(token.isdigit() for token in known.tokens)


def _of_bucket(known: Known, said: Said) -> bool:
    held = [known.tokens, *(frozenset(re.findall(r"\d+", name)) for name in known.names)]
    return any(set(bucket) <= tokens for bucket in said.buckets for tokens in held)


def _is_of_revenue(said: Said) -> bool:
    """A margin is a share of revenue, or the text does not say of what."""
    at = said.shown.end - said.scan.start
    match = _OF_WHAT.match(said.scan.folded[at : at + 60])
    if match is None:
        return True
    named = {c for _, _, hit in concepts(match[1].split()) for c in hit if MONEY in units_of(c)}
    return not named or "revenue" in named
