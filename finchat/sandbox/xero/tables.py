"""The company's tables: what the API shows, beside the ledger that holds the postings.

Amounts are hundredths of the document's currency; `base_*` are hundredths of the organisation's.
"""

from __future__ import annotations

VERSION = 2
# What version 2 added: a company of version 1 gets it when it is opened.
TRANSFERS = """
CREATE TABLE transfer(seq INTEGER PRIMARY KEY, guid TEXT NOT NULL UNIQUE, from_half TEXT NOT NULL UNIQUE,
  to_half TEXT NOT NULL UNIQUE, status TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
  from_tracking TEXT NOT NULL, to_tracking TEXT NOT NULL);
"""
SCHEMA = """
CREATE TABLE organisation(id INTEGER PRIMARY KEY CHECK(id = 1), guid TEXT NOT NULL, currency TEXT NOT NULL,
  body TEXT NOT NULL, written INTEGER NOT NULL DEFAULT 0);
CREATE TABLE account(seq INTEGER PRIMARY KEY, guid TEXT NOT NULL UNIQUE, code TEXT UNIQUE, name TEXT NOT NULL,
  type TEXT NOT NULL, class TEXT NOT NULL, status TEXT NOT NULL, tax_type TEXT NOT NULL, system TEXT, currency TEXT,
  payments INTEGER NOT NULL, updated TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE contact(seq INTEGER PRIMARY KEY, guid TEXT NOT NULL UNIQUE, number TEXT, name TEXT NOT NULL,
  account_number TEXT, email TEXT, first_name TEXT, last_name TEXT, status TEXT NOT NULL,
  is_supplier INTEGER NOT NULL, is_customer INTEGER NOT NULL, updated TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX contact_name ON contact(name);
CREATE TABLE tax_rate(seq INTEGER PRIMARY KEY, tax_type TEXT NOT NULL UNIQUE, name TEXT NOT NULL, rate TEXT NOT NULL,
  status TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE document(seq INTEGER PRIMARY KEY, guid TEXT NOT NULL UNIQUE, resource TEXT NOT NULL, type TEXT NOT NULL,
  status TEXT NOT NULL, contact TEXT, number TEXT, reference TEXT, date TEXT, due_date TEXT, currency TEXT NOT NULL,
  rate TEXT NOT NULL, line_amount_types TEXT NOT NULL, sub_total INTEGER NOT NULL, total_tax INTEGER NOT NULL,
  total INTEGER NOT NULL CHECK(total >= 0), paid INTEGER NOT NULL DEFAULT 0 CHECK(paid >= 0),
  credited INTEGER NOT NULL DEFAULT 0 CHECK(credited >= 0),
  due INTEGER NOT NULL CHECK(due BETWEEN 0 AND total), base_total INTEGER NOT NULL,
  base_due INTEGER NOT NULL CHECK(base_due BETWEEN 0 AND base_total), fully_paid TEXT, bank TEXT,
  is_reconciled INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0, twin TEXT, updated TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX document_updated ON document(resource, updated, guid);
CREATE INDEX document_status ON document(resource, status, type, date);
CREATE INDEX document_number ON document(number);
CREATE INDEX document_contact ON document(contact);
CREATE TABLE payment(seq INTEGER PRIMARY KEY, guid TEXT NOT NULL UNIQUE, document TEXT NOT NULL, account TEXT NOT NULL,
  date TEXT NOT NULL, amount INTEGER NOT NULL CHECK(amount > 0), bank_amount INTEGER NOT NULL,
  base_amount INTEGER NOT NULL, control_base INTEGER NOT NULL, rate TEXT NOT NULL, reference TEXT,
  is_reconciled INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL, type TEXT NOT NULL, batch TEXT,
  updated TEXT NOT NULL);
CREATE INDEX payment_document ON payment(document);
CREATE INDEX payment_updated ON payment(updated, guid);
CREATE INDEX payment_account ON payment(account, date);
CREATE TABLE allocation(seq INTEGER PRIMARY KEY, guid TEXT NOT NULL UNIQUE, credit TEXT NOT NULL,
  invoice TEXT NOT NULL, date TEXT NOT NULL, amount INTEGER NOT NULL CHECK(amount > 0), credit_base INTEGER NOT NULL,
  invoice_base INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX allocation_credit ON allocation(credit);
CREATE INDEX allocation_invoice ON allocation(invoice);
CREATE TABLE other(seq INTEGER PRIMARY KEY, resource TEXT NOT NULL, guid TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE(resource, guid));
CREATE TABLE idempotency(key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
  at TEXT NOT NULL);
"""
