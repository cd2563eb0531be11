"""A namespace for each test, on the cluster that the whole tier shares."""

from __future__ import annotations

import uuid

import pytest


@pytest.fixture
def namespace(kind_cluster):
    name = f"t-{uuid.uuid4().hex[:8]}"
    cluster = kind_cluster.connect(name)
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    cluster.wait("ServiceAccount", "default", until="exists")
    yield cluster
    cluster.delete("Namespace", name, wait_seconds=0)
