"""Addresses in the environment: a host that is no Service, a port that the Service does not have."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from kitlib.cluster.resource import Resource
from kitlib.diagnosis.environment import DEFAULT_PORTS, Address, addresses, variables
from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.rules.places import address_place
from kitlib.findings import Edit, Finding, Fix, Quote, Ref, quotes

# How resolvers say no: glibc, musl, Go, Node.js, libpq, psycopg, Java.
_UNRESOLVED = re.compile(
    r"could not translate host name|failed to resolve|name or service not known|no such host|"
    r"name resolution|nodename nor servname|name does not resolve|ENOTFOUND|EAI_AGAIN|NXDOMAIN|"
    r"no address associated with hostname|UnknownHostException",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"connection refused|ECONNREFUSED|connect(ion)?( attempt)? timed? ?out|timeout expired|ETIMEDOUT|"
    r"i/o timeout|no route to host",
    re.IGNORECASE,
)
_SERVICE_DNS = "kubernetes.io/docs/concepts/services-networking/dns-pod-service"
LEAST_LIKENESS = 0.6
TLS_PORTS = (443, 6443, 8443, 9443)  # by custom; 443 by IANA


def unresolved_host(evidence: Evidence) -> list[Finding]:
    """A variable names a host that no Service has, and the log says that it does not resolve."""
    said = _lines(evidence, _UNRESOLVED)
    wrong = [a for a in _told(evidence) if said and not _resolves(evidence, a.host)]
    named = [a for a in wrong if any(_mentions(quote.text, a.host) for quote in said)]
    named += [a for a in _told(evidence) if a not in named and _awaited_in_vain(evidence, a)]
    # A bare resolver error names no host; then only one candidate is proof enough.
    suspects = named or (wrong if len({a.host for a in wrong}) == 1 else [])
    return [_host_finding(evidence, address, said) for address in _once(suspects)]


def _awaited_in_vain(evidence: Evidence, address: Address) -> bool:
    """An init container goes on running, and is told a host of the cluster that nobody has.

    It need not say anything: many wait in silence until a host answers.
    """
    if "." in address.host.removesuffix(".") and ".svc" not in address.host:
        return False  # maybe a host outside of the cluster
    waits = any(
        s.name == address.variable.container and s.init and not s.sidecar and s.state("running")
        for s in evidence.statuses
    )
    return waits and bool(evidence.services) and not _resolves(evidence, address.host)


def wrong_port(evidence: Evidence) -> list[Finding]:
    """A variable names a Service of the namespace with a port that it does not have."""
    said = _lines(evidence, _REFUSED)
    found = []
    for address in _once(_told(evidence)):
        service = _service(evidence, address.host)
        ports = [int(port["port"]) for port in service.at("spec.ports", [])] if service else []
        # A headless Service is only a name: its pods' own ports count, and any may be meant.
        headless = service is not None and service.at("spec.clusterIP") == "None"
        if said and service and ports and not headless and address.port not in (None, *ports):
            found.append(_port_finding(evidence, address, service, ports, said))
    return found


def wrong_scheme(evidence: Evidence) -> list[Finding]:
    """A variable speaks plain HTTP to a port for TLS, or TLS to one for HTTP; its container is not ready."""
    unready = {s.name for s in evidence.statuses if not s.status.get("ready") and (not s.init or s.sidecar)}
    found = []
    for address in _once(_told(evidence)):
        service = _service(evidence, address.host)
        names = {p["port"]: str(p.get("name", "")) for p in service.at("spec.ports", [])} if service else {}
        wanted = _scheme_of(address, names)
        if address.variable.container in unready and wanted and wanted != address.scheme:
            found.append(_scheme_finding(evidence, address, wanted))
    return found


def _scheme_of(address: Address, names: dict[int, str]) -> str:
    """The scheme that a port is for, by its name in the Service, else by custom; empty when nothing tells."""
    if address.scheme not in ("http", "https") or address.port is None:
        return ""
    if address.port in TLS_PORTS or names.get(address.port) == "https":
        return "https"  # the name http says nothing: charts give it to every port of a web server
    return "http" if address.port == DEFAULT_PORTS["http"] else ""


def _scheme_finding(evidence: Evidence, address: Address, wanted: str) -> Finding:
    what, where = _place(address)
    found, expected = (f"{scheme}://{address.host}:{address.port}" for scheme in (address.scheme, wanted))
    return Finding(
        "error",
        "scheme-wrong",
        f"{what} speaks {address.scheme} to a port for {wanted}",
        where or evidence.ref,
        found=found,
        expected=expected,
        why="who speaks plain HTTP to TLS, or TLS to plain HTTP, gets no useful answer (RFC 8446)",
        fix=_edit(evidence, address, found, expected) or Fix(f"use {expected}"),
        evidence=tuple(_lines(evidence, re.compile(re.escape(address.host)))[-2:]),
        field=address_place(evidence, address)[1],
    )


def _told(evidence: Evidence) -> list[Address]:
    return addresses(variables(evidence.template, evidence.objects))


def _once(found: list[Address]) -> list[Address]:
    """One address for each value, though several containers read it."""
    seen: dict[tuple[object, ...], Address] = {}
    for address in found:
        variable = address.variable
        place = (variable.source, variable.key) if variable.source else (variable.container, variable.name)
        seen.setdefault((*place, address.host, address.port), address)
    return list(seen.values())


def _host_finding(evidence: Evidence, address: Address, said: list[Quote]) -> Finding:
    expected = _nearest(evidence, address)
    what, where = _place(address)
    services = ", ".join(sorted(service.name for service in evidence.services)) or "none"
    fix = None
    if expected:
        own = _own_name(evidence, address.host)
        host = expected + (address.host[len(address.host.split(".")[0]) :] if own else "")
        fix = _edit(evidence, address, address.host, host)
    return Finding(
        "error",
        "host-unresolved",
        f"{what} names a host that does not resolve",
        where or evidence.ref,
        found=f"host {address.host}",
        expected=f"host {expected}" if expected else f"a host that resolves; Services here: {services}",
        why=f"inside a namespace a host is a Service's name, and no Service has this one ({_SERVICE_DNS})",
        fix=fix or Fix("correct the host name by hand; no Service has a similar name"),
        evidence=tuple([quote for quote in said if _mentions(quote.text, address.host)][:2] or said[:2]),
        field=address_place(evidence, address)[1],
    )


def _port_finding(
    evidence: Evidence, address: Address, service: Resource, ports: list[int], said: list[Quote]
) -> Finding:
    what, where = _place(address)
    usual = DEFAULT_PORTS.get(address.scheme)
    expected = ports[0] if len(ports) == 1 else usual if usual in ports else None
    shown = " or ".join(map(str, ports))
    fix = Fix(f"use port {shown} of Service {service.name}")
    if expected:
        fix = _edit(evidence, address, f"{address.host}:{address.port}", f"{address.host}:{expected}") or fix
    return Finding(
        "error",
        "port-wrong",
        f"{what} names a port that Service {service.name} does not have",
        where or evidence.ref,
        found=f"port {address.port}",
        expected=f"port {shown}",
        why=f"a Service only answers on the ports in its spec ({_SERVICE_DNS})",
        fix=fix,
        evidence=tuple(said[:2]),
        field=address_place(evidence, address)[1],
    )


def _place(address: Address) -> tuple[str, Ref | None]:
    variable = address.variable
    if variable.source is None:
        return f"variable {variable.name} of container {variable.container}", None
    return f"{variable.source.kind} {variable.source.name}, key {variable.key},", variable.source


def _edit(evidence: Evidence, address: Address, found: str, expected: str) -> Fix | None:
    """The replacement inside the value; none when the value spells the address otherwise."""
    variable = address.variable
    if variable.value.count(found) != 1:
        return None
    target = variable.source or evidence.ref
    edit = Edit(variable.key or variable.name, found, expected, "" if variable.source else variable.container)
    return Fix(f"in {target}, {edit.key}: replace {found} by {expected}", target, edits=(edit,))


def _resolves(evidence: Evidence, host: str) -> bool:
    return host in ("localhost", "127.0.0.1") or _service(evidence, host) is not None


def _service(evidence: Evidence, host: str) -> Resource | None:
    name = _own_name(evidence, host)
    return next((service for service in evidence.services if service.name == name), None)


def _own_name(evidence: Evidence, host: str) -> str:
    """The Service's name in a host of this namespace: name, name.namespace, name.namespace.svc…"""
    name, *rest = host.rstrip(".").split(".")
    own = not rest or (rest[0] == evidence.ref.namespace and rest[1:2] in ([], ["svc"]))
    return name if own else ""


