"""Every test keeps its clusters and records in a state folder of its own; what was built is shared.

In each pytest process (`make test` runs two) the tiers kind and notebooks share one real kind cluster, made
by the product itself and removed at the end.
"""

from __future__ import annotations

import uuid

import pytest

from kitlib import redaction
from kitlib.cluster import manage
from kitlib.settings import get_settings

NAME = f"kit-test-{uuid.uuid4().hex[:6]}"  # two runs on one machine must not meet


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("KIT_STATE_DIR", str(tmp_path_factory.mktemp("state")))
    patch.delenv("KUBECONFIG", raising=False)
    get_settings.cache_clear()
    yield
    patch.undo()
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def own_secrets(monkeypatch):
    """What one test's Secrets held is no secret in the next: a password there may be a word here."""
    monkeypatch.setattr(redaction, "_known", set(redaction._known))
    monkeypatch.setattr(redaction, "_pieces", set(redaction._pieces))
    monkeypatch.setattr(redaction, "_pattern", redaction._pattern)


@pytest.fixture(scope="session")
def kind_cluster(own_state):
    patch = pytest.MonkeyPatch()
    patch.setenv("KIT_CLUSTER", NAME)
    get_settings.cache_clear()
    yield manage.up(NAME, "kind")
    manage.down(NAME)
    patch.undo()
    get_settings.cache_clear()
