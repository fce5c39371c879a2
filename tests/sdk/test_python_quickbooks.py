"""python-quickbooks and intuit-oauth, unedited, against the served sandbox company.

What the SDK's own integration tests want of the vendor's sandbox is wanted here of ours, and the money is followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.sdk.served import quickbooks

pytestmark = pytest.mark.sdk
# The SDK's own entity classes that the sandbox answers, with their modules.
READ = {
    "Account": "account", "Attachable": "attachable", "Bill": "bill", "BillPayment": "billpayment",
    "Budget": "budget", "Class": "trackingclass", "CreditMemo": "creditmemo", "Customer": "customer",
    "Department": "department", "Deposit": "deposit", "Employee": "employee", "Estimate": "estimate",
    "Invoice": "invoice", "Item": "item", "JournalEntry": "journalentry", "Payment": "payment",
    "PaymentMethod": "paymentmethod", "Purchase": "purchase", "PurchaseOrder": "purchaseorder",
    "RefundReceipt": "refundreceipt", "SalesReceipt": "salesreceipt", "TaxAgency": "taxagency", "TaxCode": "taxcode",
    "TaxRate": "taxrate", "Term": "term", "TimeActivity": "timeactivity", "Transfer": "transfer", "Vendor": "vendor",
    "VendorCredit": "vendorcredit",
}  # fmt: skip


class Sdk:
    """The SDK's modules and a client whose token it fetched itself."""

    def __init__(self, ready: Mapping[str, str], *, use_decimal: bool = False) -> None:
        auth: Any = import_module("intuitlib.client")
        client: Any = import_module("quickbooks.client")
        self.ready = ready
        self.objects: Any = import_module("quickbooks.objects")
        self.exceptions: Any = import_module("quickbooks.exceptions")
        self.lines: Any = import_module("quickbooks.objects.detailline")
        self.base: Any = import_module("quickbooks.objects.base")
        self.batch: Any = import_module("quickbooks.batch")
        client.QuickBooks.api_url_v3 = client.QuickBooks.sandbox_api_url_v3 = ready["base_url"] + "/v3"
        self.auth = auth.AuthClient(
            client_id=ready["client_id"],
            client_secret=ready["client_secret"],
            environment=ready["discovery_url"],
            redirect_uri="http://localhost:8000/callback",
        )
        self.qb = client.QuickBooks(
            auth_client=self.auth,
            refresh_token=ready.get("refresh_token", "any"),
            company_id=ready["realm_id"],
            minorversion=75,
            use_decimal=use_decimal,
        )

    def entity(self, name: str) -> Any:
        found: Any = getattr(import_module(f"quickbooks.objects.{READ[name]}"), name)
        return found

    def first(self, name: str, where: str = "", order_by: str = "") -> Any:
        return self.entity(name).where(where, order_by=order_by, max_results=1, qb=self.qb)[0]

    def read(self, made: Any) -> Any:
        return type(made).get(made.Id, qb=self.qb)

    def sale(self, amount: float, item: Any = None) -> Any:
        line = self.lines.SalesItemLine()
        line.LineNum, line.Description, line.Amount = 1, "Work", amount
        line.SalesItemLineDetail = self.lines.SalesItemLineDetail()
        line.SalesItemLineDetail.ItemRef = (item or self.first("Item")).to_ref()
        return line

    def expense(self, amount: float) -> Any:
        line = self.lines.AccountBasedExpenseLine()
        line.Amount = amount
        line.AccountBasedExpenseLineDetail = self.lines.AccountBasedExpenseLineDetail()
        line.AccountBasedExpenseLineDetail.AccountRef = self.first("Account", "AccountType = 'Expense'").to_ref()
        return line

    def customer(self) -> Any:
        made = self.entity("Customer")()
        made.DisplayName = f"Customer {uuid4().hex[:10]}"
        return made.save(qb=self.qb)

    def invoice(self, customer: Any, amount: float = 100.0, request_id: str | None = None) -> Any:
        made = self.entity("Invoice")()
        made.Line.append(self.sale(amount))
        made.CustomerRef = customer.to_ref()
        made.CustomerMemo = self.base.CustomerMemo()
        made.CustomerMemo.value = "Thank you"
        return made.save(qb=self.qb, request_id=request_id)

    def bill(self, vendor: Any, amount: float = 200.0) -> Any:
        made = self.entity("Bill")()
        made.Line.append(self.expense(amount))
        made.VendorRef = vendor.to_ref()
        return made.save(qb=self.qb)

    def balance(self, where: str) -> Any:
        return self.first("Account", where).CurrentBalance


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sdk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        with quickbooks(tmp_path_factory.mktemp("home"), strict=True) as ready:
            yield Sdk(ready)


