"""xero-python, unedited, against the served sandbox; and answers checked against the vendor's own OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from finchat.clock import Clock
from finchat.sandbox.xero.back_end import XeroBackEnd
from tests.sandbox.xero.company import (
    BANK,
    CUSTOMER,
    NOW,
    TENANT,
    Client,
    bill,
    collections,
    invoice,
    line,
    payment,
)
from tests.sandbox.xero.served import sandbox

pytestmark = pytest.mark.sdk
REGION, NORTH = "00000000-0000-4000-8000-00000000f001", "00000000-0000-4000-8000-00000000f002"
OPENAPI = Path(__file__).parents[4] / "shared" / "data" / "xero" / "xero_accounting.yaml"


class Sdk:
    """The SDK's client of the Accounting API, with a token it fetched itself."""

    def __init__(self, ready: Mapping[str, str]) -> None:
        self.accounting: Any = import_module("xero_python.accounting")
        self.exceptions: Any = import_module("xero_python.exceptions")
        identity: Any = import_module("xero_python.identity")
        client_module: Any = import_module("xero_python.api_client")
        configuration: Any = import_module("xero_python.api_client.configuration")
        oauth2: Any = import_module("xero_python.api_client.oauth2")

        oauth2.TokenApi.refresh_token_url = ready["token_url"]
        oauth2.TokenApi.client_credentials_token_url = ready["token_url"]
        held: dict[str, Any] = {}
        self.client = client_module.ApiClient(
            configuration.Configuration(
                oauth2_token=oauth2.OAuth2Token(client_id=ready["client_id"], client_secret=ready["client_secret"])
            ),
            oauth2_token_getter=lambda: held.get("token"),
            oauth2_token_saver=lambda token: held.update(token=token),
        )
        self.client.get_client_credentials_token()
        self.token: Mapping[str, Any] = held["token"]
        self.api = self.accounting.AccountingApi(self.client, base_url=ready["base_url"] + "/api.xro/2.0")
        self.identity = identity.IdentityApi(self.client, base_url=ready["base_url"])


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sdk]:
    with sandbox(tmp_path_factory.mktemp("served"), strict=True) as ready:
        yield Sdk(ready)


def approved(sdk: Sdk, amount: float = 100.0, **more: Any) -> Any:
    a = sdk.accounting
    line = a.LineItem(description="Work", quantity=1.0, unit_amount=amount, account_code="200", tax_type="OUTPUT2")
    fields: dict[str, Any] = {
        "type": "ACCREC",
        "status": "AUTHORISED",
        "contact": a.Contact(contact_id=CUSTOMER),
        "date": date(2026, 11, 1),
        "due_date": date(2026, 11, 20),
        "line_amount_types": a.LineAmountTypes.EXCLUSIVE,
        "line_items": [line],
    }
    made = sdk.api.create_invoices(TENANT, a.Invoices(invoices=[a.Invoice(**{**fields, **more})]))
    return made.invoices[0]


def test_a_token_and_the_connection_are_read(sdk: Sdk) -> None:
    (connection,) = sdk.identity.get_connections()
    assert connection.tenant_id == TENANT
    assert sdk.token["token_type"] == "Bearer"


def test_an_invoice_is_created_listed_paid_and_its_payment_deleted(sdk: Sdk) -> None:
    a = sdk.accounting
    made = approved(sdk)
    assert (made.total, made.total_tax, made.amount_due) == (115, 15, 115)
    listed = sdk.api.get_invoices(TENANT, where='Status=="AUTHORISED"', order="Date DESC", page=1).invoices
    assert made.invoice_id in [found.invoice_id for found in listed]
    pay = a.Payment(
        invoice=a.Invoice(invoice_id=made.invoice_id),
        account=a.Account(account_id=BANK),
        date=date(2026, 11, 10),
        amount=115.0,
        reference="INV paid",
    )
    paid = sdk.api.create_payments(TENANT, a.Payments(payments=[pay])).payments[0]
    assert (paid.amount, paid.invoice.status, paid.invoice.amount_due) == (115, "PAID", 0)
    found = sdk.api.get_invoice(TENANT, made.invoice_number).invoices[0]
    assert found.fully_paid_on_date == date(2026, 11, 10)
    deletion = a.PaymentDelete(status="DELETED")
    gone = sdk.api.delete_payment(TENANT, paid.payment_id, deletion).payments[0]
    assert gone.status == "DELETED"
    assert sdk.api.get_invoice(TENANT, made.invoice_id).invoices[0].amount_due == 115


