"""What a person's decisions teach about counterparties: observations in, facts out, and what the books may know of it.

An observation is one decision of a person about one bank line: confirmed (`sign` 1), refused (-1, of codings alone),
or said outright (`said`, an edit of the memory itself). A confirmation taken back is none. Facts are what observations
of one key agree on. Everything here is pure and independent of the order in which observations came.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from finchat.books.documents import (
    Books,
    CodedTransaction,
    Coding,
    ConfirmedLine,
    Direction,
    Habit,
    ResidualKind,
)
from finchat.books.matching.text import letters_only, unspaced, words

# A decision weighs half after so many days: names and habits outlive a yearly cycle, but not two silent ones.
HALF_LIFE_DAYS = 540
# Agreement weighs more than one fresh decision before it counts at all, so that one alone never does.
THRESHOLD = 1.1
# A person who edits the memory says it deliberately: as much as two confirmations.
SAID_WEIGHT = 2.0
# Confirmations on so many different bank lines; names and accounts also on so many different days.
AT_LEAST = 2
# Confirmed codings are recalled until they weigh less than this (two half-lives).
_FORGOTTEN = 0.25
# So far back the books hold the ledger's own coded money; what is newer and not there was deleted or changed.
LEDGER_SHOWS = dt.timedelta(days=400)
_CUT_OFF = 9  # letters; banks cut names off after some twenty
_SHORTEST_NAME = 4  # letters of a text that can be somebody's name

FactKind = Literal["name", "account", "residual", "coding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One decision about one bank line.

    `key` is what was seen: the words of a text, the digest of an account, a contact with the kind of rest or the
    direction. `contact_id` and `coding` are the answer. `text` is the bank's text; `shown` what a person knows the key
    by. `source` is PLAN/PROPOSAL; `at` the instant of the decision, `day` the date of the line.
    """

    id: str
    kind: FactKind
    key: str
    contact_id: str
    contact: str
    sign: Literal[1, -1]
    at: dt.datetime
    line_id: str
    day: dt.date
    direction: Direction
    amount: Decimal
    currency: str
    text: str
    shown: str
    account_id: str = ""
    coding: Coding | None = None
    coding_text: str = ""
    residual: ResidualKind | None = None
    said: bool = False
    source: str = ""
    ledger_ids: tuple[str, ...] = ()

    @property
    def answer(self) -> tuple[str, Coding | None]:
        return self.contact_id, self.coding


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What observations of one key say, for one answer. `weight` is agreement less contradiction, decayed to the day
    asked about; only what is `believed` is used. `fades` is the day from which it is not, without another word."""

    id: str
    kind: FactKind
    key: str
    contact_id: str
    contact: str
    coding: Coding | None
    coding_text: str
    residual: ResidualKind | None
    direction: Direction
    shown: str
    confirmed: int
    contradicted: int
    said: bool
    weight: float
    believed: bool
    last: dt.date
    fades: dt.date | None
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What memory adds to the books of one organisation.

    `history` carries digests in place of account numbers; `remembering` puts the numbers of the books' own lines back.
    `written` names what the ledger made of each of its lines. `said`: codings a person set by hand, with the day.
    """

    history: tuple[ConfirmedLine, ...] = ()
    habits: tuple[Habit, ...] = ()
    codings: tuple[CodedTransaction, ...] = ()
    doubted: frozenset[tuple[str, Coding]] = frozenset()
    said: tuple[tuple[str, Direction, Coding, dt.date], ...] = ()
    written: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    salt: str = ""


def account_digest(number: str, salt: str) -> str:
    """A payer's account as memory keeps it: equal for equal numbers, however they are written, and nothing else."""
    plain = "".join(words(number))
    return hmac.new(salt.encode(), plain.encode(), hashlib.sha256).hexdigest()


def name_key(text: str) -> str:
    """The words of a bank text that may be a name, as the key they are remembered by; "" when there is too little."""
    kept = [w for w in dict.fromkeys(words(text)) if letters_only(w) and (len(w) > 1 or unspaced(w))]
    return " ".join(kept) if sum(map(len, kept)) >= _SHORTEST_NAME or any(map(unspaced, kept)) else ""


def says_name(text: str, name: str) -> bool:
    """Whether a text holds every longer word of a contact's name: then there is no other name to learn."""
    said = set(words(text))
    wanted = [w for w in words(name) if len(w) >= _SHORTEST_NAME] or list(words(name))
    return bool(wanted) and all(w in said for w in wanted)


def cut_off(key: str, name: str) -> bool:
    """Whether a key is the beginning of a contact's name, cut off where the bank's field ended."""
    said = key.replace(" ", "")
    return len(said) >= _CUT_OFF and "".join(words(name)).startswith(said)