CHECKING = "Name = 'Checking'"
RECEIVABLE = "Name = 'Accounts Receivable (A/R)'"
PAYABLE = "Name = 'Accounts Payable (A/P)'"
UNDEPOSITED = "AccountSubType = 'UndepositedFunds'"


# -- queries


@pytest.mark.parametrize("name", READ)
def test_a_kind_is_listed_counted_and_read_by_id(sdk: Sdk, name: str) -> None:
    entity = sdk.entity(name)
    listed = entity.all(max_results=5, qb=sdk.qb)
    assert listed
    assert entity.count(qb=sdk.qb) >= len(listed)
    if hasattr(entity, "get"):
        assert entity.get(listed[0].Id, qb=sdk.qb).Id == listed[0].Id


def test_pages_cover_everything_once(sdk: Sdk) -> None:
    invoice = sdk.entity("Invoice")
    count = invoice.count(qb=sdk.qb)
    ids: list[str] = []
    while page := invoice.all(order_by="Id", start_position=len(ids) + 1, max_results=100, qb=sdk.qb):
        ids += [found.Id for found in page]
    assert count > 300
    assert (len(ids), len(set(ids))) == (count, count)
    assert len(invoice.all(max_results=1000, qb=sdk.qb)) == count
    assert len(invoice.where("", qb=sdk.qb)) == 100


def test_conditions_choices_order_and_quotes(sdk: Sdk) -> None:
    customers = sdk.entity("Customer").all(order_by="DisplayName DESC", max_results=3, qb=sdk.qb)
    names = [found.DisplayName for found in customers]
    assert names == sorted(names, reverse=True)
    chosen = sdk.entity("Customer").choose([found.Id for found in customers], field="Id", qb=sdk.qb)
    assert {found.DisplayName for found in chosen} == set(names)
    made = sdk.entity("Customer")()
    made.DisplayName = f"O'Hara's {uuid4().hex[:8]}"
    made.save(qb=sdk.qb)
    (found,) = sdk.entity("Customer").filter(DisplayName=made.DisplayName, qb=sdk.qb)
    assert found.Id == made.Id
    stem = names[0][:6].replace("'", "\\'")
    assert customers[0].Id in [c.Id for c in sdk.entity("Customer").where(f"DisplayName LIKE '{stem}%'", qb=sdk.qb)]
    owed = sdk.entity("Invoice").where("Balance > '0' AND TxnDate <= '2026-11-20'", order_by="DueDate", qb=sdk.qb)
    assert owed
    assert all(float(invoice.Balance) > 0 for invoice in owed)
    assert [invoice.DueDate for invoice in owed] == sorted(invoice.DueDate for invoice in owed)
    (gone,) = sdk.entity("Customer").filter(Active=False, qb=sdk.qb)
    assert gone.DisplayName.endswith("(deleted)")


def test_the_company_its_preferences_and_rates_are_read(sdk: Sdk) -> None:
    company: Any = import_module("quickbooks.objects.company_info")
    preferences: Any = import_module("quickbooks.objects.preferences")
    rates: Any = import_module("quickbooks.objects.exchangerate")
    assert company.CompanyInfo.get(1, qb=sdk.qb).Country == "US"
    assert preferences.Preferences.get(qb=sdk.qb).CurrencyPrefs.HomeCurrency.value == "USD"
    (rate,) = rates.ExchangeRate.where("SourceCurrencyCode = 'CAD' AND AsOfDate = '2026-11-18'", qb=sdk.qb)
    assert 0.5 < rate.Rate < 1
    assert rate.TargetCurrencyCode == "USD"


# -- what the SDK's own integration tests ask


