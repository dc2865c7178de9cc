"""Three weeks at a reseller's: who cloned what, when, and what went wrong. Data; `history` has it happen.

Every store's catalog is filled at most once, and six are left untouched: a first clone into them works.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final, TypeAlias

from clones.choices import CloneScope
from clones.demo.people import ADMIN, STAFF
from clones.demo.shops import BOUTIQUE, CORNER, HOUSEHOLD, WAREHOUSE

_SATURDAY: Final = 5


@dataclass(frozen=True)
class When:
    """A time of day, so many working days or Saturdays before today; or so many minutes ago."""

    days: int = 0
    at: time = time()
    on_saturdays: bool = False
    minutes_ago: int = 0

    def moment(self, now: datetime) -> datetime:
        """Return the time that is meant, as seen from `now`, in its time zone."""
        if self.minutes_ago:
            return now - timedelta(minutes=self.minutes_ago)
        day, left = now.date(), self.days
        while left:
            day -= timedelta(days=1)
            left -= (day.weekday() == _SATURDAY) if self.on_saturdays else (day.weekday() < _SATURDAY)
        return datetime.combine(day, self.at, now.tzinfo)


def _day(days: int, at: str) -> When:
    return When(days, time.fromisoformat(at))


def _saturday(weeks: int, at: str) -> When:
    return When(weeks, time.fromisoformat(at), on_saturdays=True)


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with one store. `flags`: of the sandbox's store, until a retry finds it put right."""

    flags: Mapping[str, object] = field(default_factory=dict)
    fails_with: str = ""  # the clone starts, and fails with this message
    loses_answer: bool = False  # the clone starts, and Ecwid's answer does not come in
    loses_result: bool = False  # the same, and it ends before it is asked again


@dataclass(frozen=True)
class Customer:
    """Somebody whose store is created first, and whose Instant Site is published at the end."""

    email: str
    name: str
    loses_answer: bool = False  # the store comes into being, and Ecwid's answer does not come in


@dataclass(frozen=True)
class Launch:
    """A batch: one template into these target stores. `is_tried_first`: the first one goes alone."""

    when: When
    who: str
    template: str
    targets: Sequence[int]
    name: str = ""
    scope: CloneScope = CloneScope.ALL
    with_samples: bool = False
    trouble: Mapping[int, Trouble] = field(default_factory=dict)
    canceled: range = range(0)
    customers: Sequence[Customer] = ()
    is_tried_first: bool = False


@dataclass(frozen=True)
class Retry:
    """Somebody asks again for what failed in the batch of that name."""

    when: When
    who: str
    of: str


Step: TypeAlias = Launch | Retry

_TOO_SMALL: Final = Trouble(flags={"product_limit": 100})
_NOT_ALLOWED: Final = Trouble(flags={"refusal": "TARGET_NOT_ALLOWED_TO_CLONE"})
_BREAKS: Final = Trouble(fails_with="Import of products failed")
_KEEPS_FAILING: Final = Trouble(flags={"refusal": "UNKNOWN_IMPORT_FAILED_TO_START", "refusal_times": 6})
_FAILS_TWICE: Final = Trouble(flags={"refusal": "UNKNOWN_INTERNAL_ERROR", "refusal_times": 2})
_SILENT: Final = Trouble(loses_answer=True)
_VANISHES: Final = Trouble(loses_result=True)


def _one(number: int) -> range:
    return range(number, number + 1)


_SETTINGS, _CATALOG = CloneScope.STORE_SETTINGS, CloneScope.CATALOG

