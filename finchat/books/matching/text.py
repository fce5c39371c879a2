"""How bank text and names are folded, split and compared. Nothing here knows a bank's or a country's words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")
_RUNS = re.compile(r"\d+|[^\W\d_]+")
_VOWELS = frozenset("aeiouy")
# Letters that Unicode does not take apart, as banks write them in plain ones.
_PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
)
_PLAIN_AMOUNT = re.compile(r"(?<![\w.,'])(\d{1,3}(?:[ .,'\u00a0\u202f]\d{3})+|\d+)[.,](\d{2,3})(?![\w])")


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Case, width, accents and the script of digits removed: `Société ＡＢ ٤٢` is `societe ab 42`."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
    if plain.isascii():
        return plain
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in plain.translate(_PLAIN_LETTERS))


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """Runs of letters and digits of the folded text, in order."""
    return tuple(_WORD.findall(fold(text)))


def unspaced(word: str) -> bool:
    """Whether the word's script writes without spaces: such a word is not part of a longer name, it is all of it."""
    return any("\u3040" <= c <= "\u30ff" or "\u3400" <= c <= "\u9fff" or "\u0e00" <= c <= "\u0eff" for c in word)


def letters_only(word: str) -> bool:
    return _DIGIT.search(word) is None


def runs(word: str) -> tuple[str, ...]:
    """`inv03060` is (`inv`, `03060`)."""
    return tuple(_RUNS.findall(word))


def plain_number(text: str) -> str:
    """A number run together without the zeros before its digits: `CN-0007` is `cn7`."""
    return "".join(r.lstrip("0") if r[0].isdigit() else r for w in words(text) for r in runs(w))


@lru_cache(maxsize=65536)
def skeleton(word: str) -> str:
    """First letter and the consonants after it, as banks shorten names: `freight` and `frght` are both `frght`."""
    return word[:1] + "".join(c for c in word[1:] if c not in _VOWELS)


def shortened(word: str) -> frozenset[str]:
    """The word and each word with one letter left out: two words within one edit share one of them."""
    return frozenset({word, *(word[:i] + word[i + 1 :] for i in range(len(word)))})


def one_edit_apart(a: str, b: str) -> bool:
    """One letter inserted, removed or replaced, or two neighbours swapped."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    start = 0
    shorter = min(len(a), len(b))
    while start < shorter and a[start] == b[start]:
        start += 1
    rest_a, rest_b = a[start:], b[start:]
    if len(a) != len(b):
        longer, other = (rest_a, rest_b) if len(a) > len(b) else (rest_b, rest_a)
        return longer[1:] == other
    if rest_a[1:] == rest_b[1:]:
        return True
    return rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:] if len(rest_a) > 1 else False


def digits_transposed(a: str, b: str) -> bool:
    """Two neighbouring, different digits swapped."""
    if len(a) != len(b):
        return False
    differing = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
    if len(differing) != 2 or differing[1] != differing[0] + 1:
        return False
    first, second = differing
    return a[first] == b[second] and a[second] == b[first]


def amounts_in(text: str, digits: int) -> frozenset[int]:
    """Amounts written with their minor units (`1,234.50`, `1.234,50`), as minor units of a currency with `digits`."""
    found: set[int] = set()
    for whole, part in _PLAIN_AMOUNT.findall(unicodedata.normalize("NFKC", text)):
        if len(part) == digits:
            found.add(int(re.sub(r"\D", "", whole) + part))
    return frozenset(found)
