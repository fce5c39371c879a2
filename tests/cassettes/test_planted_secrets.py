"""A secret planted in each place where one can be: none is left in the rows, and what is left still fits together."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.cassettes.local_state import Watch
from finchat.cassettes.redaction import Redaction, known_secrets
from finchat.cassettes.scanner import scan
from finchat.cassettes.standing_in import is_iban
from finchat.settings import home_from_environment, load_settings
from finchat.text.bounded import read_bounded
from finchat.workflows.bank_files.iban import same_account
from finchat.workflows.bank_files.read import open_file

KEY = "mk-9fQ2rT7vLp0aXz81"  # of the model, of no shape that a vendor has
BEARER = "tk.7Hq2mZ0aa81Vx"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4ZXJvIn0.c2lnbmF0dXJlLW9mLXhlcm8"
CLIENT_SECRET = "Zx81-kLmQ_w0e9r8t7y6"
URL_TOKEN = "b7e1c2d9f0a84635b7e1c2d9"
QUERY_TOKEN = "qt_55aa77cc99"
TENANT = "3fbd0c2e-8a51-4c77-9d52-0b1f6a7e4c11"
REALM = "4620816365021947"
EMAIL = "anna.Baker@kiwi-feeds.co.nz"
ACCOUNT = "02-0456-1234567-00"
PLAIN_ACCOUNT = ACCOUNT.replace("-", "")
IBAN = "DE89370400440532013000"
DOMESTIC = "0532013000"
CARD = "4111 1111 1111 1111"
TYPED = "correct horse battery"
USER = "annabaker"

TOML = f"""
[model]
key_env = "MY_MODEL_KEY"
[limits]
tokens = 400000
[servers.books]
url = "https://mcp.truto.example/mcp/{URL_TOKEN}?token={QUERY_TOKEN}"
headers = {{ "X-Custom" = "{BEARER}", Authorization = "Bearer {BEARER}" }}
[servers.ours]
finchat = {{ profile = "xero" }}
env = {{ XERO_CLIENT_SECRET = "{CLIENT_SECRET}", XERO_TENANT_ID = "{TENANT}" }}
"""
OFX = f"""OFXHEADER:100
DATA:OFXSGML
ENCODING:USASCII

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>NZD
<BANKACCTFROM><BANKID>020456<ACCTID>{PLAIN_ACCOUNT[6:]}<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20261101<DTEND>20261119
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261103<TRNAMT>120.50<FITID>F1<NAME>Kiwi Feeds<MEMO>{EMAIL} INV-1</STMTTRN>
</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
MT940 = (
    f":20:090-261119\r\n:25:37040044/{DOMESTIC}\r\n:28C:1/1\r\n:60F:C261101EUR100,00\r\n"
    f":61:2611031103C120,50NTRFINV-1//F1\r\n:86:166?00GUTSCHRIFT?20INV-1?31{PLAIN_ACCOUNT}?32Kiwi Feeds\r\n"
    ":62F:C261119EUR220,50\r\n-\r\n"
)
CAMT = f"""<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt>
<Id>1</Id><Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2026-11-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2026-11-19</Dt></Dt></Bal></Stmt></BkToCstmrStmt></Document>
"""
LATIN = f"Datum;Empfänger;IBAN;Betrag\r\n03.11.2026;Müller;{IBAN};1,00\r\n".encode("latin-1")
UTF16 = f"Date,Payee,Account\n2026-11-03,{EMAIL},{ACCOUNT}\n".encode("utf-16")


def deltas(kind: str, text: str, size: int) -> list[list[Any]]:
    return [
        [kind, {"type": kind, "item_id": "m1", "output_index": 0, "delta": text[at : at + size]}]
        for at in range(0, len(text), size)
    ]


def chat_deltas(text: str, size: int) -> list[list[Any]]:
    return [
        [None, {"choices": [{"index": 0, "delta": {"tool_calls": [
            {"index": 1, "id": "call_1", "function": {"arguments": text[at : at + size]}}]}}]}]
        for at in range(0, len(text), size)
    ]  # fmt: skip


