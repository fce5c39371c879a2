"""Recordings of the chat at a terminal."""

from __future__ import annotations

import threading

from tests.recordings.asking import OVERDUE
from tests.recordings.driving import World, key, line, with_model
from tests.recordings.row import ASKED, CTRL_C, CTRL_D, PROMPT, Recording
from tests.recordings.scripts import says, session, stuck_after, two_days, who_owes
from tests.scripted.conversations import drafts, reports
from tests.scripted.server import ScriptedModel

_PAYMENT = "Record a payment of 736 against HB-104, received on 14 November 2026 through account 090."
_INVOICE = "Draft an invoice for Tūī Books with 10 hours at 150 and one licence at 500 on account code 200."
_CONTACT = "Add a contact Waimea Orchard with the e-mail address office@waimea.example."
_NEVER = threading.Event()


def _earlier_chat(world: World) -> None:
    """A chat of which a draft was left."""
    with ScriptedModel(session({"Add a contact": drafts.contact})) as model:
        world.at_terminal(
            ("chat",), (line(PROMPT, _CONTACT), line(ASKED, "q"), key(PROMPT, CTRL_D)), environment=with_model(model)
        )
    (saved,) = world.document("sessions")["sessions"]
    world.facts["session"] = saved["id"]


ROWS = (
    Recording(
        name="demo",
        title="A minute with finchat: who owes what, bank lines matched, one payment approved and one refused",
        command=("chat",),
        typed=(
            line(PROMPT, "Who owes us the most, and what is overdue?"),
            line(PROMPT, "/source 3,588.00"),
            line(PROMPT, "Match the bank lines of 16 and 17 November with our invoices."),
            line(ASKED, "y"),
            line(ASKED, "r"),
            line("Why not", "they dispute HB-109"),
            line(ASKED, "n"),
            key(PROMPT, CTRL_D),
        ),
        model=session({"Who owes us": who_owes, "Match the bank lines": two_days}),
        colour=True,
        piece=12,
    ),
    Recording(
        name="chat-past-due-and-payment",
        title="In the chat: what is overdue, then a payment drafted, approved on its card, and told",
        command=("chat",),
        typed=(line(PROMPT, OVERDUE), line(PROMPT, _PAYMENT), line(ASKED, "y"), key(PROMPT, CTRL_D)),
        model=session({"List the unpaid": reports.unpaid, "Record a payment": drafts.payment}),
        colour=True,
    ),
    Recording(
        name="chat-draft-invoice-approved",
        title="An invoice drafted from words, with terms and tax from the books, approved on its card",
        command=("chat",),
        typed=(line(PROMPT, _INVOICE), line(ASKED, "y"), key(PROMPT, CTRL_D)),
        model=session({"Draft an invoice": drafts.invoice}),
    ),
    Recording(
        name="chat-draft-asks-what-is-missing",
        title="An invoice of which too little was said: the person is asked, nothing is made up",
        command=("chat",),
        typed=(line(PROMPT, "Draft an invoice for Tūī Books for 2,500."), key(PROMPT, CTRL_D)),
        model=session({"Draft an invoice": drafts.invoice}),
    ),
    Recording(
        name="chat-new-contact",
        title="A new contact drafted in the chat, approved on its card, in the ledger",
        command=("chat",),
        typed=(line(PROMPT, _CONTACT), line(ASKED, "y"), key(PROMPT, CTRL_D)),
        model=session({"Add a contact": drafts.contact}),
    ),
    Recording(
        name="chat-refused-with-a-reason",
        title="A draft refused with a reason, which the model hears",
        command=("chat",),
        typed=(
            line(PROMPT, _CONTACT),
            line(ASKED, "r"),
            line("Why not", "we know them as Waimea Fruit"),
            key(PROMPT, CTRL_D),
        ),
        model=session({"Add a contact": drafts.contact}),
    ),
    Recording(
        name="chat-reconcile-and-undo",
        title="The chat without a model: a day matched and a payment approved, then its plan taken back",
        command=("chat",),
        typed=(
            line(PROMPT, "/reconcile from 2026-11-16 to 2026-11-16"),
            line(ASKED, "y"),
            line(PROMPT, "/plan all"),
            line(r"(20261120-\w{8}) +2026-11-20[^>]*finchat> *$", lambda shown: f"/undo {shown[1]}"),
            line(ASKED, "y"),
            key(PROMPT, CTRL_D),
        ),
    ),
    Recording(
        name="chat-slash-commands",
        title="The commands of the chat: organisation, tools, servers, policy, sources, what was sent, costs",
        command=("chat",),
        typed=(
            line(PROMPT, "/help"),
            line(PROMPT, "/org"),
            line(PROMPT, OVERDUE),
            line(PROMPT, "/source 1"),
            line(PROMPT, "/tools credit notes"),
            line(PROMPT, "/servers"),
            line(PROMPT, "/policy create_a_xero_payment"),
            line(PROMPT, "/sent"),
            line(PROMPT, "/cost"),
            line(PROMPT, "/model"),
            line(PROMPT, "/sessions"),
            line(PROMPT, "/audit 5"),
            line(PROMPT, "/compact"),
            line(PROMPT, "/export overdue.md"),
            line(PROMPT, "/quti"),
            line(PROMPT, "/quit"),
        ),
        model=session({"List the unpaid": reports.unpaid}),
    ),
    Recording(
        name="chat-interrupted-answer",
        title="Ctrl-C in the middle of an answer stops it and keeps the session",
        command=("chat",),
        typed=(
            line(PROMPT, "Tell me a story."),
            key("upon a time", CTRL_C),
            line(PROMPT, "Are you still there?"),
            line(PROMPT, "/quit"),
        ),
        model=session(
            {
                "Tell me a story": stuck_after(
                    "Once upon a time there was a bindery by the harbour.\n\nIts books were in good order. " * 3, _NEVER
                ),
                "Are you still there": says("Still here."),
            }
        ),
        colour=True,
    ),
    Recording(
        name="chat-resumed",
        title="A session gone on with: what was said is known again, what still waits is named and decided",
        command=lambda world: ("chat", "--resume", world.facts["session"]),
        before=_earlier_chat,
        typed=(line(PROMPT, "Where were we?"), line(PROMPT, "/apply"), line(ASKED, "y"), key(PROMPT, CTRL_D)),
        model=session({"Where were we": says("You asked me to add Waimea Orchard; the draft still waits for you.")}),
    ),
    Recording(
        name="chat-without-a-model",
        title="The chat on a machine without a model: what works is said, and works",
        command=("chat",),
        typed=(line(PROMPT, "what do customers owe me?"), line(PROMPT, "/org"), key(PROMPT, CTRL_D)),
    ),
    Recording(
        name="chat-piped",
        title="Questions piped into the chat away from a terminal: answered, and a draft is saved",
        command=("chat",),
        exit_code=3,
        piped=f"{OVERDUE}\n{_CONTACT}\n",
        model=session({"List the unpaid": reports.unpaid, "Add a contact": drafts.contact}),
    ),
    Recording(
        name="plain-for-screen-readers",
        title="The chat in plain words: nothing is redrawn, a table becomes lines, a card is read and approved",
        command=("chat", "--plain"),
        before=_earlier_chat,
        typed=(
            line(PROMPT, "/org"),
            line(PROMPT, "/resume"),
            line(PROMPT, OVERDUE),
            line(PROMPT, _CONTACT),
            line(ASKED, "y"),
            line(PROMPT, "/quit"),
        ),
        model=session({"List the unpaid": reports.unpaid, "Add a contact": drafts.contact}),
    ),
    Recording(
        name="chat-private",
        title="The chat with --private: stand-ins go out, real names come back, and what was sent can be looked at",
        command=("chat", "--private"),
        typed=(line(PROMPT, OVERDUE), line(PROMPT, "/sent 1"), key(PROMPT, CTRL_D)),
        model=session({"List the unpaid": reports.unpaid}),
    ),
)
