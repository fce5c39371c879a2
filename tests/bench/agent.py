"""Prints what the agent costs on this machine, as one JSON document: `python -m tests.bench.agent [--runs N]
[--peers PYTHON] [WHAT …]`. A benchmark, not a test.

WHAT is any of start, turns, reads, memory, large, tokens, dead; all of them without one. One harness for finchat and
for two frameworks that people build such agents with: the same model (agent_peers/model_server.py, a process of its
own whose answers are encoded beforehand), the same MCP server on stdio (agent_peers/mcp_server.py), streamed answers.
PYTHON is that of an environment made for them:

    python -m venv /tmp/peers && /tmp/peers/bin/pip install openai-agents "pydantic-ai-slim[openai,mcp]" mcp

Figures are {"min", "median", "runs"} over N runs, each in a fresh process (finchat's with a FINCHAT_HOME of its own);
on a machine that is shared the least is the nearest to the program's own cost. `cpu` is of the program's own threads,
without the MCP server's. `load` and `yardstick_ms` (the CPU time of a fixed piece of work) stand for the machine,
before the first and after each measure: processors that are shared are slower as well.

start   seconds from the start of the process to the model's first whole request; CPU seconds until then. finchat has
        its books open and read by then: "books" is its sandbox Xero in its own process, "books on stdio" the same in a
        process of its own, "books + stdio" the first and the MCP server beside it, which is all that the others have.
turns   milliseconds from the end of the model's answer to the end of the next request, one echo a turn: the own time of
        a tool turn, the MCP round trip included, for finchat guard, audit and evidence as well. Medians of the ten
        turns up to the 50th and the 200th. In Chat Completions and Responses.
reads   milliseconds of a turn with eight reads of 100 ms each.
memory  MiB at the peak of a chat of 50 tool turns, without children.
large   bytes that a tool result of 1 MiB adds to the next request.
tokens  bytes and tokens (finchat's estimate, of the whole bodies) of all requests of "which invoices are overdue, and
        what did the quarter earn?" at 10, 1,000 and 10,000 unpaid invoices. finchat answers it with its own tools, the
        others with finchat's Xero server: every page of the unpaid invoices and the report. `first_request` is what
        instructions and tool schemas cost before anything was read.
dead    seconds, lines on stderr and exit code when nobody listens at the endpoint. The frameworks are libraries: what
        they raise is not caught here.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent / "agent_peers"
NOW = "2026-11-20T03:00:00Z"
APIS = ("chat", "responses")
MCP_SERVER = [sys.executable, str(HERE / "mcp_server.py")]
XERO_SERVER = [sys.executable, "-m", "finchat", "serve", "xero", "--sandbox"]
SERVER = "bench"  # its name in finchat's settings
SERVERS: dict[str, dict[str, Any]] = {
    "bench": {
        "books": {"finchat": {"profile": "xero", "sandbox": True, "request_lifetime_s": 0}},
        SERVER: {"command": MCP_SERVER[0], "args": MCP_SERVER[1:]},
    },
    "xero": {
        "books": {"command": XERO_SERVER[0], "args": XERO_SERVER[1:], "finchat": {"profile": "xero", "sandbox": True}}
    },
}
Turn = dict[str, Any]
DONE: Turn = {"text": "Done."}
_RUN_S = 300


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program. `requests` are what the model saw, in order; instants in nanoseconds."""

    requests: list[dict[str, int]]
    started_ns: int
    wall_s: float
    exit_code: int
    stderr: str

    def gap_ms(self, turn: int) -> float:
        """The own time between answer `turn` (from 0) and the request that follows it."""
        return (self.requests[turn + 1]["received_ns"] - self.requests[turn]["sent_ns"]) / 1e6

    def cpu_ms(self, turn: int) -> float:
        return (self.requests[turn + 1]["cpu_ns"] - self.requests[turn]["cpu_ns"]) / 1e6


