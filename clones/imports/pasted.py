"""Stores picked out of a pasted text: a list, an e-mail, a table. The rule is told in `docs/staff/many-clones.md`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from clones.imports.tables import COLUMNS, Row, Table, begins_table, table_of, undone
from clones.imports.texts import UnreadableFileError, lines_of

# A number with fewer or more digits is asked about: it may be that of a row, a house, an article or a phone.
USUAL_DIGITS: Final = range(4, 11)

_QUOTED: Final = 80  # signs of a line, on each side
_LONGEST_WORD_QUOTED: Final = 40

_AROUND: Final = "()[]{}<>\"'“”„«»*#=:.!?"  # what a sentence has around a store
_BULLET: Final = re.compile(r"\s*(?:[-\u2013\u2014•·*>|]+\s+)*(?:[0-9]{1,3}[.)]\s+)?")
_UNSPACED: Final = re.compile(r"(?<=[^\W\d_])[:=#]+(?=\d)|(?<=\d)[:=](?=[^\W\d_])")
_BETWEEN_CELLS: Final = re.compile(r"([;\t|]|,(?![0-9])|(?<![0-9]),)")  # a comma between digits may belong to them
_WORD: Final = re.compile(r"\S+")
_NUMBER: Final = re.compile(r"\+?[0-9][0-9.,'\u2019/():+\u2013-]*")
_PHONE_SIGNS: Final = re.compile(r"[/()+\u2013\u2014-]+")
_PLAIN: Final = re.compile(r"[1-9][0-9]*")
_LISTED: Final = re.compile(r"[1-9][0-9]{3,}(?:,[1-9][0-9]{3,})*")

_ENTRY: Final = re.compile(r"\s*[1-9][0-9]{3,9}(?![^\s:;,|-])")

_STORE: Final = re.compile(r"(?:store|shop)s?")
_ID: Final = re.compile(r"ids?|no|nr|numbers?|nummern?")
_STORE_ID: Final = re.compile(rf"{_STORE.pattern}[-_]?(?:{_ID.pattern})")
_AND: Final = frozenset({"and", "or", "und", "oder", "et", "ou", "&"})


class _Kind(Enum):
    NUMBER = auto()  # digits that may be a store ID
    ODD = auto()  # has a digit, and is no store ID
    EMAIL = auto()
    WORD = auto()
    AND = auto()
    COMMA = auto()
    CELL_END = auto()


_STORES: Final = frozenset({_Kind.NUMBER, _Kind.ODD, _Kind.EMAIL})
_ENDS_A_LIST: Final = frozenset({_Kind.WORD, _Kind.ODD, _Kind.EMAIL})


@dataclass(frozen=True)
class _Piece:
    """A part of a line; `at`: where it begins."""

    kind: _Kind
    at: int
    text: str = ""


def read_pasted(text: str) -> list[Row]:
    """Return a row for each store ID (or e-mail) in a pasted text.

    What may be something else has a `problem` that quotes its line; nothing with a digit is left out. Words without one
    are no stores: `words_between` returns them.
    """
    table = table_in(text)
    if table:
        return table.rows
    lines = list(_lines(text))
    is_register = _is_register([line for _, line in lines if line.strip()])
    return list(_agreed([row for number, line in lines for row in _rows(number, line, is_register=is_register)]))


def _is_register(lines: list[str]) -> bool:
    """Tell a list such as "9001 Anna's bakery" from a letter: each line with a digit in it begins with a store."""
    numbered = [line for line in lines if re.search(r"\d", line)]
    return len(numbered) > max(1, len(lines) // 2) and all(_ENTRY.match(line) for line in numbered)


def _agreed(rows: list[Row]) -> Iterator[Row]:
    """Yield the rows: what is sure once is sure, and what is doubtful is asked about once, by its first line."""
    sure = {_store(row) for row in rows if not row.problem}
    asked: set[str] = set()
    for row in rows:
        store = _store(row)
        if store in sure:
            yield replace(row, problem="")
        elif store not in asked:
            asked.add(store)
            yield row


def _store(row: Row) -> str:
    return row.cells["store_id"] or row.cells["email"]


def words_between(text: str) -> list[str]:
    """Return what `read_pasted` passes over, such as the words of an e-mail in which the stores stand."""
    if table_in(text):
        return []
    return [piece.text for _, line in _lines(text) for piece in _pieces(line) if piece.kind == _Kind.WORD]


def table_in(text: str) -> Table | None:
    """Return the table that a pasted text is, if its first line names columns, and its rows have as many cells."""
    lines = lines_of(text)
    first = next((line for line in lines if line.strip()), "")
    try:
        table = table_of(lines, "") if begins_table(first) else None
    except UnreadableFileError:
        return None
    return table if table and not table.rows[0].problem else None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers, without bullets, and with a blank behind the colon of "ID:9001"."""
    for number, line in enumerate(text.splitlines(), start=1):
        yield number, _UNSPACED.sub(lambda signs: f"{signs[0]} ", _BULLET.sub("", line, count=1))


# A line taken apart ---------------------------------------------------------------------------------------------------


def _pieces(line: str) -> Iterator[_Piece]:
    """Yield what stands in a line, in its order."""
    begins = 0
    for cell in _BETWEEN_CELLS.split(line):
        if cell == ",":
            yield _Piece(_Kind.COMMA, begins)
        elif _BETWEEN_CELLS.fullmatch(cell):
            yield _Piece(_Kind.CELL_END, begins)
        else:
            yield from _pieces_of_cell([(begins + word.start(), word[0]) for word in _WORD.finditer(cell)])
        begins += len(cell)


