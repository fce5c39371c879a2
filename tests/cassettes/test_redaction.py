"""Whatever is redacted, the scanner finds nothing in it, and redacting it again changes nothing."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.cassettes.redaction import Redaction
from finchat.cassettes.scanner import scan
from finchat.cassettes.standing_in import with_check_digits

DIGITS = st.text("0123456789", min_size=5, max_size=18)
IBANS = st.builds(
    with_check_digits, st.sampled_from(["DE", "GB", "NL", "FR", "NO"]), st.from_regex(r"\A[A-Z]{0,4}[0-9]{11,18}\Z")
)
SECRETS = st.one_of(
    st.from_regex(r"\A[a-z]{1,8}(?:[.+-][a-z]{1,5})?@[a-z]{2,9}\.(?:co\.nz|com|de)\Z"),
    st.from_regex(r"\A[0-9]{2}-[0-9]{4}-[0-9]{7}-[0-9]{2,3}\Z"),
    IBANS,
    IBANS.map(lambda iban: " ".join(iban[n : n + 4] for n in range(0, len(iban), 4))),
    st.from_regex(r"\ABearer [a-z0-9]{3,9}[0-9][A-Za-z0-9._-]{3,20}\Z"),
    st.from_regex(r"\A(?:api_key|password|token|client_secret) ?[=:] ?[a-z0-9]{6,12}[0-9][A-Z]{3}\Z"),
    st.from_regex(r"\Asecret https?://[a-z]{2,5}\.nz/[a-z]{2,5}/[a-z0-9]{12}[0-9][A-Z][a-z0-9]{12}\Z"),
    st.builds(lambda digits: f"account {digits}", DIGITS),
    st.sampled_from(["4111 1111 1111 1111", "/home/anna/x.csv", "sk-proj-abcDEF123456", "<ACCTID>12345678\n",
                     ":25:0012345678"]),
)  # fmt: skip
FILLING = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
TEXTS = st.lists(
    st.one_of(SECRETS, FILLING, st.sampled_from([" ", ", ", "\n", " paid ", "INV-1", "2026-11-20", "1,234.50"]))
).map("".join)
ROWS = st.one_of(
    st.builds(lambda text: {"kind": "human", "line": text}, TEXTS),
    st.builds(lambda text: {"kind": "mcp", "result": {"content": [{"text": json.dumps({"note": text})}]}}, TEXTS),
    st.builds(lambda digits: {"kind": "mcp", "result": {"BankAccountNumber": digits}}, DIGITS),
    st.builds(lambda text, size: {"kind": "model", "events": deltas(text, size)}, TEXTS, st.integers(1, 9)),
)


def deltas(text: str, size: int) -> list[list[Any]]:
    return [
        ["d", {"type": "d", "item_id": "m", "delta": text[at : at + size]}] for at in range(0, len(text), size)
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROWS, max_size=4))
def test_what_was_redacted_is_clean_for_the_scanner_and_stays_as_it_is(rows: list[dict[str, Any]]) -> None:
    redacted = Redaction().rows(rows)
    assert scan(redacted) == []
    assert Redaction().rows(redacted) == redacted


def test_the_public_half_of_a_signers_key_is_no_secret() -> None:
    line = 'anna = "ed25519:4uIsxH0SeTY61fdu+sjFnOaSBsCjLCNgxrMGK2KudyI="'
    assert Redaction().text(line) == line
    assert scan(line) == []
    assert Redaction().text(line.replace("ed25519:", "")) != line.replace("ed25519:", "")
