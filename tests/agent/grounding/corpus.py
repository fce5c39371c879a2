"""Honest answers over the books of `ledger`, in the styles that models write: each figure in them is true."""

from __future__ import annotations

OWES = "How much does Acme owe us?"
PROFIT = "Run the P&L of the last quarter."
OLD = "Which invoices are more than 30 days overdue?"

# (answer, question)
HONEST: tuple[tuple[str, str], ...] = (
    ("Acme owes 830.50.", ""),
    ("Acme Ltd owes you NZD 830.50 in total.", ""),
    ("Acme Ltd currently owes $830.50, of which $520.00 is overdue.", ""),
    ("Acme owes 830.50 and Beta Traders owes 747.50.", ""),
    ("Acme and Beta owe 830.50 and 747.50 respectively.", ""),
    ("There is 830.50 outstanding from Acme and 747.50 from Beta.", ""),
    ("Acme Ltd has 830.50 outstanding, while Ridgeway University still has 6,000.00 to pay.", ""),
    ("Outstanding balances: Acme Ltd 830.50; Beta Traders 747.50; Ridgeway University 6,000.00.", ""),
    ("Acme (830.50) and Beta (747.50) are the smaller debtors; Ridgeway owes 6,000.00.", ""),
    ("The outstanding balance is 830.50, and 520.00 of it is overdue.", OWES),
    ("It is 830.50.", OWES),
    ("They owe **830.50 NZD**.", OWES),
    ("Acme has two open invoices, INV-0042 and INV-0043.", ""),
    ("Acme Ltd has two unpaid invoices: INV-0042 with 520.00 due and INV-0043 with 310.50 due, 830.50 in total.", ""),
    ("Acme Ltd owes 830.50: 520.00 on INV-0042 and 310.50 on INV-0043.", ""),
    ("INV-0042 is 34 days overdue with 520.00 outstanding.", ""),
    ("INV-0042 was issued on 17 September 2026 and fell due on 17 October 2026.", ""),
    ("INV-0042 was due on 2026-10-17; 400.00 of the 920.00 has been paid, leaving 520.00.", ""),
    (
        "Invoice INV-0042 (Acme Ltd) totals 920.00 including 120.00 GST; 400.00 has been paid and 520.00 remains due.",
        "",
    ),
    ("The invoice total is 920.00, 400.00 is paid and 520.00 is due.", "Tell me about INV-0042"),
    ("INV-0043 for 310.50 is not due until December 1, 2026.", ""),
    ("INV-0077 to Beta Traders, dated 5 Oct 2026, is 16 days late. Amount due: 747.50.", ""),
    ("Acme paid 400.00 on 20 October 2026 against INV-0042.", ""),
    ("A payment of 187.50 was received from Ridgeway University on 25/09/2026.", ""),
    ("Delta GmbH owes €2,500.00 on INV-0085, due 10 December 2026.", ""),
    ("Delta GmbH's invoice INV-0085 is for EUR 2,500.00.", ""),
    ("You owe Crown Supplies 1,150.00 on bill BILL-9, due on 30 November 2026.", ""),
    (
        "Two bills are unpaid, 1,392.00 in total: BILL-9 from Crown Supplies (1,150.00) and RPT-551 from Capital Cab Co"
        " (242.00).",
        "",
    ),
    ("Bill RPT-551 from Capital Cab Co is 10 days overdue.", ""),
    ("Total receivables are 7,578.00 across 4 invoices.", ""),
    ("You have four unpaid sales invoices totalling NZD 7,578.00.", ""),
    ("Total payables come to 1,392.00.", ""),
    ("Two invoices are more than 30 days overdue, 6,520.00 in all.", OLD),
    (
        "Two invoices are more than 30 days overdue:\n\n- INV-0042 (Acme Ltd): 520.00, 34 days overdue\n"
        "- INV-0081 (Ridgeway University): 6,000.00, 62 days overdue\n\nTogether they come to 6,520.00.",
        OLD,
    ),
    ("By age: 1–30 days 747.50, 31–60 days 520.00 and 61–90 days 6,000.00.", "Show receivables by age"),
    ("Acme Ltd was invoiced 2,990.00 in October 2026.", ""),
    ("In October, invoices to Acme came to 2,990.00.", ""),
    ("Acme's credit limit is 5,000.00 and its payment terms are 30 days.", ""),
    ("INV-0081 bills 30 hours at 150.00 (4,500.00) and 3 licences at 562.50 each (1,687.50).", ""),
    ("Gross margin last quarter was 45.7 %.", ""),
    ("Gross margin was 45.69%.", PROFIT),
    ("In Q3 2026 revenue was 50,000.00, cost of sales 27,155.00 and gross profit 22,845.00 (45.7 %).", ""),
    ("For July–September 2026, net profit came to $10,845.00 on revenue of $50,000.00.", ""),
    ("Revenue was 50k and gross profit 22.8k.", PROFIT),
    ("Revenue rose from 40,000 in Q2 2026 to 50,000 in Q3 2026, up 25 %.", ""),
    ("Revenue grew by 10,000.00, from 40,000.00 in Q2 2026 to 50,000.00 in Q3 2026.", ""),
    ("Q2 2026 closed with a net loss of 1,500.00; Q3 2026 made a net profit of 10,845.00.", ""),
    ("Operating expenses fell to 12,000.00 in the quarter to 30 September 2026.", ""),
    ("Rent was 4,500.00 last quarter, against 4,200.00 in Q2 2026.", ""),
    (
        "The three highest operating expenses were Rent (4,500.00), Wages (3,600.50) and Light & Power (900.25).",
        "What were the three highest operating expenses last quarter?",
    ),
    (
        "# Profit and loss, 1 July to 30 September 2026\n\n- Revenue: 50,000.00\n- Cost of sales: 27,155.00\n"
        "- **Gross profit: 22,845.00** (45.7 % of revenue)\n- Operating expenses: 12,000.00\n- Net profit: 10,845.00",
        PROFIT,
    ),
    (
        "## Last quarter\n\n| | Amount | % of revenue |\n|---|---:|---:|\n| Revenue | 50,000.00 | |\n"
        "| Rent | 4,500.00 | 9.0 % |\n| Wages | 3,600.50 | 7.2 % |\n",
        PROFIT,
    ),
    (
        "| | Q2 2026 | Q3 2026 | Change |\n|---|---:|---:|---:|\n| Revenue | 40,000.00 | 50,000.00 | 10,000.00 |\n"
        "| Gross profit | 16,000.00 | 22,845.00 | 6,845.00 |\n| Net profit | (1,500.00) | 10,845.00 | 12,345.00 |",
        "",
    ),
    (
        "| Customer | Invoice | Due date | Amount due |\n|---|---|---|---:|\n| Acme Ltd | INV-0042 | 2026-10-17 | 520.00 |\n"
        "| Acme Ltd | INV-0043 | 2026-12-01 | 310.50 |\n| Beta Traders | INV-0077 | 2026-11-04 | 747.50 |\n"
        "| **Total** | | | **1,578.00** |",
        "",
    ),
    (
        "| Customer | Outstanding | Overdue |\n|:--|--:|--:|\n| Acme Ltd | 830.50 | 520.00 |\n"
        "| Beta Traders | 747.50 | 747.50 |\n| Ridgeway University | 6,000.00 | 6,000.00 |\n| Total | 7,578.00 | 7,267.50 |",
        "",
    ),
    (
        "| Invoice | Date | Due | Total | Paid | Balance |\n|---|---|---|---|---|---|\n"
        "| INV-0042 | 17 Sep 2026 | 17 Oct 2026 | 920.00 | 400.00 | 520.00 |\n"
        "| INV-0081 | 20 Aug 2026 | 19 Sep 2026 | 6,187.50 | 187.50 | 6,000.00 |",
        "",
    ),
    ("## Acme Ltd\n\n- INV-0042: 520.00 due, 34 days overdue\n- INV-0043: 310.50 due\n\nTotal: 830.50", ""),
    (
        "**Acme Ltd**\n- INV-0042 – 520.00 outstanding\n- INV-0043 – 310.50 outstanding\n\n**Beta Traders**\n"
        "- INV-0077 – 747.50 outstanding",
        "",
    ),
    (
        "Amounts due by customer:\n\n1. Ridgeway University: 6,000.00\n2. Acme Ltd: 830.50\n   - INV-0042: 520.00\n"
        "   - INV-0043: 310.50\n3. Beta Traders: 747.50\n\nThat makes 7,578.00 altogether.",
        "",
    ),
    ("- **Acme Ltd:** 830.50 owed, 520.00 of it overdue\n- **Beta Traders:** 747.50 owed, all overdue", ""),
    ("Acme owes 830.50. Of this, 520.00 is overdue. The oldest invoice is INV-0042, due 17 October.", ""),
    ("Beta Traders has one open invoice, INV-0077. It was due on 4 November 2026 and 747.50 is still unpaid.", ""),
    ("As of 20 November 2026, Acme Ltd owes 830.50.", ""),
    ("Ridgeway University is the largest debtor with 6,000.00 outstanding (79.2 % of the 7,578.00 total).", ""),
    ("Payments received come to 587.50.", "What do the payments in this list add up to?"),
    ("The average invoice total is 2,041.38.", "What is our average sales invoice?"),
    ("INV-0042: subtotal 800.00, GST 120.00, total 920.00.", ""),
    ("Crown Supplies' bill BILL-9 comes to 1,150.00, including 150.00 of GST.", ""),
    ("Net margin was about 21.7% in the third quarter of 2026, compared with -3.75% in Q2 2026.", ""),
    ("Demo Company (NZ) had revenue of 50,000.00 and operating expenses of 12,000.00 last quarter.", ""),
)
