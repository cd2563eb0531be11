"""Shell scripts: kubectl commands that show less, or something else, than they seem to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.checks.rule import Hit, rule
from kitlib.checks.shell import commands
from kitlib.checks.targets import File


@rule(
    "script",
    "kubectl-top-awk",
    "error",
    "Quantities are compared as text",
    why="awk reads `60Mi` as text and compares character by character with the number: the header and "
    "60Mi are above 500, 1500Mi is below",
    source="experiment: printf 'MEMORY\\n60Mi\\n1500Mi\\n' | awk '$1 > 500' prints MEMORY and 60Mi",
)
def top_awk(file: File) -> Iterator[Hit]:
    for number, row in enumerate(file.text.splitlines(), 1):
        match = re.search(r"kubectl\s+top\b[^|]*\|\s*(?:g|m)?awk\s+['\"]\s*\$(\d)\s*[<>]=?\s*[\d.]+", row)
        if match:
            yield Hit(
                file.at(number),
                match[0] + "'",
                "quantities parsed to numbers",
                f"make the column a number: awk 'NR > 1 && ${match[1]} + 0 > 500', which fits while all "
                "rows have one unit; kitlib parses every unit",
            )


@rule(
    "script",
    "kubectl-service-type-selector",
    "warning",
    "Older API servers refuse this field selector",
    why="Services can be selected by spec.type since Kubernetes 1.31; before, the server answers BadRequest",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/#supported-fields",
)
def service_type_selector(file: File) -> Iterator[Hit]:
    for number, row in enumerate(file.text.splitlines(), 1):
        if match := re.search(
            r"kubectl\s+get\s+(?:svc|services?)\b.*--field-selector[= ]\S*spec\.type=(\w+)", row
        ):
            yield Hit(
                file.at(number),
                match[0].strip(),
                "a filter that every version has",
                "kubectl get svc -A -o jsonpath='{range .items[?(@.spec.type==\"" + match[1] + '")]}'
                '{.metadata.namespace}/{.metadata.name}{"\\n"}{end}\'',
            )


@rule(
    "script",
    "kubectl-restart-deployments",
    "info",
    "Only Deployments restart",
    why="`rollout restart deployment` without a name restarts every Deployment of the namespace, and "
    "neither StatefulSets nor DaemonSets",
    source="https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_restart/",
)
def restart_deployments(file: File) -> Iterator[Hit]:
    pattern = re.compile(r"kubectl\s+rollout\s+restart\s+(deployments?|deploy)(?=\s+-|\s*$|\s*[;&|\"'])")
    for number, row in enumerate(file.text.splitlines(), 1):
        if pattern.search(row) and "statefulset" not in row:
            yield Hit(
                file.at(number),
                row.strip().lstrip("# "),
                "all that should restart, by name or by kind",
                "name the Deployment, or add the others: kubectl rollout restart "
                "deployment,statefulset,daemonset",
            )


@rule(
    "script",
    "kubectl-events-one-reason",
    "info",
    "Only one reason of many is shown",
    why="pods also fail with BackOff, FailedScheduling, FailedMount, Unhealthy, FailedCreate, OOMKilling, "
    "Evicted",
    source="https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/events/event.go",
)
def events_one_reason(file: File) -> Iterator[Hit]:
    for number, row in enumerate(file.text.splitlines(), 1):
        if re.search(r"kubectl\s+get\s+ev(ents?)?\b.*--field-selector[= ]\S*reason=Failed\b", row):
            yield Hit(
                file.at(number),
                "reason=Failed",
                "every warning",
                "kubectl get events --field-selector type=Warning --sort-by=.lastTimestamp",
            )


@rule(
    "script",
    "kubectl-ai-unmaintained",
    "warning",
    "This kubectl-ai is no longer maintained",
    why="sozercan's has seen no release since 2024; the live program of that name is Google's, with other "
    "options",
    source="https://github.com/GoogleCloudPlatform/kubectl-ai",
)
def kubectl_ai(file: File) -> Iterator[Hit]:
    for line, words in commands(file.text):
        if "sozercan/kubectl-ai" in " ".join(words) or words[:3] == ["brew", "install", "kubectl-ai"]:
            yield Hit(
                file.at(line.number), line.text, "Google's kubectl-ai, or kit ask", "kubectl krew install ai"
            )


@rule(
    "script",
    "script-client-dry-run",
    "warning",
    "A dry run on the client finds no misspelt field",
    why="only the server validates against the schemas and the admission of the cluster",
    source="https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run",
)
def client_dry_run(file: File) -> Iterator[Hit]:
    for line, words in commands(file.text):
        checks = words[:2] == ["kubectl", "apply"] or (words[:2] == ["kubectl", "create"] and "-f" in words)
        if checks and "--dry-run=client" in words:
            yield Hit(
                file.at(line.number),
                line.text,
                "--dry-run=server",
                "write --dry-run=server; the namespace must exist before its contents",
            )
