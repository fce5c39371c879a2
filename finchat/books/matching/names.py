"""Whose name a bank line carries.

Every contact competes for every line. How much a word of a name is worth comes from the contacts themselves: a word
that many names share (a legal form, a trade) says little. Words of a line are matched whole, cut off, without their
vowels, with one typing error, or run together.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from finchat.books.matching.text import letters_only, one_edit_apart, shortened, skeleton, unspaced, words


@dataclass(frozen=True, slots=True)
class Named:
    """How well a line names one contact: `coverage` of the name (0..1), how much of the text it `explains`, and the
    words of the text it uses."""

    coverage: float
    explains: float
    used: frozenset[str] = frozenset()


class NameIndex:
    """All names of all contacts; or, with `learned`, only those further names, weighed among all names."""

    def __init__(self, names: Mapping[str, str], learned: Mapping[str, Iterable[str]] | None = None) -> None:
        variants = {c: [n] for c, n in names.items()} if learned is None else learned
        self._names: list[tuple[str, tuple[str, ...]]] = [
            (contact_id, name)
            for contact_id in sorted(variants)
            for name in sorted({words(text) for text in variants[contact_id]})
            if name
        ]
        own = [words(n) for n in names.values()]
        self._closing = _closing_words(own)
        frequency = Counter(w for name in own for w in set(name))
        count = max(len(own), 1)
        self._weights: list[dict[str, float]] = []
        stems = _stems(own, self._closing)
        for _, name in self._names:
            closing = frozenset[str]() if _has_sister(name, self._closing, stems) else self._closing
            weights: dict[str, float] = {}
            for w in name:
                rarity = math.log(1 + count / max(frequency[w], 1)) / math.log(1 + count)
                weights[w] = (0.1 if w in closing else rarity) * min(len(w), 5) / 5
            self._weights.append(weights)
        self._by_word: dict[str, list[int]] = defaultdict(list)
        self._by_own_word: dict[str, list[int]] = defaultdict(list)  # words that tell names apart: no closing ones
        self._joined: dict[str, list[int]] = defaultdict(list)
        self._cores: list[str] = []
        self._sizes: list[int] = []  # words of each core
        self._single: set[str] = set()  # contacts whose name is one word and perhaps a legal form
        for index, (_, name) in enumerate(self._names):
            own_words = [w for w in dict.fromkeys(name) if w not in self._closing]
            for w in dict.fromkeys(name):
                self._by_word[w].append(index)
            for w in own_words or dict.fromkeys(name):
                self._by_own_word[w].append(index)
            core = _core(name, self._closing)
            if len(core) == 1 and not (len(core[0]) >= 4 and unspaced(core[0])):
                self._single.add(self._names[index][0])
            if _has_sister(name, self._closing, stems):
                core = name  # what the core says, it says of the sister too
            self._cores.append("".join(core))
            self._sizes.append(len(core))
            self._joined["".join(core)].append(index)
            if len(core) != len(name):
                self._joined["".join(name)].append(index)
        self._sorted = sorted(("".join(name), index) for index, (_, name) in enumerate(self._names))
        self._by_skeleton: dict[str, list[str]] = defaultdict(list)
        self._by_shortened: dict[str, list[str]] = defaultdict(list)
        self._by_start: dict[str, list[str]] = defaultdict(list)
        for w in sorted(self._by_word):
            self._by_skeleton[skeleton(w)].append(w)
            if len(w) >= 4:
                for s in sorted(shortened(w)):
                    self._by_shortened[s].append(w)
            for length in range(3, len(w)):
                self._by_start[w[:length]].append(w)
        self._likeness: dict[str, dict[str, float]] = {}
        self._cache: dict[tuple[str, ...], dict[str, Named]] = {}

    def closes(self, word: str) -> bool:
        """Whether the word is one that many names end with, one letter wrong included."""
        if word in self._closing:
            return True
        return len(word) >= 3 and any(one_edit_apart(word, w) for w in self._closing if len(w) >= 3)

    def single(self, contact_id: str) -> bool:
        """Whether one word is all that tells the contact's name from others."""
        return contact_id in self._single

    def says(self, word: str, name_word: str) -> bool:
        """Whether a word of a text stands for that word of a name."""
        return name_word in self._alike(word)

    def knows(self, word: str) -> bool:
        """Whether the word is part of any contact's name."""
        return word in self._by_word

    def named(self, text_words: tuple[str, ...]) -> dict[str, Named]:
        """Contacts the words may name, with how well. Words with digits are no names."""
        if not self._names:
            return {}
        key = tuple(w for w in text_words if letters_only(w))
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._score(key)
        return found

    def _alike(self, word: str) -> dict[str, float]:
        known = self._likeness.get(word)
        if known is not None:
            return known
        alike: dict[str, float] = {}
        if word in self._by_word:
            alike[word] = 1.0
        bones = skeleton(word)
        if len(word) >= 2:  # the bank dropped the vowels, or some of them
            for other in self._by_skeleton.get(bones, ()):
                if len(other) > len(word) and (bones == word or _within(word, other)):
                    alike.setdefault(other, 0.85 if len(word) >= 3 else 0.7)
        if len(word) >= 3:
            for other in self._by_start.get(word, ()):
                alike.setdefault(other, 0.6 + 0.35 * len(word) / len(other))
        if len(word) >= 4:
            for s in sorted(shortened(word)):
                for other in self._by_shortened.get(s, ()):
                    if other not in alike and len(other) >= 5 and one_edit_apart(word, other):
                        alike[other] = 0.88  # of four letters, one changed makes another name
        self._likeness[word] = alike
        return alike

    def _score(self, key: tuple[str, ...]) -> dict[str, Named]:
        best = self._hits(key)
        found: dict[str, Named] = {}
        for index, hits in best.items():
            contact_id, name = self._names[index]
            used = {word for _, word in hits.values()}
            extra: dict[str, float] = {}
            for i, w in enumerate(name):  # a name cut off after one or two letters of its next word
                if w not in hits and i and name[i - 1] in hits:
                    before = hits[name[i - 1]][1]
                    position = key.index(before) + 1
                    if position < len(key) and key[position] not in used and w.startswith(key[position]):
                        extra[w] = 0.5
                        used.add(key[position])
            weight = self._weights[index]
            total = sum(weight[w] for w in name) or 1.0
            got = sum(weight[w] * q for w, (q, _) in hits.items() if w in name)
            got += sum(weight[w] * q for w, q in extra.items())
            named = Named(min(got / total, 1.0), float(sum(len(w) for w in used)), frozenset(used))
            self._keep(found, contact_id, named)
        spans = _spans(key)
        for span, parts in spans.items():
            if len(span) >= 6:
                for index in self._joined.get(span, ()):
                    whole = len(self._names[index][1]) == 1 or len(parts) > 1 or len(span) >= 10
                    self._keep(found, self._names[index][0], Named(0.97 if whole else 0.8, float(len(span)), parts))
        self._cut_off(spans, found)
        if not any(n.coverage >= 0.75 for n in found.values()):
            self._run_together(spans, found)
        return found

    def _hits(self, key: tuple[str, ...]) -> dict[int, dict[str, tuple[float, str]]]:
        """Of every name of which the text holds an own word: its words that are there, how surely, and by which."""
        alike = [(word, list(self._alike(word).items())) for word in dict.fromkeys(key)]
        hit = {index for _, others in alike for other, _ in others for index in self._by_own_word.get(other, ())}
        best: dict[int, dict[str, tuple[float, str]]] = {index: {} for index in sorted(hit)}
        for word, others in alike:
            for other, quality in others:
                holders = self._by_word[other]
                # A closing word is in many names; of those, only the ones that are hit anyway count.
                few = holders if len(holders) <= len(hit) else [i for i in hit if other in self._weights[i]]
                for index in few:
                    words_hit = best.get(index)
                    if words_hit is not None and quality > words_hit.get(other, (0.0, ""))[0]:
                        words_hit[other] = (quality, word)
        return best

    def _cut_off(self, spans: dict[str, frozenset[str]], found: dict[str, Named]) -> None:
        """Names that the bank cut off after so many letters, whatever word that is in."""
        for span, parts in spans.items():
            if len(span) < 7:
                continue
            for i in range(bisect_left(self._sorted, (span, -1)), len(self._sorted)):
                joined, index = self._sorted[i]
                if not joined.startswith(span):
                    break
                core = self._cores[index]
                share = min(len(span) / len(core), 1.0)
                if len(span) >= 9 or share >= 0.5:
                    self._keep(found, self._names[index][0], Named(0.70 + 0.25 * share, float(len(span)), parts))

    def _run_together(self, spans: dict[str, frozenset[str]], found: dict[str, Named]) -> None:
        """Names without their spaces and with a typing error: compared letter by letter."""
        from rapidfuzz import fuzz, process

        long = [s for s in spans if 8 <= len(s) <= 40]
        text = max(spans, key=len, default="")
        if len(text) < 8 or not long:
            return
        cores = [c if len(c) >= 8 else None for c in self._cores]
        for core, _, index in process.extract(text, cores, scorer=fuzz.partial_ratio, score_cutoff=80, limit=None):
            ratio, span = max((fuzz.ratio(s, core), s) for s in long)
            # Word for word, as many words as the name has were compared already.
            if ratio >= 87 and not len(spans[span]) == self._sizes[index] > 1:
                self._keep(found, self._names[index][0], Named(ratio / 100 * 0.93, float(len(core)), spans[span]))

    @staticmethod
    def _keep(found: dict[str, Named], contact_id: str, named: Named) -> None:
        held = found.get(contact_id)
        if held is None or (named.coverage, named.explains) > (held.coverage, held.explains):
            found[contact_id] = named


