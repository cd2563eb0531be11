"""The Argo CD Application and the workflow: the tag that is pushed is the tag that is deployed by both."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml
from artifacts_help import ROOT, application, rendered

from kitlib import tools
from kitlib.documents import parse_yaml
from kitlib.errors import UsageError

pytestmark = pytest.mark.slow

WORKFLOW, ARGO = ".github/workflows/deploy.yaml", "todo-app/deploy/argocd-application.yaml"
OLD = {  # the last majors on a Node that GitHub no longer runs, by action: github.blog/changelog
    "actions/checkout": 4,
    "actions/setup-node": 4,
    "docker/build-push-action": 6,
    "docker/login-action": 3,
    "docker/setup-buildx-action": 3,
    "docker/setup-qemu-action": 3,
    "azure/setup-helm": 4,
}


def with_build(**changes):
    app = application()
    return app.model_copy(update={"build": app.build.model_copy(update=changes)})


def workflow(app=None):
    (document,) = parse_yaml(rendered(app)[WORKFLOW])
    return document.data


def argo():
    return yaml.safe_load(rendered()[ARGO])


def steps(job):
    return workflow()["jobs"][job]["steps"]


def using(action, app=None):
    return [
        step for step in workflow(app)["jobs"]["build"]["steps"] if step.get("uses", "").startswith(action)
    ]


# --- Argo CD


def test_argo_installs_the_chart_with_its_production_values():
    source = argo()["spec"]["source"]
    assert source["path"] == "charts/todo-app"
    for name in source["helm"]["valueFiles"]:
        assert (ROOT / source["path"] / name).is_file()
    assert argo()["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    assert argo()["spec"]["destination"]["namespace"] == "todo-app"


def test_argo_and_the_workflow_deploy_the_commits_full_sha():
    parameters = {item["name"]: item for item in argo()["spec"]["source"]["helm"]["parameters"]}
    assert set(parameters) == {f"{name}.image.tag" for name in application().containers}
    for item in parameters.values():
        assert item["value"] == "$ARGOCD_APP_REVISION"
        assert item["forceString"] is True
    assert workflow()["env"]["TAG"] == "${{ github.sha }}"
    pushed = [step["with"]["tags"] for step in using("docker/build-push-action")]
    assert set(pushed) == {"${{ env.REGISTRY }}/${{ matrix.image }}:${{ env.TAG }}"}


def test_argo_leaves_replicas_to_the_autoscaler():
    (ignored,) = argo()["spec"]["ignoreDifferences"]
    assert ignored["jsonPointers"] == ["/spec/replicas"]
    assert "RespectIgnoreDifferences=true" in argo()["spec"]["syncPolicy"]["syncOptions"]


def test_argo_makes_the_namespace_with_pod_security():
    policy = argo()["spec"]["syncPolicy"]
    assert "CreateNamespace=true" in policy["syncOptions"]
    assert policy["managedNamespaceMetadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


# --- workflow


def test_every_image_of_the_build_specification_is_built_from_where_it_is():
    entries = {item["service"]: item for item in workflow()["jobs"]["build"]["strategy"]["matrix"]["include"]}
    assert set(entries) == set(application().build.services)
    for name, image in application().build.services.items():
        entry = entries[name]
        assert (ROOT / entry["dockerfile"]).is_file()
        assert entry["platforms"] == ",".join(image.platforms)
        assert image.image == f"${{REGISTRY}}/{entry['image']}:${{VERSION}}"
        assert "version=${{ github.sha }}" in entry["labels"]
        for key, value in image.build_args.items():
            assert f"{key}={value}" in entry["build-args"].splitlines()
            assert f"ARG {key}=" in rendered()[entry["dockerfile"]]


def test_an_image_is_scanned_before_it_is_pushed():
    names = [step.get("uses", "").partition("@")[0] for step in steps("build")]
    scan = names.index("aquasecurity/trivy-action")
    load, push = (i for i, name in enumerate(names) if name == "docker/build-push-action")
    assert load < scan < push
    assert steps("build")[load]["with"]["load"] is True
    options = steps("build")[scan]["with"]
    assert (options["severity"], options["exit-code"]) == ("HIGH,CRITICAL", "1")
    assert options["image-ref"] == steps("build")[push]["with"]["tags"]


def test_what_the_build_specification_says_of_scanning_is_done():
    scanning = application().build.scanning
    lenient = with_build(scanning=scanning.model_copy(update={"fail_on_vulnerability": False}))
    assert using("aquasecurity/", lenient)[0]["with"]["exit-code"] == "0"
    assert using("aquasecurity/", with_build(scanning=None)) == []
    with pytest.raises(UsageError, match="can't scan with grype"):
        rendered(with_build(scanning=scanning.model_copy(update={"tool": "grype"})))


def test_a_service_without_an_image_is_refused():
    services = {name: image for name, image in application().build.services.items() if name != "worker"}
    with pytest.raises(UsageError, match="no image for worker"):
        rendered(with_build(services=services))


def test_nothing_is_pushed_or_deployed_from_a_pull_request():
    push, login = using("docker/build-push-action")[1], using("docker/login-action")[0]
    for step in (push, login):
        assert "github.event_name != 'pull_request'" in step["if"]
    assert workflow()["jobs"]["deploy"]["if"].startswith("github.ref == 'refs/heads/main'")
    assert workflow()["on"]["push"] == {"branches": ["main"], "tags": ["v*"]}


def test_each_job_has_only_the_permissions_it_needs():
    assert workflow()["permissions"] == {"contents": "read"}
    jobs = workflow()["jobs"]
    assert {name: job.get("permissions") for name, job in jobs.items()} == {
        "test": None,
        "build": {"contents": "read", "packages": "write"},
        "deploy": None,
    }


def test_deployments_are_never_cut_short_or_side_by_side():
    assert workflow()["jobs"]["deploy"]["concurrency"]["cancel-in-progress"] is False
    assert workflow()["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_actions_are_pinned_to_majors_that_still_run():
    used = [step["uses"] for job in workflow()["jobs"].values() for step in job["steps"] if "uses" in step]
    for action, _, version in (item.partition("@") for item in used):
        if not re.fullmatch(r"[0-9a-f]{40}", version):
            assert int(version.removeprefix("v")) > OLD[action], action


def test_scripts_hold_no_expressions_which_would_run_as_code():
    runs = [step["run"] for job in workflow()["jobs"].values() for step in job["steps"] if "run" in step]
    assert len(runs) > 5
    assert not [run for run in runs if "${{" in run]


def test_the_run_steps_are_clean_bash(tmp_path):
    for number, step in enumerate(step for step in steps("deploy") if "run" in step):
        script = tmp_path / f"{number}.sh"
        script.write_text(f"#!/usr/bin/env bash\nset -eo pipefail\n{step['run']}")
        tools.run([tools.find("shellcheck"), script])


def test_every_workload_of_the_chart_is_waited_for():
    (verify,) = (step["run"] for step in steps("deploy") if step.get("name") == "Verify")
    (deploy,) = (step["run"] for step in steps("deploy") if step.get("name") == "Deploy")
    for name in application().containers:
        assert f'"deployment/$RELEASE-{name}"' in verify
        assert f'--set-string "{name}.image.tag=$TAG"' in deploy


def test_each_service_is_tested_where_it_is():
    folders = {
        step["working-directory"]: step["run"] for step in steps("test") if "working-directory" in step
    }
    assert set(folders) == {"todo-app/backend", "todo-app/worker", "todo-app/frontend"}
    assert "npm ci" in folders["todo-app/frontend"]
    for folder in folders:
        assert (ROOT / folder / "tests").is_dir()


def test_the_kubeconfig_is_readable_by_its_owner_alone(tmp_path):
    (connect,) = (step["run"] for step in steps("deploy") if step.get("name") == "Connect to the cluster")
    variables = {"KUBE_CONFIG": "a: 1", "RUNNER_TEMP": str(tmp_path), "GITHUB_ENV": str(tmp_path / "env")}
    subprocess.run(["bash", "-e", "-c", connect], env={"PATH": "/usr/bin:/bin", **variables}, check=True)
    assert (tmp_path / "kubeconfig").read_text() == "a: 1\n"
    assert (tmp_path / "kubeconfig").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "env").read_text() == f"KUBECONFIG={tmp_path}/kubeconfig\n"
