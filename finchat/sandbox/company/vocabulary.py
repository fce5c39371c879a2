"""The words of the seeded company: whom it trades with, what it buys and sells, what it is called.

Stems are chosen so that no two share their beginning: a name cut short by a bank still tells who paid.
"""

from __future__ import annotations

COMPANIES = (
    ("Kōwhai Fitout & Supply Limited", "Kowhai Fitout"),
    ("Tasman Kitchenware Traders Limited", "Tasman Kitchenware"),
    ("Harbourside Workwear Limited", "Harbourside Workwear"),
    ("Pōhutukawa Shop Interiors Limited", "Pohutukawa Interiors"),
    ("Fernleaf Trade Tools Limited", "Fernleaf Tools"),
)
NUMBER_PREFIXES = ("INV-", "SI-", "TX", "KF-", "")

CUSTOMER_STEMS = (
    "Harakeke", "Ngaio", "Wharenui", "Mānuka", "Beachcomber", "Quarry Bay", "Ruapehu", "Silverstream", "Tōtara Park",
    "Ōhope", "Kāpiti", "Longacre", "Driftwood", "Aoraki", "Brindle", "Clutha", "Dunstan", "Eketāhuna", "Foveaux",
    "Gumdiggers", "Hokitika", "Ironbark", "Jervois", "Lindis", "Mōkihi", "Nikau", "Ōtorohanga", "Puriri", "Raglan",
    "Stewart & Vane", "Takapuna", "Ureweras", "Vogeltown", "Whitianga", "Yarrow", "Zeehan",
)  # fmt: skip
CUSTOMER_TRADES = (
    "Joinery", "Bakehouse", "Motor Lodge", "Dental", "Early Learning", "Vineyards", "Cycles", "Builders", "Roasters",
    "Backpackers", "Physio", "Garden Centre", "Charters", "Veterinary", "Furnishers", "Electrical", "Tavern", "Dairies",
    "Surf School", "Orchards", "Fabrication", "Catering", "Pharmacy", "Plumbing", "Studios", "Farms",
)  # fmt: skip
SUPPLIER_STEMS = (
    "Anchor Street", "Bluestone", "Carrick", "Dovetail", "Eastgate", "Fairlie", "Greywacke", "Holdfast", "Inlet",
    "Kingsbridge", "Lamplight", "Meridian Road", "Northcote", "Old Mill", "Pilot", "Rocket Lane", "Sawtooth",
    "Tideway", "Umber",
)  # fmt: skip
SUPPLIER_TRADES = (
    "Timber", "Packaging", "Freight", "Fasteners", "Textiles", "Printing", "Hardware", "Steel", "Coatings",
    "Laundry", "Stationery", "Glassware", "Signs", "Tooling", "Couriers",
)  # fmt: skip
ENDINGS = ("Ltd", "Limited", "Ltd", "Partners", "Trust", "& Co", "(NZ) Ltd", "Holdings Ltd")
SIBLING_WORDS = ("Wanaka", "North", "2018")
ABROAD = {
    "AUD": (
        ("Billabong Outfitters Pty Ltd", "Melbourne"),
        ("Coolgardie Homewares Pty Ltd", "Perth"),
        ("Murrumbidgee Stores Pty Ltd", "Wagga Wagga"),
    ),
    "USD": (
        ("Cascadia Mercantile LLC", "Seattle"),
        ("Sonoma Crate Company Inc", "Sonoma"),
        ("Tidewater Import Group LLC", "Norfolk"),
    ),
}
ABROAD_SUPPLIERS = {
    "AUD": (("Gippsland Castings Pty Ltd", "Traralgon"), ("Barossa Textile Mills Pty Ltd", "Nuriootpa")),
    "USD": (("Great Lakes Tool Works Inc", "Duluth"), ("Palouse Fittings LLC", "Spokane")),
}
TOWNS = ("AKL", "WLG", "CHCH", "DUD", "HAM", "TGA", "NPL", "NSN", "ROT", "PMR")
SHOPS, STREETS, SHOP_NAME = (
    ("Larder", "Corner Shed", "Boatshed", "Red Gate"), ("Hill", "King", "Weld"), "The {shop} on {street} St",
)  # fmt: skip
OFFICE = (
    "Southern Cross Bank", "Inland Revenue", "Weka Street Properties", "Staff Wages", "Counter Sales", "Tui Power",
)  # fmt: skip
POWER_WORDS, RENT_WORDS, WAGES_WORDS = "Tui Power", "Rent Unit 4", "Wages"
TAX_RETURN, TAX_WORDS = "GST return", "GST"

GOODS = (
    ("Shelving bay, powder coated", 14_900, 42_000),
    ("Counter top, oiled beech", 38_000, 96_000),
    ("Apron, waxed canvas", 3_200, 7_900),
    ("Stock pot, 20 litre", 8_900, 21_500),
    ("Site visit and measure", 9_500, 28_000),
    ("Assembly on site, per hour", 6_200, 9_900),
    ("Display plinth, set of three", 17_500, 39_000),
    ("Tool roll, leather", 7_400, 15_800),
    ("Delivery and placement", 4_500, 18_000),
    ("Replacement castors, box", 2_600, 6_400),
)
PURCHASES: tuple[tuple[str, str, int, int], ...] = (
    ("Materials for stock", "300", 18_000, 190_000),
    ("Freight inwards", "425", 4_500, 38_000),
    ("Consumables", "429", 2_200, 31_000),
    ("Printing and stationery", "461", 1_900, 22_000),
    ("Subcontract labour", "310", 32_000, 240_000),
    ("Repairs to plant", "473", 6_000, 88_000),
)
PURCHASE_ORDERS = ("PO {n}", "PO{n}", "Order {n}", "JOB {n}")
# Whom the company pays and is paid by without any document: one of each is chosen for a seed.
OWNERS = ("Mere Tautahi", "Aroha Whitcombe", "Callum Dreyer", "Ngaire Oldfield", "Sione Fakatava")
ACQUIRERS = ("Windlass Payments", "Tallyho Merchant Services", "Copperline Eftpos")
HOSTS = ("Kitestring Cloud", "Bellbird Hosting", "Paddock Servers")
SOFTWARE = ("Paperboat Design Suite", "Inkwell Apps", "Draughtsman Online")
CARRIERS = ("Fantail Broadband", "Skerry Telecom", "Longline Fibre")
FUEL_STOPS = ("Kea Fuel Stop", "Gulf Road Fuels", "Moa Petroleum")
HARDWARE = ("Saddleback Hardware", "Tradegate Store", "Whistler Mitre & Co")
ERRANDS = ("Fleetfoot Parcels", "Swiftlet Deliveries", "Roadrunner Post")
ONCE = ("Lookout Locksmiths", "Brightwater Pest Control", "Harrier Tree Services")
NEWCOMERS = ("QUILLFEATHER TRAINING", "OTTERBURN SAFETY GEAR", "LANTERN PRINT LAB", "MARINER SIGN HIRE")
STRANGERS = ("THISTLE ST DELI", "MAGPIE CINEMA", "BRIDGE RD PARKING", "LAKEFRONT FLORIST", "HILLTOP VIDEO HIRE")
