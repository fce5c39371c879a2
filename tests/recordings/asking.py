"""Recordings of one question through a model."""

from __future__ import annotations

from tests.recordings.driving import World, line
from tests.recordings.row import ASKED, Recording, policy, settings
from tests.recordings.scripts import expense_accounts, gullible, in_bad_form, late_fee, never_enough, through_the_ledger
from tests.scripted.conversations import drafts, matching, reports, wishes
from tests.scripted.conversations.hostile import TWINS, repents
from tests.scripted.server import Raw, Say, Script, Seen, error, in_turns, stream_of, streamed

OVERDUE = "List the unpaid invoices that are more than 30 days overdue."
_QUARTER = "What was our gross margin last quarter, and the two highest operating expenses as a share of revenue?"
_PAYMENT = "Record a payment of 736 against HB-104, received on 14 November 2026 through account 090."


def hostile_company(world: World) -> None:
    world.open_books(hostile=True)


def _cut_once(honest: Script) -> Script:
    """The first answer breaks off in the middle; the second attempt is whole."""

    def script(seen: Seen) -> Say | Raw:
        said = honest(seen)
        if seen.turn == 2:
            assert isinstance(said, Say)
            return streamed(seen, stream_of(seen, said)[:4], done=False, end="cut")
        return said

    return script