def test_a_payment_beyond_what_is_due_is_refused_in_the_vendors_words(sdk: Sdk) -> None:
    a = sdk.accounting
    made = approved(sdk, 10.0)
    pay = a.Payment(
        invoice=a.Invoice(invoice_id=made.invoice_id),
        account=a.Account(code="090"),
        date=date(2026, 11, 10),
        amount=11.51,
    )
    with pytest.raises(sdk.exceptions.AccountingBadRequestException) as caught:
        sdk.api.create_payment(TENANT, pay)
    assert "exceeds the amount outstanding" in str(caught.value)


def test_credit_notes_overpayments_and_prepayments_are_made_and_allocated(sdk: Sdk) -> None:
    a = sdk.accounting
    made = approved(sdk, 200.0)
    note = a.CreditNote(
        type="ACCRECCREDIT",
        status="AUTHORISED",
        contact=a.Contact(contact_id=CUSTOMER),
        date=date(2026, 11, 3),
        line_items=[a.LineItem(description="Back", quantity=1.0, unit_amount=20.0, account_code="200")],
    )
    credit = sdk.api.create_credit_notes(TENANT, a.CreditNotes(credit_notes=[note])).credit_notes[0]
    allocation = a.Allocation(amount=23.0, date=date(2026, 11, 4), invoice=a.Invoice(invoice_id=made.invoice_id))
    sdk.api.create_credit_note_allocation(TENANT, credit.credit_note_id, a.Allocations(allocations=[allocation]))
    for kind in ("RECEIVE-OVERPAYMENT", "RECEIVE-PREPAYMENT"):
        transaction = a.BankTransaction(
            type=kind,
            contact=a.Contact(contact_id=CUSTOMER),
            bank_account=a.Account(code="090"),
            date=date(2026, 11, 5),
            line_amount_types=a.LineAmountTypes.NOTAX,
            line_items=[a.LineItem(description="In advance", quantity=1.0, unit_amount=50.0)],
        )
        done = sdk.api.create_bank_transactions(TENANT, a.BankTransactions(bank_transactions=[transaction]))
        bank = done.bank_transactions[0]
        allocation = a.Allocation(amount=50.0, date=date(2026, 11, 6), invoice=a.Invoice(invoice_id=made.invoice_id))
        if kind.endswith("OVERPAYMENT"):
            sdk.api.create_overpayment_allocations(TENANT, bank.overpayment_id, a.Allocations([allocation]))
        else:
            sdk.api.create_prepayment_allocations(TENANT, bank.prepayment_id, a.Allocations([allocation]))
    assert sdk.api.get_invoice(TENANT, made.invoice_id).invoices[0].amount_due == 230 - 23 - 100
    assert all(found.remaining_credit == 0 for found in sdk.api.get_overpayments(TENANT, page=1).overpayments)
    assert all(found.remaining_credit == 0 for found in sdk.api.get_prepayments(TENANT, page=1).prepayments)
    taken_back(sdk, credit.credit_note_id, made.invoice_id)


