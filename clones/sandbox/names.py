"""Names for generated products and categories: believable ones, and some that break careless pages. Knows no Django."""

import re

MATERIALS = ("Linen", "Oak", "Enamel", "Wool", "Copper", "Cotton", "Glass", "Walnut", "Stoneware", "Leather", "Cork")
THINGS = ("apron", "tray", "mug", "blanket", "lantern", "tote bag", "vase", "stool", "bowl", "notebook", "trivet")
COLOURS = ("sand", "forest", "ink", "clay", "snow", "rust", "moss")
DEPARTMENTS = ("Kitchen", "Table", "Living room", "Bath", "Garden", "Office", "Gifts", "Sale", "New in", "Workshop")

HOSTILE = (
    "<script>alert('sold')</script>",
    '<b onmouseover="alert(1)">Bold</b> & "quoted" \'tea\' towel',
    '=HYPERLINK("http://example.com","Free")',
    "+1+1",
    "@SUM(A1:A9)",
    "-2+3",
    "كوب من السيراميك الأزرق",
    "\u202eReversed mug\u202c",
    "Party hat 🎉👩‍👩‍👧‍👦",
    "L" + "o" * 197 + "ng",
    "Semi;colon, comma\tand tab",
    "Zo\u00eb\u2019s cr\u00e8me br\u00fbl\u00e9e dish \u2013 n\u00ba 5",
    "{{ 7*7 }} {% debug %}",
    "' OR 1=1 --",
    "00123",
    "=SUM(A1)",
)
EVERY_NTH_IS_HOSTILE = 7
ECWIDS_SITES = ".company.site"

PLACES = ("Harbour Street", "Mill Lane", "Old Town", "Riverside", "Station Road", "Hilltop", "Orchard Row", "Lakeside")
TRADES = ("Bakery", "Books", "Florist", "Ceramics", "Bicycles")


def product_name(number: int) -> str:
    """Return the name of a store's `number`th product, counted from 0; every hostile one comes early."""
    turn, rest = divmod(number, EVERY_NTH_IS_HOSTILE)
    if rest == EVERY_NTH_IS_HOSTILE - 1 and turn < len(HOSTILE):
        return HOSTILE[turn]
    material = MATERIALS[number % len(MATERIALS)]
    thing = THINGS[number // len(MATERIALS) % len(THINGS)]
    return f"{material} {thing}, {COLOURS[number % len(COLOURS)]}, no. {number + 1}"


def category_name(number: int) -> str:
    """Return the name of a store's `number`th category, counted from 0."""
    turn, rest = divmod(number, len(DEPARTMENTS))
    return DEPARTMENTS[rest] if not turn else f"{DEPARTMENTS[rest]} {turn + 1}"


def shop_name(number: int) -> str:
    """Return the name of the `number`th customer's store, counted from 0; they differ for the first 40."""
    return f"{PLACES[number % len(PLACES)]} {TRADES[number // len(PLACES) % len(TRADES)]}"


def slug(name: str) -> str:
    """Return `name` as it appears in an address."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "item"


def product_url(site_url: str, name: str, product_id: int) -> str:
    """Return where a product's page is: on Ecwid's own sites a path, inside other sites a fragment with its ID."""
    is_ecwids = site_url.endswith(ECWIDS_SITES)
    return f"{site_url}/products/{slug(name)}" if is_ecwids else f"{site_url}/#!/{slug(name)}/p/{product_id}"


def category_url(site_url: str, name: str, category_id: int) -> str:
    """Return where a category's page is."""
    return f"{site_url}/#!/{slug(name)}/c/{category_id}"


def site(store_id: int) -> str:
    """Return where the pages of a store are that names no place of its own."""
    return f"https://store{store_id}{ECWIDS_SITES}"


def token(store_id: int) -> str:
    """Return the access token of a store that names none of its own."""
    return f"secret_sandbox_{store_id}"


def email(store_id: int) -> str:
    """Return the owner's e-mail of a store that names none of its own."""
    return f"owner-{store_id}@example.com"
