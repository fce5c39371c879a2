"""The journal's tables in state.sqlite3. Migrations are append-only: never edit a script that was released."""

from __future__ import annotations

ROOM = "safety"

_FIRST = """
CREATE TABLE plans (
    id TEXT PRIMARY KEY, hash TEXT NOT NULL, made_here INTEGER NOT NULL, org_id TEXT NOT NULL, at TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE approvals (
    id TEXT PRIMARY KEY, plan_id TEXT NOT NULL, proposal_id TEXT NOT NULL, run_id TEXT NOT NULL, used_at TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE writes (
    plan_id TEXT NOT NULL, proposal_id TEXT NOT NULL, write_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('approved', 'sending', 'unknown', 'committed', 'failed', 'not_sent')),
    approval_id TEXT NOT NULL, decided_by TEXT NOT NULL, run_id TEXT NOT NULL,
    server TEXT NOT NULL, org_id TEXT NOT NULL, org_name TEXT NOT NULL,
    tool TEXT NOT NULL, effect TEXT NOT NULL, arguments_sha256 TEXT NOT NULL, amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    idempotency_key TEXT, call_id TEXT, known_ids TEXT NOT NULL DEFAULT '[]', lifetime_s REAL NOT NULL DEFAULT 0,
    sent_at TEXT, sent_boot TEXT, sent_monotonic REAL,
    ended_at TEXT, ledger_id TEXT, due_before TEXT, due_after TEXT, error_code TEXT, error_text TEXT,
    unattended_day TEXT, unattended_base TEXT,
    PRIMARY KEY (plan_id, proposal_id, write_id)
) STRICT;
CREATE INDEX writes_by_state ON writes (org_id, state);
CREATE TABLE consumed (
    org_id TEXT NOT NULL, fingerprint TEXT NOT NULL,
    plan_id TEXT NOT NULL, proposal_id TEXT NOT NULL, write_id TEXT NOT NULL,
    PRIMARY KEY (org_id, fingerprint, plan_id, proposal_id, write_id)
) STRICT;
CREATE TABLE last_instant (id INTEGER PRIMARY KEY CHECK (id = 1), at TEXT NOT NULL) STRICT;
CREATE TABLE audit_state (
    id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL,
    file_seq INTEGER NOT NULL, file_offset INTEGER NOT NULL
) STRICT;
CREATE TABLE audit_lines (
    seq INTEGER PRIMARY KEY, call_id TEXT, event TEXT NOT NULL, line TEXT NOT NULL, UNIQUE (call_id, event)
) STRICT;
"""

# A write that the server confirmed is committed; when the ledger was read again for it is told apart from that.
_READ_BACK = """
ALTER TABLE writes ADD COLUMN read_back_at TEXT;
UPDATE writes SET read_back_at = ended_at WHERE state = 'committed';
"""

# Once the log was in its file, a log that is not there was taken, also when the journal could make it anew.
_LOG_BEGUN = """
CREATE TABLE audit_begun (id INTEGER PRIMARY KEY CHECK (id = 1)) STRICT;
"""

# `reverses`: the name of the earlier write that this one takes back; `undone_by`: the write that took this one back.
# `made_from`: the plan that a person changed to make this one.
_UNDONE = """
ALTER TABLE writes ADD COLUMN reverses TEXT;
ALTER TABLE writes ADD COLUMN undone_by TEXT;
CREATE INDEX writes_that_reverse ON writes (reverses) WHERE reverses IS NOT NULL;
ALTER TABLE plans ADD COLUMN made_from TEXT;
"""

# The lines of the log that are about a write, for its evidence pack; and how far each pack on disk goes.
_EVIDENCE = """
CREATE TABLE write_lines (
    seq INTEGER PRIMARY KEY, approval_id TEXT NOT NULL, write_id TEXT NOT NULL, line TEXT NOT NULL
) STRICT;
CREATE INDEX lines_of_write ON write_lines (approval_id, write_id);
CREATE INDEX approvals_of_proposal ON approvals (plan_id, proposal_id);
CREATE TABLE evidence (
    plan_id TEXT NOT NULL, proposal_id TEXT NOT NULL, write_id TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (plan_id, proposal_id, write_id)
) STRICT;
CREATE TABLE signed_as (plan_id TEXT PRIMARY KEY, plan_hash TEXT NOT NULL, classes TEXT NOT NULL) STRICT;
"""

# What a person refused, by what was on the card: the next apply says so before it asks again.
_DECLINED = """
CREATE TABLE declined (
    plan_id TEXT NOT NULL, proposal_id TEXT NOT NULL, proposal_sha256 TEXT NOT NULL, by_user TEXT NOT NULL,
    at TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (plan_id, proposal_id)
) STRICT;
"""

# A plan that a model asked for, and every plan made from it, is approved by a person alone.
_BY_MODEL = """
ALTER TABLE plans ADD COLUMN by_model INTEGER NOT NULL DEFAULT 0;
"""

SCRIPTS: tuple[str, ...] = (_FIRST, _READ_BACK, _LOG_BEGUN, _EVIDENCE, _UNDONE, _DECLINED, _BY_MODEL)
