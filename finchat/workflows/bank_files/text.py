"""From the bytes of a file to text, and from a bank's text to a line's."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from finchat.errors import UsageError, plain

LARGEST = 128 * 1024 * 1024  # bytes; a year of a busy account in CAMT is a tenth of it
LONGEST_FIELD = 1_000  # characters; no bank's text is longer, and a plan shows every one of them
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_DECLARED = re.compile(rb'<\?xml[^>]{0,200}encoding\s*=\s*["\']([A-Za-z0-9._-]{1,40})["\']')
_OFX_CHARSET = re.compile(rb"^\s*CHARSET:\s*([A-Za-z0-9-]{1,20})", re.MULTILINE)
# What banks outside UTF-8 write. The order breaks ties.
_LIKELY = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "cp437", "cp850", "cp852", "mac_roman", "shift_jis",
    "gb18030", "big5", "euc_kr",
]  # fmt: skip
_SAMPLE = 32 * 1024
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
REPLACED = "\ufffd"


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text, and the encoding it was read by; `guessed` when neither a mark nor strict UTF-8 decided it."""

    text: str
    encoding: str
    guessed: bool = False


def read_bytes(path: Path, field: str = "--statement") -> bytes:
    """The whole file. Raises UsageError when it cannot be read, is larger than LARGEST or is empty."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {plain(error)}", field=field, next="correct the path") from error
    if len(data) > LARGEST:
        raise UsageError(
            f"{path} is larger than {LARGEST // 1024 // 1024} MiB", field=field, next="export shorter periods"
        )
    if not data.strip(b"\x00\r\n\t "):
        raise UsageError(f"{path} is empty", field=field, next="export the statement again")
    return data


def decode(data: bytes) -> Text:
    """The text of the bytes: by byte order mark, as strict UTF-8, as UTF-16 without a mark, by what the file says of
    itself, else by what its letters look like. Never fails: what no encoding has becomes U+FFFD."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Text(data.decode(encoding, "replace"), encoding)
    if wide := _wide(data):
        return Text(data.decode(wide, "replace"), wide)
    try:
        return Text(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    declared = _declared(data)
    if declared is not None:
        return Text(data.decode(declared, "replace"), declared)
    guess = _guess(data)
    return Text(data.decode(guess, "replace"), guess, guessed=True)


def clean(text: str) -> str:
    """One line of text: control characters and runs of white space become one space; at most LONGEST_FIELD long."""
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", _CONTROLS.sub(" ", text[: 4 * LONGEST_FIELD]))
        text = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return " ".join(text[: 2 * LONGEST_FIELD].split())[:LONGEST_FIELD]


def _wide(data: bytes) -> str | None:
    """UTF-16 without its mark: nearly every other byte of the beginning is zero, always on the same side."""
    head = data[:512]
    if len(head) < 8 or len(data) % 2:
        return None
    half = len(head) // 2
    high, low = head[0::2].count(0), head[1::2].count(0)
    if low > 0.7 * half and high < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if high > 0.7 * half and low < 0.1 * half else None


def _declared(data: bytes) -> str | None:
    """What an XML declaration or the head of an OFX file says; None when it says nothing, or nothing true."""
    named = _DECLARED.search(data[:512]) or _OFX_CHARSET.search(data[:512])
    if named is None:
        return None
    name = named[1].decode("ascii")
    for candidate in (f"cp{name}" if name.isdigit() else name, f"iso-{name}"):
        try:
            found = codecs.lookup(candidate).name
            data.decode(found)
        except (LookupError, ValueError):
            continue
        return found
    return None


def _guess(data: bytes) -> str:
    """By the lines that hold more than ASCII; on too little evidence the commonest, Windows-1252."""
    import logging

    from charset_normalizer import from_bytes

    logging.getLogger("charset_normalizer").propagate = False
    lines = [line for line in data[: 64 * _SAMPLE].splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:_SAMPLE]
    if _western(sample):
        return "cp1252"
    best = from_bytes(sample, cp_isolation=list(_LIKELY), preemptive_behaviour=False).best()
    return "cp1252" if best is None else best.encoding


def _western(sample: bytes) -> bool:
    """Every letter beyond ASCII stands among ASCII letters and is one that western languages have."""
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    foreign = [n for n, c in enumerate(text) if not c.isascii()]
    plausible = sum(text[n] in _WESTERN and not _twice(text, n) for n in foreign)
    return plausible == len(foreign)


_WESTERN = frozenset("ÄÖÜäöüßÀÂÇÈÉÊËÎÏÔÙÛŸàâçèéêëîïôùûÿŒœÁÍÑÓÚáíñóú¿¡ªºÃÕãõÅÆØåæø€£§°’‘“”–—\xa0«»·´")


def _twice(text: str, n: int) -> bool:
    """A run of letters beyond ASCII: no western word has three in a row."""
    return n >= 2 and not (text[n - 1].isascii() or text[n - 2].isascii()) and text[n].isalpha()
