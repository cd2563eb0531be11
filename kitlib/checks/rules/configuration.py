"""ConfigMaps, Secrets and ServiceAccounts, and what workloads take from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from kitlib.checks.references import Reference, keys, provider, references
from kitlib.checks.rule import Hit, rule
from kitlib.checks.selectors import named, near
from kitlib.checks.targets import KubeObject, mapping

_CONFIGMAP = "https://kubernetes.io/docs/concepts/configuration/configmap/"
_SECRET = "https://kubernetes.io/docs/concepts/configuration/secret/"
REFUSED = "verified against a v1.34 API server: cannot unmarshal number into Go struct field of type string"
_GIVEN = {"kube-root-ca.crt", "openshift-service-ca.crt"}


def quoted(value: Any) -> str:
    """A value as text in quotes, as YAML writes it."""
    if isinstance(value, bool):
        return f'"{str(value).lower()}"'
    return f'"{value}"'


_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")


@rule(
    "object",
    "label-syntax",
    "error",
    "A label has a value that labels can't have",
    why="The API server refuses it: at most 63 letters, digits, hyphens, underscores and dots, the "
    "first and the last a letter or digit.",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set",
)
def label_syntax(item: KubeObject) -> Iterator[Hit]:
    paths: list[tuple[str, ...]] = [("metadata", "labels")]
    if item.pod_path and item.kind != "Pod":
        paths.append((*item.pod_path[:-1], "metadata", "labels"))
    for path in paths:
        for key, value in mapping(item.get(*path)).items():
            if isinstance(value, str) and not _LABEL.fullmatch(value):
                plain = re.sub(r"[^A-Za-z0-9._-]+", "-", value)[:63].strip("-_.")
                yield Hit(item.at(*path, key), f"{key}: {value[:80]}", "a label's value", f"{key}: {plain}")


@rule(
    "object",
    "config-not-text",
    "error",
    "Data, a label or an annotation is not text",
    why="The API server refuses numbers, booleans and nested values there: all of them are maps of text.",
    source=REFUSED,
)
def config_not_text(item: KubeObject) -> Iterator[Hit]:
    paths: list[tuple[str, ...]] = [("metadata", "labels"), ("metadata", "annotations")]
    if item.kind == "ConfigMap":
        paths += [("data",), ("binaryData",)]
    elif item.kind == "Secret":
        paths += [("data",), ("stringData",)]
    elif item.pod_path and item.kind != "Pod":
        paths += [
            (*item.pod_path[:-1], "metadata", "labels"),
            (*item.pod_path[:-1], "metadata", "annotations"),
        ]
    for path in paths:
        for key, value in mapping(item.get(*path)).items():
            if value is not None and not isinstance(value, str):
                fix = f"{key}: {quoted(value)}" if isinstance(value, bool | int | float) else f"{key}: |"
                shown = "" if item.kind == "Secret" else f" ({value})"
                found = f"{key}: {type(value).__name__}{shown}"
                yield Hit(
                    item.at(*path, key),
                    found,
                    "text in quotes",
                    fix if item.kind != "Secret" else f'{key}: "…"',
                )


@rule(
    "object",
    "secret-encoding",
    "error",
    "A Secret's data is not base64",
    why="The API server refuses plain text under data; it belongs under stringData.",
    source=f"{_SECRET}#restriction-names-data",
)
def secret_encoding(item: KubeObject) -> Iterator[Hit]:
    if item.kind != "Secret":
        return
    for key, value in mapping(item.get("data")).items():
        text = "".join(value.split()) if isinstance(value, str) else ""
        if len(text) % 4 or not re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text):
            fix = f"move {key} to stringData:"
            yield Hit(item.at("data", key), f"{key}: not base64", "base64, or stringData", fix)


@rule(
    "object",
    "config-missing",
    "error",
    "A ConfigMap or Secret is not among the objects applied here",
    why="A container starts only when what it refers to exists, unless marked optional; others of its "
    "kind are here, this one is not.",
    source=_CONFIGMAP,
)
def config_missing(item: KubeObject) -> Iterator[Hit]:
    seen = set()
    for ref in references(item):
        if (
            ref.optional
            or ref.name in _GIVEN
            or (ref.kind, ref.name) in seen
            or provider(item, ref.kind, ref.name)
        ):
            continue
        seen.add((ref.kind, ref.name))
        others = _others(item, ref)
        close = get_close_matches(ref.name, others, n=1)
        # A chart is given Secrets by name as a rule (existingSecret); then only a slip of the pen counts.
        if not others or (
            item.bundle.origin == "chart" and ref.kind == "Secret" and not _is_slip(ref.name, others)
        ):
            continue
        expected = f"{ref.kind} {close[0]}" if close else f"one of {', '.join(sorted(others))}"
        fix = (
            f"name: {close[0]}" if close else f"add {ref.kind} {ref.name}, or an ExternalSecret that makes it"
        )
        yield Hit(item.at(*ref.path[:-1], "name"), f"{ref.kind} {ref.name}", expected, fix)


@rule(
    "object",
    "config-key-missing",
    "error",
    "A ConfigMap or Secret lacks a key",
    why="A variable or file taken from a key needs that key, unless marked optional: the pod stays in "
    "CreateContainerConfigError.",
    source=_CONFIGMAP,
)
def config_key_missing(item: KubeObject) -> Iterator[Hit]:
    for ref in references(item):
        source = provider(item, ref.kind, ref.name) if ref.key and not ref.optional else None
        known = keys(source) if source else None
        if known is None or ref.key in known:
            continue
        lower = {key.lower(): key for key in known}
        close = [lower[one] for one in get_close_matches(ref.key.lower(), lower, n=1)]
        expected = f"key {close[0]}" if close else f"one of {', '.join(sorted(known)) or 'no keys at all'}"
        fix = f"key: {close[0]}" if close else f"add {ref.key} to {ref.kind} {ref.name}"
        yield Hit(item.at(*ref.path), f"key {ref.key} of {ref.kind} {ref.name}", expected, fix)


@rule(
    "object",
    "service-account-missing",
    "error",
    "A ServiceAccount is not among the objects applied here",
    why="No pod is made before its ServiceAccount exists; the Deployment itself reports no error.",
    source="https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
)
def service_account_missing(item: KubeObject) -> Iterator[Hit]:
    name = str(item.pod_spec.get("serviceAccountName", "default"))
    if item.pod_path is None or name == "default" or named(item, "ServiceAccount", name):
        return
    accounts = [one.name for one in item.bundle.of("ServiceAccount") if near(one, item)]
    others = any(True for _ in item.bundle.of("ConfigMap", "Secret", "Service"))
    if others and (accounts or item.bundle.origin != "chart"):
        close = get_close_matches(name, accounts, n=1)
        where = item.at(*item.pod_path, "serviceAccountName")
        fix = f"serviceAccountName: {close[0]}" if close else f"add a ServiceAccount {name}"
        yield Hit(where, f"serviceAccountName: {name}", "a ServiceAccount that is applied too", fix)


def _others(item: KubeObject, ref: Reference) -> list[str]:
    kinds = ("Secret", "ExternalSecret", "SealedSecret") if ref.kind == "Secret" else (ref.kind,)
    return [other.name for other in item.bundle.of(*kinds) if near(item, other)]


def _is_slip(name: str, others: list[str]) -> bool:
    return bool(get_close_matches(name, others, n=1, cutoff=0.9))
