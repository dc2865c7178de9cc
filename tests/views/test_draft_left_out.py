"""What a launch left out, on the page of its batch: a sentence, a way to go on, and a file of it."""

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from clones.models import Batch, Draft, TemplateStore
from clones.operations.drafts.launching import launch_draft
from clones.operations.drafts.making import discard
from clones.operations.drafts.rows import Cells, change_rows
from tests.drafts import draft_with, ids, rows, text_of
from tests.factories import BatchFactory, CloneJobFactory, TargetStoreFactory, TemplateStoreFactory
from tests.people import staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam() -> User:
    return staff()


@pytest.fixture
def client(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(store_id="1001")


@pytest.fixture
def batch(template: TemplateStore, sam: User) -> Batch:
    """Make a batch of one store that left out three."""
    busy = TargetStoreFactory.create(connection=template.connection, store_id="9002")
    CloneJobFactory.create(batch__template=template, target=busy)
    draft = draft_with(sam, template, "9001 9002 12a 12b")
    batch = launch_draft(draft, sam, only_valid=True, leave_out_busy=True).batch
    assert batch is not None
    return batch


def page_of(client: Client, batch: Batch) -> str:
    return text_of(client.get(f"/batches/{batch.pk}/"))


def words(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page)))


def read(response: Any) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_batch_says_what_was_left_out_and_leads_to_it(client: Client, batch: Batch) -> None:
    rest = Draft.objects.get(left_out_of=batch)

    page = page_of(client, batch)

    assert "3 stores were left out: 2 with mistakes, 1 with a clone under way. Go on with them" in words(page)
    assert f'href="/batches/new/{rest.pk}/targets/"' in page
    there = words(text_of(client.get(f"/batches/new/{rest.pk}/targets/")))
    assert f"left out of batch {batch.pk}" in there
    assert f"left out of batch {batch.pk}" in words(text_of(client.get("/batches/new/")))


def test_they_are_a_file_with_what_is_wrong(client: Client, batch: Batch) -> None:
    address = re.search(r'href="([^"]*rows\.csv)"', page_of(client, batch))
    assert address

    answer = client.get(address[1])

    told = {row["store_id"].strip('="'): row["error"] for row in read(answer)}
    assert set(told) == {"9002", "12a", "12b"}
    assert "is under way" in told["9002"]
    assert "is not a store ID" in told["12a"]
    assert f'filename="batch-{batch.pk}-left-out.csv"' in answer.headers["Content-Disposition"]


def test_a_batch_that_left_nothing_out_says_nothing(client: Client) -> None:
    batch = BatchFactory.create()
    CloneJobFactory.create(batch=batch)

    assert "left out" not in words(page_of(client, batch))


def test_what_is_forgotten_is_told_of_without_a_link(client: Client, batch: Batch) -> None:
    discard(Draft.objects.get(left_out_of=batch))

    page = page_of(client, batch)

    assert "3 stores were left out: 2 with mistakes, 1 with a clone under way." in words(page)
    assert "Go on with them" not in page
    assert "rows.csv" not in page


def test_what_was_launched_since_leads_to_that_batch(client: Client, batch: Batch, sam: User) -> None:
    rest = Draft.objects.get(left_out_of=batch)
    change_rows(rest, sam, {rest.targets.get(store_id="12a").pk: Cells({"store_id": "9012"})})
    again = launch_draft(rest, sam, only_valid=True, leave_out_busy=True).batch
    assert again is not None

    page = page_of(client, batch)

    assert f"Launched since as batch {again.pk}." in words(page)
    assert "Go on with them" not in page
    assert "2 stores were left out" in words(page_of(client, again))


def test_one_reason_is_told_with_the_number_once(client: Client, template: TemplateStore, sam: User) -> None:
    batch = launch_draft(draft_with(sam, template, "9001 12a"), sam, only_valid=True).batch
    assert batch is not None

    assert "1 store with mistakes was left out. Go on with it" in words(page_of(client, batch))


def test_the_last_step_says_that_what_is_left_out_is_kept(client: Client, template: TemplateStore, sam: User) -> None:
    draft = draft_with(sam, template, "9001 12a")
    review = f"/batches/new/{draft.pk}/review/"

    page = text_of(client.get(review, {"only_valid": "1"}))
    assert "What is left out is kept" in words(page)
    assert "forgotten" not in words(page[page.index("What will happen") :])
    client.post(review, {"only_valid": "1"})

    assert ids(Draft.objects.get(left_out_of=Batch.objects.get())) == ["12a"]
    assert not rows(draft)
