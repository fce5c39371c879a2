"""Full updates take what they do not name, sparse ones leave it; tokens, names and request ids work as the vendor's."""

from __future__ import annotations

import pytest

from tests.sandbox.quickbooks.books import (
    AMY,
    BOB,
    CARD,
    CHECKING,
    FREEMAN,
    LANE,
    PAT,
    RENT,
    SERVICE,
    TODAY,
    Books,
    linked,
    ref,
    sold,
    spent,
    token,
)  # fmt: skip


def test_a_full_update_nulls_what_it_leaves_out_and_puts_defaults_back(books: Books) -> None:
    made = books.post(
        "SalesReceipt",
        {
            "CustomerRef": ref(AMY), "PrivateNote": "kept?", "TxnDate": "2026-01-02", "Line": [sold(10)],
            "DepositToAccountRef": ref(CHECKING), "PrintStatus": "PrintComplete",
        },
    )  # fmt: skip
    found = books.post("SalesReceipt", token(made) | {"Line": [sold(10)]})
    assert not {"CustomerRef", "PrivateNote"} & found.keys()
    assert (found["TxnDate"], found["PrintStatus"]) == (TODAY, "NeedToPrint")
    assert found["DepositToAccountRef"]["name"] == "Undeposited Funds"
    assert (found["DocNumber"], found["SyncToken"]) == (made["DocNumber"], "1")


def test_a_full_update_of_a_card_refund_without_credit_turns_it_round(books: Books) -> None:
    body = {"PaymentType": "CreditCard", "AccountRef": ref(CARD), "Line": [spent(30)]}
    made = books.post("Purchase", body | {"Credit": True})
    found = books.post("Purchase", token(made) | body)
    assert "Credit" not in found
    assert books.moved()[CARD] == -3000


def test_a_full_update_loses_a_bills_term(books: Books) -> None:
    made = books.bill(10, SalesTermRef=ref("1"))
    assert made["DueDate"] == "2026-12-05"
    found = books.post("Bill", token(made) | {"VendorRef": ref(BOB), "Line": [spent(10)]})
    assert "SalesTermRef" not in found


def test_a_full_update_of_a_payment_without_lines_unapplies_it(books: Books) -> None:
    document = books.invoice(100)
    paid = books.pay(100, document)
    books.post("Payment", token(paid) | {"CustomerRef": ref(AMY), "TotalAmt": 100})
    assert books.get("Invoice", document["Id"])["Balance"] == 100


def test_a_sparse_update_leaves_the_rest_and_replaces_all_lines_when_it_has_any(books: Books) -> None:
    made = books.invoice(Line=[sold(10), sold(20)], PrivateNote="mine", CustomerMemo={"value": "thanks"})
    noted = books.post("Invoice", token(made) | {"sparse": True, "PrivateNote": "yours"})
    changed = {"SyncToken", "MetaData", "PrivateNote"}
    assert {k: v for k, v in noted.items() if k not in changed} == {k: v for k, v in made.items() if k not in changed}
    first = noted["Line"][0]
    found = books.post("Invoice", token(noted) | {"sparse": True, "Line": [first, sold(5)]})
    assert [line.get("Id") for line in found["Line"]] == ["1", "3", None]
    assert (found["TotalAmt"], found["CustomerMemo"]) == (15, {"value": "thanks"})
    cleared = books.post("Invoice", token(found) | {"sparse": True, "PrivateNote": ""})
    assert "PrivateNote" not in cleared


def test_a_line_sent_with_its_id_keeps_it_and_a_new_one_gets_the_next(books: Books) -> None:
    made = books.post("SalesReceipt", {"Line": [sold(10)]})
    found = books.post("SalesReceipt", token(made) | {"Line": [sold(11)]})
    assert found["Line"][0]["Id"] == "2"
    line = found["Line"][0] | {"Amount": 12}
    assert books.post("SalesReceipt", token(found) | {"Line": [line]})["Line"][0]["Id"] == "2"