ROWS = (
    Recording(
        name="ask-overdue-invoices",
        title="Which invoices are more than 30 days overdue, and whose they are; every figure traced",
        command=("ask", OVERDUE, "--api", "responses"),
        model=reports.unpaid,
    ),
    Recording(
        name="chat-completions-api",
        title="The same question over the Chat Completions API",
        command=("ask", OVERDUE, "--api", "chat"),
        model=reports.unpaid,
    ),
    Recording(
        name="ask-answer-taken-whole",
        title="The same question without a stream, and its answer as one JSON document",
        command=("ask", OVERDUE, "--api", "responses", "--no-stream", "--json"),
        model=reports.unpaid,
    ),
    Recording(
        name="ask-events-for-scripts",
        title="The events of a question as JSON lines",
        command=("ask", OVERDUE, "--events"),
        model=reports.unpaid,
    ),
    Recording(
        name="ask-profit-last-quarter",
        title="The gross margin of the last quarter and the highest expenses, computed in code",
        command=("ask", _QUARTER),
        model=reports.profit,
    ),
    Recording(
        name="ask-lines-of-an-invoice",
        title="The lines of one invoice, explained",
        command=("ask", "Explain the lines of invoice HB-105."),
        model=reports.document,
    ),
    Recording(
        name="ask-contact-before-a-quote",
        title="What a customer owes and on which terms, before a quote",
        command=("ask", "Before I send a quote to Tūī Books: what do they owe, and what are their terms?"),
        model=reports.contact,
    ),
    Recording(
        name="ask-bank-lines",
        title="Bank lines of seven days that the ledger does not hold",
        command=("ask", "Which bank lines of the last 7 days are not in the ledger, and what are they?"),
        model=reports.bank,
    ),
    Recording(
        name="ask-any-list-of-the-ledger",
        title="A list that finchat has no tool of its own for: found among the server's reads, and queried",
        command=("ask", "Which tax rates do we have?"),
        model=through_the_ledger,
    ),
    Recording(
        name="ask-chart-of-accounts",
        title="The accounts that money can be booked to",
        command=("ask", "Which expense accounts can I book to?"),
        model=expense_accounts,
    ),
    Recording(
        name="ask-private-stand-ins",
        title="Names stay here: the model gets stand-ins, the person reads the real ones; all that left is shown",
        command=("ask", OVERDUE, "--private", "--show-sent"),
        model=reports.unpaid,
    ),
    Recording(
        name="ask-hostile-ledger-text",
        title="An invoice tells the model to record it as paid; the model obeys, and nothing is written",
        command=("ask", "Is there anything odd about invoice HB-106?"),
        books=hostile_company,
        model=gullible,
    ),
    Recording(
        name="ask-hostile-model-calls",
        title="A model that asks for writes, for tools it was not offered and in bad form: nothing of it runs",
        command=("ask", "How much does Whero Wines owe us?"),
        model=in_bad_form,
        strict=False,
    ),
    Recording(
        name="ask-unverified-figure-marked",
        title="A model that insists on a total nothing adds up to: told once, then marked in the answer",
        command=("ask", OVERDUE),
        model=TWINS["An unlisted sum"],
    ),
    Recording(
        name="ask-wrong-figure-corrected",
        title="A model that mixes total and subtotal up is told once, and puts it right",
        command=("ask", "Explain the lines of invoice HB-105."),
        model=repents(TWINS["A wrong field"], reports.document),
    ),
    Recording(
        name="ask-claim-of-a-record-denied",
        title="A model claims to have recorded a payment that only waits: marked, and denied in the last line",
        command=("ask", _PAYMENT),
        exit_code=3,
        model=TWINS["A claim that something was recorded"],
    ),
    Recording(
        name="ask-what-cannot-be-done",
        title="A wish that finchat cannot fulfil, with the reason and what is possible instead",
        command=("ask", "Please create a purchase order for Paperhouse."),
        model=wishes.impossible,
    ),
    Recording(
        name="ask-draft-saved-for-a-person",
        title="A payment drafted away from a terminal: saved as a plan, nothing is written",
        command=("ask", _PAYMENT),
        exit_code=3,
        model=drafts.payment,
    ),
    Recording(
        name="ask-late-fee-separate-first",
        title="A late fee on an issued invoice: computed in code, offered as an invoice of its own, saved as a plan",
        command=("ask", "Add a 5 % late fee to invoice HB-104, account 200, tax OUTPUT2, due 20 December 2026."),
        exit_code=3,
        model=late_fee,
    ),
    Recording(
        name="ask-payment-that-contradicts-the-books",
        title="A payment said to settle an invoice in full that it does not: nothing is drafted, the person is asked",
        command=("ask", _PAYMENT.replace("736", "700").replace(".", ", it is fully paid.")),
        model=drafts.payment,
    ),
    Recording(
        name="ask-deposits-matched-and-approved",
        title="Past-due invoices matched to deposits: one approved, one refused, told as the ledger has it",
        command=("ask", "Match the past-due invoices to the deposits of the last two days and record the payments."),
        exit_code=3,
        model=matching.reconcile,
        typed=(line(ASKED, "y"), line(ASKED, "r"), line("Why not", "settled by set-off"), line(ASKED, "q")),
    ),
    Recording(
        name="ask-read-only",
        title="With --read-only a model is offered nothing that could propose a write",
        command=("ask", "Record a payment of HB-104.", "--read-only"),
        model=lambda seen: Say(
            f"I was offered {len(seen.tools)} tools, and none of them drafts anything, so I cannot prepare a payment."
        ),
    ),
    Recording(
        name="ask-read-allowed-by-a-person",
        title="A policy that asks before each kind of read: allowed once at the terminal, then not asked again",
        command=("ask", OVERDUE),
        before=policy('version = 1\n[servers.books]\ntools = { "list_all_xero_invoices" = "ask" }\n'),
        model=reports.unpaid,
        typed=(line(r"Allow this read[^:]*: *$", "y"),),
    ),
    Recording(
        name="ask-limit-of-turns",
        title="A model that never comes to an end is stopped by the limit of turns",
        command=("ask", "What is going on?"),
        exit_code=9,
        before=settings("[limits]\nturns = 3\n"),
        model=never_enough,
    ),
    Recording(
        name="model-endpoint-dead",
        title="Nobody listens at the model's endpoint: one line, and exit code 7",
        command=("ask", OVERDUE),
        exit_code=7,
        environment={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_MODEL": "scripted"},
    ),
    Recording(
        name="model-refuses-the-key",
        title="The endpoint refuses the key: exit code 6",
        command=("ask", OVERDUE),
        exit_code=6,
        model=lambda _seen: error(401, "Incorrect API key provided.", code="invalid_api_key"),
    ),
    Recording(
        name="model-busy-then-answers",
        title="The model's endpoint is busy (429) and names a wait; then it answers",
        command=("ask", "Who are you?"),
        model=in_turns(
            error(429, "Rate limit reached", kind="rate_limit_error", headers={"retry-after": "2"}),
            Say("I answer questions about the books of this organisation."),
        ),
    ),
    Recording(
        name="model-answer-cut-off",
        title="An answer that breaks off in the middle is asked for again; none of its words counts",
        command=("ask", OVERDUE),
        model=_cut_once(reports.unpaid),
    ),
)
