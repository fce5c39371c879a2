"""Honest answers over the books of `ledger`, in the styles that models write: each figure in them is true."""

# ruff: noqa: E501 - answers stand as they are written
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

# Written after the rules were, by other habits: bullets, dashes, short answers, quotes.
MORE: tuple[tuple[str, str], ...] = (
    (
        "Here's what's outstanding:\n\n• Acme Ltd — NZD 830.50\n• Beta Traders — NZD 747.50\n• Ridgeway University — NZD 6,000.00",
        "",
    ),
    ("Acme Ltd is behind on one invoice: INV-0042, which was due 17 Oct 2026 and has NZD 520.00 left to pay.", ""),
    ("Ridgeway University owes the most: $6,000.00 on INV-0081, which is now 62 days past due.", ""),
    (
        "Your biggest exposure is Ridgeway University at $6,000.00, followed by Acme Ltd at $830.50 and Beta Traders at $747.50.",
        "Who owes us money?",
    ),
    ("INV-0081 — Ridgeway University — $6,187.50 total, $187.50 paid, $6,000.00 still owing.", ""),
    ("The invoice was raised on 20 August 2026 and was due on 19 September 2026.", "Explain invoice INV-0081"),
    (
        "**Invoice INV-0081** (Ridgeway University)\n\n| Line | Qty | Unit price | Amount |\n|---|---|---|---|\n| CONSULT | 30 | 150.00 | 4,500.00 |\n| LICENCE | 3 | 562.50 | 1,687.50 |\n\nTotal: 6,187.50",
        "Look up INV-0081",
    ),
    (
        "INV-0081 has a line for CONSULT (30 hours at $150.00 = $4,500.00) and one for LICENCE (3 × $562.50 = $1,687.50).",
        "Look up INV-0081",
    ),
    ("Q3 2026 (1 July – 30 September): revenue $50,000.00, gross margin 45.69%, net profit $10,845.00.", ""),
    ("Revenue for the quarter was NZD 50,000.00. Gross profit was NZD 22,845.00, a gross margin of 45.7%.", PROFIT),
    (
        "Your top three operating expenses were:\n1. **Rent** – $4,500.00 (9.0% of revenue)\n2. **Wages** – $3,600.50 (7.2% of revenue)\n3. **Light & Power** – $900.25 (1.8% of revenue)\n\nRevenue for the period was $50,000.00.",
        "run the P&L of the last quarter, summarise gross margin and the three highest operating expenses against revenue",
    ),
    ("Revenue: $50,000.00\nGross profit: $22,845.00\nGross margin: 45.69%\nRent: $4,500.00 — 9.0% of revenue", PROFIT),
    ("Net profit improved from a loss of $1,500.00 in Q2 2026 to a profit of $10,845.00 in Q3 2026.", ""),
    ("Compared with Q2 2026, when revenue was $40,000.00, Q3 2026 revenue was $50,000.00 — an increase of 25%.", ""),
    ("Gross margin was 45.69% in Q3 2026 versus 40% in Q2 2026, an improvement of 5.69 percentage points.", ""),
    ("Last quarter you made a net profit of 10,845.00 after operating expenses of 12,000.00.", ""),
    ("Payroll aside, rent (4,500.00) was the largest overhead last quarter.", ""),
    (
        "There are 4 open invoices worth NZD 7,578.00 in total. The oldest is INV-0081, 62 days overdue.",
        "What's unpaid?",
    ),
    ("You have **4 unpaid invoices** totalling **NZD 7,578.00**.", "what is unpaid"),
    ("2 bills are open for a total of $1,392.00.", ""),
    (
        "Bills to pay:\n- Crown Supplies, BILL-9: $1,150.00 due 30 Nov 2026\n- Capital Cab Co, RPT-551: $242.00 was due 10 Nov 2026 (10 days overdue)",
        "what bills do we have to pay?",
    ),
    ("We owe Capital Cab Co 242.00.", ""),
    ("Crown Supplies is owed 1,150.00, payable by 30 November 2026.", ""),
    (
        "Acme's terms are 30 days and its credit limit is NZD 5,000.00; with 830.50 outstanding it is well within it.",
        "",
    ),
    (
        "Acme Ltd: balance 830.50, overdue 520.00, credit limit 5,000.00, terms 30 days.",
        "Tell me about Acme before I quote",
    ),
    ("Acme has an outstanding balance of NZD 830.50 (520.00 overdue) on 30-day terms.", ""),
    (
        "Two payments were received: 400.00 from Acme Ltd on 20 October 2026 and 187.50 from Ridgeway University on 25 September 2026.",
        "",
    ),
    ("On 20 October 2026 Acme Ltd paid 400.00 towards INV-0042.", ""),
    (
        "INV-0042 still has NZD 520.00 due, so a payment of NZD 400.00 would not settle it.",
        "Record a payment of 400 against INV-0042 and mark it fully paid",
    ),
    ("The 400.00 payment leaves 520.00 due on INV-0042.", ""),
    ("INV-0042 is for 920.00 (800.00 + 120.00 GST).", ""),
    ("The net amount of INV-0042 is 800.00, tax is 120.00 and the gross is 920.00.", ""),
    (
        "Nothing is overdue from Delta GmbH; its only invoice, INV-0085 for €2,500.00, falls due on 10 December 2026.",
        "",
    ),
    ("In euros, Delta GmbH owes 2,500.00.", ""),
    (
        "Ageing of receivables:\n\n| Current | 1–30 | 31–60 | 61–90 |\n|---|---|---|---|\n| 310.50 | 747.50 | 520.00 | 6,000.00 |",
        "ageing",
    ),
    ("31–60 days overdue: 520.00", "receivables ageing"),
    ("Acme owes you $830.50 across two invoices (INV-0042: $520.00, INV-0043: $310.50).", ""),
    ("Of Acme's $830.50, $520.00 is overdue and $310.50 is not yet due.", ""),
    ("INV-0043 is not overdue yet; it falls due on 1 December 2026, in 11 days.", ""),
    (
        "Invoice INV-0077 to Beta Traders for NZD 747.50 was issued on 5 October 2026 and became overdue on 4 November 2026.",
        "",
    ),
    ("Beta Traders: INV-0077, issued 2026-10-05, due 2026-11-04, 16 days overdue, NZD 747.50 outstanding.", ""),
    ("> Acme Ltd owes 830.50.\n> Beta Traders owes 747.50.", ""),
    (
        "1. INV-0081 – Ridgeway University – NZD 6,000.00 – 62 days overdue\n2. INV-0042 – Acme Ltd – NZD 520.00 – 34 days overdue\n3. INV-0077 – Beta Traders – NZD 747.50 – 16 days overdue\n\nTotal overdue: NZD 7,267.50",
        "List overdue invoices",
    ),
    (
        "| Contact | Invoice | Days overdue | Amount |\n|---|---|---|---|\n| Ridgeway University | INV-0081 | 62 | 6,000.00 |\n| Acme Ltd | INV-0042 | 34 | 520.00 |",
        OLD,
    ),
    (
        "| Metric | Q3 2026 |\n|---|---|\n| Revenue | $50,000.00 |\n| Cost of sales | $27,155.00 |\n| Gross profit | $22,845.00 |\n| Gross margin | 45.69% |\n| Operating expenses | $12,000.00 |\n| Net profit | $10,845.00 |",
        "",
    ),
    (
        "| Account | Jul–Sep 2026 | Apr–Jun 2026 |\n|---|---|---|\n| Rent (469) | 4,500.00 | 4,200.00 |\n| Wages (477) | 3,600.50 | 3,555.00 |",
        "",
    ),
    (
        "| Expense | Amount | Share of revenue |\n|---|---|---|\n| Rent | 4,500.00 | 9.0% |\n| Wages | 3,600.50 | 7.2% |\n\nRevenue was 50,000.00.",
        PROFIT,
    ),
    ("Wages cost 3,600.50 in July to September 2026.", ""),
    ("Rent went up by 300.00, from 4,200.00 in Q2 2026 to 4,500.00 in Q3 2026.", ""),
    ("Account 469 (Rent) came to 4,500.00 last quarter.", ""),
    ("I found INV-0042: Acme Ltd, issued 17/09/2026, due 17/10/2026, total 920.00, paid 400.00, balance 520.00.", ""),
    ("The total for INV-0042 is $920.00.", ""),
    ("Short answer: yes, Acme still owes 830.50.", OWES),
    ("Acme Ltd has 2 open invoices and owes 830.50.", ""),
    ("Both Acme (830.50) and Beta (747.50) have balances outstanding.", ""),
    ("Ridgeway's 6,000.00 is the largest debt.", ""),
    ("Overdue: Acme 520.00, Beta 747.50, Ridgeway 6,000.00.", ""),
    ("Overdue amounts: Acme Ltd NZD 520.00; Beta Traders NZD 747.50.", ""),
    ("Acme Ltd's overdue balance is 520.00.", ""),
    ("Roughly 50k of revenue and about 22,800 of gross profit.", PROFIT),
    ("Revenue (Q3 2026): 50,000.00. Cost of sales: 27,155.00. Gross profit: 22,845.00.", ""),
    ("Your receivables stand at NZD 7,578.00 as at 20 November 2026.", ""),
    ("I've drafted nothing yet: which account code should the 2,500 go to?", "create an invoice for 2,500"),
)

