"""Every page that shows something of a sandbox says so; nothing of a real connection does."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from clones.choices import JobStatus
from clones.models import CloneJob
from tests.factories import CloneJobFactory, ConnectionFactory, TemplateStoreFactory
from tests.people import admin, nobody

BADGE = 'class="badge sandbox-badge"'
IN_THE_MENU = '<body class="only-sandboxes">'

ADDRESSES = {
    "dashboard": "/",
    "clones": "/clones/",
    "clone": "/clones/{job.pk}/",
    "new clone": "/clones/new/",
    "batches": "/batches/",
    "batch": "/batches/{job.batch_id}/",
    "templates": "/templates/",
    "template": "/templates/{job.template_id}/",
    "change template": "/templates/{job.template_id}/edit/",
    "targets": "/targets/",
    "target": "/targets/{job.target_id}/",
    "change target": "/targets/{job.target_id}/edit/",
    "connections": "/connections/",
    "connection": "/connections/{job.connection_id}/",
    "change connection": "/connections/{job.connection_id}/edit/",
}
OF_NO_CONNECTION = {"people": "/people/", "profile": "/accounts/profile/", "not found": "/nowhere/"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client) -> User:
    person = admin()
    client.force_login(person)
    return person


def clone_at(*, is_sandbox: bool, status: JobStatus = JobStatus.FAILED) -> CloneJob:
    connection = ConnectionFactory.create(is_sandbox=is_sandbox)
    template = TemplateStoreFactory.create(connection=connection)
    return CloneJobFactory.create(batch__template=template, status=status)


def page(client: Client, address: str, job: CloneJob) -> str:
    return client.get(address.format(job=job)).content.decode()


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("address", [*ADDRESSES.values(), *OF_NO_CONNECTION.values()])
def test_with_sandboxes_alone_the_menu_of_every_page_says_so(client: Client, address: str) -> None:
    text = page(client, address, clone_at(is_sandbox=True))

    assert IN_THE_MENU in text
    assert BADGE in text.partition("<nav")[0]


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_beside_a_real_connection_what_is_of_the_sandbox_says_so(client: Client, address: str) -> None:
    job = clone_at(is_sandbox=True)
    ConnectionFactory.create()

    text = page(client, address, job)

    assert IN_THE_MENU not in text
    assert BADGE not in text.partition("<nav")[0]
    assert BADGE in text or "Sandbox: nothing is real" in text


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("status", "panels"),
    [
        (JobStatus.FAILED, ["attention", "finished"]),
        (JobStatus.COMPLETED, ["finished"]),
        (JobStatus.WAITING, ["running"]),
    ],
)
def test_the_dashboard_says_it_of_the_sandboxs_clones_alone(
    client: Client, status: JobStatus, panels: list[str]
) -> None:
    clone_at(is_sandbox=True, status=status)
    clone_at(is_sandbox=False, status=status)

    text = client.get("/").content.decode()

    assert text.count(BADGE) == len([*panels, "engine"])


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("address", ["/clones/", "/batches/", "/templates/", "/targets/", "/connections/"])
def test_a_list_says_it_of_the_sandboxs_rows_alone(client: Client, address: str) -> None:
    job = clone_at(is_sandbox=True)
    clone_at(is_sandbox=False)

    text = page(client, address, job)

    assert text.count(BADGE) == 1


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("address", [*ADDRESSES.values(), *OF_NO_CONNECTION.values()])
def test_a_portal_without_a_sandbox_never_says_it(client: Client, address: str) -> None:
    assert BADGE not in page(client, address, clone_at(is_sandbox=False))


@pytest.mark.usefixtures("ada")
def test_a_question_about_selected_clones_says_it(client: Client) -> None:
    jobs = [clone_at(is_sandbox=True), clone_at(is_sandbox=False)]

    form = {"action": "retry", "jobs": ",".join(str(job.pk) for job in jobs)}
    text = client.post("/clones/selected/", form).content.decode()

    assert text.count(BADGE) == 1


def test_without_a_connection_nothing_is_said(client: Client) -> None:
    client.force_login(admin())

    assert BADGE not in client.get("/").content.decode()


def test_who_may_see_nothing_is_told_nothing(client: Client) -> None:
    ConnectionFactory.create(is_sandbox=True)
    client.force_login(nobody())

    assert BADGE not in client.get("/").content.decode()
