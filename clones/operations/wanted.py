"""What people want cloned, row by row: from their cells to `Wanted`, with every mistake of every row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from clones.choices import CloneScope, SiteChoice
from clones.imports import Row
from clones.models import DraftTarget, TemplateStore
from clones.operations.cells import (
    check_token,
    choice_in,
    email_in,
    mask_tokens,
    name_in,
    refuse_token,
    scope_in,
    site_in,
    store_id_in,
)
from clones.operations.errors import InvalidRequestError
from clones.operations.known_stores import KnownStores
from clones.secrets import Secret, SecretUnreadableError

Errors = dict[str, list[str]]
T = TypeVar("T")


@dataclass(frozen=True)
class Wanted:
    """One target: the store with `store_id`, or one that is to be created for `email` (in lower case) and `name`."""

    store_id: str = ""
    email: str = ""
    name: str = ""
    label: str = ""
    token: Secret = field(default_factory=Secret)
    scope: CloneScope = CloneScope.ALL
    clone_demo_catalog: bool = False
    instant_site: SiteChoice = SiteChoice.NO

    @property
    def store(self) -> str:
        """What the store is known by: its ID, or its e-mail."""
        return self.store_id or self.email


@dataclass(frozen=True)
class Examined:
    """What a row comes to: `wanted`, unless it has errors (sentences by column).

    `duplicate_of`: the index of the first row that says the same; this one can be left out.
    """

    wanted: Wanted | None
    errors: Mapping[str, list[str]]
    duplicate_of: int | None = None


def sealed(row: Row) -> DraftTarget:
    """Return the row with its token sealed; it is of no draft, and not in the database.

    Of a token in another column, or in the line that a problem quotes, only a mark is left.
    """
    cells = {column: mask_tokens(text) for column, text in row.cells.items()}
    token = Secret.seal(row.cells["access_token"])
    return DraftTarget(line=row.line, problem=mask_tokens(row.problem), **{**cells, "access_token": token})


def examine(
    rows: Sequence[DraftTarget], template: TemplateStore | None, scope: CloneScope, *, clone_demo_catalog: bool
) -> list[Examined]:
    """Return for each row what it comes to, with all its mistakes. A few queries, however many rows; writes nothing.

    `scope` and `clone_demo_catalog` hold where a row says nothing. Without a template, what needs one (its connection)
    is not looked at.
    """
    read = [_read(row, scope, clone_demo_catalog=clone_demo_catalog) for row in rows]
    if template:
        _look_up(read, template)
    originals = _originals(rows, read)
    return [
        Examined(None if errors or original is not None else _settled(wanted), errors, original)
        for (wanted, errors), original in zip(read, originals, strict=True)
    ]


def _settled(wanted: Wanted) -> Wanted:
    """Leave out the e-mail of a store that is there."""
    return replace(wanted, email="") if wanted.store_id else wanted


def _read(row: DraftTarget, scope: CloneScope, *, clone_demo_catalog: bool) -> tuple[Wanted, Errors]:
    """Return what was understood of the row, and what is wrong with it taken by itself."""
    errors: Errors = {}

    def cell(column: str, read: Callable[[str], T], otherwise: T) -> T:
        return _cell(errors, column, getattr(row, column), read, otherwise)

    wanted = Wanted(
        store_id=cell("store_id", store_id_in, "") if row.store_id.strip() else "",
        email=cell("email", email_in, "") if row.email.strip() else "",
        name=cell("name", lambda text: name_in(text, "The name"), ""),
        label=cell("label", lambda text: name_in(text, "The label"), ""),
        token=row.access_token,
        scope=cell("scope", lambda text: scope_in(text, scope), scope),
        clone_demo_catalog=cell(
            "clone_demo_catalog", lambda text: choice_in(text, default=clone_demo_catalog), clone_demo_catalog
        ),
        instant_site=cell("instant_site", site_in, SiteChoice.NO),
    )
    try:
        check_token(row.access_token)
    except InvalidRequestError as error:
        _add(errors, {"access_token": str(error)})
    _add(errors, _misfits(row))
    return wanted, errors


def _cell(errors: Errors, column: str, text: str, read: Callable[[str], T], otherwise: T) -> T:
    """Return what `read` makes of the cell; what it refuses goes into `errors`."""
    try:
        refuse_token(text)
        return read(text)
    except InvalidRequestError as error:
        _add(errors, {column: str(error)})
        return otherwise


def _look_up(read: Sequence[tuple[Wanted, Errors]], template: TemplateStore) -> None:
    """Add the mistakes that only the database knows."""
    store_ids = {wanted.store_id for wanted, _ in read} - {""}
    emails = {wanted.email for wanted, _ in read} - {""}
    known = KnownStores(template, store_ids, emails)
    for wanted, errors in read:
        _add(errors, _obstacles(wanted, known))


def _obstacles(wanted: Wanted, known: KnownStores) -> dict[str, str]:
    found = {}
    if wanted.store_id:
        found["store_id"] = known.against_store(wanted.store_id)
    if wanted.store_id and wanted.email:
        found["email"] = known.against_both(wanted.store_id, wanted.email)
    elif wanted.email:
        found["email"] = known.against_email(wanted.email)
    if wanted.instant_site != SiteChoice.NO:
        has_token = bool(wanted.token) or not wanted.store_id
        found["instant_site"] = known.against_site(wanted.store_id, has_token=has_token)
    return {column: sentence for column, sentence in found.items() if sentence}


def _misfits(row: DraftTarget) -> dict[str, str]:
    """Return what does not go together in the row."""
    by_id, by_email = bool(row.store_id.strip()), bool(row.email.strip())
    found = {}
    if row.problem:
        found["email" if by_email and not by_id else "store_id"] = row.problem
    elif not by_id and not by_email:
        found["store_id"] = "Write the ID of a store, or an e-mail and a name for a store that is to be created."
    if by_email and not by_id and not row.name.strip():
        found["name"] = "Write a name for the store that is to be created."
    if by_email and not by_id and row.access_token:
        found["access_token"] = "Remove the token: a store that is created gets one of its own."  # noqa: S105
    return found


def _add(errors: Errors, sentences: Mapping[str, str]) -> None:
    for column, sentence in sentences.items():
        errors.setdefault(column, []).append(sentence)


def _originals(rows: Sequence[DraftTarget], read: Sequence[tuple[Wanted, Errors]]) -> list[int | None]:
    """Return for each row the index of the earlier one that it repeats; one that differs from it gets an error."""
    several = len({row.file for row in rows if row.line}) > 1
    first: dict[str, int] = {}
    originals: list[int | None] = []
    for index, (wanted, errors) in enumerate(read):
        earlier = first.setdefault(wanted.store, index) if wanted.store else index
        repeats = earlier != index and _says_the_same(rows[earlier], rows[index])
        originals.append(earlier if repeats else None)
        if earlier != index and not repeats:
            where = _place(rows[earlier], several=several)
            sentence = f"This store stands {where} already, with other cells: keep one of the two rows."
            _add(errors, {"store_id" if wanted.store_id else "email": sentence})
    return originals


def _place(row: DraftTarget, *, several: bool) -> str:
    """Say where a row stands: in a file (of several ones), or in a text."""
    if not row.line:
        return "in an earlier row"
    if not row.file:
        return f"in line {row.line}"
    return f"in line {row.line} of {f'“{row.file}”' if several else 'the file'}"


def _says_the_same(one: DraftTarget, other: DraftTarget) -> bool:
    return _cells(one) == _cells(other) and token_of(one) == token_of(other)


def _cells(row: DraftTarget) -> tuple[str, ...]:
    """Return what beside the store the row says, as far as it makes a difference."""
    choices = (row.scope, row.clone_demo_catalog, row.instant_site)
    return (row.problem, row.name.strip(), row.label.strip(), *(choice.strip().upper() for choice in choices))


def token_of(row: DraftTarget) -> str:
    """Return the token, or how it is sealed where it cannot be read: sealed twice, it looks different each time."""
    secret: Secret = row.access_token
    try:
        return secret.reveal()
    except SecretUnreadableError:
        return secret.ciphertext
