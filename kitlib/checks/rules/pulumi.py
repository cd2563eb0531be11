"""Pulumi programs in Python that make Kubernetes resources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from kitlib.checks.rule import Hit, rule
from kitlib.checks.sources import dotted, parse, text
from kitlib.checks.targets import File, Project

IMPORTS = re.compile(r"^\s*(from|import)\s+pulumi_kubernetes\b", re.MULTILINE)


def programs(project: Project) -> Iterator[tuple[File, ast.Module]]:
    for file in project.others:
        if file.path.endswith(".py") and IMPORTS.search(file.text) and (tree := parse(file)):
            yield file, tree


def _resources(tree: ast.Module, *kinds: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in kinds:
            yield node


def _field(node: ast.AST | None, *path: str) -> ast.expr | None:
    """A field of a resource, given as a dictionary or by an Args class, in either way of writing its name."""
    found: ast.AST | None = node
    for name in path:
        snake = "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)
        if isinstance(found, ast.Dict):
            pairs = zip(found.keys, found.values, strict=True)
            found = next(
                (value for key, value in pairs if key is not None and text(key) in (name, snake)), None
            )
        elif isinstance(found, ast.Call):
            found = next((item.value for item in found.keywords if item.arg in (name, snake)), None)
        else:
            return None
    return found if isinstance(found, ast.expr) else None


@rule(
    "project",
    "pulumi-replicas",
    "warning",
    "Pulumi and the autoscaler fight about replicas",
    why="each `pulumi up` sets the number again; under server-side apply it conflicts with the "
    "autoscaler, which owns the field by then",
    source="https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/",
)
def replicas(project: Project) -> Iterator[Hit]:
    scaled = {
        str(scaler.get("spec", "scaleTargetRef", "name"))
        for bundle in project.bundles
        for scaler in bundle.of("HorizontalPodAutoscaler")
    }
    for file, tree in programs(project):
        own = list(_resources(tree, "HorizontalPodAutoscaler"))
        for call in _resources(tree, "Deployment", "StatefulSet"):
            value, name = _field(call, "spec", "replicas"), text(_field(call, "metadata", "name"))
            options = next((ast.unparse(item.value) for item in call.keywords if item.arg == "opts"), "")
            if value is not None and (own or name in scaled) and "replicas" not in options:
                yield Hit(
                    file.at(value.lineno),
                    f"replicas: {ast.unparse(value)}, and an autoscaler for {name or 'it'}",
                    "no replicas",
                    'leave replicas out; or opts=pulumi.ResourceOptions(ignore_changes=["spec.replicas"])',
                )


@rule(
    "project",
    "pulumi-ingress-class",
    "warning",
    "The Ingress names its class in the old annotation",
    why="it is deprecated since 1.18, the server warns, and together with ingressClassName it is refused",
    source="https://kubernetes.io/docs/concepts/services-networking/ingress/#deprecated-annotation",
)
def ingress_class(project: Project) -> Iterator[Hit]:
    for file, tree in programs(project):
        for node in ast.walk(tree) if any(_resources(tree, "Ingress")) else ():
            if isinstance(node, ast.expr) and text(node) == "kubernetes.io/ingress.class":
                yield Hit(
                    file.at(node.lineno),
                    "kubernetes.io/ingress.class",
                    "spec.ingressClassName",
                    'remove the annotation and write "ingressClassName": "nginx" into spec',
                )


@rule(
    "project",
    "pulumi-pod-security",
    "error",
    "The pods break Pod Security `restricted`",
    why="in a namespace that enforces it every pod is rejected: no runAsNonRoot, seccompProfile, dropped "
    "capabilities",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
)
def pod_security(project: Project) -> Iterator[Hit]:
    for file, tree in programs(project):
        for call in _resources(tree, "Deployment", "StatefulSet", "DaemonSet", "Job"):
            pod = _field(call, "spec", "template", "spec")
            written = ast.unparse(pod) if pod is not None else ""
            whole = isinstance(pod, (ast.Dict, ast.Call)) and _field(pod, "containers") is not None
            if pod is not None and whole and not re.search(r"security_?context", written, re.IGNORECASE):
                yield Hit(
                    file.at(pod.lineno),
                    f"no securityContext in {text(_field(call, 'metadata', 'name')) or 'the pod'}",
                    "the context that `restricted` asks for",
                    'add "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": '
                    '{"type": '
                    '"RuntimeDefault"}} to the pod, and {"allowPrivilegeEscalation": False, "capabilities": '
                    '{"drop": ["ALL"]}} to each container',
                )
