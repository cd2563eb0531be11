"""One runbook on several clusters side by side, with one summary."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from kitlib.errors import KitError, UsageError
from kitlib.runbooks import engine
from kitlib.runbooks.approving import Approve, PlannedChange
from kitlib.runbooks.live import Signalled, signals

AT_ONCE = 8


@dataclass(frozen=True)
class Outcome:
    """How it ended on one cluster: the run, or why there was none."""

    context: str
    result: engine.RunResult | None = None
    refused: KitError | None = None

    @property
    def exit_code(self) -> int:
        """As of a single run."""
        return self.result.exit_code if self.result else self.refused.exit_code if self.refused else 1

    def __str__(self) -> str:
        if self.result:
            record = self.result.record
            return f"{self.context}: {record['status']}: {record['message']}  {self.result.folder}"
        return f"{self.context}: refused: {self.refused.message if self.refused else ''}"


@dataclass(frozen=True)
class Summary:
    """How it ended everywhere."""

    outcomes: tuple[Outcome, ...]

    @property
    def exit_code(self) -> int:
        """0 when all are; otherwise that of the first that is not."""
        return next((one.exit_code for one in self.outcomes if one.exit_code), 0)

    def lines(self) -> list[str]:
        """One line for each cluster, and a count."""
        done = sum(one.exit_code == 0 for one in self.outcomes)
        return [*map(str, self.outcomes), f"{done} of {len(self.outcomes)} done"]


def run(
    name: str, given: Mapping[str, Any], contexts: Sequence[str], *, approve: Approve, **how: Any
) -> Summary:
    """Run a runbook in several contexts, at most 8 at once.

    Args:
        name, given, how: as `engine.run`.
        contexts: of your own kubeconfig.
        approve: asked for each cluster's own plan, one after the other.

    Raises:
        UsageError: a context is named twice.
    """
    if len(set(contexts)) < len(contexts):
        raise UsageError(f"a context is named twice: {', '.join(contexts)}")
    turn, stop = threading.Lock(), threading.Event()  # one question at a time; one end for all

    def ask(change: PlannedChange) -> bool:
        with turn:
            return approve(change)

    def one(context: str) -> Outcome:
        try:
            result = engine.run(name, given, approve=ask, context=context, quiet=True, stop=stop, **how)
        except KitError as error:
            return Outcome(context, refused=error)
        return Outcome(context, result)

    with ThreadPoolExecutor(min(AT_ONCE, len(contexts))) as pool:
        ended = [pool.submit(one, context) for context in contexts]
        try:
            with signals():
                wait(ended)
        except Signalled:
            stop.set()
        return Summary(tuple(one.result() for one in ended))
