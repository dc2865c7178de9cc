"""A database file of an older sandbox goes on working."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from clones.sandbox.teststores import TEST_STORES
from tests.sandbox.api import Api
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, ROOT, SandboxProcess

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
        timeout=120,
    )
    with closing(sqlite3.connect(database)) as connection, connection:
        marks = ", ".join("?" * (len(FIRST_COLUMNS) + 1))
        connection.execute(
            f"INSERT INTO sandbox_store (id, {', '.join(FIRST_COLUMNS)}) VALUES ({marks})",
            [store_id, *FIRST_COLUMNS.values()],
        )


def run(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_an_older_file_gets_what_is_new_and_keeps_what_it_has(fresh_database: Path) -> None:
    make_first_release(fresh_database, 5)
    run(
        fresh_database,
        "INSERT INTO sandbox_world VALUES (1, 100001, 100001, 100001, 0)",
        f"INSERT INTO sandbox_app VALUES ('{CLIENT_ID}', '{CLIENT_SECRET}')",
    )

    with SandboxProcess(fresh_database) as sandbox, Api(sandbox) as api:
        stores = [store["id"] for store in sandbox.stores()]
        ticket = api.accepted(5, 9120)
        created = api.create({"merchant": {"email": "new@example.com", "name": "New"}})
        token = api.site_token(5)
        ended = api.ended(ticket)

    assert stores == [5, *(one.spec.id for one in TEST_STORES)]
    assert (created.status_code, token.status_code, ended["status"]) == (200, 200, "COMPLETED")


def test_a_store_of_the_first_release_can_be_read(fresh_database: Path) -> None:
    make_first_release(fresh_database, 5)

    with SandboxProcess(fresh_database, "--no-seed") as sandbox, Api(sandbox) as api:
        profile, products, stats = (api.read(path, 5) for path in ("profile", "products", "latest-stats"))

    assert profile.json()["generalInfo"]["storeUrl"] == "https://store5.company.site"
    assert profile.json()["account"]["accountEmail"] == "old@example.com"
    assert products.json()["total"] == 0
    assert not stats.json()["productsUpdated"].startswith("1970")
