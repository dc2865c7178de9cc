"""The two ways to run the portal, each with servers of its own, and what can be done to these."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Protocol

from tests.chaos.plan import CLUSTERS, Kind
from tests.chaos.proxy import Proxy
from tests.chaos.servers import PostgresServer, RedisServer

LOCK_PATIENCE_SECONDS: Final = 30


class Deployment(Protocol):
    """Where the portal runs. `urls(None)`: the way that is never cut, for who looks on."""

    name: str
    kinds: tuple[Kind, ...]

    def urls(self, cluster: int | None = None) -> dict[str, str]:
        """Return DATABASE_URL and REDIS_URL as a cluster has them."""

    def begin(self, kind: Kind, cluster: int) -> None:
        """Strike."""

    def end(self, kind: Kind, cluster: int) -> None:
        """Let it be over."""


class Sqlite:
    """One machine: a SQLite file, the queue in it."""

    name = "SQLite + ORM broker"
    kinds = (Kind.STOP, Kind.LOCK)

    def __init__(self, folder: Path) -> None:
        self._file = folder / "portal.sqlite3"
        self._lock: sqlite3.Connection | None = None

    def urls(self, cluster: int | None = None) -> dict[str, str]:
        """Return DATABASE_URL and REDIS_URL as a cluster has them."""
        return {"DATABASE_URL": f"sqlite:///{self._file}", "REDIS_URL": ""}

    def begin(self, kind: Kind, cluster: int) -> None:
        """Lock the file: whoever wants to write waits."""
        self._lock = sqlite3.connect(self._file, timeout=LOCK_PATIENCE_SECONDS)
        self._lock.execute("BEGIN IMMEDIATE")

    def end(self, kind: Kind, cluster: int) -> None:
        """Unlock it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


class PostgresAndRedis:
    """Several machines: each cluster has ways of its own to the two servers."""

    name = "PostgreSQL + Redis"
    kinds = tuple(kind for kind in Kind if kind not in {Kind.LAUNCH, Kind.BURST, Kind.KILL, Kind.LOCK})

    def __init__(self, postgresql: PostgresServer, redis: RedisServer) -> None:
        self._postgresql, self._redis = postgresql, redis
        self._to_database = [Proxy(postgresql.port) for _ in range(CLUSTERS)]
        self._to_redis = [Proxy(redis.port) for _ in range(CLUSTERS)]

    def urls(self, cluster: int | None = None) -> dict[str, str]:
        """Return DATABASE_URL and REDIS_URL as a cluster has them."""
        database = self._postgresql.port if cluster is None else self._to_database[cluster].port
        redis = self._redis.port if cluster is None else self._to_redis[cluster].port
        return {
            "DATABASE_URL": f"postgres://postgres@127.0.0.1:{database}/portal",
            "REDIS_URL": f"redis://127.0.0.1:{redis}/0",
        }

    def begin(self, kind: Kind, cluster: int) -> None:
        """Strike."""
        strikes: dict[Kind, Callable[[], None]] = {
            Kind.DATABASE_KILLED: lambda: self._postgresql.stop("immediate"),
            Kind.DATABASE_STOPPED: lambda: self._postgresql.stop("fast"),
            Kind.REDIS_KILLED: self._redis.kill,
            Kind.DATABASE_REFUSED: self._to_database[cluster].refuse,
            Kind.DATABASE_SILENT: self._to_database[cluster].swallow,
            Kind.REDIS_REFUSED: self._to_redis[cluster].refuse,
            Kind.REDIS_SILENT: self._to_redis[cluster].swallow,
        }
        strikes[kind]()

    def end(self, kind: Kind, cluster: int) -> None:
        """Let it be over."""
        if kind in {Kind.DATABASE_KILLED, Kind.DATABASE_STOPPED}:
            self._postgresql.start()
        elif kind == Kind.REDIS_KILLED:
            self._redis.start()
        else:
            self._to_database[cluster].mend()
            self._to_redis[cluster].mend()

    def close(self) -> None:
        """End all ways."""
        for proxy in (*self._to_database, *self._to_redis):
            proxy.close()


@contextlib.contextmanager
def deployment(name: str, folder: Path) -> Iterator[Deployment]:
    """Set up `sqlite` or `postgresql`; nothing of it is left afterwards but what lies in `folder`."""
    if name == "sqlite":
        yield Sqlite(folder)
        return
    with ExitStack() as stack:
        servers = stack.enter_context(PostgresServer()), stack.enter_context(RedisServer())
        both = PostgresAndRedis(*servers)
        stack.callback(both.close)
        yield both
