"""The workflow's deployment, executed against kind: the run steps of its job `deploy`, as GitHub runs them.

What GitHub puts in place of `${{ … }}` the test puts there. The images carry the names and the tag that the
job `build` pushes, and are loaded into the node instead; values on top make production small enough for it.
"""

from __future__ import annotations

import re
import secrets
import subprocess

import pytest
import yaml
from service_answers import ask

from kitlib import tools
from kitlib.app import images
from kitlib.cluster import manage
from kitlib.documents import parse_yaml

FIRST, SECOND = "a" * 39 + "1", "b" * 39 + "2"  # two commits
SERVICES = ("api", "worker", "frontend")


class Runner:
    """Runs the steps of a job; of GitHub's runner, as much as this job uses."""

    def __init__(self, root, folder, expressions, variables):
        (self.workflow,) = parse_yaml((root / ".github/workflows/deploy.yaml").read_text())
        self.root, self.folder, self.expressions = root, folder, expressions
        self.given = variables
        (folder / "bin").mkdir()
        for name in ("helm", "kubectl"):
            (folder / "bin" / name).symlink_to(tools.find(name))

    def run(self, job, *, failed=False):
        """Run the job's steps in turn, with `failed` those that follow a failure; return what they print."""
        body = self.workflow.data["jobs"][job]
        github_env = self.folder / "github-env"
        github_env.write_text("")
        printed = []
        for step in (step for step in body["steps"] if "run" in step):
            if (step.get("if") == "failure()") is not failed and step["name"] != "Connect to the cluster":
                continue
            layers = (self.workflow.data["env"], body["env"], step.get("env", {}))
            environment = {key: self.substitute(value) for layer in layers for key, value in layer.items()}
            lines = (line.partition("=") for line in github_env.read_text().splitlines())
            environment |= {key: value for key, _, value in lines}
            environment |= {"GITHUB_ENV": str(github_env), "RUNNER_TEMP": str(self.folder), **self.given}
            environment |= {"PATH": f"{self.folder}/bin:/usr/bin:/bin", "HOME": str(self.folder)}
            shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            done = subprocess.run(shell, cwd=self.root, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, f"{step['name']}: {done.stdout}{done.stderr}"
            printed.append(done.stdout)
        return "".join(printed)

    def substitute(self, value):
        return re.sub(r"\$\{\{ *(.+?) *\}\}", lambda match: self.expressions[match[1]], str(value))


def values(built):
    """Values on top of production's: few, small pods, and images of the databases if none can be pulled."""
    small = {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}
    one = {"replicaCount": 1, "resources": small}
    found = {
        "frontend": {**one, "autoscaling": {"enabled": False}},
        "api": {**one, "autoscaling": {"enabled": False}},
        "worker": one,
        "postgresql": {"primary": {"resources": small, "persistence": {"size": "100Mi"}}},
        "redis": {"master": {"persistence": {"size": "100Mi"}}},
    }
    for store in ("postgresql", "redis"):
        if store in built:
            found[store]["image"] = {"repository": built[store].repository, "tag": built[store].tag}
    return found


@pytest.fixture
def runner(kind_cluster, namespace, tmp_path):
    """The images under both commits' tags in the node, the database's password in the namespace."""
    root = images.checkout()
    built = images.build_all(root)
    registry = parse_yaml((root / ".github/workflows/deploy.yaml").read_text())[0].data["env"]["REGISTRY"]
    stores = [str(built[store]) for store in ("postgresql", "redis") if store in built]
    tags = {
        f"{registry}/{built[service].repository}:{tag}": str(built[service])
        for service in SERVICES
        for tag in (FIRST, SECOND)
    }
    for name, image in tags.items():
        tools.run(["docker", "tag", image, name])
    manage.load(kind_cluster.name, [*stores, *tags])
    password = {"password": secrets.token_urlsafe(16)}
    metadata = {"name": "todo-app-database"}
    namespace.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": password})
    extra = tmp_path / "extra.yaml"
    extra.write_text(yaml.safe_dump(values(built)))
    expressions = {
        "github.sha": FIRST,
        "secrets.KUBE_CONFIG": kind_cluster.kubeconfig.read_text(),
        "vars.EXTRA_VALUES": str(extra),
    }
    yield Runner(root, tmp_path, expressions, {"NAMESPACE": namespace.namespace})
    tools.run(["docker", "rmi", *tags])  # the tags alone: the images have their own names


def running(cluster):
    """Component → the tags of its pods' images, of pods that are not on their way out."""
    found = {}
    for pod in cluster.list("Pod"):
        if not pod["metadata"].get("deletionTimestamp"):
            tag = pod.at("spec.containers.0.image").rpartition(":")[2]
            found.setdefault(pod.labels["app.kubernetes.io/component"], set()).add(tag)
    return {component: tags for component, tags in found.items() if component in SERVICES}


def test_the_deploy_job_installs_what_the_build_job_pushed_and_the_next_commit_rolls_it(runner, namespace):
    printed = runner.run("deploy")
    for service in SERVICES:
        assert f'deployment "todo-app-{service}" successfully rolled out' in printed
    assert running(namespace) == {service: {FIRST} for service in SERVICES}
    made = ask(namespace, "POST", "todo-app-api", "/todos", {"title": "deployed"})

    runner.expressions["github.sha"] = SECOND
    runner.run("deploy")
    assert running(namespace) == {service: {SECOND} for service in SERVICES}
    # The pods before the frontend's may still hold a connection to an API pod that was just replaced.
    found = ask(namespace, "GET", "todo-app-frontend", "/api/todos")
    assert made["id"] in {item["id"] for item in found["items"]}

    said = runner.run("deploy", failed=True)  # what it prints when a deployment has failed
    assert "REVISION" in said
    assert "todo-app-api-" in said
