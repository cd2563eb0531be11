"""Helps the tests of specifications."""

from __future__ import annotations

from pathlib import Path

from kitlib.specs import read
from kitlib.specs.reading import read_bytes

ROOT = Path(__file__).parents[2]
SEED = ROOT / "tests" / "seed"
SPECS = ROOT / "todo-app" / "specs"
STARTING = ROOT / "kitlib" / "specs" / "starting"


def seed(name, **replacements):
    """A block of the seed, read; texts in it may be replaced, such as a template's placeholders."""
    text = (SEED / name).read_text()
    for old, new in replacements.items():
        text = text.replace(f"[{old.replace('_', ' ')}]", new)
    return read_bytes(text.encode(), name)


def shown(findings, *severities):
    """Findings as (severity, id, object), for comparisons."""
    return [(f.severity, f.id, str(f.object)) for f in findings if not severities or f.severity in severities]


def read_text(text, file="architecture.md"):
    """Read a text."""
    return read_bytes(text.encode(), file)


__all__ = ["ROOT", "SEED", "SPECS", "STARTING", "read", "read_text", "seed", "shown"]
