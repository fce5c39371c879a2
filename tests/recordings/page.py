"""Writes the table of `recordings/README.md`: `python -m tests.recordings.page`. The rest of the page is written by
hand."""

from __future__ import annotations

import re
from pathlib import Path

from tests.recordings import asking, chatting, elsewhere, reconciling, records

PAGE = Path(__file__).parents[2] / "recordings" / "README.md"
_PARTS = (
    ("In the chat", chatting.ROWS), ("One question", asking.ROWS),
    ("Bank lines, approved and taken back", reconciling.ROWS),
    ("Servers, and what goes wrong with them", elsewhere.ROWS), ("What finchat keeps", records.ROWS),
)  # fmt: skip
_BEGINS, _ENDS = "<!-- table -->\n", "<!-- end of table -->\n"


def tables() -> str:
    parts = []
    for head, rows in _PARTS:
        lines = [f"| `{row.name}.jsonl` | {row.title} |" for row in rows]
        parts.append("\n".join([f"### {head}\n", "| file | what it shows |", "|---|---|", *lines, ""]))
    return "\n".join(parts)


def main() -> None:
    page = PAGE.read_text("utf-8")
    found = re.compile(re.escape(_BEGINS) + ".*" + re.escape(_ENDS), re.DOTALL)
    PAGE.write_text(found.sub(lambda _: f"{_BEGINS}\n{tables()}\n{_ENDS}", page), "utf-8")


if __name__ == "__main__":
    main()
