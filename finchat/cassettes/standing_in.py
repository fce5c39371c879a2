"""What stands in a cassette where a secret stood: of the same length and shape, and known for a stand-in by its form.

A secret becomes `redacted-1-xxxx`, an identifier of a tenant a GUID of zeros, an e-mail address one at `.example`. The
digits of a bank account or card number become nines that end in a number of the order of first sight (`9999912`);
zeros, separators and letters stay, as does the code of bank and branch in a long number, so that a number that ends
with another still does, and an IBAN gets check digits that fit. Nothing of a stand-in follows from what it stands for,
but where its zeros are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

_SECRET: Final = re.compile(r"redacted-\d+(?:-x*)?|x{2,}\d{0,6}")
_GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
_GUID_OF_OURS: Final = re.compile(r"0{8}-0{4}-4000-8000-\d{12}")
_RESERVED: Final = re.compile(r"(?:^|[@.])(?:(?:example|invalid|test|localhost)|example\.(?:com|org|net))$", re.I)
_RESERVED_CUT: Final = re.compile(
    r"[.](?:ex(?:a(?:m(?:p(?:l)?)?)?)?|inv(?:a(?:l(?:i)?)?)?)$", re.I
)  # of a text cut to size
STAND_IN: Final = re.compile(rf"\b(?:{_SECRET.pattern}|{_GUID_OF_OURS.pattern})(?![\w-])")  # in a text
_DOMAINS = ("@mail.example", "@m.example", "@a.test")
_BANK_CODE = 6  # digits that a long number begins with and that say which bank and branch
_LONG = 13  # digits of a number that has such a code
_LONG_GROUP = re.compile(r"(?<!\d)\d{6,}(?!\d)")
_ENDING = 6  # the fewest digits by which one number is known for the ending of another
# Characters of an IBAN by country (ISO 13616 registry).
IBAN_LENGTHS: Final[Mapping[str, int]] = {
    country: int(length)
    for length, countries in (
        line.split(":")
        for line in [
            "15:NO",
            "16:BE",
            "18:DK,FI,FO,GL,NL,SD,FK",
            "19:MK,SI",
            "20:AT,BA,EE,KZ,LT,LU,XK,MN",
            "21:CH,HR,LI,LV",
            "22:BG,BH,CR,DE,GB,GE,IE,ME,RS,VA",
            "23:AE,GI,IL,IQ,TL,OM,SO",
            "24:AD,CZ,ES,MD,PK,RO,SA,SE,SK,TN,VG",
            "25:LY,PT,ST",
            "26:IS,TR",
            "27:FR,GR,IT,MC,MR,SM,DJ,BI",
            "28:AL,AZ,BY,CY,DO,GT,HU,LB,PL,SV,NI",
            "29:BR,PS,QA,UA",
            "30:JO,KW,MU,YE",
            "31:MT,SC",
            "32:LC",
            "33:RU",
        ]
    )
    for country in countries.split(",")
}


class StandIns:
    """Hands out stand-ins, for one value always the same one. `learn` first what must not be handed out again."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self._emails: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._endings: dict[str, str] = {}  # of numbers, from the seventh digit on, with theirs of the stand-in
        self._beginnings: dict[str, str] = {}
        self._taken: set[str] = set()
        self._used_up: set[str] = set()  # forms of numbers, of which no stand-in is left
        self.numbers: dict[str, str] = {}  # account numbers as they were written, and what stands for them

    def taken(self, stand_in: str) -> None:
        """It stands in the text already, for something else."""
        numbered = re.search(r"(\d+)(?:@|(?:-x*)?$)", stand_in)
        if numbered is not None:
            self._taken.add(f"{'@' if '@' in stand_in else '#'}{int(numbered[1])}")
        self._taken.add(_digits_of(stand_in))

    def secret(self, value: str) -> str:
        """For a key, a token, a password; of a GUID a GUID, of digits alone digits."""
        if value not in self._secrets:
            if value.isdigit() and len(value) >= _ENDING:
                return self._digits(value, kept=0)
            like = _guid if _GUID.fullmatch(value) else _secret
            self._secrets[value] = self._next("#", len(self._secrets), lambda n: like(n, len(value)))
        return self._secrets[value]

    def email(self, address: str) -> str:
        """One address however its letters are written; in capitals when it is."""
        plain = address.casefold()
        if plain not in self._emails:
            self._emails[plain] = self._next("@", len(self._emails), lambda n: _email(n, len(address)))
        found = self._emails[plain]
        return found.upper() if address.isupper() else found

    def number(self, written: str) -> str:
        """For an account or card number, as it is written: with its separators, or an IBAN."""
        plain = bare(written)
        if is_iban(plain):
            digits = "".join(filter(str.isdigit, plain[4:]))
            account = _with_digits(plain[4:], self._digits(digits))
            found = _with_characters(written, with_check_digits(plain[:2], account))
        else:
            found = _with_digits(written, self._digits("".join(filter(_is_digit, written))))
            for group in _LONG_GROUP.finditer(written):  # the account within its bank and branch may stand alone
                self._endings.setdefault(group[0], found[group.start() : group.end()])
        self.numbers.setdefault(written, found)
        return found

    def known_number(self, digits: str) -> str | None:
        """The stand-in of a number that was seen, or of its last seven digits or more, or of its first."""
        return self._numbers.get(digits) or self._endings.get(digits) or self._beginnings.get(digits)

    def cut_email(self, beginning: str) -> str | None:
        """What stands for an address that was seen and is cut here."""
        plain = beginning.casefold()
        if plain in self._emails or plain in self._taken:
            return self._emails.get(plain)
        return next((found[: len(plain)] for known, found in self._emails.items() if known.startswith(plain)), None)

    def _digits(self, digits: str, kept: int | None = None) -> str:
        if digits in self._numbers or digits in self._endings:
            return self._numbers.get(digits) or self._endings[digits]
        if is_number_stand_in(digits):
            return digits
        ending = next(
            (known for n in range(len(digits) - 1, _ENDING - 1, -1) if (known := digits[-n:]) in self._numbers), ""
        )
        longer = next((known for known in self._numbers if len(digits) >= _ENDING and known.endswith(digits)), None)
        if longer is not None:
            found = self._numbers[longer][-len(digits) :]
        elif ending:
            head = len(digits) - len(ending)
            found = _filled(digits[:head], "", _kept(digits)) + self._numbers[ending]
        else:
            found = self._of_digits(digits, _kept(digits) if kept is None else kept)
        self._numbers[digits] = found
        for n in range(_ENDING + 1, len(digits)):
            self._endings.setdefault(digits[-n:], found[-n:])
        for n in range(max(_ENDING + 1, _kept(digits) + 3), len(digits)):
            self._beginnings.setdefault(digits[:n], found[:n])
        return found

    def _of_digits(self, digits: str, kept: int) -> str:
        """A number may have so few digits that all of its stand-ins are taken: then one stands for several."""
        form, most = _filled(digits, "", kept), 8 ** _places(len(digits[kept:].replace("0", "")))
        if form in self._used_up:
            return _number(len(self._numbers) + 1, digits, kept)
        before = len(self._taken)
        found = self._next("", len(self._numbers), lambda n: _number(n, digits, kept), digits, most=most)
        if len(self._taken) == before:
            self._used_up.add(form)
        return found

    def _next(
        self, kind: str, count: int, make: Callable[[int], str], besides: str = "", *, most: int = 10_000
    ) -> str:  # fmt: skip
        """The first stand-in from a number on that stands for nothing else yet."""
        found = make(count + 1)
        for n in range(count + 1, count + 1 + most):
            found = make(n)
            if not self._taken & {found, f"{kind}{n}"} and found != besides:
                break
        self._taken.add(found)
        return found


