"""`.kit-check.yaml`: what `kit check` can't know by itself.

In the folder that is checked, `exclude` names what is not looked at, each with the reason:

    exclude:
      - path: tests/fixtures
        reason: examples of what goes wrong

In a chart's folder, `placeholders` gives the values that a person supplies at install time, such as a
password, for each values file that can't be rendered without; they are used to render, and for nothing else:

    placeholders:
      values-dev.yaml:
        postgresql.auth.password: placeholder
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kitlib.documents import YamlError, parse_yaml
from kitlib.errors import UsageError

NAME = ".kit-check.yaml"


@dataclass(frozen=True)
class Config:
    """The content of a `.kit-check.yaml`.

    Args:
        exclude: path, relative to the file, and reason.
        placeholders: for each values file: a value's dotted key, and its stand-in.
    """

    exclude: dict[str, str] = field(default_factory=dict)
    placeholders: dict[str, dict[str, str]] = field(default_factory=dict)


def read_config(folder: Path) -> Config:
    """The settings of a folder; empty where it has none.

    Raises:
        UsageError: the file has another shape; says what was found and expected.
    """
    path = folder / NAME
    if not path.is_file():
        return Config()
    try:
        documents = parse_yaml(path.read_text(encoding="utf-8"))
    except (YamlError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{path} can't be read: {error}", fix=f"mend or remove {path}") from None
    data = documents[0].data if documents else {}
    if not isinstance(data, dict) or (unknown := sorted(set(data) - {"exclude", "placeholders"})):
        found = ", ".join(unknown) if isinstance(data, dict) else type(data).__name__
        raise _wrong(path, found, "the keys exclude and placeholders")
    return Config(
        _exclude(path, data.get("exclude") or []), _placeholders(path, data.get("placeholders") or {})
    )


def _exclude(path: Path, entries: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries if isinstance(entries, list) else [entries]:
        if (
            not isinstance(entry, dict)
            or set(entry) != {"path", "reason"}
            or not str(entry["reason"]).strip()
        ):
            raise _wrong(path, f"exclude: {entry!r}", "a list of entries with path and reason")
        found[str(entry["path"]).strip("/")] = str(entry["reason"])
    return found


def _placeholders(path: Path, entries: Any) -> dict[str, dict[str, str]]:
    if not isinstance(entries, dict) or not all(isinstance(value, dict) for value in entries.values()):
        raise _wrong(path, f"placeholders: {entries!r}", "a values file, and below it keys with their values")
    return {name: {key: str(value) for key, value in values.items()} for name, values in entries.items()}


def _wrong(path: Path, found: str, expected: str) -> UsageError:
    return UsageError(f"{path}: found {found}, expected {expected}", fix="see kitlib/checks/config.py")
