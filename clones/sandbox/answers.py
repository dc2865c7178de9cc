"""An answer before it goes out: status, JSON text, and what the request log should know of it."""

import gzip
import json
from dataclasses import dataclass, field

from django.http import HttpRequest

from clones.sandbox.contract import GeneralError

WORTH_GZIP_BYTES = 400
JSON = "application/json;charset=UTF-8"
HTML_PAGE = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"


@dataclass(frozen=True)
class Answer:
    """What a call answers. `ticket` is the ticket that a start-clone call handed out."""

    http_status: int
    text: str
    content_type: str = JSON
    error_code: str = ""
    ticket: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def packed(self, request: HttpRequest) -> tuple[bytes, dict[str, str]]:
        """Return the body, gzipped where the client takes that and it pays, and all headers."""
        body = self.text.encode()
        headers = {**self.headers, "Content-Type": self.content_type}
        if "gzip" in request.headers.get("Accept-Encoding", "") and len(body) >= WORTH_GZIP_BYTES:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        return body, {**headers, "Content-Length": str(len(body)), "Vary": "Accept-Encoding"}


class ApiError(Exception):
    """Ends a call with an error that is no refusal of a clone; see section 8 of the contract."""

    def __init__(self, answer: Answer, *, is_bad_credential: bool = False) -> None:
        super().__init__(answer.error_code)
        self.answer = answer
        self.is_bad_credential = is_bad_credential


def said(body: object, *, ticket: str = "") -> Answer:
    """Return a successful answer; `body` is anything that JSON can write."""
    return Answer(200, json.dumps(body), ticket=ticket)


def error(kind: GeneralError, message: str, headers: dict[str, str] | None = None) -> Answer:
    """Return a general error."""
    text = json.dumps({"errorCode": kind.code, "errorMessage": message})
    return Answer(kind.http_status, text, error_code=kind.code, headers=headers or {})


def refused(code: str, message: str, http_status: int, *, success: object = False) -> Answer:
    """Return a refusal of section 3; `success` is how it spells false."""
    text = json.dumps({"success": success, "errorCode": code, "errorMessage": message})
    return Answer(http_status, text, error_code=code)
