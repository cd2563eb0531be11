"""Charts: what stands in their templates, and what they render to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.checks.chart_values import at, data, lookup, templates, values_files
from kitlib.checks.references import references
from kitlib.checks.rule import Hit, rule
from kitlib.checks.selectors import WORKLOADS
from kitlib.checks.targets import Chart, KubeObject, mapping

_TIPS = "https://helm.sh/docs/howto/charts_tips_and_tricks/"
_PRACTICE = "https://helm.sh/docs/chart_best_practices/"
_RANDOM = re.compile(
    r"\b(randAlphaNum|randAlpha|randNumeric|randAscii|randBytes|uuidv4|genCA|genPrivateKey|genSelfSignedCert"
    r"|genSignedCert|htpasswd|lookup)\b"
)
_ACTION = re.compile(r"\{\{-?(?!\s*/\*)(.*?)-?\}\}")
_VALUE = re.compile(r"^\s*value:\s*\{\{-?(.*?)-?\}\}\s*(#.*)?$")
_QUOTED = re.compile(r"\b(quote|squote|toJson|toYaml|include|tpl)\b")
_REGISTRY = re.compile(r"image:\s*[\"']?\{\{-?\s*\.Values\.([\w.]+)\s*-?\}\}/")
_CHECKSUM = re.compile(r"^checksum/")


@rule(
    "chart",
    "chart-random",
    "warning",
    "A template renders differently each time",
    why="Argo CD renders again and again, without a cluster to look into: lookup finds nothing there, and "
    "a random password is another one at each sync.",
    source="https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#random-data",
)
def chart_random(chart: Chart) -> Iterator[Hit]:
    for file in templates(chart):
        for number, line in enumerate(file.text.splitlines(), 1):
            found = next(
                (m for action in _ACTION.findall(line) if (m := _RANDOM.search(_bare(action)))), None
            )
            if found:
                fix = "a Secret that is made once (existingSecret), or External Secrets' generator"
                yield Hit(
                    file.at(number), f"{found[1]} in {file.path.rpartition('/')[2]}", "a fixed value", fix
                )


def _bare(action: str) -> str:
    """A template's action without the texts in it."""
    return re.sub(r'"(\\.|[^"\\])*"|`[^`]*`', '""', action)


@rule(
    "chart",
    "chart-env-unquoted",
    "warning",
    "A variable's value is not quoted in the template",
    why="A number or true becomes a number or a boolean in YAML, and the API server refuses it as a "
    "variable's value.",
    source=f"{_TIPS}#quote-strings-dont-quote-integers",
)
def chart_env_unquoted(chart: Chart) -> Iterator[Hit]:
    for file in templates(chart):
        for number, line in enumerate(file.text.splitlines(), 1):
            found = _VALUE.match(line)
            if found and not _QUOTED.search(found[1]):
                fix = f"value: {{{{ {found[1].strip()} | quote }}}}"
                yield Hit(file.at(number), line.strip(), "| quote", fix)


@rule(
    "chart",
    "chart-registry-empty",
    "error",
    "An empty registry leaves a slash in front of the image",
    why="`/name:tag` is no image: the kubelet says InvalidImageName.",
    source="https://kubernetes.io/docs/concepts/containers/images/#image-names",
)
def chart_registry_empty(chart: Chart) -> Iterator[Hit]:
    for file in templates(chart):
        for number, line in enumerate(file.text.splitlines(), 1):
            found = _REGISTRY.search(line)
            for values in values_files(chart) if found else ():
                if found and lookup(data(values), found[1]) == "":
                    where, name = at(values, tuple(found[1].split("."))), found[1]
                    fix = f"{{{{ with .Values.{name} }}}}{{{{ . }}}}/{{{{ end }}}}   # at {file.at(number)}"
                    yield Hit(where, f'{name}: "", so the image is /…', "a slash only after a registry", fix)


@rule(
    "object",
    "checksum-misplaced",
    "error",
    "A checksum annotation is not on the pods",
    why="Pods are replaced when their own template changes. On the workload itself the annotation changes "
    "nothing, and the pods keep the old configuration.",
    source=f"{_TIPS}#automatically-roll-deployments",
)
def checksum_misplaced(item: KubeObject) -> Iterator[Hit]:
    if item.kind not in WORKLOADS:
        return
    for key in mapping(item.get("metadata", "annotations")):
        if _CHECKSUM.match(str(key)):
            where = item.at("metadata", "annotations", key)
            yield Hit(where, f"{key} in metadata", "spec.template.metadata.annotations", f"move {key} there")


@rule(
    "object",
    "checksum-missing",
    "warning",
    "Pods do not notice a change of their configuration",
    why="Variables are read at a container's start: an upgrade that changes only the ConfigMap or Secret "
    "replaces no pod.",
    source=f"{_TIPS}#automatically-roll-deployments",
)
def checksum_missing(item: KubeObject) -> Iterator[Hit]:
    if item.kind not in WORKLOADS or item.bundle.origin != "chart" or item.pod_path is None:
        return
    annotations = mapping(item.get(*item.pod_path[:-1], "metadata", "annotations"))
    reloader = any(
        "reloader.stakater.com" in str(key) for key in mapping(item.get("metadata", "annotations"))
    )
    if reloader or any("checksum" in str(key) for key in annotations):
        return
    for ref in references(item):
        if ref.container and not ref.key and item.bundle.find(ref.kind, ref.name, item.namespace):
            file = "configmap.yaml" if ref.kind == "ConfigMap" else "secret.yaml"
            fix = f'checksum/config: {{{{ include (print $.Template.BasePath "/{file}") . | sha256sum }}}}'
            where = item.at(*item.pod_path[:-1], "metadata")
            yield Hit(where, f"envFrom {ref.kind} {ref.name}, no checksum", "an annotation of the pods", fix)
            return
