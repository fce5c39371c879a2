"""Values that were computed over what redaction replaced: hashes of plans, payloads, tools and files, and what a run
makes of them. The old ones are replaced too, everywhere, so that what a cassette holds fits together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from finchat.canonical import sha256_of
from finchat.cassettes.parts import decoded, json_in
from finchat.connections.toolbox import Tool

_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
# What finchat itself makes of what it reads: hashes whole and cut, the marks of its writes.
_DERIVED = re.compile(r"(?<![0-9a-z])(?:[0-9a-f]{64}|[0-9a-f]{32}|fc-[a-z2-7]{10})(?![0-9a-z])")
# What a stand-in, also one that was cut, may be made of.
_STAND_INS = re.compile(r"x*\d*@(?:[a-z]+(?:\.[a-z]*)?)?|x{2,}\d*|redacted[-\dx]*|[A-Z]{2}\d\d(?=[ -]?\w)|9+[1-8]{0,4}")
_ROUNDS = 8  # a hash over a hash over a hash: a plan over its payloads over a tool
Digest = Callable[[str, str], str]


def rehashed(
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    *,
    digest: Digest | None = None,
    numbers: Iterable[tuple[str, str]] = (),
) -> list[dict[str, Any]]:
    """`after`, the redacted rows of `before`, with every SHA-256 over a JSON value, a tool or a file that was changed
    replaced by that over what is there now; a plan that was sound is sound.

    `digest`: that of an account number under a salt (see books.learning.account_digest), which memory keeps; `numbers`:
    account numbers and what stands for them.
    """
    stated = {found for text in _texts(list(before)) for found in _HASH.findall(text)}
    digests = _digests(before, after, digest, list(numbers)) if digest is not None else {}
    instead = digests
    applied = replaced(after, instead)
    for _ in range(_ROUNDS):
        found = {**digests, **{old: new for old, new in _computed(list(before), applied, {}) if old in stated}}
        if found == instead:
            break
        instead = found
        applied = replaced(after, instead)
    return applied


def replaced(rows: Sequence[Mapping[str, Any]], instead: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows with each of these values replaced wherever it stands."""
    if not instead:
        return [dict(row) for row in rows]
    others = [re.escape(old) for old in sorted(instead, key=len, reverse=True) if not _HASH.fullmatch(old)]
    anywhere = re.compile("|".join([_HASH.pattern, *others]))  # an audit log has thousands of hashes: not one by one

    def walked(value: Any) -> Any:
        if isinstance(value, str):
            return anywhere.sub(lambda found: instead.get(found[0], found[0]), value)
        if isinstance(value, Mapping):
            return {walked(str(name)): walked(each) for name, each in value.items()}
        return [walked(each) for each in value] if isinstance(value, list | tuple) else value

    return [walked(row) for row in rows]


def derived(recorded: Any, asked: Any) -> dict[str, str] | None:
    """For a request that a replay makes in place of the recorded one: what is computed in the one and in the other,
    when they differ in nothing else; None when they do, or do not differ.

    A payload carries a mark that finchat computes over it, and a text of the bank that is cut to size: after redaction
    a replay computes another, cuts a stand-in, and means the same. Give it to `replaced` and replay again.
    """
    found: dict[str, str] = {}
    if not _only_derived(recorded, asked, found) or not found:
        return None
    return found


def _only_derived(one: Any, other: Any, found: dict[str, str]) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_only_derived(one[k], other[k], found) for k in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(_only_derived(a, b, found) for a, b in zip(one, other, strict=True))
    if not (isinstance(one, str) and isinstance(other, str)) or one == other:
        return bool(one == other)
    marks = list(zip(_DERIVED.finditer(one), _DERIVED.finditer(other), strict=False))
    if _DERIVED.sub("", one) == _DERIVED.sub("", other):
        return all(found.setdefault(a[0], b[0]) == b[0] for a, b in marks if a[0] != b[0])
    return _cut_otherwise(one, other) and found.setdefault(one, other) == other


def _cut_otherwise(one: str, other: str) -> bool:
    """Whether two texts of one length differ in marks and in parts of stand-ins alone."""
    spans = [found.span() for pattern in (_DERIVED, _STAND_INS) for found in pattern.finditer(other)]
    return len(one) == len(other) and all(
        any(start <= at < end for start, end in spans)
        for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b
    )  # fmt: skip


def _computed(before: Any, after: Any, chain: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The hash of each value that was changed, as it was and as it is. `chain`: those of the lines of a log so far, of
    which each holds the hash of the one before."""
    if before == after:
        return
    if isinstance(before, str) and isinstance(after, str):
        for one, other in zip(json_in(before), json_in(after), strict=False):
            yield from _computed(one, other, chain)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in before.keys() & after.keys():
            yield from _computed(before[name], after[name], chain)
        if (line := _of_a_line(before, after, chain)) is not None:
            yield line
            return
        yield from _pairs(_of_an_object, before, after)
        yield from _pairs(_of_a_file, before, after)
        yield from _pairs(_of_a_tool, before, after)
        yield from _pairs(_without_hash, before, after)
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        for one, other in zip(before, after, strict=False):
            yield from _computed(one, other, chain)
        yield from _pairs(sha256_of, before, after)


def _of_a_line(before: Mapping[str, Any], after: Mapping[str, Any], chain: dict[str, str]) -> tuple[str, str] | None:
    """The hash of a line of the audit log, which covers that of the line before it."""
    if not {"seq", "prev", "hash"} <= before.keys() & after.keys() or not isinstance(before["prev"], str):
        return None
    linked = {**after, "prev": chain.get(before["prev"], after["prev"])}
    pair = next(_pairs(_without_hash, before, linked), None)
    if pair is None or pair[0] != before["hash"]:
        return None
    chain[pair[0]] = pair[1]
    return pair


def _pairs(of: Callable[[Any], str | None], before: Any, after: Any) -> Iterator[tuple[str, str]]:
    with suppress(TypeError, ValueError, KeyError):
        one, other = of(before), of(after)
        if one is not None and other is not None and one != other:
            yield one, other


def _of_an_object(value: Mapping[str, Any]) -> str:
    return sha256_of(value)


def _without_hash(value: Mapping[str, Any]) -> str | None:
    """A plan's hash covers the plan without it."""
    return sha256_of({name: each for name, each in value.items() if name != "hash"}) if "hash" in value else None


def _of_a_file(row: Mapping[str, Any]) -> str | None:
    if row.get("kind") != "file":
        return None
    file = decoded(row.get("base64"))
    data = str(row["text"]).encode() if file is None else file[0].encode(file[1])
    return hashlib.sha256(data).hexdigest()


def _of_a_tool(value: Mapping[str, Any]) -> str | None:
    if "inputSchema" not in value:
        return None
    return Tool(
        server="", name=value["name"], description=value.get("description") or "", input_schema=value["inputSchema"],
        output_schema=value.get("outputSchema"),
    ).sha256  # fmt: skip


def _digests(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], digest: Digest,
    numbers: Sequence[tuple[str, str]],
) -> dict[str, str]:  # fmt: skip
    salts = zip(_salts(before), _salts(after), strict=True)
    return {digest(one, old): digest(other, new) for old, new in salts for one, other in numbers}


def _salts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        str(cell)
        for row in rows if row.get("kind") == "table" and "salt" in row.get("columns", ())
        for cells in row["rows"] for column, cell in zip(row["columns"], cells, strict=False) if column == "salt"
    ]  # fmt: skip


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield str(name)
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
