"""How a desk's calls are shared out: a connection whose host does not answer must not take them from the others."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from django.db.models import QuerySet

from clones.engine.errands.desk import Desk, R
from clones.models import Connection

KEPT_FREE: Final = 4  # one in so many calls, while another connection may come along with work


def shared_out(
    desk: Desk[R], ready: QuerySet[R], place: str, room_of: Callable[[int], int] | None = None
) -> QuerySet[R]:
    """Keep of `ready` each connection's share of the calls that the desk of one worker has at once.

    `place`: the lookup from a row to its connection. `room_of` says for a connection's id how many it may have besides.
    """
    with_work = set(ready.order_by().values_list(place, flat=True).distinct())
    if not with_work:
        return ready
    leased = desk.rows().filter(leased_by=desk.worker_id).exclude(lease_token="")
    in_air = Counter(leased.order_by().values_list(place, flat=True))
    places = with_work.union(in_air)
    others = Connection.objects.exclude(pk__in=places).exists()
    if len(places) == 1 and not others:
        return ready
    usable = desk.at_once - desk.at_once // KEPT_FREE if others else desk.at_once
    share, ids = max(1, usable // len(places)), list[int]()
    for one in with_work:
        room = share - in_air[one]
        if room > 0 and room_of:
            room = min(room, room_of(one))
        if room > 0:
            ids += ready.filter(**{place: one}).values_list("pk", flat=True)[:room]
    return ready.filter(pk__in=ids)
