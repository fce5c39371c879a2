"""What several families check of a payload, and how a record that carries the write's token is found and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from finchat.books.money import parse_amount
from finchat.books.plan import Link, Proposal, Write
from finchat.connections.toolbox import Toolbox
from finchat.providers.fields import Record
from finchat.providers.quickbooks.again import queried, record_of
from finchat.providers.quickbooks.payloads import currency_of, links_of, reference, total, voided
from finchat.providers.quickbooks.queries import literal
from finchat.providers.quickbooks.table import TABLE
from finchat.providers.writing import checking
from finchat.providers.writing.comparing import first_of, unlike
from finchat.providers.writing.family import Check, Receipt, Sighting, Standing
from finchat.providers.writing.undoing import Found, Need

CURRENCY = frozenset({"CurrencyRef", "ExchangeRate"})
NOTHING_TO_FIND = Sighting(found=False, certain=False, text="this write leaves nothing to recognise it by")


def shape(given: Mapping[str, Any], required: Iterable[str], optional: Iterable[str] = ()) -> bool:
    """Whether a payload has all of these, and nothing but what is named."""
    needed = frozenset(required)
    return needed <= frozenset(given) <= needed | frozenset(optional)


def plain_ref(value: Any, *more: str) -> bool:
    """Whether a value is a reference and no more: an id, which may be one that an earlier write supplies."""
    if not isinstance(value, Mapping) or set(value) != {"value", *more}:
        return False
    id = value["value"]
    return isinstance(id, str) or checking.late(id, "Id") is not None


def texts(given: Mapping[str, Any], *names: str) -> bool:
    return all(isinstance(given[name], str) for name in names if name in given)


def dated(write: Write) -> Iterator[Check]:
    """The day that is sent is a text, the one the write is read back by, and not in a locked period."""
    day = write.arguments["TxnDate"]
    yield "arguments.TxnDate", isinstance(day, str)
    yield "verify.date", (write.verify or {}).get("date") == day
    yield from checking.unlocked(write, day)


def currency(write: Write, base: str) -> Iterator[Check]:
    """The currency is said when it is not the base currency, and a rate only then."""
    given = write.arguments
    foreign = write.currency != base
    yield "arguments.CurrencyRef", given.get("CurrencyRef") == ({"value": write.currency} if foreign else None)
    yield "arguments.ExchangeRate", "ExchangeRate" not in given or (foreign and isinstance(given["ExchangeRate"], str))


def rate(write: Write, link: Link, base: str, in_base: Decimal) -> Iterator[Check]:
    """The rate that is sent and the one that is said both give what the plan says in base currency."""
    given = write.arguments
    yield from currency(write, base)
    yield "arguments.ExchangeRate", ("ExchangeRate" in given) == (write.currency != base)
    yield "links.rate", (link.rate is not None) == ("ExchangeRate" in given)
    if "ExchangeRate" in given and link.rate is not None:
        said = write.amount * parse_amount(given["ExchangeRate"])
        yield "arguments.ExchangeRate", abs(said - in_base) <= checking.cent(base)
        yield "links.rate", abs(write.amount * link.rate - in_base) <= checking.cent(base)


def own_account(write: Write, id: str) -> Iterator[Check]:
    """An active bank account of its currency, as the guard reads it again."""
    yield from checking.active(write, ("account", id, "status", "active"), ("account", id, "kind", "bank"))


def of_contact(proposal: Proposal, write: Write, link: Link, id: Any, role: str) -> Iterator[Check]:
    """The contact that is sent is the one that is named, and active; or it is made just before, under that name."""
    maker = checking.late(id, "Id")
    if maker is None:
        yield "links.contact_id", isinstance(id, str) and id == link.contact_id != ""
        yield from checking.active(write, (role, str(id), "status", "active"))
        return
    earlier = proposal.writes[: proposal.writes.index(write)]
    made = next((w for w in earlier if w.id == maker and w.operation == f"{role}.create"), None)
    yield "arguments", made is not None and maker in write.depends_on
    assert made is not None
    yield "links.contact", (link.contact_id, link.contact) == ("", made.arguments["DisplayName"])
    yield "if_dependency_fails", write.if_dependency_fails == "skip"


def marked(write: Write) -> Iterator[Check]:
    """The token is in the private note."""
    yield "arguments.PrivateNote", isinstance(write.arguments["PrivateNote"], str)
    yield from checking.token(write, write.arguments["PrivateNote"])


def on_day(write: Write) -> str:
    """The condition that finds what was written on the write's own day."""
    return f"TxnDate = {literal(str(write.arguments['TxnDate']))}"


def of_customer(write: Write) -> str:
    """That, of its customer or vendor."""
    for name in ("CustomerRef", "VendorRef"):
        id = (write.arguments.get(name) or {}).get("value")
        if isinstance(id, str):
            return f"{on_day(write)} AND {name} = {literal(id)}"
    return on_day(write)


