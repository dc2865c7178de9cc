"""What the query of the list of people means: active or deactivated, and what is searched for."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat, Lower, NullIf, Trim
from django.http import QueryDict

from clones.filters.search import typed_search

_SEARCHED = ("username", "shown_name", "email")


@dataclass(frozen=True)
class ListedPeople:
    """The people that the address asks for. The counts are of what the search leaves, without a second query."""

    people: QuerySet[User]
    text: str
    is_deactivated: bool
    active: int
    deactivated: int

    @property
    def total(self) -> int:
        """How many people are listed."""
        return self.deactivated if self.is_deactivated else self.active


def listed_people(query: Mapping[str, str] | QueryDict) -> ListedPeople:
    """Read the address: `deactivated`, and `q`, which a user name, a name or an e-mail address holds."""
    text = typed_search(query)
    people = _named(User.objects.all())
    if text:
        people = people.filter(Q(*((f"{name}__icontains", text) for name in _SEARCHED), _connector=Q.OR))
    counts = people.aggregate(
        active=Count("pk", filter=Q(is_active=True)), deactivated=Count("pk", filter=Q(is_active=False))
    )
    is_deactivated = bool(query.get("deactivated"))
    return ListedPeople(people.filter(is_active=not is_deactivated), text, is_deactivated, **counts)


def _named(people: QuerySet[User]) -> QuerySet[User]:
    """Read along the name that the pages show, and the same for sorting."""
    whole = NullIf(Trim(Concat("first_name", Value(" "), "last_name")), Value(""))
    return people.annotate(shown_name=Coalesce(whole, F("username"))).annotate(sorted_name=Lower("shown_name"))
