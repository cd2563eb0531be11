"""Many runs side by side: no port clash, no mixed records; several clusters with one summary."""

from __future__ import annotations

import os
import signal
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen, run

import nbformat
import pytest
import yaml
from runbooks_help import write_runbook

from kitlib.runbooks import history, several
from kitlib.settings import get_settings

CELLS = (
    "from kitlib import connect\nfrom kitlib.runbooks import Namespace, start",
    'namespace: Namespace = "x"\nlevel: str = "INFO"\napprove: str = ""',
    "rb = start(approve, namespace=namespace, level=level)\ncluster = connect(namespace=namespace)",
    'with rb.step("set", "Set the level"):\n'
    '    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}\n'
    '    cluster.apply(made | {"data": {"level": level}})',
    'rb.result(f"level {level} in {namespace}")',
)
COUNT = 20


@pytest.fixture
def place(embedded, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, embedded.api.binding.files)))
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    write_runbook("level.ipynb", CELLS)
    yield embedded
    get_settings.cache_clear()


def make_namespaces(cluster, count):
    names = [f"p-{uuid.uuid4().hex[:8]}" for _ in range(count)]
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names])
    return names


def test_twenty_runs_on_twenty_namespaces_at_once(place):
    names = make_namespaces(place, COUNT)
    kit = "import sys; from kitlib.cli.runbook import app; app(sys.argv[1:])"

    def one(name):
        given = ["-p", f"namespace={name}", "-p", f"level={name}", "--yes", "--context", place.context]
        command = [sys.executable, "-c", kit, "run", "level.ipynb", *given]
        return run(command, stdout=PIPE, stderr=STDOUT, text=True, timeout=500, check=False)

    with ThreadPoolExecutor(COUNT) as pool:
        ended = list(pool.map(one, names))
    assert [item.returncode for item in ended] == [0] * COUNT, [i.stdout for i in ended if i.returncode]
    for name in names:
        assert place.within(name).get("ConfigMap", "settings").at("data.level") == name
    found = history.frame()
    assert sorted(found["namespace"]) == sorted(names)
    assert set(found["status"]) == {"done"}
    assert len(set(found["run"])) == COUNT


def test_several_contexts_end_in_one_summary(place, tmp_path, monkeypatch):
    """Two contexts reach the server, the third does not."""
    (name,) = make_namespaces(place, 1)
    config = yaml.safe_load(place.api.binding.files[0].read_text())
    entry = next(item["context"] for item in config["contexts"] if item["name"] == place.context)
    cluster = next(item["cluster"] for item in config["clusters"] if item["name"] == entry["cluster"])
    config["clusters"].append({"name": "dead", "cluster": cluster | {"server": "https://127.0.0.1:1"}})
    config["contexts"].append({"name": "dead", "context": entry | {"cluster": "dead"}})
    config["contexts"].append({"name": "again", "context": entry})
    (tmp_path / "three").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "three"))
    given = {"namespace": name}
    asked = []
    contexts = [place.context, "dead"]
    summary = several.run("level.ipynb", given, contexts, approve=lambda c: bool(asked.append(c)) or True)
    assert [outcome.exit_code for outcome in summary.outcomes] == [0, 8]
    assert summary.exit_code == 8
    assert summary.lines()[-1] == "1 of 2 done"
    assert [change.target for change in asked] == [f"{place.context}, namespace {name}"]
    # The same target by another name is one target: one of the two has to wait for the other.
    both = several.run(
        "level.ipynb", {"namespace": name, "level": "DEBUG"}, [place.context, "again"], approve=lambda c: True
    )
    assert sorted(outcome.exit_code for outcome in both.outcomes) in ([0, 9], [0, 0])


SLEEPS = 'import time\nwith rb.step("sleep", "Sleep"):\n    time.sleep(300)'


def test_a_signal_ends_all_of_several_runs_with_true_records(place, tmp_path, monkeypatch):
    (name,) = make_namespaces(place, 1)
    notebook = nbformat.read("level.ipynb", as_version=4)
    notebook.cells[3:4] = [nbformat.v4.new_code_cell(SLEEPS)]
    nbformat.write(notebook, "sleeps.ipynb")
    kit = "import sys; from kitlib.cli.runbook import app; app(sys.argv[1:])"
    command = [sys.executable, "-c", kit, "run", "sleeps.ipynb", "-p", f"namespace={name}"]
    process = Popen([*command, "--contexts", place.context], stdout=PIPE, stderr=STDOUT, text=True)
    deadline = time.monotonic() + 60
    while not any('"sleep"' in path.read_text() for path in Path("runs").glob("*/steps.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 7, output
    assert "aborted" in output
    assert list(history.frame()["status"]) == ["aborted"]
