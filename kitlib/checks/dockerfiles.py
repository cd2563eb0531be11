"""Dockerfiles, parsed by BuildKit's parser: stages, what each inherits, where each instruction stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import dockerfile  # type: ignore[import-not-found]

from kitlib.checks.targets import File

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
CREATES_USER = re.compile(r"\b(?:useradd|adduser)\b([^;&|]*)")
UID = re.compile(r"(?:--uid|-u)[ =](\d+)")


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile.

    Args:
        name: in capitals, such as `RUN`.
        value: its arguments as the parser splits them.
        flags: such as `--from=builder`.
        exec_form: whether it was written as a JSON list.
        line: the line where it begins, counted from 1.
        text: the instruction as one line.
    """

    name: str
    value: tuple[str, ...]
    flags: tuple[str, ...]
    exec_form: bool
    line: int
    text: str

    @property
    def arguments(self) -> str:
        """The arguments as one text, here-documents included."""
        return " ".join(self.value)

    def flag(self, name: str) -> str:
        """The value of `--name=value`; empty without it."""
        found = (flag.split("=", 1)[1] for flag in self.flags if flag.startswith(f"--{name}="))
        return next(found, "")


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of a Dockerfile.

    Args:
        name: its name after AS; empty without one.
        index: its number, counted from 0.
        base: the image or stage it starts from, with the defaults of ARGs filled in.
        base_text: the same as it is written.
        line: the line of FROM.
        instructions: what follows FROM.
        parent: the earlier stage that it starts from; None for an image.
        arguments: the ARGs before the first FROM, with their defaults.
    """

    name: str
    index: int
    base: str
    base_text: str
    line: int
    instructions: tuple[Instruction, ...]
    parent: Stage | None
    arguments: Mapping[str, str]

    def all(self, *names: str) -> Iterator[Instruction]:
        """The instructions of some names, those of the stages it starts from first."""
        if self.parent is not None:
            yield from self.parent.all(*names)
        yield from (item for item in self.instructions if item.name in names)

    def last(self, name: str) -> Instruction | None:
        """The instruction that counts where a later one replaces an earlier one."""
        return next(iter(reversed(list(self.all(name)))), None)

    @property
    def image(self) -> str:
        """The image at the bottom of the stages it starts from."""
        return self.parent.image if self.parent else self.base

    @property
    def environment(self) -> dict[str, str]:
        """The ENVs and the defaults of the ARGs, variables filled in."""
        found: dict[str, str] = {}
        for item in self.all("ENV", "ARG"):
            for key, value in pairs(item, self.arguments):
                if item.name == "ENV" or key not in found:
                    found[key] = fill(value, found)
        return found

    @property
    def ports(self) -> set[int]:
        """The ports of EXPOSE."""
        words = [fill(word, self.environment) for item in self.all("EXPOSE") for word in item.value]
        numbers = [word.split("/")[0] for word in words]
        return {int(number) for number in numbers if number.isdecimal()}

    @property
    def workdir(self) -> str:
        """The working folder; `/` when none is set."""
        found = "/"
        for item in self.all("WORKDIR"):
            path = fill(item.arguments, self.environment)
            found = path if path.startswith("/") else f"{found.rstrip('/')}/{path}"
        return found

    @property
    def user(self) -> str:
        """The user or number of the last USER, without its group; empty without one."""
        item = self.last("USER")
        return fill(item.arguments, self.environment).split(":")[0] if item else ""

    @property
    def uid(self) -> int | None:
        """The user's number; None where the Dockerfile doesn't fix it."""
        if self.user.isdecimal():
            return int(self.user)
        if self.user == "root":
            return 0
        match = UID.search(self.user_command)
        return int(match[1]) if match else None

    @property
    def user_command(self) -> str:
        """The arguments of the command that makes the user; empty without one."""
        for item in self.all("RUN"):
            for match in CREATES_USER.finditer(item.arguments):
                if self.user in match[1].split():
                    return match[1]
        return ""

    @property
    def command(self) -> tuple[str, ...]:
        """ENTRYPOINT and CMD as one list of words; shell form is one word."""
        found = [item for item in (self.last("ENTRYPOINT"), self.last("CMD")) if item]
        return tuple(fill(word, self.environment) for item in found for word in item.value)


def stages(file: File) -> list[Stage]:
    """The stages of a Dockerfile; none for a Jinja template, or where the parser refuses it (hadolint)."""
    return [] if "{%" in file.text else list(_stages(file.text))


@lru_cache(maxsize=512)
def _stages(text: str) -> tuple[Stage, ...]:
    try:
        commands = dockerfile.parse_string(text)
    except (dockerfile.GoParseError, ValueError):
        return ()
    arguments: dict[str, str] = {}
    found: list[Stage] = []
    body: list[Instruction] = []
    for item in map(_instruction, commands):
        if item.name == "FROM":
            body = []
            found.append(_stage(item, found, arguments))
        elif found:
            body.append(item)
            found[-1] = replace(found[-1], instructions=tuple(body))
        elif item.name == "ARG":
            arguments.update(pairs(item, arguments))
    return tuple(found)


def _instruction(item: dockerfile.Command) -> Instruction:
    heredocs = tuple(heredoc.content for heredoc in item.heredocs)
    return Instruction(
        (item.cmd or "").upper(),
        (*item.value, *heredocs),
        item.flags,
        item.json,
        item.start_line,
        item.original,
    )


def _stage(item: Instruction, earlier: list[Stage], arguments: Mapping[str, str]) -> Stage:
    words = item.value or ("scratch",)
    name = words[2] if len(words) > 2 and words[1].upper() == "AS" else ""
    base = fill(words[0], arguments)
    parent = next((stage for stage in reversed(earlier) if stage.name and stage.name == base), None)
    return Stage(name, len(earlier), base, words[0], item.line, (), parent, dict(arguments))


def pairs(item: Instruction, defaults: Mapping[str, str]) -> list[tuple[str, str]]:
    """The names and values of an ENV or ARG.

    Args:
        defaults: the ARGs before the first FROM: an ARG without a value takes the one of the same name there.
    """
    if item.name == "ENV":
        return [
            (key, value.strip("\"'")) for key, value in zip(item.value[::2], item.value[1::2], strict=False)
        ]
    words = [word.partition("=") for word in item.value]
    return [(key, value.strip("\"'") if sign else defaults.get(key, "")) for key, sign, value in words]


def fill(text: str, variables: Mapping[str, str]) -> str:
    """A text with `$NAME`, `${NAME}` and `${NAME:-default}` filled in; unknown ones stay as they are."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1] or match[3]) or match[2] or match[0]

    return _VARIABLE.sub(value, text)
