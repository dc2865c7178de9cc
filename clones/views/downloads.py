"""Files to download."""

from collections.abc import Iterable

from django.http import StreamingHttpResponse

from clones import exports


def csv_response(name: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> StreamingHttpResponse:
    """Send a CSV file of that name as it is read, however long it gets."""
    response = StreamingHttpResponse(exports.csv_chunks(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