def rows() -> list[dict[str, Any]]:
    said = f"Anna ({EMAIL}) paid from {ACCOUNT} with {KEY}."
    arguments = json.dumps({"email": EMAIL, "note": f"api_key={KEY}", "iban": IBAN})
    in_text = json.dumps({"Contacts": [{"Name": "Kiwi Feeds", "EmailAddress": EMAIL, "BankAccountDetails": ACCOUNT}]})
    contact = {"Name": "Kiwi Feeds", "EmailAddress": EMAIL, "BankAccountDetails": f"ANZ {ACCOUNT}", "Phones": []}
    body = {"model": "gpt", "input": [{"role": "user", "content": f"what did {EMAIL} pay?"}], "max_output_tokens": 4096}
    return [
        {"kind": "header", "command": ["ask", f"who is {EMAIL}?", "--statement", f"/home/{USER}/books/may.ofx"],
         "seed": "00ff", "settings": {"servers": {"books": {"url": f"https://h.example/mcp/{URL_TOKEN}"}}}},
        {"kind": "file", "path": "home/finchat.toml", "text": TOML},
        {"kind": "file", "path": "home/hosts.json", "text": json.dumps({"mcpServers": {"x": {
            "command": "npx", "args": ["-y", "thing", "--api-key", CLIENT_SECRET], "env": {"N": BEARER}}}})},
        {"kind": "file", "path": "work/may.ofx", "text": OFX},
        {"kind": "file", "path": "work/may.sta", "text": MT940},
        {"kind": "file", "path": "work/may.xml", "text": CAMT},
        {"kind": "file", "path": "work/latin.csv", "base64": base64.b64encode(LATIN).decode()},
        {"kind": "file", "path": "work/wide.csv", "base64": base64.b64encode(UTF16).decode()},
        {"kind": "file", "path": "home/sessions/s1.jsonl", "text": f'{{"type":"asked","text":"{said}"}}\n' * 2},
        {"kind": "table", "path": "home/state.sqlite3", "sql": [], "name": "t",
         "columns": ["id", "bank_account", "body"], "rows": [
             [1, PLAIN_ACCOUNT, {"zlib": json.dumps(contact)}], [2, None, {"utf8": f"Bearer {BEARER}"}]]},
        {"kind": "mcp", "server": "books", "method": "initialize", "params": {}, "result": {"requestToken": JWT}},
        {"kind": "mcp", "server": "books", "method": "tools/call", "params": {"arguments": {"tenantId": TENANT}},
         "result": {"structuredContent": {"Contacts": [contact], "total": Decimal("123456.70")},
                    "content": [{"type": "text", "text": in_text}]}},
        {"kind": "mcp", "server": "books", "method": "tools/call", "params": {},
         "result": {"content": [{"type": "text", "text": f"Accounts: {PLAIN_ACCOUNT}; paid from {IBAN[:4]} "
                    f"{IBAN[4:8]} {IBAN[8:12]} {IBAN[12:16]} {IBAN[16:20]} {IBAN[20:]} by {CARD}; {DOMESTIC}"}]}},
        {"kind": "mcp", "server": "qb", "method": "tools/call", "params": {"arguments": {"realmId": REALM}},
         "error": {"code": -32000, "message": f"401 for /v3/company/{REALM}/invoice: Authorization: Bearer {BEARER}",
                   "headers": {"x-request-auth": BEARER, "retry-after": "5"}}},
        {"kind": "model", "path": "/responses", "body": body, "failure": {
            "kind": "status", "detail": f"Incorrect API key provided: {KEY}. See https://user:{CLIENT_SECRET}@h.example/",
            "document": {"error": {"message": f"key {KEY} is not valid"}}}},
        {"kind": "model", "path": "/responses", "body": body, "events": [
            *deltas("response.output_text.delta", said, 7),
            ["response.output_text.done", {"type": "response.output_text.done", "text": said}],
            *deltas("response.function_call_arguments.delta", arguments, 5),
            ["response.completed", {"response": {"output": [{"arguments": arguments}],
                                                 "usage": {"input_tokens": 12345}}}]]},
        {"kind": "model", "path": "/chat/completions", "body": body, "events": chat_deltas(arguments, 3)},
        {"kind": "human", "asks": "question", "prompt": "you>",
         "line": f"is {EMAIL} in https://x.example/c?api_key={QUERY_TOKEN}"},
        {"kind": "human", "asks": "line", "prompt": "Passphrase of the key: ", "line": TYPED},
        {"kind": "output", "exit_code": 0, "stdout": [f"/Users/{USER}/books: {EMAIL}\n"], "stderr": [f"{KEY}\n"]},
    ]  # fmt: skip


