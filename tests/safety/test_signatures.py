"""A plan that needs signatures: what counts, what does not, and that the guard claims nothing before."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat import verifier
from finchat.books.plan import Plan
from finchat.canonical import sha256_of
from finchat.errors import UsageError
from finchat.safety import signatures
from finchat.safety.approval import bind
from finchat.safety.keys import Key
from finchat.safety.policy import Policy
from finchat.safety.signatures import judge, plan_total, required
from tests.safety.signing import person, policy_of, signed_by
from tests.safety.world import ORG, World, one_payment, payment, plan, proposal

Worlds = Callable[..., World]
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Key, Key, Key]:
    at = tmp_path_factory.mktemp("people")
    return person(at, "anna"), person(at, "bo"), person(at, "cy")


async def written(world: World, made: Plan, documents: list[Any], *, signed: Plan | None = None) -> tuple[str, str]:
    """The outcome of the plan's only write, and the code of what went wrong."""
    await world.opened()
    world.guard.accept_signatures(made, documents, signed=signed)
    (result,) = await world.guard.execute(made, made.proposals[0], bind(made, made.proposals[0]))
    return result.outcome or "", result.error.code if result.error is not None else ""


async def test_two_different_signers_let_a_plan_be_written_and_are_on_record(
    worlds: Worlds, people: tuple[Key, Key, Key]
) -> None:
    anna, bo, _ = people
    world, made = worlds(policy=policy_of(anna, bo)), one_payment()
    world.journal.plan_made(made)
    documents = signed_by(made, anna, bo)
    assert await written(world, made, documents) == ("committed", "")
    row = world.database.row("SELECT body FROM approvals")
    assert row is not None
    approval = json.loads(row["body"])
    assert (approval["signatures_required"], approval["signatures"]) == (2, documents)
    decision = next(line for line in world.audit_lines() if (line["event"], line["decision"]) == ("decision", "allow"))
    assert decision["approval_sha256"] == sha256_of(approval)
    assert anna.public in decision["text"]
    assert bo.public in decision["text"]


