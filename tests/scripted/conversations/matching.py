"""The conversation that ends in the ledger: past-due invoices against deposits, payments recorded after approval."""

from __future__ import annotations

from tests.scripted.conversations.reading import answer_of, answers, decision, evidence_of_decision, question_of
from tests.scripted.conversations.speaking import amount, day, found, listed, number
from tests.scripted.server import Say, Seen


def reconcile(seen: Seen) -> Say:
    """Propose what to record of some days' deposits; after the decision, say what is in the ledger now."""
    told, overdue = answer_of(seen, "reconcile"), answer_of(seen, "open_documents")
    if told is None or overdue is None:
        days = int(number(found(r"last (\w+) days", question_of(seen))))
        return Say(calls=[
            ("open_documents", {"type": "invoice", "min_days_overdue": 1}), ("reconcile", {"days": days}),
        ])  # fmt: skip
    if decision(seen):
        return _decided(seen)
    asked = answers(seen, "query")
    if not asked:
        matched = (
            f"SELECT i.number, i.contact, i.days_overdue, d.amount, d.currency FROM {overdue.id}_invoices i "
            f"JOIN {told.id}_proposals_documents d ON d.number = i.number ORDER BY i.days_overdue DESC LIMIT 5"
        )
        return Say(calls=[("query", {"sql": matched})])
    data, rows = told.data, asked[0].tables["rows"]
    return Say(
        f"From {day(data['period']['from'])} to {day(data['period']['to'])} the bank shows {data['line_count']} lines, "
        f"and I prepared {data['proposal_count']} proposals for your approval. The longest overdue invoices among them:"
        "\n\n"
        + listed(
            f"{row['number']} of {row['contact']}, {row['days_overdue']} days overdue: "
            f"{amount(row['amount'], row['currency'])} of it would be settled."
            for row in rows
        )
        + "\n\nNothing is recorded before you approve it."
    )


def _decided(seen: Seen) -> Say:
    """The payments that were recorded, from the record of the decision."""
    kept = evidence_of_decision(seen)
    asked = [one for one in answers(seen, "query") if f"FROM {kept}" in one.text]
    if not asked:
        sql = f"SELECT number, contact, amount, currency, outcome, due_after FROM {kept} WHERE outcome = 'committed'"
        return Say(calls=[("query", {"sql": sql})])
    rows = asked[0].tables.get("rows", [])
    if not rows:
        return Say("Nothing was recorded in the ledger.")
    return Say(
        "These are recorded in the ledger now:\n\n"
        + listed(
            f"{amount(row['amount'], row['currency'])} against {row['number']} of {row['contact']}; the amount due on "
            f"{row['number']} after it is {amount(row['due_after'], row['currency'])}."
            for row in rows
        )
    )
