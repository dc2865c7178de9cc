"""What a store in the sandbox is to be: the fields of `POST /control/stores` and of the seed. Knows no Django."""

from dataclasses import dataclass, field

from clones.sandbox.contract import AccessScope


@dataclass(frozen=True)
class StoreSpec:
    """A store, its generated catalog, and what it does on purpose.

    As a template or as a target, a flag works where it makes sense: `fails_with`, `stays_in`, `queued_seconds`,
    `clone_seconds`, `status_words`, `extra_mapping` and the other flags of a mapping work in both places.
    """

    id: int
    name: str = ""
    owner_name: str = ""  # "": Owner of store <id>
    owner_email: str = ""  # "": owner-<id>@example.com
    url: str = ""  # where its pages are; "": https://store<id>.company.site
    token: str = ""  # "": secret_sandbox_<id>
    scopes: list[str] = field(default_factory=lambda: [scope.value for scope in AccessScope])  # of the token
    suspended: bool = False  # every read is refused; clones are not
    products: int = 0
    categories: int = 0
    types: int = 0
    sample_products: int = 0
    sample_categories: int = 0
    zones: int = 0
    product_limit: int | None = None  # of its plan; the profile tells it
    category_limit: int | None = None
    zone_limit: int | None = None
    settings: dict[str, object] = field(default_factory=dict)
    refusal: str = ""  # an errorCode of section 3: refuses with it on purpose; any other with `refusal_message`
    refusal_message: str = ""  # the errorMessage of a refusal that section 3 does not know
    refusal_times: int | None = None  # so often, then no longer; None: always
    refusal_http_status: int | None = None  # of every refusal about this store
    fails_with: str = ""  # a clone ends as FAILED with this errorMessage
    stays_in: str = ""  # QUEUED or IN_PROGRESS: a clone never leaves it by itself
    queued_seconds: float | None = None  # how long a clone is QUEUED; None: as all
    clone_seconds: float | None = None  # how long a clone is IN_PROGRESS; None: by the size of the source
    success_as_text: bool = False  # start-clone says "true" and "false" instead of true and false
    status_words: dict[str, str] = field(default_factory=dict)  # what is said instead of a status, such as IN_PROGRESS
    settings_when_full: bool = False  # takes settings although its catalog is not empty
    zero_padded_ids: bool = False  # some new IDs in the mapping begin with 0
    numeric_ids: bool = False  # new IDs in the mapping are numbers
    mapping_parts: list[str] | None = None  # which of products and categories it has; []: no mapping; None: both
    extra_mapping: dict[str, object] = field(default_factory=dict)  # entity types that the contract does not name
    site_token_seconds: float | None = None  # how long its Instant Site tokens work; None: as all
    faults: list[dict[str, object]] = field(default_factory=list)  # of calls about it, as for `POST /control/faults`
    sleep: float = 0  # seconds before any answer about this store
