"""The books prepared for matching: indices, integer minor units, and what is left of every document while we match."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from finchat.books.documents import BankLine, Books, Credit, Document
from finchat.books.matching.names import Named, NameIndex
from finchat.books.matching.numbers import Mention, NumberIndex
from finchat.books.matching.text import letters_only, plain_number, words
from finchat.books.money import to_minor

NAMED = 0.72  # from this coverage on, a line names a contact
# Legal forms that are spelled out; the others have four letters or fewer.
_FORMS = frozenset({"limited", "company", "corporation", "incorporated", "proprietary", "partnership"})
# A payment and the line it is of are dated at most so far apart.
SAME_EVENT_DAYS = 10
_MARK = re.compile(r"\bfc-[a-z2-7]{10}\b")  # what finchat leaves in a reference, another one for each payment
HINTED = 0.45  # from this coverage on, the name does not contradict a contact


class _Text(NamedTuple):
    """Words of a settled line, and whose they are. `event` as of ConfirmedLine."""

    contact_id: str
    words: tuple[str, ...]
    day: dt.date
    event: str = ""


class Facts:
    """Everything about the books that does not change while matching."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.lines = tuple(sorted(books.lines, key=_line_order))
        self.days = {line.id: line.date for line in self.lines}
        self.documents = {d.id: d for d in sorted(books.documents, key=lambda d: d.id)}
        self.names = {c.id: c.name for c in books.contacts}
        for document in self.documents.values():
            self.names.setdefault(document.contact_id, document.contact)
        self.open = {d.id: d for d in self.documents.values() if d.status == "open" and d.amount_due > 0}
        self.open_of: dict[str, list[Document]] = defaultdict(list)
        for d in sorted(self.open.values(), key=document_order):
            self.open_of[d.contact_id].append(d)
        self.payable: dict[tuple[str, str, str], list[Document]] = defaultdict(list)  # by contact, direction, currency
        for d in sorted(self.open.values(), key=document_order):
            self.payable[d.contact_id, d.direction, d.currency].append(d)
        self.documents_of: dict[str, list[Document]] = defaultdict(list)
        for d in sorted(self.documents.values(), key=document_order):
            self.documents_of[d.contact_id].append(d)
        self.credits_of: dict[str, list[Credit]] = defaultdict(list)
        for c in sorted(books.credits, key=lambda c: (c.date, c.id)):
            if c.remaining > 0:
                self.credits_of[c.contact_id].append(c)
        self.credits = {c.id: c for cs in self.credits_of.values() for c in cs}
        self._credit_numbers: dict[str, list[str]] = defaultdict(list)
        for c in sorted(self.credits.values(), key=lambda c: c.id):
            number = plain_number(c.number)
            if any(ch.isdigit() for ch in number) and (len(number) >= 4 or not number.isdigit()):
                self._credit_numbers[number].append(c.id)
        self.accounts = {a.id: a for a in books.accounts}
        self.bank_accounts = sorted((a for a in books.accounts if a.kind == "bank" and a.active), key=lambda a: a.id)
        self.numbers = NumberIndex(self.documents.values(), self.lines)
        self.minor_total = {d.id: to_minor(d.total, d.currency) for d in self.documents.values()}
        self.minor_due = {d.id: to_minor(d.amount_due, d.currency) for d in self.documents.values()}
        self._by_amount: dict[tuple[str, str, int], list[Document]] = defaultdict(list)
        for d in sorted(self.open.values(), key=document_order):
            self._by_amount[d.direction, d.currency, to_minor(d.amount_due, d.currency)].append(d)
        self._confirmed = _confirmed_texts(books)
        self.name_index = NameIndex(self.names)
        self._learned = NameIndex(self.names, {})
        self.account_of: dict[str, str] = {}
        self._rates: dict[tuple[str, dt.date], Decimal | None] = {}
        self._credits_named: dict[str, tuple[str, ...]] = {}
        self._mentions: dict[str, tuple[Mention, ...]] = {}
        self._named: dict[str, dict[str, Named]] = {}
        self._words = {line.id: line_words(line) for line in self.lines}
        self._common = self._common_words()
        self.expense_words = _expense_words(books)
        self.learn(())

    def learn(self, confirmed: Iterable[tuple[str, BankLine]]) -> None:
        """Take names and accounts from confirmed lines: only what at least two of them, and no other contact, say."""
        texts = list(self._confirmed)
        accounts: dict[str, list[str]] = defaultdict(list)
        for contact_line in self.books.history:
            if contact_line.counterparty_account:
                accounts[_account(contact_line.counterparty_account)].append(contact_line.contact_id)
        for contact_id, line in confirmed:
            texts.append(_Text(contact_id, tuple(self._words[line.id]), line.date))
            if line.counterparty_account:
                accounts[_account(line.counterparty_account)].append(contact_id)
        self.account_of = {
            number: owners[0] for number, owners in accounts.items() if len(owners) >= 2 and len(set(owners)) == 1
        }
        own: dict[str, set[str]] = defaultdict(set)
        for contact in sorted(self.books.contacts, key=lambda c: c.id):
            if contact.bank_account:
                own[_account(contact.bank_account)].add(contact.id)
        for number, owner_ids in own.items():
            if len(owner_ids) == 1:
                self.account_of[number] = next(iter(owner_ids))
            else:
                self.account_of.pop(number, None)
        self._learned = NameIndex(self.names, self._learned_names(texts))
        self._named.clear()

    def _learned_names(self, texts: list[_Text]) -> Mapping[str, list[str]]:
        """Names that payers use for themselves: what is left of confirmed texts once everybody's words are gone."""
        plain = self.name_index
        said: dict[str, list[tuple[tuple[str, ...], _Text]]] = defaultdict(list)
        for text in texts:
            own = plain.named(text.words).get(text.contact_id)
            if own is None or own.coverage < HINTED:
                said[text.contact_id].append((self.payer(text.words), text))
        shared: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for contact_id in sorted(said):
            phrases = said[contact_id]
            for i, one in enumerate(phrases[:40]):
                for other in phrases[i + 1 : 40]:
                    if _one_event(one[1], other[1]):
                        continue
                    both = tuple(w for w in one[0] if w in other[0])
                    own_words = [w for w in both if w not in self._common and not plain.closes(w)]
                    if sum(map(len, own_words)) < 4 or (len(both) == 1 and plain.knows(both[0])):
                        continue
                    shared[both].add(contact_id)
        learned: dict[str, list[str]] = defaultdict(list)
        for both, contact_ids in sorted(shared.items()):
            if len(contact_ids) == 1:
                learned[next(iter(contact_ids))].append(" ".join(both))
        return learned

    def payer(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """The part of a text that may be the payer: after the bank's opening words, before the first number."""
        start = 0
        while start < len(parts) and parts[start] in self._common:
            start += 1
        end = start
        while end < len(parts) and letters_only(parts[end]):
            end += 1
        while end < len(parts) and end > start and self.numbers.introduces_noise(parts[end - 1]):
            end -= 1
        return parts[start:end]

    def _common_words(self) -> frozenset[str]:
        """The bank's own words: used on many lines, whoever pays, and part of hardly any contact's name."""
        used: dict[str, int] = defaultdict(int)
        for parts in self._words.values():
            for w in set(parts):
                used[w] += 1
        many = max(4, len(self._words) // 100)
        return frozenset(w for w, n in used.items() if n >= many and not self.name_index.knows(w))

    def by_amount(self, direction: str, currency: str, minor: int) -> list[Document]:
        """Open documents of that direction on which exactly this much was due at the start."""
        return self._by_amount.get((direction, currency, minor), [])

    def words(self, line: BankLine) -> tuple[str, ...]:
        return self._words[line.id]

    def mentions(self, line: BankLine) -> tuple[Mention, ...]:
        found = self._mentions.get(line.id)
        if found is None:
            found = self._mentions[line.id] = self.numbers.mentions(line)
        return found

    def credits_named(self, line: BankLine) -> tuple[str, ...]:
        """Open credits whose own number the text bears whole, zeros in front left out."""
        if not self._credit_numbers:
            return ()
        found = self._credits_named.get(line.id)
        if found is None:
            parts = [plain_number(w) for w in self._words[line.id]]
            spans = {"".join(parts[i : i + n]) for n in (1, 2, 3, 4) for i in range(len(parts) - n + 1)}
            ids = {c for s in spans for c in self._credit_numbers.get(s, ())}
            found = self._credits_named[line.id] = tuple(sorted(ids))
        return found

    def named(self, line: BankLine) -> dict[str, Named]:
        """Contacts the line names. A payer's account that is known counts as the whole name."""
        found = self._named.get(line.id)
        if found is None:
            found = dict(self.name_index.named(self._words[line.id]))
            for contact_id, other in self._learned.named(self._words[line.id]).items():
                if contact_id not in found or rank(other) > rank(found[contact_id]):
                    found[contact_id] = other
            owner = self.account_of.get(_account(line.counterparty_account)) if line.counterparty_account else None
            if owner is not None:
                found[owner] = Named(1.0, 1000.0)
            self._named[line.id] = found
        return found

    def unexplained(self, line: BankLine, named: Named) -> tuple[str, ...]:
        """Words that are neither of that name nor the bank's nor a legal form: perhaps somebody else's name."""
        return tuple(
            w
            for w in self.payer(self._words[line.id])
            if len(w) > 1 and w not in named.used and w not in self._common and not self.name_index.closes(w)
        )

    def interrupted(self, line: BankLine, named: Named) -> bool:
        """Whether a word that nothing explains stands inside the name: it makes it somebody else's."""
        text = self._words[line.id]
        places = [i for i, w in enumerate(text) if w in named.used]
        inside = set(text[places[0] : places[-1]]) if places else set()
        return any(w in inside for w in self.unexplained(line, named))

    def goes_on(self, line: BankLine, contact_id: str, named: Named) -> bool:
        """Whether more of the name than its legal form is left unsaid, and a word that nothing explains stands there
        instead: `Silver Fern Dental` is not Silver Fern Plumbing."""
        name, text = words(self.names.get(contact_id, "")), self._words[line.id]
        places = [i for i, w in enumerate(text) if w in named.used]
        if not places or places[-1] + 1 >= len(text):
            return False
        said = [i for i, w in enumerate(name) if self.name_index.says(text[places[-1]], w)]
        if not said:
            return False  # a name learned from confirmed lines, or words run together
        rest, after = name[said[-1] + 1 :], text[places[-1] + 1]
        longest = 3 if len(said) == 1 == len(named.used) else 4  # one word is little: any other may be the name's
        if not any(len(w) > longest and w not in _FORMS for w in rest) or "".join(rest).startswith(after):
            return False
        return after in self.unexplained(line, named)

    def too_short(self, contact_id: str, named: Named) -> bool:
        """Whether one short whole word is all the line says of a name of several, or of a name of four letters."""
        if len(named.used) != 1:
            return False
        (said,) = named.used
        name = words(self.names.get(contact_id, ""))
        if self.name_index.single(contact_id):
            return len(said) <= 4 and said in name
        return len(said) < 10 and said in name and len(name) > 1

    def by_account(self, line: BankLine) -> str | None:
        """The contact known to own the account the money came from or went to."""
        return self.account_of.get(_account(line.counterparty_account)) if line.counterparty_account else None

    def rates_on(self, currency: str, line: BankLine) -> Decimal | None:
        """Base units per unit of `currency` on the line's date, or the nearest earlier day known (31 days at most)."""
        key = (currency, line.date)
        if key not in self._rates:
            known = [
                day
                for day, rates in self.books.rates.items()
                if day <= line.date and (line.date - day).days <= 31 and currency in rates
            ]
            self._rates[key] = self.books.rates[max(known)][currency] if known else None
        return self._rates[key]


class Remaining:
    """What is still due on documents and left on credits, in minor units, while verdicts take from them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.due = {d.id: facts.minor_due[d.id] for d in facts.open.values()}
        self.credit = {c.id: to_minor(c.remaining, c.currency) for c in facts.credits.values()}
        self.taken_by: dict[str, list[str]] = defaultdict(list)
        self._changes: dict[str, int] = defaultdict(int)  # contact → how often its documents changed

    def take(self, document_id: str, minor: int, line_id: str) -> None:
        if minor > self.due[document_id]:
            raise ValueError(f"{document_id} would be paid beyond what is due")
        self.due[document_id] -= minor
        self.taken_by[document_id].append(line_id)
        self._changes[self._facts.documents[document_id].contact_id] += 1

    def give_back(self, document_id: str, minor: int, line_id: str) -> None:
        self.due[document_id] += minor
        self.taken_by[document_id].remove(line_id)
        self._changes[self._facts.documents[document_id].contact_id] += 1

    def use(self, credit_id: str, minor: int) -> None:
        if minor > self.credit[credit_id]:
            raise ValueError(f"{credit_id} would be used beyond what is left")
        self.credit[credit_id] -= minor
        self._changes[self._facts.credits[credit_id].contact_id] += 1

    def changes(self, contact_ids: Iterable[str]) -> tuple[int, ...]:
        """A stamp that differs once anything of these contacts changed."""
        return tuple(self._changes[c] for c in contact_ids)


def supporters(named: Mapping[str, Named], floor: float = HINTED) -> dict[str, Named]:
    """The contacts a line names best: those that no other contact beats clearly."""
    if not named:
        return {}
    best = max(rank(n) for n in named.values())
    close = {c: n for c, n in named.items() if n.coverage >= floor and rank(n) >= best - 0.1}
    return {c: n for c, n in close.items() if not any(_outdoes(other, n) for other in close.values())}


def _outdoes(other: Named, named: Named) -> bool:
    """The other name is there as well, and is the same words of the line and more: a sister whose own word is named."""
    return other.coverage >= 0.85 and named.used < other.used and rank(other) > rank(named) and bool(named.used)


def rank(named: Named) -> float:
    """How good a naming is: the share of the name, then how much of the line it explains."""
    return named.coverage + min(named.explains, 40.0) / 100


def line_words(line: BankLine) -> tuple[str, ...]:
    """Words of payee, narration and reference; the payee is not counted twice when the narration repeats it."""
    payee, narration = words(line.payee), words(line.narration)
    joined = " ".join(narration)
    return (payee if " ".join(payee) not in joined else ()) + narration + words(line.reference)


def document_order(d: Document) -> tuple[object, ...]:
    return (d.due_date or d.date, d.date, d.number, d.id)


def _line_order(line: BankLine) -> tuple[object, ...]:
    return (line.date, line.id)


def _account(number: str) -> str:
    return "".join(words(number))


def _one_event(one: _Text, other: _Text) -> bool:
    """Whether two texts may be of one and the same bank line: the line itself, the references of all payments made of
    it, and what is remembered of it. One event teaches once."""
    if one.event and other.event:
        return one.event == other.event
    near = abs((one.day - other.day).days) <= SAME_EVENT_DAYS
    return near and (set(one.words) <= set(other.words) or set(other.words) <= set(one.words))


def _confirmed_texts(books: Books) -> list[_Text]:
    """Bank texts of settled lines: confirmed history, and references of payments that keep the bank's text."""
    history = sorted(books.history, key=lambda c: c.id)
    texts = [_Text(c.contact_id, tuple(words(c.narration)), c.date, c.event) for c in history]
    seen: set[str] = set()
    for p in sorted(books.payments, key=lambda p: p.id):
        if p.contact_id and p.reference and not (p.batch_id and p.batch_id in seen):
            seen.add(p.batch_id)
            texts.append(_Text(p.contact_id, tuple(words(_MARK.sub(" ", p.reference))), p.date))
    return texts


def _expense_words(books: Books) -> dict[str, str]:
    """Words of the names of expense accounts, with the account: what this organisation calls a fee. Words that its
    bank accounts bear too say nothing."""
    banks = {w for a in books.accounts if a.kind == "bank" for w in words(a.name)}
    found: dict[str, str] = {}
    for account in sorted(books.accounts, key=lambda a: a.id):
        if account.kind == "expense" and account.active:
            for w in words(account.name):
                if len(w) >= 3 and letters_only(w) and w not in banks:
                    found.setdefault(w, account.name)
    return found


def contact_name(facts: Facts, contact_id: str) -> str:
    return facts.names.get(contact_id, contact_id)
