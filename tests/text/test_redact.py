"""Secrets never reach a screen or a log; what an audit needs stays."""

import time

import pytest

from finchat.text.redact import MASK, redact, secrets_of


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.DEF-123456",
        "got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl back",
        "key sk-proj-abcdefgh12345678",
        "https://user:hunter2hunter@example.com/mcp",
        '{"client_secret": "s3cr3tvalue"}',
        "XERO_CLIENT_BEARER_TOKEN=abcd1234efgh",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secrets_are_masked_by_their_shape(text: str) -> None:
    masked = redact(text)
    assert MASK in masked
    for part in ("abc.DEF", "c2lnbmF0dXJl", "abcdefgh12345678", "hunter2", "s3cr3tvalue", "abcd1234efgh", "MIIE"):
        assert part not in masked


def test_known_values_are_masked_wherever_they_stand() -> None:
    known = secrets_of({"XERO_CLIENT_SECRET": "plainlooking", "PATH": "/usr/bin"})
    assert redact("it said plainlooking in /usr/bin", known) == f"it said {MASK} in /usr/bin"


def test_ledger_identifiers_and_hashes_are_left_alone() -> None:
    assert redact("basic accounting for the bearer of this letter") == "basic accounting for the bearer of this letter"
    text = "payment 3f2504e0-4f89-11d3-9a0c-0305e82c3301 of INV-0042, hash " + "ab" * 32
    assert redact(text) == text


@pytest.mark.parametrize("piece", ["1-", "eyJ", "a.", "a+b:", "token ", "-----BEGIN "])
def test_no_text_of_a_stranger_takes_more_time_than_its_length_is_worth(piece: str) -> None:
    text = piece * (40_000 // len(piece))
    began = time.process_time()
    redact(text)
    assert time.process_time() - began < 1


def test_a_secret_is_found_in_the_middle_of_a_run_of_letters_and_signs() -> None:
    assert redact("--x-api-key=abcd1234efgh&a=1") == f"--x-api-key={MASK}&a=1"
    assert redact("see +1-https://user:hunter2hunter@example.com") == f"see +1-https://{MASK}@example.com"


def test_a_token_does_not_hide_that_a_password_follows() -> None:
    masked = redact("bearer abcdef123password: hunter22 ")
    assert "hunter22" not in masked
    assert "abcdef123" not in masked
