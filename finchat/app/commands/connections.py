"""`/tools`, `/servers`, `/org` and `/policy`: what is connected, whose books they are, and what may be done there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from finchat.app.commands import Chat
from finchat.app.commands.words import nearest, shown, unquoted
from finchat.errors import FinchatError, UsageError

if TYPE_CHECKING:
    from finchat.agent.offering import Offering
    from finchat.app.run import Run
    from finchat.connections.toolbox import Tool

_MOST = 15  # tools that a search shows
_LONGEST = 110  # characters of a description


# /tools


async def tools(chat: Chat, arguments: str) -> None:
    """finchat's own tools and those offered now, or those about some words."""
    run = await chat.ready()
    if arguments:
        await _search(chat, run, unquoted(arguments))
        return
    from finchat.ui.chat.listing import listing

    offers = await run.offering.offer()
    own = [(name, _first(one.tool.description)) for name, one in offers.items() if one.is_own]
    chat.say(listing(own, title="finchat's own tools, always offered to the model:", indent=2))
    others = [(name, _first(one.tool.description)) for name, one in offers.items() if not one.is_own]
    if others:
        chat.say(listing(others, title="offered besides, as the model asked for them:", indent=2))
    counts = [f"{name} ({len(await run.offering.published(name))})" for name in run.offering.servers]
    notes = (f"tools of servers: {', '.join(counts)}; /tools WORDS finds them, and the model does the same",)
    chat.say(listing([], notes=notes))


async def _search(chat: Chat, run: Run, words: str) -> None:
    """The tools that are about these words. What the model is offered stays as it is."""
    from finchat.agent.find_tools import words as parts
    from finchat.ui.chat.listing import entries

    wanted = parts(words)
    if not wanted:
        raise UsageError(f"{shown(words)} says nothing to search for", field="WORDS", next="/tools credit notes")
    ranked: list[tuple[int, str, str, Tool]] = []
    for server, published in (await _published(run.offering)).items():
        for tool in published.values():
            in_name, in_text = parts(tool.name), parts(tool.description[:2000])
            score = sum(3 if word in in_name else word in in_text for word in wanted)
            if score and wanted <= (in_name | in_text):
                ranked.append((-score, tool.name, server, tool))
    ranked.sort(key=lambda one: one[:3])
    if not ranked:
        raise UsageError(
            f"no connected tool is about {shown(words)}", field="WORDS", next="try fewer words, or one: /tools invoices"
        )
    rows = [
        (name, f"{server} · {_may(run, server, name)}", _first(tool.description))
        for _, name, server, tool in ranked[:_MOST]
    ]
    more = [f"and {len(ranked) - _MOST} more; add a word"] if len(ranked) > _MOST else []
    chat.say(entries(rows, notes=more))


async def _published(offering: Offering) -> dict[str, Mapping[str, Tool]]:
    from finchat.connections.own_tools import OWN_SERVER

    found = {name: await offering.published(name) for name in offering.servers}
    return {OWN_SERVER: {n: one.tool for n, one in (await offering.offer()).items() if one.is_own}} | found


def _may(run: Run, server: str, tool: str) -> str:
    """What may be done with a tool, in a word or two."""
    said = run.desk.guard.decision(server, tool)
    if said.decision == "deny":
        return "forbidden by the policy"
    if said.effect == "read":
        return "read, if you allow it" if said.decision == "ask" else "read"
    return "writes: only by a plan that you approve"


def _first(description: str) -> str:
    """The first sentence of a description."""
    text = " ".join(description.split())
    sentence = text.partition(". ")[0].removesuffix(".")
    return sentence if len(sentence) <= _LONGEST else f"{sentence[: _LONGEST - 1].rstrip()}…"


# /servers


async def servers(chat: Chat, arguments: str) -> None:
    """The configured servers, with what is held back; or what of one is not as first seen. Asks no server."""
    from finchat.app.records import quarantined
    from finchat.app.servers import changes_of, pinned_servers
    from finchat.ui.records import servers_view
    from finchat.ui.servers import changes_view

    call, name = chat.call, unquoted(arguments)
    known = call.settings.servers
    if name:
        if name not in known:
            near = nearest(name, known)
            listed = f"configured are: {', '.join(known)}"
            raise UsageError(
                f"no server is called {shown(name)}", field="NAME", next=f"/servers {near}" if near else listed
            )
        chat.say(changes_view(changes_of(call, [known[name]])))
        return
    held = quarantined(pinned_servers(call))
    chat.say(servers_view(list(known.values()), held))
    opened = chat.opened
    if opened is not None:
        chat.say(f"open here: {', '.join(opened.offering.servers)}")
    if held:
        first = next(iter(held))
        chat.say(f"/servers {first} shows what changed; at a shell, finchat servers accept {first} takes it")


