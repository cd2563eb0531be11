"""`helm lint --strict`: each chart, with each values file that it renders with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kitlib import tools
from kitlib.checks.about import About
from kitlib.checks.charts import SECONDS, values_of, values_options
from kitlib.checks.targets import Chart, File, Project
from kitlib.findings import Finding, Severity

ABOUT = About(
    "helm-lint",
    "error",
    "helm lint: a chart is wrong",
    "Helm refuses it, or installs something else",
    "https://helm.sh/docs/helm/helm_lint",
)
_LINE = re.compile(r"\[(INFO|WARNING|ERROR)\] ([^:]+): (.*)")
_SEVERITIES: dict[str, Severity] = {"INFO": "info", "WARNING": "warning", "ERROR": "error"}
# An icon is for public chart listings; chart-render reports what is missing in charts/.
_EXPECTED = re.compile(r"icon is recommended|missing (these dependencies|in charts/)")


def files(project: Project) -> Sequence[File]:
    """The `Chart.yaml` of every chart that renders: of one that doesn't, chart-render says all there is."""
    return [file for chart in project.charts if chart.bundles and (file := chart.file("Chart.yaml"))]


def run(project: Project) -> Iterator[Finding]:
    """Helm's findings on the charts.

    Raises:
        ToolError: Helm is missing or hangs.
    """
    helm = tools.find("helm")
    for chart in project.charts:
        folder = project.root / chart.path
        for bundle in chart.bundles:
            options = values_options(folder, values_of(bundle))
            done = tools.run([helm, "lint", folder, "--strict", *options], timeout=SECONDS, check=False)
            yield from _findings(chart, bundle.name, done.stdout + done.stderr)


def _findings(chart: Chart, name: str, output: str) -> Iterator[Finding]:
    for severity, path, message in _LINE.findall(output):
        if _EXPECTED.search(message):
            continue
        file = chart.file(path.strip()) or chart.file("Chart.yaml")
        line = int(match[1]) if (match := re.search(r"\bline (\d+)", message)) else 1
        where = file.at(line) if file else f"{chart.path}/Chart.yaml:1"
        about = replace(ABOUT, severity=_SEVERITIES[severity])
        yield about.finding(where, message, "a chart that helm lint accepts", f"helm lint --strict ({name})")
