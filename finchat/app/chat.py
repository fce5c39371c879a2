"""`finchat chat`: the prompt at once, the books behind it, and one turn after the other until the person leaves."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from finchat.app import taping
from finchat.app.commands import commands
from finchat.app.invocation import Invocation, run_to_exit
from finchat.app.run import ModelFlags, NoModel, Run, code_of, passing
from finchat.clock import Clock
from finchat.errors import ExitCode, FinchatError, UsageError, worst
from finchat.events import Event, Notice
from finchat.ui.answers import stopping
from finchat.ui.chat.prompt import ChatPrompt, open_prompt
from finchat.ui.chat.toolbar import ToolbarState

if TYPE_CHECKING:
    from finchat.agent.events import AgentEvent, Finished
    from finchat.agent.messages import Api, Model, ModelEvent, ModelRequest
    from finchat.ui.chat.stream import MarkdownStream
    from finchat.ui.progress import Progress
    from finchat.ui.sink import Renderable

_HEAVY_S = 0.2  # how long the prompt has the machine for itself before the rest is loaded


@dataclass(frozen=True, kw_only=True)
class ChatFlags(ModelFlags):
    """How the chat is opened."""

    resume: str | None = None
    plain: bool = False


def chat(call: Invocation, flags: ChatFlags) -> int:
    """The chat, until the person leaves. Raises UsageError for --json and --quiet, which have no conversation."""
    if call.json or call.quiet:
        raise UsageError(
            "a chat is for a person", field="--json" if call.json else "--quiet", next='for scripts: finchat ask "…"'
        )
    if flags.plain:
        os.environ["TERM"] = "dumb"  # what everything that draws goes by
    _ = flags.chosen_api
    settings = call.settings  # a wrong file is said before the prompt comes
    if settings.model.configured:
        settings.model.check()
    return run_to_exit(_Chat(call, flags).main())


class _Chat:
    """Implements commands.Chat, and the face of its turns."""

    def __init__(self, call: Invocation, flags: ChatFlags) -> None:
        from finchat.ui.progress import Progress

        self._call = call
        self._flags = flags
        self._commands = commands()
        self._toolbar = ToolbarState(read_only=flags.read_only, private=flags.private)
        self._progress: Progress = Progress(call.sink)
        self._prompt: ChatPrompt = open_prompt(
            flags.plain,
            call.home.path,
            tuple(self._commands.values()),
            toolbar=self._toolbar,
            answers=call.sink.answers,
        )
        self._session: _Session | None = None
        self._stream: MarkdownStream | None = None
        self._codes: list[ExitCode] = []
        self._awaiting = 0
        self._doubted = False  # the latest words hold what could not be traced, and are not the last ones
        self._deciding = False
        self._told_resumed = False
        self._left = False

    # What commands use

    @property
    def call(self) -> Invocation:
        return self._call

    @property
    def flags(self) -> ModelFlags:
        return self._flags

    @property
    def opened(self) -> Run | None:
        return None if self._session is None else self._session.run

    async def ready(self) -> Run:
        """The open session. What went wrong while it opened is raised, and the next question tries again; also after a
        fault of finchat's own."""
        if self._session is None:
            self._begin()
        assert self._session is not None
        session = self._session
        session.awaited += 1
        try:
            run = await session.ready()
        except Exception:
            self._session = None
            raise
        finally:
            session.awaited -= 1
        run.face = self
        return run

    def say(self, renderable: Renderable = "") -> None:
        self._progress.clear()
        self._call.sink.data(renderable)

    async def offer(self, plan_id: str) -> None:
        """Put a saved plan before the person, by the road of every approval."""
        from finchat.app.bank_lines import check_figures, put
        from finchat.workflows import plans

        run = await self.ready()
        path = plans.find(self._call.home.plans, plan_id)
        saved = plans.load(path)
        desk = run.desk_of(saved)
        check_figures(desk.call, saved, path)
        with self.deciding():
            applied, names = await put(desk, saved, path)
            desk.report(applied, names, path, plan_id=saved.id, asked=self._call)
        for one in run.tray.waiting():
            if one.plan.id == saved.id:
                run.tray.settle(saved.id, applied)
        for id in [id for id, one in run.applied.items() if one.plan.id == saved.id]:
            del run.applied[id]  # it was made of that plan by an edit or an answer, and stands for it now
        run.applied[saved.id] = applied
        self._show_state()

    async def reopen(self, *, call: Invocation | None = None, session_id: str | None = None) -> None:
        """On other settings, or a saved session; when that fails the chat goes on where it was."""
        self._told_resumed = True  # whoever reopens it says so
        was, run = (self._call, self._flags), self.opened
        if run is not None and run.conversation.questions:
            was = (self._call, replace(self._flags, resume=run.session_id))
        await self._close()
        self._call, self._flags = call or self._call, replace(self._flags, resume=session_id)
        try:
            await self.ready()
        except (FinchatError, asyncio.CancelledError):
            await self._close()
            self._call, self._flags = was
            self._begin()
            raise
        self._show_state()

    def leave(self) -> None:
        self._left = True

    # The conversation

    async def main(self) -> int:
        """Greet, open everything behind the prompt, and answer line after line; the exit code."""
        self._greet()
        try:
            with self._progress.diverted(self._tell):
                self._begin()
                while not self._left:
                    text = await self._prompt.ask()
                    if text is None:
                        break
                    await self._take(text)
        finally:
            await self._close()
        return int(worst([*self._codes, *([ExitCode.AWAITING_APPROVAL] if self._waits() else [])]))

    def _waits(self) -> bool:
        """Whether a script leaves plans behind; a person has seen them on the screen."""
        return self._awaiting > 0 and not self._prompt.interactive

    async def _take(self, text: str) -> None:
        """One line. Nothing that goes wrong ends the chat."""
        self._deciding = False
        turn = asyncio.ensure_future(self._command(text) if text[0] in "/?" else self._question(text))

        def cancel() -> None:
            turn.cancel()

        try:
            with stopping(self._call.sink.answers, turn, cancel) as stop:
                async with self._prompt.turn(stop):
                    await asyncio.wait({turn})
            turn.result()
        except asyncio.CancelledError:
            if not turn.cancelled():  # it is the chat itself that is told to end
                turn.cancel()
                await asyncio.wait({turn})
                raise
            self._stopped()
        except FinchatError as error:
            self._progress.clear()
            self._call.sink.error(error)
            if not self._prompt.interactive:
                self._codes.append(error.exit_code)
        except Exception as bug:
            from finchat.ui.bug import logged

            self._progress.clear()
            self._call.sink.error(logged(bug, ["chat"]))
            self._codes.append(ExitCode.FAILED)

    def _stopped(self) -> None:
        if self._stream is not None:
            self._stream.abort("stopped")
            self._stream = None
        self._progress.clear()
        if self._deciding:  # the cursor stands behind the question
            self._deciding = False
            self._call.sink.talk("\nstopped; what was not decided is saved: /plan lists it, /apply asks again")
        else:
            self._call.sink.talk("stopped; what was asked and read so far is kept")

    async def _command(self, text: str) -> None:
        name, _, arguments = text[1:].strip().partition(" ")
        name = "help" if not name or text[0] == "?" else name.casefold()
        if text[0] == "?":
            arguments = text[1:].strip()
        from finchat.app.commands.guide import command_called

        found = command_called(name)
        with self._progress.drawn():
            await found.run(self, arguments.strip())
        self._show_state()

    async def _question(self, text: str) -> None:
        if not self._call.settings.model.configured:
            raise NoModel(text, inside=self._commands)
        with self._progress.drawn():
            run = await self.ready()
            finished = await run.ask(text, decides=self._prompt.interactive)
            self._end(run, finished)

    # The face of a turn

    def show(self, event: AgentEvent) -> None:
        from finchat.agent import events

        if isinstance(event, events.ModelAsked) and self._doubted:
            self._doubted = False
            self._call.sink.talk("\nsent back to the model once, with what could not be traced:\n")
        match event:
            case events.TextArrived(text):
                self._progress.clear()
                self._streaming().feed(text)
                return
            case events.TurnVoid():
                if self._stream is not None:
                    self._stream.abort(f"this broke off ({event.why}) and is void")
                    self._stream = None
            case events.CallStarted() | events.Called():
                self._doubted = False  # words on the way to a call: it was not these that were sent back
                self._commit()
            case events.AnswerChecked():
                self._progress.clear()
                self._streaming().end(event.text, event.figures)
                self._stream = None
                self._doubted = not event.final and bool(event.unverified)
        passing(event, self._model_name(), self._call, self._progress)

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """The keyboard belongs to the cards; what was typed before answers nothing."""
        self._commit()
        self._doubted, self._deciding = False, True
        with self._prompt.suspended():
            yield
        self._deciding = False

    def _commit(self) -> None:
        self._progress.clear()
        if self._stream is not None:
            self._stream.commit()

    def _streaming(self) -> MarkdownStream:
        if self._stream is None:
            from finchat.ui.chat.margin import MARGIN, Margin
            from finchat.ui.chat.stream import MarkdownStream
            from finchat.ui.chat.theme import choose_theme

            terminal = self._prompt.interactive and sys.stdout.isatty()
            encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
            margin = MARGIN if terminal else 0
            self._stream = MarkdownStream(
                Margin(self._call.sink.raw) if margin else self._call.sink.raw,
                width=lambda: shutil.get_terminal_size().columns - margin if terminal else self._call.sink.out.width,
                theme=choose_theme(os.environ.get("FINCHAT_THEME"), os.environ, terminal=terminal, encoding=encoding),
                plain=self._flags.plain or not terminal,
            )
        return self._stream

    def _end(self, run: Run, finished: Finished) -> None:
        """What the words do not say: how the run ended, and what waits."""
        from finchat.ui.answer import elsewhere_view, written_line

        undecided = run.undecided()
        self._awaiting = sum(len(applied.left) for _, applied in undecided)
        if not finished.complete and finished.failure is None:
            self._streaming().end(finished.answer, ())
            self._stream = None
        if elsewhere := elsewhere_view(finished.figures, run.elsewhere(finished.figures)):
            self._call.sink.talk(elsewhere)
        if undecided and not self._prompt.interactive:
            run.show_undecided()
        settled = run.applied.values()
        committed = sum(r.outcome == "committed" for a in settled for r in a.now)
        if committed or undecided:
            self._call.sink.talk(written_line(committed, self._awaiting))
        self._codes.append(code_of(finished) if not self._prompt.interactive else ExitCode.DONE)
        self._show_state(finished)
        if finished.failure is not None:
            raise finished.failure

    # Behind the prompt

    def _begin(self) -> None:
        self._toolbar.starting = self._call.server or "the books"
        self._toolbar.model = self._model_name() if self._call.settings.model.configured else None
        self._session = _Session(self._call, self._flags, self._progress)
        self._session.task.add_done_callback(lambda _: self._show_state())
        self._session.opening.add_done_callback(self._opened)

    def _opened(self, opening: asyncio.Future[Run]) -> None:
        self._toolbar.starting = ""
        if self._flags.resume and not self._told_resumed and self.opened is not None:
            self._told_resumed = True
            with suppress(FinchatError):  # nobody is there to hear it; /sessions says it
                self._prompt.notice(self._resumed(self.opened))
        if not opening.cancelled() and (error := opening.exception()) is not None:
            self._toolbar.trouble = "not connected"
            if self._session is not None and self._session.awaited:  # whoever waits for it says what is wrong
                self._show_state()
                return
            self._prompt.notice(f"{error}" if isinstance(error, FinchatError) else "the books cannot be opened")
        self._show_state()

    def _resumed(self, run: Run) -> str:
        """What a session that goes on was about, and what of it still waits."""
        from finchat.agent.sessions import SessionStore
        from finchat.app.sessions import lines_of

        (line,) = lines_of(self._call, [SessionStore(self._call.home).read(run.session_id)], run.desk.journal)
        said = f"Going on with session {line.id}: {line.title}"
        if line.awaiting:
            said += (
                f"\nApprovals of then are void; still waiting: {', '.join(line.awaiting)} (/apply ID asks you again)"
            )
        return said

    def _show_state(self, finished: Finished | None = None) -> None:
        run, bar, model = self.opened, self._toolbar, self._call.settings.model
        bar.model = self._model_name() if model.configured else None
        if finished is not None:
            used = finished.usage
            bar.tokens += used.tokens.input_tokens + used.tokens.output_tokens
            if used.cost is not None:
                bar.cost, bar.currency = (bar.cost or 0) + used.cost, model.currency or ""
        if run is None:
            return
        bar.trouble, bar.private = "", run.private
        bar.organisation = " + ".join(one.organisation.name for one in run.desk.all)
        bar.sandbox = all(one.organisation.sandbox for one in run.desk.all)
        with suppress(FinchatError):  # the state file is not to be read: what was known stays
            bar.written = run.desk.journal.committed_here()
            left = run.desk.paced.left
            bar.api_left, bar.api_window = left.in_day, "today"
        bar.awaiting = len(run.tray.waiting()) + sum(bool(one.left) for one in run.applied.values())
        self._learn(run)

    def _learn(self, run: Run) -> None:
        from finchat.ui.chat.completion import Completion

        names = run.evidence.names()
        self._prompt.learn(Completion(name, ", ".join(sorted(kinds))) for name, kinds in names.items())

    def _model_name(self) -> str:
        run = self.opened
        if run is not None:
            return run.model.name
        with suppress(FinchatError):
            return self._call.settings.model.effective_name
        return "the model"

    def _tell(self, event: Event) -> None:
        """What the engine says while the person types: only what they should know."""
        if isinstance(event, Notice):
            self._prompt.notice(event.text)

    async def _close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _greet(self) -> None:
        from finchat.ui.chat import welcome

        if not self._prompt.interactive:
            return
        home, width = self._call.home, shutil.get_terminal_size().columns
        model = self._model_name() if self._call.settings.model.configured else None
        if home.database.exists():
            text = welcome.greeting(organisation=None, sandbox=False, model=model, width=width)
        else:
            from finchat.providers.registry import PROFILES

            ledgers = [
                welcome.Ledger(one.profile, one.sandbox)
                for one in self._call.settings.servers.values()
                if one.profile in PROFILES and self._call.server in (None, one.name)
            ]
            text = welcome.first_run(width=width, model=model, ledgers=ledgers or welcome.DEMO)
        self._call.sink.raw(text)


