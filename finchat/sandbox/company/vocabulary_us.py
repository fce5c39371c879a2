"""The words of the seeded company in Texas: whom it trades with, what it buys and sells, what it is called.

Stems are chosen so that no two share their beginning: a name cut short by a bank still tells who paid.
"""

from __future__ import annotations

COMPANIES = (
    ("Blue Mesa Restaurant Supply LLC", "Blue Mesa Supply"),
    ("Pecan Bayou Outfitters Inc", "Pecan Bayou"),
    ("Lone Cedar Fixtures LLC", "Lone Cedar Fixtures"),
    ("Caprock Bakery Equipment Inc", "Caprock Equipment"),
    ("Windmill Creek Displays LLC", "Windmill Creek"),
)
NUMBER_PREFIXES = ("", "", "BM-", "INV", "A-")

CUSTOMER_STEMS = (
    "Amarillo Rose", "Bluebonnet", "Cottonwood", "Driskill", "Enchanted Rock", "Flatrock", "Galveston Pier",
    "Huisache", "Indigo Heron", "Juniper Hill", "Kestrel", "Llano Star", "Mockingbird", "Nopal", "Oleander",
    "Palo Duro", "Quail Run", "Red Granite", "Sabine", "Trinity Oaks", "Uvalde", "Verbena", "Wimberley", "Ximenes",
    "Yaupon", "Zilker", "Armadillo", "Buffalo Gap", "Chisholm", "Dripping Wells", "Elm Fork", "Fandango", "Gruene",
    "Hondo", "Ironwood", "Jacksboro",
)  # fmt: skip
CUSTOMER_TRADES = (
    "Taqueria", "Smokehouse", "Bakery", "Diner", "Brewing", "Boutique", "Roasters", "Grocers", "Catering", "Steakhouse",
    "Feed Store", "Cantina", "Market", "Pharmacy", "Creamery", "Bistro", "Florals", "Hotel", "Food Trucks", "Kitchens",
    "Clinic", "Academy", "Theaters", "Winery",
)  # fmt: skip
SUPPLIER_STEMS = (
    "Allegheny", "Beaumont Gulf", "Conestoga", "Delmar", "Erie Lakes", "Foxglove", "Gantry", "Hartwell", "Ironclad",
    "Jubilee", "Keystone Ridge", "Lakeshore", "Monument", "Nacogdoches", "Ozark", "Prairie Line", "Ridgeway", "Summit",
    "Tanglewood",
)  # fmt: skip
SUPPLIER_TRADES = (
    "Stainless", "Packaging", "Freight Lines", "Refrigeration", "Casters", "Wire Products", "Lumber", "Plastics",
    "Coatings", "Janitorial", "Paper", "Glass", "Signage", "Machine Works", "Linen",
)  # fmt: skip
ENDINGS = ("LLC", "Inc", "LLC", "Co", "Partners LP", "Inc", "Group LLC", "Corp")
SIBLING_WORDS = ("Austin", "West", "II")
ABROAD = {
    "CAD": (
        ("Gatineau Hospitality Ltd", "Ottawa"),
        ("Saskatoon Prairie Foods Ltd", "Saskatoon"),
        ("Kootenay Lodge Supply Ltd", "Nelson"),
    ),
    "EUR": (
        ("Brauhaus Ausstattung GmbH", "Munich"),
        ("Maison Lavandin SARL", "Avignon"),
        ("Officina Tavola SpA", "Bologna"),
    ),
}
ABROAD_SUPPLIERS = {
    "CAD": (("Hamilton Harbour Metals Ltd", "Hamilton"), ("Red Deer Fabricating Ltd", "Red Deer")),
    "EUR": (("Solingen Klingen GmbH", "Solingen"), ("Porcelanas do Lis Lda", "Leiria")),
}
TOWNS = ("AUSTIN TX", "DALLAS TX", "HOUSTON TX", "WACO TX", "EL PASO TX", "TYLER TX", "LUBBOCK TX", "TULSA OK")
SHOPS = ("The Copper", "The Gilded", "The Little", "The Speckled")
STREETS = ("Hen", "Skillet", "Ladle")
SHOP_NAME = "{shop} {street} Cafe"
OFFICE = (
    "Pedernales State Bank", "Texas Comptroller of Public Accounts", "Alamo Ridge Properties", "Payroll", "Walk-in",
    "Brazos Electric Cooperative",
)  # fmt: skip
POWER_WORDS, RENT_WORDS, WAGES_WORDS = "Brazos Electric Coop", "Rent Suite 210", "Payroll"
TAX_RETURN, TAX_WORDS = "Sales tax return", "Sales tax"

