"""The Xero Accounting API as rows: the endpoints of its OpenAPI description (16.1.0) that finchat serves.

create_* is always PUT, which never changes an existing record; update_* is POST to the record's own address.
"""

from __future__ import annotations

from dataclasses import replace

from finchat.servers.table import DATE, FLAG, GUID, MONEY, TEXT, Operation, Parameter, Resource, one_of, records
from finchat.servers.xero.arguments import (
    INCLUDE_ARCHIVED,
    LINES,
    MODIFIED_SINCE,
    PAYMENTS_ONLY,
    STANDARD_LAYOUT,
    STATUSES,
    SUMMARY_ONLY,
    TRACKING,
    UNIT_DECIMALS,
    document,
    field,
    id_list,
    order,
    path_id,
    text_list,
    where,
)

_PAGE_OF_DOCUMENTS = (MODIFIED_SINCE, UNIT_DECIMALS)
_LINES_GONE = "Existing lines that are not listed with their LineItemID are deleted."

_organisations = Resource("xero", "organisation", "organisations", "/Organisation", "Organisations")
_organisation_rows = (
    _organisations.list_all(
        "The organisation these tools work in: name, base currency, time zone, financial year end, lock dates."
    ),
)

_invoices = Resource("xero", "invoice", "invoices", "/Invoices", "Invoices")
_invoice_changes = (
    field("due_date", "DueDate", "Date by which it is to be paid.", DATE),
    field("invoice_number", "InvoiceNumber", "Number; unique for sales invoices. Xero numbers them when left out."),
)
_invoice_rows = (
    _invoices.list_all(
        "List sales invoices (Type ACCREC) and bills (ACCPAY) with lines, payments and credits, "
        "in a stable order unless `order` is given.",
        where('Status=="AUTHORISED" AND AmountDue>0', 'Type=="ACCPAY" AND DueDate<DateTime(2026, 11, 1)'),
        order("DueDate ASC", "InvoiceNumber DESC"),
        id_list("ids", "IDs", "invoice ids"),
        text_list("invoice_numbers", "InvoiceNumbers", "Only these numbers.", "INV-0042"),
        id_list("contact_ids", "ContactIDs", "contacts"),
        text_list("statuses", "Statuses", "Only these statuses; faster than OR in `where`.", "AUTHORISED", "PAID"),
        Parameter("search_term", "Text in number, reference, contact name or an amount.", upstream="searchTerm"),
        SUMMARY_ONLY,
        INCLUDE_ARCHIVED,
        *_PAGE_OF_DOCUMENTS,
        paging="vendor",
        # By time of change, Xero's default, a row changed meanwhile moves to a later page and another out of view.
        fixed_query={"order": "InvoiceID ASC"},
    ),
    _invoices.get_single(
        "One invoice or bill with its lines, payments and credits.", id=path_id("InvoiceID or number.")
    ),
    _invoices.create(
        "Create one sales invoice or bill; never changes an existing one. It is a DRAFT unless `status` says more.",
        field("type", "Type", "ACCREC: sales invoice. ACCPAY: bill.", one_of("ACCREC", "ACCPAY"), required=True),
        *document(required=True, statuses=STATUSES),
        *_invoice_changes,
    ),
    _invoices.update(
        "Change one invoice or bill; only what is given changes. Paid and voided ones cannot be changed.",
        *document(
            required=False,
            statuses=one_of("DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED", "DELETED"),
            replaced=_LINES_GONE,
        ),
        *_invoice_changes,
    ),
)

