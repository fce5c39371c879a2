"""`/model` and `/cost`: who answers, what it has used, and what is left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finchat.app.commands import Chat
from finchat.app.commands.words import nothing, shown, unquoted
from finchat.errors import UsageError

if TYPE_CHECKING:
    from finchat.agent.sessions import KeptUsage
    from finchat.app.run import Run
    from finchat.model_settings import ModelSettings

_LONGEST = 200  # of a model's name
_HOW = (
    "OpenAI: set OPENAI_API_KEY, and start finchat again",
    "another, or one on this machine: OPENAI_BASE_URL and OPENAI_MODEL, with a key where one is needed",
    "everything but free questions works without one: /help",
)


async def model(chat: Chat, arguments: str) -> None:
    """Which model answers; or another of the same endpoint from now on, in the same session."""
    name, settings = unquoted(arguments), chat.call.settings.model
    if name:
        await _switch(chat, name)
        return
    from finchat.ui.chat.listing import listing

    if not settings.configured:
        chat.say(listing([], title="No model is connected.", notes=_HOW))
        return
    chat.say(listing(_rows(settings, private=_private(chat)), title=settings.effective_name, indent=2,
                     notes=("/model NAME takes another of the same endpoint",)))  # fmt: skip


async def _switch(chat: Chat, name: str) -> None:
    call, settings = chat.call, chat.call.settings.model
    if not settings.configured:
        raise UsageError("no model is connected, so none can be chosen", field="NAME", next="/model says how")
    if len(name) > _LONGEST or not name.isprintable() or " " in name:
        raise UsageError(f"{shown(name)} is not the name of a model", field="NAME", next="/model gpt-5.5")
    if name == settings.effective_name:
        chat.say(f"{shown(name)} answers already")
        return
    run = chat.opened
    kept = run.session_id if run is not None and run.conversation.questions else None
    await chat.reopen(call=replace(call, model=name), session_id=kept)
    chat.say(f"{shown(name)} answers from now on; whether it is there shows with the next question")


def _rows(settings: ModelSettings, *, private: bool) -> list[tuple[str, str]]:
    key = f"from {settings.key_env}" if settings.key else "none"
    prices = "not configured: no cost is shown"
    if settings.input_price is not None and settings.output_price is not None:
        prices = f"{settings.input_price} in, {settings.output_price} out, {settings.currency} a million tokens"
    return [
        ("endpoint", settings.destination), ("API", settings.effective_api), ("key", key),
        ("context", f"{settings.context:,} tokens"), ("prices", prices),
        ("names", "stand-ins go to it (private)" if private else "as they stand in the books"),
    ]  # fmt: skip


def _private(chat: Chat) -> bool:
    return chat.flags.private or (chat.opened is not None and chat.opened.private)


async def cost(chat: Chat, arguments: str) -> None:
    """What the session used, the limits of each question, and what the API budget still allows."""
    nothing(arguments, "cost")
    run = await chat.ready()
    from finchat.ui.chat.listing import listing

    used, turns = _used(chat, run)
    limits, prices = chat.call.settings.limits, run.prices
    money = "not counted: prices are not configured"
    if prices is not None:
        money = f"{used.cost or 0:.4f} {prices.currency}"
    most = [f"{limits.turns} requests", f"{limits.tokens:,} tokens", f"{limits.seconds:g} s"]
    if limits.cost is not None:
        most.append(f"{limits.cost:f} {prices.currency if prices else ''}".strip())
    left, calls = run.desk.paced.left, run.desk.usage
    window = "this minute" if left.window_s == 60 else f"in {left.window_s:g} s"
    waited = f", {calls.waited_s:.1f} s waited for them" if calls.waited_s >= 0.1 else ""
    rows = [
        ("questions", f"{turns}, with {used.requests} request{'s' * (used.requests != 1)} to the model"),
        ("tokens", f"{used.input_tokens:,} in ({used.cached_tokens:,} of them cached), {used.output_tokens:,} out"),
        ("money", money),
        ("limits", f"{', '.join(most)} a question"),
        ("next request", f"about {run.conversation.tokens:,} tokens of this conversation"),
        ("API calls", f"{calls.calls} since this session was opened{waited}"),
        ("API budget", f"{left.in_window:,} calls left {window}, {left.in_day:,} today"),
    ]
    chat.say(listing(rows))


def _used(chat: Chat, run: Run) -> tuple[KeptUsage, int]:
    """What the session used, an earlier process's part included, and in how many questions."""
    from finchat.agent.sessions import KeptUsage, SessionStore

    try:
        record = SessionStore(chat.call.home).read(run.session_id)
    except UsageError:  # nothing was asked yet
        return KeptUsage(), 0
    return record.usage, len(record.turns)
