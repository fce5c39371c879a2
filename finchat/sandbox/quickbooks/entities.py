"""The table of entities: what each one is, which properties it has, what may be asked, written, voided, deleted.

A property is written as one word, "Name=kind[/longest][?][!]": `?` may stand in a query's WHERE and ORDERBY, `!` is
worked out by the server (accepted when sent, and not looked at). Kinds: text, boolean, integer, number, money, date,
time, ref:Entity (one of several with |), code (a reference to what is no entity here), one:A|B (an enumeration),
address, email, phone, web, memo, object, list. What a client may send beyond that, because the vendor's schema has it,
is named in `also` and not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from finchat.dialects.quickbooks_query import Fields
from finchat.dialects.quickbooks_query import Kind as QueryKind

EntityKind = Literal["list", "transaction", "other"]
Operation = Literal["create", "update", "delete", "void"]
_WORD = re.compile(r"(\w+)=([a-z]+)(?::([\w|]+))?(?:/(\d+))?(\??)(!?)\Z")
_QUERY_KINDS: Mapping[str, QueryKind] = {
    "boolean": "boolean",
    "integer": "number",
    "number": "number",
    "money": "number",
    "date": "date",
    "time": "time",
    "ref": "ref",
}


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an entity; `targets` are the entities a reference may name, `choices` those of an enumeration."""

    name: str
    kind: str
    targets: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    longest: int = 4000
    queryable: bool = False
    computed: bool = False


@dataclass(frozen=True)
class Entity:
    """One entity.

    `required` must be there on create and full update, `sparse_required` on a sparse update too; a dotted name is
    inside the first, "A|B" is either. `sequence` names the run of numbers its Ids come from. `name` is the property
    that is unique and gets "(deleted)" when the record is made inactive; `order` sorts a query that does not say.
    `party` is the property of the customer or vendor, `posts` is False for what moves no account.
    """

    name: str
    kind: EntityKind
    properties: Mapping[str, Property]
    also: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    sparse_required: tuple[str, ...] = ()
    operations: frozenset[Operation] = frozenset(("create", "update"))
    sequence: str = ""
    name_property: str = ""
    order: str = ""
    party: str = ""
    posts: bool = False
    lines: tuple[str, ...] = ()
    numbered: bool = False
    extra_queryable: Mapping[str, QueryKind] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.name.lower()

    @cached_property
    def known(self) -> frozenset[str]:
        """Every property name a client may send."""
        return frozenset((*self.properties, *self.also, *_COMMON))

    @cached_property
    def known_in_order(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.properties, *sorted(self.also), *_COMMON)))

    @cached_property
    def fields(self) -> Fields:
        """What a query may name."""
        queryable: dict[str, QueryKind] = {"Id": "id"}
        queryable |= {p.name: _QUERY_KINDS.get(p.kind, "text") for p in self.properties.values() if p.queryable}
        queryable |= {"MetaData.CreateTime": "time", "MetaData.LastUpdatedTime": "time"}
        return Fields({**queryable, **self.extra_queryable}, self.known)


_COMMON = ("Id", "SyncToken", "MetaData", "domain", "sparse", "status", "CustomField", "AttachableRef", "Active")


def _properties(text: str) -> dict[str, Property]:
    return {found.name: found for found in _read(text)}


def _read(text: str) -> Iterator[Property]:
    for word in text.split():
        match = _WORD.match(word)
        if match is None:
            raise ValueError(f"not a property: {word}")
        name, kind, of, longest, asked, computed = match.groups()
        of = tuple(of.split("|")) if of else ()
        yield Property(
            name,
            "enum" if kind == "one" else kind,
            targets=of if kind == "ref" else (),
            choices=of if kind == "one" else (),
            longest=int(longest) if longest else 4000,
            queryable=bool(asked),
            computed=bool(computed),
        )


# -- what several entities have

