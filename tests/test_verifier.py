"""The verifier of one file: Ed25519 by RFC 8032, canonical JSON, and evidence that cannot be told otherwise."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from finchat import verifier
from finchat.canonical import canonical_json, sha256_of
from tests.safety.signing import Party, signed_world

ORDER = 2**252 + 27742317777372353535851937790883648493
# RFC 8032, section 7.1: secret key, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595b"
        "be24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb430"
        "2aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716e"
        "d28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138a"
        "c17ad9bef1177331a704",
    ),
]
# Every encoding of a point of small order, and spellings that are not the one of their point.
BAD_KEYS = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0200000000000000000000000000000000000000000000000000000000000000",
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS, ids=["empty", "1", "2", "abc"])
def test_the_vectors_of_the_rfc_hold(secret: str, public: str, message: str, signature: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)).public_key().public_bytes_raw()
    assert key.hex() == public
    assert verifier.verify_ed25519(key, bytes.fromhex(message), bytes.fromhex(signature))
    assert not verifier.verify_ed25519(key, bytes.fromhex(message) + b"x", bytes.fromhex(signature))


@settings(max_examples=40, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=300), flip=st.integers(0, 8 * 96 - 1))
def test_it_says_what_the_library_says_of_good_and_damaged_signatures(seed: bytes, message: bytes, flip: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert verifier.verify_ed25519(key, message, signature)
    damaged = bytearray(key + signature)
    damaged[flip // 8] ^= 1 << flip % 8
    other_key, other = bytes(damaged[:32]), bytes(damaged[32:])
    try:
        Ed25519PublicKey.from_public_bytes(other_key).verify(other, message)
        said = True
    except InvalidSignature:
        said = False
    assert verifier.verify_ed25519(other_key, message, other) is said is False


@settings(max_examples=25, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=50))
def test_a_signature_has_one_spelling(seed: bytes, message: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = private.public_key().public_bytes_raw(), private.sign(message)
    s = int.from_bytes(signature[32:], "little")
    for other in (s + ORDER, s + 2 * ORDER):
        if other < 2**256:
            assert not verifier.verify_ed25519(key, message, signature[:32] + other.to_bytes(32, "little"))
    assert not verifier.verify_ed25519(key, message, signature + b"\0")
    assert not verifier.verify_ed25519(key + b"\0", message, signature)


@pytest.mark.parametrize("key", BAD_KEYS)
def test_keys_that_prove_nothing_are_refused(key: str) -> None:
    public = bytes.fromhex(key)
    assert not verifier.usable_ed25519_key(public)
    # [S]B = R + [k]A with A neutral: made up without any secret.
    private = Ed25519PrivateKey.generate()
    made_up = private.public_key().public_bytes_raw() + hashlib.sha512(private.private_bytes_raw()).digest()[:32]
    assert not verifier.verify_ed25519(public, b"pay", made_up)
    assert not verifier.verify_ed25519(public, b"pay", public + bytes(32))


def test_the_neutral_key_would_let_anybody_sign_and_does_not() -> None:
    neutral = (1).to_bytes(32, "little")
    scalar, base = 7, verifier._BASE
    point = verifier._sum_of_multiples(scalar, base, 0, base)
    forged = verifier._encoded(point) + scalar.to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(neutral).verify(forged, b"pay me")  # the equation itself holds
    assert not verifier.verify_ed25519(neutral, b"pay me", forged)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))
    | st.decimals(allow_nan=False, allow_infinity=False, places=2),
    lambda children: st.lists(children, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), children, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(value=JSON)
def test_canonical_json_is_the_one_finchat_writes(value: Any) -> None:
    text = canonical_json(value)
    assert verifier.canonical(verifier.read_json(text)) == text
    assert verifier.canonical_sha256(verifier.read_json(text)) == sha256_of(value)


def test_numbers_keep_their_digits_and_strange_json_is_refused() -> None:
    assert verifier.canonical(verifier.read_json('{"b":1.50,"a":[10,-0.00]}')) == '{"a":[10,-0.00],"b":1.50}'
    assert canonical_json({"b": Decimal("1.50"), "a": [10, Decimal("-0.00")]}) == '{"a":[10,-0.00],"b":1.50}'
    for bad in ('{"a":1,"a":2}', "[NaN]", "[Infinity]"):
        with pytest.raises(ValueError, match=r"twice|no number"):
            verifier.read_json(bad)


# Evidence


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Party:
    """A home where a plan that two people signed was written, with its log and its evidence."""
    return asyncio.run(signed_world(tmp_path_factory.mktemp("kept")))


@pytest.fixture
def party(kept: Party, tmp_path: Path) -> Party:
    shutil.copytree(kept.home, tmp_path / "home")
    return kept.at(tmp_path / "home")


def run(party: Party, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", verifier.__file__, str(party.home / "audit.jsonl"), *more],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def checked(party: Party) -> verifier.EvidenceReport:
    lines = verifier.Lines()
    assert verifier.check(party.home / "audit.jsonl", party.home / "audit.head", lines.add).ok
    signers = verifier.read_signers(party.signers)
    return verifier.check_evidence(party.home / "evidence", lines, signers, 2)


def test_sound_evidence_is_found_sound_without_finchat(party: Party) -> None:
    for option, file in (("--policy", party.policy), ("--signers", party.signers)):
        done = run(party, "--evidence", str(party.home / "evidence"), option, str(file))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[1] == (
            "OK: 1 evidence pack, 2 signatures by anna, bo: payloads, approvals, plans and log lines belong together."
        )
    assert run(party, "--evidence", str(party.home / "evidence")).returncode == 0


Change = Callable[[dict[str, Any]], None]


def rewrite(path: Path, change: Change) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(canonical_json(value) + "\n")


def set_to(path: str, value: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        *parents, last = [int(p) if p.isdecimal() else p for p in path.split(".")]
        at: Any = document
        for key in parents:
            at = at[key]
        at[last] = value

    return change


def rehashed_payload(pack: dict[str, Any]) -> None:
    pack["payload"]["arguments"]["amount"] = "999.00"
    pack["payload"]["arguments_sha256"] = sha256_of(pack["payload"]["arguments"])


def one_signature(pack: dict[str, Any]) -> None:
    pack["approvals"][0]["signatures"] = pack["approvals"][0]["signatures"][:1]


def asked_for_fewer(pack: dict[str, Any]) -> None:
    one_signature(pack)
    pack["approvals"][0]["signatures_required"] = 1


def bad_read_back(pack: dict[str, Any]) -> None:
    pack["audit"] = [line for line in pack["audit"] if line["event"] != "read_back"]
    pack["read_back"] = None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (set_to("payload.arguments.amount", "999.00"), "the payload is not the one that was hashed"),
        (rehashed_payload, "its write is not the one of the plan"),
        (set_to("payload.amount", "1.00"), "its write is not the one of the plan"),
        (set_to("proposal_sha256", "0" * 64), "its proposal is not the one of the plan"),
        (set_to("plan.hash", "0" * 64), "is not the plan that was hashed"),
        (set_to("org.name", "Another"), "its org is not that of the plan"),
        (set_to("approvals", []), "it holds no approval"),
        (set_to("approvals.0.plan_hash", "0" * 64), "of another plan_hash"),
        (set_to("approvals.0.user", "mallory"), "not the one that record"),
        (set_to("approvals.0.writes.0.arguments_sha256", "0" * 64), "of another payload"),
        (one_signature, "1 different signers and needed 2"),
        (asked_for_fewer, "1 different signers and needed 2"),
        (set_to("approvals.0.signatures.0.signed_at", "2020-01-01T00:00:00.000000Z"), "the signature does not hold"),
        (set_to("approvals.0.signatures.0.signature", "AAAA"), "not 64 bytes in base64"),
        (set_to("outcome", "failed"), "it says failed, and the log says committed"),
        (set_to("ledger_id", "pay-999"), "not one that the log knows"),
        (set_to("idempotency_key", "other"), "idempotency key"),
        (set_to("read_back.text", "all is well"), "its read-back is not the one in the log"),
        (bad_read_back, "leaves out record"),
        (set_to("audit.0.text", "nobody approved"), "was changed"),
        (set_to("audit.0.seq", 1), "was changed"),
        (set_to("audit", []), "it lacks the lines of the log"),
        (set_to("masked", ["payload.arguments.reference"]), "nothing proves what was sent"),
        (set_to("write", "plan-1/p1/w2"), "names another write"),
        (set_to("write_id", "w2"), "moved or renamed"),
        (set_to("more", 1), "not a finchat.evidence/1"),
    ],
)
def test_evidence_that_was_changed_is_found_out(party: Party, change: Change, why: str) -> None:
    rewrite(party.pack, change)
    (problem,) = checked(party).problems
    assert why in problem
    assert str(party.pack.name) in problem


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (set_to("proposals.0.confidence", "0.10"), "is not the plan that was hashed"),
        (set_to("hash", "0" * 64), "is not the plan that was hashed"),
        (set_to("id", "plan-2"), "is not the plan that was hashed"),
    ],
)
def test_a_plan_that_was_changed_is_found_out(party: Party, change: Change, why: str) -> None:
    rewrite(party.pack.with_name("plan.json"), change)
    (problem,) = checked(party).problems
    assert why in problem


def test_a_pack_whose_plan_is_gone_proves_nothing(party: Party) -> None:
    party.pack.with_name("plan.json").unlink()
    (problem,) = checked(party).problems
    assert "plan.json is missing" in problem


def test_white_space_doubled_keys_and_a_cut_are_found_out(party: Party) -> None:
    text = party.pack.read_text()
    for other in (text.replace(":", ": ", 1), text.replace('{"approvals"', '{"masked":[],"approvals"', 1), text[:-40]):
        party.pack.write_text(other)
        assert len(checked(party).problems) == 1


def test_a_pack_under_another_name_or_of_another_log_is_found_out(party: Party, tmp_path: Path) -> None:
    copied = party.pack.with_name("p2-w1.json")
    shutil.copy(party.pack, copied)
    (problem,) = checked(party).problems
    assert "moved or renamed" in problem
    copied.unlink()
    found = verifier.check_evidence(party.home / "evidence", verifier.Lines())
    assert "is not the one of the log" in found.problems[0]


def test_a_signer_the_policy_does_not_list_is_found_out(party: Party) -> None:
    party.signers.write_text(party.signers.read_text().splitlines()[0] + "\n")
    done = run(party, "--evidence", str(party.home / "evidence"), "--signers", str(party.signers))
    assert done.returncode == 8
    assert "not among the signers" in done.stdout


def test_a_pack_that_is_missing_is_named(party: Party) -> None:
    shutil.move(party.pack, party.home / "elsewhere.json")
    lines = verifier.Lines()
    verifier.check(party.home / "audit.jsonl", party.home / "audit.head", lines.add)
    (note,) = verifier.check_evidence(party.home / "evidence", lines).notes
    assert note.startswith("1 committed writes of the log have no pack here: plan-1 w1")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--evidence"],
        ["--policy", "x"],
        ["--evidence", "nowhere"],
        ["--evidence", "{evidence}", "--policy", "{policy}", "--signers", "{signers}"],
        ["--evidence", "{evidence}", "--signers", "{pack}"],
        ["--evidence", "{evidence}", "--policy", "nowhere"],
    ],
)
def test_a_wrong_command_line_ends_with_2(party: Party, arguments: list[str]) -> None:
    places = {"evidence": party.home / "evidence", "policy": party.policy, "signers": party.signers, "pack": party.pack}
    done = run(party, *(word.format(**places) for word in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
