"""Starting specifications: a commented document of each kind, which is valid as it is."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from kitlib.errors import UsageError
from kitlib.specs.schemas import find_kind


def starting_text(name: str) -> str:
    """The starting document of a kind.

    Raises:
        UsageError: there is no such kind.
    """
    kind = find_kind(name)
    file = resources.files("kitlib.specs") / "starting" / f"{kind.name}{Path(kind.file).suffix}"
    return file.read_text(encoding="utf-8")


def init(name: str, path: Path | None = None) -> Path:
    """Write a kind's starting document.

    Args:
        name: the kind, such as container.
        path: where; by default the kind's usual name in the current folder. A folder that exists gets a
            file of the usual name.

    Returns:
        The file that was written.

    Raises:
        UsageError: there is no such kind, or the file exists: nothing is ever overwritten.
    """
    kind = find_kind(name)
    target = path or Path(kind.file)
    if target.is_dir():
        target = target / kind.file
    if target.suffix.lower() not in _suffixes(kind.file):
        raise UsageError(f"{target} has to end in {Path(kind.file).suffix}", fix=f"kit spec init {kind.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(starting_text(name))
    except FileExistsError:
        raise UsageError(f"{target} exists already", fix="give another path, or move the file away") from None
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror or error}") from None
    return target


def _suffixes(file: str) -> tuple[str, ...]:
    return (".yaml", ".yml") if file.endswith(".yaml") else (".md", ".markdown")
