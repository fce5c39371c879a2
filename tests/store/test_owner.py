"""Whether another process still runs, told by a lock that dies with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from finchat.store.owner import Owner

CHILD = """
import sys
from pathlib import Path
from finchat.store.owner import Owner
print(Owner(Path(sys.argv[1]), "run").name, flush=True)
sys.stdin.read()
"""


def test_a_process_is_present_until_it_is_killed_and_leaves_no_file(tmp_path: Path) -> None:
    me = Owner(tmp_path / "locks", "run")
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "locks")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    name = child.stdout.readline().strip()
    assert me.present(name)
    assert me.present(me.name)
    child.kill()
    child.communicate()
    assert not me.present(name)
    assert not me.present("never seen")
    assert [file.name for file in (tmp_path / "locks").iterdir()] == [f"run-{me.name}.lock"]
    me.close()
    me.close()
    assert list((tmp_path / "locks").iterdir()) == []


def test_a_new_owner_clears_what_dead_ones_of_its_kind_left(tmp_path: Path) -> None:
    (tmp_path / "run-dead.lock").touch()
    (tmp_path / "other-dead.lock").touch()
    me = Owner(tmp_path, "run")
    assert {file.name for file in tmp_path.iterdir()} == {f"run-{me.name}.lock", "other-dead.lock"}
    me.close()
