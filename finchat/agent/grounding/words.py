"""What is said of figures that did not tie out: marks in the answer, and what the model is told."""

from __future__ import annotations

from collections.abc import Sequence

from finchat.agent.facts import Figure

MARK = " [unverified]"
_MOST_TOLD = 40


def marked(text: str, figures: Sequence[Figure], mark: str = MARK) -> str:
    """`text` with `mark` put behind every figure that is not verified. `figures` are those of `check(text, …)`."""
    parts: list[str] = []
    at = 0
    for figure in sorted(figures, key=lambda f: f.end):
        if figure.verified or figure.end < at:
            continue
        parts += [text[at : figure.end], mark]
        at = figure.end
    return "".join([*parts, text[at:]])


def correction(figures: Sequence[Figure]) -> str:
    """What to tell the model of its figures that do not tie out; empty when all do.

    Holds words of the model's own text and of the ledger: send it as fenced data.
    """
    wrong = [figure for figure in figures if not figure.verified]
    if not wrong:
        return ""
    lines = [f"- {' '.join(f.text.split())[:80]}: {f.why}" for f in wrong[:_MOST_TOLD]]
    if len(wrong) > _MOST_TOLD:
        lines.append(f"- and {len(wrong) - _MOST_TOLD} more")
    return "\n".join(
        [
            "These figures of your answer do not tie out with what the tools returned:",
            *lines,
            "Write the whole answer again. Name the record, field and period that each figure belongs to; leave out "
            "what no tool returned, or call a tool for it. Let a tool compute sums and shares, or list their parts.",
        ]
    )
