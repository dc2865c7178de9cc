import pytest
from django.test import Client
from django.urls import reverse

from clones.choices import FailureKind, JobStatus
from clones.documents import DOCUMENTS, SHELVES
from clones.failures import failure_of
from tests.factories import CloneJobFactory
from tests.people import nobody, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def kim(client: Client) -> Client:
    client.force_login(staff())
    return client


def test_help_lists_every_document_staffs_first(kim: Client) -> None:
    page = kim.get("/help/").content.decode()
    places = [page.index(f'href="/help/{document.name}/"') for shelf in SHELVES for document in shelf.documents]

    assert places == sorted(places)
    assert page.index("Your first clone") < page.index("Connect to Ecwid")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_opens(name: str, kim: Client) -> None:
    answer = kim.get(f"/help/{name}/")

    assert answer.status_code == 200
    assert f'<a href="/help/{name}/" aria-current="page">' in answer.content.decode()


@pytest.mark.parametrize(
    "address",
    ["/help/nothing/", "/help/README/", "/help/first-clone.md/", "/help/..%2f..%2fmanage/", "/help/staff/first-clone/"],
)
def test_an_address_never_names_a_file(address: str, kim: Client) -> None:
    assert kim.get(address).status_code == 404


def test_somebody_without_a_role_may_read_and_finds_help_in_the_menu(client: Client) -> None:
    client.force_login(nobody())

    assert client.get("/help/operations/").status_code == 200
    assert '<a href="/help/">' in client.get("/accounts/profile/").content.decode()


@pytest.mark.parametrize("code", ["", "TARGET_PRODUCTS_NOT_EMPTY"])
@pytest.mark.parametrize("kind", FailureKind)
def test_a_failed_clone_links_to_what_help_says_of_its_reason(kind: FailureKind, code: str, kim: Client) -> None:
    job = CloneJobFactory.create(status=JobStatus.FAILED, failure_kind=kind, error_code=code)
    page = kim.get(reverse("clones:job_detail", args=[job.pk])).content.decode()
    address = page.split('id="job-help" href="')[1].split('"')[0]
    path, _, anchor = address.partition("#")

    assert f'<h3 id="{anchor}">{failure_of(kind, code).label}</h3>' in kim.get(path).content.decode()
