"""The company's tables: what the API shows, beside the ledger that holds the postings.

`record` is every record of every entity: its JSON as it is now (`body`, without Id, SyncToken and MetaData, which have
columns) and, beside it, what is computed and looked up with. Amounts are hundredths of the record's currency; `home_*`
are hundredths of the company's. `total` is positive; `balance` is what is open of it: of an invoice or bill what is
due, of a credit memo or vendor credit what is left, of a payment or bill payment what is not applied.

`link` is what settles what: `amount` of `source` (a payment, bill payment or deposit) is taken by `target`. A credit
memo on a payment, or a vendor credit on a bill payment, is a link of its own whose amount is what is used of it.
`home_amount` is what the settlement takes out of the control account.

`split` is the present postings of every live transaction with who and what for: their sum by account is the ledger's
balance. `amount` is debit positive in home hundredths, `own_amount` in the account's own currency. `what` says which
part of the transaction it is: line, tax, control (receivables or payables), money (bank, card, undeposited funds),
discount, stock, cost, gain.

`stock` is what came and went of an inventory item: quantity in millionths, value in home hundredths.
"""

from __future__ import annotations

VERSION = 1
SCHEMA = """
CREATE TABLE company(id INTEGER PRIMARY KEY CHECK(id = 1), realm TEXT NOT NULL, written INTEGER NOT NULL DEFAULT 0);
CREATE TABLE sequence(name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE record(seq INTEGER PRIMARY KEY, entity TEXT NOT NULL, id TEXT NOT NULL, sync INTEGER NOT NULL,
  active INTEGER NOT NULL DEFAULT 1, deleted INTEGER NOT NULL DEFAULT 0, voided INTEGER NOT NULL DEFAULT 0,
  created TEXT NOT NULL, updated TEXT NOT NULL, name TEXT, date TEXT, due TEXT, number TEXT, party TEXT,
  currency TEXT, rate TEXT, total INTEGER NOT NULL DEFAULT 0, balance INTEGER NOT NULL DEFAULT 0,
  home_total INTEGER NOT NULL DEFAULT 0, home_balance INTEGER NOT NULL DEFAULT 0, parent TEXT,
  body TEXT NOT NULL,
  UNIQUE(entity, id));
CREATE INDEX record_date ON record(entity, date);
CREATE INDEX record_party ON record(entity, party, balance);
CREATE INDEX record_number ON record(entity, number);
CREATE INDEX record_parent ON record(entity, parent);
CREATE INDEX record_name ON record(entity, name);
CREATE INDEX record_updated ON record(entity, updated);
CREATE TABLE link(seq INTEGER PRIMARY KEY, source_entity TEXT NOT NULL, source TEXT NOT NULL,
  target_entity TEXT NOT NULL, target TEXT NOT NULL, amount INTEGER NOT NULL, home_amount INTEGER NOT NULL,
  date TEXT NOT NULL, line TEXT NOT NULL DEFAULT '', UNIQUE(source_entity, source, target_entity, target, line));
CREATE INDEX link_target ON link(target_entity, target);
CREATE TABLE split(seq INTEGER PRIMARY KEY, entity TEXT NOT NULL, id TEXT NOT NULL, line TEXT NOT NULL,
  what TEXT NOT NULL, date TEXT NOT NULL, account TEXT NOT NULL, amount INTEGER NOT NULL, own_amount INTEGER NOT NULL,
  party_entity TEXT, party TEXT, class TEXT, department TEXT, item TEXT, memo TEXT);
CREATE INDEX split_of ON split(entity, id);
CREATE INDEX split_account ON split(account, date);
CREATE INDEX split_party ON split(party_entity, party);
CREATE TABLE stock(item TEXT NOT NULL, entity TEXT NOT NULL, id TEXT NOT NULL, date TEXT NOT NULL,
  quantity INTEGER NOT NULL, value INTEGER NOT NULL);
CREATE INDEX stock_item ON stock(item);
CREATE INDEX stock_of ON stock(entity, id);
CREATE TABLE request(key TEXT PRIMARY KEY, status INTEGER NOT NULL, body TEXT NOT NULL, at TEXT NOT NULL);
"""
