"""Whom a bank line is about, among the payees this organisation has booked money of before.

Nothing here knows a word of any bank or language. What a word is worth is learned from who uses it: a word in the
texts of several contacts, and in nobody's name, is the bank's; a word that one contact alone uses is that contact's
own. Words are compared whole and folded; words with digits (cards, dates, numbers) name nobody.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from finchat.books.documents import BankLine, Books, CodedTransaction, Direction
from finchat.books.matching.text import letters_only, unspaced, words
from finchat.books.matching.verdict import Verdict

# So many contacts use a word that is in nobody's name before it counts as the bank's: two may share a word by chance.
BANK_WORD_CONTACTS = 3
# So many transactions must have said a word that is not in the contact's name before it is the contact's own, and so
# many must have said all of a line that does not say the name: the number that uniform coding needs as well.
SAID_BEFORE = 3
_FEW = 5  # a word that more contacts share than this points at none of them
_SHORTEST_OWN = 3  # letters; two letters are a country or a legal form
_TOKEN = re.compile(r"\bfc-[a-z2-7]{10}\b")  # the mark finchat leaves in a reference


@dataclass(frozen=True, slots=True)
class Payee:
    """What one line says of one contact that money was booked of before, in the line's direction.

    `alike`: the earlier transactions that say all that the line says, `all`: every one, both oldest first.
    `identified`: the line is this contact's, by words nobody else uses, and says nothing of anybody else; `named`: it
    holds the contact's own name.
    """

    contact_id: str
    contact: str
    identified: bool
    named: bool
    alike: tuple[CodedTransaction, ...]
    all: tuple[CodedTransaction, ...]


def text_words(text: str) -> frozenset[str]:
    """The words of a text that may name somebody."""
    return frozenset(w for w in words(_TOKEN.sub(" ", text)) if letters_only(w) and (len(w) > 1 or unspaced(w)))


def line_text(line: BankLine) -> str:
    return " ".join((line.payee, line.narration, line.reference))


class Payees:
    """The payees of an organisation, prepared for many lines."""

    def __init__(self, books: Books, verdicts: Sequence[Verdict]) -> None:
        self._books = books
        self.names = _names(books)
        self._name_words = {id: text_words(name) for id, name in self.names.items()}
        self._named_with: dict[str, set[str]] = defaultdict(set)
        for contact_id, said in self._name_words.items():
            for word in said:
                self._named_with[word].add(contact_id)
        claimed = _claimed_texts(books, verdicts)
        self._history: dict[tuple[str, Direction, str], list[CodedTransaction]] = defaultdict(list)
        self._texts: dict[str, tuple[frozenset[str], ...]] = {}
        self._users: dict[Direction, dict[str, set[str]]] = {"receive": defaultdict(set), "spend": defaultdict(set)}
        self._seen: dict[tuple[str, Direction], set[str]] = defaultdict(set)
        self._times: dict[tuple[str, Direction, str], int] = defaultdict(int)  # transactions that say the word
        self._learn_coded(claimed)
        self._learn_settled(claimed)
        self._bank = self._bank_words()
        self._strangers = self._words_of_strangers()

    def bank_says(self, word: str) -> bool:
        """Whether the word is the bank's own: several contacts' texts have it, and nobody's name."""
        return word in self._bank

    def of(self, line: BankLine) -> tuple[Payee, ...]:
        """The payees that the line's words speak for, those it identifies first; none for a payee never booked."""
        said = text_words(line_text(line))
        others = {id for word in said for id in self._owners(line.direction, word)}
        found = [
            payee
            for contact_id in sorted(self._candidates(line, said))
            if (contact_id, line.direction, line.currency) in self._history
            and ((payee := self._payee(line, contact_id, said)).alike or contact_id in others)
        ]
        if len(others) > 1:  # a text with the words of two payees identifies neither
            found = [replace(p, identified=False) for p in found]
        return tuple(sorted(found, key=lambda p: (not p.identified, -len(p.alike), -len(p.all), p.contact_id)))

    def history(self, contact_id: str, line: BankLine) -> tuple[CodedTransaction, ...]:
        """Earlier money of a contact in the line's direction and currency, oldest first."""
        return tuple(self._history.get((contact_id, line.direction, line.currency), ()))

    def says_more(self, line: BankLine, contact_id: str) -> bool:
        """Whether the line holds words that are neither the contact's, as far as it is known, nor the bank's, nor what
        its texts call the month."""
        return bool(self._unknown(line, contact_id))

    def shown_name(self, line: BankLine) -> str:
        """What the bank calls the payee: its payee field, else the narration without the bank's words and numbers."""
        if line.payee.strip():
            return " ".join(line.payee.split())
        parts = line.narration.split()
        kept = [p for p in parts if text_words(p) - self._bank]
        return " ".join(kept or parts)

    def _candidates(self, line: BankLine, said: frozenset[str]) -> set[str]:
        users = self._users[line.direction]
        return {id for word in said - self._bank if len(users.get(word, ())) <= _FEW for id in users.get(word, ())}

    def _payee(self, line: BankLine, contact_id: str, said: frozenset[str]) -> Payee:
        history = self._history[contact_id, line.direction, line.currency]
        told = said - self._bank
        if not self._unknown(line, contact_id):
            told -= self._unknown(line, contact_id, month=False)  # the month's own word
        alike = tuple(t for t in history if told <= self._said_of(t))
        return Payee(
            contact_id, self.names.get(contact_id, contact_id), self._identifies(line, contact_id, said, alike),
            self._named(contact_id, said), alike, tuple(history),
        )  # fmt: skip

    def _unknown(self, line: BankLine, contact_id: str, *, month: bool = True) -> frozenset[str]:
        """Words of the line that were never seen with the contact and are not the bank's. `month`: but for the one
        word that calls the month."""
        said = text_words(line_text(line))
        unknown = said - self._seen[contact_id, line.direction] - self._bank
        if month and len(unknown) == 1 and self._calls_month(line, contact_id, said - unknown - self._bank):
            return frozenset()
        return unknown

    def _calls_month(self, line: BankLine, contact_id: str, rest: frozenset[str]) -> bool:
        """Whether a new word is to be expected beside the `rest`: the contact's texts that say the rest have had a word
        of its own for nearly every month so far (`FEE SEP`, `FEE OCT`), and none of the line's month yet."""
        said: dict[int, set[str]] = defaultdict(set)
        for t in self._history.get((contact_id, line.direction, line.currency), ()):
            if rest <= self._said_of(t):
                said[t.date.month] |= self._said_of(t)
        times = Counter(w for of_month in said.values() for w in of_month)
        own = [month for month, of_month in said.items() if sum(times[w] == 1 for w in of_month) == 1]
        return len(own) >= SAID_BEFORE and len(own) * 5 >= len(said) * 4 and line.date.month not in said

    def _identifies(
        self, line: BankLine, contact_id: str, said: frozenset[str], alike: Sequence[CodedTransaction]
    ) -> bool:
        if not any(contact_id in self._owners(line.direction, word) for word in said):
            return False
        if self.says_more(line, contact_id):
            return False
        if self._named(contact_id, said):
            return True
        name = self._own_name(contact_id)
        # Whoever is usually called by name is not meant by a text that leaves the name out.
        history = self._history[contact_id, line.direction, line.currency]
        called = sum(1 for t in history if name and any(name <= text for text in self._texts[t.id]))
        return len(alike) >= SAID_BEFORE and called * 2 < len(history)

    def _named(self, contact_id: str, said: frozenset[str]) -> bool:
        name = self._own_name(contact_id)
        return bool(name) and name <= said

    def _own_name(self, contact_id: str) -> frozenset[str]:
        """The words of a name that tell it from others: those that at most one other contact's name has."""
        return frozenset(w for w in self._name_words.get(contact_id, ()) if len(self._named_with[w]) <= 2)

    def _owners(self, direction: Direction, word: str) -> frozenset[str]:
        """The one contact that alone uses a word, or nobody."""
        if not (len(word) >= _SHORTEST_OWN or unspaced(word)):
            return frozenset()
        users = self._users[direction].get(word, set()) | self._named_with.get(word, set())
        if len(users) != 1:
            return frozenset()
        (contact_id,) = users
        if contact_id in self._named_with.get(word, ()):
            return frozenset(users)
        told = self._times.get((contact_id, direction, word), 0) >= SAID_BEFORE
        return frozenset(users) if told and (contact_id, word) not in self._strangers[direction] else frozenset()

    def _said_of(self, transaction: CodedTransaction) -> frozenset[str]:
        """All words of a transaction: its texts, and its contact's name."""
        return self._name_words.get(transaction.contact_id, frozenset()).union(*self._texts[transaction.id])

    def _learn_coded(self, claimed: Mapping[str, Sequence[tuple[Direction, frozenset[str]]]]) -> None:
        for t in sorted(self._books.coded, key=lambda t: (t.date, t.id)):
            if not t.contact_id or t.id in self._texts:
                continue
            self._history[t.contact_id, t.direction, t.currency].append(t)
            self._texts[t.id] = (text_words(t.text), *(said for _, said in claimed.get(t.id, ())))
            for word in frozenset().union(*self._texts[t.id]):
                self._use(word, t.contact_id, t.direction)
                self._times[t.contact_id, t.direction, word] += 1
        for (contact_id, direction, _), _history in self._history.items():
            for word in self._name_words.get(contact_id, ()):
                self._use(word, contact_id, direction)

    def _learn_settled(self, claimed: Mapping[str, Sequence[tuple[Direction, frozenset[str]]]]) -> None:
        """Texts of money that settled documents: who uses which words."""
        for confirmed in self._books.history:
            for word in text_words(confirmed.narration):
                self._use(word, confirmed.contact_id, confirmed.direction)
        for payment in self._books.payments:
            texts = [text_words(payment.reference), *(said for _, said in claimed.get(payment.id, ()))]
            for word in frozenset().union(*texts) if payment.contact_id else ():
                self._use(word, payment.contact_id, payment.direction)

    def _use(self, word: str, contact_id: str, direction: Direction) -> None:
        self._users[direction][word].add(contact_id)
        self._seen[contact_id, direction].add(word)

    def _bank_words(self) -> frozenset[str]:
        used: dict[str, set[str]] = defaultdict(set)
        for users in self._users.values():
            for word, contacts in users.items():
                used[word] |= contacts
        return frozenset(w for w, by in used.items() if len(by) >= BANK_WORD_CONTACTS and w not in self._named_with)

    def _words_of_strangers(self) -> Mapping[Direction, frozenset[tuple[str, str]]]:
        """Contact and word, where a line says the word beside words that are not the contact's: others use it too."""
        found: dict[Direction, set[tuple[str, str]]] = {"receive": set(), "spend": set()}
        for line in self._books.lines:
            users = self._users[line.direction]
            alone: dict[str, set[str]] = defaultdict(set)  # contact → words that no other uses, as far as is known
            for word in text_words(line_text(line)) - self._bank:
                if len(users.get(word, ())) == 1 and word not in self._named_with:
                    alone[next(iter(users[word]))].add(word)
            for contact_id, said in alone.items():
                if self._unknown(line, contact_id):
                    found[line.direction] |= {(contact_id, word) for word in said}
        return {direction: frozenset(pairs) for direction, pairs in found.items()}


def _names(books: Books) -> dict[str, str]:
    names = {c.id: c.name for c in books.contacts}
    known: Iterable[tuple[str, str]] = (
        *((d.contact_id, d.contact) for d in sorted(books.documents, key=lambda d: d.id)),
        *((t.contact_id, t.contact) for t in sorted(books.coded, key=lambda t: t.id)),
    )
    for contact_id, name in known:
        if contact_id:
            names.setdefault(contact_id, name)
    return names


def _claimed_texts(
    books: Books, verdicts: Sequence[Verdict]
) -> dict[str, list[tuple[Direction, frozenset[str]]]]:  # fmt: skip
    """Ledger id → texts of the lines that it certainly stands for: what the bank says of it."""
    lines = {line.id: line for line in books.lines}
    found: dict[str, list[tuple[Direction, frozenset[str]]]] = defaultdict(list)
    for verdict in sorted(verdicts, key=lambda v: v.line_id):
        line = lines.get(verdict.line_id)
        if verdict.status == "already_settled" and verdict.certain and line is not None:
            for ledger_id in verdict.ledger_ids:
                found[ledger_id].append((line.direction, text_words(line_text(line))))
    return found
