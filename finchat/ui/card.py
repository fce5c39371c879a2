"""The approval card: everything a person approves, verbatim, before the question.

Every scalar of every payload is on it; nothing is shortened. What the terminal could act on or hide is an escape.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from finchat.books.plan import DOUBTFUL, DRAFTED, EDITED, Ask, Effect, Plan, Proposal, Write
from finchat.text.sanitise import scalars, visible
from finchat.ui.amounts import day, money
from finchat.ui.invoicing import document_rows
from finchat.ui.plan_table import CLASS_STYLE
from finchat.ui.settlement import coding_words, settles
from finchat.workflows.situations import leaves_open
from finchat.workflows.undo import undo_sentence

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    CardLines = list[Text]

SANDBOX = "SANDBOX"
_LABEL = 14
_CODE_FIELDS = frozenset({"accountcode", "account_code"})
_CONTACT_WORDS = ("contact", "customer", "vendor", "entity")
_NO_RECORD = frozenset({"txnlineid", "lineitemid"})
_CODED_TO = ("account", "code")
_CONTROL = {
    "bank": "bank", "receivables": "receivables", "payables": "payables", "tax": "tax",
    "gain_loss": "exchange", "clearing": "clearing account", "other": "account",
}  # fmt: skip


def card_lines(
    plan: Plan,
    proposal: Proposal,
    *,
    number: int,
    total: int,
    width: int,
    accounts: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    asked: bool = True,
) -> list[Text]:
    """The card as finished lines of at most `width` columns. `accounts`: names by id, beside those that the plan holds;
    `notes` are warnings; not `asked`: no key answers its questions here."""
    card = _Card(width)
    accounts = {**plan.account_names, **(accounts or {})}
    flag = f" {SANDBOX} " if plan.organisation.sandbox else ""
    card.rule(f" {number} of {total} · {visible(proposal.id)} ", flag)
    what, kind = settles(proposal, None, accounts), proposal.kind.replace("_", " ")
    said = proposal.kind in ("allocation", "apply_payment", "create") or what.startswith(kind)
    card.row("Proposal", what if said else f"{kind}: {what}", "bold")
    changed = any(e.kind == EDITED for e in proposal.evidence)
    why = "changed by a person" if changed else f"confidence {proposal.confidence:f}"
    card.row("Class", f"{proposal.certainty}, {why}", CLASS_STYLE[proposal.certainty])
    line = proposal.line
    if line is not None:
        value = line.amount if line.direction == "receive" else -line.amount
        card.row("Bank line", f"{day(line.date)}  {money(value, line.currency, signed=True)}")
        for name in ("payee", "narration", "reference"):
            if text := getattr(line, name):
                card.row("", f"{name}: {visible(text)}")
    card.row("Server", visible(plan.organisation.server))
    card.row("Organisation", f"{visible(plan.organisation.name)} ({visible(plan.organisation.id)})")
    for write in proposal.writes:
        _write(card, proposal, write, accounts, plan.organisation.base_currency)
    for question in proposal.asks:
        _question(card, question, accounts, asked=asked)
    card.gap()
    undoes = any(write.reverses for write in proposal.writes)
    if line is not None and proposal.unrecorded and not undoes:
        card.row(
            "Unrecorded", f"{money(proposal.unrecorded, line.currency)} of the bank line stays unrecorded", "yellow"
        )
    for link, rest in leaves_open(proposal):
        card.row("Stays open", f"{visible(link.number)}: {money(rest, link.currency)} remains due")
    _evidence(card, proposal)
    rival = proposal.rival
    if rival is not None or all(e.kind != DRAFTED for e in proposal.evidence):
        card.row("Rival", f"{visible(rival.text)}; {visible(rival.why_lost)}" if rival else "no other answer was found")
    for note in (*notes, *_other_days(proposal)):
        card.row("Note", visible(note), "yellow")
    if len(proposal.writes) > 1:
        card.row("If one fails", _if_one_fails(proposal))
    for index, sentence in enumerate(dict.fromkeys(undo_sentence(write, plan.id) for write in proposal.writes)):
        card.row("Undo" if index == 0 else "", visible(sentence))
    return card.lines


def _evidence(card: _Card, proposal: Proposal) -> None:
    """What speaks for it, then what speaks against it."""
    for index, evidence in enumerate(e for e in proposal.evidence if e.kind != DOUBTFUL):
        card.row("Evidence" if index == 0 else "", f"- {visible(evidence.text)}")
    for evidence in (e for e in proposal.evidence if e.kind == DOUBTFUL):
        card.row("Check", visible(evidence.text), "yellow")


def _question(card: _Card, question: Ask, accounts: Mapping[str, str], *, asked: bool) -> None:
    """What a person is asked beside y and n, with what is offered and why; of one that was answered, the answer."""
    card.gap()
    if question.answered is not None:
        card.row("Question", visible(question.text))
        again = "; c answers it again" if asked else ""
        card.row("Answered", f"{coding_words(question.answered.coding, accounts)}{again}")
        return
    how = "c answers it; nothing can be written before" if question.required else "c settles it too; y leaves it open"
    if not asked:
        how = "nothing is written before it is answered" if question.required else "unanswered, it stays open"
    card.row("Question", visible(question.text), "yellow")
    for number, choice in enumerate(question.choices, 1):
        card.row("", f"{number}  {coding_words(choice.coding, accounts)}")
        card.row("", f"   {visible(choice.text)}")
    card.row("", how, "dim")


def _other_days(proposal: Proposal) -> list[str]:
    """What to know of payments that are not dated as the bank line."""
    line = proposal.line
    links = {link.id for link in proposal.links if link.bank_amount is not None}
    found = []
    for write in proposal.writes:
        dated = str(write.arguments.get("date", ""))
        if line is None or links.isdisjoint(write.link_ids) or dated in ("", line.date.isoformat()):
            continue
        found.append(f"{write.id} is dated {_day(dated)}, the bank line {day(line.date)}")
    return found


def _day(text: str) -> str:
    try:
        return day(dt.date.fromisoformat(text))
    except ValueError:
        return text


def _write(card: _Card, proposal: Proposal, write: Write, accounts: Mapping[str, str], base_currency: str) -> None:
    card.gap()
    index = proposal.writes.index(write) + 1
    many = f" {index} of {len(proposal.writes)}" if len(proposal.writes) > 1 else ""
    card.row(f"Write{many}", f"{visible(write.id)}: {money(write.amount, write.currency)}", "bold")
    card.row("Tool", f"{visible(write.tool)} ({visible(write.operation)}, resource {visible(write.resource)})")
    if write.reverses:
        card.row("Takes back", visible(write.reverses), "yellow")
    # Ids are shown as they are sent, with what a person calls the thing beside them.
    records = {link.document_id: visible(link.number) for link in proposal.links}
    records |= {link.credit.id: visible(link.credit.text) for link in proposal.links if link.credit is not None}
    contacts = {link.contact_id: visible(link.contact) for link in proposal.links if link.contact_id}
    known = {"account": {id: visible(name) for id, name in accounts.items()}, "contact": contacts, "record": records}
    # A code is named only by the account this write is booked to: another's name may begin like a code.
    booked = [accounts.get(li.coding.account_id, "") for li in proposal.links if li.id in write.link_ids and li.coding]
    codes = {name.split(" ", 1)[0]: visible(name.split(" ", 1)[-1]) for name in booked if " " in name}
    # The lines of a document name accounts by the codes that the guard reads again with their ids.
    coded = [(c.expected, accounts.get(c.id, "")) for c in write.preconditions if (c.type, c.field) == _CODED_TO]
    codes |= {code: visible(name.removeprefix(f"{code} ")) for code, name in coded if name.startswith(f"{code} ")}
    for path, value in scalars(write.arguments):
        field = path.rpartition(".")[2].lower()
        if field == "$from":
            name = f"supplied by {visible(value.partition('.')[0])}"
        else:
            name = codes.get(value, "") if field in _CODE_FIELDS else known.get(_refers_to(path), {}).get(value, "")
        card.field(path, value, name)
    for label, text in document_rows(write):
        card.row(label, text)
    for link in (li for li in proposal.links if li.id in write.link_ids):
        if link.coding is not None:
            card.row("Booked to", f"{coding_words(link.coding, accounts)}: {money(link.amount, link.currency)}")
        if link.type in ("overpayment", "prepayment") and link.credit is None:
            card.row("Kept", f"{money(link.amount, link.currency)} as {link.type} for {visible(link.contact)}")
    foreign = [link for link in proposal.links if link.id in write.link_ids and link.rate is not None]
    for link in foreign:
        bank = money(link.bank_amount, link.bank_currency or "") if link.bank_amount is not None else "?"
        card.row("Rate", f"{link.rate} from {link.rate_source}: {money(link.amount, link.currency)} = {bank}")
    for text in _effects(write.effects, accounts, base_currency):
        card.row("Effect", text)
    card.row("Payload hash", write.arguments_sha256, "dim")


def _refers_to(path: str) -> str:
    """What the id in a field is an id of: "account", "contact", "record" (a document or credit), or "" when of none.

    Only Xero's ids are unique over all kinds: at QuickBooks an account, a customer, an invoice, a department and the
    number of a change may all be 4.
    """
    *above, last = path.lower().split(".")
    field = above[-1] if last == "value" and above else last
    if field == "id" and above:  # of a line
        return ""
    if "account" in field:
        return "account"
    if any(word in field for word in _CONTACT_WORDS):
        return "contact"
    return "record" if field.endswith("id") and field not in _NO_RECORD else ""


def _effects(effects: Sequence[Effect], accounts: Mapping[str, str], base_currency: str) -> list[str]:
    """What happens to each account, as a bookkeeper says it, with debit or credit where up and down may mislead."""
    return [_effect(e, visible(accounts.get(e.account_id, "")), base_currency) for e in effects] or ["no account moves"]


def _effect(effect: Effect, name: str, base_currency: str) -> str:
    side = "debit" if effect.amount > 0 else "credit"
    size = money(abs(effect.amount), effect.currency)
    if effect.base_amount != effect.amount:
        size += f" ({money(abs(effect.base_amount), base_currency)})"
    if effect.control == "gain_loss":
        return f"exchange {'loss' if effect.amount > 0 else 'gain'} {size}" + (f", {name}" if name else "")
    where = f"{_CONTROL[effect.control]} {name}".rstrip()
    if effect.control in ("tax", "other"):
        return f"{where}  {side} {size}"
    up = (effect.amount > 0) == (effect.control != "payables")  # what is owed to others grows on the credit side
    told = f"{where}  goes {'up' if up else 'down'} by {size}"
    return told if effect.control == "bank" else f"{told} ({side})"


def _if_one_fails(proposal: Proposal) -> str:
    parts = []
    for index, write in enumerate(proposal.writes[:-1]):
        later = proposal.writes[index + 1]
        fate = (
            f"{visible(later.id)} is not sent"
            if write.id in later.depends_on and later.if_dependency_fails == "skip"
            else f"{visible(later.id)} is still sent"
        )
        parts.append(f"if {visible(write.id)} fails, {fate}")
    done = visible(proposal.writes[0].id)
    return "; ".join(parts) + f"; if a later one fails, {done} stays in the ledger and the result says so"


class _Card:
    """Builds the lines: labels in one column, values wrapped at the width, never cut."""

    def __init__(self, width: int) -> None:
        self.width = max(width, 40)
        self.lines: list[Text] = []

    def rule(self, left: str, right: str) -> None:
        from rich.text import Text

        fill = "─" * max(self.width - len(left) - len(right) - 4, 2)
        self.lines.append(Text.assemble("──", (left, "bold"), fill, (right, "bold black on yellow"), "──"))

    def gap(self) -> None:
        from rich.text import Text

        self.lines.append(Text(""))

    def row(self, label: str, value: str, style: str = "") -> None:
        self._wrapped(f"{label:<{_LABEL}}", value, style)

    def field(self, path: str, value: str, name: str) -> None:
        from rich.text import Text

        self._wrapped(f"    {path:<{_LABEL}} ", value, "cyan")
        if name and self.lines[-1].cell_len + len(name) + 4 <= self.width:
            self.lines[-1].append_text(Text(f"  ({name})", style="dim"))
        elif name:
            self._wrapped(" " * (_LABEL + 5), f"({name})", "dim")

    def _wrapped(self, head: str, value: str, style: str) -> None:
        from rich.text import Text

        if len(head) > self.width // 2:  # a long path has its own lines, none of which can pass for a row of the card
            path = _chunks(head.strip(), self.width - 4)
            self.lines.extend(Text(f"    {part}", style="dim") for part in path)
            head = " " * 8
        for index, part in enumerate(_chunks(value, self.width - len(head))):
            prefix = head if index == 0 else " " * len(head)
            self.lines.append(Text.assemble((prefix, "dim"), (part, style)))


def _chunks(text: str, width: int) -> list[str]:
    """The text in pieces of at most `width` terminal cells, at spaces where there are any; joined they are the text."""
    from rich.cells import cell_len, chop_cells

    pieces: list[str] = []
    rest = text
    while cell_len(rest) > width:
        fitting = chop_cells(rest, width)[0]
        space = fitting.rfind(" ")
        cut = space + 1 if space > width // 3 else len(fitting)
        pieces.append(rest[:cut])
        rest = rest[cut:]
    return [*pieces, rest]


def print_paged(console: Console, lines: Sequence[Text]) -> None:
    """All lines at once, for consoles that scroll."""
    for line in lines:
        console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
