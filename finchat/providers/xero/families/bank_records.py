"""Records that stand by themselves and carry the write's token: how such a family looks for one and reads it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from finchat.books.plan import Write
from finchat.connections.toolbox import Toolbox
from finchat.events import silent
from finchat.providers.fields import Record
from finchat.providers.reading import records
from finchat.providers.writing.undoing import Found, Need
from finchat.providers.xero.again import KINDS
from finchat.providers.xero.family import XeroReceipt, XeroSighting, XeroStanding
from finchat.providers.xero.table import TABLE

GONE = frozenset({"DELETED", "VOIDED"})


@dataclass(frozen=True, slots=True)
class Standalone:
    """`kind` as again.KINDS names it. `differs` says what a record has differently from what was sent; `texts` are
    those of a record that may hold the token; `where` finds the records that may be the write's."""

    kind: str
    differs: Callable[[Write, Record], str]
    texts: Callable[[Record], Iterable[str]]
    where: Callable[[Write, str], dict[str, Any]]

    @property
    def words(self) -> str:
        return self.kind.replace("_", " ")

    def record(self, data: Any) -> Record:
        return Record(data, f"Xero {self.words}", KINDS[self.kind])

    def receipt(self, write: Write, reply: Any) -> XeroReceipt:
        record = self.record(reply)
        id = record.text(KINDS[self.kind], "") or None
        wrong = self.differs(write, record) or self._unmarked(write, record)
        if record.text("Status", "") in GONE:
            wrong = f"it says that the {self.words} is deleted"
        return XeroReceipt(
            ledger_id=id, disagreement=f"the answer names no {KINDS[self.kind]}" if id is None else wrong
        )

    async def look_for(self, toolbox: Toolbox, write: Write) -> XeroSighting:
        verify = write.verify or {}
        if verify.get("by") != "token":
            return XeroSighting(found=False, certain=False, text="this write leaves nothing to recognise it by")
        token = str(verify["token"])
        rows = await records(
            toolbox, TABLE[f"{self.kind}.list"].tool, self.where(write, token),
            what=f"{self.words}s with the write's token", emit=silent,
        )  # fmt: skip
        listed = [self.record(row) for row in rows]
        found = [record for record in listed if any(token in text.split() for text in self.texts(record))]
        if not found:
            return XeroSighting(found=False, text=f"no {self.words} carries the token {token}")
        standing = [record for record in found if record.text("Status", "") not in GONE]
        id = (standing or found)[0].text(KINDS[self.kind])
        text = f"{self.words} {id} carries the token {token}"
        if not standing:
            text += ", and was deleted since"
        elif len(standing) > 1:
            text += f", and so do {len(standing) - 1} more"
        return XeroSighting(found=True, ledger_id=id, text=text)

    def needs(self, id: str) -> Iterable[Need]:
        yield self.kind, id

    def standing(self, write: Write, id: str, found: Found) -> XeroStanding:
        record = found.get((self.kind, id))
        if record is None:
            return XeroStanding(presence="missing")
        if record.text("Status", "") in GONE:
            return XeroStanding(presence="deleted")
        wrong = self.differs(write, record) or self._unmarked(write, record)
        return XeroStanding(presence="there", disagreement=wrong)

    def _unmarked(self, write: Write, record: Record) -> str:
        """That a record alike in all else is another one: its texts do not hold this write's token."""
        token, told = str((write.verify or {}).get("token", "")), [text for text in self.texts(record) if text]
        if not token or not told or any(token in text.split() for text in told):
            return ""
        return f"it does not carry the token {token}, so it is another {self.words}"


def by_reference(write: Write, token: str) -> dict[str, Any]:
    """The records whose reference holds the token."""
    return {"where": f'Reference!=null AND Reference.Contains("{token}")'}


def reference_of(record: Record) -> Iterable[str]:
    yield record.text("Reference", "")
