"""How requests come in: Services, the Ingress, and the same for the Gateway API."""

from __future__ import annotations

from typing import Any

from kitlib.artifacts.manifests.component import Component, Target

ISSUER = "letsencrypt-prod"
NGINX = "nginx.ingress.kubernetes.io"
GATEWAY = "gateway.networking.k8s.io/v1"
GATEWAY_CLASS = "traefik"  # of the controller that serves the Ingress, too
_OWN_ROUTES = {"allowedRoutes": {"namespaces": {"from": "Same"}}}


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
    spec: dict[str, Any] = {"ingressClassName": "nginx"}
    if _secure(target):
        spec["tls"] = [{"hosts": [host for host, _ in routes], "secretName": f"{target.name}-tls"}]
    spec["rules"] = [{"host": host, "http": {"paths": [_path(item)]}} for host, item in routes]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": target.metadata(target.name, annotations=ingress_annotations(target)),
        "spec": spec,
    }


def _listeners(component: Component) -> list[str]:
    """The names of a component's listeners, one for each host."""
    return [f"https-{component.name}" + (f"-{n}" if n else "") for n in range(len(component.hosts))]


def _secure(target: Target) -> bool:
    return target.production and bool(target.app.architecture.networking.tls)


def ingress_annotations(target: Target) -> dict[str, str]:
    """What the Ingress asks of its controller: in production a certificate, and 100 requests a minute."""
    if not target.production:
        return {f"{NGINX}/ssl-redirect": "false"}
    tls = target.app.architecture.networking.tls or ""
    issuer = {"cert-manager.io/cluster-issuer": ISSUER} if "cert-manager" in tls else {}
    redirect = {f"{NGINX}/ssl-redirect": "true" if tls else "false"}
    return issuer | redirect | {f"{NGINX}/proxy-body-size": "10m", f"{NGINX}/limit-rpm": "100"}


def gateway(target: Target) -> list[dict[str, Any]]:
    """The Gateway that the routes belong to, and with TLS a route that sends plain HTTP there.

    cert-manager makes the certificate that its annotation asks for, for listeners with a host of their own.
    Sources: gateway-api.sigs.k8s.io, cert-manager.io/docs/usage/gateway.
    """
    if not any(item.hosts for item in target.components):
        return []
    listeners: list[dict[str, Any]] = [{"name": "http", "port": 80, "protocol": "HTTP", **_OWN_ROUTES}]
    secure = {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": f"{target.name}-tls"}]}
    for item in target.components if _secure(target) else ():
        for name, host in zip(_listeners(item), item.hosts, strict=True):
            listener = {"name": name, "hostname": host, "port": 443, "protocol": "HTTPS", "tls": secure}
            listeners.append(listener | _OWN_ROUTES)
    issuer = {k: v for k, v in ingress_annotations(target).items() if not k.startswith(NGINX)}
    noted: dict[str, Any] = {"annotations": issuer} if issuer else {}
    made = {
        "apiVersion": GATEWAY,
        "kind": "Gateway",
        "metadata": target.metadata(target.name, **noted),
        "spec": {"gatewayClassName": GATEWAY_CLASS, "listeners": listeners},
    }
    return [made, _redirect(target)] if _secure(target) else [made]


def _redirect(target: Target) -> dict[str, Any]:
    """Sends what comes in by plain HTTP to HTTPS."""
    redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
    return {
        "apiVersion": GATEWAY,
        "kind": "HTTPRoute",
        "metadata": target.metadata(f"{target.name}-https"),
        "spec": {
            "parentRefs": [{"kind": "Gateway", "name": target.name, "sectionName": "http"}],
            "rules": [{"filters": [redirect]}],
        },
    }


def http_route(component: Component) -> dict[str, Any] | None:
    """What takes the Ingress's place where the Gateway API is installed; None without a host."""
    if not component.hosts:
        return None
    target = component.target
    listeners = _listeners(component) if _secure(target) else ["http"]
    parents = [{"kind": "Gateway", "name": target.name, "sectionName": name} for name in listeners]
    backend = {"kind": "Service", "name": component.name, "port": component.service.port}
    match = {"path": {"type": "PathPrefix", "value": "/"}}
    return {
        "apiVersion": GATEWAY,
        "kind": "HTTPRoute",
        "metadata": component.target.metadata(component.name, component.name),
        "spec": {
            "parentRefs": parents,
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
