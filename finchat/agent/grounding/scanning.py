"""What stands in one claim: names, figures, phrases of time, words of accounting, and what separates them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

from finchat.agent.grounding.known import folded
from finchat.agent.grounding.lexicon import STATUSES, WEAK, concepts
from finchat.agent.grounding.names import Mention, Names, strangers
from finchat.agent.grounding.shown import CODES, QUOTE, Shown, figures
from finchat.agent.grounding.times import Calendar, Phrase

_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
# Between clauses of one sentence; what stands in parentheses belongs to the clause before it.
_STRONG = re.compile(
    r";|\s(?:but|while|whereas|although|though|however)\s|\n|(?<=\S)\s[—–]\s(?=\S)|(?<=\w)—(?=\w)", re.I
)
_WEAK = re.compile(
    r",(?!\d)|:(?!\d)|\s(?:and|plus|with|versus|vs\.?|compared|against|than|or|then|minus|less|&|up|down|of\swhich|because"
    r"|including|where|so)\s|\s[-/+=]\s|(?<!came)(?<!come)(?<!comes)(?<!amounts)(?<!amount)(?<!amounted)(?<!sums)(?<!add)(?<!adds)(?<!rose)(?<!fell)(?<!grew)"
    r"(?<!dropped)(?<!up)(?<!down)(?<!due)(?<!increased)(?<!decreased)(?<!declined)(?<!improved)\sto\s(?=\W{0,3}\d)",
    re.I,
)
_COORDINATED = re.compile(
    r"['’]?s?[\s*_`\"”“']{0,6}(?:,|,?\s?(?:and|or|&|/|\+|vs\.?|versus|against)|/)[\s*_`\"”“'$€£¥(]{0,6}(?:both\s)?(?:the\s)?\Z",
    re.I,
)
_MASKED = re.compile(
    r"https?://[^\W\d_][\w.-]{1,200}[^\s)>\]]{0,1800}|\[\^?e\d{1,5}(?:[,;\s]{1,3}e\d{1,5}){0,20}\](?!\s?[A-Z]{3}\b)"
    r"|(?<!`)`[^`\n]{1,200}`(?!`)"
)
_INDEX = re.compile(r"(?<=\w)\[\d{1,4}\]")
_BUCKET = re.compile(
    r"(?<![^\W_])(?<![.,/$€£])(?<!\d[-–])(?:\d{1,3}\s?(?:[-–]|\bto\b)\s?\d{1,3}\s?days?|\d{1,3}\s?\+(?:\s?days?)?"
    r"|\d{1,3}\s?[-–]\s?\d{1,3}(?=\W*\Z))(?![^\W_]|[.,]\d|%)",
    re.I,
)
_AMOUNT_WORDS = frozenset(
    ["invoice", "bill", "payment", "owes", "owed", "balance", "due", "paid", "total", "amount", "quote", "sum"]
)
LONGEST_CLAIM = 4_000  # code points
MOST_IN_A_CLAIM = 250  # names, figures and phrases of time
_NUMBER_HEAD = re.compile(r"\b(?:number|no|code|codes|account|invoice|bill|document|inv|ref|#)\b|#", re.I)


@dataclass(frozen=True, slots=True)
class Term:
    """Words of accounting in a claim and the concepts they name."""

    start: int
    end: int
    concepts: frozenset[str]

    @property
    def weak(self) -> bool:
        return self.concepts <= WEAK


@dataclass(slots=True, eq=False)
class Scan:
    """What one claim holds; all places are code points of the whole text, in order."""

    start: int
    end: int
    mentions: list[Mention] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    phrases: list[Phrase] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    strong: list[int] = field(default_factory=list)  # where strong separators stand
    weak: list[int] = field(default_factory=list)
    words: frozenset[str] = frozenset()
    folded: str = ""
    strangers: list[tuple[int, int]] = field(default_factory=list)
    currencies: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    quotes: frozenset[str] = frozenset()  # texts of records that stand in quotation marks, folded
    buckets: list[tuple[int, int]] = field(default_factory=list)  # "31–60 days"
    crowded: bool = False  # too long or too full to be read

    def piece(self, at: int) -> tuple[int, int]:
        """The clause around a place: between the nearest separators of either strength."""
        first = max((p for p in (*self.strong, *self.weak) if p <= at), default=self.start)
        last = min((p for p in (*self.strong, *self.weak) if p > at), default=self.end)
        return first, last

    def alone(self, start: int, end: int, text: str) -> bool:
        """Nothing but the span stands in the claim."""
        return not (text[self.start : start] + text[end : self.end]).strip(' *_`:"“”#.-–—()')

    def segment(self, at: int) -> tuple[int, int]:
        first = max((p for p in self.strong if p <= at), default=self.start)
        last = min((p for p in self.strong if p > at), default=self.end)
        return first, last


def masked(text: str) -> str:
    """`text` with links, evidence handles and the marks of code marked out by spaces, every code point in its place."""

    def blank(match: re.Match[str]) -> str:
        span = match.group()
        if span[0] == "`":
            plain = _INDEX.sub(lambda index: " " * len(index.group()), span[1:-1])
            return f" {plain} "  # a figure set as code is read as text by the one who reads it
        return " " * len(span)

    return _MASKED.sub(blank, text)


@dataclass(frozen=True, slots=True)
class Lens:
    """What claims are read with: the names known, the calendar, today, and the texts of records, folded."""

    names: Names
    calendar: Calendar
    as_of: date
    texts: frozenset[str] = frozenset()


def scan(text: str, start: int, end: int, lens: Lens, *, cell: bool = False, head: str = "") -> Scan:
    """Read one claim of a masked text. `cell`: a table cell, under the column head `head`."""
    part = text[start:end]
    found = Scan(start, end)
    if len(part) > LONGEST_CLAIM:
        found.crowded = True
        return found
    part, quotes = _unquoted(part, lens.texts)
    codes = cell and bool(_NUMBER_HEAD.search(head))
    known = lens.names.find(part, numbers=codes)
    mentions = [m for m in known if m.kind != "organisation"]
    if cell:  # a cell that is a name is no everyday word, unless it may be a heading of accounts
        mentions = [
            replace(m, soft=False) if m.kind in {"item", "contact"} and _alone(part, m.start, m.end) else m
            for m in mentions
        ]
    house = [(m.start, m.end) for m in known if m.kind == "organisation"]  # whose books these are: no stranger
    named = _mask(((m.start, m.end) for m in known), len(part))
    phrases = [p for p in lens.calendar.phrases(part) if not any(named[p.start : p.end])]
    buckets = [m.span() for m in _BUCKET.finditer(part) if not any(named[m.start() : m.end()])]
    bracketed = cell and part.strip("*_` ").startswith("(") and part.strip("*_` ").endswith(")")
    taken = _mask([*((p.start, p.end) for p in phrases if not p.weak_year), *buckets], len(part))
    shown = [s for s in _shown(part, mentions, lens.as_of, cell=bracketed) if not any(taken[s.start : s.end])]
    if len(shown) + len(mentions) + len(phrases) > MOST_IN_A_CLAIM:
        found.crowded = True
        return found
    shown = _without_years(part, shown, phrases, cell)
    shown += [
        Shown(start=m.start, end=m.end, text=part[m.start : m.end], unit="identifier", name=part[m.start : m.end])
        for m in mentions
        if m.kind == "document"
    ]
    shown.sort(key=lambda s: s.start)
    timed = [(p.start, p.end) for p in phrases]
    figure_spans = [(s.start, s.end) for s in shown]
    words = [(m.start(), m.end(), m.group().casefold()) for m in _WORD.finditer(part)]
    hard = [*house, *((m.start, m.end) for m in mentions if not m.soft)]
    free = _outside(words, _mask([*hard, *timed, *figure_spans, *buckets], len(part)))
    found.terms = [
        Term(run[a][0] + start, run[b - 1][1] + start, hit)
        for run in free
        for a, b, hit in concepts([_bare(w) for _, _, w in run])
    ]
    covered = [*house, *((m.start, m.end) for m in mentions), *timed, *figure_spans, *buckets]
    mask = _mask(covered, len(part))
    depth = _depths(part)
    found.strong = [m.end() + start for m in _STRONG.finditer(part) if not mask[m.start()] and not depth[m.start()]]
    found.weak = [m.end() + start for m in _WEAK.finditer(part) if not mask[m.start()] and not depth[m.start()]]
    flat = [_bare(w) for run in free for _, _, w in run]
    found.words = frozenset(flat)
    pairs = {f"{a} {b}" for a, b in pairwise(flat)}
    found.statuses = frozenset(STATUSES[w] for w in (*found.words, *pairs) if w in STATUSES)
    found.strangers = [(a + start, b + start) for a, b in strangers(part, covered, True)]
    found.quotes = quotes
    found.currencies = _named_currencies(part)
    found.folded = part.casefold()
    found.buckets = [(a + start, b + start) for a, b in buckets]
    found.mentions = [replace(m, start=m.start + start, end=m.end + start) for m in mentions]
    found.phrases = [replace(p, start=p.start + start, end=p.end + start) for p in phrases]
    found.shown = [replace(s, start=s.start + start, end=s.end + start) for s in shown]
    return found


def _unquoted(part: str, texts: frozenset[str]) -> tuple[str, frozenset[str]]:
    """A claim with the texts of records that it quotes marked out by spaces, and those texts."""
    found: set[str] = set()

    def blank(match: re.Match[str]) -> str:
        inner = folded(next(group for group in match.groups() if group is not None))
        if inner not in texts:
            return match.group()
        found.add(inner)
        return " " * len(match.group())

    return (QUOTE.sub(blank, part), frozenset(found)) if texts else (part, frozenset())


def _shown(part: str, mentions: list[Mention], as_of: date, *, cell: bool) -> list[Shown]:
    """The figures of a claim. Digits in a name are the name's; an amount in a stranger's name is an amount all the
    same."""
    outside = list(part)
    found: list[Shown] = []
    for mention in mentions:
        if not any(char.isdigit() for char in part[mention.start : mention.end]):
            continue
        outside[mention.start : mention.end] = "·" * (mention.end - mention.start)
        if mention.kind == "document":
            continue
        for one in figures(part[mention.start : mention.end], as_of):
            percent = one.unit == "percent" and mention.kind == "contact"
            if one.currencies or percent or one.unit == "date" or (one.unit == "money" and not one.bare):
                found.append(replace(one, start=one.start + mention.start, end=one.end + mention.start))
    return sorted([*found, *figures("".join(outside), as_of, cell=cell)], key=lambda one: one.start)


def _without_years(part: str, shown: list[Shown], phrases: list[Phrase], cell: bool) -> list[Shown]:
    """Years that are a period are no figures; "an invoice for 2026" is an amount. Takes the latter out of `phrases`."""
    for phrase in [p for p in phrases if p.weak_year]:
        others = [s for s in shown if s.end <= phrase.start or s.start >= phrase.end]
        before = set(re.findall(r"[^\W_]+", part[max(0, phrase.start - 40) : phrase.start].casefold())[-4:])
        if not before & _AMOUNT_WORDS and (others or cell or part.rstrip("*_ ").endswith(":")):
            shown = others
        else:
            phrases.remove(phrase)
    return shown


def _bare(word: str) -> str:
    return re.sub(r"['’]s?\Z", "", word)


def _named_currencies(part: str) -> frozenset[str]:
    found = {code for code in re.findall(r"(?<![^\W_])[A-Z]{3}(?![^\W_])", part) if code in CODES}
    return frozenset(found | ({"EUR"} if "€" in part else set()) | ({"GBP"} if "£" in part else set()))


def coordinated(between: str) -> bool:
    """Only a comma, "and" or the like stands between two things."""
    return len(between) <= 24 and bool(_COORDINATED.match(between)) and bool(between.strip())


def _depths(part: str) -> list[int]:
    depth, depths = 0, []
    for char in part:
        if char == ")":
            depth = max(0, depth - 1)
        depths.append(depth)
        if char == "(":
            depth += 1
    if depth:  # unbalanced: parentheses say nothing here
        return [0] * (len(part) + 1)
    return [*depths, 0]


def _alone(part: str, start: int, end: int) -> bool:
    return not (part[:start] + part[end:]).strip(' *_`:"“”#.-–—()')


def _mask(spans: Iterable[tuple[int, int]], length: int) -> bytearray:
    """One byte a code point: whether a span covers it."""
    mask = bytearray(length + 1)
    for start, end in spans:
        mask[start:end] = b"\x01" * (min(end, length) - start)
    return mask


def _outside(words: list[tuple[int, int, str]], mask: bytearray) -> list[list[tuple[int, int, str]]]:
    """Runs of words that no span covers."""
    runs: list[list[tuple[int, int, str]]] = [[]]
    for word in words:
        if any(mask[word[0] : word[1]]):
            if runs[-1]:
                runs.append([])
        else:
            runs[-1].append(word)
    return [run for run in runs if run]
