"""The lines of a document: read, checked, completed, and told apart by the account each one moves.

A line keeps its Id while it is sent with it; one without gets the next that this document never had. The subtotal is
the server's: whatever is sent of it is dropped and one is put after the lines that sell. Amounts are hundredths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from finchat.sandbox.quickbooks import errors
from finchat.sandbox.quickbooks.accounts import Accounts
from finchat.sandbox.quickbooks.entities import Entity, Property
from finchat.sandbox.quickbooks.payloads import checked_object, named, without_nulls
from finchat.sandbox.quickbooks.payloads import read as read_property
from finchat.sandbox.quickbooks.posting import About
from finchat.sandbox.quickbooks.records import REFERENCES, Record, Records
from finchat.sandbox.quickbooks.values import amount, dig, items, minor, number, reference, round_minor

SHIPPING = "SHIPPING_ITEM_ID"
MOST_LINES = 1000
_LINE_MEMBERS = """Id LineNum Description Amount DetailType LinkedTxn CustomField Received LineEx CostAmount
    HomeCostAmount CustomExtensions ProjectRef Tag SubtotalLineDetail DescriptionLineDetail DescriptionOnly
    SubTotalLineDetail
    PaymentLineDetail TaxLineDetail ReimburseLineDetail PurchaseOrderItemLineDetail SalesOrderItemLineDetail
    ItemReceiptLineDetail TDSLineDetail ItemAdjustmentLineDetail SalesItemLineDetail GroupLineDetail
    DiscountLineDetail AccountBasedExpenseLineDetail ItemBasedExpenseLineDetail DepositLineDetail
    JournalEntryLineDetail"""
_LINE = frozenset(_LINE_MEMBERS.split())
_MARKUP = "MarkupInfo PriceLevelRef UOMRef ProjectRef CustomExtensions"
_DETAILS: Mapping[str, frozenset[str]] = {
    kind: frozenset(f"{names} {_MARKUP} {kind}Ex".split())
    for kind, names in {
        "SalesItemLineDetail": """ItemRef ClassRef UnitPrice UnitCostPrice RatePercent Qty ItemAccountRef
            InventorySiteRef TaxCodeRef TaxClassificationRef ServiceDate TaxInclusiveAmt DiscountRate DiscountAmt
            DeferredRevenue RetainageAmount""",
        "ItemBasedExpenseLineDetail": """ItemRef ClassRef UnitPrice UnitCostPrice RatePercent Qty ItemAccountRef
            InventorySiteRef TaxCodeRef TaxClassificationRef CustomerRef BillableStatus TaxInclusiveAmt""",
        "AccountBasedExpenseLineDetail": """CustomerRef ClassRef AccountRef BillableStatus TaxAmount TaxCodeRef
            TaxInclusiveAmt ExpenseDetailLineDetailEx""",
        "DiscountLineDetail": """Discount DiscountRef PercentBased DiscountPercent DiscountAccountRef ServiceDate
            ClassRef TaxCodeRef""",
        "DepositLineDetail": """Entity ClassRef AccountRef PaymentMethodRef CheckNum TxnType TaxCodeRef
            TaxApplicableOn""",
        "JournalEntryLineDetail": """PostingType Entity AccountRef ClassRef DepartmentRef TaxCodeRef TaxRateRef
            TaxApplicableOn TaxAmount TaxInclusiveAmt BillableStatus JournalCodeRef""",
        "GroupLineDetail": "GroupItemRef Quantity ServiceDate Line",
    }.items()
}
_BILLABLE = ("Billable", "NotBillable", "HasBeenBilled")


@dataclass(slots=True)
class Part:
    """One line's share: `net` in hundredths of the document's currency, without tax, in the direction of the document.

    `quantity` is what it moves of an inventory item.
    """

    account: str
    net: int
    about: About
    what: str = "line"
    tax_code: str = ""
    inventory: Record | None = None
    quantity: Decimal = Decimal(0)


@dataclass(slots=True)
class Lines:
    """The lines as they are kept, their parts, and what they come to before tax (`discount` is taken off already)."""

    body: list[dict[str, Any]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    subtotal: int = 0
    discount: int = 0

    @property
    def net(self) -> int:
        return self.subtotal - self.discount


class LineReader:
    """Reads the lines of one document. `kept` are the lines it has now."""

    def __init__(
        self,
        records: Records,
        accounts: Accounts,
        entity: Entity,
        kept: Sequence[Mapping[str, Any]],
        department: str | None,
    ) -> None:
        self._records, self._accounts, self._entity, self._department = records, accounts, entity, department
        self._kept = {str(line["Id"]): line for line in kept if "Id" in line}
        self._next = max((int(id) for id in self._kept if id.isdigit()), default=0) + 1
        self._taken: set[str] = set()

    # -- sales forms

    def sales(self, given: Sequence[Any]) -> Lines:
        """The lines of a sales form. Raises Fault."""
        found = Lines()
        discounts: list[dict[str, Any]] = []
        for item in given:
            line = self._line(item)
            kind = line["DetailType"]
            if kind == "SubTotalLineDetail":
                continue
            if kind == "DiscountLineDetail":
                discounts.append(line)
            elif kind == "SalesItemLineDetail":
                self._sells(line, found, found.body)
            elif kind == "GroupLineDetail":
                self._group(line, found)
            else:
                found.body.append(self._numbered(line, found.body))
        found.body.append(
            {"Amount": amount(found.subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
        )
        for line in discounts:
            self._discounts(line, found)
        return found

    def _sells(self, line: dict[str, Any], found: Lines, body: list[dict[str, Any]]) -> None:
        detail = self._detail(line)
        if "ItemRef" not in detail:
            detail["ItemRef"] = self._default_item()
        id = detail["ItemRef"]["value"]
        item = None if id == SHIPPING else self._records.get("Item", id)
        line["Amount"] = self._amount(line, detail, item)
        detail.setdefault("TaxCodeRef", {"value": "TAX" if item and item.body.get("Taxable") else "NON"})
        net = minor(line["Amount"], "Line.Amount")
        account = self._accounts.shipping() if item is None else self._account_of(item, "IncomeAccountRef")
        kept = self._numbered(line, body)
        body.append(kept)
        stocked = item is not None and item.body.get("Type") == "Inventory"
        found.parts.append(
            Part(
                account,
                net,
                self._about(kept, detail, item=id),
                tax_code=detail["TaxCodeRef"]["value"],
                inventory=item if stocked else None,
                quantity=number(detail.get("Qty", 0), "Line.Qty") if stocked else Decimal(0),
            )
        )
        found.subtotal += net

    def _group(self, line: dict[str, Any], found: Lines) -> None:
        """A bundle: its own line holds those of its items, which are given or come from the item."""
        detail = self._detail(line)
        if "GroupItemRef" not in detail:
            raise errors.missing("Line.GroupLineDetail.GroupItemRef")
        item = self._records.get("Item", detail["GroupItemRef"]["value"])
        quantity = number(detail.get("Quantity", 1), "Line.Quantity")
        given = detail.get("Line")
        if not isinstance(given, list):
            inside = items(dig(item.body if item else {}, "ItemGroupDetail", "ItemGroupLine"))
            given = [
                {
                    "DetailType": "SalesItemLineDetail",
                    "SalesItemLineDetail": {
                        "ItemRef": part.get("ItemRef"),
                        "Qty": quantity * number(part.get("Qty", 1), "Qty"),
                    },
                }
                for part in inside
            ]
        before, body = found.subtotal, list[dict[str, Any]]()
        for part in given:
            inner = self._line(part)
            if inner["DetailType"] != "SalesItemLineDetail":
                raise errors.bad_choice("Line.DetailType", inner["DetailType"], ("SalesItemLineDetail",))
            self._sells(inner, found, body)
        detail["Line"] = body
        line["Amount"] = amount(found.subtotal - before)
        found.body.append(self._numbered(line, found.body))

    def _discounts(self, line: dict[str, Any], found: Lines) -> None:
        detail = self._detail(line)
        if detail.get("PercentBased") and detail.get("DiscountPercent") is not None:
            percent = number(detail["DiscountPercent"], "DiscountPercent")
            off = round_minor(Decimal(found.subtotal).scaleb(-2) * percent / 100)
        else:
            off = minor(line.get("Amount", 0), "Line.Amount")
        if off < 0 or off > max(found.subtotal, 0):
            raise errors.business("The discount can't be negative or more than the subtotal.", "Line")
        line["Amount"] = amount(off)
        account = detail.get("DiscountAccountRef", {}).get("value") or self._accounts.discounts()
        detail["DiscountAccountRef"] = self._records.reference("Account", account)
        detail.setdefault("PercentBased", False)
        line.pop("Id", None)
        line.pop("LineNum", None)
        found.body.append(line)
        found.parts.append(Part(account, -off, self._about(line, detail), what="discount"))
        found.discount += off

    # -- bills, purchases, orders

    def expenses(self, given: Sequence[Any]) -> Lines:
        """The lines of what was bought. Raises Fault."""
        found = Lines()
        for item in given:
            line = self._line(item)
            detail = self._detail(line)
            detail.setdefault("BillableStatus", "NotBillable")
            detail.setdefault("TaxCodeRef", {"value": "NON"})
            bought: Record | None = None
            if line["DetailType"] == "AccountBasedExpenseLineDetail":
                if "AccountRef" not in detail:
                    raise errors.missing("Line.AccountBasedExpenseLineDetail.AccountRef")
                account = detail["AccountRef"]["value"]
            else:
                if "ItemRef" not in detail:
                    raise errors.missing("Line.ItemBasedExpenseLineDetail.ItemRef")
                bought = self._records.get("Item", detail["ItemRef"]["value"])
                stocked = bought is not None and bought.body.get("Type") == "Inventory"
                account = self._account_of(bought, "AssetAccountRef" if stocked else "ExpenseAccountRef")
            line["Amount"] = self._amount(line, detail, None)
            net = minor(line["Amount"], "Line.Amount")
            kept = self._numbered(line, found.body)
            found.body.append(kept)
            stocked = bought is not None and bought.body.get("Type") == "Inventory"
            found.parts.append(
                Part(
                    account,
                    net,
                    self._about(kept, detail, item=bought.id if bought else None, customer=detail.get("CustomerRef")),
                    tax_code=detail["TaxCodeRef"]["value"],
                    inventory=bought if stocked else None,
                    quantity=number(detail.get("Qty", 0), "Line.Qty") if stocked else Decimal(0),
                )
            )
            found.subtotal += net
        return found

    # -- deposits and journals

    def plain(self, given: Sequence[Any]) -> list[dict[str, Any]]:
        """Lines whose meaning the caller knows, with Ids and references with names. Raises Fault."""
        found: list[dict[str, Any]] = []
        for item in given:
            line = self._line(item)
            self._detail(line)
            found.append(self._numbered(line, found))
        return found

    # -- one line

    def _line(self, given: Any) -> dict[str, Any]:
        line: dict[str, Any] = without_nulls(checked_object(given, "Line"))
        for name in line:
            if name not in _LINE:
                raise errors.unknown_property("Line", name, sorted(_LINE))
        kind = line.get("DetailType") or next((name for name in _DETAILS if name in line), "")
        if not kind:
            raise errors.missing("Line.DetailType")
        if kind not in self._entity.lines:
            raise errors.bad_choice("Line.DetailType", kind, self._entity.lines)
        line["DetailType"] = kind
        if "Description" in line:
            text = read_property(self._records, Property("Description", "text", longest=4000), line["Description"])
            line["Description"] = text
            if not text:
                del line["Description"]
        for name in ("LinkedTxn", "CustomField"):
            if not line.get(name):
                line.pop(name, None)
        return line

    def _detail(self, line: dict[str, Any]) -> dict[str, Any]:
        """The line's detail, checked and with the names of what it refers to; it replaces what was sent."""
        kind = line["DetailType"]
        if kind not in _DETAILS:
            return {}
        detail: dict[str, Any] = without_nulls(checked_object(line.get(kind, {}), kind))
        was = self._kept.get(str(line.get("Id", "")), {}).get(kind, {})
        for name in list(detail):
            if name not in _DETAILS[kind]:
                raise errors.unknown_property(kind, name, sorted(_DETAILS[kind]))
            self._member(detail, name, was.get(name))
        line[kind] = detail
        return detail

    def _member(self, detail: dict[str, Any], name: str, was: Any) -> None:
        value = detail[name]
        if name in REFERENCES:
            id = reference(value, name)
            if not id:
                del detail[name]
            elif name == "ItemRef" and id == SHIPPING:
                detail[name] = {"value": id}
            else:
                detail[name] = named(self._records, REFERENCES[name], id, name, was)
        elif name == "TaxCodeRef":
            self._tax_code(detail)
        elif name == "BillableStatus":
            if value not in _BILLABLE:
                raise errors.bad_choice(name, value, _BILLABLE)
        elif name in ("Qty", "UnitPrice", "DiscountPercent", "Quantity"):
            detail[name] = read_property(self._records, Property(name, "number"), value)
        elif name == "ServiceDate":
            detail[name] = read_property(self._records, Property(name, "date"), value)
            if not detail[name]:
                del detail[name]

    def _tax_code(self, detail: dict[str, Any]) -> None:
        id = reference(detail["TaxCodeRef"], "TaxCodeRef")
        if not id:
            del detail["TaxCodeRef"]
        elif id in ("TAX", "NON"):
            detail["TaxCodeRef"] = {"value": id}
        elif self._records.named("TaxCode", id) is None:
            raise errors.bad_reference("TaxCodeRef")
        else:
            detail["TaxCodeRef"] = {"value": id}

    def _amount(self, line: dict[str, Any], detail: dict[str, Any], item: Record | None) -> Decimal | int:
        """What the line comes to: as sent, and then equal to quantity times price when both are; else worked out.

        A quantity and a price of nothing are as good as none, as clients send them beside an amount.
        """
        price, quantity = detail.get("UnitPrice"), detail.get("Qty")
        sent = line.get("Amount")
        if sent is not None and not price and not quantity:
            detail.pop("UnitPrice", None)
            detail.pop("Qty", None)
        if price is None and quantity and sent is None and item is not None:
            price = detail["UnitPrice"] = item.body.get("UnitPrice", 0)
        worked_out = None if not price or not quantity else round_minor(Decimal(price) * Decimal(quantity))
        if sent is None:
            if worked_out is None:
                raise errors.missing("Line.Amount")
            return amount(worked_out)
        found = minor(sent, "Line.Amount")
        if worked_out is not None and found != worked_out:
            raise errors.wrong_amount(sent)
        return amount(found)

    def _numbered(self, line: dict[str, Any], body: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        id = str(line.get("Id", ""))
        if id not in self._kept or id in self._taken:
            id = str(self._next)
            self._next += 1
        self._taken.add(id)
        rest = {name: value for name, value in line.items() if name not in ("Id", "LineNum")}
        return {"Id": id, "LineNum": len(body) + 1, **rest}

    def _about(
        self, line: Mapping[str, Any], detail: Mapping[str, Any], *, item: str | None = None, customer: Any = None
    ) -> About:
        return About(
            line=str(line.get("Id", "")),
            party=("Customer", customer["value"]) if customer else None,
            class_=detail.get("ClassRef", {}).get("value"),
            department=self._department,
            item=item,
            memo=line.get("Description"),
        )

    def _account_of(self, item: Record | None, name: str) -> str:
        if item is not None and item.body.get("Type") == "Category":
            raise errors.business("A category can't be used on a transaction.", "ItemRef")
        account: str | None = (item.body if item else {}).get(name, {}).get("value")
        if account is None:
            raise errors.business(f"An account must be specified for the item: it has no {name}.", "ItemRef")
        return account

    def _default_item(self) -> dict[str, str]:
        """The first service there is, as the vendor puts "Services" on a line that names no item."""
        row = self._records.db.execute(
            "SELECT id FROM record WHERE entity = 'Item' AND active = 1 AND deleted = 0"
            " AND json_extract(body, '$.Type') = 'Service' ORDER BY CAST(id AS INTEGER)"
        ).fetchone()
        if row is None:
            raise errors.missing("Line.SalesItemLineDetail.ItemRef")
        return self._records.reference("Item", row[0])
