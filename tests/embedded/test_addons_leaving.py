"""An add-on that was just removed: its namespace may still be going, and takes nothing new until then."""

from __future__ import annotations

import threading
import time

import pytest

from kitlib.cluster import addons
from kitlib.cluster.addons import lifecycle
from kitlib.errors import WaitTimeout
from kitlib.progress import stage


@pytest.fixture
def leaving(namespace):
    """A namespace that is being deleted, and is held by an object with a finalizer."""
    lock = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "lock", "finalizers": ["kit.test/hold"]},
    }
    old = namespace.within(f"{namespace.namespace}-old")
    old.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": old.namespace}})
    old.apply(lock)
    old.delete("Namespace", old.namespace, wait_seconds=0)
    yield old
    release(old)


def release(cluster):
    if cluster.find("ConfigMap", "lock"):
        cluster.patch("ConfigMap", "lock", {"metadata": {"finalizers": None}}, type="merge")


def objects(cluster):
    return [{"kind": "Namespace", "metadata": {"name": cluster.namespace}}]


def test_it_is_waited_for(leaving):
    timer = threading.Timer(2, release, [leaving])
    timer.start()
    started = time.monotonic()
    with stage("wait") as progress:
        addons.await_leaving(leaving, objects(leaving), progress)
    timer.join()
    assert time.monotonic() - started > 1.5
    assert leaving.find("Namespace", leaving.namespace) is None


def test_one_that_never_goes_is_said_to_be_held(leaving, monkeypatch):
    monkeypatch.setattr(lifecycle, "LEAVING_SECONDS", 1.0)
    with pytest.raises(WaitTimeout, match="still being deleted"), stage("wait") as progress:
        addons.await_leaving(leaving, objects(leaving), progress)


def test_one_that_stays_is_not_waited_for(namespace):
    started = time.monotonic()
    with stage("wait") as progress:
        addons.await_leaving(namespace, objects(namespace), progress)
    assert time.monotonic() - started < 1.0
