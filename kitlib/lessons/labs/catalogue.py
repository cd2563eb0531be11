"""Which labs there are: a fault of the catalogue, and the story around it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from kitlib.errors import UsageError


@dataclass(frozen=True)
class Plan:
    """A lab as data.

    Args:
        number: two digits.
        fault: its id in the catalogue.
        title: what people call it.
        story: what somebody reports, without the cause.
        idea: the first hint: what to think of.
        where: the second hint: what to read. The third, nearly the answer, is made from the catalogue.
    """

    number: str
    fault: str
    title: str
    story: str
    idea: str
    where: str

    @property
    def slug(self) -> str:
        """The name of its notebook, without the ending; it does not give the cause away."""
        return f"{self.number}-{self.title.lower().replace(' ', '-')}"


_LABS = (
    (
        "image-tag-absent",
        "The release that never came",
        "Version 1.1 of the shop was rolled out an hour ago. The old pods are gone, and the site is down. "
        "The release engineer swears that only one line was changed.",
        "A container starts from an image, and the node has to get that image from somewhere first.",
        "The events of the new pod say what the node asked the registry for, and what the registry said.",
    ),
    (
        "configmap-absent",
        "A tidy namespace",
        "Somebody cleaned up objects that `nobody uses`. Running pods went on; then a pod was replaced.",
        "What a container gets its variables from has to exist when the container is made, not before.",
        "A waiting container gives a reason and a message; the message names an object.",
    ),
    (
        "env-var-unset",
        "It works on my machine",
        "The new build runs on the developer's laptop. In the cluster it starts, ends, starts, ends.",
        "A program that ends at once has usually said why; Kubernetes only repeats its exit code.",
        "The log of the container's last run: kubectl logs --previous.",
    ),
    (
        "command-not-found",
        "One keystroke",
        "How the program is called was changed; two people reviewed it. Since then no container has started.",
        "There is no log, because no program ever ran: it is the container runtime that complains.",
        "The state of the container, waiting or terminated, holds the runtime's message.",
    ),
    (
        "secret-key-absent",
        "The key was rotated",
        "Security rotated a key and renamed it. The Secret is there, as everybody can see.",
        "A Secret holds several values, each under a name; a pod asks for one by its name.",
        "Compare the keys of the Secret with what the container's env asks for.",
    ),
    (
        "readiness-path-wrong",
        "Running but alone",
        "All pods are Running, none restarts, and yet the Service answers nobody.",
        "Running is not Ready: a pod gets traffic only while its readiness probe succeeds.",
        "The events tell what the probe asked for and which status it got; the program's log tells the same.",
    ),
    (
        "liveness-port-wrong",
        "The restless pod",
        "Every half minute the same pod restarts. Its log shows a healthy program, until it is told to stop.",
        "Somebody kills a healthy program, on purpose: who may do that?",
        "The events name the probe, and where it asked.",
    ),
    (
        "service-selector-wrong",
        "Nobody home",
        "The pods are ready, each of them answers when asked directly; through the Service there is silence.",
        "A Service knows pods only by their labels.",
        "Compare the Service's selector with the labels of the pods; its EndpointSlice is empty.",
    ),
    (
        "service-target-port-wrong",
        "The wrong door",
        "The Service has endpoints, all of them ready. Every call is refused.",
        "An address alone is not enough: a call goes to an address and a port.",
        "Compare the Service's ports with the ports that the container opens.",
    ),
    (
        "oom-killed",
        "Killed without a word",
        "The program ends in the middle of its work, and its log stops in mid-sentence. No error, no trace.",
        "Exit code 137 is 128 + 9: a signal that no program can catch, or write a log line about.",
        "The last state of the container has a reason; hold the container's limits against what it needs.",
    ),
    (
        "requests-too-large",
        "No room",
        "The pod is Pending. The dashboard shows nodes that are nearly idle.",
        "The scheduler does not look at what is used but at what was asked for.",
        "The event FailedScheduling counts, node by node, what is insufficient.",
    ),
    (
        "quota-exceeded",
        "Two of four",
        "Four replicas were ordered, two came. The two that came are perfectly well.",
        "The pods that are missing were never made: look at who makes them, and who may forbid it.",
        "The events of the ReplicaSet, and the objects in the namespace that set bounds.",
    ),
    (
        "role-lacks-verb",
        "Access denied",
        "The application reads objects of its namespace through the API. Since the last audit it can't.",
        "What a pod may do is what the Roles that are bound to its ServiceAccount allow, verb by verb.",
        "The log names verb and resource; kubectl auth can-i asks the same question for a ServiceAccount.",
    ),
    (
        "pod-security-rejects",
        "The deployment that looks fine",
        "The rollout was accepted without an error. Not one new pod has been seen since.",
        "A Deployment makes pods through a ReplicaSet; what is checked at admission is the pod.",
        "The events of the new ReplicaSet name the policy, and the field that breaks it.",
    ),
)  # fmt: skip


@lru_cache(maxsize=1)
def plans() -> tuple[Plan, ...]:
    """Every lab, in the order of the course."""
    return tuple(Plan(f"{number:02}", *texts) for number, texts in enumerate(_LABS, 1))


def plan(number: str) -> Plan:
    """The lab of that number.

    Raises:
        UsageError: there is none.
    """
    found = {item.number: item for item in plans()}
    if number not in found:
        raise UsageError(
            f"there is no lab {number!r}; there are 01 to {plans()[-1].number}", fix="kit lab list"
        )
    return found[number]
