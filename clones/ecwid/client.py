"""The clients: one per kind of credential. Each call is one request (a listing: one per page); nothing is retried.

Any call can raise any leaf of EcwidError; what one call adds to that stands with it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import TypedDict, TypeVar, Unpack

import requests

from clones.ecwid import cloning, partners, sites, stores, wire
from clones.ecwid.addresses import check_api_url
from clones.ecwid.errors import NotFound
from clones.ecwid.paging import Page, every_item, read_page
from clones.ecwid.schemas import (
    AppCredentials,
    Category,
    CloneStatus,
    CreatedStore,
    LatestStats,
    NewMerchant,
    Product,
    ProductType,
    SiteCredentials,
    SiteToken,
    StoreCredentials,
    StoreProfile,
    Timeouts,
)
from clones.ecwid.transport import Transport
from clones.ecwid.values import Json
from clones.ecwid.watch import Fence

T = TypeVar("T")


class Conditions(TypedDict, total=False):
    """How every client calls: its time limits, and the clocks that tests replace."""

    timeouts: Timeouts
    clock: Callable[[], float]
    monotonic: Callable[[], float]


def _transport(session: requests.Session, **conditions: Unpack[Conditions]) -> Transport:
    return Transport(
        session,
        conditions.get("timeouts", Timeouts()),
        clock=conditions.get("clock", time.time),
        monotonic=conditions.get("monotonic", time.monotonic),
    )


class PartnerClient:
    """Calls of the partner application: clones, and stores to be."""

    def __init__(
        self,
        credentials: AppCredentials,
        session: requests.Session,
        **conditions: Unpack[Conditions],
    ) -> None:
        """Raise ValueError for an API URL that `check_api_url` refuses. The session comes from `make_session`."""
        self._transport = _transport(session, **conditions)
        self._app = wire.Request(
            method="",
            url=check_api_url(credentials.api_url),
            headers={
                "X-Ecwid-App-Client-Id": credentials.client_id,
                "X-Ecwid-App-Secret-Key": credentials.client_secret,
            },
            secrets=(credentials.client_secret,),
        )

    def start_clone(
        self,
        source_store_id: str,
        target_store_id: str,
        *,
        scope: str | None = None,
        clone_demo_catalog: bool = False,
        fence: Fence | None = None,
    ) -> str:
        """Start a clone and give its ticket: started, not done. Not idempotent.

        `scope`: "STORE_SETTINGS", "CATALOG", None for both. `fence`: asked at the last moment, it may hold the
        request back (NotSent). Every refusal is a CloneRefused or CredentialsRefused.
        """
        request = cloning.start_request(
            self._app, source_store_id, target_store_id, scope=scope, clone_demo_catalog=clone_demo_catalog
        )
        return wire.read(request, self._transport.send(request, fence=fence), cloning.read_ticket)

    def clone_status(self, ticket: str, *, fence: Fence | None = None) -> CloneStatus:
        """Ask how a clone stands, with its mapping once there is one. NotFound: the API does not know the ticket.

        `fence`: as in `start_clone`.
        """
        request = cloning.status_request(self._app, ticket)

        def shape(body: Json) -> CloneStatus:
            return cloning.read_status(body, request.secrets)

        return wire.read(request, self._transport.send(request, fence=fence), shape)

    def create_store(
        self,
        merchant: NewMerchant,
        *,
        profile: Mapping[str, Json] | None = None,
        affiliate_source: str = "",
        fence: Fence | None = None,
    ) -> CreatedStore:
        """Create a store. Not idempotent. Conflict: the e-mail has a store already.

        `profile`: settings of the store in Ecwid's own form, passed on as they are. `fence`: as in `start_clone`.
        """
        request = partners.create_request(self._app, merchant, profile=profile, affiliate_source=affiliate_source)
        return wire.read(request, self._transport.send(request, fence=fence), partners.read_created)

    def email_has_store(self, email: str, *, fence: Fence | None = None) -> bool:
        """Whether a store has that e-mail. Only a 404 means no: everything unclear raises. `fence`: as above."""
        request = partners.lookup_request(self._app, email)
        answer = self._transport.send(request, fence=fence)
        try:
            return wire.read(request, answer, partners.read_found)
        except NotFound as error:
            # "Store not found" under a status such as 500 is no statement about the e-mail.
            if error.http_status != HTTPStatus.NOT_FOUND:
                raise
            return False


class StoreClient:
    """Reads one store with its own token."""

    def __init__(
        self,
        credentials: StoreCredentials,
        session: requests.Session,
        **conditions: Unpack[Conditions],
    ) -> None:
        """Raise ValueError for an API URL or store ID that cannot be used."""
        self._transport = _transport(session, **conditions)
        self._store = wire.Request(
            method="GET",
            url=f"{check_api_url(credentials.api_url)}/{stores.check_store_id(credentials.store_id)}",
            headers={"Authorization": f"Bearer {credentials.token}"},
            secrets=(credentials.token,),
        )

    def profile(self) -> StoreProfile:
        """The store's profile."""
        return self._read(stores.read_profile, "profile")

    def products(self, fields: Sequence[str] = stores.PRODUCT_FIELDS) -> Iterator[Product]:
        """Every product, demo products included, 100 a request; NoAnswer where the pages contradict one another.

        `fields`: Ecwid's names of what is asked for; everything else stays empty or None.
        """

        def fetch(offset: int) -> Page[Product]:
            return self._read(_product_page, "products", *stores.page_query(offset, fields))

        return every_item(fetch)

    def categories(self, fields: Sequence[str] = stores.CATEGORY_FIELDS) -> Iterator[Category]:
        """Every category, hidden ones included; otherwise as `products`."""

        def fetch(offset: int) -> Page[Category]:
            query = (*stores.page_query(offset, fields), ("hidden_categories", "true"))
            return self._read(_category_page, "categories", *query)

        return every_item(fetch)

    def product_types(self) -> tuple[ProductType, ...]:
        """The store's product types, the default one (`is_default`) included."""
        return self._read(stores.read_product_types, "classes")

    def latest_stats(self) -> LatestStats:
        """The store's counts (demo products left out)."""
        return self._read(
            stores.read_stats, "latest-stats", ("productCountRequired", "true"), ("categoryCountRequired", "true")
        )

    def _read(self, shape: Callable[[Json], T], path: str, *query: tuple[str, str]) -> T:
        request = stores.read_request(self._store, path, *query)
        return wire.read(request, self._transport.send(request), shape)


