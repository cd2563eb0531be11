"""Lesson 06: AI-assisted operations. The Deployment `till` does not run, and `shop` does."""

from __future__ import annotations

from typing import Any

from kitlib.cluster import Cluster
from kitlib.lessons import web
from kitlib.lessons.catalogue import Section
from kitlib.lessons.exercise import Task
from kitlib.lessons.exercises import requests

ROW = "| Pod restart | CrashLoopBackOff > 10min | Auto |"

RULE = """\
name: pod-restarts-often
condition: "pod.restartCount > 5"
action: diagnose
"""

_TILL = "kubectl get deployment till -o yaml -n $NAMESPACE"


def _setup(cluster: Cluster) -> list[dict[str, Any]]:
    return [*web.deployment(cluster, "shop"), *requests.till(cluster)]


def _row(_: Cluster) -> str:
    return ROW


def _rule(_: Cluster) -> str:
    return RULE


SECTION = Section(
    "06",
    "AI-assisted operations",
    (
        Task(
            "06-1", "the field that is the cause", requests.cause,
            "the field of till that keeps its pods waiting",
            "kubectl get events -n $NAMESPACE",
            ("A pod that waits for a node has an event that says what no node has.",
             "The report names the object and the field; ask it for causes[0].finding.",
             "It is in the pod's template: spec.template.spec.node…"),
            requests.field_of_the_cause, asks=True,
        ),
        Task(
            "06-2", "mend it", requests.mended, "a Deployment till whose pod is put on a node", _TILL,
            ("Take away what asks for something that no node has.",
             "In a merge patch, null removes a field; in Python that is None.",
             '{"spec": {"template": {"spec": {"nodeSelector": None}}}}'),
            requests.mend,
        ),
        Task(
            "06-3", "what no approval lifts", requests.prohibited,
            "the letters of the requests that are prohibited",
            "kit ask --help",
            ("A prohibition is about what can't be brought back, or what grants power.",
             "Restarting and scaling only need a yes.",
             "Namespaces, claims and network policies."),
            requests.prohibited_letters, asks=True,
        ),
        Task(
            "06-4", "a change in plain words", requests.scaled,
            "shop with 3 replicas, changed through kit ask",
            "kubectl get deployment shop -n $NAMESPACE",
            ("Say what should be, which object, and how many.",
             "The sentence names the kind and the name: … deployment shop …",
             '"scale deployment shop to 3 replicas"'),
            requests.ask_for_three,
        ),
        Task(
            "06-5", "a row of the operations specification", requests.row,
            "a row: pods are restarted without asking after ten minutes of CrashLoopBackOff",
            "kit spec check ../todo-app/specs/ai-operations.md",
            ("A row has three cells: what, when, and who has to agree.",
             "A condition is written as the others are: CrashLoopBackOff > a time.",
             "| Pod restart | CrashLoopBackOff > 10min | … |"),
            _row, asks=True,
        ),
        Task(
            "06-6", "a rule for the agent", requests.rule,
            "a monitoring rule: diagnose a pod that restarted more than five times",
            "kit spec check ../todo-app/specs/agent.yaml",
            ("A rule has a name, a condition over facts, and an action.",
             "The fact is pod.restartCount, as in the rule that is there already.",
             'condition: "pod.restartCount > 5"'),
            _rule, asks=True,
        ),
    ),
    _setup,
)  # fmt: skip
