"""Words of accounting: what each names, in a text and in the name of a field alike.

A concept is what a figure is: the amount due, the tax, the due date. One lexicon reads both "is still outstanding"
and `amount_due`, so that words and fields meet in the same concepts.
"""

from __future__ import annotations

import re
from functools import lru_cache

MONTHS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sep sept", "october oct", "november nov", "december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip


def words_of(text: str) -> frozenset[str]:
    """The words of a text, for tables of them."""
    return frozenset(text.split())


def in_order(text: str) -> list[str]:
    """The words of a text, one after the other."""
    return text.split()


MONEY = "money"
DATE = "date"
PERCENT = "percent"
NUMBER = "number"

# concept → (units it can be shown in, its words). Fields are read by the same words, underscores as spaces.
_CONCEPTS: dict[str, tuple[frozenset[str], str]] = {
    "due": (
        frozenset({MONEY}),
        "amount due|due|owes|owe|owed|owing|outstanding|open balance|open amount|open|unpaid|balance due|remaining"
        "|still to pay|still to be paid|receivable|receivables|payable|payables|accounts receivable"
        "|accounts payable|amount outstanding|outstanding balance|amount owing|to collect|uncollected|total due"
        "|total outstanding|total owed|amount owed|balance outstanding|unsettled|remains|left to pay|is due|are due"
        "|was due|were due|due on|due by|remains due|still due|leaving|leaves|falls due|fell due|falling due"
        "|to be paid|debt|debts|remaining credit",
    ),
    "overdue": (
        frozenset({MONEY}),
        "overdue|past due|late|amount overdue|overdue amount|total overdue|overdue balance|past its due date"
        "|past their due date|past-due|in arrears|arrears",
    ),
    "not_due": (
        frozenset({MONEY}),
        "not yet due|not due|not overdue|within terms|current|not yet overdue|not due yet|not overdue yet"
        "|isn't due yet",
    ),
    "balance": (
        frozenset({MONEY}),
        "balance|balances|bank balance|account balance|closing balance|statement balance|cash balance"
        "|ledger balance|current balance|cash at bank",
    ),
    "opening_balance": (frozenset({MONEY}), "opening balance|opening"),
    "total": (
        frozenset({MONEY}),
        "invoiced|billed|gross|invoice total|bill total|total invoiced|total billed|invoice amount|bill amount"
        "|gross amount|total amount|amount invoiced|amount billed|inclusive|including tax|including gst"
        "|including vat|incl tax|incl gst|incl vat|tax inclusive|face value|original amount|charged|grand total"
        "|total including tax",
    ),
    "paid": (
        frozenset({MONEY}),
        "paid|amount paid|received|settled|collected|payment|payments|paid so far|total paid|already paid|receipts"
        "|paid amount|amount received|total received|payment amount|partial payment|repaid|remitted",
    ),
    "spent": (frozenset({MONEY}), "spent|spend|spending|money out|withdrawn|debited|amount spent|paid out"),
    "deposited": (frozenset({MONEY}), "deposit|deposits|deposited|money in|credited to"),
    "credited": (
        frozenset({MONEY}),
        "amount credited|credited|credit note|credit notes|credit|credits|unallocated credits|overpayment"
        "|overpayments|prepayment|prepayments|credit allocated",
    ),
    "applied": (frozenset({MONEY}), "applied|allocated|applied amount|amount allocated"),
    "tax": (
        frozenset({MONEY}),
        "tax|vat|gst|sales tax|total tax|tax amount|tax total|gst amount|vat amount|hst|pst|total gst|total vat",
    ),
    "subtotal": (
        frozenset({MONEY}),
        "subtotal|sub total|sub-total|net amount|net|before tax|excluding tax|excluding gst|excluding vat|excl tax"
        "|excl gst|excl vat|ex gst|ex vat|ex tax|exclusive|tax exclusive|plus gst|plus vat|plus tax|net of tax"
        "|net of gst|net of vat|untaxed|total excluding tax",
    ),
    "line_amount": (frozenset({MONEY}), "line amount|line total|line value|extended amount|line amounts"),
    "unit_price": (
        frozenset({MONEY}),
        "unit price|unit amount|price|rate|each|per hour|an hour|hourly|per unit|apiece|per licence|per license"
        "|unit cost|a unit|per day|hourly rate|per item",
    ),
    "discount": (frozenset({MONEY, PERCENT}), "discount|discounts|discounted|discount amount|discount rate"),
    "revenue": (
        frozenset({MONEY}),
        "revenue|revenues|sales|income|turnover|trading income|total revenue|total income|total trading income"
        "|sales revenue|top line|total sales|other income|total other income",
    ),
    "cogs": (
        frozenset({MONEY}),
        "cost of sales|cost of goods sold|cogs|direct costs|cost of revenue|total cost of sales|costs of sales"
        "|direct cost|total direct costs",
    ),
    "gross_profit": (frozenset({MONEY}), "gross profit|gross margin amount|total gross profit|gross earnings"),
    "gross_margin": (frozenset({PERCENT}), "gross margin|gross profit margin|gross margin percent|gross margin ratio"),
    "operating_margin": (frozenset({PERCENT}), "operating margin|operating profit margin|operating margin percent"),
    "net_margin": (frozenset({PERCENT}), "net margin|net profit margin|profit margin|net margin percent"),
    "opex": (
        frozenset({MONEY}),
        "operating expenses|operating expense|overheads|overhead|expenses|expense|operating costs|opex"
        "|running costs|total expenses|total operating expenses|operating cost|costs|other expenses|expenditure"
        "|cost",
    ),
    "operating_profit": (
        frozenset({MONEY}),
        "operating profit|operating income|operating result|ebit|operating loss|operating surplus",
    ),
    "ebitda": (frozenset({MONEY}), "ebitda"),
    "net_profit": (
        frozenset({MONEY}),
        "net profit|net income|profit|profits|bottom line|net earnings|earnings|net loss|loss|surplus|net result"
        "|profit after tax|net surplus|deficit|profit for the period|net profit loss",
    ),
    "assets": (frozenset({MONEY}), "assets|total assets|current assets|fixed assets"),
    "liabilities": (frozenset({MONEY}), "liabilities|total liabilities|current liabilities"),
    "equity": (frozenset({MONEY}), "equity|total equity|net assets"),
    "budget": (frozenset({MONEY}), "budget|budgeted|forecast|target"),
    "average": (frozenset({MONEY, NUMBER}), "average|mean|avg|median"),
    "credit_limit": (frozenset({MONEY}), "credit limit|limit|credit ceiling"),
    "fee": (frozenset({MONEY}), "fee|fees|bank fee|bank fees|charges|bank charges"),
    "quantity": (
        frozenset({NUMBER}),
        "quantity|qty|hours|hour|units|unit|licences|licenses|licence|license|pieces|hrs",
    ),
    "days_overdue": (
        frozenset({NUMBER}),
        "days overdue|days late|days past due|overdue days|overdue|late|past due|days past|past its due date"
        "|arrears|past-due|behind",
    ),
    "days_until_due": (
        frozenset({NUMBER}),
        "days until due|is due in|are due in|falls due in|due in|days left|until due|days to go|due within"
        "|falls due",
    ),
    "age": (frozenset({NUMBER}), "age|age days|days old|old|age in days|days since|aged"),
    "terms": (
        frozenset({NUMBER}),
        "terms|payment terms|credit terms|due days|terms days|payment term|payment terms days|net terms|term",
    ),
    "dso": (frozenset({NUMBER}), "dso|days sales outstanding|debtor days"),
    "rate": (frozenset({NUMBER, PERCENT}), "exchange rate|currency rate|fx rate|conversion rate"),
    "tax_rate": (frozenset({PERCENT}), "tax rate|gst rate|vat rate|tax|gst|vat|rate of tax|effective rate"),
    "share": (frozenset({PERCENT}), "share|share of|percent of|percentage of|proportion|ratio"),
    "due_date": (
        frozenset({DATE}),
        "due date|due|not due|not yet due|not due until|due until|not due yet|fell due|falls due|falling due"
        "|payable by|payment due|was due|is due|due on|due by|overdue since|overdue|payable on|expected by"
        "|past due since|deadline|pay by|matures|date due",
    ),
    "issue_date": (
        frozenset({DATE}),
        "issue date|issued|invoice date|bill date|dated|date|raised|invoiced|billed|sent|created|issued on"
        "|date issued|invoiced on|written|date of issue|drafted",
    ),
    "payment_date": (
        frozenset({DATE}),
        "payment date|dated|date|paid|paid on|received|received on|settled|settled on|fully paid on date"
        "|fully paid on|date paid|payment|deposited|cleared|collected|deposit|came in|paid date|remitted",
    ),
    "transaction_date": (frozenset({DATE}), "transaction date|dated|date|posted|posted on|bank date|booked|spent"),
    "expected_date": (frozenset({DATE}), "expected payment date|expected date|planned payment date|planned date"),
    "lock_date": (frozenset({DATE}), "lock date|locked|locked until|period lock date"),
    "delivery_date": (frozenset({DATE}), "delivery date|delivered"),
    "expiry_date": (frozenset({DATE}), "expiry date|expires|valid until|expiry"),
    "any_date": (frozenset({DATE}), "day"),
    "any_amount": (
        frozenset({MONEY}),
        "amount|amounts|total|totals|sum|value|worth|figure|totalling|totaling|totalled",
    ),
}  # fmt: skip

