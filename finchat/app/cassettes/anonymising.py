"""`finchat cassette anonymise`: the same run, of nobody: other names and addresses, other amounts that still add up."""

from __future__ import annotations

from pathlib import Path

from finchat.app.cassettes.making import made, target
from finchat.app.cassettes.recording import keep
from finchat.app.cassettes.replaying import Run
from finchat.app.cassettes.sameness import check_same
from finchat.app.invocation import Invocation
from finchat.books.learning import account_digest
from finchat.cassettes import anonymise as anonymous
from finchat.cassettes.reading import read
from finchat.cassettes.redaction import Redaction
from finchat.cassettes.rows import Row
from finchat.errors import FinchatError, UsageError, VerificationMismatch

_WAYS = {
    False: "names, addresses and references are replaced, word by word",
    True: "names, addresses and references are replaced, letter by letter: the run goes by words that are nearly the "
    "same, and they stay so; with patience some may be read",
}


def anonymise(call: Invocation, file: Path, run: Run, *, out: Path) -> int:
    """Replace names, addresses and references and multiply amounts, replay the result, and seal what that prints.

    Raises VerificationMismatch when the run does not follow from what was replaced, CannotAnonymise when its sums do
    not hold any more, UsageError for a rehearsal; nothing is written then.
    """
    place = target(out, file, "anonymous")
    cassette, size = read(file), file.stat().st_size
    if any(row.kind == "fault" for row in cassette.rows):
        raise UsageError(
            f"{file} is a rehearsal: whether its run still follows cannot be told", field="FILE",
            next="anonymise the recording that it was made of, and add the faults to that",
        )  # fmt: skip
    check_same(cassette, run, "anonymised")
    expected = None if cassette.output is None else int(cassette.output["exit_code"])
    why: FinchatError | None = None
    for near, words in _WAYS.items():
        try:
            other = anonymous.anonymise(cassette, near=near, digest=account_digest)
            # An address that was made up looks like anybody's: it is called what it is.
            header, *rows = Redaction(digest=account_digest).rows(other)
            header = {**header, "seed": cassette.header["seed"]}
            keep(place, header, [Row(row) for row in rows], run, expected=expected, as_it_was=lambda: cassette)
        except FinchatError as error:
            why = error
            continue
        done = [words, "amounts are multiplied by a number that is not kept"]
        return made(call, "anonymise", file, place, before=(size, len(cassette.rows)), done=done)
    assert why is not None
    if isinstance(why, anonymous.CannotAnonymise):
        raise why
    raise VerificationMismatch(
        f"{file} was not anonymised: with other names and amounts the run goes another way "
        f"({why.message.rpartition('its replay goes another way: ')[2]})", code="not_replayable", field="FILE",
        next="give the recording itself to nobody who may not see it, or record it on the sandbox company",
    )  # fmt: skip
