"""An exercise: a task, and checking, hinting and solving it on a lesson's namespace."""

from __future__ import annotations

import html
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kitlib.cluster import Cluster, manifests
from kitlib.errors import ClusterUnreachable, ContextChanged, KitError
from kitlib.lessons.outcome import Outcome, Result, Verdict, blank
from kitlib.lessons.progress import Progress


@dataclass(frozen=True)
class Task:
    """What an exercise consists of.

    Args:
        id: the lesson's number and its own, such as `03-2`.
        title: a few words.
        look: reads the cluster, and the answer if one is asked for, and says what it found.
        expected: what should be there, in words.
        command: the command that shows it, in a notebook's folder; $NAMESPACE stands for the lesson's.
        hints: from the idea, over the field, to nearly the answer.
        solve: a manifest to apply, or a function that makes the change or returns the answer.
        asks: whether it wants a value; otherwise a change of the cluster.
        errors: what the server, or a reader of YAML, says to a likely mistake → what a person should hear.
    """

    id: str
    title: str
    look: Callable[[Cluster, Any], Verdict]
    expected: str
    command: str
    hints: tuple[str, str, str]
    solve: str | Callable[[Cluster], Any]
    asks: bool = False
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Shown:
    """A hint or a solution; `answer` is the value that a question asks for, None where it asks for none."""

    title: str
    text: str
    answer: Any = None

    def __repr__(self) -> str:
        return f"{self.title}\n{textwrap.indent(self.text, '  ')}"

    def _repr_html_(self) -> str:
        return (
            f"<details open><summary>{html.escape(self.title)}</summary>"
            f"<pre style='white-space:pre-wrap'>{html.escape(self.text)}</pre></details>"
        )


class Exercise:
    """A task in a namespace.

    Args:
        task: what it consists of.
        cluster: bound to the lesson's namespace.
        progress: where outcomes are kept.
    """

    def __init__(self, task: Task, cluster: Cluster, progress: Progress) -> None:
        self.task = task
        self.cluster = cluster
        self._progress = progress

    def check(self, answer: Any = None) -> Result:
        """Look at the cluster and say how far the exercise is; never raises for an answer that is wrong.

        Args:
            answer: what a question asks for; or a manifest (YAML text or objects), which is applied first.
        """
        if blank(answer):
            return self._keep("not attempted", message="____ marks what is to be filled in.")
        if self.task.asks and answer is None:
            return self._keep("not attempted", message="Give your answer: check(…).")
        if answer is None or self.task.asks:
            return self._looked(answer)
        return self.do(self._apply, answer)

    def do(self, verb: Callable[..., object], *arguments: Any, **named: Any) -> Result:
        """Call a verb of the cluster, unless something in its arguments is `____`; then check.

        q3.do(cluster.scale, "Deployment", "shop", ____)
        """
        if blank([arguments, named]):
            return self._keep("not attempted", message="____ marks what is to be filled in.")
        try:
            verb(*arguments, **named)
        except (ClusterUnreachable, ContextChanged) as error:
            return self._keep("unreachable cluster", message=str(error))
        except KitError as error:
            return self._failed(str(error))
        return self._looked(None)

    def hint(self) -> Shown:
        """The next hint; the last one again when there are no more."""
        hints = self.task.hints
        number = min(self._progress.hinted(self.task.id), len(hints) - 1)
        return Shown(f"Hint {number + 1} of {len(hints)} for {self.task.id}", hints[number])

    def solution(self) -> Shown:
        """Apply the solution, and show it.

        Raises:
            ClusterError: the cluster does not answer, or refuses.
        """
        self._progress.helped(self.task.id)
        solve = self.task.solve
        if isinstance(solve, str):
            self.cluster.apply(solve, force=True)
            return Shown(f"Solution of {self.task.id}, applied", solve.strip())
        answer = solve(self.cluster)
        if self.task.asks:
            return Shown(f"Solution of {self.task.id}", repr(answer), answer)
        body = textwrap.dedent(inspect.getsource(solve).partition(":\n")[2])
        code = body.removeprefix(f'"""{solve.__doc__}"""')
        return Shown(f"Solution of {self.task.id}, applied", code.strip())

    def _apply(self, answer: Any) -> None:
        for item in manifests.read(answer):
            where = item["metadata"].get("namespace", self.cluster.namespace)
            if where != self.cluster.namespace:
                raise KitError(
                    f"{item['kind']}/{item['metadata']['name']} is for the namespace {where}; this exercise "
                    f"is in {self.cluster.namespace}: leave metadata.namespace out"
                )
        self.cluster.apply(answer, force=True)

    def _looked(self, answer: Any) -> Result:
        try:
            verdict = self.task.look(self.cluster, answer)
        except (ClusterUnreachable, ContextChanged) as error:
            return self._keep("unreachable cluster", message=str(error))
        except KitError as error:
            return self._failed(str(error))
        return self._keep(verdict.outcome, verdict.observed, verdict.message)

    def _failed(self, said: str) -> Result:
        for pattern, message in self.task.errors:
            if re.search(pattern, said):
                return self._keep("error", said, message)
        return self._keep("error", message=said)

    def _keep(self, outcome: Outcome, observed: str = "", message: str = "") -> Result:
        task = self.task
        command = task.command.replace("$NAMESPACE", self.cluster.namespace)
        result = Result(task.id, task.title, outcome, observed, task.expected, command, message)
        self._progress.checked(result)
        return result

    def __repr__(self) -> str:
        return f"<Exercise {self.task.id} {self.task.title}: check(), hint(), solution()>"