# Words that name no field although they hold one.
_NEUTRAL = (
    "sales invoice", "sales invoices", "purchase invoice", "purchase invoices", "sales account", "bank account",
    "bank accounts", "expense account", "revenue account", "income account", "sales order", "sales orders", "tax type",
    "tax types", "due diligence", "sales tax invoice", "cost centre", "credit control", "late fee",
    "open question", "open questions", "sales team",
)  # fmt: skip

# Weak words say nothing of the field when a strong one stands by.
WEAK = frozenset({"any_amount", "any_date", "share"})
# What a concept's word also lets through, by accounting usage.
IMPLIES: dict[str, frozenset[str]] = {
    "balance": frozenset({"balance", "due", "closing_balance"}),
    "gross_profit": frozenset({"gross_profit", "gross_margin"}),
    "gross_margin": frozenset({"gross_margin", "gross_profit"}),
    "operating_profit": frozenset({"operating_profit", "operating_margin"}),
    "net_profit": frozenset({"net_profit", "net_margin"}),
    "spent": frozenset({"spent", "paid", "opex"}),
    "deposited": frozenset({"deposited", "received"}),
    "subtotal": frozenset({"subtotal"}),
}

_LEXICON: dict[str, frozenset[str]] = {}
for _concept, (_, _words) in _CONCEPTS.items():
    for _phrase in _words.split("|"):
        _key = _phrase.replace("-", " ")
        _LEXICON[_key] = _LEXICON.get(_key, frozenset()) | {_concept}
