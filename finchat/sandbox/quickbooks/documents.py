"""Transactions: what each one comes to, what it shows, and which splits it makes.

A builder gets the record with its columns cleared and the body as the client wants it (references checked), completes
the body, sets the columns, and gives back the splits. Money is hundredths; a rate is home units for one unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from finchat.sandbox.quickbooks import errors
from finchat.sandbox.quickbooks.accounts import PROFIT_AND_LOSS, Accounts, currency_ref
from finchat.sandbox.quickbooks.lines import LineReader, Part
from finchat.sandbox.quickbooks.posting import About, Split, Splits
from finchat.sandbox.quickbooks.records import Record, Records
from finchat.sandbox.quickbooks.settlements import Settlements, Wanted, linked, show_balance
from finchat.sandbox.quickbooks.taxes import Tax, work_out
from finchat.sandbox.quickbooks.values import amount, dig, items, minor, number, reference, round_minor, to_home

_DUE_DAYS = 30
_CONTROLS = {"Accounts Receivable": "Customer", "Accounts Payable": "Vendor"}
_MILLIONTHS = Decimal(1_000_000)
# What each sales form moves besides its lines: the way of its money or control account, debit positive.
_SALES_WAY = {"Invoice": 1, "SalesReceipt": 1, "CreditMemo": -1, "RefundReceipt": -1, "Estimate": 0}


@dataclass(slots=True)
class Moves:
    """What a transaction does beside its postings: quantities of stock, and what it settles or gathers."""

    stock: list[tuple[str, int, int]] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    made_from: Sequence[Any] = ()


class Documents:
    """Builds the transactions of one company."""

    def __init__(self, records: Records, accounts: Accounts, settlements: Settlements) -> None:
        self._records, self._accounts, self._settlements = records, accounts, settlements
        sales = dict.fromkeys(_SALES_WAY, self._sales)
        self._builders: Mapping[str, Callable[[Record, dict[str, Any], Record | None, Moves], list[Split]]] = {
            **sales,
            "Bill": self._bought,
            "VendorCredit": self._bought,
            "PurchaseOrder": self._bought,
            "Purchase": self._bought,
            "Payment": self._payment,
            "BillPayment": self._payment,
            "Deposit": self._deposit,
            "Transfer": self._transfer,
            "JournalEntry": self._journal,
            "TimeActivity": self._time,
        }

    def build(self, record: Record, body: dict[str, Any], was: Record | None) -> tuple[list[Split], Moves]:
        """Complete `body` into `record` and say what it posts and moves. Raises Fault."""
        moves = Moves()
        record.body = {name: value for name, value in body.items() if value not in ("", {})}
        splits = self._builders[record.entity.name](record, record.body, was, moves)
        record.number = record.body.get("DocNumber")
        record.due = record.body.get("DueDate")
        return splits, moves

    # -- what they have in common

    def _head(self, record: Record, body: dict[str, Any], party: Record | None) -> Splits:
        back_end = self._records.back_end
        record.date = body["TxnDate"] = body.get("TxnDate") or back_end.today().isoformat()
        record.party = party.id if party else None
        home = back_end.home_currency
        of_party = party.body.get("CurrencyRef", {}).get("value") if party else None
        given = reference(body["CurrencyRef"], "CurrencyRef") if body.get("CurrencyRef") else None
        currency = given or of_party or home
        many = bool(dig(back_end.preferences, "CurrencyPrefs", "MultiCurrencyEnabled"))
        if currency != home and not many:
            raise errors.business("Multicurrency is not enabled for this company.", "CurrencyRef")
        if of_party is not None and currency != of_party:
            raise errors.business("The transaction must be in the currency of its customer or vendor.", "CurrencyRef")
        body["CurrencyRef"] = currency_ref(currency)
        rate = self._rate(body, currency, home, record.date)
        body.pop("ExchangeRate", None)
        if many:
            body["ExchangeRate"] = int(rate) if rate == rate.to_integral_value() else rate
        record.currency, record.rate = currency, format(rate, "f")
        return Splits(self._records, currency, rate)

    def _rate(self, body: Mapping[str, Any], currency: str, home: str, day: str) -> Decimal:
        if currency == home:
            return Decimal(1)
        if body.get("ExchangeRate") is not None:
            rate = number(body["ExchangeRate"], "ExchangeRate")
        else:
            found = self._records.rate_on(currency, day)
            rate = Decimal(str(found.body["Rate"])) if found else Decimal(1)
        if not 0 < rate <= 1_000_000:
            raise errors.business("The exchange rate must be greater than zero.", "ExchangeRate")
        return rate.quantize(Decimal("0.0000000001"), ROUND_HALF_UP).normalize()

    def _total(self, record: Record, total: int, splits: Splits, *, negative: bool = False) -> None:
        if total < 0 and not negative:
            raise errors.business("Transaction amount must be 0 or greater.", "TotalAmt")
        record.total, record.home_total = total, to_home(total, splits.rate)
        record.body["TotalAmt"] = amount(total)
        record.body.pop("HomeTotalAmt", None)
        if splits.currency != self._records.back_end.home_currency and "HomeTotalAmt" in record.entity.properties:
            record.body["HomeTotalAmt"] = amount(record.home_total)

    def _party(self, body: Mapping[str, Any], name: str, entity: str) -> Record | None:
        id = body.get(name, {}).get("value")
        return self._records.get(entity, id) if id else None

    def _reader(self, record: Record, was: Record | None) -> LineReader:
        kept = was.body.get("Line", ()) if was else ()
        department = record.body.get("DepartmentRef", {}).get("value")
        return LineReader(self._records, self._accounts, record.entity, kept, department)

    def _post_parts(self, splits: Splits, parts: Sequence[Part], way: int, moves: Moves, day: str) -> None:
        """The lines, each on its account, `way` 1 for a debit; and what they move of stock."""
        for part in parts:
            self._check_control(part)
            splits.add(part.what, part.account, way * part.net, part.about)
            if part.inventory is not None and part.quantity:
                self._stock(splits, part, way, moves)

    def _check_control(self, part: Part) -> None:
        wanted = _CONTROLS.get(self._accounts.type_of(part.account))
        if wanted is None:
            return
        if part.about.party is None or part.about.party[0] != wanted:
            kind = "Accounts Receivable" if wanted == "Customer" else "Accounts Payable"
            raise errors.business(
                f"When you use {kind}, you must choose a {wanted.lower()} in the Name field.", "Line.Entity"
            )
        part.what = "control"

    def _stock(self, splits: Splits, part: Part, way: int, moves: Moves) -> None:
        """Goods bought come in at what they cost; goods sold go out at the average of what is there."""
        item = part.inventory
        assert item is not None
        bought = part.account == item.body.get("AssetAccountRef", {}).get("value")
        quantity = int((way * part.quantity * _MILLIONTHS).to_integral_value())
        if bought:
            value = to_home(way * part.net, splits.rate)
        else:
            value = self._cost(item, quantity, moves)
            about = About(part.about.line, None, part.about.class_, part.about.department, item.id, part.about.memo)
            splits.add_home("cost", item.body["ExpenseAccountRef"]["value"], -value, about)
            splits.add_home("stock", item.body["AssetAccountRef"]["value"], value, about)
        moves.stock.append((item.id, quantity, value))

    def _cost(self, item: Record, quantity: int, moves: Moves) -> int:
        held, value = self._records.db.execute(
            "SELECT coalesce(sum(quantity), 0), coalesce(sum(value), 0) FROM stock WHERE item = ?", (item.id,)
        ).fetchone()
        held += sum(q for id, q, _ in moves.stock if id == item.id)
        value += sum(v for id, _, v in moves.stock if id == item.id)
        if held > 0 and value >= 0:
            if quantity == -held:
                return -int(value)
            found = Decimal(value) * quantity / held
            return int(found.quantize(Decimal(1), ROUND_HALF_UP))
        return round_minor(Decimal(str(item.body.get("PurchaseCost", 0))) * quantity / _MILLIONTHS)

    # -- sales forms

    def _sales(self, record: Record, body: dict[str, Any], was: Record | None, moves: Moves) -> list[Split]:
        name = record.entity.name
        customer = self._party(body, "CustomerRef", "Customer")
        splits = self._head(record, body, customer)
        if was is None and customer is not None:
            for address in ("BillAddr", "ShipAddr"):
                if address not in body and (own := customer.body.get(address)):
                    body[address] = own
        self._addresses(body, was)
        self._defaults(record, body, customer)
        lines = self._reader(record, was).sales(body.get("Line", ()))
        body["Line"] = lines.body
        after = bool(body.get("ApplyTaxAfterDiscount"))
        tax = self._tax(body, lines.parts, "Sales", after_discount=after)
        self._total(record, lines.net + tax.total, splits)
        way = _SALES_WAY[name]
        if not way:
            return []
        party = ("Customer", customer.id) if customer else None
        about = About(
            party=party,
            class_=body.get("ClassRef", {}).get("value"),
            department=body.get("DepartmentRef", {}).get("value"),
            memo=body.get("PrivateNote"),
        )
        splits.add(*self._other_side(record, body, splits), way * record.total, about, home=way * record.home_total)
        self._post_parts(splits, lines.parts, -way, moves, record.date or "")
        self._post_tax(splits, tax, -way, about)
        if name in ("Invoice", "CreditMemo"):
            record.balance, record.home_balance = record.total, record.home_total
            show_balance(record, self._records.back_end.home_currency)
        else:
            body["Balance"] = 0
        if name == "Invoice":
            moves.made_from = body.get("LinkedTxn", ())
            body.setdefault("LinkedTxn", [])
        return splits.settle()

    def _other_side(self, record: Record, body: dict[str, Any], splits: Splits) -> tuple[str, str]:
        name = record.entity.name
        if name in ("Invoice", "CreditMemo"):
            given = body.get("ARAccountRef", {}).get("value")
            if given and self._accounts.type_of(given) != "Accounts Receivable":
                raise errors.business("The account must be of type Accounts Receivable.", "ARAccountRef")
            return "control", given or self._accounts.receivables(splits.currency)
        account = body.get("DepositToAccountRef", {}).get("value") or self._accounts.undeposited()
        body["DepositToAccountRef"] = self._records.reference("Account", account)
        return "money", account

    def _defaults(self, record: Record, body: dict[str, Any], customer: Record | None) -> None:
        name = record.entity.name
        body.setdefault("PrintStatus", "NeedToPrint")
        body.setdefault("EmailStatus", "NotSet")
        body.setdefault("ApplyTaxAfterDiscount", False)
        if name == "Invoice":
            for flag in ("IPNPayment", "OnlinePayment", "OnlineCreditCardPayment", "OnlineACHPayment"):
                body.setdefault(f"Allow{flag}", False)
            if "SalesTermRef" not in body and customer is not None and "SalesTermRef" in customer.body:
                body["SalesTermRef"] = customer.body["SalesTermRef"]
            if not body.get("DueDate"):
                body["DueDate"] = self._due(body, record.date or "", _DUE_DAYS)
        elif name == "Estimate":
            body.setdefault("TxnStatus", "Pending")
        self._custom_fields(body)

    def _custom_fields(self, body: dict[str, Any]) -> None:
        """The company's own fields stand on every sales form, with the value that was given, if any."""
        given = {str(found.get("DefinitionId")): found for found in items(body.pop("CustomField", None))}
        shown = []
        for id, name in sorted(self._custom_names().items()):
            value = dig(given, id, "StringValue")
            shown.append(
                {"DefinitionId": id, "Name": name, "Type": "StringType"} | ({"StringValue": value} if value else {})
            )
        if shown:
            body["CustomField"] = shown

    def _custom_names(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for group in items(dig(self._records.back_end.preferences, "SalesFormsPrefs", "CustomField")):
            for item in items(group.get("CustomField")):
                name = str(item.get("Name", ""))
                if "SalesCustomName" in name and item.get("StringValue"):
                    found[name[-1]] = str(item["StringValue"])
        return found

    def _addresses(self, body: dict[str, Any], was: Record | None) -> None:
        for name in ("BillAddr", "ShipAddr", "ShipFromAddr", "VendorAddr", "RemitToAddr"):
            address = body.get(name)
            if isinstance(address, dict) and address and "Id" not in address:
                known = was.body.get(name, {}).get("Id") if was else None
                body[name] = {"Id": known or self._records.next_id("address"), **address}

    def _due(self, body: Mapping[str, Any], day: str, otherwise: int) -> str:
        term = self._records.get("Term", body.get("SalesTermRef", {}).get("value", ""))
        start = date.fromisoformat(day)
        if term is None:
            return (start + timedelta(days=otherwise)).isoformat()
        if term.body.get("Type") == "DATE_DRIVEN":
            wanted = int(term.body.get("DayOfMonthDue", 1))
            soon = int(term.body.get("DueNextMonthDays", 0))
            month = _month(start, 0) if _day_of(start, wanted) >= start else _month(start, 1)
            due = _day_of(month, wanted)
            return (due if (due - start).days >= soon else _day_of(_month(due, 1), wanted)).isoformat()
        return (start + timedelta(days=int(term.body.get("DueDays", 0)))).isoformat()

    def _tax(self, body: dict[str, Any], parts: Sequence[Part], side: Any, *, after_discount: bool) -> Tax:
        tax = work_out(
            self._records,
            self._accounts,
            body.get("TxnTaxDetail") or {},
            parts,
            side=side,
            after_discount=after_discount,
            free=body.get("GlobalTaxCalculation") == "NotApplicable",
        )
        if side == "Sales" or tax.total:
            body["TxnTaxDetail"] = tax.body
        else:
            body.pop("TxnTaxDetail", None)
        return tax

    @staticmethod
    def _post_tax(splits: Splits, tax: Tax, way: int, about: About) -> None:
        for account, part in tax.parts:
            splits.add("tax", account, way * part, About(party=about.party))

    # -- what was bought

    def _bought(self, record: Record, body: dict[str, Any], was: Record | None, moves: Moves) -> list[Split]:
        name = record.entity.name
        vendor = self._payee(record, body)
        splits = self._head(record, body, vendor)
        if "VendorAddr" in record.entity.properties and was is None and vendor and "VendorAddr" not in body:
            body |= {"VendorAddr": vendor.body["BillAddr"]} if vendor.body.get("BillAddr") else {}
        self._addresses(body, was)
        lines = self._reader(record, was).expenses(body.get("Line", ()))
        body["Line"] = lines.body
        tax = self._tax(body, lines.parts, "Purchase", after_discount=False)
        self._total(record, lines.net + tax.total, splits)
        party = (vendor.entity.name, vendor.id) if vendor else None
        if name == "PurchaseOrder":
            body.setdefault("POStatus", "Open")
            self._payables(body, splits)
            return []
        if name == "Purchase":
            way = 1 if body.get("Credit") else -1
            what, account = "money", body["AccountRef"]["value"]
            self._check_money(body)
        else:
            way = -1 if name == "Bill" else 1
            what, account = "control", self._payables(body, splits)
            if self._accounts.type_of(account) != "Accounts Payable":
                raise errors.business("The account must be of type Accounts Payable.", "APAccountRef")
            record.balance, record.home_balance = record.total, record.home_total
            show_balance(record, self._records.back_end.home_currency)
        if name == "Bill":
            if "SalesTermRef" not in body and vendor is not None and "TermRef" in vendor.body:
                body["SalesTermRef"] = vendor.body["TermRef"]
            if not body.get("DueDate"):
                body["DueDate"] = self._due(body, record.date or "", 0)
        moves.made_from = body.get("LinkedTxn", ())
        about = About(party=party, department=body.get("DepartmentRef", {}).get("value"), memo=body.get("PrivateNote"))
        splits.add(what, account, way * record.total, about, home=way * record.home_total)
        for part in lines.parts:
            if part.about.party is None or self._accounts.type_of(part.account) in _CONTROLS:
                part.about = About(
                    part.about.line, party, part.about.class_, part.about.department, part.about.item, part.about.memo
                )
        self._post_parts(splits, lines.parts, -way, moves, record.date or "")
        self._post_tax(splits, tax, -way, about)
        return splits.settle()

    def _payee(self, record: Record, body: Mapping[str, Any]) -> Record | None:
        if record.entity.name != "Purchase":
            return self._party(body, "VendorRef", "Vendor")
        entity = body.get("EntityRef")
        return self._records.get(entity.get("type", "Customer"), entity["value"]) if entity else None

    def _payables(self, body: dict[str, Any], splits: Splits) -> str:
        account = body.get("APAccountRef", {}).get("value") or self._accounts.payables(splits.currency)
        body["APAccountRef"] = self._records.reference("Account", account)
        return str(account)

    def _check_money(self, body: Mapping[str, Any]) -> None:
        kind = self._accounts.type_of(body["AccountRef"]["value"])
        card = body["PaymentType"] == "CreditCard"
        if (kind == "Credit Card") != card or kind not in ("Credit Card", "Bank", "Other Current Asset"):
            wanted = "Credit Card" if card else "Bank"
            raise errors.business(f"The account must be of type {wanted} for this type of payment.", "AccountRef")
        if body.get("Credit") and not card:
            raise errors.business("Only a credit card purchase can be a credit.", "Credit")

    # -- payments

    def _payment(self, record: Record, body: dict[str, Any], was: Record | None, moves: Moves) -> list[Split]:
        incoming = record.entity.name == "Payment"
        party = self._party(body, "CustomerRef" if incoming else "VendorRef", "Customer" if incoming else "Vendor")
        splits = self._head(record, body, party)
        total = minor(body.get("TotalAmt", 0), "TotalAmt")
        self._total(record, total, splits)
        if incoming:
            account = body.get("DepositToAccountRef", {}).get("value") or self._accounts.undeposited()
            body["DepositToAccountRef"] = self._records.reference("Account", account)
            body.setdefault("ProcessPayment", False)
        else:
            self._pay_type(body)
        moves.wanted = self._settlements.wanted(record, body.get("Line", ()))
        return []

    def _pay_type(self, body: dict[str, Any]) -> None:
        check = body["PayType"] == "Check"
        outer, inner, kind = (
            ("CheckPayment", "BankAccountRef", "Bank")
            if check
            else ("CreditCardPayment", "CCAccountRef", "Credit Card")
        )
        body.pop("CreditCardPayment" if check else "CheckPayment", None)
        detail = dict(body.get(outer) or {})
        if not detail.get(inner):
            raise errors.missing(f"{outer}.{inner}")
        id = reference(detail[inner], inner)
        if self._records.named("Account", id) is None:
            raise errors.bad_reference(inner)
        if self._accounts.type_of(id) != kind:
            raise errors.business(f"The account must be of type {kind} for this type of payment.", inner)
        detail[inner] = self._records.reference("Account", id)
        if check:
            detail.setdefault("PrintStatus", "NeedToPrint")
        body[outer] = detail

    # -- the rest

    def _deposit(self, record: Record, body: dict[str, Any], was: Record | None, moves: Moves) -> list[Split]:
        splits = self._head(record, body, None)
        into = body["DepositToAccountRef"]["value"]
        if self._accounts.type_of(into) not in ("Bank", "Other Current Asset", "Credit Card"):
            raise errors.business("A deposit must go to a bank or other current asset account.", "DepositToAccountRef")
        given = [self._gathered(line, moves) for line in body.get("Line", ())]
        body["Line"] = self._reader(record, was).plain(given)
        total = 0
        parts: list[Part] = []
        for line in body["Line"]:
            part = self._deposited_line(record, line)
            total += part.net
            parts.append(part)
        cash: dict[str, Any] = body.get("CashBack") or {}
        if cash.get("AccountRef"):
            back = minor(cash.get("Amount", 0), "CashBack.Amount")
            account = self._accounts.read(reference(cash["AccountRef"], "CashBack.AccountRef"), "CashBack.AccountRef")
            body["CashBack"] = {
                **cash,
                "AccountRef": self._records.reference("Account", account.id),
                "Amount": amount(back),
            }
            total -= back
            memo = cash.get("Memo")
            splits.add("line", account.id, back, About(memo=memo if isinstance(memo, str) else None))
        else:
            body.pop("CashBack", None)
        self._total(record, total, splits)
        splits.add("money", into, total, About(memo=body.get("PrivateNote")), home=record.home_total)
        self._post_parts(splits, parts, -1, moves, record.date or "")
        return splits.settle()

    def _gathered(self, line: Any, moves: Moves) -> Any:
        """A line that gathers a payment is worth all of it."""
        links = line.get("LinkedTxn") if isinstance(line, dict) else None
        if not links:
            return line
        if not isinstance(links, list) or len(links) != 1:
            raise errors.business("A line of a deposit gathers one transaction.", "Line.LinkedTxn")
        entity, id = linked(links[0])
        target = self._records.get(entity, id)
        if target is None:
            raise errors.bad_reference("LinkedTxn.TxnId", f"{entity} {id} is not there")
        way = -1 if entity in ("RefundReceipt", "Purchase") else 1
        sent = minor(line["Amount"], "Line.Amount") if line.get("Amount") is not None else way * target.total
        if sent != way * target.total:
            raise errors.business(
                "The amount of a deposited transaction can't be changed on the deposit.", "Line.Amount"
            )
        if (entity, id) in {(item.entity, item.id) for item in moves.wanted}:
            raise errors.business("A transaction can be deposited only once.", "Line.LinkedTxn")
        if self._landed(target) != self._accounts.undeposited():
            raise errors.business("Only what is in Undeposited Funds can be deposited.", "Line.LinkedTxn")
        moves.wanted.append(Wanted(entity, id, sent))
        return {**line, "Amount": amount(sent), "DetailType": "DepositLineDetail"}

    def _deposited_line(self, record: Record, line: dict[str, Any]) -> Part:
        if line.get("Amount") is None:
            raise errors.missing("Line.Amount")
        net = minor(line["Amount"], "Line.Amount")
        line["Amount"] = amount(net)
        detail = line.get("DepositLineDetail", {})
        party = self._entity_of(detail)
        if line.get("LinkedTxn"):
            account = self._accounts.undeposited()
        elif "AccountRef" in detail:
            account = detail["AccountRef"]["value"]
        else:
            raise errors.missing("Line.DepositLineDetail.AccountRef")
        about = About(
            str(line.get("Id", "")),
            party,
            detail.get("ClassRef", {}).get("value"),
            record.body.get("DepartmentRef", {}).get("value"),
            None,
            line.get("Description"),
        )
        return Part(account, net, about)

    def _landed(self, target: Record) -> str:
        for name in ("DepositToAccountRef", "AccountRef"):
            if (found := target.body.get(name, {}).get("value")) is not None:
                return str(found)
        return self._accounts.undeposited() if target.entity.name == "JournalEntry" else ""

    def _entity_of(self, detail: dict[str, Any]) -> tuple[str, str] | None:
        """Who a line is for, from Entity; its name is filled in. Raises Fault 2500."""
        entity = detail.get("Entity")
        if not isinstance(entity, dict) or not entity:
            detail.pop("Entity", None)
            return None
        ref = entity.get("EntityRef", entity)
        kind = str(entity.get("Type") or dig(ref, "type") or entity.get("type") or "Customer").capitalize()
        id = reference(ref, "Entity")
        if kind not in ("Customer", "Vendor", "Employee") or self._records.named(kind, id) is None:
            raise errors.bad_reference("Entity")
        named = self._records.reference(kind, id)
        detail["Entity"] = {"Type": kind, "EntityRef": named} if "EntityRef" in entity else {**named, "type": kind}
        return kind, id

    def _transfer(self, record: Record, body: dict[str, Any], was: Record | None, moves: Moves) -> list[Split]:
        splits = self._head(record, body, None)
        total = minor(body.get("Amount", 0), "Amount")
        source, target = body["FromAccountRef"]["value"], body["ToAccountRef"]["value"]
        if source == target:
            raise errors.business("You can't transfer to the account you transfer from.", "ToAccountRef")
        for account in (source, target):
            if self._accounts.type_of(account) in (*PROFIT_AND_LOSS, *_CONTROLS):
                raise errors.business("Funds can only be transferred between balance sheet accounts.", "FromAccountRef")
        if total < 0:
            raise errors.business("Transaction amount must be 0 or greater.", "Amount")
        body["Amount"] = amount(total)
        record.total, record.home_total = total, to_home(total, splits.rate)
        about = About(class_=body.get("ClassRef", {}).get("value"), memo=body.get("PrivateNote"))
        splits.add("money", target, total, about)
        splits.add("money", source, -total, about)
        return splits.settle()

    def _journal(self, record: Record, body: dict[str, Any], was: Record | None, moves: Moves) -> list[Split]:
        splits = self._head(record, body, None)
        body["Line"] = self._reader(record, was).plain(body.get("Line", ()))
        body.setdefault("Adjustment", False)
        body.pop("TxnTaxDetail", None)
        debits = credits = 0
        for line in body["Line"]:
            if line["DetailType"] != "JournalEntryLineDetail":
                continue
            detail = line["JournalEntryLineDetail"]
            if detail.get("PostingType") not in ("Debit", "Credit"):
                raise errors.bad_choice("PostingType", detail.get("PostingType"), ("Debit", "Credit"))
            if "AccountRef" not in detail:
                raise errors.missing("Line.JournalEntryLineDetail.AccountRef")
            net = minor(line.get("Amount", 0), "Line.Amount")
            line["Amount"] = amount(net)
            debit = detail["PostingType"] == "Debit"
            debits, credits = debits + net * debit, credits + net * (not debit)
            department = detail.get("DepartmentRef") or body.get("DepartmentRef") or {}
            about = About(
                line["Id"],
                self._entity_of(detail),
                detail.get("ClassRef", {}).get("value"),
                department.get("value"),
                None,
                line.get("Description"),
            )
            part = Part(detail["AccountRef"]["value"], net if debit else -net, about)
            self._check_control(part)
            splits.add(part.what, part.account, part.net, about)
        if debits != credits:
            raise errors.unbalanced()
        record.total, record.home_total = debits, to_home(debits, splits.rate)
        body["TotalAmt"] = amount(debits)
        return splits.settle()

    def _time(self, record: Record, body: dict[str, Any], was: Record | None, moves: Moves) -> list[Split]:
        name = f"{body['NameOf']}Ref"
        if name not in body:
            raise errors.missing(name)
        record.party = body[name]["value"]
        day = body.get("TxnDate") or str(body.get("StartTime", ""))[:10] or self._records.back_end.today().isoformat()
        record.date = body["TxnDate"] = day
        body.setdefault("BillableStatus", "NotBillable")
        body.setdefault("Taxable", False)
        body.setdefault("HourlyRate", 0)
        if not {"Hours", "Minutes", "StartTime"} & body.keys():
            raise errors.missing("Hours")
        return []


def _month(day: date, months: int) -> date:
    first = day.replace(day=1)
    for _ in range(months):
        first = (first + timedelta(days=32)).replace(day=1)
    return first


def _day_of(month: date, wanted: int) -> date:
    last = (month.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return month.replace(day=min(wanted, last.day))
