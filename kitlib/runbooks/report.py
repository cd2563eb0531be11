"""The report of a run: one HTML file that needs nothing else, readable on a phone, light or dark."""

from __future__ import annotations

from datetime import datetime
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
        changed=changed(record),
        timeline=timeline(record),
    )
    path = folder / "report.html"
    path.write_text(html)
    return path


def timeline(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps with where their bar begins and how long it is, in percent of the whole run."""
    begun = [_moment(step["started"]) for step in record["steps"] if step["started"]]
    ends = [_moment(step["started"]) + (step["seconds"] or 0) for step in record["steps"] if step["started"]]
    first, whole = min(begun, default=0.0), (max(ends, default=0.0) - min(begun, default=0.0)) or 1.0
    return [
        step
        | {
            "left": round(100 * (_moment(step["started"]) - first) / whole, 1) if step["started"] else 0,
            "width": round(100 * (step["seconds"] or 0) / whole, 1),
        }
        for step in record["steps"]
    ]


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def changed(record: dict[str, Any]) -> str:
    """What the record says about changes, in one sentence."""
    states = [item["state"] for item in record["actions"]]
    if record["undone"]:
        return f"What it changed was put back at {record['undone'][-1]['at']}."
    if "begun" in states:
        return "Something was changed, and of a change that was begun nobody knows whether it was made."
    if "done" in states:
        count = states.count("done")
        return f"{count} {'change was' if count == 1 else 'changes were'} made; see the plan."
    return "Nothing was changed."


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f} s" if value < 60 else f"{int(value // 60)} min {int(value % 60)} s"
