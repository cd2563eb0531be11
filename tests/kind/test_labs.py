"""Labs on real nodes: broken as the story says, and mended as a learner would mend them."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from kitlib import faults
from kitlib.lessons.labs.catalogue import Plan, plans
from kitlib.lessons.labs.lab import begin
from kitlib.lessons.progress import Progress
from kitlib.settings import get_settings

LABS = [
    "01",
    "08",
    "10",
    "13",
]  # one each of images, network, resources, rights; the faults have tests of their own


@pytest.fixture(scope="module")
def outcomes(kind_cluster, tmp_path_factory):
    """Each lab from its start to its end, side by side."""
    folder = tmp_path_factory.mktemp("labs")
    with ThreadPoolExecutor(len(LABS)) as pool:
        yield {number: pool.submit(play, kind_cluster, number, folder / number) for number in LABS}


def play(kind_cluster, number, folder):
    """What the checks of a lab say at its beginning, and once it is mended."""
    assert not get_settings().lesson_namespace
    found = next(lab for lab in plans() if lab.number == number)
    own = Plan(uuid.uuid4().hex[:6], found.fault, found.title, found.story, found.idea, found.where)
    fault = faults.find(found.fault)
    lab = begin(own, fault, kind_cluster.connect(), Progress(folder / "progress.json"))
    try:
        untouched = lab.check()
        cause = lab.cause(fault.cause.kind, fault.cause.name, fault.cause.field)
        lab.solution()
        return lab.unavailable, untouched.outcome, cause.outcome, lab.check(timeout=120).outcome
    finally:
        lab.clean_up()


@pytest.mark.parametrize("number", LABS)
def test_a_lab_is_broken_until_it_is_mended(outcomes, number):
    assert outcomes[number].result() == ("", "incorrect", "correct", "correct")