def test_an_account_is_made_and_renamed(sdk: Sdk) -> None:
    made = sdk.entity("Account")()
    made.Name, made.AcctNum, made.AccountSubType = f"Petty cash {uuid4().hex[:8]}", uuid4().hex[:7], "CashOnHand"
    made.save(qb=sdk.qb)
    found = sdk.read(made)
    assert (found.Name, found.AcctNum, found.AccountType) == (made.Name, made.AcctNum, "Bank")
    found.Name = f"Drawer {uuid4().hex[:8]}"
    found.save(qb=sdk.qb)
    assert sdk.read(made).Name == found.Name
    assert sdk.read(made).AcctNum == made.AcctNum
    assert sdk.entity("Account").get(1, qb=sdk.qb).Id == "1"


@pytest.mark.parametrize(("name", "extra"), [("Customer", {}), ("Vendor", {"TaxIdentifier": "99-9999999"})])
def test_a_name_keeps_every_field_it_was_given_and_is_updated(sdk: Sdk, name: str, extra: dict[str, str]) -> None:
    given = {
        "Title": "Ms.", "GivenName": "James", "FamilyName": "King", "Suffix": "Jr", "CompanyName": "King Works",
        "DisplayName": f"{name} {uuid4().hex[:8]}", "PrintOnCheckName": "J King", **extra,
    }  # fmt: skip
    made = sdk.entity(name)()
    for field, value in given.items():
        setattr(made, field, value)
    address = {
        "Line1": "123 Main", "Line2": "Apartment 1", "City": "City", "Country": "U.S.A",
        "CountrySubDivisionCode": "CA", "PostalCode": "94030",
    }  # fmt: skip
    made.BillAddr = sdk.base.Address()
    for field, value in address.items():
        setattr(made.BillAddr, field, value)
    made.PrimaryPhone = sdk.base.PhoneNumber()
    made.PrimaryPhone.FreeFormNumber = "555-555-5555"
    made.PrimaryEmailAddr = sdk.base.EmailAddress()
    made.PrimaryEmailAddr.Address = "test@email.example"
    made.WebAddr = sdk.base.WebAddress()
    made.WebAddr.URI = "http://testurl.example"
    made.save(qb=sdk.qb)
    found = sdk.read(made)
    kept = {field: getattr(found, field) for field in given if field != "TaxIdentifier"}
    assert kept == {field: value for field, value in given.items() if field != "TaxIdentifier"}
    assert {field: getattr(found.BillAddr, field) for field in address} == address
    assert found.PrimaryPhone.FreeFormNumber == "555-555-5555"
    assert found.PrimaryEmailAddr.Address == "test@email.example"
    assert found.WebAddr.URI == "http://testurl.example"
    found.GivenName = "Jamie"
    found.save(qb=sdk.qb)
    again = sdk.read(made)
    assert (again.GivenName, again.FamilyName, int(again.SyncToken)) == ("Jamie", "King", 1)


def test_an_item_in_stock_is_made_and_updated(sdk: Sdk) -> None:
    accounts = {
        "IncomeAccountRef": sdk.first("Account", "AccountType = 'Income' AND AccountSubType = 'SalesOfProductIncome'"),
        "ExpenseAccountRef": sdk.first("Account", "AccountSubType = 'SuppliesMaterialsCogs'"),
        "AssetAccountRef": sdk.first("Account", "AccountSubType = 'Inventory'"),
    }
    made = sdk.entity("Item")()
    made.Name, made.Type, made.Sku = f"Item {uuid4().hex[:8]}", "Inventory", f"SKU{uuid4().hex[:6]}"
    made.TrackQtyOnHand, made.QtyOnHand, made.InvStartDate = True, 10, "2015-01-01"
    for field, account in accounts.items():
        setattr(made, field, account.to_ref())
    made.save(qb=sdk.qb)
    found = sdk.read(made)
    assert (found.Name, found.Type, found.Sku) == (made.Name, "Inventory", made.Sku)
    assert (found.TrackQtyOnHand, found.QtyOnHand) == (True, 10)
    assert {field: getattr(found, field).value for field in accounts} == {f: a.Id for f, a in accounts.items()}
    found.Description = "Described"
    found.save(qb=sdk.qb)
    again = sdk.read(made)
    assert (again.Description, again.QtyOnHand, again.Sku) == ("Described", 10, made.Sku)