GOODS = (
    ("Prep table, stainless, 48 in", 28_300, 78_000),
    ("Wire shelving unit", 11_800, 29_200),
    ("Chef's knife, 10 inch", 5_800, 17_200),
    ("Sheet pans, case of 12", 9_600, 19_300),
    ("Cast iron skillet, 12 inch", 4_200, 10_300),
    ("Site survey", 18_700, 45_000),
    ("Installation, per hour", 11_200, 18_700),
    ("Menu board, illuminated", 24_000, 66_000),
    ("Freight and liftgate", 8_200, 31_500),
    ("Replacement gaskets, set", 2_800, 8_700),
)
# Which of the goods are counted in stock; the others are services or bought in as they are sold.
STOCKED = ("Cast iron skillet, 12 inch", "Chef's knife, 10 inch")
SERVICES = ("Site survey", "Installation, per hour", "Freight and liftgate")
PURCHASES: tuple[tuple[str, str, int, int], ...] = (
    ("Merchandise", "300", 22_000, 210_000),
    ("Inbound freight", "425", 5_500, 44_000),
    ("Shop supplies", "429", 2_400, 33_000),
    ("Print and paper", "461", 2_100, 24_000),
    ("Contract installers", "310", 36_000, 260_000),
    ("Equipment repair", "473", 7_000, 92_000),
)
PURCHASE_ORDERS = ("PO {n}", "PO#{n}", "P.O. {n}", "WO {n}")
# Whom the company pays and is paid by without any document: one of each is chosen for a seed.
OWNERS = ("Marisol Trevino", "Wade Hollister", "Janelle Okafor", "Curtis Beauchamp", "Lupe Arredondo")
ACQUIRERS = ("Bluestem Payments", "Cardinal Merchant Svcs", "Longspur Processing")
HOSTS = ("Thundercloud Hosting", "Sycamore Servers", "Mesquite Webworks")
SOFTWARE = ("Drafting Table Pro", "Inkjoy Creative Suite", "Blueprint Studio Online")
CARRIERS = ("Big Bend Fiber", "Palmetto Wireless", "Concho Telephone")
FUEL_STOPS = ("Roadhawk Travel Stop", "Jackrabbit Fuel", "Pumpjack Gas")
HARDWARE = ("Hammer & Level Hardware", "Stockade Home Center", "Pliers Depot")
ERRANDS = ("Pony Dash Courier", "Boomerang Parcel", "Lickety Ship")
ONCE = ("Keyhole Locksmiths", "Scorpion Pest Control", "Topbranch Tree Care")
# Where the company card is used, and the vendor whose bills wait.
CARD_MERCHANTS = ("Cinder Block Cafe", "Saguaro Airways", "Paperclip Office Mart")
PATIENT_VENDORS = ("Rio Frio Logistics LLC", "Sundown Fabricators Inc", "Bluff Springs Millwork LLC")
NEWCOMERS = ("TUMBLEWEED TRAINING CO", "SAFE HARBOR GEAR", "FIREFLY PRINT LAB", "STARLIGHT TENT RENTAL")
STRANGERS = ("SIXTH ST DELI", "ARCADIA CINEMA 12", "CONGRESS AVE PARKING", "GARLAND & VINE FLORIST", "VIDEO BARN")