def test_sparse_updates_still_need_what_the_vendor_still_needs(books: Books) -> None:
    bill = books.bill()
    assert books.refused("Bill", token(bill) | {"sparse": True, "PrivateNote": "x"})[0] == "2020"
    assert (
        books.post("Bill", token(bill) | {"sparse": True, "PrivateNote": "x", "VendorRef": ref(BOB)})["TotalAmt"] == 100
    )
    bought = books.post("Purchase", {"PaymentType": "Check", "AccountRef": ref(CHECKING), "Line": [spent(9)]})
    assert books.refused("Purchase", token(bought) | {"sparse": True})[0] == "2020"


@pytest.mark.parametrize("sent", ["1", 1, "7"])
def test_another_token_than_the_present_one_is_stale(books: Books, sent: object) -> None:
    made = books.invoice()
    body = {"Id": made["Id"], "SyncToken": sent, "sparse": True, "PrivateNote": "x"}
    code, detail = books.refused("Invoice", body)
    assert code == "5010"
    assert detail.startswith("Stale Object Error : You and ")
    assert books.refused("Invoice", body, operation="delete")[0] == "5010"


def test_token_zero_is_a_token_and_none_is_missing(books: Books) -> None:
    made = books.invoice()
    assert books.refused("Invoice", {"Id": made["Id"], "sparse": True})[0] == "2020"
    assert books.post("Invoice", {"Id": int(made["Id"]), "SyncToken": 0, "sparse": True})["SyncToken"] == "1"


def test_a_name_is_made_inactive_and_shows_it(books: Books) -> None:
    made = books.get("Customer", AMY)
    body = token(made) | {"sparse": True, "Active": False}
    found = books.post("Customer", body)
    assert (found["DisplayName"], found["Active"]) == ("Amy's Bird Sanctuary (deleted)", False)
    assert found["FullyQualifiedName"] == "Amy's Bird Sanctuary (deleted)"
    assert books.post("Customer", token(found) | {"sparse": True, "Active": False})["SyncToken"] == found["SyncToken"]
    assert books.query("select * from Customer where DisplayName like 'Amy%'") == []
    assert len(books.query("select * from Customer where DisplayName like 'Amy%' and Active in (true, false)")) == 1
    assert books.refused("Invoice", {"CustomerRef": ref(AMY), "Line": [sold(1)]})[0] == "610"
    assert (
        books.post("Customer", token(found) | {"sparse": True, "Active": True})["DisplayName"] == "Amy's Bird Sanctuary"
    )
    assert books.refused("Customer", token(made), operation="delete")[0] == "500"


def test_a_new_name_goes_to_all_that_refers_to_it(books: Books) -> None:
    document = books.invoice(10, LANE)
    books.post("Customer", token(books.get("Customer", FREEMAN)) | {"sparse": True, "DisplayName": "Freeman & Co"})
    books.post("Item", token(books.get("Item", SERVICE)) | {"sparse": True, "Name": "Hours"})
    found = books.get("Invoice", document["Id"])
    assert found["CustomerRef"]["name"] == "Freeman & Co:55 Twin Lane"
    assert found["Line"][0]["SalesItemLineDetail"]["ItemRef"]["name"] == "Hours"
    # Number one is an item as well as a customer and an account.
    assert books.get("Customer", AMY)["DisplayName"] == "Amy's Bird Sanctuary"


def test_display_names_are_unique_over_customers_vendors_and_employees(books: Books) -> None:
    assert books.refused("Customer", {"DisplayName": "bob's burger joint"})[0] == "6240"
    assert books.refused("Vendor", {"DisplayName": "Pat Lee"})[0] == "6240"
    made = books.post("Customer", {"GivenName": "Jo", "FamilyName": "March"})
    assert (made["DisplayName"], made["DefaultTaxCodeRef"]) == ("Jo March", {"value": "2"})
    assert books.get("Employee", PAT)["DisplayName"] == "Pat Lee"


def test_a_request_id_is_answered_with_what_was_done(books: Books) -> None:
    body = {"CustomerRef": ref(AMY), "Line": [sold(10)]}
    first = books.call("POST", "invoice", body, requestid="a1")
    again = books.call("POST", "invoice", body | {"PrivateNote": "other"}, requestid="a1")
    assert again == first
    assert len(books.query("select * from Invoice")) == 1
    assert books.call("POST", "invoice", {}, requestid="b2")[0] == 400
    assert books.call("POST", "invoice", body, requestid="b2")[0] == 200, "a refusal uses no request id up"
    status, found = books.call("POST", "invoice", body, requestid="x" * 51)
    assert (status, found["Fault"]["Error"][0]["code"]) == (400, "6000")


