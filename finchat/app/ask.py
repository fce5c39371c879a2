"""`finchat ask`: one question to the model, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finchat.app.desk import open_desk, quick_imports
from finchat.app.invocation import Invocation, run_to_exit
from finchat.app.run import ModelFlags, NoModel, Run, all_books, code_of, open_run, others_starting, passing
from finchat.clock import Clock
from finchat.errors import UsageError, worst
from finchat.events import Notice

if TYPE_CHECKING:
    from finchat.agent.events import AgentEvent, AnswerChecked, Finished
    from finchat.agent.facts import Figure
    from finchat.app.ask_json import Planned


@dataclass(frozen=True, kw_only=True)
class AskFlags(ModelFlags):
    """How a question is asked, and what is shown of it."""

    events: bool = False
    show_sent: bool = False


def ask(call: Invocation, question: str, flags: AskFlags) -> int:
    """Ask once. Raises UsageError for an empty question, NoModel where none is connected."""
    api = flags.chosen_api
    if not question.strip():
        raise UsageError("there is no question", field="TEXT", next='write it in quotes: finchat ask "…"')
    if flags.events and call.json:
        raise UsageError("--events and --json exclude each other", field="--events", next="give one of the two")
    if not call.settings.model.configured:
        raise NoModel(question)
    call.settings.model.check()

    async def main() -> int:
        first, beside = all_books(call)
        async with others_starting(first) as others:
            with quick_imports():  # while the servers boot
                from finchat.agent.openai import open_model
                from finchat.workflows.plans import new_plan_id

                model = open_model(call.settings.model, stream=flags.stream, api=api, tape=call.tape)
            session_id = new_plan_id(Clock().now().date(), "session")
            async with (
                open_desk(first, via="chat", session_id=session_id, beside=beside) as desk,
                open_run(desk, others, model, flags, session_id) as run,
            ):
                return await _Once(run, flags).answer(question)

    return run_to_exit(main())


class _Once:
    """The face of one question."""

    def __init__(self, run: Run, flags: AskFlags) -> None:
        self._run = run
        self._flags = flags
        self._said: AnswerChecked | None = None  # the latest words, which are shown when a person has to decide
        run.face = self

    async def answer(self, question: str) -> int:
        """Run the question to its end and say what came of it; the exit code."""
        run, events = self._run, self._flags.events
        with run.desk.progress.diverted(self.show) if events else nullcontext():
            finished = await run.ask(question, decides=run.call.sink.interactive and not events)
        return self._end(finished)

    def show(self, event: AgentEvent) -> None:
        from finchat.agent import events

        sink, progress, model = self._run.call.sink, self._run.desk.progress, self._run.model
        if self._flags.events:
            from finchat.app.ask_json import event_json

            if (line := event_json(event)) is not None:
                sink.json(json.dumps(line, ensure_ascii=False))
            return
        match event:
            case events.TurnVoid():
                again = "; asking again" if event.retried else ""
                progress(Notice(text=f"the model's answer broke off ({event.why}) and is void{again}"))
            case events.AnswerChecked():
                self._said = event
            case _:
                passing(event, model.name, self._run.call, progress)

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """The words before the cards."""
        if self._said is not None:
            self._say(self._said.text, self._said.figures)
        yield

    def _say(self, text: str, figures: Sequence[Figure]) -> None:
        from finchat.ui.answer import answer_view, doubts_view, elsewhere_view

        sink = self._run.call.sink
        self._run.desk.progress.clear()
        if text.strip():
            if self._run.applied:  # what was written stands above
                sink.data()
            sink.data(answer_view(text, figures, sink))
            if doubts := doubts_view(figures):
                sink.data(doubts)
            if elsewhere := elsewhere_view(figures, self._run.elsewhere(figures)):
                sink.data(elsewhere)

    # At its end

    def _end(self, finished: Finished) -> int:
        run, sink = self._run, self._run.call.sink
        stand = [*run.applied.values(), *(applied for _, applied in run.undecided())]
        code = worst([*(a.exit_code for a in stand), run.desk.recovery_code, code_of(finished)])
        if run.call.json or self._flags.events:
            from finchat.app.ask_json import document

            planned: list[Planned] = [(a, run.path(a.plan.id)) for a in stand]
            told = document(finished, planned, exit_code=code)
            if run.call.json:
                sink.document(told)
            else:
                sink.json(json.dumps(told, ensure_ascii=False))
            return int(code)
        nothing_done = not (finished.calls or stand or self._flags.show_sent)
        if finished.failure is not None and nothing_done:
            raise finished.failure  # its sentence says it all
        self._say(finished.answer, finished.figures)
        run.show_undecided()
        self._account(finished, committed=sum(r.outcome == "committed" for a in stand for r in a.now),
                      waiting=sum(len(a.left) for a in stand))  # fmt: skip
        if finished.failure is not None:
            raise finished.failure
        return int(code)

    def _account(self, finished: Finished, *, committed: int, waiting: int) -> None:
        """What was really written, what was used, and on request what left the machine."""
        from finchat.ui.answer import usage_line, written_line

        sink = self._run.call.sink
        self._run.desk.progress.clear()
        sink.talk(written_line(committed, waiting))
        sink.talk(usage_line(finished))
        if self._flags.show_sent:
            from finchat.ui.sent import sent_view

            sink.data(sent_view(self._run.sent.entries))
