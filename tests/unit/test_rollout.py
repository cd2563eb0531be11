"""The rules of a rollout, each with a case that waits and one that is done."""

from __future__ import annotations

import pytest

from kitlib.cluster.resource import Resource
from kitlib.cluster.rollout import rollout_state


def workload(kind, spec, status):
    metadata = {"name": "x", "generation": 2}
    whole = {"observedGeneration": 2, **status}
    return Resource({"kind": kind, "metadata": metadata, "spec": spec, "status": whole})


TWO = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
ROLLING = {"replicas": 2, "updateStrategy": {"type": "RollingUpdate"}}
SET = {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}


@pytest.mark.parametrize(
    ("kind", "spec", "healthy", "change", "message"),
    [
        ("Deployment", {"replicas": 2}, TWO, {"observedGeneration": 1}, "observe"),
        ("Deployment", {"replicas": 2}, TWO, {"updatedReplicas": 1}, "1 of 2 replicas updated"),
        ("Deployment", {"replicas": 2}, TWO, {"replicas": 3}, "1 old replicas"),
        ("Deployment", {"replicas": 2}, TWO, {"availableReplicas": 1}, "1 of 2 updated replicas available"),
        ("StatefulSet", ROLLING, {"readyReplicas": 2, "updatedReplicas": 2}, {"readyReplicas": 1}, "1 of 2"),
        ("DaemonSet", {}, SET, {"numberAvailable": 1}, "1 of 2 pods available"),
    ],
)
def test_each_rule_waits_and_ends(kind, spec, healthy, change, message):
    assert rollout_state(workload(kind, spec, healthy)).done
    waiting = rollout_state(workload(kind, spec, {**healthy, **change}))
    assert not waiting.done
    assert not waiting.failed
    assert message in waiting.message


def test_a_missed_deadline_is_final():
    condition = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "too slow"}
    state = rollout_state(workload("Deployment", {"replicas": 2}, {**TWO, "conditions": [condition]}))
    assert state.failed


def test_other_kinds_have_no_rollout():
    with pytest.raises(ValueError, match="Pod"):
        rollout_state(workload("Pod", {}, {}))


def test_a_null_is_the_same_as_a_missing_field():
    definition = Resource({"kind": "CustomResourceDefinition", "status": {"conditions": None, "replicas": 0}})
    assert definition.at("status.conditions", []) == []
    assert definition.at("status.absent", []) == []
    assert definition.at("status.replicas", 5) == 0
