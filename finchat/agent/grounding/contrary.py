"""What the words around a figure say against the record it was found in: the other direction, a denial, another party,
a heading that the record's dates contradict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from finchat.agent.facts import Fact, Source, Vocabulary
from finchat.agent.grounding.blocks import Claim
from finchat.agent.grounding.judging import Judge
from finchat.agent.grounding.known import Known
from finchat.agent.grounding.page import Page
from finchat.agent.grounding.scanning import Scan
from finchat.agent.grounding.verdicts import Verdict

_OWED = frozenset({"due", "overdue", "not_due", "balance"})
_DENIED = re.compile(
    r"\b(?:do|does|did|would|will|should)(?:n['’]t|\snot|\snever)\s(?:[^\W\d_]+\s){0,2}ow(?:e|es|ed)\b"
    r"|\b(?:is|are|was|were)(?:n['’]t|\snot)\s(?:[^\W\d_]+\s){0,2}(?:owed|owing|outstanding|unpaid|open|receivable|payable)\b"
    r"|\bno\slonger\s(?:[^\W\d_]+\s){0,2}(?:ow(?:e|es|ed|ing)|due|outstanding|unpaid|open|overdue)\b"
    r"|\bnever\sow(?:e|es|ed)\b|\bow(?:e|es|ed)\s(?:you\s|us\s|them\s)?(?:nothing|neither)\b"
    r"|\boverpa(?:id|y|ys|yment)\b|\brefund(?:s|ed|ing|able)?\b|\bre-?imburse[sd]?\b"
    r"|\b(?:written|wrote|writes?|writing)[\s-]off\b|\bcancel+ed\b|\bvoided\b|\bwaived\b|\bforgiven\b|\bwritten\sdown\b"
    r"|\b(?:in|has\sa|have\sa)\scredit\b|\bused\sto\sowe\b|\b(?:might|would|could)\s(?:have\s)?owed?\b|\buntil\sit\spaid\b"
    r"|\b(?:false|untrue|not\strue|den(?:y|ies|ied))\sthat\b|\bforgive\b|\bwrite\soff\b",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"[\s*_`,(–—:-]{0,6}(?:(?:but|now|and|which|since|later|is|was|has|been|since)\s){0,4}"
    r"(?:cancel+ed|voided|waived|written\soff|refunded|forgiven)\b"
    r"|[^.!?\n]{0,40}[.!]\s{1,2}(?:it|this|that|the\s(?:invoice|amount|debt|balance))\s(?:(?:is|was|has|been|now|since|already)\s){1,4}"
    r"(?:cancel+ed|voided|waived|written\soff|refunded|forgiven|settled|paid\sin\sfull)\b",
    re.IGNORECASE,
)
_STATUS = re.compile(
    r"[\s*_`]*(?:fully\s)?(?:paid|settled|cancel+ed|voided|written\soff|refunded)[\s*_`.]*\Z", re.IGNORECASE
)
# What makes another amount of the one before it.
_MORE = re.compile(
    r"[*_`]{0,3}\s(?:per|each|every|a)\s(?:day|week|month|quarter|year)\b|[*_`]{0,3}\sin\sinterest\b"
    r"|[*_`]{0,3},?\s(?:twice|squared|times\sover)\b",
    re.IGNORECASE,
)
_TAX_APART = re.compile(
    r"[*_`]{0,3}\s(?:(?:\+|plus)\s(?:gst|vat|tax)|(?:before|excluding|excl\.?|ex|net\sof)\s(?:tax|gst|vat))\b",
    re.IGNORECASE,
)
_TIMES_BEFORE = re.compile(r"(?<![^\W_])(?:half\sof|half|double|twice|triple|thrice)\s[*_`]{0,3}\Z", re.IGNORECASE)
_NOT_BEFORE = re.compile(
    r"(?<![^\W_])(?:other\sthan|except(?:\sfor)?|besides|apart\sfrom|but\snot|not|(?:company|subsidiary|parent|affiliate|owner"
    r"|director|landlord|partner|branch|competitor)s?\sof)\s[*_`\"“]{0,3}\Z",
    re.IGNORECASE,
)
_SENT = re.compile(
    r"\b(?:send|transfer|wire|remit|pay|deposit)\b.{0,120}?\b(?:to|into)\s(?:the\s|this\s|bank\s|our\s|my\s)*account\b"
    r"|\b\d{2}-\d{4}-\d{7}-\d{2,3}\b",
    re.IGNORECASE | re.DOTALL,
)
_KIN = re.compile(
    r"[*_`\"”]{0,3}['’]s?[*_`]{0,3}\s(?:[^\W\d_]+\s){0,2}(?:company|companies|subsidiar(?:y|ies)|parent|affiliates?|owners?"
    r"|directors?|landlord|customers?|suppliers?|partners?|branch|division|competitors?|neighbours?|shareholders?"
    r"|franchise(?:e|es)?|group)(?![^\W_])",
    re.IGNORECASE,
)
_EVERYONE = re.compile(
    r"\btotal\s(?:accounts\s)?(?:receivables?|payables?)\b|\ball\s(?:customers|suppliers)\b|\beveryone\b", re.IGNORECASE
)
_NOT_LATE = re.compile(
    r"\b(?:not|none)\s(?:yet\s)?(?:over)?due\b|\bnot\s(?:yet\s)?late\b|\bwithin\s(?:its\s|their\s)?terms\b|\bupcoming\b"
    r"|\bnot\spast\sdue\b|\bdue\s(?:next|later|soon|tomorrow)\b|\b(?:coming|falling|becoming)\sdue\b",
    re.IGNORECASE,
)
_LATE = re.compile(
    r"\W*(?:(?!not\b|and\b|or\b|non\b)[^\W\d_]+\s){0,2}(?:overdue|past\sdue|late)(?:\s(?:sales\s)?(?:invoices|bills))?"
    r"\W*\Z",
    re.IGNORECASE,
)
_DUE_WHEN = re.compile(r"\bdue\s(?:in\s|during\s|by\s)?[*_]{0,2}\Z|\bdue:\s\Z", re.IGNORECASE)
_PAYING = re.compile(
    r"(?:\A|[.!?:]\s)\W*(?:please\s)?pay\b|\bdebts?\sto\b|\b(?:has|have|is|are)\sto\sbe\spaid\s[*_`A-Z$€£]{0,6}\d"
    r"|\bclaims?\b.{0,60}\bfrom\s(?:you|us)\b|\b(?:you|we|i)\s(?:must|should|have\sto|need\sto|still\shave\sto)\spay\b",
    re.IGNORECASE | re.DOTALL,
)
_SUPPLIER = re.compile(
    r"\bis\s(?:a|an|your|our|one\sof\s(?:your|our))\s(?:[^\W\d_]+\s)?(?:suppliers?|vendors?|creditors?)\b", re.I
)
_OWN_DEBT = re.compile(r"\b(?:you|we)\sowe\b|\bto\spay\b", re.IGNORECASE)
_NOTHING = re.compile(
    r"\bow(?:es|e|ed|ing)\s(?:you\s|us\s)?(?P<a>nothing|no\smoney)\b"
    r"|\b(?:has|have|with|are|is|there(?:['’]s|\sare|\sis))\s(?P<b>no)\s(?P<late>overdue\s|late\s)?(?:open\s|unpaid\s|outstanding\s)?"
    r"(?:sales\s)?(?:invoices?|amounts?\sdue|balance|debts?)\b(?=\s?(?:[.!,;*_]|\Z|\n|at\sall|to\spay|outstanding|open|due\b))",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"\b(?:nobody|no\sone|no\scustomers?)\s(?P<a>owes)\b(?=\s(?:you|us|anything|money))", re.IGNORECASE
)
_KIND_SIDES = {
    "invoice": "sales", "sales_invoice": "sales", "receivable": "sales", "bill": "purchases",
    "purchase_bill": "purchases", "payable": "purchases",
}  # fmt: skip


class Contrary:
    """Looks at what verified once more."""

    def __init__(self, page: Page, judge: Judge, vocabulary: Vocabulary) -> None:
        self.page, self.judge, self.vocabulary = page, judge, vocabulary

    def why(self, verdict: Verdict) -> str:
        """Why a verified figure is not, or nothing."""
        if verdict.said.shown.unit == "identifier":
            return ""
        money = verdict.said.shown.unit == "money"
        if money and not verdict.derivation and self._is_owed(verdict):
            clause, segment = verdict.said.around, self._segment(verdict)
            if self._after(verdict) or self._is_settled(verdict):
                return "the words make another amount of it than what is due"
            if _DENIED.search(clause) or _TAKEN_BACK.match(self.page.text, verdict.said.shown.end):
                return "it is an amount due, and the words deny or turn that"
            if _SENT.search(segment):
                return "it is an amount due, and nothing says that it is to be sent anywhere"
        if money and self._is_owed(verdict) and (side := self._side(verdict)):
            return side
        return self._of_another(verdict) or self._under(verdict)

    @staticmethod
    def _is_owed(verdict: Verdict) -> bool:
        if any(fact.field.endswith("after") for fact in verdict.facts):
            return False  # what would be due after a proposal
        return bool(verdict.concepts & _OWED) and not verdict.concepts & {"paid", "credited", "applied"}

    def _after(self, verdict: Verdict) -> bool:
        text, shown = self.page.text, verdict.said.shown
        apart = _TAX_APART.match(text, shown.end) and "subtotal" not in verdict.concepts
        behind = text[max(verdict.said.claim.start, shown.start - 16) : shown.start]
        return bool(apart or _MORE.match(text, shown.end) or _TIMES_BEFORE.search(behind))

    def _is_settled(self, verdict: Verdict) -> bool:
        """A cell or heading says that the document is paid or gone."""
        claim, text = verdict.said.claim, self.page.text
        cells = [cell for cell in self.page.cells(claim) if cell is not claim]
        heads = [one for one in (claim.head, *claim.parents) if one is not None and one.kind == "heading"]
        return any(_STATUS.match(text[one.start : one.end]) for one in cells) or any(
            _DENIED.search(text[one.start : one.end]) for one in heads
        )

    def _segment(self, verdict: Verdict) -> str:
        first, last = verdict.said.scan.segment(verdict.said.shown.start)
        return self.page.text[first:last]

    # direction

    def _side(self, verdict: Verdict) -> str:
        said = verdict.said
        purchases, sales = said.purchases, said.sales
        heads = [self.page.text[one.start : one.end] for one in said.claim.parents if one.kind == "heading"]
        payee = any(
            cell.head is not None and "payee" in self.page.scan(cell.head).words for cell in self.page.cells(said.claim)
        )
        supplier = _SUPPLIER.search(self.page.text, said.claim.start, said.claim.end)
        if payee or supplier or _PAYING.search(self._segment(verdict)) or any(_OWN_DEBT.search(head) for head in heads):
            purchases, sales = True, False
        if purchases == sales:
            return ""
        held = {side for fact in verdict.facts for side in self._sides(fact)}
        if purchases and held == {"sales"}:
            return "it is owed to the organisation, not by it"
        return "it is owed by the organisation, not to it" if sales and held == {"purchases"} else ""

    def _sides(self, fact: Fact) -> Iterator[str]:
        if side := _KIND_SIDES.get(fact.kind):
            yield side
            return
        for name in fact.entities:
            kinds = self.vocabulary.get(name.casefold(), frozenset())
            yield from (_KIND_SIDES[kind] for kind in kinds if kind in _KIND_SIDES)

    # whom

    def _of_another(self, verdict: Verdict) -> str:
        said, text = verdict.said, self.page.text
        first, last = said.scan.segment(said.shown.start)
        for mention in said.scan.mentions:
            meant = mention.kind == "contact" and first <= mention.start < last and mention.names & verdict.names
            behind = text[max(said.claim.start, mention.start - 24) : mention.start]
            if meant and (_KIN.match(text, mention.end) or _NOT_BEFORE.search(behind)):
                return "it is said of somebody else than the record names"
        for cell in self.page.cells(said.claim):
            if cell.head is None or cell is said.claim:
                continue
            here, head = _contacts(self.page.scan(cell)), _contacts(self.page.scan(cell.head))
            if here and head and not here & head:
                return "its row stands under another name"
        if "contact" in said.lent and said.lender is not self.page.question and _EVERYONE.search(said.around):
            return "it is of one record, not of all of them" if verdict.names and not verdict.derivation else ""
        return ""

    # headings

    def _under(self, verdict: Verdict) -> str:
        known = next((one for one in self._known(verdict) if one.level in {"document", "line"}), None)
        due = self._due_date(known) if known is not None else None
        if due is None or not self._is_owed(verdict):
            return ""
        heads = [claim for claim in verdict.said.claim.parents if claim.kind == "heading"]
        if verdict.said.claim.head is not None:
            heads.append(verdict.said.claim.head)
        for claim in heads:
            if self._denies(claim, due):
                return "the record's due date contradicts the heading it stands under"
        return ""

    def _denies(self, claim: Claim, due: date) -> bool:
        scan, text = self.page.scan(claim), self.page.text[claim.start : claim.end]
        late = due < self.judge.as_of
        if late and _NOT_LATE.search(text):
            return True
        if not late and _LATE.match(text):
            return True
        for phrase in scan.phrases:
            periods = [period for period in phrase.periods if period.first is not None]
            if _DUE_WHEN.search(self.page.text[claim.start : phrase.start]) and len(periods) == len(phrase.periods) > 0:
                return not any(p.first is not None and p.first <= due <= p.last for p in periods)
        return False

    def _known(self, verdict: Verdict) -> Iterator[Known]:
        for fact in verdict.facts[:1]:
            if not fact.derivation:
                yield from (one for one in self.judge.knowledge.of_record(fact.record) if one.fact is fact)

    def _due_date(self, known: Known) -> date | None:
        return self.judge.knowledge.day_of(known, "due_date")

    # denials without a figure

    def nothings(self, claim: Claim, scan: Scan) -> Iterator[tuple[int, int, str]]:
        """ "owes nothing", "no overdue invoices" where the evidence shows what is owed."""
        text = self.page.text
        for match in _NOTHING.finditer(text, claim.start, claim.end):
            group = "a" if match["a"] else "b"
            whom = self._whom(claim, scan)
            if (whom or self._is_of_all(claim, scan)) and self._owes(whom, late=bool(match["late"])):
                yield match.start(group), match.end(), "the evidence shows an open amount"
        for match in _NOBODY.finditer(text, claim.start, claim.end):
            if self._owes("", late=False):
                yield match.start(), match.end(), "the evidence shows open amounts"

    def _whom(self, claim: Claim, scan: Scan) -> str:
        """The one contact that the claim names."""
        names = [mention.names for mention in scan.mentions if mention.kind == "contact" and not mention.vague]
        return min(names[0]) if len(set(names)) == 1 and not scan.phrases and not scan.buckets else ""

    def _is_of_all(self, claim: Claim, scan: Scan) -> bool:
        """Nothing limits whose or which documents the claim is about."""
        lone = not claim.parents and claim.before is None and claim.row < 0
        return lone and not (
            scan.mentions or scan.phrases or scan.buckets or scan.strangers or self.page.question.mentions
        )

    def _owes(self, whom: str, *, late: bool) -> bool:
        facts = self.judge.knowledge.about(whom) if whom else self.judge.knowledge.all_owed()
        return any(
            one.fact.unit == "money"
            and bool(one.concepts & {"due", "overdue"})
            and isinstance(one.fact.value, Decimal)
            and one.fact.value > 0
            and not one.fact.derivation
            and set(self._sides(one.fact)) == {"sales"}
            and (not late or self.judge.is_overdue(one))
            for one in facts
        )


def denies(text: str) -> bool:
    """The text says that nothing is owed, for which evidence is looked at although no figure stands in it."""
    return bool(_NOTHING.search(text) or _NOBODY.search(text))


def unsourced(verdict: Verdict, sources: Sequence[Source]) -> bool:
    """An amount of money stands on a source or on what the person asked for, or it is not verified."""
    return not sources and verdict.said.shown.unit == "money" and verdict.derivation != "asked for"


def _contacts(scan: Scan) -> frozenset[str]:
    return frozenset(name for m in scan.mentions if m.kind == "contact" and not m.soft for name in m.names)