def test_an_invoice_is_made_with_the_servers_names_and_found(sdk: Sdk) -> None:
    customer = sdk.customer()
    made = sdk.invoice(customer)
    found = sdk.read(made)
    assert (found.CustomerRef.name, found.CustomerMemo.value) == (customer.DisplayName, "Thank you")
    assert (found.Line[0].Description, found.Line[0].Amount) == ("Work", 100.0)
    assert found.Line[-1].DetailType == "SubTotalLineDetail"
    assert (found.TotalAmt, found.Balance, found.TxnDate) == (100, 100, "2026-11-20")
    assert found.DocNumber
    (listed,) = sdk.entity("Invoice").filter(DocNumber=found.DocNumber, qb=sdk.qb)
    assert listed.Id == made.Id


def test_the_same_request_id_makes_one_invoice(sdk: Sdk) -> None:
    customer, request = sdk.customer(), str(uuid4())
    first, again = (sdk.invoice(customer, request_id=request) for _ in range(2))
    assert first.Id == again.Id
    assert sdk.read(customer).Balance == 100


def test_an_invoice_is_deleted_and_another_voided(sdk: Sdk) -> None:
    customer = sdk.customer()
    gone, void = sdk.invoice(customer), sdk.invoice(customer)
    gone.delete(qb=sdk.qb)
    assert sdk.entity("Invoice").filter(Id=gone.Id, qb=sdk.qb) == []
    with pytest.raises(sdk.exceptions.ObjectNotFoundException):
        sdk.read(gone)
    assert sdk.read(customer).Balance == 100
    void.void(qb=sdk.qb)
    found = sdk.read(void)
    assert (found.Balance, found.TotalAmt, "Voided" in found.PrivateNote) == (0, 0, True)
    assert sdk.read(customer).Balance == 0


def test_an_invoice_is_sent_and_printed(sdk: Sdk) -> None:
    made = sdk.invoice(sdk.customer())
    made.send(qb=sdk.qb, send_to="ap+one@customer.example")
    found = sdk.read(made)
    assert (found.EmailStatus, found.BillEmail.Address) == ("EmailSent", "ap+one@customer.example")
    assert found.download_pdf(qb=sdk.qb).startswith(b"%PDF")


def test_a_payment_settles_an_invoice_in_undeposited_funds_and_a_deposit_takes_it_to_the_bank(sdk: Sdk) -> None:
    customer = sdk.customer()
    invoice = sdk.invoice(customer)
    waited, banked = sdk.balance(UNDEPOSITED), sdk.balance(CHECKING)
    payment = _payment(sdk, customer, 100.0, invoice)
    assert sdk.read(invoice).Balance == 0
    assert [(link.TxnId, link.TxnType) for link in sdk.read(invoice).LinkedTxn] == [(payment.Id, "Payment")]
    assert sdk.balance(UNDEPOSITED) == pytest.approx(waited + 100)
    module: Any = import_module("quickbooks.objects.deposit")
    deposit, line = module.Deposit(), module.DepositLine()
    line.Amount, line.DepositLineDetail = 100, None
    link = sdk.base.LinkedTxn()
    link.TxnId, link.TxnType, link.TxnLineId = payment.Id, "Payment", 0
    line.LinkedTxn.append(link)
    deposit.Line.append(line)
    deposit.DepositToAccountRef = sdk.first("Account", CHECKING).to_ref()
    deposit.save(qb=sdk.qb)
    assert sdk.balance(UNDEPOSITED) == pytest.approx(waited)
    assert sdk.balance(CHECKING) == pytest.approx(banked + 100)
    links = sdk.read(payment).LinkedTxn
    assert [link["TxnType"] for link in links if link["TxnType"] == "Deposit"] == ["Deposit"]


def _payment(sdk: Sdk, customer: Any, amount: float, *invoices: Any) -> Any:
    module: Any = import_module("quickbooks.objects.payment")
    made = module.Payment()
    made.TotalAmt, made.CustomerRef = amount, customer.to_ref()
    made.PaymentMethodRef = sdk.first("PaymentMethod").to_ref()
    for invoice in invoices:
        line = module.PaymentLine()
        line.Amount = invoice.Balance
        line.LinkedTxn.append(invoice.to_linked_txn())
        made.Line.append(line)
    return made.save(qb=sdk.qb)


