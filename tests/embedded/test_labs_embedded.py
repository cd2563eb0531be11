"""A lab from its story to its end, with a fault that needs no containers."""

from __future__ import annotations

import pytest

from kitlib import faults
from kitlib.lessons.labs.catalogue import Plan, plan
from kitlib.lessons.labs.lab import begin, start_lab
from kitlib.lessons.outcome import ____
from kitlib.lessons.progress import Progress

# Its signs last: a lab is not healed because a restart was a while ago.
PLAN = Plan("90", "oom-killed-12-times", "A lab of the test", "It restarts.", "Think.", "Look.")


@pytest.fixture
def lab(embedded, tmp_path):
    progress = Progress(tmp_path / "progress.json")
    begun = begin(PLAN, faults.find(PLAN.fault), embedded, progress)
    yield begun
    begun.clean_up()


def test_cause_and_repair_are_found_or_told(lab, embedded, tmp_path):
    progress = Progress(tmp_path / "progress.json")
    assert lab.unavailable == ""
    assert lab.cause(____, ____, ____).outcome == "not attempted"
    memory = "spec.template.spec.containers.0.resources.limits.memory"
    for attempt, message in {
        ("deploy", "web", "spec.replicas"): "which field of it",
        ("deploy", "web"): "which field of it",
        ("Service", "web", "spec.ports"): "no such object here",
        ("ServiceAccount", "default"): "",
    }.items():
        result = lab.cause(*attempt)
        assert result.outcome == "incorrect"
        assert message in result.message
    untouched = lab.check(timeout=1)
    assert (untouched.outcome, untouched.observed) == ("incorrect", "what was broken is as it was")
    hints = [lab.hint().text for _ in range(4)]
    assert hints[:2] == ["Think.", "Look."]
    assert hints[2] == hints[3]
    assert "Deployment/web" in hints[2]
    assert "64Mi" not in "".join(hints)
    assert begin(PLAN, faults.find(PLAN.fault), embedded, progress).check(timeout=1).outcome == "incorrect"
    assert lab.cause("deploy", "web", memory.replace(".0.", "[web].")).correct
    assert not progress.entries()["lab-90"].solved
    limits = [{"name": "web", "resources": {"limits": {"memory": "128Mi"}}}]
    lab.cluster.patch("Deployment", "web", {"spec": {"template": {"spec": {"containers": limits}}}})
    assert lab.check().correct
    entry = progress.entries()["lab-90"]
    assert entry.solved
    assert entry.seconds is not None
    assert "solved in" in lab._repr_html_()


def test_the_solution_mends_and_names_the_cause(lab):
    shown = lab.solution()
    assert "limits.memory: found 64Mi, expected 128Mi" in shown.text
    assert lab.check().correct


def test_a_lab_that_the_cluster_cannot_show_says_so_and_fails_nothing(embedded, tmp_path):
    lab = start_lab("01", embedded, Progress(tmp_path / "progress.json"))
    try:
        assert "needs nodes that run containers" in repr(lab)
        for result in (lab.cause("Deployment", "web", "spec"), lab.check()):
            assert result.outcome == "not attempted"
            assert "kit cluster up --provider kind" in result.message
        assert plan("01").story in lab._repr_html_()
    finally:
        lab.clean_up()
