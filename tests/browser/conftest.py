"""JupyterLab as `make lab` starts it, and a headless Chromium: Debian's, so that no browser is downloaded."""

from __future__ import annotations

import os
import shutil
import sys
import uuid

import lab_server
import pytest
from playwright.sync_api import sync_playwright

from kitlib.lessons.desk import QUIET

IMAGE = "registry.k8s.io/pause:3.10.1"


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        found = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"]
        )  # root has no sandbox
        yield found
        found.close()


@pytest.fixture
def lab(tmp_path, tmp_path_factory, kind_cluster):
    """The address of a JupyterLab on the test's own folder, with its token."""
    assert os.environ["KIT_CLUSTER"] == kind_cluster.name  # the kernel finds the cluster by it
    command = [sys.executable, "-m", "jupyter", "lab", f"--notebook-dir={tmp_path}", "--allow-root"]
    options = ["--no-browser", "--ServerApp.port=0", "--IdentityProvider.token=for-this-test"]
    folder = tmp_path_factory.mktemp("jupyter")
    own = os.environ | {
        "JUPYTER_CONFIG_DIR": str(folder),  # no tabs of an earlier session
        "JUPYTER_CONFIG_PATH": str(QUIET),
    }
    with lab_server.running([*command, *options], own, folder) as address:
        yield lambda name: f"{address}/lab/tree/{name}?token=for-this-test"


@pytest.fixture
def page(browser):
    """A page, of a window as on a laptop; whatever it reports as an error fails the test."""
    found = browser.new_page(viewport={"width": 1400, "height": 1000})
    found.set_default_timeout(120_000)
    said = []
    found.on("console", lambda m: said.append(f"{m.text} ({m.location['url']})") if m.type == "error" else 0)
    found.on("pageerror", lambda error: said.append(str(error)))
    yield found
    found.close()
    assert said == []


@pytest.fixture
def workload(kind_cluster):
    """A Deployment of two pods, in a namespace of its own."""
    cluster = kind_cluster.connect(f"form-{uuid.uuid4().hex[:6]}")
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cluster.namespace}})
    cluster.wait("ServiceAccount", "default", until="exists")
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": IMAGE}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
    cluster.wait("Deployment", "web")
    yield cluster
    cluster.delete("Namespace", cluster.namespace, wait_seconds=0)