def facts(observations: Iterable[Observation], as_of: dt.date) -> tuple[Fact, ...]:
    """Every fact that was ever observed, the believed ones first, by kind and name; see `THRESHOLD` and `AT_LEAST`."""
    by_key: dict[tuple[FactKind, str], list[Observation]] = defaultdict(list)
    for observation in {o.id: o for o in observations}.values():
        by_key[observation.kind, observation.key].append(observation)
    found = [
        fact for (kind, key), seen in sorted(by_key.items()) for fact in _facts_of(kind, key, _in_force(seen), as_of)
    ]
    return tuple(sorted(found, key=lambda f: (not f.believed, f.kind, f.contact, f.key, f.id)))


def recalled(observations: Sequence[Observation], as_of: dt.date, salt: str) -> Remembered:
    """What the books may know of these observations on a day."""
    known = facts(observations, as_of)
    history: dict[str, ConfirmedLine] = {}
    written: dict[str, tuple[str, ...]] = {}
    habits: list[Habit] = []
    codings: list[CodedTransaction] = []
    doubted: set[tuple[str, Coding]] = set()
    said: list[tuple[str, Direction, Coding, dt.date]] = []
    for fact in known:
        if fact.kind in ("name", "account") and fact.believed:
            made = {o.id: o.ledger_ids for o in fact.observations}
            for line in _lines(fact):
                history[line.id] = line
                written[line.id] = made[line.event.rpartition("#")[0]]
        elif fact.kind == "residual" and fact.believed and fact.coding is not None and fact.residual is not None:
            habits.append(
                Habit(
                    contact_id=fact.contact_id,
                    kind=fact.residual,
                    coding=fact.coding,
                    confirmed=fact.confirmed,
                    text=f"{_confirmed(fact)}, last on {fact.last}",
                )
            )
        elif fact.kind == "coding" and fact.coding is not None:
            balance = _balance(fact, observations, as_of)
            if balance <= -THRESHOLD:
                doubted.add((fact.contact_id, fact.coding))
            if balance > 0:
                codings += [_transaction(o, fact.coding) for o in fact.observations if _kept(o, as_of)]
                said += [(fact.contact_id, o.direction, fact.coding, o.day) for o in fact.observations if o.said]
    return Remembered(
        history=tuple(history[id] for id in sorted(history)),
        habits=tuple(habits),
        codings=tuple(sorted(codings, key=lambda t: (t.date, t.id))),
        doubted=frozenset(doubted),
        said=tuple(sorted(said, key=lambda s: (s[3], s[0], s[1], s[2].account_id, s[2].tax_type, s[2].tracking))),
        written=written,
        salt=salt,
    )


def remembering(books: Books, remembered: Remembered | None) -> Books:
    """The books with what memory adds, nothing counted twice.

    A confirmed line whose payment the books hold with the bank's text adds its account only. A confirmed coding that
    the books hold adds its text; one that they should hold and do not (deleted, changed) adds nothing.
    """
    if remembered is None:
        return books
    numbers = {
        account_digest(line.counterparty_account, remembered.salt): line.counterparty_account
        for line in books.lines
        if line.counterparty_account
    }
    told = {p.id for p in books.payments if p.reference} | {c.id for c in books.history if c.narration}
    history = []
    for line in remembered.history:
        number = numbers.get(line.counterparty_account, "")
        narration = "" if told.intersection(remembered.written.get(line.id, ())) else line.narration
        if number or narration:
            history.append(replace(line, narration=narration, counterparty_account=number))
    return replace(
        books,
        history=(*books.history, *history),
        habits=(*books.habits, *remembered.habits),
        doubted=books.doubted | remembered.doubted,
        coded=_coded(books, remembered),
    )


def _coded(books: Books, remembered: Remembered) -> tuple[CodedTransaction, ...]:
    texts = {t.id: t.text for t in remembered.codings}
    held = [
        replace(t, text=f"{t.text}\n{texts[t.id]}".strip()) if t.id in texts and texts[t.id] not in t.text else t
        for t in books.coded
        if not _superseded(t, remembered)
    ]
    ids = {t.id for t in books.coded}
    since = books.as_of - LEDGER_SHOWS
    said = {(contact_id, day) for contact_id, _, _, day in remembered.said}
    more = [
        t
        for t in remembered.codings
        if t.id not in ids and (t.date < since or (t.contact_id, t.date) in said) and not _superseded(t, remembered)
    ]
    return (*held, *more)


def _superseded(transaction: CodedTransaction, remembered: Remembered) -> bool:
    """Booked otherwise before a person said how this payee is booked."""
    return any(
        transaction.contact_id == contact_id
        and transaction.direction == direction
        and transaction.date < day
        and any(booked != coding for booked, _ in transaction.codings)
        for contact_id, direction, coding, day in remembered.said
    )


def _in_force(seen: Sequence[Observation]) -> list[Observation]:
    """All observations, less those that a later word of a person set aside."""
    words_said = [o for o in seen if o.said]
    if not words_said:
        return list(seen)
    last = max(words_said, key=lambda o: (o.at, o.id))
    return [o for o in seen if o.at > last.at or o.id == last.id or (o.answer == last.answer and o.sign == 1)]


