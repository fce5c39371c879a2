// node-quickbooks against a served sandbox company. READY is the line of JSON that `finchat sandbox run` prints.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, test } from "node:test";
import { promisify } from "node:util";

import QuickBooks from "node-quickbooks";

assert.ok(process.env.READY, "READY is not set: run `pytest -m node`");
const ready = JSON.parse(process.env.READY);
const client = new QuickBooks({
  consumerKey: ready.client_id,
  consumerSecret: ready.client_secret,
  token: "none yet",
  realmId: ready.realm_id,
  useSandbox: true,
  oauthversion: "2.0",
  refreshToken: ready.refresh_token,
});
client.endpoint = `${ready.base_url}/v3/company/`;
QuickBooks.TOKEN_URL = ready.token_url;
QuickBooks.REVOKE_URL = `${ready.base_url}/v2/oauth2/tokens/revoke`;

/** A method of the client as a promise of its answer. */
const call = (name, ...args) => promisify(client[name]).apply(client, args);
/** The one Error of a refused call. */
const fault = async (promise) => {
  const error = await promise.then(() => assert.fail("not refused"), (refused) => refused);
  const found = error.response?.data.Fault ?? error.Fault;
  assert.ok(found, error);
  return found.Error[0];
};
const first = async (name, criteria) => {
  const answer = await call(`find${name}`, criteria);
  return Object.values(answer.QueryResponse).find(Array.isArray)[0];
};
const sale = (Amount, item = "1") => ({
  Amount,
  DetailType: "SalesItemLineDetail",
  SalesItemLineDetail: { ItemRef: { value: item } },
});
const customer = () => call("createCustomer", { DisplayName: `Customer ${randomUUID()}` });
const invoice = (who, amount = 100) =>
  call("createInvoice", { CustomerRef: { value: who.Id }, CustomerMemo: { value: "Thank you" }, Line: [sale(amount)] });
const balance = async (Name) => (await first("Accounts", { Name })).CurrentBalance;

before(async () => {
  const reply = await call("refreshAccessToken");
  assert.equal(reply.token_type, "bearer");
  assert.notEqual(client.refreshToken, ready.refresh_token);
});

const listed = [
  "Accounts", "Attachables", "Bills", "BillPayments", "Budgets", "Classes", "CreditMemos", "Customers", "Departments",
  "Deposits", "Employees", "Estimates", "Invoices", "Items", "JournalEntries", "Payments", "PaymentMethods",
  "Purchases", "PurchaseOrders", "RefundReceipts", "SalesReceipts", "TaxAgencies", "TaxCodes", "TaxRates", "Terms",
  "TimeActivities", "Transfers", "Vendors", "VendorCredits",
];
for (const name of listed) {
  test(`${name} are found and counted`, async () => {
    const { QueryResponse } = await call(`find${name}`, { limit: 3 });
    const rows = Object.values(QueryResponse).find(Array.isArray);
    assert.ok(rows.length >= 1 && rows.length <= 3);
    assert.equal(QueryResponse.maxResults, rows.length);
    const counted = await call(`find${name}`, [{ count: true }]);
    assert.ok(counted.QueryResponse.totalCount >= rows.length);
  });
}

test("the company and its preferences are read", async () => {
  const info = await call("getCompanyInfo", ready.realm_id);
  assert.equal(info.Country, "US");
  const preferences = await call("getPreferences");
  assert.equal(preferences.CurrencyPrefs.HomeCurrency.value, "USD");
});

test("all pages are fetched once, in the order asked for", async () => {
  const { QueryResponse } = await call("findInvoices", { fetchAll: true, limit: 50, asc: "TxnDate" });
  const ids = QueryResponse.Invoice.map((found) => found.Id);
  const counted = await call("findInvoices", [{ count: true }]);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(ids.length, counted.QueryResponse.totalCount);
  const days = QueryResponse.Invoice.map((found) => found.TxnDate);
  assert.deepEqual(days, [...days].sort());
});

