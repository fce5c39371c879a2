"""Writing: create, full and sparse update, delete, void, send; one road to a record, its postings and its balances.

A full update takes from a record what was not sent; a sparse one leaves it alone. Both need the SyncToken that is there
now. A change of a transaction reverses what it posted and posts anew. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

from finchat.sandbox.quickbooks import errors
from finchat.sandbox.quickbooks.accounts import PROFIT_AND_LOSS, Accounts
from finchat.sandbox.quickbooks.directory import Directory, kept_on_full_update, opening_value
from finchat.sandbox.quickbooks.documents import Documents
from finchat.sandbox.quickbooks.entities import Entity, Operation
from finchat.sandbox.quickbooks.payloads import CLEARED, checked_object, clean
from finchat.sandbox.quickbooks.posting import About, Poster, Splits
from finchat.sandbox.quickbooks.records import SINGLE, Record, Records
from finchat.sandbox.quickbooks.settlements import Settlements, payer
from finchat.sandbox.quickbooks.values import amount, day, dig, round_minor, shown_instant

_OPERATIONS = ("", "create", "update", "delete", "void")
# Forms that draw their numbers from one run, and where it starts.
_NUMBERS = {
    **dict.fromkeys(("Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt"), ("sales", 1001)),
    "Estimate": ("estimate", 1001),
    "PurchaseOrder": ("order", 1001),
    "JournalEntry": ("journal", 1),
}
# What a full update leaves even when it is not sent: numbers and the company's own fields stay on a form.
_STAYS = ("DocNumber", "CustomField", "LinkedTxn")
_SENT = ("Invoice", "Estimate", "CreditMemo", "SalesReceipt", "RefundReceipt", "PurchaseOrder")
_MILLIONTHS = Decimal(1_000_000)


class Writer:
    """Writes the records of one company; the caller owns the transaction."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.accounts = Accounts(records)
        self.poster = Poster(records)
        self.settlements = Settlements(records, self.accounts, self.poster)
        self.documents = Documents(records, self.accounts, self.settlements)
        self.directory = Directory(records, self.accounts)
        self._items: set[str] = set()

    def write(self, entity: Entity, payload: Any, operation: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Do what the payload and the operation say; the object as it is then (its tombstone after a deletion).

        Raises Fault.
        """
        sent = checked_object(payload, entity.name)
        if operation not in _OPERATIONS:
            raise errors.unsupported(f"Operation {operation} is not supported.")
        options = {part.strip().lower() for part in params.get("include", "").split(",")}
        void = operation == "void" or "void" in options
        updates = operation == "update" or (operation == "" and sent.get("Id") not in (None, ""))
        doing: Operation = "void" if void else "delete" if operation == "delete" else "update" if updates else "create"
        if entity.name == "ExchangeRate" and doing == "create":
            doing = "update"
        if doing not in entity.operations:
            raise errors.unsupported(f"Operation {doing} is not supported.")
        if entity.name in SINGLE or entity.name == "ExchangeRate":
            return self._single(entity, sent)
        if doing in ("delete", "void"):
            record = self._matching(entity, sent)
            return self._delete(record) if doing == "delete" else self._void(record)
        record = self._save(entity, sent, updates=doing == "update", twice="allowduplicatedocnum" in options)
        self.flush()
        found = self.records.get(entity, record.id)
        assert found is not None
        return self.records.shown(found)

    # -- create and update

    def _save(self, entity: Entity, sent: dict[str, Any], *, updates: bool, twice: bool) -> Record:
        was = self._matching(entity, sent) if updates else None
        sparse = was is not None and sent.get("sparse") in (True, "true")
        body = clean(self.records, entity, sent, was.body if was else {})
        self._require(body, entity.sparse_required if sparse else entity.required)
        if was is not None:
            body = self._merged(was, body, sparse=sparse)
        if entity.kind == "list":
            return self._save_name(entity, body, was)
        if entity.kind == "other":
            return self._save_other(entity, body, was)
        self._check_period(was.date if was else None, body.get("TxnDate"))
        self._number(entity, body, was, twice=twice)
        return self.save_transaction(self._new(entity, was), body, was)

    @staticmethod
    def _require(body: Mapping[str, Any], names: tuple[str, ...]) -> None:
        for name in names:
            if all(body.get(part) in (None, "", [], {}) for part in name.split("|")):
                raise errors.missing(name.split("|")[0])

    @staticmethod
    def _merged(was: Record, body: dict[str, Any], *, sparse: bool) -> dict[str, Any]:
        entity = was.entity
        if not sparse:
            stays = {name: was.body[name] for name in _STAYS if name in was.body}
            return {**stays, **kept_on_full_update(entity, was.body), **body}
        kept = {
            name: deepcopy(value)
            for name, value in was.body.items()
            if (prop := entity.properties.get(name)) is None or not prop.computed
        }
        if "TxnTaxDetail" in kept and "Line" in body and "TxnTaxDetail" not in body:
            # The tax of the lines that were: a code stays, its total is worked out again.
            kept["TxnTaxDetail"] = {k: v for k, v in kept["TxnTaxDetail"].items() if k != "TaxLine"}
        if "SalesTermRef" in body or ("TxnDate" in body and "DueDate" not in body):
            kept.pop("DueDate", None)
        return {name: value for name, value in {**kept, **body}.items() if value != CLEARED}

    def _new(self, entity: Entity, was: Record | None) -> Record:
        stamp = self.records.back_end.stamp()
        if was is None:
            return Record(entity, self.records.next_id(entity.sequence), {}, created=stamp, updated=stamp)
        return Record(entity, was.id, {}, sync=was.sync + 1, created=was.created, updated=stamp, seq=was.seq)

    def save_transaction(self, record: Record, body: dict[str, Any], was: Record | None) -> Record:
        """Complete, keep, settle and post one transaction; `was` is what it was before. Raises Fault."""
        self._drop_stock(record)
        splits, moves = self.documents.build(record, body, was)
        if was is not None and was.seq is not None:
            self._check_deposited(was, record)
        if record.seq is None:
            self.records.insert(record)
        else:
            self.records.save(record)
        if payer(record):
            self.settlements.settle(record, moves.wanted)
            if record.entity.name == "BillPayment" and moves.wanted and not record.body["Line"]:
                # All it would pay is paid: the vendor keeps such a payment and voids it.
                self._zero(record)
            splits = self.settlements.splits(record, self.settlements.money_account(record))
        elif record.entity.name == "Deposit":
            self.settlements.deposit(record, moves.wanted)
        self.records.save(record)
        self.poster.post(record, splits)
        if not payer(record) and record.entity.name != "Deposit":
            self.settlements.made_from(record, moves.made_from)
            self.settlements.resettle(record)
        for item, quantity, value in moves.stock:
            self._items.add(item)
            self.records.db.execute(
                "INSERT INTO stock VALUES(?,?,?,?,?,?)",
                (item, record.entity.name, record.id, record.date, quantity, value),
            )
        return record

    def _save_name(self, entity: Entity, body: dict[str, Any], was: Record | None) -> Record:
        record = self._new(entity, was)
        if was is None:
            self.complete_name(record, body)
            return record
        before = deepcopy(was.body)
        record.body, record.active = was.body, was.active
        self.directory.complete(record, body)
        record.date = was.date
        if record.body == before:
            # Nothing changed: the vendor leaves the token alone.
            return was
        self.records.save(record)
        if record.name != was.name:
            self.directory.renamed(record)
        return record

    def complete_name(self, record: Record, body: dict[str, Any], *, checked: bool = True) -> None:
        """Keep a new name; an inventory item starts with its quantity. Raises Fault."""
        self.directory.complete(record, body, checked=checked)
        record.date = record.body.get("InvStartDate")
        self.records.insert(record)
        if record.entity.name == "Item" and record.body.get("Type") == "Inventory":
            quantity, value = opening_value(record.body)
            self._opening_stock(record, int(quantity * _MILLIONTHS), round_minor(value))

    def _opening_stock(self, record: Record, quantity: int, value: int) -> None:
        splits = Splits(self.records, self.records.back_end.home_currency, Decimal(1))
        about = About(item=record.id, memo="Opening quantity")
        splits.add("stock", record.body["AssetAccountRef"]["value"], value, about)
        splits.add("line", self.accounts.opening_equity(), -value, about)
        self.poster.post(record, splits.settle())
        self.records.db.execute(
            "INSERT INTO stock VALUES(?, 'Item', ?, ?, ?, ?)", (record.id, record.id, record.date, quantity, value)
        )

    def _save_other(self, entity: Entity, body: dict[str, Any], was: Record | None) -> Record:
        record = self._new(entity, was)
        record.body = {name: value for name, value in body.items() if value not in ("", {}, [])}
        record.name = str(record.body.get("FileName") or record.body.get("Note") or "")[:100]
        if was is None:
            self.records.insert(record)
        else:
            self.records.save(record)
        return record

    def _single(self, entity: Entity, sent: dict[str, Any]) -> dict[str, Any]:
        """CompanyInfo and Preferences, of which there is one; a rate, by its currency and day."""
        body = clean(self.records, entity, sent, {})
        if entity.name == "ExchangeRate":
            return self._rate(entity, body, sent)
        was = self.records.single(entity.name)
        self._check_token(was, sent)
        sparse = entity.name == "Preferences" or sent.get("sparse") in (True, "true")
        if not sparse:
            self._require(body, entity.required)
        record = self._new(entity, was)
        if entity.name == "Preferences":
            _same_kinds(was.body, body)
            if closing := dig(body, "AccountingInfoPrefs", "BookCloseDate"):
                day(closing, "BookCloseDate")
        # Preferences come in groups; a group that is sent is merged into what it was.
        merged = {
            name: {**was.body[name], **value}
            if isinstance(value, dict) and isinstance(was.body.get(name), dict)
            else value
            for name, value in body.items()
        }
        stays = was.body if sparse else {name: was.body[name] for name in ("NameValue",) if name in was.body}
        record.body = {name: value for name, value in {**stays, **merged}.items() if value != CLEARED}
        record.name = was.name
        self.records.save(record)
        return self.records.shown(record)

    def _rate(self, entity: Entity, body: dict[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
        self._require(body, entity.required)
        home = self.records.back_end.home_currency
        currency = str(body["SourceCurrencyCode"]).upper()
        if len(currency) != 3 or not currency.isalpha() or currency == home:
            raise errors.bad_choice("SourceCurrencyCode", currency, ("another currency than the company's",))
        if not Decimal(str(body["Rate"])) > 0:
            raise errors.business("The exchange rate must be greater than zero.", "Rate")
        day = str(body.get("AsOfDate") or self.records.back_end.today().isoformat())
        was = self.records.rate_on(currency, day)
        if was is not None and was.date == day:
            if sent.get("SyncToken") not in (None, ""):
                self._check_token(was, sent)
        else:
            was = None
        record = self._new(entity, was)
        record.name, record.date = currency, day
        record.body = {
            "AsOfDate": day,
            "SourceCurrencyCode": currency,
            "Rate": body["Rate"],
            "TargetCurrencyCode": home,
        }
        if was is None:
            self.records.insert(record)
        else:
            self.records.save(record)
        return self.records.shown(record)

    # -- delete, void, send

    def _delete(self, record: Record) -> dict[str, Any]:
        self._check_period(record.date, None)
        if record.entity.kind == "transaction":
            if self.settlements.deposited(record):
                raise errors.deposited(record.entity.name)
            self.settlements.release(record)
            self._drop_stock(record)
            self.poster.post(record, ())
        record.deleted, record.sync, record.updated = True, record.sync + 1, self.records.back_end.stamp()
        record.balance = record.home_balance = 0
        self.records.save(record)
        self.flush()
        return self.records.tombstone(record)

    def _void(self, record: Record) -> dict[str, Any]:
        self._check_period(record.date, None)
        if self.settlements.deposited(record):
            raise errors.deposited(record.entity.name)
        self.settlements.release(record)
        self._drop_stock(record)
        found = self.records.get(record.entity, record.id)
        assert found is not None
        self._zero(found)
        found.sync, found.updated = found.sync + 1, self.records.back_end.stamp()
        self.records.save(found)
        self.poster.post(found, ())
        self.flush()
        return self.records.shown(found)

    def _zero(self, record: Record) -> None:
        """Every amount is nothing, the note says so, and what the document was stays to be read."""
        body = record.body
        note = body.get("PrivateNote")
        body["PrivateNote"] = f"Voided - {note}" if note and not note.startswith("Voided") else note or "Voided"
        if payer(record):
            body["Line"] = []
        for line in body.get("Line", ()):
            _zero_line(line)
        for name in ("TotalAmt", "Balance", "HomeTotalAmt", "HomeBalance", "RemainingCredit", "UnappliedAmt"):
            if name in body:
                body[name] = 0
        if "TxnTaxDetail" in body:
            code = {k: v for k, v in body["TxnTaxDetail"].items() if k == "TxnTaxCodeRef"}
            body["TxnTaxDetail"] = {**code, "TotalTax": 0}
        record.voided = True
        record.total = record.balance = record.home_total = record.home_balance = 0

    def send(self, entity: Entity, id: str, to: str | None) -> dict[str, Any]:
        """Mark a form as sent by e-mail, as the vendor does after sending it; nothing leaves the sandbox.

        Raises Fault 500 for what is no form, 610, and 6000 without an address.
        """
        if entity.name not in _SENT:
            raise errors.unsupported("Operation send is not supported.")
        record = self.records.read(entity, id)
        where = "POEmail" if entity.name == "PurchaseOrder" else "BillEmail"
        address = to or record.body.get(where, {}).get("Address")
        if not address or len(address) > 100 or "@" not in address:
            raise errors.business("You need to provide a valid e-mail address.", where)
        record.body[where] = {"Address": address}
        record.body["EmailStatus"] = "EmailSent"
        record.updated = self.records.back_end.stamp()
        if "DeliveryInfo" in entity.properties:
            record.body["DeliveryInfo"] = {"DeliveryType": "Email", "DeliveryTime": shown_instant(record.updated)}
        self.records.save(record)
        return self.records.shown(record)

    # -- checks

    def _matching(self, entity: Entity, sent: Mapping[str, Any]) -> Record:
        id = sent.get("Id")
        if id in (None, ""):
            raise errors.missing("Id")
        if isinstance(id, bool) or not isinstance(id, str | int):
            raise errors.bad_id(id)
        record = self.records.read(entity, str(id))
        self._check_token(record, sent)
        return record

    @staticmethod
    def _check_token(record: Record, sent: Mapping[str, Any]) -> None:
        token = sent.get("SyncToken")
        if token is None or token == "":
            raise errors.missing("SyncToken")
        if str(token) != str(record.sync):
            raise errors.stale()

    def _check_period(self, *days: Any) -> None:
        closing = str(dig(self.records.back_end.preferences, "AccountingInfoPrefs", "BookCloseDate") or "")
        if closing and any(day and str(day) <= closing for day in days):
            raise errors.closed_period(closing)

    def _check_deposited(self, was: Record, record: Record) -> None:
        """What was deposited keeps its amount and the account it went through."""
        moved = any(
            (was.body.get(name) or {}).get("value") != (record.body.get(name) or {}).get("value")
            for name in ("DepositToAccountRef", "AccountRef")
        )
        if (moved or was.total != record.total) and self.settlements.deposited(was):
            raise errors.deposited(was.entity.name)

    def _number(self, entity: Entity, body: dict[str, Any], was: Record | None, *, twice: bool) -> None:
        """The next number of its run for a form without one; no number twice, unless the client asked for it."""
        run = _NUMBERS.get(entity.name)
        number = body.get("DocNumber")
        if not number:
            own = dig(self.records.back_end.preferences, "SalesFormsPrefs", "CustomTxnNumbers") in (True, "true")
            if run is not None and was is None and not own:
                self.records.taken(f"number:{run[0]}", str(run[1] - 1))
                body["DocNumber"] = self.records.next_id(f"number:{run[0]}")
            return
        if run is not None:
            self.records.taken(f"number:{run[0]}", str(number))
        if twice or (was is not None and was.number == number):
            return
        party = body.get("VendorRef", {}).get("value") if entity.name in ("Bill", "VendorCredit") else None
        row = self.records.db.execute(
            "SELECT id FROM record WHERE entity = ? AND number = ? AND deleted = 0 AND id <> ?"
            " AND (? IS NULL OR party = ?)",
            (entity.name, number, was.id if was else "", party, party),
        ).fetchone()
        if row is not None:
            raise errors.duplicate_number(str(number), entity.name, row[0])

    # -- balances that other records show

    def _drop_stock(self, record: Record) -> None:
        of = (record.entity.name, record.id)
        rows = self.records.db.execute("SELECT item FROM stock WHERE entity = ? AND id = ?", of).fetchall()
        self._items |= {row[0] for row in rows}
        self.records.db.execute("DELETE FROM stock WHERE entity = ? AND id = ?", of)

    def flush(self) -> None:
        """Bring the balances that names and accounts show up to what was posted."""
        accounts, parties, items = set(self.poster.accounts), set(self.poster.parties), set(self._items)
        self.poster.accounts.clear()
        self.poster.parties.clear()
        self._items.clear()
        for id in accounts:
            self._account_balance(id)
        for entity, id in sorted(parties):
            self._party_balance(entity, id)
        for id in items:
            self._on_hand(id)

    def _account_balance(self, id: str) -> None:
        account = self.records.get("Account", id)
        if account is None:
            return
        own = self.records.db.execute(
            "SELECT coalesce(sum(account_amount), 0) FROM posting WHERE account = ?", (id,)
        ).fetchone()[0]
        account.body["CurrentBalance"] = amount(0 if account.body["AccountType"] in PROFIT_AND_LOSS else own)
        self.records.save(account)
        walked: Record | None = account
        while walked is not None:
            self._with_those_below(walked, "CurrentBalance", "CurrentBalanceWithSubAccounts")
            upper = walked.body.get("ParentRef", {}).get("value")
            walked = self.records.get("Account", upper) if upper else None

    def _party_balance(self, entity: str, id: str) -> None:
        party = self.records.get(entity, id)
        if party is None or entity == "Employee":
            return
        own = self.records.db.execute(
            "SELECT coalesce(sum(own_amount), 0) FROM split WHERE party_entity = ? AND party = ? AND what = 'control'",
            (entity, id),
        ).fetchone()[0]
        party.body["Balance"] = amount(own if entity == "Customer" else -own)
        party.updated = self.records.back_end.stamp()
        self.records.save(party)
        walked: Record | None = party if entity == "Customer" else None
        while walked is not None:
            self._with_those_below(walked, "Balance", "BalanceWithJobs")
            upper = walked.body.get("ParentRef", {}).get("value")
            walked = self.records.get(entity, upper) if upper else None

    def _with_those_below(self, record: Record, own: str, whole: str) -> None:
        total = Decimal(record.body.get(own, 0))
        for child in self.records.below(record):
            total += Decimal(child.body.get(whole, 0))
        record.body[whole] = amount(round_minor(total))
        self.records.save(record)

    def _on_hand(self, id: str) -> None:
        item = self.records.get("Item", id)
        if item is None:
            return
        held = self.records.db.execute("SELECT coalesce(sum(quantity), 0) FROM stock WHERE item = ?", (id,)).fetchone()[
            0
        ]
        quantity = (Decimal(held) / _MILLIONTHS).normalize()
        whole = quantity == quantity.to_integral_value()
        item.body["QtyOnHand"] = int(quantity) if whole else quantity
        self.records.save(item)


def _same_kinds(was: Any, given: Any, name: str = "Preferences") -> None:
    """What is there keeps its kind, and the home currency its value. Raises Fault 2010 or 6000."""
    if type(was) is not type(given):
        raise errors.bad_property(name, f"Can not deserialize instance of {name}")
    if isinstance(was, dict):
        for key in was.keys() & given.keys():
            if key == "HomeCurrency" and dig(was, key, "value") != dig(given, key, "value"):
                raise errors.business("The home currency can't be changed.", key)
            _same_kinds(was[key], given[key], key)
    elif name == "MultiCurrencyEnabled" and was and not given:
        raise errors.business("Multicurrency can't be turned off.", name)


def _zero_line(line: dict[str, Any]) -> None:
    line["Amount"] = 0
    for detail in line.values():
        if isinstance(detail, dict):
            if "Qty" in detail:
                detail["Qty"] = 0
            for inner in detail.get("Line", ()):
                _zero_line(inner)
