"""A child process as an MCP server: whatever it does harms the call it happened to and no other."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from finchat.connections import toolbox as tb
from finchat.connections.sessions import open_session
from finchat.errors import ExitCode, Unavailable
from finchat.events import Event, Notice
from finchat.settings import ServerSettings
from tests.connections import servers

SERVER = str(Path(servers.__file__))


def child(tmp_path: Path, mode: str = "serve", **more: Any) -> ServerSettings:
    arguments = (SERVER, mode, str(tmp_path / "calls"), *more.pop("extra", ()))
    values = {"start_deadline_s": 10.0, "call_deadline_s": 5.0} | more
    return ServerSettings(name="books", command=sys.executable, args=arguments, **values)


def session(settings: ServerSettings, events: list[Event] | None = None) -> AbstractAsyncContextManager[tb.Toolbox]:
    heard = [] if events is None else events
    return open_session(settings, emit=heard.append, is_read=lambda tool: tool == "list_invoices")


def error_of(result: tb.CallResult) -> tb.CallError:
    assert result.error is not None
    return result.error


def structured(result: tb.CallResult) -> Mapping[str, Any]:
    assert result.error is None
    assert result.structured is not None
    return result.structured


async def test_a_call_carries_its_arguments_and_its_key_outside_them(tmp_path: Path) -> None:
    async with session(child(tmp_path)) as books:
        result = await books.call("list_invoices", {"page_size": 5}, idempotency_key="k-1")
    answer = structured(result)
    assert answer["arguments"] == {"page_size": 5}
    assert answer["meta"][tb.IDEMPOTENCY_META] == "k-1"
    assert result.text == "done"


async def test_the_child_and_its_own_children_are_gone_after_the_session(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 60 & echo $! $$ > {pids}; exec {sys.executable} {SERVER} serve {tmp_path / 'calls'}"
    settings = ServerSettings(name="books", command="/bin/sh", args=("-c", script))
    async with session(settings) as books:
        assert "pay" in await books.tools()
        numbers = [int(word) for word in pids.read_text().split()]
    await until(lambda: not any(running(number) for number in numbers))


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110 - another process makes it happen
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("kind", ["hang", "bad_utf8", "half_line", "wrong_id"])
async def test_an_answer_that_never_comes_ends_that_call_alone(tmp_path: Path, kind: str) -> None:
    async with session(child(tmp_path)) as books:
        lost, fine = await asyncio.gather(
            books.call("fault", {"kind": kind}, deadline_s=0.3), books.call("pay", {"amount": 1})
        )
        assert structured(fine)["tool"] == "pay"
        assert (error_of(lost).code, error_of(lost).outcome) == ("timeout", "unknown")
        assert structured(await books.call("pay", {"amount": 2}))["arguments"] == {"amount": 2}


@pytest.mark.parametrize("kind", ["garbage", "noise"])
async def test_pollution_of_stdout_and_stderr_is_tolerated(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with session(child(tmp_path)) as books:
        assert structured(await books.call("fault", {"kind": kind}))["count"] == 1
    assert capfd.readouterr() == ("", "")


async def test_a_banner_before_the_first_message_is_tolerated(tmp_path: Path) -> None:
    async with session(child(tmp_path, "banner")) as books:
        assert structured(await books.call("pay", {"amount": 1}))["tool"] == "pay"


async def test_a_server_of_last_years_protocol_is_understood(tmp_path: Path) -> None:
    async with session(child(tmp_path, "old")) as books:
        assert structured(await books.call("pay", {"amount": 1}))["tool"] == "pay"


async def test_an_oversized_answer_is_refused_at_once_and_the_session_stays(tmp_path: Path) -> None:
    async with session(child(tmp_path)) as books:
        error = error_of(await books.call("fault", {"kind": "huge"}))
        assert (error.code, error.outcome) == ("answer_too_large", "unknown")
        assert "16 MiB" in error.message
        assert structured(await books.call("fault", {}))["count"] == 2


async def test_an_answer_of_an_unknown_shape_is_named(tmp_path: Path) -> None:
    async with session(child(tmp_path)) as books:
        error = error_of(await books.call("fault", {"kind": "not_a_result"}))
        assert (error.code, error.outcome) == ("malformed_answer", "unknown")
        assert structured(await books.call("fault", {}))["count"] == 2


async def test_a_write_under_a_crash_is_unknown_and_not_sent_again(tmp_path: Path) -> None:
    async with session(child(tmp_path)) as books:
        error = error_of(await books.call("fault", {"kind": "crash_once"}))
        assert (error.code, error.outcome) == ("connection_lost", "unknown")
        assert (tmp_path / "calls").read_text() == "x"
        assert structured(await books.call("fault", {}))["count"] == 2


async def test_a_read_under_a_crash_gets_a_new_child_and_a_second_try(tmp_path: Path) -> None:
    settings = child(tmp_path)
    async with open_session(settings, is_read=lambda tool: tool == "fault") as books:
        assert structured(await books.call("fault", {"kind": "crash_once"}))["count"] == 2
        error = error_of(await books.call("fault", {"kind": "crash"}))
        assert error.code == "connection_lost"
        assert len((tmp_path / "calls").read_text()) == 4


async def test_a_crash_after_the_reply_costs_nothing(tmp_path: Path) -> None:
    async with session(child(tmp_path)) as books:
        assert structured(await books.call("fault", {"kind": "crash_after_reply"}))["count"] == 1
        assert structured(await books.call("list_invoices", {}))["tool"] == "list_invoices"


async def test_a_crash_does_not_look_like_the_user_pressing_ctrl_c(tmp_path: Path) -> None:
    async with session(child(tmp_path)) as books:
        calls = [books.call("fault", {"kind": kind}, deadline_s=3) for kind in ("hang", "hang", "crash")]
        errors = [error_of(result) for result in await asyncio.gather(*calls)]
    assert {error.code for error in errors} == {"connection_lost"}


async def test_a_call_cancelled_by_its_caller_is_cancelled(tmp_path: Path) -> None:
    async with session(child(tmp_path)) as books:
        await books.tools()
        waiting = asyncio.create_task(books.call("fault", {"kind": "hang"}))
        await until((tmp_path / "calls").exists)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert structured(await books.call("pay", {"amount": 1}))["tool"] == "pay"


async def test_one_bad_definition_leaves_the_others_usable_and_is_named(tmp_path: Path) -> None:
    broken: list[Any] = [{"name": "empty", "inputSchema": {}}, {"name": "none"}, {"inputSchema": {}}, 7]
    double = {**servers.TOOLS[0], "description": "the same name again"}
    listed = json.dumps([*broken, *servers.TOOLS, double])
    events: list[Event] = []
    async with session(child(tmp_path, extra=(listed,)), events) as books:
        tools = await books.tools()
        await books.tools()
    assert set(tools) == {"list_invoices", "pay", "fault"}
    assert tools["list_invoices"].description == "Lists invoices."
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert len(notices) == 5
    assert any("'empty'" in text for text in notices)
    assert any("'list_invoices'" in text and "twice" in text for text in notices)


async def test_wrong_arguments_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    async with session(child(tmp_path)) as books:
        cases: list[tuple[str, dict[str, Any], str | None]] = [
            ("pay", {}, "amount"),
            ("pay", {"amount": "ten"}, "amount"),
            ("pay", {"amount": 1, "account": {}}, "account.code"),
            ("list_invoices", {"pgae": 1}, "pgae"),
            ("list_invoices", {"where": "\ud800"}, "where"),
            ("list_invoices", {"page_size": float("nan")}, "page_size"),
        ]
        for tool, arguments, field in cases:
            error = error_of(await books.call(tool, arguments))
            assert (error.code, error.field, error.outcome) == ("invalid_argument", field, "not_sent")
        assert error_of(await books.call("nope", {})).code == "unknown_tool"
        assert structured(await books.call("pay", {"amount": 1}))["tool"] == "pay"


async def test_a_server_that_exits_at_once_is_named_with_its_last_line(tmp_path: Path) -> None:
    settings = child(tmp_path, "exit", env={"ACCESS_TOKEN": "s3cr3t-value-here"})
    with pytest.raises(Unavailable, match=r"servers\.py exit .*exited with code 1.*no licence found") as caught:
        async with session(settings):
            pass
    assert "s3cr3t" not in caught.value.message
    assert caught.value.exit_code is ExitCode.UNAVAILABLE
    assert caught.value.next is not None


async def test_a_server_that_never_answers_is_given_up_within_its_deadline(tmp_path: Path) -> None:
    started = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable, match=r"no answer within 0\.3 s"):
        async with session(child(tmp_path, "never", start_deadline_s=0.3)):
            pass
    assert asyncio.get_running_loop().time() - started < 3


async def test_a_command_that_does_not_exist_is_named(tmp_path: Path) -> None:
    settings = replace(child(tmp_path), command="/nonexistent/xero-server")
    with pytest.raises(Unavailable, match=r"/nonexistent/xero-server.*No such file"):
        async with session(settings):
            pass
