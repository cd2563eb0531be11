"""The scripts for a local cluster, run by bash itself, with recorders for minikube, kubectl and helm."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from artifacts_help import application, rendered

from kitlib import tools
from kitlib.artifacts import Artifact
from kitlib.artifacts.files import status, write
from kitlib.artifacts.scripts import machine
from kitlib.cluster.providers import UpOptions, minikube

pytestmark = pytest.mark.slow

SETUP, WORKFLOW = "todo-app/scripts/setup-minikube.sh", "todo-app/scripts/dev-workflow.sh"
# Writes down its arguments and its standard input; answers and fails as the test has said beforehand.
RECORDER = """#!{python}
import json, os, sys
name, here = os.path.basename(sys.argv[0]), os.environ["RECORD"]
given = sys.stdin.read() if "-" in sys.argv or "--filename=-" in sys.argv else ""
with open(here + "/calls", "a") as file:
    file.write(json.dumps([[name, *sys.argv[1:]], given]) + chr(10))
answers = json.load(open(here + "/answers"))
for words, (code, text) in answers.items():
    if words in " ".join([name, *sys.argv[1:]]):
        sys.stdout.write(text)
        sys.exit(code)
"""


@pytest.fixture
def machine_of(tmp_path):
    """A folder with the scripts, and a machine whose tools only write down what they are asked for."""
    bin_, record = tmp_path / "bin", tmp_path / "record"
    bin_.mkdir()
    record.mkdir()
    for name in ("minikube", "kubectl", "helm"):
        (bin_ / name).write_text(RECORDER.format(python=sys.executable))
        (bin_ / name).chmod(0o755)
    for path in (SETUP, WORKFLOW):
        artifact = Artifact(path, rendered()[path], executable=True)
        write(status(artifact, tmp_path, "todo-app/specs"), tmp_path)

    def run(script, answers=None, system="Linux", **variables):
        (record / "answers").write_text(json.dumps(answers or {}))
        (bin_ / "uname").write_text(f"#!/bin/sh\necho {system}\n")
        (bin_ / "uname").chmod(0o755)
        environment = {"PATH": f"{bin_}:/usr/bin:/bin", "RECORD": str(record), **variables}
        done = subprocess.run([tmp_path / script], capture_output=True, text=True, env=environment, cwd="/")
        lines = (record / "calls").read_text().splitlines() if (record / "calls").exists() else []
        return done, [tuple(json.loads(line)) for line in lines]

    return run


def words(calls):
    return [" ".join(command) for command, _ in calls]


@pytest.mark.parametrize("path", [SETUP, WORKFLOW])
def test_shellcheck_and_bash_have_nothing_to_say(path, tmp_path):
    script = tmp_path / "script.sh"
    script.write_text(rendered()[path])
    tools.run([tools.find("shellcheck"), script])
    tools.run(["bash", "-n", script])


def test_setup_makes_the_cluster_of_the_specification_as_kits_provider_would(machine_of):
    done, calls = machine_of(SETUP)
    assert done.returncode == 0, done.stderr
    asked, kube = machine(application()), "kubectl --context todo-app"
    start = minikube.start_command("todo-app", UpOptions(), asked)
    assert f"--kubernetes-version=v{application().local_cluster.kubernetes}.0" in start
    assert {"--driver=docker", "--cpus=4", "--memory=8192", "--disk-size=40g"} <= set(start)
    assert set(asked.addons + asked.later_addons) == set(application().local_cluster.addons)
    found = words(calls)
    pipe = [f"{kube} create namespace dev --dry-run=client --output=yaml", f"{kube} apply --filename=-"]
    assert sorted(found[-5:-3]) == sorted(pipe)  # the two ends of a pipe start at once
    found[-5:-3] = pipe
    assert found == [
        " ".join(start),
        f"{kube} wait --for=condition=Ready nodes --all --timeout=300s",
        *(" ".join(command) for command in minikube.addon_commands("todo-app", asked)),
        *pipe,
        f"{kube} label namespace dev --overwrite pod-security.kubernetes.io/enforce=restricted "
        "pod-security.kubernetes.io/warn=restricted",
        "kubectl config set-context todo-app --namespace=dev",
        "minikube ip --profile todo-app",
    ]


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ("Linux", "/etc/hosts has: 192.168.49.2 "),
        ("Darwin", "minikube tunnel runs"),
        ("MINGW64_NT", "tunnel runs"),
    ],
)
def test_setup_says_how_the_ingress_is_reached_on_this_platform(machine_of, system, said):
    done, _ = machine_of(SETUP, {"minikube ip": (0, "192.168.49.2\n")}, system=system)
    assert said in done.stdout
    assert "todo.local" in done.stdout


def test_setup_stops_at_the_first_failure(machine_of):
    done, calls = machine_of(SETUP, {"minikube start": (70, "no Docker\n")})
    assert done.returncode == 70
    assert len(calls) == 1


def test_setup_takes_another_profile_and_namespace(machine_of):
    _, calls = machine_of(SETUP, MINIKUBE_PROFILE="other", NAMESPACE="mine")
    assert words(calls)[0].startswith("minikube start --profile other ")
    assert "kubectl config set-context other --namespace=mine" in words(calls)


def test_the_workflow_builds_installs_and_waits(machine_of):
    done, calls = machine_of(WORKFLOW, TAG="t1")
    assert done.returncode == 0, done.stderr
    kube, services = "kubectl --context todo-app --namespace dev", list(application().containers)
    found = words(calls)
    helm = next(line for line in found if line.startswith("helm"))
    assert found == [
        "minikube status --profile todo-app",
        *(
            " ".join(minikube.build_command("todo-app", f"todo-{name}:t1", f"todo-app/{folder}"))
            for name, folder in zip(services, map(folder_of, services), strict=True)
        ),
        f"{kube} get secret todo-app-postgresql --ignore-not-found "
        "--output=go-template={{.data.password | base64decode}}",
        helm,
        *(f"{kube} rollout status deployment/todo-app-{name} --timeout=300s" for name in services),
        f"{kube} get pods",
    ]
    assert helm == (
        "helm upgrade --install todo-app charts/todo-app --kube-context todo-app --namespace dev "
        "--create-namespace --values charts/todo-app/values-dev.yaml --values - "
        + " ".join(f"--set-string {name}.image.tag=t1" for name in services)
    )


def folder_of(service):
    return application().build.services[service].context.removeprefix("./")


def test_the_workflow_starts_a_cluster_that_does_not_run(machine_of):
    _, calls = machine_of(WORKFLOW, {"minikube status": (7, "")})
    assert words(calls)[1].startswith("minikube start ")


def test_the_database_keeps_its_password_and_nobody_sees_it_among_the_arguments(machine_of):
    _, calls = machine_of(WORKFLOW, {"get secret": (0, "kept")})
    (given,) = [text for command, text in calls if command[0] == "helm"]
    assert json.loads(given) == {"postgresql": {"auth": {"password": "kept"}}}
    assert "kept" not in " ".join(words(calls))


def test_a_new_database_gets_a_new_password_each(machine_of):
    machine_of(WORKFLOW)
    _, calls = machine_of(WORKFLOW)
    made = [
        json.loads(text)["postgresql"]["auth"]["password"] for command, text in calls if command[0] == "helm"
    ]
    assert [len(password) for password in made] == [32, 32]
    assert made[0] != made[1]


def test_each_run_has_a_tag_of_its_own_so_that_pods_are_rolled(machine_of):
    _, calls = machine_of(WORKFLOW)
    built = [command[-2] for command, _ in calls if command[:3] == ["minikube", "image", "build"]]
    tags = {image.partition(":")[2] for image in built}
    assert len(tags) == 1
    assert tags.pop().startswith("dev-20")


def test_a_failed_installation_is_a_failure(machine_of):
    done, calls = machine_of(WORKFLOW, {"helm upgrade": (1, "")})
    assert done.returncode == 1
    assert "rollout" not in " ".join(words(calls))


def test_another_provider_has_no_minikube_scripts():
    app = application()
    kind = app.model_copy(update={"local_cluster": app.local_cluster.model_copy(update={"provider": "kind"})})
    assert not [path for path in rendered(kind) if "/scripts/" in path]
