"""Conversations that read: profit and loss, what is unpaid, a contact before a quote, a document's lines, the bank."""

from __future__ import annotations

from tests.scripted.conversations.reading import Answer, Row, answer_of, answers, question_of
from tests.scripted.conversations.speaking import amount, day, found, listed, number, percent, plain, short, table
from tests.scripted.server import Say, Seen


def profit(seen: Seen) -> Say:
    """The profit and loss of the last quarter: gross margin, and the highest operating expenses against revenue."""
    told = answer_of(seen, "profit_and_loss")
    many = number(found(r"(\w+) highest", question_of(seen)))
    if told is None:
        wanted = found(r"\b((?:last|this) (?:quarter|month|year))\b", question_of(seen))
        return Say(calls=[("profit_and_loss", {"period": wanted, "top": int(many)})])
    added = answer_of(seen, "query")
    if added is None:
        sql = f"SELECT SUM(amount) AS total_amount, currency FROM {told.id}_top_expenses GROUP BY currency"
        return Say("Let me add those up.", calls=[("query", {"sql": sql})])
    return Say(_profit_words(told, added, int(many)))


def _profit_words(told: Answer, added: Answer, many: int) -> str:
    data, currency = told.data, told.data["currency"]
    totals, ratios = data["totals"], data["ratios"]
    days = f"{day(data['period']['from'])} to {day(data['period']['to'])}"
    tops = told.rows("top_expenses")[:many]
    together = added.tables["rows"]
    return (
        f"In the {data['period_description']} ({days}) {data['organisation']} had revenue of "
        f"{amount(totals['revenue'], currency)} and cost of sales of {amount(totals['cost_of_sales'], currency)}. "
        f"Gross profit was {amount(totals['gross_profit'], currency)}, a gross margin of "
        f"**{percent(ratios['gross_margin'])}**. Operating expenses came to "
        f"{amount(totals['operating_expenses'], currency)}, so net profit was "
        f"{amount(totals['net_profit'], currency)}.\n\n"
        f"The highest operating expenses of the {data['period_description']}:\n\n"
        + table(
            ["Account", f"Amount ({currency})", "Share of revenue"],
            [[row["account"], plain(row["amount"]), percent(row["share_of_revenue"])] for row in tops],
        )
        + f"\n\nTogether these operating expenses are {amount(together[0]['total_amount'], currency)}."
    )


def document(seen: Seen) -> Say:
    """One document by its number, its lines explained."""
    told = answer_of(seen, "find_document")
    if told is None:
        return Say(calls=[("find_document", {"number": found(r"invoice ([\w-]*\d[\w-]*)", question_of(seen))})])
    documents = told.rows("documents")
    if not documents:
        return Say("There is no such document in the books. What is its number?")
    one = documents[0]
    currency = one["currency"]
    what = one["type"].replace("_", " ")
    said = (
        f"Sales {what} {one['number']} is for **{one['contact']}**, dated {day(one['date'])} and due on "
        f"{day(one['due_date'])}. Its lines ({currency}, {one['line_amounts_are']} of tax):\n\n"
        + table(
            ["Description", "Quantity", "Unit price", "Account", "Tax", "Line amount"],
            [
                [
                    line["description"], short(line["quantity"]), plain(line["unit_amount"]),
                    f"{line['account_code']} {line['account_name']}", plain(line["tax_amount"]),
                    plain(line["line_amount"]),
                ]
                for line in one["lines"]
            ],
        )
        + f"\n\nThe subtotal of {what} {one['number']} is {amount(one['sub_total'], currency)}, tax is "
        f"{amount(one['total_tax'], currency)} and the total {amount(one['total'], currency)}. "
    )  # fmt: skip
    for paid in one.get("payments", []):
        said += f"A payment of {amount(paid['amount'], paid['currency'])} was recorded on {day(paid['date'])}. "
    for credit in one.get("credits", []):
        kind = credit["type"].replace("_", " ")
        said += f"A {kind} of {amount(credit['amount'], credit['currency'])} was set off on {day(credit['date'])}. "
    return Say(said + f"The amount due on {what} {one['number']} is **{amount(one['amount_due'], currency)}**.")


