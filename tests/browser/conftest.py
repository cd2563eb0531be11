"""A headless Chromium: Debian's, which `kit doctor --fix` installs, so that no browser is downloaded."""

from __future__ import annotations

import shutil

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
