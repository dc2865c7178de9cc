"""The step Targets of the wizard: stores pasted, out of a CSV file or known already, and what is wrong with them."""

from collections.abc import Collection
from dataclasses import replace
from http import HTTPStatus
from typing import Final, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.files import File
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from clones.filters.search import typed_search
from clones.forms.drafts import DraftTargetsForm, is_id
from clones.imports import (
    MOST_BYTES,
    Row,
    Table,
    UnreadableFileError,
    read_csv,
    read_pasted,
    table_in,
    words_between,
)
from clones.models import Draft, DraftTarget, TargetStore
from clones.operations.cells import mask_tokens
from clones.operations.drafts import rows
from clones.operations.drafts.counting import HAS_NO_MISTAKE, count_rows
from clones.operations.errors import InvalidRequestError
from clones.templatetags.portal import stores
from clones.views.draft_cells import needed_cells, typed_cells
from clones.views.draft_frame import TARGETS, on_draft, show_step, way_back
from clones.views.draft_known import known_targets, with_known
from clones.views.draft_places import THE_LIST, Place

MOST_WORDS_NAMED: Final = 8
LONGEST_WORD_NAMED: Final = 40
ROWS_ON_A_PAGE: Final = 50  # with a dozen fields for each that has mistakes


@on_draft
@require_http_methods(["GET", "HEAD", "POST"])
def draft_targets(request: HttpRequest, draft: Draft) -> HttpResponse:
    if request.method != "POST":
        return _page(request, draft, DraftTargetsForm())
    user = cast("User", request.user)
    if "remove_all" in request.POST:
        rows.remove_all(draft, user)
        messages.success(request, "All stores are off the list.")
    elif "save" in request.POST or "remove" in request.POST:
        return redirect(way_back(request, draft, TARGETS) + _save(request, draft, user))
    else:
        return _add(request, draft, user)
    return redirect("clones:draft_targets", draft.pk)


def _save(request: HttpRequest, draft: Draft, user: User) -> str:
    """Store what was put right; whoever removes one row keeps what was typed in the others.

    Return the place on the page that is to be looked at next: where the row was, the rows that have mistakes still, or
    its top.
    """
    gone = request.POST.get("remove", "")
    place = Place.of(int(gone), _mistaken(draft, typed_search(request.GET))) if is_id(gone) else None
    kept = rows.change_rows(draft, user, typed_cells(request.POST))
    if kept:
        messages.warning(request, _changed_meanwhile(kept))
    if place:
        rows.remove_rows(draft, user, [int(gone)])
    done = "The row is off the list." if place else "Saved."
    counts = count_rows(draft)
    if counts.wrong:
        messages.warning(request, f"{done} {counts.wrong:,} {'has' if counts.wrong == 1 else 'have'} mistakes still.")
        return place.anchor() if place else THE_LIST
    messages.success(request, f"{done} No row has a mistake any more.")
    return ""


def _changed_meanwhile(kept: list[DraftTarget]) -> str:
    named = ", ".join(mask_tokens(str(row))[:LONGEST_WORD_NAMED] or "one without an ID" for row in kept)
    rows_ = "A row was" if len(kept) == 1 else f"{len(kept):,} rows were"
    return f"{rows_} changed by somebody else meanwhile, and stay{'s' if len(kept) == 1 else ''} so: {named}."


