"""The pages that ask again every other second: each as a whole, and its refresh when nothing has changed."""

import re
from typing import Final

from tests.bench.bench import Bench, Site
from tests.bench.measuring import Browser, Request, in_turn, share

ROUNDS: Final = 5
SIZE: Final = 12
GROWTH: Final = 1.5
REFRESH_SHARE: Final = 0.2


def run(bench: Bench) -> None:
    """Measure the list of clones, and the page of a batch that holds a twentieth of all."""
    bench.head("Pages and their refresh")
    compare(bench, "list of clones", [_list_and_refresh(site) for site in (bench.few, bench.many)])
    batches = [page_and_refresh(site.browser, site.population.big_batch_id) for site in (bench.few, bench.many)]
    compare(bench, "batch of 50 / of 5,000", batches)


def compare(bench: Bench, name: str, asked: list[tuple[Request, Request]]) -> None:
    """Measure a page and its refresh, with few rows behind it and with many."""
    (few, few_again), (many, many_again) = asked
    times = in_turn((few, many, few_again, many_again), ROUNDS, SIZE)
    bench.line(name, times[0], times[1], GROWTH)
    bench.line(f"{name}, refresh", times[2], times[3], GROWTH)
    bench.ratio(f"{name}: refresh / page, few", share(times[2], times[0]), REFRESH_SHARE)
    bench.ratio(f"{name}: refresh / page, many", share(times[3], times[1]), REFRESH_SHARE)


def _list_and_refresh(site: Site) -> tuple[Request, Request]:
    shown = site.browser.get("/clones/").text
    newest = re.search(r'data-newest="(\d+)"', shown)
    query = f"{_rows(shown)}&newest={newest[1] if newest else 0}&newer=0"
    return Request(site.browser, "/clones/"), Request(site.browser, f"/clones/rows/?{query}", 204, fragment=True)


def page_and_refresh(browser: Browser, batch_id: int) -> tuple[Request, Request]:
    """Return what asks for the page of a batch, and for what is new there."""
    path = f"/batches/{batch_id}/"
    shown = browser.get(path).text
    token = re.search(r'data-live-token="([^"]+)"', shown)
    query = f"{_rows(shown)}&token={token[1] if token else ''}"
    return Request(browser, path), Request(browser, f"{path}live/?{query}", 204, fragment=True)


def _rows(shown: str) -> str:
    """Return what the page would ask: which rows it shows, and their versions."""
    rows = re.findall(r'data-job="(\d+)" data-version="(\d+)"', shown)
    ids, since = (",".join(part) for part in zip(*rows, strict=True))
    return f"ids={ids}&since={since}"
