"""The calls themselves, over real HTTP: what is sent, what is held back, and that nothing is ever raised."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from clones.choices import BlockReason, CloneScope, JobStatus
from clones.ecwid import CloneStatus, CredentialsRefused, NoAnswer, NotSent, RateLimited
from clones.engine import budget
from clones.engine.calls import DEAF_SECONDS, Answer, Caller, Silence, UnusableConnectionError
from clones.models import CloneJob, Connection
from clones.secrets import Secret
from tests.conftest import connect_to
from tests.factories import CloneJobFactory, ConnectionFactory
from tests.sandbox_process import CLIENT_SECRET, SandboxProcess

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
NEVER = math.inf  # a fence that nothing meets

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller() -> Iterator[Caller]:
    caller = Caller(threads=4)
    yield caller
    caller.close()


@pytest.fixture
def job(sandbox: SandboxProcess) -> CloneJob:
    return job_at(sandbox)


def job_at(sandbox: SandboxProcess, scope: CloneScope = CloneScope.ALL, **more: object) -> CloneJob:
    sandbox.add_store(1001, products=3, categories=1)
    sandbox.add_store(9001)
    template = {"batch__template__store_id": "1001", "batch__template__connection": connect_to(sandbox)}
    return CloneJobFactory.create(**template, target__store_id="9001", batch__scope=scope, **more)


def make(caller: Caller, job: CloneJob, fence: float = NEVER) -> Answer:
    """Make the call that the job is due for."""
    return caller.call(caller.client_for(job.connection), job, NOW, time.monotonic(), fence).run()


@pytest.mark.parametrize(
    ("scope", "sent"),
    [(CloneScope.ALL, ""), (CloneScope.CATALOG, "CATALOG"), (CloneScope.STORE_SETTINGS, "STORE_SETTINGS")],
)
def test_a_waiting_job_is_started_with_its_scope_and_all_is_left_out(
    sandbox: SandboxProcess, caller: Caller, scope: CloneScope, sent: str
) -> None:
    job = job_at(sandbox, scope)

    answer = make(caller, job)

    (logged,) = sandbox.log()
    assert (logged.source, logged.target, logged.scope, logged.demo) == ("1001", "9001", sent, False)
    assert answer == Answer(job, submits=True, result=logged.ticket, asked_at=NOW)


def test_the_demo_catalog_is_taken_along_where_chosen(sandbox: SandboxProcess, caller: Caller) -> None:
    make(caller, job_at(sandbox, clone_demo_catalog=True))

    assert sandbox.log()[0].demo


def test_a_job_with_a_ticket_is_looked_at(sandbox: SandboxProcess, caller: Caller, job: CloneJob) -> None:
    sandbox.pause_clones()
    job.ticket, job.status = str(make(caller, job).result), JobStatus.QUEUED

    answer = make(caller, job)

    assert not answer.submits
    assert isinstance(answer.result, CloneStatus)
    assert len(sandbox.log()) == 1


def test_after_a_429_nothing_more_leaves_over_this_connection(
    sandbox: SandboxProcess, caller: Caller, job: CloneJob
) -> None:
    sandbox.fault("rate_limit", call="clone_start", retry_after="60")

    first, second = make(caller, job), make(caller, job)

    assert isinstance(first.result, RateLimited)
    assert isinstance(second.result, NotSent)
    assert len(sandbox.requests()) == 1


def test_after_a_refused_key_nothing_more_leaves_over_this_connection(
    sandbox: SandboxProcess, caller: Caller, job: CloneJob
) -> None:
    job.connection.client_secret = Secret.seal("wrong")

    first, second = make(caller, job), make(caller, job)

    assert isinstance(first.result, CredentialsRefused)
    assert isinstance(second.result, NotSent)
    assert len(sandbox.requests()) == 1


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def is_silent(silence: Silence, connection_id: int = 1) -> bool:
    silence.listen(())
    return bool(silence.why(connection_id))


def test_a_silence_ends_with_its_time() -> None:
    clock = Clock()
    silence = Silence(clock)
    silence.begin(1, 20)

    clock.now += 19.9
    still = is_silent(silence)
    clock.now += 0.2

    assert (still, is_silent(silence)) == (True, False)


def test_a_shorter_silence_does_not_end_a_longer_one() -> None:
    clock = Clock()
    silence = Silence(clock)
    silence.begin(1, 20)
    silence.begin(1, 2)

    clock.now += 10

    assert is_silent(silence)


def test_a_silence_is_one_connections() -> None:
    silence = Silence(Clock())
    silence.begin(1, 20)

    assert not is_silent(silence, 2)


def test_what_another_worker_stopped_is_silent_until_the_database_says_otherwise() -> None:
    silence = Silence(Clock())

    silence.listen([1, 2])
    stopped = [bool(silence.why(number)) for number in (1, 2, 3)]
    silence.listen([2])

    assert (stopped, bool(silence.why(1))) == ([True, True, False], False)


def test_a_probe_tries_a_connection_that_is_stopped() -> None:
    silence = Silence(Clock())
    silence.listen([1])

    assert silence.why(1, is_probe=True) == ""


@pytest.mark.parametrize("is_probe", [False, True])
def test_who_has_not_listened_for_long_sends_nothing(*, is_probe: bool) -> None:
    clock = Clock()
    silence = Silence(clock)
    silence.listen(())

    clock.now += DEAF_SECONDS + 0.1

    assert "not sure" in silence.why(1, is_probe=is_probe)
    assert silence.why(1, heard_at=clock.now, is_probe=is_probe) == ""


@pytest.mark.parametrize("job_status", [JobStatus.WAITING, JobStatus.QUEUED])
def test_a_call_that_was_leased_before_another_worker_met_a_limit_does_not_leave(
    sandbox: SandboxProcess, caller: Caller, job_status: JobStatus
) -> None:
    job = job_at(sandbox, status=job_status)
    call = caller.call(caller.client_for(job.connection), job, NOW, time.monotonic(), NEVER)
    budget.stop_traffic(job.connection, BlockReason.RATE_LIMITED, NOW + timedelta(seconds=30), NOW)

    caller.silence.listen(Connection.objects.stopped(NOW).values_list("pk", flat=True))

    assert isinstance(call.run().result, NotSent)
    assert sandbox.requests() == []


@pytest.mark.parametrize("job_status", [JobStatus.WAITING, JobStatus.QUEUED])
def test_a_call_of_a_process_that_was_stopped_for_a_while_does_not_leave(
    sandbox: SandboxProcess, caller: Caller, job_status: JobStatus
) -> None:
    job = job_at(sandbox, status=job_status)
    long_ago = time.monotonic() - 2 * DEAF_SECONDS
    caller.silence = Silence(lambda: long_ago)
    call = replace(caller.call(caller.client_for(job.connection), job, NOW, time.monotonic(), NEVER), made_at=long_ago)
    caller.silence._monotonic = time.monotonic

    assert isinstance(call.run().result, NotSent)
    assert sandbox.requests() == []


def test_a_bug_of_ours_is_a_lost_answer_and_is_logged_without_secrets(
    caller: Caller, job: CloneJob, caplog: pytest.LogCaptureFixture
) -> None:
    job.scope = "NO_SUCH_SCOPE"

    answer = make(caller, job)

    assert isinstance(answer.result, NoAnswer)
    assert f"A call for job {job.pk} broke" in caplog.text
    assert "Traceback" in caplog.text
    assert CLIENT_SECRET not in caplog.text


def test_an_answer_that_nobody_can_read_is_a_lost_answer(
    sandbox: SandboxProcess, caller: Caller, job: CloneJob
) -> None:
    sandbox.fault("html", call="clone_start")

    assert isinstance(make(caller, job).result, NoAnswer)


@pytest.mark.parametrize("job_status", [JobStatus.WAITING, JobStatus.QUEUED])
def test_no_call_leaves_behind_its_fence(sandbox: SandboxProcess, caller: Caller, job_status: JobStatus) -> None:
    job = job_at(sandbox, status=job_status)

    answer = make(caller, job, fence=time.monotonic() - 0.001)

    assert isinstance(answer.result, NotSent)
    assert sandbox.requests() == []


def unanswered_for(seconds: float, sandbox: SandboxProcess, scope: CloneScope = CloneScope.STORE_SETTINGS) -> CloneJob:
    return job_at(sandbox, scope, unanswered_since=NOW - timedelta(seconds=seconds))


def seconds_left(caller: Caller, job: CloneJob, fence: float = NEVER) -> float:
    made_at = time.monotonic()
    return caller.call(caller.client_for(job.connection), job, NOW, made_at, fence).send_before - made_at


def test_settings_may_be_asked_for_again_until_a_minute_after_the_lost_post(
    sandbox: SandboxProcess, caller: Caller
) -> None:
    assert seconds_left(caller, unanswered_for(50, sandbox)) == pytest.approx(10)


def test_after_that_minute_the_post_is_held_back_at_the_last_moment(sandbox: SandboxProcess, caller: Caller) -> None:
    answer = make(caller, unanswered_for(60, sandbox))

    assert isinstance(answer.result, NotSent)
    assert sandbox.requests() == []


def test_an_empty_template_has_the_same_minute(sandbox: SandboxProcess, caller: Caller) -> None:
    job = unanswered_for(50, sandbox, CloneScope.CATALOG)
    job.template.product_count = job.template.category_count = 0

    assert seconds_left(caller, job) == pytest.approx(10)


def test_the_minute_does_not_make_an_earlier_fence_later(sandbox: SandboxProcess, caller: Caller) -> None:
    assert seconds_left(caller, unanswered_for(0, sandbox), fence=time.monotonic() + 7) <= 7


def test_the_minute_goes_on_while_the_process_stands_still(sandbox: SandboxProcess, caller: Caller) -> None:
    job = unanswered_for(50, sandbox)
    call = caller.call(caller.client_for(job.connection), job, NOW, time.monotonic() - 9, NEVER)

    assert call.send_before - time.monotonic() <= 1


@pytest.mark.parametrize("scope", [CloneScope.ALL, CloneScope.CATALOG])
def test_a_catalog_may_be_asked_for_again_at_any_time(
    sandbox: SandboxProcess, caller: Caller, scope: CloneScope
) -> None:
    assert seconds_left(caller, unanswered_for(3600, sandbox, scope)) == NEVER


def test_the_first_post_for_settings_has_no_such_minute(sandbox: SandboxProcess, caller: Caller) -> None:
    assert seconds_left(caller, job_at(sandbox, CloneScope.STORE_SETTINGS)) == NEVER


def test_a_connection_has_one_client_for_as_long_as_its_key_stays(caller: Caller) -> None:
    connection = ConnectionFactory.create()

    first = caller.client_for(connection)

    assert caller.client_for(Connection.objects.get()) is first


@pytest.mark.parametrize(
    ("column", "value"),
    [("client_secret", Secret.seal("new")), ("client_id", "new"), ("api_url", "https://app.ecwid.com/api/v4")],
)
def test_a_new_key_or_address_is_heeded_at_once(caller: Caller, column: str, value: object) -> None:
    connection = ConnectionFactory.create()
    first = caller.client_for(connection)
    setattr(connection, column, value)

    second = caller.client_for(connection)

    assert second is not first


def test_a_secret_that_cannot_be_read_is_said_in_a_sentence(caller: Caller, settings: Settings) -> None:
    connection = ConnectionFactory.create()
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(UnusableConnectionError, match="ENCRYPTION_KEYS"):
        caller.client_for(connection)


def test_an_address_that_cannot_be_used_is_said_in_a_sentence(caller: Caller) -> None:
    with pytest.raises(UnusableConnectionError, match="https"):
        caller.client_for(ConnectionFactory.create(api_url="http://example.com/api/v3"))
