"""Recordings of bank lines matched and written, with and without a person."""

from __future__ import annotations

import json

from tests.recordings import statements
from tests.recordings.company import FEED
from tests.recordings.driving import Typed, World, line
from tests.recordings.row import ASKED, BULK, UNATTENDED, Recording, file, in_turn, paid, planned, policy, the_plan

_CODED = 'version = 1\n[servers.books]\nresources = { payments = "read" }\n'
_SIGNED = 'version = 1\n[signatures]\nrequired = 2\n[signatures.signers]\nanna = "{anna}"\nbo = "{bo}"\n'
_SCREEN = r"q leave"


def _field(name: str) -> str:
    """The question for a field that is edited, however its line is broken."""
    return rf"  {name} \[[^:]*?the\s+e\s*dit: *$"


def _neutral(world: World) -> None:
    """Bank lines and invoices as neutral files, of no server."""
    invoice = {
        "id": "I1", "type": "ACCREC", "number": "INV-0042", "reference": "", "contact_id": "C1", "date": "2026-10-01",
        "due_date": "2026-10-21", "currency": "NZD", "total": "500.00", "amount_paid": "0.00", "amount_due": "500.00",
        "status": "AUTHORISED",
    }  # fmt: skip
    bank = {
        "id": "B1", "date": "2026-11-02", "type": "RECEIVE", "amount": "500.00", "currency": "NZD", "payee": "",
        "narration": "KAURI JOINERY INV-0042", "reference": "", "counterparty_account": "", "fitid": "F1",
    }  # fmt: skip
    files = {
        "contacts": [
            {"id": "C1", "name": "Kauri Joinery Ltd", "kind": "customer", "currency": "NZD", "bank_account": ""}
        ],
        "invoices": [invoice, {**invoice, "id": "I2", "number": "INV-0043", "amount_due": "77.00", "total": "77.00"}],
        "bank": [bank, {**bank, "id": "B2", "fitid": "F2", "narration": "KAURI JOINERY", "amount": "76.00"}],
        "meta": {"as_of": "2026-11-05", "base_currency": "NZD"},
    }
    (world.folder / "case").mkdir()
    for name, data in files.items():
        world.write(f"case/{name}.json", json.dumps(data))


def _signers(world: World) -> None:
    """Two people whose signatures the policy wants, neither of them given."""
    lines = {}
    for name in ("anna", "bo"):
        lines[name] = world.document("key", "make", name)["keys"][0]["public_key"]
    policy(_SIGNED.format(**lines))(world)