class _Session:
    """A session that is opened, held open and closed in one task, behind the prompt."""

    def __init__(self, call: Invocation, flags: ChatFlags, progress: Progress) -> None:
        self.opening: asyncio.Future[Run] = asyncio.get_running_loop().create_future()
        self.awaited = 0  # by how many callers of ready
        self._stop = asyncio.Event()
        self.task = asyncio.create_task(self._hold(call, flags, progress), name="session")

    @property
    def run(self) -> Run | None:
        done = self.opening.done() and not self.opening.cancelled() and self.opening.exception() is None
        return self.opening.result() if done and not self.task.done() else None

    async def ready(self) -> Run:
        return await asyncio.shield(self.opening)

    async def close(self) -> None:
        self._stop.set()
        if not self.opening.done():
            self.task.cancel()
        await asyncio.wait({self.task})

    async def _hold(self, call: Invocation, flags: ChatFlags, progress: Progress) -> None:
        try:
            if not taping.replays():
                await asyncio.sleep(_HEAVY_S)
                await asyncio.to_thread(_load)
            async with _opened(call, flags, progress) as run:
                self.opening.set_result(run)
                await self._stop.wait()
        except BaseException as error:
            if not self.opening.done():
                if isinstance(error, Exception):
                    self.opening.set_exception(error)
                    self.opening.exception()  # looked at: nobody may ask
                else:
                    self.opening.cancel()
            if not isinstance(error, Exception):
                raise