test("conditions, lists, patterns and quotes are understood", async () => {
  const name = `Zoe's & Sons + 100% ${randomUUID().slice(0, 8)}`;
  const made = await call("createCustomer", { DisplayName: name });
  const found = await call("findCustomers", { DisplayName: name });
  assert.deepEqual(found.QueryResponse.Customer.map((one) => one.Id), [made.Id]);
  const chosen = await call("findCustomers", { Id: ["1", "2", made.Id] });
  assert.equal(chosen.QueryResponse.Customer.length, 3);
  const like = await call("findCustomers", [{ field: "DisplayName", value: "Zoe's & Sons%", operator: "LIKE" }]);
  assert.ok(like.QueryResponse.Customer.some((one) => one.Id === made.Id));
  const owed = await call("findInvoices", [{ field: "Balance", value: "0", operator: ">" }, { field: "desc", value: "DueDate" }]);
  assert.ok(owed.QueryResponse.Invoice.every((one) => one.Balance > 0));
  const inactive = await call("findCustomers", { Active: [false] });
  assert.ok(inactive.QueryResponse.Customer.every((one) => one.Active === false));
});

test("an invoice is made, changed sparsely, changed whole, voided and deleted", async () => {
  const who = await customer();
  const made = await invoice(who);
  assert.equal(made.CustomerRef.name, who.DisplayName);
  assert.deepEqual([made.TotalAmt, made.Balance, made.SyncToken], [100, 100, "0"]);
  const sparse = await call("updateInvoice", { Id: made.Id, SyncToken: "0", PrivateNote: "Kept" });
  assert.deepEqual([sparse.PrivateNote, sparse.CustomerMemo.value, sparse.SyncToken], ["Kept", "Thank you", "1"]);
  const { CustomerMemo: _left, ...rest } = sparse;
  const whole = await call("updateInvoice", { ...rest, sparse: false });
  assert.deepEqual([whole.CustomerMemo, whole.PrivateNote, whole.TotalAmt], [undefined, "Kept", 100]);
  const { Invoice: void_ } = await call("voidInvoice", made.Id);
  assert.deepEqual([void_.TotalAmt, void_.Balance, void_.PrivateNote.includes("Voided")], [0, 0, true]);
  const { Invoice: gone } = await call("deleteInvoice", made.Id);
  assert.equal(gone.status, "Deleted");
  const refused = await fault(call("getInvoice", made.Id));
  assert.equal(refused.code, "610");
});

test("a request id makes one record", async () => {
  const who = await customer();
  const requestId = randomUUID();
  const body = () => ({ CustomerRef: { value: who.Id }, Line: [sale(10)], requestId });
  const [one, two] = [await call("createInvoice", body()), await call("createInvoice", body())];
  assert.equal(one.Id, two.Id);
});

test("a payment settles an invoice and is voided again", async () => {
  const who = await customer();
  const made = await invoice(who, 80);
  const bank = await first("Accounts", { Name: "Checking" });
  const payment = await call("createPayment", {
    CustomerRef: { value: who.Id },
    TotalAmt: 80,
    DepositToAccountRef: { value: bank.Id },
    Line: [{ Amount: 80, LinkedTxn: [{ TxnId: made.Id, TxnType: "Invoice" }] }],
  });
  assert.equal((await call("getInvoice", made.Id)).Balance, 0);
  assert.equal((await balance("Checking")).toFixed(2), (bank.CurrentBalance + 80).toFixed(2));
  const void_ = await call("updatePayment", { Id: payment.Id, SyncToken: payment.SyncToken, void: true });
  assert.equal(void_.TotalAmt, 0);
  assert.equal((await call("getInvoice", made.Id)).Balance, 80);
  assert.equal((await balance("Checking")).toFixed(2), bank.CurrentBalance.toFixed(2));
});

