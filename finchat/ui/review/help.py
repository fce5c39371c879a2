"""The keys of the review screen."""

from __future__ import annotations

HELP: tuple[str, ...] = (
    "Keys of the review",
    "",
    "  ↑ ↓  j k     move         Space PgDn b PgUp  page      g G  first, last",
    "  Enter →      open a group or a row           Esc ←     back, close",
    "  Tab          next that waits for a decision",
    "  y            approve: a row from its whole card; a group once its rows",
    "               were on the screen and its count and total are typed",
    "  Y            approve the group of the row under the cursor",
    "  n  r         skip; refuse with a reason (a group: all of it that is open)",
    "  c            choose account and tax code, for a row or a whole group;",
    "               what was answered can be answered again",
    "  e            edit amount, date or reference of a row",
    "  u            take back a decision that is not written yet",
    "  w            write what was approved in an earlier sitting",
    "  /            filter: words, >100, class:review, status:open, account:404",
    "  s            show all, open, approved, skipped, written, failed in turn",
    "  q  Ctrl-C    leave; every decision is kept, finchat review goes on here",
)
