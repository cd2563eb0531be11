"""A namespace for each test, on the cluster that the whole tier shares."""

from __future__ import annotations

import uuid
from contextlib import contextmanager

import pytest

from kitlib import app as application
from kitlib.app import manifests
from kitlib.cluster import addons
from kitlib.progress import stage
from kitlib.settings import get_settings


@contextmanager
def made(kind_cluster):
    name = f"t-{uuid.uuid4().hex[:8]}"
    cluster = kind_cluster.connect(name)
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    cluster.wait("ServiceAccount", "default", until="exists")
    yield cluster
    cluster.delete("Namespace", name, wait_seconds=0)


@pytest.fixture
def namespace(kind_cluster):
    with made(kind_cluster) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def shared_namespace(kind_cluster):
    """One for the tests of a module."""
    with made(kind_cluster) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def app(kind_cluster):
    """The application, installed once for the tier; the Cluster acts in its namespace."""
    application.up(kind_cluster.name)
    return kind_cluster.connect(get_settings().namespace)


@pytest.fixture(scope="module")
def network_policy(kind_cluster):
    """NetworkPolicies are enforced."""
    addons.enable(kind_cluster.name, ["network-policy"])
    yield
    addons.disable(kind_cluster.name, ["network-policy"])


@pytest.fixture(scope="module")
def images(kind_cluster):
    """The application's images, loaded into the node."""
    return manifests.local_images()


@pytest.fixture(scope="module")
def controllers(kind_cluster):
    """The namespace that the policies know the ingress controller by."""
    cluster = kind_cluster.connect("ingress-nginx")
    with stage("the namespace ingress-nginx") as progress:
        addons.await_leaving(
            cluster, [{"kind": "Namespace", "metadata": {"name": "ingress-nginx"}}], progress
        )
    made = cluster.find("Namespace", "ingress-nginx") is None
    if made:
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ingress-nginx"}})
        cluster.wait("ServiceAccount", "default", until="exists")
    yield cluster
    if made:
        # It goes only when every API answers, that of the metrics server after a node's restart included.
        cluster.delete("Namespace", "ingress-nginx", wait_seconds=300)
