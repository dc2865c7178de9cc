"""The stores of the demo: what the sandbox's stores are called. All names are invented."""

from typing import Final

# The sandbox's own template stores, by the number of their products.
CORNER, BOUTIQUE, HOUSEHOLD, WAREHOUSE = "1001", "1002", "1003", "1004"
TEMPLATES: Final = {CORNER: "Corner shop", BOUTIQUE: "Boutique", HOUSEHOLD: "Household", WAREHOUSE: "Warehouse"}

_NAMES: Final = (
    "Quillbrook Ceramics",
    "Mossvale Bicycles",
    "Tindleby Toys",
    "Oakenby Bakery",
    "Saltwhistle Surf",
    "Larchwick Lamps",
    "Pennybarrow Books",
    "Hollowfern Garden",
    "Brindlecote Wool",
    "Copperlark Kitchen",
    "Thistledown & Daughters",
    "Marrowfield Farm Shop",
    "Gullhaven Chandlery",
    "Ambleforge Tools",
    "Velvet Otter Gifts",
    "Nettlecombe Tea",
    "Duskwater Candles",
    "Wrenfold Stationery",
    "Applegarth Cider",
    "Foxmere Outfitters",
    "Silverbirch Soaps",
    "Cobblestone Records",
    "Elderpine Furniture",
    "Kettlewick Coffee",
    "Bramblehurst Jam",
    "Northlight Frames",
    "Tumbleweir Pottery",
    "Honeyfen Cosmetics",
    "Starling Lane Kids",
    "Ironbeck Cycles",
    "Willowmarsh Linen",
    "Peppercorn & Pine",
    "Riddlestone Games",
    "Cloudberry Knits",
    "Harrowgate Leather Works",
    "Sundial Plants",
    "Beacon Row Shoes",
    "Mulberry Mill Fabrics",
    "Larkspur Jewellery",
    "Driftwood Pantry",
)
TARGETS: Final = {str(9001 + place): name for place, name in enumerate(_NAMES)}