test("a bill is made and paid by card", async () => {
  const [vendor, expense, card] = await Promise.all([
    first("Vendors", { limit: 1 }),
    first("Accounts", { AccountType: "Expense", limit: 1 }),
    first("Accounts", { AccountType: "Credit Card", limit: 1 }),
  ]);
  const bill = await call("createBill", {
    VendorRef: { value: vendor.Id },
    Line: [
      {
        Amount: 60,
        DetailType: "AccountBasedExpenseLineDetail",
        AccountBasedExpenseLineDetail: { AccountRef: { value: expense.Id } },
      },
    ],
  });
  const paid = await call("createBillPayment", {
    VendorRef: { value: vendor.Id },
    PayType: "CreditCard",
    CreditCardPayment: { CCAccountRef: { value: card.Id } },
    TotalAmt: 60,
    Line: [{ Amount: 60, LinkedTxn: [{ TxnId: bill.Id, TxnType: "Bill" }] }],
  });
  assert.equal(paid.PayType, "CreditCard");
  assert.equal((await call("getBill", bill.Id)).Balance, 0);
  assert.equal(Math.abs((await balance(card.Name)) - card.CurrentBalance).toFixed(2), "60.00");
});

test("a batch answers each item by its id", async () => {
  const DisplayName = `Batch ${randomUUID()}`;
  const { BatchItemResponse } = await call("batch", [
    { bId: "a", operation: "create", Customer: { DisplayName } },
    { bId: "b", operation: "create", Customer: { DisplayName } },
    { bId: "c", Query: "select count(*) from Invoice" },
  ]);
  const by = Object.fromEntries(BatchItemResponse.map((item) => [item.bId, item]));
  assert.equal(by.a.Customer.DisplayName, DisplayName);
  assert.equal(by.b.Fault.Error[0].code, "6240");
  assert.ok(by.c.QueryResponse.totalCount > 300);
});

test("changes since an instant are told, deletions too", async () => {
  const since = "2026-11-20T09:59:00-08:00";
  const made = await invoice(await customer());
  await call("deleteInvoice", { Id: made.Id, SyncToken: made.SyncToken });
  const { CDCResponse } = await call("changeDataCapture", ["Invoice", "Customer"], since);
  const invoices = CDCResponse[0].QueryResponse.find((found) => found.Invoice).Invoice;
  assert.equal(invoices.find((found) => found.Id === made.Id).status, "Deleted");
});

const reports = [
  "ProfitAndLoss", "BalanceSheet", "CashFlow", "TrialBalance", "GeneralLedgerDetail", "AgedReceivables",
  "AgedReceivableDetail", "AgedPayables", "AgedPayableDetail", "CustomerBalance", "CustomerBalanceDetail",
  "VendorBalance", "VendorBalanceDetail", "TransactionList",
];
for (const name of reports) {
  test(`the report ${name} has rows`, async () => {
    const report = await call(`report${name}`, { start_date: "2026-01-01", end_date: "2026-11-20" });
    assert.equal(report.Header.Currency, "USD");
    assert.ok(report.Columns.Column.length && report.Rows.Row.length);
  });
}

test("a PDF is bytes", async () => {
  const made = await invoice(await customer());
  const pdf = await call("getInvoicePdf", made.Id);
  assert.equal(Buffer.from(pdf).subarray(0, 4).toString(), "%PDF");
});

test("refusals carry the vendor's fault", async () => {
  assert.equal((await fault(call("createInvoice", { CustomerRef: { value: "1" } }))).code, "2020");
  const who = await customer();
  await call("updateCustomer", { Id: who.Id, SyncToken: "0", GivenName: "A" });
  assert.equal((await fault(call("updateCustomer", { Id: who.Id, SyncToken: "0", GivenName: "B" }))).code, "5010");
  assert.match((await fault(call("findInvoices", { Memo: "x" }))).code, /^400\d$/);
});
