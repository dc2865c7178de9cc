"""Whatever comes back, a call ends in a result or in an EcwidError."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clones.ecwid import CloneStatus, EcwidError, SiteCredentials, cloning, partners, sites, stores, wire
from clones.ecwid.paging import read_page
from clones.ecwid.values import Json
from clones.ecwid.wire import Answer, Request

APP = Request("", "https://api.example.com", secrets=("s3cr3t-key",))
SITE = SiteCredentials("https://site.example.com", "1003", "s3cr3t-key")

READINGS: list[tuple[Request, Callable[[Json], object]]] = [
    (cloning.start_request(APP, "1", "2", scope=None, clone_demo_catalog=False), cloning.read_ticket),
    (cloning.status_request(APP, "t-1"), cloning.read_status),
    (partners.lookup_request(APP, "ann@example.com"), partners.read_found),
    (stores.read_request(APP, "profile"), stores.read_profile),
    (stores.read_request(APP, "products"), lambda body: read_page(body, stores.read_product)),
    (stores.read_request(APP, "categories"), lambda body: read_page(body, stores.read_category)),
    (stores.read_request(APP, "classes"), stores.read_product_types),
    (stores.read_request(APP, "latest-stats"), stores.read_stats),
    (sites.token_request(APP, SITE), sites.read_token),
]

KEYS = st.sampled_from(
    ["success", "ticket", "status", "errorCode", "errorMessage", "clonedEntitiesMapping", "products", "categories"]
) | st.sampled_from(["id", "total", "items", "generalInfo", "storeId", "account", "attributes", "accessToken"])
WORDS = st.sampled_from(["true", "false", "COMPLETED", "FAILED", "IN\\_PROGRESS", "TARGET_NOT_FOUND", "RATE_LIMITED"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS
ANY_JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=5)
)
BODIES = st.binary() | ANY_JSON.map(lambda value: json.dumps(value).encode())
MAPPINGS = st.dictionaries(KEYS | st.text(), st.dictionaries(st.text(), LEAVES, max_size=4), max_size=4)
HEADERS = st.dictionaries(st.sampled_from(["Retry-After", "Date", "Content-Type"]), st.text())


@given(st.sampled_from(READINGS), st.integers(100, 999), BODIES, HEADERS)
def test_any_answer_gives_a_result_or_one_of_our_errors(
    reading: tuple[Request, Callable[[Json], object]], status: int, body: bytes, headers: dict[str, str]
) -> None:
    request, shape = reading
    try:
        result: object = wire.read(request, Answer(status, body, headers), shape)
    except EcwidError as error:
        result = str(error)
    json.dumps(repr(result), ensure_ascii=False).encode("utf-8")


@given(MAPPINGS)
def test_a_mapping_is_whole_or_refused(mapping: dict[str, dict[str, Any]]) -> None:
    body = json.dumps({"status": "COMPLETED", "clonedEntitiesMapping": mapping}).encode()
    request = cloning.status_request(APP, "t-1")

    try:
        status: CloneStatus = wire.read(request, Answer(200, body), cloning.read_status)
    except EcwidError:
        return

    named = {"products": "product", "categories": "category"}
    wanted = {(named.get(kind, kind), old, str(new)) for kind, pairs in mapping.items() for old, new in pairs.items()}
    assert {(kind, old, new) for kind, pairs in status.mapping.items() for old, new in pairs.items()} == wanted
    assert all(status.mapping.values())


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"a":' * 200_000, b"9" * 100_000, b"\xef\xbb\xbf", b"\xff", b"1e999"]
)
def test_no_body_breaks_the_parser(body: bytes) -> None:
    wire.parse(body)


@pytest.mark.parametrize("depth", range(800, 1_000, 7))
def test_a_body_as_deep_as_the_parser_goes_breaks_nothing_after_it(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    body = b'{"success": false, "errorCode": ' + deep + b', "errorMessage": ' + deep + b"}"

    with pytest.raises(EcwidError):
        wire.read(cloning.status_request(APP, "t-1"), Answer(200, body), cloning.read_status)
