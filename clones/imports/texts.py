"""From a file's bytes to its rows of cells: encoding, delimiter, lines. Knows no column."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Final

DELIMITERS: Final = {";": "semicolon", ",": "comma", "\t": "tab"}
NO_DELIMITER: Final = "\x1f"  # what a file with one column is read with: a sign that stands in no text
MOST_BYTES: Final = 2_000_000

_END: Final = "\x1e"  # the last row, unless a quotation mark before it is open
_SEPARATOR_LINE: Final = re.compile(r"sep=([;,\t])\s*", re.IGNORECASE)
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_AS_CSV: Final = "open it in your spreadsheet, save it as “CSV UTF-8”, and choose that file."


class UnreadableFileError(Exception):
    """The file as a whole cannot be used. The text is one sentence: what is wrong, and what to do."""


def decoded(data: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding: what its first bytes say, else UTF-8, else Windows-1252."""
    if len(data) > MOST_BYTES:
        message = f"The file is larger than {MOST_BYTES // 1_000_000} MB: split it, or leave out columns."
        raise UnreadableFileError(message)
    if data.startswith(_WORKBOOKS):
        raise UnreadableFileError(f"This is a workbook, not a CSV file: {_AS_CSV}")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        tries = {"UTF-16": "utf-16"}
    elif data.startswith(b"\xef\xbb\xbf"):
        tries = {"UTF-8": "utf-8-sig"}
    else:
        tries = {"UTF-8": "utf-8", "Windows-1252": "cp1252"}
    for name, codec in tries.items():
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        if not text.strip():
            raise UnreadableFileError("The file is empty: it needs column names and a row for each store.")
        return text, name
    raise UnreadableFileError(f"This is not a text file in {' or '.join(tries)}: {_AS_CSV}")


def lines_of(text: str) -> list[str]:
    """Return the lines with their ends, whichever those are."""
    return list(io.StringIO(text, newline=""))


def delimiter_of(lines: list[str], knows: Callable[[str], object]) -> str:
    """Return the delimiter by which the first row names most columns that `knows` knows.

    A line before it that names the delimiter, as Excel writes and reads it, is made empty.
    """
    said = _SEPARATOR_LINE.fullmatch(lines[0])
    if said:
        lines[0] = "\n"
        return said[1]
    firsts = {sign: next((cells for _, cells in records_of(lines, sign)), []) for sign in DELIMITERS}
    best = max(firsts, key=lambda sign: sum(1 for name in firsts[sign] if knows(name)))
    return best if len(firsts[best]) > 1 else NO_DELIMITER


def records_of(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the number of the line where it begins."""
    reader = csv.reader([*lines, _END], delimiter=delimiter, skipinitialspace=True)
    begins = 1
    try:
        for cells in reader:
            if begins > len(lines):
                return
            if reader.line_num > len(lines):  # it took the end along
                message = f"A quotation mark in the row of line {begins} is never closed: close it, or remove it."
                raise UnreadableFileError(message)
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        message = (
            f"The row of line {begins} has a cell of more than {csv.field_size_limit():,} characters: look for a "
            "quotation mark that is not closed."
        )
        raise UnreadableFileError(message) from None
