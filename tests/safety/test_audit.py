"""The audit log: chained, anchored, once each, repaired only from the journal, checkable without finchat."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from finchat import verifier
from finchat.errors import VerificationMismatch
from finchat.events import Notice
from finchat.safety.audit import AuditRecord, lines, require_sound, verify
from finchat.store.database import StorageError
from tests.safety.world import World, make_world

Worlds = Callable[..., World]


def record(world: World, count: int) -> None:
    for number in range(count):
        with world.audit.recording() as entry:
            entry.log(AuditRecord(event="call", text=f"call {number}", call_id=f"{world.run.id}-{number}"))
    world.audit.flush()


def run_verifier(world: World) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", verifier.__file__, str(world.home.audit_log), str(world.home.audit_head)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_every_key_of_the_contract_is_in_every_line(world: World) -> None:
    record(world, 2)
    first, second = lines(world.home)
    assert tuple(first) == verifier.KEYS
    assert (first["seq"], first["prev"]) == (1, verifier.START)
    assert (second["seq"], second["prev"]) == (2, first["hash"])
    assert first["actor"] == {"user": "anna", "via": "command"}


def test_a_sound_log_is_found_sound_with_and_without_finchat(world: World) -> None:
    record(world, 5)
    assert verify(world.home, world.database).ok
    checked = run_verifier(world)
    assert (checked.returncode, checked.stdout) == (0, "OK: 5 records, an unbroken chain from first to last.\n")


def edit(raw: list[bytes]) -> list[bytes]:
    return [line.replace(b"call 2", b"call 9") for line in raw]


def rehashed(raw: list[bytes]) -> list[bytes]:
    line = json.loads(raw[2])
    line["text"] = "something else"
    line["hash"] = verifier.hash_of(line)
    return [*raw[:2], json.dumps(line, separators=(",", ":")).encode() + b"\n", *raw[3:]]


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (edit, 3),
        (rehashed, 4),
        (lambda raw: [raw[0], raw[2], raw[1], *raw[3:]], 2),
        (lambda raw: raw[:2] + raw[3:], 3),
        (lambda raw: raw[1:], 1),
        (lambda raw: raw[:-1], 5),
        (lambda raw: raw[:-2], 4),
        (lambda raw: [*raw[:-1], raw[-1][:20]], 5),
        (lambda raw: [*raw, raw[-1]], 6),
        (lambda raw: [*raw[:2], b"{}\n", *raw[2:]], 3),
        (lambda raw: [*raw[:2], raw[2].replace(b'{"seq":3', b'{"seq":3,"seq":3'), *raw[3:]], 3),
        (lambda raw: [*raw[:2], raw[2].replace(b'":', b'": ', 1), *raw[3:]], 3),
        (lambda raw: [], 1),
    ],
)
def test_any_change_is_named_with_its_line_even_after_another_run(
    world: World, worlds: Worlds, damage: Callable[[list[bytes]], list[bytes]], line: int
) -> None:
    record(world, 5)
    world.close()
    raw = world.home.audit_log.read_bytes().splitlines(keepends=True)
    world.home.audit_log.write_bytes(b"".join(damage(raw)))
    after = worlds()
    report = verify(after.home, after.database)
    assert (report.ok, report.line) == (False, line)
    assert run_verifier(after).returncode == 8
    with pytest.raises(VerificationMismatch):
        require_sound(report)
    record(after, 1)
    assert [e for e in after.events if isinstance(e, Notice)] != []
    assert verify(after.home, after.database).line == line


def test_a_deleted_log_is_noticed(world: World) -> None:
    record(world, 2)
    world.home.audit_log.unlink()
    assert verifier.check(world.home.audit_log, world.home.audit_head).ok is False


def test_a_log_taken_with_its_head_is_given_away_by_the_journal(world: World) -> None:
    record(world, 3)
    world.audit.close()
    world.home.audit_log.unlink()
    world.home.audit_head.unlink(missing_ok=True)
    report = verify(world.home, world.database)
    assert not report.ok
    assert "is missing, but the journal knows of 3 records" in report.text
    assert not verify(world.home, world.database).ok  # looking has not mended it
    record(world, 1)
    assert not verify(world.home, world.database).ok  # and neither has going on


def test_a_head_without_an_end_stops_the_next_write_and_not_the_process(world: World) -> None:
    record(world, 2)
    world.home.audit_head.unlink()
    world.home.audit_head.symlink_to("/dev/zero")
    with pytest.raises(StorageError, match=r"audit\.head: it is larger than 1 MiB"):
        record(world, 1)
    with pytest.raises(StorageError, match=r"audit\.head: it is larger than"):
        verify(world.home, world.database)


def test_a_path_without_a_log_is_not_found_sound(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").write_bytes(b"")
    for name in ("missing", "empty"):
        assert verifier.main([str(tmp_path / name)]) == 2
        assert f"cannot read {tmp_path / name}: " in capsys.readouterr().err
    record(world, 1)
    assert verifier.main([str(world.home.audit_log), str(tmp_path / "no.head")]) == 2
    world.home.audit_log.unlink()
    assert verifier.main([str(world.home.audit_log)]) == 8  # the head beside it says that there were records


def test_log_and_head_cut_alike_are_given_away_by_the_journal(world: World) -> None:
    record(world, 3)
    raw = world.home.audit_log.read_bytes().splitlines(keepends=True)
    world.home.audit_log.write_bytes(b"".join(raw[:2]))
    world.home.audit_head.write_text(json.dumps({"seq": 2, "hash": json.loads(raw[1])["hash"]}))
    assert verifier.check(world.home.audit_log, world.home.audit_head).ok
    # The journal still holds the line that the head no longer vouches for and puts it back.
    assert verify(world.home, world.database).ok
    assert world.home.audit_log.read_bytes() == b"".join(raw)


@pytest.mark.parametrize("kept", [0, 1, 30])
def test_a_line_that_a_crash_cut_is_completed_from_the_journal(worlds: Worlds, kept: int) -> None:
    world = worlds()
    record(world, 2)
    with world.audit.recording() as entry:
        entry.log(AuditRecord(event="intent", text="about to pay"))
    (row,) = world.database.rows("SELECT line FROM audit_lines WHERE seq = 3")
    with world.home.audit_log.open("ab") as file:
        file.write(row["line"].encode()[:kept])
    world.run.close()  # the process dies here
    after = worlds()
    record(after, 1)
    assert verify(after.home, after.database).records == 4
    assert [line["text"] for line in lines(after.home)][2] == "about to pay"


def test_reads_cost_little_and_reach_the_disk_with_the_next_write_or_at_close(world: World) -> None:
    started = time.perf_counter()
    for number in range(90):
        world.audit.note(AuditRecord(event="call", text=f"read {number}"))
    assert (time.perf_counter() - started) / 90 < 0.001
    assert not world.home.audit_log.exists()
    record(world, 1)
    assert [line["text"] for line in lines(world.home)][-1] == "call 0"
    assert len(list(lines(world.home))) == 91


def test_secrets_and_strangers_characters_do_not_reach_the_log(world: World) -> None:
    text = "Bearer abc123DEF456ghi789 said \x1b[31m\n\ud800 twice"
    world.audit.note(AuditRecord(event="call", text=text))
    world.audit.flush()
    (line,) = lines(world.home)
    assert "abc123DEF456ghi789" not in line["text"]
    assert "\x1b" not in line["text"]
    assert verify(world.home, world.database).ok


def append_from_a_process(path: str, count: int) -> None:
    world = make_world(Path(path))
    for _ in range(count):
        world.audit.note(AuditRecord(event="call", text="x"))
        world.audit.flush()
    world.close()


def test_two_processes_write_one_unbroken_chain(world: World, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=append_from_a_process, args=(str(tmp_path), 20)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    report = verify(world.home, world.database)
    assert (report.ok, report.records) == (True, 40)


def test_a_full_disk_stops_the_log_with_a_plain_error(world: World) -> None:
    world.home.audit_log.symlink_to("/dev/full")
    with pytest.raises(StorageError, match="No space left"):
        record(world, 1)
