"""What the client's tests share: clients against a stand-in address, samples of Ecwid's answers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import responses

from clones.ecwid import AppCredentials, PartnerClient, StoreClient, StoreCredentials, make_session

API = "https://api.example.com/api/v3"
CLONE = f"{API}/stores/clone"
SECRET = "s3cr3t-application-key"
STORE_SECRET = "secret_store1003token"

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def sample() -> Callable[[str], str]:
    """The text of one of Ecwid's answers by its file name."""
    return lambda name: (SAMPLES / name).read_text(encoding="utf-8")


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with make_session() as session:
        yield session


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    """Ecwid, as `responses` plays it."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def partner(session: requests.Session) -> PartnerClient:
    return PartnerClient(AppCredentials(API, "client-1", SECRET), session, clock=lambda: 1_800_000_000.0)


@pytest.fixture
def store(session: requests.Session) -> StoreClient:
    return StoreClient(StoreCredentials(API, "1003", STORE_SECRET), session)
