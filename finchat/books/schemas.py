"""JSON Schemas of the codes of findings, and of the proposals document of the neutral case files."""

from __future__ import annotations

from collections.abc import Mapping

from finchat.books.findings import CODES
from finchat.json_schema import AMOUNT, COUNT, RATIO, TEXT, list_of, object_of, one_of, published, words

# One sentence for every code of CODES.
MEANINGS: Mapping[str, str] = {
    "residual_open": "The line pays less than is due; the rest stays open, and the evidence says why.",
    "rounding_open": "The line pays a little less than is due, and the evidence does not say why.",
    "overpayment": "The line pays more than is due on the documents it names; the rest is kept for the contact.",
    "over_fee": "The payment is more than is due on the bill by a fee, as the bank's text says.",
    "needs_coding": "No document explains the line, and no uniform history says to which account it goes.",
    "clearing_review": "The receipt is in a clearing account, and which document it pays is for a person to say.",
    "undeposited": "The money is in the books and waits in undeposited funds for its deposit.",
    "booked_as_credit": "The ledger holds the money as an open credit of the contact.",
    "booked_elsewhere": "The ledger holds the deposit on another account while the document it pays is open.",
    "on_account": "A contact with open documents paid an amount that settles none of them.",
    "prepayment": "A contact paid without any open document.",
    "refund": "The money is a refund, of a credit note or an overpayment.",
    "duplicate": "The feed holds the same line twice.",
    "transfer": "The money moved between two accounts of the organisation.",
    "unrelated": "The line settles no invoice and no bill.",
    "wrong_direction": "The line names a document that money in this direction cannot pay.",
    "paid_again": "The document that the line names was paid before.",
    "ambiguous": "Two or more answers are equally good; finchat does not guess.",
    "review": "There is a suggestion that a person must check.",
    "unmatched": "The evidence leads to no document.",
    "claimed_by_amount": "A payment in the ledger was taken for this line by amount and date alone.",
    "locked": "The books are locked on the day of the line; nothing can be recorded.",
    "cannot_propose": "The answer is known, but no write could be made of it.",
    "part_recorded": "finchat recorded less of the line than the bank moved; the rest is in no record of finchat's.",
    "policy_forbids": "The policy refuses the writes of some proposals, so nobody is asked about them.",
    "cannot_undo": "What was written cannot be taken back as it stands; the text says why.",
    "undone_before": "The write was taken back before.",
    "undone_by_hand": "Somebody took the write back in the ledger; its bank line is free again.",
    "stays_in_ledger": "What was written stays in the ledger: finchat does not delete it.",
    "statement_does_not_add_up": "The figures of a statement file contradict each other; nothing of it is certain.",
    "statement_gap": "Between two statement files there are days, or money, that neither shows.",
    "statement_overlap": "Lines of a statement file stand in files read before, or in the bank's feed.",
    "statement_read_before": "The same statement file was read before.",
    "statement_late_line": "A file shows a line on a day that a file read before covers without it.",
    "statement_duplicates": "A statement file holds a line more than once under one id of the bank.",
    "statement_encoding": "Characters of a statement file were lost before finchat read it.",
    "statement_pending": "Entries that the bank has not booked yet were left out.",
    "statement_balance_unused": "A balance in a statement file is not one the lines can be checked by.",
    "statement_cut_short": "A statement file ends without the closing balance it must have; nothing of it is certain.",
    "statement_id_conflict": "Two files show one id of the bank with different amounts or days.",
    "statement_cut_day": "A file begins or ends in the middle of a day with lines alike; they are taken for the same.",
}

FINDING_CODES = published(
    "Finding codes",
    "The codes of findings, with what each means.",
    words({code: f"{meaning} ({CODES[code]})" for code, meaning in MEANINGS.items()}),
)

_AUTO = one_of("auto")
_PART = object_of({"invoice_id": TEXT, "amount": AMOUNT})
_CREDIT = object_of({"credit_id": TEXT, "amount": AMOUNT})
CASE_PROPOSALS = published(
    "Proposals for neutral case files",
    "`finchat reconcile --from-files DIR`: links and suggestions, bare.",
    object_of(
        {
            "links": list_of(
                object_of(
                    {
                        "bank_id": TEXT,
                        "invoice_id": TEXT,
                        "amount": AMOUNT,
                        "decision": _AUTO,
                        "confidence": RATIO,
                        "reason": TEXT,
                    },
                    optional={"via": one_of("clearing"), "credits": list_of(_CREDIT)},
                )
            ),
            "suggestions": list_of(
                object_of({"bank_id": TEXT, "rank": {**COUNT, "minimum": 1}, "links": list_of(_PART), "reason": TEXT})
            ),
            "runtime_s": {"type": "number", "minimum": 0},
        },
        optional={
            "lines": list_of(object_of({"bank_id": TEXT, "status": one_of("already_settled"), "ledger_id": TEXT})),
            "allocations": list_of(
                object_of({"credit_id": TEXT, "invoice_id": TEXT, "amount": AMOUNT, "decision": _AUTO})
            ),
        },
    ),
)
