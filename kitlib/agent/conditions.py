"""The conditions of an AgentConfig: CEL over the facts, compiled once and checked at load."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

import cel

from kitlib.agent.facts import FACTS, Fact
from kitlib.errors import SettingsError
from kitlib.specs.values import nearest

# A number and a percent sign, unless an operand follows, for then it is CEL's modulo: 90% but not 9 % 2.
_PERCENT = re.compile(r"(?<![\w.])(\d{1,6}(?:\.\d{1,6})?)%(?!\s*[\w('\"\[.-])")
_STRING = re.compile(r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")
_INDEX = r"\[\s*(?:'([^']*)'|\"([^\"]*)\")\s*\]"
_FACT = re.compile(rf"(?<![\w.])([A-Za-z_]\w*)\s*(?:\.\s*([A-Za-z_]\w*)|{_INDEX})?")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
MOST_TRIALS = 600


@dataclass(frozen=True)
class Condition:
    """A compiled condition.

    Args:
        text: as it is written.
        roots: what it speaks of, such as `pod`, the narrowest first: that is what it is asked for.
        facts: the facts that it names, by root.
    """

    text: str
    roots: tuple[str, ...]
    facts: Mapping[str, tuple[str, ...]]
    _program: Any = field(repr=False, compare=False)

    @property
    def subject(self) -> str:
        """The kind of object that it is asked for, one by one."""
        return self.roots[0]

    def holds(self, context: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether it is true; never when a fact that decides it is absent."""
        try:
            return self._program.execute(dict(context)) is True
        except (KeyError, TypeError, ValueError, RuntimeError):  # how CEL says: absent, or nothing to compare
            return False


def compile_condition(text: str, where: str = "") -> Condition:
    """Compile a condition and check its names and types.

    Args:
        text: CEL, in which `90%` is 0.9.
        where: the rule it belongs to, for messages.

    Raises:
        SettingsError: it is not CEL, names a fact that does not exist, compares what can't be compared, or is
            no condition but a value.
    """
    prefix = f"{where}: " if where else ""
    source = without_percent(text)
    try:
        program = cel.compile(source)
    except ValueError as error:
        raise SettingsError(f"{prefix}{text!r} is no condition: {_first_line(error)}") from None
    variables = set(cast("Any", program).variables())
    bound = {name for name in variables if _bound(name, source)}
    facts = _names(source, variables - bound, f"{prefix}{text!r}")
    if not facts:
        raise SettingsError(
            f"{prefix}{text!r} speaks of nothing that is watched", fix=f"start from {', '.join(FACTS)}"
        )
    roots = tuple(root for root in FACTS if root in facts)
    made = Condition(text, roots, facts, program)
    _try_types(made, source, f"{prefix}{text!r}")
    return made


def without_percent(text: str) -> str:
    """The text with `90%` written as 0.9, outside of quotes."""
    parts = _STRING.split(text)
    return "".join(part if n % 2 else _PERCENT.sub(_share, part) for n, part in enumerate(parts))


def _share(match: re.Match[str]) -> str:
    share = f"{Decimal(match[1]) / 100:f}"
    return share if "." in share else f"{share}.0"


def _bound(name: str, source: str) -> bool:
    """Whether a variable is one that a macro makes: labels.exists(k, k == 'a')."""
    return bool(re.search(rf"\.\s*(all|exists|exists_one|map|filter)\s*\(\s*{re.escape(name)}\s*,", source))


def _names(source: str, variables: set[str], what: str) -> dict[str, tuple[str, ...]]:
    """The facts that a condition names, once all of them exist."""
    for name in sorted(variables - FACTS.keys()):
        near = nearest(name, list(FACTS))
        raise SettingsError(
            f"{what}: there is no {name!r} to ask about; there are {', '.join(FACTS)}",
            fix=f"write {near}" if near else "",
        )
    plain = _STRING.sub(lambda match: match[0] if _is_key(source, match) else '""', source)
    found: dict[str, dict[str, None]] = {}
    for match in _FACT.finditer(plain):
        root = match[1]
        if root not in variables:
            continue
        name = match[2] or match[3] or match[4]
        if name is None:
            first = next(iter(FACTS[root]))
            raise SettingsError(f"{what}: {root} alone is no fact", fix=f"write {root}.{first}")
        if name not in FACTS[root]:
            near = nearest(name, list(FACTS[root]))
            fix = f"write {root}.{near}" if near else ""
            known = ", ".join(FACTS[root])
            raise SettingsError(f"{what}: {root} has no fact {name!r}; it has {known}", fix=fix)
        found.setdefault(root, {})[name] = None
    return {root: tuple(names) for root, names in found.items()}


def _is_key(source: str, match: re.Match[str]) -> bool:
    return source[: match.start()].rstrip().endswith("[")


def _try_types(made: Condition, source: str, what: str) -> None:
    """Run it over values of each fact's type: small and large, and those that it compares with.

    Raises:
        SettingsError: some of them can't be computed, or the result is not true or false.
    """
    for trial in _trials(made, source):
        try:
            result = made._program.execute(trial)
        except KeyError:
            continue  # a label that is not there
        except (TypeError, ValueError, RuntimeError) as error:
            types = ", ".join(
                f"{r}.{n} is {FACTS[r][n].type}" for r, names in made.facts.items() for n in names
            )
            raise SettingsError(f"{what} can't be computed: {_first_line(error)}", fix=types) from None
        if not isinstance(result, bool):
            raise SettingsError(f"{what} is a value, not true or false", fix="compare it with something")


def _trials(made: Condition, source: str) -> Iterator[dict[str, dict[str, Any]]]:
    numbers = sorted({0.0, 1e12, *(float(text) for text in _NUMBER.findall(source))})
    strings = ["", *dict.fromkeys(match[0][1:-1] for match in _STRING.finditer(source))]
    names = [(root, name) for root, names in made.facts.items() for name in names]
    candidates = [_candidates(FACTS[root][name], numbers, strings) for root, name in names]
    for values in itertools.islice(itertools.product(*candidates), MOST_TRIALS):
        trial: dict[str, dict[str, Any]] = {}
        for (root, name), value in zip(names, values, strict=True):
            trial.setdefault(root, {})[name] = value
        yield trial


def _candidates(fact: Fact, numbers: Sequence[float], strings: Sequence[str]) -> list[Any]:
    match fact.type:
        case "int":
            return list(dict.fromkeys(min(int(n) + more, 10**12) for n in numbers for more in (0, 1)))
        case "double":
            return list(dict.fromkeys(n + more for n in numbers for more in (0.0, 0.5)))
        case "bool":
            return [True, False]
        case "string":
            return list(strings)
        case "map":
            return [dict.fromkeys(strings, "a"), {}]


def _first_line(error: Exception) -> str:
    text = str(error).strip("'\"")
    found = re.search(r"ERROR: <input>:\d+:(\d+): (.*)", text)
    return f"at character {found[1]}: {found[2]}" if found else text.partition("\n")[0].partition(". ")[0]
