"""How requests come in: Services, the Ingress, and the same for the Gateway API."""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.manifests.component import Component, Target

ISSUER = "letsencrypt-prod"
NGINX = "nginx.ingress.kubernetes.io"
GATEWAY = "gateway.networking.k8s.io/v1"


def service(component: Component) -> dict[str, Any] | None:
    """The Service; None where nothing calls the component."""
    if component.service.port is None:
        return None
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": component.target.metadata(component.name, component.name),
        "spec": {
            "type": "ClusterIP",
            "selector": component.selector,
            "ports": [_port(component, port.name, port.port) for port in component.container.ports],
        },
    }


def ingress(target: Target) -> dict[str, Any] | None:
    """The Ingress; None where no component has a host. Production has TLS, and a limit of requests."""
    routes = [(host, item) for item in target.components for host in item.hosts]
    if not routes:
        return None
    secure = target.production and bool(target.app.architecture.networking.tls)
    spec: dict[str, Any] = {"ingressClassName": "nginx"}
    if secure:
        spec["tls"] = [{"hosts": [host for host, _ in routes], "secretName": f"{target.name}-tls"}]
    spec["rules"] = [{"host": host, "http": {"paths": [_path(item)]}} for host, item in routes]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": target.metadata(target.name, annotations=ingress_annotations(target)),
        "spec": spec,
    }


def ingress_annotations(target: Target) -> dict[str, str]:
    """What the Ingress asks of its controller: in production a certificate, and 100 requests a minute."""
    if not target.production:
        return {f"{NGINX}/ssl-redirect": "false"}
    tls = target.app.architecture.networking.tls or ""
    issuer = {"cert-manager.io/cluster-issuer": ISSUER} if "cert-manager" in tls else {}
    redirect = {f"{NGINX}/ssl-redirect": "true" if tls else "false"}
    return issuer | redirect | {f"{NGINX}/proxy-body-size": "10m", f"{NGINX}/limit-rpm": "100"}


def http_route(component: Component) -> dict[str, Any] | None:
    """What takes the Ingress's place where the Gateway API is installed; None without a host.

    The Gateway, which belongs to the platform, bears the application's name here. Source:
    gateway-api.sigs.k8s.io.
    """
    if not component.hosts:
        return None
    backend = {"kind": "Service", "name": component.name, "port": component.service.port}
    match = {"path": {"type": "PathPrefix", "value": "/"}}
    return {
        "apiVersion": GATEWAY,
        "kind": "HTTPRoute",
        "metadata": component.target.metadata(component.name, component.name),
        "spec": {
            "parentRefs": [{"kind": "Gateway", "name": component.target.name}],
            "hostnames": list(component.hosts),
            "rules": [{"matches": [match], "backendRefs": [backend]}],
        },
    }


def _port(component: Component, name: str, port: int) -> dict[str, Any]:
    outside = component.service.port if port == component.http_port else port
    return {"name": name, "port": outside, "targetPort": name, "protocol": "TCP"}


def _path(component: Component) -> dict[str, Any]:
    backend = {"service": {"name": component.name, "port": {"name": component.http_name}}}
    return {"path": "/", "pathType": "Prefix", "backend": backend}