def test_a_payment_on_account_is_kept_unapplied_and_voided(sdk: Sdk) -> None:
    customer = sdk.customer()
    made = _payment(sdk, customer, 140.0)
    found = sdk.read(made)
    assert (found.CustomerRef.name, found.TotalAmt, found.UnappliedAmt) == (customer.DisplayName, 140, 140)
    assert found.PaymentMethodRef.value == sdk.first("PaymentMethod").Id
    assert sdk.read(customer).Balance == -140
    found.void(qb=sdk.qb)
    void = sdk.read(made)
    assert (void.TotalAmt, "Voided" in void.PrivateNote) == (0, True)
    assert sdk.read(customer).Balance == 0


@pytest.mark.parametrize("undone", ["void", "delete"])
def test_a_bill_is_paid_and_the_payment_taken_back(sdk: Sdk, undone: str) -> None:
    vendor = sdk.first("Vendor")
    owed, banked = sdk.balance(PAYABLE), sdk.balance(CHECKING)
    bill = sdk.bill(vendor)
    found = sdk.read(bill)
    assert (len(found.Line), found.Line[0].Amount, found.Balance) == (1, 200, 200)
    module: Any = import_module("quickbooks.objects.billpayment")
    payment, line = module.BillPayment(), module.BillPaymentLine()
    payment.PayType, payment.TotalAmt, payment.PrivateNote = "Check", 200, "Private note"
    payment.VendorRef = vendor.to_ref()
    payment.APAccountRef = sdk.first("Account", "AccountSubType = 'AccountsPayable'").to_ref()
    payment.CheckPayment = module.CheckPayment()
    payment.CheckPayment.BankAccountRef = sdk.first("Account", "AccountSubType = 'Checking'").to_ref()
    line.Amount = 200
    line.LinkedTxn.append(bill.to_linked_txn())
    payment.Line.append(line)
    payment = payment.save(qb=sdk.qb)
    paid = sdk.read(payment)
    assert (paid.PayType, paid.TotalAmt, paid.PrivateNote) == ("Check", 200, "Private note")
    assert [one.Amount for one in paid.Line] == [200]
    assert sdk.read(bill).Balance == 0
    assert (sdk.balance(PAYABLE), sdk.balance(CHECKING)) == pytest.approx((owed, banked - 200))
    getattr(paid, undone)(qb=sdk.qb)
    assert sdk.read(bill).Balance == 200
    if undone == "void":
        void = sdk.read(payment)
        assert (void.TotalAmt, "Voided" in void.PrivateNote) == (0, True)
    assert sdk.balance(CHECKING) == pytest.approx(banked)
    bill = sdk.read(bill)
    bill.delete(qb=sdk.qb)
    assert sdk.balance(PAYABLE) == pytest.approx(owed)


def test_a_credit_memo_is_made_and_updated_and_its_lines_stay(sdk: Sdk) -> None:
    customer, item = sdk.customer(), sdk.first("Item")
    made = sdk.entity("CreditMemo")()
    made.CustomerRef = customer.to_ref()
    made.Line.append(sdk.sale(100.0, item))
    made = made.save(qb=sdk.qb)
    line = sdk.read(made).Line[0]
    assert (line.LineNum, line.Description, line.Amount) == (1, "Work", 100)
    assert line.SalesItemLineDetail.ItemRef.value == item.Id
    found = sdk.read(made)
    found.PrivateNote = "Test"
    found.save(qb=sdk.qb)
    again = sdk.read(made)
    assert (again.PrivateNote, again.TotalAmt, again.RemainingCredit) == ("Test", 100, 100)
    assert sdk.read(customer).Balance == -100
    first = sdk.first("CreditMemo")
    first.PrivateNote = "Test"
    first.save(qb=sdk.qb)
    assert (sdk.read(first).PrivateNote, sdk.read(first).Balance) == ("Test", first.Balance)


