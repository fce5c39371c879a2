"""What settles what: payments on invoices, bill payments on bills, credits used, deposits of what was received.

A settlement never takes more than is open: the rest of the payment stays unapplied, as the vendor has it. The lines of
a payment are always those of its links, so that deleting an invoice takes its line off the payment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from finchat.sandbox.quickbooks import errors
from finchat.sandbox.quickbooks.accounts import Accounts
from finchat.sandbox.quickbooks.posting import About, Poster, Split, Splits
from finchat.sandbox.quickbooks.records import Record, Records
from finchat.sandbox.quickbooks.values import amount, minor, to_home

# What a payer settles, and whether that takes its money (1) or adds to it (-1).
_PAYS = {
    "Payment": {"Invoice": 1, "CreditMemo": -1, "JournalEntry": 0},
    "BillPayment": {"Bill": 1, "VendorCredit": -1, "JournalEntry": 0},
}
_DEPOSITED = ("Payment", "SalesReceipt", "JournalEntry", "RefundReceipt", "Purchase")
_CLOSES = {"Estimate": ("TxnStatus", "Closed", "Pending"), "PurchaseOrder": ("POStatus", "Closed", "Open")}
# The names of transactions in LinkedTxn.TxnType that are not an entity's own.
_TYPES = {
    "billpaymentcheck": "BillPayment",
    "billpaymentcreditcard": "BillPayment",
    "expense": "Purchase",
    "check": "Purchase",
    "cashpurchase": "Purchase",
    "creditcardcredit": "Purchase",
    "receivepayment": "Payment",
}
_ENTITIES = {
    name.lower(): name
    for name in (
        "Invoice", "CreditMemo", "Bill", "VendorCredit", "JournalEntry", "Payment", "BillPayment", "SalesReceipt",
        "RefundReceipt", "Deposit", "Purchase", "Estimate", "PurchaseOrder", "Transfer",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A link a payment asks for: hundredths of its currency, always positive."""

    entity: str
    id: str
    amount: int


@dataclass(slots=True)
class _Share:
    """What one link takes: `sign` 1 takes of the payment's money, -1 adds a credit to it."""

    target: Record
    sign: int
    taken: int
    open: int
    home_total: int
    whole: int


def payer(record: Record) -> bool:
    return record.entity.name in _PAYS


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def linked(item: Any) -> tuple[str, str]:
    """(entity, id) of one LinkedTxn. Raises Fault 2020 or 2500."""
    if not isinstance(item, dict) or not item.get("TxnId"):
        raise errors.missing("LinkedTxn.TxnId")
    given = str(item.get("TxnType", "")).lower()
    entity = _TYPES.get(given) or _ENTITIES.get(given)
    if entity is None:
        raise errors.bad_reference("LinkedTxn.TxnType", f"LinkedTxn.TxnType {item.get('TxnType')} is not supported")
    return entity, str(item["TxnId"])