def _closing_words(names: Iterable[tuple[str, ...]]) -> frozenset[str]:
    """Words that close several names, alone or before other closing words: legal forms, learned from the names."""
    multiple = [n for n in names if len(n) > 1]
    least = max(3, len(multiple) * 4 // 100)
    total = Counter(w for n in multiple for w in set(n))
    closing: frozenset[str] = frozenset()
    while True:
        ends: Counter[str] = Counter()
        for name in multiple:
            for i in range(len(name) - 1, 0, -1):
                ends[name[i]] += 1
                if name[i] not in closing:
                    break
        found = frozenset(w for w, n in ends.items() if total[w] >= least and 2 * n >= total[w])
        if found <= closing:
            return closing
        closing |= found


def _within(short: str, long: str) -> bool:
    """Whether the letters of one word are in the other, in their order."""
    letters = iter(long)
    return all(c in letters for c in short)


def _core(name: tuple[str, ...], closing: frozenset[str]) -> tuple[str, ...]:
    end = len(name)
    while end > 1 and name[end - 1] in closing:
        end -= 1
    return name[:end]


def _stems(names: Iterable[tuple[str, ...]], closing: frozenset[str]) -> Counter[tuple[str, ...]]:
    """How many different names begin with the core of a name."""
    different = set(names)
    cores = {_core(name, closing) for name in different if name}
    return Counter(name[:n] for name in different for n in range(1, len(name) + 1) if name[:n] in cores)


def _has_sister(name: tuple[str, ...], closing: frozenset[str], stems: Counter[tuple[str, ...]]) -> bool:
    """Whether another name begins alike: then even a closing word may be what tells the two apart."""
    return stems[_core(name, closing)] > 1


@lru_cache(maxsize=65536)
def _spans(key: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """Neighbouring words run together, up to six of them, with the words they are made of."""
    return {"".join(key[i : i + n]): frozenset(key[i : i + n]) for n in range(1, 7) for i in range(len(key) - n + 1)}
