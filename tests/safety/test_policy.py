"""policy.toml: strict reading, and the strictest of all matches decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finchat.errors import UsageError
from finchat.safety.policy import Ceiling, Policy, ToolRule, Verdict
from finchat.safety.profile_protocol import ToolEffect

FILE = Path("policy.toml")
CONTRACT = """
version = 1
[defaults]
read = "allow"
write = "ask"
destructive = "ask"
unknown = "ask"
[servers.books]
resources = { invoices = "write", payments = "write", reports = "read", accounts = "off" }
tools = { "echo" = "read", "create_a_xero_contact" = "deny" }
[unattended]
kinds = ["payment"]
max_amount = "500.00"
max_total_per_day = "2000.00"
known_counterparties_only = true
expires = 2026-12-31
"""


def read(text: str, tmp_path: Path) -> Policy:
    file = tmp_path / "policy.toml"
    file.write_text(text, "utf-8")
    return Policy.load(file)


def policy(**tables: Any) -> Policy:
    return Policy.from_data({"version": 1, **tables}, source=FILE)


def test_the_contracts_example_is_read_in_full(tmp_path: Path) -> None:
    found = read(CONTRACT, tmp_path)
    assert found.unattended is not None
    assert str(found.unattended.max_amount) == "500.00"
    cases: list[tuple[str, ToolEffect | None, str | None, str, str]] = [
        ("list_all_xero_invoices", "read", "invoices", "allow", "policy:defaults.read"),
        ("create_a_xero_payment", "write", "payments", "ask", "policy:defaults.write"),
        ("get_report", "read", "reports", "allow", "policy:defaults.read"),
        ("write_report", "write", "reports", "deny", "policy:servers.books.resources.reports"),
        ("list_accounts", "read", "accounts", "deny", "policy:servers.books.resources.accounts"),
        ("delete_payment", "destructive", "payments", "ask", "policy:defaults.destructive"),
        ("echo", None, None, "allow", "policy:defaults.read"),
        ("create_a_xero_contact", "write", "contacts", "deny", "policy:servers.books.tools.create_a_xero_contact"),
        ("mystery", None, None, "ask", "policy:defaults.unknown"),
    ]
    for tool, effect, resource, decision, decided_by in cases:
        said = found.decide("books", tool, effect, resource)
        assert (tool, said.decision, said.decided_by) == (tool, decision, decided_by)


def test_without_a_file_reads_pass_and_writes_ask(tmp_path: Path) -> None:
    found = Policy.load(tmp_path / "none.toml")
    assert found.decide("s", "t", "read", None).decision == "allow"
    for effect in (None, "write", "destructive"):
        said = found.decide("s", "t", effect, None)
        assert (said.decision, said.decided_by) == ("ask", "default")
    assert found.unattended is None
    with pytest.raises(UsageError, match="no policy file"):
        Policy.load(tmp_path / "none.toml", required=True)


@pytest.mark.parametrize(
    ("text", "field", "why"),
    [
        ("", "version", "must be the number 1"),
        ("version = 2", "version", "must be the number 1"),
        ("version = true", "version", "must be the number 1"),
        ("version = 1\nmode = 'x'", "mode", "not known"),
        ("version = 1\n[defaults]\nwrite = 'allow'", "defaults.write", "nothing allows a write without asking"),
        ("version = 1\n[defaults]\nunknown = 'allow'", "defaults.unknown", "nothing allows a write without asking"),
        ("version = 1\n[defaults]\nread = 'yes'", "defaults.read", "must be one of allow, ask, deny"),
        ("version = 1\n[defaults]\nreads = 'ask'", "defaults.reads", "not known"),
        ("version = 1\n[servers.books.resources]\npayments = 'full'", "servers.books.resources.payments", "off, read"),
        ("version = 1\n[servers.books.resources]\n'pay*' = 'off'", 'servers.books.resources."pay*"', "no globs"),
        ("version = 1\n[servers.books.tools]\necho = 'allow'", "servers.books.tools.echo", 'its class, "read"'),
        ("version = 1\n[servers.books]\nrules = {}", "servers.books.rules", "not known"),
        ("version = 1\n[servers]\n'a b' = {}", 'servers."a b"', "configured server name"),
        ("version = 1\n[unattended]\nkinds = ['payment']", "unattended.max_amount", "is missing"),
        (CONTRACT.replace('"500.00"', "500.00"), "unattended.max_amount", "in quotes"),
        (CONTRACT.replace('"500.00"', '"-1"'), "unattended.max_amount", "positive"),
        (CONTRACT.replace('["payment"]', '["bribe"]'), "unattended.kinds", "must be one of"),
        (CONTRACT.replace("2026-12-31", '"2026-12-31"'), "unattended.expires", "without quotes"),
        (CONTRACT.replace("= true", '= "true"'), "unattended.known_counterparties_only", "true or false"),
        ("version = ", "--policy", "not TOML"),
    ],
)
def test_what_is_wrong_is_refused_by_name(text: str, field: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(text, tmp_path)
    assert caught.value.field == field
    assert why in caught.value.message


def test_a_humans_class_replaces_the_profiles_in_both_directions() -> None:
    found = policy(servers={"books": {"tools": {"peek_*": "read", "list_*": "destructive"}}})
    assert found.decide("books", "peek_it", "write", None).effect == "read"
    assert found.decide("books", "peek_it", "write", None).decision == "allow"
    assert found.decide("books", "list_it", "read", None).effect == "destructive"
    assert found.decide("other", "list_it", "read", None).effect == "read"


def test_of_two_classes_the_stricter_holds_and_the_star_server_counts() -> None:
    found = policy(servers={"*": {"tools": {"*": "write"}}, "books": {"tools": {"echo": "read"}}})
    explained = found.explain("books", "echo", "read", None)
    assert (explained.effect, explained.effect_rule) == ("write", "servers.*.tools.*")


def test_an_explanation_lists_every_match_the_deciding_one_first() -> None:
    found = policy(servers={"books": {"resources": {"payments": "read"}, "tools": {"pay*": "ask"}}})
    explained = found.explain("books", "pay_now", None, "payments")
    assert [m.verdict for m in explained.matches] == ["deny", "ask", "ask", "ask"]
    assert explained.decision.decided_by == "policy:servers.books.resources.payments"
    assert explained.as_json()["decided_by"] == "policy:servers.books.resources.payments"


def test_a_policy_describes_itself(tmp_path: Path) -> None:
    text = "\n".join(read(CONTRACT, tmp_path).describe())
    assert "On server books, accounts: nothing at all." in text
    assert "approved up to 500.00 each and 2000.00 a day" in text
    assert Policy().describe()[-1] == "Nothing is approved without a person."


STRICTNESS = {"allow": 0, "ask": 1, "deny": 2}
effects = st.sampled_from([*get_args(ToolEffect), None])
ceilings = st.dictionaries(st.sampled_from(["payments", "invoices"]), st.sampled_from(get_args(Ceiling)))
rules = st.dictionaries(st.sampled_from(["pay", "pa*", "*", "list"]), st.sampled_from(get_args(ToolRule)))
servers = st.dictionaries(
    st.sampled_from(["books", "*", "other"]), st.fixed_dictionaries({"resources": ceilings, "tools": rules})
)
defaults = st.fixed_dictionaries(
    {},
    optional={
        "read": st.sampled_from(get_args(Verdict)),
        **{name: st.sampled_from(["ask", "deny"]) for name in ("write", "destructive", "unknown")},
    },
)


@given(servers=servers, defaults=defaults, effect=effects, tool=st.sampled_from(["pay", "list"]))
def test_nothing_but_a_read_is_ever_allowed(
    servers: dict[str, Any], defaults: dict[str, str], effect: ToolEffect | None, tool: str
) -> None:
    said = policy(servers=servers, defaults=defaults).decide("books", tool, effect, "payments")
    assert said.decision != "allow" or said.effect == "read"


@given(servers=servers, defaults=defaults, effect=effects, extra=st.sampled_from(["ask", "deny"]))
def test_one_more_rule_never_makes_it_laxer(
    servers: dict[str, Any], defaults: dict[str, str], effect: ToolEffect | None, extra: str
) -> None:
    before = policy(servers=servers, defaults=defaults).decide("books", "pay", effect, "payments").decision
    mine = servers.get("books", {"resources": {}, "tools": {}})
    more = {**servers, "books": {**mine, "tools": {**mine["tools"], "p[a]y": extra}}}
    after = policy(servers=more, defaults=defaults).decide("books", "pay", effect, "payments").decision
    assert STRICTNESS[after] >= max(STRICTNESS[before], STRICTNESS[extra])


@given(servers=servers, defaults=defaults, effect=effects)
def test_the_strictest_match_decides(
    servers: dict[str, Any], defaults: dict[str, str], effect: ToolEffect | None
) -> None:
    explained = policy(servers=servers, defaults=defaults).explain("books", "pay", effect, "payments")
    strictest = max(explained.matches, key=lambda match: STRICTNESS[match.verdict])
    assert explained.decision.decision == strictest.verdict
