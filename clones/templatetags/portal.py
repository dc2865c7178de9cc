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
    """Draw a time in the person's zone: "3 minutes ago" within a day, else the date; the whole of it on hover."""
    if at is None:
        return EMPTY
    local, ago = timezone.localtime(at), timezone.now() - at
    whole = f"{date_format(local, 'j M Y, H:i:s')} {local.tzname()}"
    if absolute:
        text = date_format(local, "j M Y, H:i:s")
    elif timedelta(0) <= ago < _MOMENT:
        text = "just now"  # Django says "now", which reads badly in "Asked for now by Sam"
    elif abs(ago) < _RECENT:
        text = naturaltime(at)
    else:
        text = date_format(local, "j M Y, H:i")
    return format_html('<time datetime="{}" title="{}">{}</time>', at.astimezone(UTC).isoformat(), whole, text)


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """Write a length of time: "48 s", "3 min 20 s", "2 h 5 min"."""
    if seconds is None:
        return EMPTY
    total = int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    minutes, second = divmod(max(total, 0), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minute} min"
    return f"{minute} min {second} s" if minute else f"{second} s"


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
