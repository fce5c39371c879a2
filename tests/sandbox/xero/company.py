"""A small company to test with, and a client that speaks to it in process or over a port."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import httpx
from starlette.applications import Starlette

from finchat.clock import Clock
from finchat.sandbox.xero.app import create_app
from finchat.sandbox.xero.back_end import XeroBackEnd
from finchat.sandbox.xero.limits import Limits

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BANK = "00000000-0000-4000-8000-000000000090"
USD_BANK = "00000000-0000-4000-8000-000000000091"
CLEARING = "00000000-0000-4000-8000-000000000615"
SALES = "00000000-0000-4000-8000-000000000200"
RENT = "00000000-0000-4000-8000-000000000469"
CUSTOMER = "00000000-0000-4000-8000-00000000c001"
SUPPLIER = "00000000-0000-4000-8000-00000000c002"
TENANT = "00000000-0000-4000-8000-0000000000aa"
PLENTY = Limits(per_window=1_000_000, per_day=1_000_000, concurrent=1000)


def collections() -> dict[str, list[dict[str, Any]]]:
    """An organisation in New Zealand with a chart, two tax rates and two contacts; locked to the end of March."""

    def account(code: str, name: str, kind: str, **more: Any) -> dict[str, Any]:
        identity = f"00000000-0000-4000-8000-000000000{code}"
        return {"AccountID": identity, "Code": code, "Name": name, "Type": kind, "TaxType": "NONE", **more}

    return {
        "Organisations": [
            {
                "OrganisationID": TENANT,
                "Name": "Kauri Joinery",
                "BaseCurrency": "NZD",
                "CountryCode": "NZ",
                "Timezone": "NEWZEALANDSTANDARDTIME",
                "IsDemoCompany": True,
                "FinancialYearEndDay": 31,
                "FinancialYearEndMonth": 3,
                "PeriodLockDate": "/Date(1774915200000+0000)/",
            }
        ],
        "Accounts": [
            account("090", "Cheque", "BANK", CurrencyCode="NZD"),
            account("091", "Dollars", "BANK", CurrencyCode="USD"),
            account("200", "Sales", "REVENUE", TaxType="OUTPUT2"),
            account("469", "Rent", "EXPENSE", TaxType="INPUT2"),
            account("615", "Till", "CURRENT", EnablePaymentsToAccount=True),
        ],
        "TaxRates": [
            {"Name": "15% GST on Income", "TaxType": "OUTPUT2", "EffectiveRate": Decimal(15), "Status": "ACTIVE"},
            {"Name": "15% GST on Expenses", "TaxType": "INPUT2", "EffectiveRate": Decimal(15), "Status": "ACTIVE"},
        ],
        "Contacts": [
            {"ContactID": CUSTOMER, "Name": "Rātā Homes", "ContactNumber": "C-1"},
            {"ContactID": SUPPLIER, "Name": "Dockside Landlords"},
        ],
    }


def back_end(path: Path | Literal[":memory:"] = ":memory:") -> XeroBackEnd:
    made = XeroBackEnd(path, Clock(NOW))
    if made.empty:
        made.load(collections())
    return made


class Client:
    """Calls the application as a client over HTTP would, in process."""

    def __init__(self, back: XeroBackEnd, app: Starlette | None = None) -> None:
        self.back = back
        transport = httpx.ASGITransport(app or create_app(back, limits=PLENTY), raise_app_exceptions=True)
        self.http = httpx.AsyncClient(
            transport=transport,
            base_url="http://xero/api.xro/2.0/",
            headers={"Authorization": "Bearer any", "Accept": "application/json", "xero-tenant-id": back.tenant_id},
        )

    async def send(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        content = None if body is None else json.dumps(body, default=str)
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        return await self.http.request(method, path, content=content, headers=headers, **options)

    async def done(self, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        """The first record of a successful answer, numbers exact."""
        response = await self.send(method, path, body, **options)
        assert response.status_code == 200, response.text
        data = json.loads(response.text, parse_float=Decimal)
        name = path.strip("/").split("/")[-1 if path.endswith("Allocations") else 0]
        found: dict[str, Any] = data[name][0]
        return found

    async def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[str, str]:
        """(message, field) of the first validation error."""
        response = await self.send(method, path, body, **options)
        assert response.status_code == 400, response.text
        data = response.json()
        assert data["Type"] == "ValidationException"
        assert data["Elements"][0]["HasErrors"] is True
        error = data["Elements"][0]["ValidationErrors"][0]
        return error["Message"], error["Field"]

    def postings(self, source: str) -> dict[str, int]:
        """Net movement of a record by account code, in cents."""
        codes = dict(self.back.db.execute("SELECT guid, coalesce(system, code) FROM account").fetchall())
        found: dict[str, int] = {}
        for _kind, account, amount in self.back.ledger.postings_of(source):
            found[codes[account]] = found.get(codes[account], 0) + amount
        return {code: amount for code, amount in found.items() if amount}


def invoice(total_before_tax: str = "100.00", **more: Any) -> dict[str, Any]:
    """An approved sales invoice of one line with 15 % tax."""
    return {
        "Type": "ACCREC",
        "Status": "AUTHORISED",
        "Contact": {"ContactID": CUSTOMER},
        "Date": "2026-11-01",
        "DueDate": "2026-11-20",
        "LineItems": [line(total_before_tax)],
        **more,
    }


def bill(total_before_tax: str = "100.00", **more: Any) -> dict[str, Any]:
    """An approved bill of one line with 15 % tax."""
    changed = {"Type": "ACCPAY", "Contact": {"ContactID": SUPPLIER}, "InvoiceNumber": "B-77"}
    return {**invoice(), **changed, "LineItems": [line(total_before_tax, "469", "INPUT2")], **more}


def line(amount: str, account: str = "200", tax_type: str = "OUTPUT2") -> dict[str, Any]:
    return {"Description": "Work", "Quantity": 1, "UnitAmount": amount, "AccountCode": account, "TaxType": tax_type}


def payment(document: Mapping[str, Any], amount: str, **more: Any) -> dict[str, Any]:
    """A payment of a document into the bank account."""
    key, value = next(
        (k, document[k]) for k in ("InvoiceID", "CreditNoteID", "PrepaymentID", "OverpaymentID") if k in document
    )
    return {
        key.removesuffix("ID"): {key: value},
        "Account": {"Code": "090"},
        "Date": "2026-11-10",
        "Amount": amount,
        **more,
    }
