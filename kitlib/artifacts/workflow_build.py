"""The workflow's second job: each image built, scanned, and only then pushed."""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.artifact import context, repository, slug
from kitlib.errors import UsageError
from kitlib.specs.application import Application
from kitlib.specs.models.build import Build, Image

# Majors that run on a supported Node (node24), November 2026.
CHECKOUT = "actions/checkout@v6"
QEMU, BUILDX = "docker/setup-qemu-action@v4", "docker/setup-buildx-action@v4"
LOGIN, BUILD = "docker/login-action@v4", "docker/build-push-action@v7"
TRIVY = "aquasecurity/trivy-action@57a97c7e7821a5776cebc9bb87c984fa69cba8f1"  # 0.35.0
TRIVY_VERSION = "v0.69.3"  # the action takes the newest otherwise; 0.69.4 to 0.69.6 were the attacker's
NATIVE = "linux/amd64"
PUSHED = "github.event_name != 'pull_request'"
IMAGE = "${{ env.REGISTRY }}/${{ matrix.image }}:${{ env.TAG }}"


def build_job(app: Application) -> dict[str, Any]:
    """One run per image. A pull request's images are built and scanned, and not pushed.

    Raises:
        UsageError: a service has no entry in the build specification.
    """
    missing = [name for name in app.containers if name not in app.build.services]
    if missing:
        raise UsageError(
            f"the build specification has no image for {', '.join(missing)}",
            fix="add it under services: of the build specification",
        )
    entries = [_entry(app, name, app.build.services[name]) for name in app.containers]
    return {
        "needs": "test",
        "runs-on": "ubuntu-latest",
        "timeout-minutes": 60,
        "permissions": {"contents": "read", "packages": "write"},
        "strategy": {"fail-fast": False, "matrix": {"include": entries}},
        "steps": _steps(app.build),
    }


def _entry(app: Application, name: str, image: Image) -> dict[str, Any]:
    return {
        "service": name,
        "image": repository(app, name),
        "context": f"{slug(app)}/{context(app, name)}",
        "dockerfile": f"{slug(app)}/{context(app, name)}/{image.dockerfile}",
        "platforms": ",".join(image.platforms),
        "build-args": _lines(image.build_args),
        "labels": _lines(image.labels),
        "scan": image.scan,
        "push": image.push,
    }


def _lines(values: dict[str, str]) -> str:
    """`NAME=value` lines; ${VERSION} is the tag. A matrix knows github, and not env."""
    version = "${{ github.sha }}"
    return "\n".join(f"{key}={value.replace('${VERSION}', version)}" for key, value in values.items())


def _steps(build: Build) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [{"uses": CHECKOUT}]
    if any(platform != NATIVE for image in build.services.values() for platform in image.platforms):
        steps.append({"uses": QEMU})
    steps.append({"uses": BUILDX})
    if build.scanning is not None:
        steps += [_build("Build for the scan", NATIVE, {"load": True}), _scan(build)]
    if build.registry.auth.method != "none":
        steps.append(_login(build))
    push = _build("Push", "${{ matrix.platforms }}", {"push": True})
    return [*steps, {"name": push.pop("name"), "if": f"matrix.push && {PUSHED}", **push}]


def _build(name: str, platforms: str, more: dict[str, Any]) -> dict[str, Any]:
    options = {
        "context": "${{ matrix.context }}",
        "file": "${{ matrix.dockerfile }}",
        "target": "production",
        "platforms": platforms,
        "build-args": "${{ matrix.build-args }}",
        "labels": "${{ matrix.labels }}\norg.opencontainers.image.revision=${{ env.TAG }}\n",
        "tags": IMAGE,
        "cache-from": "type=gha,scope=${{ matrix.service }}",
        "cache-to": "type=gha,scope=${{ matrix.service }},mode=max",
    }
    return {"name": name, "uses": BUILD, "with": options | more}


def _scan(build: Build) -> dict[str, Any]:
    scanning = build.scanning
    assert scanning is not None
    if scanning.tool != "trivy":
        raise UsageError(
            f"the workflow can't scan with {scanning.tool}",
            fix="set scanning.tool to trivy in the build specification",
        )
    options = {
        "image-ref": IMAGE,
        "severity": ",".join(scanning.severity),
        "exit-code": "1" if scanning.fail_on_vulnerability else "0",
        "ignore-unfixed": True,
        "version": TRIVY_VERSION,
    }
    return {"uses": TRIVY, "if": "matrix.scan", "with": options}


def _login(build: Build) -> dict[str, Any]:
    auth = build.registry.auth
    options = {
        "registry": build.registry.url.partition("/")[0],
        "username": "${{ github.actor }}",
        "password": f"${{{{ secrets.{auth.secret or 'GITHUB_TOKEN'} }}}}",
    }
    return {"uses": LOGIN, "if": f"matrix.push && {PUSHED}", "with": options}