# A Saturday's batch depends on no batch of the working days around it: which of them it follows hangs on the weekday.
PLAN: Final[tuple[Step, ...]] = (
    Launch(_day(15, "09:40"), STAFF, CORNER, range(9001, 9004), "First three shops"),
    Launch(_day(14, "10:15"), ADMIN, BOUTIQUE, range(9004, 9008), "Autumn boutiques", trouble={9007: _TOO_SMALL}),
    Retry(_day(14, "15:05"), STAFF, "Autumn boutiques"),
    Launch(_day(13, "11:30"), STAFF, HOUSEHOLD, _one(9008)),
    Launch(_day(12, "14:10"), ADMIN, CORNER, range(9009, 9013), "Market stalls: settings", _SETTINGS),
    Launch(
        _day(11, "09:20"), STAFF, CORNER, range(9009, 9013), "Market stalls: catalog", _CATALOG, trouble={9011: _BREAKS}
    ),
    Retry(_day(11, "10:05"), STAFF, "Market stalls: catalog"),
    Launch(_saturday(2, "11:00"), ADMIN, WAREHOUSE, _one(9013), "Tool warehouse moves"),
    Launch(_day(10, "09:10"), STAFF, BOUTIQUE, range(9014, 9019), "Gift shops: settings", _SETTINGS),
    Launch(_day(10, "13:45"), ADMIN, HOUSEHOLD, _one(9001)),  # refused: it was filled on the first day
    Launch(
        _day(9, "16:20"),
        ADMIN,
        HOUSEHOLD,
        range(9023, 9025),
        "Household, second wave",
        _CATALOG,
        trouble={9024: _KEEPS_FAILING},
    ),
    Retry(_day(8, "09:05"), ADMIN, "Household, second wave"),
    Launch(
        _day(7, "14:30"),
        STAFF,
        BOUTIQUE,
        (*range(9019, 9023), *range(9025, 9033)),
        "Delivery prices",
        _SETTINGS,
        canceled=range(9031, 9033),
    ),
    Launch(
        _day(6, "09:10"), STAFF, BOUTIQUE, range(9014, 9019), "Gift shops: catalog", _CATALOG, trouble={9016: _SILENT}
    ),
    Launch(_saturday(1, "10:30"), STAFF, CORNER, range(9026, 9028), "Weekend openings", trouble={9027: _NOT_ALLOWED}),
    Launch(
        _day(5, "11:40"), STAFF, CORNER, _one(9025), scope=_CATALOG, with_samples=True, trouble={9025: _FAILS_TWICE}
    ),
    Launch(_day(4, "09:45"), STAFF, HOUSEHOLD, range(9028, 9030), "Home and living", trouble={9028: _VANISHES}),
    # The wrong template, then the right one.
    Launch(_day(3, "10:00"), STAFF, HOUSEHOLD, range(9019, 9023), "Garden centres", canceled=range(9019, 9023)),
    Launch(_day(3, "10:12"), STAFF, CORNER, range(9019, 9023), "Garden centres, right template"),
    Launch(_day(2, "09:00"), ADMIN, WAREHOUSE, _one(9030), "Big catalog", _CATALOG),
    Launch(_day(2, "14:00"), STAFF, BOUTIQUE, _one(9004), "Once more"),  # refused: it is full
    Launch(_day(1, "10:30"), STAFF, BOUTIQUE, range(9032, 9035), "Christmas openings: settings", _SETTINGS),
    Launch(
        _day(1, "15:20"),
        STAFF,
        CORNER,
        (),
        "New customers",
        customers=(
            Customer("hello@larkfield-bakery.example", "Larkfield Bakery"),
            Customer("owner@harbour-lights.example", "Harbour Lights", loses_answer=True),
            Customer("shop@mint-and-clover.example", "Mint & Clover"),
        ),
    ),
    Launch(When(minutes_ago=70), STAFF, CORNER, _one(9031), "Walk-in customer"),
    Launch(
        When(minutes_ago=25),
        ADMIN,
        BOUTIQUE,
        range(9041, 9051),
        "Spring openings",
        trouble={9041: _TOO_SMALL},
        is_tried_first=True,
    ),
)

# A list that somebody is still at when the demo starts, as a spreadsheet has it.
DRAFT_NAME: Final = "Market day"
DRAFT_FILE: Final = "market-day.csv"
DRAFT: Final = """\
store_id;email;name;label;scope;instant_site;Phone
9036;;;;;;0100 555 01
9037;;;Riverside market;;;0100 555 02
90 38;;;;;;0100 555 03
9039;;;;everything;;0100 555 04
1002;;;;;;0100 555 05
;orders@wren-and-rye.example;Wren & Rye;;;draft;0100 555 06
;maya@thimble-row;Thimble Row;;;;0100 555 07
9037;;;Riverside market;;;0100 555 02
"""

# What waits for the worker when the demo starts; it takes some seconds each, so that there is something to watch.
# Whoever launched it left out what has mistakes.
RUNNING_NAME: Final = "Christmas openings: catalog"
RUNNING_FILE: Final = "christmas-openings.csv"
RUNNING_SCOPE: Final = _CATALOG
RUNNING: Final = """\
store_id;email;name
9032;;
9033;;
9034;;
90 39;;
;winter@pine-and-pebble;Pine & Pebble
"""
RUNNING_SECONDS: Final = {9032: 20, 9033: 45, 9034: 90}

_SMALL: Final = {CORNER, BOUTIQUE}


def plan(*, small: bool) -> tuple[Step, ...]:
    """Return the steps; `small`: only those with the smaller templates."""
    if not small:
        return PLAN
    launches = [step for step in PLAN if isinstance(step, Launch) and step.template in _SMALL]
    names = {launch.name for launch in launches}
    return tuple(step for step in PLAN if step in launches or (isinstance(step, Retry) and step.of in names))