def _add(request: HttpRequest, draft: Draft, user: User) -> HttpResponse:
    form = DraftTargetsForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, draft, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    if "find" in request.POST:
        return _page(request, draft, form)
    values = form.cleaned_data
    try:
        table = _table(values["file"])
    except UnreadableFileError as error:
        form.add_error("file", str(error))
        return _page(request, draft, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    pasted = _pasted(values["pasted"])
    if values["pasted"] and not pasted:
        form.add_error("pasted", "There is no store ID in this text: an ID is a number.")
        return _page(request, draft, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    given = [*(table.rows if table else []), *pasted, *_known(draft, values["known"])]
    source = rows.source_of(values["file"].name or "", table) if table else None
    try:
        twice = rows.add_rows(draft, user, given, source=source, replace=values["replace"])
    except InvalidRequestError as error:
        form.refuse(error)
        return _page(request, draft, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    doubtful = sum(1 for row in pasted if row.problem)
    _tell(request, len(given) - doubtful, twice)
    _tell_of_pasted(request, values["pasted"], doubtful)
    return redirect("clones:draft_targets", draft.pk)


def _table(file: "File[bytes] | None") -> Table | None:
    """Read a file, of one that is far too large only so much as shows that it is."""
    return read_csv(file.read(MOST_BYTES + 1)) if file else None


def _pasted(text: str) -> list[Row]:
    """Read pasted stores, without their lines: the text is gone then, and a line is that of a file."""
    return [replace(row, line=None) for row in read_pasted(text)]


def _known(draft: Draft, ids: Collection[int]) -> list[Row]:
    """Return the chosen stores as rows; those that are gone, or on the list already, are passed over."""
    chosen = TargetStore.objects.filter(pk__in=ids).exclude(store_id="").order_by("pk")
    return [rows.row_of(store_id=store_id) for store_id in chosen.values_list("store_id", flat=True)]


def _tell(request: HttpRequest, count: int, twice: int) -> None:
    again = (
        f" {twice:,} of the list stood there twice and {'is' if twice == 1 else 'are'} counted once." if twice else ""
    )
    if count:
        messages.success(request, f"Added {stores(count)}.{again}")


def _tell_of_pasted(request: HttpRequest, text: str, doubtful: int) -> None:
    """Say what of a pasted text is doubtful, and what was passed over."""
    if doubtful:
        messages.warning(request, _doubts(doubtful))
    table = table_in(text)
    passed_over = table.ignored if table else words_between(text)
    if passed_over:
        named = ", ".join(mask_tokens(word)[:LONGEST_WORD_NAMED] for word in passed_over[:MOST_WORDS_NAMED])
        left = len(passed_over) - MOST_WORDS_NAMED
        more = f" and {left:,} more" if left > 0 else ""
        what = "Columns that are not known" if table else "Words without a number"
        messages.warning(request, f"{what} were passed over: {named}{more}.")


def _doubts(count: int) -> str:
    if count == 1:
        return "1 number or address of the text may be no store: it stands first, with its line."
    return f"{count:,} numbers or addresses of the text may be no stores: they stand first, with their lines."


def _page(request: HttpRequest, draft: Draft, form: DraftTargetsForm, status: int = HTTPStatus.OK) -> HttpResponse:
    """Show the list with its mistakes first, and what can be added to it."""
    text = typed_search(request.GET)
    page = Paginator(_listed(draft, text), ROWS_ON_A_PAGE).get_page(request.GET.get("page"))
    here = list(page)
    right = [row for row in here if not row.errors]
    counts = count_rows(draft)
    ticked = [pk for pk in form["known"].value() or [] if is_id(str(pk))]
    context = {
        "form": form,
        "counts": counts,
        "page": page,
        "text": text,
        "wrong": [needed_cells(row) for row in here if row.errors],
        "right": with_known(draft, right),
        "right_has_lines": any(row.line for row in right),
        "is_adding": not counts.total or form.is_bound,
        **known_targets(draft, form["q"].value() or "", ticked),
    }
    return show_step(request, draft, TARGETS, status=status, **context)


def _listed(draft: Draft, text: str) -> QuerySet[DraftTarget]:
    """Return the rows as they are listed: those with mistakes first, each in the order in which it came."""
    order = Case(When(HAS_NO_MISTAKE, then=Value(1)), default=Value(0), output_field=IntegerField())
    found = draft.targets.annotate(is_right=order).order_by("is_right", "position", "pk")
    return found.filter(_matches(text)) if text else found


def _mistaken(draft: Draft, text: str) -> QuerySet[DraftTarget]:
    return _listed(draft, text).exclude(HAS_NO_MISTAKE)


def neighbours(draft: Draft, row: DraftTarget, text: str) -> QuerySet[DraftTarget]:
    """Return the part of the list that a row stands in: with mistakes, or without."""
    return _mistaken(draft, text) if row.errors else _listed(draft, text).filter(HAS_NO_MISTAKE)


def _matches(text: str) -> Q:
    """Return the condition of what a search finds: by the beginning of an ID, or a part of a name or e-mail."""
    return Q(store_id__startswith=text) | Q(email__icontains=text) | Q(name__icontains=text) | Q(label__icontains=text)
