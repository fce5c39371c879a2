"""How the banks of a country print a statement line. A company has one bank, whatever the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Channel = Literal[
    "credit", "payment", "card", "debit", "wire_in", "wire_out", "own", "fee", "interest", "counter", "check"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one bank prints a line. `width` is where it cuts a name; `{d8}` in `trace` stands for eight digits."""

    words: dict[Channel, str]
    width: int
    upper: bool
    payee_apart: bool
    reference_apart: bool
    shows_account: bool
    trace: str
    separator: str


NEW_ZEALAND: tuple[Dialect, ...] = (
    Dialect(
        {
            "credit": "DIRECT CREDIT", "payment": "BILL PAYMENT", "card": "VISA PURCHASE", "debit": "DIRECT DEBIT",
            "wire_in": "INTERNATIONAL CREDIT", "wire_out": "INTERNATIONAL PAYMENT", "own": "TRANSFER",
            "fee": "MONTHLY A/C FEE", "interest": "CREDIT INTEREST", "counter": "DEPOSIT",
        },
        20, True, True, True, True, "", " ",
    ),
    Dialect(
        {
            "credit": "CR FROM", "payment": "PAYMENT TO", "card": "CARD 4835", "debit": "D/D", "wire_in": "TT IN",
            "wire_out": "TT OUT", "own": "FUNDS TFR", "fee": "SERVICE FEE", "interest": "INTEREST EARNED",
            "counter": "BRANCH DEPOSIT",
        },
        22, True, False, False, False, "TRN {d8}", " ",
    ),
    Dialect(
        {
            "credit": "Bill Pay in", "payment": "Online payment", "card": "Debit card", "debit": "Direct debit",
            "wire_in": "Overseas credit", "wire_out": "Overseas payment", "own": "Account transfer",
            "fee": "Account fee", "interest": "Interest paid", "counter": "Deposit",
        },
        32, False, False, False, True, "", " ; ",
    ),
    Dialect(
        {
            "credit": "AC", "payment": "AP", "card": "POS W/D", "debit": "DD", "wire_in": "IBC", "wire_out": "OBC",
            "own": "TFR", "fee": "FEE", "interest": "INT", "counter": "CASH/CHQ",
        },
        18, True, True, False, False, "NZ{d10}", "/",
    ),
)  # fmt: skip
UNITED_STATES: tuple[Dialect, ...] = (
    Dialect(
        {
            "credit": "ACH CREDIT", "payment": "ONLINE PMT TO", "card": "CHECKCARD", "debit": "ACH DEBIT",
            "wire_in": "WIRE TYPE:INTL IN", "wire_out": "WIRE TYPE:INTL OUT", "own": "ONLINE BANKING TRANSFER",
            "fee": "MONTHLY MAINTENANCE FEE", "interest": "INTEREST PAID", "counter": "COUNTER CREDIT",
            "check": "CHECK",
        },
        22, True, False, False, False, "CONF# {d8}", " ",
    ),
    Dialect(
        {
            "credit": "Orig CO Name:", "payment": "Bill Pay", "card": "Purchase authorized", "debit": "Recurring pmt",
            "wire_in": "Fedwire credit", "wire_out": "Fedwire debit", "own": "Transfer", "fee": "Service charge",
            "interest": "Interest payment", "counter": "Deposit made in a branch/store", "check": "Check #",
        },
        30, False, False, False, False, "Trn: {d10}Tc", " ",
    ),
    Dialect(
        {
            "credit": "PREAUTHORIZED CREDIT", "payment": "WEB PMT", "card": "POS DEB", "debit": "PREAUTHORIZED DEBIT",
            "wire_in": "INCOMING WIRE", "wire_out": "OUTGOING WIRE", "own": "XFER", "fee": "SERVICE CHG",
            "interest": "INT CREDIT", "counter": "DDA DEPOSIT", "check": "DDA CHECK",
        },
        24, True, True, True, False, "", " - ",
    ),
)  # fmt: skip
