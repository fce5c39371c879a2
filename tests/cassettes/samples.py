"""A small run, as its rows: two turns of a model, a list of tools, a read asked twice, a write, a person's yes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

HEADER: dict[str, Any] = {
    "finchat": "0.1.0",
    "title": "",
    "command": ["ask", "Who owes us most?"],
    "clock": "2026-11-20T18:00:00.000000Z",
    "seed": "5eed",
    "terminal": {"stdin": True, "stdout": True, "stderr": True, "width": 80, "height": 25},
}
OUTPUT: dict[str, Any] = {"exit_code": 0, "stdout": ["Ridgeway owes 250.00 EUR.\n"], "stderr": []}
INSTRUCTIONS = "You answer from the books and never guess a figure. " * 8
TOOLS = [{"name": f"list_{kind}", "description": f"Lists {kind}. " * 30} for kind in ("invoices", "contacts")]


def call(page: int = 1, **meta: Any) -> dict[str, Any]:
    """A request for a page of invoices."""
    params: dict[str, Any] = {
        "name": "list_all_xero_invoices",
        "arguments": {"where": 'Status=="AUTHORISED"', "page": page},
    }
    if meta:
        params["_meta"] = meta
    return {"server": "books", "method": "tools/call", "params": params}


def mcp(request: dict[str, Any], at: int = 0, **answer: Any) -> dict[str, Any]:
    return {"kind": "mcp", "at": at, **request, **(answer or {"result": {}})}


def asked(*contents: str, instructions: str = INSTRUCTIONS) -> dict[str, Any]:
    """A request to the model with these messages."""
    items = [{"type": "message", "role": "user", "content": content} for content in contents]
    return {"path": "/responses", "body": {"instructions": instructions, "input": items, "tools": TOOLS}}


def model(request: dict[str, Any], at: int = 0, **answer: Any) -> dict[str, Any]:
    answer = answer or {"events": [["response.output_text.delta", {"delta": "Ridgeway"}]], "ended": "whole"}
    return {"kind": "model", "at": at, **request, **answer}


def rows() -> list[dict[str, Any]]:
    due = [{"InvoiceNumber": f"INV-{n}", "AmountDue": Decimal(n).quantize(Decimal("0.01"))} for n in range(250, 262)]
    question, told = "Who owes us most?", "The invoices: " + "INV-250, " * 60
    tools = {"server": "books", "method": "tools/list", "params": {}}
    return [
        {"kind": "file", "path": "home/finchat.toml", "text": "[model]\nname = 'scripted'\n"},
        mcp(tools, 1, result={"tools": TOOLS}),
        model(asked(question), 2),
        mcp(call(), 3, result={"structuredContent": {"invoices": due}, "page": 1}),
        model(asked(question, told), 4),
        mcp(call(), 5, result={"structuredContent": {"invoices": due}, "page": 2}),
        {"kind": "human", "at": 6, "asks": "decision", "prompt": "Approve? y/n ", "line": "y"},
        model(asked(question, told, "Done."), 7),
    ]