def _nearest(evidence: Evidence, address: Address) -> str:
    """The Service that was most likely meant: of a similar name, first among those with the port."""
    name = _own_name(evidence, address.host)
    first = address.host.split(".")[0]
    if not name and any(service.name == first for service in evidence.services):
        return first  # the same Service is here; the address names another namespace's
    likeness = {s.name: SequenceMatcher(None, name, s.name).ratio() for s in evidence.services if name}
    alike = [s for s in evidence.services if likeness.get(s.name, 0) >= LEAST_LIKENESS]
    with_port = [s for s in alike if address.port in [p["port"] for p in s.at("spec.ports", [])]]
    best = max(with_port or alike, key=lambda s: likeness[s.name], default=None)
    return best.name if best else ""


def _lines(evidence: Evidence, pattern: re.Pattern[str]) -> list[Quote]:
    """Lines of logs, and events of probes, that match; cut around the match."""
    texts = [(line, log.source) for log in evidence.logs for line in log.text.splitlines()]
    texts += [
        (str(event.get("message", "")), f"event {event.get('reason')} of {event.at('involvedObject.name')}")
        for event in evidence.events
        if event.get("reason") == "Unhealthy"
    ]
    cut = []
    for text, source in texts:
        if match := pattern.search(text):
            start = max(0, match.start() - 200)
            cut.append((text[start : match.end() + 200], source))
    return list(quotes(cut))


def _mentions(text: str, host: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", text) is not None
