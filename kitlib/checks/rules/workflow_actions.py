"""GitHub workflows: the actions they use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.checks.rule import Hit, rule
from kitlib.checks.targets import File
from kitlib.checks.workflows import Step, jobs

# The first major version of each action that runs on Node 24.
NODE24 = {
    "actions/cache": 5,
    "actions/checkout": 5,
    "actions/download-artifact": 7,
    "actions/github-script": 8,
    "actions/setup-go": 6,
    "actions/setup-java": 5,
    "actions/setup-node": 5,
    "actions/setup-python": 6,
    "actions/upload-artifact": 6,
    "astral-sh/setup-uv": 7,
    "azure/k8s-set-context": 5,
    "azure/setup-helm": 5,
    "azure/setup-kubectl": 5,
    "docker/build-push-action": 7,
    "docker/login-action": 4,
    "docker/metadata-action": 6,
    "docker/setup-buildx-action": 4,
    "docker/setup-qemu-action": 4,
}
# The last versions that GitHub's own services refuse.
REFUSED = {"actions/upload-artifact": 3, "actions/download-artifact": 3, "actions/cache": 2}
TRUSTED = frozenset(
    {"actions", "github", "docker", "azure", "aws-actions", "google-github-actions", "hashicorp"}
)
COMMIT = re.compile(r"[0-9a-f]{40}")


def _major(step: Step) -> int | None:
    """The major version of a step's action: of the tag, or of the comment behind a commit."""
    version = step.uses.partition("@")[2]
    if COMMIT.fullmatch(version):
        place = int(step.at("uses").rpartition(":")[2])
        version = step.job.file.text.splitlines()[place - 1].partition("#")[2].strip()
    match = re.match(r"v?(\d+)", version)
    return int(match[1]) if match else None


@rule(
    "workflow",
    "workflow-action-retired",
    "warning",
    "The action was made for a Node version that GitHub has retired",
    why="Node 16 is gone since 2024 and Node 20 since September 2026: the runner forces such an action "
    "onto Node 24, for which it was never tested, and warns in every run",
    source="https://github.blog/changelog/2025-09-19-deprecation-of-node-20-on-github-actions-runners/",
)
def action_retired(file: File) -> Iterator[Hit]:
    for job in jobs(file):
        for step in job.steps:
            major, needed = _major(step), NODE24.get(step.action)
            if needed and major is not None and REFUSED.get(step.action, 0) < major < needed:
                yield Hit(
                    step.at("uses"),
                    step.uses,
                    f"@v{needed} or newer",
                    f"write {step.uses.partition('@')[0]}@v{needed}, or the newest major version",
                )


@rule(
    "workflow",
    "workflow-action-refused",
    "error",
    "GitHub refuses this version of the action",
    why="the artifact and cache services that it talks to were switched off: the job fails at once",
    source="https://github.blog/changelog/2024-04-16-deprecation-notice-v3-of-the-artifact-actions/",
)
def action_refused(file: File) -> Iterator[Hit]:
    for job in jobs(file):
        for step in job.steps:
            major = _major(step)
            if major is not None and major <= REFUSED.get(step.action, -1):
                needed = NODE24[step.action]
                yield Hit(
                    step.at("uses"), step.uses, f"@v{needed} or newer", f"write {step.action}@v{needed}"
                )


@rule(
    "workflow",
    "workflow-action-moving",
    "warning",
    "An action of a third party can change under the workflow",
    why="a tag or branch can be moved to other code, which then sees the workflow's secrets; in March "
    "2026 that happened to 75 tags of aquasecurity/trivy-action",
    source="https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions",
)
def action_moving(file: File) -> Iterator[Hit]:
    for job in jobs(file):
        for step in job.steps:
            owner, _, version = step.action.partition("/")[0], "", step.uses.partition("@")[2]
            outside = "/" in step.action and not step.uses.startswith((".", "docker://"))
            branch = version in ("main", "master", "develop", "latest", "")
            if outside and not COMMIT.fullmatch(version) and (branch or owner not in TRUSTED):
                yield Hit(
                    step.at("uses"),
                    step.uses,
                    "the full commit, with the version as a comment",
                    f"git ls-remote https://github.com/{step.action} shows the commit of "
                    f"{version or 'a tag'}: write {step.action}@<commit>  # {version or '<tag>'}",
                )
