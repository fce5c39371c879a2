"""The conversation that ends in the ledger: past-due invoices against deposits, payments recorded after approval."""

from __future__ import annotations

from collections.abc import Mapping

from tests.scripted.conversations.reading import Row, answer_of, answers, decision, evidence_of_decision, question_of
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
            f"invoice {row['number']} of {row['contact']}, {row['days_overdue']} days overdue: a payment of "
            f"{amount(row['amount'], row['currency'])}"
            for row in rows
        )
        + "\n\nNothing is recorded before you approve it."
    )


def _decided(seen: Seen) -> Say:
    """What was recorded, from the record of the decision, and what was refused."""
    kept, told = evidence_of_decision(seen), answer_of(seen, "reconcile")
    assert told is not None
    asked = [one for one in answers(seen, "query") if f"FROM {kept}" in one.text]
    if not asked:
        recorded = f"SELECT number, contact, kind, amount, currency, due_after FROM {kept} WHERE outcome = 'committed'"
        kinds = f"SELECT DISTINCT number, type FROM {told.id}_proposals_documents"
        return Say(calls=[("query", {"sql": recorded}), ("query", {"sql": kinds})])
    rows = asked[0].tables.get("rows", [])
    types = {row["number"]: row["type"] for row in answers(seen, "query")[-1].tables["rows"]}
    said = "These are recorded in the ledger now:\n\n" if rows else "Nothing was recorded in the ledger."
    said += listed(_recorded(row, types) for row in rows)
    refused = [line for line in decision(seen) if "refused" in line]
    return Say(said + ("\n\nYou refused:\n\n" + listed(refused) if refused else ""))


def _recorded(row: Row, types: Mapping[str, str]) -> str:
    number, currency = row["number"], row["currency"]
    if not number:
        return f"{amount(row['amount'], currency)}, {row['kind'].replace('_', ' ')} for {row['contact']}."
    return (
        f"{amount(row['amount'], currency)} against {types[number]} {number} of {row['contact']}; the amount due on "
        f"{types[number]} {number} after it is {amount(row['due_after'], currency)}."
    )