def _load() -> None:
    """What the first question needs, loaded beside the prompt."""
    from finchat.app.desk import quick_imports

    with quick_imports():
        import finchat.agent.evidence
        import finchat.agent.loop
        import finchat.agent.openai
        import finchat.app.tools
        import finchat.connections.link
        import finchat.providers.provider
        import finchat.safety.guard  # noqa: F401 - all of them are wanted a moment later


@asynccontextmanager
async def _opened(call: Invocation, flags: ChatFlags, progress: Progress) -> AsyncIterator[Run]:
    """The books, the model and everything between them. Raises FinchatError."""
    from finchat.agent.openai import open_model
    from finchat.agent.sessions import SessionStore
    from finchat.app.desk import open_desk
    from finchat.app.run import all_books, open_run, others_starting
    from finchat.workflows.plans import new_plan_id

    settings = call.settings.model
    store = SessionStore(call.home, emit=progress)
    session_id = store.find(flags.resume) if flags.resume else new_plan_id(Clock().now().date(), "session")
    model: Model = _Unconnected()
    if settings.configured:
        model = open_model(settings, stream=flags.stream, api=flags.chosen_api, tape=call.tape)
    first, beside = all_books(call)
    async with (
        others_starting(first) as others,
        open_desk(first, via="chat", session_id=session_id, progress=progress, beside=beside) as desk,
    ):
        saved = store.open(session_id, organisation=desk.organisation) if flags.resume else None
        async with open_run(desk, others, model, flags, session_id, saved=saved) as run:
            yield run


class _Unconnected:
    """The Model of a chat without one: commands work, and a question says how to connect one."""

    name = "no model"
    api: Api = "chat"
    destination = ""

    def turn(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        raise NoModel("", inside=commands())

    async def close(self) -> None:
        return
