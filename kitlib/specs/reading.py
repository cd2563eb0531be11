"""Reads one specification, whichever kind it is."""

from __future__ import annotations

from pathlib import Path

from kitlib.errors import UsageError
from kitlib.specs.from_markdown import read_markdown
from kitlib.specs.from_yaml import read_yaml
from kitlib.specs.models.base import SpecModel
from kitlib.specs.result import Reading, broken

LARGEST = 128 * 1024
"""Bytes; a specification is written by people, so a larger file is something else."""


def read(path: Path | str) -> Reading[SpecModel]:
    """Read a specification, whichever kind it is.

    Args:
        path: the file; Markdown by the suffix .md, YAML by .yaml or .yml.

    Raises:
        UsageError: there is no such file, or it can't be opened.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    return read_bytes(content, str(path))


def read_bytes(content: bytes, file: str) -> Reading[SpecModel]:
    """Read a specification from a file's bytes.

    Args:
        content: the bytes; anything at all.
        file: the file's name, whose suffix says the format.
    """
    if len(content) > LARGEST:
        found, expected = f"more than {LARGEST // 1024} KiB", "a document that people write"
        return broken(file, 1, found, expected, "check that this is the right file")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return broken(
            file, line, f"the byte 0x{content[error.start]:02x}", "text in UTF-8", "save it as UTF-8"
        )
    suffix = Path(file).suffix.lower()
    if suffix in (".md", ".markdown"):
        return _in_order(read_markdown(text, file))
    if suffix in (".yaml", ".yml"):
        return _in_order(read_yaml(text, file))
    return broken(file, 1, f"a file named {Path(file).name}", "a name with .md, .yaml or .yml", "rename it")


def _in_order(reading: Reading[SpecModel]) -> Reading[SpecModel]:
    reading.findings.sort(key=lambda finding: int(str(finding.object).rpartition(":")[2]))
    return reading
