"""Every search, with whatever somebody types or pastes: found where it stands, and never an error."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from clones.choices import JobStatus
from clones.models import EntityMapping
from tests.factories import BatchFactory, CloneJobFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import admin, person

pytestmark = pytest.mark.django_db

TYPED = {
    "percent": "100%",
    "underscore": "a_b",
    "backslash": "back\\slash",
    "quotes": "'\"`;--",
    "emoji": "🛷👩‍👩‍👧",
    "right to left": "متجر النور",
    "direction mark": "\u202egnp.exe",
    "brackets": "[a-c]*?",
    "markup": "<b>&amp;",
}
LONG = tuple(sign * 10_000 for sign in ("x", "9", "%", "\\", "🛷"))
ALIKE = ("1000", "axb", "backslash", "🛷")  # what a placeholder of LIKE would find too


def repr_short(text: str) -> str:
    return ascii(text[:1])


def make_batches(text: str) -> None:
    BatchFactory.create(name=f"Batch {text}!")


def make_jobs(text: str) -> None:
    CloneJobFactory.create(batch=BatchFactory.create(name=f"Batch {text}!"))


def make_templates(text: str) -> None:
    TemplateStoreFactory.create(name=f"Store {text}!")


def make_targets(text: str) -> None:
    TargetStoreFactory.create(label=f"Store {text}!")


def make_people(text: str) -> None:
    user = person(f"person-{User.objects.count()}")
    user.last_name = f"Name {text}!"
    user.save(update_fields=["last_name"])


SEARCHES: dict[str, Callable[[str], None]] = {
    "/batches/": make_batches,
    "/clones/": make_jobs,
    "/templates/": make_templates,
    "/targets/": make_targets,
    "/people/": make_people,
}


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(admin())
    return client


def rows(client: Client, address: str, text: str) -> list[object]:
    """Return the rows that a search leaves."""
    answer = client.get(f"{address}?{urlencode({'q': text})}")
    assert answer.status_code == 200
    return [row.record for row in answer.context["table"].rows] if "table" in answer.context else []


def mapping_rows(client: Client, address: str, text: str) -> list[EntityMapping]:
    answer = client.get(f"{address}?{urlencode({'q': text})}", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return list(answer.context["mapping"].page.object_list)


@pytest.mark.parametrize("text", TYPED.values(), ids=TYPED)
@pytest.mark.parametrize("address", SEARCHES)
def test_a_list_finds_what_holds_the_text_and_nothing_else(ada: Client, address: str, text: str) -> None:
    for each in (text, *ALIKE):
        SEARCHES[address](each)

    assert len(rows(ada, address, text)) == 1
    assert len(rows(ada, address, f"\0 {text} \0")) == 1


@pytest.mark.parametrize(
    "text", ["\0", "x" * 10_000, "%" * 10_000, "🛷" * 10_000, "9" * 10_000], ids=lambda text: text[:1]
)
@pytest.mark.parametrize("address", [*SEARCHES, "/clones.csv", "/clones/rows/"])
def test_nothing_that_is_typed_breaks_a_list(ada: Client, address: str, text: str) -> None:
    job = CloneJobFactory.create()

    answer = ada.get(f"{address}?{urlencode({'q': text, 'ids': job.pk, 'since': 0, 'newest': job.pk, 'sort': text})}")

    assert answer.status_code == 200
    assert b"".join(cast("Any", answer).streaming_content) if answer.streaming else answer.content


@pytest.mark.parametrize("address", SEARCHES)
def test_a_text_longer_than_any_name_finds_nothing(ada: Client, address: str) -> None:
    SEARCHES[address]("x" * 100)

    assert rows(ada, address, "x" * 10_000) == []


@pytest.mark.parametrize("text", TYPED.values(), ids=TYPED)
def test_a_mapping_finds_the_ids_that_begin_with_the_text(ada: Client, text: str) -> None:
    job = CloneJobFactory.create(status=JobStatus.COMPLETED)
    for number, each in enumerate((text, *ALIKE)):
        EntityMapping.objects.create(
            job=job, entity_type="product", source_id=f"{each}-{number}", target_id=str(number)
        )

    found = mapping_rows(ada, f"/clones/{job.pk}/mapping/", text)

    assert [pair.target_id for pair in found] == ["0"]


@pytest.mark.parametrize("text", LONG, ids=repr_short)
def test_a_mapping_finds_nothing_for_a_text_longer_than_any_id(ada: Client, text: str) -> None:
    job = CloneJobFactory.create(status=JobStatus.COMPLETED)
    EntityMapping.objects.create(job=job, entity_type="product", source_id=text[:255], target_id="1")

    assert mapping_rows(ada, f"/clones/{job.pk}/mapping/", text) == []


def test_a_mapping_passes_over_a_nul(ada: Client) -> None:
    job = CloneJobFactory.create(status=JobStatus.COMPLETED)
    EntityMapping.objects.create(job=job, entity_type="product", source_id="500", target_id="1")

    assert len(mapping_rows(ada, f"/clones/{job.pk}/mapping/", "5\x000")) == 1
