"""How the pages write statuses, times, numbers and IDs: each in one way."""

from datetime import UTC, datetime, timedelta
from typing import Final

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clones.choices import JobStatus

register = template.Library()

EMPTY: Final = "—"
_RECENT: Final = timedelta(hours=24)
_MOMENT: Final = timedelta(seconds=1)


@register.inclusion_tag("components/_status.html")
def status_badge(status: str) -> dict[str, JobStatus]:
    """Draw a status: icon, word and colour."""
    return {"badge": JobStatus(status)}


@register.simple_tag
def when(at: datetime | None, *, absolute: bool = False) -> SafeString | str:
    """Draw a time in the person's zone: "3 minutes ago" within a day, else the date; the whole of it on hover.

    What is told as an age carries `data-ago`, its seconds: js/portal.js lets it grow while the page is open.
    """
    if at is None:
        return EMPTY
    local = timezone.localtime(at)
    age = timezone.now() - at
    if absolute:
        return _time(local, date_format(local, "j M Y, H:i:s"))
    if abs(age) < _RECENT:
        # Django says "now", which reads badly in "Asked for now by Sam".
        text = "just now" if timedelta(0) <= age < _MOMENT else naturaltime(at)
        return _time(local, text, format_html(' data-ago="{}"', round(age.total_seconds())))
    return _time(local, date_format(local, "j M Y, H:i"))


@register.simple_tag(name="clock")
def draw_clock(at: datetime) -> SafeString:
    """Draw a time to write "since" before: it says the same however long the page stays open."""
    return _time(timezone.localtime(at), clock(at, timezone.now()))


def clock(at: datetime, now: datetime) -> str:
    """Write a time in the person's zone: "14:05:30" today, else "24 Nov, 14:05"."""
    local = timezone.localtime(at)
    is_today = local.date() == timezone.localtime(now).date()
    return date_format(local, "H:i:s" if is_today else "j M, H:i")


def _time(local: datetime, text: str, age: SafeString | str = "") -> SafeString:
    whole = f"{date_format(local, 'j M Y, H:i:s')} {local.tzname()}"
    stamp = local.astimezone(UTC).isoformat()
    return format_html('<time datetime="{}"{} title="{}">{}</time>', stamp, age, whole, text)


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """Write a length of time: "under 1 s", "48 s", "3 min 20 s", "2 h 5 min"."""
    if seconds is None:
        return EMPTY
    total = int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    minutes, second = divmod(max(total, 0), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minute} min"
    if minute:
        return f"{minute} min {second} s"
    return f"{second} s" if second else "under 1 s"


@register.filter
def number(value: int | None) -> str:
    """Write a whole number with its thousands apart; a dash where it is not known."""
    return EMPTY if value is None else f"{value:,}"


@register.filter
def stores(count: int) -> str:
    """Write "1 store" or "37 stores"."""
    return f"{count:,} store" if count == 1 else f"{count:,} stores"


@register.filter
def of(counts: dict[str, int], key: str) -> int:
    """Return the count of one key; 0 where there is none."""
    return counts.get(key, 0)


@register.filter
def total(counts: dict[str, int]) -> int:
    """Return the sum of all counts."""
    return sum(counts.values())


@register.filter
def clones(count: int) -> str:
    """Write "1 clone" or "37 clones"."""
    return f"{count:,} clone" if count == 1 else f"{count:,} clones"
