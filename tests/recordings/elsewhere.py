"""Recordings of servers: over stdio and HTTP, with other tools, too busy, or silent at the wrong moment."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.recordings import courier
from tests.recordings.driving import BOOKS, World, key, line, with_model
from tests.recordings.row import ASKED, CTRL_C, Recording
from tests.recordings.scripts import tracked
from tests.scripted.conversations import drafts
from tests.scripted.server import ScriptedModel

_DAY = ("--from", "2026-11-16", "--to", "2026-11-16", "--as-of", "2026-11-20")


def _config(world: World, **servers: Mapping[str, Any]) -> None:
    world.write("servers.json", json.dumps({"mcpServers": servers}))


def _over_stdio(world: World) -> None:
    world.open_books(settings="")
    command = {
        "command": "finchat",
        "args": ["serve", "xero", "--sandbox"],
        "env": {"FINCHAT_NOW": "2026-11-20T03:00:00Z"},
    }
    _config(world, books={**command, "finchat": {"profile": "xero", "bank_feed": "home/feed.json"}})


def _nothing_here(_world: World) -> None:
    return None


def _live(*flags: str, **more: Any):  # type: ignore[no-untyped-def]
    """finchat's own server on an API over HTTP."""

    @contextmanager
    def serving(world: World) -> Iterator[None]:
        with world.served(*flags) as ready:
            env = {
                "XERO_BASE_URL": ready["base_url"], "XERO_IDENTITY_URL": ready["base_url"],
                "XERO_CLIENT_ID": ready["client_id"], "XERO_CLIENT_SECRET": ready["client_secret"],
            }  # fmt: skip
            settings = {"profile": "xero", "bank_feed": "home/feed.json", **more}
            _config(world, books={"env": env, "finchat": settings})
            yield

    return serving


@contextmanager
def _write_interrupted(world: World) -> Iterator[None]:
    """A payment that was stopped by Ctrl-C before its answer came: nobody knows what became of it."""
    with _live("--limits", "100000/60s,50,1000000", "--delay", "after=3", request_lifetime_s=0)(world):
        earlier = (line(ASKED, "y"), key("writing: ", CTRL_C))
        world.at_terminal(("reconcile", *_DAY, "--mcp-config", "servers.json"), earlier)
        (write,) = world.document("journal", "show")["writes"]
        world.facts["write"] = write["write_id"]
        yield


def _with_courier(world: World) -> None:
    world.open_books(settings=BOOKS + '[servers.courier]\ncommand = "python3"\nargs = ["courier.py"]\n')
    shutil.copy(Path(courier.__file__), world.folder / "courier.py")
    world.write("home/policy.toml", 'version = 1\n[servers.courier]\ntools = { "track_parcel" = "read" }\n')


_PARCELS = "Where are the parcels of HB-110 and HB-109?"


def _changed(world: World) -> None:
    """The courier's tool was seen, and then described otherwise."""
    with ScriptedModel(tracked) as model:
        world.finchat("ask", _PARCELS, **with_model(model))
        world.write("changed", "")
        world.finchat("ask", "Where is it?", **with_model(model))


ROWS = (
    Recording(
        name="server-over-stdio",
        title="finchat's own server as a program over stdio: a contact drafted, and approved through it",
        command=(
            "ask",
            "Add a contact Waimea Orchard with the e-mail address office@waimea.example.",
            "--mcp-config",
            "servers.json",
            "--as-of",
            "2026-11-20",
        ),
        books=_over_stdio,
        model=drafts.contact,
        typed=(line(ASKED, "y"),),
    ),
    Recording(
        name="server-on-a-live-api",
        title="finchat's own server on the vendor's HTTP API, signed in: a payment approved through it",
        command=("reconcile", *_DAY, "--mcp-config", "servers.json"),
        books=_nothing_here,
        meanwhile=_live("--limits", "100000/60s,50,1000000"),
        typed=(line(ASKED, "y"),),
    ),
    Recording(
        name="rate-limit-waited",
        title="The vendor lets too few calls through at once: finchat waits as it is told, and goes on",
        command=("reconcile", *_DAY, "--mcp-config", "servers.json"),
        exit_code=3,
        books=_nothing_here,
        meanwhile=_live("--limits", "6/20s,5,5000"),
        waits=True,
    ),
    Recording(
        name="payment-answer-too-late-found-by-reading",
        title="The answer to a payment does not come in time: it is not sent again, but found by reading",
        command=("reconcile", *_DAY, "--mcp-config", "servers.json"),
        books=_nothing_here,
        meanwhile=_live(
            "--limits", "100000/60s,50,1000000", "--delay", "after=4", call_deadline_s=2, request_lifetime_s=1
        ),
        typed=(line(ASKED, "y"),),
    ),
    Recording(
        name="payment-outcome-unknown-recovered",
        title="A payment interrupted before its answer came: the next start finds it by reading, and sends nothing",
        command=("reconcile", *_DAY, "--mcp-config", "servers.json"),
        books=_nothing_here,
        meanwhile=_write_interrupted,
    ),
    Recording(
        name="journal-write-resolved",
        title="A person's word on a payment whose outcome is not known",
        command=lambda world: ("journal", "resolve", world.facts["write"], "--not-sent"),
        books=_nothing_here,
        meanwhile=_write_interrupted,
    ),
    Recording(
        name="second-server-with-other-tools",
        title="A second server that knows nothing of books: its tool is found by words, called and answered from",
        command=("ask", _PARCELS),
        books=_with_courier,
        model=tracked,
    ),
    Recording(
        name="server-tool-changed-held-back",
        title="A tool that is described otherwise than when it was first seen is held back; the difference is shown",
        command=("servers", "changes", "courier"),
        books=_with_courier,
        before=_changed,
    ),
    Recording(
        name="server-tool-changed-accepted",
        title="A changed tool accepted by a person, after its difference was shown",
        command=("servers", "accept", "courier"),
        books=_with_courier,
        before=_changed,
        typed=(line(r"q quit: *$", "y"),),
    ),
    Recording(
        name="server-not-there",
        title="Nobody answers where a server should be: one line, and exit code 7",
        command=("reconcile", *_DAY, "--mcp-config", "servers.json"),
        exit_code=7,
        books=lambda world: _config(world, books={"url": "http://127.0.0.1:9/mcp", "finchat": {"profile": "xero"}}),
    ),
)
