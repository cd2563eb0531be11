"""Charts: read, and rendered by `helm template` once per values file, as an installation would.

A chart is rendered with its own defaults, with each `values-*.yaml` on top, and with each `ci/*-values.yaml`
(helm/chart-testing's convention). Values that a person supplies at install time, such as a password, have
stand-ins in the chart's `.kit-check.yaml`; see kitlib/checks/config.py. Where the defaults alone don't render
but another file does, the chart is one that needs such a file, and that is no defect.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from kitlib import tools
from kitlib.checks.about import problem
from kitlib.checks.config import read_config
from kitlib.checks.targets import TARGET, Bundle, Chart, File, KubeObject, Project, dig
from kitlib.checks.walk import read, show, walk, with_documents
from kitlib.documents import YamlError, parse_yaml
from kitlib.errors import CommandTimeout, KitError
from kitlib.findings import Finding

DEFAULTS = "values.yaml"
SECONDS = 60.0
_ABSENT = object()
_SOURCE = re.compile(r"^---\n# Source: (\S+)\n", re.MULTILINE)
_MISSING = re.compile(r"missing in charts/ directory: ([\w, .-]+)")
_REFUSED = re.compile(r"- at '([^']*)': (?:additional properties '([^']+)')?")
_PLACE = re.compile(r"([\w.-]+/[\w./-]+\.(?:ya?ml|tpl|txt|json))(?::(\d+))?")


def load_chart(project: Project, folder: Path, shown: str) -> None:
    """Read a chart and render it; adds it, its bundles and its problems to the project."""
    files = tuple(_files(project, folder))
    chart = Chart(shown, files, ())
    bundles, failed = [], {}
    names = _values_files(folder, chart)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        results = pool.map(lambda values: _render(project, folder, chart, values), names)
    for values, result in zip(names, results, strict=True):
        if isinstance(result, Bundle):
            bundles.append(result)
        else:
            failed[values] = result
    if bundles:
        failed.pop(DEFAULTS, None)
    project.problems += _merged(failed)
    project.charts.append(Chart(shown, files, tuple(bundles)))
    project.bundles += bundles


def values_options(folder: Path, values: str) -> list[str | Path]:
    """The options that `helm template` and `helm lint` take for one values file."""
    options: list[str | Path] = [] if values == DEFAULTS else ["--values", folder / values]
    for key, value in read_config(folder).placeholders.get(values, {}).items():
        options += ["--set-string", f"{key}={value}"]
    return [*options, "--kube-version", TARGET]


def values_of(bundle: Bundle) -> str:
    """The values file that a chart's bundle was rendered with."""
    return bundle.name.rpartition(" with ")[2]


def _files(project: Project, folder: Path) -> Iterator[File]:
    for path in walk([folder]):
        shown = show(path, project.root)
        text = read(path, shown)
        if isinstance(text, Finding):
            project.problems.append(text)
        elif text is not None:
            file = File(shown, text)
            inside = path.relative_to(folder).parts
            if path.suffix in (".yaml", ".yml") and "templates" not in inside:
                file = with_documents(project, file) or file
            yield file


def _values_files(folder: Path, chart: Chart) -> list[str]:
    about = chart.file("Chart.yaml")
    data: Any = about.documents[0].data if about and about.documents else {}
    if isinstance(data, dict) and data.get("type") == "library":
        return []  # has nothing of its own to render
    named = sorted(path.name for path in folder.glob("values-*.y*ml"))
    tests = sorted(f"ci/{path.name}" for path in folder.glob("ci/*-values.y*ml"))
    return [DEFAULTS, *named, *tests]


def _render(project: Project, folder: Path, chart: Chart, values: str) -> Bundle | Finding:
    """The chart's objects with one values file; a finding when it doesn't render or there is no Helm."""
    where = _dependencies_line(chart)
    try:
        done = _helm_template(folder, values_options(folder, values))
        if done.returncode and (missing := _MISSING.search(done.stderr)):
            absent = {name.strip() for name in missing[1].split(",")}
            _report_absent(project, where, absent)
            done = _without(folder, absent, values_options(folder, values))
    except CommandTimeout as error:
        return problem("chart-render", where, error.message, "a template that ends", "run helm template")
    except KitError as error:
        return problem("not-run", where, f"helm: {error.message}", "helm 3", error.fix or "kit doctor")
    if done.returncode:
        return _failure(chart, done.stderr, values)
    bundle = Bundle(f"{chart.path} with {values}", "chart")
    _fill(project, chart, bundle, done.stdout)
    return bundle


