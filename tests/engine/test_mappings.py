"""Storing a mapping: every pair as it came."""

import pytest
from django.db import IntegrityError, transaction

from clones.ecwid import IdMapping
from clones.engine import mappings
from clones.models import CloneJob, EntityMapping
from tests.factories import CloneJobFactory

pytestmark = pytest.mark.django_db


def stored(job: CloneJob) -> list[tuple[str, str, str]]:
    rows = EntityMapping.objects.filter(job=job).order_by("pk")
    return list(rows.values_list("entity_type", "source_id", "target_id"))


def store(job: CloneJob, mapping: IdMapping) -> None:
    with transaction.atomic():
        mappings.store(job.pk, mapping)


def test_tens_of_thousands_of_pairs_are_stored_in_ecwids_order() -> None:
    job = CloneJobFactory.create()
    products = {str(n): str(900_000 - n) for n in range(25_000)}

    store(job, {"product": products})

    assert stored(job) == [("product", *pair) for pair in products.items()]


def test_a_number_keeps_its_zero_and_may_stand_for_a_product_and_a_category() -> None:
    job = CloneJobFactory.create()

    store(job, {"product": {"12345": "09876"}, "category": {"12345": "54321"}})

    assert stored(job) == [("product", "12345", "09876"), ("category", "12345", "54321")]


@pytest.mark.parametrize(
    "text",
    [
        "Größe",
        "产品类型",
        "🛍️",
        "tab\there",
        "line\nbreak",
        "back\\slash",
        "\\N",
        "\\.",
        "it's “quoted”",
        '"',
        ",",
        " ",
        "%s",
    ],
)
def test_texts_are_stored_as_they_came(text: str) -> None:
    job = CloneJobFactory.create()

    store(job, {text: {text: text}})

    assert stored(job) == [(text, text, text)]


def test_no_pairs_are_no_rows() -> None:
    job = CloneJobFactory.create()

    store(job, {})

    assert stored(job) == []


def test_two_jobs_may_hold_the_same_pair() -> None:
    first, second = CloneJobFactory.create(), CloneJobFactory.create()

    store(first, {"product": {"1": "2"}})
    store(second, {"product": {"1": "2"}})

    assert stored(first) == stored(second) == [("product", "1", "2")]


def test_a_mapping_that_breaks_a_rule_is_not_stored_in_part() -> None:
    job = CloneJobFactory.create()
    EntityMapping.objects.create(job=job, entity_type="product", source_id="1", target_id="2")

    with pytest.raises(Exception, match=r"(?i)unique"):
        store(job, {"product": {"3": "4", "1": "4"}})

    assert stored(job) == [("product", "1", "2")]


def test_what_goes_wrong_is_an_error_of_djangos() -> None:
    job = CloneJobFactory.create()
    store(job, {"product": {"1": "2"}})

    with pytest.raises(IntegrityError):
        store(job, {"product": {"1": "4"}})
