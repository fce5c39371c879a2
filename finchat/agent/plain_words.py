"""Words of everyday business English, of accounting, and of SQL and finchat itself: they tell nothing about a person.

What stands in free text and is not here may be a name. Most words that are surnames or given names as well (Grant,
Mark, Rose, Young) are left out on purpose; those that accounting cannot do without (bill, May, price) are withheld only
beside a word that is not here.
"""

from __future__ import annotations

_WORDS = """
a abn about above abs accept accepted access accessories account accounting accounts accpay accpaycredit accrec
accreccredit accrual accrued ach acn active add added addition additional address adjust adjusted adjustment
adjustments admin administration advance advertising advice after again against ago agreed agreement air alias alike
all allocate allocated allocation allocations allow allowance allowed almost alone already also although am amended
amortisation amount amounts an analysis and annual annually another answer answered any anybody ap api apply approval
approve approved approves apr april ar archived are area argument arguments array as asap ask asked asking asks asset
assets at atm attached attachment aud audit aug august auth authorised auto automatic available average avg away back
bacs balance balances bank banking base based basic basis batch be because been before begin being below between bgc
bic big bill billable billed billing bills blue board bonus book bookkeeping books boolean both bought box bp bpay
branch bring broke brought bsb bucket buckets budget building bus business but buy by cad calendar call called calls
can cancel cancelled cannot capital car card cards care case cash cast category catering cell centre certain change
changed changes chaps character characters charge charged charges charity chart cheap check checked checking cheque
cheques chg chgs choices chq class clean cleaning clear cleared clearing client clients closed closing cm cn coalesce
code coding coffee cogs collate column columns com combination come comes commission commit company compare compared
comparison complete completed compound computed computer computers concat condition conditions conference confidence
confirm confirmed connect connected connection constraint construction consult consultancy consultant consulting
consumables contact contacts contract contractor contracts contradict contradiction contradicts copy corporate correct
correction cost costs could count counted counterparty country counts courier course cover cr create created credit
credited creditor credits cross csv currencies currency current cursor customer customers cut daily damage data date
dated dates day days dd ddr debit debits debt debtor dec december decide decided decides decimal decimals deduct
deduction deep deeper deeply default deferred delete deleted deliver delivered delivery denied dense deny dep
department deposit deposits depreciation description design desk details development dialect did difference differs
digit digital digits direct direction director discount discounts dispute distinct div divide dividend do document
documents does domain domestic done doubtful doubts down dr draft drafted drafts drawings drop due dues duplicate
duplicates duty each early earned east ebitda edit education eft eftpos eg eight eighteen electric electrical
electricity electronic eleven else email employee employer employment empty end ended ending energy engineering
entertainment entity entry enum eofy equipment equity error errors estimate estimated eta etc eur evening event events
every evidence exact examples except excess exchange exclude excluding exclusive exempt existing exists expected
expense expenses expired explain export expression expressions extra facility fact factory facts failed fair false far
favourable feb february fee feed fees fetch fetched few field fields fifteen fifth fifty figure figures file files
filing filled filter filters final finance financial finchat find finding findings first fit fits fitting five fixed
flat fleet flight flights flip floor followed following food for forbidden foreign form format formula forty found
four fourteen fourth fpo free freight friday from fuel full function functions fund funds furniture further future fx
fy fyi gain garden gas gb gbp general get give given gl go goods got government greatest gross ground group groups gst
guess guid had half handling hardware has hash have having headings health heating held help here high hint hire
hiring hold holds holiday home host hosting hotel hour hourly hours house household how hr hrs hst http https hundred
iban id identifier ids ie if ifnull iif import in inc included including inclusive income incorrect increase index
indirect industrial information initial inner input insert inside installation instalment instant instead instr
insurance integer interest intermediate internal international internet intersect into inv invalid inventory
investment invoice invoiced invoices invoicing iou is iso issue issued it item items its itself jan january job jobs
join joins journal json jul julianday july jun june just keep kept key kg kind kitchen km knows label labour lacks lag
land laptop large last late later latest lead lease leasing least leave ledger left legal length less letter level
levels liabilities liability licence licences license licenses licensing light like limit limited line lines link list
listed literal live loan loans local location lock locked lodgement log logistics long longer look loss lost low lower
lt ltd lte ltrim machine machinery made mail main maintenance make makes malformed management manager manual
manufacturing mar margin margins marked marketing match matched matches material materials max maximum may mb me meal
meals mean meant media medical meeting member members membership memo memory memos merchandise message metal method
mid migrate migration mileage min minimum mins minus minute minutes missing mixed mixes ml mm mobile mod model mon
monday money month monthly months more morning most motor move moved mtd much mul multiple must my na name names
narration narrations narrative national nd near need needed needs nested net network never new next night nil nine
nineteen no nobody non none normal north not note notes nothing nov november now nr null nullif number numbers nzd
object objects oct october of off offer offered office offset ok old on once one ones online only opaque open opened
opening operating operation operations optional or order ordered orders ordinary organisation organization original
other our out outcome outer outgoing output outputs outside outstanding over overdraft overdue overhead overpaid
overpayment owed owing own owner owners pa pack packaging page paid pair pairs paper parameter paren parent parking
parse part partial particulars partition parts past path pattern patterns pay payable payables paye payee payer paying
payment payments payroll pct pdf pending pension per percent percentage period periods permit person personal petrol
petty phone photo piece pl place plain plainer plainly plan planned plans plant platform please plumbing plural plus
pm po point policy portion pos position possible post postage postal posted posting power pp pragma premises premium
prepaid preparation prepare preparing prepayment present previous price priced prices pricing primary print printable
printed printer printing prior private problem problems process processed processing product production products
professional profit project projects propagate properties property proposal proposals propose proposed proposes
protection provider provision public punctuation purchase purchased purchases purpose put qtd qty quality quantity
quarantined quarter quarterly quarters queries query question questions quickbooks quote quoted quotes raise range
rank rate rates ratio ratios raw rcpt rd re read readable reading reads ready real reason rebate receipt receipts
receivable receivables receive received reconcile reconciled reconciliation record recorded records recurring red
reduce reduced reduction ref reference references refund refunded refunds refuse refused refuses region register
registered registration regular reimbursement rejected related remaining reminder remit remittance remove removed
renewal rent rental repair repairs repayment repeat replace replaced replacement report reported reporting reports
request requested required reserve residual resolved result results retail retained retainer retry return returned
returns revenue reverse reversed review revised right rival road role rollback rollout room round rounding row
rownumber rows rtrim rubbish rule rules run safety said salaries salary sale sales same sample sandbox sat saturday
save saved saving savings say says scale schedule scheduled schema schemas school screen search searched season seat
seats second seconds section security see seen select selected sell send sends sent sep sepa sept september series
serve server servers service services session set settings settle settled settlement settles setup seven seventeen
several severity share shared shares shelf shipment shipping shop short shorter should show showing shown shows side
sign signed similar since single site six sixteen sixty size sku small so software sold sole some something sort
source south space spare speaks special specialist spend spent split sql sqlite st staff stage stamp stamps stand
standard stands start started state statement statements station stationery status steel still sto stock stop stopped
storage store stored stores street strftime strict string strings structure structured student studio sub subject
submitted subquery subscription subscriptions substr substring subtotal such sum summarise summarize summary summed
sums sun sunday sundry supplier suppliers supplies supply support surcharge suspense swift system systems table tables
take taken takes task tasks tax taxable taxes taxi team tech technical technology tel telephone tell temp temporary
ten tender term terms test testing text texts tfr th than that the their them then there these they thing third
thirteen thirty this those thousand three through thu thursday tick ticket tickets tie ties till time times timesheet
timestamp timezone title titles tlr to today together token tokens told toll tomorrow too took tool tools top total
totals toward tracking trade trading trailer training transaction transactions transfer transferred transfers
transport travel treat trf trial trim trip trn truck true truncated try tt tue tuesday tuple turn turnover twelve
twenty twice two txn type types unable unallocated uncategorised under undo unexplained uniform union unique unit
units unknown unless unmatched unpaid unread unsettled until unused up update updated upgrade upon upper url us usage
usd use used user users uses using usual utc utf utilities utility uuid valid valuation value values van variance
various vat vehicle vehicles vendor vendors venue verified version very via view visit void voided volume vs wage
wages waiting want warehouse warning warranty was waste water way we web website wed wednesday week weekend weekly
weeks weight welcome well were west what when where whether which while who whole wholesale why will window wip wire
wish with withdrawal withheld withholding within without wk wood word words work worked workers working works workshop
worth would write writes writing written wrong www xero xfer year yearly years yes yesterday yet yield you your
yourself yr ytd zero
"""