def test_numbers_follow_one_another_and_are_used_once(books: Books) -> None:
    first = books.invoice(DocNumber="1500")
    assert books.invoice()["DocNumber"] == "1501"
    assert books.post("CreditMemo", {"CustomerRef": ref(AMY), "Line": [sold(1)]})["DocNumber"] == "1502"
    body = {"CustomerRef": ref(AMY), "Line": [sold(1)], "DocNumber": "1500"}
    code, detail = books.refused("Invoice", body)
    assert code == "6140"
    assert detail.endswith(f"DocNumber=1500 is assigned to TxnType=Invoice with TxnId={first['Id']}")
    assert books.post("Invoice", body, include="allowduplicatedocnum")["DocNumber"] == "1500"


def test_a_closed_period_takes_nothing(books: Books) -> None:
    made = books.invoice(TxnDate="2026-01-31")
    prefs = books.query("select * from Preferences")[0]
    books.post("Preferences", token(prefs) | {"AccountingInfoPrefs": {"BookCloseDate": "2026-01-31"}})
    assert books.refused("Invoice", token(made) | {"sparse": True, "TxnDate": TODAY})[0] == "6200"
    assert books.refused("Invoice", token(made), operation="void")[0] == "6200"
    assert books.refused("Bill", {"VendorRef": ref(BOB), "Line": [spent(1)], "TxnDate": "2025-12-31"})[0] == "6200"
    assert books.invoice(TxnDate="2026-02-01")["TxnDate"] == "2026-02-01"


def test_sending_a_form_marks_it_and_sends_nothing(books: Books) -> None:
    made = books.invoice()
    status, found = books.call("POST", f"invoice/{made['Id']}/send", sendTo="amy@example.com")
    assert (status, found["Invoice"]["EmailStatus"]) == (200, "EmailSent")
    assert found["Invoice"]["BillEmail"] == {"Address": "amy@example.com"}
    other = books.bill()
    assert books.call("POST", f"bill/{other['Id']}/send")[0] == 400


def test_a_form_can_be_had_as_a_pdf(books: Books) -> None:
    from finchat.sandbox.quickbooks.service import Call

    made = books.invoice(PrivateNote="(with) brackets", Line=[sold(5) | {"Description": "a (b) \\ c"}])
    answer = books.service.answer(Call("GET", ("invoice", made["Id"], "pdf"), {}))
    assert (answer.status, answer.media_type, answer.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert b"a \\(b\\) \\\\ c" in answer.content


def test_rates_and_the_companys_own_records_are_changed_in_place(books: Books) -> None:
    status, found = books.call("GET", "exchangerate", sourcecurrencycode="EUR", asofdate="2026-05-01")
    assert (status, found["ExchangeRate"]["Rate"]) == (200, 2)
    books.post("ExchangeRate", {"SourceCurrencyCode": "EUR", "AsOfDate": "2026-06-01", "Rate": "2.5"})
    assert books.query("select * from ExchangeRate where SourceCurrencyCode = 'EUR' and AsOfDate = '2026-06-01'")
    info = books.call("GET", "companyinfo/9130001")[1]["CompanyInfo"]
    found = books.post("CompanyInfo", token(info) | {"sparse": True, "LegalName": "Legal Inc"})
    assert (found["CompanyName"], found["LegalName"]) == (info["CompanyName"], "Legal Inc")


def test_a_payment_of_rent_on_the_card_is_logged(books: Books) -> None:
    bill = books.bill(2400)
    card = {"PayType": "CreditCard", "CreditCardPayment": {"CCAccountRef": ref(CARD)}}
    line = {"Amount": 2400, "LinkedTxn": [linked("Bill", bill)]}
    books.post("BillPayment", {"VendorRef": ref(BOB), "TotalAmt": 2400, "Line": [line], **card})
    assert (books.moved()[CARD], books.moved()[RENT]) == (-240000, 240000)
    assert books.query("select * from Bill where Balance > '0'") == []