def taken_back(sdk: Sdk, credit_note: str, invoice: str) -> None:
    """Every allocation of the invoice is deleted again, and the credit note voided."""
    a = sdk.accounting
    note = sdk.api.get_credit_note(TENANT, credit_note).credit_notes[0]
    gone = sdk.api.delete_credit_note_allocations(TENANT, credit_note, note.allocations[0].allocation_id)
    assert (gone.is_deleted, gone.amount) == (True, 23)
    for over in sdk.api.get_overpayments(TENANT, page=1).overpayments:
        gone = sdk.api.delete_overpayment_allocations(TENANT, over.overpayment_id, over.allocations[0].allocation_id)
        assert gone.is_deleted is True
    for pre in sdk.api.get_prepayments(TENANT, page=1).prepayments:
        gone = sdk.api.delete_prepayment_allocations(TENANT, pre.prepayment_id, pre.allocations[0].allocation_id)
        assert gone.is_deleted is True
    assert sdk.api.get_invoice(TENANT, invoice).invoices[0].amount_due == 230
    voided = sdk.api.update_credit_note(
        TENANT, credit_note, a.CreditNotes(credit_notes=[a.CreditNote(status="VOIDED")])
    )
    assert voided.credit_notes[0].status == "VOIDED"


def test_bank_transfers_are_made_listed_and_deleted(sdk: Sdk) -> None:
    a = sdk.accounting
    savings = a.Account(code="095", name="Savings", type=a.AccountType.BANK, bank_account_number="12-3456")
    sdk.api.create_account(TENANT, savings)
    wanted = a.BankTransfer(
        from_bank_account=a.Account(code="090"),
        to_bank_account=a.Account(code="095"),
        amount=50.0,
        date=date(2026, 11, 5),
    )
    made = sdk.api.create_bank_transfer(TENANT, a.BankTransfers([wanted])).bank_transfers[0]
    assert (made.amount, made.date, made.currency_rate) == (50, date(2026, 11, 5), 1)
    listed = sdk.api.get_bank_transfers(TENANT, where='FromBankAccount.Code=="090"').bank_transfers
    assert [one.bank_transfer_id for one in listed] == [made.bank_transfer_id]
    single = sdk.api.get_bank_transfer(TENANT, made.bank_transfer_id).bank_transfers[0]
    half = sdk.api.get_bank_transaction(TENANT, single.from_bank_transaction_id).bank_transactions[0]
    assert (half.type, half.total) == ("SPEND-TRANSFER", 50)
    deletion = a.BankTransferDeleteByUrlParam(status="DELETED")
    gone = sdk.api.delete_bank_transfer(TENANT, made.bank_transfer_id, deletion).bank_transfers[0]
    assert gone.status == "DELETED"
    assert sdk.api.get_bank_transfers(TENANT).bank_transfers == []


def test_tracking_categories_are_read(sdk: Sdk) -> None:
    assert sdk.api.get_tracking_categories(TENANT, include_archived=True).tracking_categories == []


def test_lists_and_reports_are_read(sdk: Sdk) -> None:
    assert sdk.api.get_organisations(TENANT).organisations[0].is_demo_company is True
    assert len(sdk.api.get_accounts(TENANT).accounts) > 5
    assert len(sdk.api.get_tax_rates(TENANT).tax_rates) == 2
    assert sdk.api.get_contacts(TENANT, where='Name.Contains("Homes")').contacts[0].contact_id == CUSTOMER
    assert sdk.api.get_payments(TENANT, page=1, page_size=10).pagination.page_size == 10
    assert sdk.api.get_credit_notes(TENANT, page=1).credit_notes
    assert sdk.api.get_bank_transactions(TENANT, page=1).bank_transactions
    profit = sdk.api.get_report_profit_and_loss(TENANT, from_date="2026-11-01", to_date="2026-11-30").reports[0]
    assert profit.report_titles[1] == "Kauri Joinery"
    assert sdk.api.get_report_balance_sheet(TENANT, date="2026-11-30").reports[0].rows
    total = sdk.api.get_report_trial_balance(TENANT, date="2026-11-30").reports[0].rows[-1].rows[0].cells
    assert total[1].value == total[2].value
    assert total[3].value == total[4].value


