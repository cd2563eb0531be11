"""One embedded control plane for the tier, with two fake nodes, and a namespace for each test."""

from __future__ import annotations

import uuid

import pytest

from kitlib.cluster.embedded import running


@pytest.fixture(scope="session")
def embedded():
    with running(nodes=2) as cluster:
        yield cluster


@pytest.fixture
def namespace(embedded):
    name = f"t-{uuid.uuid4().hex[:8]}"
    cluster = embedded.within(name)
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    cluster.wait("ServiceAccount", "default", until="exists")
    yield cluster
    cluster.delete("Namespace", name, wait_seconds=0)
