"""A signal that ends a replay ends it as it ends any command: the recording is not called another one for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from finchat.app.cassettes.replaying import play
from finchat.app.invocation import Stopped, Terminated
from finchat.cassettes.player import Player
from finchat.cassettes.reading import read
from finchat.cassettes.rows import Cassette
from finchat.clock import utc_now
from tests.app.test_cassettes_of_strangers import cassette


@pytest.fixture
def recorded(tmp_path: Path) -> Cassette:
    return read(Path(cassette(tmp_path)))


@pytest.mark.parametrize(("code", "ends"), [(130, KeyboardInterrupt), (143, Terminated)])
def test_a_signal_ends_the_replay_with_its_own_code(recorded: Cassette, code: int, ends: type[BaseException]) -> None:
    with pytest.raises(ends):
        play(recorded, lambda _: code)
    printed: list[bytes] = []
    with pytest.raises(Stopped) as stopped:  # the run has said so, on the streams of whoever watches
        play(recorded, lambda _: code, show=(printed.append, printed.append))
    assert stopped.value.exit_code == code


def test_a_recording_that_a_signal_ended_replays(tmp_path: Path) -> None:
    ended = read(Path(cassette(tmp_path, signalled=True)))
    assert play(ended, lambda _: 130).exit_code == 130


def test_ctrl_c_in_a_turn_of_a_replay_ends_it_and_not_the_turn_alone() -> None:
    cancelled: list[bool] = []

    async def typed() -> str:
        raise AssertionError("nobody is asked in a replay")

    async def replays() -> None:
        player = Player([], utc_now())
        pressed = player.interruption(lambda: cancelled.append(True))
        pressed()
        await player.answer("chat", "finchat> ", typed)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(replays())
    assert cancelled == [True]
