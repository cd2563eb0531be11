"""GitHub workflows: permissions, building, pushing, deploying."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.checks.rule import Hit, rule
from kitlib.checks.rules.workflow_tags import pushes
from kitlib.checks.targets import File, mapping
from kitlib.checks.workflows import Job, Step, jobs, plain

DEPLOYS = re.compile(
    r"\bhelm\s+(upgrade|install)\b|\bkubectl\s+(apply|set\s+image|rollout\s+restart)\b|\bargocd\s+app\s+sync\b|\bpulumi\s+up\b"
)
SCANNERS = re.compile(
    r"\b(trivy|grype|snyk|anchore|clair|docker[ /-]scout|scan-action|sysdig)", re.IGNORECASE
)
TEST_CLUSTER = re.compile(
    r"\b(kind|k3d|minikube)\s+(create|start|load)|helm/kind-action|setup-minikube|--dry-run"
)
EVENT = re.compile(r"github\.(event|ref|head_ref|base_ref)")  # a condition that can tell a pull request
SECURE_USE = "https://docs.github.com/en/actions/reference/security/secure-use"


def _deploys(job: Job) -> Step | None:
    """The step that changes a cluster other than one made for the test."""
    text = "\n".join(f"{step.uses}\n{step.body.get('run', '')}" for step in job.steps)
    if TEST_CLUSTER.search(text):
        return None
    return next((step for step in job.steps if any(DEPLOYS.search(line.text) for line in step.script)), None)


@rule(
    "workflow",
    "workflow-permissions",
    "warning",
    "The job's token may do more than it needs",
    why="without `permissions` the token gets the repository's default, which can be write access to "
    "everything",
    source=f"{SECURE_USE}#modifying-the-permissions-for-the-github_token",
)
def permissions(file: File) -> Iterator[Hit]:
    for job in jobs(file):
        if "permissions" not in job.workflow and "permissions" not in job.body:
            yield Hit(
                job.at(),
                f"no permissions for the job {job.name}",
                "permissions: {contents: read}",
                "write `permissions: {contents: read}` at the top of the workflow, and more in single "
                "jobs only",
            )


@rule(
    "workflow",
    "workflow-environment",
    "warning",
    "A job deploys outside of an environment",
    why="without one there are no required reviewers, no branch limits, and its secrets are open to every "
    "job",
    source="https://docs.github.com/en/actions/concepts/workflows-and-actions/deployment-environments",
)
def deploy_environment(file: File) -> Iterator[Hit]:
    for job in jobs(file):
        step = _deploys(job)
        if step and "environment" not in job.body:
            yield Hit(
                job.at(),
                f"the job {job.name} deploys and names no environment",
                "environment: production",
                f"write `environment: production` into the job {job.name}",
            )


@rule(
    "workflow",
    "workflow-concurrency",
    "warning",
    "Two runs can deploy at the same time",
    why="the slower of two runs wins, which may be the older; Helm fails with another operation in progress",
    source="https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency",
)
def concurrency(file: File) -> Iterator[Hit]:
    for job in jobs(file):
        if _deploys(job) and "concurrency" not in job.body and "concurrency" not in job.workflow:
            yield Hit(
                job.at(),
                f"no concurrency for the job {job.name}",
                "one deployment at a time",
                f"write `concurrency: {{group: deploy-${{{{ github.ref }}}}, cancel-in-progress: false}}` "
                f"into the job {job.name}",
            )


@rule(
    "workflow",
    "workflow-no-scan",
    "warning",
    "Images are pushed without a scan",
    why="known vulnerabilities of the base image and the dependencies reach the cluster unseen",
    source="https://trivy.dev/latest/docs/target/container_image/",
)
def no_scan(file: File) -> Iterator[Hit]:
    steps = [(step, image) for job in jobs(file) for step, image in pushes(job)]
    texts = [f"{step.uses} {step.body.get('run', '')}" for job in jobs(file) for step in job.steps]
    called = [str(job.body.get("uses", "")) for job in jobs(file)]
    if steps and not any(SCANNERS.search(text) for text in (*texts, *called)):
        yield Hit(
            steps[0][0].at(),
            "a push, and no scan in the workflow",
            "a scan that fails on HIGH and CRITICAL",
            "add a step before the deployment: `trivy image --exit-code 1 --severity HIGH,CRITICAL <image>`",
        )


@rule(
    "workflow",
    "workflow-push-from-pull-request",
    "warning",
    "A pull request pushes images",
    why="code that nobody has reviewed lands in the registry; from a fork the token may only read, and "
    "the step fails",
    source="https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#pull_request",
)
def push_from_pull_request(file: File) -> Iterator[Hit]:
    for job in jobs(file):
        events = job.workflow.get("on")
        triggered = "pull_request" in (events if isinstance(events, (list, dict)) else [events])
        if not triggered or EVENT.search(str(job.body.get("if"))):
            continue
        for step in job.steps:
            always = step.inputs.get("push") is True and not EVENT.search(str(step.body.get("if")))
            if step.action == "docker/build-push-action" and always:
                yield Hit(
                    step.at("with", "push"),
                    "push: true, and the workflow runs on pull_request",
                    "no push for a pull request",
                    "write push: ${{ github.event_name != 'pull_request' }}",
                )


@rule(
    "workflow",
    "workflow-secret-printed",
    "error",
    "A secret is printed",
    why="masking knows the exact value only; encoded, cut or multi-line it stands in the log for all readers",
    source=f"{SECURE_USE}#use-secrets-for-sensitive-information",
)
def secret_printed(file: File) -> Iterator[Hit]:
    for job in jobs(file):
        for step in job.steps:
            given = {
                str(name)
                for scope in (step.body, job.body, job.workflow)
                for name, value in mapping(scope.get("env")).items()
                if "secrets." in str(value)
            }
            for line in step.script:
                secret = "secrets." in line.text or any(
                    re.search(rf"\$\{{?{name}\b", line.text) for name in given
                )
                if line.is_message and secret and ">" not in line.text and "::add-mask::" not in line.text:
                    yield Hit(
                        step.line_of(line.number, line.commands[0][0]),
                        plain(line.text),
                        "no secret in the log",
                        "remove the line; hand a secret to a program through `env:` or its standard input",
                    )