PLANTED = (
    KEY, BEARER, JWT, CLIENT_SECRET, URL_TOKEN, QUERY_TOKEN, TENANT, REALM, EMAIL, "anna.baker", "kiwi-feeds.co",
    "1234567-00", "123456700", "1234567", "0532013000", "11111111", TYPED, USER,
)  # fmt: skip


@pytest.fixture
def redacted() -> list[dict[str, Any]]:
    # What finchat itself knows: the model's key. All else is found by its shape or its field.
    return Redaction([KEY]).rows(rows())


def everything(rows: list[dict[str, Any]]) -> str:
    """All that a reader of the file can make of it: packed and encoded things unpacked, streams put together."""
    text = json.dumps(rows, default=str, ensure_ascii=False)
    text += "".join(
        base64.b64decode(row["base64"]).decode(encoding, "ignore")
        for row in rows if "base64" in row for encoding in ("latin-1", "utf-16")
    )  # fmt: skip
    for row in rows:
        for kind in ("response.output_text.delta", "response.function_call_arguments.delta"):
            text += "".join(data["delta"] for name, data in row.get("events", ()) if name == kind)
        text += "".join(
            data["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"]
            for name, data in row.get("events", ()) if name is None
        )  # fmt: skip
    return text


@pytest.mark.parametrize("secret", PLANTED)
def test_no_planted_secret_is_left(secret: str, redacted: list[dict[str, Any]]) -> None:
    assert secret.casefold() in everything(rows()).casefold().replace(" ", "") + TYPED  # it was there
    left = everything(redacted).casefold()
    assert secret.casefold() not in left
    assert secret.casefold() not in re.sub(r"[\s-]", "", left)


def test_the_scanner_finds_each_of_them_before_and_none_afterwards(redacted: list[dict[str, Any]]) -> None:
    assert scan(redacted) == []
    text = "\n".join(json.dumps(row, default=str) for row in redacted)
    assert scan(text) == []
    for line, row in enumerate(rows(), 1):
        if row.get("method") != "initialize" and row.get("line") != TYPED:
            assert any(finding.line == line for finding in scan(rows())), row


def test_a_finding_says_where_and_never_what_the_secret_is() -> None:
    found = scan('{"kind":"header"}\n{"kind":"human","line":"write to anna@kiwi-feeds.co.nz"}\nBearer tk7Hq2mZ0aa81Vx')
    assert [(each.line, each.where, each.what) for each in found] == [
        (2, "/line", "an e-mail address"), (3, "", "a bearer string")
    ]  # fmt: skip


def test_everything_else_stays_as_it_is(redacted: list[dict[str, Any]]) -> None:
    left = everything(redacted)
    for kept in ("INV-1", "Kiwi Feeds", '"max_output_tokens": 4096', "tokens = 400000", "MY_MODEL_KEY", "123456.70",
                 "call_1", "<TRNAMT>120.50", "retry-after", '"input_tokens": 12345', "Phones"):  # fmt: skip
        assert kept in left, kept


def test_the_same_is_the_same_everywhere(redacted: list[dict[str, Any]]) -> None:
    by_path = {row["path"]: row for row in redacted if row["kind"] in ("file", "table")}
    contact = redacted[11]["result"]["structuredContent"]["Contacts"][0]
    address, account = contact["EmailAddress"], contact["BankAccountDetails"].removeprefix("ANZ ")
    assert re.fullmatch(r"x+\d@mail\.example", address)
    assert len(address) == len(EMAIL)
    assert re.fullmatch(r"02-0456-\d{7}-00", account)
    assert account != ACCOUNT
    plain = account.replace("-", "")
    assert by_path["home/state.sqlite3"]["rows"][0][1] == plain
    assert f"<ACCTID>{plain[6:]}<" in by_path["work/may.ofx"]["text"]
    assert f"?31{plain}?32" in by_path["work/may.sta"]["text"]
    assert redacted[0]["command"][1] == f"who is {address}?"
    assert f"{address},{account}" in base64.b64decode(by_path["work/wide.csv"]["base64"]).decode("utf-16")
    settings = by_path["home/finchat.toml"]["text"]
    assert redacted[0]["settings"]["servers"]["books"]["url"].rpartition("/")[2] in settings