def test_a_deposit_between_banks_and_a_transfer_move_money(sdk: Sdk) -> None:
    first, second = sdk.entity("Account").filter(AccountType="Bank", max_results=2, qb=sdk.qb)
    module: Any = import_module("quickbooks.objects.deposit")
    made, line = module.Deposit(), module.DepositLine()
    line.Amount, line.DetailType, line.DepositLineDetail = 20.0, "DepositLineDetail", module.DepositLineDetail()
    line.DepositLineDetail.AccountRef = first.to_ref()
    made.DepositToAccountRef = second.to_ref()
    made.Line.append(line)
    made.save(qb=sdk.qb)
    assert sdk.read(made).TotalAmt == 20
    back = sdk.entity("Transfer")()
    back.Amount, back.FromAccountRef, back.ToAccountRef = 20.0, second.to_ref(), first.to_ref()
    back.save(qb=sdk.qb)
    for account in (first, second):
        assert sdk.read(account).CurrentBalance == pytest.approx(account.CurrentBalance)


def test_an_estimate_with_a_discount_is_made_as_given(sdk: Sdk) -> None:
    tax: Any = import_module("quickbooks.objects.tax")
    made = sdk.entity("Estimate")()
    made.TotalAmt, made.ApplyTaxAfterDiscount = 31.5, False
    made.PrintStatus, made.EmailStatus = "NeedToPrint", "NotSet"
    made.CustomerRef = sdk.customer().to_ref()
    made.TxnTaxDetail = tax.TxnTaxDetail()
    made.TxnTaxDetail.TotalTax = 0
    made.BillEmail = sdk.base.EmailAddress()
    made.BillEmail.Address = "cool@cars.example"
    line = sdk.sale(35.0, sdk.entity("Item").get(10, qb=sdk.qb))
    line.SalesItemLineDetail.UnitPrice, line.SalesItemLineDetail.Qty = 35, 1
    line.SalesItemLineDetail.TaxCodeRef = sdk.base.Ref()
    line.SalesItemLineDetail.TaxCodeRef.value = "NON"
    made.Line.append(line)
    discount = sdk.lines.DiscountLine()
    discount.Amount, discount.DiscountLineDetail = 3.5, sdk.lines.DiscountLineDetail()
    discount.DiscountLineDetail.PercentBased, discount.DiscountLineDetail.DiscountPercent = True, 10
    discount.DiscountLineDetail.DiscountAccountRef = sdk.entity("Account").get(86, qb=sdk.qb).to_ref()
    made.Line.append(discount)
    made.save(qb=sdk.qb)
    found = sdk.read(made)
    assert (found.TotalAmt, found.PrintStatus, found.BillEmail.Address) == (31.5, "NeedToPrint", "cool@cars.example")
    assert (found.Line[0].SalesItemLineDetail.UnitPrice, found.Line[0].SalesItemLineDetail.Qty) == (35, 1)
    detail = found.Line[2].DiscountLineDetail
    assert (found.Line[2].Amount, detail.PercentBased, detail.DiscountPercent) == (3.5, True, 10)
    assert (detail.DiscountAccountRef.value, detail.DiscountAccountRef.name) == ("86", "Discounts given")


def test_a_purchase_by_card_of_stock_is_made(sdk: Sdk) -> None:
    item, customer = sdk.first("Item", "Type = 'Inventory'"), sdk.first("Customer")
    code = sdk.entity("TaxCode").all(max_results=1, qb=sdk.qb)[0]
    card = sdk.entity("Account").get(42, qb=sdk.qb)
    made = sdk.entity("Purchase")()
    made.DocNumber, made.PaymentType, made.AccountRef, made.TotalAmt = "Doc123", "CreditCard", card.to_ref(), 100
    line = sdk.lines.ItemBasedExpenseLine()
    line.Amount, line.ItemBasedExpenseLineDetail = 100, sdk.lines.ItemBasedExpenseLineDetail()
    detail = line.ItemBasedExpenseLineDetail
    detail.BillableStatus, detail.UnitPrice, detail.Qty = "NotBillable", 100, 1
    detail.CustomerRef, detail.TaxCodeRef, detail.ItemRef = customer.to_ref(), code.to_ref(), item.to_ref()
    made.Line.append(line)
    made.save(qb=sdk.qb, params={"include": "allowduplicatedocnum"})
    found = sdk.read(made)
    assert (found.AccountRef.value, found.DocNumber, found.TotalAmt) == ("42", "Doc123", 100)
    kept = found.Line[0].ItemBasedExpenseLineDetail
    assert (found.Line[0].Amount, kept.UnitPrice, kept.Qty) == (100, 100, 1)
    assert (kept.CustomerRef.value, kept.TaxCodeRef.value, kept.ItemRef.value) == (customer.Id, code.Name, item.Id)
    assert sdk.read(item).QtyOnHand == item.QtyOnHand + 1