def same_date(write: Write, record: Record) -> str:
    day = record.optional_date("TxnDate")
    return unlike("its date", "" if day is None else day.isoformat(), write.arguments["TxnDate"])


def same_party(write: Write, record: Record) -> str:
    for name in ("CustomerRef", "VendorRef"):
        if isinstance(id := (write.arguments.get(name) or {}).get("value"), str):
            return unlike(f"its {name.removesuffix('Ref').lower()}", reference(record, name), id)
    return ""


def same_total(write: Write, record: Record, wanted: Decimal | None = None) -> str:
    """The amount and the currency."""
    base = "" if "CurrencyRef" in write.arguments else write.currency
    return first_of(
        unlike("its total", total(record), write.amount if wanted is None else wanted),
        unlike("its currency", currency_of(record, base), write.currency),
    )


def same_links(write: Write, record: Record) -> str:
    """The transactions that its lines link, each with its amount; what is not known yet may be any id."""
    sent = sorted(
        (str(link["TxnType"]), link["TxnId"] if isinstance(link["TxnId"], str) else "", parse_amount(line["Amount"]))
        for line in write.arguments.get("Line", ())
        for link in line.get("LinkedTxn", ())
    )
    unknown = {what for what, id, _ in sent if not id}
    present = sorted((what, "" if what in unknown else id, amount) for what, id, amount in links_of(record))
    return "" if present == sent else f"it is linked to {_listed(present)}, not to {_listed(sent)}"


def _listed(links: Iterable[tuple[str, str, Decimal]]) -> str:
    return ", ".join(f"{what} {id} {amount}".replace("  ", " ") for what, id, amount in links) or "nothing"


@dataclass(frozen=True, slots=True)
class Stored:
    """How a write of one kind of record is found and read back. `kind`: the table's singular; `differs` says what a
    record has differently from what was sent; `where` finds the records that may be the write's, one of which has its
    token in the private note (QuickBooks does not look into those)."""

    kind: str
    differs: Callable[[Write, Record], str]
    where: Callable[[Write], str]

    @property
    def words(self) -> str:
        return self.kind.replace("_", " ")

    def receipt(self, write: Write, reply: Mapping[str, Any]) -> Receipt:
        record = record_of(self.kind, reply)
        id = record.text("Id", "") or None
        wrong = self.differs(write, record) or self._unmarked(write, record)
        return Receipt(ledger_id=id, disagreement="the answer names no Id" if id is None else wrong)

    async def look_for(self, toolbox: Toolbox, write: Write) -> Sighting:
        verify = write.verify or {}
        if verify.get("by") != "token" or f"{self.kind}.list" not in {row.name for row in TABLE.rows}:
            return NOTHING_TO_FIND
        token = str(verify["token"])
        rows = await queried(toolbox, self.kind, self.where(write), f"{self.words}s with the write's token")
        found = [row for row in rows if token in row.text("PrivateNote", "").split()]
        if not found:
            return Sighting(found=False, text=f"no {self.words} carries the token {token}")
        standing = [row for row in found if not voided(row)]
        record = (standing or found)[0]
        text = f"{self.words} {record.text('Id')} carries the token {token}"
        if not standing:
            text += ", and was voided since"
        elif len(standing) > 1:
            text += f", and so do {len(standing) - 1} more"
        return Sighting(found=True, ledger_id=record.text("Id"), text=text)

    def needs(self, id: str) -> Iterable[Need]:
        yield self.kind, id

    def standing(self, write: Write, id: str, found: Found) -> Standing:
        record = found.get((self.kind, id))
        if record is None:
            return Standing(presence="missing")
        if voided(record):
            return Standing(presence="deleted")
        return Standing(presence="there", disagreement=self.differs(write, record) or self._unmarked(write, record))

    def _unmarked(self, write: Write, record: Record) -> str:
        """That a record alike in all else is another one: its note does not hold this write's token."""
        token, note = str((write.verify or {}).get("token", "")), record.text("PrivateNote", "")
        if not token or token in note.split():
            return ""
        return f"it does not carry the token {token}, so it is another {self.words}"


def due_of(write: Write, found: Found) -> tuple[Decimal | None, str]:
    """What is due on the document a write settles, and what is odd about that; (None, "") for a write of none."""
    verify = write.verify or {}
    if "document_id" not in verify:
        return None, ""
    document = found.get(document_need(write))
    if document is None:
        return None, "the document is not in the ledger any more"
    return document.decimal("Balance", Decimal(0)), "the document was voided" if voided(document) else ""


def document_need(write: Write) -> Need:
    """The document that a write settles: invoices are paid by customers, bills to vendors."""
    bills = write.operation.startswith(("bill_payment", "vendor_credit"))
    return "bill" if bills else "invoice", str((write.verify or {})["document_id"])
