"""Which exception a refusal becomes. Pure."""

from dataclasses import dataclass
from http import HTTPStatus

from clones.ecwid.codes import CloneErrorCode, GeneralErrorCode, RefusalKind, kind_of
from clones.ecwid.errors import CloneRefused, Conflict, CredentialsRefused, NotFound, Refused


@dataclass(frozen=True)
class Refusal:
    """Ecwid's no: `code` and `message` as they came (either may be empty)."""

    code: str
    message: str
    http_status: int


def refused(refusal: Refusal) -> Refused:
    """The exception for a refusal of any call but "start a clone"."""
    if _concerns_credentials(refusal):
        return _made(CredentialsRefused, refusal, RefusalKind.CREDENTIALS)
    if refusal.http_status == HTTPStatus.NOT_FOUND or _is(refusal, GeneralErrorCode.STORE_NOT_FOUND):
        return _made(NotFound, refusal, kind_of(refusal.code))
    if refusal.http_status == HTTPStatus.CONFLICT:
        return _made(Conflict, refusal, kind_of(refusal.code))
    return _made(Refused, refusal, kind_of(refusal.code))


def clone_refused(refusal: Refusal) -> Refused:
    """The exception for a refusal of "start a clone": CredentialsRefused or CloneRefused.

    A documented clone code counts more than the HTTP status: a refused clone may come with any, 403 included.
    """
    code = CloneErrorCode.named(refusal.code)
    if code is None and _concerns_credentials(refusal):
        return _made(CredentialsRefused, refusal, RefusalKind.CREDENTIALS)
    if code is not None and code.kind is RefusalKind.CREDENTIALS:
        return _made(CredentialsRefused, refusal, RefusalKind.CREDENTIALS)
    return _made(CloneRefused, refusal, kind_of(refusal.code))


def _concerns_credentials(refusal: Refusal) -> bool:
    by_status = refusal.http_status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    return by_status or kind_of(refusal.code) is RefusalKind.CREDENTIALS


def _is(refusal: Refusal, code: GeneralErrorCode) -> bool:
    return GeneralErrorCode.named(refusal.code) is code


def _made(exception: type[Refused], refusal: Refusal, kind: RefusalKind) -> Refused:
    return exception(refusal.code, refusal.message, refusal.http_status, kind)
