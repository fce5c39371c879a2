"""Answers as a person sees them arrive: a stream of pieces, and the screen they end on."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyte

from finchat.agent.facts import Figure
from finchat.ui.chat.stream import MarkdownStream
from finchat.ui.chat.theme import DARK, Theme

ANSWER = """## Receivables on 20 November 2026

Your customers owe **14,846.50 NZD** on three invoices; *two* of them are late. The oldest, `INV-0042` of Ridgeway \
University, is 61 days overdue.

- **Ridgeway University** owes 6,187.50 NZD, due on 20 September 2026.
  - Two reminders were sent, the last on 3 November, and nobody answered either of them so far.
- Bayside Club owes 234.00 NZD.

| Customer | Invoice | Due | Amount |
|---|---|---|---:|
| Ridgeway University | INV-0042 | 20 Sep 2026 | 6,187.50 NZD |
| Bayside Club | INV-0051 | 1 Dec 2026 | 234.00 NZD |
| City Limousines, a customer with a name that goes on | INV-0049 | 5 Dec 2026 | 8,425.00 NZD |
| **Total** | | | **14,846.50 NZD** |

```bars
Ridgeway University | 6,187.50 NZD
City Limousines | 8,425.00 NZD
Bayside Club | 234.00 NZD
```

> The bank feed ends
> on 18 November.
"""
_STYLES = re.compile(r"\x1b\[[0-9;]*m")


def streamed(
    text: str,
    figures: Sequence[Figure] = (),
    *,
    cuts: Sequence[int] = (),
    width: int = 80,
    theme: Theme = DARK,
    plain: bool = False,
) -> str:
    """What the terminal got for a text that came in pieces, cut at `cuts`."""
    out: list[str] = []
    stream = MarkdownStream(out.append, width=lambda: width, theme=theme, plain=plain)
    for first, last in zip([0, *cuts], [*cuts, len(text)], strict=True):
        stream.feed(text[first:last])
    stream.end(text, figures)
    return "".join(out)


def screen(written: str, columns: int = 80, rows: int = 60) -> list[str]:
    """The lines on a terminal of some columns, without the empty ones below."""
    terminal = pyte.Screen(columns, rows)
    pyte.Stream(terminal).feed(written.replace("\n", "\r\n"))
    lines = [line.rstrip() for line in terminal.display]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def bare(written: str) -> str:
    """Without the styles."""
    return _STYLES.sub("", written)


def figure(text: str, words: str, *, verified: bool = False) -> Figure:
    start = text.index(words)
    return Figure(
        text=words, start=start, end=start + len(words), value="1", unit="money", verified=verified,
        why="" if verified else "no record carries it",
    )  # fmt: skip
