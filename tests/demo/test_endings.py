"""However a demo ends, none of its processes is left: real ones, really killed."""

import signal
from pathlib import Path

import pytest

from tests.demo.demo_process import DemoProcess
from tests.scale import at_scale, variants

# As the command lines of the parts' own processes begin, not those of the guards beside them.
WEB, SANDBOX, WORKER = "-m gunicorn", "manage.py sandbox", "manage.py worker"


@pytest.mark.parametrize("number", variants(signal.SIGTERM, [signal.SIGINT, signal.SIGHUP]))
def test_a_signal_ends_all_of_it_in_good_order(demo: DemoProcess, number: signal.Signals) -> None:
    demo.ready().send(number)

    assert demo.exit_code() == 0
    assert demo.processes() == []
    assert "Worker stopped." in demo.text
    assert "Traceback" not in demo.text


def test_a_second_ctrl_c_does_without_grace(demo: DemoProcess) -> None:
    demo.ready().send(signal.SIGINT)
    demo.says("Ending.")
    demo.send(signal.SIGINT)

    assert demo.exit_code() == 0
    assert demo.processes() == []


def test_kill_9_of_the_demo_ends_all_parts(demo: DemoProcess) -> None:
    demo.ready().send(signal.SIGKILL)

    demo.leaves_nothing()


@pytest.mark.parametrize(
    ("command", "name"), [(WEB, "web"), (SANDBOX, "sandbox"), (WORKER, "worker")], ids=["web", "sandbox", "worker"]
)
def test_the_death_of_a_part_ends_the_others_and_is_told(demo: DemoProcess, command: str, name: str) -> None:
    demo.ready().kill_part(command)

    assert demo.exit_code() == 1
    assert demo.processes() == []
    assert f"The {name} was ended by SIGKILL. Its last lines were:" in demo.text
    assert "Traceback" not in demo.text


@pytest.mark.parametrize("number", variants(signal.SIGKILL, [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]))
def test_a_signal_for_make_alone_ends_the_demo(var: Path, number: signal.Signals) -> None:
    with DemoProcess(var, under_make=True) as demo:
        demo.ready().send(number)

        demo.leaves_nothing()
        demo.exit_code()
        assert "Ended." in demo.text


@at_scale
def test_a_first_start_that_is_killed_is_done_anew(tmp_path: Path) -> None:
    with DemoProcess(tmp_path) as first:
        first.says("Corner shop into 3 stores")
        first.send(signal.SIGKILL)
        first.leaves_nothing()

    with DemoProcess(tmp_path) as second:
        second.ready()
        assert "First start" in second.text


@pytest.mark.parametrize("number", variants(signal.SIGINT, [signal.SIGTERM]))
def test_a_first_start_can_be_ended(tmp_path: Path, number: signal.Signals) -> None:
    with DemoProcess(tmp_path) as first:
        first.says("Corner shop into 3 stores")
        first.send(number)

        assert first.exit_code() == 0
        assert first.processes() == []
        assert "Traceback" not in first.text


def test_the_death_of_the_sandbox_at_the_first_start_is_told(tmp_path: Path) -> None:
    with DemoProcess(tmp_path) as first:
        first.says("Corner shop into 3 stores")
        first.kill_part(SANDBOX)

        assert first.exit_code() == 1
        assert "The sandbox was ended by SIGKILL." in first.text
        assert first.processes() == []
