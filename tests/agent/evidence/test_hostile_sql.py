"""What a hostile model may write in SQL: refused at once, in words it can act on, and nothing is touched."""

from __future__ import annotations

import time

import pytest

from finchat.agent.evidence.sandboxed import LONGEST_SQL, TIME_S
from tests.agent.evidence.kept import AT, Session, documents, invoice

REFUSED = """
hello
SELECT
SELECT * FROM
DROP TABLE e1
DELETE FROM e1
UPDATE e1 SET total = 0
INSERT INTO e1 VALUES (1)
CREATE TABLE x AS SELECT 1
CREATE VIEW v AS SELECT 1
REPLACE INTO e1 VALUES (1)
SELECT 1; DROP TABLE e1
SELECT 1; SELECT 2
/* */ DELETE FROM e1
ATTACH '/tmp/x' AS y
ATTACH DATABASE ':memory:' AS y
DETACH main
PRAGMA table_info(e1)
PRAGMA user_version = 5
SELECT * FROM pragma_table_info('e1')
SELECT * FROM pragma_database_list
SELECT * FROM sqlite_master
SELECT * FROM sqlite_schema
SELECT sql FROM main.sqlite_master
SELECT * FROM temp.e1
SELECT * FROM dbstat
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c
WITH c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c
WITH c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c
SELECT zeroblob(1000000000)
SELECT randomblob(1000000000)
SELECT x'00'
SELECT CAST('a' AS BLOB)
SELECT printf('%1000000000d', 1)
SELECT format('%.*c', 1000000000, 'x')
SELECT hex('a')
SELECT quote('a')
SELECT load_extension('/tmp/x.so')
SELECT readfile('/etc/passwd')
SELECT writefile('/tmp/x', 'y')
SELECT edit('x')
SELECT sqlite_version()
SELECT random()
SELECT char(1)
SELECT json('[]')
SELECT * FROM json_each('[1]')
SELECT * FROM generate_series(1, 1000000000)
SELECT fts3_tokenizer('x')
SELECT date('now')
SELECT current_timestamp
SELECT ?
SELECT :x
SELECT @x
SELECT $x
SELECT e1.rowid FROM e1
SELECT oid FROM e1
VALUES (1)
EXPLAIN SELECT 1
EXPLAIN QUERY PLAN SELECT 1
VACUUM INTO '/tmp/x'
REINDEX
BEGIN
COMMIT
SAVEPOINT a
SELECT 1 INTO x
SELECT * FROM e1 INDEXED BY x
ANALYZE
SELECT 'a' COLLATE nocase
SELECT "Acme Ltd" AS contact FROM e1
SELECT [x] FROM e1
SELECT nothing FROM e1
SELECT * FROM e99
SELECT * FROM e1_x
SELECT e99.number FROM e1
SELECT * FROM e1 NATURAL JOIN e9
SELECT number FROM e1 a JOIN e1 b ON a.number = b.number
SELECT 1 FROM e1 GROUP BY 9
SELECT sum(sum(days_overdue)) FROM e1
SELECT max() FROM e1
SELECT 1 WHERE (SELECT 1, 2)
SELECT d_add(1)
SELECT 'unclosed
SELECT /* unclosed
""".strip().splitlines()
ODD = [
    "", " ", ";", "SELECT 1 -- x\n; DELETE FROM e1", "SELECT '\x00'", "SELECT '" + "x" * LONGEST_SQL + "'",
    "SELECT replace(replace('aaaaaaaaaa', 'a', '" + "b" * 900 + "'), 'b', '" + "c" * 900 + "')",
    "SELECT " + "(" * 300 + "1" + ")" * 300, "SELECT " + "1+" * 1900 + "1", "SELECT " + "NOT " * 900 + "1",
    "SELECT " + "CASE WHEN 1 THEN " * 150 + "1" + " END" * 150, "SELECT " + "'a'||" * 700 + "'a'",
    "SELECT 1 FROM e1 WHERE " + " OR ".join(["1=1"] * 450), "SELECT " + "-" * 2000 + "1", "SELECT " + "a." * 1500 + "b",
    " UNION ".join(["SELECT 1"] * 200),
]  # fmt: skip


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Session:
    opened = Session(tmp_path_factory.mktemp("books"))
    opened.keep(documents(invoice(n) for n in range(1500)))
    return opened


async def test_whatever_is_no_plain_select_is_refused_fast(books: Session) -> None:
    await books.ask("SELECT 1 AS one FROM e1 LIMIT 1")
    slow = []
    for sql in REFUSED + ODD:
        began = time.process_time()
        error = await books.refused(sql)
        assert error.code in {"query_refused", "query_limit", "invalid_argument"}, (sql, error)
        assert error.message, sql
        assert "\x1b" not in error.message
        if (took := time.process_time() - began) > 0.5:
            slow.append((took, sql[:60]))
    assert slow == []
    assert (await books.ask("SELECT count(*) AS n FROM e1"))[0] == [{"n": 1500}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM e1 a, e1 b, e1 c, e1 d",
        "SELECT a.number || b.number || c.number AS x FROM e1 a, e1 b, e1 c ORDER BY x",
        "SELECT count(DISTINCT a.number || b.number || c.number) FROM e1 a, e1 b, e1 c",
    ],
)
async def test_what_would_never_end_or_never_fit_is_stopped(
    books: Session, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert TIME_S <= 2
    monkeypatch.setattr("finchat.agent.evidence.sandboxed.TIME_S", 0.2)
    error = await books.refused(sql)
    assert error.code == "query_limit"
    assert "filter" in (error.next or "")
    assert (await books.ask("SELECT count(*) AS n FROM e1"))[0] == [{"n": 1500}]


async def test_rows_and_texts_are_bounded(books: Session) -> None:
    rows, _ = await books.ask("SELECT a.number, b.number FROM e1 a, e1 b")
    assert len(rows) == 200
    result = await books.tools.call("query", {"sql": "SELECT a.*, b.* FROM e1 a, e1 b"})
    kept = books.store.keep(server="finchat", tool="query", arguments={}, result=result, at=AT)
    assert len(kept.view) <= 8000
    assert "rows shown" in kept.view


async def test_an_error_says_what_there_is(books: Session) -> None:
    assert "e1 (1500)" in ((await books.refused("SELECT * FROM e1_lines")).next or "")
    assert "e1 (open_documents)" in ((await books.refused("SELECT * FROM invoices")).next or "")
    assert "amount_due" in ((await books.refused("SELECT AmountDue FROM e1")).next or "")
    assert "single quotes" in ((await books.refused('SELECT number FROM e1 WHERE contact = "Acme"')).next or "")


async def test_fields_with_names_of_sql_can_be_asked(session: Session) -> None:
    words = [
        "order",
        "group",
        "from",
        "to",
        "select",
        "where",
        "limit",
        "values",
        "row",
        "current",
        "Key",
        "1-30",
        "a.b",
        "é",
    ]
    session.keep({"lines": [dict.fromkeys(words, "x")]})
    rows, _ = await session.ask("SELECT * FROM e1")
    (row,) = rows
    for name in row:
        assert (await session.ask(f"SELECT {name} FROM e1"))[0] == [{name: row[name]}]