ROWS = (
    Recording(
        name="reconcile-week-plan-saved",
        title="A week of bank lines matched away from a terminal: the plan is saved, nothing is written",
        command=("reconcile", "--days", "7"),
        exit_code=3,
    ),
    Recording(
        name="reconcile-for-scripts",
        title="A day of bank lines as one JSON document",
        command=("reconcile", "--days", "1", "--json"),
        exit_code=3,
    ),
    Recording(
        name="reconcile-approve-one-refuse-one",
        title="Two days of bank lines at a terminal: one payment approved, one refused with a reason, the rest waits",
        command=("reconcile", "--days", "2"),
        exit_code=3,
        typed=(line(ASKED, "y"), line(ASKED, "r"), line("Why not", "they disputed this invoice"), line(ASKED, "q")),
    ),
    Recording(
        name="reconcile-all-certain-together",
        title="All certain proposals of four days approved together: rows shown, count and total typed",
        command=("reconcile", "--from", "2026-11-14", "--to", "2026-11-17"),
        typed=(line(ASKED, "a"), line(BULK, lambda shown: f"{shown[1]} {shown[2]}")),
    ),
    Recording(
        name="reconcile-question-answered",
        title="Money spent without a document: account, tax code and payee are answered on the card, then approved",
        command=("reconcile", "--from", "2026-11-19", "--to", "2026-11-19"),
        typed=(
            line(ASKED, "n"),
            line(ASKED, "c"),
            line(r"[Aa]ccount[^\n]*: *$", "429"),
            line(r": *$", "INPUT2"),
            line(r": *$", "+Quill and Roll"),
            line(ASKED, "y"),
        ),
    ),
    Recording(
        name="reconcile-payment-edited",
        title="A payment's date edited on its card: a new payload, shown again before it is approved",
        command=("reconcile", "--from", "2026-11-16", "--to", "2026-11-16"),
        typed=(
            line(ASKED, "e"),
            line(_field("date"), "2026-11-17"),
            line(_field("amount"), ""),
            line(_field("reference"), ""),
            line(ASKED, "y"),
        ),
    ),
    Recording(
        name="reconcile-again-nothing-left",
        title="The same days again after they were settled: every line is recognised, nothing is proposed twice",
        command=("reconcile", "--from", "2026-11-14", "--to", "2026-11-17"),
        before=paid("--from", "2026-11-14", "--to", "2026-11-17"),
    ),
    Recording(
        name="reconcile-policy-forbids-payments",
        title="A policy that lets payments be read only: what would be written, and which line of the policy says no",
        command=("reconcile", "--from", "2026-11-16", "--to", "2026-11-16"),
        exit_code=4,
        before=policy(_CODED),
    ),
    Recording(
        name="reconcile-statement-csv",
        title="A bank's CSV at a terminal: how it was read is shown and asked, then the bank reconciliation statement",
        command=("reconcile", "--statement", "november.csv", "--account", "090"),
        exit_code=3,
        before=file("november.csv", statements.csv()),
        typed=(line("Is it read right", "y"), line(ASKED, "q")),
    ),
    Recording(
        name="reconcile-statement-mt940",
        title="A bank's MT940 file away from a terminal, with the bank reconciliation statement as CSV",
        command=("reconcile", "--statement", "november.sta", "--account", "090", "--export", "november.csv"),
        exit_code=3,
        before=file("november.sta", statements.mt940(FEED[-4:])),
    ),
    Recording(
        name="reconcile-statement-camt053",
        title="A bank's CAMT.053 file away from a terminal",
        command=("reconcile", "--statement", "november.xml"),
        exit_code=3,
        before=file("november.xml", statements.camt053(FEED[-4:])),
    ),
    Recording(
        name="reconcile-statement-ofx",
        title="A bank's OFX file away from a terminal",
        command=("reconcile", "--statement", "november.ofx", "--account", "090"),
        exit_code=3,
        before=file("november.ofx", statements.ofx(FEED[-4:])),
    ),
    Recording(
        name="reconcile-statement-that-does-not-add-up",
        title="A statement file whose balances do not add up: said first, and nothing from it is certain",
        command=("reconcile", "--statement", "november.sta", "--account", "090"),
        exit_code=3,
        before=file("november.sta", statements.mt940(FEED[-4:]).replace("C500,00", "C501,00")),
    ),
    Recording(
        name="reconcile-neutral-files",
        title="Bank lines and invoices from neutral files, without any connection",
        command=("reconcile", "--from-files", "case"),
        books=_neutral,
    ),
    Recording(
        name="unattended-within-limits",
        title="Payments approved by a policy within its limits; what is larger, or no payment, waits for a person",
        command=("reconcile", "--days", "7", "--yes"),
        exit_code=3,
        before=policy(UNATTENDED),
    ),
    Recording(
        name="apply-saved-plan",
        title="A saved plan applied at a terminal, card by card, and the balances as proof",
        command=the_plan("apply", "PLAN"),
        exit_code=3,
        before=planned("--from", "2026-11-16", "--to", "2026-11-17"),
        typed=(line(ASKED, "y"), line(ASKED, "n"), line(ASKED, "q")),
    ),
    Recording(
        name="apply-what-somebody-else-paid",
        title="A saved plan whose invoice was paid meanwhile: the write is stopped before it is sent",
        command=the_plan("apply", "PLAN"),
        exit_code=4,
        before=in_turn(
            paid("--from", "2026-11-14", "--to", "2026-11-14"),
            planned("--from", "2026-11-16", "--to", "2026-11-16"),
            lambda world: world.pay("HB-107", "1679.00"),
        ),
        typed=(line(ASKED, "y"),),
    ),
    Recording(
        name="apply-unsigned-plan-refused",
        title="A plan that a policy wants two signatures under is not applied without them",
        command=the_plan("apply", "PLAN", "--yes"),
        exit_code=4,
        before=in_turn(_signers, planned("--from", "2026-11-16", "--to", "2026-11-16")),
    ),
    Recording(
        name="undo-a-payment",
        title="A payment taken back: proposed, approved on its card, and the balances are where they were",
        command=the_plan("undo", "PLAN"),
        before=paid("--from", "2026-11-16", "--to", "2026-11-16"),
        typed=(line(ASKED, "y"),),
    ),
    Recording(
        name="review-screen-by-groups",
        title="A week on the review screen: a group approved by its count and total, a line coded, the rest left",
        command=the_plan("review", "PLAN"),
        exit_code=3,
        before=planned("--from", "2026-11-14", "--to", "2026-11-17"),
        columns=100,
        rows=32,
        typed=(
            Typed(_SCREEN, "Y", enter=False, anywhere=True),
            Typed("rows were not on the screen yet", "Y", enter=False, anywhere=True),
            Typed(r"to approve them all, type (\d+ [\d.]+)", lambda shown: shown[1], anywhere=True),
            Typed("the ledger shows all", "q", enter=False, anywhere=True),
        ),
    ),
)
