"""How fast this sandbox is, how it refuses and what it lets pass: the command's options."""

from dataclasses import dataclass

from clones.sandbox.contract import BAD_CALLS_A_MINUTE, BAD_CALLS_FROM_ONE_ADDRESS, CALLS_A_MINUTE

NUMBERS = {  # the options that are numbers and have a default
    "queued_seconds": "how long a clone is QUEUED",
    "minimum_seconds": "how long a clone is IN_PROGRESS at least",
    "seconds_per_1000_products": "how long a clone is IN_PROGRESS for every 1,000 products of its template",
    "calls_a_minute": "with one token, then 429; 0: any number",
    "bad_calls_a_minute": "with a token that does not work, then a long block; 0: any number",
    "bad_calls_from_one_address": "with tokens that do not work, in all; then its long block; 0: any number",
    "long_block_seconds": "how long such a block lasts",
    "site_token_seconds": "how long a token of the Instant Site API works",
}


@dataclass
class Options:
    """Set once by the command, before the first request; `POST /control/clones` and `/control/limits` change them."""

    queued_seconds: float = 0.5
    minimum_seconds: float = 2.0
    seconds_per_1000_products: float = 0.36
    refusal_http_status: int | None = None  # None: each refusal has its own
    seed: bool = True
    calls_a_minute: int = CALLS_A_MINUTE
    bad_calls_a_minute: int = BAD_CALLS_A_MINUTE
    bad_calls_from_one_address: int = BAD_CALLS_FROM_ONE_ADDRESS
    long_block_seconds: float = 600.0
    site_token_seconds: float = 3600.0

    def clone_seconds(self, products: int) -> float:
        """Return how long a clone of so many products is IN_PROGRESS."""
        return max(self.minimum_seconds, products * self.seconds_per_1000_products / 1000)


def option_of(name: str) -> str:
    """Return the command's option that sets the field `name`."""
    return f"--{name.replace('_', '-')}"


options = Options()