# -- beyond them


def test_a_full_update_loses_what_is_left_out_and_a_sparse_one_does_not(sdk: Sdk) -> None:
    made = sdk.invoice(sdk.customer())
    url = f"{sdk.qb.api_url}/company/{sdk.ready['realm_id']}/invoice"
    sparse = f'{{"Id": "{made.Id}", "SyncToken": "0", "sparse": true, "PrivateNote": "Kept"}}'
    found = sdk.qb.post(url, sparse)["Invoice"]
    assert (found["PrivateNote"], found["CustomerMemo"], found["SyncToken"]) == ("Kept", {"value": "Thank you"}, "1")
    whole = sdk.read(made)
    whole.CustomerMemo = None
    whole.save(qb=sdk.qb)
    again = sdk.read(made)
    assert (again.CustomerMemo, again.PrivateNote, again.TotalAmt) == (None, "Kept", 100)


def test_a_void_sales_receipt_and_a_refund_leave_no_money(sdk: Sdk) -> None:
    banked = sdk.balance(CHECKING)
    customer = sdk.customer()
    for name in ("SalesReceipt", "RefundReceipt"):
        made = sdk.entity(name)()
        made.CustomerRef = customer.to_ref()
        made.DepositToAccountRef = sdk.first("Account", CHECKING).to_ref()
        made.Line.append(sdk.sale(50.0))
        made.save(qb=sdk.qb)
        if name == "SalesReceipt":
            assert sdk.balance(CHECKING) == pytest.approx(banked + 50)
            sdk.read(made).void(qb=sdk.qb)
            assert sdk.read(made).TotalAmt == 0
            assert sdk.balance(CHECKING) == pytest.approx(banked)
        else:
            assert sdk.balance(CHECKING) == pytest.approx(banked - 50)
            sdk.read(made).delete(qb=sdk.qb)
    assert sdk.balance(CHECKING) == pytest.approx(banked)


def test_a_batch_creates_updates_and_deletes_and_names_what_it_could_not(sdk: Sdk) -> None:
    names = [f"Batch {uuid4().hex[:8]}" for _ in range(3)]
    customers = []
    for name in (*names, names[0]):
        made = sdk.entity("Customer")()
        made.DisplayName = name
        customers.append(made)
    created = sdk.batch.batch_create(customers, qb=sdk.qb)
    assert [found.DisplayName for found in created.successes] == names
    (fault,) = created.faults
    assert (fault.original_object.DisplayName, fault.Error[0].code) == (names[0], "6240")
    for found in created.successes:
        found.GivenName = "Batch"
    assert len(sdk.batch.batch_update(created.successes, qb=sdk.qb).successes) == 3
    assert {sdk.read(found).GivenName for found in created.successes} == {"Batch"}
    invoices = [sdk.read(sdk.invoice(created.successes[0])) for _ in range(2)]
    deleted = sdk.batch.batch_delete(invoices, qb=sdk.qb)
    assert (len(deleted.successes), deleted.faults) == (2, [])
    assert sdk.entity("Invoice").choose([found.Id for found in invoices], qb=sdk.qb) == []


def test_changes_since_an_instant_are_told(sdk: Sdk) -> None:
    cdc: Any = import_module("quickbooks.cdc")
    kept, gone = sdk.invoice(sdk.customer()), sdk.invoice(sdk.customer())
    gone.delete(qb=sdk.qb)
    changed = cdc.change_data_capture(
        [sdk.entity("Invoice"), sdk.entity("Customer")], "2026-11-20T09:59:00-08:00", qb=sdk.qb
    )
    status = {found.Id: getattr(found, "status", None) for found in changed.Invoice}
    assert kept.Id in status
    assert status[gone.Id] == "Deleted"
    assert len(changed.Customer) >= 2


