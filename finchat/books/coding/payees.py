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
# So many transactions must have had the very text of a line that does not say the contact's name: the number that
# uniform coding needs as well.
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
        self._told: list[tuple[str, Direction, frozenset[str]]] = []  # every text, with the contact it is of
        self._learn_coded(claimed)
        self._learn_settled(claimed)
        self._bank = self._bank_words()
        self._said_of_contacts: dict[Direction, dict[frozenset[str], set[str]]] = {
            "receive": defaultdict(set), "spend": defaultdict(set)
        }  # fmt: skip
        for contact_id, direction, said in self._told:
            self._said_of_contacts[direction][self._key(said)].add(contact_id)

    def bank_says(self, word: str) -> bool:
        """Whether the word is the bank's own: several contacts' texts have it, and nobody's name."""
        return word in self._bank

    def of(self, line: BankLine) -> tuple[Payee, ...]:
        """The payees that the line's words speak for, those it identifies first; none for a payee never booked."""
        said = text_words(line_text(line))
        others = {owner for word in said if (owner := self._owner(line.direction, word))}
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
        unknown = self._unknown(line, contact_id)
        rest = text_words(line_text(line)) - unknown - self._bank
        return bool(unknown) and not (len(unknown) == 1 and self._months(line, contact_id, rest))

    def shown_name(self, line: BankLine) -> str:
        """What the bank calls the payee: its payee field, else the narration without the bank's words and numbers."""
        if line.payee.strip():
            return " ".join(line.payee.split())
        parts = line.narration.split()
        kept = [p for p in parts if text_words(p) - self._bank]
        return " ".join(kept or parts)

    def _candidates(self, line: BankLine, said: frozenset[str]) -> set[str]:
        users = self._users[line.direction]
        of_words = (users.get(word, set()) | self._named_with.get(word, set()) for word in said - self._bank)
        few = {id for contacts in of_words if len(contacts) <= _FEW for id in contacts}
        return few | self._said_of_contacts[line.direction].get(self._key(said), set())

    def _payee(self, line: BankLine, contact_id: str, said: frozenset[str]) -> Payee:
        history = self._history[contact_id, line.direction, line.currency]
        unknown = self._unknown(line, contact_id)
        months = self._months(line, contact_id, said - unknown - self._bank) if len(unknown) == 1 else frozenset[str]()
        told = said - self._bank - (unknown if months else frozenset())
        named = self._named(contact_id, line.direction, said)
        known = not unknown or bool(months)
        return Payee(
            contact_id, self.names.get(contact_id, contact_id),
            known and (named or self._said_before(line, contact_id, said - unknown, months)), named,
            tuple(t for t in history if told <= self._said_of(t)), tuple(history),
        )  # fmt: skip

    def _unknown(self, line: BankLine, contact_id: str) -> frozenset[str]:
        """Words of the line that were never seen with the contact and are not the bank's."""
        return text_words(line_text(line)) - self._seen[contact_id, line.direction] - self._bank

    def _months(self, line: BankLine, contact_id: str, rest: frozenset[str]) -> frozenset[str]:
        """The words a contact's texts call the months by, when a new one is to be expected beside the `rest`: those
        that say the rest have had one word of its own for nearly every month so far (`FEE SEP`, `FEE OCT`), and none
        for the line's month yet. Else nothing."""
        said: dict[int, set[str]] = defaultdict(set)
        for t in self._history.get((contact_id, line.direction, line.currency), ()):
            if rest <= self._said_of(t):
                said[t.date.month] |= self._said_of(t)
        times = Counter(w for of_month in said.values() for w in of_month)
        own = [names for of_month in said.values() if len(names := [w for w in of_month if times[w] == 1]) == 1]
        expected = len(own) >= SAID_BEFORE and len(own) * 5 >= len(said) * 4 and line.date.month not in said
        return frozenset(w for names in own for w in names) if expected else frozenset()

    def _named(self, contact_id: str, direction: Direction, said: frozenset[str]) -> bool:
        """Whether the words hold all that tells the contact's name from others, one word of it nobody else's."""
        name = frozenset(w for w in self._name_words.get(contact_id, ()) if len(self._named_with[w]) <= 2)
        return bool(name) and name <= said and any(self._owner(direction, word) == contact_id for word in name)

    def _owner(self, direction: Direction, word: str) -> str:
        """The contact whose name alone has the word, where nobody else's texts have it; "" for any other word."""
        if not (len(word) >= _SHORTEST_OWN or unspaced(word)):
            return ""
        named = self._named_with.get(word, set())
        users = self._users[direction].get(word, set()) | named
        return next(iter(users)) if len(users) == 1 == len(named) else ""

    def _said_before(
        self, line: BankLine, contact_id: str, said: frozenset[str], months: frozenset[str]
    ) -> bool:  # fmt: skip
        """Whether the bank said the same of the contact at least three times, no more and no less, and of nobody
        else."""
        wanted = self._key(said)
        history = self._history[contact_id, line.direction, line.currency]
        times = sum(any(self._key(text - months) == wanted for text in self._texts[t.id]) for t in history)
        return times >= SAID_BEFORE and self._said_of_contacts[line.direction].get(wanted, set()) <= {contact_id}

    def _key(self, text: frozenset[str]) -> frozenset[str]:
        """A text without the bank's words; a text of nothing else is itself."""
        return text - self._bank or text

    def _said_of(self, transaction: CodedTransaction) -> frozenset[str]:
        """All words of a transaction: its texts, and its contact's name."""
        return self._name_words.get(transaction.contact_id, frozenset()).union(*self._texts[transaction.id])

    def _learn_coded(self, claimed: Mapping[str, Sequence[tuple[Direction, frozenset[str]]]]) -> None:
        for t in sorted(self._books.coded, key=lambda t: (t.date, t.id)):
            if not t.contact_id or t.id in self._texts:
                continue
            self._history[t.contact_id, t.direction, t.currency].append(t)
            texts = (*map(text_words, t.text.split("\n")), *(said for _, said in claimed.get(t.id, ())))
            self._texts[t.id] = texts
            for said in texts:
                self._use(said, t.contact_id, t.direction)
        for (contact_id, direction, _), _history in self._history.items():
            self._seen[contact_id, direction] |= self._name_words.get(contact_id, frozenset())

    def _learn_settled(self, claimed: Mapping[str, Sequence[tuple[Direction, frozenset[str]]]]) -> None:
        """Texts of money that settled documents: who uses which words."""
        for confirmed in self._books.history:
            self._use(text_words(confirmed.narration), confirmed.contact_id, confirmed.direction)
        for payment in self._books.payments:
            for said in (text_words(payment.reference), *(text for _, text in claimed.get(payment.id, ()))):
                if payment.contact_id:
                    self._use(said, payment.contact_id, payment.direction)

    def _use(self, said: frozenset[str], contact_id: str, direction: Direction) -> None:
        for word in said:
            self._users[direction][word].add(contact_id)
        self._seen[contact_id, direction] |= said
        if said:
            self._told.append((contact_id, direction, said))

    def _bank_words(self) -> frozenset[str]:
        used: dict[str, set[str]] = defaultdict(set)
        for users in self._users.values():
            for word, contacts in users.items():
                used[word] |= contacts
        return frozenset(w for w, by in used.items() if len(by) >= BANK_WORD_CONTACTS and w not in self._named_with)


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
