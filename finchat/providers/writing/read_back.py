"""What a ledger says of a write: in its reply, and when confirmed writes are read back in batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from finchat.books.plan import Write
from finchat.connections.toolbox import CallResult, Toolbox
from finchat.errors import FinchatError
from finchat.providers.reading import single_record
from finchat.providers.writing.family import Family, Receipt, Sighting, Standing
from finchat.providers.writing.undoing import Found, Need

ReadAll = Callable[[Toolbox, Callable[[Found], Iterable[Need]]], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class ReadBack:
    """That of one profile. `read_all` reads what is wanted, and what is wanted once that is known."""

    family_of: Callable[[str], Family | None]
    read_all: ReadAll

    def receipt(self, write: Write, result: CallResult) -> Receipt:
        """What the reply says was done, compared with what was sent. Pure."""
        reply = single_record(result)
        family = self.family_of(write.operation)
        if reply is None:
            return Receipt(disagreement="the answer holds no record")
        if family is None:
            return Receipt(disagreement="finchat does not know what such an answer says")
        try:
            return family.receipt(write, reply, result)
        except FinchatError as error:
            return Receipt(disagreement=error.message)

    async def look_for(self, toolbox: Toolbox, write: Write, known_ids: frozenset[str]) -> Sighting:
        """Raises FinchatError when the ledger cannot be read."""
        family = self.family_of(write.operation)
        if family is None:
            return Sighting(found=False, certain=False, text="this write leaves nothing to recognise it by")
        return await family.look_for(toolbox, write, known_ids)

    async def read_back(self, toolbox: Toolbox, written: Sequence[tuple[Write, str]]) -> list[Standing]:
        """How confirmed writes stand, in the same order: each kind of record is read in one call for many writes.

        Raises FinchatError when the ledger cannot be read.
        """

        def wanted(found: Found) -> Iterator[Need]:
            for write, id in written:
                if (family := self.family_of(write.operation)) is not None:
                    yield from family.needs(write, id, found)

        found = await self.read_all(toolbox, wanted)
        return [self._standing(write, id, found) for write, id in written]

    def _standing(self, write: Write, id: str, found: Found) -> Standing:
        family = self.family_of(write.operation)
        return Standing(presence="unreadable") if family is None else family.standing(write, id, found)