class Model:
    """The model server's process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.agent_peers.model_server"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        self.base_url = f"http://127.0.0.1:{self._answer()['port']}/v1"

    def order(self, **what: Any) -> list[dict[str, int]]:
        assert self._process.stdin is not None
        print(json.dumps(what), file=self._process.stdin, flush=True)
        found: list[dict[str, int]] = self._answer()["seen"]
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A question: the model's turns, and which tools stand behind them.

    `tools`: "none" (nothing but finchat's books in its process), "bench" (the MCP server of the bench) or "xero"
    (finchat's own on stdio). `home` is the FINCHAT_HOME that finchat gets a copy of.
    """

    turns: Sequence[Turn]
    api: str = "chat"
    tools: str = "bench"
    home: Path | None = None
    base_url: str | None = None  # instead of the model's


Program = Callable[[Model, Job], Run]


@dataclass(slots=True)
class Bench:
    """Everything that the runs share."""

    model: Model
    home: Path  # a FINCHAT_HOME with the demo company made
    runs: int
    peers: str | None
    scratch: Path
    _count: int = field(default=0)

    def programs(self) -> Iterator[tuple[str, Program]]:
        yield "finchat", self.finchat
        if self.peers is not None:
            for name in ("openai_agents", "pydantic_ai"):
                yield name.replace("_", "-"), self._peer(name)

    def finchat(self, model: Model, job: Job) -> Run:
        """`finchat ask` in a fresh copy of a home."""
        self._count += 1
        home = self.scratch / f"home{self._count}"
        shutil.copytree(job.home or self.home, home)
        (home / "finchat.toml").write_text("[limits]\nturns = 100000\ntokens = 1000000000\nseconds = 3600\n")
        (home / "policy.toml").write_text(f'version = 1\n[servers.{SERVER}]\ntools = {{ "*" = "read" }}\n')
        (home / "servers.json").write_text(json.dumps({"mcpServers": SERVERS.get(job.tools)}))
        beside = ["--mcp-config", str(home / "servers.json")] if job.tools in SERVERS else []
        command = [sys.executable, "-m", "finchat", "ask", QUESTION, "--api", job.api, *beside]
        try:
            return self._run(model, job, command, {"FINCHAT_HOME": str(home)}, finchats=True)
        finally:
            shutil.rmtree(home)

    def _peer(self, name: str) -> Program:
        def run(model: Model, job: Job) -> Run:
            assert self.peers is not None
            tools = XERO_SERVER if job.tools == "xero" else MCP_SERVER
            url = job.base_url or model.base_url
            command = [self.peers, str(HERE / f"{name}_run.py"), url, job.api, QUESTION, *tools]
            return self._run(model, job, command, {"FINCHAT_HOME": str(job.home or self.home)}, finchats=False)

        return run

    def _run(
        self, model: Model, job: Job, command: Sequence[str], environ: Mapping[str, str], *, finchats: bool
    ) -> Run:
        model.order(turns=[*_found_first(job), *_named(job.turns)] if finchats else [*job.turns])
        environment = {
            **os.environ, **environ, "FINCHAT_NOW": NOW, "OPENAI_BASE_URL": job.base_url or model.base_url,
            "OPENAI_MODEL": "scripted", "OPENAI_API_KEY": "none", "OPENAI_AGENTS_DISABLE_TRACING": "1",
        }  # fmt: skip
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as said:
            started_ns = time.monotonic_ns()
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=said, cwd=ROOT, env=environment
            )
            model.order(pid=process.pid)
            code = process.wait(_RUN_S)
            wall_s = (time.monotonic_ns() - started_ns) / 1e9
            requests = model.order(report=True)
            said.seek(0)
            stderr = said.read()
        run = Run(requests[len(_found_first(job)) if finchats else 0 :], started_ns, wall_s, code, stderr)
        if job.base_url is None and (code or len(run.requests) != len(job.turns)):
            raise SystemExit(f"{shlex.join(command)} ended with {code} after {len(run.requests)} requests:\n{stderr}")
        return run


QUESTION = "Which invoices are overdue, and what did the quarter earn?"


def _found_first(job: Job) -> list[Turn]:
    """What the model has to do first with finchat, which offers a server's tools only once they are looked for."""
    names = {name for turn in job.turns for name, _ in turn.get("calls", [])} & {"echo", "slow", "large"}
    return [{"calls": [["find_tools", {"query": " ".join(sorted(names))}]]}] if names else []


def _named(turns: Sequence[Turn]) -> list[Turn]:
    """The turns with the bench's tools by the names that finchat gives them."""
    own = {"echo", "slow", "large"}
    return [
        {**turn, "calls": [[f"{SERVER}__{name}" if name in own else name, given] for name, given in turn["calls"]]}
        if "calls" in turn
        else turn
        for turn in turns
    ]