_PERSON = """
Title=text/16 GivenName=text/100? MiddleName=text/100? FamilyName=text/100? Suffix=text/16 CompanyName=text/100?
DisplayName=text/500? PrintOnCheckName=text/110? Active=boolean? PrimaryPhone=phone AlternatePhone=phone Mobile=phone
Fax=phone PrimaryEmailAddr=email? WebAddr=web
"""
_PERSON_ALSO = """IntuitId Organization UserId V4IDPseudonym OtherContactInfo OtherAddr ContactName AltContactName
Source GSTIN GSTRegistrationType BusinessNumber CreditLimit"""
_TXN = """
DocNumber=text/21? TxnDate=date? DepartmentRef=ref:Department CurrencyRef=code ExchangeRate=number
PrivateNote=text/4000 LinkedTxn=list Line=list TransactionLocationType=text TxnSource=text/100 RecurDataRef=code
"""
_TXN_ALSO = """TxnSubType TxnStatus TaxFormType TaxFormNum Tag TxnApprovalInfo RecurringInfo ProjectRef TotalCostAmount
HomeTotalCostAmount AutoDocNumber"""
_SALES = """
TxnTaxDetail=object CustomerRef=ref:Customer? CustomerMemo=memo BillAddr=address ShipAddr=address ShipFromAddr=address
FreeFormAddress=boolean ClassRef=ref:Class SalesTermRef=ref:Term ShipMethodRef=code ShipDate=date TrackingNum=text/31
GlobalTaxCalculation=one:TaxInclusive|TaxExcluded|NotApplicable TotalAmt=money?! HomeTotalAmt=money!
ApplyTaxAfterDiscount=boolean PrintStatus=one:NotSet|NeedToPrint|PrintComplete
EmailStatus=one:NotSet|NeedToSend|EmailSent BillEmail=email BillEmailCc=email BillEmailBcc=email DeliveryInfo=object!
"""
_SALES_ALSO = """RemitToRef SalesRepRef PONumber FOB ShippingTaxIncludedInTotalTax TemplateRef FinanceCharge
PaymentType CheckPayment CreditCardPayment DiscountRate DiscountAmt GovtTxnRefIdentifier TaxExemptionRef HomeBalance
Balance DueDate ARAccountRef PaymentMethodRef PaymentRefNum DepositToAccountRef"""
_BUYING = """VendorRef=ref:Vendor? APAccountRef=ref:Account TotalAmt=money?! TxnTaxDetail=object
GlobalTaxCalculation=one:TaxInclusive|TaxExcluded|NotApplicable Memo=text/4000"""
_BUYING_ALSO = "BillEmail ReplyEmail PayerRef HomeTotalAmt LessCIS IncludeInAnnualTPAR"
_SALES_LINES = ("SalesItemLineDetail", "GroupLineDetail", "DescriptionOnly", "DiscountLineDetail", "SubTotalLineDetail")
_EXPENSE_LINES = ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail")
_EVERY = frozenset[Operation](("create", "update", "delete", "void"))
_NO_VOID = frozenset[Operation](("create", "update", "delete"))
_KEPT = frozenset[Operation](("create", "update"))
_FIXED = frozenset[Operation]()


def _list(
    name: str,
    text: str,
    *,
    also: str = "",
    required: tuple[str, ...] = ("Name",),
    sparse_required: tuple[str, ...] = (),
    operations: frozenset[Operation] = _KEPT,
    sequence: str = "",
    name_property: str = "Name",
    order: str = "FullyQualifiedName",
) -> Entity:
    return Entity(
        name,
        "list",
        _properties(text),
        frozenset((*also.split(), f"{name}Ex")),
        required=required,
        sparse_required=sparse_required,
        operations=operations,
        sequence=sequence or name,
        name_property=name_property,
        order=order,
    )


def _transaction(
    name: str,
    text: str,
    *,
    also: str = "",
    required: tuple[str, ...],
    sparse_required: tuple[str, ...] = (),
    operations: frozenset[Operation] = _NO_VOID,
    party: str = "",
    posts: bool = True,
    lines: tuple[str, ...] = (),
    numbered: bool = False,
    sequence: str = "transaction",
    common: bool = True,
) -> Entity:
    properties = _properties((_TXN if common else "") + text)
    names = frozenset((*_TXN_ALSO.split(), *also.split(), f"{name}Ex")) - properties.keys()
    return Entity(
        name,
        "transaction",
        properties,
        names,
        required=required,
        sparse_required=sparse_required,
        operations=operations,
        sequence=sequence,
        party=party,
        posts=posts,
        lines=lines,
        numbered=numbered,
    )


