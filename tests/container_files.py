"""Dockerfile, compose.yaml and .dockerignore, read for what the tests ask of them."""

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Instruction:
    """One instruction of the Dockerfile: its word, and the rest of its line."""

    word: str
    rest: str

    @property
    def copied(self) -> list[str]:
        """What a COPY takes from the project; nothing where it takes from another stage."""
        names = self.rest.split()
        return [] if self.word != "COPY" or names[0].startswith("--from=") else names[:-1]

    def command(self) -> list[str]:
        """Return the command in exec form. Raises AssertionError where it would run below a shell."""
        found = re.search(r"\[.*\]$", self.rest)
        assert found, f"{self.word} is not in exec form: a shell would keep SIGTERM for itself"
        command: list[str] = json.loads(found[0])
        return command


def dockerfile() -> list[list[Instruction]]:
    """Return the stages of the Dockerfile; what comes before the first one stands in it."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]
    instructions = [Instruction(*line.split(maxsplit=1)) for line in lines]
    starts = [index for index, instruction in enumerate(instructions) if instruction.word == "FROM"]
    return [instructions[0 if index == 0 else starts[index] : end] for index, end in enumerate([*starts[1:], None])]


def only(stage: list[Instruction], word: str) -> Instruction:
    """Return the one instruction of that word."""
    (instruction,) = (instruction for instruction in stage if instruction.word == word)
    return instruction


def compose() -> dict[str, Any]:
    """Return compose.yaml, with what its services share filled in."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def goes_into_the_build(path: str) -> bool:
    """Tell whether .dockerignore lets a path through: the last line that names it or a folder above it decides."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    goes = True
    for line in lines:
        if line and not line.startswith("#") and _names(line.removeprefix("!"), PurePosixPath(path)):
            goes = line.startswith("!")
    return goes


def _names(pattern: str, path: PurePosixPath) -> bool:
    """Tell whether a pattern names a path or a folder above it; `*` ends at a slash, `**/` stands for any folders."""
    parts = pattern.split("/")
    if parts[0] == "**":
        return any(fnmatchcase(part, parts[1]) for part in path.parts)
    above = path.parts[: len(parts)]
    return len(above) == len(parts) and all(fnmatchcase(name, part) for name, part in zip(above, parts, strict=True))
