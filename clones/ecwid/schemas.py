"""What goes into the calls and what comes out of them: frozen dataclasses. Secrets never show in a repr.

None (where a field allows it) means that Ecwid did not say: never to be read as "no" or "zero".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True)
class AppCredentials:
    """The partner application."""

    api_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class StoreCredentials:
    """One store's access token for the REST API."""

    api_url: str
    store_id: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class SiteCredentials:
    """One store's secret token, by which the Instant Site API gives out its own."""

    site_url: str
    store_id: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Timeouts:
    """Seconds. `total` bounds one whole call, headers and body that drip included."""

    connect: float = 5
    read: float = 20
    total: float = 45


class RemoteStatus(StrEnum):
    """The statuses of a clone at Ecwid (contract, section 4)."""

    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


# Entity type (`product`, `category`, or Ecwid's own name for it) → old ID → new ID, all text; no type without an ID.
# Plain dicts, as they come out of the JSON: there may be hundreds of thousands of IDs.
IdMapping: TypeAlias = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class CloneStatus:
    """What Ecwid says of a clone. `status` is None for one that the contract does not name (`raw_status` shows it).

    `mapping_present` tells an empty mapping from a missing one.
    """

    status: RemoteStatus | None
    raw_status: str
    error_message: str
    error_code: str
    mapping: IdMapping = field(repr=False)
    mapping_present: bool


@dataclass(frozen=True)
class NewMerchant:
    """The owner of a store to be created. A password has at least 6 characters; without one Ecwid makes its own."""

    email: str
    name: str
    password: str | None = field(default=None, repr=False)
    ip: str | None = None


@dataclass(frozen=True)
class CreatedStore:
    """A store that now exists. `token` is empty where Ecwid gave none."""

    store_id: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class StoreProfile:
    """What the portal needs of a store's profile."""

    store_id: str
    store_url: str
    website_platform: str
    account_name: str
    account_email: str
    suspended: bool | None
    max_product_limit: int | None
    store_name: str


@dataclass(frozen=True, slots=True)
class Product:
    """A product; fields that were not asked for are empty or None."""

    id: str
    name: str
    sku: str
    url: str
    enabled: bool | None
    is_sample: bool | None
    category_ids: tuple[str, ...]
    product_type_id: str | None


@dataclass(frozen=True, slots=True)
class Category:
    """A category; `parent_id` is None at the root."""

    id: str
    name: str
    url: str
    parent_id: str | None
    product_count: int | None
    enabled: bool | None


@dataclass(frozen=True)
class ProductType:
    """A product type with the names of its attributes."""

    id: str
    name: str
    attributes: tuple[str, ...]

    @property
    def is_default(self) -> bool:
        """Whether it is the type 0 that every store has."""
        return self.id == "0"


@dataclass(frozen=True)
class LatestStats:
    """A store's counts (demo products left out) and when its catalog last changed, as Ecwid wrote it."""

    product_count: int | None
    category_count: int | None
    products_updated: str
    categories_updated: str


@dataclass(frozen=True)
class SiteToken:
    """A token of the Instant Site API. When it ends is not to be trusted: ask for a new one on CredentialsRefused."""

    value: str = field(repr=False)
