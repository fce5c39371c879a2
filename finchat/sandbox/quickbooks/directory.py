"""Names: customers, vendors, employees, accounts, items, classes … What each has when nothing is said, and its rules.

A name is never deleted: it is made inactive, and then its name ends in "(deleted)". Display names are unique over
customers, vendors and employees together, other names within their entity, by their full name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from finchat.sandbox.quickbooks import errors
from finchat.sandbox.quickbooks.accounts import Accounts, currency_ref
from finchat.sandbox.quickbooks.entities import ACCOUNT_TYPES, SUB_TYPES, Entity
from finchat.sandbox.quickbooks.records import REFERENCES, Record, Records
from finchat.sandbox.quickbooks.values import dig, number

DELETED = " (deleted)"
_PEOPLE = ("Customer", "Vendor", "Employee")
_DEEPEST = 4
# The flag that says a name stands below another.
_SUB_FLAG = {"Account": "SubAccount", "Customer": "Job", "Item": "SubItem", "Class": "SubClass",
             "Department": "SubDepartment"}  # fmt: skip


class Directory:
    """Completes and checks the records of lists."""

    def __init__(self, records: Records, accounts: Accounts) -> None:
        self._records, self._accounts = records, accounts
        self._kinds: Mapping[str, Callable[[dict[str, Any], Mapping[str, Any]], None]] = {
            "Customer": self._customer,
            "Vendor": self._vendor,
            "Employee": self._employee,
            "Account": self._account,
            "Item": self._item,
            "Term": self._term,
            "PaymentMethod": self._payment_method,
            "TaxAgency": self._agency,
        }

    def complete(self, record: Record, body: dict[str, Any], *, checked: bool = True) -> None:
        """Fill in what was not said and set the record's columns. `record.body` is what it was. Raises Fault."""
        entity, was = record.entity, record.body
        body = {name: value for name, value in body.items() if value not in ("", {}, [])}
        if entity.name in _PEOPLE:
            self._display_name(body)
        if entity.name in self._kinds:
            self._kinds[entity.name](body, was)
        body["Active"] = body.get("Active", True)
        name = str(body.get(entity.name_property, ""))
        body[entity.name_property] = name = self._marked(record, name, active=body["Active"])
        full = self._full_name(record, body, name)
        if checked:
            self._unique(record, name, full)
        self._addresses(body, was)
        if checked:
            self._default_tax(record.entity, body)
        record.active, record.name, record.body = body["Active"], full, body
        record.currency = body.get("CurrencyRef", {}).get("value")

    def renamed(self, record: Record) -> None:
        """Give the record's present name to whatever refers to it and to what stands below it."""
        for child in list(self._records.below(record)):
            own = str(child.body.get(child.entity.name_property, ""))
            child.name = f"{record.name}:{own}"
            if "FullyQualifiedName" in child.body:
                child.body["FullyQualifiedName"] = child.name
            self._records.save(child)
            self.renamed(child)
        keys = {key for key, entity in REFERENCES.items() if entity == record.entity.name}
        keys |= {"ParentRef"} if record.entity.name in _SUB_FLAG else set()
        for other in list(self._records.where("body LIKE ?", (f'%"value":"{record.id}"%',))):
            if _rename(other.body, keys, record, parent=other.entity.name == record.entity.name):
                self._records.save(other)

    # -- names

    @staticmethod
    def _display_name(body: dict[str, Any]) -> None:
        if not body.get("DisplayName"):
            parts = (body.get(part) for part in ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix"))
            body["DisplayName"] = " ".join(part for part in parts if part)
        if any(sign in body["DisplayName"] for sign in ":\t\n"):
            raise errors.business("The display name can't contain a colon, a tab or a new line.", "DisplayName")
        body.setdefault("PrintOnCheckName", body.get("CompanyName") or body["DisplayName"].removesuffix(DELETED))

    def _marked(self, record: Record, name: str, *, active: bool) -> str:
        bare = name.removesuffix(DELETED)
        if active:
            return name if record.seq is None or record.active else bare
        marked, count = bare + DELETED, 0
        while self._taken(record, marked):
            count += 1
            marked = f"{bare} (deleted {count})"
        return marked

    def _full_name(self, record: Record, body: dict[str, Any], name: str) -> str:
        """The name with those above it. Sets FullyQualifiedName and the flag of what stands below another."""
        entity, full, level = record.entity, name, 0
        if (flag := _SUB_FLAG.get(entity.name)) is not None:
            parent = body.get("ParentRef", {}).get("value")
            if parent is not None and (body.get(flag) is True or flag not in body or record.seq is None):
                above = self._parent(record, parent)
                full, body[flag] = f"{above.name}:{name}", True
                level = 1 + above.body.get("Level", 0)
                if level > _DEEPEST:
                    raise errors.business(f"{entity.name} can't be nested more than {_DEEPEST} deep.", "ParentRef")
            else:
                body.pop("ParentRef", None)
                body.pop("Level", None)
                if flag != "SubItem":
                    body[flag] = False
                else:
                    body.pop(flag, None)
            if level and entity.name in ("Customer", "Item"):
                body["Level"] = level
        if "FullyQualifiedName" in entity.properties:
            body["FullyQualifiedName"] = full
        return full

    def _parent(self, record: Record, id: str) -> Record:
        above = self._records.get(record.entity, id)
        if above is None:
            raise errors.bad_reference("ParentRef")
        walked: Record | None = above
        while walked is not None:
            if walked.id == record.id:
                raise errors.business(f"A {record.entity.name} can't stand below itself.", "ParentRef")
            upper = walked.body.get("ParentRef", {}).get("value")
            walked = self._records.get(record.entity, upper) if upper else None
        return above

    def _unique(self, record: Record, name: str, full: str) -> None:
        if not name:
            raise errors.missing(record.entity.name_property)
        if self._taken(record, full):
            raise errors.duplicate_name()

    def _taken(self, record: Record, name: str) -> bool:
        entities = _PEOPLE if record.entity.name in _PEOPLE else (record.entity.name,)
        row = self._records.db.execute(
            f"SELECT 1 FROM record WHERE entity IN ({', '.join('?' * len(entities))}) AND deleted = 0"  # noqa: S608
            " AND lower(name) = lower(?) AND NOT (entity = ? AND id = ?)",
            (*entities, name, record.entity.name, record.id),
        ).fetchone()
        return row is not None

    def _addresses(self, body: dict[str, Any], was: Mapping[str, Any]) -> None:
        for name in ("BillAddr", "ShipAddr", "PrimaryAddr"):
            address = body.get(name)
            if address and "Id" not in address:
                body[name] = {"Id": was.get(name, {}).get("Id") or self._records.next_id("address"), **address}

    def _default_tax(self, entity: Entity, body: dict[str, Any]) -> None:
        """A new customer has the company's usual tax code. (One that was loaded has what it came with.)"""
        group = dig(self._preferences(), "TaxPrefs", "TaxGroupCodeRef", "value")
        if entity.name == "Customer" and group and "DefaultTaxCodeRef" not in body:
            body["DefaultTaxCodeRef"] = {"value": str(group)}

    # -- each list

    def _customer(self, body: dict[str, Any], was: Mapping[str, Any]) -> None:
        body.setdefault("Taxable", True)
        body.setdefault("BillWithParent", False)
        body.setdefault("PreferredDeliveryMethod", "Print")
        self._balances(body, was, ("Balance", "BalanceWithJobs"))

    def _vendor(self, body: dict[str, Any], was: Mapping[str, Any]) -> None:
        body.setdefault("Vendor1099", False)
        self._balances(body, was, ("Balance",))
        if len(body.get("TaxIdentifier", "")) > 4 and not body["TaxIdentifier"].startswith("XXX"):
            # The vendor shows the last four digits alone.
            body["TaxIdentifier"] = "XXXXXX" + body["TaxIdentifier"][-4:]

    @staticmethod
    def _employee(body: dict[str, Any], was: Mapping[str, Any]) -> None:
        body.setdefault("BillableTime", False)
        if body.get("SSN") and not body["SSN"].startswith("XXX"):
            body["SSN"] = "XXX-XX-XXXX"

    def _balances(self, body: dict[str, Any], was: Mapping[str, Any], names: tuple[str, ...]) -> None:
        for name in names:
            body[name] = was.get(name, 0)
        self._currency(body, was)

    def _currency(self, body: dict[str, Any], was: Mapping[str, Any]) -> None:
        home = self._records.back_end.home_currency
        code = str((body.get("CurrencyRef") or was.get("CurrencyRef") or {}).get("value") or home)
        if was and was.get("CurrencyRef", {}).get("value", home) != code:
            raise errors.business("The currency can't be changed once it is set.", "CurrencyRef")
        if code != home and not dig(self._preferences(), "CurrencyPrefs", "MultiCurrencyEnabled"):
            raise errors.business("Multicurrency is not enabled for this company.", "CurrencyRef")
        body["CurrencyRef"] = currency_ref(code)

    def _account(self, body: dict[str, Any], was: Mapping[str, Any]) -> None:
        given = body.get("AccountType") or SUB_TYPES.get(body.get("AccountSubType", "")) or was.get("AccountType")
        kind = str(given)
        if kind not in ACCOUNT_TYPES:
            raise errors.bad_choice("AccountType", body.get("AccountType"), ACCOUNT_TYPES)
        if (
            was
            and kind != was.get("AccountType")
            and was.get("AccountType") in ("Accounts Receivable", "Accounts Payable")
        ):
            raise errors.business("The type of this account can't be changed.", "AccountType")
        sub = body.get("AccountSubType") or (was.get("AccountSubType") if was.get("AccountType") == kind else None)
        if sub is not None and SUB_TYPES.get(sub, kind) != kind:
            raise errors.bad_choice("AccountSubType", sub, (s for s, of in SUB_TYPES.items() if of == kind))
        body["AccountType"], body["AccountSubType"] = kind, sub or ACCOUNT_TYPES[kind][1]
        body["Classification"] = ACCOUNT_TYPES[kind][0]
        if ":" in body.get("Name", "") or '"' in body.get("Name", ""):
            raise errors.business("An account's name can't contain a colon or double quotes.", "Name")
        self._balances(body, was, ("CurrentBalance", "CurrentBalanceWithSubAccounts"))
        parent = body.get("ParentRef", {}).get("value")
        if parent and self._accounts.type_of(parent) != kind:
            raise errors.business("A sub-account must be of its parent's type.", "ParentRef")

    def _item(self, body: dict[str, Any], was: Mapping[str, Any]) -> None:
        kind = body["Type"] = body.get("Type") or was.get("Type") or "Service"
        if was and was.get("Type") == "Inventory" and kind != "Inventory":
            raise errors.business("An inventory item can't become another type.", "Type")
        if kind == "Inventory":
            for name in ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef"):
                if name not in body:
                    raise errors.missing(name)
            body.setdefault("InvStartDate", was.get("InvStartDate"))
            if body["InvStartDate"] is None:
                raise errors.missing("InvStartDate")
            body["TrackQtyOnHand"] = True
            body["QtyOnHand"] = was.get("QtyOnHand", body.get("QtyOnHand", 0))
        else:
            body["TrackQtyOnHand"] = False
            body.pop("QtyOnHand", None)
        if kind in ("Service", "NonInventory") and not {"IncomeAccountRef", "ExpenseAccountRef"} & body.keys():
            raise errors.missing("IncomeAccountRef")
        if kind not in ("Category", "Group"):
            body.setdefault("Taxable", False)
            body.setdefault("UnitPrice", 0)
            body.setdefault("PurchaseCost", 0)
        for name in ("UnitPrice", "PurchaseCost"):
            if number(body.get(name, 0), name) < 0:
                raise errors.business(f"{name} can't be negative.", name)

    @staticmethod
    def _term(body: dict[str, Any], was: Mapping[str, Any]) -> None:
        body["Type"] = "DATE_DRIVEN" if "DayOfMonthDue" in body else "STANDARD"
        if body["Type"] == "STANDARD":
            body.setdefault("DiscountPercent", 0)
            body.setdefault("DiscountDays", 0)

    @staticmethod
    def _payment_method(body: dict[str, Any], was: Mapping[str, Any]) -> None:
        body.setdefault("Type", "NON_CREDIT_CARD")

    @staticmethod
    def _agency(body: dict[str, Any], was: Mapping[str, Any]) -> None:
        body.setdefault("TaxTrackedOnPurchases", False)
        body.setdefault("TaxTrackedOnSales", True)

    def _preferences(self) -> dict[str, Any]:
        return self._records.single("Preferences").body


def opening_value(body: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    """(quantity, value in units) that a new inventory item starts with."""
    quantity = Decimal(str(body.get("QtyOnHand", 0)))
    return quantity, quantity * Decimal(str(body.get("PurchaseCost", 0)))


def kept_on_full_update(entity: Entity, was: Mapping[str, Any]) -> dict[str, Any]:
    """What a full update cannot take from a name by leaving it out."""
    names = {
        "Account": ("AccountType", "AccountSubType", "CurrencyRef"),
        "Item": ("Type", "InvStartDate", "QtyOnHand"),
        "Customer": ("CurrencyRef",),
        "Vendor": ("CurrencyRef",),
    }.get(entity.name, ())
    return {name: was[name] for name in names if name in was}


def _rename(value: Any, keys: set[str], record: Record, *, parent: bool) -> bool:
    """Put the record's name on every reference to it; whether there was one."""
    changed = False
    if isinstance(value, list):
        return sum(_rename(member, keys, record, parent=parent) for member in value) > 0
    if not isinstance(value, dict):
        return False
    for key, member in value.items():
        if isinstance(member, dict) and member.get("value") == record.id and "name" in member:
            typed = member.get("type")
            fits = key in keys and (key != "ParentRef" or parent)
            if fits or (key in ("EntityRef", "Entity") and typed == record.entity.name):
                member["name"] = record.name or ""
                changed = True
        elif isinstance(member, dict | list):
            changed |= _rename(member, keys, record, parent=parent)
    return changed