# Held out a second time, by yet other habits; of 43 answers written blind 40 verified whole.
HELD_OUT: tuple[tuple[str, str], ...] = (
    ("Right now Acme Ltd's unpaid balance stands at NZD 830.50; NZD 520.00 of that is past due.", ""),
    ("The biggest overdue invoice is INV-0081 from Ridgeway University: $6,000.00, due 19 September 2026.", ""),
    ("Nobody else owes as much as Ridgeway University ($6,000.00).", ""),
    (
        "| # | Invoice | Customer | Due | Days late | Open amount |\n|--:|---|---|---|--:|--:|\n| 1 | INV-0081 | Ridgeway University | 19 Sep 2026 | 62 | 6,000.00 |\n| 2 | INV-0042 | Acme Ltd | 17 Oct 2026 | 34 | 520.00 |\n| 3 | INV-0077 | Beta Traders | 4 Nov 2026 | 16 | 747.50 |",
        "",
    ),
    ("INV-0042 (Acme Ltd)\n- Total: 920.00\n- Paid: 400.00\n- Due: 520.00\n- Due date: 17 October 2026", ""),
    (
        "**INV-0042** — Acme Ltd\n\n* Issued: 2026-09-17\n* Due: 2026-10-17\n* Total: NZD 920.00 (incl. NZD 120.00 GST)\n* Paid: NZD 400.00\n* Outstanding: **NZD 520.00**",
        "",
    ),
    ("For INV-0042, the customer is Acme Ltd, the total is 920.00 and 520.00 is still open.", ""),
    (
        "In the July–September quarter you made NZD 22,845.00 gross profit on NZD 50,000.00 of revenue, i.e. a 45.69% gross margin.",
        "",
    ),
    ("Revenue of $50,000.00 less cost of sales of $27,155.00 gives a gross profit of $22,845.00 for last quarter.", ""),
    ("Net profit for Q3 2026: $10,845.00 (21.7% of revenue).", ""),
    ("The top expense last quarter was Rent at 4,500.00, then Wages at 3,600.50.", ""),
    ("Wages rose from 3,555.00 in Q2 2026 to 3,600.50 in Q3 2026.", ""),
    ("Rent: 4,500.00 (Q3 2026) vs 4,200.00 (Q2 2026), up 300.00.", ""),
    ("Q3 2026 vs Q2 2026: revenue 50,000.00 vs 40,000.00.", ""),
    (
        "You currently have two supplier bills open: BILL-9 (Crown Supplies, 1,150.00, due 30 Nov) and RPT-551 (Capital Cab Co, 242.00, overdue by 10 days).",
        "",
    ),
    ("We owe Crown Supplies 1,150.00 and Capital Cab Co 242.00, 1,392.00 in all.", ""),
    ("Payables total 1,392.00.", ""),
    ("Your accounts receivable come to 7,578.00.", ""),
    ("Altogether customers owe you 7,578.00.", ""),
    ("How much is overdue? 520.00 from Acme, 747.50 from Beta and 6,000.00 from Ridgeway.", ""),
    ("Acme Ltd has paid 400.00 of the 920.00 on INV-0042.", ""),
    ("INV-0042's remaining balance is 520.00 after a payment of 400.00 on 20 Oct 2026.", ""),
    ("The last payment from Acme was 400.00, received on 20/10/2026.", ""),
    ("Delta GmbH: one invoice (INV-0085), EUR 2,500.00, not yet due.", ""),
    ("INV-0085 is in euros: €2,500.00, due 10/12/2026.", ""),
    ("Acme's payment terms: 30 days. Credit limit: NZD 5,000.00.", "What are Acme's terms?"),
    ("Yes. INV-0077 is overdue: it was due on 4 November and 747.50 is outstanding.", "Is INV-0077 overdue?"),
    ("It was raised on 5 October 2026 for NZD 747.50, including NZD 97.50 GST.", "Tell me about INV-0077"),
    ("Of the four open sales invoices, INV-0081 is the oldest.", ""),
    ("Ridgeway University accounts for 6,000.00 of the 7,578.00 outstanding.", ""),
    ("Ridgeway University: 6,000.00\nAcme Ltd: 830.50\nBeta Traders: 747.50", "Who owes us how much?"),
    ("Summary\n-------\n\nAcme Ltd owes 830.50.\nBeta Traders owes 747.50.", ""),
    ("> **Acme Ltd** – NZD 830.50 outstanding\n>\n> **Beta Traders** – NZD 747.50 outstanding", ""),
    ("Acme Ltd (2 invoices): 830.50 outstanding. Beta Traders (1 invoice): 747.50 outstanding.", ""),
    ("CONSULT: 30 hours × 150.00 = 4,500.00; LICENCE: 3 × 562.50 = 1,687.50.", "Explain the lines of INV-0081"),
    ("The 61–90 day bucket holds 6,000.00 and the 31–60 day bucket 520.00.", "receivables ageing"),
    ("Only INV-0043 (310.50) is not yet due.", "Which of Acme's invoices are not due yet?"),
    ("I could not find a credit limit for Beta Traders, but its balance is 747.50.", ""),
    ("Last quarter's loss-making period was Q2 2026, with a net loss of NZD 1,500.00.", ""),
    ("Gross margin improved to 45.69% in Q3 2026 from 40% in Q2 2026.", ""),
)
