"""What in a tool's answer is personal: names and contact data by their fields, the rest of free text by its words.

By the field: names of contacts, people and organisations, e-mail addresses, phone numbers, addresses, tax numbers, bank
account numbers, payees, web sites. Every other text is free text (narration, description, reference, notes, whatever a
server may call it), unless its field is known to hold none: in free text each word that is not in `plain_words` may be
a name and is withheld, with the capitalised words beside it, and in capitals throughout, as banks write, with any
word beside it that banks do not use themselves. Amounts, dates, document numbers (words with digits in them, with their
letters) and plain words by themselves stay, so that the model can still match on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from finchat.agent.plain_words import PLAIN_WORDS, WORDS_OF_BANKS

PersonalKind = Literal[
    "Contact", "Person", "Organisation", "Payee", "Email", "Phone", "Address", "TaxNumber", "BankAccount", "Website",
    "Name", "Text",
]  # fmt: skip

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
EMAIL = re.compile(rf"[\w.!#$%&'*+/=?^`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL}){{1,9}}")
INTERNATIONAL_PHONE = re.compile(r"\+\d{1,3}[ \-.()]{0,2}\d(?:[ \-.()]{0,2}\d){5,12}(?![^\W_])")
IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![^\W_])")
_PHONE = re.compile(r"(?<![\w.,])\(?0\d{1,4}\)?(?:[ -]?\d{2,4}){2,3}(?![\w.,]\d)")
_LONG_NUMBER = re.compile(r"(?<![^\W_])\d(?:[ -]?\d){8,24}(?![^\W_])")
_NO_PERSONS = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\b\d{4}-\d{2}-\d{2}", re.I)  # GUIDs, dates
_WORD = re.compile(r"[^\W_]+(?:['\u2019./#-][^\W_]+)*")
_BESIDE = re.compile(r"[\s.,&+*'\u2019/-]{1,3}")
_SENTENCE_END = re.compile(r"(?:^|[.!?\n])[\s\"'\u201c\u201d(]*$")
_DIGITS = 5  # the fewest that a tax or bank account number has
_PHONE_DIGITS = 8  # the fewest that a phone number has which no field names as one
NUMBER_AFTER = re.compile(r"[ ./#-]?\d{3}")  # after the letters of a document number
_DOCUMENT_NUMBER = re.compile(r"([^\W\d_]{1,4})[ ./#-]?\d{2,}[^\W_]*")
LETTERS = 5  # a word with digits and this many letters is a name with a number, not a document number

_BY_FIELD: Mapping[str, PersonalKind] = {
    **dict.fromkeys(
        (
            "contact", "contactname", "customer", "customername", "supplier", "suppliername", "vendor", "vendorname",
            "client", "clientname", "debtor", "creditor", "counterparty", "displayname", "companyname", "payer",
            "fullyqualifiedname", "printoncheckname", "drawer", "beneficiary", "remitter", "billto", "shipto",
        ),
        "Contact",
    ),
    **dict.fromkeys(
        (
            "person", "personname", "firstname", "lastname", "givenname", "familyname", "middlename", "surname",
            "fullname", "salesperson", "employee", "employeename", "attentionto", "createdby", "updatedby", "user",
        ),
        "Person",
    ),
    **dict.fromkeys(("organisation", "organisationname", "organization", "organizationname", "legalname", "tenantname"),
                    "Organisation"),
    **dict.fromkeys(("payee", "payeename"), "Payee"),
    **dict.fromkeys(("phone", "phonenumber", "mobile", "fax", "freeformnumber", "directdial", "telephone"), "Phone"),
    **dict.fromkeys(
        (
            "address", "addressline1", "addressline2", "addressline3", "addressline4", "line1", "line2", "line3",
            "line4", "line5", "street", "city", "suburb", "town", "region", "postalcode", "postcode", "zip",
            "postaladdress", "streetaddress", "deliveryaddress", "billaddr", "shipaddr",
        ),
        "Address",
    ),
    **dict.fromkeys(
        (
            "taxnumber", "taxid", "taxidentifier", "primarytaxidentifier", "vatnumber", "gstnumber", "abn", "ein",
            "ssn", "businessnumber", "companynumber", "registrationnumber", "taxregistrationnumber",
        ),
        "TaxNumber",
    ),
    **dict.fromkeys(
        (
            "bankaccount", "bankaccountnumber", "bankaccountdetails", "iban", "counterpartyaccount", "accountnumber",
            "banknumber", "sortcode", "routingnumber",
        ),
        "BankAccount",
    ),
    **dict.fromkeys(("website", "url", "uri", "webaddr"), "Website"),
}  # fmt: skip
_PEOPLE = frozenset({"contact", "customer", "supplier", "vendor", "client", "employee", "debtor", "creditor", "payer"})
_BEARERS: Mapping[str, PersonalKind] = {  # whose `name` is personal: the field that the record stands in
    **{name + end: "Contact" for name in _PEOPLE for end in ("", "s", "ref")},
    "entityref": "Contact",
    **dict.fromkeys(("user", "users", "person", "persons", "people", "contactpersons"), "Person"),
    **dict.fromkeys(("organisation", "organisations", "organization", "organizations"), "Organisation"),
}
_TELLING = frozenset({"email", "emailaddress", "phones", "addresses", "contactid", "contactstatus", "phone"})
_THINGS = """
account accountref accounts columns currencies item itemref items option options report reports section sections taxrate
taxrates tool tools tracking trackingcategories trackingcategory
"""
_NAMELESS = frozenset(_THINGS.split())  # whose `name` is that of a thing
_OF_A_THING = frozenset({"accountid", "code", "itemid", "taxtype", "trackingcategoryid", "trackingoptionid"})
# Text of these fields is finchat's own, a vendor's word from a fixed list, or the name of something that is no person.
_FIELDS = """
account accountcode accountname accountref asof at basis brandingtheme class code color columns column command country
createdat currency currencycode currencyref currencyrate date datestring derivation direction domain duedate effect
error evidence evidenceid field fields filters format formula frequency hint id ids instead is item itemcode itemname
itemref kind label lineamounttypes linetype method months next number numbers operation optionname period planid query
reason resource result rowtype schema section source sql stage state status tax taxcode taxrate taxtype template terms
timezone tool trackingcategory trackingoption type unit units updatedat version view warning warnings why wish
"""
_NUMBERS = frozenset({"number", "invoicenumber", "creditnotenumber", "docnumber", "documentnumber"})
_PUBLIC = frozenset(_FIELDS.split())
_PUBLIC_ENDS = ("id", "ids", "date", "dateutc", "dateutcstring", "status", "type", "code", "number", "currency")


def personal(value: Any, field: str = "") -> Iterator[tuple[PersonalKind, str]]:
    """What is personal in a JSON value, with its kind, in order. `field`: where it stands, letters and digits only."""
    if isinstance(value, str):
        yield from _of_text(value, field)
    elif isinstance(value, Mapping):
        yield from _of_record(value, field)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from personal(each, field)


def number_letters(value: Any, field: str = "") -> Iterator[str]:
    """The letters that document numbers in a JSON value begin with: SI of SI-51727."""
    if isinstance(value, str):
        if field in _NUMBERS and (found := _DOCUMENT_NUMBER.fullmatch(value)):
            yield found[1]
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from number_letters(each, _plain_field(name))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from number_letters(each, field)


def of_rows(rows: Iterable[Mapping[str, Any]], fields: Mapping[str, str]) -> Iterator[tuple[PersonalKind, str]]:
    """What is personal in the rows of a query. `fields`: by the name of a column, the field that its values are of; a
    column without one may hold anything."""
    for row in rows:
        for column, value in row.items():
            yield from personal(value, _plain_field(fields.get(column, "")))


def free_text(text: str) -> Iterator[tuple[PersonalKind, str]]:
    """What may be personal in free text."""
    yield from _shapes(text)
    looked_at = EMAIL.sub(_blank, _NO_PERSONS.sub(_blank, text))
    for number in _LONG_NUMBER.finditer(looked_at):
        yield "Text", number[0]
    words = list(_WORD.finditer(looked_at))
    shouted = looked_at.upper() == looked_at  # then a capital says nothing of a word

    def joins(index: int) -> bool:
        """Whether two words are withheld or sent as one: neither is plain, or it has a capital that says something."""
        if not _BESIDE.fullmatch(looked_at, words[index - 1].end(), words[index].start()):
            return False
        both = (words[index - 1][0], words[index][0])
        if shouted:  # and banks cut names: a plain word beside another is one of a name, unless banks say it
            return not any(_of_a_bank(word) for word in both)
        return all(not _plain(word) or _capital(word) for word in both)

    for group in _groups(words, joins):
        doubtful = [word[0] for word in group if not _plain(word[0])]
        if doubtful:
            yield "Text", text[group[0].start() : group[-1].end()]
            if group[1:] and NUMBER_AFTER.match(text, group[-1].end()):  # the last may be the letters of the number
                yield "Text", text[group[0].start() : group[-2].end()]
            yield from (("Text", word) for word in doubtful)  # each may stand by itself elsewhere


def said(text: str) -> Iterator[tuple[PersonalKind, str]]:
    """What may be personal in what a person typed: contact data by its shape, and words with a capital that no list
    knows, in a sentence or two in a row. A name in small letters that is not known from the ledger is not found."""
    yield from _shapes(text)
    looked_at = EMAIL.sub(_blank, _NO_PERSONS.sub(_blank, text))
    for phone in _PHONE.finditer(looked_at):
        if sum(map(str.isdigit, phone[0])) >= _PHONE_DIGITS:
            yield "Phone", phone[0]
    words = [word for word in _WORD.finditer(looked_at) if _capital(word[0]) and not _plain(word[0])]

    def joins(index: int) -> bool:
        return _BESIDE.fullmatch(looked_at, words[index - 1].end(), words[index].start()) is not None

    for group in _groups(words, joins):
        if len(group) > 1 or not _SENTENCE_END.search(looked_at[: group[0].start()]):
            yield "Name", text[group[0].start() : group[-1].end()]


def _groups(words: list[re.Match[str]], joins: Callable[[int], bool]) -> Iterator[list[re.Match[str]]]:
    group: list[re.Match[str]] = []
    for index, word in enumerate(words):
        if group and not joins(index):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _of_record(record: Mapping[str, Any], bearer: str) -> Iterator[tuple[PersonalKind, str]]:
    fields = {_plain_field(name): name for name in record}
    yield from _whole_phones(record, fields)
    first = _text_of(record, fields, "firstname", "givenname")
    last = _text_of(record, fields, "lastname", "familyname")
    if first and last:
        yield "Person", f"{first} {last}"
        yield "Person", f"{last}, {first}"
    for plain_field, name in fields.items():
        value = record[name]
        if plain_field == "name" and isinstance(value, str):
            kind = _BEARERS.get(bearer) or ("Contact" if _TELLING & fields.keys() else None)
            if kind is not None:
                yield kind, value
            else:
                yield from _of_text(value, "account" if bearer in _NAMELESS or _OF_A_THING & fields.keys() else "")
        else:
            yield from personal(value, plain_field)


def _of_text(text: str, field: str) -> Iterator[tuple[PersonalKind, str]]:
    kind = _BY_FIELD.get(field) or _BEARERS.get(field)
    if kind in ("BankAccount", "TaxNumber", "Phone") and sum(map(str.isdigit, text)) < _DIGITS:
        kind, field = None, "account"  # what an account is called
    if kind is not None and not EMAIL.fullmatch(text):
        yield kind, text
        yield from _shapes(text)
    elif field in _PUBLIC or field.endswith(_PUBLIC_ENDS):
        yield from _shapes(text)
    else:
        yield from free_text(text)


def _shapes(text: str) -> Iterator[tuple[PersonalKind, str]]:
    if "@" in text:
        for found in EMAIL.finditer(text):
            yield "Email", found[0]


def _whole_phones(record: Mapping[str, Any], fields: Mapping[str, str]) -> Iterator[tuple[PersonalKind, str]]:
    number = _text_of(record, fields, "phonenumber")
    area = _text_of(record, fields, "phoneareacode")
    country = _text_of(record, fields, "phonecountrycode")
    if number and area:
        yield "Phone", f"{area} {number}"
        if country:
            yield "Phone", f"{country} {area} {number}"


def _text_of(record: Mapping[str, Any], fields: Mapping[str, str], *names: str) -> str:
    found = next((record[fields[name]] for name in names if name in fields), "")
    return found if isinstance(found, str) else ""


def _plain_field(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _plain(word: str) -> bool:
    """Whether a word can go out: a plain one, a single letter, a number or what looks like a document's number."""
    if any(map(str.isdigit, word)):
        letters = "".join(filter(str.isalpha, word))
        return len(letters) < LETTERS or letters.casefold() in PLAIN_WORDS  # OUTPUT2 is a tax type
    return len(word) == 1 or all(part.casefold() in PLAIN_WORDS or len(part) == 1 for part in re.split(r"[^\w]", word))


def _of_a_bank(word: str) -> bool:
    """Whether a word that stands in capitals says something of the payment, or is a number."""
    return (any(map(str.isdigit, word)) and _plain(word)) or all(
        part.casefold() in WORDS_OF_BANKS for part in re.split(r"[^\w]", word)
    )


def _capital(word: str) -> bool:
    return word[0].isupper() or not (word.lower() != word or word.upper() != word)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])
