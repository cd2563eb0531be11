"""Reading the catalogue."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from kitlib.errors import UsageError
from kitlib.faults.model import Fault

CATALOGUE = Path(__file__).parent / "catalogue"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is five times as fast


def load(folder: Path = CATALOGUE) -> list[Fault]:
    """Every fault of the catalogue, by family and id.

    Args:
        folder: a catalogue: `<family>/<id>.yaml`.

    Raises:
        UsageError: a file is wrong; names it and the field.
    """
    return list(_all(folder))


def find(id: str) -> Fault:
    """The fault of that id.

    Raises:
        UsageError: there is none; offers the nearest.
    """
    known = {fault.id: fault for fault in load()}
    if id in known:
        return known[id]
    near = get_close_matches(id, known, n=1, cutoff=0.4)
    raise UsageError(
        f"there is no fault {id!r}" + (f"; did you mean {near[0]!r}?" if near else ""), fix="kit fault list"
    )


def read(path: Path) -> Fault:
    """One file of a catalogue.

    Raises:
        UsageError: names the file and the field.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
        fault = Fault.model_validate(data)
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        problems = "; ".join(f"{_place(item['loc'])}{item['msg']}" for item in error.errors())
        raise UsageError(f"{path}: {problems}") from None
    if (fault.id, fault.family) != (path.stem, path.parent.name):
        raise UsageError(f"{path}: found id {fault.id} of family {fault.family}, expected those of its path")
    return fault


@lru_cache(maxsize=2)
def _all(folder: Path) -> tuple[Fault, ...]:
    return tuple(read(path) for path in sorted(folder.glob("*/*.yaml")))


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) + ": " if location else ""
