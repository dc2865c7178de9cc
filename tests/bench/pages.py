"""All other pages: each with its filters, its orders and its last page."""

from dataclasses import asdict
from typing import Final

from tests.bench.bench import Bench
from tests.bench.measuring import Request, in_turn

ROUNDS: Final = 5
SIZE: Final = 4
GROWTH: Final = 1.5
COUNTS_ALL: Final = 2.0  # pages that tell how many clones were ever made from a template
READS_ALL: Final = (
    8.0  # searches, and orders that no index has (docs/decisions/0006-speed-of-pages.md), of 100 times as much
)

# Name, address (with parts of a Population), growth that is wanted.
PAGES: Final = (
    ("dashboard", "/", GROWTH),
    ("clones: last page", "/clones/?page=9999999", GROWTH),
    ("clones: completed", "/clones/?status=COMPLETED", GROWTH),
    ("clones: failed", "/clones/?status=FAILED", GROWTH),
    ("clones: active", "/clones/?status=ACTIVE", GROWTH),
    ("clones: of a template", "/clones/?template={template_id}", GROWTH),
    ("clones: of a batch", "/clones/?batch={batch_id}", GROWTH),
    ("clones: of a person", "/clones/?user={user_id}", GROWTH),
    ("clones: by asked for", "/clones/?sort=created_at", GROWTH),
    ("clones: by status", "/clones/?sort=status", GROWTH),
    ("clones: by store ID", "/clones/?sort=-target", GROWTH),
    ("clones: by batch", "/clones/?sort=-batch", GROWTH),
    ("clones: by template", "/clones/?sort=template", READS_ALL),
    ("clones: by person", "/clones/?sort=created_by", READS_ALL),
    ("clones: by how long it took", "/clones/?sort=-took", READS_ALL),
    ("clones: search for an ID", "/clones/?q={store_id}", READS_ALL),
    ("clones: search for a ticket", "/clones/?q=ticket-50", READS_ALL),
    ("clones: search for a name", "/clones/?q=shop 77", READS_ALL),
    ("new clone", "/clones/new/", COUNTS_ALL),
    ("batches", "/batches/", GROWTH),
    ("templates", "/templates/", COUNTS_ALL),
    ("template", "/templates/{template_id}/", COUNTS_ALL),
    ("targets", "/targets/", GROWTH),
    ("targets: by store ID", "/targets/?sort=-store", GROWTH),
    ("targets: by latest clone", "/targets/?sort=last_job", READS_ALL),
    ("targets: search for an ID", "/targets/?q={store_id}", READS_ALL),
    ("target", "/targets/{target_id}/", GROWTH),
    ("people", "/people/", GROWTH),
    ("person", "/people/{user_id}/", GROWTH),
    ("metrics", "/metrics", READS_ALL),
    ("clone: 250 / 25,000 pairs", "/clones/{pairs_job_id}/", READS_ALL),
    ("clone: 2,000 / 200,000 pairs", "/clones/{many_pairs_job_id}/", READS_ALL),
    ("clone: search in these", "/clones/{many_pairs_job_id}/mapping/?q=5123", READS_ALL),
)


def run(bench: Bench) -> None:
    """Measure how each grows."""
    bench.head("Other pages")
    for name, path, wanted in PAGES:
        asked = [Request(site.browser, path.format(**asdict(site.population))) for site in (bench.few, bench.many)]
        few, many = in_turn(asked, ROUNDS, SIZE)
        bench.line(name, few, many, wanted)
