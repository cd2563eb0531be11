"""A lab: an application that is broken on purpose; find the cause, mend it, and see how long it took."""

from __future__ import annotations

import html
from typing import Any

from kitlib import faults
from kitlib.cluster import Cluster
from kitlib.cluster.kinds import resolve_kind
from kitlib.errors import ClusterUnreachable, ContextChanged, KitError, UsageError, WaitTimeout
from kitlib.faults.model import Answer, Fault
from kitlib.faults.scoring import same_field
from kitlib.lessons import place
from kitlib.lessons.exercise import Hints, Shown
from kitlib.lessons.labs import states
from kitlib.lessons.labs.catalogue import Plan, plan
from kitlib.lessons.outcome import Outcome, Result, blank
from kitlib.lessons.progress import Progress, spent


class Lab:
    """A lab that was begun; `unavailable` says what the cluster lacks for it, and then nothing is broken.

    Args:
        plan: the story.
        fault: what is broken.
        cluster: bound to the lab's namespace.
        progress: where outcomes are kept.
    """

    def __init__(self, plan: Plan, fault: Fault, cluster: Cluster, progress: Progress) -> None:
        self.plan = plan
        self.cluster = cluster
        self.unavailable = ""
        self._fault = fault
        self._progress = progress
        self._id = f"lab-{plan.number}"
        self._hints = Hints(f"lab {plan.number}", self._id, progress)

    def cause(self, kind: Any, name: Any, field: Any = "") -> Result:
        """Name the cause: the object, and the field in it.

        Args:
            kind, name: of the object, as kubectl writes them.
            field: such as `spec.replicas`; of a list, items by number or not at all; empty: the whole object.
        """
        if self.unavailable or blank([kind, name, field]):
            return self._result(
                "cause", "not attempted", message=self.unavailable or "____ is to be filled in."
            )
        try:
            return self._judged(_kind(str(kind)), str(name), str(field))
        except (ClusterUnreachable, ContextChanged) as error:
            return self._result("cause", "unreachable cluster", message=str(error))
        except KitError as error:
            return self._result("cause", "error", message=str(error))

    def check(self, timeout: float = 20.0) -> Result:
        """Whether the application is well again.

        Args:
            timeout: seconds to wait for it.
        """
        if self.unavailable:
            return self._result("repair", "not attempted", message=self.unavailable)
        try:
            if states.of(self.cluster, self._fault) == place.begun(self.cluster, self._id):
                return self._keep("repair", "incorrect", "what was broken is as it was")
            faults.healed(self.cluster, self._fault, timeout=timeout)
        except WaitTimeout as error:
            return self._keep("repair", "incorrect", error.message)
        except (ClusterUnreachable, ContextChanged) as error:
            return self._result("repair", "unreachable cluster", message=str(error))
        except KitError as error:
            return self._result("repair", "error", message=str(error))
        return self._keep("repair", "correct", "every workload is ready, and the signs of the fault are gone")

    def hint(self) -> Shown:
        """The next hint: the idea, where to look, and nearly the answer; then that again."""
        cause = self._fault.answers[0]
        field = cause.field.rsplit(".", 1)[0] if "." in cause.field else cause.field
        near = f"It is in {cause.kind}/{self._name(cause)}" + (f", under {field}." if field else ".")
        hints = (self.plan.idea, self.plan.where, near)
        return self._hints.next(hints)

    def solution(self) -> Shown:
        """Mend it, and name the cause.

        Raises:
            ClusterError: the cluster does not answer, or refuses.
        """
        self._progress.helped(self._id)
        if self.unavailable:
            return Shown(f"Lab {self.plan.number}", self.unavailable)
        faults.fix(self.cluster, self._fault)
        cause = self._fault.cause
        assert cause is not None  # labs are made of faults, which have one
        where = f"{cause.kind}/{self._name(cause)} {cause.field}".strip()
        return Shown(
            f"Lab {self.plan.number}, mended", f"{where}: found {cause.found}, expected {cause.expected}"
        )

    def reset(self) -> Lab:
        """Remove everything, and break it anew; progress is kept."""
        self.clean_up(wait=True)
        return start_lab(self.plan.number, self.cluster, self._progress)

    def clean_up(self, *, wait: bool = False) -> None:
        """Remove what the lab made, in the background; what it changed of the cluster itself is put back."""
        if not self.unavailable:
            faults.clean(self.cluster, self._fault)
        place.leave(self.cluster, wait=wait)

    def _judged(self, kind: str, name: str, field: str) -> Result:
        said = f"{kind}/{name} {field}".strip()
        near = [a for a in self._fault.answers if (a.kind, self._name(a)) == (kind, name)]
        if any(not a.field or same_field(a.field, field) for a in near):
            return self._keep("cause", "correct", said)
        if near:
            message = "The right object: which field of it?"
        elif any((n.kind, n.name) == (kind, name) for n in self._fault.not_reported):
            message = "It suffers, but it is as it should be: from what?"
        elif self.cluster.find(kind, name) is None:
            message = "There is no such object here, and none is missed."
        else:
            message = ""
        return self._keep("cause", "incorrect", said, message)

    def _name(self, answer: Answer) -> str:
        return answer.name.replace("$NAMESPACE", self.cluster.namespace)

    def _result(self, part: str, outcome: Outcome, observed: str = "", message: str = "") -> Result:
        wanted = {"cause": "the object, and the field, that is wrong", "repair": "the application is well"}
        command = f"kubectl get events,all -n {self.cluster.namespace}"
        title = f"{self.plan.title}: the {part}"
        return Result(self._id, title, outcome, observed, wanted[part], command, message)

    def _keep(self, part: str, outcome: Outcome, observed: str, message: str = "") -> Result:
        """Remember an attempt: a lab is solved when both of its parts are."""
        result = self._result(part, outcome, observed, message)
        self._progress.checked(Result(f"{self._id}-{part}", result.title, outcome))
        entries = self._progress.entries()
        both = all(
            f"{self._id}-{p}" in entries and entries[f"{self._id}-{p}"].solved for p in ("cause", "repair")
        )
        whole: Outcome = "correct" if both else "incorrect"
        self._progress.checked(Result(self._id, self.plan.title, whole))
        return result

    def __repr__(self) -> str:
        said = f"\n{self.unavailable}" if self.unavailable else ""
        return f"Lab {self.plan.number}, in namespace {self.cluster.namespace}\n{self.plan.story}{said}"

    def _repr_html_(self) -> str:
        e = html.escape
        seconds = getattr(self._progress.entries().get(self._id), "seconds", None)
        took = f"<p>solved in {spent(seconds)}</p>" if seconds is not None else ""
        said = f"<p><b>{e(self.unavailable)}</b></p>" if self.unavailable else ""
        head = f"<b>Lab {self.plan.number}</b>, in namespace <code>{e(self.cluster.namespace)}</code>"
        return f"{head}<p>{e(self.plan.story)}</p>{said}{took}"


