"""Every test keeps its clusters and records in a state folder of its own; what was built is shared."""

from __future__ import annotations

import pytest

from kitlib.settings import get_settings


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("KIT_STATE_DIR", str(tmp_path_factory.mktemp("state")))
    patch.setenv("KIT_RUNS_DIR", str(tmp_path_factory.mktemp("runs")))
    patch.delenv("KUBECONFIG", raising=False)
    get_settings.cache_clear()
    yield
    patch.undo()
    get_settings.cache_clear()
