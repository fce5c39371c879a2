"""What in a text, or by the name of a field, is a secret, an e-mail address or the number of an account or a card."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from finchat.agent.personal import EMAIL
from finchat.agent.plain_words import PLAIN_WORDS
from finchat.cassettes.standing_in import IBAN_LENGTHS, bare, is_iban, is_number_stand_in, is_reserved, is_stand_in

ShapeKind = Literal["secret", "email", "number", "user"]
SOMEBODY = "somebody"  # whose folder a path in a cassette is in


@dataclass(frozen=True, slots=True)
class Shape:
    """A part of a text, `what` in words for a person."""

    start: int
    end: int
    kind: ShapeKind
    what: str


# The name in front of a value, as headers, settings, queries and JSON inside of text have it.
_NAMED = re.compile(
    r"""(?ix)(?<![a-z0-9_-])(?P<name>[a-z0-9_-]{0,40}?
    (?:api[_-]?key|access[_-]?key|secret|passwo?r?d|passwd|passphrase|pwd|token|authorization|credential)s?)
    \\*["']?\s{0,4}(?:=>|[=:])\s{0,4}\\*["']?(?P<value>(?!bearer\s|basic\s)[^\s"'&,;}<>\\\])]{4,4096})"""
)
_WORDS_OF_PASSWORDS = re.compile(r"(?i)secret|passw|pwd|passphrase|authorization|credential")
_BEARER = re.compile(r"(?i)\b(?:bearer|basic)\s+(?=\S*[\d_~+/=]|\S{20})(?P<value>[A-Za-z0-9._~+/=*-]{6,})")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?")
_KEY = re.compile(
    r"\b(?:(?:sk|pk|rk|xox[abeprs]|gh[oprsu]|glpat|github_pat|npm|hf|whsec|shpat|gsk|pplx)[-_][A-Za-z0-9_*-]{8,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}\b|AIza[0-9A-Za-z_-]{30,}|ya29\.[0-9A-Za-z_-]{10,})"
)
_USER_INFO = re.compile(r"(?i)(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,20}://(?P<value>[^\s/@\"'<>\\]{1,512})@")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_URL = re.compile(r"(?i)\bhttps?://[^\s\"'<>\\]{4,2048}")
_QUERY = re.compile(
    r"(?i)[?&;#](?:[\w.-]{0,30}(?:token|secret|password|signature|auth|api_?key|credential))=(?P<value>[^&#\s]{6,})"
    r"|[?&;#](?:sig|key|code)=(?P<code>[^&#\s]{12,})"
)
_SEGMENT = re.compile(r"(?<=/)[A-Za-z0-9_~.=-]{20,}(?=[/?#]|$)")
# A signer's key in a policy is the public half of one, as finchat writes it.
_RANDOM = re.compile(r"(?<![\w+/=.-])(?<!\bed25519:)[A-Za-z0-9_+/=-]{32,200}(?![\w+/=-])")
# Names that are made at random and are no secrets: of answers, calls and items of a model, and its sealed reasoning.
_RANDOM_NAMES = re.compile(r"(?:resp|msg|fc|call|rs|item|chatcmpl|run|toolu|req|fp|ws|mcpl|cmpl)[_-]|gAAAA")
GUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.I)
_MAIL = re.compile(EMAIL.pattern.replace("@", "(?:@|%40)", 1), re.IGNORECASE)
_MAIL_DOMAIN = re.compile(r"[^\W\d_]{2,}")
_IBAN = re.compile(
    r"(?<![^\W_])(?:[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}|[a-z]{2}\d{2}[a-z0-9]{11,30})(?![^\W_])", re.ASCII
)
_CARD = re.compile(r"(?<![\w.,-])\d(?:[ -]?\d){12,18}(?![\w-]|[.,]\d)", re.ASCII)
_CARD_BRANDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|35\d{14}|6(?:011|5\d\d)\d{12}"
)
_ACCOUNT = re.compile(
    r"(?<![\w-])(?:\d{2}-\d{4}-\d{7}-\d{2,3}|\d{3}-\d{3}[ -]\d{6,9}|\d{2}-\d{2}-\d{2}[ -]\d{8})(?![\w-])", re.ASCII
)
_CALLED = re.compile(
    r"(?i)\b(?:a/c|acct?|account|konto(?:nummer)?|iban|bsb|card|kaart|rekening)(?:[ _-]?(?:no|nr|num|number|nummer))?\b"
    r"[.:#=]{0,2}[ \t\"'\\]{0,4}(?P<value>\d(?:[ -]?\d){5,25})(?![\d.,]*\d)"
)
_COLUMN = re.compile(
    r"(?i)\b(?:(?:bank)?account|a/c|acct|iban|konto|kontonummer|rekening|bban)\b|account ?(?:no|num|nr)"
)
_LONGEST_NAME = 40  # characters of what a column is called
_DATE = re.compile(
    r"(?:19|20)\d\d(?P<sign>[-/. ]?)(?:0[1-9]|1[0-2])(?P=sign)(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])(?P<between>[-/. ])(?:0?[1-9]|1[0-2])(?P=between)(?:\d\d)?\d\d",
    re.ASCII,
)
_STATEMENT = (
    re.compile(r"(?i)<(?:ACCTID|ACCTKEY|CCACCTNUM)>\s*(?P<value>[^<\r\n]{4,40})"),  # OFX
    re.compile(
        r"<(?:\w+:)?IBAN>\s*(?P<value>[^<]{4,50})|<(?:\w+:)?Othr>\s*<(?:\w+:)?Id>\s*(?P<other>[^<]{4,50})"
    ),  # CAMT
    re.compile(r"^:25[A-Z]?:(?P<value>[^\r\n]{4,50})", re.MULTILINE),  # MT940
    re.compile(r"(?<=\?31)(?P<value>[A-Z0-9]{6,34})(?=[?\r\n]|$)"),  # its :86: as German banks write it
)
NUMBER = re.compile(r"\d(?:[ /-]?\d){5,33}", re.ASCII)
_USER = re.compile(
    r"(?:(?<![\w.~-])/(?:home|Users)/|(?<![a-z])[a-z]:\\{1,2}Users\\{1,2})(?P<value>[^\s/\\\"'<>:;,)]+)", re.I
)
_NO_USERS = frozenset({SOMEBODY, "shared", "public", "default"})

# Most texts of a ledger: nothing in them can be a secret.
_PLAIN = re.compile(
    r"(?!.*\b(?i:bearer|basic)\b)[^\W\d_]{1,30}(?:[ .'&,_-]{1,3}[^\W\d_]{1,30}){0,12}\.?"
    r"|-?\d{1,3}(?:,?\d{3}){0,4}\.\d{1,6}|[0-9a-f]{64}"
    r"|\d{4}-\d\d-\d\d(?:T[\d:.]{5,15}(?:Z|\+00:00)?)?|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
)
_SHORT = 400  # characters
_LONGEST_HEAD = 40  # characters of the name of a column

# Fields, as letters and digits alone, whose text is a number of an account or a card.
_NUMBER_FIELDS = frozenset(
    [
        "accountnumber",
        "acctid",
        "acctnum",
        "bankaccount",
        "bankaccountdetails",
        "bankaccountnumber",
        "banknumber",
        "bban",
        "cardnumber",
        "ccacctnum",
        "counterpartyaccount",
        "iban",
        "otheraccount",
        "payeeaccount",
        "payeraccount",
    ]
)
# Fields whose text is a secret, of whatever form: the tenant that a token is for, the salt of memory's digests.
_SECRET_FIELDS = frozenset({"tenantid", "xerotenantid", "realmid", "quickbooksrealmid", "salt"})
_USER_FIELDS = frozenset({"user"})  # who ran finchat and decided, in its journal and audit log
_SECRET_FIELD = re.compile(
    r"apikey|accesskey|privatekey|secret|passwo?r?d|passwd|passphrase|token$|authorization$|credentials?$|^cookie$|^setcookie$"
)
_NO_SECRET_FIELDS = frozenset({"progresstoken", "synctoken", "inputtoken", "outputtoken"})
_HOLDERS_OF_SECRETS = frozenset({"headers", "env"})
# Of a header or a variable of a server; a word that switches something on or off is none.
_NAMES_A_SECRET = re.compile(r"keys?$|token|secret|passw|passphrase|pwd|cookie|credential|auth|pin$|sid$")
_SWITCHES = frozenset({"true", "false", "none", "null", "auto", "basic", "bearer", "oauth", "oauth2", "required"})
_PLAIN_HEADERS = frozenset({"contenttype", "accept", "useragent", "date", "server", "retryafter", "contentlength"})
_FEWEST_DIGITS = 6
_MARK = re.compile(r"fc-[a-z0-9]{10}")  # by which finchat knows its own writes in the ledger: for everyone to see


def shapes(text: str, *, stand_ins: bool = False) -> Sequence[Shape]:
    """What a text holds by its shape, in order, none overlapping another. `stand_ins`: only what is one."""
    if len(text) < _FEWEST_DIGITS or _PLAIN.fullmatch(text):
        return ()
    return (_known if len(text) <= _SHORT else _found)(text)[stand_ins]


def _found(text: str) -> tuple[Sequence[Shape], Sequence[Shape]]:
    """What is secret in a text, and what is a stand-in."""
    found: tuple[list[Shape], list[Shape]] = [], []
    for kind, (start, end, what) in _each(text):
        those = found[_stands_in(text[start:end], kind)]
        place = bisect(those, start, key=lambda shape: shape.start)
        before, after = those[place - 1 : place], those[place : place + 1]
        if all(each.end <= start for each in before) and all(end <= each.start for each in after):
            those.insert(place, Shape(start, end, kind, what))
    return found


_known = lru_cache(maxsize=20_000)(_found)  # the texts of a ledger come again and again


def of_field(field: str, text: str, holder: str = "", *, stand_ins: bool = False) -> list[Shape]:
    """What a text is by the name of its field, and by that of the object the field is in (`headers`)."""
    name = plain_field(field)
    found: list[Shape] = []
    if name in _NUMBER_FIELDS:
        found = _numbers_of(text, 0, f"the number in {field}")
    elif name in _USER_FIELDS and text.strip():
        found = [Shape(0, len(text), "user", f"a name in {field}")]
    elif name in _SECRET_FIELDS and len(text) >= _FEWEST_DIGITS:
        found = [Shape(0, len(text), "secret", f"the value of {field}")]
    elif _is_secret(name, text) or (plain_field(holder) in _HOLDERS_OF_SECRETS and _in_a_holder(name, text)):
        start = 0
        if scheme := re.match(r"(?i)(?:bearer|basic|token)\s+", text):
            start = scheme.end()
        found = [Shape(start, len(text), "secret", f"the value of {field}")]
    return [shape for shape in found if _stands_in(text[shape.start : shape.end], shape.kind) == stand_ins]


@lru_cache(maxsize=5_000)
def plain_field(name: str) -> str:
    """Letters and digits alone, small."""
    return "".join(filter(str.isalnum, name)).lower()


def is_date(text: str) -> bool:
    """Whether digits are a day and not the number of an account."""
    return _DATE.match(text) is not None


def looks_random(text: str) -> bool:
    """Whether a value by itself may be a secret: letters and digits, or long, without a space; no path or URL, no GUID,
    date or number."""
    if len(text) < 8 or any(map(str.isspace, text)) or text.startswith(("/", "$", "~", "http:", "https:", "./")):
        return False
    if GUID.fullmatch(text) or re.fullmatch(r"[\d.,:TZ+-]+", text):
        return False
    return len(text) >= 20 or (any(map(str.isdigit, text)) and any(map(str.isalpha, text)))


def secrets_of_url(url: str) -> Iterator[str]:
    """What of the URL of a server lets one in: who calls, parts of its path that nobody would remember, its query."""
    head, _, query = url.partition("?")
    _scheme, _, rest = head.partition("://")
    host, *parts = rest.split("/")
    if "@" in host:
        yield from (part for part in host.rpartition("@")[0].split(":") if part)
    yield from (p for p in parts if len(p) >= 12 and (looks_random(p) or GUID.fullmatch(p)))
    values = (pair.partition("=")[2] for pair in re.split(r"[&;]", query.partition("#")[0]))
    yield from (value for value in values if len(value) >= 8 and (looks_random(value) or GUID.fullmatch(value)))


def _each(text: str) -> Iterator[tuple[ShapeKind, tuple[int, int, str]]]:
    """Every shape, the surest first."""
    yield from (("secret", found) for found in _secrets(text))
    yield from (("email", found) for found in _emails(text))
    yield from (("number", found) for found in _numbers(text))
    yield from (("user", (*m.span("value"), "a user's name in a path")) for m in _USER.finditer(text))
    for m in _RANDOM.finditer(text):
        if _is_random(m[0]):
            yield "secret", (*m.span(), "a long random string")


def _secrets(text: str) -> Iterator[tuple[int, int, str]]:
    if "PRIVATE KEY" in text:
        yield from ((*m.span(), "a private key") for m in _PRIVATE_KEY.finditer(text))
    if "://" in text:
        yield from ((*m.span("value"), "a name or password in a URL") for m in _USER_INFO.finditer(text))
        yield from ((start, end, "a token in a URL") for start, end in _in_urls(text))
    yield from ((*m.span("value"), "a bearer string") for m in _BEARER.finditer(text))
    if "eyJ" in text:
        yield from ((*m.span(), "a JSON web token") for m in _JWT.finditer(text))
    yield from ((*m.span(), "a key") for m in _KEY.finditer(text))
    for m in _NAMED.finditer(text):
        if _is_secret_of(m["name"], m["value"]):
            yield (*m.span("value"), f"the value of {m['name']}")


def _emails(text: str) -> Iterator[tuple[int, int, str]]:
    if "@" in text or "%40" in text:
        for m in _MAIL.finditer(text):
            if _MAIL_DOMAIN.fullmatch(m[0].rpartition(".")[2]):
                yield (*m.span(), "an e-mail address")


def _numbers(text: str) -> Iterator[tuple[int, int, str]]:
    for pattern in _STATEMENT:
        for m in pattern.finditer(text):
            name = next(name for name, value in m.groupdict().items() if value is not None)
            for found in _numbers_of(m[name], m.start(name), "an account of a statement"):
                yield found.start, found.end, found.what
    yield from ((start, end, "an IBAN") for start, end in _ibans(text))
    for m in _ACCOUNT.finditer(text):
        if not is_date(m[0][8:]):
            yield (*m.span(), "a bank account number")
    yield from ((*m.span(), "a card number") for m in _CARD.finditer(text) if _is_card(m[0]))
    for m in _CALLED.finditer(text):
        if not is_date(m["value"]):
            yield (*m.span("value"), "an account number")
    if "\n" in text:
        yield from ((start, end, "an account of a table") for start, end in _in_columns(text))


def _in_urls(text: str) -> Iterator[tuple[int, int]]:
    for url in _URL.finditer(text):
        for found in _QUERY.finditer(url[0]):
            start, end = found.span("value" if found["value"] is not None else "code")
            yield url.start() + start, url.start() + end
        path = url[0].partition("?")[0].partition("#")[0]
        for part in _SEGMENT.finditer(path, path.find("/", 8) if path.find("/", 8) > 0 else len(path)):
            if looks_random(part[0]) and any(map(str.isdigit, part[0])) and not _RANDOM_NAMES.match(part[0]):
                yield url.start() + part.start(), url.start() + part.end()


def _in_columns(text: str) -> Iterator[tuple[int, int]]:
    """The numbers in those columns of a CSV whose head calls them accounts."""
    heads = (line for line in text[:20_000].splitlines()[:30] if not any(map(str.isdigit, line)))
    head = next((line for line in heads if _COLUMN.search(line)), None)
    if head is None or (sign := max(";,\t|", key=head.count)) not in head:
        return
    cell = re.compile(rf'"(?:[^"]|"")*"|[^{re.escape(sign)}\r\n"]*')
    names = [found[0] for found in _cells(cell, head, 0, sign)]
    columns = {n for n, name in enumerate(names) if _COLUMN.search(name)}
    if max(map(len, names)) > _LONGEST_HEAD:  # a sentence
        return
    at = text.index(head) + len(head)
    for line in text[at:].splitlines(keepends=True):
        cells = list(_cells(cell, line.rstrip("\r\n"), 0, sign))
        for found in (cells[n] for n in columns if len(cells) == len(names)):
            spans = ((at + found.start() + m.start(), at + found.start() + m.end()) for m in NUMBER.finditer(found[0]))
            yield from (span for span in spans if not is_date(text[span[0] : span[1]]))
        at += len(line)


def _cells(cell: re.Pattern[str], line: str, at: int, sign: str) -> Iterator[re.Match[str]]:
    while (found := cell.match(line, at)) is not None:
        yield found
        at = found.end() + 1
        if found.end() >= len(line) or line[found.end()] != sign:
            return


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for found in _IBAN.finditer(text):
        # What follows may be a word of capitals: the longest beginning whose check digits fit, and whose length does.
        ends = [i + 1 for i, c in enumerate(found[0]) if c.isalnum()]
        for end in reversed(ends[14:]):
            whole = found[0][:end]
            at_word = end == len(found[0]) or not found[0][end].isalnum()
            if not at_word or not is_iban(whole):
                continue
            if whole[0].isupper() or IBAN_LENGTHS.get(whole[:2].upper()) == len(bare(whole)):
                yield found.start(), found.start() + end
                break


def _numbers_of(text: str, at: int, what: str) -> list[Shape]:
    """The numbers in a text that is known to hold one."""
    whole = text.strip()
    start = at + text.index(whole)
    if is_iban(whole):
        return [Shape(start, start + len(whole), "number", what)]
    ibans = [Shape(at + s, at + e, "number", what) for s, e in _ibans(text)]
    rest = [Shape(at + m.start(), at + m.end(), "number", what) for m in NUMBER.finditer(text)]
    return ibans + [one for one in rest if not any(one.start < i.end and i.start < one.end for i in ibans)]


def _is_card(text: str) -> bool:
    """By the beginnings and lengths of the brands, and the check digit (ISO/IEC 7812, Luhn)."""
    digits = bare(text)
    if not _CARD_BRANDS.fullmatch(digits):
        return False
    doubled = [int(c) * (2 if n % 2 else 1) for n, c in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _is_secret_of(name: str, value: str) -> bool:
    """Whether what stands behind a name in a text is its value, and no word of a sentence."""
    if (
        value.startswith(("$", "<", "{", "["))
        or _MARK.fullmatch(value)
        or value.casefold().strip(".:!?") in PLAIN_WORDS
    ):
        return False
    if plain_field(name) in _NO_SECRET_FIELDS or re.fullmatch(r"[\d.,_-]{1,11}|(?i:true|false|null|none)", value):
        return False
    if _WORDS_OF_PASSWORDS.search(name):
        return len(value) >= 16 or re.search(r"[^A-Za-z]", value) is not None or len(value) >= 6
    return looks_random(value) and (any(map(str.isdigit, value)) or len(value) >= 32)


def _is_secret(field: str, text: str) -> bool:
    if not _SECRET_FIELD.search(field) or field in _NO_SECRET_FIELDS or len(text) < 4:
        return False
    if text.startswith("$") or _MARK.fullmatch(text):
        return False
    if any(map(str.isspace, text.strip())):
        return re.match(r"(?i)(bearer|basic|token) \S+$", text) is not None
    return looks_random(text) or (field.endswith(("password", "passwd", "secret", "passphrase")) and len(text) >= 4)


def _in_a_holder(field: str, text: str) -> bool:
    """Whether a header or a variable of a server is a secret, whatever it is called."""
    if field in _PLAIN_HEADERS:
        return False
    if _NAMES_A_SECRET.search(field) and len(text) >= 4 and not text.startswith("$"):
        return text.casefold() not in PLAIN_WORDS | _SWITCHES
    return looks_random(text) or re.match(r"(?i)(bearer|basic|token) \S+$", text) is not None


def _is_random(text: str) -> bool:
    if _RANDOM_NAMES.match(text) or "/" in text[:2] or GUID.fullmatch(text):
        return False
    kinds = (str.isupper, str.islower, str.isdigit)
    if not all(any(map(kind, text)) for kind in kinds):
        return False
    changes = sum(a.isdigit() != b.isdigit() or a.isupper() != b.isupper() for a, b in pairwise(text))
    return changes * 3 >= len(text)  # a name in camel case, or a path, changes seldom


def _stands_in(text: str, kind: ShapeKind) -> bool:
    if kind == "email":
        return is_reserved(text)
    if kind == "number":
        return is_number_stand_in(text)
    if kind == "user":
        return text.casefold() in _NO_USERS
    if text.isdigit():
        return is_number_stand_in(text)
    return text == "[secret]" or all(is_stand_in(part) for part in re.split(r"[.:]", text) if part)
