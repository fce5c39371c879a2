"""Memory's tables in state.sqlite3. Migrations are append-only: never edit a script that was released.

Account numbers of payers are kept as digests under a salt of this file, with their last four characters for the
person; nothing but equality is needed of them.
"""

from __future__ import annotations

ROOM = "memory"

_FIRST = """
CREATE TABLE memory_salt (id INTEGER PRIMARY KEY CHECK (id = 1), salt TEXT NOT NULL) STRICT;
CREATE TABLE memory_observations (
    org_id TEXT NOT NULL, org_name TEXT NOT NULL, id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('name', 'account', 'residual', 'coding')), key TEXT NOT NULL,
    contact_id TEXT NOT NULL, contact TEXT NOT NULL, sign INTEGER NOT NULL CHECK (sign IN (1, -1)),
    said INTEGER NOT NULL, at TEXT NOT NULL, source TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (org_id, id)
) STRICT;
CREATE INDEX memory_by_source ON memory_observations (org_id, source);
CREATE TABLE memory_learned (
    org_id TEXT NOT NULL, source TEXT NOT NULL, what TEXT NOT NULL, PRIMARY KEY (org_id, source, what)
) STRICT;
CREATE TABLE memory_accounts (
    org_id TEXT NOT NULL, line_id TEXT NOT NULL, digest TEXT NOT NULL, shown TEXT NOT NULL,
    PRIMARY KEY (org_id, line_id)
) STRICT;
"""

# Plans that people are deciding about: what a run that ended early did not learn, the next one does.
_BEGUN = """
CREATE TABLE memory_begun (org_id TEXT NOT NULL, plan_id TEXT NOT NULL, PRIMARY KEY (org_id, plan_id)) STRICT;
"""

# Undone writes and refusals once counted against who the payer was: an undo withdraws what it taught (its opposite was
# kept under the same id with a `-`), a refusal says nothing of names and accounts.
_NO_OPPOSITES = """
DELETE FROM memory_observations AS o WHERE o.sign = 1 AND o.said = 0 AND EXISTS (
    SELECT 1 FROM memory_observations u WHERE u.org_id = o.org_id AND u.id = o.id || '-'
);
DELETE FROM memory_observations WHERE sign = -1 AND (kind IN ('name', 'account') OR id LIKE '%-');
"""

SCRIPTS: tuple[str, ...] = (_FIRST, _BEGUN, _NO_OPPOSITES)
