"""A page as its reader gets it."""

from django.test import Client


def text(client: Client, address: str, query: dict[str, str] | None = None) -> str:
    """Return the text of a page, which must be there."""
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()
