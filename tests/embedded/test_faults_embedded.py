"""The faults that need no kubelet: what one would write is written through the API."""

from __future__ import annotations

import uuid

import pytest

from kitlib import faults
from kitlib.errors import UsageError
from kitlib.faults.running import MADE

EMBEDDED = [fault for fault in faults.load() if fault.cluster == "embedded"]


@pytest.fixture
def place(embedded):
    return embedded.within(f"t-{uuid.uuid4().hex[:8]}")


@pytest.mark.parametrize("fault", EMBEDDED, ids=[fault.id for fault in EMBEDDED])
def test_a_fault_shows_and_its_fix_heals_it(place, fault):
    try:
        faults.inject(place, fault)
        if not fault.healthy:
            faults.fix(place, fault)
            faults.healed(place, fault)
    finally:
        faults.clean(place, fault)


def test_a_fault_for_real_nodes_is_refused_before_anything_is_made(place):
    with pytest.raises(UsageError, match="nodes that run containers"):
        faults.inject(place, faults.find("oom-killed"))
    assert place.find("Namespace", place.namespace) is None


def test_a_namespace_that_was_there_before_stays(place):
    fault = next(fault for fault in EMBEDDED if not fault.exclusive)
    meta = {"name": place.namespace}
    place.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    faults.inject(place, fault)
    faults.clean(place, fault)
    left = place.get("Namespace", place.namespace)
    assert not left["metadata"].get("deletionTimestamp")
    assert MADE not in left.labels
    assert place.find("Deployment", "web") is None
    place.delete("Namespace", place.namespace, wait_seconds=0)
