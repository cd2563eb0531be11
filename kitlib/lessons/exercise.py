"""An exercise: a task, and checking, hinting and solving it on a lesson's namespace."""

from __future__ import annotations

import html
import inspect
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kitlib import markup
from kitlib.cluster import Cluster, manifests
from kitlib.errors import ClusterUnreachable, ContextChanged, KitError, NotFound
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


_WHOLE = r'Invalid value: (\S*\{.*\}|"map\[.*\]"): '  # in Go's form; what is wrong with it comes after
_FIXED = r'(\w+)(?:\.\w+)* "([\w.-]+)" is invalid: .*field is immutable'
# What the API server says of a manifest that is not of its kind's form, in words for who wrote it
# (sigs.k8s.io/structured-merge-diff, typed/validate.go).
_ERRORS = (
    (
        r"\.(\S+): expected string, got &value\.valueUnstructured\{Value:(.*?)\}",
        "{0} is to be a text: write quotes around {1}.",
    ),
    (
        r"\.(\S+): expected map, got &\{(.*?)\}",
        "{0} is to be lines of `name: value`, and is: {1}. Is a colon missing, or the space after one?",
    ),
    (
        r"\.(\S+): expected numeric \(int or float\), got string",
        "{0} is to be a number: leave out the quotes.",
    ),
    (r"quantities must match", "An amount is a number and a unit, such as m, Mi or Gi."),
    (r"cannot restore slice from string", "A list is wanted where a text is: [ … ]."),
    (r"cannot convert int64 to string", "A text is wanted where a number is: quotes make it one."),
    (r"\.(\S+): field not declared in schema", "An object of this kind has no field {0} at that place."),
)


@dataclass(frozen=True)
class Shown:
    """A hint or a solution.

    Args:
        title: of which, and which one.
        text: it.
        answer: the value that a question asks for; None where it asks for none.
        code: whether the text is code, and no words.
    """

    title: str
    text: str
    answer: Any = None
    code: bool = True

    def __repr__(self) -> str:
        return f"{self.title}\n{textwrap.indent(self.text, '  ')}"

    def _repr_html_(self) -> str:
        tag = "pre" if self.code else "p"
        return markup.verbatim(
            f"<details open><summary>{html.escape(self.title)}</summary>"
            f"<{tag} style='white-space:pre-wrap'>{html.escape(self.text)}</{tag}></details>"
        )


class Hints:
    """Hints, one each time, from the first on in every session; the last one again when there are no more.

    Args:
        title: of what.
        id: by which progress counts them.
        progress: where they are counted.
    """

    def __init__(self, title: str, id: str, progress: Progress) -> None:
        self._title = title
        self._id = id
        self._progress = progress
        self._shown = 0

    def next(self, hints: Sequence[str]) -> Shown:
        """The next one of these."""
        self._progress.hinted(self._id)
        self._shown = min(self._shown + 1, len(hints))
        title = f"Hint {self._shown} of {len(hints)} for {self._title}"
        return Shown(title, hints[self._shown - 1], code=False)


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
        self._hints = Hints(task.id, task.id, progress)

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

        What is to be deleted and is gone already is only checked: a cell may be run again.

        q3.do(cluster.scale, "Deployment", "shop", ____)
        """
        if blank([arguments, named]):
            return self._keep("not attempted", message="____ marks what is to be filled in.")
        try:
            verb(*arguments, **named)
        except (ClusterUnreachable, ContextChanged) as error:
            return self._keep("unreachable cluster", message=str(error))
        except NotFound as error:
            if verb != self.cluster.delete or self._looked(None).outcome == "not attempted":
                return self._failed(str(error))
        except KitError as error:
            return self._failed(str(error))
        except (TypeError, ValueError) as error:  # of what a learner put in place of ____
            return self._keep(
                "error", str(error), "That is not what is wanted there. Is it a number in quotes?"
            )
        return self._looked(None)

    def hint(self) -> Shown:
        """The next hint; the last one again when there are no more."""
        return self._hints.next(self.task.hints)

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

    def _failed(self, told: str) -> Result:
        said = re.sub(_WHOLE, "", told)
        if fixed := re.search(_FIXED, said):
            again = f"%kubectl delete {fixed[1].lower()} {fixed[2]}"
            return self._keep("error", said, f"It is there, and that of it can't be changed. First: {again}")
        for pattern, message in self.task.errors:
            if re.search(pattern, said):
                return self._keep("error", said, message)
        for pattern, message in _ERRORS:
            if found := re.search(pattern, said):
                return self._keep("error", said, message.format(*found.groups()))
        return self._keep("error", message=said)

    def _keep(self, outcome: Outcome, observed: str = "", message: str = "") -> Result:
        task = self.task
        command = task.command.replace("$NAMESPACE", self.cluster.namespace)
        result = Result(task.id, task.title, outcome, observed, task.expected, command, message)
        self._progress.checked(result)
        return result

    def __repr__(self) -> str:
        return f"<Exercise {self.task.id} {self.task.title}: check(), hint(), solution()>"
