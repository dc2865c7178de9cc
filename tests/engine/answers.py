"""Ecwid's answers, as the engine's tests need them."""

from clones.ecwid import CloneErrorCode, CloneRefused, CloneStatus, RefusalKind, RemoteStatus


def refusal(code: CloneErrorCode, ticket: str | None = None) -> CloneRefused:
    """Return a refused clone; `ticket` is the one that keeps the target busy."""
    message = f"Clone is still in progress with ticket {ticket}" if ticket else "As it came"
    return CloneRefused(code.value, message, 400, code.kind)


def not_empty() -> list[CloneErrorCode]:
    """Return the codes that say that the target is not empty."""
    return [code for code in CloneErrorCode if refusal(code).kind == RefusalKind.NOT_EMPTY]


def status(
    word: str, *pairs: tuple[str, str, str], message: str = "", mapping_present: bool | None = None
) -> CloneStatus:
    """Return a status answer; `pairs` are (entity type, source, target)."""
    mapping: dict[str, dict[str, str]] = {}
    for entity_type, source, target in pairs:
        mapping.setdefault(entity_type, {})[source] = target
    known = RemoteStatus(word) if word in set(RemoteStatus) else None
    return CloneStatus(
        status=known,
        raw_status=word,
        error_message=message,
        error_code="",
        mapping=mapping,
        mapping_present=bool(pairs) if mapping_present is None else mapping_present,
    )
