"""Lesson 04: Helm. Values and templates are judged by what they render; a release by its history."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml

from kitlib.cluster import Cluster
from kitlib.lessons import charts, commands
from kitlib.lessons.catalogue import Section
from kitlib.lessons.exercise import Task
from kitlib.lessons.outcome import Verdict, nothing, right, wrong

DATABASE = {"postgresql": {"auth": {"existingSecret": "todo-app-database"}}}
POD = """\
apiVersion: v1
kind: PodTemplate
metadata: {{name: shop}}
template:
  metadata:
    annotations:
      {}
  spec: {{containers: [{{name: web, image: "registry.example.com/shop:1"}}]}}
"""
SERVICE = """\
{{{{- define "shop.selector" }}}}
{}
{{{{- end }}}}
apiVersion: v1
kind: Service
metadata: {{name: shop}}
spec:
  selector: {{{{- include "shop.selector" . | nindent 4 }}}}
  ports: [{{port: 80}}]
"""
LEVEL = charts.CONFIG.format("{{ .Values.level | quote }}")

IMAGE_VALUES = 'api: {image: {tag: "1.10"}}'
SCALING_VALUES = "api: {autoscaling: {minReplicas: 3, maxReplicas: 6}}"
NUMBER = "{{ .Values.maxItems | int64 | quote }}"
SELECTOR = "app.kubernetes.io/name: {{ .Chart.Name }}\napp.kubernetes.io/instance: {{ .Release.Name }}"
CHECKSUM = 'checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}'


def _rendered(answer: Any) -> charts.Rendered:
    given = yaml.safe_load(answer) if isinstance(answer, str) else answer
    over = charts.merged(DATABASE, given or {})
    return charts.render(values=over)


def _image(_: Cluster, answer: Any) -> Verdict:
    deployment = _rendered(answer).get("Deployment", "todo-app-api") or {}
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    if image == "ghcr.io/myorg/todo-api:1.10":
        return right(image)
    if image.count("ghcr.io") > 1:
        return wrong(image, "The registry is put in front by the chart: leave it out of the repository.")
    return wrong(image, "The tag is the value api.image.tag.")


def _scaling(_: Cluster, answer: Any) -> Verdict:
    rendered = _rendered(answer)
    scaler = rendered.get("HorizontalPodAutoscaler", "todo-app-api")
    if scaler is None:
        return wrong("no autoscaler", "Switched off, it scales nothing: leave autoscaling.enabled true.")
    low, high = scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]
    seen = f"from {low} to {high}"
    if (low, high) == (3, 6):
        return right(seen)
    if (low, high) == (2, 10):
        return wrong(
            seen, "Nothing has changed: replicaCount is not used while an autoscaler owns the number."
        )
    return wrong(seen, "Both ends are asked for: minReplicas and maxReplicas.")


def _number(_: Cluster, answer: Any) -> Verdict:
    first, second = (_value(answer, number) for number in (1000000, 2000000))
    if first[:1] not in "\"'":
        return wrong(first, "That is a number, and a ConfigMap takes text only: quote it.")
    if "e+" in first:
        return wrong(
            first, "To Helm every number of a values file is a float: make it an integer before quoting."
        )
    if first == second:
        return wrong(first, "It is the same whatever the value is: read .Values.maxItems.")
    return (
        right(first) if (first.strip("\"'"), second.strip("\"'")) == ("1000000", "2000000") else wrong(first)
    )


def _value(template: str, number: int) -> str:
    """The value as it is written; some readers of YAML take 1e+06 for text, the server does not."""
    rendered = charts.small({"configmap.yaml": charts.CONFIG.format(template)}, {"maxItems": number})
    return rendered.text.partition("VALUE: ")[2].strip()


def _selector(_: Cluster, answer: Any) -> Verdict:
    template = {"service.yaml": SERVICE.format(answer)}
    first, later = (charts.small(template, version=version) for version in ("1.0.0", "1.1.0"))
    selector = first.objects[0]["spec"]["selector"] or {}
    if selector != later.objects[0]["spec"]["selector"]:
        said = (
            "It changes with the version, and a Deployment's selector can't change: the upgrade would fail."
        )
        return wrong(selector, said)
    if selector.get("app.kubernetes.io/instance") != "shop":
        return wrong(selector, "Two releases of the chart in a namespace would take each other's pods.")
    return right(selector) if selector.get("app.kubernetes.io/name") == "shop" else wrong(selector)


def _checksum(_: Cluster, answer: Any) -> Verdict:
    before, again, after = (_annotations(answer, level) for level in ("INFO", "INFO", "DEBUG"))
    if before != again:
        return wrong(before, "It is another at every upgrade: pods would be replaced for nothing.")
    if before == after:
        return wrong(before, "It stays the same when the ConfigMap changes, so the pods keep the old one.")
    return right(before)


def _annotations(line: str, level: str) -> dict[str, str]:
    templates = {"configmap.yaml": LEVEL, "pod.yaml": POD.format(line)}
    found = charts.small(templates, {"level": level}).get("PodTemplate", "shop") or {}
    annotations: dict[str, str] = found["template"]["metadata"]["annotations"] or {}
    return annotations


def _rollback(cluster: Cluster, _: Any) -> Verdict:
    history = charts.history(cluster, "shop")
    if not history:
        return wrong(
            "no release shop", "Uninstalled, it takes its history with it; lesson.reset() brings it back."
        )
    last = history[-1]
    seen = f"revision {last.number}: {last.description}"
    if last.number == 2:
        return nothing(seen)
    if last.description == "Rollback to 1":
        return right(seen)
    if last.description.startswith("Rollback"):
        return wrong(seen, "That one had the level DEBUG already: the first revision had INFO.")
    return wrong(seen, "That is a new upgrade from files; a rollback takes what the release's Secret kept.")


def _roll_back(cluster: Cluster) -> None:
    commands.run("helm", "rollback shop 1", cluster)


def _setup(cluster: Cluster) -> list[dict[str, Any]]:
    """A release `shop` with two revisions; one that is there already is replaced."""
    if charts.history(cluster, "shop"):
        commands.run("helm", "uninstall shop", cluster)
    with tempfile.TemporaryDirectory() as scratch:
        chart = charts.write(Path(scratch, "shop"), {"configmap.yaml": LEVEL}, {"level": "INFO"})
        commands.run("helm", f"install shop '{chart}'", cluster)
        commands.run("helm", f"upgrade shop '{chart}' --set level=DEBUG", cluster)
    return []


_TEMPLATE = "kubectl get configmaps -n $NAMESPACE"

SECTION = Section(
    "04",
    "Helm",
    (
        Task(
            "04-1", "values for an image", _image, "ghcr.io/myorg/todo-api:1.10 for the API",
            "kubectl get deployment todo-app-api -o wide -n $NAMESPACE",
            ("Values have the shape of the chart's values.yaml; what you leave out keeps its default.",
             "Each component has its own image: api.image, with repository and tag.",
             'api: {image: {tag: "1.10"}}'),
            lambda _: IMAGE_VALUES, asks=True,
            errors=(
                ("additional properties 'image'", "Each component has its own image: it is api.image."),
                ("got number, want string", "Without quotes YAML reads 1.10 as the number 1.1: quote it."),
                ("latest", "latest is whatever was pushed last: name the version."),
            ),
        ),
        Task(
            "04-2", "values for an autoscaler", _scaling, "the API scaled from 3 to 6 pods",
            "kubectl get hpa todo-app-api -n $NAMESPACE",
            ("Where there is an autoscaler, it owns the number of pods.",
             "Its ends are under api.autoscaling.",
             "api: {autoscaling: {minReplicas: 3, maxReplicas: 6}}"),
            lambda _: SCALING_VALUES, asks=True,
        ),
        Task(
            "04-3", "a number as text", _number, 'the text "1000000" for the value 1000000', _TEMPLATE,
            ("A values file is read as JSON is: all of its numbers are floats.",
             "A pipeline can make it an integer, then text: int64, quote.",
             "{{ .Values.maxItems | ____ | quote }}"),
            lambda _: NUMBER, asks=True,
        ),
        Task(
            "04-4", "labels that select", _selector, "name and instance, and nothing that changes",
            "kubectl get service shop -o wide -n $NAMESPACE",
            ("A selector is for life, and tells the pods of this release from all others.",
             "app.kubernetes.io/name is the chart's name; app.kubernetes.io/instance the release's.",
             "{{ .Chart.Name }} and {{ .Release.Name }}"),
            lambda _: SELECTOR, asks=True,
        ),
        Task(
            "04-5", "pods that follow their configuration", _checksum,
            "an annotation that changes when the ConfigMap does, and only then",
            "kubectl get deployment -o yaml -n $NAMESPACE",
            ("A Deployment replaces its pods when their template changes, and never else.",
             "The checksum of the rendered ConfigMap, as an annotation of the pod's template.",
             'include (print $.Template.BasePath "/configmap.yaml") . | sha256sum'),
            lambda _: CHECKSUM, asks=True,
            errors=(("parse error|function .* not defined", "Helm can't read this line of a template."),),
        ),
        Task(
            "04-6", "back to a revision", _rollback, "the release shop back at what revision 1 was",
            "kubectl get secrets -l owner=helm,name=shop -n $NAMESPACE",
            ("Helm keeps each revision in a Secret, and can apply an older one again.",
             "helm rollback takes the release and the number of the revision.",
             "helm rollback shop 1"),
            _roll_back,
        ),
    ),
    _setup,
)  # fmt: skip
