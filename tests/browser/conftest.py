"""JupyterLab as `make lab` starts it, and a headless Chromium: Debian's, so that no browser is downloaded."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading

import psutil
import pytest
from playwright.sync_api import sync_playwright


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
def lab(tmp_path, kind_cluster):
    """The address of a JupyterLab on the test's own folder, with its token."""
    assert os.environ["KIT_CLUSTER"] == kind_cluster.name  # the kernel finds the cluster by it
    command = [sys.executable, "-m", "jupyter", "lab", f"--notebook-dir={tmp_path}", "--allow-root"]
    options = ["--no-browser", "--ServerApp.port=0", "--IdentityProvider.token=for-this-test"]
    server = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
    lines = iter(server.stderr.readline, "")
    address = next(m.group() for line in lines if (m := re.search(r"http://127\.0\.0\.1:\d+", line)))
    threading.Thread(target=lambda: [None for _ in lines], daemon=True).start()  # its pipe must not fill up
    yield lambda name: f"{address}/lab/tree/{name}?token=for-this-test"
    family = [*psutil.Process(server.pid).children(recursive=True), psutil.Process(server.pid)]
    server.terminate()
    psutil.wait_procs(family, timeout=30)


@pytest.fixture
def page(browser):
    """A page, of a window as on a laptop."""
    found = browser.new_page(viewport={"width": 1400, "height": 1000})
    yield found
    found.close()
