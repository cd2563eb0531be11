"""The workflow's last job: the chart installed with the tag that was pushed, and its rollout awaited."""

from __future__ import annotations

from typing import Any

from kitlib import tools
from kitlib.artifacts.artifact import slug
from kitlib.artifacts.workflow_build import CHECKOUT
from kitlib.specs.application import Application

SETUP_HELM = "azure/setup-helm@v5"
WHEN = "github.ref == 'refs/heads/main' || startsWith(github.ref, 'refs/tags/v')"
CONNECT = """\
umask 077
printf '%s\\n' "$KUBE_CONFIG" > "$RUNNER_TEMP/kubeconfig"
echo "KUBECONFIG=$RUNNER_TEMP/kubeconfig" >> "$GITHUB_ENV"
"""


def deploy_job(app: Application) -> dict[str, Any]:
    """Deploy what a push to main, or a version's tag, has built."""
    name = slug(app)
    variables = {"NAMESPACE": name, "RELEASE": name, "CHART": f"charts/{name}"}
    return {
        "needs": "build",
        "if": WHEN,
        "runs-on": "ubuntu-latest",
        "timeout-minutes": 30,
        "environment": "production",
        "concurrency": {"group": "deploy-production", "cancel-in-progress": False},
        "env": variables | {"EXTRA_VALUES": "${{ vars.EXTRA_VALUES }}"},
        "steps": [
            {"uses": CHECKOUT},
            {"uses": SETUP_HELM, "with": {"version": _helm_version()}},
            {
                "name": "Connect to the cluster",
                "env": {"KUBE_CONFIG": "${{ secrets.KUBE_CONFIG }}"},
                "run": CONNECT,
            },
            {"name": "Deploy", "run": _upgrade(app)},
            {"name": "Verify", "run": _verify(app)},
            {"name": "Say what is wrong", "if": "failure()", "run": _explain()},
        ],
    }


def _helm_version() -> str:
    """The version that kit itself builds and is tested with."""
    return tools.TOOLS["helm"].module.rpartition("@")[2]


def _upgrade(app: Application) -> str:
    lines = [
        'helm upgrade --install "$RELEASE" "$CHART" --namespace "$NAMESPACE" --create-namespace',
        '  --values "$CHART/values-prod.yaml" ${EXTRA_VALUES:+--values "$EXTRA_VALUES"}',
        '  --set-string "global.imageRegistry=$REGISTRY"',
        *(f'  --set-string "{name}.image.tag=$TAG"' for name in app.containers),
        "  --history-max 10 --wait --timeout 10m",
    ]
    return " \\\n".join(lines) + "\n"


def _verify(app: Application) -> str:
    return "".join(
        f'kubectl rollout status "deployment/$RELEASE-{name}" --namespace "$NAMESPACE" --timeout 5m\n'
        for name in app.containers
    )


def _explain() -> str:
    return (
        'helm history "$RELEASE" --namespace "$NAMESPACE" || true\n'
        'kubectl get pods --namespace "$NAMESPACE" --output wide || true\n'
        'kubectl get events --namespace "$NAMESPACE" --field-selector type=Warning '
        "--sort-by .lastTimestamp || true\n"
    )
