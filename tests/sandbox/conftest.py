"""The sandbox, emptied before each of these tests; clones end at once unless a test slows them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.api import Api
from tests.sandbox_process import SandboxProcess


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    sandbox_process.reset()
    sandbox_process.pace(queued_seconds=0, minimum_seconds=0, seconds_per_1000_products=0)
    return sandbox_process


@pytest.fixture
def fresh_database(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.sqlite3"


@pytest.fixture
def api(sandbox: SandboxProcess) -> Iterator[Api]:
    """The API as a plain HTTP client sees it, with two stores to clone from and into."""
    sandbox.add_store(1, products=12, categories=5, types=2, sample_products=2, sample_categories=1, zones=2)
    sandbox.add_store(2)
    with Api(sandbox) as api:
        yield api
