"""A runbook as a form: typed inputs, a plan, and only that plan carried out; in the background."""

from __future__ import annotations

import os

import ipywidgets
import pytest
from runbooks_help import write_runbook

from kitlib.settings import get_settings
from kitlib.widgets import RunbookForm

CELLS = (
    "from typing import Annotated, Literal\nfrom kitlib import connect\n"
    "from kitlib.runbooks import Ge, Le, Namespace, start",
    'namespace: Namespace = "x"  # where\nlevel: Literal["INFO", "DEBUG"] = "INFO"\n'
    'count: Annotated[int, Ge(1), Le(9)] = 2\nloud: bool = False\nnote: str | None = None\napprove: str = ""',
    "rb = start(approve, namespace=namespace, level=level, count=count, loud=loud, note=note)",
    'with rb.step("set", "Set the level"):\n'
    '    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}\n'
    '    connect(namespace=namespace).apply(made | {"data": {"level": level, "count": str(count)}})',
    'rb.result(f"level {level}")',
)


@pytest.fixture
def form(namespace, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, namespace.api.binding.files)))
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    write_runbook("level.ipynb", CELLS)
    made = RunbookForm("level.ipynb", context=namespace.context)
    made.inputs["namespace"].value = namespace.namespace
    yield made
    get_settings.cache_clear()


def test_each_parameter_has_an_input_of_its_type(form):
    kinds = {name: type(item) for name, item in form.inputs.items()}
    assert kinds == {
        "namespace": ipywidgets.Text,
        "level": ipywidgets.ToggleButtons,
        "count": ipywidgets.BoundedIntText,
        "loud": ipywidgets.Checkbox,
        "note": ipywidgets.Text,
    }
    assert (form.inputs["count"].min, form.inputs["count"].max) == (1, 9)
    assert form.inputs["namespace"].tooltip == "where"
    assert "note" not in form.given


def test_only_the_plan_that_is_shown_is_carried_out(form, namespace):
    assert form.approve.disabled
    form.inputs["level"].value = "DEBUG"
    form.go.click()
    assert form.go.disabled  # it works in the background, once
    form.wait()
    assert "+ " in form.shown.value
    assert namespace.find("ConfigMap", "settings") is None
    assert not form.approve.disabled
    form.inputs["level"].value = "INFO"  # another wish: the plan is gone
    assert form.approve.disabled
    assert form.shown.value == ""
    form.go.click()
    form.wait()
    form.approve.click()
    form.wait()
    assert "✓ done: level INFO" in form.shown.value
    assert namespace.get("ConfigMap", "settings").at("data.level") == "INFO"
    assert form.approve.disabled


def test_what_is_wrong_is_said_in_the_form(form):
    form.inputs["namespace"].value = "no-such-place"
    form.go.click()
    form.wait()
    assert "there is no Namespace" in form.shown.value
    assert form.approve.disabled
    assert not form.go.disabled


def test_a_cell_that_is_run_again_takes_over(form, namespace):
    newer = RunbookForm("level.ipynb", context=namespace.context)
    assert form.go.disabled
    assert not newer.go.disabled
