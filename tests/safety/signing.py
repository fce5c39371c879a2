"""Two people with keys, the policy that lists them, and a home where what they signed was written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finchat.books.plan import Plan
from finchat.safety import keys, signatures
from finchat.safety.approval import bind
from finchat.safety.keys import Key
from finchat.safety.policy import Policy
from finchat.settings import Home
from tests.safety.world import make_world, one_payment

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def person(at: Path, name: str) -> Key:
    """A key of somebody's own machine."""
    return keys.make(Home(at / f"of-{name}"), name, None)


def signed_by(plan: Plan, *people: Key) -> list[dict[str, Any]]:
    return [signatures.sign_plan(plan, key, AT, lambda _: None) for key in people]


def policy_of(*people: Key, required: int = 2, **more: Any) -> Policy:
    rules = {"required": required, "signers": {key.name: key.public for key in people}, **more}
    return Policy.from_data({"version": 1, "signatures": rules}, source=Path("policy.toml"))


@dataclass(frozen=True)
class Party:
    """The home, the one pack in it, and the files that list the signers."""

    home: Path

    @property
    def pack(self) -> Path:
        return self.home / "evidence" / "plan-1" / "p1-w1.json"

    @property
    def policy(self) -> Path:
        return self.home / "policy.toml"

    @property
    def signers(self) -> Path:
        return self.home / "signers.txt"

    def at(self, home: Path) -> Party:
        return replace(self, home=home)


async def signed_world(path: Path) -> Party:
    """A plan of one payment, signed by anna and bo, approved and written."""
    people = [person(path, "anna"), person(path, "bo")]
    world = make_world(path, policy=policy_of(*people))
    try:
        await world.opened()
        plan = one_payment()
        world.journal.plan_made(plan)
        world.guard.accept_signatures(plan, signed_by(plan, *people))
        (result,) = await world.guard.execute(plan, plan.proposals[0], bind(plan, plan.proposals[0]))
        assert result.outcome == "committed"
    finally:
        world.close()
    party = Party(world.home.path)
    listed = "\n".join(key.policy_line for key in people)
    party.policy.write_text(f"version = 1\n[signatures]\nrequired = 2\n[signatures.signers]\n{listed}\n")
    party.signers.write_text("".join(f"{key.name} {key.public}  # a signer\n" for key in people))
    return party
