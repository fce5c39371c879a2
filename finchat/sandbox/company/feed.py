"""The lines of the bank: what happened on each statement, and the words in which one of several banks prints it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any, Literal

from finchat.sandbox.company.bank_words import Channel, Dialect
from finchat.sandbox.company.chart import BANK
from finchat.sandbox.company.country import Country
from finchat.sandbox.company.draws import text
from finchat.sandbox.company.parties import Party
from finchat.sandbox.company.records import BankTransaction, Credit, CreditKind, Document, Payment

Determinable = Literal["yes", "weak", "no"]
ClaimKind = Literal["payment", "batch_payment", "bank_transaction", "transfer"]


@dataclass(frozen=True, slots=True)
class Mention:
    """How a payer names a document or credit note: by its number, by our reference (their order), or with two digits
    swapped.
    """

    document: Document | Credit
    style: Literal["number", "reference", "swapped"] = "number"


@dataclass(frozen=True, slots=True)
class Link:
    """Cash of a line against a document: `cents` in the line's currency, `document_cents` in the document's."""

    document: Document
    cents: int
    document_cents: int
    pinned: bool
    accept: tuple[Document, ...]
    via: Literal["bank", "clearing"] = "bank"
    credit: tuple[Credit, int] | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What the ledger already holds for a line; `ids` begin with the entry itself."""

    kind: ClaimKind
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """An allocation that is right for a line."""

    credit: Credit
    document: Document
    cents: int


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money that gives back a credit; `credit` is None when the books hold none."""

    credit: Credit | None


@dataclass(frozen=True, slots=True)
class Excess:
    """Money of a contact beyond what documents take: recorded as an open overpayment or prepayment."""

    party: Party
    kind: CreditKind
    cents: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A transfer that the books do not hold: codes of the own accounts, and the line of the other statement."""

    source: str
    target: str
    other: list[Line]


@dataclass(frozen=True, slots=True)
class Coded:
    """How money without a document (all of a line, or `cents` of it) is booked.

    `decision`: propose when the payee's history is uniform and recent; ask when only a person knows (`why`: new_payee,
    mixed, unusual_amount, seen_once); either when a right proposal gains but asking is as good (changed_coding).
    `accept` holds every coding the payee has had, as account and tax type.
    """

    party: Party | None
    account: str
    tax_type: str
    tracking: tuple[tuple[str, str], ...]
    decision: Literal["propose", "ask", "either"]
    why: str
    cents: int
    seen: int = 0
    accept: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, eq=False)
class Line:
    """One line of the statement of `held_in` (a bank account's code), what it says and what it truly is.

    `settled_by` lists the kinds of write that settle it: payment, clearing_payment, allocation, overpayment,
    prepayment, refund, transfer, spend_money, receive_money, deposit (of `gathers`, receipts whose
    money waits in the clearing account). `repeats` makes it the second import of another line.
    The bank's words are copied into the reference of `copied_to`, as a bookkeeper does who works from the line.
    """

    day: date
    receives: bool
    cents: int
    channel: Channel
    name: str = ""
    mentions: tuple[Mention, ...] = ()
    words: str = ""
    account: str = ""
    town: str = ""
    scenario: str = "history"
    determinable: Determinable = "yes"
    claim: Claim | None = None
    claim_ok: bool = False
    links: list[Link] = field(default_factory=list)
    residuals: list[tuple[str, int]] = field(default_factory=list)
    allocations: list[Applied] = field(default_factory=list)
    settled_by: tuple[str, ...] = ()
    group: str = ""
    repeats: Line | None = None
    plain: bool = False
    held_in: str = BANK
    coded: Coded | None = None
    moved: Moved | None = None
    refunded: Refunded | None = None
    excess: Excess | None = None
    gathers: list[Payment | BankTransaction] = field(default_factory=list)
    copied_to: BankTransaction | None = None
    id: str = ""
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def signed(self) -> int:
        return self.cents if self.receives else -self.cents


