"""How fast this sandbox is and how it refuses: the command's options, some of them changeable by control call."""

from dataclasses import dataclass


@dataclass
class Options:
    """Set once by the command, before the first request."""

    queued_seconds: float = 0.5
    minimum_seconds: float = 2.0
    seconds_per_1000_products: float = 0.36
    refusal_http_status: int | None = None  # None: each refusal has its own
    seed: bool = True

    def clone_seconds(self, products: int) -> float:
        """Return how long a clone of so many products is IN_PROGRESS."""
        return max(self.minimum_seconds, products * self.seconds_per_1000_products / 1000)


options = Options()
