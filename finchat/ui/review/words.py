"""The review in words: what a group is, what state a row is in, how far it all is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from finchat.books.plan import Proposal
from finchat.text.sanitise import one_line
from finchat.ui.amounts import money
from finchat.ui.settlement import coding_words, settles
from finchat.workflows.review.board import Board, Tally
from finchat.workflows.review.groups import CODED, Group, payee_name, sums
from finchat.workflows.review.states import State

STATE_WORDS: Mapping[State, str] = {
    "open": "open", "approved": "approved", "writing": "writing …", "written": "written", "failed": "FAILED",
    "unknown": "UNKNOWN", "void": "not sent", "skipped": "skipped", "refused": "refused", "denied": "forbidden",
}  # fmt: skip
STATE_STYLES: Mapping[State, str] = {
    "open": "", "approved": "fg:ansicyan", "writing": "fg:ansicyan bold", "written": "fg:ansigreen",
    "failed": "fg:ansired bold", "unknown": "fg:ansiyellow bold", "void": "fg:ansired", "skipped": "fg:ansigray",
    "refused": "fg:ansigray", "denied": "fg:ansired",
}  # fmt: skip
_SITUATIONS: Mapping[str, str] = {
    "exact": "one document each", "several": "several documents each", "part": "a part of one document each",
    "credit_first": "open credits allocated first", "clearing": "from the clearing account",
    "foreign": "with an exchange rate", "fee": "short by a fee", "discount": "short by a discount",
    "withholding": "short by withheld tax", "rounding": "short by rounding", "rest": "leaving a rest",
    "coding": "with a question", "changed": "changed by a person",
}  # fmt: skip


def group_title(group: Group, members: Sequence[Proposal], accounts: Mapping[str, str], width: int) -> str:
    """`42 lines of Kiwibank → 404 Bank Fees, no tax, 2,340.00 NZD, all alike in payee, account and tax`, as far as it
    fits: what they have in common goes first, then the end of the name, never the total."""
    head, tail = _parts(group, members, accounts)
    total = " and ".join(money(value, currency) for currency, value in sums(members).items())
    whole = f"{head}, {total}{tail}"
    if len(whole) <= width:
        return whole
    room = width - len(total) - 2
    return f"{one_line(head, room) if len(head) > room else head}, {total}"


def _parts(group: Group, members: Sequence[Proposal], accounts: Mapping[str, str]) -> tuple[str, str]:
    """What a group is, and what its members have in common."""
    like, count = group.like, len(members)
    lines = f"{count} line{'s' * (count != 1)}"
    who = one_line(payee_name(members[0]), 32)
    by = f" of {who}" if who and (like.payee or like.kind in CODED) else ""
    if like.situation == "undo":
        return f"{count} to take back", ""
    if like.situation == "question":
        return f"{lines}{by} → account and tax?", ", all of one payee" if count > 1 and by else ""
    if like.kind in CODED:
        booked = " + ".join(coding_words(c, accounts) for c in like.codings)
        return f"{lines}{by} → {booked}", ", all alike in payee, account and tax" if count > 1 else ""
    return _settling(group, members, accounts), ""


def _settling(group: Group, members: Sequence[Proposal], accounts: Mapping[str, str]) -> str:
    like, count = group.like, len(members)
    plural = "s" * (count != 1)
    if like.kind == "transfer":
        return f"{count} transfer{plural}{settles(members[0], 32, accounts).removeprefix('transfer')}"
    if like.kind not in ("payment", "allocation"):
        return f"{count} {like.kind.replace('_', ' ')}{plural}"
    if like.kind == "allocation":
        return f"{count} credit{plural} allocated"
    noun = "receipt" if like.direction == "receive" else "payment"
    what = _SITUATIONS.get(like.situation, like.situation)
    return f"{count} {noun}{plural}, {what if count != 1 else what.removesuffix(' each')}"


def group_state(board: Board, members: Sequence[Proposal]) -> tuple[str, State]:
    """What a group's members have come to, in a few letters, and the state it is drawn as."""
    counts = Counter(board.states[p.id] for p in members)
    if len(counts) == 1:
        (state,) = counts
        return STATE_WORDS[state], state
    for state in ("failed", "unknown", "void"):
        if counts[state]:
            return f"{counts[state]} {STATE_WORDS[state]}", state
    return f"{counts['open']} open" if counts["open"] else "decided", "open" if counts["open"] else "approved"


def progress(tally: Tally) -> str:
    """`147 of 300, 49 % · 12,340.00 of 25,000.00 NZD`."""
    sums_told = [
        f"{_amount(tally.decided_sums.get(currency, Decimal(0)), currency)} of {money(total, currency)}"
        for currency, total in tally.total_sums.items()
    ]
    return " · ".join([f"{tally.decided} of {tally.total}, {tally.percent} %", *sums_told])


def _amount(value: Decimal, currency: str) -> str:
    return money(value, currency).rpartition(" ")[0]


def because(proposal: Proposal) -> str:
    """The evidence on one line; for a question what it asks."""
    told = [ask.text for ask in proposal.open_asks if ask.required] + [e.text for e in proposal.evidence]
    return " · ".join(one_line(text) for text in told)
