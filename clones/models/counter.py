"""What is counted for the monitor."""

from enum import StrEnum

from django.db import models

from clones.models.connection import Connection


class Counted(StrEnum):
    """What a counter counts: requests by outcome; or seconds, as a number per bucket and their sum."""

    REQUESTS = "requests"
    LATENESS = "lateness"
    END_SEEN = "end_seen"


class Counter(models.Model):
    """A number that only grows, over all workers and restarts. `engine.tally` writes it, `metrics` tells it.

    `call` is what was asked of Ecwid; `part` is an outcome, the upper limit of a bucket, or `SUM`.
    """

    SUM = "sum"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=20)
    call = models.CharField(max_length=20)
    part = models.CharField(max_length=20)
    value = models.FloatField()

    class Meta:
        constraints = [
            # The row that a worker adds to.
            models.UniqueConstraint(name="counter_once", fields=["connection", "name", "call", "part"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.call} {self.part}: {self.value:g}"