def flipped(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    raw = bytearray(base64.b64decode(documents[1]["signature"]))
    raw[10] ^= 1
    return [documents[0], {**documents[1], "signature": base64.b64encode(raw).decode()}]


def other_s(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    raw = base64.b64decode(documents[1]["signature"])
    s = int.from_bytes(raw[32:], "little") + ORDER
    again = base64.b64encode(raw[:32] + s.to_bytes(32, "little")).decode()
    return [documents[0], {**documents[1], "signature": again}]


def low_order(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    neutral = "ed25519:" + base64.b64encode((1).to_bytes(32, "little")).decode()
    forged = base64.b64encode((1).to_bytes(32, "little") + bytes(32)).decode()
    return [documents[0], {**documents[1], "signer": neutral, "signature": forged}]


def put(**changes: Any) -> Callable[[list[dict[str, Any]]], list[Any]]:
    return lambda documents: [documents[0], {**documents[1], **changes}]


@pytest.mark.parametrize(
    ("sabotage", "status", "why"),
    [
        (lambda documents: documents[:1], "", "and has 1 (anna)"),
        (lambda documents: [documents[0], documents[0]], "same_signer", "counts once"),
        (flipped, "invalid", "is not valid (the signature does not hold)"),
        (other_s, "invalid", "is not valid (the signature does not hold)"),
        (low_order, "invalid", "its public key is none that can sign"),
        (put(signature="not base64!"), "invalid", "is not 64 bytes in base64"),
        (put(signature=None), "invalid", "not a finchat.signature/1"),
        (put(signed_at="2030-01-01T00:00:00.000000Z"), "invalid", "the signature does not hold"),
        (put(plan_hash="0" * 64), "invalid", "the signature does not hold"),
        (put(more="1"), "invalid", "its fields are not those of a signature"),
        (lambda documents: [documents[0], "text"], "invalid", "its fields are not those of a signature"),
        (lambda documents: [documents[0], {}], "invalid", "its fields are not those of a signature"),
    ],
)
async def test_what_is_no_signature_of_a_second_person_does_not_count(
    worlds: Worlds, people: tuple[Key, Key, Key], sabotage: Callable[[list[Any]], list[Any]], status: str, why: str
) -> None:
    anna, bo, _ = people
    world, made = worlds(policy=policy_of(anna, bo)), one_payment()
    documents = sabotage(signed_by(made, anna, bo))
    assert await written(world, made, documents) == ("not_sent", "needs_signatures")
    standing = world.guard.signatures(made)
    assert why in standing.sentence
    assert standing.missing == 1
    assert status in {"", standing.entries[-1].status}
    assert world.vendor.keys == []
    assert world.journal.writes() == ()
    assert world.database.row("SELECT 1 FROM approvals") is None


async def test_signatures_of_anything_else_do_not_count(worlds: Worlds, people: tuple[Key, Key, Key]) -> None:
    anna, bo, cy = people
    made = one_payment()
    others = {
        "plan plan-2": one_payment("plan-2"),
        "another version": replace(made, command=("other",)),
        "another organisation": replace(made, organisation=replace(ORG, id="org-2")),
        "another version of": plan(proposal("p1", payment("w1", "inv-1", "1.00", due="1000.00", plan_id="plan-1"))),
    }
    for said, other in others.items():
        world = worlds(policy=policy_of(anna, bo))
        assert await written(world, made, signed_by(other, anna, bo)) == ("not_sent", "needs_signatures"), said
        assert {e.status for e in world.guard.signatures(made).entries} == {"other_plan"}
        world.close()
    same_hash_elsewhere = [{**s, "org_id": "org-2"} for s in signed_by(made, anna, bo)]
    assert {e.status for e in judge(policy_of(anna, bo).signatures, made, same_hash_elsewhere).entries} == {"invalid"}
    world = worlds(policy=policy_of(anna, bo))
    assert await written(world, made, signed_by(made, anna, cy)) == ("not_sent", "needs_signatures")
    assert world.guard.signatures(made).entries[1].status == "unknown_key"
    assert cy.public in world.guard.signatures(made).sentence


async def test_a_signer_who_was_taken_out_of_the_policy_counts_no_more(
    worlds: Worlds, people: tuple[Key, Key, Key]
) -> None:
    anna, bo, cy = people
    made = one_payment()
    documents = signed_by(made, anna, bo)
    assert judge(policy_of(anna, bo).signatures, made, documents).missing == 0
    world = worlds(policy=policy_of(anna, cy))
    assert await written(world, made, documents) == ("not_sent", "needs_signatures")


def test_two_names_with_one_key_are_one_signer(people: tuple[Key, Key, Key]) -> None:
    anna, bo, _ = people
    signers = {"anna": anna.public, "annie": anna.public, "bo": bo.public}
    policy = Policy.from_data(
        {"version": 1, "signatures": {"required": 2, "signers": signers}}, source=Path("policy.toml")
    )
    made = one_payment()
    standing = judge(policy.signatures, made, signed_by(made, anna, anna))
    assert (standing.signers, standing.missing) == (("anna",), 1)
    assert any("anna, annie have the same key" in doubt for doubt in policy.doubts({}))
    with pytest.raises(UsageError, match="has only 2 different keys"):
        Policy.from_data({"version": 1, "signatures": {"required": 3, "signers": signers}}, source=Path("policy.toml"))


async def test_a_plan_that_was_changed_after_signing_has_to_be_signed_again(
    worlds: Worlds, people: tuple[Key, Key, Key]
) -> None:
    anna, bo, _ = people
    world, made = worlds(policy=policy_of(anna, bo)), one_payment()
    await world.opened()
    world.guard.accept_signatures(made, signed_by(made, anna, bo))
    changed = plan(proposal("p1", payment("w1", "inv-1", "300.00", due="1000.00", plan_id="plan-1")), id="plan-2")
    (result,) = await world.guard.execute(changed, changed.proposals[0], bind(changed, changed.proposals[0]))
    assert result.error is not None
    assert result.error.code == "needs_signatures"
    assert "finchat plan sign plan-2" in (result.error.next or "")
    assert world.guard.signatures(changed).missing == 2


async def test_a_plan_of_another_machine_keeps_its_signatures_although_all_of_it_is_for_review(
    worlds: Worlds, people: tuple[Key, Key, Key]
) -> None:
    anna, bo, _ = people
    world, made = worlds(policy=policy_of(anna, bo)), one_payment()
    shown = replace(made, proposals=tuple(replace(p, certainty="review") for p in made.proposals))
    assert shown.hash != made.hash
    documents = signed_by(made, anna, bo)
    assert judge(policy_of(anna, bo).signatures, shown, documents).missing == 2
    assert await written(world, shown, documents, signed=made) == ("committed", "")
    lines = verifier.Lines()
    assert verifier.check(world.home.audit_log, world.home.audit_head, lines.add).ok
    report = verifier.check_evidence(
        world.home.evidence, lines, {"anna": _raw(anna), "bo": _raw(bo)}, 2
    )  # fmt: skip
    assert (report.problems, report.signers) == ((), ("anna", "bo"))
    (pack,) = world.home.evidence.glob("*/p1-w1.json")
    text = pack.read_text()
    pack.write_text(text.replace('"classes":{"p1":"certain"}', '"classes":{"p1":"review"}'))
    assert "what was signed is not this plan" in verifier.check_evidence(world.home.evidence, lines).problems[0]


def _raw(key: Key) -> bytes:
    raw = verifier.public_key_bytes(key.public)
    assert raw is not None
    return raw


async def test_what_was_signed_must_be_the_plan_that_is_shown(worlds: Worlds, people: tuple[Key, Key, Key]) -> None:
    anna, bo, _ = people
    made = one_payment()
    larger = plan(proposal("p1", payment("w1", "inv-1", "999.00", due="1000.00", plan_id="plan-1")))
    world = worlds(policy=policy_of(anna, bo))
    with pytest.raises(UsageError, match="not the plan that is shown"):
        world.guard.accept_signatures(larger, signed_by(made, anna, bo), signed=made)


async def test_unattended_approval_needs_them_too(worlds: Worlds, people: tuple[Key, Key, Key]) -> None:
    anna, bo, _ = people
    rules = {
        "kinds": ["payment"], "max_amount": "500.00", "max_total_per_day": "1000.00",
        "known_counterparties_only": False, "expires": date(2099, 1, 1),
    }  # fmt: skip
    data = {
        "version": 1, "unattended": rules,
        "signatures": {"required": 2, "signers": {"anna": anna.public, "bo": bo.public}},
    }  # fmt: skip
    world = worlds(policy=Policy.from_data(data, source=Path("policy.toml")))
    await world.opened()
    made = one_payment()
    world.journal.plan_made(made)
    approval = world.guard.approve_unattended(made, made.proposals[0])
    (result,) = await world.guard.execute(made, made.proposals[0], approval)
    assert result.error is not None
    assert result.error.code == "needs_signatures"
    world.guard.accept_signatures(made, signed_by(made, anna, bo))
    (result,) = await world.guard.execute(
        made, made.proposals[0], world.guard.approve_unattended(made, made.proposals[0])
    )
    assert result.outcome == "committed"


def test_which_plans_need_signatures(people: tuple[Key, Key, Key]) -> None:
    anna, bo, _ = people
    made = one_payment()  # 400.00 NZD
    foreign = replace(made.proposals[0].writes[0], currency="EUR", effects=())
    unclear = plan(replace(made.proposals[0], writes=(foreign,)))
    assert plan_total(made) == Decimal("400.00")
    assert plan_total(unclear) is None
    wanted = {
        (): 2,
        (("above", "399.99"),): 2,
        (("above", "400.00"),): 0,
        (("kinds", ("payment",)),): 2,
        (("kinds", ("refund",)),): 0,
        (("kinds", ("refund", "payment")), ("above", "10.00")): 2,
    }
    for more, number in wanted.items():
        given: dict[str, Any] = {key: list(value) if isinstance(value, tuple) else value for key, value in more}
        rules = policy_of(anna, bo, **given).signatures
        assert required(rules, made) == number, more
    assert required(policy_of(anna, bo, above="1000000.00").signatures, unclear) == 2
    kept = plan(replace(made.proposals[0], kind="overpayment"))  # its name is that of a cent that is kept
    assert required(policy_of(anna, bo, kinds=["payment"]).signatures, kept) == 2
    assert required(policy_of(anna, bo, kinds=["overpayment"]).signatures, kept) == 2
    assert required(policy_of(anna, bo, kinds=["spend_money", "transfer"]).signatures, kept) == 0
    assert required(None, made) == 0


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"signers": {}}, "signatures.required"),
        ({"required": 2}, "signatures.signers"),
        ({"required": "2", "signers": {}}, "signatures.required"),
        ({"required": 1, "signers": {"anna": "ed25519:AAAA"}}, "signatures.signers.anna"),
        ({"required": 1, "signers": {"anna": "ed25519:" + "A" * 43 + "="}}, "signatures.signers.anna"),
        ({"required": 1, "signers": {"a b": "ed25519:"}}, 'signatures.signers."a b"'),
        ({"required": 1, "signers": ["anna"]}, "signatures.signers"),
        ({"required": 1, "signers": {}, "above": "-1"}, "signatures.required"),
        ({"required": 1, "signers": {}, "names": 1}, "signatures.names"),
    ],
)
def test_a_wrong_policy_names_its_field(rules: dict[str, Any], field: str) -> None:
    with pytest.raises(UsageError) as wrong:
        Policy.from_data({"version": 1, "signatures": rules}, source=Path("policy.toml"))
    assert wrong.value.field == field


# Files


def test_signatures_are_gathered_from_every_file_beside_the_plan_each_once(
    tmp_path: Path, people: tuple[Key, Key, Key]
) -> None:
    anna, bo, cy = people
    made, plan_file = one_payment(), tmp_path / "plan-1.json"
    one, two, three = signed_by(made, anna, bo, cy)
    place = signatures.file_for(plan_file)
    assert place.name == "plan-1.signatures.json"
    signatures.add(place, made, one)
    signatures.add(place, made, two)
    assert place.stat().st_mode & 0o777 == 0o600
    sent = tmp_path / "plan-1.signatures-cy.json"
    signatures.add(sent, made, three)
    signatures.add(sent, made, two)
    signatures.add(tmp_path / "plan-12.signatures.json", made, {"of": "another"})
    assert signatures.read(signatures.found_with([plan_file, plan_file])) == [one, two, three]
    sent.write_text("{}")
    with pytest.raises(UsageError, match=r"it is not a finchat\.signatures/1"):
        signatures.read(signatures.found_with([plan_file]))
    sent.write_text('{"schema": "finchat.signatures/1", "signatures": 1}')
    with pytest.raises(UsageError, match="no list"):
        signatures.add(sent, made, one)
