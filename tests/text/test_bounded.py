"""A path that names a device without an end is refused in a sentence, whatever finchat expected there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from finchat import verifier
from finchat.errors import FinchatError, plain
from finchat.safety import keys, signatures
from finchat.safety.policy import Policy
from finchat.settings import Home, load_settings
from finchat.text.bounded import SMALL, read_bounded
from finchat.workflows import feed, plans

ENDLESS = Path("/dev/zero")


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 2048)
    assert read_bounded(path, 2048) == b"x" * 2048
    with pytest.raises(OSError, match="larger than 1 KiB") as error:
        read_bounded(path, 2047)
    assert plain(error.value) == "it is larger than 1 KiB"
    with pytest.raises(OSError, match=f"larger than {SMALL // 1024 // 1024} MiB"):
        read_bounded(ENDLESS)


READERS: dict[str, Callable[[Path], object]] = {
    "policy.toml": Policy.load,
    "finchat.toml": lambda path: load_settings(Home(path.parent), environ={}),
    "mcp.json": lambda path: load_settings(Home(path.parent), mcp_config=path, environ={}),
    "plan.sig.json": lambda path: signatures.read([path]),
    "keys/anna.pem": lambda path: keys.all_keys(Home(path.parents[1])),
}


@pytest.mark.parametrize("name", READERS)
def test_a_file_without_an_end_is_an_error_and_not_the_end_of_the_process(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(ENDLESS)
    with pytest.raises(FinchatError) as error:
        READERS[name](path)
    assert str(path) in error.value.message
    assert "it is larger than" in error.value.message


def test_large_files_have_a_bound_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_LARGEST", 4096)
    monkeypatch.setattr(feed, "_LARGEST", 4096)
    for read in (plans.load, lambda path: feed.read_json(path, "--feed")):
        with pytest.raises(FinchatError, match="it is larger than 4 KiB"):
            read(ENDLESS)


@pytest.mark.parametrize("rest", [["--signers", str(ENDLESS)], ["--policy", str(ENDLESS)]])
def test_the_verifier_reads_no_file_without_an_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rest: list[str]
) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_bytes(b"{}\n")
    assert verifier.main([str(log), str(ENDLESS)]) == 2
    assert verifier.main([str(log), "--evidence", str(tmp_path), *rest]) == 2
    assert capsys.readouterr().err.count("it is larger than 1 MiB") == 2
    assert verifier.main([str(ENDLESS)]) == 8
    assert "NOT SOUND: Line 1 is bad" in capsys.readouterr().out