def _facts_of(kind: FactKind, key: str, seen: Sequence[Observation], as_of: dt.date) -> list[Fact]:
    answers = sorted({o.answer for o in seen}, key=_order)
    found = []
    for answer in answers:
        mine = sorted((o for o in seen if o.answer == answer and o.sign == 1), key=lambda o: (o.at, o.id))
        against = [o for o in seen if o.sign == -1 and o.answer == answer]
        against += [o for o in seen if o.sign == 1 and o.answer != answer]
        weight = math.fsum([*(_weight(o, as_of) for o in mine), *(-_weight(o, as_of) for o in against)])
        said = any(o.said for o in mine)
        different = len({o.line_id for o in mine})
        days = len({o.day for o in mine})
        enough = different >= AT_LEAST and (kind in ("residual", "coding") or days >= AT_LEAST)
        believed = weight >= THRESHOLD and (said or enough)
        newest = max(o.at for o in mine or against)
        sample = max(mine or against, key=lambda o: (o.at, o.id))
        found.append(
            Fact(
                id=_fact_id(kind, key, answer),
                kind=kind,
                key=key,
                contact_id=sample.contact_id,
                contact=sample.contact,
                coding=sample.coding,
                coding_text=sample.coding_text,
                residual=sample.residual,
                direction=sample.direction,
                shown=sample.shown,
                confirmed=len({o.line_id for o in mine if not o.said}),
                contradicted=len({o.id for o in against}),
                said=said,
                weight=weight,
                believed=believed,
                last=newest.date(),
                fades=_fades(mine, against, as_of) if believed else None,
                observations=tuple(mine),
            )
        )
    return found


def _weight(observation: Observation, day: dt.date) -> float:
    """What a decision still weighs; one dated after the day (a clock set back) weighs as a fresh one."""
    age = max(0, (day - observation.at.date()).days)
    return float((SAID_WEIGHT if observation.said else 1.0) * 0.5 ** (age / HALF_LIFE_DAYS))


def _fades(mine: Sequence[Observation], against: Sequence[Observation], as_of: dt.date) -> dt.date:
    """The first day on which the agreement weighs too little. From the newest observation on, all halve alike."""
    newest = max(as_of, *(o.at.date() for o in (*mine, *against)))
    weight = math.fsum([*(_weight(o, newest) for o in mine), *(-_weight(o, newest) for o in against)])
    days = 0 if weight <= THRESHOLD else math.floor(HALF_LIFE_DAYS * math.log2(weight / THRESHOLD)) + 1
    return newest + dt.timedelta(days=days)


def _balance(fact: Fact, observations: Sequence[Observation], as_of: dt.date) -> float:
    """Confirmations less refusals of this very answer, whatever else was confirmed."""
    own = [
        o for o in observations if (o.kind, o.key, o.answer) == (fact.kind, fact.key, (fact.contact_id, fact.coding))
    ]
    return math.fsum(o.sign * _weight(o, as_of) for o in {o.id: o for o in own}.values())


def _kept(observation: Observation, as_of: dt.date) -> bool:
    return _weight(observation, as_of) >= _FORGOTTEN


def _lines(fact: Fact) -> list[ConfirmedLine]:
    """The lines of a believed fact; what a person said stands for two."""
    found = []
    for o in fact.observations:
        for n in range(2 if o.said else 1):
            found.append(
                ConfirmedLine(
                    id=f"{o.id}#{n}" if o.said else o.id,
                    date=o.day,
                    direction=o.direction,
                    amount=o.amount,
                    currency=o.currency,
                    narration=o.text if fact.kind == "name" else "",
                    counterparty_account=fact.key if fact.kind == "account" else "",
                    contact_id=fact.contact_id,
                    event=f"{o.id}#{n}",
                )
            )
    return found


def _transaction(observation: Observation, coding: Coding) -> CodedTransaction:
    return CodedTransaction(
        id=observation.ledger_ids[-1] if observation.ledger_ids and not observation.said else observation.id,
        date=observation.day,
        account_id=observation.account_id,
        direction=observation.direction,
        contact_id=observation.contact_id,
        contact=observation.contact,
        text=observation.text,
        amount=observation.amount,
        currency=observation.currency,
        codings=((coding, observation.amount),),
    )


def _confirmed(fact: Fact) -> str:
    times = {1: "once", 2: "twice"}.get(fact.confirmed, f"{fact.confirmed} times")
    said = "said by a person" if fact.said else ""
    return ", ".join(part for part in (said, f"confirmed {times}" if fact.confirmed else "") if part)


def _fact_id(kind: FactKind, key: str, answer: tuple[str, Coding | None]) -> str:
    coding = answer[1]
    parts = [kind, key, answer[0]]
    if coding is not None:
        parts += [coding.account_id, coding.tax_type, *(f"{name}={option}" for name, option in coding.tracking)]
    return f"{kind[0]}{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:8]}"


def _order(answer: tuple[str, Coding | None]) -> tuple[object, ...]:
    coding = answer[1]
    return (answer[0], *((coding.account_id, coding.tax_type, coding.tracking) if coding else ("", "", ())))
