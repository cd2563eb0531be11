"""The report of a run: one HTML file that needs nothing else, readable on a phone, light or dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"
MARKS = {"done": "✓", "failed": "✗", "interrupted": "!", "not run": "·"}
TONES = {"done": "good", "not approved": "warn", "timeout": "warn", "aborted": "warn"}


def write_report(folder: Path, record: dict[str, Any]) -> Path:
    """Write report.html from a finished record, in which nothing secret is left.

    Args:
        folder: the run's folder.
        record: what record.json holds.
    """
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters["seconds"] = _seconds
    html = environment.get_template("report.html").render(
        record=record,
        tone=TONES.get(record["status"], "bad"),
        marks=MARKS,
        longest=max((step["seconds"] or 0 for step in record["steps"]), default=0) or 1,
        changed=changed(record),
    )
    path = folder / "report.html"
    path.write_text(html)
    return path


def changed(record: dict[str, Any]) -> bool:
    """Whether something was, or may have been, changed: a step that applies began."""
    if not record["change"] or record["status"] == "not approved":
        return False
    return any(step["id"] == "apply" and step["phase"] == "apply" for step in record["steps"])


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f} s" if value < 60 else f"{int(value // 60)} min {int(value % 60)} s"
