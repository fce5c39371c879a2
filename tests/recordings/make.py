"""Make recordings: `python -m tests.recordings.make [NAME…]`; without a name all of them.

Each row of `tests.recordings.table` is run by the real finchat in a home of its own, on the small company, recorded
with `--record`, and kept under `recordings/`. What a terminal showed is compared with what the replay prints for one.
"""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from finchat.app.cassettes.replaying import play
from finchat.cassettes.rows import Cassette
from finchat.cli import _once
from finchat.errors import FinchatError
from tests import forked
from tests.recordings.driving import Run, World, screen_of, with_model
from tests.recordings.keeping import finished, plain
from tests.recordings.row import Recording
from tests.recordings.table import RECORDINGS
from tests.scripted.server import ScriptedModel

FOLDER = Path(__file__).parents[2] / "recordings"
_PORT = "127.0.0.1:48000"  # what is said of the model's port; as long as most are, for words are set in columns


def make(recording: Recording, into: Path) -> Path:
    """Record one, and put it into a folder. Raises AssertionError with what was printed when it goes another way."""
    with tempfile.TemporaryDirectory(prefix="recording-") as folder, contextlib.ExitStack() as stack:
        world = World(Path(folder).resolve(), recording.name)
        recording.books(world)
        recording.before(world)
        environment = {**recording.environment, **({} if recording.colour else {"NO_COLOR": "1"})}
        if recording.model is not None:
            model = stack.enter_context(ScriptedModel(recording.spoken, strict=recording.strict))
            environment |= with_model(model)
            world.ports[f"127.0.0.1:{model.port}"] = _PORT
        stack.enter_context(recording.meanwhile(world))
        command = [*recording.words(world), "--record", f"{recording.name}.jsonl"]
        file = world.folder / f"{recording.name}.jsonl"
        if recording.typed:
            done = world.at_terminal(
                command, recording.typed, columns=recording.columns, rows=recording.rows, term=recording.term,
                environment=environment,
            )  # fmt: skip
        else:
            done = world.away(command, recording.piped, **environment)
        said = "\n".join(done.screen) or f"{done.stdout}\n{done.stderr}"
        assert done.exit_code == recording.exit_code, f"it ended with {done.exit_code}\n{said}"
        assert file.exists(), said
        cassette = finished(file, title=recording.title, ports=world.ports, waits=recording.waits)
        for difference in unfaithful(cassette, done, recording, world.ports):
            print(f"    {difference}")
        target = into / file.name
        target.write_bytes(file.read_bytes())
        return target


def unfaithful(cassette: Cassette, done: Run, recording: Recording, ports: Mapping[str, str]) -> list[str]:
    """Lines that the person saw and no replay shows, and the other way round."""
    shown = bytearray()
    play(cassette, _once, show=(shown.extend, shown.extend))
    if recording.typed:
        before = plain(done.screen)
        now = plain(screen_of(bytes(shown), recording.columns, recording.rows))
    else:
        before = plain([*done.stdout.splitlines(), *done.stderr.splitlines()])
        now = plain(shown.decode().splitlines())
    before = [functools.reduce(lambda text, port: text.replace(*port), ports.items(), each) for each in before]
    ends = next((place for place, each in enumerate(before) if each.startswith("recorded: ")), None)
    before = before[:ends]
    return [f"only in the run: {each}" for each in before if each not in now] + [
        f"only in the replay: {each}" for each in now if each not in before
    ]


def main() -> int:
    wanted = sys.argv[1:]
    known = {each.name: each for each in RECORDINGS}
    if unknown := [name for name in wanted if name not in known]:
        print(f"no such recordings: {', '.join(unknown)}", file=sys.stderr)
        return 2
    failed = []
    try:
        for name in wanted or known:
            began = time.monotonic()
            try:
                made = make(known[name], FOLDER)
            except (AssertionError, FinchatError, subprocess.TimeoutExpired) as error:
                failed.append(name)
                print(f"{name}: {error}", flush=True)
                continue
            print(f"{name}: {made.stat().st_size / 1024:.0f} KB, {time.monotonic() - began:.0f} s", flush=True)
    finally:
        forked.stop()
    if failed:
        print(f"not made: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