_LEXICON.update(dict.fromkeys(_NEUTRAL, frozenset[str]()))
LONGEST_PHRASE = max(len(phrase.split()) for phrase in _LEXICON)


def units_of(concept: str) -> frozenset[str]:
    """The units a concept is shown in."""
    return _CONCEPTS[concept][0] if concept in _CONCEPTS else frozenset({MONEY, DATE, PERCENT, NUMBER})


def concepts(words: list[str]) -> list[tuple[int, int, frozenset[str]]]:
    """(first word, one past the last, concepts) of each phrase of casefolded `words`, the longest first at a place."""
    found: list[tuple[int, int, frozenset[str]]] = []
    at = 0
    while at < len(words):
        for length in range(min(LONGEST_PHRASE, len(words) - at), 0, -1):
            hit = _LEXICON.get(" ".join(words[at : at + length]))
            if hit is not None:
                if hit:
                    found.append((at, at + length, hit))
                at += length
                break
        else:
            at += 1
    return found


@lru_cache(maxsize=4096)
def field_concepts(field: str) -> frozenset[str]:
    """What a field's name says: `amount_due` is {due}, `date` {any_date}; nothing for a name of no known word."""
    words = [
        word for word in re.split(r"[\W_]+", re.sub(r"(?<=[a-z\d])(?=[A-Z])", "_", field[:200]).casefold()) if word
    ]
    whole = _LEXICON.get(" ".join(words))
    if whole is not None:
        return whole
    hits = [hit for _, _, hit in concepts(words)]
    strong = [hit for hit in hits if not hit <= WEAK]
    return frozenset[str]().union(*(strong or hits))


