"""A reset and the calls that are on their way."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from clones.sandbox.holding import HeldAnswers
from clones.sandbox.traffic import Traffic
from tests.waiting import until


def test_the_slowest_call_is_cut_short_and_comes_to_nothing() -> None:
    held, traffic, on_the_way = HeldAnswers(), Traffic(), Event()

    def call() -> bool:
        with traffic.call():
            on_the_way.set()
            return held.pause(seconds=3600)

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(call)
        on_the_way.wait()
        with traffic.stopped(hurry=held.interrupt):
            assert slow.result() is False


def test_a_call_that_comes_in_meanwhile_waits_for_the_end() -> None:
    traffic, order = Traffic(), list[str]()

    def call() -> None:
        with traffic.call():
            order.append("call")

    with ThreadPoolExecutor(1) as pool:
        with traffic.stopped(hurry=lambda: None):
            late = pool.submit(call)
            until(late.running, "the call that comes in")
            order.append("emptied")
        late.result()

    assert order == ["emptied", "call"]