def start_lab(number: str, cluster: Cluster | None = None, progress: Progress | None = None) -> Lab:
    """Break an application in a namespace of its own; or go on with a lab that was begun.

    Args:
        number: such as `05`.
        cluster: none: as `kitlib.connect`.
        progress: where outcomes are kept; none: in kit's state folder.

    Raises:
        UsageError: there is no such lab; kit knows no cluster; or the lab's namespace is another's.
        ClusterError: the cluster does not answer; or the application does not start, or does not break.
    """
    chosen = plan(number)
    return begin(chosen, faults.find(chosen.fault), cluster, progress)


def begin(chosen: Plan, fault: Fault, cluster: Cluster | None, progress: Progress | None) -> Lab:
    """As `start_lab`, with any fault."""
    where = place.enter(f"lab-{chosen.number}", cluster)
    kept = progress or Progress()
    lab = Lab(chosen, fault, where, kept)
    if place.begun(where, f"lab-{chosen.number}") is not None:
        return lab
    try:
        faults.inject(where, fault)
    except UsageError as error:  # another sort of cluster, too few nodes, an add-on: nothing was changed
        lab.unavailable = str(error)
        return lab
    place.mark(where, f"lab-{chosen.number}", states.of(where, fault))
    kept.checked(Result(f"lab-{chosen.number}", chosen.title, "not attempted"))
    return lab


def _kind(kind: str) -> str:
    """The kind that a word of kubectl's stands for."""
    return resolve_kind(kind)[0]