@pytest.mark.parametrize(
    "name",
    ["ProfitAndLoss", "BalanceSheet", "CashFlow", "TrialBalance", "GeneralLedger", "AgedReceivables",
     "AgedReceivableDetail", "AgedPayables", "AgedPayableDetail", "CustomerBalance", "CustomerBalanceDetail",
     "VendorBalance", "VendorBalanceDetail", "TransactionList"],
)  # fmt: skip
def test_a_report_has_a_header_columns_and_rows(sdk: Sdk, name: str) -> None:
    report = sdk.qb.get_report(name, {"start_date": "2026-01-01", "end_date": "2026-11-20"})
    assert report["Header"]["ReportName"].replace(" ", "").casefold().startswith(name[:8].casefold())
    assert report["Header"]["Currency"] == "USD"
    assert report["Columns"]["Column"]
    assert report["Rows"]["Row"]


def test_decimals_go_both_ways(sdk: Sdk) -> None:
    exact = Sdk({**sdk.ready, "refresh_token": sdk.auth.refresh_token}, use_decimal=True)
    sdk.auth.refresh_token = exact.auth.refresh_token
    made = exact.entity("Invoice")()
    made.CustomerRef = exact.customer().to_ref()
    line = exact.sale(100.0)
    line.Amount = Decimal("19.99")
    made.Line.append(line)
    made.save(qb=exact.qb)
    assert exact.read(made).TotalAmt == Decimal("19.99")


# -- refusals


def test_refusals_are_the_exceptions_the_sdk_knows(sdk: Sdk) -> None:
    errors = sdk.exceptions
    with pytest.raises(errors.ObjectNotFoundException):
        sdk.entity("Invoice").get(999_999, qb=sdk.qb)
    with pytest.raises(errors.ValidationException) as caught:
        sdk.entity("Invoice")().save(qb=sdk.qb)
    assert caught.value.error_code == 2020
    with pytest.raises(errors.ValidationException) as caught:
        sdk.entity("Invoice").where("Memo = 'x'", qb=sdk.qb)
    assert caught.value.error_code in (4000, 4001)
    stale = sdk.read(sdk.invoice(sdk.customer()))
    sdk.read(stale).save(qb=sdk.qb)
    with pytest.raises(errors.QuickbooksException) as caught:
        stale.save(qb=sdk.qb)
    assert caught.value.error_code == 5010
    twice = sdk.entity("Vendor")()
    twice.DisplayName = sdk.first("Vendor").DisplayName
    with pytest.raises(errors.QuickbooksException) as caught:
        twice.save(qb=sdk.qb)
    assert caught.value.error_code == 6240


def test_refresh_tokens_are_replaced_and_a_revoked_client_is_refused(sdk: Sdk) -> None:
    auth_errors: Any = import_module("intuitlib.exceptions")
    other = Sdk({**sdk.ready, "refresh_token": sdk.auth.refresh_token})
    sdk.auth.refresh_token = other.auth.refresh_token
    old = other.auth.refresh_token
    other.auth.refresh()
    assert other.auth.refresh_token != old
    with pytest.raises(auth_errors.AuthClientError) as caught:
        other.auth.refresh(refresh_token=old)
    assert "invalid_grant" in str(caught.value.content)
    sdk.auth.refresh_token = other.auth.refresh_token
    assert other.auth.revoke(token=other.auth.access_token) is True
    other.qb.session.token = {"access_token": other.auth.access_token}
    with pytest.raises(sdk.exceptions.AuthorizationException) as refused:
        other.entity("Customer").all(qb=other.qb)
    assert refused.value.error_code == 401


def test_too_many_requests_are_refused_in_xml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    with quickbooks(tmp_path, limits="3/60s,3,1") as ready:
        limited = Sdk(ready)
        customers = limited.entity("Customer")
        for _ in range(3):
            assert customers.all(qb=limited.qb)
        with pytest.raises(limited.exceptions.QuickbooksException) as caught:
            customers.all(qb=limited.qb)
    assert "ThrottleExceeded" in str(caught.value)
