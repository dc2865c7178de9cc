"""A database file of an older sandbox goes on working."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.sandbox.api import Api
from tests.sandbox_process import ROOT, SandboxProcess

FIRST_COLUMNS = {
    "name": "Old shop",
    "owner_email": "old@example.com",
    "settings": "{}",
    "zones": 0,
    "refusal": "",
    "fails_with": "",
    "stays_in": "",
    "zero_padded_ids": 0,
    "extra_mapping": "{}",
    "sleep": 0,
}


def make_first_release(database: Path, store_id: int) -> None:
    """Make the tables of the first release, with one store in them."""
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "sandbox", "0001", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "clones.sandbox.settings", "SANDBOX_DATABASE": str(database)},
        check=True,
        timeout=60,
    )
    with closing(sqlite3.connect(database)) as connection, connection:
        marks = ", ".join("?" * (len(FIRST_COLUMNS) + 1))
        connection.execute(
            f"INSERT INTO sandbox_store (id, {', '.join(FIRST_COLUMNS)}) VALUES ({marks})",
            [store_id, *FIRST_COLUMNS.values()],
        )


def test_a_store_of_the_first_release_can_be_read(fresh_database: Path) -> None:
    make_first_release(fresh_database, 5)

    with SandboxProcess(fresh_database, "--no-seed") as sandbox, Api(sandbox) as api:
        profile, products, stats = (api.read(path, 5) for path in ("profile", "products", "latest-stats"))

    assert profile.json()["generalInfo"]["storeUrl"] == "https://store5.company.site"
    assert profile.json()["account"]["accountEmail"] == "old@example.com"
    assert products.json()["total"] == 0
    assert not stats.json()["productsUpdated"].startswith("1970")
