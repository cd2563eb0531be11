"""Every fault on real nodes: it shows, its fix heals it. Those that touch nodes or cluster DNS run alone.

`make test` takes a third of each family, as all of them take six minutes; `make faults` takes all.
"""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from kitlib import faults
from kitlib.cluster import addons
from kitlib.errors import KitError
from kitlib.faults.running import ADDON_OF

KIND = [fault for fault in faults.load() if fault.cluster == "kind"]
ALONE = [fault for fault in KIND if fault.exclusive]
TOGETHER = [fault for fault in KIND if not fault.exclusive]
AT_ONCE = 6
SHARE = 3


def marked(items):
    """The faults as parameters; all but every third of a family are marked `whole`."""
    seen, found = Counter(), []
    for fault in items:
        often = seen[fault.family] % SHARE == 0
        seen[fault.family] += 1
        found.append(pytest.param(fault, id=fault.id, marks=() if often else pytest.mark.whole))
    return found


def chosen(request):
    """The faults whose tests were selected, in this module."""
    items = [item for item in request.session.items if item.path == request.path]
    return [item.callspec.params["fault"] for item in items if hasattr(item, "callspec")]


@pytest.fixture(scope="module")
def nodes(kind_cluster, request):
    """How many nodes the tier's cluster has; its add-ons are those that the selected faults need."""
    count = len(kind_cluster.connect().list("Node"))
    needs = {ADDON_OF[need] for fault in chosen(request) if fault.nodes <= count for need in fault.needs}
    wanted = sorted(name for name in needs if not addons.ADDONS[name].always_on)
    if wanted:
        addons.enable(kind_cluster.name, wanted)
    yield count
    if wanted:
        addons.disable(kind_cluster.name, wanted)


@pytest.fixture(scope="module")
def outcomes(kind_cluster, request, nodes):
    """What became of each fault that runs beside others: a Future of nothing, or of what went wrong."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        fits = [fault for fault in chosen(request) if not fault.exclusive and fault.nodes <= nodes]
        yield {fault.id: pool.submit(verify, kind_cluster, fault) for fault in fits}


def verify(kind_cluster, fault):
    cluster = kind_cluster.connect(f"t-{uuid.uuid4().hex[:8]}")
    try:
        faults.inject(cluster, fault)
        if not fault.healthy:
            faults.fix(cluster, fault)
            faults.healed(cluster, fault)
    finally:
        faults.clean(cluster, fault)


def need_nodes(fault, count):
    if count < fault.nodes:
        pytest.skip(f"it needs {fault.nodes} nodes, and the tier's cluster has {count}")


@pytest.mark.parametrize("fault", marked(TOGETHER))
def test_a_fault_shows_and_its_fix_heals_it(outcomes, nodes, fault):
    need_nodes(fault, nodes)
    outcome: Future[None] = outcomes[fault.id]
    problem = outcome.exception()
    assert not isinstance(problem, KitError), str(problem)
    outcome.result()


@pytest.mark.parametrize("fault", marked(ALONE))
def test_a_fault_of_the_whole_cluster_shows_and_its_fix_heals_it(kind_cluster, nodes, fault):
    need_nodes(fault, nodes)
    verify(kind_cluster, fault)