def _other(
    name: str,
    text: str,
    *,
    also: str = "",
    required: tuple[str, ...] = (),
    operations: frozenset[Operation] = _FIXED,
    order: str = "",
    extra: Mapping[str, QueryKind] | None = None,
) -> Entity:
    return Entity(
        name,
        "other",
        _properties(text),
        frozenset(also.split()),
        required=required,
        operations=operations,
        sequence=name,
        order=order,
        extra_queryable=extra or {},
    )


# Account type -> (classification, the sub type it has when none is given).
ACCOUNT_TYPES: Mapping[str, tuple[str, str]] = {
    "Bank": ("Asset", "Checking"),
    "Accounts Receivable": ("Asset", "AccountsReceivable"),
    "Other Current Asset": ("Asset", "OtherCurrentAssets"),
    "Fixed Asset": ("Asset", "OtherFixedAssets"),
    "Other Asset": ("Asset", "OtherLongTermAssets"),
    "Accounts Payable": ("Liability", "AccountsPayable"),
    "Credit Card": ("Liability", "CreditCard"),
    "Other Current Liability": ("Liability", "OtherCurrentLiabilities"),
    "Long Term Liability": ("Liability", "OtherLongTermLiabilities"),
    "Equity": ("Equity", "OpeningBalanceEquity"),
    "Income": ("Revenue", "SalesOfProductIncome"),
    "Cost of Goods Sold": ("Expense", "SuppliesMaterialsCogs"),
    "Expense": ("Expense", "OtherBusinessExpenses"),
    "Other Income": ("Revenue", "OtherMiscellaneousIncome"),
    "Other Expense": ("Expense", "OtherMiscellaneousExpense"),
}
_SUB_TYPES = {
    "Bank": "CashOnHand Checking MoneyMarket RentsHeldInTrust Savings TrustAccounts",
    "Accounts Receivable": "AccountsReceivable",
    "Other Current Asset": """AllowanceForBadDebts DevelopmentCosts EmployeeCashAdvances OtherCurrentAssets Inventory
        Investment_MortgageRealEstateLoans Investment_Other Investment_TaxExemptSecurities
        Investment_USGovernmentObligations LoansToOfficers LoansToOthers LoansToStockholders PrepaidExpenses Retainage
        UndepositedFunds""",
    "Fixed Asset": """AccumulatedDepletion AccumulatedDepreciation DepletableAssets FixedAssetComputers
        FixedAssetCopiers FixedAssetFurniture FixedAssetPhone FixedAssetPhotoVideo FixedAssetSoftware
        FixedAssetOtherToolsEquipment FurnitureAndFixtures Land LeaseholdImprovements OtherFixedAssets
        AccumulatedAmortization Buildings IntangibleAssets MachineryAndEquipment Vehicles""",
    "Other Asset": """LeaseBuyout OtherLongTermAssets SecurityDeposits AccumulatedAmortizationOfOtherAssets Goodwill
        Licenses OrganizationalCosts""",
    "Accounts Payable": "AccountsPayable",
    "Credit Card": "CreditCard",
    "Other Current Liability": """DirectDepositPayable LineOfCredit LoanPayable GlobalTaxPayable GlobalTaxSuspense
        OtherCurrentLiabilities PayrollClearing PayrollTaxPayable PrepaidExpensesPayable RentsInTrustLiability
        TrustAccountsLiabilities FederalIncomeTaxPayable InsurancePayable SalesTaxPayable StateLocalIncomeTaxPayable
        DeferredRevenue""",
    "Long Term Liability": "NotesPayable OtherLongTermLiabilities ShareholderNotesPayable",
    "Equity": """OpeningBalanceEquity PartnersEquity RetainedEarnings AccumulatedAdjustment OwnersEquity
        PaidInCapitalOrSurplus PartnerContributions PartnerDistributions PreferredStock CommonStock TreasuryStock
        EstimatedTaxes Healthcare PersonalIncome PersonalExpense""",
    "Income": """NonProfitIncome OtherPrimaryIncome SalesOfProductIncome ServiceFeeIncome DiscountsRefundsGiven
        UnappliedCashPaymentIncome""",
    "Cost of Goods Sold": """EquipmentRentalCos OtherCostsOfServiceCos ShippingFreightDeliveryCos SuppliesMaterialsCogs
        CostOfLaborCos FreightAndDeliveryCos""",
    "Expense": """AdvertisingPromotional BadDebts BankCharges CharitableContributions Entertainment EntertainmentMeals
        EquipmentRental GlobalTaxExpense Insurance InterestPaid LegalProfessionalFees
        OfficeGeneralAdministrativeExpenses OtherBusinessExpenses OtherMiscellaneousServiceCost PromotionalMeals
        RentOrLeaseOfBuildings RepairMaintenance ShippingFreightDelivery SuppliesMaterials Travel TravelMeals Utilities
        Auto CostOfLabor DuesSubscriptions PayrollExpenses TaxesPaid UnappliedCashBillPaymentExpense""",
    "Other Income": """DividendIncome InterestEarned OtherInvestmentIncome OtherMiscellaneousIncome
        TaxExemptInterest""",
    "Other Expense": """Depreciation ExchangeGainOrLoss OtherMiscellaneousExpense PenaltiesSettlements Amortization
        GasAndFuel HomeOffice HomeownerRentalInsurance OtherHomeOfficeExpenses OtherVehicleExpenses ParkingAndTolls
        RentAndLeaseHomeOffice UtilitiesHomeOffice Vehicle VehicleInsurance VehicleLease VehicleLoanInterest
        VehicleRegistration VehicleRepairs""",
}
# Sub type -> account type: a client may give either.
SUB_TYPES: Mapping[str, str] = {sub: kind for kind, subs in _SUB_TYPES.items() for sub in subs.split()}
ITEM_TYPES = ("Inventory", "NonInventory", "Service", "Category", "Group")

