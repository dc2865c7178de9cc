"""The parameter responseFields, such as `total,items(id,name)`: which parts of an answer the client wants. Pure."""

import re
from typing import Any, TypeAlias

Wanted: TypeAlias = "dict[str, Wanted] | None"  # a name → what is wanted below it; None: everything

NAME = "name"
MAY_FOLLOW = {"": {NAME}, NAME: {",", "(", ")"}, ",": {NAME}, "(": {NAME}, ")": {",", ")"}}
MAY_END = {NAME, ")"}


def parse(text: str) -> Wanted:
    """Read the parameter. ValueError: it is not a list of names with lists in brackets."""
    levels: list[dict[str, Wanted]] = [{}]
    last, name = "", ""
    for part in re.findall(r"\w+|\S", text):
        kind = NAME if re.fullmatch(r"\w+", part) else part
        if kind not in MAY_FOLLOW[last]:
            raise ValueError(part)
        if kind == NAME:
            name = part
            levels[-1].setdefault(name, None)
        elif kind == "(":
            below: dict[str, Wanted] = {}
            levels[-1][name] = below
            levels.append(below)
        elif kind == ")":
            levels.pop()
        if not levels:
            raise ValueError(part)
        last = kind
    if last not in MAY_END or len(levels) > 1:
        raise ValueError(text)
    return levels[0]


def pick(value: Any, wanted: Wanted) -> Any:
    """Return what is wanted of a JSON value: of an object its named fields, of a list the same of each item."""
    if wanted is None:
        return value
    if isinstance(value, list):
        return [pick(one, wanted) for one in value]
    if isinstance(value, dict):
        return {name: pick(part, wanted[name]) for name, part in value.items() if name in wanted}
    return value


def asks_for(wanted: Wanted, *path: str) -> bool:
    """Tell whether the part at this path is wanted."""
    for name in path:
        if wanted is None:
            return True
        if name not in wanted:
            return False
        wanted = wanted[name]
    return True