def _pieces_of_cell(words: list[tuple[int, str]]) -> Iterator[_Piece]:
    """Yield the pieces of a cell; numbers with only blanks between them are looked at together: "040 123 45 67"."""
    run: list[tuple[int, str]] = []
    for place, (at, word) in enumerate(words):
        bare = _bare(word)
        if _NUMBER.fullmatch(bare):
            run.append((at, bare))
        elif run and _PHONE_SIGNS.fullmatch(word) and _goes_on(words[place + 1 : place + 2]):
            run.append((at, word))
        else:
            yield from _pieces_of_run(run)
            yield from _piece_of_word(at, word, bare)
            run = []
        if run and word.endswith(":"):
            yield from _pieces_of_run(run)
            yield _Piece(_Kind.CELL_END, at)
            run = []
    yield from _pieces_of_run(run)


def _bare(word: str) -> str:
    return undone("store_id", word).strip(_AROUND)


def _goes_on(words: list[tuple[int, str]]) -> bool:
    """Tell whether the next word is a number."""
    return any(_NUMBER.fullmatch(_bare(word)) for _, word in words)


def _pieces_of_run(run: list[tuple[int, str]]) -> Iterator[_Piece]:
    """Yield each store ID of a list; other numbers in a row are one thing, such as a phone number."""
    if all(_LISTED.fullmatch(word) for _, word in run):
        yield from (_Piece(_Kind.NUMBER, at, number) for at, word in run for number in word.split(","))
    else:
        text = " ".join(word for _, word in run)
        yield _Piece(_Kind.NUMBER if _PLAIN.fullmatch(text) else _Kind.ODD, run[0][0], text)


def _piece_of_word(at: int, word: str, bare: str) -> Iterator[_Piece]:
    if "@" in bare:
        yield _Piece(_Kind.EMAIL, at, bare)
    elif re.search(r"\d", bare):  # of any script
        yield _Piece(_Kind.ODD, at, bare)
    elif bare.casefold() in _AND:
        yield _Piece(_Kind.AND, at, bare)
    elif re.search(r"\w", bare):
        yield _Piece(_Kind.WORD, at, bare)
    elif _PHONE_SIGNS.fullmatch(word):
        yield _Piece(_Kind.CELL_END, at)  # a dash


# What of it is a store ------------------------------------------------------------------------------------------------


def _rows(number: int, line: str, *, is_register: bool) -> Iterator[Row]:
    """Yield a row for each piece of a line that is, or may be, a store; in a register the first one is."""
    pieces = list(_pieces(line))
    is_list = not any(piece.kind == _Kind.WORD for piece in pieces)
    is_named = False  # as a store ID, by the words before it
    for place, piece in enumerate(pieces):
        is_named = _names_an_id(pieces, place) or (is_named and piece.kind not in _ENDS_A_LIST)
        problem = ""
        if piece.kind == _Kind.NUMBER and not is_named:
            is_first = place == 0 and is_register
            problem = _doubt(line, piece, is_alone=is_list or is_first or _begins(pieces, place))
        elif piece.kind in {_Kind.ODD, _Kind.EMAIL} and not is_list:
            problem = _whereabouts(line, piece)
        if piece.kind in _STORES:
            yield _row(number, piece, problem)


def _names_an_id(pieces: list[_Piece], place: int) -> bool:
    """Tell whether "Store ID" ends here, or the line begins with "ID"."""
    word, before = (pieces[place].text.casefold(), pieces[place - 1].text.casefold() if place else "")
    if pieces[place].kind != _Kind.WORD:
        return False
    return bool(
        _STORE_ID.fullmatch(word)
        or (_ID.fullmatch(word) and _STORE.fullmatch(before))
        or (place == 0 and word in {"id", "ids"})
    )


def _begins(pieces: list[_Piece], place: int) -> bool:
    """Tell whether a number stands in the line's first cell, alone."""
    return place == 0 and any(after.kind == _Kind.CELL_END for after in pieces[1:2])


def _doubt(line: str, piece: _Piece, *, is_alone: bool) -> str:
    """Ask whether a number is a store, unless it surely is."""
    digits = len(piece.text)
    if digits in USUAL_DIGITS and is_alone:
        return ""
    why = "" if digits in USUAL_DIGITS else f" It has {digits:,} {'digit' if digits == 1 else 'digits'}."
    return f"Is {piece.text[:_LONGEST_WORD_QUOTED]} a store?{why} {_whereabouts(line, piece)} Say so, or remove it."


def _whereabouts(line: str, piece: _Piece) -> str:
    """Quote what stands around a piece, in whole words: half an access token would not be known for one."""
    before = line[max(0, piece.at - _QUOTED - 1) : piece.at]
    after = line[piece.at : piece.at + _QUOTED + 1]
    words = [
        *before.split()[1 if len(before) > _QUOTED else 0 :],
        *after.split()[: -1 if len(after) > _QUOTED else None],
    ]
    short = " ".join(word if len(word) <= _LONGEST_WORD_QUOTED else "…" for word in words)
    return f"It stands in “{short}”."


def _row(number: int, piece: _Piece, problem: str) -> Row:
    column = "email" if piece.kind == _Kind.EMAIL else "store_id"
    return Row(number, dict.fromkeys(COLUMNS, "") | {column: piece.text}, problem)
