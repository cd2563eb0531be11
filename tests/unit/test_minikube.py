"""minikube's commands, against its documented flags: minikube.sigs.k8s.io/docs/commands/start/ and others."""

from __future__ import annotations

import sys

import pytest

from kitlib.cluster.providers import UpOptions, load_record, minikube
from kitlib.errors import NotOurs, ToolNotFound

FLAGS = {
    "start": {"--profile", "--driver", "--kubernetes-version", "--cpus", "--memory", "--disk-size"}
    | {"--addons", "--nodes", "--apiserver-port"},
    "addons": {"--profile"},
    "image": {"--profile"},
    "delete": {"--profile"},
    "profile": {"--output"},
}
SCRIPT = """#!{python}
import json, os, sys
flags = {flags!r}
here = os.path.dirname(os.path.abspath(__file__))
with open(here + "/calls", "a") as file:
    file.write(" ".join(sys.argv[1:]) + chr(10))
if sys.argv[1] == "version":
    print("v1.37.0")
    sys.exit(0)
for part in sys.argv[2:]:
    if part.startswith("-") and part.split("=")[0] not in flags[sys.argv[1]]:
        sys.exit("unknown flag: " + part)
if sys.argv[1] == "start":
    open(here + "/made", "w").write(sys.argv[sys.argv.index("--profile") + 1])
if sys.argv[1] == "delete":
    os.remove(here + "/made")
if sys.argv[1] == "profile":
    names = [open(here + "/made").read()] if os.path.exists(here + "/made") else []
    print(json.dumps({{"invalid": [], "valid": [{{"Name": n, "Status": "OK"}} for n in names]}}))
"""


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    kubectl = "#!/bin/sh\necho 'Client Version: v1.34.0'\n"
    for name, text in (("minikube", SCRIPT.format(python=sys.executable, flags=FLAGS)), ("kubectl", kubectl)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        minikube.start_command("kit", UpOptions(nodes=2, api_port=9443)),
        *minikube.addon_commands("kit"),
        minikube.load_command("kit", ["web:1"]),
        minikube.delete_command("kit"),
        minikube.list_command(),
    ],
)
def test_every_flag_is_documented(command):
    used = {part.split("=")[0] for part in command if part.startswith("-")}
    assert used <= FLAGS[command[1]]


def test_up_and_down_run_the_commands(on_path):
    record = minikube.PROVIDER.up("mk", UpOptions())
    assert load_record("mk") == record
    assert minikube.PROVIDER.status("mk").state == "running"
    minikube.PROVIDER.load("mk", ["web:1"])
    assert minikube.PROVIDER.down("mk")
    calls = (on_path / "calls").read_text().splitlines()
    expected = [
        minikube.start_command("mk", UpOptions()),
        *minikube.addon_commands("mk"),
        minikube.load_command("mk", ["web:1"]),
        minikube.delete_command("mk"),
    ]
    assert [call for call in calls if call.split()[0] not in ("version", "profile")] == [
        " ".join(command[1:]) for command in expected
    ]
    assert minikube.PROVIDER.status("mk").state == "absent"


def test_a_profile_of_somebody_else_is_left_alone(on_path):
    (on_path / "made").write_text("theirs")
    with pytest.raises(NotOurs):
        minikube.PROVIDER.up("theirs", UpOptions())
    with pytest.raises(NotOurs):
        minikube.PROVIDER.down("theirs")
    assert (on_path / "made").exists()


def test_without_minikube_the_way_to_get_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolNotFound) as caught:
        minikube.PROVIDER.up("mk", UpOptions())
    assert "minikube.sigs.k8s.io" in caught.value.fix