def test_statement_files_are_read_as_before(redacted: list[dict[str, Any]], tmp_path: Path) -> None:
    def read(rows: list[dict[str, Any]], name: str) -> Any:
        row = next(row for row in rows if row.get("path") == f"work/{name}")
        (tmp_path / name).write_bytes(row["text"].encode())
        return open_file(tmp_path / name)

    for name in ("may.ofx", "may.sta", "may.xml"):
        (before,), (after,) = (read(each, name).statements for each in (rows(), redacted))
        assert (after.opening, after.closing, len(after.lines)) == (before.opening, before.closing, len(before.lines))
        assert [line.amount for line in after.lines] == [line.amount for line in before.lines]
        assert after.numbers != before.numbers
        assert [is_iban(n) for n in after.numbers] == [is_iban(n) for n in before.numbers]
        assert [len(n) for n in after.numbers] == [len(n) for n in before.numbers]
    (mt940,), (camt,) = (read(redacted, name).statements for name in ("may.sta", "may.xml"))
    assert same_account(mt940.numbers[1], camt.numbers[0])  # the domestic number is still the end of the IBAN


def test_replacing_twice_is_replacing_once(redacted: list[dict[str, Any]]) -> None:
    assert Redaction([KEY]).rows(redacted) == redacted
    again = Redaction([KEY])
    assert again.rows(again.rows(rows())) == redacted


def test_a_new_secret_gets_no_stand_in_that_stands_for_another_already(redacted: list[dict[str, Any]]) -> None:
    added = [*redacted, {"kind": "human", "line": "and bert@kiwi-feeds.co.nz with Bearer tk.99Hq2mZ0aa81Vx"}]
    line = Redaction().rows(added)[-1]["line"]
    address, secret = line.split()[1], line.split()[-1]
    assert re.search(r"\d+@", address)[0] not in everything(redacted)  # type: ignore[index]
    assert secret.rstrip("x") not in everything(redacted)


def test_a_stand_in_follows_from_the_order_of_first_sight_alone() -> None:
    def first(text: str) -> str:
        return Redaction().text(text)

    assert first("anna@kiwi.co.nz") == first("bert@kiwi.co.nz")
    assert first("Bearer tk.7Hq2mZ0aa81Vx") == first("Bearer tk.1zzzmZ0bb99Vx")
    assert first("12-3456-7891234-55") == first("12-3456-1119876-11")


def test_what_the_settings_of_this_machine_hold_is_known(tmp_path: Path) -> None:
    (tmp_path / "finchat.toml").write_text(TOML)
    environ = {
        "FINCHAT_HOME": str(tmp_path), "OPENAI_API_KEY": KEY, "TOKENIZERS_PARALLELISM": "false",
        "QUICKBOOKS_REALM_ID": REALM,
    }  # fmt: skip
    settings = load_settings(home_from_environment(environ), environ=environ)
    found = known_secrets(settings, environ)
    assert {KEY, REALM, CLIENT_SECRET, TENANT, URL_TOKEN, QUERY_TOKEN, BEARER} <= {
        each.removeprefix("Bearer ") for each in found
    }
    assert "false" not in found
    assert len(found) <= 8


def test_paths_are_called_as_in_a_replay() -> None:
    redaction = Redaction(paths={"/home/annabaker/work": "work", "/home/annabaker/work/.finchat": "home", "/": "root"})
    text = "/home/annabaker/work/.finchat/plans/x.json in /home/annabaker/work: /home/annabaker/works, https://h/home/x"
    assert redaction.text(text) == "home/plans/x.json in work: /home/somebody/works, https://h/home/x"


def test_a_recorded_file_is_redacted_with_the_paths_that_were_watched(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/feed.json").write_text(
        json.dumps({"account": f"account {ACCOUNT}", "at": str(tmp_path / "home")})
    )
    with Watch({"home": tmp_path / "home"}) as watched:
        read_bounded(tmp_path / "home/feed.json")
    (row,) = Redaction((), watched.paths()).rows(watched.rows())
    assert json.loads(row["text"])["at"] == "home"
    assert ACCOUNT not in row["text"]


def unpacked(cell: Mapping[str, str]) -> bytes:
    return zlib.compress(cell["zlib"].encode())


def test_packed_results_are_packed_again_as_json(redacted: list[dict[str, Any]]) -> None:
    cell = redacted[9]["rows"][0][2]
    assert json.loads(zlib.decompress(unpacked(cell)))["Name"] == "Kiwi Feeds"