_ALL = (
    _list(
        "Customer",
        _PERSON
        + """FullyQualifiedName=text? DefaultTaxCodeRef=code Taxable=boolean? BillAddr=address ShipAddr=address
        Notes=text/2000 Job=boolean? BillWithParent=boolean ParentRef=ref:Customer Level=integer!
        CustomerTypeRef=code SalesTermRef=ref:Term PaymentMethodRef=ref:PaymentMethod Balance=money?!
        BalanceWithJobs=money?! OpenBalanceDate=date CurrencyRef=code
        PreferredDeliveryMethod=one:Print|Email|None ResaleNum=text/16 ARAccountRef=ref:Account
        PrimaryTaxIdentifier=text/20 SecondaryTaxIdentifier=text/20 TaxExemptionReasonId=text IsProject=boolean
        ClientEntityId=text""",
        also=_PERSON_ALSO
        + """ RootCustomerRef SalesRepRef TaxGroupCodeRef TaxRateRef CCDetail PriceLevelRef AcctNum OverDueBalance
        TotalRevenue TotalExpense JobInfo TDSEnabled IsCISContractor ClientCompanyId TaxRegime""",
        required=("DisplayName|Title|GivenName|MiddleName|FamilyName|Suffix",),
        sequence="name",
        name_property="DisplayName",
    ),
    _list(
        "Vendor",
        _PERSON
        + """BillAddr=address TaxIdentifier=text/20 TermRef=ref:Term Balance=money?! BillRate=number
        CostRate=number AcctNum=text/100 Vendor1099=boolean CurrencyRef=code APAccountRef=ref:Account
        TaxReportingBasis=text VendorPaymentBankDetail=object""",
        also=_PERSON_ALSO
        + """ FullyQualifiedName DefaultTaxCodeRef Notes ShipAddr TaxCountry TaxIdEffectiveDate ParentRef VendorTypeRef
        PrefillAccountRef OpenBalanceDate T4AEligible T5018Eligible TDSEnabled TDSEntityTypeId TDSSectionTypeId
        TDSOverrideThreshold IsSubContractor SubcontractorType CISRate HasTPAR AgencyVerificationStatus
        AgencyVerificationStatusMsg AgencyVerificationTSUTC CompanyRegistrationNumber""",
        required=("DisplayName|Title|GivenName|MiddleName|FamilyName|Suffix",),
        sequence="name",
        name_property="DisplayName",
        order="DisplayName",
    ),
    _list(
        "Employee",
        _PERSON
        + """SSN=text/100 PrimaryAddr=address EmployeeNumber=text/100 EmployeeType=text BillableTime=boolean
        BillRate=number CostRate=number BirthDate=date Gender=one:Male|Female HiredDate=date ReleasedDate=date""",
        also=_PERSON_ALSO + " FullyQualifiedName DefaultTaxCodeRef Notes UseTimeEntry",
        required=("DisplayName|GivenName|FamilyName",),
        sequence="name",
        name_property="DisplayName",
        order="DisplayName",
    ),
    _list(
        "Account",
        """Name=text/100? SubAccount=boolean? ParentRef=ref:Account? Description=text/100 FullyQualifiedName=text?!
        Active=boolean? Classification=text?! AccountType=text? AccountSubType=text? AcctNum=text/20?
        CurrentBalance=money?! CurrentBalanceWithSubAccounts=money?! CurrencyRef=code TaxCodeRef=code
        AccountAlias=text TxnLocationType=text""",
        also="""AccountPurposes AcctNumExtn BankNum OpeningBalance OpeningBalanceDate TaxAccount OnlineBankingEnabled
        FIName JournalCodeRef""",
        required=("Name", "AccountType|AccountSubType"),
    ),
    _list(
        "Item",
        """Name=text/100? Sku=text/100? Description=text/4000? Active=boolean? SubItem=boolean ParentRef=ref:Item
        Level=integer! FullyQualifiedName=text? Taxable=boolean SalesTaxIncluded=boolean UnitPrice=number?
        Type=one:Inventory|NonInventory|Service|Category|Group? IncomeAccountRef=ref:Account PurchaseDesc=text/1000
        PurchaseTaxIncluded=boolean PurchaseCost=number ExpenseAccountRef=ref:Account AssetAccountRef=ref:Account
        PrefVendorRef=ref:Vendor TrackQtyOnHand=boolean QtyOnHand=number? ReorderPoint=number InvStartDate=date
        SalesTaxCodeRef=code PurchaseTaxCodeRef=code ClassRef=ref:Class ItemGroupDetail=object
        PrintGroupedItems=boolean TaxClassificationRef=code""",
        also="""PercentBased RatePercent PaymentMethodRef UOMSetRef COGSAccountRef AvgCost QtyOnPurchaseOrder
        QtyOnSalesOrder ManPartNum DepositToAccountRef BuildPoint SpecialItem SpecialItemType ItemAssemblyDetail
        AbatementRate ReverseChargeRate ServiceType ItemCategoryType UQCDisplayText UQCId Source DeferredRevenue
        CustomExtensions""",
    ),
    _transaction(
        "Invoice",
        _SALES
        + """DueDate=date? Balance=money?! HomeBalance=money! ARAccountRef=ref:Account
        DepositToAccountRef=ref:Account Deposit=money AllowIPNPayment=boolean AllowOnlinePayment=boolean
        AllowOnlineCreditCardPayment=boolean AllowOnlineACHPayment=boolean InvoiceLink=text!""",
        also=_SALES_ALSO
        + """ AllowOnlinePayPalPayment AllowOnlineAffirmPayment EInvoiceStatus ECloudStatusTimeStamp CfdiUse Exportation
        GlobalInfo invoiceStatus callToAction invoiceStatusLog LessCIS PaymentDetailsMessage ConvenienceFeeDetail
        EnabledSurchargeInfo InvoiceLinkSecurityCode InvoiceLinkExpiryDate AutoPayEligible SchedulePayEligible
        ScheduledPaymentId GratuityEnabled FinancingProductType SubscriptionPaymentsSetting TxnRetainageDetail""",
        required=("CustomerRef", "Line"),
        operations=_EVERY,
        party="CustomerRef",
        lines=_SALES_LINES,
        numbered=True,
    ),
    _transaction(
        "Bill",
        _BUYING
        + """ DueDate=date? Balance=money?! HomeBalance=money! SalesTermRef=ref:Term? VendorAddr=address
        ShipAddr=address RemitToAddr=address""",
        also=_BUYING_ALSO,
        required=("VendorRef", "Line"),
        sparse_required=("VendorRef",),
        party="VendorRef",
        lines=_EXPENSE_LINES,
    ),
    _transaction(
        "Payment",
        """CustomerRef=ref:Customer? ARAccountRef=ref:Account DepositToAccountRef=ref:Account
        PaymentMethodRef=ref:PaymentMethod PaymentRefNum=text/21? TotalAmt=money? UnappliedAmt=money!
        ProcessPayment=boolean CreditCardPayment=object""",
        also="TxnTaxDetail RemitToRef PaymentType CheckPayment PaymentExtendedType TaxExemptionRef",
        required=("CustomerRef", "TotalAmt"),
        operations=_EVERY,
        party="CustomerRef",
    ),
    _transaction(
        "BillPayment",
        """VendorRef=ref:Vendor? VendorAddr=address APAccountRef=ref:Account PayType=one:Check|CreditCard
        CheckPayment=object CreditCardPayment=object TotalAmt=money? ProcessBillPayment=boolean""",
        also="TxnTaxDetail",
        required=("VendorRef", "PayType", "TotalAmt", "Line"),
        operations=_EVERY,
        party="VendorRef",
    ),
    _transaction(
        "Purchase",
        """AccountRef=ref:Account PaymentMethodRef=ref:PaymentMethod PaymentRefNum=text/21
        PaymentType=one:Cash|Check|CreditCard? EntityRef=ref:Customer|Vendor|Employee Credit=boolean RemitToAddr=address
        TotalAmt=money?! Memo=text/4000 PrintStatus=one:NotSet|NeedToPrint|PrintComplete TxnTaxDetail=object
        GlobalTaxCalculation=one:TaxInclusive|TaxExcluded|NotApplicable""",
        also="CheckPayment CreditCardPayment LessCIS IncludeInAnnualTPAR HomeTotalAmt",
        required=("PaymentType", "AccountRef", "Line"),
        sparse_required=("PaymentType", "AccountRef"),
        party="EntityRef",
        lines=_EXPENSE_LINES,
    ),
    _transaction(
        "Deposit",
        """DepositToAccountRef=ref:Account CashBack=object TotalAmt=money?! HomeTotalAmt=money! TxnTaxDetail=object
        GlobalTaxCalculation=one:TaxInclusive|TaxExcluded|NotApplicable""",
        required=("DepositToAccountRef", "Line"),
        lines=("DepositLineDetail",),
    ),
    _transaction(
        "Transfer",
        """FromAccountRef=ref:Account ToAccountRef=ref:Account Amount=money ClassRef=ref:Class""",
        also="TxnTaxDetail",
        required=("FromAccountRef", "ToAccountRef", "Amount"),
    ),
    _transaction(
        "JournalEntry",
        """Adjustment=boolean HomeCurrencyAdjustment=boolean EnteredInHomeCurrency=boolean TotalAmt=money!
        HomeTotalAmt=money! TxnTaxDetail=object GlobalTaxCalculation=one:TaxInclusive|TaxExcluded|NotApplicable""",
        required=("Line",),
        lines=("JournalEntryLineDetail", "DescriptionOnly"),
        numbered=True,
    ),
    _transaction(
        "CreditMemo",
        _SALES
        + """Balance=money?! RemainingCredit=money! HomeBalance=money! ARAccountRef=ref:Account
        PaymentMethodRef=ref:PaymentMethod InvoiceRef=code""",
        also=_SALES_ALSO,
        required=("CustomerRef", "Line"),
        operations=_EVERY,
        party="CustomerRef",
        lines=_SALES_LINES,
        numbered=True,
    ),
    _transaction(
        "RefundReceipt",
        _SALES
        + """Balance=money! DepositToAccountRef=ref:Account PaymentMethodRef=ref:PaymentMethod
        PaymentRefNum=text/21 PaymentType=one:Cash|Check|CreditCard|Other CheckPayment=object
        CreditCardPayment=object""",
        also=_SALES_ALSO + " RemainingCredit",
        required=("DepositToAccountRef", "Line"),
        operations=_EVERY,
        party="CustomerRef",
        lines=_SALES_LINES,
        numbered=True,
    ),
    _transaction(
        "SalesReceipt",
        _SALES
        + """Balance=money?! DepositToAccountRef=ref:Account PaymentMethodRef=ref:PaymentMethod
        PaymentRefNum=text/21""",
        also=_SALES_ALSO + " LessCIS",
        required=("Line",),
        operations=_EVERY,
        party="CustomerRef",
        lines=_SALES_LINES,
        numbered=True,
    ),
    _transaction(
        "Estimate",
        _SALES
        + """DueDate=date ExpirationDate=date AcceptedBy=text/100 AcceptedDate=date
        TxnStatus=one:Accepted|Closed|Pending|Rejected|Converted""",
        also=_SALES_ALSO,
        required=("CustomerRef", "Line"),
        party="CustomerRef",
        posts=False,
        lines=_SALES_LINES,
        numbered=True,
    ),
    _transaction(
        "VendorCredit",
        _BUYING + " Balance=money! VendorAddr=address",
        also=_BUYING_ALSO,
        required=("VendorRef", "Line"),
        party="VendorRef",
        lines=_EXPENSE_LINES,
    ),
    _transaction(
        "PurchaseOrder",
        _BUYING
        + """ DueDate=date ClassRef=ref:Class SalesTermRef=ref:Term ExpectedDate=date VendorAddr=address
        ShipAddr=address ShipTo=code ShipMethodRef=code POEmail=email POStatus=one:Open|Closed EmailStatus=text
        ManuallyClosed=boolean""",
        also=_BUYING_ALSO
        + " TaxCodeRef ReimbursableInfoRef DropShipToEntity InventorySiteRef FOB TemplateRef PrintStatus",
        required=("VendorRef", "Line"),
        party="VendorRef",
        posts=False,
        lines=_EXPENSE_LINES,
        numbered=True,
    ),
    _transaction(
        "TimeActivity",
        """TxnDate=date? NameOf=one:Employee|Vendor EmployeeRef=ref:Employee? VendorRef=ref:Vendor?
        CustomerRef=ref:Customer? DepartmentRef=ref:Department ItemRef=ref:Item ClassRef=ref:Class
        PayrollItemRef=code BillableStatus=one:Billable|NotBillable|HasBeenBilled? Taxable=boolean HourlyRate=number
        CostRate=number Hours=integer Minutes=integer Seconds=integer BreakHours=integer BreakMinutes=integer
        BreakSeconds=integer StartTime=time EndTime=time Description=text/4000 TransactionLocationType=text""",
        also="""TimeZone OtherNameRef TimeChargeId HoursInEmployeeTimeZone DocNumber CurrencyRef ExchangeRate
        PrivateNote LinkedTxn Line TxnTaxDetail TxnSource RecurDataRef""",
        required=("NameOf", "EmployeeRef|VendorRef"),
        posts=False,
        sequence="TimeActivity",
        common=False,
    ),
    _list(
        "Department",
        """Name=text/100? SubDepartment=boolean? ParentRef=ref:Department? FullyQualifiedName=text? Active=boolean?
        Address=address""",
    ),
    _list(
        "Class",
        "Name=text/100? SubClass=boolean? ParentRef=ref:Class? FullyQualifiedName=text? Active=boolean?",
    ),
    _list(
        "TaxCode",
        """Name=text/100? Description=text/100? Active=boolean? Hidden=boolean Taxable=boolean TaxGroup=boolean
        SalesTaxRateList=object PurchaseTaxRateList=object""",
        also="AdjustmentTaxRateList TaxCodeConfigType",
        operations=_FIXED,
        order="",
    ),
    _list(
        "TaxRate",
        """Name=text/100? Description=text/100? Active=boolean? RateValue=number AgencyRef=ref:TaxAgency
        TaxReturnLineRef=object EffectiveTaxRate=list SpecialTaxType=text DisplayType=text OriginalTaxRate=object""",
        operations=_FIXED,
        order="",
    ),
    _list(
        "TaxAgency",
        """DisplayName=text/100? TaxTrackedOnPurchases=boolean TaxTrackedOnSales=boolean TaxRegistrationNumber=text/30
        LastFileDate=date ReportingPeriod=text TaxOnTax=boolean TaxAgencyConfig=text""",
        also=_PERSON_ALSO,
        required=("DisplayName",),
        operations=frozenset(("create",)),
        name_property="DisplayName",
        order="DisplayName",
    ),
    _list(
        "Term",
        """Name=text/31? Active=boolean? Type=text? DiscountPercent=number DueDays=integer DiscountDays=integer
        DayOfMonthDue=integer DueNextMonthDays=integer DiscountDayOfMonth=integer""",
        also="SalesTermEx",
        required=("Name", "DueDays|DayOfMonthDue"),
        order="Name",
    ),
    _list("PaymentMethod", "Name=text/31? Active=boolean? Type=text?", order="Name"),
    _other(
        "CompanyInfo",
        """CompanyName=text/1024? LegalName=text/1024 CompanyAddr=address CustomerCommunicationAddr=address
        LegalAddr=address CompanyEmailAddr=email CustomerCommunicationEmailAddr=email CompanyURL=web PrimaryPhone=phone
        CompanyStartDate=date EmployerId=text FiscalYearStartMonth=text TaxYearStartMonth=text Country=text Email=email
        WebAddr=web SupportedLanguages=text DefaultTimeZone=text NameValue=list""",
        also="""OtherContactInfo CompanyFileName FlavorStratum SampleFile CompanyUserId CompanyUserAdminEmail QBVersion
        ShipAddr OtherAddr Mobile Fax LastImportedTime LastSyncTime MultiByteCharsSupported FifoCalculationStatus
        CompanyInfoEx""",
        required=("CompanyName", "CompanyAddr"),
        operations=frozenset(("update",)),
    ),
    _other(
        "Preferences",
        """AccountingInfoPrefs=object ProductAndServicesPrefs=object SalesFormsPrefs=object EmailMessagesPrefs=object
        VendorAndPurchasesPrefs=object TimeTrackingPrefs=object TaxPrefs=object CurrencyPrefs=object ReportPrefs=object
        OtherPrefs=object""",
        also="AdvancedInventoryPrefs PrintDocumentPrefs FinanceChargesPrefs PreferencesEx",
        operations=frozenset(("update",)),
    ),
    _other(
        "ExchangeRate",
        "SourceCurrencyCode=text/3? TargetCurrencyCode=text/3 Rate=number AsOfDate=date?",
        also="ExchangeRateEx",
        required=("SourceCurrencyCode", "Rate"),
        operations=frozenset(("update",)),
        order="SourceCurrencyCode",
    ),
    _other(
        "Budget",
        """Name=text/100? StartDate=date EndDate=date BudgetType=one:ProfitAndLoss? BudgetEntryType=text Active=boolean?
        BudgetDetail=list""",
        order="Name",
    ),
    _other(
        "Attachable",
        """AttachableRef=list FileName=text/1000? Note=text/2000 Category=text/100 ContentType=text/100
        PlaceName=text/100 Tag=text/2000 Lat=text Long=text Size=integer! FileAccessUri=text! TempDownloadUri=text!
        ThumbnailFileAccessUri=text! ThumbnailTempDownloadUri=text!""",
        also="AttachableEx documentId",
        required=("Note|FileName",),
        operations=_NO_VOID,
        extra={"AttachableRef.EntityRef.value": "id", "AttachableRef.EntityRef.Type": "text"},
    ),
)
ENTITIES: Mapping[str, Entity] = {entity.name: entity for entity in _ALL}
BY_PATH: Mapping[str, Entity] = {entity.path: entity for entity in _ALL}
FIELDS: Mapping[str, Fields] = {entity.name: entity.fields for entity in _ALL}
