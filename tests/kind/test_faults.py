"""Each fault on a real cluster: it shows, its fix heals it. One that needs nodes or an add-on asks for them."""

from __future__ import annotations

import uuid

import pytest

from kitlib import faults
from kitlib.cluster import addons
from kitlib.faults.running import ADDON_OF

KIND = [fault for fault in faults.load() if fault.cluster == "kind"]
ORDER = sorted(KIND, key=lambda fault: (fault.exclusive, fault.needs))  # those that share an add-on together


@pytest.fixture(scope="module")
def addon(kind_cluster):
    """Enables an add-on once; those that were enabled are taken away at the end."""
    on = set()

    def enable(name):
        if name not in on and not addons.ADDONS[name].always_on:
            addons.enable(kind_cluster.name, [name])
            on.add(name)

    yield enable
    if on:
        addons.disable(kind_cluster.name, sorted(on))


@pytest.fixture
def place(kind_cluster, request, addon):
    """A Cluster in a namespace of its own, which `inject` makes and `clean` removes."""
    fault = request.getfixturevalue("fault")
    cluster = kind_cluster.connect(f"t-{uuid.uuid4().hex[:8]}")
    nodes = len(cluster.list("Node"))
    if nodes < fault.nodes:
        pytest.skip(f"it needs {fault.nodes} nodes, and the tier's cluster has {nodes}")
    for need in fault.needs:
        addon(ADDON_OF[need])
    yield cluster
    faults.clean(cluster, fault)


@pytest.mark.parametrize("fault", ORDER, ids=[fault.id for fault in ORDER])
def test_a_fault_shows_and_its_fix_heals_it(place, fault):
    faults.inject(place, fault)
    if not fault.healthy:
        faults.fix(place, fault)
        faults.healed(place, fault)
