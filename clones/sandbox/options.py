"""How fast this sandbox is, how it refuses and what it lets pass: the command's options."""

from dataclasses import dataclass

from clones.sandbox.contract import BAD_CALLS_A_MINUTE, BAD_CALLS_FROM_ONE_ADDRESS, CALLS_A_MINUTE


@dataclass
class Options:
    """Set once by the command, before the first request; `POST /control/clones` and `/control/limits` change them."""

    queued_seconds: float = 0.5
    minimum_seconds: float = 2.0
    seconds_per_1000_products: float = 0.36
    refusal_http_status: int | None = None  # None: each refusal has its own
    seed: bool = True
    calls_a_minute: int = CALLS_A_MINUTE  # with one token; 0: any number
    bad_calls_a_minute: int = (
        BAD_CALLS_A_MINUTE  # with a token that does not work, before the long block; 0: any number
    )
    bad_calls_from_one_address: int = BAD_CALLS_FROM_ONE_ADDRESS  # in all, before the long block; 0: any number
    long_block_seconds: float = 600.0
    site_token_seconds: float = 3600.0

    def clone_seconds(self, products: int) -> float:
        """Return how long a clone of so many products is IN_PROGRESS."""
        return max(self.minimum_seconds, products * self.seconds_per_1000_products / 1000)


options = Options()