class SiteClient:
    """Clones an Instant Site into one store. Both calls may be repeated: a clone overwrites."""

    def __init__(
        self,
        credentials: SiteCredentials,
        session: requests.Session,
        **conditions: Unpack[Conditions],
    ) -> None:
        """Raise ValueError for a site URL or store ID that cannot be used."""
        self._transport = _transport(session, **conditions)
        self._credentials = credentials
        stores.check_store_id(credentials.store_id)
        self._site = wire.Request(method="POST", url=check_api_url(credentials.site_url))

    def access_token(self, *, fence: Fence | None = None) -> SiteToken:
        """A new token. When it ends is not known: ask for another one on CredentialsRefused.

        `fence`: asked at the last moment, it may hold the request back (NotSent).
        """
        request = sites.token_request(self._site, self._credentials)
        return wire.read(request, self._transport.send(request, fence=fence), sites.read_token)

    def clone_site(self, token: SiteToken, template_store_id: str, *, draft: bool, fence: Fence | None = None) -> None:
        """Clone the template's site into the store; `draft` leaves a draft, else it is published at once."""
        request = sites.clone_request(self._site, self._credentials, token, template_store_id, draft=draft)
        # The answer's body is not documented: any 2xx without a refusal in it is success.
        wire.settle(request, self._transport.send(request, fence=fence))


def _product_page(body: Json) -> Page[Product]:
    return read_page(body, stores.read_product)


def _category_page(body: Json) -> Page[Category]:
    return read_page(body, stores.read_category)