class Settlements:
    """Keeps links and what is open in step."""

    def __init__(self, records: Records, accounts: Accounts, poster: Poster) -> None:
        self._records, self._accounts, self._poster = records, accounts, poster
        self.db = records.db

    # -- payments

    def wanted(self, record: Record, lines: Sequence[Any]) -> list[Wanted]:
        """What the lines of a payment ask to settle. Raises Fault."""
        found: list[Wanted] = []
        for line in lines:
            if not isinstance(line, dict):
                raise errors.bad_property("Line", "Can not deserialize instance of com.intuit.schema.finance.v3.Line")
            for item in _listed(line.get("LinkedTxn")):
                entity, id = linked(item)
                if entity not in _PAYS[record.entity.name]:
                    raise errors.bad_reference(
                        "LinkedTxn.TxnType", f"a {record.entity.name} can't be linked to {entity}"
                    )
                sent = minor(line.get("Amount", 0), "Line.Amount")
                if sent < 0:
                    raise errors.business("Amount can't be negative on a line of a payment.", "Line.Amount")
                found.append(Wanted(entity, id, sent))
        if len({(item.entity, item.id) for item in found}) != len(found):
            raise errors.business("A transaction can be linked to a payment only once.", "Line")
        return found

    def settle(self, record: Record, wanted: Sequence[Wanted], *, fit: bool = False) -> None:
        """Make `wanted` the links of a payment, each at most what is open, and set what is left of it.

        Credits are used up to what is applied and no further. With `fit` (something it settled changed) what the money
        and the credits no longer reach is freed, from the last line on; else that is refused.
        Raises Fault 2500 for what is not there, 6000 for another party's, or when more is applied than was paid.
        """
        before = self._targets(record)
        self._drop_source(record)
        shares = [self._share(record, item) for item in wanted]
        applied = sum(share.taken for share in shares if share.sign > 0)
        unused = applied
        for share in shares:
            if share.sign < 0:
                share.taken = min(share.taken, unused)
                unused -= share.taken
        missing = unused - record.total
        if missing > 0 and not fit:
            raise errors.business(
                "The amount applied can't be more than the amount of the payment and its credits.", "Line"
            )
        for share in reversed(shares):
            if missing > 0 and share.sign > 0:
                freed = min(missing, share.taken)
                share.taken -= freed
                missing -= freed
        for share in shares:
            if share.taken > 0:
                self._link(record, share.target, share.taken, self._home_share(share))
        left = record.total - sum(share.sign * share.taken for share in shares)
        record.balance, record.home_balance = left, to_home(left, Decimal(record.rate or 1))
        self._show_payer(record)
        for entity, id in dict.fromkeys((*before, *self._targets(record))):
            self.refresh(entity, id)

    def splits(self, record: Record, money: str) -> list[Split]:
        """A payment's splits; `money` is the account it comes into or goes out of."""
        rate = Decimal(record.rate or 1)
        made = Splits(self._records, record.currency or "", rate)
        incoming = record.entity.name == "Payment"
        control = self._control(record)
        party = ("Customer" if incoming else "Vendor", record.party or "")
        about = About(party=party, memo=record.body.get("PrivateNote"))
        way = 1 if incoming else -1
        made.add("money", money, way * record.total, about)
        for link in self._links(record):
            sign = self._sign(record, Wanted(link["target_entity"], link["target"], link["amount"]))
            made.add("control", control, -way * sign * link["amount"], about, home=-way * sign * link["home_amount"])
        made.add("control", control, -way * record.balance, about)
        if gain := -sum(split.amount for split in made.made):
            made.add_home("gain", self._accounts.exchange_gain(), gain, about)
        return made.made

    def _share(self, record: Record, item: Wanted) -> _Share:
        """What a payment may take of one target. Raises Fault."""
        target = self._records.get(item.entity, item.id)
        if target is None:
            raise errors.bad_reference("LinkedTxn.TxnId", f"{item.entity} {item.id} is not there")
        if item.entity != "JournalEntry" and not self._same_party(record, target):
            raise errors.business("The transactions linked to a payment must be of its own customer or vendor.", "Line")
        if (target.currency or record.currency) != record.currency:
            raise errors.business("The transactions linked to a payment must be in its currency.", "Line")
        open_, home_total, whole = self._open(record, target)
        taken = max(0, min(item.amount, open_))
        return _Share(target, self._sign(record, item), taken, open_, home_total, whole)

    def _open(self, record: Record, target: Record) -> tuple[int, int, int]:
        """(what is open, home value of the whole, the whole) of a target, for this payer's party."""
        settled = self.db.execute(
            "SELECT coalesce(sum(amount), 0) FROM link WHERE target_entity = ? AND target = ?"
            " AND source_entity IN ('Payment', 'BillPayment')",
            (target.entity.name, target.id),
        ).fetchone()[0]
        if target.entity.name != "JournalEntry":
            return target.total - settled, target.home_total, target.total
        row = self.db.execute(
            "SELECT coalesce(sum(own_amount), 0), coalesce(sum(amount), 0) FROM split"
            " WHERE entity = 'JournalEntry' AND id = ? AND party = ? AND what = 'control'",
            (target.id, record.party),
        ).fetchone()
        return abs(row[0]) - settled, abs(row[1]), abs(row[0])

    def _home_share(self, share: _Share) -> int:
        """The home value this settlement takes: the whole rest with the last cent."""
        settled = self.db.execute(
            "SELECT coalesce(sum(home_amount), 0) FROM link WHERE target_entity = ? AND target = ?"
            " AND source_entity IN ('Payment', 'BillPayment')",
            (share.target.entity.name, share.target.id),
        ).fetchone()[0]
        left = int(share.home_total - settled)
        if share.taken == share.open:
            return left
        found = (Decimal(share.home_total) * share.taken / share.whole).quantize(Decimal(1), ROUND_HALF_UP)
        return min(int(found), left)

    def _sign(self, record: Record, item: Wanted) -> int:
        sign = _PAYS[record.entity.name][item.entity]
        if sign:
            return sign
        row = self.db.execute(
            "SELECT coalesce(sum(own_amount), 0) FROM split WHERE entity = 'JournalEntry' AND id = ? AND party = ?"
            " AND what = 'control'",
            (item.id, record.party),
        ).fetchone()
        debit = row[0] > 0
        return 1 if debit == (record.entity.name == "Payment") else -1

    def _same_party(self, record: Record, target: Record) -> bool:
        """The same customer or vendor, or one that stands below it."""
        seen, id = 0, target.party
        while id is not None and seen < 10:
            if id == record.party:
                return True
            above = self._records.get("Customer" if record.entity.name == "Payment" else "Vendor", id)
            id = above.body.get("ParentRef", {}).get("value") if above else None
            seen += 1
        return False

    def _control(self, record: Record) -> str:
        name = "ARAccountRef" if record.entity.name == "Payment" else "APAccountRef"
        if (given := record.body.get(name, {}).get("value")) is not None:
            return str(given)
        currency = record.currency or self._records.back_end.home_currency
        return self._accounts.receivables(currency) if name == "ARAccountRef" else self._accounts.payables(currency)

    def _show_payer(self, record: Record) -> None:
        body = record.body
        body["Line"] = [
            {
                "Amount": amount(link["amount"]),
                "LinkedTxn": [{"TxnId": link["target"], "TxnType": link["target_entity"]}],
            }
            for link in self._links(record)
        ]
        body["TotalAmt"] = amount(record.total)
        if record.entity.name == "Payment":
            body["UnappliedAmt"] = amount(record.balance)
            body["LinkedTxn"] = self.shown_links(record)

    # -- deposits, and what a form was made from

    def deposit(self, record: Record, wanted: Sequence[Wanted]) -> None:
        """Make `wanted` what a deposit gathers. Raises Fault for what is not there or was deposited before."""
        before = self._targets(record)
        self._drop_source(record)
        for item in wanted:
            target = self._records.get(item.entity, item.id)
            if target is None or item.entity not in _DEPOSITED:
                raise errors.bad_reference("LinkedTxn.TxnId", f"{item.entity} {item.id} can't be deposited")
            if self.deposited(target):
                raise errors.deposited(item.entity)
            self._link(record, target, item.amount, to_home(item.amount, Decimal(target.rate or 1)))
        for entity, id in dict.fromkeys((*before, *self._targets(record))):
            self.refresh(entity, id)

    def made_from(self, record: Record, items: Sequence[Any]) -> None:
        """Link a form to the estimates or orders it was made from, which it closes. Raises Fault 2500."""
        before = [found for found in self._targets(record) if found[0] in _CLOSES]
        for item in items:
            if not isinstance(item, dict) or str(item.get("TxnType", "")).lower() not in ("estimate", "purchaseorder"):
                continue
            entity, id = linked(item)
            if entity in _CLOSES:
                target = self._records.get(entity, id)
                if target is None:
                    raise errors.bad_reference("LinkedTxn.TxnId", f"{entity} {id} is not there")
                if (entity, id) not in before:
                    self._link(record, target, 0, 0)
                    self.refresh(entity, id)

    def deposited(self, record: Record) -> bool:
        row = self.db.execute(
            "SELECT 1 FROM link WHERE source_entity = 'Deposit' AND target_entity = ? AND target = ?",
            (record.entity.name, record.id),
        ).fetchone()
        return row is not None

    # -- when a document changes or goes

    def resettle(self, record: Record) -> None:
        """A settled document changed: each payment on it is fitted to what it is now."""
        for source in self._payers_of(record):
            wanted = [Wanted(link["target_entity"], link["target"], link["amount"]) for link in self._links(source)]
            wanted = [
                w for w in wanted if w.entity != record.entity.name or w.id != record.id or self._fits(source, record)
            ]
            self._again(source, wanted)
        self.refresh(record.entity.name, record.id)

    def release(self, record: Record) -> None:
        """Take every link to and from a record that is voided or deleted."""
        targets = self._targets(record)
        payers = self._payers_of(record)
        self._drop_source(record)
        self.db.execute(
            "DELETE FROM link WHERE target_entity = ? AND target = ? AND source_entity NOT IN"
            " ('Payment', 'BillPayment')",
            (record.entity.name, record.id),
        )
        for source in payers:
            links = self._links(source)
            kept = [
                w
                for w in (Wanted(k["target_entity"], k["target"], k["amount"]) for k in links)
                if (w.entity, w.id) != (record.entity.name, record.id)
            ]
            self._again(source, kept)
        for entity, id in targets:
            self.refresh(entity, id)

    def refresh(self, entity: str, id: str) -> None:
        """Work out again what is open of a document, and what it shows as linked."""
        record = self._records.get(entity, id)
        if record is None:
            return
        before = (dict(record.body), record.balance, record.home_balance)
        if entity in ("Invoice", "Bill", "CreditMemo", "VendorCredit"):
            row = self.db.execute(
                "SELECT coalesce(sum(amount), 0), coalesce(sum(home_amount), 0) FROM link WHERE target_entity = ?"
                " AND target = ? AND source_entity IN ('Payment', 'BillPayment')",
                (entity, id),
            ).fetchone()
            record.balance, record.home_balance = record.total - row[0], record.home_total - row[1]
            show_balance(record, self._records.back_end.home_currency)
        links = self.shown_links(record)
        if links or entity in ("Invoice", "Payment"):
            record.body["LinkedTxn"] = links
        else:
            record.body.pop("LinkedTxn", None)
        if entity in _CLOSES:
            name, closed, opened = _CLOSES[entity]
            if any(link["TxnType"] in ("Invoice", "Bill", "Purchase") for link in links):
                record.body[name] = closed
            elif record.body.get(name) == closed:
                record.body[name] = opened
        if (record.body, record.balance, record.home_balance) != before:
            record.updated = self._records.back_end.stamp()
            self._records.save(record)

    def shown_links(self, record: Record) -> list[dict[str, str]]:
        """The header's LinkedTxn: what settles or gathers the record, and what it was made from."""
        of = (record.entity.name, record.id)
        into = "SELECT seq, source_entity AS entity, source AS id FROM link WHERE target_entity = ? AND target = ?"
        out = "SELECT seq, target_entity AS entity, target AS id FROM link WHERE source_entity = ? AND source = ?"
        rows = self.db.execute(into, of).fetchall()
        if record.entity.name not in (*_PAYS, "Deposit"):
            rows += self.db.execute(out, of).fetchall()
        rows.sort(key=lambda row: row["seq"])
        return [{"TxnId": row["id"], "TxnType": self._type_name(row["entity"], row["id"])} for row in rows]

    def _type_name(self, entity: str, id: str) -> str:
        if entity != "BillPayment":
            return entity
        found = self._records.get(entity, id)
        return f"BillPayment{found.body.get('PayType', 'Check')}" if found else entity

    def _again(self, source: Record, wanted: Sequence[Wanted]) -> None:
        self.settle(source, wanted, fit=True)
        source.updated = self._records.back_end.stamp()
        self._records.save(source)
        self._poster.post(source, self.splits(source, self.money_account(source)))

    def money_account(self, record: Record) -> str:
        """Where a payment's money lands, or where a bill payment's comes from. Raises Fault 2020."""
        body = record.body
        if record.entity.name == "Payment":
            return str(body.get("DepositToAccountRef", {}).get("value") or self._accounts.undeposited())
        name = "CheckPayment.BankAccountRef" if body.get("PayType") == "Check" else "CreditCardPayment.CCAccountRef"
        outer, _, inner = name.partition(".")
        if (found := (body.get(outer) or {}).get(inner, {}).get("value")) is None:
            raise errors.missing(name)
        return str(found)

    def _fits(self, source: Record, record: Record) -> bool:
        return self._same_party(source, record) and source.currency == record.currency

    def _payers_of(self, record: Record) -> list[Record]:
        rows = self.db.execute(
            "SELECT DISTINCT source_entity, source FROM link WHERE target_entity = ? AND target = ?"
            " AND source_entity IN ('Payment', 'BillPayment') ORDER BY seq DESC",
            (record.entity.name, record.id),
        ).fetchall()
        return [found for entity, id in rows if (found := self._records.get(entity, id)) is not None]

    def _links(self, record: Record) -> list[Any]:
        return self.db.execute(
            "SELECT * FROM link WHERE source_entity = ? AND source = ? ORDER BY seq", (record.entity.name, record.id)
        ).fetchall()

    def _targets(self, record: Record) -> list[tuple[str, str]]:
        return [(link["target_entity"], link["target"]) for link in self._links(record)]

    def _drop_source(self, record: Record) -> None:
        self.db.execute("DELETE FROM link WHERE source_entity = ? AND source = ?", (record.entity.name, record.id))

    def _link(self, record: Record, target: Record, taken: int, home: int) -> None:
        self.db.execute(
            "INSERT INTO link(source_entity, source, target_entity, target, amount, home_amount, date)"
            " VALUES(?,?,?,?,?,?,?)",
            (record.entity.name, record.id, target.entity.name, target.id, taken, home, record.date or ""),
        )

    def links_of(self, record: Record) -> Iterator[Wanted]:
        """What a payment or deposit settles now."""
        for link in self._links(record):
            yield Wanted(link["target_entity"], link["target"], link["amount"])


def show_balance(record: Record, home: str) -> None:
    """Put what is open into the body, by the names each entity has for it. `home` is the company's currency."""
    body = record.body
    body["Balance"] = amount(record.balance)
    body.pop("HomeBalance", None)
    if record.currency != home and "HomeBalance" in record.entity.properties:
        body["HomeBalance"] = amount(record.home_balance)
    if record.entity.name == "CreditMemo":
        body["RemainingCredit"] = amount(record.balance)