def unpaid(seen: Seen) -> Say:
    """Unpaid sales invoices more than so many days past their due date."""
    told = answer_of(seen, "open_documents")
    if told is None:
        over = int(number(found(r"(?:over|more than) (\d+) days", question_of(seen))))
        return Say(calls=[("open_documents", {"type": "invoice", "min_days_overdue": over + 1})])
    rows = told.rows("invoices")
    if not told.has_all("invoices"):
        more = answer_of(seen, "query")
        if more is None:
            columns = "number, contact, due_date, days_overdue, currency, amount_due"
            sql = f"SELECT {columns} FROM {told.id}_invoices ORDER BY days_overdue DESC"
            return Say(calls=[("query", {"sql": sql})])
        rows = more.tables["rows"]
    over = int(told.data["least_days"]) - 1
    if not rows:
        return Say(f"As of {day(told.data['as_of'])} no sales invoice is more than {over} days overdue.")
    totals = told.rows("currencies")
    due = f"amount_due_{told.data['least_days']}_days_overdue_or_more"
    return Say(
        f"As of {day(told.data['as_of'])}, {told.data['document_count']} sales invoices are more than {over} days "
        "overdue, the oldest first:\n\n"
        + table(
            ["Invoice", "Customer", "Due date", "Days overdue", "Amount due"],
            [
                [row["number"], row["contact"], row["due_date"], row["days_overdue"],
                 amount(row["amount_due"], row["currency"])]
                for row in rows
            ],
        )
        + "\n\nAmount due in all on invoices more than "
        + f"{over} days overdue:\n\n"
        + listed(f"{each['currency']}: {amount(each[due], each['currency'])}" for each in totals)
    )  # fmt: skip


def contact(seen: Seen) -> Say:
    """A contact with balance and terms, before a quote."""
    told = answer_of(seen, "find_contact")
    if told is None:
        return Say(calls=[("find_contact", {"search": found(r"quote to (.+?)[:?.]? what", question_of(seen))})])
    if not (one := _one_contact(told)):
        fitting = [row["contact"] for row in told.rows("fitting_contacts") or told.rows("near_contacts")]
        return Say("Several contacts fit; which one do you mean?\n\n" + listed(fitting))
    name, lines = one["contact"], []
    for each in one["receivables"]:
        currency = each["currency"]
        lines.append(
            f"{name} owes {amount(each['outstanding'], currency)}, of which {amount(each['overdue'], currency)} is "
            "overdue."
        )
        lines.append(f"Unallocated credits of {name}: {amount(each['unallocated_credits'], currency)}.")
    terms = one["payment_terms"] or {}
    lines += [f"{side.capitalize()} payment terms of {name}: {words}." for side, words in terms.items()]
    if not terms:
        lines.append(f"No payment terms are recorded for {name}.")
    for last in one["last_documents"][:1]:
        lines.append(
            f"The last document is {last['type'].replace('_', ' ')} {last['number']} of {day(last['date'])} with a "
            f"total of {amount(last['total'], last['currency'])}, of which "
            f"{amount(last['amount_due'], last['currency'])} is due."
        )
    return Say(f"Before you quote **{name}** (as of {day(told.data['as_of'])}):\n\n" + listed(lines))


def _one_contact(told: Answer) -> Row | None:
    listed_contacts = told.rows("contacts")
    return listed_contacts[0] if listed_contacts else None


def bank(seen: Seen) -> Say:
    """Bank lines of some days that the ledger does not hold, against open invoices."""
    told = answer_of(seen, "bank_lines")
    if told is None:
        days = int(number(found(r"last (\w+) days", question_of(seen))))
        return Say(calls=[("bank_lines", {"days": days})])
    asked = answers(seen, "query")
    if not asked:
        lines = f"{told.id}_bank_lines"
        largest = (
            f"SELECT date, amount, currency, payee, status FROM {lines} WHERE direction = 'receive' "
            "ORDER BY amount DESC LIMIT 5"
        )
        groups = (
            f"SELECT direction, status, currency, COUNT(*) AS line_count, SUM(amount) AS amount FROM {lines} "
            "GROUP BY direction, status, currency ORDER BY direction, status"
        )
        return Say(calls=[("query", {"sql": largest}), ("query", {"sql": groups})])
    data, (largest_rows, group_rows) = told.data, (one.tables["rows"] for one in asked)
    days_said = f"{day(data['period']['from'])} to {day(data['period']['to'])}"
    counts = data["status_counts"]
    return Say(
        f"From {days_said} the bank shows {data['line_count']} lines; {counts['already_settled']} of them are already "
        "in the ledger. What is not, by what it seems to be:\n\n"
        + table(
            ["Direction", "Status", "Lines", "Amount"],
            [
                [row["direction"], row["status"], row["line_count"], amount(row["amount"], row["currency"])]
                for row in group_rows
            ],
        )
        + "\n\nThe largest receipts against open invoices:\n\n"
        + listed(
            f"{day(row['date'])}: {amount(row['amount'], row['currency'])} received"
            + (f" from {row['payee']}" if row["payee"] else "")
            + f" ({row['status']})."
            for row in largest_rows
        )
        + "\n\nNothing was recorded. Ask me to reconcile these days and I prepare the payments for your approval."
    )
