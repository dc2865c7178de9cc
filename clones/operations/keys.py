"""Keys and tokens as people paste them."""

from clones.operations.errors import InvalidRequestError


def check_key(text: str, what: str, field: str) -> str:
    """Return the key without spaces around it. Raises InvalidRequestError, without the key, where no header takes it.

    `what` begins the sentence: "The store token". An empty one is let pass.
    """
    key = text.strip()
    if not (key.isascii() and key.isprintable()):
        message = f"{what} is made of plain letters, digits and signs: copy it from Ecwid once more."
        raise InvalidRequestError(message, field)
    return key
