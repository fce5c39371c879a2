"""Words of everyday business English and of accounting: they tell nothing about a person.

What stands in free text and is not here may be a name. Most words that are surnames or given names as well (Grant,
Mark, Rose, Young) are left out on purpose; those that accounting cannot do without (bill, May, price) are withheld only
beside a word that is not here.
"""

from __future__ import annotations

_WORDS = """
a abn about above accept accepted access accessories account accounting accounts accrual accrued ach acn active add
added addition additional adjust adjusted adjustment adjustments admin administration advance advertising advice after
again against ago agreed agreement air all allocate allocated allocation allow allowance almost already also am amended
amortisation amount amounts an analysis and annual annually any ap api apply apr april ar are area as asap asset assets
at atm attached attachment aud audit aug august authorised auto automatic available average away back bacs balance
balances bank banking base based basic batch be because been before begin being below between bic big bill billable
billed billing bills blue board bonus book bookkeeping books bought box bpay branch bring brought bsb budget building
bus business but buy by cad calendar call can cancel cancelled capital car card cards care case cash catering cell
centre certain change changed changes chaps charge charged charges charity cheap check cheque cheques chq class clean
cleaning clear cleared clearing client clients closed closing cm cn code coding coffee cogs column com come commission
company complete completed computer computers conference confirm confirmed connect connection construction consult
consultancy consultant consulting consumables contact contacts contract contractor contracts copy corporate correct
correction cost costs count country courier course cover cr create created credit creditor credits cross csv currency
current customer customers cut daily damage data date dated dates day days dd debit debits debt debtor dec december
deduct deduction default deferred delete deleted deliver delivered delivery dep department deposit deposits
depreciation description design desk details development did difference digital direct direction director discount
discounts dispute dividend do document documents does domain domestic done down dr draft drafts drawings drop due dues
duplicate duty each early east ebitda edit education eft eftpos eg eight eighteen electric electrical electricity
electronic eleven else email employee employer employment end ended ending energy engineering entertainment entry eofy
equipment equity error estimate estimated eta etc eur evening event events every evidence exact except excess exchange
exclude excluding exclusive exempt existing expense expenses expired export extra facility factory failed fair feb
february fee fees few field fifteen fifth fifty figure figures file files filing final finance financial find first
five fixed flat fleet flight flights floor food for foreign form forty found four fourteen fourth free freight friday
from fuel full fund funds furniture further future fx fy fyi gain garden gas gb gbp general get give given gl go goods
got government gross ground group gst had half handling hardware has have headings health heating help here high hire
hiring holiday home host hosting hotel hour hourly hours house household how hr hrs hst http https hundred iban id ids
ie if import in inc included including inclusive income incorrect increase indirect industrial information initial
inside installation instalment insurance interest intermediate internal international internet into inv invalid
inventory investment invoice invoiced invoices invoicing iou is iso issue issued it item items its jan january job jobs
journal jul july jun june just keep kept key kg kind kitchen km labour land laptop large last late later latest lease
leasing least leave ledger left legal less letter liabilities liability licence licences license licenses licensing
light like limit limited line lines link list listed live loan loans local location lodgement log logistics long look
loss lost low lower ltd machine machinery made mail main maintenance make management manager manual manufacturing mar
margin marketing match matched material materials maximum may mb me meal meals mean media medical meeting member
members membership memo memos merchandise message metal method mid migrate migration mileage min minimum mins minus
minute minutes missing ml mm mobile model mon monday money month monthly months more morning most motor move moved mtd
much multiple must my na name names narration narrations national nd near need net network never new next night nil
nine nineteen no non none normal north not note notes nothing nov november now nr null number numbers nzd oct october
of off offer office offset ok old on once one online only open opened opening operating operation operations optional
or order ordered orders ordinary organisation organization original other our out outgoing outside outstanding over
overdraft overdue overhead overpaid overpayment owed owing own owner owners pa pack packaging page paid paper parking
part partial particulars parts past pay payable payables paye payee payer paying payment payments payroll pct pdf
pending pension per percent percentage period permit person personal petrol petty phone photo piece pl place plan
planned plant platform please plumbing plus pm po point policy portion pos position possible post postage posted
posting power pp premises premium prepaid preparation prepare preparing prepayment present previous price priced prices
pricing print printed printer printing prior private process processed processing product production products
professional profit project projects property proposal protection provider provision public purchase purchased
purchases purpose qtd qty quality quantity quarter quarterly quarters question quickbooks quote quoted quotes range
rate rates ratio raw rcpt rd re reading ready real reason rebate receipt receipts receivable receivables receive
received reconcile reconciled reconciliation record records recurring red reduce reduced reduction ref reference
references refund refunded refunds register registered registration regular reimbursement rejected related remaining
reminder remit remittance remove removed renewal rent rental repair repairs repayment repeat replace replaced
replacement report reporting reports request requested required reserve residual resolved result results retail
retained retainer return returned returns revenue reverse reversed review revised right road rollout room round row
rows rubbish run safety salaries salary sale sales same sample sandbox sat saturday save saved saving savings schedule
scheduled school season seat seats second section security see select sell send sent sep sepa sept september series
serve server servers service services session set settle settled settlement setup seven seventeen several share shared
shares shelf shipment shipping shop short should show showing shown side sign signed since single site six sixteen
sixty size sku small so software sold sole some source south space spare special specialist spend spent split sql st
staff stage stamp stamps standard start started state statement statements station stationery status steel still sto
stock stop storage store stores street structure student studio sub subject submitted subscription subscriptions
subtotal such sum summarise summarize summary sun sunday sundry supplier suppliers supplies supply support surcharge
suspense swift system systems table take taken task tasks tax taxable taxes taxi team tech technical technology tel
telephone ten tender term terms test testing text tfr th than that the their them then there these they thing third
thirteen thirty this those thousand three through thu thursday ticket tickets till time times timesheet title to today
together toll tomorrow too tool tools top total totals toward tracking trade trading trailer training transaction
transactions transfer transferred transfers transport travel trf trial trip truck tt tue tuesday twelve twenty two txn
type types unable unallocated uncategorised under uniform unit units unknown unless unpaid until unused up update
updated upgrade upon url us usage usd use used user users using usual utilities utility valid valuation value values
van various vat vehicle vehicles vendor vendors venue verified version very via view visit void voided volume vs wage
wages waiting want warehouse warning warranty was waste water way we web website wed wednesday week weekend weekly
weeks weight welcome well were west what when where which while who whole wholesale why will wip wire with withdrawal
withholding within without wk wood work worked workers working works workshop worth write writing written wrong www
xero xfer year yearly years yes yesterday yet yield you your yr ytd zero
"""

PLAIN_WORDS: frozenset[str] = frozenset(_WORDS.split())
