"""What a learner has done so far: kept on disk, and shown on a page."""

from __future__ import annotations

import fcntl
import html
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitlib import markup
from kitlib.errors import KitError
from kitlib.settings import get_settings

if TYPE_CHECKING:
    import pandas

    from kitlib.lessons.outcome import Result


@dataclass
class Entry:
    """How far one exercise or lab is.

    Args:
        outcome: of the last check.
        attempts: checks that were more than a look at nothing.
        hints: how many were shown.
        helped: whether the solution was shown before it was solved.
        started, solved: times, ISO 8601 in UTC; empty: not yet.
    """

    outcome: str = "not attempted"
    attempts: int = 0
    hints: int = 0
    helped: bool = False
    started: str = ""
    solved: str = ""

    @property
    def seconds(self) -> float | None:
        """From the start to the solution; None while there is none."""
        if not (self.started and self.solved):
            return None
        return (datetime.fromisoformat(self.solved) - datetime.fromisoformat(self.started)).total_seconds()


class Progress:
    """The entries of this learner, by the exercise's id.

    Args:
        path: the file; none: in kit's state folder. It is replaced whole, and several notebooks may write.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or get_settings().state_dir / "lessons" / "progress.json"

    def entries(self) -> dict[str, Entry]:
        """All entries.

        Raises:
            KitError: the file is damaged.
        """
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return {id: Entry(**values) for id, values in found.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as error:
            raise KitError(f"{self.path} is damaged: {error}", fix="remove it, and begin anew") from None

    def checked(self, result: Result) -> None:
        """Keep the outcome of a check; what was solved once stays solved."""
        tried = result.outcome in ("incorrect", "error", "correct")
        with self._changed(result.exercise) as entry:
            entry.attempts += tried
            entry.solved = entry.solved or (_now() if result.correct else "")
            entry.outcome = "correct" if entry.solved else result.outcome

    def hinted(self, id: str) -> None:
        """Count a hint."""
        with self._changed(id) as entry:
            entry.hints += 1

    def helped(self, id: str) -> None:
        """Remember that the solution was shown before the exercise was solved."""
        with self._changed(id) as entry:
            entry.helped = entry.helped or not entry.solved

    def forget(self, prefix: str) -> None:
        """Drop the entries of a lesson, such as `03-`."""
        with self._locked() as entries:
            for id in [id for id in entries if id.startswith(prefix)]:
                del entries[id]

    def frame(self) -> pandas.DataFrame:
        """One row for each exercise and lab that there is."""
        import pandas

        return pandas.DataFrame(list(self._rows()))

    def page(self) -> str:
        """A page of HTML that shows it."""
        rows = list(self._rows())
        done = _solved(rows)
        return (
            "<!doctype html><html lang='en'><meta charset='utf-8'><title>Progress</title>"
            "<style>body{font-family:sans-serif;margin:2em}th,td{padding:.2em .8em;text-align:left}</style>"
            f"<h1>Progress</h1><p><progress max='{len(rows)}' value='{done}'></progress> "
            f"{done} of {len(rows)} solved</p>{_table(rows)}</html>\n"
        )

    def _repr_html_(self) -> str:
        rows = [row for row in self._rows() if row["attempts"] or row["hints"]]
        return _table(rows) if rows else "<p>Nothing was tried yet.</p>"

    def __repr__(self) -> str:
        return f"<Progress {self.summary}>"

    @property
    def summary(self) -> str:
        """How many exercises and labs there are, and how many are solved."""
        rows = list(self._rows())
        return f"{_solved(rows)} of {len(rows)} solved"

    def _rows(self) -> Iterator[dict[str, Any]]:
        from kitlib.lessons.catalogue import titles

        entries = self.entries()
        for id, title in titles().items():
            entry = entries.get(id, Entry())
            yield {"id": id, "title": title} | asdict(entry) | {"seconds": entry.seconds}

    @contextmanager
    def _changed(self, id: str) -> Iterator[Entry]:
        """An entry; what the body makes of it is kept."""
        with self._locked() as entries:
            entry = entries.setdefault(id, Entry(started=_now()))
            yield entry

    @contextmanager
    def _locked(self) -> Iterator[dict[str, Entry]]:
        """The entries; what the body makes of them is written, whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = self.entries()
            yield entries
            whole = self.path.with_suffix(".tmp")
            with whole.open("w", encoding="utf-8") as file:
                json.dump({id: asdict(entry) for id, entry in entries.items()}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(whole, self.path)


def _solved(rows: list[dict[str, Any]]) -> int:
    return sum(row["outcome"] == "correct" for row in rows)


def _table(rows: list[dict[str, Any]]) -> str:
    return markup.table(("", "exercise", "outcome", "attempts", "hints", "time"), map(_cells, rows))


def _cells(row: dict[str, Any]) -> Iterator[str]:
    took = "" if row["seconds"] is None else spent(row["seconds"])
    outcome = row["outcome"] + (", with its solution" if row["helped"] else "")
    values = (row["id"], row["title"], outcome, row["attempts"], row["hints"], took)
    return (html.escape(str(value)) for value in values)


def spent(seconds: float) -> str:
    """The time that an exercise took, in whole minutes."""
    return f"{seconds / 60:.0f} min" if seconds >= 60 else "under 1 min"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
