"""The two calls of the Cloning API: their requests, and what their answers say. Pure."""

from dataclasses import replace

from clones.ecwid.codes import meant
from clones.ecwid.refusals import clone_refused
from clones.ecwid.schemas import CloneStatus, IdMapping, RemoteStatus
from clones.ecwid.tickets import clean_ticket
from clones.ecwid.values import LONGEST_CODE, LONGEST_MESSAGE, Json, Malformed, identifiers, record, said, storable
from clones.ecwid.wire import READ_STATUSES, Request

_PATH = "/stores/clone"
_OUR_NAMES = {"products": "product", "categories": "category"}
_LONGEST_ENTITY_TYPE = 100


def start_request(
    app: Request, source_store_id: str, target_store_id: str, *, scope: str | None, clone_demo_catalog: bool
) -> Request:
    """Build "start a clone" on the application's own request (base URL and headers)."""
    query = [("sourceStoreId", source_store_id), ("targetStoreId", target_store_id)]
    if scope is not None:
        query.append(("scope", scope))
    if clone_demo_catalog:
        query.append(("cloneDemoCatalog", "true"))
    return replace(
        app, method="POST", url=app.url + _PATH, query=tuple(query), answer_key="ticket", refused=clone_refused
    )


def read_ticket(body: Json) -> str:
    """The ticket of an accepted clone. Raise Malformed where there is none that can be used."""
    written = record(body, "the answer").get("ticket")
    if isinstance(written, bool) or not isinstance(written, str | int):
        raise Malformed("the answer has no ticket")
    ticket = clean_ticket(str(written))
    if ticket is None:
        raise Malformed("the answer has no usable ticket")
    return ticket


def status_request(app: Request, ticket: str) -> Request:
    """Build "follow a clone" on the application's own request."""
    return replace(
        app,
        method="GET",
        url=app.url + _PATH,
        query=(("ticket", ticket),),
        settled_by=READ_STATUSES,
        answer_key="status",
        # A clone that failed is news of the clone, not a refusal to say how it stands.
        wins_beside_false=frozenset({RemoteStatus.FAILED}),
    )


def read_status(body: Json, secrets: tuple[str, ...] = ()) -> CloneStatus:
    """What is said of the clone. Raise Malformed without a status, or where one single ID cannot be used."""
    fields = record(body, "the answer")
    raw_status = fields.get("status")
    if not isinstance(raw_status, str) or not storable(raw_status).strip():
        raise Malformed("the answer has no status")
    mapping = fields.get("clonedEntitiesMapping")
    return CloneStatus(
        status=RemoteStatus.__members__.get(meant(raw_status)),
        raw_status=said(raw_status, secrets, LONGEST_CODE),
        error_message=said(fields.get("errorMessage"), secrets, LONGEST_MESSAGE),
        error_code=said(fields.get("errorCode"), secrets, LONGEST_CODE),
        mapping=_read_mapping(record(mapping, "the mapping")),
        mapping_present=mapping is not None,
    )


def _read_mapping(mapping: dict[str, Json]) -> IdMapping:
    parts: dict[str, dict[str, str]] = {}
    for entity_type, part in mapping.items():
        name, pairs = _entity_type(entity_type), identifiers(record(part, "a part of the mapping"), "the mapping")
        known = parts.get(name, {})  # by our name and by Ecwid's, a type may come twice
        if any(pairs[source] != known[source] for source in known.keys() & pairs.keys()):
            raise Malformed("the mapping names two new IDs for one old ID")
        if pairs:
            parts[name] = known | pairs if known else pairs
    return parts


def _entity_type(written: str) -> str:
    if not 0 < len(written) <= _LONGEST_ENTITY_TYPE or storable(written) != written:
        raise Malformed("the mapping has an entity type that cannot be used")
    return _OUR_NAMES.get(written, written)