PLAIN_WORDS: frozenset[str] = frozenset(_WORDS.split())

# What banks write of a payment. Any other plain word beside a withheld one, in a text in capitals as theirs are, may be
# a part of its name (PLUMBING, CENTRE, NORTH).
_OF_BANKS = """
account ach acn adjustment advance after amount apr april atm aud aug august auto automatic bacs balance bank banking
before bgc bill billing bills bp bpay branch bsb cad card cash chaps charge charges cheque cheques chg chgs chq
cleared clearing commission cr credit creditor currency customer date day dd ddr debit dec december deduction dep
deposit deposits direct discount dividend down dr drawings due duplicate each earned eft eftpos email entry eur excess
exchange exempt expense feb february fee fees final for fpo friday from full fund funds fx gbp gst hst iban id in
initial installation instalment interest internal inv invoice invoices iou jan january jul july jun june last late
less loan mar may monday month monthly net no nov november number nzd oct october on only ordered out outgoing
outstanding over overdue overpaid overpayment paid part partial pay payable payee payer paying payment payments
payroll pct pending per period po pos prepaid prepayment quarter quarterly quote rate rcpt re receipt receipts
receivable received ref reference refund refunded refunds remittance rent repayment retainer return returned reverse
reversed salary sales saturday sep sepa september service settle settlement short split statement sto stop
subscription sum sunday surcharge swift tax tel tfr thu thursday tlr to total transaction transfer transferred trf trn
tt tue tuesday txn unpaid until usd use vat via void wage wages wed wednesday week weekly wire with withdrawal
withholding xfer year yearly
"""

WORDS_OF_BANKS: frozenset[str] = frozenset(_OF_BANKS.split())
