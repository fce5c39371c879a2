"""What leaves for the model under --private, and what comes back."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finchat.agent import evidence
from finchat.agent.evidence.sandboxed import FUNCTIONS
from finchat.agent.messages import (
    Api,
    AssistantText,
    Item,
    ModelEvent,
    ModelRequest,
    Reasoning,
    Retrying,
    TextDelta,
    ToolCall,
    ToolOutput,
    ToolSpec,
    TurnComplete,
    UserText,
)
from finchat.agent.plain_words import PLAIN_WORDS
from finchat.agent.privacy import PrivateModel, StandIns
from finchat.connections.toolbox import CallError, CallResult
from tests.agent.evidence.kept import AT, Session

CONTACTS: list[dict[str, Any]] = [
    {
        "Name": "Kauri & Sons Ltd", "EmailAddress": "pat@kauri.example", "FirstName": "Pat", "LastName": "Tremblay",
        "TaxNumber": "101-2-303", "BankAccountDetails": "12-3456-0123456-00", "ContactStatus": "ACTIVE",
        "Phones": [{"PhoneType": "DDI", "PhoneNumber": "1111 2222", "PhoneAreaCode": "02", "PhoneCountryCode": "64"}],
        "Addresses": [{"AddressType": "STREET", "AddressLine1": "12 Quince Lane", "City": "Ngaio", "Country": "NZ"}],
    },
    {"Name": "Zoë's Café", "ContactStatus": "ACTIVE"},
]  # fmt: skip


def known(*names: str) -> StandIns:
    standins = StandIns()
    standins.preload({"name": name} for name in names)
    return standins


def learned(**structured: Any) -> StandIns:
    standins = StandIns()
    standins.learn(CallResult(structured=structured))
    return standins


# Properties

_SIGNS = st.sampled_from([" ", "  ", "-", " & ", "'", ". ", ", ", "/", '"', "\\", "_", "(", "\n", ": ", "{", "5", "é"])
_WORDS = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd"]), min_size=1, max_size=6)
_NAMES = st.lists(st.tuples(_WORDS, _SIGNS), min_size=1, max_size=3).map(
    lambda pairs: "".join(word + sign for word, sign in pairs[:-1]) + pairs[-1][0]
)
_CONTACT_DATA = st.sampled_from(
    ["bo@a.example", "o'x+y@sub.b.example", "+64 21 123 4567", "GB29 NWBK 6016 1331 9268 19"]
)
_CODES = st.text("0123456789", min_size=7, max_size=16)
_FORGED = st.sampled_from(
    [
        "Contact-01",
        "Text-2",
        "CONTACT-1v2",
        "email-3@stand-in.invalid",
        "Name\u20111",
        "\\n",
        "\\u00e9",
        "&amp;",
        "…",
        '"',
    ]
)


@st.composite
def texts(draw: st.DrawFn) -> tuple[list[str], str]:
    """Values, and a text that holds them in several spellings among all kinds of other things."""
    values = draw(st.lists(_NAMES | _CONTACT_DATA | _CODES, min_size=1, max_size=4))
    one = st.sampled_from(values)
    spelled = one | one.map(str.upper) | one.map(str.lower) | one.map(lambda value: json.dumps(value)[1:-1])
    parts = draw(st.lists(spelled | _FORGED | st.text(max_size=6) | st.just(" "), max_size=10))
    return values, "".join(parts)


_IN_A_WORD = r"(?:[^\W_]|[\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff])"
_STAND_IN = re.compile(
    r"(?<![^\W_])(?:Contact|Email|Phone|BankAccount|Text|Name)-\d+(?:v\d+)?(?:@stand-in\.invalid)?(?![^\W_])",
    re.IGNORECASE,
)


def stands_in(value: str, text: str) -> bool:
    """Whether a value is in a text as whole words, in whatever case."""
    return re.search(f"(?<!{_IN_A_WORD}){re.escape(value)}(?!{_IN_A_WORD})", text, re.IGNORECASE) is not None


@settings(max_examples=150, deadline=None)
@given(texts())
@example((["Acme"], 'C:\\nAcme, xAcme, Acme5, ACME_1, "Acme", Contact-01Acme'))
@example((["A B", "B C"], "a b c"))
def test_no_known_value_goes_out_and_everything_comes_back(case: tuple[list[str], str]) -> None:
    values, text = case
    standins = StandIns()
    for value in values:
        standins.add("Contact", value)
    out = standins.out(text)
    assert standins.back(out) == text
    rest = _STAND_IN.sub("\0", out)
    for value in values:
        letters = re.sub(r"[\W_]", "", value)
        if len(letters) > 1 and (not letters.isdigit() or len(letters) > 6) and letters.casefold() not in PLAIN_WORDS:
            assert not stands_in(value, rest), (value, out)


@settings(max_examples=60, deadline=None)
@given(texts(), st.data())
def test_words_come_back_the_same_however_they_are_cut(case: tuple[list[str], str], data: st.DataObject) -> None:
    values, text = case
    standins = StandIns()
    for value in values:
        standins.add("Contact", value)
    out = standins.out(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(out)), max_size=6)))
    pieces = [out[a:b] for a, b in zip([0, *cuts], [*cuts, len(out)], strict=True)]
    events = play(
        PrivateModel(Scripted([[*map(TextDelta, pieces), TurnComplete(items=(AssistantText(out),))]]), standins)
    )
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == standins.reveal(out)
    assert isinstance(events[-1], TurnComplete)
    assert events[-1].text == standins.reveal(out)


# What is replaced


@pytest.mark.parametrize(
    "text",
    [
        "Kauri & Sons Ltd", "KAURI & SONS LTD", "kauri and sons? No: Kauri &amp; Sons  Ltd.", "Kauri \\u0026 Sons Ltd",
        '{"Name": "Kauri & Sons Ltd", "x": 1}', "paid to Kauri\nSons Ltd", "KAURI SONS LTD INV-0042", "Kauri & So…",
    ],
)  # fmt: skip
def test_a_name_is_found_in_the_ways_people_and_formats_write_it(text: str) -> None:
    standins = StandIns()
    standins.preload(CONTACTS)
    out = standins.out(text)
    assert "Sons" not in out.title() or "and sons?" in text
    assert "Contact-01" in out.title()
    assert standins.back(out) == text


def test_names_are_found_without_their_accents_and_inside_escapes() -> None:
    standins = StandIns()
    standins.preload(CONTACTS)
    for text in ("ZOES CAFE", "Zoe's Cafe", json.dumps("Zoë's Café")):
        assert "ZO" not in standins.out(text).upper()
        assert standins.back(standins.out(text)) == text
    assert standins.reveal(standins.out("Zo\\u00eb's Caf\\u00e9")) == "Zoë's Café"


def test_every_kind_of_contact_data_has_a_stand_in_of_its_kind() -> None:
    standins = StandIns()
    standins.preload(CONTACTS)
    said = "Pat Tremblay, pat@kauri.example, 02 1111 2222, +64 2 1111 2222, 12 Quince Lane, Ngaio, 101-2-303, "
    said += "12-3456-0123456-00"
    out = standins.out(said)
    assert [re.sub(r"\d+", "1", part) for part in out.split(", ")] == [
        "Person-1", "Email-1@stand-in.invalid", "Phone-1", "Phone-1", "Address-1", "Address-1", "TaxNumber-1",
        "BankAccount-1",
    ]  # fmt: skip
    assert standins.back(out) == said


def test_amounts_dates_numbers_and_codes_go_out_as_they_are() -> None:
    standins = learned(
        invoices=[
            {
                "number": "INV-0042", "contact": "Acme Ltd", "amount_due": Decimal("1234.50"), "currency": "NZD",
                "due_date": "2026-11-20", "reference": "PO 64319", "account_code": "200", "tax_type": "OUTPUT2",
            }
        ],
        accounts=[{"name": "Business Bank", "code": "090"}],
        records=[{"AccountID": "x", "Code": "860", "Name": "Rounding Zeta"}, {"TaxType": "OUTPUT2", "Name": "Zeta 15"}],
    )  # fmt: skip
    text = "INV-0042 of Acme Ltd: 1234.50 NZD due 2026-11-20, PO 64319, account 200 OUTPUT2, Business Bank (090), "
    text += "Rounding Zeta, Zeta 15"
    assert standins.out(text) == text.replace("Acme Ltd", "Contact-01")


def test_of_free_text_only_plain_words_and_numbers_are_sent() -> None:
    standins = learned(
        bank_lines=[
            {"narration": "DEP JAMES KOWALSKI DENVER INV-04155", "amount": "10.00"},
            {"narration": "Payment from J Smith for INV-0042", "amount": "10.00"},
            {"description": "10 hours of consulting with Bob Stone", "notes": "call 021 555 1234 after 5 pm"},
        ]
    )
    lines = [
        "DEP JAMES KOWALSKI DENVER INV-04155", "Payment from J Smith for INV-0042",
        "10 hours of consulting with Bob Stone", "call 021 555 1234 after 5 pm",
    ]  # fmt: skip
    assert [re.sub(r"\d+", "N", standins.out(line)) for line in lines] == [
        "DEP Text-N INV-N", "Payment from Text-N for INV-N", "N hours of consulting with Text-N",
        "call Text-N after N pm",
    ]  # fmt: skip
    assert standins.out("Use the tool; J Smith asks.", own=True) == "Use the tool; J Smith asks."


def test_the_letters_of_a_document_number_are_no_name() -> None:
    standins = learned(lines=[{"narration": "CR FROM OLDFIELD SI 51759"}, {"narration": "SI-51701 SMITHSON-77 SI 1"}])
    out = standins.out("SI-51701 and SI-51759 are of OLDFIELD and SMITHSON-77")
    assert re.sub(r"Text-\d+", "Text", out) == "SI-51701 and SI-51759 are of Text and Text"


@pytest.mark.parametrize(
    ("narration", "sent"),
    [
        ("CR FROM GRAYLING PLUMBING SER TRN 41997571", "CR FROM Text TRN 41997571"),
        ("CR FROM HOUSE OF TARRANT CATERING SI-51727 LESS FEE", "CR FROM Text SI-51727 LESS FEE"),
        ("CARD 4835 SQ *OTWAY STEEL 3283", "CARD 4835 Text 3283"),
        ("PAYMENT TO OLD GRAYLING FREIGHT SI-43913", "PAYMENT TO Text SI-43913"),
        ("STAFF WAGES PETTY CASH", "STAFF WAGES PETTY CASH"),
        ("CR FROM KAURI SONS LTD CALL-OUT FEE", "CR FROM Contact CALL-OUT FEE"),
        ("Payment from Grayling for plumbing", "Payment from Text for plumbing"),
    ],
)
def test_a_plain_word_beside_a_name_in_capitals_may_be_of_it_unless_banks_use_it(narration: str, sent: str) -> None:
    standins = known("Kauri & Sons Ltd")
    standins.learn(CallResult(structured={"bank_lines": [{"narration": narration}]}))
    assert re.sub(r"(Text|Contact)-\d+(v\d+)?", r"\1", standins.out(narration)) == sent


def test_the_letters_of_a_number_are_no_part_of_the_words_before_it() -> None:
    lines = ["CR FROM GRAYLING CATERING SER SI 51677", "CR FROM GRAYLING CATERING SER SI-51727"]
    standins = learned(bank_lines=[{"narration": line} for line in lines])
    masked = [re.sub(r"Text-\d+", "Text", standins.out(line)) for line in lines]
    assert masked[1] == "CR FROM Text SI-51727"
    assert "SI" not in masked[0]  # nobody has said yet that it is the beginning of a number
    standins.learn(CallResult(structured={"documents": [{"number": "SI-51001", "contact": "Otway"}]}))
    assert [re.sub(r"Text-\d+", "Text", standins.out(line)) for line in lines] == [
        "CR FROM Text SI 51677", "CR FROM Text SI-51727",
    ]  # fmt: skip


HOSTILE_WORDS = "CANNOT SUBSTR UNSETTLED VERIFIED FOLLOWED QUOTED TRIM CONCAT COLUMNS"  # finchat's own, as a bank line


async def test_of_a_query_the_values_are_masked_and_the_words_of_sql_and_finchat_are_not(tmp_path: Path) -> None:
    session, standins = Session(tmp_path), StandIns()
    answer = {
        "period": {"from": "2026-10-22", "to": "2026-11-20"},
        "unsettled_totals": [{"currency": "NZD", "amount": "7.00"}],
        "unsettled_lines": [
            {"narration": "DEP GRAYLING SI-51727", "contact": "Otway Ltd", "email": "jo@otway.example"},
            {"narration": HOSTILE_WORDS, "contact": "Kauri & Sons Ltd", "email": None},
        ],
    }
    standins.learn(CallResult(structured=answer), server="books", tool="bank_lines")
    session.keep(answer, "bank_lines")
    sql = (
        "SELECT substr(contact, 1, 4) AS code, trim(narration) AS status, group_concat(email) FROM e1_unsettled_lines"
        " GROUP BY contact ORDER BY 1 DESC"
    )
    result = await session.tools.call("query", {"sql": sql})
    standins.learn(result, server="finchat", tool="query")
    view = session.store.keep(server="finchat", tool="query", arguments={"sql": sql}, result=result, at=AT).view
    session.store.close()
    assert re.sub(r"-\d\d\b", "", standins.out(view)).splitlines() == [
        "[e2] finchat.query",
        "SELECT SUBSTRING(e1_unsettled_lines.contact, 1, 4) AS code, TRIM(e1_unsettled_lines.narration) AS status, "
        "GROUP_CONCAT(e1_unsettled_lines.email) FROM e1_unsettled_lines GROUP BY e1_unsettled_lines.contact "
        "ORDER BY 1 DESC",
        "columns: code = not followed; status = not followed; GROUP_CONCAT(email) = not followed",
        "note: cannot be verified, so not to be quoted: code, status, GROUP_CONCAT(email)",
        "contact | code | status | GROUP_CONCAT(email)",
        "Contact | Text | DEP Text SI-51727 | Email@stand-in.invalid",
        f"Contact | Text | {HOSTILE_WORDS} | ",
    ]


@pytest.mark.parametrize("module", ["views", "query", "sandboxed", "summary", "sql_names"])
def test_every_word_that_finchat_says_of_a_result_is_a_plain_one(module: str) -> None:
    source = ast.parse((Path(evidence.__file__).parent / f"{module}.py").read_text("utf-8"))
    remarks = {id(node.value) for node in ast.walk(source) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(source)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in remarks
    ]
    said = {word.lower() for text in texts if " " in text for word in re.findall(r"[A-Za-z]{2,}", text)}
    assert said - PLAIN_WORDS == set(), "add them to plain_words, or --private withholds them"


def test_every_function_of_sql_is_a_plain_word() -> None:
    assert {part for name in FUNCTIONS for part in name.split("_")} - PLAIN_WORDS <= {"d"}


def test_answers_in_text_and_errors_teach_as_well() -> None:
    standins = StandIns()
    standins.learn(CallResult(text=json.dumps({"Contacts": [{"Name": "Wattle Pty"}]})))
    standins.learn(CallResult(text="Invoice sent to Ms Ngata"))
    standins.learn(
        CallResult(error=CallError(code="validation", message="Contact Hinewai is archived", outcome="failed"))
    )
    out = standins.out("Wattle Pty, Ms Ngata, Hinewai")
    assert not any(name in out for name in ("Wattle", "Ngata", "Hinewai"))


def test_a_real_text_that_looks_like_a_stand_in_is_not_taken_for_one() -> None:
    standins = known("Acme Ltd")
    assert standins.out("Acme Ltd") == "Contact-01"
    forged = "Pay Contact-01, contact-1 and Contact\u201101 now"
    out = standins.out(forged)
    assert "ontact" not in out
    assert standins.back(out) == forged
    assert "Acme" not in standins.reveal(out)


def test_the_model_may_spell_a_stand_in_its_own_way_and_one_it_made_up_stays() -> None:
    standins = known("Acme Ltd")
    standins.out("Acme Ltd and ACME LTD")
    assert standins.reveal("Contact-01, Contact-1, CONTACT-01, contact\u201101, Contact-02") == (
        "Acme Ltd, Acme Ltd, ACME LTD, Acme Ltd, Contact-02"
    )


# The model


@dataclass
class Scripted:
    """Plays what it is given, one turn after the other, and keeps the requests. Implements Model."""

    turns: Sequence[Sequence[ModelEvent]]
    requests: list[ModelRequest] = field(default_factory=list)
    name: str = "scripted"
    api: Api = "responses"
    destination: str = "http://127.0.0.1"
    closed: bool = False

    async def turn(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        for event in self.turns[min(len(self.requests), len(self.turns)) - 1]:
            yield event

    async def close(self) -> None:
        self.closed = True


async def asked(
    model: PrivateModel, *items: Item, instructions: str = "", tools: Sequence[ToolSpec] = ()
) -> list[ModelEvent]:
    return [e async for e in model.turn(ModelRequest(instructions=instructions, items=items, tools=tuple(tools)))]


def play(model: PrivateModel, *items: Item) -> list[ModelEvent]:
    """`asked`, without an event loop: the scripted model waits for nothing."""
    coroutine = asked(model, *items)
    try:
        coroutine.send(None)
    except StopIteration as ended:
        events: list[ModelEvent] = ended.value
        return events
    raise AssertionError("the scripted model waited")


DONE = [TurnComplete(items=(AssistantText("ok"),))]


async def test_everything_but_reasoning_and_names_of_tools_is_masked() -> None:
    inner = Scripted([DONE])
    reasoning = Reasoning({"encrypted": "Acme Ltd in a code nobody reads"})
    spec = ToolSpec("acme__list", "Lists invoices of Acme Ltd.", {"properties": {"who": {"enum": ["Acme Ltd", 1]}}})
    await asked(
        PrivateModel(inner, known("Acme Ltd")), UserText("What does Acme Ltd owe?"), reasoning,
        ToolCall("call-1", "acme__list", '{"who":"Acme Ltd"}'), ToolOutput("call-1", "Acme Ltd owes 100.00"),
        AssistantText("Acme Ltd owes 100.00"), instructions="You work for Acme Ltd.", tools=[spec],
    )  # fmt: skip
    (request,) = inner.requests
    assert request.items == (
        UserText("What does Contact-01 owe?"), reasoning, ToolCall("call-1", "acme__list", '{"who":"Contact-01"}'),
        ToolOutput("call-1", "Contact-01 owes 100.00"), AssistantText("Contact-01 owes 100.00"),
    )  # fmt: skip
    assert request.instructions.startswith("You work for Contact-01.")
    assert "stand-in" in request.instructions
    (tool,) = request.tools
    assert (tool.name, tool.description) == ("acme__list", "Lists invoices of Contact-01.")
    assert tool.parameters == {"properties": {"who": {"enum": ["Contact-01", 1]}}}


async def test_arguments_come_back_as_json_and_as_sql() -> None:
    name = 'O\'Brien "Bo" Ltd\\'
    standins = known(name)
    stand_in = standins.out(name)
    calls = (ToolCall("1", "find", f'{{"name":"{stand_in}"}}'), ToolCall("2", "query", f'{{"sql":"a=\'{stand_in}\'"}}'))
    (event,) = await asked(PrivateModel(Scripted([[TurnComplete(items=calls)]]), standins), UserText("hi"))
    assert isinstance(event, TurnComplete)
    found, query = (json.loads(call.arguments) for call in event.calls)
    assert found == {"name": name}
    assert query == {"sql": "a='O''Brien \"Bo\" Ltd\\'"}


async def test_what_is_retried_leaves_nothing_behind() -> None:
    standins = known("Acme Ltd")
    standins.out("Acme Ltd")
    again = Retrying(seconds=1.0, reason="busy", attempt=1)
    done = TurnComplete(items=(AssistantText("Contact-01."),))
    inner = Scripted([[TextDelta("Conta"), again, TextDelta("Contact-0"), TextDelta("1."), done]])
    events = await asked(PrivateModel(inner, standins), UserText("hi"))
    assert events == [again, TextDelta("Acme Ltd."), TurnComplete(items=(AssistantText("Acme Ltd."),))]


async def test_a_name_learned_later_is_masked_in_what_was_said_before() -> None:
    standins = StandIns()
    inner = Scripted([DONE])
    model = PrivateModel(inner, standins)
    question, other = UserText("is wattle pty overdue?"), UserText("and the others?")
    await asked(model, question, other)
    standins.learn(CallResult(structured={"contacts": [{"name": "Wattle Pty"}]}))
    await asked(model, question, other)
    assert inner.requests[0].items[0] == question  # typed small, and nobody knew it
    assert inner.requests[1].items[0] == UserText("is contact-01 overdue?")
    assert inner.requests[1].items[1] is inner.requests[0].items[1]  # nothing else is looked through again


async def test_names_and_contact_data_that_a_person_types_are_masked() -> None:
    standins = StandIns()
    inner = Scripted([DONE])
    said = "Add a contact Jane Doe-Tahana, jane@doe.example, phone 021 123 4567, and bill her 2,500 on 2026-11-20."
    await asked(PrivateModel(inner, standins), UserText(said))
    (item,) = inner.requests[0].items
    assert isinstance(item, UserText)
    assert item.text == (
        "Add a contact Name-01, Email-01@stand-in.invalid, phone Phone-01, and bill her 2,500 on 2026-11-20."
    )
    assert standins.reveal("Name-01") == "Jane Doe-Tahana"


@pytest.mark.parametrize(
    "question",
    [
        "Run the P&L of the last quarter and summarise gross margin and the three highest operating expenses.",
        "Which invoices are more than 30 days overdue?", "Create an invoice for 2,500", "Create a bank rule",
        "Look up invoice INV-0042 and explain its lines", "Show me the GST on account code 200 in November",
    ],
)  # fmt: skip
def test_a_question_without_a_name_goes_out_as_it_is(question: str) -> None:
    standins = StandIns()
    standins.learn_said(question)
    assert standins.out(question) == question


async def test_the_wrapper_is_the_model_it_wraps() -> None:
    inner = Scripted([DONE])
    model = PrivateModel(inner, StandIns())
    assert (model.name, model.api, model.destination) == ("scripted", "responses", "http://127.0.0.1")
    await model.close()
    assert inner.closed