async def test_answers_validate_against_the_openapi() -> None:
    if not OPENAPI.exists():
        pytest.skip("the vendor's OpenAPI is not beside this checkout")
    yaml: Any = import_module("yaml")
    from jsonschema import Draft4Validator

    specification: Any = yaml.load(OPENAPI.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    components = _sound(specification["components"])

    def check(answer: httpx.Response, schema: str) -> None:
        assert answer.status_code == 200, answer.text
        validator = Draft4Validator({"$ref": f"#/components/schemas/{schema}", "components": components})
        problems = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in validator.iter_errors(answer.json())]
        assert problems == [], answer.url

    region = {"Name": "Region", "TrackingCategoryID": REGION, "Options": [{"TrackingOptionID": NORTH, "Name": "N"}]}
    back = XeroBackEnd(":memory:", Clock(NOW))
    back.load({**collections(), "TrackingCategories": [region]})
    client = Client(back)
    tracked = {**line("100.00"), "Tracking": [{"Name": "Region", "Option": "N"}]}
    first = await client.done("PUT", "Invoices", invoice(LineItems=[tracked]))
    await client.done("PUT", "Invoices", bill())
    await client.done("PUT", "Payments", payment(first, "15.00"))
    note = await client.done("PUT", "CreditNotes", {**invoice("20.00"), "Type": "ACCRECCREDIT"})
    part = {"Invoice": {"InvoiceID": first["InvoiceID"]}, "Amount": "5.00", "Date": "2026-11-06"}
    allocations = f"CreditNotes/{note['CreditNoteID']}/Allocations"
    allocation = await client.done("PUT", allocations, part)
    savings = {"Name": "Savings", "Code": "092", "Type": "BANK", "BankAccountNumber": "1"}
    await client.done("PUT", "Accounts", savings)
    swept = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "092"}, "Amount": "5.00"}
    tracks = {"FromTracking": [{"Name": "Region", "Option": "N"}]}
    transfer = await client.done("PUT", "BankTransfers", {**swept, **tracks})
    for path, schema in _PATHS.items():
        check(await client.send("GET", path), schema)
    check(await client.send("GET", f"BankTransfers/{transfer['BankTransferID']}"), "BankTransfers")
    check(await client.send("PUT", "BankTransfers", swept), "BankTransfers")
    deletion = await client.send("POST", f"BankTransfers/{transfer['BankTransferID']}", {"Status": "DELETED"})
    check(deletion, "BankTransfers")
    check(await client.send("DELETE", f"{allocations}/{allocation['AllocationID']}"), "Allocation")


_PATHS = {
    "Organisation": "Organisations",
    "Accounts": "Accounts",
    "Contacts": "Contacts",
    "TaxRates": "TaxRates",
    "Invoices?page=1": "Invoices",
    "Payments": "Payments",
    "CreditNotes?page=1": "CreditNotes",
    "BankTransactions?page=1": "BankTransactions",
    "BankTransfers": "BankTransfers",
    "TrackingCategories": "TrackingCategories",
    "Prepayments": "Prepayments",
    "Overpayments": "Overpayments",
    "Reports/TrialBalance": "ReportWithRows",
    "Reports/BalanceSheet": "ReportWithRows",
    "Reports/ProfitAndLoss": "ReportWithRows",
}


def _sound(node: Any) -> Any:
    """The schemas without what contradicts recorded answers: enums that lack real values, and OpenAPI's `nullable`."""
    if isinstance(node, dict):
        found = {key: _sound(value) for key, value in node.items() if key not in ("example", "examples")}
        if found.get("format") in ("uuid", "double"):
            found.pop("format")
        return found
    return [_sound(item) for item in node] if isinstance(node, list) else node


def test_a_wrong_token_is_refused(sdk: Sdk) -> None:
    url = sdk.api.base_url + "/Invoices"
    response = httpx.get(url, headers={"Authorization": "Bearer guessed", "xero-tenant-id": TENANT})
    assert response.status_code == 401
    assert response.json()["Title"] == "Unauthorized"