_DOCUMENT_KINDS = "invoice bill quote estimate order payment deposit refund transfer transaction receipt"
DOCUMENT_NOUNS = words_of(_DOCUMENT_KINDS) | {"note", "document", "statement line", "bank line"}
_PLURALS = (
    "invoices bills quotes estimates orders payments deposits refunds transfers transactions receipts documents"
    " customers suppliers vendors contacts clients debtors creditors accounts items lines rows records entries notes"
    " products services proposals matches findings plans rates employees drafts results companies"
    " organisations payers journals charges categories buckets people parties"
)
_SINGULARS = (
    "invoice bill quote payment deposit customer supplier vendor contact client account item line row record entry note"
    " transaction document debtor creditor proposal match receipt draft refund transfer product"
)
COUNT_NOUNS = words_of(f"{_PLURALS} {_SINGULARS}")
COUNT_WORDS = words_of(
    "open overdue unpaid paid outstanding late draft sales purchase customer supplier bank unreconciled"
    " reconciled matched unmatched line other more new approved awaiting payment past due authorised authorized"
    " recent of the its their your these those our my such active archived credit different separate distinct"
    " individual remaining unmatched unsettled statement journal tax expense income revenue contact invoice bill"
    " partly partially fully sent submitted voided still currently long matching possible accounting ledger key"
    " main receivable payable unique such incoming outgoing small large highest largest biggest oldest top lowest"
    " smallest latest first last operating"
)
RANKS = words_of("highest largest biggest oldest top lowest smallest latest first last most least worst best")

# What each counted noun can be a record of.
NOUN_KINDS: dict[str, frozenset[str]] = {}
for _noun, _kinds in {
    "invoice": "invoice sales_invoice", "bill": "bill purchase_bill", "quote": "quote", "estimate": "quote estimate",
    "order": "purchase_order sales_order order", "payment": "payment batch_payment deposit bank_transaction",
    "deposit": "deposit bank_transaction payment bank_line receive", "refund": "refund payment",
    "transfer": "transfer bank_transfer", "receipt": "receipt payment",
    "transaction": "transaction bank_transaction bank_line payment", "customer": "contact customer",
    "supplier": "contact supplier vendor", "vendor": "contact supplier vendor", "contact": "contact customer supplier",
    "client": "contact customer", "debtor": "contact customer", "creditor": "contact supplier",
    "account": "account bank_account", "item": "item line line_item product", "product": "item product",
    "service": "item product", "line": "line line_item invoice_line bank_line bank_transaction",
    "note": "credit_note", "employee": "employee", "journal": "journal manual_journal", "party": "contact",
    "company": "contact", "payer": "contact", "rate": "tax_rate",
}.items():  # fmt: skip
    NOUN_KINDS[_noun] = NOUN_KINDS[_noun[:-1] + "ies" if _noun in {"party", "company"} else _noun + "s"] = words_of(
        _kinds
    )

# Words that limit which documents are meant; a computation must be limited in the same way.
STATUSES: dict[str, str] = {
    "overdue": "overdue", "late": "overdue", "past due": "overdue", "unpaid": "open", "open": "open",
    "outstanding": "open", "draft": "draft", "drafts": "draft", "paid": "paid", "settled": "paid",
    "awaiting payment": "open", "voided": "voided", "unreconciled": "unreconciled", "unmatched": "unreconciled",
    "reconciled": "reconciled", "matched": "reconciled", "archived": "archived", "submitted": "submitted",
    "approved": "authorised", "authorised": "authorised", "authorized": "authorised",
}  # fmt: skip

SALES = words_of(
    "invoice invoices customer customers receivable receivables debtor debtors sales client clients collect"
)
PURCHASES = words_of(
    "bill bills supplier suppliers payable payables creditor creditors vendor vendors purchase purchases"
)

