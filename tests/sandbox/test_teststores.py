from pathlib import Path

from clones.sandbox.teststores import TEST_STORES

TABLE = Path(__file__).resolve().parents[2] / "docs" / "sandbox.md"


def test_the_document_lists_every_test_store_as_it_is() -> None:
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| 91")]

    assert lines == [f"| {store.spec.id} | {store.use_as} | {store.gives} | {store.code} |" for store in TEST_STORES]
