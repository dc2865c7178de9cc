"""The two ways to run the portal, each with servers of its own, and what can be done to these."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.chaos.plan import CLUSTERS, Kind
from tests.chaos.servers import PostgresServer, RedisServer
from tests.proxy import Proxy

LOCK_PATIENCE_SECONDS: Final = 30


@dataclass(frozen=True)
class Trouble:
    """Something that can be struck, and let go of again."""

    begin: Callable[[], None]
    end: Callable[[], None]


@dataclass(frozen=True)
class Deployment:
    """Where the portal runs. `cluster_urls`: DATABASE_URL and REDIS_URL of each cluster; `urls`: of who looks on.

    `troubles`: what the servers, and the ways to them, can suffer; one for each cluster.
    """

    name: str
    urls: dict[str, str]
    cluster_urls: Sequence[dict[str, str]]
    troubles: Mapping[Kind, Sequence[Trouble]]


class Lock:
    """The right to write to a SQLite file, taken away from everybody else."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._holder: sqlite3.Connection | None = None

    def take(self) -> None:
        """Take it: whoever wants to write waits from now on."""
        self._holder = sqlite3.connect(self._file, timeout=LOCK_PATIENCE_SECONDS)
        self._holder.execute("BEGIN IMMEDIATE")

    def give(self) -> None:
        """Give it back."""
        if self._holder is not None:
            self._holder.close()


@contextmanager
def sqlite(folder: Path) -> Iterator[Deployment]:
    """One machine: a SQLite file in `folder`, the queue in it."""
    file = folder / "portal.sqlite3"
    lock = Lock(file)
    urls = {"DATABASE_URL": f"sqlite:///{file}", "REDIS_URL": ""}
    troubles = {Kind.LOCK: [Trouble(lock.take, lock.give)] * CLUSTERS}
    yield Deployment("SQLite + ORM broker", urls, [urls] * CLUSTERS, troubles)


@contextmanager
def postgresql_and_redis() -> Iterator[Deployment]:
    """Several machines: each cluster has ways of its own to the two servers. Nothing of them is left afterwards."""
    with ExitStack() as stack:
        database, redis = stack.enter_context(PostgresServer()), stack.enter_context(RedisServer())
        to_database = [Proxy(database.port) for _ in range(CLUSTERS)]
        to_redis = [Proxy(redis.port) for _ in range(CLUSTERS)]
        for proxy in (*to_database, *to_redis):
            stack.callback(proxy.close)
        troubles = {
            Kind.DATABASE_KILLED: [Trouble(partial(database.stop, "immediate"), database.start)] * CLUSTERS,
            Kind.DATABASE_STOPPED: [Trouble(partial(database.stop, "fast"), database.start)] * CLUSTERS,
            Kind.REDIS_KILLED: [Trouble(redis.kill, redis.start)] * CLUSTERS,
            Kind.DATABASE_REFUSED: [Trouble(proxy.refuse, proxy.mend) for proxy in to_database],
            Kind.DATABASE_SILENT: [Trouble(proxy.swallow, proxy.mend) for proxy in to_database],
            Kind.REDIS_REFUSED: [Trouble(proxy.refuse, proxy.mend) for proxy in to_redis],
            Kind.REDIS_SILENT: [Trouble(proxy.swallow, proxy.mend) for proxy in to_redis],
        }
        cluster_urls = [_urls(*(way.port for way in ways)) for ways in zip(to_database, to_redis, strict=True)]
        yield Deployment("PostgreSQL + Redis", _urls(database.port, redis.port), cluster_urls, troubles)


def _urls(database_port: int, redis_port: int) -> dict[str, str]:
    return {
        "DATABASE_URL": f"postgres://postgres@127.0.0.1:{database_port}/portal",
        "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
    }