_contacts = Resource("xero", "contact", "contacts", "/Contacts", "Contacts")
_NAME = {"type": "string", "minLength": 1, "maxLength": 255}
_ADDRESS = {
    "type": "object",
    "properties": {
        "AddressType": one_of("POBOX", "STREET"),
        **dict.fromkeys(("AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City", "Region"), TEXT),
        **dict.fromkeys(("PostalCode", "Country", "AttentionTo"), TEXT),
    },
    "additionalProperties": False,
}
_PHONE = {
    "type": "object",
    "properties": {
        "PhoneType": one_of("DEFAULT", "DDI", "MOBILE", "FAX"),
        **dict.fromkeys(("PhoneNumber", "PhoneAreaCode", "PhoneCountryCode"), TEXT),
    },
    "additionalProperties": False,
}
_TERM = {
    "type": "object",
    "properties": {
        "Day": {"type": "integer", "minimum": 0, "maximum": 999},
        "Type": one_of("DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "OFCURRENTMONTH", "OFFOLLOWINGMONTH"),
    },
    "additionalProperties": False,
}
_TERMS = {"type": "object", "properties": {"Sales": _TERM, "Bills": _TERM}, "additionalProperties": False}
_contact_changes = (
    field("first_name", "FirstName", "First name of the person."),
    field("last_name", "LastName", "Last name of the person."),
    field("email_address", "EmailAddress", "Where invoices are sent."),
    field("contact_number", "ContactNumber", "Identifier in another system; read-only in Xero's own screens."),
    field("account_number", "AccountNumber", "The account number kept for this contact."),
    field("tax_number", "TaxNumber", "ABN, GST, VAT or tax id."),
    field("bank_account_details", "BankAccountDetails", "Bank account number of the contact."),
    field("default_currency", "DefaultCurrency", "ISO currency of new documents."),
    field("addresses", "Addresses", "Addresses; POBOX is the postal one, which documents show.", records(_ADDRESS)),
    field("phones", "Phones", "Phone numbers; DEFAULT is the one shown first.", records(_PHONE)),
    field("payment_terms", "PaymentTerms", "When its invoices (Sales) and bills (Bills) are due.", _TERMS),
)
_contact_rows = (
    _contacts.list_all(
        "List customers and suppliers.",
        where('ContactStatus=="ACTIVE" AND IsCustomer==true', 'Name.ToLower().Contains("acme")'),
        order("Name ASC"),
        id_list("ids", "IDs", "contact ids"),
        Parameter(
            "search_term", "Text in name, first or last name, number or e-mail; any case.", upstream="searchTerm"
        ),
        SUMMARY_ONLY,
        INCLUDE_ARCHIVED,
        MODIFIED_SINCE,
        paging="vendor",
    ),
    _contacts.get_single(
        "One contact with addresses, phones and balances.", id=path_id("ContactID or contact number.")
    ),
    _contacts.create(
        "Create one contact. The name must be unique among active contacts.",
        field("name", "Name", "Name on documents.", _NAME, required=True),
        *_contact_changes,
    ),
    _contacts.update(
        "Change one contact; only what is given changes.",
        field("name", "Name", "Name on documents.", _NAME),
        *_contact_changes,
        field("contact_status", "ContactStatus", "ARCHIVED hides it.", one_of("ACTIVE", "ARCHIVED")),
    ),
)

_accounts = Resource("xero", "account", "accounts", "/Accounts", "Accounts", wrapped=False)
_account_changes = (
    field("description", "Description", "What belongs in this account."),
    field("tax_type", "TaxType", "Tax type of new lines, such as OUTPUT2 (list_all_xero_tax_rates)."),
    field("enable_payments_to_account", "EnablePaymentsToAccount", "Whether payments may go here.", FLAG),
    field("show_in_expense_claims", "ShowInExpenseClaims", "Whether expense claims may use it.", FLAG),
)
_account_rows = (
    _accounts.list_all(
        "The chart of accounts. Bank accounts have Type BANK; payments go to those and to accounts "
        "with EnablePaymentsToAccount.",
        where('Type=="BANK"', 'Class=="EXPENSE" AND Status=="ACTIVE"'),
        order("Code ASC"),
        MODIFIED_SINCE,
        paging="here",
    ),
    _accounts.get_single("One account.", id=path_id("AccountID.", GUID)),
    _accounts.create(
        "Create one account in the chart of accounts.",
        field("code", "Code", "Code, up to 10 characters.", {"type": "string", "maxLength": 10}),
        field("name", "Name", "Name, unique.", {"type": "string", "maxLength": 150}, required=True),
        field("type", "Type", "Such as BANK, CURRENT, REVENUE, SALES, EXPENSE, OVERHEADS, DIRECTCOSTS.", required=True),
        field("bank_account_number", "BankAccountNumber", "Number; needed for Type BANK."),
        field("currency_code", "CurrencyCode", "ISO currency (Type BANK only)."),
        *_account_changes,
        listed=False,
    ),
    _accounts.update(
        "Change one account; only what is given changes. ARCHIVED retires one that is used.",
        field("code", "Code", "Code, up to 10 characters.", {"type": "string", "maxLength": 10}),
        field("name", "Name", "Name, unique.", {"type": "string", "maxLength": 150}),
        *_account_changes,
        field("status", "Status", "ARCHIVED retires it; change nothing else then.", one_of("ACTIVE", "ARCHIVED")),
    ),
    _accounts.delete("Delete one account that was never used. One that was used can only be archived."),
)

_tax_rates = Resource("xero", "tax_rate", "tax_rates", "/TaxRates", "TaxRates")
_tax_rate_rows = (
    _tax_rates.list_all(
        "Tax rates with their tax types, which lines and accounts refer to.",
        where('Status=="ACTIVE"', 'TaxType=="OUTPUT2"'),
        order("Name ASC"),
        paging="here",
    ),
)

_tracking_categories = Resource(
    "xero", "tracking_category", "tracking_categories", "/TrackingCategories", "TrackingCategories"
)
_tracking_category_rows = (
    _tracking_categories.list_all(
        "Tracking categories with their options, which lines are coded to beside their account.",
        where('Status=="ACTIVE"', 'Name=="Region"'),
        order("Name ASC"),
        INCLUDE_ARCHIVED,
        paging="here",
    ),
)

_payments = Resource("xero", "payment", "payments", "/Payments", "Payments")
_payment_rows = (
    _payments.list_all(
        "List payments of invoices, bills, credit notes, prepayments and overpayments; deleted ones too "
        '(Status=="DELETED").',
        where('Status=="AUTHORISED" AND Date>=DateTime(2026, 11, 1)', 'Invoice.InvoiceID==Guid("…")'),
        order("Date DESC"),
        MODIFIED_SINCE,
        paging="vendor",
    ),
    _payments.get_single("One payment and the document it pays.", id=path_id("PaymentID.", GUID)),
    _payments.create(
        "Record money that was received or paid against one document. Moves no money itself.",
        field("invoice_id", "Invoice.InvoiceID", "The invoice or bill that is paid.", GUID),
        field("invoice_number", "Invoice.InvoiceNumber", "Or its number."),
        field("credit_note_id", "CreditNote.CreditNoteID", "Or the credit note that is refunded.", GUID),
        field("prepayment_id", "Prepayment.PrepaymentID", "Or the prepayment that is refunded.", GUID),
        field("overpayment_id", "Overpayment.OverpaymentID", "Or the overpayment that is refunded.", GUID),
        field("account_id", "Account.AccountID", "Bank account, or one that accepts payments.", GUID),
        field("account_code", "Account.Code", "Or its code.", {**TEXT, "examples": ["090"]}),
        field("date", "Date", "Date of the bank line.", DATE, required=True),
        field("amount", "Amount", "In the document's currency, at most what is due.", MONEY, required=True),
        field("currency_rate", "CurrencyRate", "Units of the document's currency for one of the base currency.", MONEY),
        field("reference", "Reference", "Text kept with the payment.", {"type": "string", "maxLength": 255}),
        exactly_one=(
            ("invoice_id", "invoice_number", "credit_note_id", "prepayment_id", "overpayment_id"),
            ("account_id", "account_code"),
        ),
    ),
    _payments.delete(
        "Delete one payment: it gets Status DELETED and the document is open again.",
        method="POST",
        fixed_body={"Status": "DELETED"},
    ),
)

_bank_transactions = Resource("xero", "bank_transaction", "bank_transactions", "/BankTransactions", "BankTransactions")
_bank_transaction_changes = (
    field(
        "line_amount_types", "LineAmountTypes", "Lines before or with tax.", one_of("Exclusive", "Inclusive", "NoTax")
    ),
    field("reference", "Reference", "Text kept with the transaction.", {"type": "string", "maxLength": 255}),
    field("currency_rate", "CurrencyRate", "Units of the account's currency for one of the base currency.", MONEY),
)
_bank_transaction_rows = (
    _bank_transactions.list_all(
        "List money received and spent that is booked without an invoice (RECEIVE, SPEND, and their -PREPAYMENT, "
        "-OVERPAYMENT and -TRANSFER kinds). These are not the bank's statement lines, which Xero's API does not offer.",
        where('Type=="RECEIVE" AND Date>=DateTime(2026, 11, 1)', 'BankAccount.AccountID==Guid("…")'),
        order("Date DESC"),
        *_PAGE_OF_DOCUMENTS,
        paging="vendor",
    ),
    _bank_transactions.get_single("One money transaction with its lines.", id=path_id("BankTransactionID.", GUID)),
    _bank_transactions.create(
        "Book money received or spent without an invoice; with a -PREPAYMENT or -OVERPAYMENT type it becomes a credit.",
        field(
            "type",
            "Type",
            "What it is.",
            one_of(
                "RECEIVE",
                "SPEND",
                "RECEIVE-PREPAYMENT",
                "RECEIVE-OVERPAYMENT",
                "SPEND-PREPAYMENT",
                "SPEND-OVERPAYMENT",
            ),
            required=True,
        ),
        field("contact_id", "Contact.ContactID", "Who paid or was paid.", GUID, required=True),
        field("bank_account_id", "BankAccount.AccountID", "The bank account.", GUID),
        field("bank_account_code", "BankAccount.Code", "Or its code.", {**TEXT, "examples": ["090"]}),
        field("date", "Date", "Date of the bank line.", DATE, required=True),
        field("line_items", "LineItems", "The lines, in Xero's own field names.", LINES, required=True),
        *_bank_transaction_changes,
        exactly_one=(("bank_account_id", "bank_account_code"),),
    ),
    _bank_transactions.update(
        "Change one money transaction; only what is given changes. Reconciled ones cannot be changed.",
        field("contact_id", "Contact.ContactID", "Who paid or was paid.", GUID),
        field("date", "Date", "Date of the bank line.", DATE),
        field("line_items", "LineItems", f"The lines. {_LINES_GONE}", LINES),
        *_bank_transaction_changes,
        field("status", "Status", "DELETED removes it.", one_of("AUTHORISED", "DELETED")),
    ),
    _bank_transactions.delete(
        "Delete one money transaction: it gets Status DELETED; the prepayment or overpayment it made goes with it. "
        "Refused while that is allocated or refunded, and once reconciled. A transfer's half goes with its transfer.",
        method="POST",
        fixed_body={"Status": "DELETED"},
    ),
)

_bank_transfers = Resource("xero", "bank_transfer", "bank_transfers", "/BankTransfers", "BankTransfers")
_bank_transfer_rows = (
    _bank_transfers.list_all(
        "List transfers between the organisation's own bank accounts. Each also shows as two bank transactions, "
        "SPEND-TRANSFER and RECEIVE-TRANSFER (FromBankTransactionID, ToBankTransactionID).",
        where("Date>=DateTime(2026, 11, 1)", 'FromBankAccount.AccountID==Guid("…")'),
        order("Date DESC"),
        Parameter("include_deleted", "Transfers with Status DELETED too.", FLAG, upstream="includeDeleted"),
        MODIFIED_SINCE,
        paging="here",
    ),
    _bank_transfers.get_single("One transfer with both its sides.", id=path_id("BankTransferID.", GUID)),
    _bank_transfers.create(
        "Record money moved between two of the organisation's own bank accounts of one currency. Moves no money "
        "itself.",
        field("from_account_id", "FromBankAccount.AccountID", "The bank account the money left.", GUID),
        field("from_account_code", "FromBankAccount.Code", "Or its code.", {**TEXT, "examples": ["090"]}),
        field("to_account_id", "ToBankAccount.AccountID", "The bank account the money reached.", GUID),
        field("to_account_code", "ToBankAccount.Code", "Or its code.", {**TEXT, "examples": ["091"]}),
        field("amount", "Amount", "In the currency of the accounts.", MONEY, required=True),
        field("date", "Date", "Date of the bank lines.", DATE, required=True),
        field("reference", "Reference", "Text kept with both sides.", {"type": "string", "maxLength": 255}),
        field("from_tracking", "FromTracking", "Tracking of the account the money left.", TRACKING),
        field("to_tracking", "ToTracking", "Tracking of the account the money reached.", TRACKING),
        exactly_one=(("from_account_id", "from_account_code"), ("to_account_id", "to_account_code")),
    ),
    replace(
        _bank_transfers.delete(
            "Delete one transfer: it gets Status DELETED and both its bank transactions go with it. "
            "Refused once either side is reconciled.",
            method="POST",
            fixed_body={"Status": "DELETED"},
        ),
        # Unlike the other resources, a transfer's own address takes the bare object.
        wrapped=False,
    ),
)


def _allocated(singular: str, path: str, words: str) -> tuple[Operation, ...]:
    """Allocating an open credit: moves no cash, only what is due."""
    resource = Resource(
        "xero", f"{singular}_allocation", "allocations", path, "Allocations", ("allocations", f"{singular}s")
    )
    return (
        resource.create(
            f"Apply part of an open {words} to one invoice or bill of the same contact. No cash moves.",
            Parameter(f"{singular}_id", f"The {words} that is used.", GUID, "path", required=True),
            field("invoice_id", "Invoice.InvoiceID", "The document it is applied to.", GUID, required=True),
            field("amount", "Amount", "At most what is open on either side.", MONEY, required=True),
            field("date", "Date", "Date of the allocation.", DATE, required=True),
        ),
        _with_owner(
            resource.delete(
                f"Take one allocation of the {words} back: both sides are open again by its amount. No cash moves.",
                shape="single",
            ),
            Parameter(f"{singular}_id", f"The {words} it is an allocation of.", GUID, "path", required=True),
        ),
    )


def _with_owner(row: Operation, owner: Parameter) -> Operation:
    """A row whose address needs the id of the record it is kept on, given before its own."""
    return replace(row, parameters=(owner, *row.parameters))


_credit_notes = Resource("xero", "credit_note", "credit_notes", "/CreditNotes", "CreditNotes")
_NUMBER = field("credit_note_number", "CreditNoteNumber", "Number; unique for sales credit notes.")
_credit_note_rows = (
    _credit_notes.list_all(
        "List credit notes given (ACCRECCREDIT) and received (ACCPAYCREDIT) with RemainingCredit and allocations.",
        where('Status=="AUTHORISED" AND RemainingCredit>0', 'Contact.ContactID==Guid("…")'),
        order("Date DESC"),
        *_PAGE_OF_DOCUMENTS,
        paging="vendor",
    ),
    _credit_notes.get_single("One credit note with its lines and allocations.", id=path_id("CreditNoteID or number.")),
    _credit_notes.create(
        "Create one credit note. Never changes an existing one; allocate it with create_a_xero_credit_note_allocation.",
        field(
            "type",
            "Type",
            "ACCRECCREDIT: to a customer. ACCPAYCREDIT: from a supplier.",
            one_of("ACCRECCREDIT", "ACCPAYCREDIT"),
            required=True,
        ),
        *document(required=True, statuses=STATUSES),
        _NUMBER,
    ),
    _credit_notes.update(
        "Change one credit note; only what is given changes.",
        *document(
            required=False,
            statuses=one_of("DRAFT", "SUBMITTED", "AUTHORISED", "VOIDED", "DELETED"),
            replaced=_LINES_GONE,
        ),
        _NUMBER,
    ),
    *_allocated("credit_note", "/CreditNotes/{credit_note_id}/Allocations", "credit note"),
)


def _credits(singular: str, path: str, envelope: str, words: str) -> tuple[Operation, ...]:
    """Prepayments and overpayments: born of a bank transaction, then read, allocated and refunded."""
    resource = Resource("xero", singular, f"{singular}s", path, envelope)
    return (
        resource.list_all(
            f"List {words}s with RemainingCredit and allocations. They are made by create_a_xero_bank_transaction.",
            where('Status=="AUTHORISED" AND RemainingCredit>0', 'Contact.ContactID==Guid("…")'),
            order("Date DESC"),
            *_PAGE_OF_DOCUMENTS,
            paging="vendor",
        ),
        resource.get_single(f"One {words} with its allocations.", id=path_id(f"Id of the {words}.", GUID)),
        *_allocated(singular, f"{path}/{{{singular}_id}}/Allocations", words),
    )


_items = Resource("xero", "item", "items", "/Items", "Items")
_PRICE = {
    "type": "object",
    "properties": {"UnitPrice": MONEY, "AccountCode": TEXT, "TaxType": TEXT},
    "additionalProperties": False,
}
_item_changes = (
    field("name", "Name", "Name, up to 50 characters.", {"type": "string", "maxLength": 50}),
    field("description", "Description", "Text on sales lines."),
    field("purchase_description", "PurchaseDescription", "Text on purchase lines."),
    field("sales_details", "SalesDetails", "Price, account and tax type when sold.", _PRICE),
    field("purchase_details", "PurchaseDetails", "Price, account and tax type when bought.", _PRICE),
)
_item_rows = (
    _items.list_all(
        "Products and services with their prices.",
        where('Code=="BOOK"', "IsSold==true"),
        order("Code ASC"),
        MODIFIED_SINCE,
        UNIT_DECIMALS,
        paging="here",
    ),
    _items.create(
        "Create one product or service.",
        field("code", "Code", "Code, unique.", {"type": "string", "maxLength": 30}, required=True),
        *_item_changes,
    ),
    _items.update(
        "Change one product or service; only what is given changes.",
        field("code", "Code", "Code, unique.", {"type": "string", "maxLength": 30}, required=True),
        *_item_changes,
    ),
    _items.delete("Delete one product or service."),
)

_PERIODS = (
    Parameter(
        "periods", "How many earlier periods to show beside it.", {"type": "integer", "minimum": 1, "maximum": 11}
    ),
    Parameter("timeframe", "Length of those periods.", one_of("MONTH", "QUARTER", "YEAR")),
)


def _report(singular: str, name: str, doc: str, *parameters: Parameter, shape: str) -> Operation:
    resource = Resource("xero", singular, singular, f"/Reports/{name}", "Reports", ("reports",))
    return resource.list_all(doc, *parameters, shape=shape)


_report_rows = (
    _report(
        "profit_and_loss",
        "ProfitAndLoss",
        "Profit and loss of a period, one record a row: row (account, line, summary, section), section, account_id, "
        "name, amount; with several periods also amounts, in the order of report.columns.",
        Parameter("from_date", "First day.", DATE, upstream="fromDate"),
        Parameter("to_date", "Last day.", DATE, upstream="toDate"),
        *_PERIODS,
        Parameter("tracking_category_id", "Only this tracking category.", GUID, upstream="trackingCategoryID"),
        Parameter("tracking_option_id", "Only this tracking option.", GUID, upstream="trackingOptionID"),
        PAYMENTS_ONLY,
        STANDARD_LAYOUT,
        shape="periods",
    ),
    _report(
        "balance_sheet",
        "BalanceSheet",
        "Balance sheet as of a day, one record a row: row (account, line, summary, section), section, account_id, "
        "name, amount; with several periods also amounts, in the order of report.columns.",
        Parameter("date", "As of the end of this day.", DATE),
        *_PERIODS,
        PAYMENTS_ONLY,
        STANDARD_LAYOUT,
        shape="periods",
    ),
    _report(
        "trial_balance",
        "TrialBalance",
        "Trial balance as of a day, one record a row: row, section, account_id, code, name, debit, credit, ytd_debit, "
        "ytd_credit (null on the empty side). debit and credit are of the month of the day, the ytd columns are the "
        "balances.",
        Parameter("date", "As of the end of this day.", DATE),
        PAYMENTS_ONLY,
        shape="columns",
    ),
    _report(
        "aged_receivables",
        "AgedReceivablesByContact",
        "What one customer owes, invoice by invoice: date, number, due_date, total, paid, credited, due, invoice_id.",
        Parameter("contact_id", "The customer.", GUID, upstream="contactId", required=True),
        Parameter("date", "As of this day.", DATE),
        Parameter("from_date", "Only invoices from this day.", DATE, upstream="fromDate"),
        Parameter("to_date", "Only invoices to this day.", DATE, upstream="toDate"),
        shape="columns",
    ),
)

XERO: tuple[Operation, ...] = (
    *_organisation_rows,
    *_invoice_rows,
    *_contact_rows,
    *_account_rows,
    *_tax_rate_rows,
    *_tracking_category_rows,
    *_payment_rows,
    *_bank_transaction_rows,
    *_bank_transfer_rows,
    *_credit_note_rows,
    *_credits("prepayment", "/Prepayments", "Prepayments", "prepayment"),
    *_credits("overpayment", "/Overpayments", "Overpayments", "overpayment"),
    *_item_rows,
    *_report_rows,
)
