"""A session as the chat has it, open over the sandbox company, and a chat that is only what commands may use of one."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from finchat.agent.openai import open_model
from finchat.app.bank_lines import put
from finchat.app.commands.guide import command_called
from finchat.app.desk import open_desk
from finchat.app.invocation import Invocation
from finchat.app.run import ModelFlags, OtherServers, Run, open_run
from finchat.errors import FinchatError
from finchat.ui.sink import Sink, error_text
from finchat.workflows import plans
from tests.app.tools.room import NOW, TODAY, company
from tests.scripted.server import Say, Script, ScriptedModel

WIDTH = 80


@dataclass
class TypedInto:
    """Implements commands.Chat for one open session; `asked` are the plans that were put before the person."""

    call: Invocation
    flags: ModelFlags
    run: Run
    screen: io.StringIO
    yes: bool = False
    asked: list[str] = field(default_factory=list)
    reopened: list[tuple[Invocation | None, str | None]] = field(default_factory=list)
    fails: FinchatError | None = None
    left: bool = False

    async def ready(self) -> Run:
        return self.run

    @property
    def opened(self) -> Run | None:
        return self.run

    def say(self, renderable: Any = "") -> None:
        self.call.sink.data(renderable)

    async def offer(self, plan_id: str) -> None:
        self.asked.append(plan_id)
        path = plans.find(self.call.home.plans, plan_id)
        saved = plans.load(path)
        applied, names = await put(self.run.desk, saved, path, yes=self.yes)
        self.run.desk.report(applied, names, path, plan_id=plan_id, asked=self.call)

    async def reopen(self, *, call: Invocation | None = None, session_id: str | None = None) -> None:
        if self.fails is not None:
            raise self.fails
        self.reopened.append((call, session_id))

    def leave(self) -> None:
        self.left = True

    async def type(self, line: str) -> str:
        """What the screen shows after a command, errors with their next step included; every line fits."""
        name, _, arguments = line[1:].partition(" ")
        before = len(self.screen.getvalue())
        try:
            await command_called(name).run(self, arguments.strip())
        except FinchatError as error:
            self.screen.write(error_text(error, WIDTH))
        shown = self.screen.getvalue()[before:]
        for one in shown.splitlines():
            # A command line is there to be copied: it is never broken.
            assert cell_len(one) <= WIDTH or re.match(r"(next: )?finchat \S+", one.strip()), one
            assert one.isprintable(), one
        return shown

    async def ask(self, question: str) -> None:
        finished = await self.run.ask(question, decides=False)
        assert finished.complete, finished


class _Face:
    def show(self, event: object) -> None:
        return None


@asynccontextmanager
async def typed_into(
    home: Path, monkeypatch: pytest.MonkeyPatch, script: Script | None = None, *, read_only: bool = False
) -> AsyncIterator[TypedInto]:  # fmt: skip
    """The company of seed 1 on its day, with a scripted model. `home`: FINCHAT_HOME."""
    monkeypatch.setenv("FINCHAT_NOW", NOW)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    if not (home / "sandbox").exists():
        shutil.copytree(company(1), home / "sandbox")
    screen = io.StringIO()
    async with AsyncExitStack() as stack:
        scripted = stack.enter_context(ScriptedModel(script or (lambda _: Say("Nothing to say."))))
        for name, value in scripted.environ.items():
            monkeypatch.setenv(name, value)
        call = Invocation()
        call.__dict__["sink"] = Sink("human", stdout=screen, stderr=io.StringIO())
        flags = ModelFlags(read_only=read_only)
        model = open_model(call.settings.model, stream=False, api=None)
        session_id = plans.new_plan_id(TODAY)
        desk = await stack.enter_async_context(open_desk(call, via="chat", session_id=session_id))
        run = await stack.enter_async_context(open_run(desk, OtherServers(), model, flags, session_id))
        run.face = _Face()  # type: ignore[assignment]
        yield TypedInto(call, flags, run, screen)
