"""Ingresses: class, annotations, paths, hosts and the Services behind them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from kitlib.checks.nginx_annotations import KNOWN, PREFIX, SOURCE, nearest
from kitlib.checks.references import provider
from kitlib.checks.rule import Hit, rule
from kitlib.checks.selectors import near
from kitlib.checks.targets import Bundle, KubeObject, dig, mapping, sequence

_INGRESS = "https://kubernetes.io/docs/concepts/services-networking/ingress/"
_CLASS = "kubernetes.io/ingress.class"
_TYPES = ("Exact", "Prefix", "ImplementationSpecific")

_Path = tuple[str | int, ...]


def _paths(item: KubeObject) -> Iterator[tuple[_Path, str, dict[str, Any]]]:
    """Where each path of an Ingress stands, its host, and the path itself."""
    if item.kind != "Ingress":
        return
    for index, entry in enumerate(map(mapping, sequence(item.get("spec", "rules")))):
        for number, path in enumerate(sequence(dig(entry, ["http", "paths"]))):
            place = ("spec", "rules", index, "http", "paths", number)
            yield place, str(entry.get("host", "")), dict(mapping(path))


@rule(
    "object",
    "ingress-class-annotation",
    "warning",
    "An Ingress names its class in an annotation",
    why="The annotation is deprecated: the server warns, and controllers differ in whether they still "
    "read it. Beside ingressClassName it is refused.",
    source=f"{_INGRESS}#deprecated-annotation",
)
def ingress_class_annotation(item: KubeObject) -> Iterator[Hit]:
    name = mapping(item.get("metadata", "annotations")).get(_CLASS)
    if item.kind == "Ingress" and name is not None:
        where = item.at("metadata", "annotations", _CLASS)
        both = ", and ingressClassName" if item.get("spec", "ingressClassName") else ""
        fix = f"remove it{'' if both else f'; under spec: ingressClassName: {name}'}"
        yield Hit(where, f"{_CLASS}: {name}{both}", "spec.ingressClassName", fix)


@rule(
    "object",
    "ingress-annotation-unknown",
    "error",
    "An annotation does not exist",
    why="ingress-nginx reads the annotations it knows and passes over the others in silence: what this "
    "one should do, such as limit requests, doesn't happen.",
    source=SOURCE,
)
def ingress_annotation_unknown(item: KubeObject) -> Iterator[Hit]:
    annotations = mapping(item.get("metadata", "annotations")) if item.kind == "Ingress" else {}
    for key, value in annotations.items():
        name = str(key).removeprefix(PREFIX)
        if str(key).startswith(PREFIX) and name not in KNOWN:
            close = nearest(name)
            value = f'"{value}"' if name in ("rate-limit", "rate-limit-rpm") else '"…"'
            fix = f"{PREFIX}{close}: {value}" if close else f"remove {key}"
            if close and name == "rate-limit-window":
                fix = f"remove it: {PREFIX}{close} counts per minute"
            expected = f"{PREFIX}{close}" if close else "an annotation of the list"
            yield Hit(item.at("metadata", "annotations", key), str(key), expected, fix)


@rule(
    "object",
    "ingress-path-type",
    "error",
    "A path has no pathType",
    why="The API server refuses a path without it: there is no default.",
    source=f"{_INGRESS}#path-types",
)
def ingress_path_type(item: KubeObject) -> Iterator[Hit]:
    for place, _, path in _paths(item):
        if path.get("pathType") not in _TYPES:
            kind = path.get("pathType")
            where = item.at(*place, "pathType") if kind else item.at(*place, "path")
            found = f"pathType: {kind}" if kind else f"path {path.get('path', '/')} without pathType"
            yield Hit(where, found, ", ".join(_TYPES), "pathType: Prefix")
        elif path["pathType"] != "ImplementationSpecific" and not str(path.get("path", "")).startswith("/"):
            where, found = item.at(*place, "path"), f"path: {path.get('path')}"
            yield Hit(where, found, "a path that begins with /", f"path: /{path.get('path', '')}")


@rule(
    "object",
    "ingress-backend",
    "error",
    "An Ingress leads to a Service or port that is not there",
    why="The controller answers 503 for it: no Service of that name, or none of its ports, is among the "
    "objects applied here.",
    source=f"{_INGRESS}#the-ingress-resource",
)
def ingress_backend(item: KubeObject) -> Iterator[Hit]:
    if item.kind != "Ingress":
        return
    services = {one.name: one for one in item.bundle.of("Service") if near(one, item)}
    for place, _, path in _paths(item):
        name = dig(path, ["backend", "service", "name"])
        if not services or not isinstance(name, str):
            continue
        if name not in services:
            close = get_close_matches(name, services, n=1)
            fix = f"name: {close[0]}" if close else f"add a Service {name}"
            where, expected = item.at(*place, "backend", "service", "name"), ", ".join(sorted(services))
            yield Hit(where, f"Service {name}", f"one of {expected}", fix)
            continue
        wanted = mapping(dig(path, ["backend", "service", "port"]))
        ports = [mapping(port) for port in sequence(services[name].get("spec", "ports"))]
        if wanted and not any(_same(wanted, port) for port in ports):
            known = ", ".join(f"{port.get('port')} ({port.get('name', 'unnamed')})" for port in ports)
            first = ports[0].get("port") if ports else "…"
            where = item.at(*place, "backend", "service", "port", *list(wanted)[:1])
            yield Hit(
                where,
                f"port {dict(wanted)} of Service {name}",
                f"one of {known}",
                f"port: {{number: {first}}}",
            )


def _same(wanted: Any, port: Any) -> bool:
    if "number" in wanted:
        return bool(wanted["number"] == port.get("port"))
    return bool(wanted.get("name") == port.get("name"))


@rule(
    "object",
    "ingress-nginx-retired",
    "info",
    "An Ingress is written for a controller that was retired",
    why="ingress-nginx ended in March 2026 and gets no security fixes. With spec.ingressClassName: nginx "
    "Traefik's ingress-nginx provider serves the same Ingress; an HTTPRoute is the way out of annotations.",
    source="https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/",
)
def ingress_nginx_retired(item: KubeObject) -> Iterator[Hit]:
    annotation = mapping(item.get("metadata", "annotations")).get(_CLASS)
    if item.kind == "Ingress" and annotation == "nginx":
        fix = "ingressClassName: nginx   # under spec; served by Traefik --providers.kubernetesingressnginx"
        found = "ingress class nginx by annotation"
        where = item.at("metadata", "annotations", _CLASS)
        yield Hit(where, found, "a class that a maintained controller serves, or an HTTPRoute", fix)


@rule(
    "object",
    "ingress-tls-host",
    "warning",
    "TLS and rules of an Ingress name different hosts",
    why="A certificate is asked for hosts under tls; a host of the rules that isn't there is served with "
    "the controller's own certificate, and one that is only there serves nothing.",
    source=f"{_INGRESS}#tls",
)
def ingress_tls_host(item: KubeObject) -> Iterator[Hit]:
    entries = sequence(item.get("spec", "tls")) if item.kind == "Ingress" else []
    rules = [str(mapping(one).get("host", "")) for one in sequence(item.get("spec", "rules"))]
    secured = [str(host) for entry in entries for host in sequence(mapping(entry).get("hosts"))]
    for index, entry in enumerate(entries):
        for number, host in enumerate(sequence(mapping(entry).get("hosts"))):
            if rules and "" not in rules and not any(_covers(str(host), one) or host == one for one in rules):
                where = item.at("spec", "tls", index, "hosts", number)
                close = get_close_matches(str(host), rules, n=1)
                yield Hit(
                    where, f"{host} has no rule", f"one of {', '.join(rules)}", f"- {(close or rules)[0]}"
                )
    for index, host in enumerate(rules):
        if secured and host and not any(_covers(one, host) for one in secured):
            where = item.at("spec", "rules", index, "host")
            yield Hit(
                where,
                f"{host} is not under tls",
                f"one of {', '.join(secured)}",
                f"- {host}   # under tls.hosts",
            )


def _covers(pattern: str, host: str) -> bool:
    """Whether a host of `tls` stands for a host; `*.` stands for one label."""
    return pattern == host or (pattern.startswith("*.") and pattern[2:] == host.partition(".")[2])


@rule(
    "bundle",
    "ingress-duplicate",
    "error",
    "Two rules are for the same host and path",
    why="Only one of them counts; which, depends on the controller and on the age of the objects.",
    source=f"{_INGRESS}#multiple-matches",
)
def ingress_duplicate(bundle: Bundle) -> Iterator[Hit]:
    seen: dict[tuple[str, str, str], str] = {}
    for item in bundle.of("Ingress"):
        annotations = mapping(item.get("metadata", "annotations"))
        if str(annotations.get(f"{PREFIX}canary")) == "true":
            continue  # a canary shares the host and path of the Ingress that it is one of
        name = item.get("spec", "ingressClassName", default=annotations.get(_CLASS))
        for place, host, path in _paths(item):
            key = (str(name), host, str(path.get("path", "/")))
            if key in seen:
                found = f"{host or 'any host'}{key[2]} in {item.name}, and in {seen[key]}"
                yield Hit(
                    item.at(*place, "path"),
                    found,
                    "one rule",
                    f"remove path {key[2]} of {host} in one of them",
                )
            seen.setdefault(key, item.name)


_ISSUED = ("cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "kubernetes.io/tls-acme")


@rule(
    "object",
    "ingress-tls-secret",
    "warning",
    "Nothing here makes the certificate that an Ingress names",
    why="Until a Secret of that name is there, ingress-nginx serves its own certificate, and Traefik "
    "answers 404 for the host.",
    source="verified against Traefik 3.6 with its ingress-nginx provider; " + f"{_INGRESS}#tls",
)
def ingress_tls_secret(item: KubeObject) -> Iterator[Hit]:
    if item.kind != "Ingress" or item.bundle.origin == "live":
        return
    if any(key in mapping(item.get("metadata", "annotations")) for key in _ISSUED):
        return
    for index, entry in enumerate(map(mapping, sequence(item.get("spec", "tls")))):
        name = entry.get("secretName")
        if isinstance(name, str) and provider(item, "Secret", name) is None:
            yield Hit(
                item.at("spec", "tls", index, "secretName"),
                f"secretName: {name}",
                "a Certificate, a Secret, or an issuer's annotation",
                "annotation cert-manager.io/cluster-issuer: <issuer>, or a Certificate with secretName: "
                f"{name}",
            )