class Printer:
    """Prints lines in the dialect of the company's bank."""

    def __init__(self, draw: Random, numbers: frozenset[str], ids: set[str], *, country: Country, bank: int) -> None:
        """`ids` are those in use, on any statement of the company."""
        self._draw = draw
        self._dialect: Dialect = country.banks[bank % len(country.banks)]
        self._country = country
        self._numbers = numbers
        self._ids = ids

    def print(self, line: Line) -> None:
        """Give the line its id and its record. Lines are printed in the order of the statement."""
        line.id = self._new_id()
        fitid = str(self._draw.randrange(10**13, 9 * 10**13))
        first = line.repeats
        if first is not None:
            line.record = first.record | {"id": line.id}
            if self._draw.random() < 0.5:
                # A second delivery of the same event under a number of its own, as banks count: a later one.
                line.record["fitid"] = str(int(first.record["fitid"]) + self._draw.randrange(10**6, 10**9))
            return
        payee, narration, reference = self._texts(line)
        line.record = {
            "id": line.id,
            "date": line.day.isoformat(),
            "type": "RECEIVE" if line.receives else "SPEND",
            "amount": text(line.cents),
            "currency": self._country.bank_accounts[line.held_in],
            "payee": payee,
            "narration": narration,
            "reference": reference,
            "counterparty_account": line.account if self._dialect.shows_account else "",
            "fitid": fitid,
        }

    def _new_id(self) -> str:
        while (made := f"{self._draw.getrandbits(48):012x}") in self._ids:
            continue
        self._ids.add(made)
        return made

    def _texts(self, line: Line) -> tuple[str, str, str]:
        dialect = self._dialect
        name = self._name(line)
        named = self._mentions(line.mentions)
        reference = ""
        if dialect.reference_apart and named and len(line.mentions) == 1:
            reference, named = named, ""
        payee = name if dialect.payee_apart else ""
        parts = [dialect.words[line.channel]]
        if not dialect.payee_apart or self._draw.random() < 0.5:
            parts.append(name)
        parts += [named, line.words]
        if dialect.trace and (not line.plain) and (line.group or self._draw.random() < 0.6):
            parts.append(self._trace(dialect.trace))
        elif line.group:
            parts.append(self._trace("{d8}"))
        narration = dialect.separator.join(part for part in parts if part)
        return payee, narration.upper() if dialect.upper else narration, reference

    def _name(self, line: Line) -> str:
        """The other party as the bank prints it: ASCII, perhaps without its legal form, cut to the bank's width.

        A payer's slip or a town come only where the line also names the document by its number.
        """
        folded = unicodedata.normalize("NFKD", line.name).encode("ascii", "ignore").decode("ascii")
        folded = folded.replace("(", "").replace(")", "")
        if self._draw.random() < 0.25:
            forms = self._country.legal_forms
            folded = next((folded.removesuffix(form) for form in forms if folded.endswith(form)), folded)
        if line.mentions and folded:
            chance = self._draw.random()
            if chance < 0.12:
                folded = self._slip(folded)
            elif chance < 0.24:
                folded = f"{folded} {line.town}".rstrip()
        folded = folded.upper() if self._dialect.upper else folded
        return folded[: self._dialect.width].rstrip()

    def _slip(self, name: str) -> str:
        """Two neighbouring letters of the name swapped, not its first."""
        place = self._draw.randrange(1, min(10, len(name) - 2))
        return name[:place] + name[place + 1] + name[place] + name[place + 2 :]

    def _trace(self, form: str) -> str:
        return form.replace("{d8}", str(self._draw.randrange(10**7, 10**8))).replace(
            "{d10}", str(self._draw.randrange(10**9, 10**10))
        )

    def _mentions(self, mentions: tuple[Mention, ...]) -> str:
        if not mentions:
            return ""
        bare = len(mentions) > 1 and self._draw.random() < 0.5
        written = [self._mention(mention, bare) for mention in mentions]
        return self._draw.choice((" ", ", ", "+")).join(written)

    def _mention(self, mention: Mention, bare: bool) -> str:
        document = mention.document
        if mention.style == "reference":
            return document.reference
        number = document.number
        if mention.style == "swapped":
            number = self._swapped(number)
        digits = number.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ-")
        if isinstance(document, Credit) or document.side == "ACCPAY":
            return number
        if bare:
            return digits
        return self._draw.choice((number, number, number.replace("-", ""), number.replace("-", " "), f"INV {digits}"))

    def _swapped(self, number: str) -> str:
        """The number with two neighbouring digits swapped, so that it is no document's number."""
        for place in range(len(number) - 2, -1, -1):
            pair = number[place : place + 2]
            if pair.isdigit() and pair[0] != pair[1]:
                made = number[:place] + pair[::-1] + number[place + 2 :]
                if made not in self._numbers and not made.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ-").startswith("0"):
                    return made
        raise AssertionError(f"no free transposition of {number}")