def figure(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """The least and the median of several runs."""
    found = {"min": round(min(values), digits), "median": round(statistics.median(values), digits)}
    return {**found, "runs": len(values)}


def echoes(count: int) -> list[Turn]:
    """So many turns with one call each, all of them different; then words."""
    return [*({"calls": [["echo", {"text": f"reading {n}"}]]} for n in range(count)), DONE]


# What is measured


def start(bench: Bench) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, program in bench.programs():
        of_books = {"books": "none", "books on stdio": "xero", "books + stdio": "bench"}
        for label, tools in of_books.items() if name == "finchat" else [("stdio", "bench")]:
            for api in APIS:
                runs = [program(bench.model, Job(turns=[DONE], api=api, tools=tools)) for _ in range(bench.runs)]
                found[f"{name} {label} {api}"] = {
                    "wall_s": figure([(run.requests[0]["received_ns"] - run.started_ns) / 1e9 for run in runs]),
                    "cpu_s": figure([run.requests[0]["cpu_ns"] / 1e9 for run in runs]),
                }
    return found


def turns(bench: Bench) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, program in bench.programs():
        for api in APIS:
            runs = [program(bench.model, Job(turns=echoes(201), api=api)) for _ in range(bench.runs)]
            of: dict[str, Any] = {"first_ms": figure([run.gap_ms(0) for run in runs])}
            for at in (50, 200):
                last = range(at - 10, at)
                of[f"turn_{at}_ms"] = figure([statistics.median(run.gap_ms(n) for n in last) for run in runs])
                of[f"turn_{at}_cpu_ms"] = figure([statistics.median(run.cpu_ms(n) for n in last) for run in runs])
            found[f"{name} {api}"] = of
    return found


def reads(bench: Bench) -> dict[str, Any]:
    def eight(batch: int) -> Turn:
        return {"calls": [["slow", {"text": f"{batch} {n}"}] for n in range(8)]}

    found: dict[str, Any] = {}
    for name, program in bench.programs():
        runs = [program(bench.model, Job(turns=[*map(eight, range(4)), DONE])) for _ in range(bench.runs)]
        found[name] = {
            "first_ms": figure([run.gap_ms(0) for run in runs], 1),
            "later_ms": figure([run.gap_ms(n) for run in runs for n in range(1, 4)], 1),
        }
    return found


def memory(bench: Bench) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, program in bench.programs():
        for api in APIS:
            runs = [program(bench.model, Job(turns=echoes(50), api=api)) for _ in range(bench.runs)]
            found[f"{name} {api}"] = {"peak_mib": figure([run.requests[-1]["peak_kib"] / 1024 for run in runs], 1)}
    return found


def large(bench: Bench) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, program in bench.programs():
        run = program(bench.model, Job(turns=[{"calls": [["large", {"text": "all"}]]}, DONE]))
        before, after = run.requests
        found[name] = {
            "added_bytes": after["bytes"] - before["bytes"],
            "added_tokens": after["tokens"] - before["tokens"],
            "next_request_bytes": after["bytes"],
            "ms": round(run.gap_ms(0), 1),
        }
    return found


COUNTS = (10, 1_000, 10_000)
OWN_TOOLS: list[Turn] = [
    {
        "calls": [
            ["open_documents", {"type": "invoice", "min_days_overdue": 1}],
            ["profit_and_loss", {"from": "2026-07-01", "to": "2026-09-30"}],
        ]
    },
    DONE,
]


def tokens(bench: Bench) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {name: {} for name, _ in bench.programs()}
    for count in COUNTS:
        home = _company(bench, count)
        for name, program in bench.programs():
            if name == "finchat":
                job = Job(turns=OWN_TOOLS, tools="none", home=home)
            else:
                job = Job(turns=_pages(count), tools="xero", home=home)
            run = program(bench.model, job)
            found[name][str(count)] = {
                "requests": len(run.requests),
                "first_request_bytes": run.requests[0]["bytes"],
                "bytes": sum(request["bytes"] for request in run.requests),
                "tokens": sum(request["tokens"] for request in run.requests),
                "wall_s": round(run.wall_s, 2),
            }
        shutil.rmtree(home)
    for of in found.values():
        least, most = of[str(COUNTS[0])], of[str(COUNTS[-1])]
        of["growth"] = round(most["tokens"] / least["tokens"], 3)
    return found


def _company(bench: Bench, invoices: int) -> Path:
    """A home with the company of so many invoices loaded."""
    home, records = bench.scratch / f"company{invoices}", bench.scratch / f"records{invoices}"
    _quietly([sys.executable, str(HERE / "company.py"), str(records), str(invoices)])
    _quietly([sys.executable, "-m", "finchat", "sandbox", "load", str(records)], FINCHAT_HOME=str(home))
    shutil.rmtree(records)
    return home


def _pages(invoices: int) -> list[Turn]:
    """What a model without finchat's own tools reads for the same answer: every page, then the report."""
    from finchat.servers.requests import Page, page_of
    from finchat.servers.xero.table import XERO

    row = next(row for row in XERO if row.name == "list_all_xero_invoices")
    given = {"where": 'Type=="ACCREC" AND Status=="AUTHORISED"'}
    token = page_of(row, given).token
    pages = -(-invoices // 1000)
    asked = [given, *({**given, "cursor": Page(n, 1000, token).next_cursor()} for n in range(1, pages))]
    report = ["list_all_xero_profit_and_loss", {"from_date": "2026-07-01", "to_date": "2026-09-30"}]
    return [*({"calls": [[row.name, arguments]]} for arguments in asked), {"calls": [report]}, DONE]


def dead(bench: Bench) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    found: dict[str, Any] = {}
    for name, program in bench.programs():
        tools = "none" if name == "finchat" else "bench"
        runs = [program(bench.model, Job(turns=[DONE], tools=tools, base_url=url)) for _ in range(bench.runs)]
        found[name] = {
            "wall_s": figure([run.wall_s for run in runs]),
            "stderr_lines": len(runs[-1].stderr.splitlines()),
            "exit_code": runs[-1].exit_code,
        }
    return found


MEASURES: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "start": start, "turns": turns, "reads": reads, "memory": memory, "large": large, "tokens": tokens, "dead": dead,
}  # fmt: skip


def yardstick_ms() -> float:
    """CPU milliseconds of a fixed piece of work, the least of twenty: how much slower the machine is than when calm."""
    rows = [{"number": n, "text": f"row {n}"} for n in range(2_000)]
    spent = []
    for _ in range(20):
        began = time.process_time()
        json.dumps(json.loads(json.dumps(rows)))
        spent.append(time.process_time() - began)
    return round(min(spent) * 1000, 2)


def _quietly(command: Sequence[str], **environ: str) -> None:
    environment = {**os.environ, "FINCHAT_NOW": NOW, **environ}
    subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


@contextmanager
def _bench(runs: int, peers: str | None) -> Iterator[Bench]:
    model = Model()
    try:
        with tempfile.TemporaryDirectory() as directory:
            home = Path(directory) / "home"
            _quietly([sys.executable, "-m", "finchat", "sandbox", "status"], FINCHAT_HOME=str(home))
            yield Bench(model, home, runs, peers, Path(directory))
    finally:
        model.close()


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.agent")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", metavar="PYTHON", help="python of an environment with openai-agents and pydantic-ai")
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"any of {', '.join(MEASURES)}")
    given = parser.parse_args(arguments)
    if unknown := set(given.what) - set(MEASURES):
        parser.error(f"not measured here: {', '.join(sorted(unknown))}")
    shown = ["--peers", "PYTHON"] if given.peers else []
    command = ["python", "-m", "tests.bench.agent", "--runs", str(given.runs), *shown, *given.what]
    found: dict[str, Any] = {
        "command": shlex.join(command),
        "python": sys.version.split()[0],
        "cpus": os.cpu_count(),
        "load": [round(os.getloadavg()[0], 2)],
        "yardstick_ms": [yardstick_ms()],
    }
    with _bench(given.runs, given.peers) as bench:
        for name in given.what or MEASURES:
            found[name] = MEASURES[name](bench)
            found["load"].append(round(os.getloadavg()[0], 2))
            found["yardstick_ms"].append(yardstick_ms())
            print(f"{name}: done", file=sys.stderr, flush=True)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
