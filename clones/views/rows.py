"""Live rows: the one address that a page of jobs asks for what changed, and `live`, by which other pages answer too.

A page takes part like this:

- `{% include "components/_live.html" with url=... active=... %}` draws the bar ("Updated 5 s ago", Pause, Refresh now),
  and the block `scripts` loads `js/live.js`. `url` answers by `live`; `active`: something on the page still moves;
  `every` (optional): seconds between two questions, else 2.
- Each job is drawn with `clones/_job_status.html` and `clones/_job_took.html` (context: `job`). Their roots carry an
  id, the first also `data-job` and `data-version`, which is all that live.js reads. They are swapped out of band by
  that id; what is around them (row, checkbox, links) stays as it is, and so do focus, selection and scroll.
- Lists that draw `clones/_job_row_steps.html` and `clones/_job_target.html` too include `clones/_job_row_cells.html` in
  their answers: a clone may have a store created before it, and an Instant Site cloned after it.
- What keeps all clones from going on (no worker, a connection that stands) is told above every page
  (`components/_banners.html`). Its state is a token of its own, `data-live-standstill`.
- What stands beside the rows (totals of a batch, panels) is swapped along, as fragments with ids of their own
  (`Beside`). Its state is one short text, the token: an element that is swapped carries it as `data-live-token`.

live.js sends `ids=4,7&since=12,3` (the versions on the page; a lone 0: tell all) and, where there are such elements,
`token`, `standstill`, `newest` and `newer`. The answer is 204: nothing changed; 286: nothing changed, and nothing will;
200: the changed parts, all out of band; 400: the question makes no sense. Ids that do not exist are left out. Without a
change it costs one query.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from django.db.models import Count, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clones.choices import ACTIVE
from clones.filters.jobs import JobFilter
from clones.models import CloneJob, with_steps
from clones.permissions import Capability
from clones.standstill import token, token_columns
from clones.views.doors import needs

MOST_ROWS: Final = 200
STOP_POLLING: Final = 286  # htmx's own status

_NUMBERS: Final = re.compile(r"[0-9]{1,18}(,[0-9]{1,18})*", re.ASCII)


@dataclass(frozen=True)
class Beside:
    """What a page shows beside its rows: where the token is not the page's, `context` fills `template`.

    The template is also given `jobs`, the changed ones: it includes `clones/_job_cells.html`.
    """

    template: str = "clones/_job_cells.html"
    token: str = ""
    is_active: bool = False
    context: Callable[[], Mapping[str, Any]] = dict


NOTHING_BESIDE: Final = Beside()


@dataclass(frozen=True)
class Question:
    """What a page shows: the version of each of its rows, its token, and jobs made since that it knows of."""

    versions: Mapping[int, int]
    token: str
    standstill: str
    newest: int
    newer: int

    @classmethod
    def of(cls, query: QueryDict) -> "Question":
        """Read it. Raises ValueError with a sentence."""
        ids = _numbers(query, "ids")
        since = _numbers(query, "since") or [0]
        if len(ids) > MOST_ROWS:
            raise ValueError(f"Ask for at most {MOST_ROWS} ids at once.")
        if since == [0]:
            since = [0] * len(ids)
        if len(since) != len(ids):
            raise ValueError("“since” holds one version for each of “ids”, or a lone 0.")
        newest, newer = (_numbers(query, name) or [0] for name in ("newest", "newer"))
        return cls(
            dict(zip(ids, since, strict=True)), query.get("token", ""), query.get("standstill", ""), newest[0], newer[0]
        )


def _numbers(query: QueryDict, name: str) -> list[int]:
    text = query.get(name, "")
    if text and not _NUMBERS.fullmatch(text):
        raise ValueError(f"“{name}” holds numbers with commas between them.")
    return [int(number) for number in text.split(",") if number]


@dataclass(frozen=True)
class Glance:
    """What one query tells: which rows are not as the page has them, whether one may still change, how many are new."""

    changed: list[int]
    is_active: bool
    newer: int
    standstill: str


def glance(jobs: QuerySet[CloneJob], question: Question, matching: QuerySet[CloneJob] | None = None) -> Glance:
    """Look at the rows and at what keeps them from going on; count those of `matching` that are newer than the page."""
    newer = _count(matching.filter(pk__gt=question.newest)) if matching is not None and question.newest else Value(0)
    found = jobs.filter(pk__in=question.versions).order_by().annotate(newer=newer, **token_columns(timezone.now()))
    rows = list(found.values("pk", "version", "status", "newer", "works", "stopped"))
    if not rows:
        return Glance([], is_active=False, newer=question.newer, standstill=question.standstill)
    changed = [row["pk"] for row in rows if question.versions[row["pk"]] != row["version"]]
    is_active = any(row["status"] in ACTIVE for row in rows)
    one = rows[0]  # what is the same for all of them
    return Glance(changed, is_active, one["newer"], token(works=one["works"], stopped=one["stopped"]))


def _count(jobs: QuerySet[CloneJob]) -> Coalesce:
    """Return a count that is part of another query, and made once for all of its rows."""
    counted = jobs.order_by().annotate(all=Value(1)).values("all").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), 0)


def live(
    request: HttpRequest,
    jobs: QuerySet[CloneJob],
    beside: Beside = NOTHING_BESIDE,
    matching: QuerySet[CloneJob] | None = None,
) -> HttpResponse:
    """Answer a page that asks what changed of the rows it shows, out of `jobs`, which this person may see.

    `matching`: what the page lists, where it wants to hear of new ones.
    """
    try:
        question = Question.of(request.GET)
    except ValueError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    seen = glance(jobs, question, matching)
    stands_as_told = question.standstill in {"", seen.standstill}  # "": a page that does not tell
    if not seen.changed and stands_as_told and (seen.newer, beside.token) == (question.newer, question.token):
        return HttpResponse(status=HTTPStatus.NO_CONTENT if seen.is_active or beside.is_active else STOP_POLLING)
    rows = with_steps(CloneJob.objects.filter(pk__in=seen.changed).select_related("target"))
    context = {
        "jobs": rows if seen.changed else [],
        "newest": question.newest,
        "newer": seen.newer,
        "with_banners": not stands_as_told,
        "oob": True,
    }
    return render(request, beside.template, {**context, **beside.context()})


@needs(Capability.WATCH)
@require_safe
def job_rows(request: HttpRequest) -> HttpResponse:
    if not request.GET.get("ids"):
        return HttpResponseBadRequest("Name the rows: ids=4,7&since=12,3.", content_type="text/plain; charset=utf-8")
    if "newest" not in request.GET:
        return live(request, CloneJob.objects.all())
    listed = JobFilter(request.GET)
    beside = Beside("clones/_job_list_live.html", context=lambda: {"listed": listed, "tabs": listed.tabs()})
    return live(request, CloneJob.objects.all(), beside, listed.qs)
