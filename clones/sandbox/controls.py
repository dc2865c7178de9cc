"""The control calls in words, as `docs/sandbox.md` and the sandbox's page print them. Knows no Django.

None of them asks who calls: the sandbox listens on this machine alone.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Control:
    """One call; `<…>` in its path stands for something."""

    method: str
    path: str
    does: str


CONTROLS = (
    Control(
        "POST",
        "/control/stores",
        "Create a store, or replace it with its whole catalog. Fields: those of specs.StoreSpec; only id is needed. "
        "Answers id",
    ),
    Control("GET", "/control/stores?email=…", "List stores (with that owner): id, name, owner_email, token, suspended"),
    Control(
        "GET",
        "/control/stores/<id>",
        "One store as it is now, with products, categories and types as lists of all their fields, and site: "
        "what was cloned into its Instant Site",
    ),
    Control(
        "POST", "/control/test-stores", "Put the test stores back as they were at first; what runs there ends FAILED"
    ),
    Control("POST", "/control/apps", "Add an application or change it: client_id, secret, scopes (all)"),
    Control(
        "POST",
        "/control/clones",
        "Pace, for clones from now on until the process ends: queued_seconds, minimum_seconds, "
        "seconds_per_1000_products. paused true or false: no clone moves on, also over a restart. Answers what is set",
    ),
    Control(
        "POST",
        "/control/tickets/<ticket>/finish",
        "End a clone now, paused or not, copying for real: status COMPLETED (default) or FAILED with errorMessage. "
        "Answers when it is over; 404 if it was not running",
    ),
    Control(
        "GET",
        "/control/log",
        "Every clone that was ever accepted, oldest first: ticket, source, target, scope (empty for both), demo, "
        "accepted_at, finished_at (null while it runs), status",
    ),
    Control("GET", "/control/log/<ticket>/mapping", "The mapping as answered; {} where there is none, 404 if unknown"),
    Control(
        "GET",
        "/control/requests?since=…&call=…",
        "The calls that came in, with ids above since, ascending: id, at, call, method, client_id, target, ticket, "
        "http_status, error_code, fault, blocked_seconds, delivered",
    ),
    Control(
        "POST",
        "/control/limits",
        "Limits from now on until the process ends: calls_a_minute, bad_calls_a_minute, bad_calls_from_one_address "
        "(0: any number), long_block_seconds, site_token_seconds. Answers what is set",
    ),
    Control("DELETE", "/control/limits", "End all blocks and forget what was counted"),
    Control(
        "POST",
        "/control/faults",
        "Put a fault in the way; the first that strikes a call wins. Fields: fault, call (any), target (a store or "
        "ticket), skip (0: strike at once), times (1; null: for ever), rate (1.0) and seed (0), done, http_status, "
        "error_code, retry_after (seconds or any text), block_seconds. Answers id",
    ),
    Control(
        "DELETE", "/control/faults", "No faults and no blocks any more, except those that stores have of their own"
    ),
    Control(
        "GET",
        "/control/held?wait=…",
        "What is held, as soon as something is, at the latest after wait seconds (0): id, call, stage, target, ticket",
    ),
    Control("POST", "/control/release", "Let go of one held answer (id), or of all. Answers released"),
    Control("POST", "/control/reset", "Empty everything, end faults, blocks and holds, fill it as at the first start"),
)