def _merged(failed: dict[str, Finding]) -> Iterator[Finding]:
    """One finding for each failure, naming the values files that it happens with."""
    for finding in dict.fromkeys(failed.values()):
        names = ", ".join(values for values, other in failed.items() if other == finding)
        yield replace(finding, found=f"with {names}: {finding.found}")


def _helm_template(folder: Path, options: Sequence[str | Path]) -> tools.Completed:
    fixed = ("--namespace", "default", "--include-crds", *options)
    command = [tools.find("helm"), "template", folder.name, folder, *fixed]
    return tools.run(command, timeout=SECONDS, check=False)


def _without(folder: Path, absent: set[str], options: Sequence[str | Path]) -> tools.Completed:
    """Render a copy of the chart that doesn't ask for some dependencies, so that its own part is checked."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(shutil.copytree(folder, Path(scratch, folder.name)))
        about = yaml.safe_load((copy / "Chart.yaml").read_text())
        about["dependencies"] = [item for item in about["dependencies"] if item.get("name") not in absent]
        (copy / "Chart.yaml").write_text(yaml.safe_dump(about))
        return _helm_template(copy, options)


def _report_absent(project: Project, where: str, absent: set[str]) -> None:
    found = f"no {', '.join(sorted(absent))} in its charts/ folder"
    finding = problem(
        "chart-render",
        where,
        found,
        "every dependency in charts/",
        "helm dependency update, or local subcharts",
    )
    if finding not in project.problems:
        project.problems.append(finding)


def _dependencies_line(chart: Chart) -> str:
    about = chart.file("Chart.yaml")
    return about.at(about.line_of("dependencies:")) if about else f"{chart.path}/Chart.yaml:1"


def _fill(project: Project, chart: Chart, bundle: Bundle, text: str) -> None:
    """Parse the rendered documents, each under the template that Helm names above it."""
    pieces = _SOURCE.split(text)
    for source, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        file = _template(chart, source) or File(f"{chart.path}/{source.partition('/')[2]}", "")
        try:
            documents = parse_yaml(piece)
        except YamlError as error:
            found = f"{error}, in line {error.line} of what {bundle.name} renders"
            finding = problem("not-yaml", file.at(1), found, "YAML", "helm template --debug shows the text")
            project.problems.append(finding)
            continue
        for document in documents:
            if isinstance(document.data, dict) and document.data.get("kind"):
                bundle.objects.append(KubeObject(document.data, bundle, file))


def _template(chart: Chart, source: str) -> File | None:
    """The file that Helm's `# Source:` means: the chart's name, then the path inside."""
    return chart.file(source.partition("/")[2])


def _failure(chart: Chart, message: str, values: str) -> Finding:
    """What Helm says, at the line that it names, of a template or of the values."""
    lines = [line for line in message.splitlines() if line.strip() and "debug flag" not in line]
    text = " ".join(" ".join(lines).removeprefix("Error: ").split())[:600]
    places = [(match[1], int(match[2] or 1)) for match in _PLACE.finditer(message)]
    found = next(((file, line) for source, line in places if (file := _template(chart, source))), None)
    where = found[0].at(found[1]) if found else f"{chart.path}/Chart.yaml:1"
    if refused := _REFUSED.search(message):
        where = _value_line(chart, values, [*refused[1].strip("/").split("/"), refused[2] or ""]) or where
        extra = f"remove {refused[2]}, or correct its name" if refused[2] else "correct the value"
        return problem("chart-render", where, text, "values that values.schema.json allows", extra)
    fix = (
        "mend what Helm names; a value that is supplied at install time gets a stand-in under `placeholders` "
        f"in {chart.path}/.kit-check.yaml"
    )
    return problem("chart-render", where, text, "a chart that renders", fix)


def _value_line(chart: Chart, values: str, keys: list[str]) -> str:
    """Where a value stands that the chart's schema refuses; empty when no values file has it."""
    for name in (values, DEFAULTS):
        file = chart.file(name)
        data: Any = file.documents[0].data if file and file.documents else None
        steps = [int(key) if key.isdigit() else key for key in keys if key]
        if file is not None and steps and dig(data, steps, default=_ABSENT) is not _ABSENT:
            return file.at(file.documents[0].line(steps))
    return ""
