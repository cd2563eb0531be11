"""One real kind cluster for the whole tier, made by the product itself and removed at the end."""

from __future__ import annotations

import uuid

import pytest

from kitlib.cluster import manage
from kitlib.settings import get_settings

NAME = "kit-test"


@pytest.fixture(scope="session")
def kind_cluster(own_state):
    patch = pytest.MonkeyPatch()
    patch.setenv("KIT_CLUSTER", NAME)
    get_settings.cache_clear()
    yield manage.up(NAME, "kind")
    manage.down(NAME)
    patch.undo()
    get_settings.cache_clear()


@pytest.fixture
def namespace(kind_cluster):
    name = f"t-{uuid.uuid4().hex[:8]}"
    cluster = kind_cluster.connect(name)
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    cluster.wait("ServiceAccount", "default", until="exists")
    yield cluster
    cluster.delete("Namespace", name, wait_seconds=0)
