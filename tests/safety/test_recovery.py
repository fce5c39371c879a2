"""What becomes of a write whose process died: never two, and exactly one after a fresh approval where it says so."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from finchat.errors import ExitCode, UsageError, WriteRefused
from finchat.events import Notice, Recovered, Waiting
from finchat.safety import audit as audit_module
from finchat.safety.approval import bind
from finchat.safety.audit import verify
from tests.safety.world import ORG, SERVER, World, make_world, one_payment

Worlds = Callable[..., World]
POINTS = (
    "before_claim", "in_claim", "after_claim", "in_intend", "before_flush_of_intent", "before_head_of_intent",
    "after_intend", "before_commit",
    "after_commit", "before_conclude", "in_conclude", "before_flush_of_outcome", "before_head_of_outcome",
    "after_conclude", "before_read_back", "in_read_back", "before_flush_of_read_back", "after_read_back",
)  # fmt: skip


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arrange_death(world: World, point: str) -> None:
    """Make this process die at one step of execute."""
    journal, audit = world.journal, world.audit
    step = {"name": ""}

    def around(name: str) -> None:
        method = getattr(journal, name)

        def wrapped(*args: object, **words: object) -> object:
            step["name"] = name
            if point == f"before_{name}":
                die()
            result = method(*args, **words)
            if point == f"after_{name}":
                die()
            return result

        setattr(journal, name, wrapped)

    for name in ("claim", "intend", "conclude", "read_back"):
        around(name)
    chain, flush = audit._chain, audit.flush

    def dying_chain(*args: object) -> None:
        if point == f"in_{step['name']}":
            die()  # inside the open transaction
        chain(*args)  # type: ignore[arg-type]

    def dying_flush() -> None:
        if (point, step["name"]) in (
            ("before_flush_of_intent", "intend"),
            ("before_flush_of_outcome", "conclude"),
            ("before_flush_of_read_back", "read_back"),
        ):
            die()
        flush()

    replace = audit_module._replace

    def dying_replace(path: Path, content: bytes) -> None:
        if (point, step["name"]) in (("before_head_of_intent", "intend"), ("before_head_of_outcome", "conclude")):
            die()  # the line is in the file, the head does not know it
        replace(path, content)

    audit_module._replace = dying_replace
    audit._chain = dying_chain  # type: ignore[method-assign, assignment]
    audit.flush = dying_flush  # type: ignore[method-assign]
    if point == "before_commit":
        world.vendor.before_commit = die
    if point == "after_commit":
        world.vendor.after_commit = die


async def approve_and_execute(world: World, plan_id: str = "plan-1") -> tuple[str | None, ...]:
    made = one_payment(plan_id)
    results = await world.guard.execute(made, made.proposals[0], bind(made, made.proposals[0]))
    return tuple(result.outcome for result in results)


def killed_at(path: Path, point: str, *, lifetime_s: float | None = None) -> None:
    """Run execute in a child process that is killed at the point."""
    child = os.fork()
    if child == 0:
        try:
            world = make_world(path, lifetime_s=lifetime_s)

            async def main() -> None:
                await world.opened()
                arrange_death(world, point)
                await approve_and_execute(world)

            asyncio.run(main())
        finally:
            os._exit(1)  # only when it was not killed
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_write_is_never_two_and_one_after_a_fresh_apply(
    point: str, worlds: Worlds, tmp_path: Path
) -> None:
    killed_at(tmp_path, point)
    world = worlds()
    assert len(world.vendor.payments) == (POINTS.index(point) >= POINTS.index("after_commit"))
    recovery = await world.guard.open_organisation(SERVER, ORG)
    states = [r.state for r in recovery.settled]
    assert len(world.vendor.payments) <= 1
    if point in ("before_claim", "in_claim") or POINTS.index(point) >= POINTS.index("before_flush_of_outcome"):
        assert states == []  # nothing was used up yet, or everything is stored already
    else:
        assert states == (["committed"] if world.vendor.payments else ["not_sent"])
    # A write that is committed was read back before the kill, or is now.
    read = bool(world.vendor.payments) and POINTS.index(point) < POINTS.index("before_flush_of_read_back")
    assert [(r.outcome, r.error) for r in recovery.read_back] == [("committed", None)] * read
    assert [e.text for e in world.events if isinstance(e, Recovered)] != [] or not states
    await approve_and_execute(world)
    assert len(world.vendor.payments) == 1
    assert world.journal.consumed(ORG.id) == {"line-1": "pay-1", "fitid-line-1": "pay-1"}
    world.guard.close()
    assert verify(world.home, world.database).ok
    said = [(line["call_id"], line["event"]) for line in world.audit_lines() if line["call_id"]]
    assert len(said) == len(set(said))


async def test_recovery_waits_visibly_until_the_vendor_can_no_longer_be_working(worlds: Worlds, tmp_path: Path) -> None:
    killed_at(tmp_path, "after_intend", lifetime_s=40.0)
    world = worlds()
    recovery = await world.guard.open_organisation(SERVER, ORG)
    (told,) = [e.seconds for e in world.events if isinstance(e, Waiting)]
    assert 35.0 < told <= 40.0
    assert world.slept == [told]
    # The test's sleep does not really wait, so the server might still take it: it stays unknown.
    assert [r.state for r in recovery.settled] == ["unknown"]
    assert recovery.exit_code == ExitCode.WRITE_UNKNOWN
    assert (await approve_and_execute(world)) == ("unknown",)
    with pytest.raises(WriteRefused, match="may still be working"):
        world.journal.resolve("w1", committed=None)


async def test_a_longer_lifetime_is_not_waited_for(worlds: Worlds, tmp_path: Path) -> None:
    killed_at(tmp_path, "after_commit", lifetime_s=3600.0)
    world = worlds()
    recovery = await world.guard.open_organisation(SERVER, ORG)
    assert (world.slept, [r.ledger_id for r in recovery.settled]) == ([], ["pay-1"])


async def test_a_write_whose_owner_lives_is_left_alone(worlds: Worlds) -> None:
    owner = await worlds().opened()
    made = one_payment()
    owner.journal.claim(made, made.proposals[0], bind(made, made.proposals[0]), effects={})
    other = worlds()
    recovery = await other.guard.open_organisation(SERVER, ORG)
    assert (len(recovery.in_flight), recovery.settled) == (1, ())
    results = await other.guard.execute(made, made.proposals[0], bind(made, made.proposals[0]))
    assert results[0].error is not None
    assert results[0].error.code == "approval_used"
    assert other.vendor.keys == []


async def test_open_writes_of_another_organisation_are_named_not_touched(worlds: Worlds, tmp_path: Path) -> None:
    killed_at(tmp_path, "after_intend")
    world = worlds()
    elsewhere = type(ORG)(server=SERVER, id="org-2", name="Other", base_currency="NZD", timezone="UTC")
    recovery = await world.guard.open_organisation(SERVER, elsewhere)
    assert ([r.state for r in recovery.elsewhere], recovery.settled) == (["sending"], ())
    assert any("400.00 NZD with pay on books (Demo)" in e.text for e in world.events if isinstance(e, Notice))


async def test_a_human_settles_what_cannot_be_read_back(worlds: Worlds, tmp_path: Path) -> None:
    killed_at(tmp_path, "after_commit")
    world = worlds()
    world.vendor.readable = False
    recovery = await world.guard.open_organisation(SERVER, ORG)
    assert [r.state for r in recovery.settled] == ["unknown"]
    with pytest.raises(UsageError, match="is no write of the journal"):
        world.journal.resolve("w9", committed="x")
    assert world.journal.resolve("plan-1/p1/w1", committed="pay-1").state == "committed"
    with pytest.raises(UsageError, match="nothing to resolve"):
        world.journal.resolve("plan-1/p1/w1", committed=None)
    assert world.audit_lines()[-1]["text"].startswith("anna settled by hand")


def test_the_clock_set_back_is_said_and_extends_nothing(world: World) -> None:
    made = one_payment()
    world.journal.claim(made, made.proposals[0], bind(made, made.proposals[0]), effects={})
    with world.audit.recording() as entry:
        entry.connection.execute("UPDATE last_instant SET at = '2099-01-01T00:00:00.000000Z'")
    assert world.journal.now().year == 2099
    assert world.journal.clock_set_back_s() > 3600
    asyncio.run(world.guard.open_organisation(SERVER, ORG))
    assert any("behind an earlier run" in e.text for e in world.events if isinstance(e, Notice))


def claim_in_a_process(path: Path, ready: int, report: int) -> None:
    world = make_world(path)

    async def main() -> str:
        await world.opened()
        os.read(ready, 1)
        outcome = (await approve_and_execute(world))[0]
        keys = len(world.vendor.keys)
        return f"{outcome}:{keys};"

    os.write(report, asyncio.run(main()).encode())


def test_two_processes_that_approve_the_same_plan_write_it_once(worlds: Worlds, tmp_path: Path) -> None:
    ready, start = os.pipe()
    reports, report = os.pipe()
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            try:
                claim_in_a_process(tmp_path, ready, report)
            finally:
                os._exit(0)
        children.append(child)
    os.write(start, b"gg")
    for child in children:
        os.waitpid(child, 0)
    said = sorted(os.read(reports, 1000).decode().strip(";").split(";"))
    assert [s.split(":")[1] for s in said].count("1") == 1  # one sent, the other was told
    assert len(worlds().vendor.payments) == 1


@pytest.mark.parametrize("broken", ["journal", "audit"])
async def test_no_intent_no_write(world: World, broken: str) -> None:
    import resource

    await world.opened()
    made = one_payment()
    approval = bind(made, made.proposals[0])
    world.audit.flush()
    if broken == "audit":
        world.home.audit_log.unlink(missing_ok=True)
        world.home.audit_log.symlink_to("/dev/full")
        (result,) = await world.guard.execute(made, made.proposals[0], approval)
    else:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
        try:
            (result,) = await world.guard.execute(made, made.proposals[0], approval)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
    assert result.outcome == "not_sent"
    assert result.error is not None
    assert result.error.code in ("disk_full", "audit_not_writable")
    assert world.vendor.keys == []
