"""The recordings, a row each: what it shows, the command, what is typed after which words, who plays the model, and
what was there before. `tests.recordings.make` makes them."""

from __future__ import annotations

from tests.recordings import asking, chatting, elsewhere, reconciling, records
from tests.recordings.row import Recording

RECORDINGS: tuple[Recording, ...] = (
    *chatting.ROWS,
    *asking.ROWS,
    *reconciling.ROWS,
    *elsewhere.ROWS,
    *records.ROWS,
)