def is_stand_in(text: str) -> bool:
    """Whether it is a stand-in of a secret or a tenant, by its form."""
    return bool(_SECRET.fullmatch(text) or _GUID_OF_OURS.fullmatch(text))


def is_reserved(address: str) -> bool:
    """Whether an e-mail address is nobody's: at a domain kept for examples (RFC 2606), or a stand-in that was cut."""
    name, _, domain = address.casefold().replace("%40", "@").rpartition("@")
    cut = re.fullmatch(r"x*\d+", name) is not None and any(d.startswith(f"@{domain}") for d in _DOMAINS)
    return cut or _RESERVED.search(domain) is not None or _RESERVED_CUT.search(domain) is not None


def is_number_stand_in(number: str) -> bool:
    """Whether a number of an account or card, or an IBAN, is a stand-in by its digits."""
    digits = _digits_of(number)
    counted = digits[_kept(digits) :].replace("0", "")
    return bool(digits) and re.fullmatch(rf"9*[1-8]{{0,{_places(len(counted))}}}", counted) is not None


def _digits_of(number: str) -> str:
    """The digits of a number, of an IBAN without those that check it."""
    plain = bare(number)
    return "".join(filter(_is_digit, plain[4:] if is_iban(plain) else plain))


def bare(number: str) -> str:
    """Letters and digits alone, in capitals."""
    return "".join(c for c in number.upper() if c.isascii() and c.isalnum())