# /org


async def org(chat: Chat, arguments: str) -> None:
    """Whose books are open and what else can be opened; or others, in a new session."""
    name = unquoted(arguments)
    if name:
        await _switch(chat, name)
        return
    from finchat.ui.amounts import day
    from finchat.ui.chat.listing import listing
    from finchat.ui.reconciliation import title

    run = await chat.ready()
    of = run.desk.organisation
    locks = [lock for lock in (of.period_lock, of.year_end_lock) if lock is not None]
    rows = [
        ("base currency", of.base_currency), ("day there", f"{day(run.as_of)} ({of.timezone})"),
        ("locked", f"up to {day(max(locks))}" if locks else "no period"), ("id", of.id),
    ]  # fmt: skip
    others = [name for name, one in chat.call.settings.servers.items() if one.profile and name != of.server]
    notes = [f"other books are configured as: {', '.join(others)}; /org NAME opens them"] if others else []
    chat.say(title(of))
    chat.say(listing(rows, indent=2, notes=notes or ("/org NAME opens another organisation of this server",)))


async def _switch(chat: Chat, name: str) -> None:
    """Open another server's books, or another organisation of this one. Where that fails all stays as it was."""
    call, before = chat.call, chat.opened
    if before is not None and name in (before.desk.organisation.name, before.desk.organisation.id):
        chat.say("these books are open already")
        return
    known = {each: one for each, one in call.settings.servers.items() if one.profile}
    new = replace(call, server=name, org=None) if name in known else replace(call, org=name)
    try:
        await chat.reopen(call=new)
    except FinchatError as error:
        if error.field not in ("--org", "--server"):
            raise
        raise UsageError(
            f"no organisation or server is called {shown(name)}", field="NAME",
            next=f"{error.next or '/org'}; servers: {', '.join(known)}",
        ) from error  # fmt: skip
    from finchat.ui.reconciliation import title

    run = await chat.ready()
    chat.say(title(run.desk.organisation))
    if before is not None and before.conversation.questions:
        chat.say(f"a new session; the one before is kept: /resume {before.session_id}")


# /policy


async def policy(chat: Chat, arguments: str) -> None:
    """The rules that this session goes by, or which of them decides about one tool."""
    run = await chat.ready()
    from finchat.app.policies import doubts_of, policy_in_force
    from finchat.ui.records import explanation_view, policy_view

    rules, tool = run.desk.guard.policy, unquoted(arguments)
    if not tool:
        chat.say(policy_view(rules, doubts_of(rules, chat.call)))
        try:
            newer = policy_in_force(chat.call)[0] != rules
        except FinchatError as error:
            chat.say(f"the file was changed since and is wrong now: {error.message}")
            return
        if newer:
            chat.say("the file was changed since; it counts from the next session on")
        return
    server, name = await _meant(run, tool)
    from finchat.app.records import explained
    from finchat.connections.own_tools import OWN_SERVER
    from finchat.safety.own import OwnProfile

    if server == OWN_SERVER:
        own = OwnProfile()
        explanation = rules.explain(server, name, own.effect(name), own.resource(name))
    else:
        explanation = explained(rules, chat.call.settings.servers[server], name)
    chat.say(explanation_view(explanation, rules=rules.signatures))


async def _meant(run: Run, tool: str) -> tuple[str, str]:
    """Server and tool of a name as people and models write it. Raises UsageError that names the nearest."""
    published = await _published(run.offering)
    known = run.offering.known_as(tool)
    if known is not None:
        return known
    for separator in (": ", ":", "__", " "):
        server, _, name = tool.partition(separator)
        if name and name in published.get(server, {}):
            return server, name
    books = run.desk.settings.name
    for server in (books, *published):
        if tool in published.get(server, {}):
            return server, tool
    near = nearest(tool, [name for one in published.values() for name in one])
    raise UsageError(
        f"no open server has a tool {shown(tool)}", field="TOOL",
        next=f"/policy {near}" if near else "/tools WORDS finds tools",
    )  # fmt: skip
