"""The container files as data: the Dockerfile line by line, and the Compose file with its variables."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
VARIABLE = re.compile(r"\$\{(\w+)(:\?[^}]*)?\}")


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile, its continued lines joined."""

    keyword: str
    rest: str

    @cached_property
    def words(self) -> list[str]:
        """The arguments: those of the JSON form, or the words of the shell form."""
        words: list[str] = json.loads(self.rest) if self.rest.startswith("[") else self.rest.split()
        return words


@dataclass(frozen=True)
class Stage:
    """What happens from one FROM to the next."""

    base: str
    instructions: tuple[Instruction, ...]

    def all(self, keyword: str) -> list[Instruction]:
        """Return the stage's instructions of one kind, in their order."""
        return [instruction for instruction in self.instructions if instruction.keyword == keyword]


def stages() -> list[Stage]:
    """Return the stages of our Dockerfile."""
    found: list[tuple[str, list[Instruction]]] = []
    for instruction in _instructions((ROOT / "Dockerfile").read_text(encoding="utf-8")):
        if instruction.keyword == "FROM":
            found.append((instruction.words[0], []))
        else:
            found[-1][1].append(instruction)
    return [Stage(base, tuple(instructions)) for base, instructions in found]


def _instructions(text: str) -> list[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


def compose(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return our Compose file with these variables filled in, as the environment would."""
    text = compose_text()
    document: dict[str, Any] = yaml.safe_load(VARIABLE.sub(lambda match: variables[match[1]], text))
    return document


def compose_text() -> str:
    """Return the Compose file without its comments."""
    lines = (ROOT / "docker-compose.yml").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))
