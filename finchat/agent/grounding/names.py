"""Names of the books that a text mentions: contacts, document numbers, accounts, items."""

from __future__ import annotations

import re
from dataclasses import dataclass

from finchat.agent.facts import Vocabulary
from finchat.agent.grounding.lexicon import COMMON, DOCUMENT_NOUNS, LEGAL_SUFFIXES, MONTHS, concepts, words_of

_WORD = re.compile(r"[^\W_]+")
_GAP = re.compile(r"[\s%\-–/.,_&'’#()*:+@!\"“”|]{0,4}\Z")
_OF_NUMBER = re.compile(r"\b(?:on|against|number|numbered|settles?|called)\s[*_`\"“]{0,3}\Z", re.IGNORECASE)
_OF = re.compile(r"\bof\s[*_`]{0,3}\Z", re.IGNORECASE)
_AT_HEAD = re.compile(r"[\s*_`]{0,4}\Z")
_LONGEST = 12  # words of a name that are compared
_MOST_NAMES = 200_000
_CODE_BEFORE = re.compile(
    r"(?:account|accounts|acct|a/c|code|codes|item|sku)(?:\s(?:code|no\.?|number))?[\s:]{1,2}[#(*`\"“]{0,4}\Z",
    re.IGNORECASE,
)
_NOUN = f"(?:{'|'.join(sorted(DOCUMENT_NOUNS))})s?"
_NUMBER_BEFORE = re.compile(
    rf"(?:(?<![^\W_]){_NOUN}(?:\s(?:no\.?|number|nr\.?))?[\s:]\s{{0,2}}[#*_`\"“]{{0,4}}|#)\Z", re.IGNORECASE
)
_IS_DOCUMENT = re.compile(rf"[*_`\"”]{{0,4}}\s(?:is|was)\san?\s(?:[^\W\d_]+\s){{0,2}}{_NOUN}(?![^\W_])", re.IGNORECASE)
_CLASSES = {
    "contact": "contact", "customer": "contact", "supplier": "contact", "vendor": "contact", "company": "contact",
    "account": "account", "bank_account": "account", "account_code": "account", "code": "account",
    "line": "item", "line_item": "item", "item": "item", "product": "item", "item_code": "item",
    "organisation": "organisation", "organization": "organisation",
    **dict.fromkeys(
        words_of(
            "invoice bill credit_note payment quote estimate purchase_order order document number bank_transaction"
            " overpayment prepayment bank_transfer journal manual_journal batch_payment receipt refund sales_invoice"
            " purchase_bill transaction transfer deposit"
        ),
        "document",
    ),
}  # fmt: skip
# "Acme Holdings" is another company than Acme; "Acme Ltd" is not.
_ANOTHER = words_of("holdings group trust")
_MERELY_LEGAL = LEGAL_SUFFIXES - _ANOTHER
CLASSES = ("contact", "document", "account", "item", "label")


def class_of(kinds: frozenset[str], name: str) -> str:
    """contact, document, account, item, organisation or label (anything else): what sort of thing a name is, by what
    it names."""
    classes = {_CLASSES.get(kind, "") for kind in kinds}
    for one in ("contact", "account", "item", "document", "organisation"):
        if one in classes:
            return one
    if any(kinds):
        return "label"
    return "document" if any(char.isdigit() for char in name) else "contact"


@dataclass(frozen=True, slots=True)
class Mention:
    """A known name in a text. `names`: what it can be, casefolded; more than one: the text leaves it open. `soft`: the
    name is made of everyday words, and may be meant as those. `vague`: a short form that fits several names."""

    start: int
    end: int
    names: frozenset[str]
    kind: str
    soft: bool = False
    vague: bool = False