def is_iban(text: str) -> bool:
    """By form and check digits (ISO 13616)."""
    plain = bare(text)
    if not 15 <= len(plain) <= 34 or not plain[:2].isalpha() or not plain[2:4].isdigit():
        return False
    return _modulo(plain[4:] + plain[:4]) == 1


def with_check_digits(country: str, account: str) -> str:
    """The IBAN of a country's account number."""
    return f"{country}{98 - _modulo(f'{account}{country}00'):02d}{account}"


def _modulo(text: str) -> int:
    return int("".join(str(int(c, 36)) for c in text)) % 97


def _secret(number: int, length: int) -> str:
    name = f"redacted-{number}"
    if length > len(name):
        return f"{name}-".ljust(length, "x")
    return name if length == len(name) else str(number).rjust(max(length, 2 + len(str(number))), "x")


def _guid(number: int, _length: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def _email(number: int, length: int) -> str:
    domain = next((d for d in _DOMAINS if len(d) + 3 <= length), _DOMAINS[-1])
    return (
        f"{number}".rjust(length - len(domain), "x") + domain
        if length - len(domain) > len(f"{number}")
        else (f"x{number}{domain}")
    )


def _number(number: int, digits: str, kept: int) -> str:
    room = len(digits[kept:].replace("0", ""))
    places = _places(room)
    code = ""
    number %= 8**places
    while number and places:
        code = str(number % 8 + 1) + code
        number //= 8
    return _filled(digits, code, kept)


def _places(room: int) -> int:
    """How many of the digits that are replaced may count; before them are nines."""
    return min(4, (room + 1) // 2)


def _filled(digits: str, ending: str, kept: int) -> str:
    """`digits` with a nine for each that is replaced, the last ones with an ending; a zero stays one."""
    rest = list(ending)
    out: list[str] = []
    for place in range(len(digits) - 1, -1, -1):
        if place < kept or digits[place] == "0":
            out.append(digits[place])
        else:
            out.append(rest.pop() if rest else "9")
    return "".join(reversed(out))


def _kept(digits: str) -> int:
    return _BANK_CODE if len(digits) >= _LONG else 0


def _with_digits(written: str, digits: str) -> str:
    given = iter(digits)
    return "".join(next(given) if _is_digit(c) else c for c in written)


def _with_characters(written: str, plain: str) -> str:
    """The letters and digits of `plain` in the places of those of `written`, small where those are."""
    given = iter(plain)
    return "".join(
        (next(given).lower() if c.islower() else next(given)) if c.isascii() and c.isalnum() else c for c in written
    )


def _is_digit(character: str) -> bool:
    return character.isascii() and character.isdigit()