# Words of any answer that begin with a capital somewhere and name nobody.
COMMON = words_of(
    "receive spend a about above according account"
    " accounting accounts across action actual add added additional addition"
    " adjusted advice after again against age aged ageing aging all almost along already also although always"
    " among amount amounts an analysis and another answer any anything apart approve approved april ar are around"
    " as ask at attention august authorised available average awaiting back balance balances bank based because"
    " before being below besides best between beyond bill billed billing bills books both bottom breakdown bucket"
    " budget but buy by calculated calculation can cash category change changes charge charges check checked chart"
    " clear client clients close closed closing code codes collect collected collection collections combined"
    " compare compared comparison complete concern confirm consider contact contacts contrast cost costs count"
    " could create created credit credits currency current currently customer customers daily data date dates day"
    " days debit debt december deposit deposits description detail details did difference direct do document"
    " documents does done draft drafts due during each earlier earliest earnings either email end ending entry"
    " equity error estimate even every everything example excluding exact expense expenses extra fact facts"
    " february figure figures final finally financial find findings first fiscal following for found four friday"
    " from full further fx general given good great gross group grouped growth had has have he headline help her"
    " here high higher highest his history how however i if import important in include included includes"
    " including income incomplete increase information initial instead interest into invoice invoiced invoices is"
    " issue issued it item items its itself january july june just key know largest last late later latest least"
    " ledger left less let liabilities like limit line lines list listed little local long look looking looks"
    " lower lowest made main major make many march margin margins match matched matches matching may me mean"
    " meanwhile medium metric million minus missing monday money month monthly months more most much must my name"
    " near nearly need needs negative net never new next no none normal not note notes nothing notice november now"
    " number numbers observation observations october of off okay old older oldest on once one only open opening"
    " operating or order orders other others otherwise our out outflow inflow outgoings outlook outstanding over"
    " overall overdue overhead overheads overview owed owes owing own page paid part partial partially past pay"
    " payable payables paying payment payments pending per percent percentage performance period periods person"
    " phone place plan plans please plus point points position positive possible potential previous previously"
    " price prices prior probably product products profit profitability profits propose proposed purchase"
    " purchases quantity quarter quarterly question questions quick quickly quote quotes range rank rate ratio"
    " reason receipt receipts receivable receivables received recent recently recommend recommendation"
    " recommendations recommended reconciled record recorded records reference refund regarding related remaining"
    " reminder remit report reports requested required respectively result results return revenue revenues review"
    " risk roughly row rows running sales same saturday save saved second secondly see send sent september service"
    " services set settled several share she short should show showing shown shows side similarly since single six"
    " size small smallest snapshot so software some something source sources split spend spending spent standing"
    " start starting statement statements status step steps still sub subtotal suggest suggested suggestion sum"
    " summary sunday supplier suppliers sure surplus system table take takeaway takeaways tax taxes ten term terms"
    " than thank thanks that the their them then there therefore these they third this those though three through"
    " thursday thus time to today together tomorrow tool top total totalling totals trade trading transaction"
    " transactions transfer transfers trend trends tuesday turnover two type typical unapproved unclear under unit"
    " units unless unpaid unreconciled until up upcoming update updated us use used using usual value values"
    " variance vendor vendors very view want warning was we wednesday week weekly weeks well were what when where"
    " whereas which while who whole why will with within without work worth would write year yearly years yes"
    " yesterday yet you your yours youre heres thats theres lets ive youve worst biggest top three five seven"
    " eight nine zero owing half sorry apologies correction corrected unfortunately fortunately happy highlights"
    " highlight insight insights bucket buckets aging receivable-ageing days+ reminders email subject dear regards"
    " hello hi kind best outstanding invoice-level assumptions assumption caveat caveats context conclusion"
    " background basis details priority high low urgent immediate suggested follow followup follow-up ups"
    " attention paid-up behind nearly ahead profitable loss losses cogs opex ebitda ebit ytd mtd qtd fy gst vat"
    " bas hst pst p l pl p&l dso ap ar aud usd nzd eur gbp cad sgd q1 q2 q3 q4 h1 h2 xero quickbooks finchat excel"
    " csv pdf id inc incl excl ex inv no yes ok n na tbc jan feb mar apr jun jul aug sep sept oct nov dec mon tue"
    " wed thu fri sat sun goods sold cost-of-sales direct sub-total grand description qty hours hour licence"
    " license licences licenses due-date overdue-by issue issued-on bank-fees allocated unallocated applied terms"
    " limit phone email address reference status authorised draft voided paid-on activity allocation balance-sheet"
    " sheet beginning carried cleared compared contribution control conversion creditor creditors debtor debtors"
    " decrease deducted delta discount discounts dollar dollars double dropped equals equity euro euros exceeds"
    " exchange expected fell figure flat forecast fraction gained grew half improved item-level journal journals"
    " kept likewise mainly matching mostly movement moved moreover namely nominal owing pair payer percent pound"
    " pounds proportion provided quarter-on-quarter reached reduced reflects remains remainder remained remember"
    " representing respectively rest rise risen rose rounded sale seen signed slightly sold sought specifically"
    " stands starting stayed stood tied totalled totaled twice unchanged unmatched versus vs whilst year-to-date"
    " month-end"
)

LEGAL_SUFFIXES = words_of(
    "ltd limited pty inc incorporated llc llp lp gmbh ag sa sas sarl srl bv nv plc co corp corporation company kg"
    " oy ab as aps spa pte trust group holdings nz au uk"
)