class Names:
    """The vocabulary, ready to be found in texts in time linear in the text."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._known: dict[tuple[str, ...], set[str]] = {}
        self._short: dict[tuple[str, ...], set[str]] = {}
        self._lengths: dict[str, set[int]] = {}
        self._class: dict[str, str] = {}
        for count, (name, kinds) in enumerate(vocabulary.items()):
            if count >= _MOST_NAMES:
                break
            folded = name.casefold()
            words = tuple(_WORD.findall(folded)[:_LONGEST])
            if not words:
                continue
            kind = class_of(frozenset(kinds), folded)
            self._class[folded] = kind
            self._known.setdefault(words, set()).add(folded)
            self._lengths.setdefault(words[0], set()).add(len(words))
            if kind in {"contact", "account", "organisation"}:
                self._shorten(folded, words)
        self._ordered = {first: sorted(lengths, reverse=True) for first, lengths in self._lengths.items()}

    def _shorten(self, name: str, words: tuple[str, ...]) -> None:
        for length in range(len(words) - 1, 0, -1):
            short = words[:length]
            if length == 1 and (len(short[0]) < 3 or short[0] in COMMON or short[0].isdigit()):
                continue
            if all(word in COMMON for word in short):
                continue
            self._short.setdefault(short, set()).add(name)
            self._lengths.setdefault(short[0], set()).add(length)

    def kind(self, name: str) -> str:
        """The class of a casefolded name; of an unknown one by its look."""
        return self._class.get(name) or class_of(frozenset(), name)

    def full(self, name: str) -> frozenset[str]:
        """The names that a casefolded name can be short for, itself among them."""
        if name in self._class:
            return frozenset({name})
        words = tuple(_WORD.findall(name)[:_LONGEST])
        longer = self._known.get(words) or self._short.get(words) or set()
        return frozenset({name} | (longer if len(longer) == 1 else set()))

    def __contains__(self, name: str) -> bool:
        return name in self._class

    def find(self, text: str, *, numbers: bool = False) -> list[Mention]:
        """Mentions in order, the longest name at a place. `numbers`: names of digits alone are looked for as well, as
        in a column of codes."""
        words = [(m.start(), m.end(), m.group().casefold()) for m in _WORD.finditer(text)]
        found: list[Mention] = []
        at = 0
        while at < len(words):
            hit = self._at(text, words, at, numbers)
            if hit is None:
                at += 1
                continue
            mention, length = hit
            found.append(mention)
            at += length
        return found

    def _at(self, text: str, words: list[tuple[int, int, str]], at: int, numbers: bool) -> tuple[Mention, int] | None:
        for length in self._ordered.get(words[at][2], ()):
            if at + length > len(words):
                continue
            key = tuple(word for _, _, word in words[at : at + length])
            names = self._known.get(key)
            short = names is None
            names = names or self._short.get(key)
            if not names:
                continue
            start, end = words[at][0], words[at + length - 1][1]
            if not all(_GAP.match(text[words[i][1] : words[i + 1][0]]) for i in range(at, at + length - 1)):
                continue
            kinds = {self._class[name] for name in names}
            kind = next((k for k in ("contact", "account", "item", "document", "label") if k in kinds), "organisation")
            if short and not text[start].isupper():
                continue
            if not any(char.isalpha() for char in text[start:end]) and not (
                numbers or self._introduced(text, start, end, kind)
            ):
                continue
            if any(char.isdigit() for char in text[start:end]) and _continues(text, start, end):
                continue
            if kind in {"contact"} and self._goes_on(text, words, at + length, key):
                continue
            soft = all(word in COMMON or word in MONTHS for word in key) or bool(concepts(list(key)) and len(key) <= 2)
            if kind == "item" and text[start:end].isupper() and end - start > 2:
                soft = False  # a code
            if soft and kind == "contact" and not text[start].isupper():
                continue
            return Mention(start, end, frozenset(names), kind, soft, short and len(names) > 1), length
        return None

    @staticmethod
    def _introduced(text: str, start: int, end: int, kind: str) -> bool:
        """The words around digits say that they are a number or code, no amount."""
        before, after = text[max(0, start - 30) : start], text[end : end + 12]
        if kind != "document":
            return bool(_CODE_BEFORE.search(before))
        if _NUMBER_BEFORE.search(before):
            return True
        if end - start < 4 or re.match(r"[.,]\d|\s?%", after):
            return False
        if _IS_DOCUMENT.match(text, end):
            return True
        if _AT_HEAD.match(text[:start][-40:]):
            return bool(re.match(r"[*_`]{0,3}(?:\s?[:–—(]|\s-\s|\s(?:is|was|has|had|from|of|to|for)\b)", after))
        return bool(_OF_NUMBER.search(before)) or bool(
            _OF.search(before) and re.match(r"[*_`]{0,3},\s[A-ZÀ-Þ]|\sdue\b", after)
        )

    def _goes_on(self, text: str, words: list[tuple[int, int, str]], after: int, key: tuple[str, ...]) -> bool:
        """Another capitalised word follows that is part of no known name: "Acme Tools" is not Acme."""
        if after >= len(words):
            return False
        while after + 1 < len(words) and words[after][2] in _MERELY_LEGAL and text[words[after][0]].isupper():
            after += 1  # "Acme Ltd Tools" is neither Acme nor Acme Ltd
        start, end, word = words[after]
        gap = text[words[after - 1][1] : start]
        if gap not in {" ", "-", " & ", "\u00a0"} or not text[start].isupper():
            return False
        if word in _ANOTHER:
            return True
        if word in COMMON or word in MONTHS or (word in LEGAL_SUFFIXES and key[-1] not in LEGAL_SUFFIXES):
            return False
        return not any(char.isdigit() for char in text[start : end + 1]) and word not in self._lengths


def _continues(text: str, start: int, end: int) -> bool:
    """The number goes on beside the match: INV-004 in "INV-004-2"."""
    after = text[end : end + 2]
    before = text[max(0, start - 2) : start]
    return (len(after) == 2 and after[0] in "-/" and after[1].isalnum()) or (
        len(before) == 2 and before[1] in "-/" and before[0].isalnum()
    )


_CAPITAL = re.compile(r"[^\W\d_][^\W_]*(?:['’][^\W\d_]+)?")


def strangers(text: str, known: list[tuple[int, int]], first: bool) -> list[tuple[int, int]]:
    """Spans of capitalised words that belong to no known name and to no everyday word: names of somebody unknown.
    `first`: the text begins a sentence, whose first word has a capital anyway."""
    found: list[tuple[int, int]] = []
    covered = iter(sorted(known))
    span = next(covered, None)
    for match in _CAPITAL.finditer(text):
        start, end = match.span()
        while span is not None and span[1] <= start:
            span = next(covered, None)
        if span is not None and span[0] < end:
            continue
        word = re.sub(r"['’]s?\Z", "", match.group())
        end = start + len(word)
        if not word[0].isupper() or len(word) < 2:
            continue
        folded = word.casefold()
        if folded in COMMON or folded in MONTHS or folded in LEGAL_SUFFIXES:
            continue
        if found and text[found[-1][1] : start] in {" ", "-", " & "}:
            found[-1] = (found[-1][0], end)
            continue
        found.append((start, end))
    if first and found and not text[: found[0][0]].strip('*_`"“ #>-•([') and found[0][1] - found[0][0] > 0:
        start, end = found[0]
        lone = " " not in text[start:end]
        if lone and not _SUBJECT.match(text, end) and text[start:end][1:].islower():
            found.pop(0)
    return found


_SUBJECT = re.compile(
    r"[*_`\"”]{0,3}(?:['’]s?\s|\s(?:owes|owed|paid|has|is|was|still|had|pays|bought|billed|invoiced|and|with|at)(?![^\W_])"
    r"|\s?[:(=|,–—-]|\s?\Z|\s(?:ltd|limited|inc|pty|llc|gmbh|plc|co)(?![^\W_])|\s[^\w\s]?\d)",
    re.IGNORECASE,
)
