"""Results are kept whole and exact, for this run and for later ones."""

from __future__ import annotations

import resource
import stat
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat.agent.evidence import EvidenceStore, NoEvidence, exact_json
from finchat.connections.toolbox import CallError, CallResult
from finchat.errors import FinchatError
from finchat.store.database import StorageError
from tests.agent.evidence.kept import AT, Session, documents, invoice

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_ids_count_up_and_another_process_goes_on_where_the_last_one_ended(session: Session) -> None:
    assert [session.keep({"a": 1}).id, session.keep({"a": 2}).id] == ["e1", "e2"]
    session.store.close()
    with EvidenceStore(session.file, "s1") as later, EvidenceStore(session.file, "s2") as other:
        assert later.get("e1").result.structured == {"a": 1}
        kept = [
            s.keep(server="b", tool="t", arguments={}, result=CallResult(structured={}), at=AT) for s in (later, other)
        ]
        assert [k.id for k in kept] == ["e3", "e1"]


def test_what_was_asked_and_answered_is_read_again_as_it_was(session: Session) -> None:
    data = documents([invoice(1, "Ōtaki “Tea” 😀\u202e\n")]) | {"rate": Decimal("0.10"), "long": 10**30}
    kept = session.keep(data, contact="Acme", limit=3)
    session.store.close()
    with EvidenceStore(session.file, "s1") as later:
        stored = later.get(kept.id)
    assert stored.result.structured == data
    assert str(stored.result.structured["rate"]) == "0.10"
    assert (stored.server, stored.tool, stored.arguments) == (
        "books",
        "open_documents",
        {"contact": "Acme", "limit": 3},
    )
    assert (stored.at, stored.rows, stored.size) == ("2026-11-20T09:00:00.000000Z", 1, kept.size)


@given(JSON)
@settings(max_examples=40)
def test_no_digit_of_any_json_is_lost_and_no_float_comes_back(value: Any) -> None:
    read = exact_json.load(exact_json.dump(value))
    assert read == value
    assert "float" not in kinds(read)


def kinds(value: Any) -> set[str]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {type(value).__name__}.union(*(kinds(item) for item in inner))


def test_words_errors_and_json_in_text_are_kept_too(session: Session) -> None:
    error = CallError(code="not_found", message="no such invoice\x1b[2J", outcome="failed", next="list them")
    results = (CallResult(text="hello\x07 there"), CallResult(error=error), CallResult(text='[{"Total": 0.10}]'))
    words, failed, text = (
        session.store.keep(server="b", tool="t", arguments=None, result=result, at=AT) for result in results
    )
    assert "hello\\x07 there" in words.view
    assert words.rows is None
    assert "FAILED (not_found, outcome: failed)" in failed.view
    assert "\x1b" not in failed.view
    assert session.store.get(failed.id).result.error == error
    assert text.rows == 1
    assert [f.value for f in session.store.facts([Decimal("0.1")]) if not f.derivation] == [Decimal("0.10")]


def test_what_is_no_data_is_refused_and_ids_that_were_never_given_are_not_found(session: Session) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for data in ({"a": float("nan")}, {"a": Decimal("Infinity")}, {"a": object()}, {"a": deep}):
        with pytest.raises(FinchatError):
            session.keep(data)
    for name in ("e1", "e0", "", "e", "x1", "e-1", "e99999999999999999999", "e1 OR 1=1"):
        with pytest.raises(NoEvidence):
            session.store.get(name)


def test_the_file_is_its_owners_alone_and_small(session: Session) -> None:
    kept = session.keep(documents(invoice(n) for n in range(2000)))
    assert stat.S_IMODE(session.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(session.file.parent.stat().st_mode) == 0o700
    session.store.close()
    assert session.file.stat().st_size < kept.size / 4


def test_a_full_disk_is_one_plain_error(session: Session) -> None:
    session.keep({"a": 1})
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    text = "".join(chr(33 + n * n % 5003 % 90) for n in range(400_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (session.file.stat().st_size + 50_000, usual[1]))
    try:
        with pytest.raises(StorageError) as caught:
            session.keep({"text": text, "more": [text[n:] for n in range(1, 30)]})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert caught.value.code == "disk_full"
    assert session.keep({"a": 2}).id == "e2"


def test_a_file_that_is_no_store_is_said_to_be_damaged(tmp_path: Path) -> None:
    file = tmp_path / "evidence.sqlite3"
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError) as caught:
        EvidenceStore(file, "s1")
    assert caught.value.code == "corrupt"


def test_all_facts_are_given_as_long_as_they_are_not_too_many(session: Session) -> None:
    session.keep(documents([invoice(1, "Acme")]))
    few = session.store.all_facts(1_000)
    assert few == session.store.facts()
    assert session.store.all_facts(len(few) - 1) is None
    session.keep(documents([invoice(2, "Beta")]))
    assert session.store.all_facts(1_000) == session.store.facts() != few
