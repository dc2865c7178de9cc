"""What an operation says no with."""


class InvalidRequestError(Exception):
    """What was asked for cannot be done as it stands. The text is one clear sentence for the person who asked."""
