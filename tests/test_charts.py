"""The lying bar of a batch: its parts, in their order and their lengths."""

import pytest

from clones.charts import stretches
from clones.choices import JobStatus
from clones.progress import Progress

W, S, Q, R, C, F, X = JobStatus


@pytest.mark.parametrize(
    ("counts", "parts"),
    [
        ({C: 5, F: 5, R: 2}, [("green", 0, 41.67), ("red", 41.67, 41.67), ("blue", 83.33, 16.67)]),
        ({F: 1, X: 1, S: 1, Q: 1}, [("red", 0, 25), ("secondary", 25, 25), ("blue", 50, 50)]),
        ({C: 3, W: 1}, [("green", 0, 75), ("", 75, 25)]),
        ({W: 4}, [("", 0, 100)]),
    ],
)
def test_each_part_has_its_share_of_the_bar_and_its_status_colour(
    counts: dict[JobStatus, int], parts: list[tuple[str, float, float]]
) -> None:
    found = stretches(Progress(counts))

    assert [(each.part.tone, round(each.x, 2), round(each.width, 2)) for each in found] == parts


def test_one_failure_among_thousands_is_seen_and_the_bar_is_no_longer_for_it() -> None:
    completed, failed, waiting = stretches(Progress({C: 4000, F: 1, W: 999}))

    assert failed.width > 1
    assert waiting.x + waiting.width == pytest.approx(100)
    assert completed.width > 3 * waiting.width
