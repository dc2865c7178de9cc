"""What a store is asked before a clone, with its own token, and what it told.

Three or four small questions, however large the store: the profile (is it this store, is it suspended, what does its
plan allow), the statistics (products and categories, demo products left out), the product types. Categories carry no
mark that tells demo ones apart; only where there are some and no products, one page of the product list is asked for
demo products: with them Ecwid brings its demo categories.
"""

from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from clones.ecwid import EcwidError, NotSent, StoreClient, StoreProfile
from clones.ecwid.watch import Fence

MOST_QUESTIONS: Final = 4
ONE_PAGE: Final = 100


@dataclass(frozen=True)
class Visit:
    """What a store told. None: not asked, or it did not say. `trouble` is what the first unanswered question met."""

    profile: StoreProfile | None = None
    products: int | None = None
    categories: int | None = None
    types: int | None = None
    has_demo_products: bool = False
    trouble: EcwidError | None = None


def visit(client: StoreClient, store_id: str, fence: Fence) -> Visit:
    """Ask one question after the other; stop at the first trouble, or where another store answers. Never raises it."""
    told = Visit()
    for ask in (_ask_profile, _ask_counts, _ask_types, _ask_samples):
        try:
            if why_not := fence():
                raise NotSent(why_not)
            told = ask(client, told)
        except EcwidError as error:
            return replace(told, trouble=error)
        if told.profile and told.profile.store_id != store_id:
            return told
    return told


def _ask_profile(client: StoreClient, told: Visit) -> Visit:
    return replace(told, profile=client.profile())


def _ask_counts(client: StoreClient, told: Visit) -> Visit:
    stats = client.latest_stats()
    return replace(told, products=stats.product_count, categories=stats.category_count)


def _ask_types(client: StoreClient, told: Visit) -> Visit:
    return replace(told, types=sum(not one.is_default for one in client.product_types()))


def _ask_samples(client: StoreClient, told: Visit) -> Visit:
    if told.products or not told.categories:
        return told
    first_page = islice(client.products(("isSampleProduct",)), ONE_PAGE)
    return replace(told, has_demo_products=any(product.is_sample for product in first_page))
